"""From plans to their report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..cost.prices import price_table
from ..plan import Plan, shaped
from ..team import risks_of_cost
from ..told import Risk, Story
from .report import CostReport, Finding, Missing, Report, StackReport, stack_report
from .risks import cost_risk, find_risks, hole_risk
from .source import NO_SOURCE, Source
from .spending import risk_of_runs, spent
from .stories import tell


def build(
    plans: Sequence[Plan],
    *,
    stacks: Sequence[StackReport] | None = None,
    costs: Sequence[CostReport] = (),
    findings: Sequence[Finding] | None = None,
    assumptions: Sequence[str] = (),
    source: Source = NO_SOURCE,
    missing: Sequence[Missing] = (),
) -> Report:
    """The report of plans; `stacks` also holds those without one, such as blocked stacks."""
    reports = tuple(stacks) if stacks is not None else tuple(stack_report(plan) for plan in plans)
    table = price_table()
    stories: list[Story] = []
    risks: list[Risk] = []
    for plan in plans:
        key, name = plan.environment or plan.name, plan.name
        with shaped(name):
            for story in tell(plan):
                told = spent(story, plan.region, table)
                stories.append(replace(told, environment=key, stack=name))
                dear = risk_of_runs(story, plan.region, table)
                risks += [replace(dear, environment=key, stack=name)] if dear else []
            risks += [replace(risk, environment=key, stack=name) for risk in find_risks(plan)]
    for cost in costs:
        added = cost.difference
        dear = cost_risk(cost.environment, added.expected, added.maximum)
        hole = hole_risk(cost.environment, cost.changed_holes, cost.untold_changes)
        risks += [risk for risk in (dear, hole) if risk]
        risks += risks_of_cost(cost.environment, cost.after)
    environments = list(dict.fromkeys(report.environment for report in reports))
    return Report(
        title=f"Plan of {', '.join(environments)}" if len(environments) <= 4 else "Plan",
        stacks=reports,
        stories=tuple(sorted(stories, key=lambda story: not story.interrupted)),
        risks=tuple(sorted(risks, key=lambda risk: -risk.severity)),
        costs=tuple(costs),
        findings=None if findings is None else tuple(findings),
        assumptions=tuple(assumptions),
        source=source,
        missing=tuple(missing),
    )
