"""Bedrock: provisioned throughput and application inference profiles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from inferform.usage import Usage, exactly

from ..aws import Aws
from ..checks import CONFIGURATION
from ..plan import Action, Change, Plan, Side, number
from ..told import Story
from .finding import given, paged, pairs
from .reasons import resource
from .record import Existing, Finding, Found, Not, Values, Verifier, risk
from .risks import BUY1, bought
from .stories import name_of, told_when_gone
from .untold import hidden, not_told
from .words import PAST, arrow

THROUGHPUT = "aws_bedrock_provisioned_model_throughput"
_TERMS = {"OneMonth": "1-month", "SixMonths": "6-months"}


# Recover


def _find_throughput(aws: Aws, values: Values) -> Iterator[Existing]:
    bedrock: Any = aws.any_client("bedrock")
    name = given(values, "provisioned_model_name")
    listed = paged(
        bedrock.list_provisioned_model_throughputs,
        "provisionedModelSummaries",
        "nextToken",
        nameContains=name,
    )
    for each in listed:
        if each["provisionedModelName"] == name:
            arn = each["provisionedModelArn"]
            tags = bedrock.list_tags_for_resource(resourceARN=arn)["tags"]
            yield Existing(arn, pairs(tags), each["status"])


def _find_profile(aws: Aws, values: Values) -> Iterator[Existing]:
    bedrock: Any = aws.any_client("bedrock")
    name = given(values, "name")
    listed = paged(
        bedrock.list_inference_profiles,
        "inferenceProfileSummaries",
        "nextToken",
        typeEquals="APPLICATION",
    )
    for each in listed:
        if each["inferenceProfileName"] == name:
            arn = each["inferenceProfileArn"]
            tags = bedrock.list_tags_for_resource(resourceARN=arn)["tags"]
            yield Existing(arn, pairs(tags))


# Cost


def _units(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    values = change.at(side)
    name = str(values.get("provisioned_model_name") or change.name)
    if any(hidden(change, each, side=side) for each in ("model_arn", "model_units")):
        same = change.action in (Action.NONE, Action.FORGET)
        yield not_told(f"model units of {name}", name, side, same=same)
        return
    term = _TERMS.get(str(values.get("commitment_duration")), "hourly")
    model = str(values.get("model_arn")).partition("model/")[2]
    key = f"bedrock/model-unit-{term}/{model}"
    yield Usage(name, key, exactly(number(values.get("model_units"), 0)))


# Review


def _story(plan: Plan, change: Change) -> Iterator[Story]:
    if not change.is_shown:
        return
    name = name_of(change, "provisioned_model_name")
    facts = [
        (words, arrow(*(str(each or "") for each in change.both(argument))))
        for words, argument in (
            ("model", "model_arn"),
            ("model units", "model_units"),
            ("commitment", "commitment_duration"),
        )
    ]
    gone = change.action in (Action.DELETE, Action.REPLACE)
    yield Story(
        kind="provisioned throughput",
        name=name,
        address=change.address,
        action=change.action.value,
        headline=f"{name} is {PAST[change.action]}",
        facts=tuple(fact for fact in facts if fact[1]),
        interrupted="callers that name its ARN" if gone else "",
    )


@risk(BUY1)
def _kept_to_the_end(plan: Plan, change: Change) -> Iterator[Found]:
    committed = change.before.get("commitment_duration")
    if committed and change.action in (Action.DELETE, Action.REPLACE):
        yield f"is committed ({committed}): AWS refuses to delete it before the term is over"


# Verify


class _Throughput(Verifier):
    """Whether it serves what the state says."""

    @property
    def name(self) -> str:
        """Bedrock's name of it."""
        return str(self.values.get("provisioned_model_name"))

    def served(self) -> Iterator[str]:
        """It runs a model of Bedrock's, and no image."""
        return iter(())

    def findings(self) -> Iterator[Finding]:
        """One finding."""
        bedrock: Any = self.run.aws.any_client("bedrock")
        try:
            found = bedrock.get_provisioned_model_throughput(provisionedModelId=self.name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            yield self.finding(CONFIGURATION, "failed", "does not exist", "deploy again")
            return
        wanted, units = int(self.values["model_units"]), found["modelUnits"]
        if found["status"] != "InService":
            said = f"is {found['status']}: {found.get('failureMessage') or 'no reason given'}"
            yield self.finding(CONFIGURATION, "failed", said, "wait, or read why it failed")
        elif units != wanted or found["modelArn"] != self.values.get("model_arn"):
            said = f"has {units} units of {found['modelArn']}, but the state says {wanted} of "
            said += str(self.values.get("model_arn"))
            yield self.finding(CONFIGURATION, "failed", said, "deploy again")
        else:
            until = found.get("commitmentExpirationTime")
            term = f", committed until {until:%Y-%m-%d}" if until else ""
            said = f"is in service with {units} model units{term}"
            yield self.finding(CONFIGURATION, "passed", said)


KINDS = (
    resource(
        THROUGHPUT,
        "provisioned throughput",
        _find_throughput,
        name="provisioned_model_name",
        outage=True,
        uses=_units,
        quotas=Not("AWS Support grants model units, and Service Quotas does not tell how many"),
        preflight=Not("AWS tells only at the creation whether it grants the model units"),
        story=_story,
        risks=(
            bought(
                "model units for months, which are paid to the end of the term",
                lambda change: bool(change.after.get("commitment_duration")),
            ),
            _kept_to_the_end,
        ),
        verify=_Throughput,
    ),
    resource(
        "aws_bedrock_inference_profile",
        "inference profile",
        _find_profile,
        name="name",
        outage=True,
        story=told_when_gone("inference profile", "callers that name its ARN", "name"),
        verify=Not("it is a name for a model, which answers or does not"),
    ),
)

UNLISTED_PRICES = {
    r"bedrock/model-unit-.+": "AWS publishes prices of model units for few models, and not in the Price "
    "List that is read here; the console shows them before a purchase",
}
