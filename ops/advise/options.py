"""AWS's ways to serve a model: whether each fits, its cold start, cost, scaling and Spec."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from inferform import (
    AsyncEndpoint,
    BatchTransform,
    Component,
    Ec2,
    EcsService,
    EksService,
    Fargate,
    Image,
    InferenceComponentEndpoint,
    InferenceProfile,
    LambdaFunction,
    Model,
    MultiModel,
    MultiModelEndpoint,
    OnSchedule,
    PipelineEndpoint,
    Pod,
    RealtimeEndpoint,
    Route,
    ServerlessEndpoint,
    SpecError,
)
from inferform.fargate import fargate_size
from inferform.rules import Problem
from inferform.scaling.kinds import (
    ASYNCHRONOUS,
    COMPONENT,
    ECS_SERVICE,
    POD,
    REALTIME,
    Kind,
)
from inferform.spec import Spec

from ..cost.model import HOURS_PER_MONTH, dollars
from ..pasted import pasted
from ..simulate import STARTUP_SECONDS
from . import limits
from .fleets import Fleet, Measure, calculated, fleet, simulated
from .market import SAFE_SHARE, Market, Sold
from .need import SECONDS_PER_MONTH, Need

Verdict = Literal["fits", "fits if", "does not"]

_IMAGE = Image(repository="model", tag="1")
_MODEL = Model(image=_IMAGE, artifact="model/1/model.tar.gz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One way to serve a model, judged for one need."""

    name: str
    verdict: Verdict
    why: tuple[str, ...] = ()
    """What it needs where it fits if, and what keeps it from fitting where it does not."""

    cold_start: str = "none"
    """How long a first request waits."""

    monthly: float | None = None
    """USD; None where it does not fit, or a price is not known."""

    of: str = ""
    """What that is for."""

    scaling: str = ""
    """How it follows the load."""

    spec: str = ""
    """The Spec to paste; empty where it does not fit, or Inferform does not make it."""

    @property
    def is_cold(self) -> bool:
        """Whether it fits, and a first request waits."""
        return self.verdict != "does not" and self.cold_start != "none"


def _said(problem: Problem) -> str:
    """A problem of a Spec in short: the field, what is wrong, and the rule."""
    wrong = problem.text.partition("; ")[0]
    got = f", got {problem.got}" if isinstance(problem.got, int | float | str) else ""
    return f"{problem.where} {wrong}{got} (rule {problem.rule})"


