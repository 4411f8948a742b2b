"""SageMaker endpoints of all kinds.

Models and endpoint configurations cannot be changed, so their names carry a hash of what they
hold and the new one is made before the old one goes. The endpoint keeps its name and is updated
in place; only what AWS cannot update replaces it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from ..alarms.construct import VariantAlarms, alarm_names
from ..cdk import Construct, TerraformLocal, TerraformResourceLifecycle, TerraformStack
from ..context import Context
from ..data_resource import TerraformData
from ..iam import grants
from ..iam.execution_role import ExecutionRole
from ..iam.policy import Statement
from ..instances import instance_types
from ..model.artifact import located
from ..names import short_hash
from ..scaling.construct import ScalableTarget
from .endpoints.asynchronous import AsyncEndpoint
from .endpoints.base import Endpoint, Hosted
from .endpoints.capture import DataCapture
from .endpoints.components import InferenceComponentEndpoint
from .endpoints.fleet import Fleet
from .endpoints.multi_model import MultiModelEndpoint
from .guardrails import AllAtOnce, Canary, Linear, Rolling, Rollout
from .sources import JumpStartModel, ModelPackage, Source

from cdktf_cdktf_provider_aws import sagemaker_endpoint as endpoints
from cdktf_cdktf_provider_aws import sagemaker_endpoint_configuration as configurations
from cdktf_cdktf_provider_aws import sagemaker_model as models
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup

# What a hashed name needs beside its base: two hyphens and two hashes of eight.
HASHES = 18

Content = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The references that endpoints of one layer share."""

    subnet_ids: list[str]
    security_group_ids: list[str]
    kms_key_arn: str
    artifact_bucket: str
    suffix: str
    """A Terraform expression: eight characters that change when any reference does, so that
    names of immutable resources change with what they hold."""

    @classmethod
    def within(
        cls,
        stack: TerraformStack,
        *,
        subnet_ids: list[str],
        security_group_ids: list[str],
        kms_key_arn: str,
        artifact_bucket: str,
    ) -> Surroundings:
        """The surroundings with their suffix, which two local values of `stack` calculate."""
        TerraformLocal(stack, "held", [subnet_ids, [*security_group_ids, kms_key_arn]])
        suffix = TerraformLocal(
            stack, "suffix", '${substr(sha256(join("/", flatten(local.held))), 0, 8)}'
        )
        return cls(
            subnet_ids=subnet_ids,
            security_group_ids=security_group_ids,
            kms_key_arn=kms_key_arn,
            artifact_bucket=artifact_bucket,
            suffix=suffix.as_string,
        )


class HostedModel(Construct):
    """A SageMaker model; `name` refers to it, `digest` stands for what it holds."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        base: str,
        hosted: Hosted,
        role: ExecutionRole,
        vpc: bool,
        surroundings: Surroundings,
    ) -> None:
        super().__init__(scope, id)
        containers = [
            container_of(context, source, hostname, surroundings.artifact_bucket)
            for hostname, source in hosted.containers
        ]
        execution = hosted.mode if hosted.mode in ("Serial", "Direct") else None
        self.digest = short_hash(
            {
                "variant": hosted.name,
                "containers": containers,
                "execution": execution,
                "isolated": hosted.isolated,
                "vpc": vpc,
                "role": role.name,
            }
        )
        several = execution is not None
        self._model = models.SagemakerModel(
            self,
            "model",
            name=f"{base}-{self.digest}-{surroundings.suffix}",
            execution_role_arn=role.arn,
            enable_network_isolation=hosted.isolated,
            primary_container=None if several else _container("PrimaryContainer", containers[0]),
            container=[_container("Container", content) for content in containers]
            if several
            else None,
            inference_execution_config=models.SagemakerModelInferenceExecutionConfig(mode=execution)
            if execution
            else None,
            vpc_config=models.SagemakerModelVpcConfig(
                subnets=surroundings.subnet_ids,
                security_group_ids=surroundings.security_group_ids,
            )
            if vpc
            else None,
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
            depends_on=[role.ready],
        )

    @property
    def name(self) -> str:
        """A reference to the model's name."""
        name: str = self._model.name
        return name


