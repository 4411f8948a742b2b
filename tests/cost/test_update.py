"""Refreshing the table from the Price List API, whose answers are of the real shape."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zlib import crc32

import boto3
import pytest
from botocore.config import Config

from ops.cost.prices import TABLES, PriceTable, read_blocks, written
from ops.cost.update import parse, update
from ops.errors import OperatorError
from ops.kinds import wanted_prices


def product(
    service: str, usage_type: str, usd: str, unit: str, *, region: str, **attributes: str
) -> dict[str, Any]:
    """One product as the API answers it, in its `aws_v1` format."""
    sku = f"SKU{crc32(f'{usage_type} {usd}'.encode())}"
    code = f"{sku}.JRTCKXETXF"
    return {
        "product": {
            "productFamily": attributes.pop("productFamily", ""),
            "attributes": {
                "regionCode": region,
                "servicecode": service,
                "usagetype": usage_type,
                "locationType": "AWS Region",
                **attributes,
            },
            "sku": sku,
        },
        "serviceCode": service,
        "terms": {
            "OnDemand": {
                code: {
                    "priceDimensions": {
                        f"{code}.6YS6EN2CT7": {
                            "unit": unit,
                            "beginRange": "0",
                            "endRange": "Inf",
                            "description": f"${usd} per {unit}",
                            "appliesTo": [],
                            "rateCode": f"{code}.6YS6EN2CT7",
                            "pricePerUnit": {"USD": usd},
                        }
                    },
                    "sku": sku,
                    "effectiveDate": "2026-11-01T00:00:00Z",
                    "offerTermCode": "JRTCKXETXF",
                    "termAttributes": {},
                }
            }
        },
        "version": "20261105212151",
        "publicationDate": "2026-11-05T21:21:51Z",
    }


IN = {"region": "eu-west-1"}
BATCH = {"productFamily": "ML Instance", "component": "Batch Transform"}
ML = {"productFamily": "ML Instance", "component": "Hosting"}
LINUX = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
    "operation": "RunInstances",
}
ALB = {"productFamily": "Load Balancer-Application"}
PRODUCTS = [
    product("AmazonSageMaker", "EU-Host:ml.m5.xlarge", "0.2570000000", "Hrs", **IN, **ML),
    product("AmazonSageMaker", "EU-Host:ml.c5.2xlarge", "0.4590000000", "Hrs", **IN, **ML),
    product("AmazonSageMaker", "EU-Train:ml.m5.xlarge", "9.0000000000", "Hrs", **IN, **ML),
    product("AmazonSageMaker", "EU-Host:VolumeUsage.gp2", "0.1540000000", "GB-Mo", **IN),
    product("AmazonEC2", "EU-BoxUsage:g5.xlarge", "1.1230000000", "Hrs", **IN, **LINUX),
    product("AmazonEC2", "EU-BoxUsage:m5.large", "0.1070000000", "Hrs", **IN, **LINUX),
    product("AmazonEC2", "EU-BoxUsage:free.one", "0.0000000000", "Hrs", **IN, **LINUX),
    product(
        *("AmazonEC2", "EU-EBS:VolumeUsage.gp3", "0.0880000000", "GB-Mo"),
        **IN,
        productFamily="Storage",
    ),
    product(
        *("AmazonEC2", "EU-NatGateway-Hours", "0.0480000000", "Hrs"),
        **IN,
        productFamily="NAT Gateway",
    ),
    product(
        *("AmazonEC2", "EU-RegionalNatGateway-Hours", "0.9000000000", "Hrs"),
        **IN,
        productFamily="NAT Gateway",
    ),
    product("AmazonVPC", "EU-VpcEndpoint-Hours", "0.0110000000", "Hrs", **IN),
    product("AWSELB", "EU-LoadBalancerUsage", "0.0252000000", "Hrs", **IN, **ALB),
    product("AWSELB", "EU-TS-LoadBalancerUsage", "0.0056000000", "Hrs", **IN, **ALB),
    product("AWSELB", "EU-Outposts-LoadBalancerUsage", "0.0252000001", "Hrs", **IN, **ALB),
    product("AmazonECS", "EU-Fargate-vCPU-Hours:perCPU", "0.0404800000", "hours", **IN),
    product("AmazonECS", "EU-Fargate-GB-Hours", "0.0044450000", "GB-Hours", **IN),
    product("AmazonECS", "EU-SpotUsage-Fargate-vCPU-Hours:perCPU", "0.0121440000", "hours", **IN),
    product("AmazonECS", "EU-SpotUsage-Fargate-GB-Hours", "0.0013335000", "GB-Hours", **IN),
    product("AmazonSageMaker", "EU-Tsform:ml.m5.xlarge", "0.2560000000", "Hrs", **IN, **BATCH),
    product("awskms", "eu-west-1-KMS-Keys", "1.0000000000", "Keys", **IN),
    product("AmazonEKS", "EU-AmazonEKS-Hours:perCluster", "0.1000000000", "Hours", **IN),
    product("AmazonEKS", "EU-AmazonEKS-Hours:extendedSupport", "0.6000000000", "Hours", **IN),
]


class Answers(BaseHTTPRequestHandler):
    """GetProducts: TERM_MATCH filters, and pages of two products."""

    products: list[dict[str, Any]] = PRODUCTS

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["X-Amz-Target"] == "AWSPriceListService.GetProducts"
        matching = [
            entry
            for entry in self.products
            if entry["serviceCode"] == asked["ServiceCode"]
            and all(
                {**entry["product"]["attributes"], **entry["product"]}.get(f["Field"]) == f["Value"]
                for f in asked["Filters"]
            )
        ]
        start = int(asked.get("NextToken", 0))
        page = {
            "FormatVersion": "aws_v1",
            "PriceList": [json.dumps(entry) for entry in matching[start : start + 2]],
        }
        if start + 2 < len(matching):
            page["NextToken"] = str(start + 2)
        body = json.dumps(page).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        pricing = boto3.client(
            "pricing",
            region_name="us-east-1",
            endpoint_url=f"http://127.0.0.1:{server.server_port}",
            aws_access_key_id="x",
            aws_secret_access_key="x",
            config=Config(retries={"max_attempts": 0}, proxies={}),
        )
        yield pricing
        pricing.close()
        server.shutdown()
        thread.join()


OLD = {
    "fargate/arm64/vcpu": 0.03238,
    "fargate/arm64/gib": 0.00356,
    "vpc/interface-endpoint": 0.9,
    "vpc/nat-gateway": [0.05, 0.04, 0.06],
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A table with older prices of two Regions."""
    sources = {
        "old": {"date": "2025-06-18", "text": "pages of 2025"},
        "guess": {"date": "2026-11-28", "text": "4.43 times the endpoint"},
    }
    published = {key: usd for key, usd in OLD.items() if not isinstance(usd, list)}
    blocks = {"old": published, "guess": {"vpc/nat-gateway": OLD["vpc/nat-gateway"]}}
    path = tmp_path / "prices.json"
    path.write_text(written(sources, {"eu-west-1": blocks, "us-east-1": {"old": published}}))
    return path


