"""Whether an inference component runs what the state says, has its copies, and answers.

A stack that fails to update leaves the template that was refused in the state. What runs is therefore
asked of SageMaker, and compared property by property.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..aws import Aws
from ..checks import CONFIGURATION, HEALTH, INVOCATION
from .record import Finding, Planned, Values
from .sagemaker_story import MODEL
from .sagemaker_verify import Invoked, served_by_component, specifications_of
from .scaling import TARGET
from .stacked import component_of

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DescribeInferenceComponentOutputTypeDef

_WAIT = "wait until the update ends"


def differences(
    declared: Mapping[str, Any], running: Mapping[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    """What SageMaker runs otherwise than a template says: the property, what is declared, what runs.

    `declared` are the properties of a component in a template, `running` is the answer of
    DescribeInferenceComponent. What a template leaves to SageMaker is not compared.
    """
    mine = {each.get("InstanceType"): each for each in specifications_of(declared)}
    theirs = {each.get("InstanceType"): each for each in specifications_of(running)}
    for kind, specification in mine.items():
        # SageMaker may tell the type of a single specification.
        there = theirs.get(kind) or (next(iter(theirs.values()), {}) if len(mine) == 1 else {})
        prefix = f"{kind} " if len(mine) > 1 else ""
        yield from _differing(specification, there, prefix)
    for kind in theirs.keys() - mine.keys() if len(mine) > 1 else ():
        yield str(kind), None, "a specification"


def _differing(
    declared: Mapping[str, Any], running: Mapping[str, Any], path: str
) -> Iterator[tuple[str, Any, Any]]:
    for key, want in declared.items():
        if key == "Image":
            have = (running.get("DeployedImage") or {}).get("SpecifiedImage")
        else:
            have = running.get(key)
        if want is None:
            continue
        if isinstance(want, Mapping) and key != "Environment":
            yield from _differing(want, have or {}, f"{path}{key}.")
        elif isinstance(want, list):
            given = have if isinstance(have, list) else []
            for index, each in enumerate(want):
                there = given[index] if index < len(given) else {}
                yield from _differing(each, there, f"{path}{key}.")
        elif have != want:
            yield f"{path}{key}", want, have


def unseen(aws: Aws, stack: Values, planned: Planned) -> Iterator[str]:
    """What of a component differs from its stack's template, which is all that Terraform compares."""
    declared = component_of(stack)
    if not declared:
        return
    name = str(declared.get("InferenceComponentName"))
    try:
        found = aws.client("sagemaker").describe_inference_component(InferenceComponentName=name)
    except ClientError as error:
        if "Could not find" not in str(error):
            raise
        yield "does not exist"
        return
    is_scaled = _is_scaled(name, planned(TARGET))
    differing = (*differences(declared, found), *_copies(declared, found, scaled=is_scaled))
    yield from (path for path, _, _ in differing)


def _is_scaled(name: str, targets: Iterable[Values]) -> bool:
    """Whether Application Auto Scaling sets the copies of a component."""
    return any(each.get("resource_id") == f"inference-component/{name}" for each in targets)


def _copies(
    declared: Values, found: DescribeInferenceComponentOutputTypeDef, *, scaled: bool
) -> Iterator[tuple[str, int, int]]:
    """A number of copies that nothing but the template sets, where it is another."""
    want = (declared.get("RuntimeConfig") or {}).get("CopyCount")
    have = found["RuntimeConfig"].get("DesiredCopyCount")
    if isinstance(want, int) and have is not None and have != want and not scaled:
        yield "RuntimeConfig.CopyCount", want, have


