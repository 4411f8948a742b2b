"""Measures stacks of many endpoints on an emulator of its own.

`python -m bench.large 100 500 2000` deploys an inference layer with so many endpoints, plans it again
with and without reading AWS, and prints seconds, the peak memory of Terraform with its provider, and
the size of the state. Answers of the emulator take longer than a processor and less than AWS would: it
shows what Terraform itself takes, and how that grows.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from inferform import load
from inferform_emulator.process import Emulator, serve
from inferform_ops.aws import Aws
from inferform_ops.bootstrap import bootstrap
from inferform_ops.program import Program
from inferform_ops.state import States
from inferform_ops.terraform import Stack, contents_of, terraform_binary

from .catalogue import write
from .measure import MEASURED, Part, Runs, measure, pin
from .project import network

STEPS = {
    "apply": ("apply", "-auto-approve"),
    "plan": ("plan", "-lock=false"),
    "plan without reading AWS": ("plan", "-lock=false", "-refresh=false"),
}


def large(sizes: Sequence[int]) -> Part:
    """Each size in an emulator of its own, from nothing."""
    part = Part(
        "One stack of many endpoints on the emulator",
        ("endpoints", *MEASURED, "resources", "state in KiB"),
    )
    for endpoints in sizes:
        with serve() as emulator, tempfile.TemporaryDirectory() as temporary:
            _one(part, endpoints, emulator, Path(temporary))
    return part


def _one(part: Part, endpoints: int, emulator: Emulator, folder: Path) -> None:
    context = load(write(folder / "first", 1)).environments["bench-use1"].context
    aws = Aws(context, emulator=emulator)
    bootstrap(context, aws)
    vpc, subnets = network(aws)
    environments = write(folder / "environments", endpoints, vpc=vpc, subnets=subnets)
    program = Program(emulator, environments, folder / "cdktf.out")
    (stack,) = program.synthesize().stacks
    variables = program.terraform_environment()
    ready = stack.init(variables)
    if ready.status:
        sys.exit(ready.output)
    for name, arguments in STEPS.items():
        run = measure(_command(stack, *arguments), variables)
        resources, size = _state(aws, stack)
        part.add(f"{endpoints}: {name}", Runs((run,)), str(resources), str(size))


def _command(stack: Stack, *arguments: str) -> list[str]:
    common = ("-no-color", "-input=false")
    return [terraform_binary(), f"-chdir={stack.folder}", *arguments, *common]


def _state(aws: Aws, stack: Stack) -> tuple[int, int]:
    """The resources of a stack's state, and its size in KiB."""
    state = States(aws, contents_of([stack])).read(stack.layer)
    if state is None:
        sys.exit(f"{stack.name} has no state")
    answer = aws.client("s3").head_object(Bucket=stack.backend["bucket"], Key=stack.backend["key"])
    return len(state.resources), answer["ContentLength"] // 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and answer the exit status."""
    from .__main__ import show

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("endpoints", type=int, nargs="*", default=[100, 500, 2000])
    options = parser.parse_args(arguments)
    pin()
    show(large(options.endpoints))
    return 0


if __name__ == "__main__":
    sys.exit(main())
