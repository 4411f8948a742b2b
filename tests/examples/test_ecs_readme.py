"""The READMEs of modules/ecs and modules/alb: their examples run and synthesize."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inferform import EcsService
from inferform.spec import problems_of

from . import readme


def test_the_examples_of_ecs_synthesize(synthesize: Callable[..., Any]) -> None:
    smallest, largest, *parts = readme.run("modules/ecs/README.md")
    assert all(any(isinstance(each, EcsService) for each in part.values()) for part in parts)
    assert problems_of(smallest["dev"]) == []
    # its schedules own the bounds of one service
    assert problems_of(largest["prod"]) == []
    stacks = synthesize(smallest["dev"], largest["prod"])
    assert len(stacks["dev-use1-inference"]["resource"]["aws_ecs_service"]) == 1
    assert len(stacks["prod-euw1-inference"]["resource"]["aws_ecs_service"]) == 3
    assert "secretsmanager-interface" in str(stacks["prod-euw1-network"])


def test_the_examples_of_alb_are_what_the_text_says() -> None:
    made, by_calls, by_port, by_grpc = readme.run("modules/alb/README.md")
    assert made["internal"].internal
    assert made["everything_else"].rule_priority > made["fraud"].rule_priority
    assert by_calls["by_calls"].route.protocol_version == "GRPC"
    assert by_port["tcp"].internal
    assert by_port["passed_on"].certificate is None
    assert by_port["tls_taken_off"].certificate is not None
    assert by_grpc["triton"].route.alpn == "HTTP2Preferred"
