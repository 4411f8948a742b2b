"""Outputs: the typed values that a layer hands up, read by the layers above it.

A layer below may be somebody else's: write its Outputs by hand in the Environment, with
literal ids, and no layer is made for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from .context import Context
from .places import EXAMPLE_KEY
from .rules import SPEC1, SPEC2, SPEC3, Problem, did_you_mean, rule
from .spec import CIDR1, SpecError, is_bucket_name, is_network

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
OUT3 = rule(
    "OUT3",
    refuses="a subnet that a foreign network names twice",
    message="is named twice; name each subnet once, as private or as public",
    source="Amazon VPC user guide, subnets: a subnet is in one availability zone, and public or private",
)
OUT4 = rule(
    "OUT4",
    refuses="a value of a foreign layer that is in another account or Region than the environment",
    message="is in {what} {other}, but the environment is in {own}; name the one of {own}",
    source="Amazon EKS, ECS, KMS and Elastic Load Balancing API references (resources of one Region)",
)
OUT5 = rule(
    "OUT5",
    refuses="a key that is named by its alias",
    message="must be the ARN of the key itself, such as {example}: IAM policies do not know aliases",
    source="AWS KMS developer guide, use aliases to control access to KMS keys",
)
OUT6 = rule(
    "OUT6",
    refuses="a load balancer of a foreign cluster of which a part is missing, or is another's",
    message="{wrong}; {remedy}",
    source="Inferform: a service's rule, security group and metrics belong to one load balancer",
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
                SPEC2.problem(each.name, spec=cls.__name__)
                for each in fields(cls)
                if each.name not in given and each.default is each.default_factory is MISSING
            ]
            if problems:
                raise SpecError(problems, cls.__name__)
            return super().__call__(**given)


def _like(
    pattern: str, example: str, default: Any = MISSING, default_factory: Any = MISSING
) -> Any:
    """A field whose value, or each of whose values, has a form."""
    return field(
        default=default,
        default_factory=default_factory,
        metadata={"pattern": re.compile(pattern, re.ASCII), "example": example},
    )


def _literals() -> Any:
    """A field whose values are known before the layer is deployed, and not read from its state."""
    return field(default_factory=list, metadata={"is_literal": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs(metaclass=_Closed):
    """Base of every layer's Outputs: each field is one Terraform output of the same name."""

    def check(self) -> Iterator[Problem]:
        """What is wrong with values that were written by hand."""
        for each in fields(self):
            value, kind = getattr(self, each.name), str(each.type)
            if (expected := _mismatch(value, kind)) is not None:
                yield SPEC3.problem(each.name, expected=expected, hint="", got=value)
                continue
            for path, text in _texts(value):
                pattern = each.metadata.get("pattern", _ANY)
                if not pattern.fullmatch(text):
                    example = each.metadata.get("example", "a value without line breaks")
                    yield OUT1.problem(each.name, *path, got=text, example=example)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """What cannot belong to the environment: overridden where values say where they are."""
        yield from ()


def _arn_elsewhere(
    context: Context, *path: str, arn: str, account: bool = True
) -> Iterator[Problem]:
    """An ARN of another Region or account than the environment's."""
    _, partition, _, region, owner, *_ = arn.split(":")
    for what, other, own in (
        ("the partition", partition, context.partition),
        ("the Region", region, context.region),
        ("the account", owner if account else context.account, context.account),
    ):
        if other != own:
            yield OUT4.problem(*path, got=arn, what=what, other=other, own=own)
            return


