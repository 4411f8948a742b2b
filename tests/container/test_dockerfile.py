"""What the platforms need of the image itself, read from its Dockerfile."""

from __future__ import annotations

import json
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

REFERENCE = Path(__file__).parents[2] / "container/reference"


def instructions() -> list[tuple[str, str]]:
    """Instruction and arguments of each line: continuations joined, ARG defaults filled in."""
    text = (REFERENCE / "Dockerfile").read_text()
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    found = [(word, rest.strip()) for word, _, rest in (x.partition(" ") for x in text.split("\n"))]
    defaults = dict(rest.split("=", 1) for word, rest in found if word == "ARG" and "=" in rest)
    return [
        (word, re.sub(r"\$\{(\w+)\}", lambda match: defaults[match[1]], rest))
        for word, rest in found
        if word
    ]


def last(word: str) -> str:
    return [rest for each, rest in instructions() if each == word][-1]


@pytest.mark.parametrize(
    ("image", "warns"),
    [
        ("python:3.11-slim-bookworm", True),
        (f"{'1' * 12}.dkr.ecr.us-east-1.amazonaws.com/python:3.11", True),
        (f"python:3.11-slim-bookworm@sha256:{'a' * 64}", False),
    ],
)
def test_a_base_without_a_digest_is_warned_about(image: str, warns: bool) -> None:
    text = (REFERENCE / "Dockerfile").read_text()
    assert "\nARG BASE_IMAGE\n" in text
    (script,) = re.findall(r"^RUN (case .+?esac)$", text, re.MULTILINE | re.DOTALL)
    done = subprocess.run(
        ["sh", "-c", script],
        env={"BASE_IMAGE": image},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    assert (f"warning: {image} names no digest" in done.stderr) is warns


def test_the_entrypoint_is_in_exec_form_so_that_sigterm_reaches_the_server() -> None:
    program = json.loads(last("ENTRYPOINT"))
    assert program == ["python", "/opt/program/serve.py"]


def test_the_default_command_is_the_one_that_sagemaker_gives() -> None:
    assert json.loads(last("CMD")) == ["serve"]


def test_the_user_is_a_number_other_than_root_so_that_kubernetes_can_check_it() -> None:
    assert int(last("USER")) > 0


def test_the_contracts_port_is_exposed() -> None:
    assert last("EXPOSE") == "8080"


def test_the_writable_directory_is_declared_while_root_still_owns_the_build() -> None:
    words = [word for word, _ in instructions()]
    assert json.loads(last("VOLUME")) == ["/tmp"]
    assert words.index("VOLUME") < words.index("USER")


def test_nothing_ties_the_image_to_one_processor_architecture() -> None:
    assert "--platform" not in last("FROM")


def test_every_program_file_is_copied() -> None:
    copied = {name for word, rest in instructions() if word == "COPY" for name in rest.split()[:-1]}
    held = {path.name for path in REFERENCE.iterdir() if path.is_file()}
    assert copied == held - {"Dockerfile"}


def test_the_image_holds_the_versions_that_are_tested_here() -> None:
    text = (REFERENCE / "requirements.txt").read_text()
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))
    assert {"flask", "gunicorn", "scikit-learn", "joblib"} <= pins.keys()
    assert pins == {name: version(name) for name in pins}
