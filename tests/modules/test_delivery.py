"""What pipelines that deliver become: their order, artifacts, variables, triggers and buildspecs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from inferform import (
    BuildCompute,
    Context,
    DeliveryPipelines,
    DeploymentWindow,
    DeployPipeline,
    Environment,
    GitSource,
    ImageBuild,
    ManualApproval,
    Network,
    OnPullRequest,
    OnPush,
    OnTag,
    Promotion,
    Registry,
    Repository,
    ReviewPipeline,
    TargetEnvironment,
)
from ops.review.exported import exported
from tests.conftest import Made, Synthesized

pytestmark = pytest.mark.long

Synthesize = Callable[..., Synthesized]
Resources = dict[str, dict[str, Any]]

TOOLS = Context(
    organization="acme", stage="shared", account="111122223333", region="us-east-1", owner="ml"
)
DEV = TargetEnvironment(key="dev-use1", account="222233334444")
STAGING = TargetEnvironment(key="staging-use1", account="222233334444")
PROD = TargetEnvironment(key="prod-use1", account="444455556666")
MAIN, REQUESTS = OnPush(branches=["main"]), OnPullRequest(branches=["main"])
WINDOW = DeploymentWindow(cron="* * 9-16 ? * MON-THU *", timezone="Europe/Berlin")
SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:index-AbCdEf"
PARAMETER = "arn:aws:ssm:us-east-1:111122223333:parameter"
CONNECTION = "arn:aws:codeconnections:us-east-1:111122223333:connection/aEXAMPLE-8aad"
TOPIC = "arn:aws:sns:us-east-1:111122223333:releases"

# AWS CodePipeline user guide, valid numbers of artifacts: inputs, outputs.
COUNTS = {
    "CodeStarSourceConnection": (range(1), range(1, 2)),
    "CodeBuild": (range(1, 6), range(6)),
    "Manual": (range(1), range(1)),
}


def deploy(*promotions: Promotion, **fields: Any) -> DeployPipeline:
    given = promotions or [Promotion(environment=DEV)]
    return DeployPipeline(**{"trigger": MAIN, "promotions": given, **fields})


def made(synthesize: Synthesize, source: GitSource | None = None, **fields: Any) -> Resources:
    """The resources of the layer, by type and path of construct."""
    given = {"source": source or GitSource(repository="acme/inference"), **fields}
    spec = DeliveryPipelines(**{"pipelines": {"main": deploy()}, **given})
    stacks = synthesize(
        Environment(
            context=TOOLS, registry=Registry(repositories={"fraud": Repository()}), delivery=spec
        )
    )
    resources = stacks["shared-use1-delivery"]["resource"]
    return {
        kind: {
            each["//"]["metadata"]["path"].split("/", 1)[1].removeprefix("pipelines/"): each
            for each in named.values()
        }
        for kind, named in resources.items()
    }


def buildspec(resources: Resources, path: str) -> dict[str, Any]:
    text = resources["aws_codebuild_project"][f"{path}/project"]["source"]["buildspec"]
    found: dict[str, Any] = json.loads(text)
    return found


def actions(pipeline: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every action with its stage, in order."""
    for stage in pipeline["stage"]:
        for action in stage["action"]:
            yield stage, action


