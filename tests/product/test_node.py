"""cdktf on a Node.js for which its pseudo-terminal has no build, such as 24."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from inferform_ops.node import PTY

PACKAGE = "@cdktf/node-pty-prebuilt-multiarch"
# As @cdktf/cli-core uses it (src/lib/models/pty-process.js).
PROGRAM = f"""
const pty = require("{PACKAGE}");
const [file, ...args] = JSON.parse(process.argv[2]);
const process_ = pty.spawn(file, args, {{ cwd: process.cwd(), env: {{ ...process.env, SEEN: "yes" }} }});
let data = "";
process_.onData((chunk) => {{ data += chunk; if (chunk.includes("waiting")) process_.write("\\x03"); }});
process_.onExit(({{ exitCode }}) => console.log(JSON.stringify({{ data, exitCode }})));
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose pseudo-terminal fails as the real one does without a build."""
    package = tmp_path / "node_modules" / PACKAGE
    package.mkdir(parents=True)
    (package / "index.js").write_text(
        "try { require('../build/Debug/pty.node') }\n"
        "catch (inner) { console.error('innerError', inner); require('../build/Release/pty.node') }\n"
    )
    (tmp_path / "program.js").write_text(PROGRAM)
    return tmp_path


def _run(folder: Path, *command: str, options: str = PTY) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["node", "program.js", json.dumps(command)],
        cwd=folder,
        env={**os.environ, "NODE_OPTIONS": options},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_build_it_runs_over_pipes_and_says_nothing_of_it(project: Path) -> None:
    assert _run(project, "true", options="").returncode != 0
    done = _run(project, "sh", "-c", "echo $SEEN; echo no >&2; exit 3")
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert answer["exitCode"] == 3
    assert sorted(answer["data"].split()) == ["no", "yes"]


def test_an_interrupt_reaches_the_program(project: Path) -> None:
    done = _run(
        project, "sh", "-c", "trap 'exit 7' INT; echo waiting; sleep 60 > /dev/null 2>&1 & wait $!"
    )
    assert json.loads(done.stdout)["exitCode"] == 7


def test_a_program_that_is_missing_ends_with_the_status_of_a_shell(project: Path) -> None:
    assert json.loads(_run(project, "/nonexistent").stdout)["exitCode"] == 127


def test_one_that_has_a_build_is_left_alone(project: Path) -> None:
    package = project / "node_modules" / PACKAGE / "index.js"
    package.write_text(
        "exports.spawn = () => ({ onData(on) { on('own') }, onExit(on) { on({ exitCode: 0 }) } })"
    )
    assert json.loads(_run(project, "false").stdout) == {"data": "own", "exitCode": 0}
