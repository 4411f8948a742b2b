"""What a tour is made of: its record, its rows, and the workflow that it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.tour import CHAPTERS, rows
from ops.tour.place import EXAMPLE, WORKFLOW
from ops.tour.record import Record
from tests.conftest import ROOT


def test_the_record_keeps_what_was_shown_as_it_was(tmp_path: Path) -> None:
    record = Record(tmp_path / "deep/tour.html")
    with record.chapter("First", "What <is> shown."):
        record.say("a < b & c")
        record.show("inferform status dev", "one\n  two\n")
        record.show("git diff main", "-old\n+new\n same\n")
    page = record.page.read_text("utf-8")
    assert "What &lt;is&gt; shown." in page
    assert "<p>a &lt; b &amp; c</p>" in page
    assert "<pre><b>$ inferform status dev</b>one\n  two</pre>" in page
    assert '<span class="removed">-old</span>\n<span class="added">+new</span>\n same' in page
    assert '<span class="quiet">done, 0 s</span>' in page


def test_a_page_is_kept_in_a_frame_in_which_nothing_runs(tmp_path: Path) -> None:
    record = Record(tmp_path / "tour.html")
    with record.chapter("First", "It is drawn."):
        record.keep("The <dashboard>", '<p class="a">1 < 2</p><script>no()</script>')
    page = record.page.read_text("utf-8")
    framed = "&lt;p class=&quot;a&quot;&gt;1 &lt; 2&lt;/p&gt;&lt;script&gt;no()&lt;/script&gt;"
    assert "<p>The &lt;dashboard&gt;</p>" in page
    assert f'<iframe sandbox srcdoc="{framed}" title="The &lt;dashboard&gt;"></iframe>' in page
    assert "<script" not in page


def test_the_record_of_a_chapter_that_fails_is_written_too(tmp_path: Path) -> None:
    record = Record(tmp_path / "tour.html")

    def failing() -> None:
        with record.chapter("First", "It fails."):
            record.say("before")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        failing()
    page = record.page.read_text("utf-8")
    assert "before" in page
    assert "failed, 0 s" in page


def test_control_characters_of_an_output_reach_no_page(tmp_path: Path) -> None:
    record = Record(tmp_path / "tour.html")
    with record.chapter("First", "It is shown."):
        record.show("inferform status", "a\x1b[31mb")
    assert "\x1b" not in record.page.read_text("utf-8")


def test_chapters_have_titles_of_their_own() -> None:
    titles = [chapter.title for chapter in CHAPTERS]
    assert len({*titles}) == len(titles)


def test_rows_are_the_same_each_time_and_only_the_shifted_column_moves() -> None:
    first, again, moved = ([*rows.drawn(200, 4, shift)] for shift in (0, 0, 2))
    assert first == again
    assert [row[1:] for row in moved] == [row[1:] for row in first]
    assert all(b[0] == pytest.approx(a[0] + 2) for a, b in zip(first, moved, strict=True))


def test_the_workflow_of_the_tour_is_the_documented_one() -> None:
    text = (ROOT / "modules/events/README.md").read_text("utf-8")
    documented = text.split("```yaml\n", 1)[1].split("```", 1)[0]
    assert (EXAMPLE / WORKFLOW).read_text("utf-8").split("\n", 1)[1] == documented
