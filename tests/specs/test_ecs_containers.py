"""What is refused of the containers of an ECS task, and what is taken."""

from __future__ import annotations

import re
from typing import Any

import pytest

from inferform import (
    Adot,
    ContainerHealth,
    ContainerOptions,
    Ec2,
    EcsService,
    EfsVolume,
    Fargate,
    FireLens,
    Image,
    Model,
    Network,
    Restart,
    SideCar,
    SpecError,
    Ulimit,
)
from tests.specs.test_ecs import environment

MODEL = Model(image=Image(repository="fraud", tag="1.4.2"))
AGENT = "public.ecr.aws/acme/agent:1"
EC2 = Ec2(capacity="gpu", memory_mib=8192, cpu=2048)
HEALTH = ContainerHealth(command=["true"])


OF_HUB = "arn:aws:secretsmanager:us-east-1:111122223333:secret:hub-AbCdEf"
ROUTER = FireLens(output={"Name": "http", "Host": "logs.acme.test"})


def service(**changes: Any) -> EcsService:
    container = changes.pop("container", ContainerOptions()).replace(health=HEALTH)
    fields = {"model": MODEL, "compute": Fargate(cpu=256, memory_mib=512), "container": container}
    return EcsService(**{**fields, **changes})


def agent(**fields: Any) -> SideCar:
    return SideCar(image=AGENT, **fields)


def volume(**fields: Any) -> EfsVolume:
    return EfsVolume(**{"file_system": "fs-012345678", "path": "/mnt/files", **fields})


def refused(of: Any, **fields: Any) -> dict[str, str]:
    with pytest.raises(SpecError) as caught:
        of(**fields)
    return {
        ".".join(map(str, problem.path)): problem.rule
        for problem in caught.value.problems
        if problem.severity == "error"
    }


@pytest.mark.parametrize(
    ("of", "fields", "path", "rule"),
    [
        (ContainerOptions, {"port": 0}, "port", "ECS50"),
        (ContainerOptions, {"port": 65_536}, "port", "ECS50"),
        (ContainerOptions, {"shared_memory_mib": 0}, "shared_memory_mib", "ECS60"),
        (ContainerOptions, {"user": "root"}, "user", "ECS37"),
        (ContainerOptions, {"environment_files": ["a.txt"]}, "environment_files.0", "ECS62"),
        (ContainerOptions, {"environment_files": ["s3://b.env"]}, "environment_files.0", "ECS62"),
        (SideCar, {"image": AGENT, "environment_files": ["a.env", "a.env"]},
         "environment_files", "ECS63"),
        (ContainerOptions, {"environment_files": [f"{n}.env" for n in range(11)]},
         "environment_files", "ECS63"),
        (Restart, {"attempt_period_seconds": 59}, "attempt_period_seconds", "ECS73"),
        (Restart, {"attempt_period_seconds": 1801}, "attempt_period_seconds", "ECS73"),
        (Restart, {"ignored_exit_codes": [*range(51)]}, "ignored_exit_codes", "ECS73"),
        (FireLens, {"output": {}}, "output", "ECS64"),
        (FireLens, {"output": {"Name": "firehose"}}, "output", "ECS64"),
        (FireLens, {"output": {"Name": "http", "a": "b"}, "output_secrets": {"a": OF_HUB}},
         "output_secrets.a", "ECS64"),
        (FireLens, {"output": {"Name": "http", "http_passwd": "hunter2hunter2"}},
         "output.http_passwd", "MDL24"),
        (ContainerHealth, {"command": []}, "command", "ECS21"),
        (ContainerHealth, {"command": ["CMD"]}, "command", "ECS21"),
        (ContainerHealth, {"command": ["CMD-SHELL"]}, "command", "ECS21"),
        (ContainerHealth, {"command": ["CMD-SHELL", "curl", "localhost"]}, "command", "ECS21"),
        (ContainerHealth, {"command": ["NONE"]}, "command", "ECS21"),
        (ContainerHealth, {"command": ["curl -f localhost:8080/ping"]}, "command", "ECS21"),
        (ContainerOptions, {"user": "0:1000"}, "user", "ECS37"),
        (ContainerOptions, {"stop_timeout_seconds": 121}, "stop_timeout_seconds", "ECS36"),
        (ContainerOptions, {"secrets": {"A": "secret"}}, "secrets.A", "ARN1"),
        (Ulimit, {"soft": 2, "hard": 1}, "soft", "ECS59"),
        (Ulimit, {"soft": -1, "hard": 1}, "soft", "ECS59"),
        (Ulimit, {"soft": -2, "hard": -1}, "soft", "ECS59"),
        (SideCar, {"image": "agent"}, "image", "ECR1"),
        (SideCar, {"image": "agent:latest"}, "image", "ECR2"),
        (SideCar, {"image": AGENT, "user": "root"}, "user", "ECS37"),
        (SideCar, {"image": AGENT, "memory_mib": 5}, "memory_mib", "ECS60"),
        (SideCar, {"image": AGENT, "environment": {"DB_PASSWORD": "hunter2"}},
         "environment.DB_PASSWORD", "MDL24"),
        (SideCar, {"image": AGENT, "environment": {"X": "ghp_" + "a1B2" * 9}},
         "environment.X", "MDL25"),
        (SideCar, {"image": AGENT, "environment": {"X": "1"},
                   "secrets": {"X": "arn:aws:secretsmanager:us-east-1:111122223333:secret:x-AbCdEf"}},
         "secrets.X", "ECS35"),
        (volume, {"file_system": "features"}, "file_system", "ECS56"),
        (volume, {"access_point": "fs-012345678"}, "access_point", "ECS56"),
        (volume, {"path": "mnt"}, "path", "ECS56"),
        (volume, {"root": "models"}, "root", "ECS56"),
        (volume, {"access_point": "fsap-012345678", "root": "/models"}, "root", "ECS57"),
    ],
)  # fmt: skip
def test_a_container_that_aws_refuses_is_refused(
    of: Any, fields: dict[str, Any], path: str, rule: str
) -> None:
    assert refused(of, **fields) == {path: rule}


