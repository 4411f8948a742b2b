"""`inferform demo`: an environment deployed for real onto the embedded emulator."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from inferform import (
    AsyncEndpoint,
    DirectEndpoint,
    Environment,
    InferenceComponentEndpoint,
    MultiModelEndpoint,
)
from inferform.image_uri import parse_image
from inferform.s3_uri import bucket_and_key
from inferform.sagemaker.endpoints.base import Endpoint
from inferform_emulator import process

from . import deploy
from .aws import Aws
from .bootstrap import bootstrap
from .checks import ARTIFACT, IMAGE
from .environments import environment, environments
from .errors import BadInputError
from .kinds.record import Finding
from .missing import missing, refuse_missing
from .node import cdktf_in, install_cdktf
from .output import print_table, stdout
from .program import Program, Stacks
from .project import own_command
from .terraform import EMULATOR_FOLDER, ROOT, WORK, Stack, terraform_binary

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DEMO = "dev"
"""The stage whose environment is deployed where none is named."""

_MANY_PARTS = (DirectEndpoint, InferenceComponentEndpoint, MultiModelEndpoint)
"""Endpoints of which a request names a part."""


def chosen(name: str | None) -> Environment:
    """The environment to deploy: one by its name, else the first of the stage dev, else the first.

    Raises BadInputError where there is none.
    """
    if name is not None:
        return environment(name)
    known = list(environments().environments.values())
    if not known:
        raise BadInputError("there is no environment", "write one into environments/")
    return next((each for each in known if each.context.stage == DEMO), known[0])


def run(name: str | None = None) -> None:
    """Start the emulator, make the state bucket, deploy, and show what is in service."""
    terraform_binary()
    dev = chosen(name)
    key = dev.key
    if cdktf_in(ROOT) is None:
        with stdout.status("installing the command line of CDKTF into node_modules"):
            install_cdktf(ROOT)
    with stdout.status("starting the emulator"):
        emulator = process.start(EMULATOR_FOLDER)
    stdout.print(f"emulator  {emulator.url}")
    account = {"account": dev.context.account}
    emulator.control("POST", "access", {**account, "judged": True})
    aws = Aws(dev.context, emulator=emulator)
    done = bootstrap(dev.context, aws)
    stdout.print(f"state     s3://{done.bucket}")
    program = Program.of(emulator)
    _fill(program, aws, key)
    deploy.report(deploy.deploy([f"{key}-*"], program, check=refuse_missing), program)
    show(dev, aws)
    for each in emulator.control("GET", "access", account)["refused"]:
        stdout.print(
            f"refused   {each['action']} on {each['resource']} {each['why']}", markup=False
        )
    stdout.print("\nNow try\n  change environments/ (another tag, a second endpoint), then")
    me = own_command()
    demo = f"{me} demo {name or ''}".rstrip()
    tries = (
        (f"{me} review {key} --emulator", "what it would do"),
        (demo, "do it"),
        (f"{me} list {key} --emulator", "what runs"),
        (f"{me} verify {key} --emulator", "is what runs what was asked for"),
        (f"{me} status {key} --emulator", "every stack and its state"),
        (f"{me} explain RT9", "what a rule asks for, and why"),
        (f"{demo} --destroy", "remove everything"),
    )
    width = max(len(command) for command, _ in tries)
    for command, meaning in tries:
        stdout.print(f"  {command:<{width}}  {meaning}")


def _fill(program: Program, aws: Aws, key: str) -> None:
    """Push what the demo's services run, into the registry, which is deployed first."""
    synthesis = program.synthesize()
    wanted = synthesis.of(key)
    registry = synthesis.layer(key, "registry")
    if registry is None or not _absent(synthesis, wanted):
        return
    deploy.deploy([*registry.dependencies, registry.name], program)
    for pushed in push_small(aws, _absent(synthesis, wanted)):
        stdout.print(f"pushed    {pushed}", highlight=False)


def _absent(synthesis: Stacks, wanted: Sequence[Stack]) -> list[Finding]:
    found = [each for findings in missing(synthesis, wanted).values() for each in findings]
    return [each for each in found if each.check in (IMAGE, ARTIFACT)]


