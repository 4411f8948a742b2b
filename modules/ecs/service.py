"""An inference service on ECS: task definition, roles, logs, service, route and rollout."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..alb.construct import Backend
from ..alb.network import NetworkRoute
from ..alb.network_construct import NetworkBackend
from ..alb.spec import CONTAINER_PORT, Route
from ..cdk import Construct, ITerraformDependable, Postcondition, TerraformResourceLifecycle
from ..context import Context
from ..ecr.spec import Image
from ..iam import grants
from ..iam.execution_role import ExecutionRole
from ..iam.policy import Statement, allow
from ..image_uri import parse_image
from ..layer import was
from ..model.artifact import located
from ..names import short_hash
from ..outputs import EcsOutputs, NetworkOutputs
from ..overriding import override
from ..rollouts.spec import BlueGreen, Rolling
from ..scaling.construct import ScalableTarget
from ..scaling.kinds import ECS_SERVICE
from ..secret import secret_arn, secret_service
from ..vpc.egress import allow_https
from .agents import FireLens
from .containers import (
    CONTAINER,
    MODEL_DIR,
    Agent,
    ContainerHealth,
    ContainerOptions,
    EfsVolume,
)
from .discovery import Discovery, PrivateDns, ServiceConnect
from .guardrails import ECS
from .names import (
    SHIFT,
    command_log_group,
    service_group,
    service_log_group,
    service_role,
)
from .rollout import CodeDeployRollout, error_alarms, native_rollout
from .spec import Ec2, EcsService, Fargate

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.ecs_service import EcsService as EcsServiceResource
from cdktf_cdktf_provider_aws.ecs_service import (
    EcsServiceAlarms,
    EcsServiceCapacityProviderStrategy,
    EcsServiceDeploymentCircuitBreaker,
    EcsServiceDeploymentController,
    EcsServiceLoadBalancer,
    EcsServiceNetworkConfiguration,
    EcsServiceOrderedPlacementStrategy,
    EcsServiceServiceConnectConfiguration,
    EcsServiceServiceConnectConfigurationLogConfiguration,
    EcsServiceServiceConnectConfigurationService,
    EcsServiceServiceConnectConfigurationServiceClientAlias,
    EcsServiceServiceConnectConfigurationServiceTimeout,
    EcsServiceServiceRegistries,
    EcsServiceTimeouts,
)
from cdktf_cdktf_provider_aws.ecs_task_definition import (
    EcsTaskDefinition,
    EcsTaskDefinitionEphemeralStorage,
    EcsTaskDefinitionRuntimePlatform,
    EcsTaskDefinitionVolume,
    EcsTaskDefinitionVolumeEfsVolumeConfiguration,
    EcsTaskDefinitionVolumeEfsVolumeConfigurationAuthorizationConfig,
)
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.service_discovery_service import (
    ServiceDiscoveryService,
    ServiceDiscoveryServiceDnsConfig,
    ServiceDiscoveryServiceDnsConfigDnsRecords,
    ServiceDiscoveryServiceHealthCheckCustomConfig,
)
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule

_ALL_MAY_WRITE = "1777"
_NFS = 2049

# Docker's capabilities without those by which a server of AWS's, started as root, takes files and
# gives its workers another user.
_UNUSED = [
    "AUDIT_WRITE",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETPCAP",
    "SYS_CHROOT",
]
_UNPACK = (
    "import sys,tarfile;tarfile.open(fileobj=sys.stdin.buffer,mode='r|gz').extractall(sys.argv[1])"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EcsSurroundings:
    """The references that services of one layer share."""

    network: NetworkOutputs
    cluster: EcsOutputs
    kms_key_arn: str
    artifact_bucket: str
    private: bool
    """Whether the network has an endpoint for everything that services need of AWS."""

    given_balancers: frozenset[str] = frozenset()
    """The load balancers that somebody else made, whose security groups are left alone."""


class Service(Construct):
    """One service of the environment's cluster.

    `execution_role` is what ECS does for its tasks, `task_role` what its containers may do, if they
    may do anything; `security_group_id` is that of its tasks.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: EcsService,
        surroundings: EcsSurroundings,
    ) -> None:
        super().__init__(scope, id)
        self._id = id
        self._context = context
        self._spec = spec
        self._around = surroundings
        self.name = context.name(id)
        self.cluster = surroundings.cluster.cluster_name
        self.arn = context.arn("ecs", f"service/{self.cluster}/{self.name}")
        self._artifact = spec.model.artifact_uri(surroundings.artifact_bucket)
        self._log_group = spec.existing.log_group or service_log_group(context, id)
        logs: list[ITerraformDependable] = []
        if spec.existing.log_group is None:
            logs.append(
                CloudwatchLogGroup(
                    self,
                    "logs",
                    name=self._log_group,
                    retention_in_days=spec.log_retention_days,
                    kms_key_id=spec.existing.kms_key or surroundings.kms_key_arn,
                )
            )
        execution = self._role("execution", self._execution_statements())
        task_role = self._role("task", self._task_statements()) if spec.has_task_role else None
        self.execution_role, self.task_role = execution, task_role
        definition = self._definition(execution, task_role)
        backend = self._backend()
        self.target_group_suffixes = self._suffixes(backend)
        service = self._service(
            definition, backend, [*execution.ready, *(task_role.ready if task_role else ()), *logs]
        )
        rollout = spec.rollout
        if isinstance(rollout, BlueGreen) and spec.uses_code_deploy:
            assert backend is not None
            assert isinstance(spec.route, Route)
            CodeDeployRollout(
                self,
                "rollout",
                context=context,
                name=id,
                spec=rollout,
                cluster=self.cluster,
                service=service.name,
                listener_arn=surroundings.cluster.listener_arns[spec.route.load_balancer],
                test_listener_arn=self._test_listener(spec.route.load_balancer),
                functions=[hook.function for hook in spec.deployment.hooks],
                groups=[group.name for group in backend.groups],
                alarms=[*self._alarms, *rollout.alarm_names],
                roles=[role.arn for role in (execution, task_role) if role],
                overrides=spec.overridden(SHIFT),
            )
        if spec.scaling is not None:
            ScalableTarget(
                self,
                "scaling",
                name=self.name,
                spec=spec.scaling,
                resource_id=f"service/{self.cluster}/{service.name}",
                kind=ECS_SERVICE,
                dimensions=self._dimensions(backend),
            )
        override(spec, self)

    def _suffixes(self, backend: Backend | NetworkBackend | None) -> dict[str, str]:
        """The ends of the ARNs of its target groups, by color where there are several."""
        if not isinstance(backend, Backend):
            return {}
        colors = self._spec.colors or ("",)
        return {
            color: group.arn_suffix for color, group in zip(colors, backend.groups, strict=True)
        }

    def _dimensions(self, backend: Backend | NetworkBackend | None) -> dict[str, str]:
        dimensions = {"ClusterName": self.cluster, "ServiceName": self.name}
        if isinstance(backend, Backend) and self._spec.route is not None:
            suffixes = self._around.cluster.load_balancer_suffixes
            dimensions["LoadBalancer"] = suffixes[self._spec.route.load_balancer]
            dimensions["TargetGroup"] = backend.groups[0].arn_suffix
        return dimensions

    def _role(self, kind: str, statements: list[Statement]) -> ExecutionRole:
        return ExecutionRole(
            self,
            kind,
            context=self._context,
            name=service_role(self._id, kind),
            statements=statements,
            service="ecs-tasks.amazonaws.com",
            given=getattr(self._spec.existing, f"{kind}_role"),
        )

    def _uri(self, image: Image | str) -> str:
        return image.uri(self._context) if isinstance(image, Image) else image

    def _execution_statements(self) -> list[Statement]:
        """What ECS itself does for a task: pull images, open the log, read the secrets."""
        context, spec = self._context, self._spec
        login, *pulls = grants.pull(context, spec.model.image_uri(context))
        repositories = [pulls[0]["Resource"]]
        for image in spec.helpers():
            uri = self._uri(image)
            if parse_image(uri):
                repository = grants.pull(context, uri)[1]["Resource"]
                repositories += [] if repository in repositories else [repository]
        if len(repositories) > 1:
            pulls[0]["Resource"] = repositories
        group = context.arn("logs", f"log-group:{self._log_group}:*")
        statements = [
            login,
            *pulls,
            allow(["logs:CreateLogStream", "logs:PutLogEvents"], group, sid="WriteLogs"),
        ]
        if files := [entry["value"] for entry in self._files(spec.environment_files)]:
            statements += self._read_files(sorted(set(files)))
        arns = sorted({arn for each in spec.secret_arns if (arn := secret_arn(each))})
        secrets = [arn for arn in arns if secret_service(arn) == "secretsmanager"]
        parameters = [arn for arn in arns if secret_service(arn) == "ssm"]
        if secrets:
            statements.append(allow("secretsmanager:GetSecretValue", secrets, sid="ReadSecrets"))
        if parameters:
            statements.append(allow("ssm:GetParameters", parameters, sid="ReadParameters"))
        if arns:
            services = ["secretsmanager", "ssm"]
            through = [f"{name}.{context.region}.{context.dns_suffix}" for name in services]
            statements.append(
                allow(
                    "kms:Decrypt",
                    context.arn("kms", "key/*"),
                    sid="DecryptSecrets",
                    conditions={"StringEquals": {"kms:ViaService": through}},
                )
            )
        return statements

    def _read_files(self, files: list[str]) -> list[Statement]:
        """Reading environment files, in the artifact bucket with the environment's key.

        Source: Amazon ECS developer guide, required IAM permissions of environment files.
        """
        buckets = sorted({file.partition("/")[0] for file in files})
        own = f"arn:{self._context.partition}:s3:::{self._around.artifact_bucket}"
        statements = [
            allow("s3:GetObject", files, sid="ReadVariables"),
            allow("s3:GetBucketLocation", buckets, sid="FindVariables"),
        ]
        if own in buckets:
            statements.append(
                allow("kms:Decrypt", self._around.kms_key_arn, sid="DecryptVariables")
            )
        return statements

    def _task_statements(self) -> list[Statement]:
        """What the container itself may do: read its artifact and what its variables name, and
        serve ECS Exec."""
        context, key = self._context, self._around.kms_key_arn
        statements = grants.read_secrets(self._spec.model.environment.values())
        if self._artifact:
            statements += grants.read_artifact(context, self._artifact, key)
        statements += self._mount_statements()
        for sidecar in self._spec.sidecars.values():
            statements += sidecar.statements(context)
        if self._spec.execute_command:
            commands = context.arn("logs", f"log-group:{command_log_group(context)}:*")
            statements += [
                allow(
                    [
                        "ssmmessages:CreateControlChannel",
                        "ssmmessages:CreateDataChannel",
                        "ssmmessages:OpenControlChannel",
                        "ssmmessages:OpenDataChannel",
                    ],
                    "*",
                    sid="OpenShell",
                ),
                # DescribeLogGroups takes no resource.
                allow("logs:DescribeLogGroups", "*", sid="FindCommandLog"),
                allow(
                    ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                    commands,
                    sid="LogCommands",
                ),
                allow("kms:Decrypt", key, sid="EncryptShell"),
            ]
        return statements

    def _mount_statements(self) -> list[Statement]:
        """Mounting the file systems that ask for the task role, through their access points."""
        statements = []
        for index, volume in enumerate(self._spec.volumes.values(), 1):
            if not volume.iam:
                continue
            system = volume.file_system
            if not system.startswith("arn:"):
                system = self._context.arn("elasticfilesystem", f"file-system/{system}")
            writes = [] if volume.read_only else ["elasticfilesystem:ClientWrite"]
            point = volume.access_point
            statements.append(
                allow(
                    ["elasticfilesystem:ClientMount", *writes],
                    system,
                    sid=f"MountFiles{index}",
                    conditions={
                        "StringEquals": {
                            "elasticfilesystem:AccessPointArn": self._context.arn(
                                "elasticfilesystem", f"access-point/{point}"
                            )
                        }
                    }
                    if point
                    else None,
                )
            )
        return statements

    def _definition(
        self, execution: ExecutionRole, task_role: ExecutionRole | None
    ) -> EcsTaskDefinition:
        compute = self._spec.compute
        on_fargate = isinstance(compute, Fargate)
        storage = compute.ephemeral_storage_gib if isinstance(compute, Fargate) else None
        volumes = [
            *(["tmp"] if self._spec.is_read_only else []),
            *(["model"] if self._artifact else []),
        ]
        return EcsTaskDefinition(
            self,
            "task-definition",
            family=self.name,
            requires_compatibilities=["FARGATE" if on_fargate else "EC2"],
            network_mode="awsvpc",
            cpu=None if compute.cpu is None else str(compute.cpu),
            memory=str(compute.memory_mib),
            execution_role_arn=execution.arn,
            task_role_arn=task_role.arn if task_role else None,
            runtime_platform=EcsTaskDefinitionRuntimePlatform(
                operating_system_family="LINUX", cpu_architecture=compute.architecture
            )
            if compute.architecture
            else None,
            ephemeral_storage=EcsTaskDefinitionEphemeralStorage(size_in_gib=storage)
            if storage
            else None,
            volume=[
                *(EcsTaskDefinitionVolume(name=name) for name in volumes),
                *(_file_system(name, volume) for name, volume in self._spec.volumes.items()),
            ],
            container_definitions=json.dumps(self._containers(), sort_keys=True),
            # A service that CodeDeploy moves, and may move back, still runs the old revision.
            skip_destroy=True if self._spec.uses_code_deploy else None,
            # Elsewhere it goes when the service has left it.
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )

    def _containers(self) -> list[dict[str, Any]]:
        spec, options = self._spec, self._spec.container
        container: dict[str, Any] = {
            "name": CONTAINER,
            "image": spec.model.image_uri(self._context, spec.device),
            "essential": True,
            "readonlyRootFilesystem": spec.is_read_only,
            "stopTimeout": options.stop_timeout_seconds,
            "portMappings": [_port(options.port) | self._port_name()],
            "environment": _variables(spec.model.environment),
            "mountPoints": [_mount("tmp", "/tmp")] if spec.is_read_only else [],
            "linuxParameters": {"capabilities": {"drop": ["ALL"] if spec.runs_as else _UNUSED}},
            "logConfiguration": self._routed(CONTAINER),
            **_started(options),
        }
        if options.shared_memory_mib is not None:
            container["linuxParameters"]["sharedMemorySize"] = options.shared_memory_mib
        if options.init_process:
            container["linuxParameters"]["initProcessEnabled"] = True
        if spec.runs_as:
            container["user"] = spec.runs_as
        if options.secrets:
            container["secrets"] = _secrets(options.secrets)
        if isinstance(spec.compute, Ec2) and spec.compute.gpus:
            container["resourceRequirements"] = [{"type": "GPU", "value": str(spec.compute.gpus)}]
        if options.environment_files:
            container["environmentFiles"] = self._files(options.environment_files)
        if options.health is not None:
            container["healthCheck"] = _health(options.health)
        container["mountPoints"] += self._file_mounts(CONTAINER)
        if self._artifact:
            container["mountPoints"].append(_mount("model", MODEL_DIR, read_only=True))
            before = [self._loader_container(self._artifact)]
        else:
            before = [self._opener(container["image"])] if spec.is_read_only else []
        waits = {first["name"]: "SUCCESS" for first in before}
        waits |= self._after_router(CONTAINER, options.depends_on)
        if waits:
            container["dependsOn"] = _dependencies(waits)
        beside = (self._sidecar(name, sidecar) for name, sidecar in spec.sidecars.items())
        return [container, *before, *beside]

    def _port_name(self) -> dict[str, str]:
        """What Service Connect has to know of the port."""
        discovery = self._spec.discovery
        if not isinstance(discovery, ServiceConnect) or discovery.client_only:
            return {}
        protocol = {} if discovery.protocol is None else {"appProtocol": discovery.protocol}
        return {"name": CONTAINER, **protocol}

    def _sidecar(self, name: str, spec: Agent) -> dict[str, Any]:
        """A container beside the model's."""
        started = spec.started
        is_router = isinstance(spec, FireLens)
        container: dict[str, Any] = {
            "name": name,
            "image": self._uri(spec.image),
            "essential": spec.essential,
            "user": started.user,
            "readonlyRootFilesystem": started.read_only,
            "stopTimeout": started.stop_timeout_seconds,
            "portMappings": [_port(port) for port in started.ports],
            "environment": _variables(started.environment),
            "mountPoints": self._file_mounts(name),
            "linuxParameters": {"capabilities": {"drop": ["ALL"]}},
            "logConfiguration": self._logging(name) if is_router else self._routed(name),
        }
        given = {
            "command": started.command,
            "entryPoint": started.entry_point,
            "cpu": spec.cpu,
            "memory": spec.memory_mib,
            "secrets": _secrets(spec.secrets) or None,
            "environmentFiles": self._files(started.environment_files) or None,
            "dependsOn": _dependencies(self._after_router(name, started.depends_on)) or None,
            "healthCheck": None if spec.health is None else _health(spec.health),
            "firelensConfiguration": {
                "type": "fluentbit",
                "options": {"enable-ecs-log-metadata": "true"},
            }
            if is_router
            else None,
        }
        return container | {key: value for key, value in given.items() if value is not None}

    def _routed(self, stream: str) -> dict[str, Any]:
        """The log configuration of a container whose logs are routed, where there is a router."""
        for router in self._spec.routers.values():
            log: dict[str, Any] = {
                "logDriver": "awsfirelens",
                "options": router.options(self._context),
            }
            if router.output_secrets:
                log["secretOptions"] = _secrets(router.output_secrets)
            return log
        return self._logging(stream)

    def _after_router(self, name: str, conditions: Mapping[str, str]) -> dict[str, str]:
        """A container's dependencies, with the router that ECS starts first unless it has some."""
        routers = self._spec.routers
        return (
            dict(conditions)
            if name in routers
            else {**dict.fromkeys(routers, "START"), **conditions}
        )

    def _files(self, files: Sequence[str]) -> list[dict[str, str]]:
        """Environment files, by ARN."""
        bucket = self._around.artifact_bucket
        uris = [located(file, bucket).removeprefix("s3://") for file in files]
        return [
            {"type": "s3", "value": f"arn:{self._context.partition}:s3:::{uri}"} for uri in uris
        ]

    def _file_mounts(self, container: str) -> list[dict[str, Any]]:
        return [
            _mount(name, volume.path, read_only=volume.read_only)
            for name, volume in self._spec.volumes.items()
            if container in volume.containers
        ]

    def _opener(self, image: str) -> dict[str, Any]:
        """What opens `/tmp` to the container's user: ECS makes a volume for root alone.

        It is of the image that the task has anyway, and does nothing else.
        """
        return {
            "name": "tmp",
            "image": image,
            "entryPoint": ["chmod"],
            "command": [_ALL_MAY_WRITE, "/tmp"],
            "user": "0",
            "essential": False,
            "readonlyRootFilesystem": True,
            "mountPoints": [_mount("tmp", "/tmp")],
            "linuxParameters": {"capabilities": {"drop": ["ALL"]}},
            "logConfiguration": self._logging("tmp"),
        }

    def _loader_container(self, artifact: str) -> dict[str, Any]:
        """What puts the artifact into the model's folder before the container starts.

        It runs as root, which owns the volumes, makes the files readable by all, and opens
        `/tmp` to the container's user.
        """
        mounts = [_mount("model", MODEL_DIR)]
        script = f'aws s3 cp "$ARTIFACT" - | python3 -c "{_UNPACK}" {MODEL_DIR}'
        if artifact.endswith("/"):
            script = f'aws s3 cp --recursive --only-show-errors "$ARTIFACT" {MODEL_DIR}'
        script += f" && chmod -R a+rX {MODEL_DIR}"
        if self._spec.is_read_only:
            script += f" && chmod {_ALL_MAY_WRITE} /tmp"
            mounts.append(_mount("tmp", "/tmp"))
        return {
            "name": "loader",
            "image": self._uri(self._spec.loader),
            "entryPoint": ["/bin/bash", "-euo", "pipefail", "-c"],
            "command": [script],
            "essential": False,
            "readonlyRootFilesystem": True,
            "environment": [
                {"name": "ARTIFACT", "value": artifact},
                {"name": "AWS_REGION", "value": self._context.region},
            ],
            "mountPoints": mounts,
            "logConfiguration": self._logging("loader"),
        }

    def _logging(self, stream: str) -> dict[str, Any]:
        return {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": self._log_group,
                "awslogs-region": self._context.region,
                "awslogs-stream-prefix": stream,
            },
        }

    def _backend(self) -> Backend | NetworkBackend | None:
        spec, around = self._spec, self._around
        self._alarms: list[str] = []
        if spec.route is None:
            return None
        if isinstance(spec.route, NetworkRoute):
            name = spec.route.load_balancer
            given = name in around.given_balancers
            return NetworkBackend(
                self,
                "backend",
                context=self._context,
                name=self._id,
                spec=spec.route,
                network=around.network,
                suffix=around.cluster.load_balancer_suffixes[name],
                group_id=None if given else around.cluster.load_balancer_groups[name],
            )
        blue_green = spec.rollout if isinstance(spec.rollout, BlueGreen) else None
        backend = Backend(
            self,
            "backend",
            context=self._context,
            name=self._id,
            spec=spec.route,
            vpc_id=around.network.vpc_id,
            listener_arn=around.cluster.listener_arns[spec.route.load_balancer],
            test_listener_arn=self._test_listener(spec.route.load_balancer),
            colors=spec.colors,
        )
        if blue_green:
            self._alarms = error_alarms(
                self,
                self._context,
                self._id,
                spec.rolled_out_by.number(blue_green, "max_5xx"),
                load_balancer=around.cluster.load_balancer_suffixes[spec.route.load_balancer],
                groups={
                    color: group.arn_suffix
                    for color, group in zip(spec.colors, backend.groups, strict=True)
                },
                alarm_topics=blue_green.alarm_topics,
                ok_topics=blue_green.ok_topics,
            )
        return backend

    def _test_listener(self, load_balancer: str) -> str | None:
        """The listener by which new tasks are reached before others, where there is one."""
        if not self._spec.deployment.test_traffic:
            return None
        return self._around.cluster.test_listener_arns[load_balancer]

    def _service(
        self,
        definition: EcsTaskDefinition,
        backend: Backend | NetworkBackend | None,
        after: list[Any],
    ) -> EcsServiceResource:
        spec, rollout = self._spec, self._spec.rollout
        on_ec2 = isinstance(spec.compute, Ec2)
        owned_elsewhere = ["desired_count"] if spec.scaling is not None else []
        if spec.uses_code_deploy:
            owned_elsewhere += ["capacity_provider_strategy", "load_balancer", "task_definition"]
        controller = "CODE_DEPLOY" if spec.uses_code_deploy else "ECS"
        options: dict[str, Any] = {}
        advanced = None
        if isinstance(rollout, Rolling):
            options = {
                "deployment_minimum_healthy_percent": ECS.number(rollout, "min_healthy_percent"),
                "deployment_maximum_percent": ECS.number(rollout, "max_percent"),
            }
        elif not spec.uses_code_deploy:
            assert isinstance(backend, Backend)
            native = native_rollout(
                self, self._context, self._id, rollout, backend, spec.deployment.hooks
            )
            options, advanced = {"deployment_configuration": native.configuration}, native.advanced
            after = [*after, *native.ready]
        if not spec.uses_code_deploy:
            alarms = [*self._alarms, *rollout.alarm_names]
            options["deployment_circuit_breaker"] = EcsServiceDeploymentCircuitBreaker(
                enable=True, rollback=True
            )
            if alarms:
                options["alarms"] = EcsServiceAlarms(enable=True, rollback=True, alarm_names=alarms)
        if on_ec2:
            options["ordered_placement_strategy"] = [
                EcsServiceOrderedPlacementStrategy(
                    type="spread", field="attribute:ecs.availability-zone"
                ),
                EcsServiceOrderedPlacementStrategy(type="binpack", field="memory"),
            ]
        if backend is not None and spec.route is not None:
            options["health_check_grace_period_seconds"] = spec.route.grace_seconds
            options["load_balancer"] = [
                EcsServiceLoadBalancer(
                    target_group_arn=backend.groups[0].arn,
                    container_name=CONTAINER,
                    container_port=spec.container.port,
                    advanced_configuration=advanced,
                )
            ]
            after = [*after, *backend.rules]
        options |= self._discovery()
        given = spec.existing
        groups, rules = [*given.security_groups], list[ITerraformDependable]()
        if not groups:
            group_id, rules = self._group()
            groups = [group_id]
        return EcsServiceResource(
            self,
            "service",
            name=self.name,
            cluster=self._context.arn("ecs", f"cluster/{self.cluster}"),
            task_definition=definition.arn,
            desired_count=spec.initial_count,
            capacity_provider_strategy=self._strategy(),
            network_configuration=EcsServiceNetworkConfiguration(
                subnets=[*given.subnets] or self._around.network.private_subnet_ids,
                security_groups=groups,
                assign_public_ip=False,
            ),
            deployment_controller=EcsServiceDeploymentController(type=controller),
            enable_execute_command=spec.execute_command,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            # Without it the provider replaces a service whose capacity providers change.
            force_new_deployment=None if spec.uses_code_deploy else True,
            # An apply ends when the new tasks serve, or have been rolled back.
            wait_for_steady_state=not spec.uses_code_deploy,
            timeouts=EcsServiceTimeouts(create="30m", update="45m", delete="30m"),
            lifecycle=TerraformResourceLifecycle(
                ignore_changes=owned_elsewhere or None,
                # CodeDeploy moves the service after the apply, in a rollout of its own.
                postcondition=None
                if spec.uses_code_deploy
                else [self._not_rolled_back(definition)],
            ),
            # Tasks that start before the rules are there pull no image, and are counted as failed.
            depends_on=[*after, *rules],
            **options,
        )

    def _discovery(self) -> dict[str, Any]:
        """How other services find it."""
        discovery, namespace = self._spec.discovery, self._around.cluster.namespace_id
        name = discovery.registered or self._id if discovery else ""
        if isinstance(discovery, PrivateDns):
            registry = ServiceDiscoveryService(
                self,
                "dns",
                name=name,
                dns_config=ServiceDiscoveryServiceDnsConfig(
                    namespace_id=namespace,
                    routing_policy=discovery.routing,
                    dns_records=[
                        ServiceDiscoveryServiceDnsConfigDnsRecords(
                            ttl=discovery.ttl_seconds, type="A"
                        )
                    ],
                ),
                # ECS says which tasks are healthy.
                health_check_custom_config=ServiceDiscoveryServiceHealthCheckCustomConfig(
                    failure_threshold=1
                ),
            )
            return {"service_registries": EcsServiceServiceRegistries(registry_arn=registry.arn)}
        if discovery is None:
            return {}
        return {
            "service_connect_configuration": EcsServiceServiceConnectConfiguration(
                enabled=True,
                namespace=self._context.arn("servicediscovery", f"namespace/{namespace}"),
                log_configuration=EcsServiceServiceConnectConfigurationLogConfiguration(
                    log_driver="awslogs", options=self._logging("service-connect")["options"]
                ),
                service=None
                if discovery.client_only
                else [_connected(discovery, name, self._spec.container.port)],
            )
        }

    def _not_rolled_back(self, definition: EcsTaskDefinition) -> Postcondition:
        """Fails an apply whose deployment ECS has rolled back before the provider looked.

        The provider takes such an update for done, and writes the task definition that runs again
        into the service's attribute.
        """
        return Postcondition(
            condition=f"${{self.task_definition == {definition.fqn}.arn}}",
            error_message=(
                f"ECS rolled the update of service {self.name} back. It serves what it served "
                "before, which is kept. Read ECS's reason: aws ecs describe-services --cluster "
                f"{self.cluster} --services {self.name} --query services[].events[:5].message; "
                f"what the containers said is in the log group {self._log_group}. Fix the cause "
                "and deploy again."
            ),
        )

    def _strategy(self) -> list[EcsServiceCapacityProviderStrategy]:
        return [
            EcsServiceCapacityProviderStrategy(capacity_provider=name, base=base, weight=weight)
            for name, base, weight in self._spec.compute.shares(
                self._around.cluster.capacity_providers
            )
        ]

    def _group(self) -> tuple[str, list[ITerraformDependable]]:
        """The tasks' security group, and its rules."""
        spec, around = self._spec, self._around
        name = service_group(self._context, self._id)
        group = SecurityGroup(
            self,
            "group",
            name=name,
            description="Inference tasks: the container port in, HTTPS out",
            vpc_id=around.network.vpc_id,
            tags={"Name": name},
        )
        group_id: str = group.id
        self.security_group_id = group_id
        rules: list[ITerraformDependable] = []
        # The tasks of before are reached until those with another port serve.
        moved = (
            None
            if spec.container.port == CONTAINER_PORT
            else TerraformResourceLifecycle(create_before_destroy=True)
        )
        if spec.route is not None:
            rules.append(
                VpcSecurityGroupIngressRule(
                    self,
                    "from-load-balancer",
                    security_group_id=group_id,
                    description="requests from the load balancer",
                    ip_protocol="tcp",
                    from_port=spec.container.port,
                    to_port=spec.container.port,
                    referenced_security_group_id=around.cluster.load_balancer_groups[
                        spec.route.load_balancer
                    ],
                    lifecycle=moved,
                )
            )
            if moved and spec.route.load_balancer not in around.given_balancers:
                # Load balancers are let out to the contract's port alone.
                rules.append(
                    VpcSecurityGroupEgressRule(
                        self,
                        "from-load-balancer-out",
                        security_group_id=around.cluster.load_balancer_groups[
                            spec.route.load_balancer
                        ],
                        description=f"requests to {self.name}",
                        ip_protocol="tcp",
                        from_port=spec.container.port,
                        to_port=spec.container.port,
                        referenced_security_group_id=group_id,
                        lifecycle=moved,
                    )
                )
        if spec.discovery is not None:
            rules += self._found_and_finding(group_id, spec.discovery, moved)
        if spec.volumes:
            rules += [
                VpcSecurityGroupEgressRule(
                    self,
                    rule,
                    security_group_id=group_id,
                    description="NFS to mount targets",
                    ip_protocol="tcp",
                    from_port=_NFS,
                    to_port=_NFS,
                    cidr_ipv4=cidr,
                )
                for rule, cidr in around.network.cidrs_by("to-files").items()
            ]
        cidrs = spec.egress_cidrs
        if cidrs is None:
            cidrs = () if around.private else ("0.0.0.0/0",)
        rules += allow_https(
            self,
            "to",
            security_group_id=group_id,
            network=around.network,
            cidrs=cidrs,
        )
        return group_id, rules

    def _found_and_finding(
        self, group_id: str, spec: Discovery, moved: TerraformResourceLifecycle | None
    ) -> list[ITerraformDependable]:
        """The rules of a security group for the services of a namespace."""
        port, network = self._spec.container.port, self._around.network
        rules: list[ITerraformDependable] = []
        is_found = not (isinstance(spec, ServiceConnect) and spec.client_only)
        own = spec.allowed_cidrs
        for index, cidr in enumerate(own or network.cidrs) if is_found else ():
            made = VpcSecurityGroupIngressRule(
                self,
                f"from-services-{short_hash(cidr) if own else index}",
                security_group_id=group_id,
                description="requests from other services",
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                cidr_ipv4=cidr,
                lifecycle=moved,
            )
            if own:
                was(made, f"from-services-{index}")
            rules.append(made)
        for called in sorted(set(spec.calls)):
            rules += [
                VpcSecurityGroupEgressRule(
                    self,
                    rule,
                    security_group_id=group_id,
                    description="requests to other services",
                    ip_protocol="tcp",
                    from_port=called,
                    to_port=called,
                    cidr_ipv4=cidr,
                )
                for rule, cidr in network.cidrs_by(f"to-services-{called}").items()
            ]
        return rules


