"""Observability: which alarms there are, when they fire, and what is refused. Needs no Node."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferform import (
    Adapter,
    AdjustingBudget,
    AnomalyAlarm,
    Apis,
    AsyncEndpoint,
    Audit,
    AutoMode,
    Budget,
    Canary,
    CapacityShare,
    Component,
    CompositeAlarm,
    Context,
    CostAnomalies,
    CpuUtilization,
    DataProtection,
    Ec2,
    Ec2Capacity,
    EcsCluster,
    EcsService,
    EksCluster,
    EksService,
    Environment,
    Existing,
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
    LogAnomalies,
    LogMetric,
    Logs,
    Model,
    MultiVariantEndpoint,
    Naming,
    Network,
    Notify,
    Observability,
    Pod,
    QueueAlarms,
    RealtimeEndpoint,
    Registry,
    Repository,
    RestApi,
    RestRoute,
    Route,
    Scaling,
    ServerlessEndpoint,
    ServiceAlarms,
    SlackChannel,
    Slo,
    SpecError,
    TargetTracking,
    TeamsChannel,
    Throttle,
    UsageAlarms,
    Variant,
)
from inferform.alarms.published import KNOWN
from inferform.alarms.watched import Handed
from inferform.between import between
from inferform.eks.spec import Addon
from inferform.observability.alarms import Alarm, Found, find_alarms
from inferform.observability.audit import audited
from inferform.observability.dashboard import about, body, dashboards
from inferform.observability.events import told
from inferform.observability.logs import IDENTIFIERS, counted, read_logs
from inferform.observability.queries import saved
from inferform.observability.slo import WINDOWS
from inferform.spec import problems_of

from . import kinds

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
MODEL = Model(image=Image(repository="fraud", tag="1.4.2"))
FRAUD = RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large")
GPU_CLUSTER = EksCluster(
    version="1.35",
    compute=AutoMode(gpu_pool=GpuNodePool(instance_families=["g6"])),
    addons={"amazon-cloudwatch-observability": Addon()},
)
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"


def environment(
    inference: Inference | None = None, spec: Observability | None = None, **more: Any
) -> Environment:
    return Environment(
        **{
            "context": CONTEXT,
            "network": Network(cidr="10.20.0.0/16"),
            "registry": Registry(repositories={"fraud": Repository()}),
            "inference": inference or Inference(endpoints={"fraud": FRAUD}),
            "observability": spec or Observability(),
            **more,
        }
    )


def alarms(inference: Inference, spec: Observability | None = None, **more: Any) -> list[str]:
    return [each.key for each in find_alarms(environment(inference, spec, **more)).alarms]


def of(key: str, found: Found) -> Alarm:
    return found.by_key[key]


def broken(spec: Observability, **more: Any) -> list[str]:
    with pytest.raises(SpecError) as caught:
        environment(spec=spec, **more)
    return [str(problem) for problem in caught.value.problems if problem.severity == "error"]


def test_every_alarm_of_the_table_is_of_a_metric_and_a_limit_that_exist() -> None:
    for kind, publishes in KNOWN.items():
        labels = [metric.bad.alarm for metric in publishes.metrics if metric.bad]
        assert len(labels) == len(set(labels)), kind
        for metric in publishes.metrics:
            bad = metric.bad
            if bad is None:
                continue
            assert "{limit}" in bad.says, kind
            ServiceAlarms().limit_of(bad)
            ServiceAlarms().minutes_of(bad)
            for other in filter(None, (bad.share_of, bad.short_of)):
                assert publishes.named(other), kind
        for number in filter(None, (publishes.requests, publishes.failures)):
            assert publishes.named(number.metric), kind
        assert publishes.latency is None or publishes.named(publishes.latency), kind


def test_each_kind_of_endpoint_has_the_alarms_that_its_metrics_allow() -> None:
    scaling = Scaling(max_capacity=3, policies=[TargetTracking(metric=CpuUtilization(percent=60))])
    keys = alarms(
        Inference(
            endpoints={
                "plain": FRAUD,
                "gpu": FRAUD.replace(instance_type="ml.g5.12xlarge", scaling=scaling),
                "late": AsyncEndpoint(model=MODEL, instance_type="ml.m5.large"),
                "cold": ServerlessEndpoint(model=MODEL, memory_mib=2048, max_concurrency=5),
                "warm": ServerlessEndpoint(
                    model=MODEL, memory_mib=2048, max_concurrency=5, provisioned_concurrency=1
                ),
            }
        )
    )
    by = {
        name: sorted(key.rpartition("/")[2] for key in keys if key.startswith(f"endpoint/{name}/"))
        for name in ("plain", "gpu", "late", "cold", "warm")
    }
    assert by["plain"] == ["client-errors", "disk", "memory", "overhead", "server-errors"]
    assert by["gpu"] == sorted([*by["plain"], "behind-cpu", "gpu-memory"])
    assert by["late"] == [
        "backlog-age",
        "client-errors",
        "disk",
        "expired-requests",
        "memory",
        "server-errors",
        "unread-requests",
        "unwritten-answers",
    ]
    assert by["cold"] == ["client-errors", "memory", "overhead", "saturation", "server-errors"]
    assert by["warm"] == sorted([*by["cold"], "spillover"])


def test_each_component_and_adapter_is_watched_by_its_own_name() -> None:
    component = Component(
        model=MODEL,
        accelerators=1,
        min_memory_mib=1024,
        adapters={"legal": Adapter(artifact="llm/legal.tar.gz")},
    )
    on_gpus = InferenceComponentEndpoint(
        instance_type="ml.g5.12xlarge",
        max_instances=2,
        components={"llm": component, "small": component.replace(accelerators=None, adapters={})},
    )
    inference = Inference(endpoints={"chat": on_gpus})
    found = find_alarms(
        environment(inference, Observability(slos={"ready": Slo(of="chat", objective_percent=99)}))
    )
    by_part: dict[str, list[str]] = {}
    for key in (each.key for each in found.alarms if each.key.startswith("endpoint/chat/")):
        _, _, part, label = key.split("/")
        by_part.setdefault(part, []).append(label)
    requests = ["client-errors", "overhead", "server-errors"]
    assert {part: sorted(labels) for part, labels in by_part.items()} == {
        on_gpus.variant: ["disk", "gpu-memory", "memory"],
        "llm": sorted([*requests, "gpu-memory", "memory"]),
        "llm-legal": requests,
        "small": sorted([*requests, "memory"]),
    }
    (term,) = of("endpoint/chat/llm/memory", found).terms
    assert (term.metric.namespace, term.metric.name, term.dimensions) == (
        "/aws/sagemaker/InferenceComponents",
        "MemoryUtilizationNormalized",
        {"InferenceComponentName": "acme-dev-use1-chat-llm"},
    )
    # An SLO counts the requests of all of them.
    asked = {
        str(term.dimensions.get("InferenceComponentName", ""))
        for alarm in found.alarms
        if alarm.key.startswith("slo/")
        for term in alarm.terms
    }
    names = {f"acme-dev-use1-chat-{each}" for each in ("llm", "llm-legal", "small")}
    assert names <= asked


def test_limits_are_in_the_units_of_the_metrics() -> None:
    scaling = Scaling(max_capacity=3, policies=[TargetTracking(metric=CpuUtilization(percent=60))])
    found = find_alarms(
        environment(
            Inference(
                endpoints={
                    "gpu": FRAUD.replace(instance_type="ml.g5.12xlarge", scaling=scaling),
                    "cold": ServerlessEndpoint(model=MODEL, memory_mib=2048, max_concurrency=5),
                    "late": AsyncEndpoint(model=MODEL, instance_type="ml.m5.large"),
                }
            ),
            Observability(alarms=ServiceAlarms(latency_ms=250, server_error_percent=0.07)),
        )
    )
    wanted = {
        "endpoint/gpu/primary/server-errors": (0.0007, "Average", 3, 5),
        "endpoint/gpu/primary/latency": (250_000, "p99", 3, 5),
        "endpoint/gpu/primary/overhead": (1_000_000, "p99", 3, 5),
        # The memory of all four GPUs is added.
        "endpoint/gpu/primary/gpu-memory": (380, "Maximum", 3, 5),
        # 48 vCPUs of 60 percent.
        "endpoint/gpu/primary/behind-cpu": (2880, "Average", 15, 15),
        "endpoint/cold/primary/overhead": (10_000_000, "p99", 3, 5),
        "endpoint/cold/primary/saturation": (0.8, "Maximum", 3, 5),
        "endpoint/late/primary/expired-requests": (0, "Sum", 1, 1),
        "endpoint/late/primary/backlog-age": (900, "Maximum", 3, 5),
    }
    for key, expected in wanted.items():
        each = of(key, found)
        (term,) = each.terms
        assert (each.threshold, term.statistic, each.datapoints, each.periods) == expected, key
    assert set(of("endpoint/late/primary/backlog-age", found).terms[0].dimensions) == {
        "EndpointName"
    }


def test_what_is_written_holds_for_every_kind_and_none_is_no_alarm() -> None:
    inference = Inference(
        endpoints={"cold": ServerlessEndpoint(model=MODEL, memory_mib=2048, max_concurrency=5)}
    )
    spec = Observability(
        alarms=ServiceAlarms(
            overhead_ms=500,
            client_error_percent=None,
            no_traffic_hours=6,
            usage=UsageAlarms(memory_percent=None),
            queue=QueueAlarms(spillover=None),
        )
    )
    found = find_alarms(environment(inference, spec))
    assert of("endpoint/cold/primary/overhead", found).threshold == 500_000
    quiet = of("endpoint/cold/primary/no-traffic", found)
    assert (quiet.missing, quiet.period, quiet.periods, quiet.comparison, quiet.threshold) == (
        "breaching", 3600, 6, "LessThanThreshold", 1,
    )  # fmt: skip
    labels = {key.rpartition("/")[2] for key in found.by_key}
    assert labels == {"server-errors", "overhead", "saturation", "no-traffic"}


def test_a_service_has_its_own_limits_or_no_alarms() -> None:
    inference = Inference(endpoints={"fraud": FRAUD, "other": FRAUD, "third": FRAUD})
    spec = Observability(services={"fraud": ServiceAlarms(latency_ms=100), "endpoint/other": None})
    found = find_alarms(environment(inference, spec))
    assert of("endpoint/fraud/primary/latency", found).path == ("services", "fraud")
    assert not [key for key in found.by_key if key.startswith("endpoint/other")]
    assert "endpoint/third/primary/latency" not in found.by_key
    assert alarms(inference, Observability(alarms=None)) == []


def ecs(**changes: Any) -> dict[str, Any]:
    service = EcsService(
        model=MODEL,
        compute=Fargate(cpu=1024, memory_mib=2048),
        route=Route(load_balancer="internal", paths=["/fraud/*"], grace_seconds=120),
        **changes,
    )
    return {
        "inference": Inference(services={"fraud": service}),
        "ecs": EcsCluster(load_balancers={"internal": LoadBalancer(certificate=CERTIFICATE)}),
    }


def test_the_gpus_below_tasks_are_watched_where_they_are_measured() -> None:
    def gpus(gpus: int, *, measured: bool) -> Found:
        capacity = {
            name: Ec2Capacity(
                instance_types=["g5.xlarge"],
                max_instances=2,
                gpu_metrics=measured and name == "gpu",
            )
            for name in ("gpu", "spare")
        }
        compute = Ec2(
            capacity="gpu",
            memory_mib=4096,
            gpus=gpus,
            more_capacity={"spare": CapacityShare(weight=1)},
        )
        service = EcsService(model=MODEL, compute=compute)
        inference = Inference(services={"fraud": service})
        return find_alarms(environment(inference, ecs=EcsCluster(capacity=capacity)))

    alarm = of("ecs/fraud/gpus-gpu/gpu-memory", gpus(1, measured=True))
    assert alarm.expression == "IF(all > 0, 100 * value / all, 0)"
    assert alarm.threshold == 95
    used, total = alarm.terms
    assert (used.metric.name, total.metric.name) == (
        "nvidia_smi_memory_used",
        "nvidia_smi_memory_total",
    )
    assert used.dimensions == total.dimensions == {"AutoScalingGroupName": "acme-dev-use1-gpu"}
    for found in (gpus(1, measured=False), gpus(0, measured=True)):
        assert [each.key for each in found.alarms if "gpu" in each.key] == []
    with pytest.raises(SpecError, match="ECS79"):
        Ec2Capacity(instance_types=["c7g.xlarge"], max_instances=1, gpu_metrics=True)


def test_an_ecs_service_is_watched_with_its_target_groups() -> None:
    found = find_alarms(environment(**ecs()))
    errors = of("ecs/fraud/targets/server-errors", found)
    assert errors.expression == "IF(all > 0, 100 * value / all, 0)"
    assert [term.metric.name for term in errors.terms] == [
        "HTTPCode_Target_5XX_Count",
        "RequestCount",
    ]
    missing = of("ecs/fraud/tasks/missing-tasks", found)
    assert missing.expression == "all - value"
    assert (missing.threshold, missing.datapoints, missing.periods) == (0, 5, 5)
    slow = Observability(alarms=ServiceAlarms(latency_ms=250))
    latency = of("ecs/fraud/targets/latency", find_alarms(environment(spec=slow, **ecs())))
    assert latency.threshold == 0.25
    both = find_alarms(environment(**ecs(rollout=Canary())))
    assert {"ecs/fraud/blue/unhealthy", "ecs/fraud/green/unhealthy"} <= set(both.by_key)


def test_tasks_are_counted_where_container_insights_is_on() -> None:
    given = ecs()
    given["ecs"] = given["ecs"].replace(container_insights="disabled")
    assert "ecs/fraud/tasks/missing-tasks" not in find_alarms(environment(**given)).by_key


def test_a_function_is_watched_by_its_alias() -> None:
    function = LambdaFunction(model=MODEL, provisioned_concurrency=1)
    spec = Observability(slos={"up": Slo(of="fraud", objective_percent=99)})
    found = find_alarms(environment(Inference(functions={"fraud": function}), spec))
    (name,) = {key.rpartition("/")[0] for key in found.by_key if "slo" not in key}
    labels = sorted(key.rpartition("/")[2] for key in found.by_key if "slo" not in key)
    assert labels == ["server-errors", "spillover", "throttled"]
    errors = of(f"{name}/server-errors", found)
    assert errors.terms[0].dimensions == {
        "FunctionName": "acme-dev-use1-fraud",
        "Resource": "acme-dev-use1-fraud:live",
    }
    assert errors.expression == "IF(all > 0, 100 * value / all, 0)"
    assert [term.statistic for term in of("slo/up/fast/long", found).terms] == ["Sum", "Sum"]


def test_pods_are_watched_where_the_add_on_runs() -> None:
    pods = Kubernetes(
        services={"fraud": EksService(model=MODEL, compute=Pod(vcpu=1.0, memory_mib=2048))}
    )
    cases: list[tuple[Any, list[str]]] = [
        ({}, []),
        (
            {"amazon-cloudwatch-observability": Addon()},
            ["eks/fraud/memory", "eks/fraud/restarts"],
        ),
    ]
    for addons, expected in cases:
        made = environment(
            Inference(endpoints={}),
            eks=EksCluster(version="1.35", addons=addons),
            kubernetes=pods,
        )
        assert [each.key for each in find_alarms(made).alarms] == expected


@pytest.mark.parametrize("gpus", [0, 4])
def test_the_gpus_of_pods_are_watched_where_pods_have_some(gpus: int) -> None:
    compute = Pod(vcpu=1.0, memory_mib=2048, gpus=gpus)
    made = environment(
        Inference(endpoints={}),
        eks=GPU_CLUSTER,
        kubernetes=Kubernetes(services={"fraud": EksService(model=MODEL, compute=compute)}),
    )
    alarms = [each for each in find_alarms(made).alarms if each.key == "eks/fraud/gpu-memory"]
    lines = [
        line.metric.name
        for widget in dashboards(made)[0].widgets
        for line in widget.lines
        if "gpu" in line.metric.name
    ]
    if not gpus:
        assert (alarms, lines) == ([], [])
        return
    # An average over the pods' GPUs goes up to 100, however many there are.
    assert [each.threshold for each in alarms] == [95]
    assert alarms[0].terms[0].dimensions == {
        "ClusterName": "acme-dev-use1-eks",
        "Namespace": "inference",
        "PodName": "fraud",
    }
    assert lines == ["pod_gpu_utilization", "pod_gpu_memory_utilization"]


# SLOs


@given(
    objective=st.floats(90, 99.99),
    period=st.integers(7, 90),
    window=st.sampled_from(WINDOWS),
)
def test_a_window_at_its_threshold_uses_up_its_share_of_the_budget(
    objective: float, period: int, window: Any
) -> None:
    slo = _slo(objective, period)
    bad = slo.threshold(window) / 100
    # Requests come evenly: what a window of bad ones is of all that a period allows.
    requests = period * 86_400
    allowed = requests * slo.budget_percent / 100
    used = window.long_seconds * bad
    assert used / allowed == pytest.approx(window.share, rel=1e-6)
    # As long as the rate stays, nothing is left after period / burn.
    assert bad * requests / window.burn(period) == pytest.approx(allowed, rel=1e-6)


@given(objective=st.floats(90, 99.99), period=st.integers(7, 90), window=st.sampled_from(WINDOWS))
def test_one_failed_request_alone_sets_off_nothing(
    objective: float, period: int, window: Any
) -> None:
    slo = _slo(objective, period)
    least = slo.least(window)
    assert 100 / least <= slo.threshold(window) * (1 + 1e-9)
    if least > 1:
        assert 100 / (least - 1) > slo.threshold(window) * (1 - 1e-9)


def _slo(objective: float, period: int) -> Slo:
    from inferform.spec import collecting

    with collecting():
        return Slo(of="fraud", objective_percent=objective, period_days=period)


def test_the_windows_are_those_of_the_sre_workbook() -> None:
    assert [round(window.burn(30), 6) for window in WINDOWS] == [14.4, 6, 3]
    assert all(window.short_seconds * 12 == window.long_seconds for window in WINDOWS)
    assert all(window.long_seconds <= 86_400 for window in WINDOWS)


def test_an_slo_is_two_alarms_and_one_over_them_for_each_window() -> None:
    spec = Observability(
        slos={"up": Slo(of="fraud", objective_percent=99.5, ticket=False)}, alarms=None
    )
    found = find_alarms(environment(spec=spec))
    assert [(each.key, each.threshold, each.period) for each in found.alarms] == [
        ("slo/up/fast/long", 7.2, 3600),
        ("slo/up/fast/short", 7.2, 300),
        ("slo/up/slow/long", 3, 21600),
        ("slo/up/slow/short", 3, 1800),
    ]
    assert [(each.key, each.of, each.needs) for each in found.composites] == [
        ("slo/up/fast", ("slo/up/fast/long", "slo/up/fast/short"), "all"),
        ("slo/up/slow", ("slo/up/slow/long", "slo/up/slow/short"), "all"),
    ]
    assert not any(each.tells for each in found.alarms)


def evaluated(alarm: Alarm, values: dict[str, float | None]) -> float:
    """What CloudWatch's metric math makes of one datapoint of each metric."""
    known: dict[str, Any] = {
        "IF": lambda test, yes, no: yes if test else no,
        "FILL": lambda value, other: other if value is None else value,
    }

    def value(node: ast.expr) -> Any:
        match node:
            case ast.Call(func=ast.Name(id=name), args=given):
                return known[name](*map(value, given))
            case ast.BinOp(left=left, op=op, right=right):
                a, b = value(left), value(right)
                if a is None or b is None:
                    return None
                signs: Any = {ast.Add: a + b, ast.Sub: a - b, ast.Mult: a * b}
                return signs[type(op)] if type(op) in signs else (a / b if b else None)
            case ast.Compare(left=left, comparators=[right]):
                return value(left) >= value(right)
            case ast.Name(id=name):
                return values.get(name)
            case ast.Constant(value=constant):
                return constant
        raise AssertionError(ast.dump(node))

    result: float = value(ast.parse(alarm.expression, mode="eval").body)
    return result


