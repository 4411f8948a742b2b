"""What is asked of Amazon Bedrock beside single requests, which nothing has to be declared for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from ..context import Context
from ..names import Name
from ..overrides import Overridable
from ..rules import Problem, rule
from ..service import Billed, Named, Place
from ..spec import Aws, Between, Matches
from ..usage import Usage, exactly

BDR1 = rule(
    "BDR1",
    refuses="a description that Bedrock does not take",
    message="must have 1 to 200 letters, digits, : and ., with single spaces, _ or - between them",
    source="botocore bedrock InferenceProfileDescription",
)
BDR2 = rule(
    "BDR2",
    refuses="a commitment for months in an environment that is not protected",
    message="is paid to its end and cannot be deleted before; set context.protected=True, or leave the "
    "commitment out to pay by the hour",
    source="botocore bedrock DeleteProvisionedModelThroughput (not before the commitment term is over)",
)
BDR3 = rule(
    "BDR3",
    refuses="a model of another Region than the environment's",
    message="is of {other}, but the environment is in {here}; name the model of {here}",
    source="Amazon Bedrock user guide, Provisioned Throughput and inference profiles (of one Region)",
)
BDR4 = rule(
    "BDR4",
    refuses="fewer than 1 or more than 1,000 model units",
    message="must be from {low} to {high} model units",
    source="botocore bedrock PositiveInteger (1 at least); Inferform: 1,000 is a slip of the hand",
)
BDR5 = rule(
    "BDR5",
    refuses="what is no ARN of a model",
    message="must be the ARN of a foundation model, such as arn:aws:bedrock:us-east-1::foundation-model/"
    "amazon.nova-lite-v1:0:24k, or of a custom model",
    source="Amazon Bedrock API reference, CreateProvisionedModelThroughput modelId",
)
BDR7 = rule(
    "BDR7",
    refuses="what an inference profile cannot stand for",
    message="must be the ARN of a foundation model, for one Region, or of a system-defined profile, for "
    "several",
    source="Amazon Bedrock API reference, InferenceProfileModelSource",
)
BDR6 = rule(
    "BDR6",
    refuses="throughput or profiles of Bedrock, which the deploy role of the environment may not make",
    message='needs "bedrock" among identity.deploy_services',
    source="Inferform: a deploy role buys nothing in Bedrock unless it is asked for",
)

_ARN = r"arn:aws(|-us-gov|-cn|-iso|-iso-b):bedrock:[a-z0-9-]{1,20}"
_PART = r"[a-z0-9-]{1,63}"
_FOUNDATION = rf":foundation-model/{_PART}\.{_PART}\.?{_PART}(:{_PART}){{0,2}}"
_CUSTOM = rf"\d{{12}}:custom-model/(imported|{_PART}\.{_PART}(:{_PART}){{0,2}})/[a-z0-9]{{12}}"


class ProvisionedThroughput(Overridable, Billed, Named):
    """Model units of Bedrock that are there for this environment alone, for a guaranteed rate.

    Callers name its ARN instead of the model. It is billed by the hour from the apply that makes
    it, used or not. With a commitment it cannot be deleted before the term is over, so that it is
    protected from destruction; any change of what it is buys another one.
    """

    model_arn: Annotated[
        str,
        Matches(
            BDR5,
            rf"{_ARN}:({_FOUNDATION}|{_CUSTOM})",
        ),
        Aws("bedrock:CreateProvisionedModelThroughputRequest.modelId"),
    ]
    """The ARN of the foundation model or custom model."""

    model_units: Annotated[
        int,
        Between(BDR4, 1, 1000),
        Aws("bedrock:CreateProvisionedModelThroughputRequest.modelUnits"),
    ] = 1
    """How many model units. A new account has none with a commitment: AWS Support grants them.
    Default: 1."""

    commitment: (
        Annotated[
            Literal["OneMonth", "SixMonths"],
            Aws("bedrock:CreateProvisionedModelThroughputRequest.commitmentDuration"),
        ]
        | None
    ) = None
    """For how long it is bought, at a lower price; an apply buys it. Default: none, by the hour."""

    def names(self, place: Place) -> Iterator[Name]:
        """Its own."""
        name = place.environment.context.name(place.name, limit=63)
        yield Name("aws_bedrock_provisioned_model_throughput", name)

    def uses(self, place: Place) -> Iterator[Usage]:
        """Its model units, by the hour."""
        term = {"OneMonth": "1-month", "SixMonths": "6-months"}.get(self.commitment or "", "hourly")
        key = f"bedrock/model-unit-{term}/{self.model}"
        yield Usage(place.name, key, exactly(self.model_units))

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The model is of the Region; months are bought where nothing is destroyed by the way."""
        yield from super().check_in(context)
        yield from _region_problems(context, "model_arn", self.model_arn)
        if self.commitment is not None and not context.protected:
            yield BDR2.problem("commitment", got=self.commitment)

    @property
    def model(self) -> str:
        """The model's id: `amazon.nova-lite-v1:0:24k`."""
        return self.model_arn.partition("model/")[2]


class InferenceProfile(Overridable, Named):
    """An application inference profile: a model under a name of its own, with tags and metrics.

    Callers name its ARN instead of the model; what they use is then found in the bill by its tags.
    It costs nothing.
    """

    copy_from: Annotated[
        str,
        Matches(
            BDR7,
            rf"{_ARN}:({_FOUNDATION}|\d{{12}}:inference-profile/[a-zA-Z0-9:.-]{{1,200}})",
        ),
        Aws("bedrock:InferenceProfileModelSource.copyFrom"),
    ]
    """The ARN of a foundation model, or of a system-defined inference profile, which routes requests
    to several Regions."""

    description: (
        Annotated[
            str,
            Matches(BDR1, r"(?=.{1,200}$)([0-9a-zA-Z:.][ _-]?)+"),
            Aws("bedrock:CreateInferenceProfileRequest.description"),
        ]
        | None
    ) = None
    """What it is for. Default: none."""

    def names(self, place: Place) -> Iterator[Name]:
        """Its own."""
        name = place.environment.context.name(place.name, limit=64)
        yield Name("aws_bedrock_inference_profile", name)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """What it stands for is of the Region."""
        yield from super().check_in(context)
        yield from _region_problems(context, "copy_from", self.copy_from)


def _region_problems(context: Context, field: str, arn: str) -> Iterator[Problem]:
    region, account = arn.split(":")[3:5]
    if region != context.region:
        yield BDR3.problem(field, got=arn, other=region, here=context.region)
    elif account not in ("", context.account):
        here = f"{context.region} and account {context.account}"
        yield BDR3.problem(field, got=arn, other=f"account {account}", here=here)
