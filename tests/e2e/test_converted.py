"""What other tools declare is deployed, and what other Terraform modules have made is taken over from their states."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from inferform import load
from inferform.target import EMULATOR
from inferform_emulator.process import Emulator
from ops.takeover.converted import removed_blocks
from ops.takeover.reading import converted
from ops.terraform import Stack
from tests import emulators
from tests.conftest import ROOT

from .hosting import CONTEXT, client, hosting
from .test_adoption import SKLEARN, STACK, Account

PUBLISHED = ROOT / "tests" / "published"
GIVEN = {"ModelName": "fraud", "ModelVariant": "v1", "TrainJobId": "7"}


def test_the_endpoints_of_published_templates_are_deployed(
    emulator: Emulator, tmp_path: Path
) -> None:
    files = sorted((PUBLISHED / "templates").iterdir())
    for name in ("drift-detection", "safe-deployment"):
        file = tmp_path / f"{name}.json"
        held = json.loads((PUBLISHED / f"{name}.json").read_text("utf-8"))
        file.write_text(json.dumps({"Resources": held}), encoding="utf-8")
        files.append(file)
    made = converted(files, CONTEXT, GIVEN)
    folder = tmp_path / "environments"
    folder.mkdir()
    (folder / "dev.py").write_text(made.text, encoding="utf-8")
    environment = load(folder).environments[CONTEXT.key]
    (inference,) = environment.groups.values()
    assert len(inference.endpoints) == 13

    stack = hosting(emulator, tmp_path / "stack")
    stack.context = environment.context
    stack.apply(inference)
    sagemaker = client(emulator, "sagemaker")
    served = {
        each["EndpointName"]: each["EndpointStatus"]
        for each in sagemaker.list_endpoints(MaxResults=50)["Endpoints"]
    }
    assert served == {
        environment.context.endpoint(short): "InService" for short in inference.endpoints
    }


ROLE = {
    "name": "${var.name}-role",
    "assume_role_policy": json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"Service": "sagemaker.amazonaws.com"},
                }
            ],
        }
    ),
}


def scaling(endpoint: str, variant: str, **policy: Any) -> dict[str, Any]:
    """What public modules scale an endpoint with."""
    of = {
        "resource_id": "${aws_appautoscaling_target.sagemaker_target[0].resource_id}",
        "scalable_dimension": "sagemaker:variant:DesiredInstanceCount",
        "service_namespace": "sagemaker",
    }
    return {
        "aws_appautoscaling_target": {
            "sagemaker_target": {
                **of,
                "count": 1,
                "min_capacity": 1,
                "max_capacity": 3,
                "resource_id": f"endpoint/${{{endpoint}.name}}/variant/{variant}",
            }
        },
        "aws_appautoscaling_policy": {
            "sagemaker_policy": {
                **of,
                "name": "${var.name}-scaling",
                "policy_type": "TargetTrackingScaling",
                "target_tracking_scaling_policy_configuration": {
                    "predefined_metric_specification": {
                        "predefined_metric_type": "SageMakerVariantInvocationsPerInstance"
                    },
                    **policy,
                },
            }
        },
    }


# The resources of aws-ia/terraform-aws-sagemaker-endpoint, by their names.
AWS_IA = {
    "aws_iam_role": {"sg_endpoint_role": {**ROLE, "count": 1}},
    "aws_sagemaker_model": {
        "sagemaker_model": {
            "name": "${var.name}-model-x1y2",
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
            "name": "${var.name}-config-x1y2",
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
            "name": "${var.name}",
            "endpoint_config_name": "${aws_sagemaker_endpoint_configuration.sagemaker_endpoint_config.name}",
            "tags": {"team": "risk"},
        }
    },
    **scaling(
        "aws_sagemaker_endpoint.sagemaker_endpoint",
        "AllTraffic",
        target_value=200,
        scale_in_cooldown=300,
        scale_out_cooldown=60,
    ),
}

# Those of philschmid/terraform-aws-sagemaker-huggingface, asynchronous.
HUGGINGFACE = {
    "aws_iam_role": {"new_role": {**ROLE, "count": 1}},
    "aws_sagemaker_model": {
        "model_with_hub_model": {
            "count": 1,
            "name": "${var.name}-model-abcdefgh",
            "execution_role_arn": "${aws_iam_role.new_role[0].arn}",
            "primary_container": {
                "image": "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-inference:"
                "1.13.1-transformers4.26.0-cpu-py39-ubuntu20.04",
                "environment": {"HF_TASK": "text-classification", "HF_MODEL_ID": "distilbert"},
            },
        }
    },
    "aws_sagemaker_endpoint_configuration": {
        "huggingface_async": {
            "count": 1,
            "name": "${var.name}-ep-config-abcdefgh",
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
            "name": "${var.name}-ep-abcdefgh",
            "endpoint_config_name": "${aws_sagemaker_endpoint_configuration.huggingface_async[0].name}",
        }
    },
}


class Other:
    """A Terraform project of somebody else's, in the account of an environment."""

    def __init__(self, account: Account, folder: Path) -> None:
        self._variables = account.program.terraform_environment()
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

    def write(self, modules: dict[str, Any]) -> None:
        """Write the root module, which calls some modules."""
        folder = self.stack.folder
        folder.mkdir(exist_ok=True)
        calls = {}
        for name, resources in modules.items():
            (folder / name).mkdir(exist_ok=True)
            content = {"variable": {"name": {}}, "resource": resources}
            (folder / name / "main.tf.json").write_text(json.dumps(content), encoding="utf-8")
            calls[name] = {"source": f"./{name}", "name": name}
        written = {**self._settings, **({"module": calls} if calls else {})}
        (folder / "main.tf.json").write_text(json.dumps(written), encoding="utf-8")

    def run(self, *arguments: str) -> str:
        """Run Terraform."""
        done = self.stack.run(*arguments, environment=self._variables, timeout=600)
        assert done.status == 0, done.output
        return done.output

    def shown(self) -> str:
        """The state as JSON."""
        return self.stack.answer("show", "-json", environment=self._variables)


