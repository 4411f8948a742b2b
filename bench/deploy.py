"""Deploying: `cdktf deploy` against plain Terraform, on an emulator of its own."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from inferform import load
from inferform_emulator.process import serve
from inferform_ops import cdk
from inferform_ops.aws import Aws
from inferform_ops.bootstrap import bootstrap
from inferform_ops.program import Program
from inferform_ops.side_by_side import stacks_at_a_time
from inferform_ops.terraform import Stack

from .catalogue import write
from .measure import Part


def overhead(endpoints: int, groups: int, rounds: int) -> Part:
    """Both ways from nothing and with nothing to change, synthesis and `init` included."""
    part = Part(
        f"{groups} stacks with {endpoints} endpoints on the emulator, in seconds",
        ("", "cdktf deploy", "plain Terraform", "overhead"),
    )
    taken: dict[str, dict[str, list[float]]] = {
        case: {"cdktf": [], "terraform": []} for case in ("created", "nothing to change")
    }
    with serve() as emulator, tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        first = load(write(folder / "first", 1)).environments["bench-use1"]
        aws = Aws(first.context, emulator=emulator)
        bootstrap(first.context, aws)
        vpc, subnets = network(aws)
        environments = write(
            folder / "environments", endpoints, groups=groups, vpc=vpc, subnets=subnets
        )
        program = Program(emulator, environments, folder / "cdktf.out")
        for _ in range(rounds):
            for way, deploy in (("cdktf", _by_cdktf), ("terraform", _by_terraform)):
                for case in taken.values():
                    shutil.rmtree(program.outdir, ignore_errors=True)
                    case[way].append(_seconds(lambda deploy=deploy: deploy(program)))  # type: ignore[misc]
                _destroy(program)
    for name, ways in taken.items():
        by_cdktf, plain = min(ways["cdktf"]), min(ways["terraform"])
        part.rows.append((name, f"{by_cdktf:.1f}", f"{plain:.1f}", f"{by_cdktf - plain:+.1f} s"))
    return part


def network(aws: Aws) -> tuple[str, tuple[str, ...]]:
    """A VPC and two subnets that somebody else made."""
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = (
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24")["Subnet"]["SubnetId"]
        for n in range(2)
    )
    return vpc, tuple(subnets)


def _by_cdktf(program: Program) -> None:
    program.synthesize()
    log = cdk.new_log(program)
    done = cdk.deploy(
        ["bench-use1-*"], program=program, log=log, parallelism=stacks_at_a_time(None)
    )
    if done.status:
        sys.exit(f"cdktf deploy failed:\n{log.read_text(encoding='utf-8')}")


def _by_terraform(program: Program) -> None:
    _each(program, "apply", "-auto-approve")


def _destroy(program: Program) -> None:
    _each(program, "destroy", "-auto-approve")


def _each(program: Program, *arguments: str) -> None:
    """Run Terraform for all stacks at once, as cdktf does."""
    variables = program.terraform_environment()

    def run(stack: Stack) -> None:
        ready = stack.init(variables)
        done = ready if ready.status else stack.run(*arguments, environment=variables)
        if done.status:
            sys.exit(f"{stack.name}: terraform {arguments[0]} failed:\n{done.output}")

    with ThreadPoolExecutor() as pool:
        list(pool.map(run, program.synthesize().stacks))


def _seconds(work: Callable[[], None]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
