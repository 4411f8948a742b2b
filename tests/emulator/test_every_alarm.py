"""Each default alarm of every kind of service fires at bad values, and at good ones it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from inferform import (
    Adapter,
    AirflowEnvironment,
    Apis,
    AsyncEndpoint,
    AutoMode,
    Component,
    Context,
    CpuUtilization,
    EcsCluster,
    EcsService,
    EksCluster,
    EksService,
    Environment,
    Fargate,
    GpuNodePool,
    HttpApi,
    HttpRoute,
    Image,
    Inference,
    InferenceComponentEndpoint,
    Kubernetes,
    LambdaFunction,
    LoadBalancer,
    Model,
    ModelMonitor,
    Network,
    Observability,
    Pod,
    RealtimeEndpoint,
    Registry,
    Repository,
    RestApi,
    RestRoute,
    Route,
    Scaling,
    ServerlessEndpoint,
    ServiceAlarms,
    TargetTracking,
    Throttle,
)
from inferform.alarms.published import KNOWN
from inferform.eks.spec import Addon
from inferform.observability.alarms import Alarm, find_alarms
from tests.specs.kinds import observed, watchable

Client = Callable[..., Any]

START = 1_900_000_800
"""A minute, and an hour, in which the feeding begins."""

CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
MODEL = Model(image=Image(repository="fraud", tag="1"))
SLOW = Throttle(requests_per_second=10, burst=20)


def every_kind() -> Environment:
    scaling = Scaling(max_capacity=3, policies=[TargetTracking(metric=CpuUtilization(percent=60))])
    return Environment(
        context=Context(
            organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
        ),
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        ecs=EcsCluster(load_balancers={"internal": LoadBalancer(certificate=CERTIFICATE)}),
        inference=Inference(
            endpoints={
                "gpu": RealtimeEndpoint(
                    model=MODEL, instance_type="ml.g5.12xlarge", scaling=scaling
                ),
                "late": AsyncEndpoint(model=MODEL, instance_type="ml.m5.large"),
                "warm": ServerlessEndpoint(
                    model=MODEL, memory_mib=2048, max_concurrency=5, provisioned_concurrency=1
                ),
                "chat": InferenceComponentEndpoint(
                    instance_type="ml.g5.12xlarge",
                    max_instances=2,
                    components={
                        "llm": Component(
                            model=MODEL,
                            accelerators=1,
                            min_memory_mib=1024,
                            adapters={"legal": Adapter(artifact="llm/legal.tar.gz")},
                        )
                    },
                ),
            },
            services={
                "tasks": EcsService(
                    model=MODEL,
                    compute=Fargate(cpu=1024, memory_mib=2048),
                    route=Route(load_balancer="internal", paths=["/fraud/*"], grace_seconds=120),
                )
            },
            functions={
                "quick": LambdaFunction(model=MODEL, timeout_seconds=25, provisioned_concurrency=1)
            },
        ),
        eks=EksCluster(
            version="1.35",
            compute=AutoMode(gpu_pool=GpuNodePool(instance_families=["g6"])),
            addons={"amazon-cloudwatch-observability": Addon()},
        ),
        kubernetes=Kubernetes(
            services={
                "pods": EksService(model=MODEL, compute=Pod(vcpu=1.0, memory_mib=2048, gpus=1))
            }
        ),
        apis=Apis(
            http={
                "front": HttpApi(routes={"/invocations": HttpRoute(service="quick")}, throttle=SLOW)
            },
            rest={"models": RestApi(routes={"/gpu": RestRoute(service="gpu")}, throttle=SLOW)},
        ),
        observability=Observability(alarms=ServiceAlarms(latency_ms=250)),
    )


def put(cloudwatch: Any, alarm: Alarm) -> None:
    given: dict[str, Any] = {}
    if alarm.expression:
        given["Metrics"] = [
            {"Id": "result", "Expression": alarm.expression, "ReturnData": True},
            *(
                {
                    "Id": term.id,
                    "ReturnData": False,
                    "MetricStat": {
                        "Metric": {
                            "Namespace": term.metric.namespace,
                            "MetricName": term.metric.name,
                            "Dimensions": dimensions(alarm, term),
                        },
                        "Period": term.period,
                        "Stat": term.statistic,
                    },
                }
                for term in alarm.terms
            ),
        ]
    else:
        (term,) = alarm.terms
        kind = "ExtendedStatistic" if term.statistic.startswith("p") else "Statistic"
        given = {
            "Namespace": term.metric.namespace,
            "MetricName": term.metric.name,
            "Dimensions": dimensions(alarm, term),
            kind: term.statistic,
            "Period": alarm.period,
        }
    cloudwatch.put_metric_alarm(
        AlarmName=alarm.name,
        ComparisonOperator=alarm.comparison,
        Threshold=alarm.threshold,
        EvaluationPeriods=alarm.periods,
        DatapointsToAlarm=alarm.datapoints,
        TreatMissingData=alarm.missing,
        **given,
    )


def dimensions(alarm: Alarm, term: Any) -> list[dict[str, str]]:
    """Those of a metric; what a layer hands up is here the alarm's own."""
    return [
        {"Name": name, "Value": value if isinstance(value, str) else alarm.watched}
        for name, value in term.dimensions.items()
    ]