def test_an_slo_counts_the_requests_of_all_variants() -> None:
    split = MultiVariantEndpoint(
        variants={
            name: Variant(model=MODEL, instance_type="ml.m5.large", weight=1)
            for name in ("blue", "green")
        }
    )
    spec = Observability(
        alarms=None,
        slos={
            "up": Slo(of="fraud", objective_percent=99, min_requests=100),
            "fast": Slo(of="fraud", objective_percent=99, latency_ms=250.5, min_requests=100),
        },
    )
    found = find_alarms(environment(Inference(endpoints={"fraud": split}), spec))
    up, fast = of("slo/up/fast/long", found), of("slo/fast/fast/long", found)
    counts: dict[str, float | None] = {"n0": 300, "n1": 100}
    assert evaluated(up, {**counts, "b0": 3, "b1": 5}) == 2
    assert evaluated(up, {"n0": 300, "b0": 3}) == 1
    assert evaluated(up, {"n0": 60, "n1": 30, "b0": 60, "b1": 30}) == 0
    assert evaluated(up, {}) == 0
    # The share of requests within the limit, of each variant.
    assert evaluated(fast, {**counts, "b0": 99, "b1": 90}) == pytest.approx(3.25)
    assert [term.statistic for term in fast.terms] == [
        "SampleCount", "PR(:250500)", "SampleCount", "PR(:250500)",
    ]  # fmt: skip


