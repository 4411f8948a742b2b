"""zizmor over the workflows: what it finds is fixed, or explained here."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.workflows import FILES

ZIZMOR = ROOT / ".venv-checkov" / "bin" / "zizmor"

EXPLAINED = {
    "anonymous-definition": "a job is called what its key says",
    "self-repository": "the schema that the workflows are held to does not have the syntax",
}
"""Why a finding is no fault, by the audit."""

# What zizmor must complain about, or it looks at nothing.
WRONG = """
name: wrong
on: pull_request_target
jobs:
  wrong:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v5
        with:
          ref: ${{ github.event.pull_request.head.sha }}
      - run: echo ${{ github.event.pull_request.title }}
"""


def audits(*paths: Path) -> set[tuple[str, str]]:
    """The audits that find something, each with the file; nothing leaves the machine."""
    if not ZIZMOR.exists():
        pytest.fail(".venv-checkov has no zizmor: run make .venv-checkov/.ready", pytrace=False)
    done = subprocess.run(
        [
            *(str(ZIZMOR), "--offline", "--no-config", "--persona", "auditor"),
            *("--format", "json", "--no-exit-codes", *map(str, paths)),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return {
        (finding["ident"], Path(place["symbolic"]["key"]["Local"]["verbatim_path"]).name)
        for finding in json.loads(done.stdout)
        for place in finding["locations"]
    }


def test_zizmor_sees_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / ".github" / "workflows" / "wrong.yml"
    file.parent.mkdir(parents=True)
    file.write_text(WRONG, encoding="utf-8")
    found = {audit for audit, _ in audits(file)}
    assert found >= {
        *("artipacked", "dangerous-triggers", "excessive-permissions"),
        *("template-injection", "unpinned-uses"),
    }


def test_no_finding_of_the_workflows_is_unexplained() -> None:
    assert len(FILES) > 5
    found = audits(*FILES)
    assert {each for each in found if each[0] not in EXPLAINED} == set()
    assert {audit for audit, _ in found} == set(EXPLAINED), "an explanation is no longer needed"
