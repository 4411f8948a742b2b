"""Hints name what was meant, or nothing."""

from __future__ import annotations

import pytest

from inferform.rules import nearest

TYPES = ("ml.c5.large", "ml.m5.large", "ml.r5.large", "ml.m5.xlarge", "ml.g5.xlarge")


@pytest.mark.parametrize(
    ("wrong", "known", "meant"),
    [
        ("frod", ["fraud", "scorer"], "fraud"),
        ("sklearn", ["scikit-learn", "pytorch"], "scikit-learn"),
        ("m5.large", TYPES, "ml.m5.large"),
        ("EXTENDED", ["extended", "standard"], "extended"),
        ("instance", ["instance_type", "initial_count"], "instance_type"),
    ],
)
def test_a_slip_gets_the_one_name_that_was_meant(wrong: str, known: list[str], meant: str) -> None:
    assert nearest(wrong, known) == [meant]


def test_the_beginning_of_several_names_is_none_of_them_alone() -> None:
    known = ["huggingface-pytorch", "huggingface-tgi", "pytorch", "huggingfaces"]
    assert nearest("HuggingFace", known) == ["huggingface-pytorch", "huggingface-tgi"]
    assert nearest("pytorch-neuron", ["pytorch", "pytorch-neuronx"]) == ["pytorch-neuronx"]


@pytest.mark.parametrize(
    ("wrong", "known"),
    [
        ("min_capacity", ["max_capacity"]),
        ("us-east-9", ["us-east-1", "us-east-2"]),
        ("gpu", ["cpu"]),
        ("success_topic", ["error_topic"]),
        ("prod", ["dev", "staging"]),
    ],
)
def test_another_thing_with_a_like_name_is_no_hint(wrong: str, known: list[str]) -> None:
    assert nearest(wrong, known) == []
