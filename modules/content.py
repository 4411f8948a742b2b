"""Names of what AWS cannot change in place: they carry a hash of what it holds.

A new name makes a new resource, so a release of Inferform must not change the name of anything
whose user changed nothing. Therefore only what is set to other than AWS's default counts:

- An argument that is not set (None), and a block or list that is empty, count for nothing. An
  optional argument of a later release, unset, changes no name.
- An argument at the value that AWS documents as its default counts for nothing where Inferform
  always writes it, because a Spec has that default; `DEFAULTS` names each of these. A value that
  is written only if somebody asked for it counts, whatever AWS would have taken without it:
  writing it changes what Terraform sends, and a resource that cannot be changed needs a new name.
- So a later release keeps sending what this one sends: another argument under an unchanged name
  makes Terraform replace the resource by one of the same name, which AWS refuses. A new argument
  is sent only where it is set to other than its default.
- References (subnets, security groups, keys) are known to Terraform alone; `HELD` stands for
  one, and the name's suffix changes with what they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .names import short_hash

Content = dict[str, Any]
"""The arguments of a resource as plain data, nested as Terraform nests them."""

HASHES = 18
"""The length that a name needs beside its base: two hyphens and two hashes of eight."""

HELD = "held"
"""Stands for a reference, whose value the suffix of the name covers."""

DEFAULTS: Mapping[str, Content] = {
    "aws_sagemaker_model": {
        # CreateModel: EnableNetworkIsolation is False unless it is given.
        "enable_network_isolation": False,
        # MultiModelConfig: "By default, multi-model endpoints cache models".
        "container": [{"multi_model_config": {"model_cache_setting": "Enabled"}}],
    },
    "aws_sagemaker_endpoint_configuration": {
        # ProductionVariant: InitialVariantWeight, "If unspecified, it defaults to 1.0".
        "production_variants": [{"initial_variant_weight": 1}],
        "shadow_production_variants": [{"initial_variant_weight": 1}],
    },
    # Every value of it is sent, and no other argument is left to a default of AWS's.
    "aws_sagemaker_data_quality_job_definition": {},
    # CreateNodegroup: capacityType is ON_DEMAND unless it is given.
    "aws_eks_node_group": {"capacity_type": "ON_DEMAND"},
    "aws_codedeploy_deployment_config": {},
}
"""The values that count for nothing, by Terraform type and argument; the one element of a list
is for all of its elements."""


def content_hash(kind: str, content: Content) -> str:
    """Eight characters that stand for what a resource of the Terraform type `kind` holds."""
    return short_hash(_what_counts(content, DEFAULTS[kind]))


def content_name(base: str, kind: str, content: Content, suffix: str = "") -> str:
    """`base`, the hash of `content`, and the suffix that stands for its references."""
    return "-".join(filter(None, (base, content_hash(kind, content), suffix)))


def _what_counts(value: Any, default: Any) -> Any:
    """`value` without what is not set or at its default."""
    if isinstance(value, Mapping):
        of = default if isinstance(default, Mapping) else {}
        counted = {key: _what_counts(inner, of.get(key)) for key, inner in value.items()}
        return {
            key: inner
            for key, inner in counted.items()
            if inner not in (None, {}, []) and not _same(inner, of.get(key))
        }
    if isinstance(value, list | tuple):
        each = default[0] if isinstance(default, list) else None
        return [_what_counts(inner, each) for inner in value]
    if isinstance(value, str) and "${TfToken[" in value:
        raise ValueError("a reference cannot be hashed; write HELD and let the suffix cover it")
    # 1.0 and 1 are one number to Terraform.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and bool(value == default)
