"""What tests know of each capability is found by itself, and said once."""

from __future__ import annotations

import pytest

from tests.capabilities import capabilities, reasons, together


def test_every_file_beside_the_record_is_a_capability() -> None:
    assert {"alb", "ecs", "eks", "sagemaker", "vpc"} <= capabilities().keys()
    assert "record" not in capabilities()


def test_what_two_capabilities_say_of_the_same_is_refused() -> None:
    assert together([{"aws_a": "a:CreateA"}, {"aws_b": "b:CreateB"}]).keys() == {"aws_a", "aws_b"}
    with pytest.raises(ValueError, match="two capabilities speak of aws_a"):
        together([{"aws_a": "a:CreateA"}, {"aws_a": "a:PutA"}])


def test_a_reason_of_several_capabilities_has_the_names_of_all() -> None:
    found = reasons([{"because": ("A.a",)}, {"because": ("B.b",), "other": ("B.c",)}])
    assert found == {"because": ("A.a", "B.b"), "other": ("B.c",)}
