"""Pipelines that deliver: their builds and connections, and what a change of them means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from ..aws import Aws
from ..checks import HEALTH, check
from ..plan import Action, Change, Plan
from ..told import RiskRule, Severity, Story
from .finding import given, pairs
from .reasons import resource
from .record import Existing, Finding, Found, Not, Values, Verifier, risk
from .stories import name_of, told_when_gone
from .synthesis import Resource, Synthesis
from .words import PAST, arrow, changed_first

PIPELINE = "aws_codepipeline"
PROJECT = "aws_codebuild_project"
CONNECTION = "aws_codeconnections_connection"

_FINISH = "a person finishes it once in the console of Developer Tools, Settings, Connections: Update pending connection"

# Recover


def _pipeline(aws: Aws, values: Values) -> Iterator[Existing]:
    name, pipelines = given(values, "name"), aws.any_client("codepipeline")
    found: Any = pipelines.get_pipeline(name=name)
    arn = found["metadata"]["pipelineArn"]
    yield Existing(name, pairs(pipelines.list_tags_for_resource(resourceArn=arn)["tags"]))


def _project(aws: Aws, values: Values) -> Iterator[Existing]:
    builds: Any = aws.any_client("codebuild")
    for found in builds.batch_get_projects(names=[given(values, "name")])["projects"]:
        yield Existing(found["arn"], pairs(found.get("tags", ())))


def _connection(aws: Aws, values: Values) -> Iterator[Existing]:
    connections: Any = aws.any_client("codeconnections")
    for found in _connections(aws):
        if found["ConnectionName"] == given(values, "name"):
            arn = found["ConnectionArn"]
            tags = connections.list_tags_for_resource(ResourceArn=arn)["Tags"]
            yield Existing(arn, pairs(tags))


def _connections(aws: Aws) -> Iterator[Mapping[str, Any]]:
    connections: Any = aws.any_client("codeconnections")
    more: dict[str, Any] = {}
    while True:
        page = connections.list_connections(**more)
        yield from page["Connections"]
        if not page.get("NextToken"):
            return
        more = {"NextToken": page["NextToken"]}


# Review


def _stages(values: Values) -> list[Mapping[str, Any]]:
    found = values.get("stage")
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _approvals(values: Values) -> list[str]:
    """The stages in which a person approves."""
    return [
        str(stage.get("name"))
        for stage in _stages(values)
        for action in stage.get("action") or ()
        if isinstance(action, Mapping) and action.get("category") == "Approval"
    ]


def _deployed(values: Values) -> list[str]:
    """The environments that a pipeline applies, in their order."""
    names = [str(stage.get("name")) for stage in _stages(values)]
    return [name.removesuffix("-verify") for name in names if name.endswith("-verify")]


def _does(values: Values) -> str:
    if not values.get("name"):
        return ""
    return ", ".join(_deployed(values)) or "nothing"


def _story(plan: Plan, change: Change) -> Iterator[Story]:
    if not change.is_shown:
        return
    before, after = change.before, change.after
    facts = [
        ("deploys", arrow(_does(before), _does(after))),
        ("stages", arrow(*(str(len(_stages(each)) or "") for each in (before, after)))),
        ("approvals", arrow(*(str(len(_approvals(each))) for each in (before, after)))),
    ]
    name = name_of(change, "name")
    changed = change.action is Action.UPDATE and _stages(before) != _stages(after)
    yield Story(
        kind="pipeline",
        name=name,
        address=change.address,
        action=change.action.value,
        headline=f"{name} is {PAST[change.action]}",
        facts=tuple(changed_first([fact for fact in facts if fact[1]])),
        interrupted="nothing is deployed or reviewed by it"
        if change.action in (Action.DELETE, Action.REPLACE)
        else "executions that run continue as they began; none can be rolled back to one before"
        if changed
        else "",
    )


DLV1 = RiskRule(
    "DLV1",
    Severity.HIGH,
    "a pipeline applies without an approval that it had",
    advice="give approval=ManualApproval() of the promotion back, or let the people who approved know",
)
DLV2 = RiskRule(
    "DLV2",
    Severity.HIGH,
    "executions of a pipeline overtake each other",
    advice="keep the execution mode QUEUED: in another one a newer plan is applied while an older waits for its "
    "approval",
)


@risk(DLV1)
def _unapproved(plan: Plan, change: Change) -> Iterator[Found]:
    if change.action not in (Action.UPDATE, Action.REPLACE):
        return
    asked, kept = (
        {name.rpartition("-approve-")[0] for name in _approvals(values)}
        for values in (change.before, change.after)
    )
    for place in sorted(asked - kept):
        if place in _deployed(change.after):
            yield f"nobody approves what is applied to {place} any more"


@risk(DLV2)
def _overtaken(plan: Plan, change: Change) -> Iterator[Found]:
    before, after = change.both("execution_mode")
    if change.is_written and after in ("SUPERSEDED", "PARALLEL") and before == "QUEUED":
        yield f"the execution mode becomes {after}"


# Preflight and verify

CONNECTED = check(
    "PRE44",
    "connection to Git",
    command="preflight",
    why="a connection is made PENDING; until a person has finished it, no execution of a pipeline gets a commit",
    fix=_FINISH,
    source="AWS CodePipeline user guide, connections (update a pending connection)",
)


def _sources(pipeline: Resource) -> Iterator[str]:
    for stage in _stages(pipeline.values):
        for action in stage.get("action") or ():
            if action.get("provider") == "CodeStarSourceConnection":
                yield str(action["configuration"].get("ConnectionArn"))


def _connected(synthesis: Synthesis, pipelines: Sequence[Resource]) -> Iterator[Finding]:
    """Whether each connection can be used."""
    named = {str(each.values.get("name")) for each in synthesis.of(CONNECTION)}
    wanted = {arn for each in pipelines for arn in _sources(each)}
    for arn in sorted(each for each in wanted if each.startswith("arn:")):
        yield _found(synthesis.aws, arn, arn)
    if not named:
        return
    there = {str(each["ConnectionName"]): each for each in _connections(synthesis.aws)}
    for name in sorted(named):
        if name in there:
            yield _status(name, str(there[name]["ConnectionStatus"]))
        else:
            said = f"is made PENDING by the apply; afterwards {_FINISH}"
            yield Finding(CONNECTED, name, "skipped", said)


def _found(aws: Aws, arn: str, subject: str) -> Finding:
    connections: Any = aws.any_client("codeconnections")
    try:
        found = connections.get_connection(ConnectionArn=arn)["Connection"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return Finding(CONNECTED, subject, "failed", "does not exist", "name one that does")
    return _status(subject, str(found["ConnectionStatus"]))


def _status(subject: str, status: str) -> Finding:
    if status == "AVAILABLE":
        return Finding(CONNECTED, subject, "passed", "is AVAILABLE")
    return Finding(CONNECTED, subject, "failed", f"is {status}", CONNECTED.fix)


class _Usable(Verifier):
    """Whether a connection can be used."""

    @property
    def name(self) -> str:
        """Its name in AWS."""
        return str(self.values.get("name"))

    def findings(self) -> Iterator[Finding]:
        """A person has finished it."""
        found = _found(self.run.aws, str(self.values.get("arn")), self.name)
        # Right after its creation nobody can have finished it.
        outcome = "skipped" if self.run.applied and found.outcome == "failed" else found.outcome
        yield self.finding(HEALTH, outcome, found.found, found.fix)

    def served(self) -> Iterator[str]:
        """Nothing."""
        yield from ()


_BY_MINUTE = Not(
    "builds and actions are billed by the minute, and no plan knows how many there are"
)

KINDS = (
    resource(
        PIPELINE,
        "pipeline of CodePipeline",
        _pipeline,
        name="name",
        uses=_BY_MINUTE,
        preflight=_connected,
        story=_story,
        risks=(_unapproved, _overtaken),
        verify=Not("an execution of it would deploy"),
    ),
    resource(
        PROJECT,
        "CodeBuild project",
        _project,
        name="name",
        uses=_BY_MINUTE,
        story=told_when_gone("CodeBuild project", "the builds of its pipeline", "name"),
        settings={"encryption_key": "encryption", "logs_config": "logs"},
    ),
    resource(
        CONNECTION,
        "connection to a Git provider",
        _connection,
        # AWS takes several of one name.
        name=Not("AWS gives the same name to several"),
        story=told_when_gone(
            "connection to a Git provider", "every pipeline that fetches by it", "name"
        ),
        verify=_Usable,
    ),
)
