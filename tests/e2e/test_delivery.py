"""Pipelines on the emulator by Terraform: for trunk, for releases by tag and for Gitflow."""

from __future__ import annotations

from typing import Any

import pytest

from inferform_emulator.process import Emulator
from ops.kinds.record import Finding
from ops.preflight import preflight
from ops.terraform import contents_of
from ops.verify import verify

from .program import Life, actions

pytestmark = pytest.mark.story("each test changes the pipelines that the one before it left")

KEY, STACK = "shared-use1", "shared-use1-delivery"
TOOLS, TEAM, LIVE = "123456789012", "222233334444", "444455556666"
TOPIC = f"arn:aws:sns:us-east-1:{TOOLS}:releases"

_TEXT = f"""
from inferform import *

DEV = TargetEnvironment(key="dev-use1", account="{TEAM}")
STAGING = TargetEnvironment(key="staging-use1", account="{TEAM}")
PROD = TargetEnvironment(key="prod-use1", account="{LIVE}")


def environment(stage, account, number, protected=False):
    return Environment(
        context=Context(
            organization="acme", stage=stage, account=account, region="us-east-1", owner="ml",
            deploy_role="inferform-deploy", plan_role="inferform-plan", protected=protected,
        ),
        network=Network(cidr=f"10.{{number}}.0.0/16", nat="none", flow_logs=None),
    )


dev = environment("dev", "{TEAM}", 20)
staging = environment("staging", "{TEAM}", 21)
prod = environment("prod", "{LIVE}", 22, protected=True)
REVIEW = ReviewPipeline(
    trigger=OnPullRequest(branches=["main", "develop"]), environments=[DEV, STAGING, PROD]
)
PRODUCTION = Promotion(
    environment=PROD,
    approval=ManualApproval(topic="{TOPIC}"),
    window=DeploymentWindow(cron="* * 9-16 ? * MON-THU *", timezone="Europe/Berlin"),
    entry_alarms=["production-is-ill"],
)
tools = Environment(
    context=Context(
        organization="acme", stage="shared", account="{TOOLS}", region="us-east-1", owner="ml"
    ),
    registry=Registry(repositories={{"fraud": Repository()}}),
    network=Network(cidr="10.9.0.0/16", nat="single", flow_logs=None),
    delivery=DeliveryPipelines(
        source=GitSource(repository="acme/inference"), notify="{TOPIC}", pipelines={{PIPELINES}},
    ),
)
"""
TRUNK = """{
    "review": REVIEW,
    "main": DeployPipeline(
        trigger=OnPush(branches=["main"], paths=["environments/**"]),
        images=[ImageBuild(repository="fraud", directory="models/fraud")],
        promotions=[Promotion(environment=DEV), Promotion(environment=STAGING), PRODUCTION],
    ),
}"""
BY_TAG = """{
    "review": REVIEW,
    "main": DeployPipeline(
        trigger=OnPush(branches=["main"]),
        promotions=[Promotion(environment=DEV), Promotion(environment=STAGING)],
    ),
    "release": DeployPipeline(
        trigger=OnTag(tags=["v*"], exclude_tags=["v*-rc*"]), promotions=[PRODUCTION],
    ),
}"""
GITFLOW = """{
    "review": REVIEW,
    "develop": DeployPipeline(
        trigger=OnPush(branches=["develop"]), promotions=[Promotion(environment=DEV)],
    ),
    "main": DeployPipeline(
        trigger=OnPush(branches=["main"]),
        promotions=[PRODUCTION],
        compute=BuildCompute(private=True, size="LARGE", variables={"RETRIES": "3"}),
    ),
    "release": DeployPipeline(
        trigger=OnPush(branches=["release/*", "hotfix/*"]),
        promotions=[Promotion(environment=STAGING)],
    ),
}"""


def text(pipelines: str) -> str:
    return _TEXT.replace("{PIPELINES}", pipelines)


