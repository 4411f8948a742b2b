"""`inferform cost`: sums by service, layer and tag, formats, and a budget in CI."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ops.cli import app
from ops.commands.cost import Figure, _hold
from ops.cost.model import Amount, Estimate, Price, PricedLine, Usage, exactly
from ops.cost.prices import TABLES, PriceTable, read_blocks, written
from ops.cost.written import Costs, as_csv, as_data, as_html, print_costs
from ops.environments import environments
from ops.errors import BadInputError

pytestmark = pytest.mark.long


def cost(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["cost", "dev-use1", *arguments])


def test_the_sums_of_services_layers_and_tags_add_up_to_the_total() -> None:
    whole = json.loads(cost("--json").output)
    assert "groups" not in whole
    for by, names in {
        "service": {"fraud", "network", "registry", "monitoring"},
        "layer": {"inference", "network", "registry"},
        "tag:owner": {"ml-platform"},
        "tag:layer": {"inference", "network", "registry"},
    }.items():
        found = json.loads(cost("--by", by, "--format", "json").output)
        assert {group["name"] for group in found["groups"]} == names, by
        for figure, total in found["monthly"].items():
            summed = sum(group["monthly"][figure] for group in found["groups"])
            assert summed == pytest.approx(total, abs=0.02), (by, figure)
        assert found["monthly"] == whole["monthly"]


def test_what_is_no_group_is_refused_with_what_there_is() -> None:
    for by, said in {
        "team": "service, layer or tag:KEY",
        "tag": "has no key",
        "tag:ownr": "did you mean owner",
    }.items():
        error = cost("--by", by).exception
        assert isinstance(error, BadInputError), by
        assert said in str(error), by


def test_csv_and_html_hold_what_the_table_holds() -> None:
    lines = list(csv.DictReader(io.StringIO(cost("--format", "csv").output)))
    data = json.loads(cost("--json").output)
    assert [line["key"] for line in lines] == [line["key"] for line in data["lines"]]
    total = sum(float(line["maximum"]) for line in lines)
    assert total == pytest.approx(data["monthly"]["maximum"], abs=0.02)
    groups = list(csv.DictReader(io.StringIO(cost("--by", "layer", "--format", "csv").output)))
    assert {group["layer"] for group in groups} == {"inference", "network", "registry"}
    page = cost("--format", "html").output
    assert "<script" not in page
    for line in data["lines"]:
        assert line["service"] in page


def test_a_budget_is_held_against_the_sum_that_is_asked_for() -> None:
    # It costs $122, $143 and $206.
    for arguments, status in (
        (("--fail-over", "150"), 0),
        (("--fail-over", "140"), 3),
        (("--fail-over", "140", "--of", "minimum"), 0),
        (("--fail-over", "150", "--of", "maximum"), 3),
        (("--fail-over", "-1"), 2),
    ):
        assert cost(*arguments).exit_code == status, arguments
    said = cost("--fail-over", "140").stderr
    assert "dev-use1 costs $143.04 a month (expected), over $140.00" in said
    # At the very sum that JSON has, to the cent.
    exact = json.loads(cost("--json").stdout)["monthly"]["expected"]
    assert exact == 143.04
    assert cost("--fail-over", f"{exact}").exit_code == 0
    assert cost("--fail-over", f"{exact - 0.01:.2f}").exit_code == 3


def test_nothing_without_a_price_is_known_to_be_within_a_budget(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment = environments().environments["dev-use1"]
    monkeypatch.setattr("ops.commands.cost.environment", lambda _: environment)
    assert cost("--fail-over", "150").exit_code == 0
    # The same without one of its prices, which lowers the sum.
    content = read_blocks(TABLES / "us-east-1.json")
    for block in content[1]["us-east-1"].values():
        block.pop("sagemaker/hosting/ml.m5.large", None)
    file = tmp_path / "us-east-1.json"
    file.write_text(written(*content), encoding="utf-8")
    monkeypatch.setattr("ops.cost.prices.price_table", lambda: PriceTable(folder=tmp_path))
    for limit in ("150", "1"):
        held = cost("--fail-over", limit)
        assert held.exit_code == 3
        assert "at least $38.10 a month (expected)" in held.stderr
    assert "whether it is within $150.00 is not known" in cost("--fail-over", "150").stderr


def test_what_is_billed_by_use_alone_fails_no_budget(capsys: pytest.CaptureFixture[str]) -> None:
    by_use = PricedLine(Usage("b", "u", None), Price(1, "request", "2026-01-01", "s"), None)
    _hold(Estimate((PRICED, by_use)), "dev", 1.0, Figure.EXPECTED)
    said = "dev costs at least $1.00 a month (expected), within $1.00, and 1 is billed by use"
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_sum_of_nothing_that_has_a_price_is_not_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for lines, expected in (((HOLE,), "not known"), ((HOLE, PRICED), "$1.00"), ((), "$0")):
        costs = Costs(environment="dev", region="x", estimate=Estimate(lines))
        print_costs(costs)
        (total,) = [e for e in capsys.readouterr().out.splitlines() if e.startswith(" total")]
        assert total.count(expected) == 3


def test_programs_read_that_such_a_sum_is_not_known() -> None:
    groups = {"hole": Estimate((HOLE,)), "both": Estimate((HOLE, PRICED)), "none": Estimate(())}
    whole = Estimate((HOLE,))
    costs = Costs(environment="dev", region="x", estimate=whole, by="service", groups=groups)
    data = as_data(costs)
    one = dict.fromkeys(("minimum", "expected", "maximum"), 1.0)
    assert data["monthly"] is None
    found = {each["name"]: each["monthly"] for each in data["groups"]}
    assert found == {"hole": None, "both": one, "none": dict.fromkeys(one, 0.0)}
    rows = {row["service"]: row for row in csv.DictReader(io.StringIO(as_csv(costs)))}
    assert [rows[name]["minimum"] for name in groups] == ["", "1.00", "0.00"]


def test_no_refresh_is_offered_where_none_brings_prices(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for region, said in (
        ("cn-north-1", "are in yuan"),
        ("eu-west-1", "inferform prices update eu-west-1"),
    ):
        print_costs(Costs(environment="dev", region=region, estimate=Estimate((HOLE,))))
        assert said in " ".join(capsys.readouterr().out.split())


PRICED = PricedLine(Usage("a", "k", exactly(1)), Price(1, "month", "2026-01-01", "s"), exactly(1))
HOLE = PricedLine(Usage("=cmd|x", "p5", exactly(1)), None, None)


def test_what_has_no_price_is_counted_and_never_a_zero() -> None:
    estimate = Estimate((PRICED, HOLE, PricedLine(Usage("b", "u", None), None, None)))
    assert estimate.total == Amount(1, 1, 1)
    # Nothing that is used by an unknown amount has a price here, so both are holes.
    assert estimate.left_out == "2 are not priced"
    costs = Costs(environment="dev", region="x", estimate=estimate)
    rows = list(csv.reader(io.StringIO(as_csv(costs))))
    # No formula reaches a spreadsheet, and an empty cell is not known.
    assert rows[2] == ["'=cmd|x", "p5", "", "", "", "", "", ""]
    assert "2 are not priced" in as_html(costs)


def test_prices_are_shown_of_one_type_in_one_region() -> None:
    def shown(*arguments: str) -> dict[str, dict[str, dict[str, object]]]:
        found = CliRunner().invoke(app, ["prices", "show", *arguments, "--json"])
        assert found.exit_code == 0, found.output
        content: dict[str, dict[str, dict[str, object]]] = json.loads(found.output)
        return content

    found = shown("ml.g5.xlarge", "eu-west-1")
    assert [*found] == ["eu-west-1"]
    assert found == shown("ml.g5.xlarge", "--region", "eu-west-1")
    assert "Price List" in str(found["eu-west-1"]["sagemaker/hosting/ml.g5.xlarge"]["source"])
    spot = CliRunner().invoke(app, ["prices", "show", "ec2-spot/g5.xlarge", "eu-west-1"])
    assert "is known: EC2 Spot prices change with demand" in str(spot.exception)
    two = CliRunner().invoke(app, ["prices", "show", "a", "us-east-1", "--region", "eu-west-1"])
    assert isinstance(two.exception, BadInputError)