def _connected(
    spec: ServiceConnect, name: str, port: int
) -> EcsServiceServiceConnectConfigurationService:
    """A port of the service, as others of its namespace find it."""
    idle, request = spec.idle_timeout_seconds, spec.request_timeout_seconds
    return EcsServiceServiceConnectConfigurationService(
        port_name=CONTAINER,
        discovery_name=name,
        client_alias=EcsServiceServiceConnectConfigurationServiceClientAlias(
            dns_name=name, port=spec.port or port
        ),
        timeout=None
        if idle is None and request is None
        else EcsServiceServiceConnectConfigurationServiceTimeout(
            idle_timeout_seconds=idle, per_request_timeout_seconds=request
        ),
    )


def _started(options: ContainerOptions) -> dict[str, Any]:
    """What the model's container is started with."""
    started: dict[str, Any] = {}
    if options.command is None or options.command:
        started["command"] = ["serve"] if options.command is None else list(options.command)
    if options.entry_point is not None:
        started["entryPoint"] = list(options.entry_point)
    if options.restart is not None:
        started["restartPolicy"] = {
            "enabled": True,
            "ignoredExitCodes": list(options.restart.ignored_exit_codes),
            "restartAttemptPeriod": options.restart.attempt_period_seconds,
        }
    if options.ulimits:
        started["ulimits"] = [
            {"name": name, "softLimit": limit.soft, "hardLimit": limit.hard}
            for name, limit in sorted(options.ulimits.items())
        ]
    return started


