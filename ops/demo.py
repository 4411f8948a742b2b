"""`make demo`: an environment deployed for real onto the embedded emulator."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from emulator import process
from inferform import Environment

from . import deploy
from .aws import Aws
from .bootstrap import bootstrap
from .environments import environment
from .output import print_table, stdout
from .program import Program
from .terraform import EMULATOR_FOLDER, WORK, terraform_binary

DEMO = "dev-use1"


def run() -> None:
    """Start the emulator, make the state bucket, deploy, and show what is in service."""
    terraform_binary()
    dev = environment(DEMO)
    with stdout.status("starting the emulator"):
        emulator = process.start(EMULATOR_FOLDER)
    stdout.print(f"emulator  {emulator.url}")
    aws = Aws(dev.context, emulator=emulator)
    done = bootstrap(dev.context, aws)
    stdout.print(f"state     s3://{done.bucket}")
    program = Program.of(emulator)
    deploy.report(deploy.deploy([f"{DEMO}-*"], program), program)
    show(dev, aws)
    stdout.print(
        "\nNow try\n"
        "  change environments/dev.py (another tag, a second endpoint), then\n"
        "  .venv/bin/inferform review dev --emulator   what it would do\n"
        "  make demo                                 do it\n"
        "  .venv/bin/inferform verify dev --emulator   is what runs what was asked for\n"
        "  .venv/bin/inferform status dev --emulator   every stack and its state\n"
        "  .venv/bin/inferform explain RT9             a rule of the Specs, spelt out\n"
        "  make demo-destroy                         remove everything",
    )


def remove() -> None:
    """Destroy what the demo deployed and stop its emulator."""
    emulator = process.running(EMULATOR_FOLDER)
    if emulator is None:
        stdout.print("no demo runs")
        return
    deploy.destroy([f"{DEMO}-*"], Program.of(emulator))
    process.stop(EMULATOR_FOLDER)
    shutil.rmtree(WORK / "cdktf.out", ignore_errors=True)
    stdout.print("the emulator is stopped; nothing is left")


def _endpoints(dev: Environment) -> dict[str, str]:
    return {
        name: dev.context.name(name) for group in dev.groups.values() for name in group.endpoints
    }


def show(dev: Environment, aws: Aws) -> None:
    """Show the endpoints of an environment, and invoke each that answers at once."""
    if not _endpoints(dev):
        stdout.print(f"{dev.key} has no endpoints")
        return
    print_table(
        ("endpoint", "status", "variant", "instance type", "instances"),
        [row for name in _endpoints(dev).values() for row in _rows(aws, name)],
        title="in service",
    )
    _invoke(dev, aws)


def _rows(aws: Aws, name: str) -> list[tuple[object, ...]]:
    sagemaker, scaling = aws.client("sagemaker"), aws.client("application-autoscaling")
    found = sagemaker.describe_endpoint(EndpointName=name)
    configuration = sagemaker.describe_endpoint_config(
        EndpointConfigName=found["EndpointConfigName"]
    )
    types = {
        variant["VariantName"]: variant.get("InstanceType", "serverless")
        for variant in configuration["ProductionVariants"]
    }
    targets = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    ranges = {target["ResourceId"]: target for target in targets}
    return [
        (
            name,
            found["EndpointStatus"],
            variant["VariantName"],
            types[variant["VariantName"]],
            _capacity(variant, ranges.get(f"endpoint/{name}/variant/{variant['VariantName']}")),
        )
        for variant in found["ProductionVariants"]
    ]


def _capacity(variant: Mapping[str, Any], target: Mapping[str, Any] | None) -> str:
    if "CurrentInstanceCount" not in variant or "CurrentServerlessConfig" in variant:
        return ""
    count = str(variant["CurrentInstanceCount"])
    return f"{count} ({target['MinCapacity']} to {target['MaxCapacity']})" if target else count


def _invoke(dev: Environment, aws: Aws) -> None:
    runtime = aws.client("sagemaker-runtime")
    for name in _endpoints(dev).values():
        try:
            answer = runtime.invoke_endpoint(
                EndpointName=name, ContentType="text/csv", Body=b"0.1,0.2,0.3"
            )
        except ClientError as error:
            stdout.print(f"not invoked: {error.response['Error']['Message']}", markup=False)
            continue
        body = answer["Body"].read().decode()
        stdout.print(f"invoked {name} with 0.1,0.2,0.3")
        stdout.print(json.dumps(json.loads(body)), markup=False)
