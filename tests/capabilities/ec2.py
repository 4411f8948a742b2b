"""EC2 instances under tasks and pods."""

from __future__ import annotations

from typing import Any

from .record import TERRAFORMS, Capability


def _is_encrypted(template: dict[str, Any]) -> bool:
    mapped = template["block_device_mappings"]
    return bool(mapped) and all(each["ebs"]["encrypted"] == "true" for each in mapped)


CAPABILITY = Capability(
    encrypted={"aws_launch_template": _is_encrypted},
    requests={
        "aws_launch_template": "ec2:RequestLaunchTemplateData ec2:CreateLaunchTemplate",
    },
    elsewhere={
        "aws_launch_template.vpc_security_group_ids": (
            "ec2:RequestLaunchTemplateData.SecurityGroupIds"
        ),
    },
    own={
        TERRAFORMS: ("aws_launch_template.update_default_version",),
    },
)