def container_of(
    context: Context,
    source: Source | MultiModelEndpoint,
    hostname: str | None,
    bucket: str,
) -> Content:
    """What CreateModel is told of one container, as plain data."""
    content: Content = {"container_hostname": hostname, "environment": source.environment or None}
    if isinstance(source, ModelPackage | JumpStartModel):
        return {**content, "model_package_name": source.package}
    content["image"] = source.image_uri(context)
    if isinstance(source, MultiModelEndpoint):
        return {
            **content,
            "mode": "MultiModel",
            "model_data_url": located(source.artifacts, bucket),
            "caching": source.caching,
        }
    artifact = source.artifact_uri(bucket)
    if source.uncompressed:
        return {**content, "prefix": artifact, "accept_eula": source.accept_eula}
    return {**content, "model_data_url": artifact}


def _container(kind: str, content: Content) -> Any:
    """The block of a container; `kind` is Container or PrimaryContainer."""

    def block(name: str) -> Any:
        return getattr(models, f"SagemakerModel{kind}{name}")

    plain = {
        key: value
        for key, value in content.items()
        if key not in ("prefix", "accept_eula", "caching")
    }
    if "caching" in content:
        setting = "Enabled" if content["caching"] else "Disabled"
        plain["multi_model_config"] = block("MultiModelConfig")(model_cache_setting=setting)
    if "prefix" in content:
        access = "ModelDataSourceS3DataSourceModelAccessConfig"
        plain["model_data_source"] = block("ModelDataSource")(
            s3_data_source=[
                block("ModelDataSourceS3DataSource")(
                    s3_uri=content["prefix"],
                    s3_data_type="S3Prefix",
                    compression_type="None",
                    model_access_config=block(access)(accept_eula=True)
                    if content["accept_eula"]
                    else None,
                )
            ]
        )
    return block("")(**plain)


def container_grants(
    context: Context, source: Source | MultiModelEndpoint, bucket: str, key: str
) -> list[Statement]:
    """What the role needs for one container."""
    statements = grants.read_secrets(source.environment.values())
    if isinstance(source, JumpStartModel):
        # SageMaker itself fetches what AWS or a seller publishes.
        return statements
    if isinstance(source, ModelPackage):
        image = source.image
        if image is None:
            statements += grants.pull_own(context)
        else:
            uri = image if isinstance(image, str) else image.uri(context)
            statements += grants.pull(context, uri)
        location = located(source.artifact or "", bucket)
        return statements + grants.read_artifact(context, location, key)
    statements += grants.pull(context, source.image_uri(context))
    if isinstance(source, MultiModelEndpoint):
        location = located(source.artifacts, bucket)
        return statements + grants.read_artifact(context, location, key)
    held = source.artifact_uri(bucket)
    return statements + (grants.read_artifact(context, held, key) if held else [])


