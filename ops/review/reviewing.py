"""From environments or files to one report."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from inferform import Environment
from inferform.target import AWS, EMULATOR

from ..aws import Aws
from ..cdk import Program
from ..cost.model import ASSUMPTIONS
from ..cost.prices import price_table
from ..cost.resources import usages
from ..deploy import synthesize
from ..environments import environment, environments
from ..plan import Plan, Side, read_plan, shaped
from ..terraform import WORK, Stack, stacks, terraform_binary
from .bound import current_commit
from .building import build
from .checkov import read_findings
from .planning import PLANS, Planning, owners
from .report import CostReport, Finding, Report, StackReport

_SIDES: tuple[Side, Side] = ("before", "after")


def review_files(files: Sequence[Path], *, checkov: Path | None = None) -> Report:
    """The report of `terraform show -json` files of any project."""
    findings = None if checkov is None else read_findings(checkov)
    return review_plans([read_plan(file) for file in files], findings=findings)


def review_plans(plans: Sequence[Plan], *, findings: Sequence[Finding] | None = None) -> Report:
    """The report of plans that were read."""
    return build(plans, costs=costs_of(plans), findings=findings, assumptions=ASSUMPTIONS)


def review_environments(
    keys: Sequence[str],
    program: Program,
    *,
    checkov: Path | None = None,
    read_only: bool = False,
    folder: Path = PLANS,
    follow: Callable[[str, str], None] = lambda _name, _status: None,
) -> Report:
    """Plan environments, save the plans, and report.

    `read_only` plans with the environments' plan roles, and keeps no plan. Raises BadInputError
    for an unknown environment, and OperatorError without Terraform or credentials.
    """
    wanted = [environment(key, program.environments).key for key in dict.fromkeys(keys)]
    findings = None if checkov is None else read_findings(checkov)
    terraform_binary()
    loaded = environments(program.environments).environments
    for key in wanted:
        context = loaded[key].context
        role = context.plan_role_arn if read_only else None
        Aws(context, emulator=program.emulator, role_arn=role).require_credentials()
    outdir = synthesize_to_plan(loaded.values(), program) if read_only else synthesize(program)
    known = stacks(outdir)
    belongs = owners(known, loaded)
    chosen = [stack for stack in known if belongs[stack.name].key in wanted]
    planning = Planning(program, current_commit(), follow, keep=not read_only, folder=folder)
    planning.run(chosen, known, belongs)
    plans = [planning.plans[stack.name] for stack in chosen if stack.name in planning.plans]
    reports = [noted(stack, planning) for stack in chosen]
    partial = {report.environment for report in reports if report.status != "planned"}
    return build(
        plans,
        stacks=reports,
        costs=costs_of(plans, partial=partial),
        findings=findings,
        assumptions=ASSUMPTIONS,
        commit=planning.commit,
    )


def noted(stack: Stack, planning: Planning) -> StackReport:
    """The report of a stack, with a note where what it reads from below is about to change."""
    report = planning.reports[stack.name]
    changing = [
        name
        for name in stack.dependencies
        if name in planning.plans and planning.plans[name].outputs_changed
    ]
    if report.status != "planned" or report.note or not changing:
        return report
    below = " and ".join(changing)
    note = f"planned with what {below} hands up now, which changes: plan again once it is applied"
    return replace(report, note=note)


def synthesize_to_plan(loaded: Iterable[Environment], program: Program) -> Path:
    """A synthesis whose provider assumes the plan roles."""
    # Imported only now, as it starts Node.
    from inferform.layers.program import synthesize as write

    target = replace(EMULATOR if program.emulator else AWS, plans_only=True)
    outdir = WORK / "review"
    shutil.rmtree(outdir, ignore_errors=True)
    outdir.mkdir(parents=True)
    return write(loaded, target=target, outdir=outdir)


def costs_of(plans: Sequence[Plan], *, partial: Collection[str] = ()) -> list[CostReport]:
    """What each environment costs before and after its plans."""
    table = price_table()
    costs = []
    for key in dict.fromkeys(plan.environment or plan.name for plan in plans):
        own = [plan for plan in plans if (plan.environment or plan.name) == key]
        region = next((plan.region for plan in own if plan.region), "")
        with shaped(own[0].name):
            before, after = (
                table.estimate(region, [usage for plan in own for usage in usages(plan, side)])
                for side in _SIDES
            )
        if not before.lines and not after.lines:
            continue
        dates = table.dates(region)
        costs.append(
            CostReport(
                environment=key,
                region=region,
                before=before,
                after=after,
                prices_from=f"{dates[0]} to {dates[1]}" if dates else "",
                is_partial=key in partial,
            )
        )
    return costs
