"""`python -m tests.documents` writes every generated part of the documents."""

from __future__ import annotations

from .generated import GENERATED, with_part

if __name__ == "__main__":
    for part in GENERATED:
        text = part.file.read_text("utf-8") if part.file.exists() else ""
        part.file.write_text(with_part(text, part.name, part.make()), encoding="utf-8")
