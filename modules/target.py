"""Target: whether a synthesis is for AWS or for the embedded emulator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


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
)
"""The embedded emulator, which AWS_ENDPOINT_URL points to when Terraform runs. Its provider is
the one version that the emulator is tested with."""

TARGETS = {target.name: target for target in (AWS, EMULATOR)}
