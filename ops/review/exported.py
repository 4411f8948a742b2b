"""What a review tells the next step of a pipeline: variables, one a line, in a file.

`NAME=value` is what a shell, GitLab (`dotenv`), GitHub (`GITHUB_OUTPUT`) and CodeBuild after `set -a`
read alike: no value has a blank or a quote.
"""

from __future__ import annotations

from pathlib import Path

from .digest import digest
from .report import Report

UNKNOWN = "unknown"


def exported(report: Report) -> dict[str, str]:
    """The variables of a review, by name."""
    counts = report.counts
    told = {
        "PLANS": len([stack for stack in report.stacks if stack.saved]),
        "LEFT": len([stack for stack in report.stacks if stack.status == "blocked"]),
        "CHANGES": sum(len(stack.changes) for stack in report.stacks),
        "CREATED": counts.get("create", 0),
        "UPDATED": counts.get("update", 0),
        "REPLACED": counts.get("replace", 0),
        "DELETED": counts.get("delete", 0),
        "INTERRUPTED": len(report.interrupted),
        "RISKS": len(report.risks),
        "WORST": str(report.worst).lower() if report.worst is not None else "none",
        "COST": _cost(report),
        "DIGEST": digest(report),
    }
    return {name: str(value) for name, value in told.items()}


def _cost(report: Report) -> str:
    """What the plans add a month, `+12.40USD`; `unknown` where a part of it is."""
    if any(cost.is_partial or not cost.difference_is_known for cost in report.costs):
        return UNKNOWN
    added = [cost.difference for cost in report.costs]
    low, high = sum(each.minimum for each in added), sum(each.maximum for each in added)
    if round(low, 2) == round(high, 2):
        return f"{low:+.2f}USD"
    return f"{low:+.2f}..{high:+.2f}USD"


def write(report: Report, file: Path) -> None:
    """Write the variables of a review into a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{name}={value}\n" for name, value in exported(report).items())
    file.write_text(text, encoding="utf-8")
