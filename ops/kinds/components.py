"""CloudFormation stacks: inference components, and endpoint configurations that Terraform cannot say."""

from __future__ import annotations

from collections.abc import Iterator

from ..aws import Aws
from ..plan import Action, Change, Plan
from ..told import RiskRule, Severity
from .finding import given, pairs
from .reasons import resource
from .record import Existing, Found, Not, Values, risk
from .stacked import STACK, component_of


def _find(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    for stack in aws.any_client("cloudformation").describe_stacks(StackName=name)["Stacks"]:
        yield Existing(name, pairs(stack.get("Tags", [])), stack["StackStatus"])


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


_OF_ENDPOINT = Not("the endpoint whose configuration it holds, or on which it runs, tells it")

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
        preflight=_OF_ENDPOINT,
        story=_OF_ENDPOINT,
        risks=(_gone,),
        verify=_OF_ENDPOINT,
    ),
)
