"""Outputs: the typed values that a layer hands up, read by the layers above it.

A layer below may be somebody else's: write its Outputs by hand in the Environment, with
literal ids, and no layer is made for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from .rules import SPEC1, SPEC2, SPEC3, Problem, did_you_mean, rule
from .spec import CIDR1, SpecError, is_network

OUT1 = rule(
    "OUT1",
    refuses="a value of a foreign layer that cannot be what it is said to be",
    message="must look like {example}",
    source="Amazon EC2, S3, EKS and ECS API references (forms of ids and ARNs)",
)
OUT2 = rule(
    "OUT2",
    refuses="a foreign network without private subnets",
    message="must name at least one private subnet",
    source="Inferform: everything runs in private subnets",
)


class _Closed(type):
    """What is left out or misspelt is reported as it is for a Spec."""

    # Type checkers read the fields of the dataclass instead.
    if not TYPE_CHECKING:

        def __call__(cls, /, **given: Any) -> Any:
            known = [each.name for each in fields(cls)]
            problems = [
                SPEC1.problem(name, spec=cls.__name__, hint=did_you_mean(name, known))
                for name in given
                if name not in known
            ]
            problems += [
                SPEC2.problem(name, spec=cls.__name__) for name in known if name not in given
            ]
            if problems:
                raise SpecError(problems, cls.__name__)
            return super().__call__(**given)


def _like(pattern: str, example: str) -> Any:
    """A field whose value, or each of whose values, has a form."""
    return field(metadata={"pattern": re.compile(pattern, re.ASCII), "example": example})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs(metaclass=_Closed):
    """Base of every layer's Outputs: each field is one Terraform output of the same name."""

    def check(self) -> Iterator[Problem]:
        """What is wrong with values that were written by hand."""
        for each in fields(self):
            value, kind = getattr(self, each.name), str(each.type)
            if (expected := _mismatch(value, kind)) is not None:
                yield SPEC3.problem(each.name, expected=expected, got=value)
                continue
            for path, text in _texts(value):
                pattern = each.metadata.get("pattern", _ANY)
                if not pattern.fullmatch(text):
                    example = each.metadata.get("example", "a value without line breaks")
                    yield OUT1.problem(each.name, *path, got=text, example=example)


_ANY = re.compile(r"[ -~]+")


def _mismatch(value: object, kind: str) -> str | None:
    """What a value should be, where it is not."""
    if kind == "str":
        return None if isinstance(value, str) else "a string"
    if kind == "list[str]":
        fits = isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)
        return None if fits else "a list of strings"
    fits = isinstance(value, Mapping) and all(
        isinstance(each, str) for pair in value.items() for each in pair
    )
    return None if fits else "a dict of strings by short name"


def _texts(value: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield (), value
    elif isinstance(value, Mapping):
        yield from (((key,), text) for key, text in value.items())
    else:
        yield from (((index,), text) for index, text in enumerate(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkOutputs(Outputs):
    """What the network layer hands up, or a foreign VPC written by hand."""

    vpc_id: str = _like(r"vpc-\w{1,32}", "vpc-0a1b2c3d4e5f67890")
    """The VPC's id, `vpc-…`."""

    vpc_cidr: str
    """The VPC's CIDR block."""

    private_subnet_ids: list[str] = _like(r"subnet-\w{1,32}", "subnet-0a1b2c3d4e5f67890")  # noqa: RUF009
    """The private subnets, one in each availability zone."""

    public_subnet_ids: list[str] = _like(r"subnet-\w{1,32}", "subnet-0a1b2c3d4e5f67890")  # noqa: RUF009
    """The public subnets, one in each availability zone; empty without an internet gateway."""

    s3_prefix_list_id: str = _like(r"pl-\w{1,32}", "pl-63a5400a")
    """The managed prefix list of S3 in the region, `pl-…`."""

    def check(self) -> Iterator[Problem]:
        """The range is one, and there is a subnet to run in."""
        found = list(Outputs.check(self))
        yield from found
        if not found and not is_network(self.vpc_cidr):
            yield CIDR1.problem("vpc_cidr", got=self.vpc_cidr, hint="")
        if not found and not self.private_subnet_ids:
            yield OUT2.problem("private_subnet_ids", got=[])


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryOutputs(Outputs):
    """What the registry layer hands up, or a foreign registry written by hand."""

    kms_key_arn: str = _like(
        r"arn:aws[a-z-]*:kms:[\w:/-]+",
        "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    )
    """The key that encrypts images, artifacts, captured data and endpoint volumes."""

    artifact_bucket: str = _like(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "acme-artifacts")
    """The name of the bucket of model artifacts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EksOutputs(Outputs):
    """What the eks layer hands up, or a foreign cluster written by hand."""

    cluster_name: str
    """The cluster's name."""

    endpoint: str = _like(r"https://[\w.:-]+", "https://0A1B2C.gr7.us-east-1.eks.amazonaws.com")
    """The URL of its API."""

    certificate_authority: str = _like(r"[A-Za-z0-9+/\s]+=*\s*", "LS0tLS1CRUdJTi… (base64)")
    """The certificate of its API, in base64."""

    oidc_issuer: str = _like(r"[\w./-]+", "oidc.eks.us-east-1.amazonaws.com/id/0A1B2C")
    """The issuer of its service accounts' tokens, without `https://`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsOutputs(Outputs):
    """What the ecs layer hands up, or a foreign cluster written by hand."""

    cluster_name: str
    """The ECS cluster's name."""

    capacity_providers: Mapping[str, str]
    """The names of EC2 capacity providers by the short name that services call them."""

    listener_arns: Mapping[str, str] = _like(
        r"arn:[\w:/.-]+",
        "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/shared/1a2b/3c4d",
    )
    """The HTTPS listeners of the load balancers, by short name."""

    load_balancer_suffixes: Mapping[str, str] = _like(r"app/[\w/-]+", "app/shared/1a2b3c4d5e6f7890")
    """The end of each load balancer's ARN, `app/…`, as CloudWatch and scaling name it."""

    load_balancer_groups: Mapping[str, str] = _like(r"sg-\w{1,32}", "sg-0a1b2c3d4e5f67890")
    """The security group of each load balancer, `sg-…`."""