@dataclass(slots=True)
class _Case:
    """An option while it is judged."""

    need: Need
    market: Market
    measure: Measure
    ifs: list[str] = field(default_factory=list)
    nots: list[str] = field(default_factory=list)

    def limit(self, limit: limits.Limit, value: float, what: str) -> None:
        """Refuse what is above a limit."""
        if said := limit.exceeded(value, what):
            self.nots.append(said)

    def made(self, make: Callable[[], Spec]) -> Spec | None:
        """A Spec; where its own rules refuse it, they say why it does not fit."""
        try:
            return make()
        except SpecError as error:
            self.nots += [_said(problem) for problem in error.problems]
            return None

    def option(
        self,
        name: str,
        *,
        spec: Spec | None = None,
        monthly: float | None = None,
        of: str = "",
        cold_start: str = "none",
        scaling: str = "",
    ) -> Option:
        """The judgment."""
        fits = not self.nots
        return Option(
            name=name,
            verdict="does not" if self.nots else "fits if" if self.ifs else "fits",
            why=tuple(self.nots or self.ifs),
            cold_start=cold_start,
            monthly=monthly if fits else None,
            of=of if fits else "",
            scaling=scaling if fits else "",
            spec=pasted(spec) if fits and spec is not None else "",
        )

    def cold(self, what: str) -> None:
        """Where callers wait for an answer, a cold start is a condition."""
        if self.need.latency_ms is not None:
            self.ifs.append(f"callers bear it that a first request after a pause waits {what}")

    def elsewhere(self, platform: str, words: str) -> None:
        """Options of a platform are for those who are there already."""
        if self.need.platform != platform:
            self.ifs.append(words)

    def unless_there(self) -> None:
        """A team with a platform of its own leaves it only for a reason."""
        if self.need.platform is not None:
            words = {
                "containers": "the model need not run beside your other containers",
                "kubernetes": "it need not run on Kubernetes, nor be portable",
                "devices": "the devices reach AWS",
                "foundation": "you bring a model of your own",
            }
            self.ifs.append(words[self.need.platform])

    def no_neuron(self, units: str) -> None:
        """Specs of ECS and EKS give nothing but GPUs."""
        if self.need.processor == "neuron":
            self.nots.append(f"{units} are given GPUs here, and no Neuron devices")

    def one_container(self) -> None:
        """What has one container does every step in it."""
        if self.need.steps > 1:
            self.ifs.append(f"one container does all {self.need.steps} steps")

    def answers(self, option: str, *, stored: bool) -> None:
        """Somebody who waits gets no answer that is put down in S3."""
        if stored and self.need.latency_ms is not None:
            self.nots.append(
                f"{option} writes its answer into S3, and callers want it in "
                f"{self.need.latency_ms:g} ms"
            )
        elif self.need.latency_ms is not None and self.need.seconds * 1000 > self.need.latency_ms:
            self.nots.append(
                f"the model itself takes {self.need.seconds * 1000:g} ms, and callers want "
                f"{self.need.latency_ms:g}"
            )

    def hosted(self) -> Sold | None:
        """The SageMaker type that serves the load for the least money."""
        return self.best(self.market.hosting(self.need), REALTIME, "a SageMaker hosting type")

    def best(
        self, sold: list[Sold], kind: Kind, words: str, need: Need | None = None
    ) -> Sold | None:
        """The type whose fleet costs least; None, with the reason, where none has the room."""
        need = need or self.need
        if not sold:
            memory = f"{need.memory_gib:g} GiB of memory"
            devices = "Neuron devices" if need.neuron else "GPUs"
            accelerator = (
                f" and {need.gpu_memory_gib:g} GiB of {devices}" if need.gpu_memory_gib else ""
            )
            self.nots.append(
                f"{words} with {memory}{accelerator} and a price is not known in {self.market.region}"
            )
            return None
        # The types with the lowest prices for what they serve hold the cheapest fleet.
        likely = sorted(sold, key=lambda each: each.usd / each.serves(need))[:8] + sold[:8]
        return min(likely, key=lambda each: (_fleet_usd(each, need, kind), each.name))


def hosted(need: Need, market: Market) -> tuple[Sold, Fleet] | None:
    """The type and the fleet of a real-time endpoint; None where no type has the room, or no scaling
    takes so many."""
    sold = _Case(need, market, calculated).hosted()
    try:
        return None if sold is None else (sold, fleet(need, REALTIME, sold.serves(need)))
    except SpecError:
        return None


def _fleet_usd(sold: Sold, need: Need, kind: Kind) -> float:
    """What a fleet of a type costs an hour; infinite where its scaling cannot be written."""
    try:
        made = fleet(need, kind, sold.serves(need))
    except SpecError:
        return math.inf
    return calculated(made, need.load) * sold.usd


def _data(case: _Case) -> float:
    """Data in and out of endpoints, where its price is known."""
    return case.need.gigabytes * (case.market.price("sagemaker/data") or 0.0)


def _follows(fleet: Fleet) -> str:
    return pasted(fleet.scaling)