def test_an_endpoint_of_more_variants_than_an_alarm_takes_has_no_slo() -> None:
    split = MultiVariantEndpoint(
        variants={
            f"v{index}": Variant(model=MODEL, instance_type="ml.m5.large", weight=1)
            for index in range(6)
        }
    )
    spec = Observability(slos={"up": Slo(of="fraud", objective_percent=99)})
    (problem,) = broken(spec, inference=Inference(endpoints={"fraud": split}))
    assert "12 metrics" in problem
    assert "[MON3]" in problem


# Refusals

CHANNEL = SlackChannel(workspace="T07EA123LEP", channel="C07EZ1ABC23")
TEAM = TeamsChannel(
    tenant="0a1b2c3d-1111-2222-3333-444455556666",
    team="1a1b2c3d-1111-2222-3333-444455556666",
    channel="19%3A0123456789abcdef%40thread.tacv2",
)


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: ServiceAlarms(minutes=6), "ALM3"),
        (lambda: ServiceAlarms(overhead_ms=0.5), "ALM6"),
        (lambda: ServiceAlarms(no_traffic_hours=169), "MON2"),
        (lambda: UsageAlarms(missing=-1), "MON2"),
        (lambda: Slo(of="fraud", objective_percent=99.995), "MON7"),
        (lambda: Slo(of="fraud", objective_percent=93), "MON15"),
        (lambda: Slo(of="fraud", objective_percent=99, period_days=6), "MON7"),
        (lambda: AnomalyAlarm(of="fraud", metric="Invocations", band=0.1), "MON4"),
        (lambda: AnomalyAlarm(of="fraud", metric="Invocations", datapoints=4), "ALM3"),
        (
            lambda: AnomalyAlarm(
                of="fraud", metric="Invocations", period_minutes=30, of_datapoints=49
            ),
            "MON23",
        ),
        (
            lambda: AnomalyAlarm(
                of="fraud", metric="Invocations", period_minutes=1440, of_datapoints=8
            ),
            "MON23",
        ),
        (lambda: CompositeAlarm(alarms=[]), "MON5"),
        (lambda: Budget(usd_per_month=0), "MON10"),
        (lambda: Budget(usd_per_month=10, warn_at_percent=[]), "MON10"),
        (lambda: Budget(usd_per_month=10, warn_at_percent=[10, 20, 30, 40, 50]), "MON10"),
        (lambda: Budget(usd_per_month=10, forecast_at_percent=0), "MON10"),
        (
            lambda: Budget(
                usd_per_month=10, emails=[f"a{index}@example.com" for index in range(11)]
            ),
            "MON10",
        ),
        (lambda: AdjustingBudget(months=0), "MON10"),
        (lambda: AdjustingBudget(months=13), "MON10"),
        (lambda: AdjustingBudget(warn_at_percent=[]), "MON10"),
        (lambda: AdjustingBudget(forecast_at_percent=1001), "MON10"),
        (lambda: AdjustingBudget(emails=["a@example.com", "a@example.com"]), "MON10"),
        (lambda: Notify(kms_key="arn:aws:kms:us-east-1:111122223333:alias/aws/sns"), "MON13"),
        (lambda: Notify(kms_key="alias/aws/sns"), "MON13"),
        (lambda: Notify(emails=["oncall"]), "MON16"),
        (lambda: Notify(emails=["a@example.com", "a@example.com"]), "MON16"),
        (lambda: Notify(https=["http://example.com"]), "MON16"),
        (
            lambda: Notify(
                topic="arn:aws:sns:us-east-1:111122223333:alerts", emails=["a@example.com"]
            ),
            "MON17",
        ),
        (lambda: Notify(topic="arn:aws:sns:us-east-1:111122223333:alerts.fifo"), "MON26"),
        (lambda: TEAM.replace(team="1a1b2c3d"), "MON16"),
        (lambda: TEAM.replace(channel="19:0123@thread.tacv2"), "MON16"),
        (lambda: TEAM.replace(channel=f"19%3A{'a' * 239}%40thread.tacv2"), "MON16"),
        (lambda: Notify(slack={"a": CHANNEL, "b": CHANNEL}), "MON24"),
        (
            lambda: Notify(teams={"a": TEAM, "b": TEAM.replace(channel="19%3Aother%40thread.v2")}),
            "MON24",
        ),
    ],
)
def test_what_cannot_work_is_refused(make: Any, rule: str) -> None:
    with pytest.raises(SpecError) as caught:
        make()
    assert {problem.rule for problem in caught.value.problems} == {rule}


