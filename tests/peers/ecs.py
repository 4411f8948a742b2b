"""The example `complete` of terraform-aws-modules/terraform-aws-ecs."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .record import EXPECTED, Differs, Example, Pair

_Input = tuple[str, str | tuple[str, str]]

_CLUSTER = "module.cluster.aws_ecs_cluster.this[0]"
_CAPACITY = "module.cluster.aws_ecs_cluster_capacity_providers.this[0]"
_SERVICE = "module.service.aws_ecs_service.this[0]"
_TASK = "module.service.aws_ecs_task_definition.this[0]"
_ROLE = "module.service.aws_iam_role.tasks[0]"
_STATEMENTS = "module.service.aws_iam_role_policy.tasks[0]"
_MANAGED = 'module.service.aws_iam_role_policy_attachment.tasks["ReadOnlyAccess"]'
_GROUP = "module.service.aws_security_group.this[0]"
_IN = 'module.service.aws_security_group_rule.this["alb_ingress_3000"]'
_OUT = 'module.service.aws_security_group_rule.this["egress_all"]'
_LOGS = "module.service.module.router.aws_cloudwatch_log_group.this[0]"
_TARGETS = 'aws_lb_target_group.this["ex_ecs"]'
_THEIRS = "container_definitions.ecsdemo-frontend"
_OURS = "container_definitions.model"
_ROUTER = "container_definitions.fluent-bit"

_NAMED = "names are made of the Context and a short name"
_MODEL = "the container that serves is called `model`"
_DEFAULT = "AWS's default, which is not written down"
_KINDS = "the type of the resource says it"
_CONNECT = "callers reach the service through the load balancer"
_SHARE = (
    "the model gets what side-cars leave of the task, and has no limit of its own to be set by hand"
)
_NO_NAME = "what has a name has no tag of that key, as it would be the cluster's everywhere"


def _named(ours: str | None, name: str = "name") -> dict[str, Differs]:
    return {name: Differs(ours, _NAMED), "tags.Name": Differs(None, _NO_NAME)}


def _renamed() -> dict[str, str]:
    """The container's attributes, which is called otherwise."""
    content = json.loads((EXPECTED / "ecs-complete.json").read_text("utf-8"))
    sent = content["resources"][_TASK]
    return {
        path: path.replace(_THEIRS, _OURS, 1) for path in sent if path.startswith(f"{_THEIRS}.")
    }


def _pairs() -> Iterator[Pair]:
    yield Pair(
        _CLUSTER,
        "aws_ecs_cluster",
        {
            **_named("acme-ecs-euw1-ecs"),
            "configuration.0.execute_command_configuration.0.logging": Differs(
                "OVERRIDE", "sessions of ECS Exec are logged, encrypted by the environment's key"
            ),
        },
        {
            f"configuration.execute_command_configuration.{name}": "sessions of ECS Exec are "
            "logged, encrypted by the environment's key"
            for name in ("kms_key_id", "log_configuration")
        },
    )
    strategy = "default_capacity_provider_strategy"
    turned = {"0": "1", "1": "0"}
    yield Pair(
        _CAPACITY,
        "aws_ecs_cluster_capacity_providers",
        {f"{strategy}.0.base": Differs(None, _DEFAULT)},
        at={
            f"{strategy}.{index}.{name}": f"{strategy}.{other}.{name}"
            for index, other in turned.items()
            for name in ("base", "capacity_provider", "weight")
        },
    )
    yield Pair(
        "module.cluster.aws_cloudwatch_log_group.this[0]",
        "aws_cloudwatch_log_group commands",
        {
            **_named("/inferform/ecs-euw1/ecs-exec"),
            "retention_in_days": Differs("365", "what was done by hand is kept for a year"),
        },
        {"kms_key_id": "encrypted by the environment's key"},
    )
    yield from _service()
    yield from _roles()
    yield from _network()