@pytest.mark.parametrize(
    ("fields", "path", "rule"),
    [
        ({"container": ContainerOptions(shared_memory_mib=64)},
         "container.shared_memory_mib", "ECS51"),
        ({"container": ContainerOptions(ulimits={"memlock": Ulimit(soft=-1, hard=-1)})},
         "container.ulimits.memlock", "ECS51"),
        ({"sidecars": {"loader": agent()}}, "sidecars.loader", "ECS52"),
        ({"volumes": {"tmp": volume()}}, "volumes.tmp", "ECS52"),
        ({"container": ContainerOptions(depends_on={"agnet": "START"}),
          "sidecars": {"agent": agent()}}, "container.depends_on.agnet", "ECS53"),
        ({"container": ContainerOptions(depends_on={"agent": "HEALTHY"}),
          "sidecars": {"agent": agent()}}, "container.depends_on.agent", "ECS53"),
        ({"container": ContainerOptions(depends_on={"agent": "SUCCESS"}),
          "sidecars": {"agent": agent()}}, "container.depends_on.agent", "ECS53"),
        ({"sidecars": {"agent": agent(depends_on={"model": "COMPLETE"})}},
         "sidecars.agent.depends_on.model", "ECS53"),
        ({"sidecars": {"agent": agent(depends_on={"agent": "START"})}},
         "sidecars.agent.depends_on.agent", "ECS53"),
        ({"sidecars": {"agent": agent(ports=[8080])}}, "sidecars.agent.ports.0", "ECS54"),
        ({"sidecars": {"otel": Adot(), "agent": agent(ports=[4317])}},
         "sidecars.agent.ports.0", "ECS54"),
        ({"sidecars": {"a": ROUTER, "b": ROUTER}}, "sidecars.b", "ECS64"),
        ({"sidecars": {"agent": agent(cpu=256)}}, "sidecars", "ECS55"),
        ({"sidecars": {"agent": agent(memory_mib=512)}}, "sidecars", "ECS55"),
        ({"volumes": {"files": volume(containers=["agent"])}},
         "volumes.files.containers.0", "ECS53"),
        ({"volumes": {"files": volume(path="/tmp")}}, "volumes.files.path", "ECS58"),
        ({"volumes": {"a": volume(), "b": volume()}}, "volumes.b.path", "ECS58"),
        ({"volumes": {"a": volume(path="/opt/ml/model")},
          "model": MODEL.replace(artifact="fraud/1/model.tar.gz")}, "volumes.a.path", "ECS58"),
    ],
)  # fmt: skip
def test_containers_that_do_not_go_together_are_refused(
    fields: dict[str, Any], path: str, rule: str
) -> None:
    assert refused(service, **fields) == {path: rule}


