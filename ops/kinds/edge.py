"""Fleets of devices: thing groups of IoT with what their devices need, and what they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from inferform import EdgeFleet
from inferform.edge import names as named
from inferform.model.artifact import located
from inferform.usage import Usage, by_use

from ..aws import Aws
from ..checks import CONFIGURATION, HEALTH, check
from ..edge import Edge, artifact_problem
from ..plan import Action, Change, Plan, Side
from ..told import RiskRule, Severity
from .finding import given, pairs
from .reasons import resource
from .record import Existing, Finding, Foreign, Found, Not, Outcome, Values, Verifier, risk
from .stories import told_when_gone
from .synthesis import Resource, Synthesis
from .words import some

GROUP = "aws_iot_thing_group"

ARTIFACTS = check(
    "PRE71",
    "artifact of a component",
    command="preflight",
    why="Greengrass refuses a component whose artifact is missing, in another Region or larger than 2 GB",
    fix="upload the artifact before inferform edge publish",
    source="AWS General Reference, AWS IoT Greengrass V2 quotas",
)


# Recover


def _finder(
    describe: str, argument: str, field: str, arn: str
) -> Callable[..., Iterator[Existing]]:
    """One by its name, with the tags of its ARN."""

    def find(aws: Aws, values: Values) -> Iterator[Existing]:
        iot: Any = aws.any_client("iot")
        name = given(values, argument)
        found = getattr(iot, describe)(**{field: name})
        found = found.get("roleAliasDescription", found)
        tags = iot.list_tags_for_resource(resourceArn=found[arn])["tags"]
        yield Existing(name, pairs(tags))

    return find


# Preflight


def _artifacts(synthesis: Synthesis, groups: Sequence[Resource]) -> Iterator[Finding]:
    """Whether the artifacts of components are there to be published."""
    edge = synthesis.environment.edge
    if edge is None:
        return
    bucket = synthesis.environment.artifact_bucket
    for name, spec in edge.components.items():
        if spec.artifact is None:
            continue
        place = located(spec.artifact, bucket)
        wrong = artifact_problem(synthesis.aws, spec, bucket)
        if wrong:
            yield Finding(ARTIFACTS, name, "failed", f"{place} {wrong}", ARTIFACTS.fix)
        else:
            yield Finding(ARTIFACTS, name, "passed", f"{place} is there")


# Cost


def _devices(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """Its devices: how many join is not known."""
    yield by_use(str(change.at(side).get("name") or change.name), named.DEVICE)


# Review

FLE1 = RiskRule(
    "FLE1",
    Severity.HIGH,
    "devices lose their way to AWS",
    advice="bring devices to another fleet first, or keep this one: what they run continues, and they get no "
    "deployment and send nothing",
)
FLE2 = RiskRule(
    "FLE2",
    Severity.HIGH,
    "something of SageMaker Edge Manager is made, which AWS has ended",
    advice="make components of Greengrass V2: Edge(fleets=..., components=...)",
)


@risk(FLE1)
def _cut_off(plan: Plan, change: Change) -> Iterator[Found]:
    if change.action in (Action.DELETE, Action.REPLACE):
        yield "is what devices get their rights by"


@risk(FLE2)
def _ended(plan: Plan, change: Change) -> Iterator[Found]:
    if change.action in (Action.CREATE, Action.REPLACE):
        yield "is made, although its service has ended"


# Verify


class _Fleet(Verifier):
    """Whether a fleet runs what its Spec says."""

    @property
    def name(self) -> str:
        """IoT's name of its group."""
        return str(self.values.get("name"))

    def findings(self) -> Iterator[Finding]:
        """Its group is there, and its newest deployment brings what is written to healthy devices."""
        iot: Any = self.run.aws.any_client("iot")
        try:
            iot.describe_thing_group(thingGroupName=self.name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            yield self.finding(CONFIGURATION, "failed", "does not exist", "deploy again")
            return
        fleet = self._fleet()
        if fleet is None:
            yield self.finding(CONFIGURATION, "skipped", "is of no fleet of the environment")
            return
        key = self.run.environment.key
        stand = Edge(self.run.environment, self.run.aws).status(fleet)
        if stand.behind:
            fix = (
                f"inferform edge publish {key} COMPONENT, then inferform edge deploy {key} {fleet}"
            )
            said = f"has no deployment of {', '.join(stand.behind)}"
            # An apply makes the fleet; what it runs is brought afterwards.
            outcome: Outcome = "skipped" if self.run.applied else "failed"
            yield self.finding(CONFIGURATION, outcome, said, fix)
            return
        said = ", ".join(f"{name} {version}" for name, version in stand.components.items())
        yield self.finding(CONFIGURATION, "passed", f"brings {said or 'nothing'}")
        if self.run.applied:
            return
        ill = [each.name for each in stand.devices if each.status != "HEALTHY"]
        late = [
            each.name
            for each in stand.devices
            if each.outcome
            and each.outcome not in ("COMPLETED", "SUCCEEDED", "IN_PROGRESS", "QUEUED")
        ]
        if stand.outside:
            prefix = named.thing_prefix(self.run.environment.context, fleet)
            said = f"its policy does not let in {some([*stand.outside])}"
            yield self.finding(HEALTH, "failed", said, f"name devices {prefix}NAME")
        elif not stand.devices:
            yield self.finding(HEALTH, "skipped", "no device has reported itself")
        elif stand.status in ("CANCELED", "FAILED") or ill or late:
            said = f"its deployment is {stand.status}"
            said += f"; not healthy: {some(ill)}" if ill else ""
            said += f"; failed on {some(late)}" if late else ""
            yield self.finding(HEALTH, "failed", said, f"inferform edge status {key} {fleet}")
        else:
            said = f"healthy: {some([each.name for each in stand.devices])}"
            yield self.finding(HEALTH, "passed", said)

    def _fleet(self) -> str | None:
        edge = self.run.environment.edge
        fleets: dict[str, EdgeFleet] = edge.fleets if edge else {}
        context = self.run.environment.context
        return next((f for f in fleets if named.fleet_name(context, f) == self.name), None)

    def served(self) -> Iterator[str]:
        """Nothing that a state says: deployments are no matter of Terraform's."""
        yield from ()


_LEFT = Not("the group of its fleet is verified")

KINDS = (
    resource(
        GROUP,
        "thing group",
        _finder("describe_thing_group", "name", "thingGroupName", "thingGroupArn"),
        name="name",
        outage=True,
        uses=_devices,
        preflight=_artifacts,
        story=told_when_gone("fleet of devices", "deployments to its devices", "name"),
        risks=(_cut_off,),
        verify=_Fleet,
    ),
    resource(
        "aws_iot_thing_type",
        "thing type",
        _finder("describe_thing_type", "name", "thingTypeName", "thingTypeArn"),
        name="name",
        verify=_LEFT,
    ),
    resource(
        "aws_iot_role_alias",
        "role alias",
        _finder("describe_role_alias", "alias", "roleAlias", "roleAliasArn"),
        name="alias",
        outage=True,
        story=told_when_gone("role alias of devices", "credentials of its devices", "alias"),
        risks=(_cut_off,),
        verify=_LEFT,
    ),
    resource(
        "aws_iot_policy",
        "IoT policy",
        _finder("get_policy", "name", "policyName", "policyArn"),
        name="name",
        outage=True,
        story=told_when_gone("policy of devices", "every connection of its devices", "name"),
        risks=(_cut_off,),
        verify=_LEFT,
    ),
)

FOREIGN = (
    Foreign("aws_sagemaker_device", "device of Edge Manager", risks=(_ended,)),
    Foreign("aws_sagemaker_device_fleet", "device fleet of Edge Manager", risks=(_ended,)),
)

UNLISTED_PRICES = {
    r"greengrass/.+": "AWS bills each core device by the month in which it is active; see "
    "aws.amazon.com/greengrass/pricing",
}
