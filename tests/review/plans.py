"""Plans for tests: real ones by name, and small ones written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PLANS = Path(__file__).resolve().parent / "plans"
GOLDEN = Path(__file__).resolve().parent / "golden"
CHECKOV = Path(__file__).resolve().parent / "checkov.json"


def changed(
    address: str,
    actions: list[str],
    before: Any,
    after: Any,
    *,
    mode: str = "managed",
    replace_paths: list[list[Any]] | None = None,
    sensitive: Any = False,
    unknown: Any = None,
) -> dict[str, Any]:
    """One entry of `resource_changes`."""
    kind, _, name = address.removeprefix("data.").rpartition(".")
    return {
        "address": address,
        "mode": mode,
        "type": kind.rpartition(".")[2],
        "name": name,
        "change": {
            "actions": actions,
            "before": before,
            "after": after,
            "after_unknown": unknown or {},
            "before_sensitive": sensitive,
            "after_sensitive": sensitive,
            "replace_paths": replace_paths or [],
        },
    }


def plan_of(*entries: dict[str, Any], **more: Any) -> str:
    """What `terraform show -json` would print for some changes."""
    content = {"format_version": "1.2", "terraform_version": "1.11.4", **more}
    return json.dumps({**content, "resource_changes": list(entries)})
