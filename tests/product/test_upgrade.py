"""What is said of two versions' stacks; test_clean.py takes real ones from two wheels."""

from __future__ import annotations

from typing import Any

from inferform_ops.upgrade import Difference, as_json, compare


def _stack(**resources: dict[str, Any]) -> dict[str, Any]:
    return {"//": {"metadata": {"version": "1"}}, "resource": {"aws_sqs_queue": resources}}


QUEUE = {"name": "jobs", "delay_seconds": 5, "//": {"metadata": {"path": "a"}}}


def test_versions_that_write_the_same_differ_in_nothing() -> None:
    noted = QUEUE | {"//": {"metadata": {"path": "b"}}}
    assert compare({"s": _stack(a=QUEUE)}, {"s": _stack(a=noted)}) == []


def test_an_attribute_that_changes_is_named_with_both_values() -> None:
    [found] = compare({"s": _stack(a=QUEUE)}, {"s": _stack(a=QUEUE | {"delay_seconds": 9})})
    assert found == Difference("s", "aws_sqs_queue.a", "changed", {"delay_seconds": (5, 9)})
    assert not found.renamed


def test_another_name_in_aws_is_told_as_one_that_is_made_anew() -> None:
    [found] = compare({"s": _stack(a=QUEUE)}, {"s": _stack(a=QUEUE | {"name": "work"})})
    assert found.renamed
    assert as_json([found])[0]["attributes"] == {"name": {"before": "jobs", "after": "work"}}


def test_an_address_that_moves_is_no_removal_where_the_new_version_says_so() -> None:
    old, new = _stack(a=QUEUE), _stack(b=QUEUE)
    unsaid = compare({"s": old}, {"s": new})
    assert [(each.address, each.how) for each in unsaid] == [
        ("aws_sqs_queue.b", "added"),
        ("aws_sqs_queue.a", "removed"),
    ]
    moved = new | {"moved": [{"from": "aws_sqs_queue.a", "to": "aws_sqs_queue.b"}]}
    [said] = compare({"s": old}, {"s": moved})
    assert (said.how, said.origin, said.attributes) == ("moved", "aws_sqs_queue.a", {})


def test_stacks_and_other_blocks_are_compared_too() -> None:
    found = compare(
        {"gone": _stack(), "s": {"terraform": {"required_version": ">= 1.11.0"}}},
        {"new": _stack(), "s": {"terraform": {"required_version": ">= 1.14.0"}}},
    )
    assert [(each.stack, each.address, each.how) for each in found] == [
        ("gone", "", "removed"),
        ("new", "", "added"),
        ("s", "terraform", "changed"),
    ]
