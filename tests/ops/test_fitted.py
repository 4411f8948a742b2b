"""What of each endpoint's components fits where, as `inferform fit` and `inferform cost` tell it."""

from __future__ import annotations

from typing import Any

import pytest

from inferform import (
    Component,
    ConcurrentRequests,
    Context,
    Environment,
    HostingCapacity,
    Image,
    Inference,
    InferenceComponentEndpoint,
    Model,
    NetworkOutputs,
    RealtimeEndpoint,
    RegistryOutputs,
    Scaling,
    TargetTracking,
    scale_to_zero,
)
from inferform.scaling.kinds import REALTIME
from ops.errors import BadInputError
from ops.fitted import drawings, idle
from ops.simulate import Load, Service, simulate
from ops.simulation_input import described, find

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
G5 = "ml.g5.12xlarge"
MODEL = Model(image=Image(repository="llm", tag="1"))
LOAD = ConcurrentRequests(requests=5)


def environment(**endpoints: Any) -> Environment:
    return Environment(
        context=CONTEXT,
        network=NetworkOutputs(
            vpc_id="vpc-1",
            vpc_cidr="10.0.0.0/16",
            private_subnet_ids=["subnet-1", "subnet-2"],
            public_subnet_ids=[],
            s3_prefix_list_id="pl-1",
        ),
        registry=RegistryOutputs(
            kms_key_arn=CONTEXT.arn("kms", "key/1"), artifact_bucket="artifacts"
        ),
        inference=Inference(endpoints=endpoints),
    )


def component(gpus: int = 1, scaling: Scaling | None = None) -> Component:
    return Component(model=MODEL, accelerators=gpus, min_memory_mib=1024, scaling=scaling)


SCALING = Scaling(min_capacity=1, max_capacity=5, policies=[TargetTracking(metric=LOAD)])
CHAT = InferenceComponentEndpoint(
    instance_type=G5,
    max_instances=4,
    components={"llm": component(2, SCALING), "small": component()},
)
OTHER = CHAT.replace(components={"only": component(4)})
ALL = environment(
    chat=CHAT,
    other=OTHER,
    # Neither has components here.
    made=InferenceComponentEndpoint(instance_type=G5),
    fraud=RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large"),
)


def test_fewest_and_most_copies_are_drawn_of_every_endpoint_with_components() -> None:
    assert drawings(ALL) == {
        "chat": [
            "fewest copies: 1 x ml.g5.12xlarge, 25% idle",
            "  1 x ml.g5.12xlarge  llm x 1, small x 1  (1 accelerators, 190 GiB free)",
            "most copies: 3 x ml.g5.12xlarge, 8% idle",
            "  2 x ml.g5.12xlarge  llm x 2  (190 GiB free)",
            "  1 x ml.g5.12xlarge  llm x 1, small x 1  (1 accelerators, 190 GiB free)",
        ],
        "other": [
            "fewest copies: 1 x ml.g5.12xlarge, 0% idle",
            "  1 x ml.g5.12xlarge  only x 1  (191 GiB free)",
        ],
    }
    assert list(drawings(ALL, "other")) == ["other"]


def test_every_type_of_a_pool_is_drawn() -> None:
    pool = OTHER.replace(capacity=HostingCapacity(pools=["ml.g6.48xlarge"]))
    assert [each for each in drawings(environment(chat=pool))["chat"] if each[0] != " "] == [
        "fewest copies: 1 x ml.g5.12xlarge, 0% idle",
        "fewest copies: 1 x ml.g6.48xlarge, 50% idle",
    ]


def test_what_has_no_components_is_named() -> None:
    with pytest.raises(BadInputError, match="fraud has no inference components") as told:
        drawings(ALL, "fraud")
    assert "chat, other has some" in str(told.value.hint)
    with pytest.raises(BadInputError, match="dev-use1 has no inference"):
        drawings(environment(made=InferenceComponentEndpoint(instance_type=G5)))


def test_what_is_idle_counts_the_instances_that_are_kept() -> None:
    assert idle(ALL) == {"chat": 0.25, "other": 0.0}
    kept = CHAT.replace(min_instances=2)
    to_zero = OTHER.replace(components={"only": component(4, scale_to_zero(LOAD, max_capacity=2))})
    assert idle(environment(chat=kept, zero=to_zero)) == {"chat": 0.625}


def test_a_simulation_tells_the_instances_below_the_copies() -> None:
    for most, note in ((4, ""), (2, "5 copies take about 3 instances, and max_instances is 2")):
        chat = CHAT.replace(max_instances=most)
        found = find(environment(chat=chat), "chat/llm")
        given = described("chat/llm", found, capacity=5, latency_ms=1000)
        load = Load("steady", (100.0,) * 120)
        summary = simulate(found.scaling, given, load).summary()
        assert (summary["units_peak"], summary["instances_peak"]) == (5, 3)
        # 1 instance holds llm and small at first; 2 hours of 3 would be 6.
        assert 2 < summary["instance_hours"] < 6
        assert [each.startswith(note) for each in summary["notes"]] == ([True] if note else [])
    alone = Service("fraud", REALTIME, 4, 300, 1, 1.0)
    assert simulate(SCALING, alone, load).summary()["instances_peak"] is None
