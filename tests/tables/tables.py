"""The tables in `modules/data` and `ops`: where each is from, and how it is made anew.

What a package of the lock file holds (botocore, moto) is read from there, offline. What none holds
keeps its date and its source, and is looked at for its form.
"""

from __future__ import annotations

import difflib
import gzip
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import moto.ec2
from botocore.model import StringShape

from tests.conftest import ROOT
from tests.service_models import service_model

DATA = ROOT / "modules" / "data"
Clients = Callable[[str], Any]
"""A client of a service by its name."""

PARTITIONS = ("aws", "aws-cn", "aws-us-gov")
"""The partitions whose Regions an environment may be in."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table, and how it is made."""

    file: Path
    made: str
    """From what, in words; for what is only dated, where its day and source stand."""

    make: Callable[[str], str]
    """Its text, from the text that it has: what no package holds is kept."""

    ask: Callable[[str, Clients, date], str] | None = None
    """Its text, from the text that it has and what AWS says on a day. Default: AWS is not asked."""


def _enum(service: str, shape: str) -> list[str]:
    found = service_model(service).shape_for(shape)
    assert isinstance(found, StringShape)
    return list(found.enum)


@cache
def _described() -> dict[str, Any]:
    """What moto answers to EC2's DescribeInstanceTypes, by type."""
    packed = resources.files(moto.ec2) / "resources" / "instance_types.json.gz"
    found: dict[str, Any] = json.loads(gzip.decompress(packed.read_bytes()))
    return found


def _architecture(described: dict[str, Any]) -> str:
    known = described["ProcessorInfo"]["SupportedArchitectures"]
    return "arm64" if "arm64" in known else "x86_64"


def _gpus(described: dict[str, Any], maker: str = "") -> int:
    gpus = described.get("GpuInfo", {}).get("Gpus", ())
    return sum(each.get("Count", 0) for each in gpus if not maker or each["Manufacturer"] == maker)


def _lines(rows: dict[str, Any]) -> str:
    """JSON with a line for each entry, which shows well in a diff."""
    body = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items())
    return f"{{\n{body}\n}}\n"


def hosting(text: str) -> str:
    """SageMaker's hosting types, with what EC2 says of the same type.

    Where a type is priced, and whether the provider of the tests takes it, is kept.
    """
    kept: dict[str, Any] = json.loads(text)
    rows = {}
    for name in _enum("sagemaker", "ProductionVariantInstanceType"):
        described = _described().get(name.removeprefix("ml."))
        row: dict[str, Any] = dict.fromkeys(
            ("vcpu", "memory_gib", "arch", "gpus", "gpu_memory_gib", "local_gb")
        )
        if described:
            memory = described.get("GpuInfo", {}).get("TotalGpuMemoryInMiB", 0)
            row = {
                "vcpu": described["VCpuInfo"]["DefaultVCpus"],
                "memory_gib": round(described["MemoryInfo"]["SizeInMiB"] / 1024, 1),
                "arch": _architecture(described),
                "gpus": _gpus(described),
                "gpu_memory_gib": round(memory / 1024, 1),
                "local_gb": described.get("InstanceStorageInfo", {}).get("TotalSizeInGB", 0),
            }
        row["burstable"] = bool(described and described["BurstablePerformanceSupported"])
        dated = kept.get(name, {"regions": [], "provider_5_100": False})
        rows[name] = {**row, **{key: dated[key] for key in ("regions", "provider_5_100")}}
    return _lines(rows)


def transform(text: str) -> str:
    """SageMaker's types for batch transform."""
    return "".join(f"{name}\n" for name in _enum("sagemaker", "TransformInstanceType"))


def _of_jobs(shape: str) -> str:
    """SageMaker's types for jobs, each with its local storage in GB; None where EC2 has none of the
    name."""
    rows: dict[str, int | None] = {}
    for name in _enum("sagemaker", shape):
        described = _described().get(name.removeprefix("ml."))
        storage = described.get("InstanceStorageInfo", {}) if described else {}
        rows[name] = storage.get("TotalSizeInGB", 0) if described else None
    return _lines(rows)