def values(alarm: Alarm, *, bad: bool) -> dict[str, float]:
    """A value of each metric on either side of the limit."""
    if "100 *" in alarm.expression:
        return {"all": 100, "value": 100 if bad else 0}
    if alarm.expression:
        return {"all": 100, "value": 0 if bad else 100}
    return {"value": alarm.threshold * 1.5 + 1e-3 if bad else alarm.threshold / 2}


def feed(cloudwatch: Any, alarm: Alarm, at: int, *, bad: bool) -> None:
    amounts = values(alarm, bad=bad)
    for term in alarm.terms:
        cloudwatch.put_metric_data(
            Namespace=term.metric.namespace,
            MetricData=[
                {
                    "MetricName": term.metric.name,
                    "Timestamp": at - alarm.period * back,
                    "Value": amounts[term.id],
                    "Dimensions": dimensions(alarm, term),
                }
                for back in reversed(range(alarm.periods))
            ],
        )


def alarms_of(environment: Environment) -> Iterator[tuple[type[Any], Alarm]]:
    """The default alarms of an environment, each with the kind of what it is of."""
    kinds = {each.full_name: type(each.spec) for each in environment.subjects}
    for alarm in find_alarms(environment).alarms:
        yield kinds[alarm.watched], alarm


def label(alarm: Alarm) -> str:
    """What an alarm is about: `server-errors`."""
    return alarm.key.rpartition("/")[2]


def test_each_default_alarm_of_every_kind_sounds_at_bad_values_alone(client: Client) -> None:
    environment = every_kind()
    defaults = Observability(alarms=ServiceAlarms(latency_ms=250))
    found = list(find_alarms(environment).alarms)
    labels = {(kind, label(alarm)) for kind, alarm in alarms_of(environment)}
    for kind, alarm in (each for made in observed(defaults) for each in alarms_of(made)):
        if (kind, label(alarm)) not in labels:
            labels.add((kind, label(alarm)))
            found.append(alarm)
    # Every kind has one, but for AWS's Model Monitor, about the names of whose metrics AWS's pages
    # disagree, and Airflow, of whose metrics no table is made; and every alarm of the table is of one.
    assert {kind for kind, _ in labels} == {*watchable()} - {ModelMonitor, AirflowEnvironment}
    table = {
        metric.bad.alarm
        for publishes in KNOWN.values()
        for metric in publishes.metrics
        if metric.bad
    }
    assert table <= {name for _, name in labels}
    # The instances under components, a component, and an adapter of it.
    parts = {each.key.split("/")[2] for each in found if each.watched == "endpoint/chat"}
    assert parts >= {"llm", "llm-legal"}
    assert len(parts) == 3
    cloudwatch = client("cloudwatch")
    # Several alarms are of one metric, which is fed for each alone.
    for index, alarm in enumerate(found):
        put(cloudwatch, alarm)
        for step, bad in enumerate((False, True, False)):
            at = START + 200_000 * index + 50_000 * step
            feed(cloudwatch, alarm, at - at % 3600, bad=bad)
            (state,) = cloudwatch.describe_alarms(AlarmNames=[alarm.name])["MetricAlarms"]
            assert state["StateValue"] == ("ALARM" if bad else "OK"), (alarm.key, bad)
        cloudwatch.delete_alarms(AlarmNames=[alarm.name])
