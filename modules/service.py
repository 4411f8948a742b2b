"""Service: the base of every Spec that serves or runs something.

What Inferform has to know of a service beside its Terraform is in its own Spec. Every
operation (cost, reachability, push, promote, simulate, verify ...) starts from the walk
`Environment.deployed` and asks the Spec. Pure: no Node, no boto3; it ships in the wheel.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

from .existing import EXI4, EXI8, UNUSED, Existing
from .names import Name
from .overrides import Overridable
from .rules import PathPart, Problem, Rule
from .secret import secret_service
from .spec import Spec, walk
from .usage import Amount, RunPart, Start, Usage

if TYPE_CHECKING:
    from .alarms.watched import Watched
    from .ecr.spec import Image
    from .environment import Environment
    from .scaling.kinds import Kind
    from .scaling.spec import Scaling

SpecPath = tuple[PathPart, ...]
"""The way from a Spec to a value inside it: field names, keys and indices."""

Platform = Literal["linux/amd64", "linux/arm64"]
"""What a container image is built for."""


Teller = Literal["codedeploy", "ecs", "sagemaker"]
"""A service of AWS that tells EventBridge of rollbacks and failed updates."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a Spec must be able to reach from the environment's private subnets."""

    interface_endpoints: frozenset[str] = frozenset()
    """AWS services that it calls, by the name of their interface endpoint: `ecr.api`."""

    conveniences: frozenset[str] = frozenset()
    """Endpoints that `auto_endpoints` makes too, though it runs without them."""

    s3: bool = False
    """Whether it loads images or objects from S3, for which there is a gateway endpoint."""

    internet: tuple[SpecPath, ...] = ()
    """The fields that name something on the internet, by their path in the Spec."""

    through_nat: bool = True
    """Whether a NAT gateway leads it to AWS. False where its security group reaches the VPC
    and S3 alone."""

    @property
    def endpoints(self) -> frozenset[str]:
        """Every interface endpoint that `auto_endpoints` makes for it."""
        return self.interface_endpoints | self.conveniences


def secret_endpoints(values: Iterable[str]) -> frozenset[str]:
    """The endpoints of the services that hand out the secrets and parameters among `values`."""
    found = (secret_service(value) for value in values)
    return frozenset(service for service in found if service is not None)


class Versioned(Spec):
    """A Spec with fields that name a version of what is served, which a promotion copies."""

    def versions(self) -> Iterator[tuple[str, str | None]]:
        """The name of each such field with its value; None where a sibling takes its place."""
        raise NotImplementedError


class Billed(Spec):
    """A Spec for which AWS bills."""

    def uses(self, place: Place) -> Iterator[Usage]:
        """What it uses that is billed. What is billed by use has an amount that is not known."""
        raise NotImplementedError


class Named(Spec):
    """A Spec for which something with a name is made in AWS or Kubernetes."""

    def names(self, place: Place) -> Iterator[Name]:
        """The names that are made for it, beside those of Specs inside it that are Named
        themselves.

        Left out are names that end in a hash of what holds the name of the Spec's own role:
        those of SageMaker's models and endpoint configurations.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Lead:
    """A way from one thing of an environment to another: a call, a watch or a start."""

    source: SpecPath
    """The path in the Environment of what calls."""

    target: SpecPath
    """The path of what is called."""

    says: str
    """What leads there, in a word or two: `/fraud`, `watches`."""


class Leading(Spec):
    """A Spec that knows who calls whom in its environment."""

    def leads(self, place: Place) -> Iterator[Lead]:
        """The ways that it knows: from it, or to it."""
        raise NotImplementedError


class Drawn(Spec):
    """A Spec that stands in the picture of its environment."""

    words: ClassVar[str]
    """What people call it: `SageMaker endpoint`, `load balancer`."""

    @property
    def in_vpc(self) -> bool | None:
        """Whether what it runs has addresses in the VPC. Default: None, it does not say."""
        return None

    @property
    def reached_from(self) -> str:
        """From where callers reach it, where it is an entrance: `internet`, `VPC`. Default: empty, it
        is none."""
        return ""


class Reaching(Spec):
    """A Spec whose containers or nodes reach AWS from the environment's private subnets."""

    unreached: ClassVar[Rule | None] = None
    """The rule that refuses it where an endpoint is missing; its message takes `missing`."""

    unreached_internet: ClassVar[Rule | None] = None
    """The rule that refuses what it fetches from the internet where there is no NAT."""

    def needs(self, place: Place) -> Needs:
        """What it must be able to reach."""
        raise NotImplementedError

    def hub_problems(self, place: Place) -> Iterator[Problem]:
        """What its containers are told to fetch from a hub, and cannot. Default: nothing."""
        yield from ()


