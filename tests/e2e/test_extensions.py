"""The example of a team that adds resources, a layer and a kind of its own: its whole life."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest

from inferform_emulator.process import Emulator
from ops import demo, drift
from ops.cost.specs import usages
from ops.deploy import destroy
from ops.environments import environments
from ops.kinds import forget_own, known
from ops.kinds.record import Kind
from ops.overrides import overrides
from ops.preflight import preflight
from ops.program import Stacks
from ops.review.report import Report
from ops.review.reviewing import review_environments
from ops.terraform import contents_of
from ops.verify import verify
from tests.conftest import ROOT
from tests.e2e.program import Life
from tests.ops.certificates import issued

pytestmark = pytest.mark.story("each test works on what the one before it left")

LAYERS = ["network", "registry", "ecs", "inference", "reports"]
EXAMPLE = (ROOT / "examples/environments/dev.py").read_text("utf-8")
STACKS = [f"dev-use1-{layer}" for layer in LAYERS]


class Team(Life):
    """The example, with a certificate that exists."""

    synthesizes_alone = True
    certificate = ""

    def change(self, old: str = "", new: str = "") -> None:
        """Write the example again, with a text instead of another."""
        text = re.sub(r'CERTIFICATE = ".*"', f'CERTIFICATE = "{self.certificate}"', EXAMPLE)
        self.write(text.replace(old, new))


@pytest.fixture(scope="module")
def team(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """The example as a project of its own."""
    folder = tmp_path_factory.mktemp("team")
    life = Team(folder, emulator)
    shutil.copytree(ROOT / "examples/extensions", folder / "extensions")
    life.write(EXAMPLE)
    environments(life.environments)  # as every command begins
    life.bootstrap()
    certificate, key = issued()
    made = life.aws().client("acm").import_certificate(Certificate=certificate, PrivateKey=key)
    life.certificate = made["CertificateArn"]
    life.change()
    yield life
    forget_own()


def review(team: Team) -> Report:
    return review_environments(
        ["dev"], team.program, preflight=True, folder=team.program.work / "plans"
    )


def synthesis(team: Team) -> Stacks:
    return team.to_plan("test")


def test_what_is_missing_is_told_of_the_own_kind_too(team: Team) -> None:
    made = synthesis(team)
    found = preflight(team.environment(), contents_of(made.stacks), team.aws())
    wrong = [each for each in found if each.outcome == "failed"]
    assert any("rerank:1.0.0" in each.subject for each in wrong)
    assert {each.check.title for each in wrong} == {"image", "artifact"}, wrong


def test_everything_is_deployed_and_nothing_is_left_to_do(team: Team) -> None:
    done = team.deploy()
    assert {run.name: run.status for run in done.stacks} == dict.fromkeys(STACKS, "applied")
    report = review(team)
    assert {stack.name: (stack.status, stack.counts) for stack in report.stacks} == dict.fromkeys(
        STACKS, ("planned", {})
    )
    assert report.risks == ()


def test_the_endpoint_may_read_the_features_and_the_record_leads_to_the_balancer(
    team: Team,
) -> None:
    aws = team.aws()
    policies = aws.client("iam").get_role_policy(
        RoleName="acme-dev-use1-fraud", PolicyName="features"
    )
    assert "table/acme-dev-use1-features" in str(policies["PolicyDocument"])
    zones = aws.any_client("route53")
    (zone,) = zones.list_hosted_zones_by_name(DNSName="dev-use1.inference.internal")["HostedZones"]
    records = zones.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    (alias,) = [each["AliasTarget"]["DNSName"] for each in records if "AliasTarget" in each]
    assert "acme-dev-use1-internal" in alias


def test_there_is_no_drift_and_preflight_and_verify_find_no_fault(team: Team) -> None:
    made = synthesis(team)
    found = drift.detect(made, made.stacks)
    assert {each.stack: (each.result, each.error) for each in found} == dict.fromkeys(
        STACKS, ("none", "")
    )
    environment, aws = team.environment(), team.aws()
    before = preflight(environment, contents_of(made.stacks), aws)
    demo.push_small(aws, [each for each in before if each.outcome == "failed"])
    after = preflight(environment, contents_of(made.stacks), aws)
    assert [each for each in after if each.outcome == "failed"] == []
    verified = verify(environment, aws)
    assert [each for each in verified if each.outcome == "failed"] == []
    of_kind = [each for each in verified if each.subject.startswith("function/rerank")] or [
        each for each in verified if "rerank" in each.subject
    ]
    assert [each.check.title for each in of_kind] == ["health", "configuration", "image"]


def test_a_change_of_the_own_kind_is_told_and_what_somebody_changes_is_drift(team: Team) -> None:
    team.change('repository="rerank", tag="1.0.0"', 'repository="rerank", tag="2.0.0"')
    report = review(team)
    (story,) = report.stories
    assert (story.kind, story.name) == ("Lambda function", "acme-dev-use1-rerank")
    assert "rerank:2.0.0" in story.headline
    assert any("rerank:2.0.0" in each.subject for each in report.missing)
    team.change()
    client = team.aws().any_client("lambda")
    client.update_function_configuration(FunctionName="acme-dev-use1-rerank", MemorySize=256)
    made = synthesis(team)
    [found] = drift.detect(made, made.named(["dev-use1-inference"]))
    assert found.result == "drift"
    wrong = [each for each in verify(team.environment(), team.aws()) if each.outcome == "failed"]
    assert [(each.check.title, each.found) for each in wrong] == [("configuration", "has 256 MiB")]


def test_everything_is_destroyed(team: Team) -> None:
    destroyed = destroy(["*"], team.program)
    assert sorted(destroyed) == sorted(STACKS)
    aws = team.aws()
    assert aws.any_client("lambda").list_functions()["Functions"] == []
    assert aws.any_client("dynamodb").list_tables()["TableNames"] == []
    assert "QueueUrls" not in aws.any_client("sqs").list_queues()


def test_the_own_kind_is_known_to_cost_and_to_the_registry_of_records(team: Team) -> None:
    assert isinstance(known()["aws_lambda_function"], Kind)
    found = {usage.key for usage in usages(team.environment())}
    assert "lambda/x86_64/gb-second" in found
    assert list(overrides(team.environment())) == []
