"""Two models on one endpoint of two instances, one of them with three adapters, on the emulator with the
real provider: deployed, released in place, put back by an alarm, to zero and woken, destroyed."""

from __future__ import annotations

import re
from typing import Any

import pytest

from inferform import (
    Adapter,
    Component,
    ComponentContainer,
    ComponentRolling,
    ConcurrentRequests,
    Inference,
    InferenceComponentEndpoint,
    Model,
    Scaling,
    scale_to_zero,
)
from inferform.usage import Amount
from inferform_emulator.process import Emulator
from ops.aws import Aws
from ops.cost.resources import usages
from ops.drift import unseen
from ops.errors import OperatorError
from ops.kinds.components import component_story
from ops.kinds.record import Finding
from ops.kinds.stacked import STACK
from ops.plan import read_plan
from ops.promote import require_in_service
from ops.verify import verify

from .hosting import CONTEXT, Hosting, client, hosting

pytestmark = pytest.mark.story("one endpoint with components is deployed, changed and destroyed")

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
ENDPOINT = "kinds-dev-use1-chat"
LLM, SMALL = f"{ENDPOINT}-llm", f"{ENDPOINT}-small"


def chat(
    version: str = "4",
    *,
    scaling: Scaling | None = None,
    wait_seconds: int = 60,
    memory: int = 65_536,
    level: str = "info",
) -> Inference:
    """A large model with adapters, and a small one beside it."""
    return Inference(
        endpoints={
            "chat": InferenceComponentEndpoint(
                instance_type="ml.g5.12xlarge",
                min_instances=0 if scaling else 2,
                max_instances=3,
                components={
                    "llm": Component(
                        model=Model(image=f"{REGISTRY}/llm:{version}", artifact=f"llm/{version}/"),
                        accelerators=2,
                        min_memory_mib=memory,
                        copies=None if scaling else 2,
                        scaling=scaling,
                        rollout=ComponentRolling(wait_seconds=wait_seconds),
                        adapters={
                            name: Adapter(artifact=f"llm/{name}.tar.gz")
                            for name in ("code", "legal", "mail")
                        },
                    ),
                    "small": Component(
                        model=ComponentContainer(
                            image=f"{REGISTRY}/small:1",
                            artifact="small/1.tar.gz",
                            environment={"LEVEL": level},
                        ),
                        accelerators=1,
                        min_memory_mib=8192,
                        scaling=scaling,
                    ),
                },
            )
        }
    )


TO_ZERO = scale_to_zero(ConcurrentRequests(requests=5), max_capacity=2)


