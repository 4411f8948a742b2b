"""A kind of the team's own: a small model in a Lambda function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from inferform import Image
from inferform.names import Name, role
from inferform.own import OwnService, OwnSurroundings
from inferform.rules import rule
from inferform.service import Place, Platform
from inferform.spec import Between
from inferform.usage import Usage, by_use

if TYPE_CHECKING:
    from inferform.cdk import Construct

TEAM5 = rule(
    "TEAM5",
    refuses="a function with less than 128 or more than 10,240 MiB",
    message="must be from {low} to {high} MiB",
    source="AWS Lambda developer guide, Lambda quotas",
)


class Function(OwnService):
    """A model in a Lambda function, made of a container image."""

    image: Image
    """The image, which Lambda must be let to pull."""

    memory_mib: Annotated[int, Between(TEAM5, 128, 10_240)] = 1024
    """The memory, which the share of a CPU follows. Default: 1024 MiB."""

    sort = "function"
    words = "Lambda function"

    def resource(self, place: Place) -> tuple[str, str]:
        """The function."""
        return "aws_lambda_function", place.environment.context.name(place.name)

    def names(self, place: Place) -> Iterator[Name]:
        """Its own, and of its role."""
        context = place.environment.context
        yield Name("aws_lambda_function", context.name(place.name))
        yield Name("aws_iam_role", role(context, place.name, "function"))

    def images(self) -> Iterator[Image | str]:
        """Its one image."""
        yield self.image

    def platform(self, place: Place) -> Platform:
        """Lambda's default."""
        return "linux/amd64"

    def uses(self, place: Place) -> Iterator[Usage]:
        """Billed by use."""
        yield by_use(place.name, "lambda/x86_64/gb-second")

    def build(self, scope: Construct, name: str, surroundings: OwnSurroundings) -> None:
        """The function, and a role that may write its log."""
        from inferform.iam.policy import allow, document

        from cdktf_cdktf_provider_aws.iam_role import IamRole
        from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
        from cdktf_cdktf_provider_aws.lambda_function import (
            LambdaFunction,
            LambdaFunctionImageConfig,
        )

        context = surroundings.context
        full_name = context.name(name)
        trust = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": f"lambda.{context.dns_suffix}"},
        }
        runs_as = IamRole(
            scope,
            "role",
            name=role(context, name, "function"),
            assume_role_policy=document(trust),
        )
        log = context.arn("logs", f"log-group:/aws/lambda/{full_name}:*")
        policy = IamRolePolicy(
            scope,
            "policy",
            name="log",
            role=runs_as.id,
            policy=document(
                allow(
                    ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
                    log,
                    sid="WriteLog",
                )
            ),
        )
        LambdaFunction(
            scope,
            "function",
            function_name=full_name,
            package_type="Image",
            image_uri=self.image.uri(context),
            image_config=LambdaFunctionImageConfig(command=["serve"]),
            memory_size=self.memory_mib,
            role=runs_as.arn,
            kms_key_arn=surroundings.registry.kms_key_arn,
            depends_on=[policy],
        )