def test_the_limits_themselves_are_taken() -> None:
    # 14.4 times 6.9 percent is 99.36.
    Slo(of="fraud", objective_percent=93.1)
    Slo(of="fraud", objective_percent=90, page=False)
    ServiceAlarms(minutes=5, of_minutes=5, no_traffic_hours=168)
    AnomalyAlarm(of="fraud", metric="Invocations", band=10, period_minutes=1440, of_datapoints=7)
    AnomalyAlarm(of="fraud", metric="Invocations", band=0.5, period_minutes=30, of_datapoints=48)
    UsageAlarms(missing=0, missing_minutes=1440)
    CompositeAlarm(alarms=["*"])
    Budget(
        usd_per_month=1,
        warn_at_percent=[10, 20, 30, 40],
        emails=[f"a{index}@example.com" for index in range(10)],
    )
    for months in (1, 12):
        AdjustingBudget(
            months=months, warn_at_percent=[101, 200, 500, 1000], forecast_at_percent=None
        )
    Notify(kms_key="arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab")
    Notify(emails=["a@example.com"], https=["https://example.com/alerts"])
    Notify(topic="arn:aws:sns:us-east-1:111122223333:alerts")
    Notify(slack={"a": CHANNEL, "b": CHANNEL.replace(channel="C2")})
    Notify(teams={"a": TEAM, "b": TEAM.replace(team="2a1b2c3d-1111-2222-3333-444455556666")})
    TEAM.replace(channel=f"19%3a{'a' * 235}%40thread.tacv2")


@pytest.mark.parametrize(
    ("region", "refused"),
    [
        ("us-east-1", []),
        ("cn-north-1", ["notify.slack", "notify.teams"]),
        ("us-gov-west-1", ["budget", "cost_anomalies", "notify.slack", "notify.teams"]),
    ],
)
def test_what_a_partition_lacks_is_not_asked_for(region: str, refused: list[str]) -> None:
    spec = Observability(
        notify=Notify(slack={"oncall": CHANNEL}, teams={"oncall": TEAM}),
        budget=Budget(usd_per_month=10),
        cost_anomalies=CostAnomalies(usd=10),
    )
    problems = list(spec.check_in(CONTEXT.replace(region=region)))
    assert [".".join(map(str, each.path)) for each in problems] == refused
    assert {each.rule for each in problems} <= {"MON22"}


