"""What state machines and their jobs do is simulated against the policies of their roles: each call is allowed, and the
same call on what is another's is not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from inferform import Environment
from inferform.layers import program
from inferform_emulator import policies
from tests.conftest import stacks_in
from tests.specs.kinds import environment, valid_trees

ACCOUNT = "111122223333"
JOBS: Mapping[str, tuple[str, str, str]] = {
    "createTrainingJob": ("TrainingJob", "training-job", "TrainingJobsRule"),
    "createProcessingJob": ("ProcessingJob", "processing-job", "ProcessingJobsRule"),
    "createHyperParameterTuningJob": (
        "HyperParameterTuningJob",
        "hyper-parameter-tuning-job",
        "TuningJobsRule",
    ),
}
UUID = "0123456789ab"
"""The last part of one."""

OTHERS = "others"
"""What stands instead of a name in a call on what is another's."""


@dataclass(frozen=True)
class Call:
    """A call of AWS's API by a role."""

    role: str
    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)
    another: str = ""
    """The same of something else's, which must not be allowed."""


Stack = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    largest: Environment = environment(valid_trees()["training"])
    outdir = tmp_path_factory.mktemp("rights")
    program.synthesize([largest], outdir=outdir)
    found: Stack = stacks_in(outdir)["dev-use1-training"]["resource"]
    return found


def effect(stack: Stack, call: Call, resource: str = "") -> str | None:
    """What the policies of a role say of a call."""
    key = next(
        key
        for key, each in stack["aws_iam_role"].items()
        if call.role in (f"${{aws_iam_role.{key}.arn}}", each["name"])
        or call.role.endswith(f"/{each['name']}")
    )
    statements = [
        statement
        for policy in stack["aws_iam_role_policy"].values()
        if f"aws_iam_role.{key}." in policy["role"]
        for statement in json.loads(policy["policy"])["Statement"]
    ]
    return policies.effect(statements, call.action, resource or call.resource, call.context)


def text(value: str) -> str:
    """An expression of the Amazon States Language as one value that it may have."""
    found = re.search(r"States\.Format\('([^']*)'", value)
    return found[1].replace("{}", UUID) if found else value


def given(request: Mapping[str, Any], member: str) -> str:
    """A member of a request, whether it is known or an expression."""
    return text(str(request.get(member, request.get(f"{member}.$", ""))))


def places(value: Any) -> Iterator[tuple[str, str]]:
    """Each location in S3 of a request, with the member that it stands in."""
    if isinstance(value, dict):
        for name, each in value.items():
            if isinstance(each, str):
                yield name.removesuffix(".$"), text(each)
            else:
                yield from places(each)
    elif isinstance(value, list):
        for each in value:
            yield from places(each)


def object_of(uri: str) -> str:
    """The ARN of an object at, or below, a location."""
    key = uri.removeprefix("s3://")
    return f"arn:aws:s3:::{key}{'x' if key.endswith('/') else ''}"


def steps(stack: Stack) -> Iterator[Call]:
    """What state machines do themselves."""
    for machine in stack["aws_sfn_state_machine"].values():
        role = machine["role_arn"]
        for state in json.loads(machine["definition"])["States"].values():
            found = re.fullmatch(
                r"arn:aws:states:::(?:aws-sdk:)?(\w+):(\w+)(?:\.sync)?", state.get("Resource", "")
            )
            if found:
                yield from _calls(role, found[1], found[2], state["Parameters"])


def _calls(role: str, service: str, action: str, request: Mapping[str, Any]) -> Iterator[Call]:
    if action in JOBS:
        job, kind, rule = JOBS[action]
        name = given(request, f"{job}Name")
        own = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:{kind}/"
        # The job of something whose name begins alike.
        another = f"{own}{name.removesuffix(UUID)}{OTHERS}-{UUID}"
        for verb in ("Create", "Describe", "Stop"):
            yield Call(role, f"sagemaker:{verb}{job}", own + name, another=another)
        yield Call(role, "sagemaker:AddTags", own + name, another=another)
        managed = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/StepFunctionsGetEventsForSageMaker"
        for verb in ("PutRule", "PutTargets", "DescribeRule"):
            yield Call(role, f"events:{verb}", managed + rule, another=managed + OTHERS)
        asked = request.get("TrainingJobDefinition", request)
        passed = {"iam:passedtoservice": "sagemaker.amazonaws.com"}
        another = f"arn:aws:iam::{ACCOUNT}:role/{OTHERS}"
        yield Call(role, "iam:PassRole", asked["RoleArn"], passed, another)
    elif service == "s3":
        yield _read(role, action, request)
    elif action == "putMetricData":
        context = {"cloudwatch:namespace": request["Namespace"]}
        yield Call(role, "cloudwatch:PutMetricData", "*", context)
    elif action == "createModelPackage":
        group = given(request, "ModelPackageGroupName")
        own = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model-package"
        for resource in (f"{own}-group/{group}", f"{own}/{group}/1"):
            another = resource.replace(group, OTHERS)
            yield Call(role, "sagemaker:CreateModelPackage", resource, another=another)
    elif service == "sns":
        topic = given(request, "TopicArn")
        yield Call(role, "sns:Publish", topic, another=f"{topic}-{OTHERS}")
    elif service == "states":
        machine = given(request, "StateMachineArn")
        yield Call(role, "states:StartExecution", machine, another=f"{machine}-{OTHERS}")
    else:
        raise AssertionError((service, action))


