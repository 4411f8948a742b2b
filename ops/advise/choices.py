"""What goes with an option: containers, processors, scaling, capacity, rollouts, workflows, retraining and
releases, each situation with its answer and the numbers of a need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from inferform import (
    AllAtOnce,
    Canary,
    CapacityReservation,
    Fargate,
    FrameworkContainer,
    Image,
    InvocationsPerInstance,
    Linear,
    OnAlarm,
    OnDrift,
    OnSchedule,
    OnUpload,
    ProvisionedThroughput,
    Scaling,
    Scheduled,
    Spot,
    Step,
    StepScaling,
    TargetTracking,
)
from inferform.model.image import framework_containers
from inferform.rollouts.spec import BlueGreen
from inferform.sagemaker.guardrails import waits_seconds
from inferform.scaling.kinds import REALTIME
from inferform.spec import Spec

from ..cost.model import dollars
from ..pasted import pasted
from ..simulate import STARTUP_SECONDS
from .fleets import SAFETY, Fleet, lowest
from .market import Market, Sold
from .need import Need
from .options import hosted

TOPICS = (
    "container",
    "processor",
    "scaling",
    "capacity",
    "rollout",
    "workflow",
    "retraining",
    "releases",
)

STEADY = 0.7
"""From which share of the mean on the least hour of a load counts as steady."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One situation with its answer."""

    topic: str
    when: str
    choose: str
    because: str
    """The numbers of the need, and where today's AWS is another than it was."""

    write: str
    """The Spec to paste, or the command to run."""

    yours: bool = False
    """Whether the numbers say that the situation is the one of the need. Default: they do not tell."""


@dataclass(frozen=True, slots=True)
class _Sized:
    """The instances of a real-time endpoint for a need."""

    sold: Sold
    fleet: Fleet
    need: Need

    @property
    def most(self) -> int:
        """How many carry the top of the load."""
        return max(self.need.minimum, self.fleet.scaling.max_capacity - 1)

    @property
    def steady_usd(self) -> float:
        """What every hour spends."""
        return lowest(self.fleet, self.need.load) * self.sold.usd


def choices(need: Need, market: Market) -> list[Choice]:
    """Every situation, in the order of the topics."""
    found = hosted(need, market)
    sized = None if found is None else _Sized(*found, need)
    return [
        *_container(),
        *_processor(need, market),
        *_scaling(need, market, sized),
        *_capacity(need, market, sized),
        *_rollout(sized),
        *_workflow(market),
        *_retraining(),
        *_releases(),
    ]


def _container() -> Iterator[Choice]:
    known = framework_containers()
    version = next(reversed(known["xgboost"]["versions"]))
    container = FrameworkContainer(framework="xgboost", version=version)
    yield Choice(
        topic="container",
        when="a framework that a container of AWS has",
        choose="AWS's container",
        because=f"AWS patches it; there are {', '.join(sorted(known))}",
        write=pasted(container),
    )
    yield Choice(
        topic="container",
        when="a framework, or dependencies, that none of them has",
        choose="your own image",
        because="every option but Bedrock runs it; inferform check-container tries it first",
        write=pasted(Image(repository="model", tag="1")),
    )


def _processor(need: Need, market: Market) -> Iterator[Choice]:
    light = next(iter(market.hosting(need.on("cpu"))), None)
    rate = 10.0 if light is None else float(f"{light.serves(need.on('cpu')):.4g}")
    yield Choice(
        topic="processor",
        when="tree models: light, many requests",
        choose="CPU, scaled by requests",
        because="no type with such memory has a price"
        if light is None
        else f"{light.name} serves {rate:g} requests/s for ${light.usd:.4g} an hour",
        write=pasted(_tracking(min(rate, 100_000.0))),
        yours=not need.gpu_memory_gib,
    )
    gpu, neuron = (next(iter(market.hosting(need.on(each))), None) for each in ("gpu", "neuron"))
    said = [f"{each.name} costs ${each.usd:.4g} an hour" for each in (gpu, neuron) if each]
    yield Choice(
        topic="processor",
        when="neural networks: much to compute",
        choose="GPU, or Inferentia, scaled by utilization",
        because=f"{' and '.join(said) or 'none with such memory has a price'}; Inferentia needs a model that "
        "is compiled for AWS Neuron, and is scaled by requests",
        write="TargetTracking(metric=GpuUtilization(percent=70.0))",
        yours=bool(need.gpu_memory_gib),
    )


def _tracking(rate: float) -> TargetTracking:
    metric = InvocationsPerInstance(requests_per_second=rate, safety_factor=SAFETY)
    return TargetTracking(metric=metric)


