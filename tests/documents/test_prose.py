"""Docstrings, messages and documents say what they say in the field's own words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

from .prose import main, odd, odd_in, texts

FOLDERS = ("modules", "ops", "emulator")
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "changes/*.md", "docs/**/*.md", "modules/*/README.md", "emulator/*.md")
    for path in ROOT.glob(pattern)
)


@pytest.mark.parametrize("folder", FOLDERS)
def test_docstrings_and_messages_are_plain(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    assert [each for file in files for each in odd_in(file)] == []


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_documents_are_plain(file: Path) -> None:
    assert odd_in(file) == []


def test_an_odd_word_is_found_across_lines() -> None:
    assert odd("What is kept. Without\n    it, none.") == [
        "'Without it, none': write Default: True, none, 30"
    ]
    assert odd("mend the cause") == ["'mend': write fix"]
    assert odd("The topics that are told when an alarm\nsounds.") == [
        "'alarm sounds': write fires",
        "'topics that are told': write is notified",
    ]
    assert odd("Default: none. Recommended. What may go on this line.") == []


def test_the_texts_of_a_module_are_its_docstrings_and_its_messages(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text('"""Says it."""\n\nprint(f"mended {1} of them", "or "\n  "not")\n', "utf-8")
    assert {(1, "Says it."), (3, "mended … of them"), (3, "or not")} <= set(texts(file))


def test_pre_commit_names_the_file_the_line_and_what_to_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module, document = tmp_path / "module.py", tmp_path / "README.md"
    module.write_text('def a():\n    """Mends it: mend."""\n', "utf-8")
    document.write_text("All is well.\n", "utf-8")
    assert main([str(document)]) == 0
    assert main([str(module), str(document)]) == 1
    assert capsys.readouterr().out == f"{module}:2 'mend': write fix\n"
    hooks = {
        hook["id"]: hook
        for repo in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
        for hook in repo["hooks"]
    }
    assert hooks["prose"]["entry"] == ".venv/bin/python -m tests.documents.prose"
    taken = re.compile(hooks["prose"]["files"])
    assert all(taken.search(str(file.relative_to(ROOT))) for file in DOCUMENTS)
    assert all(taken.search(f"{folder}/a/b.py") for folder in FOLDERS)
    assert "codespell" in hooks
