"""The stages of pipelines, as data by Terraform's names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..context import Context
from .names import project_name
from .parts import Promotion
from .rights import SOURCE, artifact
from .spec import DeliveryPipelines, DeployPipeline, ReviewPipeline

GIT = "git"
"""The source action, and the namespace of what it tells."""

Stage = dict[str, Any]
Action = dict[str, Any]


def namespace(key: str, turn: int) -> str:
    """The namespace of what the plan of a round tells."""
    return f"{key}-{turn}"


def stages(
    context: Context, name: str, spec: DeliveryPipelines, *, connection_arn: str
) -> list[Stage]:
    """Every stage of a pipeline, in order."""
    pipeline = spec.pipelines[name]
    made = [_source(spec, pipeline, connection_arn)]
    if pipeline.checks:
        made.append({"name": "checks", "action": [_build(context, name, "checks")]})
    if isinstance(pipeline, ReviewPipeline):
        reviews = [
            _build(context, name, f"review-{each.key}", writes=f"Review{number}")
            for number, each in enumerate(pipeline.environments, 1)
        ]
        return [*made, {"name": "review", "action": reviews}]
    if pipeline.images:
        built = [_build(context, name, image.job) for image in pipeline.images]
        made.append({"name": "images", "action": built})
    for number, promotion in enumerate(pipeline.promotions):
        made += _promoted(context, name, number, promotion)
    return made


def trigger(pipeline: DeployPipeline | ReviewPipeline) -> dict[str, Any]:
    """What starts a pipeline."""
    kind = "pull_request" if isinstance(pipeline, ReviewPipeline) else "push"
    given = pipeline.trigger.as_trigger()
    return {
        "provider_type": "CodeStarSourceConnection",
        "git_configuration": {"source_action_name": GIT, kind: [given]},
    }


def _source(
    spec: DeliveryPipelines, pipeline: DeployPipeline | ReviewPipeline, connection_arn: str
) -> Stage:
    branch = getattr(pipeline.trigger, "branch", None) or spec.source.default_branch
    return {
        "name": "source",
        "action": [
            _action(
                GIT,
                ("Source", "CodeStarSourceConnection"),
                {
                    "ConnectionArn": connection_arn,
                    "FullRepositoryId": spec.source.repository,
                    "BranchName": branch,
                    # The trigger starts it; AWS would add one of its own beside it.
                    "DetectChanges": "false",
                    # A clone, not an archive: plans are bound to their commit.
                    "OutputArtifactFormat": "CODEBUILD_CLONE_REF",
                },
                output_artifacts=[SOURCE],
                namespace=GIT,
            )
        ],
    }


def _promoted(context: Context, name: str, number: int, promotion: Promotion) -> Iterator[Stage]:
    """The rounds of an environment, and what verifies it."""
    key = promotion.environment.key
    for turn in range(1, promotion.rounds + 1):
        plans, space = artifact(number, turn), namespace(key, turn)
        planned = _build(
            context,
            name,
            f"plan-{key}",
            writes=plans,
            namespace=space,
            variables={"EXECUTION": "#{codepipeline.PipelineExecutionId}"},
        )
        yield {"name": f"{key}-plan-{turn}", "action": [planned]}
        if promotion.approval is not None:
            yield {
                "name": f"{key}-approve-{turn}",
                "before_entry": _where_planned(space),
                "action": [_approval(promotion, space)],
            }
        applied = _build(context, name, f"apply-{key}", reads=plans, variables={"ROUND": plans})
        yield {
            "name": f"{key}-apply-{turn}",
            "before_entry": _entry(promotion) or _where_planned(space),
            "action": [applied],
        }
    left = f"#{{{namespace(key, promotion.rounds)}.LEFT}}"
    verified = _build(context, name, f"verify-{key}", variables={"LEFT": left})
    yield {"name": f"{key}-verify", "action": [verified]}


def _approval(promotion: Promotion, space: str) -> Action:
    asked = promotion.approval
    assert asked is not None

    def told(variable: str) -> str:
        return f"#{{{space}.{variable}}}"

    data = (
        f"{promotion.environment.key}: {told('CREATED')} to create, {told('UPDATED')} to update, "
        f"{told('REPLACED')} to replace, {told('DELETED')} to delete, {told('INTERRUPTED')} interrupted; "
        f"risks: {told('RISKS')}, the worst {told('WORST')}; cost a month: {told('COST')}; "
        f"commit #{{{GIT}.CommitId}}, review {told('DIGEST')}"
    )
    return _action(
        "approve",
        ("Approval", "Manual"),
        {
            "CustomData": data,
            "ExternalEntityLink": asked.link or told("URL"),
            **({"NotificationArn": asked.topic} if asked.topic else {}),
        },
        timeout_in_minutes=asked.timeout_minutes,
    )


def _where_planned(space: str) -> dict[str, Any]:
    """Skips a stage where there is nothing to apply. A skip takes no other rules than this."""
    checked = {"Variable": f"#{{{space}.PLANS}}", "Operator": "NE", "Value": "0"}
    return _condition("SKIP", [_rule("planned", "VariableCheck", checked)])


def _entry(promotion: Promotion) -> dict[str, Any] | None:
    """Waits for the window, and stops where an alarm fires; None where neither is asked for."""
    rules = [
        _rule(f"alarm-{number}", "CloudWatchAlarm", {"AlarmName": name})
        for number, name in enumerate(promotion.entry_alarms, 1)
    ]
    if promotion.window is not None:
        window = promotion.window
        given = {"Cron": window.cron, "TimeZone": window.timezone}
        rules.append(_rule("window", "DeploymentWindow", given))
    return _condition("FAIL", rules) if rules else None


def _rule(name: str, provider: str, configuration: Mapping[str, str]) -> dict[str, Any]:
    kind = {"category": "Rule", "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": name, "rule_type_id": kind, "configuration": dict(configuration)}


def _condition(result: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {"condition": {"result": result, "rule": rules}}


def _build(
    context: Context,
    name: str,
    job: str,
    *,
    reads: str = "",
    writes: str = "",
    namespace: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> Action:
    told = [
        {"name": key, "value": value, "type": "PLAINTEXT"}
        for key, value in (variables or {}).items()
    ]
    return _action(
        job,
        ("Build", "CodeBuild"),
        {
            "ProjectName": project_name(context, name, job),
            **({"PrimarySource": SOURCE} if reads else {}),
            **({"EnvironmentVariables": json.dumps(told)} if told else {}),
        },
        input_artifacts=[SOURCE, reads] if reads else [SOURCE],
        output_artifacts=[writes] if writes else None,
        namespace=namespace,
    )


def _action(
    name: str, kind: tuple[str, str], configuration: Mapping[str, str], **more: Any
) -> Action:
    category, provider = kind
    return {
        "name": name,
        "category": category,
        "owner": "AWS",
        "provider": provider,
        "version": "1",
        "configuration": dict(configuration),
        **{key: value for key, value in more.items() if value is not None},
    }