@pytest.mark.parametrize(
    ("region", "budget"), [("us-east-1", AdjustingBudget()), ("us-gov-west-1", None)]
)
def test_nobody_is_refused_the_budget_that_nobody_wrote(
    region: str, budget: AdjustingBudget | None
) -> None:
    context = CONTEXT.replace(region=region)
    spec = Observability()
    assert "MON22" not in {problem.rule for problem in spec.check_in(context)}
    assert spec.budget_in(context) == budget
    # Not even where another field is written.
    assert list(spec.replace(dashboard=False).check_in(context)) == []
    written = spec.replace(budget=AdjustingBudget())
    refused = [problem.rule for problem in written.check_in(context)]
    assert refused == ([] if budget else ["MON22"])
    assert spec.replace(budget=None).budget_in(context) is None


def test_a_budget_of_an_average_tells_nobody_of_an_ordinary_month() -> None:
    assert problems_of(AdjustingBudget()) == []
    assert problems_of(AdjustingBudget(warn_at_percent=[101], forecast_at_percent=101)) == []
    made = AdjustingBudget(warn_at_percent=[120, 100], forecast_at_percent=80)
    assert [(each.rule, each.path) for each in problems_of(made)] == [
        ("MON27", ("warn_at_percent", 1)),
        ("MON27", ("forecast_at_percent",)),
    ]
    # A part of a fixed amount is told early.
    assert problems_of(Budget(usd_per_month=10, warn_at_percent=[50])) == []


def test_readers_of_an_audit_are_of_its_partition() -> None:
    readers = [f"arn:{each}:iam::444455556666:role/auditor" for each in ("aws", "aws-cn")]
    (problem,) = Observability(audit=Audit(readers=readers)).check_in(CONTEXT)
    assert (problem.rule, problem.path) == ("MON12", ("audit", "readers", 1))


@pytest.mark.parametrize(
    ("pattern", "is_taken"),
    [
        ("{ $.status >= 500 }", True),
        ('{ $.message = "a } b" }', True),
        ("[ip, user, status = 5*]", True),
        ('"{"', True),
        ("{ $.status >= 500", False),
        ('{ $.message = "a }', False),
        ("[ip, user", False),
    ],
)
def test_a_filter_pattern_is_closed(pattern: str, is_taken: bool) -> None:
    if is_taken:
        assert LogMetric(pattern=pattern).pattern == pattern
        return
    with pytest.raises(SpecError, match="MON9"):
        LogMetric(pattern=pattern)


def test_an_slo_that_one_request_breaks_is_warned_of() -> None:
    few = Slo(of="fraud", objective_percent=99.9, min_requests=60, ticket=False)
    assert [problem.rule for problem in problems_of(few)] == ["MON8"]
    assert "write at least 70" in str(problems_of(few)[0])
    assert problems_of(few.replace(min_requests=167)) == []


def test_a_metric_that_a_kind_never_publishes_cannot_be_named() -> None:
    late = Inference(endpoints={"fraud": AsyncEndpoint(model=MODEL, instance_type="ml.m5.large")})
    wrong = Observability(anomalies={"traffic": AnomalyAlarm(of="fraud", metric="Invocations")})
    (problem,) = broken(wrong, inference=late)
    assert problem.startswith("observability.anomalies.traffic: ")
    assert "Invocations is never published by an asynchronous endpoint" in problem
    assert "InvocationsProcessed" in problem
    right = AnomalyAlarm(of="fraud", metric="InvocationsProcessed")
    assert "anomaly/traffic" in alarms(late, Observability(anomalies={"traffic": right}))
    # A type without a GPU has nothing of one.
    gpu = Observability(anomalies={"gpu": AnomalyAlarm(of="fraud", metric="GPUUtilization")})
    assert "by a real-time endpoint whose instances have no GPU [MON1]" in broken(gpu)[0]
    cache = Observability(anomalies={"hit": AnomalyAlarm(of="fraud", metric="ModelCacheHit")})
    assert "by a real-time endpoint that serves one model [MON1]" in broken(cache)[0]


@pytest.mark.long
def test_no_kind_takes_a_metric_that_it_never_publishes() -> None:
    names = sorted({metric.name for each in KNOWN.values() for metric in each.metrics})
    subjects = {
        type(each.spec): (made, each)
        for made in kinds.observed(Observability())
        for each in made.subjects
    }
    assert subjects.keys() == set(kinds.watchable())
    for made, each in subjects.values():
        parts = list(each.spec.watched(each.place))
        own = {metric.name for part in parts for metric in part.metrics()}
        foreign = [name for name in names if name not in own]
        spec = Observability(
            anomalies={
                f"a{index}": AnomalyAlarm(of=each.full_name, metric=name)
                for index, name in enumerate(foreign)
            }
        )
        with pytest.raises(SpecError) as caught:
            made.replace(observability=spec)
        said = [str(problem) for problem in caught.value.problems if problem.rule == "MON1"]
        assert len(said) == len(foreign), each.full_name
        assert all(name in text for name, text in zip(foreign, said, strict=True))


def test_pods_have_no_count_of_requests_for_an_slo() -> None:
    pods = Kubernetes(
        services={"pods": EksService(model=MODEL, compute=Pod(vcpu=1.0, memory_mib=2048))}
    )
    spec = Observability(slos={"up": Slo(of="pods", objective_percent=99)})
    (problem,) = broken(spec, eks=EksCluster(version="1.35"), kubernetes=pods)
    assert "[MON1]" in problem
    assert "observability.slos.up" in problem


def test_services_are_named_as_they_are() -> None:
    (problem,) = broken(Observability(services={"frod": None}))
    assert "is no service of this environment; did you mean fraud, got 'frod'" in problem.replace(
        ", got 'frod'; did you mean fraud", "; did you mean fraud, got 'frod'"
    )
    assert "[MON14]" in problem
    (problem,) = broken(Observability(services={"payments": None}))
    assert "; write fraud" in problem
    given = ecs()
    given["inference"] = given["inference"].replace(endpoints={"fraud": FRAUD})
    (problem,) = broken(Observability(services={"fraud": None}), **given)
    assert "endpoint/fraud or ecs/fraud" in problem
    environment(spec=Observability(services={"ecs/fraud": None}), **given)


def test_a_composite_alarm_is_over_alarms_that_there_are() -> None:
    spec = Observability(composites={"all": CompositeAlarm(alarms=["endpoint/frod/*"])})
    (problem,) = broken(spec)
    assert "[MON5]" in problem
    many = Inference(endpoints={f"fraud-{index}": FRAUD for index in range(21)})
    (problem,) = broken(
        Observability(composites={"all": CompositeAlarm(alarms=["*"])}), inference=many
    )
    assert "105 alarms" in problem
    both = CompositeAlarm(alarms=["endpoint/*"], unless=["*/server-errors"])
    (problem,) = broken(Observability(composites={"all": both}))
    assert "among alarms too" in problem
    above = {
        "second": CompositeAlarm(alarms=["composite/first"]),
        "first": CompositeAlarm(alarms=["endpoint/*"]),
    }
    (problem,) = broken(Observability(composites=above))
    assert "write the composite alarm that it names above it" in problem
    right = Observability(composites=dict(reversed(above.items())))
    assert [each.key for each in find_alarms(environment(None, right)).composites] == [
        "composite/first",
        "composite/second",
    ]