@pytest.fixture(scope="module")
def host(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Hosting:
    return hosting(emulator, tmp_path_factory.mktemp("components"))


def described(host: Hosting, name: str) -> dict[str, Any]:
    sagemaker = client(host.emulator, "sagemaker")
    found: dict[str, Any] = sagemaker.describe_inference_component(InferenceComponentName=name)
    return found


def model_of(host: Hosting) -> str:
    """The artifact that the large component serves."""
    name = described(host, LLM)["Specification"]["ModelName"]
    found = client(host.emulator, "sagemaker").describe_model(ModelName=name)
    source: str = found["PrimaryContainer"]["ModelDataSource"]["S3DataSource"]["S3Uri"]
    return source


def instances(host: Hosting) -> int:
    found = client(host.emulator, "sagemaker").describe_endpoint(EndpointName=ENDPOINT)
    (variant,) = found["ProductionVariants"]
    count: int = variant["CurrentInstanceCount"]
    return count


def verified(host: Hosting, inference: Inference) -> dict[str, dict[str, Finding]]:
    """What verify finds, by name and check."""
    environment = host.environment(inference)
    found: dict[str, dict[str, Finding]] = {}
    for each in verify(environment, Aws(environment.context, emulator=host.emulator)):
        found.setdefault(each.subject, {})[each.check.title] = each
    return found


def outcomes(found: dict[str, Finding]) -> dict[str, str]:
    return {check: finding.outcome for check, finding in found.items()}


PASSED = dict.fromkeys(("configuration", "health", "invocation"), "passed")


def test_two_models_and_three_adapters_are_deployed_and_then_nothing_is_left_to_do(
    host: Hosting,
) -> None:
    host.apply(chat())
    for name, copies in ((LLM, 2), (SMALL, 1)):
        found = described(host, name)
        assert found["InferenceComponentStatus"] == "InService"
        assert found["RuntimeConfig"]["CurrentCopyCount"] == copies
    for adapter in ("code", "legal", "mail"):
        specification = described(host, f"{LLM}-{adapter}")["Specification"]
        assert specification["BaseInferenceComponentName"] == LLM
    assert instances(host) == 2
    assert model_of(host) == "s3://kinds-artifacts/llm/4/"


def test_each_component_is_verified_by_its_name(host: Hosting) -> None:
    found = verified(host, chat())
    adapters = [f"{LLM}-{adapter}" for adapter in ("code", "legal", "mail")]
    assert {name: outcomes(each) for name, each in found.items()} == {
        ENDPOINT: {**PASSED, "invocation": "skipped"},
        **dict.fromkeys((LLM, SMALL, *adapters), PASSED),
    }
    assert found[LLM]["health"].found == ("is InService with 2 of 2 copies (2 on ml.g5.12xlarge)")


def test_what_somebody_changes_of_a_component_past_terraform_is_told(host: Hosting) -> None:
    sagemaker = client(host.emulator, "sagemaker")

    def change(memory: int) -> None:
        specification = described(host, LLM)["Specification"]
        wants = specification["ComputeResourceRequirements"]
        sagemaker.update_inference_component(
            InferenceComponentName=LLM,
            Specification={
                "ModelName": specification["ModelName"],
                "ComputeResourceRequirements": {**wants, "MinMemoryRequiredInMb": memory},
            },
        )

    def copies(count: int) -> None:
        sagemaker.update_inference_component_runtime_config(
            InferenceComponentName=LLM, DesiredRuntimeConfig={"CopyCount": count}
        )

    change(4096)
    copies(3)
    told = verified(host, chat())[LLM]["configuration"]
    assert (told.outcome, told.found) == (
        "failed",
        "ComputeResourceRequirements.MinMemoryRequiredInMb is 4096, and the state says 65536; "
        "RuntimeConfig.CopyCount is 3, and the state says 2; somebody changed it past Terraform",
    )
    # Terraform's own plan sees nothing of it.
    shown = host.terraform(
        host.stack(chat()), "plan", "-out=plan", "-detailed-exitcode", "-no-color"
    )
    assert "No changes" in shown
    plan = read_plan(host.terraform(host.stack(chat()), "show", "-json", "plan"))
    aws = Aws(CONTEXT, emulator=host.emulator)
    assert [
        (each.address.partition(".")[0], each.drifted, each.attributes)
        for each in unseen(plan, aws)
    ] == [
        (
            STACK,
            True,
            ["ComputeResourceRequirements.MinMemoryRequiredInMb", "RuntimeConfig.CopyCount"],
        )
    ]
    copies(2)
    change(65_536)
    assert unseen(plan, aws) == []
    assert outcomes(verified(host, chat())[LLM]) == PASSED


def told(host: Hosting, inference: Inference) -> tuple[str, dict[str, str]]:
    """The headline of the one component that changes, and what changes of its properties."""
    host.plan(inference)
    plan = read_plan(host.terraform(host.stack(inference), "show", "-json", "plan"))
    (story,) = (each for stack in plan.of_type(STACK) for each in component_story(plan, stack))
    return story.headline, {path: text for path, text in story.facts if "." in path}


def test_a_release_rolls_the_component_in_place(host: Hosting) -> None:
    made = described(host, LLM)["CreationTime"]
    planned = host.plan(chat("5"))
    plan = read_plan(host.terraform(host.stack(chat("5")), "show", "-json", "plan"))
    (story,) = (each for stack in plan.of_type(STACK) for each in component_story(plan, stack))
    assert story.headline == (
        f"{LLM} rolls from s3://kinds-artifacts/llm/4/ to s3://kinds-artifacts/llm/5/"
    )
    assert story.rollout == "rolling, one copy at a time, watched for 60 s; rolls back on 2 alarms"
    assert dict(story.facts)[f"all of {ENDPOINT}"] == (
        "about 2 x ml.g5.12xlarge at the fewest copies (38% idle), of at most 3"
    )
    assert story.worst_case == "22 min, then AWS rolls back"
    (instances_of,) = (
        each for each in usages(plan, "after") if each.key == "sagemaker/hosting/ml.g5.12xlarge"
    )
    assert instances_of.amount == Amount(2, 2.25, 3)
    assert sorted(actions for address, actions in planned.items() if "stack" in address) == [
        ["update"]
    ]
    host.apply(chat("5"))
    found = described(host, LLM)
    assert found["CreationTime"] == made
    assert found["InferenceComponentStatus"] == "InService"
    assert told(host, chat("5", wait_seconds=120)) == (
        f"{LLM} changes how it is released",
        {
            "DeploymentConfig.RollingUpdatePolicy.MaximumExecutionTimeoutInSeconds": "1320 → 1440",
            "DeploymentConfig.RollingUpdatePolicy.WaitIntervalInSeconds": "60 → 120",
        },
    )
    resources = "Specification.ComputeResourceRequirements.MinMemoryRequiredInMb"
    assert told(host, chat("5", memory=32_768)) == (
        f"{LLM} changes",
        {resources: "65536 → 32768"},
    )
    assert told(host, chat("5", level="debug")) == (
        f"{SMALL} changes",
        {"Specification.Container.Environment": "changes LEVEL"},
    )
    policy = found["LastDeploymentConfig"]["RollingUpdatePolicy"]
    assert policy["MaximumBatchSize"] == {"Type": "COPY_COUNT", "Value": 1}
    assert model_of(host) == "s3://kinds-artifacts/llm/5/"


def test_an_alarm_puts_a_release_back_and_the_apply_fails(host: Hosting) -> None:
    cloudwatch = client(host.emulator, "cloudwatch")
    alarm = f"{LLM}-5xx"
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="the test's")
    stack = host.stack(chat("6"))
    said = host.terraform(stack, "apply", "-auto-approve", "-no-color", expect=1)
    assert LLM in said
    assert model_of(host) == "s3://kinds-artifacts/llm/5/"
    assert described(host, LLM)["InferenceComponentStatus"] == "InService"
    # The state has the template that was refused.
    found = verified(host, chat("6"))
    told = found[LLM]["configuration"]
    assert told.outcome == "failed"
    assert re.fullmatch(
        rf"ModelName is {ENDPOINT}-\S+, and the state says {ENDPOINT}-\S+; its last update was rolled "
        rf"back: .* in state ALARM: {alarm}",
        told.found,
    )
    assert outcomes(found[SMALL]) == PASSED
    aws, said = (
        Aws(CONTEXT, emulator=host.emulator),
        f"not deployed and in service.*{LLM} ModelName is",
    )
    with pytest.raises(OperatorError, match=said):
        require_in_service(host.environment(chat("6")), "chat", aws)
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="the test's")
    host.apply(chat("6"))
    assert model_of(host) == "s3://kinds-artifacts/llm/6/"
    assert outcomes(verified(host, chat("6"))[LLM]) == PASSED
    require_in_service(host.environment(chat("6")), "chat", aws)
    with pytest.raises(OperatorError, match="which is not what is deployed"):
        require_in_service(host.environment(chat("7")), "chat", aws)


