"""Costs that AWS itself published, from the prices here: to the cent, or with the reason why not."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ops.cost.model import HOURS_PER_MONTH, Usage, exactly
from ops.cost.prices import price_table


@dataclass(frozen=True, kw_only=True)
class Published:
    """One line that AWS published."""

    what: str
    region: str
    key: str
    quantity: float
    """In the price's unit: hours, GB-months, requests."""

    usd: float
    off_by: float = 0.0
    """How far today's prices are from it, in USD."""

    because: str = ""


BILL = "aws-samples/sagemaker-ssh-helper, Sample_Costs.md: a bill of December 2023, Ireland"
KIT = "awslabs/aws-ai-solution-kit, cost estimation example 2, Ohio, June 2022"
DIFFUSION = "AWS solution, Stable Diffusion, cost of image inference, N. Virginia, December 2023"
LAMBDA = "aws.amazon.com/lambda/pricing, example 1, N. Virginia"
WAF = "aws.amazon.com/waf/pricing, example of 19 rules and 10 million requests: $30"


def billed(what: str, key: str, hours: float, usd: float, **more: object) -> Published:
    return Published(
        what=f"{BILL}: {what}",
        region="eu-west-1",
        key=f"sagemaker/{key}",
        quantity=hours,
        usd=usd,
        **more,  # type: ignore[arg-type]
    )


LINES = (
    billed("endpoint storage", "storage", 0.222, 0.03),
    billed("notebook storage", "storage", 5, 0.77),
    billed("training storage", "storage", 1.942, 0.30),
    billed("warm pool storage", "storage", 6.746, 1.04),
    billed("transform", "transform/ml.m5.xlarge", 2.126, 0.55),
    billed("hosting", "hosting/ml.m5.xlarge", 8.208, 2.11),
    billed("processing", "processing/ml.m5.xlarge", 2.382, 0.61),
    billed("training", "training/ml.m5.xlarge", 44.015, 11.31),
    billed("warm pool", "training/ml.m5.xlarge", 167.301, 43.00),
    billed("hosting", "hosting/ml.g4dn.xlarge", 1.299, 1.07),
    billed(
        "training",
        "training/ml.g4dn.xlarge",
        14.801,
        12.17,
        off_by=-0.02,
        because="the bill has $0.822 for training and $0.821 for hosting, which stands for both here",
    ),
    billed("training", "training/ml.g5.xlarge", 2.887, 4.53),
    billed("hosting", "hosting/ml.g4dn.4xlarge", 74.998, 125.85),
    billed("hosting", "hosting/ml.g4dn.12xlarge", 31.543, 172.00),
    billed("hosting", "hosting/ml.g5.12xlarge", 22.409, 177.26),
    Published(what=KIT, region="us-east-2", key="lambda/request", quantity=1e6, usd=0.20),
    Published(
        what=KIT,
        region="us-east-2",
        key="lambda/x86_64/gb-second",
        quantity=1e6 * 10_240 / 1024,
        usd=166.7,
        off_by=-0.03,
        because="it is published with one decimal",
    ),
    Published(what=KIT, region="us-east-2", key="apigateway/rest-request", quantity=1e6, usd=3.5),
    Published(what=KIT, region="us-east-2", key="data-transfer/out-10tb", quantity=100, usd=9),
    Published(what=KIT, region="us-east-2", key="logs/ingested", quantity=10, usd=5),
    Published(what=KIT, region="us-east-2", key="ecr/storage", quantity=0.5, usd=0.05),
    Published(
        what=LAMBDA,
        region="us-east-1",
        key="lambda/x86_64/gb-second",
        quantity=3e6 * 512 / 1024 - 400_000,
        usd=18.34,
        off_by=-0.01,
        because="the page rounds the price to $0.00001667; the Price List has $0.0000166667",
    ),
    Published(what=LAMBDA, region="us-east-1", key="lambda/request", quantity=2e6, usd=0.40),
)


def test_each_line_comes_out_to_the_cent() -> None:
    table = price_table()
    for line in LINES:
        price = table.price(line.region, line.key)
        assert price is not None, line
        usd = round(price.usd * line.quantity, 2)
        assert usd == pytest.approx(round(line.usd + line.off_by, 2), abs=0.001), line
        assert bool(line.off_by) == bool(line.because), line


def monthly(region: str, **amounts: float) -> float:
    """The sum of what is used by the month; `__` stands for / in a key."""
    usages = [Usage("x", key.replace("__", "/"), exactly(n)) for key, n in amounts.items()]
    estimate = price_table().estimate(region, usages)
    assert not estimate.not_priced
    return round(estimate.total.expected, 2)


def test_an_endpoint_of_eight_hours_a_day_with_its_disk() -> None:
    usages = [
        Usage("x", "sagemaker/hosting/ml.g5.2xlarge", exactly(8 * 20 / HOURS_PER_MONTH)),
        Usage("x", "sagemaker/storage", exactly(240)),
    ]
    total = price_table().estimate("us-east-1", usages).total.expected
    assert round(total, 2) == 276.00, DIFFUSION


def test_a_web_acl_of_nineteen_rules() -> None:
    found = monthly("us-east-1", **{"waf/web-acl": 1, "waf/rule": 19, "waf/request": 10e6})
    assert found == 30.00, WAF


def test_the_kit_adds_its_own_lines_up_wrongly() -> None:
    # AWS's total is $176.35; its lines sum to $184.45, $8.10 more: nine tenths of the data transfer.
    published = sum(line.usd for line in LINES if line.what == KIT)
    assert published == pytest.approx(184.45)
    assert published - 176.35 == pytest.approx(0.9 * 9)
