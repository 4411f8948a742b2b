"""What the containers of an ECS task become in Terraform."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from inferform import (
    Adot,
    ContainerHealth,
    ContainerOptions,
    Ec2,
    Ec2Capacity,
    EfsVolume,
    FireLens,
    Image,
    Restart,
    SideCar,
    Ulimit,
)
from tests.modules.test_ecs_layer import (
    ACCOUNT,
    ARTIFACT,
    Synthesize,
    containers,
    inference,
    only,
    policy,
    resources,
    service,
)

SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:agent-AbCdEf"
GPU = {
    "compute": Ec2(capacity="gpu", memory_mib=8192, cpu=2048),
    "capacity": {"gpu": Ec2Capacity(instance_types=["g5.xlarge"], max_instances=2)},
}


def _taken_by_aws(stack: dict[str, Any]) -> None:
    """Botocore's model of RegisterTaskDefinition has every key and type."""
    model = botocore.session.get_session().get_service_model("ecs")
    shape: Any = model.shape_for("RegisterTaskDefinitionRequest")
    request = {"family": "fraud", "containerDefinitions": [*containers(stack).values()]}
    report = ParamValidator().validate(request, shape)
    assert not report.has_errors(), report.generate_report()


def test_the_container_is_started_as_it_is_asked_for(synthesize: Synthesize) -> None:
    stack = inference(
        synthesize,
        service(
            compute=GPU["compute"],
            container=ContainerOptions(
                command=["--model", "/opt/ml/model"],
                entry_point=["/bin/server"],
                ulimits={"memlock": Ulimit(soft=-1, hard=-1), "core": Ulimit(soft=0, hard=0)},
                shared_memory_mib=2048,
                init_process=True,
            ),
        ),
        capacity=GPU["capacity"],
    )
    made = containers(stack)["model"]
    assert made["command"] == ["--model", "/opt/ml/model"]
    assert made["entryPoint"] == ["/bin/server"]
    assert [limit["name"] for limit in made["ulimits"]] == ["core", "memlock"]
    assert made["ulimits"][1] == {"name": "memlock", "softLimit": -1, "hardLimit": -1}
    assert made["linuxParameters"] == {
        "capabilities": {"drop": ["ALL"]},
        "sharedMemorySize": 2048,
        "initProcessEnabled": True,
    }
    _taken_by_aws(stack)


def test_an_empty_command_leaves_the_images_own(synthesize: Synthesize) -> None:
    stack = inference(synthesize, service(container=ContainerOptions(command=[])))
    assert "command" not in containers(stack)["model"]


def test_another_port_is_opened_from_the_load_balancer_to_the_container(
    synthesize: Synthesize,
) -> None:
    stack = inference(synthesize, service(container=ContainerOptions(port=8000)))
    assert containers(stack)["model"]["portMappings"] == [
        {"containerPort": 8000, "hostPort": 8000, "protocol": "tcp"}
    ]
    assert only(stack, "aws_ecs_service")["load_balancer"][0]["container_port"] == 8000
    into = only(stack, "aws_vpc_security_group_ingress_rule")
    out = stack["resource"]["aws_vpc_security_group_egress_rule"]
    (from_balancer,) = (rule for name, rule in out.items() if "from-load-balancer" in name)
    for rule in (into, from_balancer):
        assert (rule["from_port"], rule["to_port"]) == (8000, 8000)
        # Otherwise the tasks of before are cut off while the new ones start.
        assert rule["lifecycle"] == {"create_before_destroy": True}
    assert into["referenced_security_group_id"] == from_balancer["security_group_id"]


def test_the_contracts_port_adds_no_rule(synthesize: Synthesize) -> None:
    stack = inference(synthesize, service())
    ports = {rule["from_port"] for rule in resources(stack, "aws_vpc_security_group_egress_rule")}
    assert ports == {443}


