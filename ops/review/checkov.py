"""Checkov's findings on synthesized stacks, read from its JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import BadInputError
from ..untrusted import harmless, strict_json
from .report import Finding

_HOW_TO_MAKE = (
    "make it with checkov --framework terraform_json --output json; docs/review.md has the steps"
)
_STACK = re.compile(r"(?:^|/)stacks/([^/]+)/")


def read_findings(file: Path) -> list[Finding]:
    """The failed checks of `checkov --output json`. Raises BadInputError for anything else."""
    try:
        content = harmless(strict_json(file.read_text("utf-8")))
    except OSError as error:
        raise BadInputError(f"{file}: {error.strerror or error}", _HOW_TO_MAKE) from error
    except ValueError as error:
        raise BadInputError(f"{file} is not JSON: {error}", _HOW_TO_MAKE) from error
    runs = content if isinstance(content, list) else [content]
    try:
        found = {finding for run in runs for finding in _failed(run)}
    except (AttributeError, KeyError, TypeError) as error:
        raise BadInputError(f"{file} is not Checkov's JSON ({error})", _HOW_TO_MAKE) from error
    return sorted(found, key=lambda finding: (finding.stack, finding.id, finding.resource))


def _failed(run: dict[str, Any]) -> Iterator[Finding]:
    if "results" not in run:
        # Without anything to check Checkov prints only a summary.
        if "passed" in run or "failed" in run:
            return
        raise KeyError("results")
    for check in run["results"].get("failed_checks") or ():
        path = str(check.get("file_path") or check.get("repo_file_path") or "")
        match = _STACK.search(path)
        yield Finding(
            id=str(check["check_id"]),
            title=str(check.get("check_name") or ""),
            stack=match[1] if match else path.strip("/"),
            resource=str(check.get("resource") or "").removeprefix("resource."),
            severity=str(check.get("severity") or "").lower(),
            guideline=str(check.get("guideline") or ""),
        )
