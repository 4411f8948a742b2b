"""What tests/conftest.py promises to every other test: no shell steers it, and no order matters."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT

HOSTILE = {
    "AWS_ENDPOINT_URL_S3": "https://example.com",
    "AWS_PROFILE": "production",
    "COLUMNS": "7",
    "FORCE_COLOR": "1",
    "GITHUB_ACTIONS": "true",
    "GIT_DIR": "/nowhere",
    "INFERFORM_STOCK_BINDINGS": "1",
    "NODE_OPTIONS": "--nonsense",
    "NO_COLOR": "1",
    "TF_CLI_ARGS": "-nonsense",
    "TF_LOG": "trace",
}


def test_no_variable_of_the_shell_leads_a_test_elsewhere() -> None:
    code = "import json, os, tests.conftest; print(json.dumps(dict(os.environ)))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **HOSTILE, "TF_CLI_CONFIG_FILE": "own.rc"},
        capture_output=True,
        text=True,
        check=True,
    )
    left = json.loads(done.stdout)
    assert not HOSTILE.keys() & left.keys()
    assert left["TF_CLI_CONFIG_FILE"] == "own.rc"


def collected(seed: int, hash_seed: str) -> list[str]:
    """The tests of some files, in the order in which a seed has them run."""
    files = (
        "review/test_reader.py",
        "ops/test_output.py",
        "e2e/test_life.py",
        "e2e/test_bootstrap.py",
        "test_conftest.py",
    )
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", *(f"tests/{file}" for file in files)),
            *("--collect-only", "-q", "-p", "no:xdist", "-p", "no:timeout"),
            *("-p", "no:cacheprovider", f"--randomly-seed={seed}"),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in done.stdout.splitlines() if "::" in line]


@pytest.fixture(scope="module")
def orders() -> list[list[str]]:
    return [collected(1, "1"), collected(1, "2"), collected(2, "1")]


def test_the_order_is_random_and_the_seed_alone_repeats_it(orders: list[list[str]]) -> None:
    first, again, other = orders
    assert first == again
    assert first != other
    assert sorted(first) == sorted(other)


def test_the_files_that_wait_are_spread_among_the_others(orders: list[list[str]]) -> None:
    for order in orders:
        files = [*dict.fromkeys(test.partition("::")[0] for test in order)]
        waits = [file.startswith("tests/e2e/") for file in files]
        assert waits == [True, False, True, False, False]


def test_the_files_that_take_longest_come_before_the_rest(orders: list[list[str]]) -> None:
    for order in orders:
        files = dict.fromkeys(test.partition("::")[0] for test in order)
        others = [file for file in files if not file.startswith("tests/e2e/")]
        assert others[0] == "tests/ops/test_output.py"


def test_the_steps_of_a_story_keep_their_order(orders: list[list[str]]) -> None:
    file = "tests/e2e/test_life.py"
    written = re.findall(r"^def (test_\w+)", (ROOT / file).read_text("utf-8"), re.MULTILINE)
    for order in orders:
        assert [test for test in order if file in test] == [f"{file}::{name}" for name in written]


@pytest.mark.parametrize(
    ("wanted", "files"),
    [("not long", {"tables/test_unknown.py"}), ("long", {"cost/test_command.py"})],
)
def test_files_that_are_long_are_left_out_where_nothing_long_is_asked_for(
    wanted: str, files: set[str]
) -> None:
    every = ("cost/test_command.py", "tables/test_unknown.py")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", *(f"tests/{file}" for file in every), "-m", wanted),
            *("--collect-only", "-q", "-p", "no:xdist", "-p", "no:cacheprovider"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.findall(r"^tests/(.+?)::", done.stdout, re.MULTILINE)
    assert {*found} == files