def test_containers_that_wait_for_each_other_are_refused() -> None:
    fields = {
        "container": ContainerOptions(depends_on={"agent": "START"}),
        "sidecars": {"agent": agent(depends_on={"model": "START"})},
    }
    assert refused(service, **fields) == {
        "container.depends_on.agent": "ECS53",
        "sidecars.agent.depends_on.model": "ECS53",
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"container": ContainerOptions(ulimits={"nofile": Ulimit(soft=65535, hard=65535)})},
        {"container": ContainerOptions(shared_memory_mib=1024,
                                       ulimits={"memlock": Ulimit(soft=-1, hard=-1)}),
         "compute": EC2},
        {"container": ContainerOptions(environment_files=[f"{n}.env" for n in range(10)])},
        {"sidecars": {"logs": ROUTER, "otel": Adot()}},
        {"container": ContainerOptions(
            restart=Restart(attempt_period_seconds=1800, ignored_exit_codes=[*range(50)]))},
        {"container": ContainerOptions(port=65_535), "sidecars": {"agent": agent(ports=[8080, 1])}},
        {"container": ContainerOptions(depends_on={"setup": "SUCCESS", "agent": "HEALTHY"}),
         "sidecars": {"setup": agent(essential=False), "agent": agent(health=HEALTH)}},
        {"sidecars": {"agent": agent(depends_on={"model": "HEALTHY"}, cpu=255, memory_mib=511)}},
        {"volumes": {"a": volume(path="/opt/ml/model"), "b": volume(containers=["agent"])},
         "sidecars": {"agent": agent()}},
        {"volumes": {"a": volume(access_point="fsap-012345678", root="/")}},
    ],
)  # fmt: skip
def test_containers_that_go_together_are_taken(fields: dict[str, Any]) -> None:
    assert service(**fields)


@pytest.mark.parametrize("name", EcsService.former)
def test_a_field_of_before_says_what_is_written_now(name: str) -> None:
    """What is told to be written is taken, but for its value."""
    fields: dict[str, Any] = {"model": MODEL, "compute": EC2, name: None}
    with pytest.raises(SpecError, match="SPEC7") as refused:
        EcsService(**fields)
    (problem,) = refused.value.problems
    told = re.search(r"write (\w+)=(\w+)\((\w+)=\.\.\.\)", problem.text)
    assert told
    field, spec, inner = told.groups()
    default = EcsService.model_fields[field].default
    assert type(default).__name__ == spec
    assert inner in type(default).model_fields
    assert name not in EcsService.model_fields


def test_a_message_says_which_container_was_meant() -> None:
    with pytest.raises(SpecError, match="did you mean agent"):
        service(
            container=ContainerOptions(depends_on={"agnet": "START"}), sidecars={"agent": agent()}
        )


def test_a_side_cars_secrets_and_image_are_needed_as_the_models() -> None:
    closed = Network(
        cidr="10.20.0.0/16", nat="none", interface_endpoints=["ecr.api", "ecr.dkr", "logs"]
    )
    secret = "arn:aws:secretsmanager:us-east-1:111122223333:secret:x-AbCdEf"
    with pytest.raises(SpecError) as caught:
        environment(
            {"fraud": service(sidecars={"agent": agent(secrets={"X": secret})})}, network=closed
        )
    found = {problem.where: problem for problem in caught.value.problems}
    assert found["inference.services.fraud.sidecars.agent.image"].rule == "ECS38"
    assert "secretsmanager" in str(caught.value)


@pytest.mark.parametrize(
    ("command", "run"),
    [
        (["ready", "--now"], ["CMD", "ready", "--now"]),
        (["CMD", "ready"], ["CMD", "ready"]),
        (["CMD-SHELL", "ready || exit 1"], ["CMD-SHELL", "ready || exit 1"]),
    ],
)
def test_a_health_check_is_run_as_its_command_says(command: list[str], run: list[str]) -> None:
    assert ContainerHealth(command=command).run == run


def test_a_secret_in_plain_is_led_to_the_field_that_takes_its_arn() -> None:
    with pytest.raises(SpecError, match="write its ARN in output_secrets"):
        FireLens(output={"Name": "datadog", "apikey": "0123456789abcdef0123456789abcdef"})
    with pytest.raises(SpecError, match="write its ARN in secrets"):
        SideCar(image=AGENT, environment={"DB_PASSWORD": "hunter2"})
