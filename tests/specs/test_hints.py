"""Hints name what was meant, or nothing."""

from __future__ import annotations

import pytest

from inferform import Channel, EcsService, SpecError
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


def test_a_base_that_nobody_can_import_is_told_by_what_builds_on_it() -> None:
    with pytest.raises(SpecError) as refused:
        EcsService(sidecars={"agent": True})  # type: ignore[call-arg, dict-item]
    assert "sidecars.agent: must be a SideCar, FireLens or Adot, got True [" in str(refused.value)
    with pytest.raises(SpecError) as refused:
        Channel(uri=3)  # type: ignore[arg-type]
    assert "uri: must be a string, FromStep, FromInput, Param, " in str(refused.value)
