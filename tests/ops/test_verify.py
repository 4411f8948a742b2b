"""Whether what runs is what the state says, on the emulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from inferform import Environment, Image, Inference, Model, RealtimeEndpoint
from ops import promote
from ops.aws import Aws
from ops.errors import OperatorError
from ops.kinds.record import Finding
from ops.verify import verify

Write = Callable[..., str]


class Service:
    """An endpoint as a deploy leaves it: the state and AWS agree, until a test changes one."""

    def __init__(
        self, environment: Environment, aws: Aws, write_state: Write, emulator: Any
    ) -> None:
        self.environment, self.aws, self._write, self._emulator = (
            environment,
            aws,
            write_state,
            emulator,
        )
        self.name = environment.context.name("fraud")
        self.sagemaker = aws.client("sagemaker")
        self.configuration("1.4.1")
        self.sagemaker.create_endpoint(EndpointName=self.name, EndpointConfigName=self.at("1.4.1"))
        self.state("1.4.1")

    def at(self, version: str) -> str:
        return f"{self.name}-{version.replace('.', '-')}"

    def image(self, version: str) -> str:
        return Image(repository="fraud", tag=version).uri(self.environment.context)

    def configuration(self, version: str) -> None:
        name = self.at(version)
        role = self.environment.context.arn("iam", "role/execution")
        self.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=role,
            PrimaryContainer={"Image": self.image(version)},
        )
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": "primary",
                    "ModelName": name,
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": 1,
                }
            ],
        )

    def state(self, version: str) -> None:
        name = self.at(version)
        self._write(
            "inference",
            1,
            **{
                "aws_sagemaker_endpoint.fraud": {
                    "name": self.name,
                    "endpoint_config_name": name,
                },
                "aws_sagemaker_endpoint_configuration.fraud": {
                    "name": name,
                    "production_variants": [{"model_name": name, "variant_name": "primary"}],
                },
                "aws_sagemaker_model.fraud": {
                    "name": name,
                    "primary_container": [{"image": self.image(version)}],
                    "container": [],
                },
            },
        )

    def update(self, version: str, **plan: Any) -> None:
        """Deploy a version as Terraform does; `plan` is what comes of it."""
        self.configuration(version)
        if plan:
            context = self.environment.context
            route = {"account": context.account, "region": context.region, "endpoint": self.name}
            self._emulator.control("POST", "sagemaker/rollout", {**route, **plan})
        self.sagemaker.update_endpoint(EndpointName=self.name, EndpointConfigName=self.at(version))
        self.state(version)

    def settle(self, answers: int = 4) -> None:
        for _ in range(answers):
            self.sagemaker.describe_endpoint(EndpointName=self.name)

    def findings(self, samples: Path | None = None) -> dict[str, Finding]:
        return {f.check.title: f for f in verify(self.environment, self.aws, samples)}


@pytest.fixture
def service(
    environment: Environment,
    foreign: dict[str, Any],
    aws: Aws,
    write_state: Write,
    emulator: Any,
) -> Iterator[Service]:
    model = Model(image=Image(repository="fraud", tag="1.4.1"))
    deployed = environment.replace(
        **foreign,
        inference=Inference(
            endpoints={"fraud": RealtimeEndpoint(model=model, instance_type="ml.m5.large")}
        ),
    )
    yield Service(deployed, aws, write_state, emulator)
    emulator.control("DELETE", "faults")


def outcomes(found: dict[str, Finding]) -> dict[str, str]:
    return {check: finding.outcome for check, finding in found.items()}


def test_an_endpoint_that_runs_what_the_state_says_passes(service: Service) -> None:
    assert outcomes(service.findings()) == {
        "configuration": "passed",
        "health": "passed",
        "invocation": "passed",
    } | ({"image": "passed"} if "image" in service.findings() else {})


def test_a_silent_rollback_is_found_with_the_configuration_that_runs(service: Service) -> None:
    service.update("1.4.2", outcome="rollback", reason="")
    service.settle()
    found = service.findings()
    assert outcomes(found)["configuration"] == "failed"
    assert found["configuration"].found == (
        f"runs {service.at('1.4.1')}, but the state says {service.at('1.4.2')}; it was rolled "
        "back: SageMaker gives no reason"
    )
    assert f"/aws/sagemaker/Endpoints/{service.name}" in found["configuration"].fix


def test_a_rollback_is_reported_with_its_reason(service: Service) -> None:
    service.update("1.4.2", outcome="rollback", reason="alarm fraud-errors is in ALARM")
    service.settle()
    assert service.findings()["configuration"].found.endswith("alarm fraud-errors is in ALARM")


def test_a_rollout_that_is_not_over_is_no_rollback(service: Service) -> None:
    service.update("1.4.2", describes=50)
    found = service.findings()
    assert "is Updating from" in found["configuration"].found
    assert found["health"].fix == "wait until the update ends"


def test_an_endpoint_that_was_deleted_is_missed(service: Service) -> None:
    service.sagemaker.delete_endpoint(EndpointName=service.name)
    assert service.findings()["configuration"].found == "does not exist"


def test_a_layer_without_a_state_is_not_deployed(environment: Environment, aws: Aws) -> None:
    [finding] = verify(environment, aws)
    assert (finding.outcome, finding.fix) == ("failed", "cdktf deploy dev-use1-registry")


def test_a_sample_of_the_services_name_is_what_is_sent(service: Service, tmp_path: Path) -> None:
    (tmp_path / "ranking.csv").write_text("1,2", encoding="utf-8")
    without = service.findings(tmp_path)["invocation"].found
    (tmp_path / "fraud.csv").write_text("0.25," * 100, encoding="utf-8")
    assert service.findings(tmp_path)["invocation"].found != without


def test_an_endpoint_that_answers_nothing_fails(service: Service, emulator: Any) -> None:
    fault = {"kind": "access-denied", "service": "sagemaker-runtime", "count": 1}
    emulator.control("POST", "faults", fault)
    assert service.findings()["invocation"].outcome == "failed"


def test_only_what_is_deployed_and_in_service_is_promoted(service: Service) -> None:
    promote.require_in_service(service.environment, "fraud", service.aws)
    service.update("1.4.2", outcome="rollback", reason="it did not start")
    service.settle()
    with pytest.raises(
        OperatorError, match=r"not deployed and in service in dev-use1.*did not start"
    ):
        promote.require_in_service(service.environment, "fraud", service.aws)


def test_what_the_file_says_and_nobody_deployed_is_not_promoted(service: Service) -> None:
    service.update("1.4.2")
    service.settle()
    with pytest.raises(OperatorError, match="which is not what is deployed"):
        promote.require_in_service(service.environment, "fraud", service.aws)


def test_a_service_without_a_state_is_not_promoted(service: Service, write_state: Write) -> None:
    write_state("inference", 2)
    with pytest.raises(OperatorError, match="it has no state"):
        promote.require_in_service(service.environment, "fraud", service.aws)
