"""Rules of a team's own over plans and their cost, in modules that `Environment.kinds` names.

A module has them in `RISKS`; a review shows them beside its own risks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .cost.model import Estimate
from .kinds import own_modules
from .kinds.record import Found
from .plan import Change, Plan
from .told import Risk, RiskRule, Severity

Changes = Callable[[Plan, Change], Iterator[Found]]
Costs = Callable[[Mapping[str, float]], Iterator[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class PlanRule:
    """A rule over every resource of a plan whose type `over` fits; its function yields why it is
    broken."""

    rule: RiskRule
    over: str
    find: Changes


@dataclass(frozen=True, slots=True)
class CostRule:
    """A rule over what each service of an environment costs a month at most, in USD; its
    function yields the name of a service and why it breaks the rule."""

    rule: RiskRule
    find: Costs


def rule(
    id: str, *, over: str, title: str, advice: str, severity: Severity = Severity.HIGH
) -> Callable[[Changes], PlanRule]:
    """Make a rule of a function that is called for each resource of a plan.

    `over` is a Terraform type, or a pattern of types such as `aws_sagemaker_*`. Unchanged resources
    are asked for too.
    """

    def of(find: Changes) -> PlanRule:
        return PlanRule(RiskRule(id, severity, title, advice), over, find)

    return of


def cost_rule(
    id: str, *, title: str, advice: str, severity: Severity = Severity.HIGH
) -> Callable[[Costs], CostRule]:
    """Make a rule of a function that is called with what each service costs after the plans.

    What has no price is not in the sums.
    """

    def of(find: Costs) -> CostRule:
        return CostRule(RiskRule(id, severity, title, advice), find)

    return of


def own_rules() -> list[PlanRule | CostRule]:
    """Every rule of the team's modules."""
    return [each for module in own_modules() for each in getattr(module, "RISKS", ())]


def risks_of(plan: Plan) -> Iterator[Risk]:
    """What breaks a rule in a plan."""
    rules = [each for each in own_rules() if isinstance(each, PlanRule)]
    for change in plan.changes if rules else ():
        for each in rules:
            if not fnmatchcase(change.type, each.over):
                continue
            for found in each.find(plan, change):
                reason, severity = (found, each.rule.severity) if isinstance(found, str) else found
                yield Risk(each.rule, change.address, reason, severity)


def risks_of_cost(environment: str, estimate: Estimate) -> Iterator[Risk]:
    """What breaks a rule in what an environment costs."""
    rules = [each for each in own_rules() if isinstance(each, CostRule)]
    if not rules:
        return
    costs: dict[str, float] = {}
    for line in estimate.lines:
        if line.monthly is not None:
            service = line.usage.service
            costs[service] = costs.get(service, 0) + line.monthly.maximum
    for each in rules:
        for service, reason in each.find(costs):
            yield Risk(each.rule, service, reason, each.rule.severity, environment=environment)
