"""JSON for machines: every field, in a stable order."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from ...cost.model import Estimate, rounded
from ...plan import Change
from ...untrusted import cell
from ..digest import digest, digests
from ..report import CostReport, Report, StackReport
from ..values import details, marks

VERSION = 1
"""Raised when a field changes its meaning or goes."""


def render_json(report: Report) -> str:
    """The report in JSON."""
    return f"{''.join(_written(as_data(report)))}\n"


_plain = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def _written(value: Any, margin: str = "\n") -> list[str]:
    """JSON with an indent of 2, as parts of a text, with every dynamic text as a report shows it.

    `json.dumps` takes several times as long, as its encoder in C knows no indent.
    """
    if isinstance(value, str):
        return [_plain(cell(value))]
    is_object = isinstance(value, dict)
    if not is_object and not isinstance(value, list | tuple):
        return [_plain(value)]
    inner = f"{margin}  "
    parts: list[str] = []
    if is_object:
        for key, item in {cell(key): item for key, item in value.items()}.items():
            parts += (",", inner, _plain(key), ": ", *_written(item, inner))
    else:
        for item in value:
            parts += (",", inner, *_written(item, inner))
    # In the place of the first comma.
    parts[:1] = "{" if is_object else "["
    if len(parts) > 1:
        parts.append(margin)
    parts.append("}" if is_object else "]")
    return parts


def as_data(report: Report) -> dict[str, Any]:
    """The report as plain data."""
    return {
        "version": VERSION,
        "title": report.title,
        # Only where it is all that was planned: what else there is stands under "source".
        "commit": report.source.commit if report.source.is_commit else "",
        "source": asdict(report.source),
        "digest": digest(report),
        "verdict": report.verdict(),
        "worst": str(report.worst) if report.worst else None,
        "counts": report.counts,
        "services": [
            {
                "kind": story.kind,
                "name": story.name,
                "environment": story.environment,
                "stack": story.stack,
                "address": story.address,
                "action": story.action,
                "headline": story.headline,
                "facts": [{"label": label, "text": text} for label, text in story.facts],
                "rollout": story.rollout,
                "worst_case": story.worst_case,
                "resets_capacity": story.resets_capacity,
                "interrupted": story.interrupted,
            }
            for story in report.stories
        ],
        "missing": [asdict(each) for each in report.missing],
        "risks": [
            {
                "id": risk.rule.id,
                "severity": str(risk.severity),
                "title": risk.rule.title,
                "environment": risk.environment,
                "stack": risk.stack,
                "address": risk.address,
                "reason": risk.reason,
                "advice": risk.rule.advice,
            }
            for risk in report.risks
        ],
        "stacks": [
            _stack(stack, its) for stack, its in zip(report.stacks, digests(report), strict=True)
        ],
        "costs": [_cost(cost) for cost in report.costs],
        "assumptions": list(report.assumptions),
        "policy": None
        if report.findings is None
        else [
            {
                "id": finding.id,
                "title": finding.title,
                "stack": finding.stack,
                "resource": finding.resource,
                "severity": finding.severity,
                "guideline": finding.guideline,
            }
            for finding in report.findings
        ],
    }


def _stack(stack: StackReport, its_digest: str) -> dict[str, Any]:
    return {
        "name": stack.name,
        "digest": its_digest,
        "environment": stack.environment,
        "status": stack.status,
        "note": stack.note,
        "counts": stack.counts,
        "unchanged": stack.unchanged,
        "saved": stack.saved,
        "changes": [_change(change) for change in stack.changes],
        "drifted": [change.address for change in stack.drifted],
        "complete": stack.complete,
        "remarks": [
            {
                "kind": remark.kind,
                "subject": remark.subject,
                "text": remark.text,
                "is_alarm": remark.is_alarm,
            }
            for remark in stack.remarks
        ],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "address": change.address,
        "type": change.type,
        "action": change.action.value,
        "note": marks(change),
        "reason": change.reason,
        "moved_from": change.moved_from,
        "import_id": change.import_id,
        "differences": [
            {
                "path": difference.path,
                "before": difference.before,
                "after": difference.after,
                "known": not difference.unknown,
                "forces_replacement": difference.forces_replacement,
            }
            for difference in details(change)
        ],
    }


def _cost(cost: CostReport) -> dict[str, Any]:
    return {
        "environment": cost.environment,
        "region": cost.region,
        "currency": "USD",
        "before": rounded(cost.before.total),
        "after": rounded(cost.after.total),
        "difference": rounded(cost.difference) if cost.difference_is_known else None,
        "without_price": {name: list(keys) for name, keys in cost.changed_holes.items()},
        "services": [
            {
                "service": each.service,
                "before": rounded(each.before.total),
                "after": rounded(each.after.total),
                "difference": None if each.difference is None else rounded(each.difference),
            }
            for each in cost.changed
        ],
        "not_priced": not_priced(cost.after),
        "types_without_prices": dict(cost.untold),
        "prices_from": cost.prices_from,
        "is_partial": cost.is_partial,
    }


def not_priced(estimate: Estimate) -> list[dict[str, str]]:
    """What an estimate leaves out."""
    return [{"service": line.usage.service, "key": line.usage.key} for line in estimate.not_priced]