def test_only_a_composite_alarm_that_stands_alone_silences_what_it_is_over() -> None:
    for alone in (True, False):
        spec = Observability(composites={"all": CompositeAlarm(alarms=["*/memory"], alone=alone)})
        found = find_alarms(environment(spec=spec))
        told_by = {each.key.rpartition("/")[2]: each.tells for each in found.alarms}
        assert told_by["memory"] is not alone
        assert told_by["server-errors"] is True


def test_a_topic_of_another_region_is_refused() -> None:
    notify = Notify(topic="arn:aws:sns:eu-west-1:111122223333:alerts")
    (problem,) = broken(Observability(notify=notify))
    assert "[ALM14]" in problem
    environment(
        spec=Observability(notify=Notify(topic="arn:aws:sns:us-east-1:999988887777:alerts"))
    )


@pytest.mark.parametrize("is_heard", [True, False])
def test_who_tells_nobody_is_told_what_to_write(is_heard: bool) -> None:
    notify = Notify(emails=["a@example.com"]) if is_heard else Notify()
    made = environment(Inference(endpoints={"fraud": FRAUD}), Observability(notify=notify))
    found = [problem.text for problem in problems_of(made) if problem.rule == "MON11"]
    assert ['notify=Notify(emails=["ml-oncall@example.com"])' in each for each in found] == (
        [] if is_heard else [True]
    )


@pytest.mark.parametrize(
    ("notify", "warned"),
    [
        (Notify(), True),
        (Notify(emails=["a@example.com"]), True),
        (Notify(emails=["a@example.com"], https=["https://example.com/page"]), False),
        (Notify(topic="arn:aws:sns:us-east-1:111122223333:alerts"), False),
        (Notify(slack={"oncall": CHANNEL}), False),
        (Notify(teams={"oncall": TEAM}), False),
    ],
)
def test_a_protected_environment_is_heard(notify: Notify, warned: bool) -> None:
    context = CONTEXT.replace(protected=True)
    made = environment(
        Inference(endpoints={"fraud": FRAUD.replace(instance_count=2)}),
        Observability(notify=notify),
        context=context,
    )
    assert ("MON11" in {problem.rule for problem in problems_of(made)}) is warned


# APIs


def fronted(spec: Observability | None = None) -> Environment:
    """An endpoint behind a REST API, and a function behind an HTTP API of the endpoint's name."""
    slow = Throttle(requests_per_second=10, burst=20)
    return environment(
        Inference(endpoints={"fraud": FRAUD}, functions={"quick": LambdaFunction(model=MODEL)}),
        spec,
        apis=Apis(
            http={
                "fraud": HttpApi(routes={"/invocations": HttpRoute(service="quick")}, throttle=slow)
            },
            rest={"models": RestApi(routes={"/fraud": RestRoute(service="fraud")}, throttle=slow)},
        ),
    )


def test_apis_are_watched_by_their_stages() -> None:
    found = find_alarms(fronted(Observability(alarms=ServiceAlarms(latency_ms=900))))
    errors = of("http-api/fraud/server-errors", found)
    assert errors.expression == "IF(all > 0, 100 * value / all, 0)"
    assert [(each.metric.name, each.statistic) for each in errors.terms] == [
        ("5xx", "Sum"),
        ("Count", "SampleCount"),
    ]
    assert errors.terms[0].dimensions == {
        "ApiId": Handed("apis", "http_ids", "fraud"),
        "Stage": "$default",
    }
    rest = of("rest-api/models/server-errors", found)
    (term,) = rest.terms
    assert (term.metric.name, term.statistic, rest.threshold) == ("5XXError", "Average", 0.01)
    assert term.dimensions == {"ApiName": "acme-dev-use1-models", "Stage": "live"}
    # Both measure in milliseconds.
    for name in ("http-api/fraud", "rest-api/models"):
        assert of(f"{name}/latency", found).threshold == 900


def test_a_short_name_is_that_of_a_service_before_that_of_an_api() -> None:
    spec = Observability(
        services={"fraud": None, "models": ServiceAlarms(client_error_percent=None)},
        slos={"front": Slo(of="http-api/fraud", objective_percent=99)},
    )
    found = find_alarms(fronted(spec))
    watched = {each.watched for each in found.alarms if not each.key.startswith("slo/")}
    assert watched == {"http-api/fraud", "lambda/quick", "rest-api/models"}
    assert "rest-api/models/client-errors" not in found.by_key
    long = of("slo/front/fast/long", found)
    assert [each.metric.name for each in long.terms] == ["Count", "5xx"]


def test_the_dashboard_and_the_saved_queries_hold_apis() -> None:
    made = fronted()
    (page,) = dashboards(made)
    rows = {each.row for each in page.widgets if each.service == "http-api/fraud"}
    assert rows == {"traffic", "errors", "latency"}
    groups = {group for each in saved(made) for group in each.log_groups}
    assert {"/inferform/dev-use1/http-api/fraud", "/inferform/dev-use1/rest-api/models"} <= groups


# Dashboards


def test_two_hundred_endpoints_are_shown_within_the_limits_of_cloudwatch() -> None:
    scaling = Scaling(max_capacity=3, policies=[TargetTracking(metric=CpuUtilization(percent=60))])
    one = FRAUD.replace(instance_type="ml.g5.xlarge", scaling=scaling)
    made = environment(Inference(endpoints={f"fraud-{index}": one for index in range(200)}))
    pages = dashboards(made)
    assert len(pages) > 1
    for page in pages:
        content = body(page, "us-east-1", str, str)
        graphs = [each for each in content["widgets"] if each["type"] == "metric"]
        metrics = [len(each["properties"]["metrics"]) for each in graphs]
        assert max(metrics) <= 500
        assert sum(metrics) == page.metrics <= 2500
        assert len(content["widgets"]) <= 500
        for each in content["widgets"]:
            assert len(each["properties"].get("alarms", ())) <= 100
        # CloudWatch takes a megabyte of a dashboard.
        assert len(json.dumps(content)) < 1_000_000
        assert set(page.others) == {other.name for other in pages} - {page.name}
    shown = [widget.service for page in pages for widget in page.widgets]
    assert set(shown) == {each.full_name for each in made.deployed}
    assert len(shown) == 200 * 4
    listed = [name for page in pages for name in page.alarms]
    assert listed == [each.name for each in find_alarms(made).alarms]


def test_a_dashboard_leads_to_logs_saved_queries_and_costs() -> None:
    made = fronted(Observability(budget=Budget(usd_per_month=50)))
    (page,) = dashboards(made)
    (text,) = [
        each["properties"]["markdown"]
        for each in body(page, "us-east-1", str, str)["widgets"]
        if each["type"] == "text"
    ]
    assert "http-api/fraud [log](#logsV2:log-groups/log-group/$252Finferform" in text
    assert "[inferform/dev-use1/errors](#logsV2:logs-insights)" in text
    assert "[Budget of $50 a month](https://console.aws.amazon.com/billing/home#/budgets)" in text
    alone = about(dashboards(fronted(Observability()))[0])
    assert "[Budget of the average of the last 3 months](" in alone
    assert "Budget of" not in about(dashboards(fronted(Observability(budget=None)))[0])
    china = CONTEXT.replace(region="cn-north-1")
    assert "console.amazonaws.cn" in about(dashboards(environment(context=china))[0])


