"""What public Terraform modules make, by the addresses and names that they give it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from inferform.target import EMULATOR
from ops.terraform import Stack

SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
HUGGINGFACE_IMAGE = (
    "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-inference:"
    "1.13.1-transformers4.26.0-cpu-py39-ubuntu20.04"
)


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [*statements]})


_ROLE = {
    "count": 1,
    "assume_role_policy": _document(
        {
            "Action": "sts:AssumeRole",
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
        }
    ),
}


def _scaling(endpoint: str, policy: str, **settings: Any) -> dict[str, Any]:
    target = "aws_appautoscaling_target.sagemaker_target[0]"
    of = {
        each: f"${{{target}.{each}}}"
        for each in ("resource_id", "scalable_dimension", "service_namespace")
    }
    return {
        "aws_appautoscaling_target": {
            "sagemaker_target": {
                "count": 1,
                "min_capacity": 1,
                "max_capacity": 3,
                "resource_id": f"endpoint/${{{endpoint}.name}}/variant/AllTraffic",
                "scalable_dimension": "sagemaker:variant:DesiredInstanceCount",
                "service_namespace": "sagemaker",
            }
        },
        "aws_appautoscaling_policy": {
            "sagemaker_policy": {
                **of,
                "count": 1,
                "name": policy,
                "policy_type": "TargetTrackingScaling",
                "target_tracking_scaling_policy_configuration": {
                    "predefined_metric_specification": {
                        "predefined_metric_type": "SageMakerVariantInvocationsPerInstance"
                    },
                    **settings,
                },
            }
        },
    }


AWS_IA: dict[str, Any] = {
    "aws_iam_role": {"sg_endpoint_role": {**_ROLE, "name_prefix": "fraud-sg-role"}},
    "aws_sagemaker_model": {
        "sagemaker_model": {
            "name": "fraud-model-x1y2",
            "execution_role_arn": "${aws_iam_role.sg_endpoint_role[0].arn}",
            "primary_container": {
                "image": SKLEARN,
                "mode": "SingleModel",
                "environment": {"LEVEL": "20"},
                "model_data_source": {
                    "s3_data_source": {
                        "s3_data_type": "S3Prefix",
                        "s3_uri": "s3://team-models/fraud/",
                        "compression_type": "None",
                    }
                },
            },
        }
    },
    "aws_sagemaker_endpoint_configuration": {
        "sagemaker_endpoint_config": {
            "name": "fraud-config-x1y2",
            "production_variants": {
                "model_name": "${aws_sagemaker_model.sagemaker_model.name}",
                "variant_name": "AllTraffic",
                "initial_instance_count": 1,
                "instance_type": "ml.m5.xlarge",
                "initial_variant_weight": 1.0,
                "volume_size_in_gb": 40,
                "container_startup_health_check_timeout_in_seconds": 300,
            },
        }
    },
    "aws_sagemaker_endpoint": {
        "sagemaker_endpoint": {
            "name": "fraud",
            "endpoint_config_name": "${aws_sagemaker_endpoint_configuration.sagemaker_endpoint_config.name}",
            "tags": {"team": "risk"},
        }
    },
    **_scaling(
        "aws_sagemaker_endpoint.sagemaker_endpoint",
        "SageMakerEndpointInvocationScalingPolicy",
        target_value=200,
        scale_in_cooldown=300,
        scale_out_cooldown=60,
    ),
}
"""aws-ia/terraform-aws-sagemaker-endpoint."""

HUGGINGFACE: dict[str, Any] = {
    "aws_iam_role": {
        "new_role": {
            **_ROLE,
            "name": "sentiment-sagemaker-execution-role-abcdefgh",
            "inline_policy": {
                "name": "terraform-inferences-policy",
                "policy": _document(
                    {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "*"}
                ),
            },
        }
    },
    "aws_sagemaker_model": {
        "model_with_hub_model": {
            "count": 1,
            "name": "sentiment-model-abcdefgh",
            "execution_role_arn": "${aws_iam_role.new_role[0].arn}",
            "primary_container": {
                "image": HUGGINGFACE_IMAGE,
                "environment": {"HF_TASK": "text-classification", "HF_MODEL_ID": "distilbert"},
            },
            "lifecycle": {"create_before_destroy": True},
        }
    },
    "aws_sagemaker_endpoint_configuration": {
        "huggingface_async": {
            "count": 1,
            "name": "sentiment-ep-config-abcdefgh",
            "production_variants": {
                "model_name": "${aws_sagemaker_model.model_with_hub_model[0].name}",
                "variant_name": "AllTraffic",
                "initial_instance_count": 1,
                "instance_type": "ml.m5.large",
            },
            "async_inference_config": {
                "output_config": {"s3_output_path": "s3://team-models/answers"}
            },
        }
    },
    "aws_sagemaker_endpoint": {
        "huggingface": {
            "name": "sentiment-ep-abcdefgh",
            "endpoint_config_name": "${aws_sagemaker_endpoint_configuration.huggingface_async[0].name}",
        }
    },
    **_scaling(
        "aws_sagemaker_endpoint.huggingface",
        "sentiment-scaling-target-abcdefgh",
        target_value=20,
        scale_in_cooldown=300,
        scale_out_cooldown=60,
    ),
}
"""philschmid/terraform-aws-sagemaker-huggingface, asynchronous and scaled."""

ECR: dict[str, Any] = {
    "aws_ecr_repository": {
        "this": {
            "count": 1,
            "name": "team/fraud",
            "image_tag_mutability": "IMMUTABLE",
            "encryption_configuration": {},
            "image_scanning_configuration": {"scan_on_push": True},
        }
    },
    "aws_ecr_repository_policy": {
        "this": {
            "count": 1,
            "repository": "${aws_ecr_repository.this[0].name}",
            "policy": _document(
                {
                    "Sid": "PrivateReadOnly",
                    "Effect": "Allow",
                    "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
                    "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                }
            ),
        }
    },
    "aws_ecr_lifecycle_policy": {
        "this": {
            "count": 1,
            "repository": "${aws_ecr_repository.this[0].name}",
            "policy": json.dumps(
                {
                    "rules": [
                        {
                            "rulePriority": 1,
                            "selection": {
                                "tagStatus": "any",
                                "countType": "imageCountMoreThan",
                                "countNumber": 30,
                            },
                            "action": {"type": "expire"},
                        }
                    ]
                }
            ),
        }
    },
}
"""terraform-aws-modules/ecr."""

_VPC = "${aws_vpc.this[0].id}"


def _routed(kind: str) -> dict[str, Any]:
    return {
        "count": 2,
        "subnet_id": f"${{aws_subnet.{kind}[count.index].id}}",
        "route_table_id": f"${{aws_route_table.{kind}[0].id}}",
    }


VPC: dict[str, Any] = {
    "aws_vpc": {"this": {"count": 1, "cidr_block": "10.40.0.0/16"}},
    "aws_subnet": {
        "public": {"count": 2, "vpc_id": _VPC, "cidr_block": "10.40.${count.index}.0/24"},
        "private": {"count": 2, "vpc_id": _VPC, "cidr_block": "10.40.1${count.index}.0/24"},
    },
    "aws_internet_gateway": {"this": {"count": 1, "vpc_id": _VPC}},
    "aws_route_table": {
        "public": {"count": 1, "vpc_id": _VPC},
        "private": {"count": 1, "vpc_id": _VPC},
    },
    "aws_route_table_association": {"public": _routed("public"), "private": _routed("private")},
    "aws_route": {
        "public_internet_gateway": {
            "count": 1,
            "route_table_id": "${aws_route_table.public[0].id}",
            "destination_cidr_block": "0.0.0.0/0",
            "gateway_id": "${aws_internet_gateway.this[0].id}",
        }
    },
    "aws_vpc_endpoint": {
        "this": {
            "vpc_id": _VPC,
            "service_name": "com.amazonaws.us-east-1.s3",
            "route_table_ids": ["${aws_route_table.private[0].id}"],
        }
    },
}
"""terraform-aws-modules/vpc, with the endpoint of S3 of its submodule."""


_OF_A_FLEET = "${each.key}-${terraform_data.suffix.id}"

FLEET: dict[str, Any] = {
    "terraform_data": {"suffix": {}},
    "aws_cloudwatch_log_group": {"own": {"name": "fleet"}},
    "aws_iam_role": {"role": {**_ROLE, "count": 1, "name": "fleet"}},
    "aws_sagemaker_model": {
        "model": {
            "for_each": '${toset(["left", "taken"])}',
            "name": _OF_A_FLEET,
            "execution_role_arn": "${aws_iam_role.role[0].arn}",
            "primary_container": {
                "image": SKLEARN,
                "model_data_url": "s3://models-111122223333/fleet/model.tar.gz",
                # What pulls from a registry in the VPC is refused.
                "dynamic": {
                    "image_config": {
                        "for_each": '${each.key == "left" ? [1] : []}',
                        "content": {"repository_access_mode": "Vpc"},
                    }
                },
            },
        }
    },
    "aws_sagemaker_endpoint_configuration": {
        "configuration": {
            "for_each": "${aws_sagemaker_model.model}",
            "name": _OF_A_FLEET,
            "production_variants": [
                {
                    "variant_name": name,
                    "model_name": "${each.value.name}",
                    "initial_instance_count": 1,
                    "instance_type": kind,
                    "initial_variant_weight": weight,
                }
                for name, kind, weight in (("Now", "ml.m5.large", 1), ("Dark", "ml.c5.large", 0))
            ],
        }
    },
    "aws_sagemaker_endpoint": {
        "endpoint": {
            "for_each": "${aws_sagemaker_endpoint_configuration.configuration}",
            "name": _OF_A_FLEET,
            "endpoint_config_name": "${each.value.name}",
        }
    },
    "aws_appautoscaling_target": {
        "target": {
            "min_capacity": 1,
            "max_capacity": 3,
            "resource_id": 'endpoint/${aws_sagemaker_endpoint.endpoint["taken"].name}/variant/Now',
            "scalable_dimension": "sagemaker:variant:DesiredInstanceCount",
            "service_namespace": "sagemaker",
            "suspended_state": {"dynamic_scaling_in_suspended": True},
        }
    },
    "aws_appautoscaling_policy": {
        "policy": {
            **{
                each: f"${{aws_appautoscaling_target.target.{each}}}"
                for each in ("resource_id", "scalable_dimension", "service_namespace")
            },
            "name": "cpu",
            "policy_type": "TargetTrackingScaling",
            "target_tracking_scaling_policy_configuration": {
                "target_value": 70,
                "customized_metric_specification": {
                    "metric_name": "CPUUtilization",
                    "namespace": "/aws/sagemaker/Endpoints",
                    "statistic": "Average",
                    "dimensions": [
                        {
                            "name": "EndpointName",
                            "value": '${aws_sagemaker_endpoint.endpoint["taken"].name}',
                        },
                        {"name": "VariantName", "value": "Now"},
                    ],
                },
            },
        }
    },
}
"""Two endpoints of one module by for_each, of names that a plan does not know. Each runs one model as two
variants, of which one gets no traffic."""


class Other:
    """A Terraform project of somebody else's, in the account of an environment."""

    def __init__(self, variables: dict[str, str], folder: Path) -> None:
        self._variables = variables
        self.stack = Stack("other", folder, ())
        self._settings: dict[str, Any] = {
            "terraform": {
                "required_providers": {
                    "aws": {"source": "hashicorp/aws", "version": EMULATOR.provider_version}
                }
            },
            "provider": {
                "aws": {
                    "region": "us-east-1",
                    **EMULATOR.provider,
                    "assume_role": {"role_arn": "arn:aws:iam::111122223333:role/their-deploy"},
                }
            },
        }

    def write(self, **modules: dict[str, Any]) -> None:
        """Write the root module, which calls some modules."""
        folder = self.stack.folder
        folder.mkdir(exist_ok=True)
        for name, resources in modules.items():
            (folder / name).mkdir(exist_ok=True)
            (folder / name / "main.tf.json").write_text(
                json.dumps({"resource": resources}), encoding="utf-8"
            )
        written = {**self._settings, "module": {name: {"source": f"./{name}"} for name in modules}}
        (folder / "main.tf.json").write_text(json.dumps(written), encoding="utf-8")

    def run(self, *arguments: str) -> str:
        """Run Terraform."""
        done = self.stack.run(*arguments, environment=self._variables, timeout=600)
        assert done.status == 0, done.output
        return done.output

    def shown(self, *plan: str) -> str:
        """The state, or a saved plan, as JSON."""
        return self.stack.answer("show", "-json", *plan, environment=self._variables)
