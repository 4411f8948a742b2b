"""Cloudsplaining over every policy: what it finds is fixed, or explained in tests/capabilities.

What a permissions boundary lets through is judged as if a role had all of it.
"""

from __future__ import annotations

import json
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.capabilities import capabilities
from tests.conftest import ROOT, Synthesized

PYTHON = ROOT / ".venv-checkov" / "bin" / "python"
SCAN = Path(__file__).with_name("cloudsplaining_scan.py")
POLICIES = ("aws_iam_policy", "aws_iam_role_policy")
CONTROL = "control/aws_iam_role_policy.wrong"

EXPLAINED = {
    (place, what): why
    for known in capabilities().values()
    for place, findings in known.cloudsplaining.items()
    for what, why in findings.items()
}
"""Why a finding is no fault: by the pattern of a place, and that of an action or a service."""

# What Cloudsplaining must complain about, or it looks at nothing.
WRONG = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["iam:PassRole", "lambda:*", "s3:GetObject", "sts:GetFederationToken"],
            "Resource": "*",
        }
    ],
}

Finding = tuple[str, str, str]


@pytest.fixture(scope="module")
def findings(everything: Synthesized) -> set[Finding]:
    """The kind, the action or service, and the place of each finding."""
    documents: dict[str, Any] = {CONTROL: WRONG}
    for stack, content in everything.items():
        for kind in POLICIES:
            for name, policy in content["resource"].get(kind, {}).items():
                documents[f"{stack}/{kind}.{name}"] = json.loads(policy["policy"])
    assert len(documents) > 40
    if not PYTHON.exists():
        pytest.fail(".venv-checkov is missing: run make .venv-checkov/.ready", pytrace=False)
    done = subprocess.run(
        [str(PYTHON), "-I", str(SCAN)],
        input=json.dumps(documents),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert set(found) == set(documents)
    return {
        (kind, what, place)
        for place, kinds in found.items()
        for kind, names in kinds.items()
        for what in names
    }


def explains(key: tuple[str, str], finding: Finding) -> bool:
    return fnmatchcase(finding[2], key[0]) and fnmatchcase(finding[1], key[1])


def test_cloudsplaining_sees_what_is_wrong(findings: set[Finding]) -> None:
    assert {kind for kind, _, place in findings if place == CONTROL} >= {
        *("PrivilegeEscalation", "CredentialsExposure", "DataExfiltration", "ServiceWildcard"),
        *("InfrastructureModification", "ResourceExposure"),
    }


def test_no_finding_is_unexplained(findings: set[Finding]) -> None:
    unexplained = sorted(
        f"{kind} {what}: {place}"
        for kind, what, place in findings
        if place != CONTROL and not any(explains(key, (kind, what, place)) for key in EXPLAINED)
    )
    assert not unexplained, "\n".join(
        ["fix these, or explain them in cloudsplaining of tests/capabilities:", *unexplained]
    )


def test_no_role_has_a_way_to_more_rights(findings: set[Finding]) -> None:
    escalations = {
        (what, place)
        for kind, what, place in findings
        if kind == "PrivilegeEscalation" and place != CONTROL
    }
    assert escalations == set()


def test_every_explanation_is_needed(findings: set[Finding]) -> None:
    real = [each for each in findings if each[2] != CONTROL]
    assert [key for key in EXPLAINED if not any(explains(key, each) for each in real)] == []