_EKS_REGION = re.compile(r"\b([a-z]{2}(?:-[a-z]+)+-\d)\.(?:eks\.)?(?:amazonaws\.|api\.aws)")
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
    """The VPC's first CIDR block."""

    private_subnet_ids: list[str] = _like(r"subnet-\w{1,32}", "subnet-0a1b2c3d4e5f67890")  # noqa: RUF009
    """The private subnets, one in each availability zone."""

    public_subnet_ids: list[str] = _like(r"subnet-\w{1,32}", "subnet-0a1b2c3d4e5f67890")  # noqa: RUF009
    """The public subnets, one in each availability zone; empty without an internet gateway."""

    s3_prefix_list_id: str = _like(r"pl-\w{1,32}", "pl-63a5400a")
    """The managed prefix list of S3 in the region, `pl-…`."""

    secondary_cidrs: list[str] = _literals()  # noqa: RUF009
    """The further CIDR blocks of the VPC that hold these subnets. Default: none."""

    @property
    def public_zones(self) -> int:
        """In how many zones there is a public subnet."""
        return len(self.public_subnet_ids)

    @property
    def cidrs(self) -> list[str]:
        """Every CIDR block that holds these subnets, the VPC's first one first."""
        return [self.vpc_cidr, *self.secondary_cidrs]

    def cidrs_by(self, id: str) -> dict[str, str]:
        """The same by the ids of what is made for each: `id`, `id-1` and so on."""
        return {f"{id}-{index}" if index else id: cidr for index, cidr in enumerate(self.cidrs)}

    def check(self) -> Iterator[Problem]:
        """The range is one, and there is a subnet to run in."""
        found = list(Outputs.check(self))
        yield from found
        if not found and not is_network(self.vpc_cidr):
            yield CIDR1.problem("vpc_cidr", got=self.vpc_cidr, hint="")
        for index, cidr in enumerate(self.secondary_cidrs if not found else ()):
            if not is_network(cidr):
                yield CIDR1.problem("secondary_cidrs", index, got=cidr, hint="")
        if not found and not self.private_subnet_ids:
            yield OUT2.problem("private_subnet_ids", got=[])
        if not found:
            named: set[str] = set()
            for kind in ("private_subnet_ids", "public_subnet_ids"):
                for index, subnet in enumerate(getattr(self, kind)):
                    if subnet in named:
                        yield OUT3.problem(kind, index, got=subnet)
                    named.add(subnet)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryOutputs(Outputs):
    """What the registry layer hands up, or a foreign registry written by hand."""

    kms_key_arn: str = _like(
        r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/[\w/-]+", EXAMPLE_KEY
    )
    """The key that encrypts images, artifacts, captured data and endpoint volumes, by its own ARN.
    It is in the environment's Region, and may be another account's whose policy lets this one in."""

    artifact_bucket: str = _like(r"[a-z0-9.-]{3,63}", "acme-artifacts")
    """The name of the bucket of model artifacts."""

    def check(self) -> Iterator[Problem]:
        """The key is no alias, the bucket has a name that S3 gives."""
        found = list(Outputs.check(self))
        yield from found
        if not found and ":alias/" in self.kms_key_arn:
            yield OUT5.problem("kms_key_arn", got=self.kms_key_arn, example=EXAMPLE_KEY)
        if not found and not is_bucket_name(self.artifact_bucket):
            name = self.artifact_bucket
            yield OUT1.problem("artifact_bucket", got=name, example="acme-artifacts")

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The key is of the environment's Region."""
        yield from _arn_elsewhere(context, "kms_key_arn", arn=self.kms_key_arn, account=False)


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

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The cluster is of the environment's Region, as far as its addresses say where it is."""
        for name in ("endpoint", "oidc_issuer"):
            address = getattr(self, name)
            place = _EKS_REGION.search(address)
            if place and place[1] != context.region:
                own = context.region
                yield OUT4.problem(name, got=address, what="the Region", other=place[1], own=own)


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsOutputs(Outputs):
    """What the ecs layer hands up, or a foreign cluster written by hand."""

    cluster_name: str
    """The ECS cluster's name."""

    capacity_providers: Mapping[str, str]
    """The names of EC2 capacity providers by the short name that services call them."""

    listener_arns: Mapping[str, str] = _like(
        r"arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:listener/app/[\w/-]+",
        "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/shared/1a2b/3c4d",
    )
    """The HTTPS listeners of the load balancers, by short name."""

    load_balancer_suffixes: Mapping[str, str] = _like(
        r"(app|net)/[\w/-]+", "app/shared/1a2b3c4d5e6f7890"
    )
    """The end of each load balancer's ARN, `app/…` or `net/…` for a Network Load Balancer, as
    CloudWatch and scaling name it."""

    load_balancer_groups: Mapping[str, str] = _like(r"sg-\w{1,32}", "sg-0a1b2c3d4e5f67890")
    """The security group of each load balancer, `sg-…`."""

    test_listener_arns: Mapping[str, str] = _like(
        r"arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:listener/app/[\w/-]+",
        "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/shared/1a2b/5e6f",
        default_factory=dict,
    )
    """The test listeners of those load balancers that have one, by short name. Default: none."""

    namespace_id: str = _like(r"(ns-[a-z0-9]{1,61})?", "ns-0123456789abcdef", default="")
    """The namespace of AWS Cloud Map in which services find each other, `ns-…`. Default: none."""

    def check(self) -> Iterator[Problem]:
        """Each load balancer is there with all its parts."""
        found = list(Outputs.check(self))
        yield from found
        if found:
            return
        for name, end in self.load_balancer_suffixes.items():
            if end.startswith("net/") and name not in self.load_balancer_groups:
                wrong = f"has no entry for {name}, which load_balancer_suffixes has"
                remedy = f"add {name!r} to load_balancer_groups"
                yield OUT6.problem("load_balancer_groups", wrong=wrong, remedy=remedy)
        for name, arn in self.listener_arns.items():
            for other in ("load_balancer_suffixes", "load_balancer_groups"):
                if name not in getattr(self, other):
                    remedy = f"add {name!r} to {other}"
                    wrong = f"has no entry for {name}, which listener_arns has"
                    yield OUT6.problem(other, wrong=wrong, remedy=remedy)
            test = self.test_listener_arns.get(name, "")
            if test and (test == arn or test.rpartition("/")[0] != arn.rpartition("/")[0]):
                wrong = f"must be another listener of the load balancer of listener_arns.{name}"
                remedy = f"its ARN begins with {arn.rpartition('/')[0]}/"
                yield OUT6.problem("test_listener_arns", name, got=test, wrong=wrong, remedy=remedy)
            suffix = self.load_balancer_suffixes.get(name)
            if suffix and f":listener/{suffix}/" not in arn:
                wrong = f"is another load balancer than the one of listener_arns.{name}"
                remedy = f"it is {arn.partition(':listener/')[2].rpartition('/')[0]}"
                yield OUT6.problem(
                    "load_balancer_suffixes", name, got=suffix, wrong=wrong, remedy=remedy
                )

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The listeners are of the environment's account and Region."""
        for which in ("listener_arns", "test_listener_arns"):
            for name, arn in getattr(self, which).items():
                yield from _arn_elsewhere(context, which, name, arn=arn)


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceOutputs(Outputs):
    """What the inference layer hands up to the observability layer."""

    target_group_suffixes: Mapping[str, str] = field(default_factory=dict)
    """The end of the ARN of each target group, `targetgroup/…`, as CloudWatch names it, by the name of the
    service, with the color behind it where it has several. Default: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApisOutputs(Outputs):
    """What the layer of APIs hands up to the observability layer."""

    http_ids: Mapping[str, str] = field(default_factory=dict)
    """The id of each HTTP API by its short name, as CloudWatch names it. Default: none."""
