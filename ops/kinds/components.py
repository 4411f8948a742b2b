"""CloudFormation stacks: inference components, endpoint configurations that Terraform cannot say, and the
deployments of REST APIs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..aws import Aws
from ..plan import Action, Change, Plan, Side, dig
from ..told import RiskRule, Severity, Story
from .api_deployments import deployment_story
from .components_preflight import of_components
from .components_verify import ComponentVerifier, unseen
from .finding import given, pairs
from .fits import fits
from .reasons import resource
from .record import Existing, Found, Not, Values, risk
from .sagemaker_story import MODEL, Served, named, served
from .sagemaker_verify import specifications_of
from .scaling import scaling_targets
from .stacked import STACK, component_of
from .words import arrow, minutes, short_image

_BUSY = {"CREATE": "CREATING", "DELETE": "DELETING"}


def _find(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    for stack in aws.any_client("cloudformation").describe_stacks(StackName=name)["Stacks"]:
        status = stack["StackStatus"]
        if status.endswith("_IN_PROGRESS"):
            # In the words of the other finders; a rollback is an update.
            status = _BUSY.get(status.partition("_")[0], "UPDATING")
        yield Existing(name, pairs(stack.get("Tags", [])), status)


# Story


def _served(plan: Plan, stack: Change, side: Side) -> Served:
    """What a component serves, on each of its instance types, as far as a plan tells it."""
    component = component_of(stack.at(side)) or {}
    every = [_served_by(plan, each, side) for each in specifications_of(component)]

    def listed(of: Iterable[str]) -> str:
        return ", ".join(dict.fromkeys(filter(None, of)))

    return Served("", image=listed(e.image for e in every), model=listed(e.model for e in every))


def _served_by(plan: Plan, written: Values, side: Side) -> Served:
    """What one specification serves."""
    container = written.get("Container") or {}
    if "ModelName" not in written:
        image = str(container.get("Image") or "")
        artifact = str(container.get("ArtifactUrl") or "")
        return Served("", image=short_image(image) if image else "", model=artifact)
    model = named(plan, MODEL, written["ModelName"], side)
    told = served("", {}, model, side)
    return told if model is not None else Served("", model=written["ModelName"] or "not known")


def component_story(plan: Plan, stack: Change) -> Iterator[Story]:
    """What happens to an inference component or an adapter."""
    before = component_of(stack.before) if stack.exists_before else None
    after = component_of(stack.after) if stack.exists_after else None
    component = after or before
    if component is None or not stack.is_shown:
        return
    name = str(component.get("InferenceComponentName") or stack.name)
    base = dig(component, "Specification", "BaseInferenceComponentName")
    what = f"adapter of {base}" if base else "inference component"
    old = _served(plan, stack, "before") if before else Served("")
    new = _served(plan, stack, "after") if after else Served("")
    facts = [*_facts(before or {}, after or {}, old, new)]
    endpoint = str(component.get("EndpointName") or "")
    fitted = fits(plan, endpoint, "after") if after and not base else None
    if fitted is not None:
        facts.append((f"all of {endpoint}", fitted.story()))
    headline, interrupted, rollout, worst, resets = f"{name} changes", "", "", "", ""
    if stack.action is Action.CREATE:
        headline = f"{name} is new"
    elif stack.action in (Action.DELETE, Action.FORGET):
        headline = f"{name} is {'deleted' if stack.action is Action.DELETE else 'forgotten'}"
        interrupted = "every request that names it, for good" if before and not after else ""
    elif stack.action is Action.REPLACE:
        headline = f"{name} is deleted and made again"
        interrupted = "every request that names it, until a copy serves again"
    elif stack.action is Action.UPDATE:
        changed = [each for each in ("image", "model") if getattr(old, each) != getattr(new, each)]
        if changed:
            was, will = getattr(old, changed[-1]), getattr(new, changed[-1])
            headline = f"{name} rolls from {was or 'nothing'} to {will or 'nothing'}"
        rollout, worst = _rollout(after or {})
        if before and after and _only_its_rollout(before, after):
            headline = f"{name} changes how it is released"
            rollout += "; whether AWS replaces copies for this alone is not known"
        resets = _resets(plan, stack, dig(after, "RuntimeConfig", "CopyCount"))
    yield Story(
        kind=what,
        name=name,
        address=stack.address,
        action=stack.action.value,
        headline=headline,
        facts=tuple(facts),
        interrupted=interrupted,
        rollout=rollout,
        worst_case=worst,
        resets_capacity=resets,
    )


def _facts(before: Values, after: Values, old: Served, new: Served) -> Iterator[tuple[str, str]]:
    """What it serves, its copies, and what else changes of it."""
    for label in ("image", "model"):
        if getattr(old, label) or getattr(new, label):
            yield label, arrow(getattr(old, label), getattr(new, label))
    counts = [dig(each, "RuntimeConfig", "CopyCount") for each in (before, after)]
    if any(counts):
        yield "copies", arrow(*("" if each is None else str(each) for each in counts))
    if before and after:
        yield from _changed(before, after)


_TOLD = ("ModelName", "Image", "ArtifactUrl", "CopyCount")
"""The properties of a component that facts of their own tell."""


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The values in a component's properties, each by its path; those of a list by what tells them
    apart. The environment of a container is one."""
    if isinstance(value, Mapping) and not path.endswith(".Environment"):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and all(isinstance(each, Mapping) for each in value):
        for index, each in enumerate(value):
            label = each.get("InstanceType") or each.get("AlarmName") or index
            yield from _flat(each, f"{path}[{label}]")
    else:
        yield path, value


