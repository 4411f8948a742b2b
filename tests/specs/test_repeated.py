"""Keys that a dict of an environment file gets twice are found by what they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from inferform.repeated import repeated_keys


def found(folder: Path, text: str) -> list[tuple[str, str | None]]:
    file = folder / "dev.py"
    file.write_text(text, encoding="utf-8")
    namespace: dict[str, object] = {}
    exec(compile(text, str(file), "exec"), namespace)
    return [(problem.rule, problem.at) for problem in repeated_keys(file, namespace)]


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        ('x = {"a": 1,\n"a": 2}', "ENV4", 2),
        ('A = "a"\nx = {A: 1,\n"a": 2}', "ENV4", 3),
        ('A = "a"\nB = "a"\nx = {A: 1,\nB: 2}', "ENV4", 4),
        ('import string\nx = {string.digits: 1,\n"0123456789": 2}', "ENV4", 3),
        ('x = {"a": 1} | {\n"a": 2}', "ENV4", 2),
        ('x = {"a": 1} | {"b": 1} | {\n"a": 2}', "ENV4", 2),
        ('x = {"a": 1, **{\n"a": 2}}', "ENV4", 2),
        ('X = {"a": 1}\nY = {"a": 2}\nz = X | Y', "ENV9", 3),
        ('X = {"a": 1}\nz = {"a": 2} | X', "ENV9", 2),
        ('X = {"a": 1}\nz = {"a": 2, **X}', "ENV9", 2),
    ],
)
def test_a_key_that_comes_twice_is_found(tmp_path: Path, text: str, rule: str, line: int) -> None:
    assert found(tmp_path, text) == [(rule, f"dev.py:{line}")]


@pytest.mark.parametrize(
    "text",
    [
        'x = {"a": {"b": 1}, "b": {"b": 1}}',
        'X = {"a": 1}\nz = X | {"a": 2}',
        'X = {"a": 1}\nz = {**X, "a": 2}',
        'x = [{n: 1, "c": 2} for n in "abc"]',
        'for n in "abc":\n    x = {n: 1, "c": 2}',
        'A = "a"\nx = {A: 1, "b": 2}\nA = "b"',
        'A = "a"\ndef f(A):\n    return {A: 1, "a": 2}',
        "x = 1 | 2",
    ],
)
def test_what_is_meant_or_not_known_is_no_repetition(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, text) == []
