"""The digest of what a review shows would be done, by which an approval is compared with a deploy.

It is of what people see, with secrets masked, and of nothing that may change while they look:
notes, costs and what Terraform only writes into the state are left out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from ..plan import Change
from ..told import Risk
from .report import Report, StackReport
from .values import details, marks

_SEEN = frozenset(
    {"output", "check", "deferred", "action", "read", "ephemeral", "unplanned", "unknown"}
)
"""The remarks that say something about what an apply does."""


def digests(report: Report) -> list[str]:
    """The digest of each stack of a report, in its order."""
    return [
        _hashed(_content(stack, [risk for risk in report.risks if risk.stack == stack.name]))
        for stack in report.stacks
    ]


def digest(report: Report) -> str:
    """The digest of all stacks of a report together."""
    return together(digests(report))


def together(each: Iterable[str]) -> str:
    """The digest of all stacks together, from that of each."""
    return _hashed(sorted(each))


def is_seen(kind: str) -> bool:
    """Whether remarks of a kind are part of what is approved."""
    return kind in _SEEN


def _content(stack: StackReport, risks: Iterable[Risk]) -> dict[str, Any]:
    return {
        "name": stack.name,
        "status": stack.status,
        "complete": stack.complete,
        "changes": [_change(change) for change in stack.changes],
        "drifted": [change.address for change in stack.drifted],
        "remarks": [
            [remark.kind, remark.subject, remark.text, remark.is_alarm]
            for remark in stack.remarks
            if is_seen(remark.kind)
        ],
        "risks": sorted([risk.rule.id, risk.address, int(risk.severity)] for risk in risks),
    }


def _change(change: Change) -> dict[str, Any]:
    """What is shown of a change, however long its values are."""
    return {
        "address": change.address,
        "type": change.type,
        "action": change.action.value,
        "reason": change.reason,
        "note": marks(change),
        "moved_from": change.moved_from,
        "import_id": change.import_id,
        "deposed": change.deposed,
        "differences": [
            [each.path, each.before, each.after, each.unknown, each.forces_replacement]
            for each in details(change)
        ],
    }


def _hashed(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
