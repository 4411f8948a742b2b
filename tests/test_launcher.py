"""What tests/launcher.py promises: runs at once never share a provider, nor fill a cache together."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ops.terraform import Stack, provider_mirror, registry_reachable, terraform_environment
from tests.conftest import ROOT
from tests.provider import OWN, Lending, lent
from tests.waiting import gone, wait_until

needs_provider = pytest.mark.skipif(
    not (provider_mirror() or registry_reachable()), reason="needs the AWS provider"
)

# In the place of Terraform: it says with which provider it runs, and runs until it is told to end.
_FAKE = """
import os, sys
print(os.environ.get("TF_REATTACH_PROVIDERS", "none"), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """An initialised stack of one resource."""
    folder = tmp_path_factory.mktemp("stack")
    required = {"aws": {"source": "hashicorp/aws"}}
    content = {
        "terraform": {"required_providers": required},
        "resource": {"aws_sqs_queue": {"q": {}}},
    }
    (folder / "cdk.tf.json").write_text(json.dumps(content), encoding="utf-8")
    made = Stack("stack", folder, ())
    # By Terraform itself, as it takes the provider of its own.
    done = made.init(terraform_environment() | OWN)
    assert done.status == 0, done.output
    return made


@pytest.fixture
def terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The fake Terraform's folder, behind a launcher of its own."""
    command = shlex.join([sys.executable, "-c", _FAKE])
    (tmp_path / "terraform").write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    (tmp_path / "terraform").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with lent():
        yield tmp_path


@contextmanager
def run(command: str, folder: Path, **variables: str) -> Iterator[str]:
    """A run that continues until the end of the block, and the provider that it has."""
    with subprocess.Popen(
        ["terraform", f"-chdir={folder}", command],
        env={**os.environ, **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        yield running.stdout.readline().strip()
        running.stdin.close()


@needs_provider
@pytest.mark.usefixtures("terraform")
def test_runs_at_once_have_a_provider_each_and_a_later_one_has_one_of_those(stack: Stack) -> None:
    with run("plan", stack.folder) as first, run("apply", stack.folder) as second:
        assert "hashicorp/aws" in first
        assert "hashicorp/aws" in second
        assert first != second
    with run("show", stack.folder) as third:
        assert third in (first, second)


@needs_provider
@pytest.mark.usefixtures("terraform")
def test_another_account_has_another_provider(stack: Stack) -> None:
    with run("plan", stack.folder) as first:
        pass
    with run("plan", stack.folder, AWS_ENDPOINT_URL="http://127.0.0.1:1") as second:
        assert "hashicorp/aws" in second
        assert second != first


@needs_provider
def test_terraform_gets_the_types_that_a_folder_names_and_no_others(
    stack: Stack, terraform: Path
) -> None:
    real = os.environ["PATH"].partition(f"{terraform}{os.pathsep}")[2]
    with run("plan", stack.folder) as attached:
        variables = {**os.environ, "PATH": real, "TF_REATTACH_PROVIDERS": attached}
        command = ["terraform", f"-chdir={stack.folder}", "providers", "schema", "-json"]
        for _ in range(2):
            shown = subprocess.run(command, env=variables, check=True, capture_output=True).stdout
            [provider] = json.loads(shown)["provider_schemas"].values()
            assert [*provider["resource_schemas"]] == ["aws_sqs_queue"]
            assert "region" in provider["provider"]["block"]["attributes"]


@needs_provider
def test_a_configuration_is_answered_again_as_it_was_and_another_one_for_itself(
    stack: Stack, tmp_path: Path
) -> None:
    content = json.loads((stack.folder / "cdk.tf.json").read_text("utf-8"))
    accounts = {"allowed_account_ids": ["111122223333"]}
    refused = {**accounts, "forbidden_account_ids": ["444455556666"]}
    variables = terraform_environment()
    for number, (configuration, status) in enumerate([(refused, 1), (accounts, 0)] * 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        configured = json.dumps({**content, "provider": {"aws": configuration}})
        (folder / "cdk.tf.json").write_text(configured, encoding="utf-8")
        configured_so = Stack("configured", folder, ())
        assert configured_so.init(variables).status == 0
        done = configured_so.run("validate", "-no-color", environment=variables)
        assert done.status == status, done.output
        assert ("Conflicting configuration arguments" in done.output) is bool(status)


@needs_provider
def test_a_folder_of_a_kind_is_initialised_without_a_digest_and_as_terraform_does_it(
    stack: Stack, tmp_path: Path
) -> None:
    variables = terraform_environment()
    shutil.copy(stack.folder / "cdk.tf.json", tmp_path)
    further = Stack("further", tmp_path, ())
    done = further.init(variables)
    assert done.status == 0, done.output
    assert "hashicorp/aws" not in done.output
    for name in (".terraform.lock.hcl", ".terraform/providers"):
        compared = [
            "diff",
            "-r",
            "--no-dereference",
            f"{stack.folder}/{name}",
            f"{tmp_path}/{name}",
        ]
        subprocess.run(compared, check=True)
    # With a provider of its own Terraform takes the digest.
    assert further.run("validate", environment=variables | OWN).status == 0


@needs_provider
@pytest.mark.usefixtures("terraform")
def test_a_provider_that_is_lent_ends_with_a_process_that_is_killed(stack: Stack) -> None:
    lending = "from tests.provider import lent; import subprocess, sys\nwith lent(): " + (
        "subprocess.run(['terraform', f'-chdir={sys.argv[1]}', 'plan'], stdin=0)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", lending, stack.folder],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as killed:
        assert killed.stdout is not None
        [provider] = json.loads(killed.stdout.readline()).values()
        assert not gone(provider["Pid"])
        killed.kill()
    assert wait_until(lambda: gone(provider["Pid"]))


@pytest.mark.usefixtures("terraform")
def test_a_run_has_its_own_where_it_must_or_where_none_was_fetched(tmp_path: Path) -> None:
    with run("plan", tmp_path, **OWN) as attached:
        assert attached == ""
    for command in ("init", "version", "plan"):
        with run(command, tmp_path) as attached:
            assert attached == "none"


@pytest.mark.usefixtures("terraform")
def test_a_run_that_nothing_can_be_lent_to_fails_and_those_after_it_do_not_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("nothing is lent")

    with monkeypatch.context() as patch:
        patch.setattr(Lending, "_found", fail)
        command = ["terraform", f"-chdir={tmp_path}", "plan"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 1
        assert "OSError: nothing is lent" in done.stderr
    with run("plan", tmp_path) as attached:
        assert attached == "none"


def test_only_one_init_at_a_time_fills_a_plugin_cache(terraform: Path) -> None:
    configuration, cache = terraform / "own.rc", terraform / "cache"
    configuration.write_text(f'plugin_cache_dir = "{cache}"\n', encoding="utf-8")
    variables = {"TF_CLI_CONFIG_FILE": str(configuration)}
    asking = f"import fcntl; fcntl.flock(open({f'{cache}.lock'!r}), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    ask = [sys.executable, "-c", asking]
    with run("init", terraform, **variables):
        assert b"BlockingIOError" in subprocess.run(ask, check=False, capture_output=True).stderr
    subprocess.run(ask, check=True)
