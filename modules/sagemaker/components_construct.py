"""Inference components on an endpoint: one CloudFormation stack each, with models, alarms, scaling.

hashicorp/aws has no resource for components in the releases that Inferform takes, and the one that
later releases have sends the guardrails of a rollout in that apply alone that changes them. The
template has them always.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..alarms.construct import VariantAlarms
from ..cdk import Construct, ITerraformDependable, TerraformResourceLifecycle
from ..context import Context
from ..scaling.construct import ScalableTarget
from ..scaling.kinds import COMPONENT
from .endpoints.base import Hosted
from .endpoints.component import Component, ComponentContainer, ComponentSource
from .endpoints.components import InferenceComponentEndpoint
from .templates import (
    MODEL,
    adapter_template,
    component_template,
    model_parameter,
    written,
)

from cdktf_cdktf_provider_aws.cloudformation_stack import (
    CloudformationStack,
    CloudformationStackTimeouts,
)

_LEAST_MINUTES = 30
# What an instance may take to start, before a copy can.
_INSTANCE_SECONDS = 1200

MakeModel = Callable[[Construct, str, Hosted, str], Any]
"""Makes a model of what one component serves: its scope, its id, what it serves, and its path below
the endpoint."""


def minutes(seconds: int) -> str:
    """How long Terraform waits for a stack: 30 minutes at least."""
    return f"{max(_LEAST_MINUTES, math.ceil(seconds / 60))}m"


def alarm_names(context: Context, endpoint: str, name: str, component: Component) -> list[str]:
    """The names of the alarms that roll a component's releases back."""
    rollout = component.rollout
    made = rollout.alarms.names_of(context, endpoint, name) if rollout.alarms else []
    return [*made, *rollout.alarm_names]


class DeployedComponent(Construct):
    """One component with its models, alarms, adapters and scaling; `name` is SageMaker's."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        endpoint: str,
        spec: InferenceComponentEndpoint,
        bucket: str,
        make_model: MakeModel,
        after: Sequence[ITerraformDependable],
        identity: Mapping[str, str],
        replaced_by: str,
    ) -> None:
        """`after` is what has to be there first, `identity` what replaces the endpoint where it
        changes, `replaced_by` the address of what stands for it in Terraform."""
        super().__init__(scope, id)
        component = self._component = spec.components[id]
        self._lifecycle = TerraformResourceLifecycle(replace_triggered_by=[replaced_by])
        self.name = context.name(endpoint, id)
        endpoint_name = context.endpoint(endpoint)
        alarms = self._alarms(context, endpoint, id)
        template = component_template(
            context,
            component,
            name=self.name,
            endpoint=endpoint_name,
            variant=spec.variant,
            instance_type=spec.instance_type,
            bucket=bucket,
            alarms=alarm_names(context, endpoint, id, component),
        )
        starting = component.starting_seconds + _INSTANCE_SECONDS
        stack = self._stack(
            self,
            self.name,
            written(template),
            parameters=self._models(spec, id, make_model),
            create=starting,
            # AWS's own time limit, and what a rollback takes after it.
            update=component.worst_case_seconds + starting,
            after=[*after, *alarms],
        )
        adapters = Construct(self, "adapters") if component.adapters else None
        for short, adapter in component.adapters.items():
            assert adapters is not None
            name = context.name(endpoint, id, short)
            made = adapter_template(
                adapter, name=name, base=self.name, endpoint=endpoint_name, bucket=bucket
            )
            self._stack(
                Construct(adapters, short),
                name,
                written(made),
                create=starting,
                update=starting,
                after=[stack],
            )
        if component.scaling is not None:
            ScalableTarget(
                self,
                "scaling",
                name=self.name,
                spec=component.scaling,
                # The stack's name, which is the component's: its outputs are never known to a plan.
                resource_id=f"inference-component/{stack.name}",
                kind=COMPONENT,
                dimensions={"InferenceComponentName": self.name},
                # AWS forgets the target of a component that is made anew.
                registered_with={**identity, "component": self.name},
            )

    def _models(
        self, spec: InferenceComponentEndpoint, id: str, make: MakeModel
    ) -> dict[str, str] | None:
        """The models of the component by the parameter that names each."""
        component = self._component
        sources: dict[str, tuple[ComponentSource, str]] = {}
        for each in component.by_instance_type or (spec.instance_type,):
            sources.setdefault(model_parameter(component, each), (component.source_on(each), each))
        made = {}
        for parameter, (source, instance_type) in sources.items():
            if isinstance(source, ComponentContainer):
                continue
            child = parameter.lower()
            hosted = Hosted(
                name=id if parameter == MODEL else f"{id}-{child}",
                containers=((None, source),),
                mode="single",
                isolated=source.isolated,
                transform_type=instance_type,
            )
            made[parameter] = make(self, child, hosted, f"components/{id}/{child}").name
        return made or None

    def _alarms(self, context: Context, endpoint: str, id: str) -> list[Any]:
        alarms = self._component.rollout.alarms
        if alarms is None or not alarms.kinds:
            return []
        return VariantAlarms(
            self,
            "alarms",
            context=context,
            spec=alarms,
            endpoint=endpoint,
            variant=id,
            dimensions={"InferenceComponentName": self.name},
            publishes=COMPONENT.publishes,
        ).alarms

    def _stack(
        self,
        scope: Construct,
        name: str,
        template: str,
        *,
        parameters: dict[str, str] | None = None,
        create: int,
        update: int,
        after: Sequence[Any],
    ) -> CloudformationStack:
        return CloudformationStack(
            scope,
            "stack",
            name=name,
            template_body=template,
            parameters=parameters,
            # A stack that is rolled back after its creation could only be deleted by hand.
            on_failure="DELETE",
            timeouts=CloudformationStackTimeouts(
                create=minutes(create), update=minutes(update), delete=minutes(0)
            ),
            lifecycle=self._lifecycle,
            depends_on=[*after],
        )
