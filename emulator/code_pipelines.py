"""Executions of CodePipeline: stages, conditions, queues, variables and approvals.

Nothing is built here. A source, a build or a deployment runs until the control route
``codepipeline/outcome`` tells what it comes to; approvals are answered by PutApprovalResult, as in
AWS. AWS CodePipeline user guide, "How pipeline executions work", "How do stage conditions work?" and
"Working with variables". Conditions after a stage, rollback and automatic retry are kept and not run.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.core.utils import utcnow

from . import rights, told_events
from .git_connections import is_available

_REFERENCE = re.compile(r"#\{([A-Za-z0-9@_-]+)\.([A-Za-z0-9@_-]+)\}")

QUEUED_AT_MOST = 50
"""How many executions of one pipeline may be in progress in modes QUEUED and PARALLEL."""


class LackingError(Exception):
    """A reference to a variable that no action has told."""


@dataclass(slots=True)
class Run:
    """One action of one execution."""

    stage: str
    declared: dict[str, Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    token: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "InProgress"
    summary: str = ""
    error: str = ""
    resolved: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    started: datetime = field(default_factory=utcnow)
    updated: datetime = field(default_factory=utcnow)

    @property
    def name(self) -> str:
        """The name of the action."""
        return str(self.declared["name"])

    @property
    def provider(self) -> str:
        """Who runs it: CodeBuild, Manual."""
        return str(self.declared["actionTypeId"]["provider"])

    @property
    def is_approval(self) -> bool:
        """Whether a person answers it."""
        return self.provider == "Manual"

    def end(self, status: str, summary: str = "", error: str = "") -> None:
        """It has come to something."""
        self.status, self.summary, self.error, self.updated = status, summary, error, utcnow()


@dataclass(slots=True)
class Execution:
    """One execution of a pipeline, by the structure that it began with."""

    pipeline: dict[str, Any]
    variables: dict[str, str]
    trigger: dict[str, str]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "InProgress"
    summary: str = ""
    stage: int = 0
    entered: bool = False
    runs: list[Run] = field(default_factory=list)
    stages: dict[str, str] = field(default_factory=dict)
    """The status of each stage that it has reached."""

    conditions: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    """What the rules before each stage came to: name, status and summary."""

    told: dict[str, dict[str, str]] = field(default_factory=dict)
    """The variables of each namespace."""

    started: datetime = field(default_factory=utcnow)
    updated: datetime = field(default_factory=utcnow)

    @property
    def at(self) -> dict[str, Any]:
        """The stage that it is in, or waits for."""
        found: dict[str, Any] = self.pipeline["stages"][self.stage]
        return found

    def runs_in(self, stage: str) -> list[Run]:
        """The last run of each action in a stage, in their order."""
        last = {run.name: run for run in self.runs if run.stage == stage}
        return list(last.values())

    def fill(self, text: str) -> str:
        """A text with the values of the variables that it refers to. Raises LackingError."""

        def value(found: re.Match[str]) -> str:
            space, name = found.groups()
            if space == "codepipeline":
                known = {"PipelineExecutionId": self.id}
            else:
                known = self.variables if space == "variables" else self.told.get(space, {})
            if name not in known:
                raise LackingError(f"The variable {found[0]} is not available")
            return known[name]

        return _REFERENCE.sub(value, text)

    def located(self, artifact: str) -> dict[str, str]:
        """Where an artifact of it is kept: in the pipeline's bucket."""
        name = self.pipeline["name"]
        store = self.pipeline.get("artifactStore") or next(
            iter(self.pipeline.get("artifactStores", {}).values())
        )
        unique = uuid.uuid5(uuid.UUID(self.id), artifact).hex[:7]
        key = f"{name[:20]}/{artifact[:10]}/{unique}"
        return {"bucket": store["location"], "key": key}


