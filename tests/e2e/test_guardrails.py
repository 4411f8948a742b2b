"""An update that is rolled back fails the deploy, what served before is kept, and the next one works."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from inferform import Canary, Inference, Model, RealtimeEndpoint
from inferform_emulator.process import Emulator
from ops.errors import OperatorError
from ops.verify import verify

from .hosting import client, hosting
from .struck import ENDPOINT, STACK, struck

NAME = "kinds-dev-use1-guarded"


def serving(version: str) -> Inference:
    image = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:{version}"
    endpoint = RealtimeEndpoint(
        model=Model(image=image), instance_type="ml.m5.large", rollout=Canary(canary_percent=30)
    )
    return Inference(endpoints={"guarded": endpoint})


def test_an_alarm_of_the_declaration_rolls_an_update_back(
    emulator: Emulator, tmp_path: Path
) -> None:
    sagemaker, cloudwatch = client(emulator, "sagemaker"), client(emulator, "cloudwatch")

    def configured() -> str:
        return str(sagemaker.describe_endpoint(EndpointName=NAME)["EndpointConfigName"])

    def alarm(state: str) -> None:
        name = f"{NAME}-primary-5xx"
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")

    stack = hosting(emulator, tmp_path / "stack")
    stack.apply(serving("1"))
    first = configured()

    alarm("ALARM")
    failed = stack.terraform(
        stack.stack(serving("2")), "apply", "-auto-approve", "-no-color", expect=1
    )
    assert "RollingBack" in failed
    described = sagemaker.describe_endpoint(EndpointName=NAME)
    while described["EndpointStatus"] != "InService":
        described = sagemaker.describe_endpoint(EndpointName=NAME)
    assert configured() == first
    # what runs is still there, so that the endpoint can scale and be updated
    sagemaker.describe_endpoint_config(EndpointConfigName=first)

    alarm("OK")
    stack.apply(serving("3"))
    assert configured() != first
    stack.destroy(serving("3"))


def test_a_rollback_that_is_over_before_terraform_looks_fails_the_deploy(
    emulator: Emulator, tmp_path: Path
) -> None:
    reason = "The primary container did not pass the ping health check."
    with struck(tmp_path, emulator) as life:
        life.release("1.0.0")
        life.apply(STACK)
        sagemaker = life.aws().client("sagemaker")
        (model,) = _names(sagemaker.list_models()["Models"], "ModelName")
        (configuration,) = _names(
            sagemaker.list_endpoint_configs()["EndpointConfigs"], "EndpointConfigName"
        )

        life.release("1.1.0")
        # The second rollback shows that a deploy does not delete first what the one before kept.
        for _ in range(2):
            life.roll_back(reason)
            with pytest.raises(OperatorError) as caught:
                life.deploy(STACK)
            said = str(caught.value)
            assert f"SageMaker rolled the update of endpoint {ENDPOINT} back" in said
            assert reason in said
            described = sagemaker.describe_endpoint(EndpointName=ENDPOINT)
            assert described["EndpointConfigName"] == configuration
            assert model in _names(sagemaker.list_models()["Models"], "ModelName")
            assert configuration in _names(
                sagemaker.list_endpoint_configs()["EndpointConfigs"], "EndpointConfigName"
            )
            failed = [f for f in verify(life.environment(), life.aws()) if f.outcome == "failed"]
            assert [f.check.title for f in failed] == ["configuration", "image"]
            assert reason in failed[0].found

        life.apply(STACK)
        life.settled("update")
        assert model not in _names(sagemaker.list_models()["Models"], "ModelName")
        assert {f.outcome for f in verify(life.environment(), life.aws())} == {"passed"}
        life.destroy(STACK)


def _names(listed: Iterable[Mapping[str, object]], key: str) -> list[str]:
    return [str(each[key]) for each in listed]
