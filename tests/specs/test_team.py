"""Rules of a team's own, over Specs and over plans."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from inferform import (
    RULES,
    ConfigurationError,
    Context,
    Environment,
    Image,
    Inference,
    Model,
    NetworkOutputs,
    RealtimeEndpoint,
    Registry,
    Repository,
    SpecError,
    load,
)
from inferform.sagemaker.endpoints.fleet import Fleet
from inferform.service import Place
from inferform.spec import problems_of
from inferform.team import Found, rule
from inferform.usage import Usage, exactly
from ops.cli import app
from ops.cost.prices import price_table
from ops.kinds import add_own, forget_own
from ops.plan import read_plan
from ops.review.building import build
from ops.review.report import CostReport
from tests.conftest import ROOT
from tests.review.plans import PLANS, changed, plan_of

NETWORK = NetworkOutputs(
    vpc_id="vpc-1a2b3c4d",
    vpc_cidr="10.9.0.0/16",
    private_subnet_ids=["subnet-1a2b3c4d"],
    public_subnet_ids=[],
    s3_prefix_list_id="pl-1a2b3c4d",
)


@rule(
    "TEAMTEST1",
    over=Fleet,
    refuses="a GPU in dev",
    message="has a GPU {sic}; use ml.c7i.xlarge",
    source="the handbook",
)
def no_gpu(spec: Fleet, place: Place) -> Iterator[Found]:
    if place.environment.context.stage == "dev" and spec.facts.gpus:
        yield "instance_type", spec.instance_type


@rule(
    "TEAMTEST2",
    over=Environment,
    refuses="an environment without an owner that is a team",
    message="must be a team",
    severity="warning",
)
def owned(spec: Environment, place: Place) -> Iterator[Found]:
    if not spec.context.owner.startswith("team-"):
        yield "context.owner", spec.context.owner


def environment(stage: str, *rules: Any, type_: str = "ml.g5.xlarge") -> Environment:
    model = Model(image=Image(repository="fraud", tag="1"))
    return Environment(
        context=Context(
            organization="acme", stage=stage, account="111122223333", region="us-east-1", owner="ml"
        ),
        network=NETWORK,
        registry=Registry(repositories={"fraud": Repository()}),
        inference=Inference(
            endpoints={"fraud": RealtimeEndpoint(model=model, instance_type=type_)}
        ),
        rules=rules,
    )


def test_an_error_of_a_team_s_own_refuses_the_environment_where_it_stands() -> None:
    with pytest.raises(SpecError) as raised:
        environment("dev", no_gpu)
    (problem,) = raised.value.problems
    assert str(problem).startswith(
        "inference.endpoints.fraud.instance_type: has a GPU {sic}, got 'ml.g5.xlarge'; use "
        "ml.c7i.xlarge [TEAMTEST1]"
    )
    assert problems_of(environment("prod", no_gpu)) == []
    assert problems_of(environment("dev", no_gpu, type_="ml.m5.large")) == []


@rule("TEAMTEST5", over=Fleet, refuses="nothing", message="fails")
def fails(spec: Fleet, place: Place) -> Iterator[Found]:
    raise KeyError("owner")


def test_a_mistake_in_a_rule_names_the_rule_and_the_spec(tmp_path: Path) -> None:
    with pytest.raises(KeyError) as raised:
        environment("dev", fails)
    note = "in the rule TEAMTEST5, over inference.endpoints.fraud"
    assert raised.value.__notes__ == [note]
    folder = tmp_path / "environments"
    folder.mkdir()
    (folder / "dev.py").write_text(
        "from tests.specs.test_team import environment, fails\ndev = environment('dev', fails)\n"
    )
    with pytest.raises(ConfigurationError, match=rf"KeyError: 'owner', {note} \[ENV2\]"):
        load(folder)


def test_a_warning_of_a_team_s_own_lets_the_environment_be() -> None:
    (problem,) = problems_of(environment("prod", owned))
    assert (problem.where, problem.severity, problem.rule) == (
        "context.owner",
        "warning",
        "TEAMTEST2",
    )


def test_an_id_is_one_rule_s_and_a_bare_function_is_no_rule() -> None:
    assert RULES["TEAMTEST1"].source == "the handbook"
    with pytest.raises(ValueError, match="rule RT2 is defined twice"):
        rule("RT2", over=Fleet, refuses="x", message="y")
    with pytest.raises(SpecError, match=r"put @rule\(\.\.\.\) of inferform.team over the function"):
        environment("prod", lambda spec, place: iter(()))


@pytest.fixture
def extensions() -> Iterator[None]:
    """The rules over plans of the example."""
    add_own(["extensions.kinds"], ROOT / "examples")
    yield
    forget_own()


def function(memory: int) -> Any:
    values = {"function_name": "rerank", "memory_size": memory, "image_uri": "x"}
    return read_plan(
        plan_of(changed("aws_lambda_function.rerank", ["create"], None, values)), "dev"
    )


def test_a_rule_over_plans_is_a_risk_of_the_review(extensions: None) -> None:
    risks = {risk.rule.id: risk for risk in build([function(4096)]).risks}
    assert (str(risks["TEAM3"].severity), risks["TEAM3"].reason) == ("high", "has 4096 MiB")
    assert risks["TEAM3"].address == "aws_lambda_function.rerank"
    assert "TEAM3" not in {risk.rule.id for risk in build([function(1024)]).risks}


def test_a_budget_is_compared_with_what_each_service_costs(extensions: None) -> None:
    def report(count: int) -> CostReport:
        usages = [Usage("fraud", "sagemaker/hosting/ml.m5.xlarge", exactly(count))]
        before, after = (price_table().estimate("us-east-1", each) for each in ([], usages))
        return CostReport("dev-use1", "us-east-1", before, after, prices_from="")

    (over,) = [risk for risk in build([], costs=[report(20)]).risks if risk.rule.id == "TEAM4"]
    assert (over.address, over.environment) == ("fraud", "dev-use1")
    assert over.reason.startswith("costs up to $3,")
    assert "TEAM4" not in {risk.rule.id for risk in build([], costs=[report(1)]).risks}


@pytest.mark.parametrize(
    ("plan", "severity", "status"),
    [
        ("capture-added", "critical", 0),
        ("capture-added", "high", 3),
        ("capture-added", "low", 3),
        ("first-creation-registry", "low", 0),
        ("capture-added", "bad", 2),
    ],
)
def test_a_review_can_be_a_gate(plan: str, severity: str, status: int) -> None:
    file = str(PLANS / f"{plan}.json")
    answer = CliRunner().invoke(app, ["review", "--plan", file, "--fail-on", severity])
    assert answer.exit_code == status, answer.output


@pytest.mark.long
def test_explain_knows_a_team_s_own_rules(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "project")
    script = (
        "import sys, pathlib\n"
        "import ops.environments as known\n"
        f"known.ROOT = pathlib.Path({str(tmp_path / 'project')!r})\n"
        "from ops.cli import main\n"
        "main()\n"
    )
    shown = {}
    for asked in ("team1", "TEAM3"):
        done = subprocess.run(
            [sys.executable, "-c", script, "explain", asked],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        shown[asked] = done.stdout
    assert "a GPU in dev" in shown["team1"]
    assert "the platform team's handbook" in shown["team1"]
    assert "use an endpoint on SageMaker" in shown["TEAM3"]
