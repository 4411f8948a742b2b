"""What inference components and ML reservations need of AWS, asked on the emulator before an apply, and
what a recover finds of components."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from inferform import (
    Adapter,
    Component,
    ComponentContainer,
    ComponentRolling,
    Context,
    Environment,
    HostingCapacity,
    Image,
    Inference,
    InferenceComponentEndpoint,
    MlReservation,
    Model,
    RealtimeEndpoint,
)
from inferform.target import EMULATOR
from ops.aws import Aws
from ops.bootstrap import bootstrap
from ops.errors import UnsettledError
from ops.kinds.components_preflight import of_components
from ops.kinds.record import Discard, Finding
from ops.kinds.sagemaker import KINDS
from ops.kinds.stacked import STACK
from ops.kinds.synthesis import Synthesis
from ops.own import existing

Synthesize = Callable[..., dict[str, dict[str, Any]]]
P5, G5 = "ml.p5.48xlarge", "ml.g5.12xlarge"
IMAGE = Image(repository="llm", tag="1")
ENDPOINT = KINDS[0]


@pytest.fixture
def seen(
    aws: Aws, context: Context, foreign: dict[str, Any], synthesize: Synthesize
) -> Callable[..., Synthesis]:
    """What a synthesis of inference asks of AWS."""

    def made(inference: Inference, *, of: Context = context, by: Aws = aws) -> Synthesis:
        key = foreign["registry"].kms_key_arn.replace("us-east-1", of.region)
        below = {**foreign, "registry": replace(foreign["registry"], kms_key_arn=key)}
        environment = Environment(context=of, inference=inference, **below)
        return Synthesis(environment, synthesize(environment, target=EMULATOR), by)

    return made


def reservations(synthesis: Synthesis) -> list[Finding]:
    assert not isinstance(ENDPOINT.preflight, str)
    return [*ENDPOINT.preflight(synthesis, synthesis.of(ENDPOINT.type))]  # type: ignore[operator]


def test_a_training_plan_has_to_be_active_for_endpoints_and_of_their_type(
    seen: Callable[..., Synthesis], aws: Aws, context: Context
) -> None:
    assert aws.emulator is not None
    plan = {"instance_type": P5, "instances": 2, "account": context.account}
    now = datetime.now(UTC)
    cases: tuple[tuple[dict[str, Any] | None, str, str], ...] = (
        ({}, "passed", "is active until 2036-01-01, when the endpoint stops serving"),
        ({"end": (now + timedelta(days=31)).isoformat()}, "passed", "is active until"),
        ({"end": (now + timedelta(days=29)).isoformat()}, "skipped", "in less than 30 days"),
        ({"status": "Scheduled"}, "failed", "is Scheduled"),
        ({"end": "2026-01-02T00:00:00+00:00"}, "failed", "has ended on 2026-01-02"),
        ({"target": "training-job"}, "failed", "was bought for training-job, not for endpoints"),
        ({"instance_type": "ml.p4d.24xlarge"}, "failed", "is of ml.p4d.24xlarge, and the "),
        ({"instances": 1}, "failed", "has 1 instances, and the endpoint may need 2"),
        (None, "failed", "does not exist"),
    )
    for number, (given, outcome, words) in enumerate(cases):
        arn = context.arn("sagemaker", f"training-plan/plan{number}")
        if given is not None:
            body = {**plan, **given, "name": f"plan{number}"}
            aws.emulator.control("POST", "sagemaker/training-plan", body)
        endpoint = RealtimeEndpoint(
            model=Model(image=IMAGE),
            instance_type=P5,
            instance_count=2,
            capacity=HostingCapacity(reservation=MlReservation(arn=arn, instance_type=P5)),
        )
        (found,) = reservations(seen(Inference(endpoints={"llm": endpoint})))
        assert (found.outcome, words in found.found) == (outcome, True), (given, found)
        assert found.subject == arn
    # Without a reservation nothing is asked.
    plain = RealtimeEndpoint(model=Model(image=IMAGE), instance_type=P5)
    assert reservations(seen(Inference(endpoints={"llm": plain}))) == []


def test_every_type_of_a_pool_may_have_all_instances_and_addresses_are_taken_once(
    seen: Callable[..., Synthesis],
) -> None:
    pool = InferenceComponentEndpoint(
        instance_type=G5,
        capacity=HostingCapacity(pools=("ml.g6.12xlarge",)),
        max_instances=3,
        components={"llm": component()},
    )
    synthesis = seen(Inference(endpoints={"chat": pool}))
    (endpoint,) = synthesis.of(ENDPOINT.type)
    quotas = {each.name: each.amount for each in ENDPOINT.quotas(synthesis, endpoint)}  # type: ignore[operator]
    assert quotas == dict.fromkeys(
        (f"{G5} for endpoint usage", "ml.g6.12xlarge for endpoint usage"), 6
    )
    assert ENDPOINT.addresses(synthesis, endpoint) == 12  # type: ignore[operator]


def component(tag: str = "1", *, copies: int = 1, gpus: int = 2, **more: Any) -> Component:
    return Component(
        model=ComponentContainer(image=Image(repository="llm", tag=tag), **more),
        accelerators=gpus,
        min_memory_mib=1024,
        copies=copies,
        rollout=ComponentRolling(wait_seconds=300, batch_copies=1),
    )


def chat(most: int, **components: Component) -> Inference:
    endpoint = InferenceComponentEndpoint(
        instance_type=G5, max_instances=most, components=components
    )
    return Inference(endpoints={"chat": endpoint})


def found(synthesis: Synthesis) -> list[tuple[str, str, str, str]]:
    return [
        (each.check.id, each.subject, each.outcome, each.found)
        for each in of_components(synthesis, synthesis.of(STACK))
    ]


def test_a_region_without_components_is_told(
    seen: Callable[..., Synthesis], aws: Aws, context: Context
) -> None:
    assert found(seen(chat(2, llm=component()))) == [
        ("PRE50", "us-east-1", "passed", "has AWS::SageMaker::InferenceComponent")
    ]
    other = context.replace(region="us-west-1")
    there = Aws(other, emulator=aws.emulator)
    bootstrap(other, there)
    assert found(seen(chat(2, llm=component()), of=other, by=there)) == [
        ("PRE50", "us-west-1", "failed", "has no AWS::SageMaker::InferenceComponent")
    ]


def test_what_a_component_or_an_adapter_loads_is_looked_for(
    seen: Callable[..., Synthesis], aws: Aws, foreign: dict[str, Any]
) -> None:
    bucket = foreign["registry"].artifact_bucket
    aws.client("s3").create_bucket(Bucket=bucket)
    aws.client("s3").put_object(Bucket=bucket, Key="llm/1.tar.gz", Body=b"model")
    own = component(artifact="llm/1.tar.gz").replace(
        adapters={"legal": Adapter(artifact="llm/legal.tar.gz")}
    )
    assert [each[1:] for each in found(seen(chat(2, llm=own)))][1:] == [
        (f"s3://{bucket}/llm/1.tar.gz", "passed", "exists"),
        (f"s3://{bucket}/llm/legal.tar.gz", "failed", "does not exist"),
    ]


def deployed(aws: Aws, context: Context, source: dict[str, Any]) -> str:
    """A component of four copies on an endpoint, as it is there; its name."""
    sagemaker: Any = aws.client("sagemaker")
    name = context.name("chat", "llm")
    sagemaker.create_endpoint_config(
        EndpointConfigName="chat",
        ExecutionRoleArn=f"arn:aws:iam::{context.account}:role/llm",
        ProductionVariants=[
            {
                "VariantName": "main",
                "InstanceType": G5,
                "InitialInstanceCount": 1,
                "ManagedInstanceScaling": {
                    "Status": "ENABLED",
                    "MinInstanceCount": 1,
                    "MaxInstanceCount": 3,
                },
            }
        ],
    )
    sagemaker.create_endpoint(EndpointName=context.name("chat"), EndpointConfigName="chat")
    sagemaker.create_inference_component(
        InferenceComponentName=name,
        EndpointName=context.name("chat"),
        VariantName="main",
        Specification={
            **source,
            "ComputeResourceRequirements": {
                "NumberOfAcceleratorDevicesRequired": 2,
                "MinMemoryRequiredInMb": 1024,
            },
        },
        RuntimeConfig={"CopyCount": 4},
    )
    return name


def test_a_release_needs_room_beside_the_copies_that_there_are_now(
    seen: Callable[..., Synthesis], aws: Aws, context: Context
) -> None:
    deployed(aws, context, {"Container": {"Image": IMAGE.uri(context)}})
    said = (
        "1 more of 4 copies take about 3 x ml.g5.12xlarge with all that runs now; max_instances is"
    )

    def room(most: int, declared: Component) -> list[tuple[str, str]]:
        every = found(seen(chat(most, llm=declared)))
        return [(outcome, told) for check, _, outcome, told in every if check == "PRE51"]

    assert room(3, component("2")) == [("passed", f"{said} 3")]
    assert room(2, component("2")) == [("failed", f"{said} 2")]
    # What does not change rolls nothing.
    assert room(2, component("1")) == []


def test_a_recover_keeps_the_models_of_components_and_waits_for_them(
    aws: Aws, context: Context
) -> None:
    assert aws.emulator is not None
    sagemaker = aws.client("sagemaker")
    role = f"arn:aws:iam::{context.account}:role/llm"
    for name in ("model", "left"):
        sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=role,
            PrimaryContainer={"Image": IMAGE.uri(context)},
        )
    component = deployed(aws, context, {"ModelName": "model"})
    (discard,) = (each.discard for each in KINDS if each.type == "aws_sagemaker_model")
    assert isinstance(discard, Discard)
    assert discard.used(aws) == {"chat", "model"}
    plan = {"account": context.account, "component": component, "outcome": "succeed"}
    aws.emulator.control("POST", "sagemaker/rollout", {**plan, "describes": 3})
    sagemaker.update_inference_component(
        InferenceComponentName=component,
        Specification={
            "ModelName": "left",
            "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 1024},
        },
    )
    with pytest.raises(UnsettledError, match=f"{component} is Updating"):
        discard.used(aws)


def test_a_stack_that_is_not_done_is_not_taken_back(aws: Aws, context: Context) -> None:
    assert aws.emulator is not None
    deployed(aws, context, {"Container": {"Image": IMAGE.uri(context)}})
    body = {
        "Resources": {
            "Component": {
                "Type": "AWS::SageMaker::InferenceComponent",
                "Properties": {
                    "InferenceComponentName": "other",
                    "EndpointName": context.name("chat"),
                    "VariantName": "main",
                    "Specification": {
                        "Container": {"Image": IMAGE.uri(context)},
                        "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 1024},
                    },
                },
            }
        }
    }
    plan = {"account": context.account, "component": "other", "outcome": "succeed"}
    aws.emulator.control("POST", "sagemaker/rollout", {**plan, "describes": 3})
    aws.any_client("cloudformation").create_stack(StackName="s", TemplateBody=json.dumps(body))
    statuses = [existing(STACK, {"name": "s"}, aws)[0].status for _ in range(8)]
    assert statuses[0] == "CREATING"
    assert statuses[-1] == "CREATE_COMPLETE"
    assert existing(STACK, {"name": "none"}, aws) == []
