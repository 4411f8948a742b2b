"""JSON for machines: every field, in a stable order."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from ...cost.model import Amount, Estimate
from ...plan import Change
from ...untrusted import cell
from ..digest import digest, digests
from ..report import CostReport, Report, StackReport
from ..values import details, marks

VERSION = 1
"""Raised when a field changes its meaning or goes."""


def render_json(report: Report) -> str:
    """The report in JSON."""
    data = _bounded(as_data(report))
    return f"{json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)}\n"


def _bounded(value: Any) -> Any:
    """The report with every dynamic text as it is written."""
    if isinstance(value, str):
        return cell(value)
    if isinstance(value, dict):
        return {cell(key): _bounded(item) for key, item in value.items()}
    return [_bounded(item) for item in value] if isinstance(value, list | tuple) else value


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
        "before": amount(cost.before.total),
        "after": amount(cost.after.total),
        "difference": amount(cost.difference),
        "not_priced": not_priced(cost.after),
        "prices_from": cost.prices_from,
        "is_partial": cost.is_partial,
    }


def amount(value: Amount) -> dict[str, float]:
    """Dollars by the month, to the cent."""
    return {
        "minimum": round(value.minimum, 2),
        "expected": round(value.expected, 2),
        "maximum": round(value.maximum, 2),
    }


def not_priced(estimate: Estimate) -> list[dict[str, str]]:
    """What an estimate leaves out."""
    return [{"service": line.usage.service, "key": line.usage.key} for line in estimate.not_priced]