def test_a_side_car_stands_beside_the_model_and_is_as_closed(synthesize: Synthesize) -> None:
    stack = inference(
        synthesize,
        service(
            model=ARTIFACT,
            container=ContainerOptions(depends_on={"agent": "HEALTHY"}),
            sidecars={
                "agent": SideCar(
                    image=Image(repository="fraud", tag="agent-1"),
                    command=["--config", "env:CONFIG"],
                    environment={"LEVEL": "info", "CONFIG": "receivers:"},
                    secrets={"HUB": SECRET},
                    cpu=64,
                    memory_mib=128,
                    ports=[4317, 4318],
                    health=ContainerHealth(command=["/healthcheck"]),
                ),
                "warm": SideCar(
                    image="public.ecr.aws/acme/warm:1",
                    essential=False,
                    depends_on={"model": "START"},
                ),
            },
        ),
    )
    made = containers(stack)
    assert list(made) == ["model", "loader", "agent", "warm"]
    assert made["model"]["dependsOn"] == [
        {"containerName": "loader", "condition": "SUCCESS"},
        {"containerName": "agent", "condition": "HEALTHY"},
    ]
    agent = made["agent"]
    assert agent["image"].endswith("fraud:agent-1")
    assert (agent["essential"], agent["cpu"], agent["memory"]) == (True, 64, 128)
    assert (agent["user"], agent["readonlyRootFilesystem"]) == ("10001", True)
    assert agent["linuxParameters"] == {"capabilities": {"drop": ["ALL"]}}
    assert agent["secrets"] == [{"name": "HUB", "valueFrom": SECRET}]
    assert [entry["name"] for entry in agent["environment"]] == ["CONFIG", "LEVEL"]
    assert [port["containerPort"] for port in agent["portMappings"]] == [4317, 4318]
    assert agent["healthCheck"]["command"] == ["CMD", "/healthcheck"]
    assert agent["logConfiguration"]["options"]["awslogs-stream-prefix"] == "agent"
    assert made["warm"]["dependsOn"] == [{"containerName": "model", "condition": "START"}]
    assert "command" not in made["warm"]
    allowed = {statement["Sid"]: statement for statement in policy(stack, "execution")}
    assert allowed["ReadSecrets"]["Resource"] == SECRET
    _taken_by_aws(stack)


def test_a_container_that_ends_is_restarted_without_its_task(synthesize: Synthesize) -> None:
    restart = Restart(attempt_period_seconds=60, ignored_exit_codes=[0])
    stack = inference(synthesize, service(container=ContainerOptions(restart=restart)))
    assert containers(stack)["model"]["restartPolicy"] == {
        "enabled": True,
        "ignoredExitCodes": [0],
        "restartAttemptPeriod": 60,
    }
    assert "restartPolicy" not in containers(inference(synthesize, service()))["model"]
    _taken_by_aws(stack)


def test_environment_files_are_read_by_ecs_with_the_execution_role(
    synthesize: Synthesize,
) -> None:
    stack = inference(
        synthesize,
        service(
            container=ContainerOptions(environment_files=["fraud/prod.env"]),
            sidecars={
                "agent": SideCar(
                    image="public.ecr.aws/acme/agent:1",
                    environment_files=["s3://acme-shared/agent.env"],
                )
            },
        ),
    )
    made = containers(stack)
    bucket = "arn:aws:s3:::${data.terraform_remote_state.registry.outputs.artifact_bucket}"
    assert made["model"]["environmentFiles"] == [
        {"type": "s3", "value": f"{bucket}/fraud/prod.env"}
    ]
    assert made["agent"]["environmentFiles"] == [
        {"type": "s3", "value": "arn:aws:s3:::acme-shared/agent.env"}
    ]
    allowed = {statement["Sid"]: statement for statement in policy(stack, "execution")}
    files = [f"{bucket}/fraud/prod.env", "arn:aws:s3:::acme-shared/agent.env"]
    assert allowed["ReadVariables"]["Resource"] == files
    assert allowed["FindVariables"]["Resource"] == [bucket, "arn:aws:s3:::acme-shared"]
    assert allowed["DecryptVariables"]["Action"] == "kms:Decrypt"
    _taken_by_aws(stack)


def test_a_router_gets_the_logs_of_the_other_containers(synthesize: Synthesize) -> None:
    output = {"Name": "firehose", "delivery_stream": "logs"}
    stack = inference(
        synthesize,
        service(
            model=ARTIFACT,
            sidecars={
                "logs": FireLens(output=output, output_secrets={"key": SECRET}),
                "agent": SideCar(image="public.ecr.aws/acme/agent:1"),
            },
        ),
    )
    made = containers(stack)
    router = made["logs"]
    assert router["firelensConfiguration"] == {
        "type": "fluentbit",
        "options": {"enable-ecs-log-metadata": "true"},
    }
    assert (router["user"], router["readonlyRootFilesystem"]) == ("0", False)
    assert router["logConfiguration"]["logDriver"] == "awslogs"
    routed = {
        "logDriver": "awsfirelens",
        "options": {**output, "region": "us-east-1"},
        "secretOptions": [{"name": "key", "valueFrom": SECRET}],
    }
    assert made["model"]["logConfiguration"] == made["agent"]["logConfiguration"] == routed
    assert made["loader"]["logConfiguration"]["logDriver"] == "awslogs"
    first = {"containerName": "logs", "condition": "START"}
    assert first in made["model"]["dependsOn"]
    assert made["agent"]["dependsOn"] == [first]
    assert "dependsOn" not in router
    allowed = {statement["Sid"]: statement for statement in policy(stack, "task")}
    stream = f"arn:aws:firehose:us-east-1:{ACCOUNT}:deliverystream/logs"
    assert allowed["RouteLogs"]["Action"] == ["firehose:PutRecordBatch"]
    assert allowed["RouteLogs"]["Resource"] == stream
    reads = {statement["Sid"]: statement for statement in policy(stack, "execution")}
    assert reads["ReadSecrets"]["Resource"] == SECRET
    _taken_by_aws(stack)


