"""What an environment costs under a load: by the simulator, and by use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from inferform import (
    AllAtOnce,
    Apis,
    BatchTransform,
    Canary,
    EcsCluster,
    EcsService,
    Environment,
    Fargate,
    HttpApi,
    HttpRoute,
    Image,
    Inference,
    InvocationsPerInstance,
    LambdaFunction,
    Linear,
    LoadBalancer,
    Model,
    Network,
    OnSchedule,
    RealtimeEndpoint,
    Rolling,
    Route,
    Scaling,
    ServerlessEndpoint,
    TargetTracking,
    Throttle,
)
from inferform.usage import Amount, Usage, exactly
from ops.cost.loads import Loads, _mean, read, tiers, under
from ops.cost.prices import price_table
from ops.cost.rollouts import second_fleets
from ops.cost.specs import estimate, owned
from ops.errors import BadInputError
from tests.cost.test_estimates import CONTEXT, MODEL, NETWORK, REGISTRY

MONTH = 730 * 3600
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/00000000-0000-0000-0000-000000000000"


def loaded(tmp_path: Path, text: str) -> Loads:
    file = tmp_path / "load.toml"
    file.write_text(text, encoding="utf-8")
    return read(file)


def amounts(environment: Environment, loads: Loads) -> dict[tuple[str, str], Amount | None]:
    """What is used under a load, by service and key."""
    found = under(environment, owned(environment), loads).uses
    return {(each.usage.service, each.usage.key): each.usage.amount for each in found}


def test_what_is_above_a_tier_of_data_out_costs_less() -> None:
    keys = ("out-10tb", "out-50tb", "out-150tb", "out-over-150tb")
    assert [*tiers(0)] == []
    assert [*tiers(10 * 1024)] == [("data-transfer/out-10tb", 10 * 1024)]
    found = dict(tiers(160 * 1024))
    assert found == {
        f"data-transfer/{key}": size * 1024
        for key, size in zip(keys, (10, 40, 100, 10), strict=True)
    }
    # 160 TB at $0.09, $0.085, $0.07 and $0.05, as Amazon EC2's pricing page has them.
    usages = [Usage("network", key, exactly(amount)) for key, amount in found.items()]
    total = price_table().estimate("us-east-1", usages).total.expected
    assert total == pytest.approx(1024 * (10 * 0.09 + 40 * 0.085 + 100 * 0.07 + 10 * 0.05))


def with_endpoints(network: Any = NETWORK, **specs: Any) -> Environment:
    return Environment(
        context=CONTEXT,
        network=network,
        registry=REGISTRY,
        inference=Inference(endpoints=specs),
    )


def scaled(**fields: Any) -> RealtimeEndpoint:
    tracking = TargetTracking(metric=InvocationsPerInstance(requests_per_second=20))
    return RealtimeEndpoint(
        model=MODEL,
        instance_type="ml.m5.large",
        scaling=Scaling(min_capacity=1, max_capacity=9, policies=[tracking]),
        **fields,
    )


FRAUD = ("fraud", "sagemaker/hosting/ml.m5.large")


def test_the_expected_number_is_what_the_simulator_has(tmp_path: Path) -> None:
    environment = with_endpoints(fraud=scaled())
    # 50 requests a second at 10 for each instance.
    steady = loaded(tmp_path, "[services.fraud]\npeak = 50\nlatency_ms = 20\n")
    assert amounts(environment, steady)[FRAUD] == Amount(1, 5, 9)
    quiet = loaded(tmp_path, "[services.fraud]\npeak = 1\n")
    assert amounts(environment, quiet)[FRAUD] == Amount(1, 1, 9)
    daily = amounts(environment, loaded(tmp_path, '[services.fraud]\nload = "daily"\npeak = 50\n'))
    expected = daily[FRAUD]
    assert expected is not None
    assert 2 < expected.expected < 5
    # Without a load it is a quarter of the way.
    assert {(each.usage.service, each.usage.key): each.usage.amount for each in owned(environment)}[
        FRAUD
    ] == Amount(1, 3, 9)


def test_data_of_the_network_costs_without_a_load_of_any_service(tmp_path: Path) -> None:
    loads = loaded(tmp_path, "[network]\nnat_gb = 5\nout_gb = 200000\n")
    found = amounts(with_endpoints(fraud=scaled()), loads)
    assert found["network", "vpc/nat-data"] == exactly(5)
    tier = found["network", "data-transfer/out-over-150tb"]
    assert tier == exactly(200_000 - 150 * 1024)
    nothing = amounts(with_endpoints(fraud=scaled()), loaded(tmp_path, "[network]\n"))
    assert not [key for service, key in nothing if service == "network" and "data" in key]


def test_variants_count_by_how_far_their_bounds_are_apart_and_short_loads_go_on() -> None:
    assert _mean([([0.0, 1.0], 8)]) == [0.0, 1.0]
    # A week and a day: the day comes again, and no hour of the week is left out.
    week = [0.0] * 24 + [1.0] * 144
    found = _mean([(week, 3), ([1.0] * 24, 1)])
    assert len(found) == 168
    assert (found[0], found[-1]) == (0.25, 1.0)
    # Three of them, of which none counts more than another.
    assert _mean([([1.0], 2), ([0.0], 2), ([0.0], 2)]) == [pytest.approx(1 / 3)]
    assert _mean([([0.5], 0)]) == [0.0]


def test_a_captured_load_is_read_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "fraud.csv").write_text("time,rate\n0,10\n43200,70\n", encoding="utf-8")
    loads = loaded(tmp_path, '[services."endpoint/fraud"]\nload = "fraud.csv"\n')
    found = amounts(with_endpoints(fraud=scaled()), loads)[FRAUD]
    assert found is not None
    assert found.expected == pytest.approx(4, abs=0.2)


def test_requests_data_and_logs_are_counted(tmp_path: Path) -> None:
    loads = loaded(
        tmp_path,
        "[services.fraud]\npeak = 10\nrequest_kb = 3\nresponse_kb = 1\nlog_kb = 0.5\n"
        "[network]\nnat_gb = 7\nout_gb = 2\n",
    )
    found = amounts(with_endpoints(fraud=scaled()), loads)
    gigabytes = 10 * MONTH * 4 / 1e6
    data = found["fraud", "sagemaker/data"]
    logs, stored = found["fraud", "logs/ingested"], found["fraud", "logs/stored"]
    assert data is not None
    assert logs is not None
    assert stored is not None
    assert data.expected == pytest.approx(gigabytes)
    assert logs.expected == pytest.approx(gigabytes / 8)
    # A month of them, as logs are kept for 30 days.
    assert stored.expected == pytest.approx(logs.expected)
    assert found["network", "vpc/nat-data"] == Amount(7, 7, 7)
    assert found["network", "data-transfer/out-10tb"] == Amount(2, 2, 2)


def test_what_is_billed_by_use_gets_a_sum(tmp_path: Path) -> None:
    model = Model(image=MODEL.image, artifact=MODEL.artifact, network_isolation=False)
    environment = with_endpoints(rare=ServerlessEndpoint(model=model, memory_mib=2048))
    key = ("rare", "sagemaker/serverless/2048")
    loads = loaded(tmp_path, "[services.rare]\npeak = 0.1\nlatency_ms = 200\n")
    found = amounts(environment, loads)[key]
    assert found is not None
    assert found.expected == pytest.approx(0.1 * MONTH * 0.2)
    # How long a request takes is not known, and so no seconds are.
    loads = loaded(tmp_path, "[services.rare]\npeak = 0.1\n")
    assert amounts(environment, loads)[key] is None


def test_a_batch_transform_costs_its_runs(tmp_path: Path) -> None:
    spec = BatchTransform(
        model=MODEL,
        instance_type="ml.m5.large",
        instance_count=2,
        trigger=OnSchedule(schedule="rate(1 day)"),
    )
    environment = Environment(
        context=CONTEXT,
        network=NETWORK,
        registry=REGISTRY,
        inference=Inference(batch={"nightly": spec}),
    )
    key = ("nightly", "sagemaker/transform/ml.m5.large")
    found = amounts(environment, loaded(tmp_path, "[services.nightly]\nhours_per_run = 3\n"))[key]
    assert found is not None
    assert found.expected * 730 == pytest.approx(365 / 12 * 3 * 2, rel=0.01)
    given = "[services.nightly]\nhours_per_run = 3\nruns_per_month = 2\n"
    found = amounts(environment, loaded(tmp_path, given))[key]
    assert found is not None
    assert found.expected * 730 == pytest.approx(12)
    assert amounts(environment, loaded(tmp_path, "[services.nightly]\n"))[key] is None


def test_functions_and_the_api_before_them_cost_their_requests(tmp_path: Path) -> None:
    function = LambdaFunction(
        model=Model(image=Image(repository="light", tag="1")), memory_mib=2048
    )
    environment = Environment(
        context=CONTEXT,
        network=NETWORK,
        registry=REGISTRY,
        inference=Inference(functions={"light": function}),
        apis=Apis(
            http={
                "front": HttpApi(
                    routes={"/invocations": HttpRoute(service="light")},
                    throttle=Throttle(requests_per_second=100, burst=100),
                )
            }
        ),
    )
    loads = loaded(tmp_path, "[services.light]\npeak = 2\nlatency_ms = 500\n")
    found = amounts(environment, loads)
    requests = 2 * MONTH
    for key, amount in (
        (("light", "lambda/request"), requests),
        (("light", "lambda/x86_64/gb-second"), requests * 0.5 * 2),
        (("front", "apigateway/http-request"), requests),
    ):
        used = found[key]
        assert used is not None, key
        assert used.expected == pytest.approx(amount), key
    # Of an API whose services are not all told, the requests are not known.
    assert amounts(environment, Loads(tmp_path))["front", "apigateway/http-request"] is None


WRONG = {
    "[servces.fraud]\n": "did you mean services",
    "[services.frod]\npeak = 1\n": "did you mean fraud",
    "[services.fraud]\npeek = 1\n": "did you mean peak",
    "[services.fraud]\npeak = -1\n": "must be a number, 0 or more",
    "[services.fraud]\npeak = true\n": "must be a number",
    "[services.fraud]\n": "has no peak",
    '[services.fraud]\nload = "dayly"\n': "did you mean daily",
    "[services.fraud\n": "cannot be read",
    "services = 3\n": "must be tables",
    "[services]\nfraud = 3\n": "must be a table",
}


def test_a_load_that_is_wrong_is_refused_with_what_is_right(tmp_path: Path) -> None:
    environment = with_endpoints(fraud=scaled())
    for text, said in WRONG.items():
        with pytest.raises(BadInputError) as error:
            amounts(environment, loaded(tmp_path, text))
        assert said in str(error.value), text


def test_a_second_fleet_costs_while_a_release_lasts() -> None:
    # Five minutes to start, and the waits of each rollout.
    for rollout, minutes in (
        (AllAtOnce(termination_wait_seconds=600), 15),
        (Canary(wait_seconds=600), 15),
        (Linear(step_percent=25, wait_seconds=300), 25),
        (Rolling(), None),
    ):
        environment = with_endpoints(fraud=scaled(rollout=rollout))
        found = [*second_fleets(environment, estimate(environment, price_table()))]
        if minutes is None:
            assert found == [], rollout
            continue
        (fleet,) = found
        assert fleet.minutes == minutes, rollout
        assert fleet.usd.minimum == pytest.approx(0.115 * minutes / 60), rollout
        assert fleet.usd.maximum == pytest.approx(9 * 0.115 * minutes / 60), rollout
        assert "which no sum has" in fleet.text


def test_a_second_set_of_tasks_costs_while_a_release_lasts() -> None:
    # 90 seconds to start; CodeDeploy's defaults are a minute a step, and five minutes at the end.
    for rollout, minutes in (
        (AllAtOnce(), 1.5 + 5),
        (Canary(wait_seconds=600, termination_wait_seconds=0), 1.5 + 10),
        (Linear(step_percent=25), 1.5 + 4 + 5),
        (Rolling(), None),
    ):
        service = EcsService(
            model=Model(image=MODEL.image),
            compute=Fargate(cpu=1024, memory_mib=2048),
            route=Route(load_balancer="main", paths=["/*"]),
            scaling=Scaling(min_capacity=2, max_capacity=6),
            rollout=rollout,
        )
        environment = Environment(
            context=CONTEXT,
            network=Network(cidr="10.20.0.0/16"),
            registry=REGISTRY,
            ecs=EcsCluster(load_balancers={"main": LoadBalancer(certificate=CERTIFICATE)}),
            inference=Inference(services={"fraud": service}),
        )
        found = [*second_fleets(environment, estimate(environment, price_table()))]
        if minutes is None:
            assert found == [], rollout
            continue
        (tasks,) = found
        assert tasks.minutes == minutes, rollout
        hourly = 0.04048 + 2 * 0.004445
        assert tasks.usd.minimum == pytest.approx(2 * hourly * minutes / 60), rollout
        assert tasks.usd.maximum == pytest.approx(6 * hourly * minutes / 60), rollout