def realtime(case: _Case) -> Option:
    """A real-time endpoint."""
    need = case.need
    case.limit(limits.REALTIME_MB, need.payload_mb, "requests of")
    case.limit(limits.REALTIME_SECONDS, need.seconds, "answers after")
    case.answers("a real-time endpoint", stored=False)
    case.unless_there()
    case.one_container()
    each = need.at(need.peak / need.models) if need.models > 1 else need
    sold = case.hosted()
    if sold is None:
        return case.option("real-time")
    made = fleet(each, REALTIME, sold.serves(need))
    spec = case.made(
        lambda: RealtimeEndpoint(model=_MODEL, instance_type=sold.name, scaling=made.scaling)
    )
    units = case.measure(made, each.load) * need.models
    return case.option(
        "real-time",
        spec=spec,
        monthly=units * sold.monthly + _data(case),
        of=f"{units:.2f} x {sold.name} on average",
        scaling=_follows(made),
    )


def serverless(case: _Case) -> Option:
    """A serverless endpoint for each model."""
    need = case.need
    case.limit(limits.SERVERLESS_MB, need.payload_mb, "requests of")
    case.limit(limits.SERVERLESS_SECONDS, need.seconds, "answers after")
    case.limit(limits.SERVERLESS_ENDPOINTS, need.models, "needs")
    case.answers("a serverless endpoint", stored=False)
    if need.gpu_memory_gib:
        case.nots.append("serverless inference has no GPUs (SageMaker developer guide)")
    case.cold("seconds, with a large image up to a minute")
    case.unless_there()
    case.one_container()
    memory = 1024 * max(1, math.ceil(need.memory_gib))
    # As many at once as are in work at the top, and no fewer than one.
    at_once = max(1, math.ceil(need.peak / need.models * need.seconds))
    model = Model(image=_IMAGE, artifact=_MODEL.artifact, network_isolation=False)
    if need.architecture == "arm64":
        case.nots.append("serverless inference runs images for x86_64 (SageMaker developer guide)")
    spec = case.made(
        lambda: ServerlessEndpoint(model=model, memory_mib=memory, max_concurrency=at_once)
    )
    rate = case.market.price("sagemaker/serverless/gb-second")
    seconds = need.requests * need.seconds
    monthly = None if rate is None else seconds * memory / 1024 * rate + _data(case)
    return case.option(
        "serverless",
        spec=spec,
        monthly=monthly,
        of=f"{seconds:,.0f} s of {memory // 1024} GB; no price of its provisioned concurrency is known",
        cold_start="seconds; none with provisioned concurrency",
        scaling="itself, up to max_concurrency",
    )


def asynchronous(case: _Case) -> Option:
    """An asynchronous endpoint that goes to zero."""
    need = case.need
    case.limit(limits.ASYNCHRONOUS_MB, need.payload_mb, "requests of")
    case.limit(limits.ASYNCHRONOUS_SECONDS, need.seconds, "answers after")
    case.answers("an asynchronous endpoint", stored=True)
    case.unless_there()
    case.one_container()
    sold = case.hosted()
    if sold is None:
        return case.option("asynchronous")
    made = fleet(need, ASYNCHRONOUS, sold.serves(need), to_zero=True)
    spec = case.made(
        lambda: AsyncEndpoint(model=_MODEL, instance_type=sold.name, scaling=made.scaling)
    )
    usd = case.market.price(f"sagemaker/async/{sold.name}")
    units = 0.0 if case.nots else case.measure(made, need.load)
    return case.option(
        "asynchronous",
        spec=spec,
        monthly=None if usd is None else units * usd * HOURS_PER_MONTH + _data(case),
        of=f"{units:.2f} x {sold.name} on average",
        cold_start=f"about {STARTUP_SECONDS[ASYNCHRONOUS] // 60} minutes from zero",
        scaling=_follows(made),
    )


