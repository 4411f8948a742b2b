"""Checkov over every stack: what it finds is fixed, or explained in tests/capabilities.

It reads Terraform JSON but not the policy documents in it, which are text there; so those are
written a second time as HCL. The `terraform` block, over which Checkov 3.3 stumbles, is left out.
"""

from __future__ import annotations

import json
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.capabilities import capabilities
from tests.conftest import ROOT, Synthesized

CHECKOV = ROOT / ".venv-checkov" / "bin" / "checkov"
CONTROL = "control"
POLICIES = ("aws_iam_policy", "aws_iam_role_policy")

EXPLAINED = {
    (check, place): why
    for known in capabilities().values()
    for place, checks in known.checkov.items()
    for check, why in checks.items()
}
"""Why a failed check is no fault: by its id, and a resource type or `stack/type.name`."""


class Failed(NamedTuple):
    """A failed check of a resource."""

    check: str
    title: str
    stack: str
    type: str
    name: str

    @property
    def place(self) -> str:
        """The resource, as the patterns of EXPLAINED see it."""
        return f"{self.stack}/{self.type}.{self.name}"

    def explained_by(self, key: tuple[str, str]) -> bool:
        """Whether the key of an explanation means this."""
        check, pattern = key
        return check == self.check and (pattern == self.type or fnmatchcase(self.place, pattern))


class Findings(NamedTuple):
    """What one run of Checkov says."""

    failed: list[Failed]
    passed: int
    looked_at: set[str]
    broken: int


# What Checkov must complain about, or it looks at nothing.
WRONG = {
    "aws_cloudwatch_log_group": {"wrong_logs": {"name": "wrong"}},
    "aws_iam_role_policy": {
        "wrong_policy": {
            "name": "wrong",
            "role": "wrong",
            "policy": '{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}',
        }
    },
}


def write(folder: Path, stack: dict[str, Any]) -> None:
    """A copy of a stack for Checkov."""
    folder.mkdir(parents=True)
    resources = stack["resource"]
    file = folder / "cdk.tf.json"
    file.write_text(json.dumps({"resource": resources}, indent=2), encoding="utf-8")
    documents = [
        f'resource "{kind}" "{name}" {{\n  policy = jsonencode('
        f"{json.dumps(json.loads(policy['policy']), indent=2)})\n}}\n"
        for kind in POLICIES
        for name, policy in resources.get(kind, {}).items()
    ]
    (folder / "policies.tf").write_text("\n".join(documents), encoding="utf-8")


def run(folder: Path, home: Path) -> list[dict[str, Any]]:
    """Run Checkov without anything that leaves the machine."""
    if not CHECKOV.exists():
        pytest.fail(".venv-checkov is missing: run make .venv-checkov/.ready", pytrace=False)
    done = subprocess.run(
        [
            *(str(CHECKOV), "--directory", str(folder), "--framework", "terraform_json"),
            *("terraform", "--output", "json", "--compact", "--soft-fail", "--skip-download"),
            *("--skip-results-upload", "--download-external-modules", "false"),
        ],
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(home),
            "LOG_LEVEL": "ERROR",
            # It otherwise gives up after ten seconds on a file that a busy machine reads slowly.
            "HCL_PARSE_TIMEOUT_SEC": "0",
        },
        cwd=home,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    runs: list[dict[str, Any]] = json.loads(done.stdout)
    return runs


def _stack(check: dict[str, Any]) -> str:
    return Path(check["file_path"]).parent.name


def look(stacks: Synthesized, folder: Path, home: Path) -> Findings:
    """What Checkov says of stacks, of which it gets copies in `folder`."""
    for name, stack in stacks.items():
        write(folder / name, stack)
    # Checkov names the type of a resource only sometimes; names are unique within a stack.
    types = {
        (stack, name): kind
        for stack, content in stacks.items()
        for kind, named in content["resource"].items()
        for name in named
    }
    failed: set[Failed] = set()
    passed: set[tuple[str, ...]] = set()
    broken = 0
    for each in run(folder, home):
        broken += each["summary"]["parsing_errors"]
        for check in each["results"]["passed_checks"]:
            passed.add((check["check_id"], _stack(check), check["resource"]))
        for check in each["results"]["failed_checks"]:
            where, name = _stack(check), check["resource"].rpartition(".")[2]
            kind = types[where, name]
            failed.add(Failed(check["check_id"], check["check_name"], where, kind, name))
    looked_at = {where for _, where, _ in passed} | {each.stack for each in failed}
    return Findings(sorted(failed), len(passed), looked_at, broken)


@pytest.fixture(scope="module")
def findings(everything: Synthesized, tmp_path_factory: pytest.TempPathFactory) -> Findings:
    stacks = {**everything, CONTROL: {"resource": WRONG}}
    return look(stacks, tmp_path_factory.mktemp("checkov"), tmp_path_factory.mktemp("home"))


def test_checkov_reads_every_stack_and_sees_what_is_wrong(
    findings: Findings, everything: Synthesized
) -> None:
    assert findings.broken == 0
    # Checkov has no check of these, of which alone some stacks are.
    unchecked = {
        "aws_bedrock_inference_profile",
        "aws_bedrock_provisioned_model_throughput",
        "aws_cloudwatch_event_permission",
        "helm_release",
    }
    judged = {name for name, stack in everything.items() if not {*stack["resource"]} <= unchecked}
    assert findings.looked_at >= {*judged, CONTROL}
    assert findings.passed > 1500
    seen = {(each.check, each.type) for each in findings.failed if each.stack == CONTROL}
    assert {
        ("CKV_AWS_158", "aws_cloudwatch_log_group"),
        ("CKV_AWS_288", "aws_iam_role_policy"),
        ("CKV_AWS_355", "aws_iam_role_policy"),
    } <= seen


def test_no_failed_check_is_unexplained(findings: Findings) -> None:
    unexplained = [
        f"{each.check} {each.place}: {each.title}"
        for each in findings.failed
        if each.stack != CONTROL and not any(each.explained_by(key) for key in EXPLAINED)
    ]
    assert not unexplained, "\n".join(
        ["fix these, or explain them in checkov of tests/capabilities:", *unexplained]
    )


def test_every_explanation_is_needed(findings: Findings) -> None:
    real = [each for each in findings.failed if each.stack != CONTROL]
    idle = [key for key in EXPLAINED if not any(each.explained_by(key) for each in real)]
    assert idle == []
