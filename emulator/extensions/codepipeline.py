"""CodePipeline: structures as AWS takes them, and executions that go through their stages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from moto.codepipeline.exceptions import (
    InvalidStructureException,
    PipelineExecutionNotFoundException,
    PipelineNotFoundException,
)
from moto.codepipeline.models import CodePipeline, codepipeline_backends
from moto.codepipeline.responses import CodePipelineResponse
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

from .. import policies
from ..code_pipelines import Execution, GitEvent, Run, executions_of
from ..limits import violation
from .registry import Service

service = Service("codepipeline", CodePipelineResponse)

Original = Callable[..., Any]

# AWS CodePipeline user guide, valid numbers of input and output artifacts of each action type.
_COUNTS = {
    "CodeBuild": ((1, 5), (0, 5)),
    "CodeDeploy": ((1, 1), (0, 0)),
    "CodeStarSourceConnection": ((0, 0), (1, 1)),
    "Lambda": ((0, 5), (0, 5)),
    "Manual": ((0, 0), (0, 0)),
    "S3": ((0, 1), (0, 1)),
}
_SKIPS_BY = ("LambdaInvoke", "VariableCheck")


def _error(code: str, said: str) -> JsonRESTError:
    error = JsonRESTError(code, said)
    error.code = 400
    return error


@service.corrects(
    "CreatePipeline",
    gap="takes no list of services in the trust of a role, and structures that AWS refuses; names no type "
    "and no mode",
)
def create_pipeline(original: Original, response: CodePipelineResponse) -> ActionResult:
    """AWS fills in type V1 and mode SUPERSEDED, and refuses what cannot run."""
    given, tags = response._get_param("pipeline"), response._get_param("tags") or []
    backend = response.codepipeline_backend
    if given["name"] in backend.pipelines:
        raise _error(
            "PipelineNameInUseException",
            f"A pipeline with the name '{given['name']}' already exists in account "
            f"'{response.current_account}'",
        )
    pipeline = _checked(response, given)
    made = CodePipeline(response.current_account, response.region, pipeline)
    made.validate_tags(tags)
    made.tags.update({tag["key"]: tag["value"] for tag in tags})
    backend.pipelines[given["name"]] = made
    return ActionResult({"pipeline": made.pipeline, "tags": tags})


@service.corrects("UpdatePipeline", gap="takes structures that AWS refuses")
def update_pipeline(original: Original, response: CodePipelineResponse) -> ActionResult:
    """AWS refuses what cannot run, and counts the version up."""
    given = response._get_param("pipeline")
    found = _pipeline(response, given["name"])
    pipeline = {**_checked(response, given), "version": found.pipeline["version"] + 1}
    found.pipeline = found.add_default_values(pipeline)
    found._updated = utcnow()
    return ActionResult({"pipeline": found.pipeline})


@service.corrects("GetPipeline", gap="writes the dates as text, which the provider does not read")
def get_pipeline(original: Original, response: CodePipelineResponse) -> ActionResult:
    """AWS writes them as numbers."""
    found = _pipeline(response, response._get_param("name"))
    dates = {"created": found._created, "updated": found._updated}
    metadata = {"pipelineArn": found._arn, **dates}
    return ActionResult({"pipeline": found.pipeline, "metadata": metadata})


@service.corrects("ListPipelines", gap="writes the dates as text, and names no type and no mode")
def list_pipelines(original: Original, response: CodePipelineResponse) -> ActionResult:
    """AWS writes them as numbers."""
    return ActionResult(
        {
            "pipelines": [
                {
                    **{
                        name: each.pipeline[name]
                        for name in ("name", "version", "pipelineType", "executionMode")
                    },
                    "created": each._created,
                    "updated": each._updated,
                }
                for _, each in sorted(response.codepipeline_backend.pipelines.items())
            ]
        }
    )


@service.corrects(
    "StartPipelineExecution", gap="lets an execution succeed at once, without a stage"
)
def start_pipeline_execution(original: Original, response: CodePipelineResponse) -> ActionResult:
    """AWS starts it, and continues for as long as its actions take."""
    found = _pipeline(response, response._get_param("name"))
    variables = {v["name"]: v["value"] for v in response._get_param("variables") or ()}
    return ActionResult({"pipelineExecutionId": _start(found, variables, "StartPipelineExecution")})


@service.corrects("GetPipelineExecution", gap="knows executions that have succeeded alone")
def get_pipeline_execution(original: Original, response: CodePipelineResponse) -> ActionResult:
    """AWS tells how far it is."""
    _, execution = _execution(response)
    pipeline = execution.pipeline
    told = {
        "pipelineName": pipeline["name"],
        "pipelineVersion": pipeline["version"],
        "variables": [
            {"name": name, "resolvedValue": value} for name, value in execution.variables.items()
        ],
        "artifactRevisions": [],
        **_summary(execution),
    }
    return ActionResult({"pipelineExecution": told})


@service.corrects("ListPipelineExecutions", gap="knows executions that have succeeded alone")
def list_pipeline_executions(original: Original, response: CodePipelineResponse) -> ActionResult:
    """AWS lists the newest first."""
    found = _pipeline(response, response._get_param("pipelineName"))
    listed = [
        {
            **_summary(each),
            "startTime": each.started,
            "lastUpdateTime": each.updated,
            "sourceRevisions": [],
        }
        for each in reversed(executions_of(found).all)
    ]
    return ActionResult({"pipelineExecutionSummaries": listed})


@service.adds("GetPipelineState", gap="missing")
def get_pipeline_state(response: CodePipelineResponse) -> ActionResult:
    """AWS tells of each stage which execution was there last, and what its actions came to."""
    found = _pipeline(response, response._get_param("name"))
    executions = executions_of(found).all
    states = []
    for stage in found.pipeline["stages"]:
        name = stage["name"]
        state: dict[str, Any] = {
            "stageName": name,
            "inboundTransitionState": {"enabled": True},
            "actionStates": [{"actionName": each["name"]} for each in stage["actions"]],
        }
        waiting = [
            {"pipelineExecutionId": each.id, "status": each.status}
            for each in executions
            if each.status == "InProgress" and not each.entered and each.at["name"] == name
        ]
        if waiting:
            state["inboundExecutions"] = waiting
        last = next((each for each in reversed(executions) if name in each.stages), None)
        if last is not None:
            state["latestExecution"] = {
                "pipelineExecutionId": last.id,
                "status": last.stages[name],
            }
            runs = {run.name: run for run in last.runs_in(name)}
            for action in state["actionStates"]:
                if action["actionName"] in runs:
                    action["latestExecution"] = _run(runs[action["actionName"]])
            if name in last.conditions:
                state["beforeEntryConditionState"] = _conditions(last, name)
        states.append(state)
    return ActionResult(
        {
            "pipelineName": found.pipeline["name"],
            "pipelineVersion": found.pipeline["version"],
            "stageStates": states,
            "created": found._created,
            "updated": found._updated,
        }
    )


@service.adds("ListActionExecutions", gap="missing")
def list_action_executions(response: CodePipelineResponse) -> ActionResult:
    """AWS lists every action that ran, the newest first, with what it was given and told."""
    found = _pipeline(response, response._get_param("pipelineName"))
    wanted = (response._get_param("filter") or {}).get("pipelineExecutionId")
    details = []
    for execution in reversed(executions_of(found).all):
        if wanted not in (None, execution.id):
            continue
        for run in reversed(execution.runs):
            details.append(
                {
                    "pipelineExecutionId": execution.id,
                    "actionExecutionId": run.id,
                    "pipelineVersion": execution.pipeline["version"],
                    "stageName": run.stage,
                    "actionName": run.name,
                    "startTime": run.started,
                    "lastUpdateTime": run.updated,
                    "status": run.status,
                    "input": {
                        "actionTypeId": run.declared["actionTypeId"],
                        "configuration": run.declared.get("configuration") or {},
                        "resolvedConfiguration": run.resolved,
                        "namespace": run.declared.get("namespace"),
                    },
                    "output": {"outputVariables": run.variables},
                }
            )
    return ActionResult({"actionExecutionDetails": details})


@service.adds("PutApprovalResult", gap="missing")
def put_approval_result(response: CodePipelineResponse) -> ActionResult:
    """AWS takes an answer to the approval that waits, by its token."""
    found = _pipeline(response, response._get_param("pipelineName"))
    stage, name = response._get_param("stageName"), response._get_param("actionName")
    declared = {each["name"]: each for each in found.pipeline["stages"]}
    if stage not in declared:
        raise _error("StageNotFoundException", f"No stage {stage}")
    if name not in [each["name"] for each in declared[stage]["actions"]]:
        raise _error("ActionNotFoundException", f"No action {name}")
    result = response._get_param("result")
    for execution in executions_of(found).all:
        for run in execution.runs_in(stage):
            if run.name != name or run.token != response._get_param("token"):
                continue
            if run.status != "InProgress":
                raise _error("ApprovalAlreadyCompletedException", "The approval is completed")
            executions_of(found).answer(
                execution,
                run,
                succeeded=result["status"] == "Approved",
                summary=result["summary"] or result["status"],
            )
            return ActionResult({"approvedAt": utcnow()})
    raise _error("InvalidApprovalTokenException", "The approval token is not that of the approval")


@service.adds("RetryStageExecution", gap="missing")
def retry_stage_execution(response: CodePipelineResponse) -> ActionResult:
    """AWS begins a stage that failed again: what failed of it, or all of it."""
    found, execution = _execution(response)
    stage = response._get_param("stageName")
    if stage not in [each["name"] for each in found.pipeline["stages"]]:
        raise _error("StageNotFoundException", f"No stage {stage}")
    if execution.status != "Failed" or execution.at["name"] != stage:
        status = execution.stages.get(stage, "not reached")
        raise _error("StageNotRetryableException", f"The stage {stage} is {status}")
    executions = executions_of(found).all
    if any(stage in each.stages for each in executions[executions.index(execution) + 1 :]):
        raise _error("NotLatestPipelineExecutionException", "A later execution is in the stage")
    executions_of(found).retry(
        execution, all_actions=response._get_param("retryMode") == "ALL_ACTIONS"
    )
    return ActionResult({"pipelineExecutionId": execution.id})


@service.adds("StopPipelineExecution", gap="missing")
def stop_pipeline_execution(response: CodePipelineResponse) -> ActionResult:
    """AWS stops it once its actions have ended, or abandons them."""
    found, execution = _execution(response)
    if execution.status == "Stopping":
        raise _error("DuplicatedStopRequestException", "The execution is stopping")
    if execution.status != "InProgress":
        said = f"The execution is {execution.status}"
        raise _error("PipelineExecutionNotStoppableException", said)
    executions_of(found).stop(
        execution,
        abandon=bool(response._get_param("abandon")),
        reason=response._get_param("reason") or "",
    )
    return ActionResult({"pipelineExecutionId": execution.id})


@service.corrects("DeletePipeline", gap="answers nothing that boto3 reads")
def delete_pipeline(original: Original, response: CodePipelineResponse) -> EmptyResult:
    """AWS deletes it, and says nothing of one that is not there."""
    original(response)
    return EmptyResult()


# What the control routes ask


def running(account: str, region: str) -> list[dict[str, Any]]:
    """What runs now in pipelines of an account and Region, but approvals."""
    found = codepipeline_backends[account][region].pipelines.values()
    return [run for each in found for run in executions_of(each).running()]


def ended(account: str, region: str, pipeline: str, stage: str, action: str, **told: Any) -> None:
    """What an action that runs has come to. Raises ValueError where none runs."""
    found = codepipeline_backends[account][region].pipelines.get(pipeline)
    if found is None:
        raise ValueError(f"no pipeline {pipeline}")
    executions_of(found).ended(stage, action, **told)


def told(account: str, region: str, event: GitEvent) -> list[dict[str, str]]:
    """Start the pipelines that have a trigger for what a Git provider tells."""
    found = codepipeline_backends[account][region].pipelines
    return [
        {"pipeline": name, "execution": _start(each, {}, "WebhookV2")}
        for name, each in sorted(found.items())
        if event.starts(each.pipeline)
    ]


def _start(found: CodePipeline, variables: dict[str, str], by: str) -> str:
    executions = executions_of(found)
    if executions.is_full:
        raise _error("ConcurrentPipelineExecutionsLimitExceededException", "50 executions wait")
    trigger = {"triggerType": by, "triggerDetail": ""}
    try:
        return executions.start(found.pipeline, variables, trigger).id
    except ValueError as error:
        raise _error("ValidationException", str(error)) from None


def _pipeline(response: CodePipelineResponse, name: str) -> CodePipeline:
    found: CodePipeline | None = response.codepipeline_backend.pipelines.get(name)
    if found is None:
        raise PipelineNotFoundException(
            f"Account '{response.current_account}' does not have a pipeline with name '{name}'"
        )
    return found


def _execution(response: CodePipelineResponse) -> tuple[CodePipeline, Execution]:
    name = response._get_param("pipelineName")
    found, wanted = _pipeline(response, name), response._get_param("pipelineExecutionId")
    execution = executions_of(found).of(wanted)
    if execution is None:
        raise PipelineExecutionNotFoundException(
            f"Account '{response.current_account}' does not have an execution with id '{wanted}' "
            f"for pipeline '{name}'"
        )
    return found, execution


def _summary(execution: Execution) -> dict[str, Any]:
    return {
        "pipelineExecutionId": execution.id,
        "status": execution.status,
        "statusSummary": execution.summary or None,
        "trigger": execution.trigger,
        "executionMode": execution.pipeline["executionMode"],
        "executionType": "STANDARD",
    }


def _run(run: Run) -> dict[str, Any]:
    told: dict[str, Any] = {
        "actionExecutionId": run.id,
        "status": run.status,
        "lastStatusChange": run.updated,
    }
    if run.summary:
        told["summary"] = run.summary
    if run.is_approval and run.status == "InProgress":
        told["token"] = run.token
    if run.error:
        told["errorDetails"] = {"code": "JobFailed", "message": run.error}
    return told


def _conditions(execution: Execution, stage: str) -> dict[str, Any]:
    rules = [
        {
            "ruleName": name,
            "latestExecution": {"status": status, **({"summary": said} if said else {})},
        }
        for name, status, said in execution.conditions[stage]
    ]
    met = all(status == "Succeeded" for _, status, _ in execution.conditions[stage])
    latest = {"status": "Succeeded" if met else "Failed"}
    return {
        "latestExecution": latest,
        "conditionStates": [{"latestExecution": latest, "ruleStates": rules}],
    }


# What a pipeline may look like


def _checked(response: CodePipelineResponse, given: dict[str, Any]) -> dict[str, Any]:
    """A pipeline with its defaults. Raises what AWS refuses."""
    if broken := violation("codepipeline", "PipelineDeclaration", given):
        raise _error("ValidationException", broken)
    pipeline = {"pipelineType": "V1", "executionMode": "SUPERSEDED", **given}
    for code, said in _wrong(pipeline):
        raise _error(code, said)
    partition = get_partition(response.region)
    roles = iam_backends[response.current_account][partition].roles.values()
    role = next((each for each in roles if each.arn == pipeline["roleArn"]), None)
    trust = policies.statements(role.assume_role_policy_document) if role else []
    if not any(policies.is_service(each, "codepipeline.amazonaws.com") for each in trust):
        raise InvalidStructureException(
            f"CodePipeline is not authorized to perform AssumeRole on role {pipeline['roleArn']}"
        )
    made = CodePipeline(response.current_account, response.region, dict(pipeline))
    completed: dict[str, Any] = made.pipeline
    return completed


_STRUCTURE = "InvalidStructureException"
_STAGE = "InvalidStageDeclarationException"
_ACTION = "InvalidActionDeclarationException"


def _wrong(pipeline: dict[str, Any]) -> Iterator[tuple[str, str]]:
    stages = pipeline["stages"]
    if len(stages) < 2:
        yield (
            _STRUCTURE,
            f"Pipeline has only {len(stages)} stage(s). There should be a minimum of 2 stages in a "
            "pipeline",
        )
    if len(stages) > 50:
        yield _STRUCTURE, f"Pipeline has {len(stages)} stages. There should be a maximum of 50"
    if bool(pipeline.get("artifactStore")) == bool(pipeline.get("artifactStores")):
        yield _STRUCTURE, "Either artifactStore or artifactStores has to be given, and not both"
    names = Counter(stage["name"] for stage in stages)
    for name, count in names.items():
        if count > 1:
            yield _STAGE, f"Stage names must be unique within a pipeline: {name}"
    for number, stage in enumerate(stages):
        kinds = {each["actionTypeId"]["category"] for each in stage["actions"]}
        if (number == 0) is not (kinds == {"Source"}) or (number and "Source" in kinds):
            yield _STRUCTURE, "Source actions have to be in the first stage, and only they"
        yield from _wrong_stage(stage)
    yield from _wrong_artifacts(stages)
    yield from _wrong_namespaces(stages)
    yield from _wrong_type(pipeline)
    yield from _wrong_triggers(pipeline)


def _wrong_stage(stage: dict[str, Any]) -> Iterator[tuple[str, str]]:
    names = Counter(each["name"] for each in stage["actions"])
    if any(count > 1 for count in names.values()):
        yield _ACTION, f"Action names must be unique within the stage {stage['name']}"
    for action in stage["actions"]:
        name, provider = action["name"], action["actionTypeId"]["provider"]
        inputs, outputs = _COUNTS.get(provider, ((0, 5), (0, 5)))
        for kind, (low, high) in (("inputArtifacts", inputs), ("outputArtifacts", outputs)):
            count = len(action.get(kind) or ())
            if not low <= count <= high:
                yield _ACTION, f"Action {name} has {count} {kind}; {provider} takes {low} to {high}"
        configuration = action.get("configuration") or {}
        many = len(action.get("inputArtifacts") or ()) > 1
        if provider == "CodeBuild" and many and "PrimarySource" not in configuration:
            yield _ACTION, f"Action {name} has several input artifacts and no PrimarySource"
    before = (stage.get("beforeEntry") or {}).get("conditions", ())
    for condition in before:
        providers = {rule["ruleTypeId"]["provider"] for rule in condition["rules"]}
        if condition.get("result") not in ("FAIL", "SKIP"):
            yield _STAGE, f"The result of a condition before entry is FAIL or SKIP: {stage['name']}"
        elif condition["result"] == "SKIP" and not providers <= {*_SKIPS_BY}:
            yield (
                _STAGE,
                f"Only {' and '.join(_SKIPS_BY)} can be rules of a condition with the result SKIP: "
                f"{stage['name']}",
            )


def _in_order(stages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every action in the order in which they run."""
    for stage in stages:
        yield from sorted(stage["actions"], key=lambda each: each.get("runOrder", 1))