def batch(case: _Case) -> Option:
    """A batch transform that runs so often."""
    need = case.need
    case.limit(limits.BATCH_SECONDS, need.seconds, "answers after")
    case.answers("a batch transform", stored=True)
    case.unless_there()
    case.one_container()
    if need.runs_per_month is None:
        case.ifs.append("the requests can be collected and scored at once, such as nightly")
    sold = case.hosted()
    if sold is None:
        return case.option("batch transform")
    runs = need.runs_per_month or HOURS_PER_MONTH / 24
    spec = case.made(
        lambda: BatchTransform(
            model=_MODEL,
            instance_type=sold.name,
            max_payload_mb=max(1, math.ceil(need.payload_mb)),
            trigger=OnSchedule(schedule="cron(0 2 1 * ? *)" if runs < 2 else "rate(1 day)"),
        )
    )
    usd = case.market.price(f"sagemaker/transform/{sold.name}")
    hours = need.requests / sold.serves(need) / 3600 + runs * STARTUP_SECONDS[ASYNCHRONOUS] / 3600
    return case.option(
        "batch transform",
        spec=spec,
        monthly=None if usd is None else hours * usd,
        of=f"{runs:.3g} runs, {hours:,.1f} hours of {sold.name}",
        cold_start="minutes until a job starts",
        scaling="none: each run starts the instances that are written",
    )


def multi_model(case: _Case) -> Option:
    """Many models behind one endpoint."""
    need = case.need
    case.limit(limits.REALTIME_MB, need.payload_mb, "requests of")
    case.limit(limits.REALTIME_SECONDS, need.seconds, "answers after")
    case.answers("a multi-model endpoint", stored=False)
    case.unless_there()
    case.one_container()
    if need.models == 1:
        case.ifs.append("there are several models of one framework")
    if need.processor == "neuron":
        case.nots.append("multi-model endpoints run on CPUs and GPUs (SageMaker developer guide)")
    # Rule MME2: they use one GPU.
    single = [each for each in case.market.hosting(need) if each.gpus <= 1]
    sold = case.best(single, REALTIME, "a SageMaker hosting type for many models")
    if sold is None:
        return case.option("multi-model")
    made = fleet(need, REALTIME, sold.serves(need))
    spec = case.made(
        lambda: MultiModelEndpoint(
            model=MultiModel(image=_IMAGE, artifacts="models/"),
            instance_type=sold.name,
            scaling=made.scaling,
        )
    )
    units = case.measure(made, need.load)
    return case.option(
        "multi-model",
        spec=spec,
        monthly=units * sold.monthly + _data(case),
        of=f"{units:.2f} x {sold.name} on average for all models",
        cold_start="a model's first request loads it",
        scaling=_follows(made),
    )


def multi_container(case: _Case) -> Option:
    """Containers in a row on one endpoint."""
    need = case.need
    case.limit(limits.REALTIME_MB, need.payload_mb, "requests of")
    case.limit(limits.REALTIME_SECONDS, need.seconds, "answers after")
    case.answers("a multi-container endpoint", stored=False)
    case.unless_there()
    sold = case.hosted()
    if sold is None:
        return case.option("multi-container")
    made = fleet(need, REALTIME, sold.serves(need))
    spec = case.made(
        lambda: PipelineEndpoint(
            containers=[_MODEL] * need.steps, instance_type=sold.name, scaling=made.scaling
        )
    )
    units = case.measure(made, need.load)
    return case.option(
        "multi-container",
        spec=spec,
        monthly=units * sold.monthly + _data(case),
        of=f"{units:.2f} x {sold.name} on average",
        scaling=_follows(made),
    )


_PLACED = 200