def _changed(before: Values, after: Values) -> Iterator[tuple[str, str]]:
    """What changes beside image, model and copies: the path, and both values; of an environment the
    names alone."""
    old, new = dict(_flat(before)), dict(_flat(after))
    for path in sorted({*old, *new}):
        was, will = old.get(path), new.get(path)
        if was == will or path.rpartition(".")[2] in _TOLD:
            continue
        if path.endswith(".Environment"):
            names = {*(was or {}), *(will or {})}
            other = [name for name in names if (was or {}).get(name) != (will or {}).get(name)]
            yield path, f"changes {', '.join(sorted(other))}"
            continue
        yield path, arrow(*("not set" if each is None else str(each) for each in (was, will)))


def _only_its_rollout(before: Values, after: Values) -> bool:
    """Whether nothing but the guardrails of a release changes."""
    first, second = (
        {key: value for key, value in each.items() if key != "DeploymentConfig"}
        for each in (before, after)
    )
    return first == second and before != after


def _rollout(component: dict[str, Any]) -> tuple[str, str]:
    """How copies are replaced, and after how long AWS gives up."""
    policy = dig(component, "DeploymentConfig", "RollingUpdatePolicy")
    if not policy:
        return "", ""
    kind, value = dig(policy, "MaximumBatchSize", "Type"), dig(policy, "MaximumBatchSize", "Value")
    batch = f"{value} % of the copies" if kind == "CAPACITY_PERCENT" else f"{value} copies"
    batch = "one copy" if batch == "1 copies" else batch
    alarms = dig(component, "DeploymentConfig", "AutoRollbackConfiguration", "Alarms") or ()
    guard = f"rolls back on {len(alarms)} alarms" if alarms else "no alarm rolls it back"
    text = (
        f"rolling, {batch} at a time, watched for {policy.get('WaitIntervalInSeconds')} s; {guard}"
    )
    limit = policy.get("MaximumExecutionTimeoutInSeconds")
    return text, f"{minutes(limit)}, then AWS rolls back" if limit else ""


def _resets(plan: Plan, stack: Change, count: Any) -> str:
    for target in scaling_targets(plan, stack):
        high = target.before.get("max_capacity")
        if isinstance(high, int) and isinstance(count, int) and high > count:
            return f"may start again with {count} copies (it may be at up to {high} now)"
    return ""


@risk(
    RiskRule(
        "CMP1",
        Severity.CRITICAL,
        "an inference component is deleted or replaced: its callers fail",
        advice="keep its name and its endpoint's; to take it away, move its callers first",
    )
)
def _gone(plan: Plan, stack: Change) -> Iterator[Found]:
    component = component_of(stack.before)
    if component is None or not stack.exists_before:
        return
    name = component.get("InferenceComponentName") or stack.name
    if stack.action is Action.DELETE:
        yield f"{name} is deleted"
    elif stack.action is Action.REPLACE:
        yield f"{name} is deleted and made again"


def _story(plan: Plan, stack: Change) -> Iterator[Story]:
    """What happens to what a stack holds; an endpoint tells of its configuration."""
    yield from component_story(plan, stack)
    yield from deployment_story(plan, stack)


_OF_ENDPOINT = Not(
    "the endpoint whose configuration it holds, or on which it runs, tells it; of an API it is a part"
)

KINDS = (
    resource(
        STACK,
        "CloudFormation stack",
        _find,
        name="name",
        owned=Not("Terraform compares the template, not what stands in AWS"),
        uses=_OF_ENDPOINT,
        quotas=_OF_ENDPOINT,
        addresses=_OF_ENDPOINT,
        preflight=of_components,
        story=_story,
        risks=(_gone,),
        verify=ComponentVerifier,
        unseen=unseen,
    ),
)