def test_components_go_to_zero_with_their_instances_and_one_lost_request_wakes_them(
    host: Hosting,
) -> None:
    host.apply(chat("6", scaling=TO_ZERO))
    sagemaker = client(host.emulator, "sagemaker")
    for name in (LLM, SMALL):
        sagemaker.update_inference_component_runtime_config(
            InferenceComponentName=name, DesiredRuntimeConfig={"CopyCount": 0}
        )
    assert described(host, LLM)["RuntimeConfig"]["CurrentCopyCount"] == 0
    assert instances(host) == 0
    found = verified(host, chat("6", scaling=TO_ZERO))
    assert outcomes(found[LLM]) == {**PASSED, "invocation": "skipped"}
    assert outcomes(found[ENDPOINT]) == {**PASSED, "invocation": "skipped"}
    # Copies are autoscaling's, and a plan does not bring them back.
    host.terraform(
        host.stack(chat("6", scaling=TO_ZERO)), "plan", "-detailed-exitcode", "-no-color"
    )
    runtime = client(host.emulator, "sagemaker-runtime")
    with pytest.raises(runtime.exceptions.ClientError):
        runtime.invoke_endpoint(EndpointName=ENDPOINT, InferenceComponentName=LLM, Body=b"{}")
    # The emulator looks at alarms as metrics come in: the failed request has set off the step policy.
    assert described(host, LLM)["RuntimeConfig"]["CurrentCopyCount"] == 1
    assert instances(host) == 1


def test_everything_is_destroyed_in_an_order_that_sagemaker_takes(host: Hosting) -> None:
    host.destroy(chat("6", scaling=TO_ZERO))
    sagemaker = client(host.emulator, "sagemaker")
    assert sagemaker.list_inference_components()["InferenceComponents"] == []
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == []
    assert sagemaker.list_models()["Models"] == []
    stacks = client(host.emulator, "cloudformation").list_stacks()["StackSummaries"]
    assert {each["StackStatus"] for each in stacks} <= {"DELETE_COMPLETE"}
