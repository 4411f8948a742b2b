"""The real provider finds on the emulator what it finds on AWS."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inferform_emulator.process import Emulator

Client = Callable[..., Any]


def statement(**fields: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [fields]})


def trust(service: str) -> str:
    principal = {"Service": f"{service}.amazonaws.com"}
    return statement(Effect="Allow", Action="sts:AssumeRole", Principal=principal)


def settings(account: str, bucket: str | None = None) -> dict[str, Any]:
    role = f"arn:aws:iam::{account}:role/deploy"
    terraform: dict[str, Any] = {"required_providers": {"aws": {"source": "hashicorp/aws"}}}
    if bucket is not None:
        terraform["backend"] = {
            "s3": {
                "bucket": bucket,
                "key": "test/all.tfstate",
                "region": "us-east-1",
                "use_lockfile": True,
                "encrypt": True,
                "use_path_style": True,
                "skip_credentials_validation": True,
                "assume_role": {"role_arn": role},
            }
        }
    return {
        "terraform": terraform,
        "provider": {
            "aws": {
                "region": "us-east-1",
                "s3_use_path_style": True,
                "allowed_account_ids": [account],
                "assume_role": [{"role_arn": role}],
                "default_tags": [{"tags": {"owner": "test"}}],
            }
        },
    }


def network(account: str) -> dict[str, Any]:
    vpc = "${aws_vpc.main.id}"
    return {
        "aws_vpc": {"main": {"cidr_block": "10.0.0.0/16", "enable_dns_hostnames": True}},
        "aws_subnet": {
            zone: {
                "vpc_id": vpc,
                "cidr_block": f"10.0.{number}.0/24",
                "availability_zone": f"us-east-1{zone}",
            }
            for number, zone in enumerate("ab")
        },
        "aws_route_table": {"private": {"vpc_id": vpc}},
        "aws_route_table_association": {
            zone: {
                "subnet_id": f"${{aws_subnet.{zone}.id}}",
                "route_table_id": "${aws_route_table.private.id}",
            }
            for zone in "ab"
        },
        "aws_security_group": {
            name: {"name": name, "description": name, "vpc_id": vpc}
            for name in ("endpoint", "links")
        },
        "aws_vpc_security_group_ingress_rule": {
            "links": {
                "security_group_id": "${aws_security_group.links.id}",
                "referenced_security_group_id": "${aws_security_group.endpoint.id}",
                "ip_protocol": "tcp",
                "from_port": 443,
                "to_port": 443,
                "description": "containers to the links",
            }
        },
        "aws_vpc_security_group_egress_rule": {
            "storage": {
                "security_group_id": "${aws_security_group.endpoint.id}",
                "prefix_list_id": "${aws_vpc_endpoint.storage.prefix_list_id}",
                "ip_protocol": "tcp",
                "from_port": 443,
                "to_port": 443,
                "description": "containers to storage",
            }
        },
        "aws_vpc_endpoint": {
            "storage": {
                "vpc_id": vpc,
                "service_name": "com.amazonaws.us-east-1.s3",
                "vpc_endpoint_type": "Gateway",
                "route_table_ids": ["${aws_route_table.private.id}"],
            },
            **{
                name.replace(".", "_"): {
                    "vpc_id": vpc,
                    "service_name": f"com.amazonaws.us-east-1.{name}",
                    "vpc_endpoint_type": "Interface",
                    "private_dns_enabled": True,
                    "subnet_ids": ["${aws_subnet.a.id}", "${aws_subnet.b.id}"],
                    "security_group_ids": ["${aws_security_group.links.id}"],
                }
                for name in ("ecr.api", "sagemaker.runtime")
            },
        },
        "aws_flow_log": {
            "main": {
                "vpc_id": vpc,
                "traffic_type": "ALL",
                "iam_role_arn": "${aws_iam_role.flow.arn}",
                "log_destination": "${aws_cloudwatch_log_group.flow.arn}",
                "max_aggregation_interval": 60,
            }
        },
        "aws_cloudwatch_log_group": {
            "flow": {"name": f"/vpc/{account}/flow", "retention_in_days": 30}
        },
    }


def storage(account: str) -> dict[str, Any]:
    bucket = "${aws_s3_bucket.models.id}"
    tls_only = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::models-{account}", f"arn:aws:s3:::models-{account}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {
        "aws_kms_key": {
            "main": {
                "description": "models",
                "enable_key_rotation": True,
                "rotation_period_in_days": 180,
                "deletion_window_in_days": 7,
            }
        },
        "aws_kms_alias": {
            "main": {"name": "alias/models", "target_key_id": "${aws_kms_key.main.key_id}"}
        },
        "aws_s3_bucket": {"models": {"bucket": f"models-{account}", "force_destroy": True}},
        "aws_s3_bucket_versioning": {
            "models": {"bucket": bucket, "versioning_configuration": {"status": "Enabled"}}
        },
        "aws_s3_bucket_server_side_encryption_configuration": {
            "models": {
                "bucket": bucket,
                "rule": [
                    {
                        "apply_server_side_encryption_by_default": {
                            "sse_algorithm": "aws:kms",
                            "kms_master_key_id": "${aws_kms_key.main.arn}",
                        },
                        "bucket_key_enabled": True,
                    }
                ],
            }
        },
        "aws_s3_bucket_public_access_block": {
            "models": {
                "bucket": bucket,
                "block_public_acls": True,
                "block_public_policy": True,
                "ignore_public_acls": True,
                "restrict_public_buckets": True,
            }
        },
        "aws_s3_bucket_policy": {"models": {"bucket": bucket, "policy": statement(**tls_only)}},
        "aws_s3_object": {
            "model": {
                "bucket": bucket,
                "key": "fraud/model.tar.gz",
                "content": "weights",
                "depends_on": ["aws_s3_bucket_policy.models"],
            }
        },
        "aws_ecr_repository": {
            "fraud": {
                "name": "fraud",
                "image_tag_mutability": "IMMUTABLE",
                "image_scanning_configuration": {"scan_on_push": True},
                "encryption_configuration": {
                    "encryption_type": "KMS",
                    "kms_key": "${aws_kms_key.main.arn}",
                },
            }
        },
        "aws_ecr_lifecycle_policy": {
            "fraud": {
                "repository": "${aws_ecr_repository.fraud.name}",
                "policy": json.dumps(
                    {
                        "rules": [
                            {
                                "rulePriority": 1,
                                "selection": {
                                    "tagStatus": "untagged",
                                    "countType": "sinceImagePushed",
                                    "countUnit": "days",
                                    "countNumber": 14,
                                },
                                "action": {"type": "expire"},
                            }
                        ]
                    }
                ),
            }
        },
        "aws_ecr_repository_policy": {
            "fraud": {
                "repository": "${aws_ecr_repository.fraud.name}",
                "policy": statement(
                    Sid="Pull",
                    Effect="Allow",
                    Principal={"AWS": "arn:aws:iam::222222222222:root"},
                    Action=["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                ),
            }
        },
    }


def serving(*, image: str, session_seconds: int, maximum: int) -> dict[str, Any]:
    tag = image.replace(":", "-")
    return {
        "aws_iam_role": {
            "endpoint": {
                "name": "endpoint",
                "description": "runs fraud",
                "max_session_duration": session_seconds,
                "assume_role_policy": trust("sagemaker"),
            },
            "flow": {"name": "flow", "assume_role_policy": trust("vpc-flow-logs")},
        },
        "aws_iam_policy": {
            "endpoint": {
                "name": "endpoint",
                "policy": statement(
                    Effect="Allow", Action="s3:GetObject", Resource="arn:aws:s3:::models-*/fraud/*"
                ),
            }
        },
        "aws_iam_role_policy_attachment": {
            "own": {
                "role": "${aws_iam_role.endpoint.name}",
                "policy_arn": "${aws_iam_policy.endpoint.arn}",
            },
            "managed": {
                "role": "${aws_iam_role.endpoint.name}",
                "policy_arn": "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy",
            },
        },
        "aws_sagemaker_model": {
            "fraud": {
                "name": f"{tag}-model",
                "execution_role_arn": "${aws_iam_role.endpoint.arn}",
                "enable_network_isolation": True,
                "primary_container": {
                    "image": f"${{aws_ecr_repository.fraud.repository_url}}:{image}",
                    "model_data_url": "s3://${aws_s3_object.model.bucket}/fraud/model.tar.gz",
                },
                "lifecycle": {"create_before_destroy": True},
            },
            "steps": {
                "name": "steps",
                "execution_role_arn": "${aws_iam_role.endpoint.arn}",
                "container": [
                    {"image": f"${{aws_ecr_repository.fraud.repository_url}}:{image}"}
                    for _ in range(2)
                ],
                "inference_execution_config": {"mode": "Serial"},
                "lifecycle": {"create_before_destroy": False},
            },
        },
        "aws_sagemaker_endpoint_configuration": {
            "fraud": {
                "name": f"{tag}-config",
                "production_variants": [
                    {
                        "variant_name": "main",
                        "model_name": "${aws_sagemaker_model.fraud.name}",
                        "instance_type": "ml.g5.xlarge",
                        "initial_instance_count": 2,
                    }
                ],
                "data_capture_config": {
                    "enable_capture": True,
                    "initial_sampling_percentage": 10,
                    "destination_s3_uri": "s3://${aws_s3_bucket.models.id}/capture",
                    "capture_options": [{"capture_mode": "Input"}, {"capture_mode": "Output"}],
                },
                "lifecycle": {"create_before_destroy": True},
            },
            "rare": {
                "name": f"{tag}-rare",
                "production_variants": [
                    {
                        "variant_name": "main",
                        "model_name": "${aws_sagemaker_model.fraud.name}",
                        "serverless_config": {"max_concurrency": 5, "memory_size_in_mb": 2048},
                    }
                ],
                "lifecycle": {"create_before_destroy": True},
            },
            "slow": {
                "name": f"{tag}-slow",
                "production_variants": [
                    {
                        "variant_name": "main",
                        "model_name": "${aws_sagemaker_model.fraud.name}",
                        "instance_type": "ml.c7g.large",
                        "initial_instance_count": 1,
                    }
                ],
                "async_inference_config": {
                    "output_config": {"s3_output_path": "s3://${aws_s3_bucket.models.id}/answers"},
                },
                "lifecycle": {"create_before_destroy": True},
            },
        },
        "aws_sagemaker_endpoint": {
            "fraud": {
                "name": "fraud",
                "endpoint_config_name": "${aws_sagemaker_endpoint_configuration.fraud.name}",
                "deployment_config": {
                    "blue_green_update_policy": {
                        "traffic_routing_configuration": {
                            "type": "CANARY",
                            "wait_interval_in_seconds": 300,
                            "canary_size": {"type": "CAPACITY_PERCENT", "value": 50},
                        },
                        "termination_wait_in_seconds": 60,
                    },
                    "auto_rollback_configuration": {
                        "alarms": [
                            {"alarm_name": "${aws_cloudwatch_metric_alarm.errors.alarm_name}"}
                        ]
                    },
                },
            }
        },
        "aws_sagemaker_model_package_group": {"fraud": {"model_package_group_name": "fraud"}},
        "aws_cloudwatch_metric_alarm": {
            "errors": {
                "alarm_name": "fraud-errors",
                "namespace": "AWS/SageMaker",
                "metric_name": "Invocation5XXErrors",
                "dimensions": {"EndpointName": "fraud", "VariantName": "main"},
                "statistic": "Sum",
                "period": 60,
                "evaluation_periods": 1,
                "threshold": 5,
                "comparison_operator": "GreaterThanThreshold",
                "treat_missing_data": "notBreaching",
            }
        },
        "aws_appautoscaling_target": {
            "fraud": {
                "service_namespace": "sagemaker",
                "resource_id": "endpoint/${aws_sagemaker_endpoint.fraud.name}/variant/main",
                "scalable_dimension": "sagemaker:variant:DesiredInstanceCount",
                "min_capacity": 2,
                "max_capacity": maximum,
            }
        },
        "aws_appautoscaling_policy": {
            "load": {
                "name": "load",
                "policy_type": "TargetTrackingScaling",
                **{
                    field: f"${{aws_appautoscaling_target.fraud.{field}}}"
                    for field in ("service_namespace", "resource_id", "scalable_dimension")
                },
                "target_tracking_scaling_policy_configuration": {
                    "target_value": 70,
                    "predefined_metric_specification": {
                        "predefined_metric_type": "SageMakerVariantInvocationsPerInstance"
                    },
                },
            }
        },
    }


@pytest.fixture
def state_bucket(client: Client, account: str) -> str:
    """A versioned bucket that takes nothing but TLS, as the identity layer makes it."""
    s3, name = client("s3"), f"state-{account}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_policy(
        Bucket=name,
        Policy=statement(
            Effect="Deny",
            Principal="*",
            Action="s3:*",
            Resource=[f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
            Condition={"Bool": {"aws:SecureTransport": "false"}},
        ),
    )
    return name


def test_a_platform_is_built_read_back_unchanged_updated_and_taken_down(
    terraform: Any, client: Client, account: str, state_bucket: str
) -> None:
    def configuration(**serving_settings: Any) -> dict[str, Any]:
        return {
            **settings(account, state_bucket),
            "resource": {
                **network(account),
                **storage(account),
                **serving(**serving_settings),
            },
        }

    terraform.write(configuration(image="v1", session_seconds=3600, maximum=4))
    terraform.run("init", "-no-color")
    terraform.apply()
    terraform.assert_unchanged()
    sagemaker = client("sagemaker")
    first = sagemaker.describe_endpoint(EndpointName="fraud")

    terraform.write(configuration(image="v2", session_seconds=7200, maximum=8))
    terraform.apply()
    terraform.assert_unchanged()
    second = sagemaker.describe_endpoint(EndpointName="fraud")
    assert second["EndpointConfigName"] == "v2-config"
    assert second["CreationTime"] == first["CreationTime"], "replaced instead of updated"
    with pytest.raises(ClientError, match="Could not find"):
        sagemaker.describe_endpoint_config(EndpointConfigName=first["EndpointConfigName"])

    terraform.destroy()
    assert terraform.state() == []
    assert client("s3").list_objects_v2(Bucket=state_bucket)["KeyCount"] == 1, "a lock is left"


def test_terraform_takes_a_rolled_back_update_for_a_success_and_cannot_repair_it(
    terraform: Any, emulator: Emulator, client: Client, account: str
) -> None:
    def configuration(instance_type: str) -> dict[str, Any]:
        tag = instance_type.replace(".", "-")
        variant = {
            "variant_name": "main",
            "model_name": "${aws_sagemaker_model.fraud.name}",
            "instance_type": instance_type,
            "initial_instance_count": 1,
        }
        return {
            **settings(account),
            "resource": {
                "aws_sagemaker_model": {
                    "fraud": {
                        "name": "fraud",
                        "execution_role_arn": f"arn:aws:iam::{account}:role/endpoint",
                        "primary_container": {"image": "image:1"},
                    }
                },
                "aws_sagemaker_endpoint_configuration": {
                    "fraud": {
                        "name": tag,
                        "production_variants": [variant],
                        "lifecycle": {"create_before_destroy": True},
                    }
                },
                "aws_sagemaker_endpoint": {
                    "fraud": {
                        "name": "fraud",
                        "endpoint_config_name": "${aws_sagemaker_endpoint_configuration.fraud.name}",
                    }
                },
            },
        }

    terraform.write(configuration("ml.m5.large"))
    terraform.run("init", "-no-color")
    terraform.apply()
    plan = {"endpoint": "fraud", "account": account, "outcome": "rollback", "reason": "5xx alarm"}
    emulator.control("POST", "sagemaker/rollout", {**plan, "rolling_back_describes": 0})
    terraform.write(configuration("ml.m5.xlarge"))
    terraform.apply()
    endpoint = client("sagemaker").describe_endpoint(EndpointName="fraud")
    assert (endpoint["EndpointConfigName"], endpoint["FailureReason"]) == (
        "ml-m5-large",
        "5xx alarm",
    )
    # the provider has deleted the configuration in use by then (hashicorp/aws issue 48997)
    output = terraform.run("apply", "-auto-approve", "-no-color", expect=1)
    assert "Could not find endpoint configuration" in output


def test_a_workspace_of_prometheus_and_its_rules_are_made_changed_and_deleted(
    terraform: Any, client: Client, account: str
) -> None:
    def configuration(alias: str, limit: int) -> dict[str, Any]:
        rule = {"alert": "slow", "expr": f"latency > {limit}"}
        rules = json.dumps({"groups": [{"name": "serving", "rules": [rule]}]})
        workspace = "${aws_prometheus_workspace.metrics.id}"
        return {
            **settings(account),
            "resource": {
                "aws_prometheus_workspace": {"metrics": {"alias": alias, "tags": {"a": "b"}}},
                "aws_prometheus_rule_group_namespace": {
                    "rules": {"name": "serving", "workspace_id": workspace, "data": rules}
                },
            },
        }

    terraform.write(configuration("dev", 1))
    terraform.run("init", "-no-color")
    terraform.apply()
    terraform.assert_unchanged()
    terraform.write(configuration("acme-dev", 2))
    terraform.apply()
    terraform.assert_unchanged()
    (found,) = client("amp").list_workspaces()["workspaces"]
    assert found["alias"] == "acme-dev"
    terraform.destroy()
    assert client("amp").list_workspaces()["workspaces"] == []