def _service() -> Iterator[Pair]:
    connect = "service_connect_configuration.0"
    yield Pair(
        _SERVICE,
        "aws_ecs_service",
        {
            **_named("acme-ecs-euw1-frontend"),
            "cluster": Differs(
                "arn:aws:ecs:*:cluster/<module.cluster.aws_ecs_cluster.this>",
                "the ARN is computed of the name",
            ),
            "launch_type": Differs(None, "a strategy of capacity providers says it"),
            "load_balancer.0.container_name": Differs("model", _MODEL),
            "scheduling_strategy": Differs(None, _DEFAULT),
            "wait_for_steady_state": Differs("true", "an apply that failed is not told as done"),
            **{
                f"{connect}.{name}": Differs(None, _CONNECT)
                for name in (
                    *("enabled", "namespace", "service.0.client_alias.0.dns_name"),
                    *("service.0.client_alias.0.port", "service.0.discovery_name"),
                    "service.0.port_name",
                )
            },
            **{
                f"network_configuration.0.subnets.{index}": Differs(
                    "*<aws_subnet>*" if index == 0 else None,
                    "the network layer hands up its private subnets as one list",
                )
                for index in range(3)
            },
        },
        {
            "capacity_provider_strategy": "Fargate, by its capacity provider",
            "deployment_circuit_breaker": "a rollout that fails is rolled back",
            "deployment_controller": _DEFAULT,
            "health_check_grace_period_seconds": "a model takes its time to load",
            "propagate_tags": "tasks have the tags of their service",
            "timeouts": "how long Terraform waits",
        },
    )
    yield Pair(
        _TASK,
        "aws_ecs_task_definition",
        {
            **_named("acme-ecs-euw1-frontend", "family"),
            **{
                f"{_THEIRS}.{name}": Differs(None, _SHARE)
                for name in ("cpu", "memory", "memoryReservation")
            },
            f"{_ROUTER}.memoryReservation": Differs(None, "its memory is kept for it as a whole"),
            **{
                f"{each}.startTimeout": Differs(None, "AWS's default, 3 minutes on Fargate")
                for each in (_THEIRS, _ROUTER)
            },
            f"{_THEIRS}.healthCheck.command": Differs("CMD", "a command is run without a shell"),
            f"{_THEIRS}.healthCheck.command.1": Differs("sh", "the shell is named"),
            f"{_THEIRS}.image": Differs(
                "111122223333.dkr.ecr.eu-west-1.*:776fd50",
                "what serves is pulled from the environment's own registry",
            ),
            f"{_THEIRS}.portMappings.name": Differs(None, _CONNECT),
            f"{_THEIRS}.user": Differs("10001", "what serves does not run as root"),
            f"{_ROUTER}.image": Differs(
                "public.ecr.aws/aws-observability/aws-for-fluent-bit:*",
                "a version, where `stable` may become another between two tasks",
            ),
            f"{_ROUTER}.logConfiguration.options.awslogs-group": Differs(
                "/inferform/ecs-euw1/ecs/frontend", "a service has one log group"
            ),
            f"{_ROUTER}.logConfiguration.options.awslogs-stream-prefix": Differs(
                "fluent-bit", "streams are named by the container"
            ),
            f"{_ROUTER}.readonlyRootFilesystem": Differs(
                "false", "ECS and the router write their settings"
            ),
            f"{_ROUTER}.stopTimeout": Differs("30", "as long as the container contract has it"),
        },
        {
            f"{_OURS}.healthCheck.command.2": "the command of the shell",
            f"{_OURS}.healthCheck.command.3": "the command of the shell",
            f"{_OURS}.healthCheck.startPeriod": "a model takes its time to load",
            f"{_OURS}.linuxParameters.capabilities": "containers have no Linux capabilities",
            f"{_ROUTER}.linuxParameters.capabilities": "containers have no Linux capabilities",
            f"{_ROUTER}.firelensConfiguration.options": "logs say which task they are of",
        },
        at=_renamed(),
    )
    for name in ("cpu", "memory"):
        yield Pair(
            f'module.service.aws_appautoscaling_policy.this["{name}"]',
            f"aws_appautoscaling_policy policies/{name}",
            {"name": Differs(f"acme-ecs-euw1-frontend-{name}", _NAMED)},
        )
    yield Pair(
        "module.service.aws_appautoscaling_target.this[0]",
        "aws_appautoscaling_target",
        {"tags.Name": Differs(None, _NO_NAME)},
    )
    yield Pair(
        _LOGS,
        "aws_cloudwatch_log_group logs",
        {
            **_named("/inferform/ecs-euw1/ecs/frontend"),
            "retention_in_days": Differs("30", "the default of log_retention_days"),
        },
        {"kms_key_id": "encrypted by the environment's key"},
    )