def test_a_router_to_elsewhere_has_no_rights_and_no_region(synthesize: Synthesize) -> None:
    output = {"Name": "http", "Host": "logs.acme.test"}
    stack = inference(synthesize, service(sidecars={"logs": FireLens(output=output)}))
    assert containers(stack)["model"]["logConfiguration"]["options"] == output
    assert "task_role_arn" not in only(stack, "aws_ecs_task_definition")


@pytest.mark.parametrize("config", [None, "receivers: {}"])
def test_a_collector_sends_traces_and_metrics(synthesize: Synthesize, config: str | None) -> None:
    stack = inference(synthesize, service(sidecars={"traces": Adot(config=config)}))
    made = containers(stack)["traces"]
    assert [port["containerPort"] for port in made["portMappings"]] == [4317, 4318]
    given = {entry["name"]: entry["value"] for entry in made["environment"]}
    if config is None:
        assert made["command"] == ["--config=/etc/ecs/ecs-default-config.yaml"]
        assert given == {}
    else:
        assert "command" not in made
        assert given == {"AOT_CONFIG_CONTENT": config}
    assert made["essential"] is False
    allowed = {statement["Sid"]: statement for statement in policy(stack, "task")}
    assert "xray:PutTraceSegments" in allowed["SendTraces"]["Action"]
    assert allowed["SendMetrics"]["Resource"].endswith(":log-group:/aws/ecs/*")
    _taken_by_aws(stack)


def test_ecs_may_pull_the_images_of_side_cars(synthesize: Synthesize) -> None:
    other = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/agent:1"
    stack = inference(synthesize, service(sidecars={"agent": SideCar(image=other)}))
    pulls = next(each for each in policy(stack, "execution") if each["Sid"] == "PullImage")
    assert len(pulls["Resource"]) == 2
    assert pulls["Resource"][1].endswith(":repository/agent")


def test_a_file_system_is_mounted_by_the_task_role(synthesize: Synthesize) -> None:
    stack = inference(
        synthesize,
        service(
            sidecars={"agent": SideCar(image="public.ecr.aws/acme/agent:1")},
            volumes={
                "features": EfsVolume(
                    file_system="fs-0123456789abcdef0",
                    access_point="fsap-0123456789abcdef0",
                    path="/mnt/features",
                ),
                "scratch-files": EfsVolume(
                    file_system=f"arn:aws:elasticfilesystem:us-east-1:{ACCOUNT}:file-system/fs-012345678",
                    path="/mnt/scratch",
                    root="/scratch",
                    read_only=False,
                    containers=["model", "agent"],
                ),
            },
        ),
    )
    definition = only(stack, "aws_ecs_task_definition")
    volumes = {volume["name"]: volume for volume in definition["volume"]}
    assert volumes["features"]["efs_volume_configuration"] == {
        "file_system_id": "fs-0123456789abcdef0",
        "root_directory": "/",
        "transit_encryption": "ENABLED",
        "authorization_config": {"access_point_id": "fsap-0123456789abcdef0", "iam": "ENABLED"},
    }
    assert volumes["scratch-files"]["efs_volume_configuration"]["file_system_id"] == "fs-012345678"
    assert volumes["scratch-files"]["efs_volume_configuration"]["root_directory"] == "/scratch"
    made = containers(stack)
    mounted = {mount["containerPath"]: mount["readOnly"] for mount in made["model"]["mountPoints"]}
    assert mounted == {"/tmp": False, "/mnt/features": True, "/mnt/scratch": False}
    assert [mount["containerPath"] for mount in made["agent"]["mountPoints"]] == ["/mnt/scratch"]
    allowed = {statement["Sid"]: statement for statement in policy(stack, "task")}
    reads, writes = allowed["MountFiles1"], allowed["MountFiles2"]
    assert reads["Action"] == ["elasticfilesystem:ClientMount"]
    assert json.dumps(reads["Condition"]).endswith(':access-point/fsap-0123456789abcdef0"}}')
    assert writes["Action"] == ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
    assert writes["Resource"].endswith(":file-system/fs-012345678")
    assert "Condition" not in writes
    rules = resources(stack, "aws_vpc_security_group_egress_rule")
    assert [rule["description"] for rule in rules if rule["from_port"] == 2049] == [
        "NFS to mount targets"
    ]
    _taken_by_aws(stack)


def test_a_file_system_without_iam_needs_no_task_role(synthesize: Synthesize) -> None:
    volume = EfsVolume(file_system="fs-012345678", path="/mnt/a", iam=False)
    stack = inference(synthesize, service(volumes={"a": volume}))
    definition = only(stack, "aws_ecs_task_definition")
    assert "task_role_arn" not in definition
    made = next(each for each in definition["volume"] if each["name"] == "a")
    assert made["efs_volume_configuration"]["authorization_config"] == {"iam": "DISABLED"}