def _scaling(need: Need, market: Market, sized: _Sized | None) -> Iterator[Choice]:
    rate = 10.0 if sized is None else min(float(f"{sized.sold.serves(need):.4g}"), 100_000.0)
    most, usd = (1, None) if sized is None else (sized.most, sized.sold.monthly)
    tracked = _tracking(rate)

    def scaling(high: int, *more: StepScaling, schedules: tuple[Scheduled, ...] = ()) -> str:
        made = Scaling(
            min_capacity=need.minimum,
            max_capacity=max(high, need.minimum),
            policies=[tracked, *more],
        )
        return pasted(made.replace(schedules=schedules) if schedules else made)

    yield Choice(
        topic="scaling",
        when="one metric is to stay steady, such as at 70%",
        choose="target tracking",
        because=f"{need.minimum} to {most + 1} instances hold 70% of what each serves",
        write=scaling(most + 1),
        yours=need.captured is None and need.shape in ("steady", "daily", "ramp"),
    )
    above = InvocationsPerInstance(requests_per_second=rate, safety_factor=1.0)
    yield Choice(
        topic="scaling",
        when="sudden spikes: a sale, a launch",
        choose="step scaling beside target tracking",
        because="target tracking waits for three minutes above its target; steps add at once",
        write=scaling(most + 1, StepScaling(metric=above, steps=[Step(lower=0, change=2)])),
        yours=need.shape == "spike",
    )
    workdays = "? * MON-FRI *"
    yield Choice(
        topic="scaling",
        when="hours that are known, such as 8 to 18 on workdays",
        choose="scheduled scaling",
        because=f"{most} instances are up before people come",
        write=scaling(
            most + 1,
            schedules=(
                Scheduled(name="morning", schedule=f"cron(30 7 {workdays})", min_capacity=most),
                Scheduled(
                    name="evening", schedule=f"cron(0 18 {workdays})", min_capacity=need.minimum
                ),
            ),
        ),
        yours=need.shape == "office-hours",
    )
    bound = f": at most {dollars(4 * most * usd)} a month" if usd is not None else ""
    yield Choice(
        topic="scaling",
        when="a load that nobody knows yet, by hand",
        choose="target tracking with a wide maximum",
        because="target tracking of today needs to know no load, and the maximum bounds the cost"
        f"{bound}; by hand is instance_count={most} without scaling, an apply for each change",
        write=scaling(4 * most),
    )
    small = market.smallest(need)
    fits = next(iter(sorted(market.hosting(need), key=lambda each: each.memory_gib)), None)
    yield Choice(
        topic="scaling",
        when="an instance is too small for one request",
        choose="vertical scaling: a larger type",
        because="no type with such memory has a price"
        if fits is None
        else f"{fits.name} ({fits.memory_gib:g} GiB) is the smallest with room for "
        f"{need.memory_gib:g} GiB"
        + (f" and {need.gpu_memory_gib:g} GiB of accelerators" if need.gpu_memory_gib else ""),
        write="" if fits is None else f'instance_type="{fits.name}"',
        yours=fits is not None and small is not None and not small.holds(need),
    )
    yield Choice(
        topic="scaling",
        when="more requests of the same size",
        choose="horizontal scaling: more instances",
        because="no type with such memory has a price"
        if sized is None
        else f"{most} x {sized.sold.name} carry {need.peak:.4g} requests/s",
        write=scaling(most + 1),
        yours=most > 1,
    )


def _capacity(need: Need, market: Market, sized: _Sized | None) -> Iterator[Choice]:
    mean = 0.0 if sized is None else sized.steady_usd
    yield Choice(
        topic="capacity",
        when="steady use for one to three years",
        choose="a Savings Plan",
        because=f"every hour of this load spends {dollars(mean)} on instances, and no more is to be committed; "
        "Reserved Instances are EC2's alone, and nothing is bought by an apply",
        write="inferform cost ENV --load load.toml --commitment 30",
        yours=min(need.load.rates) >= STEADY * need.mean > 0,
    )
    yield Choice(
        topic="capacity",
        when="training that may be interrupted",
        choose="Spot, with checkpoints",
        because="an interrupted training continues from its checkpoint; AWS says up to 90% off, and promises "
        "nothing",
        write=pasted(Spot(max_wait_seconds=7200)),
    )
    said = [
        f"a vCPU of Fargate Spot costs ${spot.usd:.4g} an hour{_between(spot.bounds)}, On-Demand "
        f"${full.usd:.4g}"
        for spot, full in [
            (market.found("fargate-spot/x86_64/vcpu"), market.found("fargate/x86_64/vcpu"))
        ]
        if spot and full
    ]
    yield Choice(
        topic="capacity",
        when="batch and services that may be interrupted",
        choose="Spot of ECS and EKS",
        because="; ".join([*said, "endpoints and batch transforms of SageMaker have no Spot"]),
        write=pasted(Fargate(cpu=1024, memory_mib=2048, spot_weight=3)),
        yours=need.latency_ms is None and need.runs_per_month is not None,
    )
    model = f"arn:aws:bedrock:{market.region}::foundation-model/amazon.nova-lite-v1:0"
    yield Choice(
        topic="capacity",
        when="guaranteed throughput of a foundation model",
        choose="ProvisionedThroughput of Bedrock",
        because="model units by the hour, without or with a commitment that no destroy ends; no price of one "
        "is known here",
        write=pasted(ProvisionedThroughput(model_arn=model, model_units=1)),
        yours=need.platform == "foundation",
    )
    if sized is None:
        return
    kind = sized.sold.name.removeprefix("ml.")
    price = market.found(f"ec2/{kind}")
    paid = "" if price is None else f", {dollars(price.monthly)} a month for one {kind}"
    yield Choice(
        topic="capacity",
        when="guaranteed capacity for critical work",
        choose="a reservation: MlReservation for endpoints, CapacityReservation under ECS and EKS",
        because=f"paid whether it is used or not{paid}",
        write=pasted(CapacityReservation(instances={f"{market.region}a": sized.most})),
    )