class ComponentVerifier(Invoked):
    """The checks of one inference component or adapter; none of a stack that holds something else."""

    tells_reached = False

    @cached_property
    def _declared(self) -> Mapping[str, Any]:
        return component_of(self.values) or {}

    @property
    def name(self) -> str:
        """SageMaker's name of the component."""
        return str(self._declared.get("InferenceComponentName") or super().name)

    @cached_property
    def _scaled(self) -> bool:
        """Whether Application Auto Scaling sets its copies."""
        return _is_scaled(self.name, self.run.state.of_type(TARGET))

    def findings(self) -> Iterator[Finding]:
        """What runs, its copies, and one invocation by its name."""
        if not self._declared:
            return
        try:
            found = self.run.aws.client("sagemaker").describe_inference_component(
                InferenceComponentName=self.name
            )
        except ClientError as error:
            if "Could not find" not in str(error):
                raise
            fix = "somebody deleted it: delete its stack as well, then deploy again"
            yield self.finding(CONFIGURATION, "failed", "does not exist", fix)
            return
        configuration = self._configuration(found)
        yield configuration
        health = self._health(found)
        yield health
        if not self.run.invoke or health.outcome == "failed":
            return
        if not found["RuntimeConfig"].get("CurrentCopyCount"):
            said = "has no copy: a request would fail, and start one"
            yield self.finding(INVOCATION, "skipped", said)
            return
        yield self._invocation(EndpointName=found["EndpointName"], InferenceComponentName=self.name)

    def _configuration(self, found: DescribeInferenceComponentOutputTypeDef) -> Finding:
        differing = [
            f"{path} is {_told(have)}, and the state says {_told(want)}"
            for path, want, have in (
                *differences(self._declared, found),
                *_copies(self._declared, found, scaled=self._scaled),
            )
        ]
        status, changed, reason = self._stack()
        if status.endswith("_IN_PROGRESS"):
            said = f"its stack is {status}"
            return self.finding(CONFIGURATION, "failed", said, _WAIT)
        back = status.startswith("UPDATE_ROLLBACK")
        why = f"its last update was rolled back: {reason}"
        if status.endswith("_FAILED"):
            said = f"its stack is {status}: {reason}"
            fix = f"aws cloudformation continue-update-rollback --stack-name {self.values['name']}"
            return self.finding(CONFIGURATION, "failed", said, fix)
        if differing and back:
            return self.finding(
                CONFIGURATION, "failed", f"{'; '.join(differing)}; {why}", self._look()
            )
        if differing:
            said = f"{'; '.join(differing)}; somebody changed it past Terraform"
            fix = "put it back (aws sagemaker update-inference-component), or declare what runs: a "
            fix += "deploy compares templates alone, and sees no difference"
            return self.finding(CONFIGURATION, "failed", said, fix)
        written = self.run.state.changed
        if back and (written is None or changed is None or changed >= written):
            return self.finding(CONFIGURATION, "failed", why, self._look())
        said = "runs what is declared"
        if back:
            said += f"; of an update before the last deploy CloudFormation says: {reason}"
        return self.finding(CONFIGURATION, "passed", said)

    def _stack(self) -> tuple[str, datetime | None, str]:
        """The status of its stack, when it was changed, and why an update failed."""
        cloudformation = self.run.aws.any_client("cloudformation")
        name = self.values["name"]
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
        status, reason = stack["StackStatus"], stack.get("StackStatusReason") or ""
        if status.startswith("UPDATE_ROLLBACK"):
            # Newest first: the reason of a resource says more than that of the stack.
            events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
            failed = [each for each in events if each["ResourceStatus"] == "UPDATE_FAILED"]
            reason = (failed[0].get("ResourceStatusReason") if failed else "") or reason
        return (
            status,
            stack.get("LastUpdatedTime") or stack.get("CreationTime"),
            reason or "CloudFormation gives no reason",
        )

    def _health(self, found: DescribeInferenceComponentOutputTypeDef) -> Finding:
        status = found["InferenceComponentStatus"]
        if status != "InService":
            reason = found.get("FailureReason")
            said = f"is {status}{f': {reason}' if reason else ''}"
            fix = _WAIT if status.endswith("ing") else self._look()
            return self.finding(HEALTH, "failed", said, fix)
        runtime = found["RuntimeConfig"]
        want, have = runtime.get("DesiredCopyCount", 0), runtime.get("CurrentCopyCount", 0)
        on = ", ".join(
            f"{each['CurrentCopyCount']} on {each['InstanceType']}"
            for each in runtime.get("PlacementStatus", [])
        )
        said = f"is InService with {have} of {want} copies{f' ({on})' if on else ''}"
        if have >= want:
            return self.finding(HEALTH, "passed", said)
        fix = (
            "look again in some minutes; where it stays so there is no room: raise max_instances, "
        )
        fix += "or see what fits (inferform fit)"
        # One that scales may be on its way.
        return self.finding(HEALTH, "skipped" if self._scaled and have else "failed", said, fix)

    def _look(self) -> str:
        return (
            f"check the log group /aws/sagemaker/InferenceComponents/{self.name} and the alarms of its "
            "rollout; fix the model; deploy again"
        )

    def served(self) -> Iterator[str]:
        """The images, artifacts and packages of the template, in the state."""
        types = [str(each.get("InstanceType")) for each in specifications_of(self._declared)]
        yield from served_by_component(self._declared, self.run.state.of_type(MODEL), types)


def _told(value: Any) -> str:
    return "not set" if value is None else str(value)
