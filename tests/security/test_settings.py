"""Settings that keep something closed, encrypted or recorded, in every stack of the examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Made

KEYS = (
    "${data.terraform_remote_state.registry.outputs.kms_key_arn}",
    "${aws_kms_key.data_key_DB04C041.arn}",
)
COMMANDS = "configuration.execute_command_configuration"
CONTAINER = "spec.template.spec.container"

# By type and path: what a setting has to be wherever it stands, and it stands in each resource.
SETTINGS: dict[str, dict[str, tuple[Any, ...]]] = {
    "aws_autoscaling_group": {"force_delete": (False,), "protect_from_scale_in": (True,)},
    "aws_codedeploy_deployment_group": {
        "alarm_configuration.enabled": (True,),
        "auto_rollback_configuration.enabled": (True,),
        "auto_rollback_configuration.events": ("DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"),
    },
    "aws_ecr_repository": {
        "encryption_configuration.encryption_type": ("KMS",),
        "encryption_configuration.kms_key": KEYS,
        "image_scanning_configuration.scan_on_push": (True,),
        "image_tag_mutability": ("IMMUTABLE",),
    },
    "aws_ecs_capacity_provider": {
        "auto_scaling_group_provider.managed_draining": ("ENABLED",),
        "auto_scaling_group_provider.managed_termination_protection": ("ENABLED",),
    },
    "aws_ecs_cluster": {
        f"{COMMANDS}.kms_key_id": KEYS,
        f"{COMMANDS}.logging": ("OVERRIDE",),
        f"{COMMANDS}.log_configuration.cloud_watch_encryption_enabled": (True,),
    },
    "aws_ecs_service": {"network_configuration.assign_public_ip": (False,)},
    "aws_eks_access_entry": {"type": ("STANDARD",)},
    "aws_eks_cluster": {
        "access_config.authentication_mode": ("API",),
        "encryption_config.provider.key_arn": KEYS,
        "encryption_config.resources": ("secrets",),
        "vpc_config.endpoint_private_access": (True,),
        "vpc_config.endpoint_public_access": (False,),
    },
    "aws_flow_log": {"traffic_type": ("ALL",)},
    "aws_kms_key": {"enable_key_rotation": (True,)},
    "aws_launch_template": {
        "block_device_mappings.ebs.encrypted": ("true",),
        "metadata_options.http_tokens": ("required",),
    },
    "aws_lb": {
        "access_logs.enabled": (True,),
        "drop_invalid_header_fields": (True,),
        "internal": (True,),
    },
    "aws_lb_listener": {
        "protocol": ("HTTPS", "TLS"),
        "ssl_policy": (
            "ELBSecurityPolicy-TLS13-1-2-2021-06",
            "ELBSecurityPolicy-TLS13-1-3-2021-06",
        ),
    },
    "aws_s3_bucket_ownership_controls": {
        "rule.object_ownership": ("BucketOwnerEnforced", "BucketOwnerPreferred")
    },
    "aws_s3_bucket_public_access_block": {
        "block_public_acls": (True,),
        "block_public_policy": (True,),
        "ignore_public_acls": (True,),
        "restrict_public_buckets": (True,),
    },
    "aws_s3_bucket_server_side_encryption_configuration": {
        "rule.apply_server_side_encryption_by_default.sse_algorithm": ("aws:kms", "AES256")
    },
    "aws_sfn_state_machine": {
        "logging_configuration.include_execution_data": (False,),
        "logging_configuration.level": ("ERROR",),
    },
    "aws_subnet": {"map_public_ip_on_launch": (False,)},
    "kubernetes_deployment_v1": {
        f"{CONTAINER}.security_context.allow_privilege_escalation": (False,),
        f"{CONTAINER}.security_context.capabilities.drop": ("ALL",),
        "spec.template.spec.automount_service_account_token": (False,),
        "spec.template.spec.enable_service_links": (False,),
        "spec.template.spec.security_context.run_as_non_root": (True,),
    },
    "kubernetes_network_policy_v1": {"spec.policy_types": ("Ingress", "Egress")},
    "kubernetes_service_account_v1": {"automount_service_account_token": (False,)},
}
# Where an example asks for the other, by the beginning of its stack's name.
ASKED = {
    ("aws_ecr_repository", "image_tag_mutability"): ("stocked-", "peers-ecr-"),
    ("aws_eks_cluster", "vpc_config.endpoint_public_access"): ("peers-eks-",),
    ("aws_lb_listener", "protocol"): ("peers-ecs-",),
    ("aws_lb_listener", "ssl_policy"): ("peers-ecs-",),
}
# Network load balancers pass TCP on as it is, read no header fields, and log TLS alone.
OF_HTTP = {
    ("aws_lb", "access_logs.enabled"): ("load_balancer_type", "network"),
    ("aws_lb", "drop_invalid_header_fields"): ("load_balancer_type", "network"),
    ("aws_lb_listener", "protocol"): ("protocol", "TCP"),
    ("aws_lb_listener", "ssl_policy"): ("protocol", "TCP"),
}
CASES = [(kind, path) for kind, settings in SETTINGS.items() for path in settings]


def values(of: Any, path: str) -> Iterator[Any]:
    """What stands at a path, in each of the blocks on the way."""
    if isinstance(of, list):
        for each in of:
            yield from values(each, path)
    elif not path:
        yield of
    elif isinstance(of, dict):
        name, _, rest = path.partition(".")
        if name in of:
            yield from values(of[name], rest)


@pytest.mark.parametrize(("kind", "path"), CASES)
def test_a_setting_is_the_same_in_every_example(
    kind: str, path: str, made: dict[str, Made]
) -> None:
    argument, other = OF_HTTP.get((kind, path), ("", ""))
    found = {
        f"{stack}/{name}": list(values(resource, path))
        for stack, each in made.items()
        for name, resource in each.stack["resource"].get(kind, {}).items()
        if not argument or resource.get(argument) != other
    }
    assert found
    allowed = SETTINGS[kind][path]
    wrong = {
        place: said
        for place, said in found.items()
        if not said or any(value not in allowed for value in said)
        if (kind, path) not in ASKED or not place.startswith(ASKED[kind, path])
    }
    assert wrong == {}


def test_every_interface_endpoint_answers_to_the_services_own_name(made: dict[str, Made]) -> None:
    found = [
        endpoint
        for each in made.values()
        for endpoint in each.stack["resource"].get("aws_vpc_endpoint", {}).values()
        if endpoint["vpc_endpoint_type"] == "Interface"
    ]
    assert len(found) > 10
    assert {endpoint.get("private_dns_enabled") for endpoint in found} == {True}


def test_every_state_is_locked_and_encrypted_wherever_it_is_written(made: dict[str, Made]) -> None:
    for each in made.values():
        backend = each.stack["terraform"]["backend"]["s3"]
        assert (backend["encrypt"], backend["use_lockfile"]) == (True, True)


def test_a_provider_works_in_the_account_of_its_environment_alone(made: dict[str, Made]) -> None:
    for each in made.values():
        for provider in each.stack["provider"]["aws"]:
            assert provider["allowed_account_ids"] == [each.environment.context.account]


def test_a_protected_environment_keeps_what_holds_data(made: dict[str, Made]) -> None:
    kept = 0
    for each in made.values():
        for kind in ("aws_ecr_repository", "aws_kms_key", "aws_s3_bucket", "aws_vpc"):
            for resource in each.stack["resource"].get(kind, {}).values():
                protected = each.environment.context.protected
                lifecycle = resource.get("lifecycle", {})
                assert lifecycle.get("prevent_destroy", False) is protected
                kept += protected
                if protected:
                    assert not resource.get("force_delete")
                    assert not resource.get("force_destroy")
    assert kept > 10
