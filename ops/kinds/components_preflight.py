"""What inference components and reserved instances need of AWS before an apply."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from inferform import InferenceComponentEndpoint
from inferform.sagemaker.fit import placed
from inferform.sagemaker.templates import COMPONENT, ROLE

from ..aws import Aws
from ..checks import check
from . import preflight
from .components_verify import differences
from .fits import asked_of
from .record import Finding
from .sagemaker_verify import specifications_of
from .stacked import component_of
from .synthesis import Resource, Synthesis

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DescribeTrainingPlanResponseTypeDef

REGION = check(
    "PRE50",
    "components in the Region",
    command="preflight",
    why="CloudFormation does not have inference components in every Region; a stack of one is refused",
    fix="choose a Region that has them (aws cloudformation describe-type)",
    source="AWS CloudFormation API reference, DescribeType",
)
ROOM = check(
    "PRE51",
    "room for a rollout",
    command="preflight",
    why="a release of a component starts new copies beside those that serve; without room for them it "
    "waits, fails and is rolled back",
    fix="raise max_instances, replace fewer copies at a time, or release when there are fewer copies",
    source="SageMaker developer guide, inference components, rolling updates",
)
RESERVATION = check(
    "PRE52",
    "ML reservation",
    command="preflight",
    why="an endpoint gets no instance from a training plan that is not active, is of another type, or "
    "was bought for something else than endpoints",
    fix="name a training plan that is active, of the endpoint's instance type, and for endpoints",
    source="Amazon SageMaker API reference, DescribeTrainingPlan",
)

_SOON = timedelta(days=30)
_REFERENCE = re.compile(r"^\$\{([a-z0-9_]+\.[A-Za-z0-9_\-]+)\.name\}$")


# Components


def of_components(synthesis: Synthesis, stacks: Sequence[Resource]) -> Iterator[Finding]:
    """Whether the Region has components, and there is what they load and room for their rollouts."""
    declared = {}
    loads = []
    for stack in stacks:
        component = _declared(synthesis, stack)
        if component is None:
            continue
        declared[str(component.get("InferenceComponentName"))] = component
        role = _role(synthesis, stack)
        for each in specifications_of(component):
            artifact = (each.get("Container") or {}).get("ArtifactUrl")
            if artifact:
                loads.append(preflight.Load(str(artifact), role))
    if not declared:
        return
    yield _in_region(synthesis)
    yield from preflight.artifacts(synthesis, loads)
    for deployed in synthesis.environment.deployed:
        if isinstance(deployed.spec, InferenceComponentEndpoint) and deployed.resource:
            yield from _room(synthesis.aws, deployed.resource[1], deployed.spec, declared)


def _declared(synthesis: Synthesis, stack: Resource) -> dict[str, Any] | None:
    """The component of a synthesized stack, with the names of its models."""
    names = {each.address: each.values.get("name") for each in synthesis.of("aws_sagemaker_model")}
    parameters = {}
    for key, value in (stack.values.get("parameters") or {}).items():
        match = _REFERENCE.match(str(value))
        parameters[key] = names.get(match[1]) if match else None
    body = synthesis.resolved(str(stack.values.get("template_body") or ""))
    return component_of({"template_body": body, "parameters": parameters})


def _role(synthesis: Synthesis, stack: Resource) -> Resource | None:
    """The role by which the endpoint of a component loads what no model loads."""
    endpoint = (_declared(synthesis, stack) or {}).get("EndpointName")
    for each in synthesis.of("aws_sagemaker_endpoint"):
        held = synthesis.referred(each, "endpoint_config_name", stack.type)
        if held is None or each.values.get("name") != endpoint:
            continue
        role = str((held.values.get("parameters") or {}).get(ROLE, ""))
        roles = synthesis.of("aws_iam_role")
        return next((made for made in roles if f"{{{made.address}." in role), None)
    return None


def _in_region(synthesis: Synthesis) -> Finding:
    region = synthesis.context.region
    try:
        synthesis.aws.any_client("cloudformation").describe_type(
            Type="RESOURCE", TypeName=COMPONENT
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "TypeNotFoundException":
            raise
        return Finding(REGION, region, "failed", f"has no {COMPONENT}", REGION.fix)
    return Finding(REGION, region, "passed", f"has {COMPONENT}")


def _room(
    aws: Aws,
    endpoint: str,
    spec: InferenceComponentEndpoint,
    declared: Mapping[str, Mapping[str, Any]],
) -> Iterator[Finding]:
    """Whether a batch of each component that changes fits beside all copies that there are now."""
    running = _running(aws, endpoint)
    copies = {name: _copies(each) for name, each in running.items()}
    for name, each in running.items():
        wanted = declared.get(name)
        if wanted is None or not copies[name] or not any(differences(wanted, each)):
            continue
        batch = _batch(wanted, copies[name])
        needed = {}
        for kind in spec.instance_types:
            # New copies take what the template says, those that serve what they have.
            asked = {other: asked_of(found, kind) for other, found in running.items()}
            counts = {**copies, f"{name} (new)": batch}
            asked[f"{name} (new)"] = asked_of(wanted, kind)
            needed[kind] = len(placed(kind, counts, asked).instances)
        best = min(needed, key=lambda kind: needed[kind])
        said = (
            f"{batch} more of {copies[name]} copies take about {needed[best]} x {best} with all that "
            f"runs now; max_instances is {spec.max_instances}"
        )
        if needed[best] > spec.max_instances:
            yield Finding(ROOM, name, "failed", said, ROOM.fix)
        else:
            yield Finding(ROOM, name, "passed", said)


def _running(aws: Aws, endpoint: str) -> dict[str, Mapping[str, Any]]:
    """Every component with copies on an endpoint as SageMaker has it, also those made elsewhere."""
    sagemaker = aws.client("sagemaker")
    pages = sagemaker.get_paginator("list_inference_components").paginate(
        EndpointNameEquals=endpoint
    )
    names = [
        each["InferenceComponentName"] for page in pages for each in page["InferenceComponents"]
    ]
    found = {
        name: sagemaker.describe_inference_component(InferenceComponentName=name) for name in names
    }
    return {
        name: each
        for name, each in found.items()
        if not any(one.get("BaseInferenceComponentName") for one in specifications_of(each))
    }


def _copies(component: Mapping[str, Any]) -> int:
    runtime = component.get("RuntimeConfig") or {}
    return max(int(runtime.get(f"{each}CopyCount") or 0) for each in ("Desired", "Current"))


def _batch(component: Mapping[str, Any], copies: int) -> int:
    """How many copies a step replaces."""
    policy = (component.get("DeploymentConfig") or {}).get("RollingUpdatePolicy") or {}
    size = policy.get("MaximumBatchSize") or {}
    value = int(size.get("Value") or 1)
    if size.get("Type") == "CAPACITY_PERCENT":
        return max(1, copies * value // 100)
    return min(value, copies)


# Reservations


def of_configuration(
    synthesis: Synthesis, values: Mapping[str, Any], most: int
) -> Iterator[Finding]:
    """Whether the training plan that a configuration takes instances of can give them."""
    for variant in values.get("production_variants") or ():
        config = variant.get("capacity_reservation_config") or {}
        arn = config.get("ml_reservation_arn")
        if arn:
            yield _reservation(synthesis.aws, str(arn), str(variant.get("instance_type")), most)


def _reservation(aws: Aws, arn: str, instance_type: str, most: int) -> Finding:
    try:
        plan = aws.client("sagemaker").describe_training_plan(
            TrainingPlanName=arn.rpartition("/")[2]
        )
    except ClientError as error:
        if "NotFound" not in error.response["Error"]["Code"]:
            raise
        return Finding(RESERVATION, arn, "failed", "does not exist", "check its ARN")
    wrong = [*_unusable(plan, instance_type, most)]
    if wrong:
        return Finding(RESERVATION, arn, "failed", "; ".join(wrong), RESERVATION.fix)
    ends = plan["EndTime"]
    said = f"is active until {ends:%Y-%m-%d}, when the endpoint stops serving"
    if ends - datetime.now(UTC) <= _SOON:
        fix = "buy another plan, or leave capacity.reservation out before that day"
        return Finding(RESERVATION, arn, "skipped", f"{said}, in less than 30 days", fix)
    return Finding(RESERVATION, arn, "passed", said)


def _unusable(
    plan: DescribeTrainingPlanResponseTypeDef, instance_type: str, most: int
) -> Iterator[str]:
    """Why an endpoint gets no instances, or too few, from a training plan."""
    if plan["Status"] != "Active":
        yield f"is {plan['Status']}"
    elif plan["EndTime"] <= datetime.now(UTC):
        yield f"has ended on {plan['EndTime']:%Y-%m-%d}"
    targets = plan["TargetResources"]
    if targets and "endpoint" not in targets:
        yield f"was bought for {', '.join(targets)}, not for endpoints"
    types = sorted({each["InstanceType"] for each in plan["ReservedCapacitySummaries"]})
    if types and instance_type not in types:
        yield f"is of {', '.join(types)}, and the endpoint's instances are {instance_type}"
    if plan["TotalInstanceCount"] < most:
        yield f"has {plan['TotalInstanceCount']} instances, and the endpoint may need {most}"