def _roles() -> Iterator[Pair]:
    path = Differs("/inferform/", "the deploy role is limited to Inferform's path")
    trust = "ECS may take on the role for this account's resources alone"
    for theirs, ours in (
        (_ROLE, "task"),
        ("module.service.aws_iam_role.task_exec[0]", "execution"),
    ):
        differs = {
            "name_prefix": Differs(None, _NAMED),
            "description": Differs(None, "the name says it"),
            "assume_role_policy": Differs('*"aws:SourceAccount": "111122223333"*', trust),
            "force_detach_policies": Differs(None, "Terraform detaches what it attached"),
            "path": path,
            "tags.Name": Differs(None, _NO_NAME),
        }
        if ours == "execution":
            differs["max_session_duration"] = Differs(None, _DEFAULT)
        yield Pair(theirs, f"aws_iam_role {ours}/role", differs, {"name": _NAMED})
    yield Pair(
        _STATEMENTS,
        "aws_iam_role_policy task/role-more",
        {"name_prefix": Differs(None, _NAMED)},
        {"name": _NAMED},
    )
    yield Pair(_MANAGED, "aws_iam_role_policy_attachment")


def _network() -> Iterator[Pair]:
    yield Pair(
        _GROUP,
        "aws_security_group services/frontend/group",
        {
            "name_prefix": Differs(None, _NAMED),
            "description": Differs("Inference tasks: *", "Inferform describes it"),
            "tags.Name": Differs("acme-ecs-euw1-frontend-ecs", _NAMED),
        },
        {"name": _NAMED, "vpc_id": "the VPC of the network layer"},
    )
    yield Pair(
        _IN,
        "aws_vpc_security_group_ingress_rule from-load-balancer",
        {
            "description": Differs("requests from the load balancer", "Inferform describes it"),
            "type": Differs(None, _KINDS),
            "source_security_group_id": Differs(
                "*load_balancer_groups*", "by the ecs layer's output"
            ),
        },
        at={"protocol": "ip_protocol", "source_security_group_id": "referenced_security_group_id"},
    )
    https = "tasks open HTTPS connections alone"
    yield Pair(
        _OUT,
        "aws_vpc_security_group_egress_rule to-egress-5cfda809",
        {
            "from_port": Differs("443", https),
            "to_port": Differs("443", https),
            "protocol": Differs("tcp", https),
            "type": Differs(None, _KINDS),
        },
        {"description": "Inferform describes it"},
        at={"protocol": "ip_protocol", "cidr_blocks.0": "cidr_ipv4"},
    )
    yield Pair(
        _TARGETS,
        "aws_lb_target_group",
        {
            "load_balancing_cross_zone_enabled": Differs(None, _DEFAULT),
            "port": Differs("8080", "ECS registers each task by the port of its container"),
            "tags.Name": Differs(None, _NO_NAME),
        },
        {
            "load_balancing_algorithm_type": "requests go to the task with the fewest in flight",
            "name": _NAMED,
            "vpc_id": "the VPC of the network layer",
        },
    )
    yield Pair(
        'aws_lb_listener.this["ex_http"]',
        "aws_lb_listener",
        {
            "default_action.0.type": Differs(
                "fixed-response", "services share the load balancer: a rule leads to each"
            ),
            "tags.Name": Differs(None, _NO_NAME),
        },
        {"default_action.fixed_response": "what is asked of no service is answered 404"},
    )


def _inputs() -> Iterator[_Input]:
    yield "cluster_name", (_CLUSTER, "name")
    for tag in ("Name", "Example", "Repository"):
        yield f"tags.{tag}", (_CLUSTER, f"tags.{tag}")
    strategy = "default_capacity_provider_strategy"
    for provider, index in (("FARGATE", 1), ("FARGATE_SPOT", 0)):
        for name in ("weight", "base"):
            yield (
                f"fargate_capacity_providers.{provider}.{strategy}.{name}",
                (_CAPACITY, f"{strategy}.{index}.{name}"),
            )
    of = "services.ecsdemo-frontend"
    for name in ("cpu", "memory"):
        yield f"{of}.{name}", (_TASK, name)
    yield from _containers(f"{of}.container_definitions")
    connect = f"{of}.service_connect_configuration"
    sent = "service_connect_configuration.0"
    yield f"{connect}.namespace", (_SERVICE, "")
    for name in ("client_alias.port", "client_alias.dns_name", "port_name", "discovery_name"):
        at = name.replace("alias.", "alias.0.")
        yield f"{connect}.service.{name}", (_SERVICE, f"{sent}.service.0.{at}")
    for name in ("target_group_arn", "container_name", "container_port"):
        at = "" if name == "target_group_arn" else f"load_balancer.0.{name}"
        yield f"{of}.load_balancer.service.{name}", (_SERVICE, at)
    yield f"{of}.tasks_iam_role_name", (_ROLE, "name_prefix")
    yield f"{of}.tasks_iam_role_description", (_ROLE, "description")
    yield f"{of}.tasks_iam_role_policies.ReadOnlyAccess", (_MANAGED, "policy_arn")
    for name in ("actions", "resources"):
        yield f"{of}.tasks_iam_role_statements.{name}", (_STATEMENTS, "policy")
    yield f"{of}.subnet_ids", (_SERVICE, "")
    rules = f"{of}.security_group_rules"
    for name in ("type", "from_port", "to_port", "protocol", "description"):
        yield f"{rules}.alb_ingress_3000.{name}", (_IN, name)
        yield f"{rules}.egress_all.{name}", (_OUT, name)
    yield f"{rules}.alb_ingress_3000.source_security_group_id", (_IN, "")
    yield f"{rules}.egress_all.cidr_blocks", (_OUT, "cidr_blocks.0")


