"""What a stack runs, made small and put where it belongs, for an account whose services are judged."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from inferform_emulator.process import Emulator
from ops.demo import small_manifest

_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[\w-]+)\.amazonaws\.com/"
    r"(?P<repository>[\w./-]+):(?P<tag>[\w.-]+)"
)
_ARTIFACT = re.compile(r'"(?:model_data_url|s3_uri)": "s3://([^/"]+)/([^"]*)"')


def judge(emulator: Emulator, account: str) -> None:
    """Judge from now on what services do in an account."""
    emulator.control("POST", "access", {"account": account, "judged": True})


def refused(emulator: Emulator, account: str) -> list[str]:
    """The actions that were refused in an account without ending anything."""
    found = emulator.control("GET", "access", {"account": account})["refused"]
    return [f"{each['action']} {each['resource']}" for each in found]


def fill(client: Callable[[str], Any], stack: Mapping[str, Any], account: str) -> None:
    """Push a small image and artifact instead of each that a stack's JSON names."""
    text = json.dumps(stack)
    ecr, s3 = client("ecr"), client("s3")
    for image in _images(text, account):
        push(ecr, image["repository"], image["tag"])
    for bucket, key in set(_ARTIFACT.findall(text)):
        name = f"{key}model.tar.gz" if key.endswith("/") or not key else key
        s3.put_object(Bucket=bucket, Key=name, Body=b"model")


def push(ecr: Any, repository: str, tag: str) -> None:
    """Push a small image, unless it is there."""
    with suppress(ecr.exceptions.RepositoryAlreadyExistsException):
        ecr.create_repository(repositoryName=repository)
    manifest = small_manifest(f"{repository}:{tag}")
    try:
        ecr.put_image(repositoryName=repository, imageTag=tag, imageManifest=manifest)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ImageAlreadyExistsException":
            raise


def _images(text: str, account: str) -> Iterator[re.Match[str]]:
    found = {match[0]: match for match in _IMAGE.finditer(text)}
    return (match for match in found.values() if match["account"] == account)


def open_network(ec2: Any, vpc: str, subnet: str) -> None:
    """Let whatever is in a VPC reach AWS, through a NAT gateway in one of its subnets."""
    gateway = ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])[
        "RouteTables"
    ]
    ec2.create_route(
        RouteTableId=table["RouteTableId"],
        DestinationCidrBlock="0.0.0.0/0",
        NatGatewayId=gateway["NatGateway"]["NatGatewayId"],
    )
