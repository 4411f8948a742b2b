"""From environments or files to one report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from inferform import Commitment

from ..aws import Aws
from ..changed import base_of, note
from ..cost.commitments import in_force, subtracted
from ..cost.model import ASSUMPTIONS, with_plans
from ..cost.prices import price_table
from ..cost.resources import changes_cost, usages, without_prices
from ..days import today
from ..masking import mask_text
from ..missing import missing
from ..plan import Change, Plan, Side, read_plan, shaped
from ..program import Program, Stacks, note_left_out, note_warnings
from ..progress import Follow
from ..terraform import Stack, terraform_binary
from .building import build
from .checkov import read_findings
from .planning import PLANS, Planning
from .report import CostReport, Finding, Missing, Report, StackReport
from .source import source_of

_SIDES: tuple[Side, Side] = ("before", "after")


def review_files(files: Sequence[Path], *, checkov: Path | None = None) -> Report:
    """The report of `terraform show -json` files of any project."""
    findings = None if checkov is None else read_findings(checkov)
    return review_plans([read_plan(file) for file in files], findings=findings)


def review_plans(plans: Sequence[Plan], *, findings: Sequence[Finding] | None = None) -> Report:
    """The report of plans that were read."""
    return build(plans, costs=costs_of(plans), findings=findings, assumptions=ASSUMPTIONS)


def review_environments(
    names: Sequence[str],
    program: Program,
    *,
    checkov: Path | None = None,
    read_only: bool = False,
    preflight: bool = False,
    lowest: bool = False,
    base: str = "",
    parallelism: int | None = None,
    folder: Path = PLANS,
    follow: Follow = lambda _name, _status: None,
) -> Report:
    """Plan environments, and stacks of one's own by name; save the plans, and report.

    `read_only` plans with the environments' plan roles, and keeps no plan. With `lowest` only the plans
    are kept, and reported, that can be applied now. With `base`, a branch or commit, only stacks that
    differ from it are planned, and those above whose inputs may change. `parallelism` stacks are planned at
    a time. With `preflight` the report says what the stacks ask for again and AWS does not have. Raises
    BadInputError for an unknown name, and OperatorError without Terraform or credentials.
    """
    findings = None if checkov is None else read_findings(checkov)
    terraform_binary()
    synthesis = (program.to_plan("review") if read_only else program).synthesize()
    chosen = synthesis.named(names)
    note_warnings(synthesis, chosen)
    note_left_out(synthesis, chosen)
    for key in dict.fromkeys(stack.environment for stack in chosen):
        if environment := synthesis.environments.get(key):
            context = environment.context
            role = context.plan_role_arn if read_only else None
            Aws(context, emulator=program.emulator, role_arn=role).require_credentials()
    source = source_of(program.folder, program.environments)
    compared = base_of(synthesis.program, base) if base else None
    if compared:
        note(compared, synthesis)
    planning = Planning(
        synthesis,
        source,
        follow,
        keep=not read_only,
        folder=folder,
        base=compared,
        parallelism=parallelism,
    )
    planning.run(chosen)
    if lowest:
        planning.keep_lowest(chosen)
    unchanged = {n for n, report in planning.reports.items() if report.status == "unchanged"}
    plans = [planning.plans[stack.name] for stack in chosen if stack.name in planning.plans]
    reports = [noted(stack, planning) for stack in chosen]
    partial = {report.environment for report in reports if report.status != "planned"}
    bought = _commitments(synthesis, chosen, partial)
    return build(
        plans,
        stacks=reports,
        costs=costs_of(plans, partial=partial, commitments=bought),
        findings=findings and [each for each in findings if each.stack not in unchanged],
        assumptions=with_plans(ASSUMPTIONS) if bought else ASSUMPTIONS,
        source=planning.source,
        missing=_missing(synthesis, chosen) if preflight else (),
    )


def _commitments(
    synthesis: Stacks, chosen: Sequence[Stack], partial: Collection[str]
) -> dict[str, Sequence[Commitment]]:
    """The Savings Plans of the environments that are planned as a whole: a part of one would seem to
    leave them unused."""
    planned = {stack.name for stack in chosen}
    return {
        key: bought
        for key, environment in synthesis.environments.items()
        if (bought := in_force(environment.commitments, today()))
        and key not in partial
        and {stack.name for stack in synthesis.of(key)} <= planned
    }


def _missing(synthesis: Stacks, chosen: Sequence[Stack]) -> list[Missing]:
    return [
        Missing(key, each.check.label, each.subject, mask_text(each.found), each.fix)
        for key, findings in missing(synthesis, chosen).items()
        for each in findings
    ]


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


def costs_of(
    plans: Sequence[Plan],
    *,
    partial: Collection[str] = (),
    commitments: Mapping[str, Sequence[Commitment]] | None = None,
) -> list[CostReport]:
    """What each environment costs before and after its plans, with the Savings Plans of each."""
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
        untold = [change for plan in own for change in without_prices(plan)]
        if not before.lines and not after.lines and not untold:
            continue
        bought = (commitments or {}).get(key, ())
        before, after = subtracted(before, bought), subtracted(after, bought)
        costs.append(
            CostReport(
                environment=key,
                region=region,
                before=before,
                after=after,
                prices_from=(before + after).dates,
                untold=_by_type(untold),
                untold_changes=_by_type(filter(changes_cost, untold)),
                is_partial=key in partial
                or any(plan.errored or plan.deferred or not plan.complete for plan in own),
            )
        )
    return costs


def _by_type(changes: Iterable[Change]) -> dict[str, int]:
    """How many resources there are of each type."""
    return dict(sorted(Counter(change.type for change in changes).items()))
