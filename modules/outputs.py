"""Outputs: the typed values that a layer hands up, read by the layers above it.

A layer below may be somebody else's: write its Outputs by hand in the Environment, with
literal ids, and no layer is made for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Base of every layer's Outputs: each field is one Terraform output of the same name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkOutputs(Outputs):
    """What the network layer hands up, or a foreign VPC written by hand."""

    vpc_id: str
    """The VPC's id, `vpc-…`."""

    vpc_cidr: str
    """The VPC's CIDR block."""

    private_subnet_ids: list[str]
    """The private subnets, one in each availability zone."""

    public_subnet_ids: list[str]
    """The public subnets, one in each availability zone; empty without an internet gateway."""

    s3_prefix_list_id: str
    """The managed prefix list of S3 in the region, `pl-…`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryOutputs(Outputs):
    """What the registry layer hands up, or a foreign registry written by hand."""

    kms_key_arn: str
    """The key that encrypts images, artifacts, captured data and endpoint volumes."""

    artifact_bucket: str
    """The name of the bucket of model artifacts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EksOutputs(Outputs):
    """What the eks layer hands up, or a foreign cluster written by hand."""

    cluster_name: str
    """The cluster's name."""

    endpoint: str
    """The URL of its API."""

    certificate_authority: str
    """The certificate of its API, in base64."""

    oidc_issuer: str
    """The issuer of its service accounts' tokens, without `https://`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsOutputs(Outputs):
    """What the ecs layer hands up, or a foreign cluster written by hand."""

    cluster_name: str
    """The ECS cluster's name."""

    capacity_providers: Mapping[str, str]
    """The names of EC2 capacity providers by the short name that services call them."""

    listener_arns: Mapping[str, str]
    """The HTTPS listeners of the load balancers, by short name."""

    load_balancer_suffixes: Mapping[str, str]
    """The end of each load balancer's ARN, `app/…`, as CloudWatch and scaling name it."""

    load_balancer_groups: Mapping[str, str]
    """The security group of each load balancer, `sg-…`."""