def table(file: Path) -> PriceTable:
    return PriceTable(folder=None, own=file)


def test_every_page_of_every_service_is_read_into_the_table(client: Any, file: Path) -> None:
    done = update(client, ["eu-west-1"], file=lambda _region: file)
    new = table(file)
    expected = {
        "sagemaker/hosting/ml.m5.xlarge": 0.257,
        "sagemaker/hosting/ml.c5.2xlarge": 0.459,
        "sagemaker/storage": 0.154,
        "ec2/g5.xlarge": 1.123,
        "ec2/m5.large": 0.107,
        "ebs/gp3": 0.088,
        "vpc/nat-gateway": 0.048,
        "vpc/interface-endpoint": 0.011,
        "elb/application": 0.0252,
        "fargate/x86_64/vcpu": 0.04048,
        "fargate/x86_64/gib": 0.004445,
        "fargate-spot/x86_64/vcpu": 0.012144,
        "fargate-spot/x86_64/gib": 0.0013335,
        "sagemaker/transform/ml.m5.xlarge": 0.256,
        "kms/key": 1.0,
        "eks/cluster": 0.1,
        "eks/cluster-extended": 0.6,
    }
    for key, usd in expected.items():
        price = new.price("eu-west-1", key)
        assert price is not None, key
        assert (price.usd, price.date) == (usd, "2026-11-05"), key
    assert done.regions == {"eu-west-1": len(expected)}
    assert done.ambiguous == []