def pipelines(everything: dict[str, Made]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every pipeline that an example or a document has, with the stack that it is in."""
    for each in everything.values():
        for pipeline in each.stack["resource"].get("aws_codepipeline", {}).values():
            yield pipeline, each.stack["resource"]


ROUND = ["plan-1", "approve-1", "apply-1", "plan-2", "approve-2", "apply-2", "verify"]


def test_each_environment_is_planned_approved_applied_and_verified_in_its_turn(
    synthesize: Synthesize,
) -> None:
    asked = ManualApproval(timeout_minutes=60, topic=TOPIC)
    found = made(
        synthesize,
        pipelines={
            "main": deploy(
                Promotion(environment=DEV, rounds=1),
                Promotion(environment=PROD, approval=asked, rounds=2),
                images=[ImageBuild(repository="fraud")],
            )
        },
    )
    (pipeline,) = found["aws_codepipeline"].values()
    assert (pipeline["pipeline_type"], pipeline["execution_mode"]) == ("V2", "QUEUED")
    assert [stage["name"] for stage in pipeline["stage"]] == [
        *("source", "checks", "images"),
        *(f"dev-use1-{each}" for each in ("plan-1", "apply-1", "verify")),
        *(f"prod-use1-{each}" for each in ROUND),
    ]
    named = {stage["name"]: stage for stage in pipeline["stage"]}
    approval = named["prod-use1-approve-2"]["action"][0]
    assert approval["timeout_in_minutes"] == 60
    assert approval["configuration"]["NotificationArn"] == TOPIC
    assert approval["configuration"]["ExternalEntityLink"] == "#{prod-use1-2.URL}"
    for word in ("CREATED", "DELETED", "RISKS", "WORST", "COST", "DIGEST"):
        assert f"#{{prod-use1-2.{word}}}" in approval["configuration"]["CustomData"]
    applied = named["prod-use1-apply-2"]["action"][0]
    assert applied["input_artifacts"] == ["Source", "Plan2_2"]
    assert named["prod-use1-plan-2"]["action"][0]["output_artifacts"] == ["Plan2_2"]
    for name, stage in named.items():
        if re.search("approve|apply", name):
            (rule,) = stage["before_entry"]["condition"]["rule"]
            space = re.sub("-(approve|apply)", "", name)
            assert stage["before_entry"]["condition"]["result"] == "SKIP"
            assert rule["configuration"] == {
                "Variable": f"#{{{space}.PLANS}}",
                "Operator": "NE",
                "Value": "0",
            }


def test_a_plan_waits_for_the_execution_before_it_by_rights_of_its_own(
    synthesize: Synthesize,
) -> None:
    compute = BuildCompute(timeout_minutes=60)
    found = made(synthesize, pipelines={"main": deploy(compute=compute)})
    arn = "arn:aws:codepipeline:us-east-1:111122223333:acme-shared-use1-delivery-main"
    turn = (
        f'.venv/bin/inferform turn dev-use1 {arn} --execution "$EXECUTION" --minutes 15',
        "#{codepipeline.PipelineExecutionId}",
    )
    # Before it works as the deploy role, in an account that has no such pipeline.
    first, *after = buildspec(found, "main/plan-dev-use1")["phases"]["pre_build"]["commands"]
    assert first == turn[0]
    assert any("AWS_PROFILE" in each for each in after)
    (pipeline,) = found["aws_codepipeline"].values()
    for stage, action in actions(pipeline):
        variables = json.loads(action["configuration"].get("EnvironmentVariables", "[]"))
        told = {each["name"]: each["value"] for each in variables}
        assert told.get("EXECUTION") == (turn[1] if "-plan-" in stage["name"] else None)


def test_a_window_and_alarms_are_asked_before_an_apply(synthesize: Synthesize) -> None:
    promotion = Promotion(
        environment=PROD, approval=ManualApproval(), window=WINDOW, entry_alarms=["ill"], rounds=1
    )
    found = made(synthesize, pipelines={"main": deploy(promotion)})
    stages = {each["name"]: each for each in found["aws_codepipeline"]["main/pipeline"]["stage"]}
    condition = stages["prod-use1-apply-1"]["before_entry"]["condition"]
    assert condition["result"] == "FAIL"
    alarm, window = condition["rule"]
    assert alarm["configuration"] == {"AlarmName": "ill"}
    assert alarm["rule_type_id"]["provider"] == "CloudWatchAlarm"
    assert window["configuration"] == {
        "Cron": "* * 9-16 ? * MON-THU *",
        "TimeZone": "Europe/Berlin",
    }
    assert window["rule_type_id"]["provider"] == "DeploymentWindow"


def test_a_review_of_pull_requests_has_no_way_to_apply(synthesize: Synthesize) -> None:
    review = ReviewPipeline(trigger=REQUESTS, environments=[DEV, PROD])
    found = made(synthesize, pipelines={"review": review})
    (pipeline,) = found["aws_codepipeline"].values()
    assert [stage["name"] for stage in pipeline["stage"]] == ["source", "checks", "review"]
    assert pipeline["execution_mode"] == "PARALLEL"
    everything = json.dumps(found)
    assert "role/inferform-deploy" not in everything
    assert " apply " not in everything
    for path in ("review/review-dev-use1", "review/review-prod-use1"):
        made_of = buildspec(found, path)
        (asked, _) = made_of["phases"]["build"]["commands"]
        assert "--read-only" in asked
        # Neither plans nor the synthesis leave the build.
        assert made_of["artifacts"] == {"files": ["review/*"]}


def filters(synthesize: Synthesize, trigger: Any) -> dict[str, Any]:
    pipeline: DeployPipeline | ReviewPipeline
    if isinstance(trigger, OnPullRequest):
        pipeline = ReviewPipeline(trigger=trigger, environments=[DEV])
    else:
        pipeline = deploy(trigger=trigger)
    found = made(synthesize, pipelines={"main": pipeline})
    ((made_of,),) = ([each["trigger"]] for each in found["aws_codepipeline"].values())
    (made_of,) = made_of
    assert made_of["provider_type"] == "CodeStarSourceConnection"
    git: dict[str, Any] = made_of["git_configuration"]
    assert git.pop("source_action_name") == "git"
    return git


def test_what_starts_a_pipeline_is_a_push_a_tag_or_a_pull_request(synthesize: Synthesize) -> None:
    push = OnPush(branches=["release/*", "hotfix/*"], paths=["environments/**"])
    assert filters(synthesize, push) == {
        "push": [
            {
                "branches": {"includes": ["release/*", "hotfix/*"]},
                "file_paths": {"includes": ["environments/**"]},
            }
        ]
    }
    tag = OnTag(tags=["v*"], exclude_tags=["v*-rc*"])
    assert filters(synthesize, tag) == {
        "push": [{"tags": {"includes": ["v*"], "excludes": ["v*-rc*"]}}]
    }
    assert filters(synthesize, OnPullRequest(branches=["main"], exclude_paths=["docs/**"])) == {
        "pull_request": [
            {
                "events": ["OPEN", "UPDATED"],
                "branches": {"includes": ["main"]},
                "file_paths": {"excludes": ["docs/**"]},
            }
        ]
    }


@pytest.mark.parametrize(
    ("trigger", "branch"),
    [
        (OnPush(branches=["develop"]), "develop"),
        (OnPush(branches=["release/*"]), "trunk"),
        (OnTag(tags=["v*"]), "trunk"),
    ],
)
def test_an_execution_that_a_person_starts_has_a_branch(
    trigger: OnPush | OnTag, branch: str, synthesize: Synthesize
) -> None:
    source = GitSource(repository="acme/inference", default_branch="trunk", connection=CONNECTION)
    found = made(synthesize, source, pipelines={"main": deploy(trigger=trigger)})
    (git,) = found["aws_codepipeline"]["main/pipeline"]["stage"][0]["action"]
    assert git["configuration"] == {
        "ConnectionArn": CONNECTION,
        "FullRepositoryId": "acme/inference",
        "BranchName": branch,
        "DetectChanges": "false",
        "OutputArtifactFormat": "CODEBUILD_CLONE_REF",
    }
    assert "aws_codeconnections_connection" not in found


def test_a_connection_is_made_for_a_provider_or_for_a_host(synthesize: Synthesize) -> None:
    host = "arn:aws:codeconnections:us-east-1:111122223333:host/ghes/28aef605"

    def connection(**fields: Any) -> tuple[str, str | None, str | None]:
        found = made(synthesize, GitSource(repository="acme/inference", **fields))
        (each,) = found["aws_codeconnections_connection"].values()
        return each["name"], each.get("provider_type"), each.get("host_arn")

    name = "acme-shared-use1-delivery"
    assert connection() == (name, "GitHub", None)
    assert connection(provider="GitLab") == (name, "GitLab", None)
    assert connection(host=host) == (name, None, host)


def test_what_failed_is_told(synthesize: Synthesize) -> None:
    found = made(synthesize, notify=TOPIC)
    (rule,) = found["aws_cloudwatch_event_rule"].values()
    pattern = json.loads(rule["event_pattern"])
    assert pattern["resources"] == [
        "arn:aws:codepipeline:us-east-1:111122223333:acme-shared-use1-delivery-main"
    ]
    assert pattern["detail"] == {"state": ["FAILED"]}
    (target,) = found["aws_cloudwatch_event_target"].values()
    assert target["arn"] == TOPIC
    assert "aws_cloudwatch_event_rule" not in made(synthesize)


def test_builds_have_the_machine_variables_and_secrets_that_are_asked_for(
    synthesize: Synthesize,
) -> None:
    compute = BuildCompute(
        size="LARGE",
        architecture="ARM64",
        timeout_minutes=60,
        queued_minutes=10,
        image="999988887777.dkr.ecr.us-east-1.amazonaws.com/builds:1",
        variables={
            "RETRIES": "3",
            "TOKEN": SECRET,
            "USER": f"{SECRET}:user::",
            "DEEP": f"{PARAMETER}/builds/index",
            "FLAT": f"{PARAMETER}/index",
        },
    )
    images = [ImageBuild(repository="fraud", size="SMALL")]
    found = made(synthesize, pipelines={"main": deploy(compute=compute, images=images)})
    project = found["aws_codebuild_project"]["main/plan-dev-use1/project"]
    environment = project["environment"]
    assert {
        (each["name"], each["value"], each["type"]) for each in environment["environment_variable"]
    } == {
        ("RETRIES", "3", "PLAINTEXT"),
        ("TOKEN", SECRET, "SECRETS_MANAGER"),
        ("USER", f"{SECRET}:user::", "SECRETS_MANAGER"),
        ("DEEP", "/builds/index", "PARAMETER_STORE"),
        ("FLAT", "index", "PARAMETER_STORE"),
    }
    # A right is given for the secret, not for a key of its JSON.
    policy = found["aws_iam_role_policy"]["main/plan-dev-use1/role/policy"]["policy"]
    read = {each["Sid"]: each for each in json.loads(policy)["Statement"]}
    assert read["ReadSecrets"]["Resource"] == SECRET
    assert read["ReadParameters"]["Resource"] == [
        f"{PARAMETER}/builds/index",
        f"{PARAMETER}/index",
    ]
    assert environment["type"] == "ARM_CONTAINER"
    assert environment["compute_type"] == "BUILD_GENERAL1_LARGE"
    assert environment["image_pull_credentials_type"] == "SERVICE_ROLE"
    assert environment["privileged_mode"] is False
    assert (project["build_timeout"], project["queued_timeout"]) == (60, 10)
    assert "runtime-versions" not in buildspec(found, "main/plan-dev-use1")["phases"]["install"]
    built = found["aws_codebuild_project"]["main/image-fraud/project"]["environment"]
    assert (built["type"], built["compute_type"], built["privileged_mode"]) == (
        "LINUX_CONTAINER",
        "BUILD_GENERAL1_SMALL",
        True,
    )
    # CodeBuild's own image has Docker.
    assert built["image"] == "aws/codebuild/amazonlinux-x86_64-standard:5.0"
    assert built["image_pull_credentials_type"] == "CODEBUILD"


def test_artifacts_are_gone_after_their_days(synthesize: Synthesize) -> None:
    found = made(synthesize, pipelines={"main": deploy(artifact_retention_days=9)})
    (lifecycle,) = found["aws_s3_bucket_lifecycle_configuration"].values()
    rule = next(each for each in lifecycle["rule"] if each["id"] == "expire")
    assert rule["expiration"] == [{"days": 9}]
    assert rule["noncurrent_version_expiration"] == [{"noncurrent_days": 1}]


# What AWS finds only when a pipeline runs, over every pipeline of every example


def test_a_source_comes_first_and_artifacts_come_before_what_takes_them(
    made: dict[str, Made],
) -> None:
    checked = 0
    for pipeline, _ in pipelines(made):
        known: set[str] = set()
        for stage, action in actions(pipeline):
            assert (action["category"] == "Source") is (stage is pipeline["stage"][0])
            inputs, outputs = (
                action.get(f"{kind}_artifacts") or [] for kind in ("input", "output")
            )
            taken, given = COUNTS[action["provider"]]
            assert (len(inputs) in taken, len(outputs) in given) == (True, True), action["name"]
            assert {*inputs} <= known, f"{stage['name']} takes what nothing made"
            assert not known & {*outputs}
            known |= {*outputs}
            if len(inputs) > 1:
                assert action["configuration"]["PrimarySource"] in inputs
            assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,100}", each) for each in outputs)
            # CodePipeline cuts the name of an artifact in the keys of the bucket.
            assert all(len(each) <= 10 for each in outputs)
            checked += 1
    assert checked > 30


def test_every_variable_that_a_stage_names_was_told_by_a_stage_before(
    made: dict[str, Made],
) -> None:
    checked = 0
    for pipeline, resources in pipelines(made):
        projects = {each["name"]: each for each in resources["aws_codebuild_project"].values()}
        told: dict[str, set[str]] = {"codepipeline": {"PipelineExecutionId"}}
        for stage in pipeline["stage"]:
            text = json.dumps(
                [stage.get("before_entry"), [a["configuration"] for a in stage["action"]]]
            )
            for space, name in re.findall(r"#\{([\w-]+)\.(\w+)\}", text):
                assert name in told[space], f"{stage['name']} names {space}.{name}"
                checked += 1
            for action in stage["action"]:
                if space := action.get("namespace"):
                    assert space not in told
                    told[space] = {"CommitId"}
                    if action["provider"] == "CodeBuild":
                        project = projects[action["configuration"]["ProjectName"]]
                        spec = json.loads(project["source"]["buildspec"])
                        told[space] = set(spec["env"]["exported-variables"])
    assert checked > 20


def test_a_plan_tells_what_a_review_exports(synthesize: Synthesize) -> None:
    from ops.review.report import Report

    told = set(buildspec(made(synthesize), "main/plan-dev-use1")["env"]["exported-variables"])
    assert told == {*exported(Report(title="", stacks=()))} | {"URL"}


def test_the_key_of_a_pipeline_is_that_of_its_projects_bucket_and_logs(
    made: dict[str, Made],
) -> None:
    checked = 0
    for pipeline, resources in pipelines(made):
        key = pipeline["artifact_store"][0]["encryption_key"]["id"]
        for project in resources["aws_codebuild_project"].values():
            assert project["encryption_key"] == key
            checked += 1
        for group in resources["aws_cloudwatch_log_group"].values():
            assert group["kms_key_id"] == key
    assert checked > 10


def test_names_stay_within_what_aws_takes(synthesize: Synthesize) -> None:
    long = "a" * 32
    found = made(synthesize, pipelines={long: deploy(checks=[])})
    (pipeline,) = found["aws_codepipeline"].values()
    assert len(pipeline["name"]) <= 100
    assert all(len(each["name"]) <= 150 for each in found["aws_codebuild_project"].values())
    assert all(len(each["name"]) <= 64 for each in found["aws_iam_role"].values())
    assert len({each["name"] for each in found["aws_iam_role"].values()}) == 4


def test_private_builds_run_in_the_network_and_the_others_outside(synthesize: Synthesize) -> None:
    spec = DeliveryPipelines(
        source=GitSource(repository="acme/inference"),
        pipelines={
            "main": deploy(compute=BuildCompute(private=True)),
            "other": deploy(Promotion(environment=STAGING)),
        },
    )
    network = Network(cidr="10.9.0.0/16", nat="single", flow_logs=None)
    stacks = synthesize(Environment(context=TOOLS, network=network, delivery=spec))
    resources = stacks["shared-use1-delivery"]["resource"]
    (group,) = resources["aws_security_group"]
    (way,) = resources["aws_vpc_security_group_egress_rule"]
    rule = resources["aws_vpc_security_group_egress_rule"][way]
    assert (rule["from_port"], rule["to_port"], rule["cidr_ipv4"]) == (443, 443, "0.0.0.0/0")
    assert "aws_vpc_security_group_ingress_rule" not in resources
    for project in resources["aws_codebuild_project"].values():
        path = project["//"]["metadata"]["path"]
        config = project.get("vpc_config")
        assert bool(config) is ("/main/" in path), path
        # CodeBuild tries the rights and the way out when a project is made.
        assert (f"aws_vpc_security_group_egress_rule.{way}" in project["depends_on"]) is bool(
            config
        )
        if config:
            assert config["security_group_ids"] == [f"${{aws_security_group.{group}.id}}"]
    for policy in resources["aws_iam_role_policy"].values():
        path = policy["//"]["metadata"]["path"]
        found = {each.get("Sid"): each for each in json.loads(policy["policy"])["Statement"]}
        of_build = "/main/" in path and "/main/role/" not in path
        assert ("HandToCodeBuild" in found) is of_build, path
        if of_build:
            assert found["HandToCodeBuild"]["Condition"] == {
                "StringEquals": {"ec2:AuthorizedService": "codebuild.amazonaws.com"}
            }