def push_small(aws: Aws, absent: Iterable[Finding]) -> list[str]:
    """Push a small image and artifact instead of each that is missing; answers their URIs.

    For the emulator alone: nothing serves what is in them. A bucket of somebody else's is made there too.
    """
    ecr, s3, pushed = aws.client("ecr"), aws.client("s3"), []
    for each in absent:
        image = parse_image(each.subject)
        if image and image["tag"]:
            ecr.put_image(
                repositoryName=image["repository"],
                imageTag=image["tag"],
                imageManifest=small_manifest(each.subject),
            )
        elif each.subject.startswith("s3://"):
            bucket, key = bucket_and_key(each.subject)
            named = f"{key}model.tar.gz" if key.endswith("/") else key
            _have_bucket(s3, bucket, aws.context.region)
            s3.put_object(Bucket=bucket, Key=named, Body=_archive("model.txt", each.subject))
        else:
            continue
        pushed.append(each.subject)
    return pushed


def _have_bucket(s3: S3Client, bucket: str, region: str) -> None:
    """Make a bucket that the emulator does not have: in AWS it is there already."""
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
            raise
        place: Any = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=bucket, **(place if region != "us-east-1" else {}))


def small_manifest(name: str) -> str:
    """The manifest of an image with one small layer, which holds `name`."""
    layer = _archive("name.txt", name)
    root = {"type": "layers", "diff_ids": [_digest(gzip.decompress(layer))]}
    config = json.dumps(
        {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": root}
    ).encode()
    kind = "application/vnd.docker"
    described = [
        {"mediaType": media, "size": len(blob), "digest": _digest(blob)}
        for media, blob in (
            (f"{kind}.container.image.v1+json", config),
            (f"{kind}.image.rootfs.diff.tar.gzip", layer),
        )
    ]
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": f"{kind}.distribution.manifest.v2+json",
            "config": described[0],
            "layers": described[1:],
        }
    )


def _archive(name: str, text: str) -> bytes:
    """A tar.gz with one file, which is the same each time."""
    packed, content = io.BytesIO(), text.encode()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def remove(name: str | None = None) -> None:
    """Destroy what the demo deployed and stop its emulator."""
    emulator = process.running(EMULATOR_FOLDER)
    if emulator is None:
        stdout.print("no demo runs")
        return
    dev = chosen(name)
    delete_versions(Aws(dev.context, emulator=emulator))
    deploy.destroy([f"{dev.key}-*"], Program.of(emulator))
    process.stop(EMULATOR_FOLDER)
    shutil.rmtree(WORK / "cdktf.out", ignore_errors=True)
    stdout.print("the emulator is stopped; nothing is left")


def delete_versions(aws: Aws) -> None:
    """Delete the versions of the environment's model package groups, as SageMaker keeps a group that has
    some. For the emulator alone."""
    sagemaker = aws.client("sagemaker")
    groups = sagemaker.list_model_package_groups(NameContains=aws.context.key, MaxResults=100)
    for group in groups["ModelPackageGroupSummaryList"]:
        versions = sagemaker.list_model_packages(
            ModelPackageGroupName=group["ModelPackageGroupName"], MaxResults=100
        )
        for version in versions["ModelPackageSummaryList"]:
            sagemaker.delete_model_package(ModelPackageName=version["ModelPackageArn"])


def _endpoints(dev: Environment) -> dict[str, str]:
    return {
        name: dev.context.endpoint(name)
        for group in dev.groups.values()
        for name in group.endpoints
    }


def show(dev: Environment, aws: Aws) -> None:
    """Show the endpoints of an environment, name what else is deployed, and invoke each endpoint that
    answers at once."""
    if _endpoints(dev):
        print_table(
            ("endpoint", "status", "variant", "instance type", "instances"),
            [row for name in _endpoints(dev).values() for row in _rows(aws, name)],
            title="in service",
        )
    others = [each.full_name for each in dev.deployed if not isinstance(each.spec, Endpoint)]
    if others:
        how = f"{own_command()} list {dev.key} --emulator shows how they are"
        stdout.print(f"deployed, too: {', '.join(others)}; {how}", markup=False)
    elif not _endpoints(dev):
        stdout.print(f"{dev.key} has nothing that serves")
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
    specs = {name: spec for group in dev.groups.values() for name, spec in group.endpoints.items()}
    for short, name in _endpoints(dev).items():
        if isinstance(specs[short], AsyncEndpoint):
            ask = f"{own_command()} invoke {dev.key} {short} --file FILE --emulator"
            stdout.print(f"{name} is asynchronous: {ask} asks it, and waits", markup=False)
            continue
        if isinstance(specs[short], _MANY_PARTS):
            use = f"{own_command()} endpoints use {dev.key} {short}"
            stdout.print(f"{name} has several parts: {use} prints a request of one", markup=False)
            continue
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