def _wrong_artifacts(stages: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    made: set[str] = set()
    for action in _in_order(stages):
        for each in action.get("inputArtifacts") or ():
            if each["name"] not in made:
                yield (
                    _ACTION,
                    f"Input artifact {each['name']} of action {action['name']} is the output of no "
                    "earlier action",
                )
        for each in action.get("outputArtifacts") or ():
            if each["name"] in made:
                yield _ACTION, f"Output artifact {each['name']} is used more than once"
            made.add(each["name"])


def _wrong_namespaces(stages: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    known = {"variables", "codepipeline"}
    for action in _in_order(stages):
        text = " ".join(map(str, (action.get("configuration") or {}).values()))
        for found in re.findall(r"#\{([^}.]+)\.", text):
            if found not in known:
                yield _ACTION, f"Namespace {found} is that of no earlier action"
        space = action.get("namespace")
        if space in known:
            yield _ACTION, f"Namespace {space} is used more than once"
        if space:
            known.add(space)


def _wrong_type(pipeline: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if pipeline["pipelineType"] == "V1":
        for field in ("triggers", "variables"):
            if pipeline.get(field):
                yield _STRUCTURE, f"A pipeline of type V1 has no {field}"
        if pipeline["executionMode"] != "SUPERSEDED":
            yield _STRUCTURE, "A pipeline of type V1 has the execution mode SUPERSEDED"
    if pipeline["executionMode"] == "PARALLEL":
        for stage in pipeline["stages"]:
            if (stage.get("onFailure") or {}).get("result") == "ROLLBACK":
                yield _STRUCTURE, "A pipeline of mode PARALLEL rolls no stage back"
    first = pipeline["stages"][0]
    if (first.get("onFailure") or {}).get("result") == "ROLLBACK":
        yield _STRUCTURE, "The source stage is not rolled back"


def _wrong_triggers(pipeline: dict[str, Any]) -> Iterator[tuple[str, str]]:
    sources = {each["name"] for each in pipeline["stages"][0]["actions"]}
    for trigger in pipeline.get("triggers") or ():
        git = trigger["gitConfiguration"]
        if git["sourceActionName"] not in sources:
            yield _STRUCTURE, f"Trigger for {git['sourceActionName']}, which is no source action"
        for push in git.get("push") or ():
            if push.get("tags") and (push.get("branches") or push.get("filePaths")):
                yield _STRUCTURE, "A push filter has tags, or branches with or without file paths"
            if push.get("filePaths") and not push.get("branches"):
                yield _STRUCTURE, "File paths of a push filter need branches"
        for request in git.get("pullRequest") or ():
            if not request.get("branches"):
                yield _STRUCTURE, "A pull request filter needs branches"