def _containers(of: str) -> Iterator[_Input]:
    for name in ("cpu", "memory", "essential", "image"):
        for theirs in ("ecsdemo-frontend", "fluent-bit"):
            yield f"{of}.{theirs}.{name}", (_TASK, f"container_definitions.{theirs}.{name}")
    yield (
        f"{of}.fluent-bit.firelens_configuration.type",
        (
            _TASK,
            f"{_ROUTER}.firelensConfiguration.type",
        ),
    )
    yield f"{of}.fluent-bit.memory_reservation", (_TASK, f"{_ROUTER}.memoryReservation")
    own = f"{of}.ecsdemo-frontend"
    for theirs, sent in {
        "health_check.command": "healthCheck.command",
        "health_check.command.1": "healthCheck.command.1",
        **{
            f"port_mappings.{name}": f"portMappings.{name}"
            for name in ("name", "containerPort", "hostPort", "protocol")
        },
        "readonly_root_filesystem": "readonlyRootFilesystem",
        "dependencies.containerName": "dependsOn.containerName",
        "dependencies.condition": "dependsOn.condition",
        "log_configuration.logDriver": "logConfiguration.logDriver",
        **{
            f"log_configuration.options.{name}": f"logConfiguration.options.{name}"
            for name in ("Name", "region", "delivery_stream", "log-driver-buffer-limit")
        },
        "memory_reservation": "memoryReservation",
    }.items():
        yield f"{own}.{theirs}", (_TASK, f"{_THEIRS}.{sent}")
    yield f"{own}.enable_cloudwatch_logging", "the router has its logs, as the log driver says"


_REGISTRY = (
    *("aws_kms_alias", "aws_kms_key", "aws_s3_bucket", "aws_s3_bucket_policy"),
    *("aws_s3_bucket_lifecycle_configuration", "aws_s3_bucket_ownership_controls"),
    *("aws_s3_bucket_public_access_block", "aws_s3_bucket_versioning"),
    *("aws_s3_bucket_server_side_encryption_configuration", "aws_ecr_lifecycle_policy"),
    "aws_ecr_repository",
)
_NETWORK = (
    *("aws_default_security_group", "aws_flow_log", "aws_route_table", "aws_route"),
    *("aws_route_table_association", "aws_subnet", "aws_vpc", "aws_internet_gateway", "aws_eip"),
    *("aws_nat_gateway", "aws_vpc_endpoint", "aws_vpc_endpoint_route_table_association"),
)

EXAMPLES = (
    Example(
        environment="ecs_complete",
        expected="ecs-complete",
        pairs=tuple(_pairs()),
        inputs=dict(_inputs()),
        not_made={
            "module.service.aws_iam_policy.task_exec*": "the role may do what this task needs, in "
            "a policy apart",
            "module.service.aws_iam_role_policy_attachment.task_exec*": "the role may do what this "
            "task needs, in a policy apart",
            "aws_service_discovery_http_namespace.*": _CONNECT,
        },
        beside={
            **dict.fromkeys(
                _NETWORK, "the network layer, which every environment has; the example has its own"
            ),
            **dict.fromkeys(
                _REGISTRY,
                "the registry layer, which every environment has: the key and the bucket of "
                "artifacts, and the repository of the team's own image",
            ),
            "aws_lb": "the load balancer, of another module in the example",
            "aws_lb_listener_rule": "the service's place behind the load balancer",
        },
        emulator="without access logs, as the provider waits a minute for the rules of a bucket",
    ),
)
