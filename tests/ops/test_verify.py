"""Whether what runs is what the state says, of an endpoint that Terraform has deployed."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inferform import BatchTransform, Environment, Inference, Model, RealtimeEndpoint
from inferform_emulator import process
from inferform_emulator.process import Emulator
from ops import promote
from ops.aws import Aws
from ops.errors import OperatorError
from ops.kinds.record import Finding
from ops.verify import verify
from tests.e2e.struck import ENDPOINT, LAYER, STACK, Struck, struck


@dataclass
class Service:
    """An endpoint and its state, as deploys leave them."""

    life: Struck
    aws: Aws
    sagemaker: Any
    deployed: str = ""

    def deploy(self, tag: str, *, expect: int = 0) -> None:
        """Deploy a release by Terraform."""
        self.life.release(tag)
        status, output = self.life.run("update")
        assert status == expect, output
        self.deployed = tag if status == 0 else ""

    def fail(self, reason: str) -> None:
        """Deploy the release 1.1.0, which SageMaker rolls back."""
        self.life.roll_back(reason)
        self.deploy("1.1.0", expect=1)

    def update(self, configuration: str, **plan: Any) -> None:
        """Update the endpoint past Terraform; `plan` is what comes of it."""
        route = {"account": self.aws.context.account, "endpoint": ENDPOINT}
        self.life.emulator.control("POST", "sagemaker/rollout", {**route, **plan})
        self.sagemaker.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=configuration)
        self.deployed = ""

    @property
    def running(self) -> str:
        """The configuration that runs."""
        return str(self.sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointConfigName"])

    @property
    def newest(self) -> str:
        """The configuration that Terraform has made last."""
        state = self.life.states.read(LAYER)
        assert state is not None
        (configuration,) = state.of_type("aws_sagemaker_endpoint_configuration")
        return str(configuration["name"])

    def findings(self, samples: Path | None = None) -> dict[str, Finding]:
        found = verify(self.life.environment(), self.aws, samples)
        return {f.check.title: f for f in found}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with process.serve() as running:
        yield running


@pytest.fixture(scope="module")
def made(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with struck(tmp_path_factory.mktemp("verify"), emulator) as life:
        life.release("1.0.0")
        yield Service(life, life.aws(), life.aws().client("sagemaker"))


@pytest.fixture
def service(made: Service) -> Iterator[Service]:
    """The release 1.0.0, deployed."""
    if made.deployed != "1.0.0":
        # A rollout that succeeds ends whatever the test before has left.
        made.deploy("1.1.0")
        made.deploy("1.0.0")
    yield made
    made.life.mend()


def outcomes(found: dict[str, Finding]) -> dict[str, str]:
    return {check: finding.outcome for check, finding in found.items()}


def test_an_endpoint_that_runs_what_the_state_says_passes(service: Service) -> None:
    assert outcomes(service.findings()) == {
        "configuration": "passed",
        "image": "passed",
        "health": "passed",
        "invocation": "passed",
    }


def test_services_of_one_name_are_told_apart(service: Service) -> None:
    alone = service.life.environment()
    assert isinstance(alone.inference, Inference)
    endpoint = alone.inference.endpoints["fraud"]
    assert isinstance(endpoint, RealtimeEndpoint)
    assert isinstance(endpoint.model, Model)
    batch = BatchTransform(model=endpoint.model, instance_type="ml.m5.large")
    both = alone.replace(inference=alone.inference.replace(batch={"fraud": batch}))
    assert {f.subject for f in verify(alone, service.aws)} == {ENDPOINT}
    assert {f.as_dict()["subject"] for f in verify(both, service.aws)} == {
        f"endpoint/fraud ({ENDPOINT})"
    }


def test_a_silent_rollback_is_found_with_the_configuration_that_runs(service: Service) -> None:
    before = service.running
    service.fail("")
    found = service.findings()
    assert outcomes(found)["configuration"] == outcomes(found)["image"] == "failed"
    assert service.newest != before
    assert found["configuration"].found == (
        f"runs {before}, but the state says {service.newest}; it was rolled back: SageMaker gives "
        "no reason"
    )
    assert f"/aws/sagemaker/Endpoints/{ENDPOINT}" in found["configuration"].fix


def test_a_rollback_is_reported_with_its_reason(service: Service) -> None:
    service.fail("alarm fraud-errors is in ALARM")
    assert service.findings()["configuration"].found.endswith("alarm fraud-errors is in ALARM")


def test_a_rollout_that_is_not_over_is_no_rollback(service: Service) -> None:
    before = service.running
    service.fail("")
    service.update(service.newest, describes=3)
    found = service.findings()
    said = f"is Updating from {before} to {service.newest}"
    assert found["configuration"].found == said
    assert found["health"].fix == "wait until the update ends"
    for _ in range(3):
        service.sagemaker.describe_endpoint(EndpointName=ENDPOINT)
    assert service.running == service.newest


def test_a_reason_for_a_failure_is_found_though_what_should_run_runs(service: Service) -> None:
    content = service.sagemaker.describe_endpoint_config(EndpointConfigName=service.running)
    variants = copy.deepcopy(content["ProductionVariants"])
    name = f"{ENDPOINT}-by-hand"
    service.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)
    plan = {"outcome": "rollback", "describes": 0, "rolling_back_describes": 0}
    service.update(name, reason="by hand", **plan)
    found = service.findings()
    assert found["configuration"].outcome == "passed"
    assert found["health"].outcome == "failed"
    assert found["health"].found == "is InService, but its last update failed: by hand"
    service.sagemaker.delete_endpoint_config(EndpointConfigName=name)


def test_an_endpoint_that_was_deleted_is_missed(service: Service) -> None:
    service.sagemaker.delete_endpoint(EndpointName=ENDPOINT)
    service.deployed = ""
    assert service.findings()["configuration"].found == "does not exist"


def test_a_layer_without_a_state_is_not_deployed(environment: Environment, aws: Aws) -> None:
    [finding] = verify(environment, aws)
    assert (finding.outcome, finding.fix) == ("failed", "inferform deploy dev-use1-registry")


def test_a_sample_of_the_services_name_is_what_is_sent(service: Service, tmp_path: Path) -> None:
    (tmp_path / "ranking.csv").write_text("1,2", encoding="utf-8")
    without = service.findings(tmp_path)["invocation"].found
    (tmp_path / "fraud.csv").write_text("0.25," * 100, encoding="utf-8")
    assert service.findings(tmp_path)["invocation"].found != without


def test_an_endpoint_that_answers_nothing_fails(service: Service) -> None:
    service.life.fault(kind="access-denied", service="sagemaker-runtime", count=1)
    assert service.findings()["invocation"].outcome == "failed"


def test_only_what_is_deployed_and_in_service_is_promoted(service: Service) -> None:
    promote.require_in_service(service.life.environment(), "fraud", service.aws)
    service.fail("it did not start")
    with pytest.raises(
        OperatorError, match=r"not deployed and in service in dev-use1.*did not start"
    ):
        promote.require_in_service(service.life.environment(), "fraud", service.aws)


def test_what_the_file_says_and_nobody_deployed_is_not_promoted(service: Service) -> None:
    service.life.release("1.1.0")
    with pytest.raises(OperatorError, match="which is not what is deployed"):
        promote.require_in_service(service.life.environment(), "fraud", service.aws)
    service.life.release("1.0.0")


def test_a_service_without_a_state_is_not_promoted(service: Service) -> None:
    done = service.life.terraform(STACK, "destroy", "-auto-approve", "-no-color")
    assert done.status == 0, done.output
    service.deployed = ""
    with pytest.raises(OperatorError, match="it has no state"):
        promote.require_in_service(service.life.environment(), "fraud", service.aws)
