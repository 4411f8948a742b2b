"""What the ecs layer and ECS services become in Terraform."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    AllAtOnce,
    Canary,
    CapacityShare,
    ContainerHealth,
    ContainerOptions,
    Context,
    CpuUtilization,
    Ec2,
    Ec2Capacity,
    EcsCluster,
    EcsDeployment,
    EcsOutputs,
    EcsService,
    Environment,
    Fargate,
    FrameworkContainer,
    GrpcHealthCheck,
    Image,
    Inference,
    Linear,
    LoadBalancer,
    Model,
    Network,
    Registry,
    Repository,
    RequestsPerTarget,
    Route,
    Scaling,
    TargetTracking,
)
from inferform.alarms.published import NVIDIA

pytestmark = pytest.mark.long

Synthesize = Callable[..., dict[str, dict[str, Any]]]

ACCOUNT = "111122223333"
CERTIFICATE = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/12345678-1234-1234-1234-123456789012"
MODEL = Model(image=Image(repository="fraud", tag="1.4.2"))
ARTIFACT = MODEL.replace(artifact="fraud/1.4.2/model.tar.gz", environment={"B": "2", "A": "1"})
ROUTE = Route(load_balancer="internal", hosts=["fraud.acme.test"])
BY_ECS = EcsDeployment(controller="ECS")
TRACKED = Scaling(
    max_capacity=8, policies=[TargetTracking(metric=RequestsPerTarget(requests_per_second=20))]
)


def service(**changes: Any) -> EcsService:
    fields = {"model": MODEL, "compute": Fargate(cpu=256, memory_mib=512), "route": ROUTE}
    return EcsService(**{**fields, **changes})


def environment(
    *services: EcsService, protected: bool = False, network: Network | None = None, **fields: Any
) -> Environment:
    cluster = EcsCluster(
        capacity=fields.pop("capacity", {}),
        load_balancers={"internal": LoadBalancer(certificate=CERTIFICATE)},
    )
    return Environment(
        context=Context(
            organization="acme",
            stage="dev",
            account=ACCOUNT,
            region="us-east-1",
            owner="ml",
            protected=protected,
        ),
        network=network or Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        **{
            "ecs": cluster,
            "inference": Inference(
                services={
                    "fraud" if index == 0 else f"fraud-{index}": each
                    for index, each in enumerate(services)
                }
            ),
            **fields,
        },
    )


def resources(stack: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return list(stack["resource"].get(kind, {}).values())


def only(stack: dict[str, Any], kind: str) -> dict[str, Any]:
    found = resources(stack, kind)
    assert len(found) == 1, sorted(stack["resource"])
    return found[0]


def containers(stack: dict[str, Any]) -> dict[str, dict[str, Any]]:
    listed = json.loads(only(stack, "aws_ecs_task_definition")["container_definitions"])
    return {each["name"]: each for each in listed}


def policy(stack: dict[str, Any], role: str) -> list[dict[str, Any]]:
    """The statements of the role whose address ends so."""
    address = next(
        name for name in stack["resource"]["aws_iam_role_policy"] if f"_{role}_policy_" in name
    )
    document = stack["resource"]["aws_iam_role_policy"][address]["policy"]
    statements: list[dict[str, Any]] = json.loads(document)["Statement"]
    return statements


def inference(synthesize: Synthesize, *services: EcsService, **fields: Any) -> dict[str, Any]:
    return synthesize(environment(*services, **fields))["dev-use1-inference"]


def test_a_container_is_closed_by_default(synthesize: Synthesize) -> None:
    stack = inference(synthesize, service(model=ARTIFACT))
    container = containers(stack)["model"]
    assert container["user"] == "10001"
    assert container["readonlyRootFilesystem"] is True
    assert container["linuxParameters"] == {"capabilities": {"drop": ["ALL"]}}
    assert container["command"] == ["serve"]
    assert [entry["name"] for entry in container["environment"]] == ["A", "B"]
    assert "privileged" not in container
    made = only(stack, "aws_ecs_service")
    assert made["network_configuration"]["assign_public_ip"] is False
    assert made["network_configuration"]["subnets"].endswith("outputs.private_subnet_ids}")
    logs = only(stack, "aws_cloudwatch_log_group")
    assert logs["retention_in_days"] == 30
    assert logs["kms_key_id"].endswith("outputs.kms_key_arn}")


def test_tmp_is_opened_to_the_user_before_the_container_starts(synthesize: Synthesize) -> None:
    """ECS makes a volume for root alone, and an image without VOLUME changes nothing of that."""
    made = containers(inference(synthesize, service()))
    (first,) = made["model"]["dependsOn"]
    assert first == {"containerName": "tmp", "condition": "SUCCESS"}
    opener = made["tmp"]
    assert [*opener["entryPoint"], *opener["command"]] == ["chmod", "1777", "/tmp"]
    assert (opener["user"], opener["essential"]) == ("0", False)
    assert opener["image"] == made["model"]["image"]  # nothing else is pulled
    assert opener["linuxParameters"] == {"capabilities": {"drop": ["ALL"]}}
    volume = {"sourceVolume": "tmp", "containerPath": "/tmp", "readOnly": False}
    assert opener["mountPoints"] == made["model"]["mountPoints"] == [volume]


def test_the_loader_opens_tmp_where_there_is_one(synthesize: Synthesize) -> None:
    made = containers(inference(synthesize, service(model=ARTIFACT)))
    assert made.keys() == {"model", "loader"}
    loader = made["loader"]
    assert loader["command"][0].endswith(" && chmod 1777 /tmp")
    assert {each["containerPath"] for each in loader["mountPoints"]} == {"/tmp", "/opt/ml/model"}


def test_a_writable_root_file_system_has_the_tmp_of_its_image(synthesize: Synthesize) -> None:
    stack = inference(synthesize, service(container=ContainerOptions(read_only=False)))
    made = containers(stack)
    assert made.keys() == {"model"}
    assert made["model"]["mountPoints"] == []
    assert not only(stack, "aws_ecs_task_definition").get("volume")


@pytest.mark.parametrize(
    "image",
    [
        FrameworkContainer(framework="pytorch", version="2.6.0"),
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312",
    ],
    ids=["named", "by URI"],
)
def test_awss_own_container_may_write_what_its_server_writes(
    synthesize: Synthesize, image: Any
) -> None:
    """TorchServe's start writes /etc/sagemaker-ts.properties and .sagemaker in the working
    folder, as root; nginx gives its workers another user."""
    of_aws = service(model=ARTIFACT.replace(image=image))
    made = containers(inference(synthesize, of_aws))
    container = made["model"]
    assert "user" not in container
    assert container["readonlyRootFilesystem"] is False
    assert [each["containerPath"] for each in container["mountPoints"]] == ["/opt/ml/model"]
    dropped = container["linuxParameters"]["capabilities"]["drop"]
    assert {"NET_RAW", "MKNOD", "SETFCAP"} <= set(dropped)
    assert not {"ALL", "CHOWN", "DAC_OVERRIDE", "SETGID", "SETUID"} & set(dropped)
    assert "chmod 1777" not in made["loader"]["command"][0]


def test_awss_own_container_is_closed_where_it_is_asked_for(synthesize: Synthesize) -> None:
    image = FrameworkContainer(framework="vllm", version="0.27.1")
    closed = service(
        model=MODEL.replace(image=image), container=ContainerOptions(user="1000", read_only=True)
    )
    made = containers(inference(synthesize, closed))
    assert made["model"]["user"] == "1000"
    assert made["model"]["readonlyRootFilesystem"] is True
    assert made["model"]["linuxParameters"] == {"capabilities": {"drop": ["ALL"]}}
    assert made["tmp"]["image"] == made["model"]["image"]


def test_the_artifact_is_fetched_before_the_container_starts(synthesize: Synthesize) -> None:
    stack = inference(synthesize, service(model=ARTIFACT))
    made = containers(stack)
    assert made["model"]["dependsOn"] == [{"containerName": "loader", "condition": "SUCCESS"}]
    mounted = {mount["containerPath"]: mount["readOnly"] for mount in made["model"]["mountPoints"]}
    assert mounted == {"/tmp": False, "/opt/ml/model": True}
    assert made["loader"]["essential"] is False
    assert made["loader"]["environment"][0]["value"].endswith("/fraud/1.4.2/model.tar.gz")
    actions = {statement["Sid"]: statement["Action"] for statement in policy(stack, "task")}
    assert actions == {
        "ReadArtifact": "s3:GetObject",
        "ListArtifact": "s3:ListBucket",
        "DecryptArtifact": "kms:Decrypt",
    }


def test_a_prefix_is_copied_object_by_object(synthesize: Synthesize) -> None:
    stack = inference(synthesize, service(model=MODEL.replace(artifact="fraud/1.4.2/")))
    assert "--recursive" in containers(stack)["loader"]["command"][0]


def test_a_service_without_an_artifact_has_no_loader_and_no_task_role(
    synthesize: Synthesize,
) -> None:
    stack = inference(synthesize, service())
    assert list(containers(stack)) == ["model", "tmp"]
    assert "task_role_arn" not in only(stack, "aws_ecs_task_definition")


def test_secrets_go_in_by_arn_and_only_they_may_be_read(synthesize: Synthesize) -> None:
    secret = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:hub-AbCdEf"
    stack = inference(
        synthesize, service(container=ContainerOptions(secrets={"HUB": f"{secret}:token::"}))
    )
    assert containers(stack)["model"]["secrets"] == [
        {"name": "HUB", "valueFrom": f"{secret}:token::"}
    ]
    allowed = {statement["Sid"]: statement for statement in policy(stack, "execution")}
    assert allowed["ReadSecrets"]["Resource"] == secret
    assert "ReadParameters" not in allowed


@pytest.mark.parametrize(
    ("changes", "ignored"),
    [
        ({"count": 3}, None),
        ({"scaling": TRACKED}, ["desired_count"]),
        (
            {"rollout": Canary()},
            ["capacity_provider_strategy", "load_balancer", "task_definition"],
        ),
        (
            {"rollout": Canary(), "scaling": TRACKED.replace(policies=[])},
            ["desired_count", "capacity_provider_strategy", "load_balancer", "task_definition"],
        ),
        ({"rollout": Canary(), "deployment": BY_ECS}, None),
    ],
)
def test_what_another_owns_is_ignored_and_nothing_else(
    synthesize: Synthesize, changes: dict[str, Any], ignored: list[str] | None
) -> None:
    made = only(inference(synthesize, service(**changes)), "aws_ecs_service")
    assert made.get("lifecycle", {}).get("ignore_changes") == ignored


@pytest.mark.parametrize(
    ("changes", "guarded"),
    [
        ({}, True),
        ({"rollout": AllAtOnce(), "deployment": BY_ECS}, True),
        ({"rollout": Canary(), "deployment": BY_ECS}, True),
        ({"rollout": Linear(), "deployment": BY_ECS}, True),
        ({"rollout": Canary()}, False),
    ],
)
def test_an_apply_fails_where_ecs_has_rolled_the_update_back(
    synthesize: Synthesize, changes: dict[str, Any], guarded: bool
) -> None:
    stack = inference(synthesize, service(**changes))
    (definition,) = stack["resource"]["aws_ecs_task_definition"]
    found = only(stack, "aws_ecs_service").get("lifecycle", {}).get("postcondition", [])
    wanted = f"${{self.task_definition == aws_ecs_task_definition.{definition}.arn}}"
    # CodeDeploy moves a service after the apply, which ignores what it runs.
    assert [each["condition"] for each in found] == ([wanted] if guarded else [])
    if guarded:
        said = found[0]["error_message"]
        assert "acme-dev-use1-fraud back. It serves what it served before" in said
        assert "aws ecs describe-services --cluster" in said


@pytest.mark.parametrize("controller", ["CODE_DEPLOY", "ECS"])
def test_the_rule_of_a_blue_green_service_keeps_its_weights(
    synthesize: Synthesize, controller: Any
) -> None:
    stack = inference(
        synthesize, service(rollout=Canary(), deployment=EcsDeployment(controller=controller))
    )
    rule = only(stack, "aws_lb_listener_rule")
    assert rule["lifecycle"] == {"ignore_changes": ["action"]}
    assert [t["weight"] for t in rule["action"][0]["forward"]["target_group"]] == [100, 0]
    assert len(resources(stack, "aws_lb_target_group")) == 2
    alarms = resources(stack, "aws_cloudwatch_metric_alarm")
    assert {alarm["alarm_name"] for alarm in alarms} == {
        "acme-dev-use1-fraud-blue-5xx",
        "acme-dev-use1-fraud-green-5xx",
    }
    for alarm in alarms:
        # HTTPCode_ELB_5XX_Count counts what the load balancer itself answers.
        assert alarm["metric_name"] == "HTTPCode_Target_5XX_Count"
        assert alarm["namespace"] == "AWS/ApplicationELB"
        assert alarm["dimensions"].keys() == {"LoadBalancer", "TargetGroup"}
        assert (alarm["statistic"], alarm["period"], alarm["evaluation_periods"]) == ("Sum", 60, 1)
        assert alarm["comparison_operator"] == "GreaterThanThreshold"
        assert alarm["treat_missing_data"] == "notBreaching"
    groups = {alarm["dimensions"]["TargetGroup"] for alarm in alarms}
    assert len(groups) == 2


@pytest.mark.parametrize(
    ("check", "path", "codes"),
    [
        (None, "/grpc.health.v1.Health/Check", "0"),
        (GrpcHealthCheck(path="/acme.Fraud/Ready", codes="0,12"), "/acme.Fraud/Ready", "0,12"),
    ],
)
def test_tasks_that_speak_grpc_have_a_target_group_of_their_own(
    synthesize: Synthesize, check: GrpcHealthCheck | None, path: str, codes: str
) -> None:
    route = ROUTE.replace(protocol_version="GRPC", health_check=check)
    made = inference(synthesize, service(route=route))
    group = only(made, "aws_lb_target_group")
    assert (group["protocol"], group["protocol_version"]) == ("HTTP", "GRPC")
    assert (group["health_check"]["path"], group["health_check"]["matcher"]) == (path, codes)
    # Another name and address: one that is in use cannot be replaced.
    before = inference(synthesize, service())
    other = only(before, "aws_lb_target_group")
    assert "protocol_version" not in other
    assert (other["name"], group["name"]) == ("acme-dev-use1-fraud", "acme-dev-use1-fraud-grpc")
    addresses = [{*each["resource"]["aws_lb_target_group"]} for each in (before, made)]
    assert not addresses[0] & addresses[1]


def test_a_rolling_services_rule_is_terraforms_own(synthesize: Synthesize) -> None:
    stack = inference(synthesize, service())
    assert "lifecycle" not in only(stack, "aws_lb_listener_rule")
    made = only(stack, "aws_ecs_service")
    assert made["deployment_circuit_breaker"] == {"enable": True, "rollback": True}
    assert made["wait_for_steady_state"] is True


def test_code_deploy_rolls_back_on_its_alarms(synthesize: Synthesize) -> None:
    rollout = Linear(step_percent=25, wait_seconds=120, alarm_names=["latency"])
    stack = inference(synthesize, service(rollout=rollout))
    group = only(stack, "aws_codedeploy_deployment_group")
    assert len(group["alarm_configuration"]["alarms"]) == 3
    assert group["auto_rollback_configuration"] == {
        "enabled": True,
        "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"],
    }
    routing = only(stack, "aws_codedeploy_deployment_config")["traffic_routing_config"]
    assert routing["time_based_linear"] == {"interval": 2, "percentage": 25}
    assert "deployment_circuit_breaker" not in only(stack, "aws_ecs_service")
    # The service runs the old revision until it is moved, and can be moved back to it.
    assert only(stack, "aws_ecs_task_definition")["skip_destroy"] is True
    passed = {s["Sid"]: s for s in policy(stack, "rollout")}["StartTasks"]
    assert passed["Condition"] == {
        "StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
    }


def test_a_changed_shift_is_made_before_the_old_one_goes(synthesize: Synthesize) -> None:
    names = set()
    for percent in (10, 20):
        rollout = Canary(canary_percent=percent)
        stack = inference(synthesize, service(rollout=rollout))
        made = only(stack, "aws_codedeploy_deployment_config")
        assert made["lifecycle"] == {"create_before_destroy": True}
        names.add(made["deployment_config_name"])
    assert len(names) == 2


def test_what_only_newer_providers_know_is_written_only_when_asked_for(
    synthesize: Synthesize,
) -> None:
    stack = inference(synthesize, service(), service(route=ROUTE.replace(hosts=["b.acme.test"])))
    for made in resources(stack, "aws_ecs_service"):
        assert "deployment_configuration" not in made
        assert "advanced_configuration" not in made["load_balancer"][0]
    assert all("transform" not in rule for rule in resources(stack, "aws_lb_listener_rule"))
    native = service(rollout=AllAtOnce(), deployment=BY_ECS)
    made = only(inference(synthesize, native), "aws_ecs_service")
    assert made["deployment_configuration"]["strategy"] == "BLUE_GREEN"
    assert made["load_balancer"][0]["advanced_configuration"].keys() == {
        "alternate_target_group_arn",
        "production_listener_rule",
        "role_arn",
    }
    stripped = service(route=Route(load_balancer="internal", paths=["/a/*"], strip_prefix="/a"))
    rule = only(inference(synthesize, stripped), "aws_lb_listener_rule")
    rewrite = rule["transform"][0]["url_rewrite_config"]["rewrite"]
    assert rewrite == {"regex": "^/a/(.*)$", "replace": "/$1"}


@pytest.mark.parametrize(
    ("rollout", "expected"),
    [
        (AllAtOnce(), {"strategy": "BLUE_GREEN"}),
        (
            Canary(canary_percent=20, wait_seconds=180),
            {
                "strategy": "CANARY",
                "canary_configuration": {
                    "canary_percent": 20,
                    "canary_bake_time_in_minutes": "3",
                },
            },
        ),
        (
            Linear(step_percent=25, wait_seconds=120),
            {
                "strategy": "LINEAR",
                "linear_configuration": {"step_percent": 25, "step_bake_time_in_minutes": "2"},
            },
        ),
    ],
)
def test_ecs_itself_shifts_traffic_likewise(
    synthesize: Synthesize, rollout: Any, expected: dict[str, Any]
) -> None:
    native = service(rollout=rollout.replace(termination_wait_seconds=420), deployment=BY_ECS)
    stack = inference(synthesize, native)
    made = only(stack, "aws_ecs_service")
    assert made["deployment_configuration"] == {**expected, "bake_time_in_minutes": "7"}
    assert made["alarms"]["rollback"] is True
    assert "aws_codedeploy_app" not in stack["resource"]


def test_scaling_by_requests_names_the_load_balancer_and_the_target_group(
    synthesize: Synthesize,
) -> None:
    stack = inference(synthesize, service(scaling=TRACKED))
    tracking = only(stack, "aws_appautoscaling_policy")[
        "target_tracking_scaling_policy_configuration"
    ]
    label = tracking["predefined_metric_specification"]["resource_label"]
    assert 'outputs.load_balancer_suffixes["internal"]' in label
    assert label.endswith(".arn_suffix}")
    target = only(stack, "aws_appautoscaling_target")
    assert target["scalable_dimension"] == "ecs:service:DesiredCount"
    assert target["resource_id"].startswith("service/acme-dev-use1-ecs/${aws_ecs_service.")


def test_scaling_by_cpu_needs_no_load_balancer(synthesize: Synthesize) -> None:
    policies = [TargetTracking(metric=CpuUtilization(percent=60))]
    scaled = service(
        route=None,
        container=ContainerOptions(health=ContainerHealth(command=["true"])),
        scaling=Scaling(min_capacity=2, max_capacity=8, policies=policies),
    )
    stack = inference(synthesize, scaled)
    assert only(stack, "aws_ecs_service")["desired_count"] == 2
    assert containers(stack)["model"]["healthCheck"]["command"] == ["CMD", "true"]


def test_fargate_and_spot_share_the_tasks(synthesize: Synthesize) -> None:
    compute = Fargate(cpu=256, memory_mib=512, on_demand_base=2, spot_weight=3)
    made = only(inference(synthesize, service(compute=compute)), "aws_ecs_service")
    assert made["capacity_provider_strategy"] == [
        {"base": 2, "capacity_provider": "FARGATE", "weight": 1},
        {"base": 0, "capacity_provider": "FARGATE_SPOT", "weight": 3},
    ]
    assert "launch_type" not in made


def gpu(**changes: Any) -> dict[str, Ec2Capacity]:
    fields = {"instance_types": ["g5.xlarge", "g4dn.xlarge"], "max_instances": 4, **changes}
    return {"gpu": Ec2Capacity(**fields)}


def test_tags_of_capacity_reach_its_instances_and_volumes(synthesize: Synthesize) -> None:
    stack = synthesize(environment(capacity=gpu(tags={"cost-center": "42"})))["dev-use1-ecs"]
    specified = only(stack, "aws_launch_template")["tag_specifications"]
    found = {each["resource_type"]: each["tags"].get("cost-center") for each in specified}
    assert found == {"instance": "42", "volume": "42"}


def test_several_capacities_share_the_tasks(synthesize: Synthesize) -> None:
    compute = Ec2(
        capacity="gpu",
        memory_mib=4096,
        share=CapacityShare(base=2, weight=1),
        more_capacity={"spot": CapacityShare(weight=3), "spare": CapacityShare(weight=0)},
    )
    capacity = {
        name: Ec2Capacity(instance_types=["g5.xlarge"], max_instances=2)
        for name in ("gpu", "spot", "spare")
    }
    stack = inference(synthesize, service(compute=compute), capacity=capacity)
    made = only(stack, "aws_ecs_service")["capacity_provider_strategy"]
    shares = [(each["base"], each["weight"]) for each in made]
    assert shares == [(2, 1), (0, 3)]
    assert len({each["capacity_provider"] for each in made}) == 2


def test_gpu_capacity_is_managed_by_ecs(synthesize: Synthesize) -> None:
    stack = synthesize(environment(capacity=gpu(on_demand_base=1, on_demand_percent=25)))[
        "dev-use1-ecs"
    ]
    template = only(stack, "aws_launch_template")
    assert template["image_id"].startswith("resolve:ssm:/aws/service/ecs/optimized-ami/")
    assert template["metadata_options"]["http_tokens"] == "required"
    assert template["block_device_mappings"][0]["ebs"]["encrypted"] == "true"
    user_data = base64.b64decode(template["user_data"]).decode()
    assert "ECS_CLUSTER=acme-dev-use1-ecs\n" in user_data
    group = only(stack, "aws_autoscaling_group")
    spread = group["mixed_instances_policy"]["instances_distribution"]
    assert spread["on_demand_base_capacity"] == 1
    assert spread["on_demand_percentage_above_base_capacity"] == 25
    assert group["protect_from_scale_in"] is True
    provider = only(stack, "aws_ecs_capacity_provider")["auto_scaling_group_provider"]
    assert provider["managed_termination_protection"] == "ENABLED"
    assert provider["managed_draining"] == "ENABLED"
    assert provider["managed_scaling"]["status"] == "ENABLED"


def test_the_agent_of_an_instance_measures_its_gpus(synthesize: Synthesize) -> None:
    def made(**fields: Any) -> tuple[str, str]:
        stack = synthesize(environment(capacity=gpu(**fields)))["dev-use1-ecs"]
        data = base64.b64decode(only(stack, "aws_launch_template")["user_data"]).decode()
        policies = [
            each["policy"]
            for each in resources(stack, "aws_iam_role_policy")
            if "JoinCluster" in each["policy"]
        ]
        return data, policies[0]

    data, policy = made()
    assert ("cloudwatch" in data, "PutMetricData" in policy) == (False, False)
    data, policy = made(gpu_metrics=True)
    lines = data.splitlines()
    assert lines.index("yum install -y amazon-cloudwatch-agent") > lines.index("END")
    (written,) = [json.loads(line) for line in lines if line.startswith("{")]
    metrics = written["metrics"]
    assert metrics["aggregation_dimensions"] == [["AutoScalingGroupName"]]
    # The names that the observability layer watches, and the namespace that the role may write to.
    sent = {
        f"nvidia_smi_{each}" for each in metrics["metrics_collected"]["nvidia_gpu"]["measurement"]
    }
    assert sent == {each.name for each in NVIDIA.metrics}
    assert {each.namespace for each in NVIDIA.metrics} == {metrics["namespace"]}
    statements = {each["Sid"]: each for each in json.loads(policy)["Statement"]}
    allowed = statements["SendMetrics"]["Condition"]["StringEquals"]["cloudwatch:namespace"]
    assert allowed == metrics["namespace"]
    assert statements["FindGroup"]["Action"] == "ec2:DescribeTags"


def test_a_gpu_task_asks_for_whole_gpus(synthesize: Synthesize) -> None:
    task = Ec2(capacity="gpu", memory_mib=12_000, gpus=1)
    stack = inference(synthesize, service(compute=task), capacity=gpu())
    assert containers(stack)["model"]["resourceRequirements"] == [{"type": "GPU", "value": "1"}]
    made = only(stack, "aws_ecs_service")
    provider = made["capacity_provider_strategy"][0]["capacity_provider"]
    assert provider.endswith('outputs.capacity_providers["gpu"]}')


def test_the_load_balancer_takes_only_https_and_answers_404(synthesize: Synthesize) -> None:
    stack = synthesize(environment())["dev-use1-ecs"]
    balancer = only(stack, "aws_lb")
    assert balancer["internal"] is True
    assert balancer["drop_invalid_header_fields"] is True
    assert balancer["access_logs"]["enabled"] is True
    assert balancer["enable_deletion_protection"] is False
    listener = only(stack, "aws_lb_listener")
    assert (listener["port"], listener["protocol"]) == (443, "HTTPS")
    assert listener["ssl_policy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert listener["default_action"][0]["fixed_response"]["status_code"] == "404"
    clients = only(stack, "aws_vpc_security_group_ingress_rule")
    assert clients["from_port"] == 443


def test_a_load_balancer_without_a_certificate_takes_http_from_the_vpc(
    synthesize: Synthesize,
) -> None:
    cluster = EcsCluster(load_balancers={"internal": LoadBalancer(certificate=None)})
    stack = synthesize(environment(service(), ecs=cluster))["dev-use1-ecs"]
    listener = only(stack, "aws_lb_listener")
    assert (listener["port"], listener["protocol"]) == (80, "HTTP")
    assert not {"ssl_policy", "certificate_arn"} & listener.keys()
    assert only(stack, "aws_lb")["internal"] is True
    rule = only(stack, "aws_vpc_security_group_ingress_rule")
    assert (rule["from_port"], rule["to_port"]) == (80, 80)
    assert rule["cidr_ipv4"].endswith("outputs.vpc_cidr}")


def test_production_keeps_its_load_balancer(synthesize: Synthesize) -> None:
    stack = synthesize(environment(protected=True))["dev-use1-ecs"]
    balancer = only(stack, "aws_lb")
    assert balancer["enable_deletion_protection"] is True
    assert balancer["lifecycle"] == {"prevent_destroy": True}


def test_tasks_reach_only_endpoints_where_there_is_no_nat(synthesize: Synthesize) -> None:
    def egress(network: Network | None, **changes: Any) -> list[str]:
        stack = inference(synthesize, service(**changes), network=network)
        own = stack["resource"]["aws_vpc_security_group_egress_rule"]
        rules = [rule for address, rule in own.items() if address.startswith("services")]
        return [rule.get("cidr_ipv4", "s3") for rule in rules]

    private = Network(cidr="10.20.0.0/16", nat="none", auto_endpoints=True)
    assert "0.0.0.0/0" not in egress(private)
    assert "0.0.0.0/0" in egress(None)
    assert "0.0.0.0/0" not in egress(None, egress_cidrs=[])


def test_the_network_makes_the_endpoints_that_services_need(synthesize: Synthesize) -> None:
    network = Network(cidr="10.20.0.0/16", nat="none", auto_endpoints=True)
    stack = synthesize(environment(service(), network=network))["dev-use1-network"]
    names = {each["service_name"] for each in resources(stack, "aws_vpc_endpoint")}
    assert {name.removeprefix("com.amazonaws.us-east-1.") for name in names} == {
        *("s3", "dynamodb"),
        *("ecr.api", "ecr.dkr", "logs"),
    }


def test_a_service_may_run_on_a_cluster_that_others_made(synthesize: Synthesize) -> None:
    foreign = EcsOutputs(
        cluster_name="shared",
        capacity_providers={},
        listener_arns={
            "internal": "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/shared/1/2"
        },
        load_balancer_suffixes={"internal": "app/shared/1"},
        load_balancer_groups={"internal": "sg-1"},
    )
    stacks = synthesize(environment(service(), ecs=foreign))
    assert "dev-use1-ecs" not in stacks
    stack = stacks["dev-use1-inference"]
    assert only(stack, "aws_ecs_service")["cluster"].endswith(":cluster/shared")
    assert (
        only(stack, "aws_lb_listener_rule")["listener_arn"]
        == "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/shared/1/2"
    )


def test_services_are_deployed_after_their_cluster(synthesize: Synthesize, tmp_path: Any) -> None:
    synthesize(environment(service()))
    manifest = json.loads((tmp_path / "cdktf.out" / "manifest.json").read_text("utf-8"))
    assert "dev-use1-ecs" in manifest["stacks"]["dev-use1-inference"]["dependencies"]