def test_no_two_widgets_of_a_dashboard_lie_on_each_other() -> None:
    made = environment(
        Inference(
            endpoints={
                "fraud": FRAUD,
                "late": AsyncEndpoint(model=MODEL, instance_type="ml.m5.large"),
            }
        )
    )
    (page,) = dashboards(made)
    taken: set[tuple[int, int]] = set()
    for each in body(page, "us-east-1", str, str)["widgets"]:
        own = {
            (each["x"] + right, each["y"] + down)
            for right in range(each["width"])
            for down in range(each["height"])
        }
        assert not own & taken
        assert each["x"] + each["width"] <= 24
        taken |= own


def test_a_widget_has_the_limits_of_alarms_and_slos_in_its_own_unit() -> None:
    spec = Observability(
        slos={"speed": Slo(of="fraud", objective_percent=99, latency_ms=300)},
        alarms=ServiceAlarms(no_traffic_hours=2),
    )
    scaling = Scaling(
        min_capacity=1,
        max_capacity=3,
        policies=[TargetTracking(metric=CpuUtilization(percent=60))],
    )
    gpu = FRAUD.replace(instance_type="ml.g5.12xlarge", scaling=scaling)
    (page,) = dashboards(environment(Inference(endpoints={"fraud": gpu}), spec))
    by_row = {widget.row: widget for widget in page.widgets}
    limits = {
        row: {each.label: each.value for each in widget.limits} for row, widget in by_row.items()
    }
    # That of no traffic is a number of requests, and no share of them.
    assert limits["errors"] == {"alarm server-errors": 1, "alarm client-errors": 5}
    assert by_row["errors"].unit == "%"
    assert limits["latency"] == {"alarm overhead": 1000, "SLO speed": 300}
    assert limits["utilization"] == {
        "alarm memory": 90,
        "alarm disk": 80,
        # Of four GPUs together, and of 48 vCPUs.
        "alarm gpu-memory": 95,
        "alarm behind-cpu": 60,
    }
    assert [line.statistic for line in by_row["latency"].lines] == ["p50", "p99", "p99"]


def test_the_limits_of_several_parts_are_told_apart() -> None:
    tracking = TargetTracking(metric=CpuUtilization(percent=60))
    small, big = (
        Variant(
            model=MODEL,
            instance_type="ml.m5.large",
            scaling=Scaling(max_capacity=most, policies=[tracking]),
        )
        for most in (2, 3)
    )
    both = MultiVariantEndpoint(variants={"small": small, "big": big})
    (page,) = dashboards(environment(Inference(endpoints={"fraud": both}), Observability()))
    for widget in page.widgets:
        labels = [each.label for each in widget.limits]
        assert len(labels) == len(set(labels)), widget.title
    (usage,) = [each for each in page.widgets if each.row == "utilization"]
    assert {"alarm small memory", "alarm big memory"} <= {each.label for each in usage.limits}


def test_a_dashboard_has_no_metric_that_its_service_never_publishes() -> None:
    made = environment(
        Inference(
            endpoints={
                "late": AsyncEndpoint(model=MODEL, instance_type="ml.m5.large"),
                "cold": ServerlessEndpoint(model=MODEL, memory_mib=2048, max_concurrency=5),
            }
        )
    )
    (page,) = dashboards(made)
    names = {
        service: {
            line.metric.name
            for widget in page.widgets
            if widget.service == service
            for line in widget.lines
        }
        for service in ("endpoint/late", "endpoint/cold")
    }
    assert "Invocations" not in names["endpoint/late"]
    assert "InvocationsProcessed" in names["endpoint/late"]
    assert not {"CPUUtilization", "GPUUtilization", "DiskUtilization"} & names["endpoint/cold"]


# Logs, audit and unusual spending


def test_every_log_group_is_counted_once_and_told_by_the_services_limits() -> None:
    spec = Observability(
        logs=Logs(
            metrics={
                "timeouts": LogMetric(pattern="timeout", alarm_above=3),
                "seconds": LogMetric(pattern="{ $.seconds > 0 }", of=["quick"], value="$.seconds"),
            },
            anomalies=LogAnomalies(of=["fraud"]),
        ),
        services={"quick": ServiceAlarms(minutes=2, of_minutes=4)},
    )
    made = fronted(spec)
    assert [(each.metric, each.read.group) for each in counted(made, spec)] == [
        ("endpoint/fraud/timeouts", "/aws/sagemaker/Endpoints/acme-dev-use1-fraud"),
        ("lambda/quick/timeouts", "/inferform/dev-use1/lambda/quick"),
        ("http-api/fraud/timeouts", "/inferform/dev-use1/http-api/fraud"),
        ("rest-api/models/timeouts", "/inferform/dev-use1/rest-api/models"),
        ("lambda/quick/seconds", "/inferform/dev-use1/lambda/quick"),
    ]
    found = find_alarms(made)
    quick, fraud = of("lambda/quick/log-timeouts", found), of("endpoint/fraud/log-timeouts", found)
    assert [(each.datapoints, each.periods, each.threshold) for each in (quick, fraud)] == [
        (2, 4, 3),
        (3, 5, 3),
    ]
    assert "lambda/quick/log-seconds" not in found.by_key
    unusual = of("endpoint/fraud/log-anomalies", found)
    assert unusual.terms[0].dimensions == {
        "LogAnomalyDetector": "acme-dev-use1-fraud-endpoint",
        "LogAnomalyPriority": "HIGH",
    }
    quiet = spec.replace(logs=Logs(anomalies=LogAnomalies(tells=False)))
    assert "log-anomalies" not in {
        key.rpartition("/")[2] for key in find_alarms(fronted(quiet)).by_key
    }


def test_a_log_group_that_two_services_share_is_read_once() -> None:
    shared = Existing(log_group="/shared")
    functions = {name: LambdaFunction(model=MODEL, existing=shared) for name in ("one", "two")}
    made = environment(Inference(functions=functions))
    assert [each.key for each in read_logs(made, ())] == ["lambda_one"]


@pytest.mark.parametrize(
    ("made", "path"),
    [
        (lambda: LogMetric(pattern="x" * 1025), "pattern"),
        (lambda: LogMetric(pattern="%a% %b% %c%"), "pattern"),
        (lambda: LogMetric(pattern="", value="many"), "value"),
        (lambda: LogMetric(pattern="", dimensions={"model": "model"}), "dimensions.model"),
        (
            lambda: LogMetric(pattern="", dimensions=dict.fromkeys("abcd", "$.a")),
            "dimensions",
        ),
        (
            lambda: LogMetric(pattern="", dimensions={"a": "$.a"}, default_value=0),
            "default_value",
        ),
        (lambda: LogMetric(pattern="", dimensions={"a": "$.a"}, alarm_above=0), "alarm_above"),
    ],
)
def test_what_a_metric_filter_does_not_take_is_refused(made: Any, path: str) -> None:
    with pytest.raises(SpecError) as caught:
        made()
    (problem,) = caught.value.problems
    assert (problem.rule, ".".join(map(str, problem.path))) == ("MON9", path)
    # The nearest that is taken.
    LogMetric(pattern='"%a% %b%" %c% %d%' + "x" * 1007, value="-0.5", default_value=0)
    LogMetric(pattern="", dimensions=dict.fromkeys("abc", "$.a"), value="$.request.seconds")