def _between(bounds: tuple[float, float] | None) -> str:
    return "" if bounds is None else f" (estimated, {bounds[0]:.4g} to {bounds[1]:.4g})"


def _rollout(sized: _Sized | None) -> Iterator[Choice]:
    for when, choose, rollout in (
        ("instant rollback, at double cost for a while", "blue/green, all at once", AllAtOnce()),
        ("a model that has to prove itself, with alarms", "canary", Canary()),
        ("steps that can be predicted", "linear", Linear()),
    ):
        yield Choice(
            topic="rollout",
            when=when,
            choose=choose,
            because=_second_fleet(rollout, sized),
            write=pasted(rollout),
        )


def _second_fleet(rollout: BlueGreen, sized: _Sized | None) -> str:
    minutes = (STARTUP_SECONDS[REALTIME] + waits_seconds(rollout)) / 60
    said = f"a second fleet for about {minutes:.0f} minutes"
    if sized is None:
        return said
    usd = sized.most * sized.sold.usd * minutes / 60
    return (
        f"{said}, {dollars(usd)} a release at the top of the load; an alarm takes it back by itself"
    )


def _workflow(market: Market) -> Iterator[Choice]:
    yield Choice(
        topic="workflow",
        when="steps within SageMaker",
        choose="SageMaker Pipelines",
        because="they cost nothing of their own: the jobs are paid",
        write='Training(pipelines={"fraud": Pipeline(...)})',
    )
    airflow = market.found("mwaa/environment/small")
    paid = (
        ""
        if airflow is None
        else f" costs {dollars(airflow.monthly)} a month before its workers, used or not, and"
    )
    yield Choice(
        topic="workflow",
        when="many services, and third parties",
        choose="Airflow (MWAA)",
        because=f"its smallest priced environment{paid} starts what Training makes by its DAGs. Step "
        "Functions do the same within AWS, by the transition",
        write='AirflowEnvironment(airflow_version="2.11.0", training_dags={...})',
    )
    yield Choice(
        topic="workflow",
        when="declarative templates to share",
        choose="CloudFormation",
        because="anybody applies a template as it is; what is synthesized here is Terraform's JSON, a template "
        "too, which any Terraform applies",
        write="python main.py",
    )
    yield Choice(
        topic="workflow",
        when="loops, conditions and tests",
        choose="a program: CDKTF, as here",
        because="environments are typed Python, checked before Terraform runs",
        write="docs/program.md",
    )


def _retraining() -> Iterator[Choice]:
    found: tuple[tuple[str, str, str, Spec], ...] = (
        ("every night", "a schedule", "", OnSchedule(schedule="cron(0 2 * * ? *)")),
        ("when data arrives", "an event of S3", "", OnUpload(prefix="data/")),
        (
            "when drift is seen",
            "a drift monitor",
            "SageMaker's Model Monitor is closed to new customers since 2026-07-30: a DriftMonitor runs the job",
            OnDrift(monitor="fraud"),
        ),
        (
            "when accuracy falls",
            "an evaluation, whose alarm starts it",
            "labels come late: the evaluation of a run keeps a worse model out in any case",
            OnAlarm(alarm="fraud-accuracy"),
        ),
    )
    for when, choose, because, trigger in found:
        yield Choice(
            topic="retraining",
            when=when,
            choose=choose,
            because=because or "a trigger of Retraining",
            write=pasted(trigger),
        )


def _releases() -> Iterator[Choice]:
    yield Choice(
        topic="releases",
        when="one line of work, released as it is merged",
        choose="GitHub Flow: a branch to main",
        because="a review at each pull request, an apply at each merge",
        write="inferform init DIR --ci github",
    )
    yield Choice(
        topic="releases",
        when="releases with versions, and hotfixes beside them",
        choose="Gitflow: develop, release, hotfix",
        because="a stage for each long branch; inferform promote carries what was tested, and its images are "
        "not built again",
        write="inferform init DIR --stage dev --stage staging --stage prod",
    )
