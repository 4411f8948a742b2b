"""Every value that a stack sends to AWS is one that AWS takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Literal

import pytest

import inferform
from inferform import (
    AccessEntry,
    BatchTransform,
    Canary,
    CloudWatchMetric,
    CustomMetric,
    DataProcessing,
    EcsCluster,
    EcsDeployment,
    EcsService,
    EksCluster,
    Environment,
    Fargate,
    Image,
    Inference,
    Linear,
    LoadBalancer,
    Model,
    RealtimeEndpoint,
    Route,
    TargetTracking,
)
from inferform.layers import program
from tests.capabilities.record import ACCOUNT
from tests.conftest import Synthesized, stacks_in
from tests.scaling_cases import CASES
from tests.specs.fields import fields
from tests.specs.kinds import Tree, environment, followed, valid_trees
from tests.terraform_requests import ELSEWHERE, OWN, REQUESTS, Sent, in_request, sent_by

pytestmark = pytest.mark.long

CERTIFICATE = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/12345678-1234-1234-1234-12345678901"
MODEL = Model(image=Image(repository="fraud", tag="1.4.2"))
CALLED = re.compile(
    r"arn:aws:states:::(aws-sdk:)?(?P<service>sagemaker|cloudwatch|s3):(?P<action>\w+)(\.sync)?"
)

# Members that a field becomes and that no stack sends by themselves, and why.
UNSENT = {
    "ecr:ImageIdentifier.imageDigest": "is the end of an image's URI",
    "ecr:ImageIdentifier.imageTag": "likewise",
    "elbv2:Matcher.GrpcCode": "shares the argument `matcher` with HttpCode, which ELSEWHERE names",
    **dict.fromkeys(
        (
            "greengrassv2:ComponentDeploymentSpecification.componentVersion",
            "greengrassv2:IoTJobAbortCriteria.minNumberOfExecutedThings",
            "greengrassv2:IoTJobAbortCriteria.thresholdPercentage",
            "greengrassv2:IoTJobExecutionsRolloutConfig.maximumPerMinute",
            "greengrassv2:IoTJobTimeoutConfig.inProgressTimeoutInMinutes",
            "sagemaker:InputConfig.DataInputConfig",
            "sagemaker:InputConfig.Framework",
            "sagemaker:InputConfig.FrameworkVersion",
            "sagemaker:InputConfig.S3Uri",
            "sagemaker:OutputConfig.TargetDevice",
            "sagemaker:TargetPlatform.Accelerator",
            "sagemaker:TargetPlatform.Arch",
            "sagemaker:TargetPlatform.Os",
        ),
        "is sent by `inferform edge`, as Terraform has no such resource",
    ),
}


def service(
    rollout: Canary | Linear,
    host: str,
    controller: Literal["CODE_DEPLOY", "ECS"] = "CODE_DEPLOY",
) -> EcsService:
    return EcsService(
        model=MODEL,
        compute=Fargate(cpu=1024, memory_mib=2048, ephemeral_storage_gib=30),
        rollout=rollout,
        deployment=EcsDeployment(controller=controller),
        route=Route(load_balancer="shared", hosts=[host], strip_prefix="/fraud"),
    )


def rest() -> Environment:
    """What neither the environments, the documents nor the kinds of Specs of other tests have."""
    base = environment(valid_trees()["auto"])
    metric = CloudWatchMetric(
        namespace="Fraud", name="Busy", unit="Kilobits/Second", dimensions={"pool": "main"}
    )
    return base.replace(
        kubernetes=None,
        ecs=EcsCluster(
            load_balancers={
                "shared": LoadBalancer(
                    certificate=f"{CERTIFICATE}2",
                    more_certificates=[f"{CERTIFICATE}3"],
                    web_acl=f"arn:aws:wafv2:us-east-1:{ACCOUNT}:regional/webacl/main/1234abcd",
                )
            }
        ),
        eks=EksCluster(
            version="1.35",
            access={
                "engineers": AccessEntry(
                    principal=f"arn:aws:iam::{ACCOUNT}:role/engineers",
                    kubernetes_groups=["readers"],
                )
            },
        ),
        inference=Inference(
            endpoints={
                "fraud": RealtimeEndpoint(
                    model=MODEL,
                    instance_type="ml.g5.12xlarge",
                    scaling=CASES["realtime"][3].replace(
                        policies=[
                            *CASES["realtime"][3].policies,
                            TargetTracking(
                                name="kilobits", metric=CustomMetric(metric=metric, target=8)
                            ),
                        ]
                    ),
                )
            },
            batch={
                "filtered": BatchTransform(
                    model=MODEL,
                    instance_type="ml.m5.xlarge",
                    data_processing=DataProcessing(input_filter="$[1:]", join_input=True),
                )
            },
            services={
                "canary": service(Canary(alarm_names=["busy"]), "a.test", "ECS"),
                "linear": service(Linear(), "b.test", "ECS"),
                "shift": service(Linear(), "c.test"),
            },
        ),
    )


SHORT_NAMES = {str(field) for field in fields() if field.is_short_name}
LONGEST = {"organization": 16, "stage": 10}


def lengthened(tree: Any) -> Any:
    """A tree whose names are as long as they may be, and what refers to them too."""
    names: dict[str, str] = {}
    long = longest(tree, names)
    for old, new in names.items():
        long = followed(long, old, new)
    return long


def longest(tree: Any, names: dict[str, str]) -> Any:
    """A tree whose names are as long as they may be; `names` gets each with the longer one."""
    if isinstance(tree, list):
        return [longest(each, names) for each in tree]
    if not isinstance(tree, Tree):
        return tree
    given: dict[str, Any] = {}
    for name, value in tree.given.items():
        places = {f"{spec.__name__}.{name}" for spec in getattr(inferform, tree.kind).__mro__}
        if isinstance(value, dict):
            # Fields beside them name side-cars as they are; components and adapters share the length
            # of a name with their endpoint, which a rule of their own holds them to.
            are_names = name not in ("sidecars", "components", "adapters") and bool(
                {f"{place}{{key}}" for place in places} & SHORT_NAMES
            )
            given[name] = {}
            for key, each in value.items():
                stretches = are_names and not _has_components(each)
                long = stretched(key) if stretches else key
                names |= {key: long} if stretches else {}
                given[name][long] = longest(each, names)
        elif isinstance(value, str) and places & SHORT_NAMES:
            given[name] = stretched(value, LONGEST.get(name, 32))
        else:
            given[name] = longest(value, names)
    return Tree(tree.kind, given)


def _has_components(tree: Any) -> bool:
    return isinstance(tree, Tree) and "components" in tree.given


def stretched(name: str, length: int = 32) -> str:
    return f"{name}-{'x' * length}"[:length]


@pytest.fixture(scope="module")
def sent(everything: Synthesized, tmp_path_factory: pytest.TempPathFactory) -> list[Sent]:
    """What all stacks send: those of the environments and documents, and of every kind of Spec."""
    stacks = dict(everything)
    trees = valid_trees()
    environments = {name: environment(tree) for name, tree in trees.items()}
    # Foreign outputs name what others have made.
    del trees["foreign"]
    environments |= {f"{name}-long": environment(lengthened(tree)) for name, tree in trees.items()}
    for name, made in {**environments, "rest": rest()}.items():
        outdir = program.synthesize([made], outdir=tmp_path_factory.mktemp(name))
        stacks.update((f"kinds-{name}-{key}", stack) for key, stack in stacks_in(outdir).items())
    found = [each for name, stack in stacks.items() for each in sent_by(name, stack)]
    return [
        *found,
        *(inner for each in found for inner in (*sent_by_states(each), *in_templates(each))),
    ]


def sent_by_states(machine: Sent) -> Iterator[Sent]:
    """What a state machine sends itself: by integrations of Step Functions', and by AWS's own words."""
    if machine.attribute != "aws_sfn_state_machine.definition":
        return
    for state in json.loads(machine.value)["States"].values():
        called = CALLED.fullmatch(state.get("Resource", ""))
        if called:
            operation = called["action"][:1].upper() + called["action"][1:]
            request = f"{called['service']}:{operation}"
            yield from in_request(machine.stack, request, state["Parameters"])


STACKED = {
    "AWS::ApiGateway::Deployment": "apigateway:CreateDeploymentRequest",
    "AWS::SageMaker::EndpointConfig": "sagemaker:CreateEndpointConfigInput",
    "AWS::SageMaker::InferenceComponent": "sagemaker:CreateInferenceComponentInput",
}
"""The request that CloudFormation makes of each type of resource."""

UPDATES = "sagemaker:UpdateInferenceComponentInput"


def in_templates(stack: Sent) -> Iterator[Sent]:
    """What CloudFormation sends of the template of a stack."""
    if stack.attribute != "aws_cloudformation_stack.template_body":
        return
    for resource in json.loads(stack.value)["Resources"].values():
        content = without_references(resource["Properties"])
        # The way of an update is sent with updates alone.
        way = {name: content.pop(name) for name in ("DeploymentConfig",) if name in content}
        yield from in_request(stack.stack, STACKED[resource["Type"]], content)
        yield from in_request(stack.stack, UPDATES, way)


def without_references(value: Any) -> Any:
    """A template's value with a reference of Terraform's for each of CloudFormation's."""
    if isinstance(value, list):
        return [without_references(each) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and next(iter(value)) in ("Ref", "Fn::GetAtt", "Fn::Sub"):
        return "${parameter}"
    return {name: without_references(each) for name, each in value.items()}


def test_every_attribute_is_a_member_of_a_request_or_has_a_reason(sent: list[Sent]) -> None:
    own = [name for names in OWN.values() for name in names]
    unknown = {each.attribute for each in sent if not each.member} - set(own)
    assert unknown == set(), (
        "name the member in elsewhere, or give a reason in own, of tests/capabilities"
    )
    assert len(sent) > 10_000


def test_aws_takes_every_value(sent: list[Sent]) -> None:
    refused = {
        f"{each.stack}: {each.attribute}, {each.value!r}, {each.refusal}"
        for each in sent
        if each.refusal
    }
    assert refused == set()


def test_what_a_field_says_that_it_becomes_is_sent(sent: list[Sent]) -> None:
    """The members that fields name are those that the values of such fields end in."""
    named = {member for field in fields() for member, _ in field.members}
    assert named - {each.member for each in sent} == UNSENT.keys()


def test_every_entry_of_the_tables_is_still_needed(sent: list[Sent]) -> None:
    attributes = {each.attribute for each in sent}
    parts = {
        ".".join(words[:count])
        for words in (each.split(".") for each in attributes)
        for count in range(1, len(words) + 1)
    }
    own = [name for names in OWN.values() for name in names]
    for table in (REQUESTS, ELSEWHERE, own):
        assert [name for name in table if name not in parts] == []
