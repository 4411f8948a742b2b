"""An update that breaks what its alarms watch is rolled back, and the next one goes through."""

from __future__ import annotations

from pathlib import Path

from emulator.process import Emulator
from inferform import Canary, Inference, Model, RealtimeEndpoint
from tests.provider import Provider

from .hosting import client, hosting

NAME = "kinds-dev-use1-guarded"


def serving(version: str) -> Inference:
    image = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:{version}"
    endpoint = RealtimeEndpoint(
        model=Model(image=image), instance_type="ml.m5.large", rollout=Canary(canary_percent=30)
    )
    return Inference(endpoints={"guarded": endpoint})


def test_an_alarm_of_the_declaration_rolls_an_update_back(
    emulator: Emulator, provider: Provider, tmp_path: Path
) -> None:
    sagemaker, cloudwatch = client(emulator, "sagemaker"), client(emulator, "cloudwatch")

    def configured() -> str:
        return str(sagemaker.describe_endpoint(EndpointName=NAME)["EndpointConfigName"])

    def alarm(state: str) -> None:
        name = f"{NAME}-primary-5xx"
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")

    stack = hosting(emulator, provider, tmp_path / "stack")
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
