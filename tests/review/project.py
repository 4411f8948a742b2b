"""A project in a Git repository of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from ops.review.source import Source, source_of

NOBODY = {
    **{
        f"GIT_{who}_{what}": "nobody@example"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("EMAIL", "NAME")
    },
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


class Project:
    """A small project in a repository of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("cdktf.json", "{}")
        self.write("environments/dev.py", "dev = 1\n")
        self.write(".gitignore", "cdktf.out/\nenvironments/mine.py\n*.pyc\n")
        self.git("init", "-q", "-b", "main")
        self.commit("Begin")

    def write(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.folder), "-c", "protocol.file.allow=always", *arguments],
            env={**os.environ, **NOBODY},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.head

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    @property
    def source(self) -> Source:
        return source_of(self.folder)
