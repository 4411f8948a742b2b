"""`inferform tour`: what Inferform does, shown in chapters on an emulator, with a record of it in HTML.

Nothing is staged but AWS: the commands are those that people type, Terraform and git are the real ones, and
what trains, evaluates and measures are programs that run.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .chapters import CHAPTERS, Chapter
from .place import opened
from .record import Record

__all__ = ["CHAPTERS", "Chapter", "guide"]


def guide(folder: Path, page: Path, chapters: Iterable[Chapter] = CHAPTERS) -> None:
    """Show the chapters in a new project in `folder`, and write the record to `page`.

    The record is written after each chapter, so that it is there where one fails.
    """
    record = Record(page)
    with opened(folder, record) as tour:
        for chapter in chapters:
            with record.chapter(chapter.title, chapter.words):
                chapter.run(tour)
