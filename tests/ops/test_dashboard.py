"""The dashboards of an environment, drawn without AWS."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from inferform import (
    AsyncEndpoint,
    Budget,
    Context,
    Environment,
    Image,
    Inference,
    Model,
    Network,
    Observability,
    RealtimeEndpoint,
    Registry,
    Repository,
    Slo,
)
from inferform.observability.dashboard import dashboards
from ops.dashboard import draw, read
from ops.errors import BadInputError

MODEL = Model(image=Image(repository="fraud", tag="1.4.2"))


def environment(spec: Observability | None) -> Environment:
    return Environment(
        context=Context(
            organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
        ),
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        inference=Inference(
            endpoints={
                "fraud": RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large"),
                "late": AsyncEndpoint(model=MODEL, instance_type="ml.m5.large"),
            }
        ),
        observability=spec,
    )


WATCHED = environment(
    Observability(slos={"speed": Slo(of="fraud", objective_percent=99, latency_ms=123)})
)


def test_the_page_has_the_widgets_and_lines_of_the_dashboard() -> None:
    drawn = draw(WATCHED)
    (page,) = dashboards(WATCHED)
    titles = re.findall(r'aria-label="([^"]+)"', drawn.text)
    assert titles == [widget.title for widget in page.widgets]
    assert drawn.text.count("<polyline") == sum(len(widget.lines) for widget in page.widgets)
    assert "SLO speed <b>123</b>" in drawn.text
    assert "sample data: nothing of it was measured" in drawn.text


def test_the_page_needs_nothing_else_and_is_the_same_each_time() -> None:
    drawn = draw(WATCHED).text
    assert drawn == draw(WATCHED).text
    # It links to AWS's console, and loads nothing.
    linked = re.sub(r'<a href="https://console.aws.amazon.com/[^"]*">', "", drawn)
    assert linked != drawn
    assert not re.findall(r"<script|https?://|<link|@import|src=", linked)


def test_the_page_says_what_it_costs_and_leads_to_logs_queries_and_the_budget() -> None:
    spec = Observability(budget=Budget(usd_per_month=1500))
    drawn = draw(environment(spec)).text
    assert re.search(r"Costs: (at least )?\$[\d,]+ a month by inferform cost", drawn)
    assert "Budget of $1,500 a month</a>" in drawn
    assert "inferform/dev-use1/errors</a>" in drawn
    group = "$252Faws$252Fsagemaker$252FEndpoints$252Facme-dev-use1-late"
    assert f"#logsV2:log-groups/log-group/{group}" in drawn
    assert "errors</a>" not in draw(environment(Observability(queries=False))).text


def test_recorded_data_is_drawn_and_what_is_missing_is_said(tmp_path: Path) -> None:
    file = tmp_path / "recorded.json"
    recorded = {"endpoint/fraud: traffic": {"Invocations": [[0, 10], [5, 4321]]}}
    file.write_text(json.dumps(recorded))
    drawn = draw(WATCHED, read(file)).text
    assert "Invocations <b>4,321</b>" in drawn
    assert drawn.count('<text x="200.0"') == len(dashboards(WATCHED)[0].widgets) - 1
    assert "sample data" not in drawn


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', '{"a": {"b": [[1]]}}'])
def test_a_file_that_holds_no_recorded_data_is_bad_input(text: str, tmp_path: Path) -> None:
    file = tmp_path / "recorded.json"
    file.write_text(text)
    with pytest.raises(BadInputError, match="holds no recorded metrics"):
        read(file)


@pytest.mark.parametrize("spec", [None, Observability(dashboard=False)])
def test_an_environment_without_a_dashboard_is_bad_input(spec: Observability | None) -> None:
    with pytest.raises(BadInputError, match="has no dashboard"):
        draw(environment(spec))