@pytest.fixture(scope="module")
def life(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Life:
    life = Life(tmp_path_factory.mktemp("life"), emulator)
    life.write(text(TRUNK))
    life.bootstrap(KEY)
    return life


def control(life: Life, route: str, **given: Any) -> dict[str, Any]:
    answer: dict[str, Any] = life.emulator.control("POST", route, {"account": TOOLS, **given})
    return answer


def starts(life: Life, **event: Any) -> list[str]:
    """The pipelines that something in the repository starts, by their short names."""
    started = control(life, "codepipeline/git", repository="acme/inference", **event)["started"]
    return [each["pipeline"].removeprefix("acme-shared-use1-delivery-") for each in started]


def connection(life: Life) -> dict[str, Any]:
    connections: Any = life.aws(KEY).any_client("codeconnections")
    (found,) = connections.list_connections()["Connections"]
    return dict(found)


def inside(life: Life) -> dict[str, bool]:
    """Whether the builds of each pipeline run in the network."""
    builds: Any = life.aws(KEY).any_client("codebuild")
    names = builds.list_projects()["projects"]
    found: dict[str, set[bool]] = {}
    for project in builds.batch_get_projects(names=names)["projects"]:
        pipeline = project["name"].removeprefix("acme-shared-use1-delivery-").partition("-")[0]
        found.setdefault(pipeline, set()).add(bool(project.get("vpcConfig", {}).get("subnets")))
    return {pipeline: value for pipeline, (value,) in found.items()}


def asked(life: Life) -> list[Finding]:
    stacks = contents_of(life.program.synthesize().of(KEY))
    return preflight(life.environment(KEY), stacks, life.aws(KEY))


def found_by(findings: Any, check: str) -> list[tuple[str, str]]:
    return [(each.outcome, each.found) for each in findings if each.check.id == check]


def test_pipelines_for_three_environments_are_deployed_and_plan_empty(life: Life) -> None:
    life.deploy(f"{KEY}-*")
    assert life.plan_status(STACK) == 0


def test_a_pending_connection_is_told_with_where_a_person_finishes_it(life: Life) -> None:
    environment, aws = life.environment(KEY), life.aws(KEY)
    ((outcome, said),) = found_by(asked(life), "PRE44")
    assert (outcome, said) == ("failed", "is PENDING")
    told = [each for each in verify(environment, aws) if each.outcome != "passed"]
    assert [(each.outcome, each.found) for each in told] == [("failed", "is PENDING")]
    assert "Update pending connection" in told[0].fix
    arn = connection(life)["ConnectionArn"]
    control(life, "codeconnections/status", arn=arn, status="AVAILABLE")
    ((outcome, _),) = found_by(asked(life), "PRE44")
    assert outcome == "passed"


def test_a_push_with_files_of_environments_starts_the_trunk(life: Life) -> None:
    assert starts(life, branch="main", paths=["docs/index.md"]) == []
    assert starts(life, branch="feature/x", paths=["environments/dev.py"]) == []
    assert starts(life, branch="main", paths=["environments/dev.py"]) == ["main"]
    assert starts(life, branch="main", pull_request="OPEN") == ["review"]
    assert starts(life, branch="main", pull_request="CLOSED") == []


def test_production_moves_to_tags_without_a_change_of_the_rest(life: Life) -> None:
    life.write(text(BY_TAG))
    changes = actions(life.plan(STACK))
    assert "aws_kms_key" not in changes
    assert "aws_codeconnections_connection" not in changes
    life.deploy(f"{KEY}-*")
    assert life.plan_status(STACK) == 0
    assert starts(life, tag="v1.2.0") == ["release"]
    assert starts(life, tag="v1.2.0-rc1") == []
    assert starts(life, branch="main") == ["main"]


def test_gitflow_has_a_pipeline_for_each_line(life: Life) -> None:
    life.write(text(GITFLOW))
    life.deploy(f"{KEY}-*")
    assert life.plan_status(STACK) == 0
    assert starts(life, branch="develop") == ["develop"]
    assert starts(life, branch="release/1.2") == ["release"]
    assert starts(life, branch="hotfix/1.2.1") == ["release"]
    assert starts(life, branch="main") == ["main"]
    assert starts(life, branch="develop", pull_request="UPDATED") == ["review"]
    assert inside(life) == {"main": True, "develop": False, "release": False, "review": False}


def test_a_build_is_changed_in_place(life: Life) -> None:
    smaller = GITFLOW.replace('size="LARGE", variables={"RETRIES": "3"}', "timeout_minutes=240")
    life.write(text(smaller))
    assert actions(life.plan(STACK)) == {"aws_codebuild_project": ["update"]}
    life.deploy(f"{KEY}-*")
    assert life.plan_status(STACK) == 0


def test_everything_is_destroyed(life: Life) -> None:
    life.destroy(f"{KEY}-*")
    aws = life.aws(KEY)
    pipelines: Any = aws.any_client("codepipeline")
    builds: Any = aws.any_client("codebuild")
    connections: Any = aws.any_client("codeconnections")
    assert pipelines.list_pipelines()["pipelines"] == []
    assert builds.list_projects()["projects"] == []
    assert connections.list_connections()["Connections"] == []