def test_endpoints_of_public_terraform_modules_are_taken_over_from_their_state(
    tmp_path: Path,
) -> None:
    with emulators.serve() as emulator:
        account = Account(tmp_path / "ours", emulator)
        account.begin()
        other = Other(account, tmp_path / "theirs")
        other.write({"fraud": AWS_IA, "sentiment": HUGGINGFACE})
        other.run("init", "-no-color")
        other.run("apply", "-auto-approve", "-no-color")
        names = {"fraud": "fraud", "sentiment": "sentiment-ep-abcdefgh"}
        before = {name: account.served(name) for name in names.values()}

        state = tmp_path / "other.json"
        state.write_text(other.shown(), encoding="utf-8")
        made = converted([state], account.environment().context, {})
        assert {name for name, _ in made.adopt} == set(names.values())
        account.write(_beside(made.text, account.text))
        for name, short in made.adopt:
            account.adopt(name, short)
        assert {name: account.served(name) for name in names.values()} == before
        assert account.plan_status(STACK) == 0

        (tmp_path / "theirs" / "removed.tf").write_text(removed_blocks(made.removed), "utf-8")
        other.write({})
        output = other.run("apply", "-auto-approve", "-no-color")
        assert "0 destroyed" in output
        assert json.loads(other.shown()).get("values") is None
        assert {name: account.served(name) for name in names.values()} == before
        assert account.plan_status(STACK) == 0


def _beside(text: str, own: str) -> str:
    """The converted file, with the network and the registry that the account has."""
    outputs = own[own.index("    network=") : own.rindex(")")]
    text = text.replace('    network=Network(cidr="10.20.0.0/16"),\n', outputs)
    text = text.replace("    registry=Registry(),\n", "")
    names = "NetworkOutputs, RegistryOutputs"
    return text.replace("from inferform", f"from inferform import {names}\nfrom inferform", 1)