def test_prices_that_the_answer_lacks_are_kept_with_their_dates(client: Any, file: Path) -> None:
    done = update(client, ["eu-west-1"], file=lambda _region: file)
    kept = table(file).price("eu-west-1", "fargate/arm64/vcpu")
    assert kept is not None
    assert (kept.usd, kept.date) == (0.03238, "2025-06-18")
    other = table(file).price("us-east-1", "vpc/interface-endpoint")
    assert other is not None
    assert other.usd == 0.9
    assert done.kept == 2


def test_a_published_price_takes_the_place_of_an_estimate(client: Any, file: Path) -> None:
    before = table(file).price("eu-west-1", "vpc/nat-gateway")
    assert before is not None
    assert before.bounds == (0.04, 0.06)
    update(client, ["eu-west-1"], file=lambda _region: file)
    read_again = tmp_copy(file)
    after = table(read_again).price("eu-west-1", "vpc/nat-gateway")
    assert after is not None
    assert (after.usd, after.bounds) == (0.048, None)


def test_sources_that_nothing_uses_any_more_go(client: Any, file: Path) -> None:
    update(client, ["eu-west-1"], file=lambda _region: file)
    sources, regions = read_blocks(file)
    assert set(sources) == {source for blocks in regions.values() for source in blocks}
    assert "guess" not in sources


def test_two_prices_for_one_key_leave_the_old_one(
    client: Any, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = product("AmazonVPC", "EU-VpcEndpoint-Hours", "0.0120000000", "Hrs", **IN)
    monkeypatch.setattr(Answers, "products", [*PRODUCTS, other])
    done = update(client, ["eu-west-1"], file=lambda _region: file)
    assert done.ambiguous == ["eu-west-1 vpc/interface-endpoint"]
    left = table(file).price("eu-west-1", "vpc/interface-endpoint")
    assert left is not None
    assert left.usd == 0.9


def test_a_region_without_prices_is_refused_and_the_table_stays(client: Any, file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(OperatorError, match="no price for mars-north-1"):
        update(client, ["mars-north-1"], file=lambda _region: file)
    assert file.read_bytes() == before


def test_china_is_not_asked_for_as_its_prices_are_in_yuan(client: Any, file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(OperatorError, match="cn-north-1: prices of China's Regions are in yuan"):
        update(client, ["eu-west-1", "cn-north-1"], file=lambda _region: file)
    # Nor is a part of what was asked for written.
    assert file.read_bytes() == before


def tmp_copy(file: Path) -> Path:
    """The same file under another name, as a file is read once."""
    return Path(shutil.copy(file, file.with_name("again.json")))


def test_a_file_that_was_written_is_read_as_it_was(tmp_path: Path) -> None:
    for region in ("us-east-1", "ap-southeast-6"):
        brought = TABLES / f"{region}.json"
        sources, regions = read_blocks(brought)
        assert written(sources, regions) == brought.read_text("utf-8")


def test_us_east_1_has_no_prefix() -> None:
    wanted = next(entry for entry in wanted_prices() if entry.service == "AmazonVPC")
    text = json.dumps(product("AmazonVPC", "VpcEndpoint-Hours", "0.01", "Hrs", region="us-east-1"))
    assert parse(text, wanted) == ("vpc/interface-endpoint", 0.01, "2026-11-05")


def test_trust_stores_of_a_load_balancer_are_not_taken_for_it() -> None:
    wanted = next(entry for entry in wanted_prices() if entry.service == "AWSELB")
    text = json.dumps(
        product("AWSELB", "TS-LoadBalancerUsage", "0.0056", "Hrs", region="us-east-1")
    )
    assert parse(text, wanted) is None