def test_a_log_group_has_no_more_filters_and_expressions_than_it_takes() -> None:
    def with_metrics(count: int, pattern: str) -> Observability:
        return Observability(
            logs=Logs(metrics={f"m{index}": LogMetric(pattern=pattern) for index in range(count)})
        )

    environment(spec=with_metrics(100, "error"))
    (problem,) = broken(with_metrics(101, "error"))
    assert "101 filters" in problem
    environment(spec=with_metrics(5, "%a%"))
    (problem,) = broken(with_metrics(3, "%a% %b%"))
    assert "6 regular expressions" in problem
    assert "[MON9]" in problem


def test_logs_that_are_not_in_cloudwatch_are_not_read() -> None:
    pods = Kubernetes(
        services={"pods": EksService(model=MODEL, compute=Pod(vcpu=1.0, memory_mib=2048))}
    )
    for logs in (
        Logs(metrics={"all": LogMetric(pattern="", of=["pods"])}),
        Logs(anomalies=LogAnomalies(of=["pods"])),
        Logs(protection=DataProtection(of=["pods"])),
    ):
        (problem,) = broken(
            Observability(logs=logs), eks=EksCluster(version="1.35"), kubernetes=pods
        )
        assert "[MON18]" in problem


def test_a_mask_is_a_policy_that_counts_and_masks_the_same() -> None:
    spec = DataProtection(identifiers=["Name"], own={"CustomerId": "C-[0-9]+"}, findings="/found")
    document = spec.document("aws-cn")
    count, mask = document["Statement"]
    names = ["arn:aws-cn:dataprotection::aws:data-identifier/Name", "CustomerId"]
    assert count["DataIdentifier"] == mask["DataIdentifier"] == names
    assert count["Operation"]["Audit"]["FindingsDestination"] == {
        "CloudWatchLogs": {"LogGroup": "/found"}
    }
    assert document["Configuration"] == {
        "CustomDataIdentifier": [{"Name": "CustomerId", "Regex": "C-[0-9]+"}]
    }
    wrong: dict[str, Any]
    for wrong in (
        {"identifiers": []},
        {"identifiers": ["Name", "Name"]},
        {"identifiers": ["name"]},
        {"own": {"a b": "x"}},
        {"own": {"a": "(x)"}},
        {"own": {f"a{index}": "x" for index in range(11)}},
    ):
        with pytest.raises(SpecError, match="MON19"):
            DataProtection(**wrong)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("PhoneNumber-DE", None),
        ("DriversLicense-SK", None),
        ("Name", None),
        ("EmailAdress", "did you mean EmailAddress"),
        ("PhoneNumber-AT", "did you mean PhoneNumber-"),
        # CloudWatch Logs refuses it without a country: aws/aws-cdk #27388.
        ("PhoneNumber", "did you mean PhoneNumber-"),
        ("Ssn", "did you mean Ssn-"),
    ],
)
def test_an_identifier_that_aws_is_not_known_to_have_is_warned_of(
    name: str, said: str | None
) -> None:
    found = problems_of(DataProtection(identifiers=["EmailAddress", name]))
    assert [problem.rule for problem in found] == (["MON25"] if said else [])
    assert all(said in problem.text and problem.path[-1] == 1 for problem in found if said)
    assert set(DataProtection().identifiers) <= set(IDENTIFIERS)


def test_only_endpoints_are_audited() -> None:
    made = fronted(Observability(audit=Audit()))
    assert [each.full_name for each in audited(made, Audit())] == ["endpoint/fraud"]
    (problem,) = broken(Observability(audit=Audit(of=["frod"])))
    assert "[MON12]" in problem
    assert "audit.of" in problem
    (problem,) = broken(Observability(audit=Audit()), inference=Inference(endpoints={}))
    assert "would keep nothing" in problem


def test_unusual_spending_is_told_in_a_way_that_aws_has() -> None:
    wrong: dict[str, Any]
    for wrong in (
        {"emails": ["a@example.com"]},
        {"often": "daily"},
        {"often": "weekly", "emails": ["a@example.com"] * 2},
        {"usd": 0},
    ):
        with pytest.raises(SpecError, match="MON21"):
            CostAnomalies(**({"usd": 10} | wrong))
    CostAnomalies(usd=10, often="daily", emails=["a@example.com"])


@pytest.mark.parametrize(
    ("notify", "account", "refused"),
    [
        (Notify(slack={"ops": CHANNEL}), "111122223333", ["slack"]),
        (Notify(teams={"ops": TEAM}), "111122223333", ["teams"]),
        (Notify(slack={"ops": CHANNEL}, teams={"ops": TEAM}), "444455556666", []),
        (Notify(slack={"ops": CHANNEL.replace(channel="C2")}), "111122223333", []),
    ],
)
def test_a_channel_is_told_by_one_environment_of_an_account(
    notify: Notify, account: str, refused: list[str]
) -> None:
    told = Notify(slack={"oncall": CHANNEL}, teams={"oncall": TEAM})
    first = Environment(context=CONTEXT, observability=Observability(notify=told))
    context = CONTEXT.replace(stage="prod", account=account)
    second = Environment(context=context, observability=Observability(notify=notify))
    found = [
        (key, problem.rule, problem.path[-2]) for key, problem in between({"a": first, "b": second})
    ]
    assert found == [("b", "MON24", field) for field in refused]


# Events


def test_only_what_the_environment_has_is_told_of() -> None:
    assert [each.source for each in told(environment())] == ["sagemaker"]
    assert [each.source for each in told(environment(**ecs()))] == ["ecs"]
    assert [each.source for each in told(environment(**ecs(rollout=Canary())))] == [
        "codedeploy",
        "ecs",
    ]
    assert not list(told(environment(Inference(endpoints={}))))


def test_only_the_environments_own_endpoints_are_told_of() -> None:
    (rule,) = told(environment())
    assert rule.pattern["detail"]["EndpointName"] == [{"prefix": "acme-dev-use1-"}]
    assert json.dumps(rule.pattern)


@pytest.mark.parametrize("apart", [True, False])
def test_two_regions_of_an_account_share_no_name_of_what_is_in_none(apart: bool) -> None:
    naming = Naming(template="{organization}-{stage}-{name}")
    spec = Observability(budget=Budget(usd_per_month=10))
    made = {
        each.key: each
        for region in ("us-east-1", "eu-west-1")
        for context in [CONTEXT.replace(region=region, **({} if apart else {"naming": naming}))]
        for each in [Environment(context=context, observability=spec)]
    }
    wrong = [(problem.rule, problem.text) for _, problem in between(made)]
    assert [rule for rule, _ in wrong] == ([] if apart else ["NAME5"])
    for _, text in wrong:
        assert "would make the budget acme-dev-month" in text
        assert "add {region} to the template" in text


def test_an_environment_of_nothing_has_no_dashboard() -> None:
    assert dashboards(Environment(context=CONTEXT, observability=Observability())) == []