class HostedEndpoint(Construct):
    """An endpoint of any kind with its models, configuration, role, logs, alarms and scaling."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: Endpoint,
        surroundings: Surroundings,
    ) -> None:
        super().__init__(scope, id)
        self._id = id
        self._context = context
        self._spec = spec
        self._around = surroundings
        self._production = spec.hosted()
        self._shadow = spec.shadowed()
        self.name = context.name(id)
        self.arn = context.arn("sagemaker", f"endpoint/{self.name}")
        self._base = context.name(id, limit=63 - HASHES)
        self._log_group = f"/aws/sagemaker/Endpoints/{self.name}"
        logs = CloudwatchLogGroup(
            self,
            "logs",
            name=self._log_group,
            retention_in_days=spec.log_retention_days,
            kms_key_id=surroundings.kms_key_arn,
        )
        self._role = ExecutionRole(
            self, "execution", context=context, name=id, statements=self._statements()
        )
        self._models = self._make_models()
        configuration = self._configuration()
        identity = TerraformData(self, "identity", input=self._identity())
        alarms = self._alarms()
        endpoint = endpoints.SagemakerEndpoint(
            self,
            "endpoint",
            name=self.name,
            endpoint_config_name=configuration.name,
            deployment_config=deployment_config(spec.guard, self._alarm_names())
            if spec.guard
            else None,
            lifecycle=TerraformResourceLifecycle(replace_triggered_by=[identity.address]),
            # The alarms come first and go last, as AWS refuses an update without them.
            depends_on=[logs, *alarms],
        )
        self._scale(endpoint)

    def _identity(self) -> dict[str, str]:
        """What cannot change while an endpoint lives; a change replaces it."""
        guard = self._spec.guard
        identity = {"family": self._spec.family}
        if guard is not None:
            # Guardrails need the same variants on both sides of an update.
            identity["guarded"] = " ".join(sorted(hosted.name for hosted in self._production))
            identity["rollback"] = "alarms" if guard.rolls_back else "none"
        return identity

    # Role

    def _statements(self) -> list[Statement]:
        spec, context, key = self._spec, self._context, self._around.kms_key_arn
        bucket = self._around.artifact_bucket
        variants = [*self._production, *([self._shadow] if self._shadow else [])]
        statements: list[Statement] = []
        for hosted in variants:
            for _, source in hosted.containers:
                statements += container_grants(context, source, bucket, key)
            if hosted.mode == "components":
                statements += grants.pull_own(context)
                statements += grants.read_artifact(context, f"s3://{bucket}/", key)
            if hosted.fleet and hosted.fleet.core_dumps:
                uri = self._core_dumps(hosted.fleet)
                statements += grants.write_objects(context, uri, key, "WriteCoreDumps")
        capture = self._capture_uri
        if capture:
            statements += grants.write_objects(context, capture, key, "CaptureData")
        if isinstance(spec, AsyncEndpoint):
            statements += self._async_statements(spec)
        if spec.guard:
            statements += grants.see_alarms(context, self._alarm_names())
        statements += grants.log_and_measure(context, self._log_group)
        if spec.in_vpc:
            statements += grants.attach_to_vpc(context)
        return statements

    def _async_statements(self, spec: AsyncEndpoint) -> list[Statement]:
        context, key = self._context, self._around.kms_key_arn
        entrance = self._async_uri(spec.input, "input").rstrip("/") + "/"
        statements = grants.read_artifact(context, entrance, key)
        for given, folder in ((spec.output, "output"), (spec.failure_output, "failure")):
            uri = self._async_uri(given, folder)
            statements += grants.write_objects(context, uri, key, "WriteAnswers")
        topics = [topic for topic in (spec.success_topic, spec.error_topic) if topic]
        return statements + grants.publish(topics)

    def _async_uri(self, given: str | None, folder: str) -> str:
        return given or f"s3://{self._around.artifact_bucket}/async/{self._id}/{folder}"

    def _core_dumps(self, fleet: Fleet) -> str:
        assert fleet.core_dumps is not None
        return fleet.core_dumps.destination or (
            f"s3://{self._around.artifact_bucket}/core-dumps/{self._id}"
        )

    @property
    def _capture_uri(self) -> str | None:
        capture = self._spec.capture
        if capture is None:
            return None
        return capture.destination or (
            f"s3://{self._around.artifact_bucket}/data-capture/{self._id}"
        )

    # Models and configuration

    def _make_models(self) -> dict[str, HostedModel]:
        scope = Construct(self, "models")
        variants = [*self._production, *([self._shadow] if self._shadow else [])]
        return {
            hosted.name: HostedModel(
                scope,
                hosted.name,
                context=self._context,
                base=self._base,
                hosted=hosted,
                role=self._role,
                vpc=self._spec.in_vpc,
                surroundings=self._around,
            )
            for hosted in variants
            if hosted.containers
        }

    def _variant(self, hosted: Hosted) -> Content:
        """What CreateEndpointConfig is told of one variant, as plain data."""
        content: Content = {
            "variant_name": hosted.name,
            "initial_variant_weight": hosted.weight,
        }
        if hosted.serverless:
            return {
                **content,
                "serverless": {
                    "memory_size_in_mb": hosted.serverless.memory_mib,
                    "max_concurrency": hosted.serverless.max_concurrency,
                    "provisioned_concurrency": hosted.serverless.provisioned_concurrency,
                },
            }
        fleet = hosted.fleet
        assert fleet is not None
        content |= {
            "instance_type": fleet.instance_type,
            "initial_instance_count": hosted.count,
            "volume_size_in_gb": fleet.volume_size_gb,
            "container_startup_health_check_timeout_in_seconds": fleet.startup_timeout_seconds,
            "model_data_download_timeout_in_seconds": fleet.download_timeout_seconds,
            "inference_ami_version": fleet.inference_ami_version,
            "routing_strategy": fleet.routing_strategy,
            "core_dumps": self._core_dumps(fleet) if fleet.core_dumps else None,
        }
        if isinstance(fleet, InferenceComponentEndpoint):
            content["managed"] = [fleet.min_instances, fleet.max_instances]
        return content

    def _variant_block(self, kind: str, content: Content) -> Any:
        def block(name: str) -> Any:
            return getattr(configurations, f"SagemakerEndpointConfiguration{kind}{name}")

        plain = dict(content)
        serverless, dumps = plain.pop("serverless", None), plain.pop("core_dumps", None)
        strategy, managed = plain.pop("routing_strategy", None), plain.pop("managed", None)
        model = self._models.get(content["variant_name"])
        return block("")(
            **plain,
            model_name=model.name if model else None,
            serverless_config=block("ServerlessConfig")(**serverless) if serverless else None,
            routing_config=[block("RoutingConfig")(routing_strategy=strategy)]
            if strategy
            else None,
            core_dump_config=block("CoreDumpConfig")(
                destination_s3_uri=dumps, kms_key_id=self._around.kms_key_arn
            )
            if dumps
            else None,
            managed_instance_scaling=block("ManagedInstanceScaling")(
                status="ENABLED", min_instance_count=managed[0], max_instance_count=managed[1]
            )
            if managed
            else None,
        )

    def _configuration(self) -> Any:
        spec = self._spec
        production = [self._variant(hosted) for hosted in self._production]
        shadow = self._variant(self._shadow) if self._shadow else None
        asynchronous = self._asynchronous(spec) if isinstance(spec, AsyncEndpoint) else None
        content = {
            "models": {name: model.digest for name, model in self._models.items()},
            "variants": production,
            "shadow": shadow,
            "capture": [self._capture_uri, spec.capture and spec.capture.model_dump()],
            "async": asynchronous,
        }
        return configurations.SagemakerEndpointConfiguration(
            self,
            "configuration",
            name=f"{self._base}-{short_hash(content)}-{self._around.suffix}",
            kms_key_arn=None if self._has_own_storage() else self._around.kms_key_arn,
            execution_role_arn=None if self._models else self._role.arn,
            production_variants=[
                self._variant_block("ProductionVariants", variant) for variant in production
            ],
            shadow_production_variants=[self._variant_block("ShadowProductionVariants", shadow)]
            if shadow
            else None,
            data_capture_config=self._capture(spec.capture) if spec.capture else None,
            async_inference_config=self._async_block(asynchronous) if asynchronous else None,
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
            depends_on=None if self._models else [self._role.ready],
        )

    def _has_own_storage(self) -> bool:
        """Whether any instance encrypts its own local storage, for which AWS refuses a key."""
        variants = [*self._production, *([self._shadow] if self._shadow else [])]
        types = {hosted.instance_type for hosted in variants if hosted.instance_type}
        return any(instance_types()[name].local_gb for name in types)

    def _capture(self, spec: DataCapture) -> Any:
        prefix = "SagemakerEndpointConfigurationDataCaptureConfig"
        option = getattr(configurations, f"{prefix}CaptureOptions")
        return getattr(configurations, prefix)(
            enable_capture=True,
            initial_sampling_percentage=spec.sampling_percent,
            destination_s3_uri=str(self._capture_uri),
            kms_key_id=self._around.kms_key_arn,
            capture_options=[option(capture_mode=mode) for mode in spec.modes],
        )

    def _asynchronous(self, spec: AsyncEndpoint) -> Content:
        topics = {"success_topic": spec.success_topic, "error_topic": spec.error_topic}
        included = [f"{kind.upper()}_NOTIFICATION_TOPIC" for kind in spec.include_response_in]
        notification = {key: value for key, value in topics.items() if value}
        return {
            "concurrency": spec.max_concurrent_invocations_per_instance,
            "s3_output_path": self._async_uri(spec.output, "output"),
            "s3_failure_path": self._async_uri(spec.failure_output, "failure"),
            "notification": {**notification, "include_inference_response_in": included or None}
            if notification
            else None,
        }

    def _async_block(self, content: Content) -> Any:
        def block(name: str) -> Any:
            prefix = "SagemakerEndpointConfigurationAsyncInferenceConfig"
            return getattr(configurations, f"{prefix}{name}")

        concurrency, notification = content["concurrency"], content["notification"]
        return block("")(
            client_config=block("ClientConfig")(max_concurrent_invocations_per_instance=concurrency)
            if concurrency
            else None,
            output_config=block("OutputConfig")(
                s3_output_path=content["s3_output_path"],
                s3_failure_path=content["s3_failure_path"],
                kms_key_id=self._around.kms_key_arn,
                notification_config=block("OutputConfigNotificationConfig")(**notification)
                if notification
                else None,
            ),
        )

    # Rollout

    def _alarm_names(self) -> list[str]:
        guard = self._spec.guard
        if guard is None:
            return []
        alarms = guard.alarms
        if alarms is None:
            return list(guard.more_alarms)
        made = [
            alarm_names(self._context, self._id, each.name, alarms) for each in self._production
        ]
        return [*itertools.chain.from_iterable(made), *guard.more_alarms]

    def _alarms(self) -> list[Any]:
        guard = self._spec.guard
        if guard is None or guard.alarms is None or not guard.alarms.kinds:
            return []
        scope = Construct(self, "alarms")
        return [
            alarm
            for hosted in self._production
            for alarm in VariantAlarms(
                scope,
                hosted.name,
                context=self._context,
                spec=guard.alarms,
                endpoint=self._id,
                endpoint_name=self.name,
                variant=hosted.name,
            ).alarms
        ]

    # Scaling

    def _scale(self, endpoint: Any) -> None:
        scaled = [hosted for hosted in self._production if hosted.scaling is not None]
        if not scaled:
            return
        endpoint_name = endpoint.name
        scope = Construct(self, "scaling")
        for hosted in scaled:
            assert hosted.scaling is not None
            ScalableTarget(
                scope,
                hosted.name,
                name=f"{self.name}-{hosted.name}",
                spec=hosted.scaling,
                resource_id=f"endpoint/{endpoint_name}/variant/{hosted.name}",
                kind=hosted.scales,
                dimensions={"EndpointName": self.name, "VariantName": hosted.name},
                instance_type=hosted.instance_type,
                # AWS forgets the targets of an endpoint that is replaced.
                registered_with=self._identity(),
            )


def deployment_config(rollout: Rollout, alarms: list[str]) -> Any:
    """The endpoint's `deployment_config` block."""

    def block(name: str) -> Any:
        return getattr(endpoints, f"SagemakerEndpointDeploymentConfig{name}")

    def size(name: str, percent: int) -> Any:
        return block(name)(type="CAPACITY_PERCENT", value=percent)

    limit = rollout.worst_case_seconds
    rollback = None
    if alarms:
        rollback = block("AutoRollbackConfiguration")(
            alarms=[block("AutoRollbackConfigurationAlarms")(alarm_name=name) for name in alarms]
        )
    if isinstance(rollout, Rolling):
        back = rollout.rollback_batch_percent
        rolling = block("RollingUpdatePolicy")(
            maximum_batch_size=size("RollingUpdatePolicyMaximumBatchSize", rollout.batch_percent),
            rollback_maximum_batch_size=size("RollingUpdatePolicyRollbackMaximumBatchSize", back)
            if back
            else None,
            wait_interval_in_seconds=rollout.wait_seconds,
            maximum_execution_timeout_in_seconds=limit,
        )
        return block("")(rolling_update_policy=rolling, auto_rollback_configuration=rollback)
    routing = "BlueGreenUpdatePolicyTrafficRoutingConfiguration"
    termination = 0
    if isinstance(rollout, Canary):
        traffic = block(routing)(
            type="CANARY",
            canary_size=size(f"{routing}CanarySize", rollout.percent),
            wait_interval_in_seconds=rollout.bake_seconds,
        )
        termination = rollout.termination_wait_seconds
    elif isinstance(rollout, Linear):
        traffic = block(routing)(
            type="LINEAR",
            linear_step_size=size(f"{routing}LinearStepSize", rollout.step_percent),
            wait_interval_in_seconds=rollout.interval_seconds,
        )
        termination = rollout.termination_wait_seconds
    else:
        assert isinstance(rollout, AllAtOnce)
        traffic = block(routing)(type="ALL_AT_ONCE", wait_interval_in_seconds=0)
        termination = rollout.bake_seconds
    return block("")(
        blue_green_update_policy=block("BlueGreenUpdatePolicy")(
            traffic_routing_configuration=traffic,
            termination_wait_in_seconds=termination,
            maximum_execution_timeout_in_seconds=limit,
        ),
        auto_rollback_configuration=rollback,
    )