def _port(port: int) -> dict[str, Any]:
    return {"containerPort": port, "hostPort": port, "protocol": "tcp"}


def _variables(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in sorted(values.items())]


def _secrets(arns: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "valueFrom": arn} for name, arn in sorted(arns.items())]


def _dependencies(conditions: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {"containerName": name, "condition": condition} for name, condition in conditions.items()
    ]


def _health(health: ContainerHealth) -> dict[str, Any]:
    return {
        "command": health.run,
        "interval": health.interval_seconds,
        "timeout": health.timeout_seconds,
        "retries": health.retries,
        "startPeriod": health.start_seconds,
    }


def _file_system(name: str, volume: EfsVolume) -> EcsTaskDefinitionVolume:
    """A file system, encrypted in transit, which mounting by the task role asks for too."""
    authorized = EcsTaskDefinitionVolumeEfsVolumeConfigurationAuthorizationConfig(
        access_point_id=volume.access_point, iam="ENABLED" if volume.iam else "DISABLED"
    )
    return EcsTaskDefinitionVolume(
        name=name,
        efs_volume_configuration=EcsTaskDefinitionVolumeEfsVolumeConfiguration(
            file_system_id=volume.file_system_id,
            root_directory=volume.root or "/",
            transit_encryption="ENABLED",
            authorization_config=authorized,
        ),
    )


def _mount(volume: str, path: str, *, read_only: bool = False) -> dict[str, Any]:
    return {"sourceVolume": volume, "containerPath": path, "readOnly": read_only}
