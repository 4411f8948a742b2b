"""What the operator's commands know of the resource types that the team adds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from inferform.usage import Usage, by_use
from inferform_ops.aws import Aws
from inferform_ops.checks import CONFIGURATION, HEALTH
from inferform_ops.kinds.finding import given
from inferform_ops.kinds.reasons import resource
from inferform_ops.kinds.record import Existing, Finding, Found, Values, Verifier
from inferform_ops.plan import Action, Change, Plan, Side
from inferform_ops.team import cost_rule, rule
from inferform_ops.told import Story


def _find(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "function_name")
    found = aws.any_client("lambda").get_function(FunctionName=name)
    yield Existing(name, found.get("Tags", {}))


def _uses(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    yield by_use(str(change.at(side).get("function_name")), "lambda/x86_64/gb-second")


def _story(plan: Plan, change: Change) -> Iterator[Story]:
    before, after = change.both("image_uri")
    if change.action is Action.UPDATE and before != after:
        name = str(change.after.get("function_name"))
        headline = f"runs {after} instead of {before}"
        yield Story("Lambda function", name, change.address, str(change.action.value), headline)


class FunctionVerifier(Verifier):
    """Whether a function can be invoked, and runs what the state says."""

    @property
    def name(self) -> str:
        """The function's name."""
        return str(self.values.get("function_name"))

    def served(self) -> Iterator[str]:
        """Its image."""
        yield str(self.values.get("image_uri"))

    def findings(self) -> Iterator[Finding]:
        """Its state, its memory and its image."""
        client: Any = self.run.aws.any_client("lambda")
        function = client.get_function(FunctionName=self.name)
        settings = function["Configuration"]
        state = str(settings.get("State", "Active"))
        yield self.finding(HEALTH, "passed" if state == "Active" else "failed", state)
        memory, wanted = settings["MemorySize"], self.values.get("memory_size")
        yield self.finding(
            CONFIGURATION, "passed" if memory == wanted else "failed", f"has {memory} MiB"
        )
        runs = str(function["Code"].get("ImageUri"))
        yield self.images({next(self.served())}, {runs}, "deploy the layer again")


@rule(
    "TEAM3",
    over="aws_lambda_function",
    title="a function with more than 3 GiB",
    advice="use an endpoint on SageMaker for a model of that size",
)
def _large(plan: Plan, change: Change) -> Iterator[Found]:
    memory = change.after.get("memory_size") if change.exists_after else None
    if isinstance(memory, int) and memory > 3072:
        yield f"has {memory} MiB"


@cost_rule(
    "TEAM4", title="a service over its budget of $2,000 a month", advice="ask for a larger budget"
)
def _budget(costs: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    for service, cost in costs.items():
        if cost > 2000:
            yield service, f"costs up to ${cost:,.0f} a month"


RISKS = (_large, _budget)
KINDS = (
    resource(
        "aws_lambda_function",
        "Lambda function",
        _find,
        name="function_name",
        outage=True,
        uses=_uses,
        story=_story,
        verify=FunctionVerifier,
    ),
)
