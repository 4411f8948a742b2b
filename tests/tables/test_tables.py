"""The tables of what AWS has are those that their sources make, and a stale one is made anew."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from . import tables
from .tables import DATA, TABLES, Table, differences

NAMES = {table.file.name: table for table in TABLES}
DAY = date(2027, 2, 3)


def _client(service: Any) -> Any:
    return boto3.client(
        service, "us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.file.name)
def test_a_table_is_what_its_sources_make(table: Table) -> None:
    text = table.file.read_text("utf-8")
    assert list(differences(text, table.make(text))) == [], "run make tables"


def test_every_file_of_data_is_made_here() -> None:
    assert {file.name for file in DATA.iterdir()} - {"__pycache__"} <= NAMES.keys()


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("hosting_instance_types.json", '"vcpu": 96', '"vcpu": 95'),
        ("hosting_instance_types.json", '"ml.g5.xlarge"', '"ml.g0.xlarge"'),
        ("transform_instance_types.txt", "ml.m5.large\n", ""),
        ("ec2_instance_types.json", '"g5.xlarge": [4,', '"g5.xlarge": [8,'),
        ("regions.txt", "eu-west-1\n", ""),
        ("regions.txt", "eu-west-1\n", "eu-west-1\neu-west-9\n"),
        ("interface_endpoints.txt", "\nsts\n", "\n"),
        ("eks_versions.json", ' "1.30": {', '  "1.30": {'),
        ("inference_component_regions.txt", "eu-west-1\n", "eu-west-1\neu-west-1\n"),
    ],
)
def test_a_table_that_is_stale_is_made_anew(name: str, right: str, wrong: str) -> None:
    table = NAMES[name]
    text = table.file.read_text("utf-8")
    stale = text.replace(right, wrong)
    assert stale != text
    made = table.make(stale)
    if "ml.g0" in wrong:  # what no package holds was that of the type which is gone
        row = json.loads(made)["ml.g5.xlarge"]
        assert (row["gpus"], row["regions"], row["provider_5_100"]) == (1, [], False)
        assert "ml.g0.xlarge" not in made
    else:
        assert made == text


def test_a_registry_that_only_the_table_of_frameworks_has_is_added() -> None:
    table = NAMES["aws_registries.json"]
    text = table.file.read_text("utf-8")
    assert '"763104351884"' in text
    assert table.make(text.replace(' "763104351884",\n', "")) == text


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("eks_versions.json", '"1.30"', '"v1.30"'),
        ("eks_versions.json", '"released": "2024-05-23"', '"released": "2027-05-23"'),
        ("framework_containers.json", '"eu-west-1"', '"eu-west-9"'),
    ],
)
def test_a_dated_table_of_another_form_is_refused(name: str, right: str, wrong: str) -> None:
    text = NAMES[name].file.read_text("utf-8")
    assert right in text
    with pytest.raises(ValueError, match=r"30|autogluon"):
        NAMES[name].make(text.replace(right, wrong))


def test_differences_are_lines_that_go_and_come() -> None:
    assert list(differences("a\nb\n", "a\nc\n")) == ["- b", "+ c"]
    assert list(differences("a\n", "a\n")) == []
    assert max(map(len, differences("", "x" * 500))) == 120


def test_aws_is_asked_for_the_versions_of_eks() -> None:
    client = _client("eks")
    row = {
        "clusterVersion": "1.38",
        "defaultVersion": True,
        "releaseDate": datetime(2027, 1, 20, tzinfo=UTC),
        "endOfStandardSupportDate": datetime(2028, 3, 20, tzinfo=UTC),
    }
    text = NAMES["eks_versions.json"].file.read_text("utf-8")
    with Stubber(client) as stub:
        stub.add_response("describe_cluster_versions", {"clusterVersions": [row]})
        made = json.loads(tables.asked_versions(text, lambda _: client, DAY))
    before = json.loads(text)
    assert made["read"] == "2027-02-03"
    assert made["sources"] == [
        "EKS DescribeClusterVersions, us-east-1, 2027-02-03",
        *before["sources"],
    ]
    assert made["versions"].pop("1.38") == {
        "released": "2027-01-20",
        "standard_until": "2028-03-20",
        "extended_until": None,
        "default": True,
    }
    assert made["versions"].keys() == before["versions"].keys()
    assert not any("default" in row for row in made["versions"].values())


def test_aws_is_asked_for_interface_endpoints() -> None:
    client = _client("ec2")
    service = {
        "ServiceName": "com.amazonaws.us-east-1.brand-new",
        "ServiceType": [{"ServiceType": "Interface"}],
    }
    text = NAMES["interface_endpoints.txt"].file.read_text("utf-8")
    with Stubber(client) as stub:
        stub.add_response("describe_vpc_endpoint_services", {"ServiceDetails": [service]})
        made = tables.asked_endpoints(text, lambda _: client, DAY)
    assert list(differences(text, made)) == ["+ brand-new"]
