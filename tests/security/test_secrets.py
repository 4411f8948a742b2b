"""No secret is written: not by synthesis, and not from the shell that runs it."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

from tests.conftest import Synthesized, run_main
from tests.security.secrets import holding, kinds_of_secrets

SHELL = {
    "AWS_ACCESS_KEY_ID": "AKIAQYLPMN5HHHFPZAM2",
    "AWS_SECRET_ACCESS_KEY": "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",
    "AWS_SESSION_TOKEN": "canary-of-a-session-token",
    "GITHUB_TOKEN": "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",
    "DATABASE_PASSWORD": "canary-of-a-password",
}


def test_the_scan_finds_secrets(tmp_path: Path) -> None:
    for name, value in SHELL.items():
        (tmp_path / f"{name}.json").write_text(json.dumps({name.lower(): value}, indent=1))
    bot = f"{'12345678' * 2}:{'k' * 35}"
    (tmp_path / "bots.json").write_text(f'["{bot[8:]}"]\n["arn:aws:sns:us-east-1:{bot[4:]}"]')
    found = "\n".join(kinds_of_secrets(tmp_path))
    assert re.findall(r"bots.json:(\d+): (.+)", found) == [("1", "Telegram Bot Token")]
    for kind in ("AWS Access Key", "GitHub Token", "Secret Keyword"):
        assert kind in found
    with zipfile.ZipFile(tmp_path / "plan", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tfplan", SHELL["DATABASE_PASSWORD"] * 9)
    assert holding(tmp_path, ["canary-of-a-password"]) == ["DATABASE_PASSWORD.json", "plan"]


def test_no_synthesized_stack_holds_a_secret(everything: Synthesized, tmp_path: Path) -> None:
    assert len(everything) > 30
    # Each line is judged by itself: those that stand in an earlier stack are not judged again.
    judged: set[str] = set()
    for name, stack in everything.items():
        lines = {line.strip(): None for line in json.dumps(stack, indent=1).splitlines()}
        new = [line for line in lines if line not in judged]
        (tmp_path / f"{name}.json").write_text("\n".join(new), encoding="utf-8")
        judged.update(new)
    assert len(judged) > 1000
    assert list(kinds_of_secrets(tmp_path)) == []


def test_what_the_shell_knows_does_not_get_into_the_output(tmp_path: Path) -> None:
    done = run_main("--outdir", str(tmp_path), variables=SHELL)
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("stacks/*/cdk.tf.json"))) >= 9
    assert holding(tmp_path, SHELL.values()) == []
    assert not any(secret in done.stdout + done.stderr for secret in SHELL.values())