def training(text: str) -> str:
    """SageMaker's types for training jobs."""
    return _of_jobs("TrainingInstanceType")


def processing(text: str) -> str:
    """SageMaker's types for processing jobs."""
    return _of_jobs("ProcessingInstanceType")


def ec2(text: str) -> str:
    """EC2's types but Macs: what `Ec2InstanceType` has of each, in the order of its fields."""
    rows = {}
    for name, described in sorted(_described().items()):
        if name.startswith("mac"):
            continue
        network = described["NetworkInfo"]
        card = network["NetworkCards"][network["DefaultNetworkCardIndex"]]
        neuron = described.get("NeuronInfo", {}).get("NeuronDevices", ())
        rows[name] = [
            described["VCpuInfo"]["DefaultVCpus"],
            described["MemoryInfo"]["SizeInMiB"],
            _architecture(described),
            _gpus(described, "NVIDIA"),
            sum(each["Count"] for each in neuron),
            # Each interface keeps one address; two pods use the host's network.
            card["MaximumNetworkInterfaces"] * (network["Ipv4AddressesPerInterface"] - 1) + 2,
        ]
    return _lines(rows)


def regions(text: str) -> str:
    """The Regions of the partitions that an environment may be in."""
    session = botocore.session.get_session()
    found = {each for name in PARTITIONS for each in session.get_available_regions("ec2", name)}
    return "".join(f"{name}\n" for name in sorted(found))


def _with_endpoints(text: str, client: Any) -> str:
    """The table of interface endpoints with those that EC2 names."""
    begins = f"com.amazonaws.{client.meta.region_name}."
    found = client.describe_vpc_endpoint_services(
        Filters=[{"Name": "service-type", "Values": ["Interface"]}]
    )["ServiceDetails"]
    named = {
        each["ServiceName"].removeprefix(begins)
        for each in found
        if each["ServiceName"].startswith(begins)
        and {"ServiceType": "Interface"} in each["ServiceType"]
    }
    head = "".join(f"{line}\n" for line in text.splitlines() if line.startswith("#"))
    kept = {line for line in text.splitlines() if line and not line.startswith("#")}
    return head + "".join(f"{name}\n" for name in sorted(kept | named))


