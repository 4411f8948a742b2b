"""The steps of a new user, each with what must be seen."""

from __future__ import annotations

import json

from .clean import User

NAME = ("--organization", "globex", "--account", "210987654321", "--region", "eu-west-1")


def init(user: User) -> None:
    """Make a repository."""
    stages = ("--stage", "dev", "--stage", "prod")
    user.run("inferform", "init", "mine", *NAME, *stages, "--package", "pyproject")
    user.folder /= "mine"
    assert (user.folder / "tests" / "golden" / "prod-euw1-inference.json").is_file()


def doctor(user: User) -> None:
    """See that the machine has what is needed."""
    user.run("inferform", "doctor", "--json")


def demo(user: User) -> None:
    """Deploy onto the emulator, and see the endpoint answer."""
    shown = user.run("inferform", "demo")
    assert "globex-dev-euw1-scoring" in shown
    assert "InService" in shown
    assert "invoked globex-dev-euw1-scoring" in shown
    assert "refused" not in shown


def review(user: User) -> None:
    """Review a change."""
    file = user.folder / "environments" / "dev.py"
    text = file.read_text("utf-8")
    file.write_text(text.replace('"1.0.0"', '"1.1.0"'), encoding="utf-8")
    shown = user.run("inferform", "review", "dev", "--emulator", "--no-preflight")
    assert "1.0.0 → globex-dev-euw1-scoring:1.1.0" in shown
    file.write_text(text, encoding="utf-8")


def test(user: User) -> None:
    """Run the repository's own tests, and see them notice a change of a stack."""
    assert "2 passed" in user.run("python", "-m", "pytest", "-q")


def destroy(user: User) -> None:
    """Remove everything."""
    assert "nothing is left" in user.run("inferform", "demo", "--destroy")
    done = user.run("inferform", "doctor", "--json")
    assert json.loads(done)["ready"]


STEPS = (init, demo, doctor, review, test, destroy)
