"""SageMaker endpoints of all kinds.

Models and endpoint configurations cannot be changed, so their names carry a hash of what they
hold and the new one is made before the old one goes. The endpoint keeps its name and is updated
in place; only what AWS cannot update replaces it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from ..alarms.construct import VariantAlarms
from ..cdk import Construct, Fn, ITerraformDependable, Postcondition, TerraformResourceLifecycle
from ..content import HASHES, HELD, Content, content_name
from ..context import Context
from ..data_resource import TerraformData
from ..iam import grants
from ..iam.execution_role import ExecutionRole
from ..iam.policy import Statement
from ..model.artifact import located
from ..overriding import override
from ..scaling.construct import ScalableTarget
from .blocks import async_inference, data_capture, production_variant, shadow_variant
from .components_construct import DeployedComponent, alarm_names
from .content import (
    async_uri,
    capture_uri,
    configuration_content,
    core_dumps_uri,
    is_stacked,
)
from .endpoints.asynchronous import AsyncEndpoint
from .endpoints.base import Endpoint, Hosted, OneVariant, endpoint_log_group, scaled_variant
from .endpoints.component import Component
from .endpoints.components import InferenceComponentEndpoint
from .guardrails import rolls_back
from .guardrails_construct import deployment_config
from .model_construct import HostedModel, Surroundings, container_grants
from .templates import GROUPS, KEY, MODEL, NAME, ROLE, SUBNETS, configuration_template, written

from cdktf_cdktf_provider_aws.cloudformation_stack import CloudformationStack
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.sagemaker_endpoint import SagemakerEndpoint
from cdktf_cdktf_provider_aws.sagemaker_endpoint_configuration import (
    SagemakerEndpointConfiguration,
)

_VARIANT: str = OneVariant.model_fields["variant"].default


class HostedEndpoint(Construct):
    """An endpoint of any kind with its models, configuration, role, logs, alarms and scaling.

    `role` is what its containers may do, `log_group` the name of its log group, `components` the
    inference components on it by short name.
    """

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
        self._around = surroundings = surroundings.given(spec.existing)
        self.components: dict[str, DeployedComponent] = {}
        self._production = spec.hosted()
        self._variants = spec.variants_and_shadow
        self.name = context.endpoint(id)
        self.arn = context.arn("sagemaker", f"endpoint/{self.name}")
        self._base = context.name(id, limit=63 - HASHES)
        self._log_group = endpoint_log_group(context, id)
        logs: list[ITerraformDependable] = []
        if spec.existing.log_group is None:
            logs.append(
                CloudwatchLogGroup(
                    self,
                    "logs",
                    name=self._log_group,
                    retention_in_days=spec.log_retention_days,
                    kms_key_id=surroundings.own_key_arn,
                )
            )
        self.log_group = self._log_group
        self.role = self._role = ExecutionRole(
            self,
            "execution",
            context=context,
            name=id,
            statements=self._statements(),
            given=spec.existing.execution_role,
        )
        self._models = self._make_models()
        configuration = self._configuration()
        identity = TerraformData(self, "identity", input=self._identity())
        alarms = self._alarms(configuration.name)
        endpoint = SagemakerEndpoint(
            self,
            "endpoint",
            name=self.name,
            endpoint_config_name=configuration.name,
            deployment_config=deployment_config(spec.guard, self._alarm_names())
            if spec.guard
            else None,
            lifecycle=TerraformResourceLifecycle(
                replace_triggered_by=[identity.address],
                postcondition=[self._not_rolled_back(configuration)],
            ),
            # The alarms come first and go last, as AWS refuses an update without them.
            depends_on=[*logs, *alarms],
        )
        self._scale(endpoint)
        self._deploy_components(endpoint, identity.address)
        override(spec, self)

    def _identity(self) -> dict[str, str]:
        """What cannot change while an endpoint lives; a change replaces it."""
        guard = self._spec.guard
        identity = {"family": self._spec.family}
        if self._components and self._production[0].name != _VARIANT:
            # Components stay on the variant that they were made on.
            identity["variant"] = self._production[0].name
        if guard is not None:
            # Guardrails need the same variants on both sides of an update.
            identity["guarded"] = " ".join(sorted(hosted.name for hosted in self._production))
            identity["rollback"] = "alarms" if rolls_back(guard) else "none"
        return identity

    # Role

    def _statements(self) -> list[Statement]:
        spec, context, key = self._spec, self._context, self._around.kms_key_arn
        own = self._around.own_key_arn
        bucket = self._around.artifact_bucket
        statements: list[Statement] = []
        for hosted in self._variants:
            for _, source in hosted.containers:
                statements += container_grants(context, source, bucket, key)
            if hosted.mode == "components" and not self._components:
                # Whoever makes the components outside of Terraform chooses what they load.
                statements += grants.pull_any(context)
                for held in dict.fromkeys((bucket, *context.artifact_keys)):
                    statements += grants.read_artifact(context, f"s3://{held}/", key)
            statements += self._host_statements(hosted)
        statements += self._component_statements()
        if spec.capture:
            uri = capture_uri(spec.capture, self._id, bucket)
            statements += grants.write_objects(context, uri, own, "CaptureData")
        if isinstance(spec, AsyncEndpoint):
            statements += self._async_statements(spec)
        if spec.guard:
            statements += grants.see_alarms(context, self._alarm_names())
        statements += grants.log_and_measure(context, self._log_group)
        if spec.in_vpc:
            statements += grants.attach_to_vpc(context)
        return statements

    @property
    def _components(self) -> Mapping[str, Component]:
        spec = self._spec
        return spec.components if isinstance(spec, InferenceComponentEndpoint) else {}

    def _component_statements(self) -> list[Statement]:
        """What components and adapters load, and their alarms."""
        context, bucket, key = self._context, self._around.artifact_bucket, self._around.kms_key_arn
        statements: list[Statement] = []
        alarms: list[str] = []
        if isinstance(self._spec, InferenceComponentEndpoint):
            for source in self._spec.served():
                statements += container_grants(context, source, bucket, key)
        for name, component in self._components.items():
            for adapter in component.adapters.values():
                uri = located(adapter.artifact, bucket)
                statements += grants.read_artifact(context, uri, key)
            alarms += alarm_names(context, self._id, name, component)
        return statements + (grants.see_alarms(context, alarms) if alarms else [])

    def _host_statements(self, hosted: Hosted) -> list[Statement]:
        if hosted.fleet is None:
            return []
        host, statements = hosted.fleet.host, []
        if host.core_dumps:
            uri = core_dumps_uri(host.core_dumps, self._id, self._around.artifact_bucket)
            key = self._around.own_key_arn
            statements += grants.write_objects(self._context, uri, key, "WriteCoreDumps")
        if host.ssm_access:
            statements.append(grants.open_shell())
        return statements

    def _async_statements(self, spec: AsyncEndpoint) -> list[Statement]:
        context, key = self._context, self._around.kms_key_arn
        bucket = self._around.artifact_bucket
        entrance = async_uri(spec.input, "input", self._id, bucket).rstrip("/") + "/"
        statements = grants.read_artifact(context, entrance, key)
        for given, folder in ((spec.output, "output"), (spec.failure_output, "failure")):
            uri = async_uri(given, folder, self._id, bucket)
            statements += grants.write_objects(
                context, uri, self._around.own_key_arn, "WriteAnswers"
            )
        return statements + grants.publish(spec.notifications.topics if spec.notifications else ())

    # Models and configuration

    def _make_models(self) -> dict[str, HostedModel]:
        scope = Construct(self, "models")
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
                overrides=self._spec.overridden(f"models/{hosted.name}/model"),
                held=self._spec.existing.network,
            )
            for hosted in self._variants
            if hosted.containers
        }

    def _configuration(self) -> SagemakerEndpointConfiguration | CloudformationStack:
        content = configuration_content(
            self._spec,
            endpoint=self._id,
            role=self._role.name,
            bucket=self._around.artifact_bucket,
            models={name: model.digest for name, model in self._models.items()},
        )
        content["overrides"] = self._spec.overridden("configuration")
        if HELD in map(str, _values(content)):
            content["existing"] = self._spec.existing.kms_key
        kind, key = "aws_sagemaker_endpoint_configuration", self._around.own_key_arn
        name = self._configuration_name = content_name(
            self._base, kind, content, self._around.suffix
        )
        if is_stacked(self._spec, content):
            return self._stacked(name, content)
        names = {name: model.name for name, model in self._models.items()}
        shadows = content["shadow_production_variants"]
        capture, asynchronous = content["data_capture_config"], content["async_inference_config"]
        return SagemakerEndpointConfiguration(
            self,
            "configuration",
            name=name,
            kms_key_arn=key if content["kms_key_arn"] else None,
            execution_role_arn=None if self._models else self._role.arn,
            production_variants=[
                production_variant(each, model=names.get(each["variant_name"]), kms_key_arn=key)
                for each in content["production_variants"]
            ],
            shadow_production_variants=[
                shadow_variant(each, model=names[each["variant_name"]], kms_key_arn=key)
                for each in shadows
            ]
            if shadows
            else None,
            data_capture_config=data_capture(capture, kms_key_arn=key) if capture else None,
            async_inference_config=async_inference(asynchronous, kms_key_arn=key)
            if asynchronous
            else None,
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
            depends_on=None if self._models else [*self._role.ready],
        )

    def _stacked(self, name: str, content: Content) -> CloudformationStack:
        """The configuration by CloudFormation, which replaces it at each change as Terraform does."""
        numbered = {each: f"{MODEL}{number}" for number, each in enumerate(self._models, 1)}
        template = configuration_template(content, numbered)
        known = {
            NAME: name,
            ROLE: self._role.arn,
            KEY: self._around.own_key_arn,
            SUBNETS: self._around.joined_subnet_ids,
            GROUPS: Fn.join(",", self._around.security_group_ids),
            **{numbered[each]: model.name for each, model in self._models.items()},
        }
        return CloudformationStack(
            self,
            "configuration",
            name=name,
            template_body=written(template),
            parameters={each: known[each] for each in template["Parameters"]},
            on_failure="DELETE",
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
            # Containers start as soon as an endpoint is there, and fetch what they serve.
            depends_on=[
                *self._role.ready,
                *(self._around.ways_out if GROUPS in template["Parameters"] else ()),
            ],
        )

    # Rollout

    def _not_rolled_back(
        self, configuration: SagemakerEndpointConfiguration | CloudformationStack
    ) -> Postcondition:
        """Fails an apply whose update SageMaker has rolled back before the provider looked.

        The provider takes such an update for done, writes the name of the old configuration into
        the endpoint's attribute, and what serves would be deleted.
        """
        return Postcondition(
            condition=f"${{self.endpoint_config_name == {configuration.fqn}.name}}",
            error_message=(
                f"SageMaker rolled the update of endpoint {self.name} back. It serves what it "
                "served before, which is kept. Read SageMaker's reason: aws sagemaker "
                f"describe-endpoint --endpoint-name {self.name} --query FailureReason; what the "
                f"containers said is in the log group {self._log_group}. Fix the cause and deploy "
                "again."
            ),
        )

    def _alarm_names(self) -> list[str]:
        guard = self._spec.guard
        if guard is None:
            return []
        alarms = guard.alarms
        if alarms is None:
            return list(guard.alarm_names)
        made = [alarms.names_of(self._context, self._id, each.name) for each in self._production]
        return [*itertools.chain.from_iterable(made), *guard.alarm_names]

    def _alarms(self, configuration: str) -> list[Any]:
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
                variant=hosted.name,
                dimensions={"EndpointName": self.name, "VariantName": hosted.name},
                publishes=hosted.scales.publishes,
                configuration=configuration,
            ).alarms
        ]

    # Components

    def _deploy_components(self, endpoint: SagemakerEndpoint, replaced_by: str) -> None:
        if not isinstance(self._spec, InferenceComponentEndpoint) or not self._components:
            return
        scope = Construct(self, "components")
        for name in self._components:
            self.components[name] = DeployedComponent(
                scope,
                name,
                context=self._context,
                endpoint=self._id,
                spec=self._spec,
                bucket=self._around.artifact_bucket,
                make_model=self._component_model,
                after=[endpoint, *self._role.ready],
                identity=self._identity(),
                replaced_by=replaced_by,
            )

    def _component_model(self, scope: Construct, id: str, hosted: Hosted, role: str) -> HostedModel:
        """A model of a component; `role` is its path below the endpoint, for overrides."""
        return HostedModel(
            scope,
            id,
            context=self._context,
            base=self._base,
            hosted=hosted,
            role=self._role,
            vpc=self._spec.in_vpc,
            surroundings=self._around,
            overrides=self._spec.overridden(f"{role}/model"),
            held=self._spec.existing.network,
        )

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
                name=scaled_variant(self._context, self._id, hosted.name),
                spec=hosted.scaling,
                resource_id=f"endpoint/{endpoint_name}/variant/{hosted.name}",
                kind=hosted.scales,
                dimensions={"EndpointName": self.name, "VariantName": hosted.name},
                instance_type=hosted.instance_type,
                # AWS forgets the targets of an endpoint that is replaced.
                registered_with=self._identity(),
            )


def _values(content: Any) -> Iterator[Any]:
    """Every value of plain data."""
    if isinstance(content, dict | list):
        for each in content.values() if isinstance(content, dict) else content:
            yield from _values(each)
    else:
        yield content