class Executions:
    """All executions of one pipeline."""

    def __init__(self, arn: str) -> None:
        self.arn = arn
        self.all: list[Execution] = []

    def of(self, id: str) -> Execution | None:
        """The execution of an id."""
        return next((each for each in self.all if each.id == id), None)

    def start(
        self, pipeline: dict[str, Any], variables: Mapping[str, str], trigger: dict[str, str]
    ) -> Execution:
        """Begin one. Raises ValueError for a variable that is not declared, or has no value."""
        declared = {
            each["name"]: each.get("defaultValue") for each in pipeline.get("variables", ())
        }
        if unknown := variables.keys() - declared.keys():
            raise ValueError(
                f"The pipeline does not have the variables {', '.join(sorted(unknown))}"
            )
        values = {**declared, **variables}
        if lacking := [name for name, value in values.items() if not value]:
            raise ValueError(f"The variables {', '.join(lacking)} need values")
        made = Execution(pipeline, {k: str(v) for k, v in values.items()}, trigger)
        self.all.append(made)
        self._tell(made, "STARTED")
        self.move()
        return made

    @property
    def is_full(self) -> bool:
        """Whether no more may wait."""
        return sum(each.status == "InProgress" for each in self.all) >= QUEUED_AT_MOST

    def move(self) -> None:
        """Let every execution go as far as it can, the oldest first."""
        moved = True
        while moved:
            # A newer one may only enter what an older one has left, so each is asked again.
            moved = False
            for each in self.all:
                moved |= each.status == "InProgress" and self._step(each)

    def _step(self, execution: Execution) -> bool:
        if execution.entered:
            return self._work(execution)
        return self._may_enter(execution) and self._enter(execution)

    def _may_enter(self, execution: Execution) -> bool:
        mode = execution.pipeline.get("executionMode", "SUPERSEDED")
        others = [
            each for each in self.all if each is not execution and each.status == "InProgress"
        ]
        if mode == "PARALLEL":
            return True
        mine = self.all.index(execution)
        earlier = [
            each
            for each in others
            if not each.entered and each.stage == execution.stage and self.all.index(each) < mine
        ]
        if mode == "SUPERSEDED":
            for each in earlier:
                each.status, each.updated = "Superseded", utcnow()
                self._tell(each, "SUPERSEDED")
            earlier = []
        occupied = any(each.entered and each.stage == execution.stage for each in others)
        return not occupied and not earlier

    def _enter(self, execution: Execution) -> bool:
        stage = execution.at
        for condition in (stage.get("beforeEntry") or {}).get("conditions", ()):
            results = [self._judged(execution, rule) for rule in condition["rules"]]
            execution.conditions[stage["name"]] = results
            if all(status == "Succeeded" for _, status, _ in results):
                continue
            if condition.get("result") == "SKIP":
                execution.stages[stage["name"]] = "Skipped"
                self._leave(execution)
            else:
                failed = ", ".join(name for name, status, _ in results if status != "Succeeded")
                self._fail(execution, f"Condition before entry was not met: {failed}")
            return True
        execution.entered = True
        execution.stages[stage["name"]] = "InProgress"
        return True

    def _judged(self, execution: Execution, rule: dict[str, Any]) -> tuple[str, str, str]:
        name, given = rule["name"], rule.get("configuration") or {}
        provider = rule["ruleTypeId"]["provider"]
        try:
            filled = {key: execution.fill(str(value)) for key, value in given.items()}
        except LackingError as error:
            return name, "Errored", str(error)
        if provider == "VariableCheck":
            met = _compared(filled["Variable"], filled["Operator"], filled["Value"])
        elif provider == "CloudWatchAlarm":
            met = not self._sounds(filled["AlarmName"])
        else:
            # No time passes here, and nothing is invoked.
            met = True
        return name, "Succeeded" if met else "Failed", ""

    def _sounds(self, alarm: str) -> bool:
        from moto.cloudwatch.models import cloudwatch_backends

        _, _, _, region, account, _ = self.arn.split(":", 5)
        found = cloudwatch_backends[account][region].alarms.get(alarm)
        return found is None or found.state_value == "ALARM"

    def _work(self, execution: Execution) -> bool:
        stage = execution.at
        runs = {run.name: run for run in execution.runs_in(stage["name"])}
        statuses = {run.status for run in runs.values()}
        orders = sorted({action["runOrder"] for action in stage["actions"]})
        for order in orders:
            group = [each for each in stage["actions"] if each["runOrder"] == order]
            fresh = [each for each in group if each["name"] not in runs]
            if fresh and not statuses & {"Failed", "Abandoned"}:
                for each in fresh:
                    self._begin(execution, each)
                return True
            done = [runs[each["name"]].status for each in group if each["name"] in runs]
            if "InProgress" in done:
                return False
            if "Failed" in done:
                failed = [run for run in runs.values() if run.status == "Failed"]
                self._fail(execution, failed[0].error or failed[0].summary)
                return True
        execution.stages[stage["name"]] = "Succeeded"
        self._leave(execution)
        return True

    def _begin(self, execution: Execution, declared: dict[str, Any]) -> None:
        run = Run(execution.at["name"], declared)
        execution.runs.append(run)
        try:
            given = declared.get("configuration") or {}
            run.resolved = {key: execution.fill(str(value)) for key, value in given.items()}
        except LackingError as error:
            run.end("Failed", error=str(error))
        else:
            if refusal := self._refused(execution, run):
                run.end("Failed", error=refusal)
            elif run.is_approval:
                self._ask(execution, run)
        self._tell_action(execution, run)

    def _refused(self, execution: Execution, run: Run) -> str:
        """Why an action cannot begin; empty where it can."""
        _, partition, _, region, account, _ = self.arn.split(":", 5)
        wanted: list[tuple[str, str]] = []
        if run.provider == "CodeBuild":
            from moto.codebuild.models import codebuild_backends

            name = run.resolved["ProjectName"]
            arn = f"arn:{partition}:codebuild:{region}:{account}:project/{name}"
            if name not in codebuild_backends[account][region].codebuild_projects:
                return f"Project cannot be found: {arn}"
            wanted = [("codebuild:StartBuild", arn), ("codebuild:BatchGetBuilds", arn)]
        elif run.provider == "CodeStarSourceConnection":
            arn = run.resolved["ConnectionArn"]
            if not is_available(arn):
                return f"Connection {arn} is not available"
            wanted = [(f"{arn.split(':')[2]}:UseConnection", arn)]
        elif run.is_approval and (topic := run.resolved.get("NotificationArn")):
            wanted = [("sns:Publish", topic)]
        return self._denied(execution, run, wanted) if rights.is_judged(account) else ""

    def _denied(self, execution: Execution, run: Run, wanted: list[tuple[str, str]]) -> str:
        """What the role of the pipeline may not do for an action; empty where it may do all."""
        arn, store = execution.pipeline["roleArn"], execution.pipeline["artifactStore"]
        role = rights.assumed(arn, "codepipeline.amazonaws.com", by=self.arn)
        if role is None:
            return f"CodePipeline may not assume {arn}"
        try:
            for each in (*_named(run, "outputArtifacts"), *_named(run, "inputArtifacts")):
                place = execution.located(each)
                key = (store.get("encryptionKey") or {}).get("id", "")
                rights.write(role, f"s3://{place['bucket']}/{place['key']}", key)
            for action, resource in wanted:
                rights.check(role, action, resource)
        except rights.DeniedError as error:
            rights.note(self.arn.split(":")[4], error.refusal)
            return str(error)
        except rights.MissingError as error:
            return str(error)
        return ""

    def _ask(self, execution: Execution, run: Run) -> None:
        topic = run.resolved.get("NotificationArn")
        if not topic:
            return
        from .alarm_states import publish

        _, _, _, region, _, name = self.arn.split(":", 5)
        approval = {
            "pipelineName": name,
            "stageName": run.stage,
            "actionName": run.name,
            "token": run.token,
            "externalEntityLink": run.resolved.get("ExternalEntityLink", ""),
            "customData": run.resolved.get("CustomData", ""),
        }
        publish(topic, json.dumps({"region": region, "approval": approval}))

    def _leave(self, execution: Execution) -> None:
        execution.entered, execution.updated = False, utcnow()
        if execution.stage + 1 == len(execution.pipeline["stages"]):
            execution.status = "Succeeded"
            self._tell(execution, "SUCCEEDED")
        else:
            execution.stage += 1

    def _fail(self, execution: Execution, why: str) -> None:
        execution.stages[execution.at["name"]] = "Failed"
        execution.entered, execution.updated = False, utcnow()
        execution.status, execution.summary = "Failed", why
        self._tell(execution, "FAILED")

    def ended(
        self,
        stage: str,
        action: str,
        *,
        succeeded: bool,
        summary: str,
        variables: Mapping[str, str],
    ) -> None:
        """What an action that runs has come to. Raises ValueError where none runs."""
        for execution in self.all:
            for run in execution.runs_in(stage):
                if run.name == action and run.status == "InProgress" and not run.is_approval:
                    self.answer(
                        execution, run, succeeded=succeeded, summary=summary, told=variables
                    )
                    return
        raise ValueError(f"no action {action} runs in the stage {stage}")

    def answer(
        self,
        execution: Execution,
        run: Run,
        *,
        succeeded: bool,
        summary: str = "",
        told: Mapping[str, str] | None = None,
    ) -> None:
        """End a run, and let executions continue."""
        error = "" if succeeded else summary or "Build terminated with state: FAILED"
        run.end("Succeeded" if succeeded else "Failed", summary, error)
        run.variables = dict(told or {})
        if succeeded and (space := run.declared.get("namespace")):
            execution.told[space] = run.variables
        self._tell_action(execution, run)
        if execution.status == "Stopping":
            self._stopped(execution)
        self.move()

    def retry(self, execution: Execution, *, all_actions: bool) -> None:
        """Begin what failed in the stage of a failed execution again, or all of it."""
        stage = execution.at["name"]
        execution.runs = [
            run
            for run in execution.runs
            if run.stage != stage or (not all_actions and run.status == "Succeeded")
        ]
        execution.status, execution.entered = "InProgress", True
        execution.stages[stage] = "InProgress"
        self.move()

    def stop(self, execution: Execution, *, abandon: bool, reason: str) -> None:
        """Stop one: at once, or when its actions have ended."""
        execution.status, execution.summary = "Stopping", reason
        if abandon:
            for run in execution.runs:
                if run.status == "InProgress":
                    run.end("Abandoned")
        self._stopped(execution)
        self.move()

    def _stopped(self, execution: Execution) -> None:
        if not any(run.status == "InProgress" for run in execution.runs):
            execution.status, execution.entered = "Stopped", False
            execution.stages[execution.at["name"]] = "Stopped"
            self._tell(execution, "STOPPED")

    def running(self) -> Iterator[dict[str, Any]]:
        """What runs now but approvals: what a build gets, and where its artifacts are."""
        for execution in self.all:
            for run in execution.runs:
                if run.status == "InProgress" and not run.is_approval:
                    yield {
                        "pipeline": execution.pipeline["name"],
                        "execution": execution.id,
                        "stage": run.stage,
                        "action": run.name,
                        "provider": run.provider,
                        "configuration": run.resolved,
                        "inputs": {
                            each: execution.located(each) for each in _named(run, "inputArtifacts")
                        },
                        "outputs": {
                            each: execution.located(each) for each in _named(run, "outputArtifacts")
                        },
                    }

    def _tell(self, execution: Execution, state: str) -> None:
        detail = {
            "pipeline": execution.pipeline["name"],
            "execution-id": execution.id,
            "state": state,
            "version": execution.pipeline["version"],
        }
        told_events.put(
            self.arn, "CodePipeline Pipeline Execution State Change", detail, [self.arn]
        )

    def _tell_action(self, execution: Execution, run: Run) -> None:
        kind = run.declared["actionTypeId"]
        detail = {
            "pipeline": execution.pipeline["name"],
            "execution-id": execution.id,
            "stage": run.stage,
            "action": run.name,
            "state": {"InProgress": "STARTED"}.get(run.status, run.status.upper()),
            "type": {name: kind[name] for name in ("owner", "provider", "category", "version")},
            "version": execution.pipeline["version"],
        }
        told_events.put(self.arn, "CodePipeline Action Execution State Change", detail, [self.arn])


