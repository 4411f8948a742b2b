"""The training layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...cdk import Construct, ITerraformDependable, TerraformLocal
from ...layer import Layer
from ...outputs import NetworkOutputs, RegistryOutputs
from ...overriding import override
from ...s3.spec import ExistingBucket
from ...target import Target
from ...training.construct import Monitored, Retrained, Surroundings
from ...training.pipeline_construct import PipelineOfSteps
from ...training.quality_construct import QualityMonitored
from ...training.spec import TRAINING, Training
from ...vpc.egress import allow_https
from ..specs import Registry

from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule

if TYPE_CHECKING:
    from ...environment import Environment


class TrainingLayer(Layer):
    """What trains the models of an environment, and watches them.

    `retrainings`, `monitors` and `model_monitors` are the constructs by short name, `network` and `registry` what the
    layers below hand up.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        environment: Environment,
        spec: Training,
        target: Target,
        group: str = "",
        network: NetworkOutputs | None = None,
        secondary_cidrs: Sequence[str] = (),
        registry: RegistryOutputs | None = None,
    ) -> None:
        """`secondary_cidrs` are the ranges of a Network that hold its subnets beside `cidr`."""
        context = environment.context
        layer = "-".join(filter(None, ["training", group]))
        super().__init__(scope, layer, context=context, target=target)
        self._group_name = self.context.name(*filter(None, [TRAINING, group]))
        self.network = self.below(
            "network", NetworkOutputs, network, secondary_cidrs=secondary_cidrs
        )
        data = self.below("registry", RegistryOutputs, registry)
        below = environment.registry
        if isinstance(below, Registry) and isinstance(below.artifacts, ExistingBucket):
            data = replace(data, artifact_bucket=below.artifacts.name)
        self.registry = data
        around = self._surroundings(spec)
        alarms = {
            name: [*monitor.alarms(context, name).values()]
            for each in environment.trainings.values()
            for name, monitor in each.monitors.items()
        }
        retrainings = Construct(self, "retrainings")
        self.retrainings = {
            name: Retrained(
                retrainings,
                name,
                context=context,
                spec=each,
                surroundings=around,
                drift_alarms=alarms,
            )
            for name, each in spec.retrainings.items()
        }
        monitors = Construct(self, "monitors")
        self.monitors = {
            name: Monitored(
                monitors,
                name,
                context=context,
                spec=each,
                surroundings=around,
                captured=each.captured(environment, data.artifact_bucket),
            )
            for name, each in spec.monitors.items()
        }
        pipelines = Construct(self, "pipelines")
        self.pipelines = {
            name: PipelineOfSteps(
                pipelines,
                name,
                context=context,
                spec=pipeline,
                surroundings=around,
                drift_alarms=alarms,
            )
            for name, pipeline in spec.pipelines.items()
        }
        quality = Construct(self, "model-monitors")
        self.model_monitors = {
            name: QualityMonitored(
                quality,
                name,
                context=context,
                spec=each,
                surroundings=around,
                reads=each.reads(environment, data.artifact_bucket),
            )
            for name, each in spec.model_monitors.items()
        }
        override(spec, self, apart=["retrainings", "monitors", "pipelines", "model-monitors"])

    def _surroundings(self, spec: Training) -> Surroundings:
        groups: list[str] = []
        subnets: list[str] = []
        ways: list[ITerraformDependable] = []
        if spec.has_jobs:
            # Their ids go into the text of a state machine, where a reference can have no quotes inside.
            TerraformLocal(self, "private", self.network.private_subnet_ids)
            joined = TerraformLocal(self, "subnets", '${join("\\",\\"", local.private)}')
            subnets = [joined.as_string]
            group, ways = self._group(spec)
            groups = [group]
        suffix = ""
        if spec.model_monitors:
            # What cannot be changed has a name that changes with what it refers to.
            held = self.network.private_subnet_ids if groups else []
            TerraformLocal(self, "held", [held, [*groups, self.registry.kms_key_arn]])
            text = '${substr(sha256(join("/", flatten(local.held))), 0, 8)}'
            suffix = TerraformLocal(self, "suffix", text).as_string
        return Surroundings(
            suffix=suffix,
            private_subnet_ids=self.network.private_subnet_ids if groups else [],
            subnet_ids=subnets,
            security_group_ids=groups,
            ways_out=ways,
            kms_key_arn=self.registry.kms_key_arn,
            artifact_bucket=self.registry.artifact_bucket,
            layer=self.layer,
        )

    def _group(self, spec: Training) -> tuple[str, list[ITerraformDependable]]:
        """The security group of jobs, and what they need to start."""
        name = self._group_name
        group = SecurityGroup(
            self,
            "jobs",
            name=name,
            description="Jobs: HTTPS to AWS services only",
            vpc_id=self.network.vpc_id,
            tags={"Name": name},
        )
        ways = allow_https(
            self,
            "jobs",
            security_group_id=group.id,
            network=self.network,
            cidrs=spec.egress_cidrs,
        )
        if spec.trains_together:
            # SageMaker developer guide: containers of one job talk by any port.
            among: dict[str, Any] = {
                "security_group_id": group.id,
                "referenced_security_group_id": group.id,
                "description": "Instances of one job",
                "ip_protocol": "-1",
            }
            ways += [
                VpcSecurityGroupIngressRule(self, "jobs-in", **among),
                VpcSecurityGroupEgressRule(self, "jobs-out", **among),
            ]
        return group.id, ways
