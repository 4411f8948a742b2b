"""Two accounts, two Regions and two teams on the emulator; failures on the way; drift."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from inferform_emulator.process import Emulator
from ops import drift
from ops.advice import about_stack
from ops.state import States
from ops.status import StackStatus, status
from ops.verify import verify
from tests.e2e.program import Life, actions

pytestmark = pytest.mark.story("each test changes the organization that the one before it left")

OWNER, FIRST, SECOND = "999988887777", "111122223333", "444455556666"
LOCK = "11111111-2222-3333-4444-555555555555"
RISK, SHOP = "dev-use1-inference-risk", "dev-use1-inference-shop"

_TEXT = """
from inferform import *

shared = Environment(
    context=Context(organization="acme", stage="shared", account="{owner}", region="us-east-1",
        owner="platform", deploy_role="inferform-deploy", plan_role="inferform-plan",
        permissions_boundary="inferform-boundary", protected=True),
    identity=Identity(github=GitHub(repository="acme/inference"), regions=["eu-west-1"]),
    registry=Registry(repositories={{"fraud": Repository(pull_accounts=["{first}", "{second}"])}}),
)

def environment(account, region, vpc, subnets, inference, **more):
    context = Context(organization="acme", stage="dev", account=account, region=region, owner="ml",
        deploy_role="inferform-deploy", plan_role="inferform-plan",
        images=ImageOwner(account="{owner}", stage="shared", home_region="us-east-1"))
    network = NetworkOutputs(vpc_id=vpc, vpc_cidr="10.0.0.0/16", private_subnet_ids=subnets,
        public_subnet_ids=[], s3_prefix_list_id="pl-1")
    registry = RegistryOutputs(artifact_bucket="acme-artifacts",
        kms_key_arn=context.arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab"))
    return Environment(
        context=context, network=network, registry=registry, inference=inference, **more)

def group(name, tag):
    model = Model(image=Image(repository="fraud", tag=tag))
    return Inference(endpoints={{name: RealtimeEndpoint(model=model, instance_type="ml.m5.large")}})

first = environment("{first}", "us-east-1", {vpc_first}, {{
    "risk": group("fraud", "{risk}"), "shop": group("ranking", "{shop}"),
}}, moved={moved})
second = environment("{second}", "eu-west-1", {vpc_second}, group("fraud", "{risk}"))
"""


class Teams(Life):
    """Three accounts: one owns the images, two serve from them."""

    def __init__(self, folder: Path, emulator: Emulator) -> None:
        super().__init__(folder, emulator)
        self.tags = {"risk": "1.0.0", "shop": "1.0.0"}
        self.moved: dict[str, dict[str, str]] = {}
        self._vpcs = {"vpc_first": "'vpc-1', ['subnet-1']", "vpc_second": "'vpc-1', ['subnet-1']"}

    def rewrite(self) -> None:
        """Write the file with the tags and moves as they are now."""
        known = {"owner": OWNER, "first": FIRST, "second": SECOND}
        text = _TEXT.format(**known, **self.tags, **self._vpcs, moved=self.moved)
        self.write(text, "teams")

    def begin(self) -> None:
        """Make VPCs and state buckets, which are there before Inferform."""
        self.rewrite()
        for key, field in (("dev-use1", "vpc_first"), ("dev-euw1", "vpc_second")):
            ec2 = self.aws(key).client("ec2")
            vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
            subnets = [
                ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24")["Subnet"]["SubnetId"]
                for n in range(2)
            ]
            self._vpcs[field] = f"{vpc!r}, {subnets!r}"
        self.rewrite()
        for key in ("shared-use1", "dev-use1", "dev-euw1"):
            self.bootstrap(key)

    def apply_raw(self, stack: str) -> tuple[int, str]:
        """Apply by Terraform; status and output, whatever comes of it."""
        done = self.terraform(stack, "apply", "-auto-approve", "-no-color", "-input=false")
        return done.status, done.output

    def advice(self, output: str, stack: str = RISK) -> str:
        """What an operator is told about an output."""
        return about_stack(output, self.stack(stack), self.environment("dev-use1"))

    def drift(self, key: str = "dev-use1") -> dict[str, drift.StackDrift]:
        """Drift of an environment, by stack."""
        synthesis = self.to_plan("drift")
        found = drift.detect(synthesis, synthesis.of(key))
        return {stack.stack: stack for stack in found}

    def status(self, key: str = "dev-use1") -> list[StackStatus]:
        """The status of an environment."""
        return status(self.to_plan("status").of(key), self.aws(key))


@pytest.fixture(scope="module")
def teams(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Teams:
    teams = Teams(tmp_path_factory.mktemp("teams"), emulator)
    teams.begin()
    return teams


@pytest.fixture
def fault(teams: Teams) -> Iterator[Callable[..., None]]:
    """Faults of the first account, ended after the test."""

    def add(kind: str, **fault: Any) -> None:
        teams.emulator.control("POST", "faults", {"kind": kind, **fault})

    yield add
    teams.emulator.control("DELETE", "faults")


def test_one_command_line_each_deploys_two_accounts_and_two_regions(teams: Teams) -> None:
    first = teams.deploy("dev-use1-*")
    assert {run.name: run.status for run in first.stacks} == {RISK: "applied", SHOP: "applied"}
    assert teams.status("dev-euw1")[0].deployed is False
    second = teams.deploy("dev-euw1-*")
    assert {run.name: run.status for run in second.stacks} == {"dev-euw1-inference": "applied"}


def test_what_is_deployed_is_where_it_belongs_and_nowhere_else(teams: Teams) -> None:
    found = {
        (key, region): [
            endpoint["EndpointArn"]
            for endpoint in teams.aws(key)
            .session.client("sagemaker", region_name=region, endpoint_url=teams.emulator.url)
            .list_endpoints(SortBy="Name", SortOrder="Ascending")["Endpoints"]
        ]
        for key in ("dev-use1", "dev-euw1")
        for region in ("us-east-1", "eu-west-1")
    }
    first, second = f"arn:aws:sagemaker:us-east-1:{FIRST}", f"arn:aws:sagemaker:eu-west-1:{SECOND}"
    assert found == {
        ("dev-use1", "us-east-1"): [
            f"{first}:endpoint/acme-dev-use1-fraud",
            f"{first}:endpoint/acme-dev-use1-ranking",
        ],
        ("dev-use1", "eu-west-1"): [],
        ("dev-euw1", "us-east-1"): [],
        ("dev-euw1", "eu-west-1"): [f"{second}:endpoint/acme-dev-euw1-fraud"],
    }
    outcomes = {f.outcome for f in verify(teams.environment("dev-euw1"), teams.aws("dev-euw1"))}
    assert "failed" not in outcomes


def test_images_are_the_owners_who_lets_exactly_the_named_accounts_pull(teams: Teams) -> None:
    code, output = teams.apply_raw("shared-use1-registry")
    assert code == 0, output
    ecr = teams.aws("shared-use1").client("ecr")
    policy = json.loads(
        ecr.get_repository_policy(repositoryName="acme-shared-use1-fraud")["policyText"]
    )
    [statement] = policy["Statement"]
    assert statement["Effect"] == "Allow"
    assert sorted(statement["Principal"]["AWS"]) == [
        f"arn:aws:iam::{FIRST}:root",
        f"arn:aws:iam::{SECOND}:root",
    ]
    assert sorted(statement["Action"]) == [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
    ]
    sagemaker = teams.aws("dev-euw1").client("sagemaker")
    [model] = sagemaker.list_models()["Models"]
    described = sagemaker.describe_model(ModelName=model["ModelName"])
    assert described["PrimaryContainer"]["Image"] == (
        f"{OWNER}.dkr.ecr.eu-west-1.amazonaws.com/acme-shared-use1-fraud:1.0.0"
    )


def test_the_identity_layer_makes_roles_that_only_the_repository_assumes(teams: Teams) -> None:
    code, output = teams.apply_raw("shared-use1-identity")
    assert code == 0, output
    assert teams.plan_status("shared-use1-identity") == 0
    iam = teams.aws("shared-use1").client("iam")
    provider = f"arn:aws:iam::{OWNER}:oidc-provider/token.actions.githubusercontent.com"
    listed = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert [each["Arn"] for each in listed] == [provider]
    role = iam.get_role(RoleName="inferform-deploy")["Role"]
    trust: Any = role["AssumeRolePolicyDocument"]
    [github] = [s for s in trust["Statement"] if s["Principal"].get("Federated") == provider]
    assert github["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"] == [
        "repo:acme/inference:ref:refs/heads/main"
    ]
    boundary = f"arn:aws:iam::{OWNER}:policy/inferform-boundary"
    assert iam.get_policy(PolicyArn=boundary)["Policy"]["PolicyName"] == "inferform-boundary"


def test_a_protected_registry_is_not_destroyed_and_says_how_to_lift_it(teams: Teams) -> None:
    done = teams.terraform("shared-use1-registry", "plan", "-destroy", "-no-color", "-input=false")
    assert done.status == 1
    assert "Resource aws_ecr_repository." in done.output
    file = teams.stack("shared-use1-registry").folder / "cdk.tf.json"
    resources = json.loads(file.read_text("utf-8"))["resource"]
    for kind in ("aws_ecr_repository", "aws_kms_key", "aws_s3_bucket"):
        for body in resources[kind].values():
            assert body["lifecycle"]["prevent_destroy"] is True
    assert "set protected=False for" in teams.advice(done.output)


def test_a_team_deploys_while_another_ones_state_is_locked(teams: Teams) -> None:
    aws = teams.aws("dev-use1")
    held = {"ID": LOCK, "Who": "shop@build", "Operation": "apply"}
    aws.client("s3").put_object(
        Bucket=aws.context.state_bucket,
        Key="dev-use1/inference-shop.tfstate.tflock",
        Body=json.dumps(held).encode(),
    )
    teams.tags["risk"] = "1.1.0"
    teams.rewrite()
    code, output = teams.apply_raw(RISK)
    assert code == 0, output
    code, output = teams.apply_raw(SHOP)
    assert code == 1
    assert "inferform recover dev-use1-inference-shop" in teams.advice(output, SHOP)
    risk, shop = teams.status()
    assert (risk.lock, shop.lock) == (None, "shop@build, apply")


def test_drift_tells_what_somebody_changed_from_what_was_not_applied(teams: Teams) -> None:
    logs = teams.aws("dev-use1").client("logs")
    logs.put_retention_policy(
        logGroupName="/aws/sagemaker/Endpoints/acme-dev-use1-ranking", retentionInDays=1
    )
    teams.tags["risk"] = "1.2.0"
    teams.rewrite()
    # The lock of the test before is still there: drift neither waits for one nor takes one.
    found = teams.drift()
    assert (found[RISK].result, found[SHOP].result) == ("pending", "drift")
    [change] = found[SHOP].changes
    assert (change.action, change.drifted, change.attributes) == (
        "update",
        True,
        ["retention_in_days"],
    )
    assert drift.exit_status(found.values()) == 2
    States(teams.aws("dev-use1")).unlock("inference-shop", LOCK)
    code, output = teams.apply_raw(SHOP)
    assert code == 0, output


def test_credentials_that_expire_half_way_lose_nothing_and_a_throttled_api_is_waited_for(
    teams: Teams, fault: Callable[..., None]
) -> None:
    fault("expired-token", service="sagemaker", operation="UpdateEndpoint", count=99)
    code, output = teams.apply_raw(RISK)
    assert code == 1
    assert "the credentials have expired; sign in again" in teams.advice(output)
    sagemaker = teams.aws("dev-use1").client("sagemaker")
    made = {model["ModelName"] for model in sagemaker.list_models()["Models"]}
    state = States(teams.aws("dev-use1")).read("inference-risk")
    assert state is not None
    assert {m["name"] for m in state.of_type("aws_sagemaker_model")} < made
    teams.emulator.control("DELETE", "faults")
    fault("throttle", service="sagemaker", operation="UpdateEndpoint")
    code, output = teams.apply_raw(RISK)
    assert code == 0, output
    assert [each["hits"] for each in teams.emulator.control("GET", "faults")["faults"]] == [1]
    assert teams.plan_status(RISK) == 0
    # The model of before is gone, and none was made twice.
    assert len(sagemaker.list_models()["Models"]) == 2


def test_a_state_bucket_that_cannot_be_reached_fails_with_what_to_do(
    teams: Teams, fault: Callable[..., None]
) -> None:
    fault("drop", service="s3", count=999)
    init = ("init", "-reconfigure", "-no-color", "-input=false")
    # By default Terraform tries for half a minute.
    done = teams.terraform(RISK, *init, "-backend-config=max_retries=1")
    assert done.status == 1
    assert "AWS cannot be reached" in teams.advice(done.output)
    teams.emulator.control("DELETE", "faults")
    assert teams.terraform(RISK, *init).status == 0
    assert teams.plan_status(RISK) == 0


def test_a_resource_is_moved_to_another_address_without_being_touched(teams: Teams) -> None:
    state = States(teams.aws("dev-use1")).read("inference-risk")
    assert state is not None
    [new] = [address for address in state.resources if address.startswith("aws_security_group.")]
    old = "aws_security_group.before"
    done = teams.terraform(RISK, "state", "mv", new, old)
    assert done.status == 0, done.output
    teams.moved = {"inference-risk": {old: new}}
    teams.rewrite()
    plan = teams.plan(RISK)
    assert actions(plan) == {}
    assert old in {change.get("previous_address") for change in plan["resource_changes"]}