def _named(run: Run, field: str) -> list[str]:
    """The names of the artifacts that an action takes or makes."""
    return [each["name"] for each in run.declared.get(field) or ()]


def _compared(value: str, operator: str, wanted: str) -> bool:
    if operator == "EQ":
        return value == wanted
    if operator == "NE":
        return value != wanted
    if operator == "CONTAINS":
        return wanted in value
    return re.fullmatch(wanted, value) is not None


def executions_of(found: Any) -> Executions:
    """The executions of a pipeline of moto's."""
    if not isinstance(found.executions, Executions):
        found.executions = Executions(found._arn)
    kept: Executions = found.executions
    return kept


def start(account: str, region: str, pipeline: str) -> None:
    """Start a pipeline, as EventBridge does; one that the emulator does not have is taken as given."""
    from moto.codepipeline.models import codepipeline_backends

    found = codepipeline_backends[account][region].pipelines.get(pipeline)
    if found is not None:
        trigger = {"triggerType": "CloudWatchEvent", "triggerDetail": ""}
        executions_of(found).start(found.pipeline, {}, trigger)


# Triggers


@dataclass(frozen=True, slots=True, kw_only=True)
class GitEvent:
    """What a Git provider tells: a push to a branch, of a tag, or of a pull request."""

    repository: str
    branch: str = ""
    """The branch that was pushed to; of a pull request, the one that it is to be merged into."""

    tag: str = ""
    pull_request: str = ""
    """What happened to a pull request: OPEN, UPDATED or CLOSED."""

    paths: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if bool(self.branch) == bool(self.tag):
            raise ValueError("give a branch or a tag")
        if self.pull_request not in ("", "OPEN", "UPDATED", "CLOSED"):
            raise ValueError("pull_request must be OPEN, UPDATED or CLOSED")

    def starts(self, pipeline: Mapping[str, Any]) -> bool:
        """Whether a pipeline has a trigger for it."""
        for trigger in pipeline.get("triggers") or ():
            git = trigger["gitConfiguration"]
            source = next(
                action
                for action in pipeline["stages"][0]["actions"]
                if action["name"] == git["sourceActionName"]
            )
            if source["configuration"]["FullRepositoryId"] != self.repository:
                continue
            filters = git.get("pullRequest" if self.pull_request else "push") or ()
            if any(map(self._fits, filters)):
                return True
        return False

    def _fits(self, given: Mapping[str, Any]) -> bool:
        if self.pull_request:
            events = given.get("events") or ("OPEN", "UPDATED", "CLOSED")
            if self.pull_request not in events:
                return False
        if self.tag:
            return "tags" in given and _chosen(given["tags"], [self.tag])
        if "tags" in given or not _chosen(given.get("branches") or {}, [self.branch]):
            return False
        paths = given.get("filePaths")
        return paths is None or _chosen(paths, self.paths)


def _chosen(given: Mapping[str, Any], values: Iterable[str]) -> bool:
    """Whether any value is included, and not excluded: what is excluded wins."""
    included = given.get("includes") or ["**"]
    excluded = given.get("excludes") or []
    return any(
        any(_is(each, value) for each in included) and not any(_is(e, value) for e in excluded)
        for value in values
    )


def _is(pattern: str, value: str) -> bool:
    # `*` ends at a slash in AWS's glob patterns, and `**` does not.
    parts = re.split(r"(\*\*|\*)", pattern)
    text = "".join(
        ".*" if part == "**" else "[^/]*" if part == "*" else re.escape(part) for part in parts
    )
    return re.fullmatch(text, value) is not None
