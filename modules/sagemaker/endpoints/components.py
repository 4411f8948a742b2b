"""Instances for inference components."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from ...rules import Problem, rule
from ...spec import Aws, Between
from ...usage import Amount, between
from .base import Endpoint, Hosted, OneVariant
from .fleet import RT4, Fleet, InstanceCount

IC1 = rule(
    "IC1",
    refuses="inference components declared in Terraform",
    message="cannot be declared: hashicorp/aws has no aws_sagemaker_inference_component; create "
    "them on the endpoint with CreateInferenceComponent or the awscc provider",
    source="hashicorp/terraform-provider-aws #35226",
)
IC4 = rule(
    "IC4",
    refuses="a managed instance count out of order",
    message="({maximum}) is below min_instances ({minimum}); raise it",
    source="botocore sagemaker ProductionVariantManagedInstanceScaling",
)


class InferenceComponentEndpoint(OneVariant, Fleet, Endpoint):
    """Instances for inference components, which are placed on them outside Terraform.

    Needs hashicorp/aws 6.x. Its provider has no resource for the components themselves, takes
    no VPC for such endpoints, and has no instance pools.
    """

    min_instances: Annotated[
        int,
        Between(RT4, 0, 10_000),
        Aws("sagemaker:ProductionVariantManagedInstanceScaling.MinInstanceCount"),
    ] = 1
    """The least instances that SageMaker keeps. Default: 1; whether 0 works depends on the
    Region."""

    max_instances: Annotated[
        InstanceCount, Aws("sagemaker:ProductionVariantManagedInstanceScaling.MaxInstanceCount")
    ] = 1
    """The most instances that SageMaker starts. Default: 1."""

    components: dict[str, Any] = {}
    """Refused: the provider cannot declare them."""

    kind = "inference components"
    not_simulated = "its instances follow its components, which are made outside Terraform"
    family = "components"

    def check(self) -> Iterator[Problem]:
        """The rules of instances; components cannot be declared."""
        yield from super().check()
        if self.components:
            yield IC1.problem("components")
        if self.max_instances < self.min_instances:
            yield IC4.problem(
                "max_instances", maximum=self.max_instances, minimum=self.min_instances
            )

    def capacity_of(self, variant: Hosted) -> Amount:
        """Between the bounds that SageMaker keeps."""
        return between(self.min_instances, self.max_instances)

    def hosted(self) -> tuple[Hosted, ...]:
        """The one production variant, without a model."""
        return (
            Hosted(
                name=self.variant,
                containers=(),
                mode="components",
                isolated=False,
                fleet=self,
                count=max(1, self.min_instances),
            ),
        )