def components(case: _Case) -> Option:
    """Inference components that share instances."""
    need = case.need
    case.limit(limits.REALTIME_MB, need.payload_mb, "requests of")
    case.limit(limits.REALTIME_SECONDS, need.seconds, "answers after")
    case.answers("an inference component", stored=False)
    case.unless_there()
    case.one_container()
    if need.models == 1 and not need.sleeps:
        case.ifs.append("several models are to share instances, or to go to zero at times")
    if need.sleeps:
        case.cold("about 5 minutes, and fails until then")
    sold = case.hosted()
    if sold is None:
        return case.option("components")
    made = fleet(need, COMPONENT, sold.serves(need), to_zero=need.sleeps)
    # As many instances as all models take at once.
    packed = math.ceil(need.models * need.memory_gib / (sold.memory_gib * SAFE_SHARE))
    if need.gpu_memory_gib:
        room = max(1, int(sold.gpu_memory_gib // need.gpu_memory_gib))
        packed = max(packed, math.ceil(need.models / min(room, sold.gpus)))
    asked: dict[str, float] = (
        {"accelerators": max(1, sold.gpus)} if need.gpu_memory_gib else {"cpu_cores": need.cores}
    )
    spec = None
    # Its Spec places every copy, which takes long for thousands of them.
    if made.scaling.max_capacity <= _PLACED:
        spec = case.made(
            lambda: InferenceComponentEndpoint(
                instance_type=sold.name,
                min_instances=0 if need.sleeps else 1,
                max_instances=max(packed, made.scaling.max_capacity),
                components={
                    "model": Component(
                        model=_MODEL,
                        scaling=made.scaling,
                        **_resources(need, asked),
                    )
                },
            )
        )
    # Where few requests come, an instance is up as long as any do.
    units = max(case.measure(made, need.load), packed * (need.awake if need.sleeps else 1.0))
    return case.option(
        "components",
        spec=spec,
        monthly=units * sold.monthly + _data(case),
        of=f"{units:.2f} x {sold.name} on average",
        cold_start="about 5 minutes from zero" if need.sleeps else "none",
        scaling=_follows(made),
    )


def _resources(need: Need, asked: dict[str, float]) -> dict[str, Any]:
    return {**asked, "min_memory_mib": max(128, math.ceil(need.memory_gib * 1024))}


def functions(case: _Case) -> Option:
    """A Lambda function with the model in its image."""
    need = case.need
    case.limit(limits.LAMBDA_MB, need.payload_mb, "requests of")
    case.answers("a function", stored=False)
    if need.gpu_memory_gib:
        case.nots.append("AWS Lambda has no GPUs (AWS Lambda developer guide)")
    if not need.event_driven:
        case.ifs.append("the model runs in an image with Lambda's runtime interface")
    case.cold("seconds")
    case.unless_there()
    case.one_container()
    # A vCPU for each 1,769 MiB; the memory is what is paid for.
    memory = max(128, math.ceil(need.memory_gib * 1024), math.ceil(min(6.0, need.cores) * 1769))
    spec = case.made(
        lambda: LambdaFunction(
            model=Model(image=_IMAGE),
            memory_mib=memory,
            architecture="ARM64" if need.architecture == "arm64" else "X86_64",
            timeout_seconds=max(1, math.ceil(2 * need.seconds))
            if 2 * need.seconds <= 900
            else math.ceil(need.seconds),
        )
    )
    by_size = case.market.price(f"lambda/{need.architecture}/gb-second")
    by_request = case.market.price("lambda/request")
    seconds = need.requests * need.seconds
    monthly = (
        None
        if by_size is None or by_request is None
        else seconds * memory / 1024 * by_size + need.requests * by_request
    )
    return case.option(
        "Lambda",
        spec=spec,
        monthly=monthly,
        of=f"{seconds:,.0f} s of {memory / 1024:.3g} GB{_kept_warm(case, memory / 1024)}",
        cold_start="seconds; none with provisioned concurrency",
        scaling="itself",
    )


def _kept_warm(case: _Case, gigabytes: float) -> str:
    """What a function costs whose provisioned concurrency carries the top of the load."""
    need, price = case.need, case.market.price
    prices = [
        price(f"lambda/{need.architecture}/provisioned-gb-second"),
        price(f"lambda/{need.architecture}/provisioned-duration-gb-second"),
        price("lambda/request"),
    ]
    if None in prices:
        return ""
    kept, worked, request = (each or 0.0 for each in prices)
    at_once = max(1, math.ceil(round(need.peak * need.seconds, 9)))
    usd = (
        at_once * gigabytes * SECONDS_PER_MONTH * kept
        + need.requests * need.seconds * gigabytes * worked
        + need.requests * request
    )
    return f"; {dollars(usd)} with {at_once} kept warm, which have no cold start"


def _spot(case: _Case, units: float, vcpu: float, gib: float) -> str:
    """What so many tasks cost on Fargate Spot, which AWS may take back."""
    by_cpu, by_memory = (
        case.market.found(f"fargate-spot/{case.need.architecture}/{each}")
        for each in ("vcpu", "gib")
    )
    if by_cpu is None or by_memory is None:
        return ""
    usd = units * HOURS_PER_MONTH * (vcpu * by_cpu.usd + gib * by_memory.usd) + _balancer(case)
    estimated = ", by an estimate of its price" if by_cpu.bounds or by_memory.bounds else ""
    return f"; {dollars(usd)} on Fargate Spot{estimated}"


def _balancer(case: _Case) -> float:
    """A load balancer with its capacity units: the larger of data and connections, with one
    connection a request."""
    hour = case.market.price("elb/application") or 0.0
    unit = case.market.price("elb/application-lcu") or 0.0
    need = case.need
    units = max(need.gigabytes / HOURS_PER_MONTH, need.mean / 25)
    return HOURS_PER_MONTH * (hour + units * unit)


_CONTAINERS = "you run containers already, or want to: you patch and watch them yourself"


def fargate(case: _Case) -> Option:
    """Tasks of ECS on Fargate."""
    need = case.need
    case.answers("a service", stored=False)
    case.elsewhere("containers", _CONTAINERS)
    if need.gpu_memory_gib:
        case.nots.append("Fargate has no GPUs (Amazon ECS developer guide)")
    cpu, memory = fargate_size(need.cores * 1024, need.memory_gib * 1024)
    if memory < need.memory_gib * 1024 or cpu < need.cores * 1024:
        case.nots.append(
            f"a task takes {need.cores:g} vCPU and {need.memory_gib:g} GiB, and the largest has "
            f"{cpu // 1024} and {memory // 1024} (rule ECS1)"
        )
    serves = max(1.0, cpu / 1024 / need.cores) / need.seconds
    each = need.at(need.peak / need.models)
    made = fleet(each, ECS_SERVICE, serves)
    spec = case.made(
        lambda: EcsService(
            model=Model(image=_IMAGE),
            compute=Fargate(
                cpu=cast("Any", cpu),
                memory_mib=memory,
                architecture="ARM64" if need.architecture == "arm64" else "X86_64",
            ),
            route=Route(load_balancer="main", paths=["/model/*"]),
            scaling=made.scaling,
        )
    )
    by_cpu = case.market.price(f"fargate/{need.architecture}/vcpu")
    by_memory = case.market.price(f"fargate/{need.architecture}/gib")
    units = case.measure(made, each.load) * need.models
    monthly = (
        None
        if by_cpu is None or by_memory is None
        else units * HOURS_PER_MONTH * (cpu / 1024 * by_cpu + memory / 1024 * by_memory)
        + _balancer(case)
    )
    return case.option(
        "ECS on Fargate",
        spec=spec,
        monthly=monthly,
        of=f"{units:.2f} tasks of {cpu / 1024:g} vCPU and {memory / 1024:g} GiB on average, and a "
        f"load balancer{_spot(case, units, cpu / 1024, memory / 1024)}",
        cold_start="none",
        scaling=_follows(made),
    )


def ecs_on_ec2(case: _Case) -> Option:
    """Tasks of ECS on instances."""
    need = case.need
    case.answers("a service", stored=False)
    case.elsewhere("containers", _CONTAINERS)
    case.no_neuron("tasks")
    sold = case.best(case.market.ec2(need), ECS_SERVICE, "an EC2 type")
    if sold is None:
        return case.option("ECS on EC2")
    each = need.at(need.peak / need.models)
    made = fleet(each, ECS_SERVICE, sold.serves(need))
    spec = case.made(
        lambda: EcsService(
            model=Model(image=_IMAGE),
            compute=Ec2(
                capacity="models",
                memory_mib=math.ceil(need.memory_gib * 1024),
                gpus=1 if need.gpu_memory_gib else 0,
            ),
            route=Route(load_balancer="main", paths=["/model/*"]),
            scaling=made.scaling,
        )
    )
    units = case.measure(made, each.load) * need.models
    return case.option(
        "ECS on EC2",
        spec=spec,
        monthly=units * sold.monthly + _balancer(case),
        of=f"{units:.2f} x {sold.name} on average, and a load balancer",
        cold_start="none",
        scaling=_follows(made),
    )


def eks(case: _Case) -> Option:
    """Pods of EKS on nodes."""
    need = case.need
    case.answers("a service", stored=False)
    case.elsewhere(
        "kubernetes", "it needs Kubernetes, or has to be portable: you run and upgrade a cluster"
    )
    case.no_neuron("pods")
    sold = case.best(case.market.ec2(need), POD, "an EC2 type")
    if sold is None:
        return case.option("EKS")
    each = need.at(need.peak / need.models)
    made = fleet(each, POD, sold.serves(need))
    spec = case.made(
        lambda: EksService(
            model=Model(image=_IMAGE),
            compute=Pod(
                vcpu=need.cores,
                memory_mib=math.ceil(need.memory_gib * 1024),
                gpus=1 if need.gpu_memory_gib else 0,
            ),
            scaling=made.scaling,
        )
    )
    cluster = case.market.price("eks/cluster")
    units = case.measure(made, each.load) * need.models
    return case.option(
        "EKS",
        spec=spec,
        monthly=None
        if cluster is None
        else units * sold.monthly + cluster * HOURS_PER_MONTH + _balancer(case),
        of=f"a cluster, {units:.2f} x {sold.name} on average, and a load balancer",
        cold_start="none",
        scaling=_follows(made),
    )


def bedrock(case: _Case) -> Option:
    """A foundation model of Amazon Bedrock."""
    case.elsewhere("foundation", "a foundation model of Bedrock does it: no container of your own")
    if case.need.platform not in (None, "foundation"):
        case.unless_there()
    model = f"arn:aws:bedrock:{case.market.region}::foundation-model/amazon.nova-lite-v1:0"
    return case.option(
        "Bedrock",
        spec=case.made(lambda: InferenceProfile(copy_from=model)),
        of="by token, or by the hour of a model unit; no price of either is known here",
        scaling="itself; ProvisionedThroughput for a guaranteed rate, paid by the hour",
    )


def edge(case: _Case) -> Option:
    """On devices."""
    case.elsewhere(
        "devices",
        "it runs on your own devices, with little or no connection: AWS IoT Greengrass brings a "
        "compiled model there (SageMaker Edge Manager ended on 2024-04-26)",
    )
    return case.option("edge", of="your devices", scaling="none")


_BY_NAME = {
    "real-time": realtime,
    "serverless": serverless,
    "asynchronous": asynchronous,
    "batch transform": batch,
    "multi-model": multi_model,
    "multi-container": multi_container,
    "components": components,
    "Lambda": functions,
    "ECS on Fargate": fargate,
    "ECS on EC2": ecs_on_ec2,
    "EKS": eks,
    "Bedrock": bedrock,
    "edge": edge,
}
NAMES = tuple(_BY_NAME)

_ORDER: dict[Verdict, int] = {"fits": 0, "fits if": 1, "does not": 2}


def judge(name: str, need: Need, market: Market, measure: Measure = simulated) -> Option:
    """One option."""
    case = _Case(need, market, measure)
    try:
        return _BY_NAME[name](case)
    except SpecError as error:
        # No fleet of it can be written, such as one of more instances than scaling takes.
        case.nots += [_said(problem) for problem in error.problems]
        return case.option(name)


def judged(need: Need, market: Market, measure: Measure = simulated) -> list[Option]:
    """Every option: those that fit first, each sort with the cheapest first."""
    found = [judge(name, need, market, measure) for name in NAMES]
    return sorted(
        found, key=lambda each: (_ORDER[each.verdict], each.monthly is None, each.monthly or 0.0)
    )
