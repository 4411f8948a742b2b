"""The example of a whole platform: it has all that it says, in files that fit on a screen."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from inferform import InferenceComponentEndpoint, load
from inferform.layers import program
from inferform.loading import Loaded
from tests.conftest import ROOT, Synthesized, stacks_in

PLATFORM = ROOT / "examples/platform"
FILES = sorted(each.relative_to(PLATFORM) for each in PLATFORM.rglob("*.py"))

# Where each thing that the example is there to show is to be found: the stack, and its types.
SHOWN = {
    "real-time": ("prod-euw1-inference", "aws_sagemaker_endpoint"),
    "serverless, async, multi-model": ("dev-use1-inference", "aws_sagemaker_endpoint"),
    "components and reservations of them": ("prod-use1-inference", "aws_cloudformation_stack"),
    "batch": ("dev-use1-inference", "aws_sfn_state_machine"),
    "ECS": ("dev-use1-inference", "aws_ecs_service"),
    "EKS": ("dev-use1-eks", "aws_eks_cluster"),
    "reserved instances": ("dev-use1-eks", "aws_ec2_capacity_reservation"),
    "pods": ("dev-use1-kubernetes", "kubernetes_deployment_v1"),
    "Lambda": ("dev-use1-inference", "aws_lambda_function"),
    "REST APIs": ("prod-use1-apis", "aws_api_gateway_rest_api"),
    "HTTP APIs": ("dev-use1-apis", "aws_apigatewayv2_api"),
    "training and retraining": ("shared-use1-training", "aws_sfn_state_machine"),
    "drift": ("prod-use1-training", "aws_cloudwatch_metric_alarm"),
    "registry": ("shared-use1-registry", "aws_sagemaker_model_package_group"),
    "registry of the other Region": ("shared-euw1-registry", "aws_sagemaker_model_package_group"),
    "approvals": ("shared-use1-registry", "aws_cloudwatch_event_api_destination"),
    "delivery": ("tools-use1-delivery", "aws_codepipeline"),
    "replication": ("tools-use1-registry", "aws_ecr_replication_configuration"),
    "observability": ("staging-euw1-observability", "aws_cloudwatch_dashboard"),
    "budgets": ("prod-euw1-observability", "aws_budgets_budget"),
    "a layer of one's own, that sends": ("prod-use1-drift", "aws_cloudwatch_event_target"),
    "a layer of one's own, that receives": ("shared-use1-drift", "aws_cloudwatch_event_permission"),
    "a kind of one's own": ("dev-use1-inference", "aws_dynamodb_table"),
}


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return load(PLATFORM / "environments")


@pytest.fixture(scope="module")
def stacks(loaded: Loaded, tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    outdir = tmp_path_factory.mktemp("platform")
    program.synthesize(loaded.environments.values(), outdir=outdir)
    return stacks_in(outdir)


@pytest.mark.parametrize("file", FILES, ids=str)
def test_a_file_fits_on_a_screen(file: Path) -> None:
    assert len((PLATFORM / file).read_text("utf-8").splitlines()) <= 80


def test_nothing_of_it_is_warned_of(loaded: Loaded) -> None:
    assert not loaded.warnings


def test_five_accounts_and_two_regions_each_have_what_the_readme_says(
    loaded: Loaded, stacks: Synthesized
) -> None:
    contexts = [each.context for each in loaded.environments.values()]
    assert {(each.stage, each.account) for each in contexts} == {
        ("tools", "123456789012"),
        ("shared", "222233334444"),
        ("dev", "333344445555"),
        ("staging", "444455556666"),
        ("prod", "555566667777"),
    }
    assert {each.region for each in contexts} == {"us-east-1", "eu-west-1"}
    told = re.findall(r"^\| `([\w-]+)` \| (\w+) \| ([\w, ]+) \|", readme(), re.MULTILINE)
    assert {key: stage for key, stage, _ in told} == {each.key: each.stage for each in contexts}
    made = {f"{key}-{layer}" for key, _, layers in told for layer in layers.split(", ")}
    assert made == set(stacks)


def readme() -> str:
    return (PLATFORM / "README.md").read_text("utf-8")


@pytest.mark.parametrize("what", SHOWN)
def test_it_shows(what: str, stacks: Synthesized) -> None:
    stack, kind = SHOWN[what]
    assert stacks[stack]["resource"][kind]


def test_the_kinds_of_endpoints_are_all_there(loaded: Loaded) -> None:
    kinds = {
        type(each.spec).__name__
        for environment in loaded.environments.values()
        for each in environment.deployed
    }
    assert kinds >= {
        *("AsyncEndpoint", "BatchTransform", "DriftMonitor", "EcsService", "EksService"),
        *("FeatureTable", "InferenceComponentEndpoint", "LambdaFunction", "MultiModelEndpoint"),
        *("MultiVariantEndpoint", "RealtimeEndpoint", "Retraining", "ServerlessEndpoint"),
    }
    prod = loaded.environments["prod-use1"]
    assert prod.commitments
    [assistant] = [each.spec for each in prod.deployed if each.name == "assistant"]
    assert isinstance(assistant, InferenceComponentEndpoint)
    assert assistant.capacity.reservation is not None
    assert assistant.components["llama"].adapters


def test_the_old_endpoint_is_imported_to_where_it_stands(
    loaded: Loaded, stacks: Synthesized
) -> None:
    prod, stack = loaded.environments["prod-use1"], stacks["prod-use1-inference"]
    assert prod.imported["inference"]
    for address, name in prod.imported["inference"].items():
        kind, resource = address.split(".")
        assert stack["resource"][kind][resource]["name"] == name
    assert prod.context.endpoint("churn") == "churn-2023-11-07"


def test_versions_are_of_the_shared_account_in_the_same_region(stacks: Synthesized) -> None:
    for key, region in (("dev-use1", "us-east-1"), ("prod-euw1", "eu-west-1")):
        models = json.dumps(stacks[f"{key}-inference"]["resource"]["aws_sagemaker_model"])
        accounts = set(re.findall(r"arn:aws:sagemaker:([\w-]+:\d+):model-package/", models))
        assert accounts == {f"{region}:222233334444"}


def test_what_is_passed_on_are_the_alarms_that_the_drift_of_both_accounts_sets_off(
    stacks: Synthesized,
) -> None:
    made = {
        alarm["alarm_name"]: f"arn:aws:cloudwatch:us-east-1:{account}:alarm:{alarm['alarm_name']}"
        for key, account in (("dev-use1", "333344445555"), ("prod-use1", "555566667777"))
        for alarm in stacks[f"{key}-training"]["resource"]["aws_cloudwatch_metric_alarm"].values()
        # A measurement that fails says nothing of the traffic.
        if not alarm["alarm_name"].endswith("-monitor-failed")
    }
    assert len(made) == 2

    def alarms(stack: str) -> list[str]:
        rules = stacks[stack]["resource"]["aws_cloudwatch_event_rule"].values()
        patterns = [json.loads(rule["event_pattern"]) for rule in rules]
        [found] = [each for each in patterns if each["source"] == ["aws.cloudwatch"]]
        resources: list[str] = found["resources"]
        return resources

    assert alarms("shared-use1-training") == [*made.values()]
    assert alarms("dev-use1-drift") + alarms("prod-use1-drift") == [*made.values()]


def test_no_two_stacks_make_one_name(loaded: Loaded) -> None:
    """What IAM and S3 have once in an account or a partition among them."""
    seen = Counter(
        (each.context.account, each.context.region, name.kind, name.within, name.value)
        for each in loaded.environments.values()
        for path, name in each.names
        if path != ("context",)
    )
    assert max(seen.values()) == 1
    buckets = [
        name.value
        for each in loaded.environments.values()
        for _, name in each.names
        if name.kind == "aws_s3_bucket"
    ]
    assert len(buckets) == len(set(buckets)) > 8


def test_it_is_synthesized_the_same_again(
    loaded: Loaded, stacks: Synthesized, tmp_path: Path
) -> None:
    again = load(PLATFORM / "environments").environments
    program.synthesize(again.values(), outdir=tmp_path)
    assert stacks_in(tmp_path) == stacks


@pytest.mark.parametrize(
    "command",
    [
        "cost prod-use1",
        "list --no-aws",
        "catalog --no-aws --output {folder}/catalog.html",
        "diagram dev-use1 --output {folder}/dev.svg",
    ],
)
def test_a_command_works_on_it(command: str, tmp_path: Path) -> None:
    arguments = command.format(folder=tmp_path).split()
    done = subprocess.run(
        [sys.executable, "-m", "inferform_ops", *arguments],
        cwd=PLATFORM,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
