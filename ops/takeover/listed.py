"""The endpoints of an account that no state knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from inferform import Environment
from inferform.service import Place
from inferform.usage import Usage

from ..advice import explained
from ..aws import Aws
from ..cost.prices import PriceTable
from ..errors import NotBootstrappedError, OperatorError
from ..state import States
from .hosting import Hosting, Taken, taken
from .live import hosting_of
from .steps import ENDPOINT

DAYS = 60
"""How far back requests are looked for: as long as CloudWatch keeps values of 5 minutes is 63 days."""

_CREATORS = ("created-by", "createdby", "creator", "owner", "sagemaker:user-profile-arn")


@dataclass(frozen=True, slots=True)
class Foreign:
    """An endpoint that no state knows."""

    name: str
    status: str
    made_by: str
    created: datetime
    kind: str
    instances: str
    monthly: float | None
    """US dollars of its instances as they are now; None where that is not known."""

    last_request: str
    """The day of the last request; `none in 60 days`; or that it is not known."""

    adoptable: bool
    why_not: str = ""
    left: tuple[str, ...] = ()


def foreign(
    environment: Environment,
    others: Iterable[Environment],
    aws: Aws,
    table: PriceTable,
    now: datetime,
) -> list[Foreign]:
    """The endpoints of an environment's account and Region that none of the states knows, oldest first."""
    context = environment.context
    known = set[str]()
    for each in others:
        there = each.context
        if (there.account, there.region) == (context.account, context.region):
            known |= _in_states(each, aws)
    sagemaker = aws.client("sagemaker")
    with explained(context):
        pages = sagemaker.get_paginator("list_endpoints").paginate(
            SortBy="CreationTime", SortOrder="Ascending"
        )
        found = [each for page in pages for each in page["Endpoints"]]
    return [
        _one(environment, each, aws, table, now)
        for each in found
        if each["EndpointName"] not in known
    ]


def _in_states(environment: Environment, aws: Aws) -> set[str]:
    """The endpoints in the states of an environment. Raises OperatorError where one cannot be read."""
    if environment.context.other_backend is not None:
        raise OperatorError(
            f"{environment.key} keeps its states in another place than S3, so what it has is not known",
            "run this in a folder without it, and compare with terraform state list",
        )
    states = States(Aws(environment.context, emulator=aws.emulator))
    try:
        return {
            str(values.get("name"))
            for part in environment.parts
            if part.name.startswith("inference")
            if (state := states.read(part.name))
            for values in state.of_type(ENDPOINT)
        }
    except NotBootstrappedError:
        # Where nothing was ever deployed no state knows anything.
        return set()


def _one(
    environment: Environment, listed: Mapping[str, Any], aws: Aws, table: PriceTable, now: datetime
) -> Foreign:
    name = str(listed["EndpointName"])
    hosting, made, why = None, None, ""
    try:
        hosting = hosting_of(aws, name)
        made = taken(hosting, environment.context)
        why = "; ".join(made.refused)
    except OperatorError as error:
        why = error.message
    if not why and listed["EndpointStatus"] != "InService":
        why = f"it is {listed['EndpointStatus']}"
    return Foreign(
        name=name,
        status=str(listed["EndpointStatus"]),
        made_by=_maker(aws, name, hosting.tags if hosting else {}),
        created=listed["CreationTime"],
        kind=made.spec.kind if made and made.spec else "",
        instances=_instances(hosting) if hosting else "",
        monthly=_monthly(environment, made, hosting, table),
        last_request=_last_request(aws, name, hosting, now),
        adoptable=not why,
        why_not=why,
        left=tuple(map(str, made.left)) if made else (),
    )


def _maker(aws: Aws, name: str, tags: Mapping[str, str]) -> str:
    """Who made it, as its tags or CloudTrail say."""
    if stack := tags.get("aws:cloudformation:stack-name"):
        return f"CloudFormation stack {stack}"
    if tags.get("managed-by"):
        return f"{tags['managed-by']} ({tags.get('environment', 'no environment')})"
    lower = {key.casefold(): value for key, value in tags.items()}
    for key in _CREATORS:
        if lower.get(key):
            return f"{lower[key]} (tag {key})"
    return _in_trail(aws, name) or "not known"


def _in_trail(aws: Aws, name: str) -> str:
    """Who called CreateEndpoint, which CloudTrail tells for 90 days; empty where it does not."""
    trail = aws.any_client("cloudtrail")
    try:
        events = trail.lookup_events(
            LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": name}]
        )["Events"]
    except (BotoCoreError, ClientError):
        return ""
    return next(
        (str(each["Username"]) for each in events if each.get("EventName") == "CreateEndpoint"), ""
    )


def _variants(hosting: Hosting) -> Iterator[Mapping[str, Any]]:
    yield from hosting.configuration["ProductionVariants"]
    yield from hosting.configuration.get("ShadowProductionVariants", ())


def _instances(hosting: Hosting) -> str:
    said = [
        f"{each.get('InitialInstanceCount', 1)} x {each['InstanceType']}"
        if each.get("InstanceType")
        else "serverless"
        for each in _variants(hosting)
    ]
    return ", ".join(said)


def _monthly(
    environment: Environment, made: Taken | None, hosting: Hosting | None, table: PriceTable
) -> float | None:
    if hosting is None:
        return None
    context = environment.context
    if made is not None and made.spec is not None:
        place = Place(("inference", "endpoints", hosting.name), environment)
        uses: list[Usage] = list(made.spec.uses(place))
        estimate = table.estimate(context.region, uses)
        total = estimate.total
        return None if total is None or estimate.not_priced else float(total.expected)
    prices = [
        (float(each.get("InitialInstanceCount", 1)), table.price(context.region, key))
        for each in _variants(hosting)
        for key in (f"sagemaker/hosting/{each.get('InstanceType')}",)
    ]
    if any(price is None for _, price in prices):
        return None
    return sum(count * price.monthly for count, price in prices if price)


def _last_request(aws: Aws, name: str, hosting: Hosting | None, now: datetime) -> str:
    if hosting is None:
        return "not known"
    days = list[datetime]()
    try:
        for variant in _variants(hosting):
            answer = aws.client("cloudwatch").get_metric_statistics(
                Namespace="AWS/SageMaker",
                MetricName="Invocations",
                Dimensions=[
                    {"Name": "EndpointName", "Value": name},
                    {"Name": "VariantName", "Value": str(variant["VariantName"])},
                ],
                StartTime=now - timedelta(days=DAYS),
                EndTime=now,
                Period=86_400,
                Statistics=["Sum"],
            )
            days += [each["Timestamp"] for each in answer["Datapoints"] if each.get("Sum")]
    except (BotoCoreError, ClientError):
        return "not known"
    return f"{max(days).astimezone(UTC):%Y-%m-%d}" if days else f"none in {DAYS} days"
