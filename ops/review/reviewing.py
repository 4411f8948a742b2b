"""From environments or files to one report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ..cdktf import Program
from ..deploy import synthesize
from ..environments import environment, environments
from ..terraform import stacks, terraform_binary
from .bound import current_commit
from .checkov import read_findings
from .plan import Plan, read_plan
from .planning import Planning, owners
from .report import Finding, Report, build


def review_files(files: Sequence[Path], *, checkov: Path | None = None) -> Report:
    """The report of `terraform show -json` files of any project."""
    findings = None if checkov is None else read_findings(checkov)
    return review_plans([read_plan(file) for file in files], findings=findings)


def review_plans(plans: Sequence[Plan], *, findings: Sequence[Finding] | None = None) -> Report:
    """The report of plans that were read."""
    return build(plans, findings=findings)


def review_environments(
    keys: Sequence[str],
    program: Program,
    *,
    checkov: Path | None = None,
    follow: Callable[[str, str], None] = lambda _name, _status: None,
) -> Report:
    """Plan environments, save the plans, and report. Raises BadInputError for an unknown key."""
    wanted = [environment(key, program.environments).key for key in dict.fromkeys(keys)]
    findings = None if checkov is None else read_findings(checkov)
    terraform_binary()
    known = stacks(synthesize(program))
    belongs = owners(known, environments(program.environments).environments)
    chosen = [stack for stack in known if belongs[stack.name].key in wanted]
    planning = Planning(program, current_commit(), follow)
    planning.run(chosen, known, belongs)
    return build(
        [planning.plans[stack.name] for stack in chosen if stack.name in planning.plans],
        stacks=[planning.reports[stack.name] for stack in chosen],
        findings=findings,
        commit=planning.commit,
    )
