"""The workflows of GitHub: this repository's own, and those that `inferform init` writes."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from ops import model_repository
from ops.init import Answers, render
from ops.model_repository import ModelAnswers

OWN = Path(__file__).resolve().parent.parent / ".github" / "workflows"
KEYS = ["dev-use1", "staging-use1", "prod-use1"]


def _written() -> Path:
    """A folder with the workflows of repositories as `inferform init` makes them."""
    folder = Path(tempfile.mkdtemp(prefix="workflows-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    stages = ("dev", "staging", "prod")
    answers = Answers("acme", "111122223333", "us-east-1", stages, "ml", "github", "pipenv")
    model = ModelAnswers("fraud", "acme", "111122223333", "us-east-1", ("dev",), "ml", "github")
    made = render(answers, KEYS) | model_repository.render(model)
    for path, text in made.items():
        if path.suffix == ".yml" and path.parent.name == "workflows":
            (folder / path.name).write_text(text, encoding="utf-8")
    return folder


WRITTEN = _written()
"""The folder of the workflows that `inferform init` writes."""

FILES = sorted((*OWN.glob("*.yml"), *WRITTEN.glob("*.yml")), key=lambda file: file.name)
