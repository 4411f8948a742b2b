"""The changelog is made of the files in changes/, and a release takes its notes from it."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT

TYPES = {
    each["directory"]: each["showcontent"]
    for each in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["towncrier"][
        "type"
    ]
}
DATED = "# Changelog\n\n## 1.2.0 (2026-12-01)\n\n### Added\n\n- A thing.\n\n## 1.1.0 (2026-11-01)\n"


def test_every_file_of_changes_is_of_a_type_that_the_changelog_knows() -> None:
    for file in (ROOT / "changes").glob("*.md"):
        named = re.fullmatch(rf"[a-z0-9-]+\.({'|'.join(TYPES)})\.md", file.name)
        assert named, f"{file.name}: call it SHORT-NAME.{'|'.join(TYPES)}.md"
        assert file.read_text("utf-8").strip() or not TYPES[named[1]], file.name


@pytest.mark.skipif(
    importlib.util.find_spec("towncrier") is None, reason="towncrier is not installed"
)
def test_towncrier_makes_a_section_of_them_in_the_form_of_the_changelog(tmp_path: Path) -> None:
    (tmp_path / "changes").mkdir()
    for name in ("pyproject.toml", "changes/template.jinja"):
        (tmp_path / name).write_text((ROOT / name).read_text("utf-8"), "utf-8")
    for name, text in {"a.added": "Two\nlines.", "b.fixed": "One.", "c.internal": "No."}.items():
        (tmp_path / "changes" / f"{name}.md").write_text(text + "\n", "utf-8")
    shown = subprocess.run(
        [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "1", "--date", "day"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown.strip() == "## 1 (day)\n\n### Added\n\n- Two\n  lines.\n\n### Fixed\n\n- One."


def _notes(folder: Path, *tag: str) -> subprocess.CompletedProcess[str]:
    (folder / ".github").mkdir(exist_ok=True)
    script = folder / ".github" / "notes.py"
    script.write_text((ROOT / ".github" / "notes.py").read_text("utf-8"), "utf-8")
    command = [sys.executable, str(script), *tag]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_release_has_the_section_of_its_version_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(DATED)
    assert _notes(tmp_path, "v1.2.0").stdout == "### Added\n\n- A thing.\n"


@pytest.mark.parametrize(
    ("tag", "changelog", "left", "says"),
    [
        ("v1.1.0", DATED, "", "is not v1.2.0"),
        ("v1.2.0", DATED, "new.added.md", "changes/ has new.added.md"),
        ("v1.2.0", "## 1.2.0 (unreleased)\n", "", "no section 1.2.0 with a date"),
    ],
)
def test_a_tag_whose_changelog_is_not_written_is_refused(
    tag: str, changelog: str, left: str, says: str, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(changelog)
    (tmp_path / "changes").mkdir()
    if left:
        (tmp_path / "changes" / left).touch()
    done = _notes(tmp_path, tag)
    assert done.returncode == 1
    assert says in done.stderr
