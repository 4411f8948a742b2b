"""OpenTofu instead of Terraform.

There is no OpenTofu here to run. What it prints has the forms of its documentation and source:
`tofu version` of opentofu.org/docs/cli/commands/version, the plan of internal/command/jsonplan, the
lock of internal/command/clistate and internal/states/statemgr, the bucket that is missing of
internal/backend/remote-state/s3, each of OpenTofu 1.10.
"""

from __future__ import annotations

import json
import platform
from pathlib import Path

import pytest

from inferform import Context
from inferform_ops.advice import about_terraform
from inferform_ops.cdk import StackRun
from inferform_ops.errors import OperatorError
from inferform_ops.plan import read_plan
from inferform_ops.review.renderers import FORMATS
from inferform_ops.review.reviewing import review_plans
from inferform_ops.terraform import (
    OPENTOFU,
    provider_mirror,
    terraform_binary,
    terraform_environment,
    terraform_tool,
)
from tests.review.plans import PLANS

ID = "3f1c0a52-9b1e-4d3a-8a77-2c1d5b0e9f11"
LOCKED = f"""
╷
│ Error: Error acquiring the state lock
│
│ Error message: operation error S3: PutObject, https response error
│ StatusCode: 412, RequestID: 1, HostID: 2, api error PreconditionFailed: At
│ least one of the pre-conditions you specified did not hold
│ Lock Info:
│   ID:        {ID}
│   Path:      acme-tfstate/dev-use1/network.tfstate
│   Operation: OperationTypeApply
│   Who:       ana@laptop
│   Version:   1.10.6
│   Created:   2026-11-01 09:30:00.000000001 +0000 UTC
│   Info:
│
│
│ OpenTofu acquires a state lock to protect the state from being written
│ by multiple users at the same time. Please resolve the issue above and try
│ again. For most commands, you can disable locking with the "-lock=false"
│ flag, but this is not recommended.
╵
"""
NO_BUCKET = """
│ Error: Failed to load state: S3 bucket does not exist.
│
│ The referenced S3 bucket must have been previously created. If the S3 bucket
│ was created within the last minute, please wait for a minute or two and try
│ again.
"""


def _binary(folder: Path, version: str) -> None:
    binary = folder / "tofu"
    binary.write_text(
        f"#!/bin/sh\necho 'OpenTofu v{version}\non linux_amd64\n"
        "+ provider registry.opentofu.org/hashicorp/aws v6.21.0'\n"
    )
    binary.chmod(0o755)


@pytest.fixture
def tofu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder for a `tofu` that TERRAFORM_BINARY_NAME names."""
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", "tofu")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_opentofu_is_taken_from_the_version_that_locks_states_in_s3(tofu: Path) -> None:
    _binary(tofu, "1.10.6")
    found = terraform_tool()
    assert (found.product, found.version) == (OPENTOFU, (1, 10, 6))
    assert terraform_binary() == str(tofu / "tofu")


def test_an_older_opentofu_is_refused_by_its_own_name_and_minimum(tofu: Path) -> None:
    _binary(tofu, "1.9.1")
    with pytest.raises(
        OperatorError, match=r"OpenTofu 1\.9\.1, which is older than OpenTofu 1\.10"
    ):
        terraform_tool()


def test_a_binary_that_is_neither_is_refused(tofu: Path) -> None:
    (tofu / "tofu").write_text("#!/bin/sh\necho Terragrunt v0.80.0\n")
    (tofu / "tofu").chmod(0o755)
    with pytest.raises(OperatorError, match="neither Terraform nor OpenTofu"):
        terraform_tool()


@pytest.mark.parametrize("host", ["registry.opentofu.org", "registry.terraform.io"])
def test_a_mirror_is_of_use_that_has_the_provider_by_the_name_of_opentofus_registry(
    host: str, tofu: Path
) -> None:
    _binary(tofu, "1.10.6")
    system = platform.system().lower()
    machine = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
    plugins = tofu / ".terraform.d" / "plugins"
    folder = plugins / host / "hashicorp" / "aws" / "6.21.0" / f"{system}_{machine}"
    folder.mkdir(parents=True)
    (folder / "terraform-provider-aws_v6.21.0").touch()
    assert (provider_mirror() == plugins) is (host == OPENTOFU.registry)


def test_the_users_own_configuration_of_opentofu_is_kept(tofu: Path) -> None:
    _binary(tofu, "1.10.6")
    (tofu / ".tofurc").touch()
    assert "TF_CLI_CONFIG_FILE" not in terraform_environment({"PATH": str(tofu)})


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [({}, ">= 1.11.0"), ({"TERRAFORM_BINARY_NAME": "/opt/bin/tofu"}, ">= 1.10.0")],
)
def test_stacks_ask_for_the_version_of_what_runs_them(
    variables: dict[str, str], wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inferform import layer

    monkeypatch.delenv("TERRAFORM_BINARY_NAME", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert layer._required_version() == wanted


def _as_opentofu(plan: str) -> bytes:
    """A plan of Terraform's in the form in which OpenTofu writes the same one."""
    text = plan.replace("registry.terraform.io/", "registry.opentofu.org/")
    content = json.loads(text)
    # OpenTofu's format has neither of these.
    for name in ("applyable", "complete"):
        content.pop(name, None)
    content |= {"format_version": "1.2", "terraform_version": "1.10.6"}
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    "name", ["first-creation", "image-change", "instance-type-change", "moved-forgotten"]
)
def test_a_plan_of_opentofu_is_reviewed_as_the_same_one_of_terraform(name: str) -> None:
    file = PLANS / f"{name}.json"
    ours, theirs = read_plan(file), read_plan(_as_opentofu(file.read_text("utf-8")), file.stem)
    shown = [FORMATS["text"](review_plans([plan])) for plan in (ours, theirs)]
    assert shown[0] == shown[1]


def test_the_lock_that_stops_opentofu_is_read_and_explained() -> None:
    run = StackRun("dev-use1-network")
    for line in LOCKED.splitlines():
        run.read(line.strip("│╷╵ "))
    assert (run.status, run.lock_id) == ("failed", ID)
    context = Context(
        organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
    )
    assert "another run holds the lock" in about_terraform(LOCKED, context, "network")
    assert "inferform bootstrap dev-use1" in about_terraform(NO_BUCKET, context, "network")