@dataclass(frozen=True, slots=True)
class Scalable:
    """What scales of a service: all of it, or one of its variants."""

    scaling: Scaling

    initial: int
    """The capacity that it is made with."""

    variant: str = ""
    """The variant's name; empty where there is one only."""


class Service(Overridable, Billed, Drawn, Leading, Named, Reaching):
    """A Spec that serves or runs something.

    A subclass answers each method; a test asks every one that an Environment can reach.
    """

    sort: ClassVar[str]
    """What tells it from services of the same name: the `ecs` of `ecs/fraud`."""

    loads_in_region: ClassVar[bool] = False
    """Whether its artifacts must be in its own Region. Default: False, they only cost transfer."""

    pulled_by: ClassVar[Literal["lambda"] | None] = None
    """The AWS service that pulls its image by itself, which the policy of the repository must let in.
    Default: None, its role pulls."""

    scales: ClassVar[Kind | None] = None
    """What scales it, with which algorithm. Default: None, it cannot be simulated."""

    not_existing: ClassVar[Mapping[str, str]] = {}
    """What of `existing` it cannot be given, each with what to do instead. Default: nothing."""

    not_simulated: ClassVar[str] = "it has no scaling"
    """Why it cannot be simulated, where it does not scale or `scales` is None."""

    existing: Existing = Existing()
    """What somebody else made, instead of what Inferform makes for it: roles, a key, subnets
    and security groups. Default: nothing."""

    def existing_problems(self, place: Place) -> Iterator[Problem]:
        """What of `existing` it cannot be given."""
        for name, remedy in self.not_existing.items():
            if getattr(self.existing, name):
                yield EXI4.problem("existing", name, words=self.words, remedy=remedy)
        for name, field in UNUSED.items():
            if getattr(self.existing, name) and field in self.model_fields_set:
                yield EXI8.problem(field, got=getattr(self, field), given=name)

    @property
    def moves_later(self) -> bool:
        """Whether an apply only prepares a change, which `inferform rollout` then brings. Default: no."""
        return False

    def leads(self, place: Place) -> Iterator[Lead]:
        """The ways that lead from it, or to it. Default: none that it knows."""
        yield from ()

    @property
    def rolled_out(self) -> str:
        """How an update reaches what serves, in words: `canary 10 %`. Default: empty, it has no
        rollout of its own."""
        return ""

    def resource(self, place: Place) -> tuple[str, str] | None:
        """The Terraform type that stands for it in the state of its layer, and its name there;
        None where Terraform does not make it."""
        raise NotImplementedError

    def images(self) -> Iterator[Image | str]:
        """The container images that serve: of the environment's registry, or by URI.

        AWS's own containers and the images of model packages are not among them.
        """
        raise NotImplementedError

    def helpers(self) -> Iterator[Image | str]:
        """Images that only prepare it, such as the loader of an artifact. Default: none."""
        yield from ()

    def loads(self) -> Iterator[str]:
        """The model artifacts that it loads: S3 URIs, or keys in the artifact bucket."""
        raise NotImplementedError

    def release(self) -> Iterator[tuple[SpecPath, str | None]]:
        """What a promotion copies: each value that names a version, by its path in the Spec."""
        for path, spec in (((), self), *walk(self)):
            if isinstance(spec, Versioned):
                for name, value in spec.versions():
                    yield (*path, name), value

    def platform(self, place: Place) -> Platform | None:
        """What its image is built for; None where its compute does not say."""
        raise NotImplementedError

    def is_led_out(self, place: Place) -> bool:
        """Whether its own security group or network policy lets its containers out to the
        internet, by a NAT if there is one. Default: no."""
        return False

    def scalings(self) -> Iterator[Scalable]:
        """What of it scales. Default: nothing."""
        yield from ()

    def copies(self) -> Amount | None:
        """How many instances, tasks or pods it has while it serves. Default: None, it has none to
        count."""
        return None

    def shares(self) -> Mapping[str, float]:
        """The share of the traffic of each of its variants, of 1. Default: empty, it has one only."""
        return {}

    def watched(self, place: Place) -> Iterator[Watched]:
        """What CloudWatch has of each part of it; what publishes is declared in
        `inferform.alarms.published`. Default: nothing."""
        yield from ()

    def log_groups(self, place: Place) -> Iterator[str]:
        """The log groups that its containers write to, by name. Default: none."""
        yield from ()

    @property
    def told_by(self) -> frozenset[Teller]:
        """The services that tell EventBridge of its rollbacks and failed updates. Default: none."""
        return frozenset()

    def alarms_used(self, place: Place) -> Iterator[Usage]:
        """The alarms of its rollouts and policies, by the metrics that they look at. Default: those
        of its policies, which EKS has in the cluster."""
        if self.scales is not None and self.scales.namespace != "kubernetes":
            for each in self.scalings():
                yield from each.scaling.alarms(self.scales)

    def run_parts(self) -> Iterator[RunPart]:
        """What one run of it asks for, of what runs again and again. Default: nothing, it serves."""
        yield from ()

    def starts_at(self, place: Place) -> Iterator[Start]:
        """The schedules that start it. Default: none."""
        yield from ()

    def scaling_problems(self, scaling: Scaling) -> Iterator[Problem]:
        """What is wrong with another Scaling on what scales here."""
        assert self.scales is not None
        return scaling.problems_for(self.scales)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a Spec stands: its path and short name, and the environment that it belongs to."""

    path: SpecPath
    environment: Environment

    @property
    def name(self) -> str:
        """The name that people gave it; empty for a layer."""
        return str(self.path[-1]) if self.path else ""

    @property
    def group(self) -> str:
        """The group of its layer that it is in; empty where the layer has none."""
        grouped = self.path and isinstance(getattr(self.environment, str(self.path[0])), dict)
        return str(self.path[1]) if grouped else ""

    @property
    def layer(self) -> str:
        """The name of the layer that it is in: `inference`, or `inference-risk` of a group."""
        return "-".join(filter(None, [str(self.path[0]), self.group]))

    def public_addresses(self, *, internal: bool) -> int:
        """How many addresses AWS gives a load balancer here: one a zone, and none to an internal one."""
        network = self.environment.network
        return 0 if internal or network is None else network.public_zones

    def __str__(self) -> str:
        return ".".join(map(str, self.path))


class Watchable(Protocol):
    """What publishes metrics and writes logs: every service, and every API in front of one."""

    sort: ClassVar[str]
    words: ClassVar[str]

    def watched(self, place: Place) -> Iterator[Watched]:
        """What CloudWatch has of each part of it."""

    def log_groups(self, place: Place) -> Iterator[str]:
        """The log groups that it writes to, by name."""

    def resource(self, place: Place) -> tuple[str, str] | None:
        """The Terraform type that stands for it in the state of its layer, and its name there; None
        where Terraform does not make it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is watched of an environment: its Spec, and where that stands."""

    place: Place
    spec: Watchable

    @property
    def name(self) -> str:
        """Its short name, which is unique in its environment for each sort."""
        return self.place.name

    @property
    def full_name(self) -> str:
        """`endpoint/fraud`: its name with its sort, which nothing else has."""
        return f"{self.spec.sort}/{self.name}"

    @property
    def resource(self) -> tuple[str, str] | None:
        """The Terraform type that stands for it in the state of its layer, and its name there;
        None where Terraform does not make it."""
        return self.spec.resource(self.place)


@dataclass(frozen=True, slots=True)
class Deployed(Subject):
    """A service of an environment."""

    spec: Service

    @property
    def platform(self) -> Platform | None:
        """What its image is built for; None where its compute does not say."""
        return self.spec.platform(self.place)


def meant(subjects: Sequence[Subject], name: str) -> list[Subject]:
    """What a name means: a service, or the API of that name where no service has it."""
    found = [each for each in subjects if name in (each.name, each.full_name)]
    services = [each for each in found if isinstance(each.spec, Service)]
    return services or found