def interface_endpoints(text: str) -> str:
    """The services that the table has, with those that moto has besides."""
    with moto.mock_aws():
        client = boto3.client(
            "ec2", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        return _with_endpoints(text, client)


def asked_endpoints(text: str, clients: Clients, on: date) -> str:
    """The services that the table has, with those of a Region besides."""
    return _with_endpoints(text, clients("ec2"))


_DAYS = {
    "released": "releaseDate",
    "standard_until": "endOfStandardSupportDate",
    "extended_until": "endOfExtendedSupportDate",
}


def versions(text: str) -> str:
    """EKS's versions, the oldest first, each with its days in order."""
    table = json.loads(text)
    date.fromisoformat(table["read"])
    for name, row in table["versions"].items():
        days = [date.fromisoformat(row[day]) for day in _DAYS if row[day]]
        if not re.fullmatch(r"1\.\d\d", name) or days != sorted(days):
            raise ValueError(f"{name}: {row}")
    names = sorted(table["versions"], key=lambda name: int(name.partition(".")[2]))
    sources = ",\n".join(f"  {json.dumps(each)}" for each in table["sources"])
    rows = ",\n".join(f'  "{name}": {json.dumps(table["versions"][name])}' for name in names)
    return (
        f'{{\n "read": "{table["read"]}",\n "sources": [\n{sources}\n ],\n'
        f' "versions": {{\n{rows}\n }}\n}}\n'
    )


def asked_versions(text: str, clients: Clients, on: date) -> str:
    """EKS's versions as EKS names them on a day; those that it names no more are kept."""
    table, client = json.loads(text), clients("eks")
    pages = client.get_paginator("describe_cluster_versions").paginate(includeAll=True)
    for row in table["versions"].values():
        row.pop("default", None)
    for found in (each for page in pages for each in page["clusterVersions"]):
        row = {
            day: found[member].date().isoformat() if found.get(member) else None
            for day, member in _DAYS.items()
        }
        default = {"default": True} if found.get("defaultVersion") else {}
        table["versions"][found["clusterVersion"]] = {**row, **default}
    asked = f"EKS DescribeClusterVersions, {client.meta.region_name}, {on}"
    others = [each for each in table["sources"] if not each.startswith(asked.rpartition(",")[0])]
    return versions(json.dumps({**table, "read": f"{on}", "sources": [asked, *others]}))


def containers(text: str) -> str:
    """AWS's containers by framework, each with a registry for every Region and known tags."""
    table, known = json.loads(text), set(regions("").split())
    for framework, entry in table.items():
        date.fromisoformat(entry["as_of"])
        unknown = entry["accounts"].keys() - known
        if unknown or not entry["versions"] or not entry["source"]:
            raise ValueError(f"{framework}: {sorted(unknown)}")
    return json.dumps(dict(sorted(table.items())), indent=1) + "\n"


def registries(text: str) -> str:
    """The accounts that AWS's containers are in, with those that the table of frameworks has."""
    table = json.loads(text)
    frameworks = json.loads((DATA / "framework_containers.json").read_text("utf-8"))
    found = {account for entry in frameworks.values() for account in entry["accounts"].values()}
    table["accounts"] = sorted({*table["accounts"], *found})
    return json.dumps(table, indent=1) + "\n"


def analyzers(text: str) -> str:
    """The accounts of Model Monitor's analyzer, each of a Region."""
    table = json.loads(text)
    date.fromisoformat(table["as_of"])
    if unknown := table["accounts"].keys() - set(regions("").split()):
        raise ValueError(f"no Regions: {sorted(unknown)}")
    table["accounts"] = dict(sorted(table["accounts"].items()))
    return json.dumps(table, indent=1) + "\n"


def component_regions(text: str) -> str:
    """The Regions whose CloudFormation schemas have inference components, in order, with the words
    above them."""
    lines = text.splitlines()
    found = sorted({each for each in lines if each and not each.startswith("#")})
    if unknown := set(found) - set(regions("").split()):
        raise ValueError(f"no Regions: {sorted(unknown)}")
    return "\n".join([*(each for each in lines if each.startswith("#")), *found]) + "\n"


TABLES = (
    Table(
        DATA / "hosting_instance_types.json",
        "botocore and moto; Regions and the tests' provider are kept",
        hosting,
    ),
    Table(DATA / "transform_instance_types.txt", "botocore", transform),
    Table(DATA / "training_instance_types.json", "botocore and moto", training),
    Table(DATA / "processing_instance_types.json", "botocore and moto", processing),
    Table(DATA / "ec2_instance_types.json", "moto", ec2),
    Table(DATA / "regions.txt", "botocore", regions),
    Table(
        DATA / "interface_endpoints.txt",
        "EC2 and AWS PrivateLink guide, 2026-11; moto",
        interface_endpoints,
        asked_endpoints,
    ),
    Table(DATA / "eks_versions.json", "dated, see its read and sources", versions, asked_versions),
    Table(DATA / "framework_containers.json", "dated, see as_of and source of each", containers),
    Table(
        DATA / "inference_component_regions.txt", "dated, see its first lines", component_regions
    ),
    Table(ROOT / "modules" / "training" / "model_monitor.json", "dated, see its as_of", analyzers),
    Table(ROOT / "ops" / "aws_registries.json", "dated, see its as_of; containers", registries),
)


def differences(before: str, after: str) -> Iterator[str]:
    """The lines that go, with a `-`, and those that come, with a `+`."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    # The first two lines name the texts, and one with @@ stands before each place.
    for line in [*lines][2:]:
        if not line.startswith("@@"):
            told = f"{line[0]} {line[1:]}"
            yield told if len(told) <= 120 else f"{told[:119]}…"
