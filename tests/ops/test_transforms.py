"""`inferform transform`: a batch transform that somebody starts by hand, and `inferform runs` that lists it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inferform import (
    BatchTransform,
    Environment,
    Image,
    Inference,
    Model,
    Network,
    Registry,
    Repository,
)
from inferform.sagemaker.batch import transform_name
from ops.aws import Aws
from ops.errors import BadInputError, OperatorError
from ops.training import Runs

ENDS = {"StartAt": "End", "States": {"End": {"Type": "Pass", "End": True}}}


@pytest.fixture
def made(aws: Aws) -> Environment:
    model = Model(image=Image(repository="fraud", tag="1"))
    transform = BatchTransform(model=model, instance_type="ml.m5.xlarge")
    return Environment(
        context=aws.context,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        inference=Inference(batch={"nightly": transform}),
    )


@pytest.fixture
def deployed(aws: Aws, made: Environment) -> Any:
    states = aws.any_client("stepfunctions")
    machine = states.create_state_machine(
        name=transform_name(made.context, "nightly"),
        definition=json.dumps(ENDS),
        roleArn=f"arn:aws:iam::{aws.context.account}:role/steps",
    )
    return states, machine["stateMachineArn"]


def given(states: Any, execution: str) -> Any:
    return json.loads(states.describe_execution(executionArn=execution)["input"])


def test_it_reads_what_the_file_says_or_what_is_named(
    aws: Aws, made: Environment, deployed: Any
) -> None:
    states, machine = deployed
    runs = Runs(made, aws)
    first = runs.start_transform("nightly")
    assert first.startswith(machine.replace(":stateMachine:", ":execution:"))
    assert given(states, first) == {}
    below = runs.start_transform("nightly", "batch/nightly/input/today/")
    place = f"s3://{made.artifact_bucket}/batch/nightly/input/today/"
    assert given(states, below) == {"input": place}
    with pytest.raises(BadInputError, match=r"may read s3://.*/batch/nightly/input/ alone"):
        runs.start_transform("batch/nightly", "s3://acme-data/rows/")
    with pytest.raises(BadInputError, match="alone"):
        runs.start_transform("nightly", "batch/nightly/")


def test_its_runs_are_listed_with_the_others(aws: Aws, made: Environment, deployed: Any) -> None:
    runs = Runs(made, aws)
    assert [*runs.latest()] == []
    execution = runs.start_transform("nightly")
    (listed,) = runs.latest()
    assert (listed.kind, listed.of) == ("batch transform", transform_name(made.context, "nightly"))
    assert execution.endswith(listed.name)


def test_what_is_no_batch_transform_or_not_deployed_is_refused(aws: Aws, made: Environment) -> None:
    with pytest.raises(BadInputError, match="nightly"):
        Runs(made, aws).start_transform("nightlyx")
    with pytest.raises(OperatorError, match="is not deployed") as told:
        Runs(made, aws).start_transform("nightly")
    assert f"inferform deploy {made.key}-inference" in told.value.hint
