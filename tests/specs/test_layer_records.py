"""The records of the layers: what order, names, missing layers and the program come from."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import Annotated

import pytest

from inferform import (
    Context,
    Environment,
    Identity,
    Inference,
    Network,
    NetworkOutputs,
    Registry,
    Spec,
    SpecError,
)
from inferform.layers.record import LayerRecord

CONTEXT = Context(
    organization="acme",
    stage="dev",
    account="111122223333",
    region="us-east-1",
    owner="ml",
    deploy_role="inferform-deploy",
    plan_role="inferform-plan",
    permissions_boundary="inferform-boundary",
)


class Shelf(Spec):
    """What is asked of a layer that only this test has."""

    size: int = 1
    """How large it is. Default: 1."""


SHELF = LayerRecord(
    name="shelf",
    spec=Shelf,
    stands_on=("network",),
    also_on=lambda spec: {"registry": ("size",)} if spec.size > 1 else {},
    build=lambda _: pytest.fail("nothing is built here"),
)


class Larger(Environment):
    """An environment with one more layer, written before those that it depends on."""

    shelf: Annotated[Shelf | None, SHELF] = None
    """The layer of this test."""


def test_every_record_is_in_the_file_of_its_name_and_stands_on_layers_that_hand_up() -> None:
    records = Environment.records()
    assert len(records) > 6
    for name, record in records.items():
        module = importlib.import_module(f"inferform.layers.{name}")
        assert record.name == name
        assert getattr(module, name.upper()) is record
        for below in record.stands_on:
            assert records[below].outputs is not None, f"{name} can read nothing from {below}"


def test_a_record_and_a_field_are_all_that_a_layer_needs() -> None:
    small = Larger(context=CONTEXT, network=Network(cidr="10.0.0.0/16"), shelf=Shelf())
    assert small.layers == ["network", "shelf"]
    assert small.below() == {"network": [], "shelf": ["network"]}

    with pytest.raises(SpecError) as caught:
        Larger(context=CONTEXT, shelf=Shelf(size=2))
    found = [(problem.rule, ".".join(map(str, problem.path))) for problem in caught.value.problems]
    assert found == [("ENV1", "shelf"), ("ENV1", "shelf.size")]


def test_layers_are_in_an_order_in_which_they_can_be_deployed(
    foreign_network: NetworkOutputs,
) -> None:
    environment = Environment(
        context=CONTEXT,
        network=foreign_network,
        registry=Registry(),
        inference={"risk": Inference(), "shop": Inference()},
        identity=Identity(operators=["arn:aws:iam::111122223333:role/admin"]),
    )
    below = environment.below()
    assert environment.layers[0] == "identity"
    assert sorted(below) == ["identity", "inference-risk", "inference-shop", "registry"]
    # A layer whose Outputs are written by hand is no stack, so nothing depends on it.
    assert below["inference-risk"] == ["identity", "registry"]
    for place, layer in enumerate(environment.layers):
        assert {*below[layer]} <= {*environment.layers[:place]}


def test_records_import_no_constructs() -> None:
    code = (
        "import sys, inferform.environment\n"
        "assert not any(m == 'cdktf' or m.startswith('inferform.layers.stacks') for m in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.fixture
def foreign_network() -> NetworkOutputs:
    return NetworkOutputs(
        vpc_id="vpc-1",
        vpc_cidr="10.0.0.0/16",
        private_subnet_ids=["subnet-1", "subnet-2"],
        public_subnet_ids=[],
        s3_prefix_list_id="pl-1",
    )
