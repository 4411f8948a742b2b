"""Target: whether a synthesis is for AWS or for the embedded emulator."""

from __future__ import annotations

import atexit
import os
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .context import Context

READ = "INFERFORM_READ"
"""The environment variable that names a file into which a program writes, when it ends, which modules of
Python it was made of."""


def _tell_read(answer: str) -> None:
    read = {
        str(Path(file).resolve())
        for each in [*sys.modules.values()]
        if (file := getattr(each, "__file__", None))
    }
    Path(answer).write_text("".join(f"{each}\n" for each in sorted(read)), "utf-8")


if os.environ.get(READ):
    atexit.register(_tell_read, os.environ[READ])


@dataclass(frozen=True, slots=True)
class Target:
    """What differs between AWS and the emulator: the provider's version and how it connects."""

    name: str
    provider_version: str
    """The version constraint of hashicorp/aws."""

    provider: dict[str, Any] = field(default_factory=dict)
    """More arguments of the provider block."""

    backend: dict[str, Any] = field(default_factory=dict)
    """More arguments of the S3 backend and of every remote-state read."""

    plans_only: bool = False
    """Whether the synthesis is only planned, so with the plan role."""

    caller_role: str | None = None
    """The role that stands for the caller's own credentials in an account."""

    def role_arn(self, context: Context) -> str | None:
        """The ARN of the role that Terraform assumes."""
        asked = context.plan_role_arn if self.plans_only else context.deploy_role_arn
        return asked or self.caller_arn(context)

    def caller_arn(self, context: Context) -> str | None:
        """The ARN of the role to assume where the caller's own credentials are to be used."""
        return context.arn("iam", f"role/{self.caller_role}") if self.caller_role else None


AWS = Target("aws", provider_version=">= 6.21.0, < 7.0.0")
"""Real accounts. Older providers can leave an endpoint on its old configuration after an
update (hashicorp/terraform-provider-aws #40048, #42843)."""

EMULATOR = Target(
    "emulator",
    provider_version="5.100.0",
    provider={"s3_use_path_style": True, "skip_metadata_api_check": "true", "max_retries": 3},
    backend={
        "use_path_style": True,
        "skip_credentials_validation": True,
        "skip_metadata_api_check": True,
        "skip_region_validation": True,
    },
    # Accounts of the emulator are told apart by the role that is assumed, which need not exist.
    caller_role="OrganizationAccountAccessRole",
)
"""The embedded emulator, which AWS_ENDPOINT_URL points to when Terraform runs. Its provider is
the one version that the emulator is tested with."""

TARGETS = {target.name: target for target in (AWS, EMULATOR)}

ASKED = "INFERFORM_TARGET"
"""The environment variable that names the target: `aws` or `emulator`. Default: `aws`."""

PLANS_ONLY = "INFERFORM_PLANS_ONLY"
"""The environment variable that says, with `1`, that what is synthesized is only planned."""


def asked(name: str | None = None) -> Target:
    """The target that a program is asked for: `name`, or else what ASKED and PLANS_ONLY say.

    The operator's commands set both, as a program of your own need not take arguments. Raises
    ValueError for a name that is no target.
    """
    name = name or os.environ.get(ASKED) or AWS.name
    if name not in TARGETS:
        raise ValueError(f"{ASKED} must be {' or '.join(TARGETS)}, got {name!r}")
    return replace(TARGETS[name], plans_only=os.environ.get(PLANS_ONLY) == "1")
