"""Measures drift detection of many stacks against planning them one after another.

``python -m bench.drift`` deploys stacks onto an emulator of its own, then plans them with plain
``terraform init`` and ``terraform plan`` in turn, and with ``ops.drift``, and exits with status 1
when that does not take less than half the time.
"""

import argparse
import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace

from inferform import (
    Context,
    Environment,
    Inference,
    Model,
    NetworkOutputs,
    RealtimeEndpoint,
    RegistryOutputs,
)
from inferform.target import EMULATOR
from inferform_emulator.process import Emulator, serve
from inferform_ops import drift
from inferform_ops.aws import Aws
from inferform_ops.bootstrap import bootstrap
from inferform_ops.output import print_table
from inferform_ops.program import Program, Stacks
from inferform_ops.terraform import WORK, Stack, stacks, terraform_environment

SHARE = 0.5
CONTEXT = Context(
    organization="acme",
    stage="bench",
    account="111122223333",
    region="us-east-1",
    owner="bench",
    deploy_role="inferform-deploy",
)


@dataclass(frozen=True)
class Run:
    """What one way of planning all stacks took."""

    seconds: float
    processor_seconds: float


def environment(aws: Aws, groups: int) -> Environment:
    """One endpoint in each group of the inference layer, in a VPC that exists."""
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24")["Subnet"]["SubnetId"]
        for n in range(2)
    ]
    image = f"{CONTEXT.account}.dkr.ecr.{CONTEXT.region}.amazonaws.com/fraud:1.4.2"
    return Environment(
        context=CONTEXT,
        network=NetworkOutputs(
            vpc_id=vpc,
            vpc_cidr="10.0.0.0/16",
            private_subnet_ids=subnets,
            public_subnet_ids=[],
            s3_prefix_list_id="pl-1",
        ),
        registry=RegistryOutputs(
            kms_key_arn=CONTEXT.arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab"),
            artifact_bucket="acme-artifacts",
        ),
        inference={
            f"group-{n}": Inference(
                endpoints={
                    f"model-{n}": RealtimeEndpoint(
                        model=Model(image=image), instance_type="ml.m5.large"
                    )
                }
            )
            for n in range(groups)
        },
    )


def deploy(known: list[Stack], variables: dict[str, str]) -> None:
    """Apply every stack, two at a time."""

    def apply(stack: Stack) -> None:
        stack.init(variables)
        done = stack.run("apply", "-auto-approve", "-no-color", environment=variables)
        if done.status:
            sys.exit(f"{stack.name} was not applied:\n{done.output}")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(apply, known))


def in_turn(known: list[Stack], variables: dict[str, str]) -> None:
    """Plan every stack as a person would, from a clean checkout."""
    for stack in known:
        shutil.rmtree(stack.folder / ".terraform", ignore_errors=True)
        stack.init(variables)
        done = stack.run("plan", "-detailed-exitcode", "-no-color", environment=variables)
        if done.status:
            sys.exit(f"{stack.name} is not clean:\n{done.output}")


def detect(bench: Environment, emulator: Emulator, jobs: int | None) -> None:
    """Plan every stack as `inferform drift` does."""
    from inferform.layers.program import synthesize

    program = Program(emulator).to_plan("bench-drift")
    target = replace(EMULATOR, plans_only=True)
    made = stacks(synthesize([bench], target=target, outdir=program.outdir))
    synthesis = Stacks(program, tuple(made), {bench.key: bench})
    for found in drift.detect(synthesis, made, parallelism=jobs):
        if found.result != "none":
            sys.exit(f"{found.stack} is not clean: {found.summary}\n{found.error}")


def measure(work: Callable[[], None]) -> Run:
    """Wall time, and the processor time of all children."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    work()
    seconds = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(seconds, used)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stacks", type=int, default=20)
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    from inferform.layers.program import synthesize

    with serve() as emulator:
        aws = Aws(CONTEXT, emulator=emulator)
        bootstrap(CONTEXT, aws)
        bench = environment(aws, options.stacks)
        variables = terraform_environment(emulator.environment())
        known = stacks(synthesize([bench], target=EMULATOR, outdir=WORK / "bench"))
        deploy(known, variables)
        runs = {
            "one after another": measure(lambda: in_turn(known, variables)),
            "inferform drift": measure(lambda: detect(bench, emulator, options.jobs)),
        }
    slow, fast = runs.values()
    share = fast.seconds / slow.seconds
    if options.json:
        print(json.dumps({"share": share, **{k: asdict(v) for k, v in runs.items()}}))
    else:
        print_table(
            (f"{options.stacks} stacks, {os.cpu_count()} processors", "seconds", "of processors"),
            [
                (name, f"{run.seconds:.1f}", f"{run.processor_seconds:.1f}")
                for name, run in runs.items()
            ],
        )
        print(f"inferform drift takes {share:.0%} of the time; less than {SHARE:.0%} is wanted")
    sys.exit(share >= SHARE)


if __name__ == "__main__":
    main()