def _read(role: str, action: str, request: Mapping[str, Any]) -> Call:
    bucket = f"arn:aws:s3:::{given(request, 'Bucket')}"
    if action == "getObject":
        key, another = (f"{bucket}/{each}" for each in (given(request, "Key"), OTHERS))
        return Call(role, "s3:GetObject", key, another=another)
    assert action == "listObjectsV2"
    context = {"s3:prefix": given(request, "Prefix")}
    return Call(role, "s3:ListBucket", bucket, context, another=f"{bucket}-{OTHERS}")


def containers(stack: Stack) -> Iterator[Call]:
    """What SageMaker and the containers of jobs do with the roles of the jobs."""
    for machine in stack["aws_sfn_state_machine"].values():
        for state in json.loads(machine["definition"])["States"].values():
            request = state.get("Parameters", {})
            if not any(f"sagemaker:{action}" in state.get("Resource", "") for action in JOBS):
                continue
            asked = request.get("TrainingJobDefinition", request)
            role = asked["RoleArn"]
            inputs = [*asked.get("InputDataConfig", []), *asked.get("ProcessingInputs", [])]
            outputs = [
                *asked.get("ProcessingOutputConfig", {}).get("Outputs", []),
                asked.get("OutputDataConfig", {}),
                asked.get("CheckpointConfig", {}),
            ]
            for member, uri in places(inputs):
                if member == "S3Uri" and uri.startswith("s3://"):
                    another = f"arn:aws:s3:::{uri.removeprefix('s3://').partition('/')[0]}/{OTHERS}"
                    yield Call(role, "s3:GetObject", object_of(uri), another=another)
            for member, uri in places(outputs):
                if member in ("S3Uri", "S3OutputPath") and uri.startswith("s3://"):
                    place = object_of(f"{uri.rstrip('/')}/")
                    another = f"arn:aws:s3:::{uri.removeprefix('s3://').partition('/')[0]}/{OTHERS}"
                    yield Call(role, "s3:PutObject", place, another=another)


def test_what_a_state_machine_does_is_allowed_and_no_more(stack: Stack) -> None:
    found = [*steps(stack)]
    assert {call.action for call in found} >= {
        *("sagemaker:CreateTrainingJob", "sagemaker:StopProcessingJob", "events:PutTargets"),
        *("sagemaker:CreateHyperParameterTuningJob", "iam:PassRole", "s3:GetObject"),
        *("sagemaker:CreateModelPackage", "cloudwatch:PutMetricData", "sns:Publish"),
        *("states:StartExecution", "sagemaker:AddTags", "s3:ListBucket"),
    }
    assert [call for call in found if effect(stack, call) != "Allow"] == []
    assert [c for c in found if c.another and effect(stack, c, c.another) == "Allow"] == []


def test_captures_of_the_own_endpoint_alone_are_looked_for(stack: Stack) -> None:
    (call,) = [each for each in steps(stack) if each.action == "s3:ListBucket"]
    assert call.context["s3:prefix"].endswith("/fraud/acme-dev-use1-fraud/")
    for prefix in ("", OTHERS, call.context["s3:prefix"].removesuffix("/")):
        other = Call(call.role, call.action, call.resource, {"s3:prefix": prefix})
        assert effect(stack, other) != "Allow"


def test_a_role_is_passed_to_sagemaker_alone(stack: Stack) -> None:
    passing = [call for call in steps(stack) if call.action == "iam:PassRole"]
    other = {"iam:passedtoservice": "lambda.amazonaws.com"}
    assert len(passing) > 4
    assert not any(
        effect(stack, Call(call.role, call.action, call.resource, other)) for call in passing
    )


def test_what_jobs_read_and_write_is_allowed_and_no_more(stack: Stack) -> None:
    found = [*containers(stack)]
    assert {call.action for call in found} == {"s3:GetObject", "s3:PutObject"}
    assert len(found) > 10
    assert [call for call in found if effect(stack, call) != "Allow"] == []
    assert [c for c in found if c.another and effect(stack, c, c.another) == "Allow"] == []


def test_what_starts_a_state_machine_may_start_that_one_alone(stack: Stack) -> None:
    machines = {
        f"${{aws_sfn_state_machine.{key}.arn}}": (
            f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:{each['name']}"
        )
        for key, each in stack["aws_sfn_state_machine"].items()
    }
    starts = [
        *(
            (each["role_arn"], each["arn"])
            for each in stack["aws_cloudwatch_event_target"].values()
        ),
        *(
            (each["target"]["role_arn"], each["target"]["arn"])
            for each in stack["aws_scheduler_schedule"].values()
        ),
    ]
    assert len(starts) == 7
    for role, machine in starts:
        allowed = {
            name
            for name, arn in machines.items()
            if effect(stack, Call(role, "states:StartExecution", arn)) == "Allow"
        }
        assert allowed == {machine}
