"""Stacks that Terraform plans by itself: `terraform_data` needs no provider and no AWS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ops.terraform import Stack


def written(folder: Path, value: str, **more: Any) -> Stack:
    """A stack with one resource, and what else is given, in a folder that has its name."""
    folder.mkdir(exist_ok=True)
    content = {"resource": {"terraform_data": {"x": {"input": value}}}, **more}
    (folder / "cdk.tf.json").write_text(json.dumps(content), encoding="utf-8")
    return Stack(folder.name, folder, ())


def applied(stack: Stack, environment: Mapping[str, str]) -> Stack:
    """The same stack, deployed."""
    ready = stack.init(environment)
    assert ready.status == 0, ready.output
    done = stack.run("apply", "-auto-approve", "-input=false", environment=environment)
    assert done.status == 0, done.output
    return stack
