"""What tables look like where the terminal is narrow."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops import output
from ops.commands.deploy import tell_next
from ops.environments import environments
from ops.errors import BadInputError

ARN = "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/acme-prod-euw1-fraud"
WORDS = st.text("abcdefgh-:/.", min_size=0, max_size=60)
TEXTS = st.lists(WORDS, min_size=0, max_size=5).map(" ".join)


def printed(columns: list[str], rows: list[list[str]], width: int) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(output.stdout, "width", width)
        with output.stdout.capture() as capture:
            output.print_table(columns, rows)
    return capture.get().splitlines()


def test_a_table_that_fits_has_a_line_for_each_row() -> None:
    lines = printed(["name", "status"], [["fraud", "InService"], ["churn", "Updating"]], 80)
    assert [line.split() for line in lines if "fraud" in line] == [["fraud", "InService"]]


def test_names_that_do_not_fit_are_whole_in_paragraphs() -> None:
    lines = printed(["name", "arn", "status"], [["fraud", ARN, "InService"]], 80)
    assert [line.strip() for line in lines if line.strip()] == [
        "fraud",
        f"arn     {ARN}",
        "status  InService",
    ]


def test_two_columns_that_do_not_fit_are_a_line_for_each_row() -> None:
    lines = printed(["what", "is"], [["endpoint", "fraud"], ["version", ARN]], 60)
    assert [line for line in "\n".join(lines).split() if line] == [
        "endpoint",
        "fraud",
        "version",
        ARN,
    ]
    assert lines[0].rstrip() == "endpoint  fraud"


@given(st.lists(st.tuples(WORDS, WORDS, TEXTS), max_size=4), st.integers(20, 160))
def test_no_name_is_cut_or_broken_at_any_width(rows: list[tuple[str, ...]], width: int) -> None:
    lines = printed(["name", "arn", "found"], [list(row) for row in rows], width)
    words = [word for line in lines for word in line.split()]
    for row in rows:
        assert all(word in words for cell in row for word in cell.split())


@given(st.lists(st.tuples(WORDS, TEXTS), max_size=4), st.integers(20, 160))
def test_a_table_is_no_wider_than_the_terminal(rows: list[tuple[str, ...]], width: int) -> None:
    lines = printed(["name", "found"], [list(row) for row in rows], width)
    is_table = any("─" in line for line in lines)
    assert not is_table or max(map(len, lines)) <= width


def next_steps(layers: dict[str, set[str]], *, emulated: bool) -> list[str]:
    with output.stdout.capture() as capture:
        tell_next(environments().environments, layers, emulated=emulated)
    return [line.strip() for line in capture.get().splitlines() if line.strip()]


def test_a_deploy_ends_with_what_is_in_service_and_what_to_do_next() -> None:
    lines = next_steps({"prod-euw1": {"network", "inference"}}, emulated=False)
    shown = [line.split() for line in lines]
    assert ["endpoint/fraud", "acme-prod-euw1-fraud", "prod-euw1"] in shown
    assert ["endpoint/ranking", "acme-prod-euw1-ranking", "prod-euw1"] in shown
    (call,) = [line for line in lines if line.startswith("call")]
    assert "--endpoint-name acme-prod-euw1-fraud --region eu-west-1" in call
    assert "next      inferform verify prod-euw1" in lines


def test_a_deploy_of_a_network_alone_has_nothing_in_service_to_show() -> None:
    lines = next_steps({"prod-euw1": {"network"}, "gone": {"inference"}}, emulated=True)
    assert lines == [
        "next      inferform verify prod-euw1 --emulator",
        "inferform status prod-euw1 --emulator",
    ]


def test_a_file_is_written_with_its_folder_or_refused(tmp_path: Path) -> None:
    file = tmp_path / "new" / "page.html"
    output.write(file, "é\n")
    assert file.read_bytes() == "é\n".encode()
    output.write(file, b"0")
    assert file.read_bytes() == b"0"
    for wrong in (file / "page.html", tmp_path):
        with pytest.raises(BadInputError, match="cannot be written"):
            output.write(wrong, "")
