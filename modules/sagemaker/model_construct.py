"""SageMaker models, for endpoints and batch transforms alike.

A model cannot be changed, so its name carries a hash of what it holds and the new one is made
before the old one goes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..cdk import (
    Construct,
    Fn,
    ITerraformDependable,
    TerraformLocal,
    TerraformResourceLifecycle,
    TerraformStack,
    Token,
)
from ..content import Content, content_hash, content_name
from ..context import Context
from ..existing import Existing
from ..iam import grants
from ..iam.execution_role import ExecutionRole
from ..iam.policy import Statement
from ..model.artifact import located
from .blocks import one_of_several, primary_container
from .content import model_content
from .endpoints.base import Hosted
from .endpoints.component import ComponentContainer
from .sources import AnySource, JumpStartModel, ModelPackage, MultiModel

from cdktf_cdktf_provider_aws import sagemaker_model as models


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The references that endpoints of one layer share."""

    subnet_ids: list[str]
    security_group_ids: list[str]
    ways_out: list[ITerraformDependable]
    """The rules of the security groups, which containers need from their start."""

    kms_key_arn: str
    artifact_bucket: str
    given_key_arn: str | None = None
    """The key of one service instead of `kms_key_arn`, but for artifacts. Default: None."""

    layer: str
    """The name of the layer, for the tags of what Terraform does not make."""

    suffix: str
    """A Terraform expression: eight characters that change when any reference does, so that
    names of immutable resources change with what they hold."""

    @property
    def own_key_arn(self) -> str:
        """The key of volumes, logs and what is written."""
        return self.given_key_arn or self.kms_key_arn

    @property
    def joined_subnet_ids(self) -> str:
        """The subnets, with commas between."""
        if Token.is_unresolved(self.subnet_ids):
            # A list in another layer's state is a whole template, which no function takes.
            return '${join(",", local.held[0])}'
        return Fn.join(",", self.subnet_ids)

    def given(self, existing: Existing) -> Surroundings:
        """The surroundings of one service with what somebody else made for it."""
        made = replace(self, given_key_arn=existing.kms_key)
        if existing.subnets:
            made = replace(made, subnet_ids=[*existing.subnets])
        if existing.security_groups:
            made = replace(made, security_group_ids=[*existing.security_groups], ways_out=[])
        return made

    @classmethod
    def within(
        cls,
        stack: TerraformStack,
        *,
        layer: str,
        subnet_ids: list[str],
        security_group_ids: list[str],
        ways_out: Iterable[ITerraformDependable] = (),
        kms_key_arn: str,
        artifact_bucket: str,
    ) -> Surroundings:
        """The surroundings with their suffix, which two local values of `stack` calculate.

        `ways_out` are the rules of the security groups that models wait for. Default: none, for
        groups that exist already.
        """
        TerraformLocal(stack, "held", [subnet_ids, [*security_group_ids, kms_key_arn]])
        suffix = TerraformLocal(
            stack, "suffix", '${substr(sha256(join("/", flatten(local.held))), 0, 8)}'
        )
        return cls(
            layer=layer,
            subnet_ids=subnet_ids,
            security_group_ids=security_group_ids,
            ways_out=[*ways_out],
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
        overrides: Content | None = None,
        held: Content | None = None,
    ) -> None:
        """`overrides` are those of the model, `held` what is given instead of references; its
        name stands for both too. Default: none."""
        super().__init__(scope, id)
        content = model_content(
            context, hosted, role=role.name, vpc=vpc, bucket=surroundings.artifact_bucket
        )
        content |= {"overrides": overrides, "existing": held if vpc else None}
        self.digest = content_hash("aws_sagemaker_model", content)
        containers, execution = content["container"], content["inference_execution_config"]
        self._model = models.SagemakerModel(
            self,
            "model",
            name=content_name(base, "aws_sagemaker_model", content, surroundings.suffix),
            execution_role_arn=role.arn,
            enable_network_isolation=hosted.isolated,
            primary_container=None if execution else primary_container(containers[0]),
            container=[one_of_several(each) for each in containers] if execution else None,
            inference_execution_config=models.SagemakerModelInferenceExecutionConfig(**execution)
            if execution
            else None,
            vpc_config=models.SagemakerModelVpcConfig(
                subnets=surroundings.subnet_ids,
                security_group_ids=surroundings.security_group_ids,
            )
            if vpc
            else None,
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
            depends_on=[*role.ready, *(surroundings.ways_out if vpc else ())],
        )

    @property
    def name(self) -> str:
        """A reference to the model's name."""
        name: str = self._model.name
        return name


def container_grants(
    context: Context, source: AnySource | ComponentContainer, bucket: str, key: str
) -> list[Statement]:
    """What the role needs for one container."""
    statements = grants.read_secrets(source.environment.values())
    if isinstance(source, JumpStartModel):
        # SageMaker itself fetches what AWS or a seller publishes.
        return statements
    if isinstance(source, ModelPackage):
        image = source.image
        if image is None:
            statements += grants.pull_any(context)
        else:
            uri = image if isinstance(image, str) else image.uri(context)
            statements += grants.pull(context, uri)
        location = located(source.artifact or "", bucket)
        return statements + grants.read_artifact(context, location, key)
    statements += grants.pull(context, source.image_uri(context))
    if isinstance(source, MultiModel):
        location = located(source.artifacts, bucket)
        return statements + grants.read_artifact(context, location, key)
    held = source.artifact_uri(bucket)
    return statements + (grants.read_artifact(context, held, key) if held else [])
