"""The buildspecs of pipelines, executed: checks, plans, approvals, applies and what verifies them.

The commands are Inferform's own, each in a clone of the commit, against the emulator.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from inferform_emulator.process import Emulator, serve
from ops.aws import Aws

from .builds import Builds, Repository, projects
from .program import LASTING, Life

pytestmark = pytest.mark.story("each test continues with the pipelines that the one before it left")

TOOLS, TEAM, LIVE = "123456789012", "222233334444", "444455556666"
MAIN, RELEASE, REVIEW = (
    f"acme-shared-use1-delivery-{name}" for name in ("main", "release", "review")
)
SECRET = "n0t-for-any-eyes-77"
PARAMETERS = {"/acme/token": SECRET, "/acme/staging": "1"}

COMMON = """
from inferform import *


def environment(stage, account, **layers):
    return Environment(
        context=Context(
            organization="acme", stage=stage, account=account, region="us-east-1", owner="ml",
            deploy_role="inferform-deploy", plan_role="inferform-plan",
        ),
        **layers,
    )
"""
DEV = f"""{COMMON}

LOGS = []


def secrets(built):
    from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
    from cdktf_cdktf_provider_aws.ssm_parameter import SsmParameter

    layer = built.add_layer("secrets", stands_on=["network"])
    SsmParameter(layer, "token", name="/acme/token", type="SecureString", value="{SECRET}")
    made = []
    for name in LOGS:
        path = f"/acme/dev/{{name}}"
        made = [CloudwatchLogGroup(layer, name, name=path, retention_in_days=30, depends_on=made)]


dev = environment(
    "dev", "{TEAM}", network=Network(cidr="10.20.0.0/16", nat="none", flow_logs=None), extend=[secrets],
)
"""
STAGING = f"""{COMMON}

def marks(built):
    from cdktf_cdktf_provider_aws.ssm_parameter import SsmParameter

    layer = built.add_layer("marks", stands_on=[])
    SsmParameter(layer, "mark", name="/acme/staging", type="String", value="1")


staging = environment("staging", "{TEAM}", extend=[marks])
"""
PROD = f"""{COMMON}

prod = environment("prod", "{LIVE}", network=Network(cidr="10.22.0.0/16", nat="none", flow_logs=None))
"""
PIPELINES = f"""
from inferform import *

SETUP = ["sh ci/setup.sh"]
DEV = TargetEnvironment(key="dev-use1", account="{TEAM}")
STAGING = TargetEnvironment(key="staging-use1", account="{TEAM}")
PROD = TargetEnvironment(key="prod-use1", account="{LIVE}")

tools = Environment(
    context=Context(
        organization="acme", stage="shared", account="{TOOLS}", region="us-east-1", owner="ml"
    ),
    delivery=DeliveryPipelines(
        source=GitSource(repository="acme/inference"),
        pipelines={{
            "review": ReviewPipeline(
                trigger=OnPullRequest(branches=["main"]), environments=[DEV], setup=SETUP,
                checks=["test -f environments/dev.py"],
            ),
            "main": DeployPipeline(
                trigger=OnPush(branches=["main"]),
                setup=SETUP,
                checks=["test -f environments/dev.py", "! grep -rq WRONG environments"],
                promotions=[
                    Promotion(environment=DEV, rounds=2, smoke_tests=["echo smoke of dev-use1"]),
                    Promotion(environment=STAGING, rounds=1),
                ],
            ),
            "release": DeployPipeline(
                trigger=OnTag(tags=["v*"]), setup=SETUP,
                promotions=[Promotion(environment=PROD, approval=ManualApproval(), rounds=1)],
                # Its plans wait a minute for the execution before them.
                compute=BuildCompute(timeout_minutes=5),
                checks=["test -f environments/prod.py"],
            ),
        }},
    ),
)
"""


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """One of its own process, which the commands of a build find by its folder."""
    with serve() as running:
        yield running


@pytest.fixture(scope="module")
def builds(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Builds:
    """The pipelines, deployed, and the repository whose environments they deploy."""
    folder = tmp_path_factory.mktemp("delivery")
    life = Life(folder / "tools", emulator)
    life.write(PIPELINES, "tools")
    life.bootstrap("shared-use1")
    life.apply("shared-use1-delivery")
    repository = Repository.empty(folder / "repository")
    for name, text in (("dev", DEV), ("staging", STAGING), ("prod", PROD)):
        repository.write(f"environments/{name}.py", text)
    made = Builds(repository, emulator, life.aws("shared-use1"), folder / "builds")
    connections: Any = made.aws.any_client("codeconnections")
    (found,) = connections.list_connections()["Connections"]
    status = {"account": TOOLS, "arn": found["ConnectionArn"], "status": "AVAILABLE"}
    emulator.control("POST", "codeconnections/status", status)
    return made


def at(builds: Builds, account: str, service: str) -> Any:
    """A client of an account that is deployed to."""
    context = builds.aws.context.replace(account=account, deploy_role="inferform-deploy")
    return Aws(context, emulator=builds.emulator).any_client(service)


def networks(builds: Builds, account: str) -> set[str]:
    vpcs = at(builds, account, "ec2").describe_vpcs()["Vpcs"]
    return {vpc["CidrBlock"] for vpc in vpcs if not vpc["IsDefault"]}


def bucket_of(builds: Builds, account: str) -> tuple[Any, str]:
    return at(builds, account, "s3"), f"acme-tfstate-{account}-us-east-1"


@pytest.fixture(scope="module", autouse=True)
def states(builds: Builds) -> None:
    """The buckets of the states of the accounts that are deployed to."""
    for account in (TEAM, LIVE):
        s3, bucket = bucket_of(builds, account)
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


def test_a_commit_that_fails_its_checks_is_not_planned(builds: Builds) -> None:
    builds.repository.write("environments/note.txt", "WRONG")
    assert builds.push() == [MAIN]
    assert projects(builds.run()) == ["checks!"]
    assert builds.status(MAIN) == "Failed"
    (builds.repository.folder / "environments" / "note.txt").unlink()


def test_environments_are_deployed_level_by_level(builds: Builds) -> None:
    builds.push()
    done = builds.run()
    assert projects(done) == [
        "checks",
        *("plan-dev-use1", "apply-dev-use1", "plan-dev-use1", "apply-dev-use1", "verify-dev-use1"),
        *("plan-staging-use1", "apply-staging-use1", "verify-staging-use1"),
    ]
    assert all(build.succeeded for build in done)
    assert builds.status(MAIN) == "Succeeded"
    assert networks(builds, TEAM) == {"10.20.0.0/16"}
    ssm = at(builds, TEAM, "ssm")
    values = {each: ssm.get_parameter(Name=each, WithDecryption=True) for each in PARAMETERS}
    assert {key: each["Parameter"]["Value"] for key, each in values.items()} == PARAMETERS
    assert "smoke of dev-use1" in done[5].output
    # The stack of secrets depends on the network, and waits for it.
    assert (done[1].variables["PLANS"], done[1].variables["LEFT"]) == ("1", "1")
    assert (done[3].variables["PLANS"], done[3].variables["LEFT"]) == ("1", "0")


def test_an_approval_shows_what_is_applied_afterwards(builds: Builds) -> None:
    assert builds.push(tag="v1") == [RELEASE]
    _, plan = done = builds.run()
    assert projects(done) == ["checks", "plan-prod-use1"]
    assert networks(builds, LIVE) == set()
    asked = builds.answer(RELEASE, "prod-use1-approve-1")
    assert f"{plan.variables['CREATED']} to create" in asked["CustomData"]
    assert plan.variables["CREATED"] != "0"
    assert f"cost a month: {plan.variables['COST']}" in asked["CustomData"]
    assert asked["ExternalEntityLink"].startswith("https://console.aws.amazon.com/codebuild/")
    assert projects(builds.run()) == ["apply-prod-use1", "verify-prod-use1"]
    assert networks(builds, LIVE) == {"10.22.0.0/16"}
    assert builds.status(RELEASE) == "Succeeded"


def test_nothing_is_asked_or_applied_where_nothing_changes(builds: Builds) -> None:
    builds.push(tag="v2")
    assert projects(builds.run()) == ["checks", "plan-prod-use1", "verify-prod-use1"]
    stages = builds.stages(RELEASE)
    assert {stages[f"prod-use1-{each}-1"] for each in ("approve", "apply")} == {"Skipped"}
    assert builds.status(RELEASE) == "Succeeded"


def states_read(builds: Builds, since: int) -> set[str]:
    """The states that were asked for, by the lines of the emulator's log from one on."""
    lines = builds.emulator.log.read_text("utf-8").splitlines()[since:]
    return set(re.findall(r"/acme-tfstate-\d+-us-east-1/(\S+?\.tfstate)\b(?!\.)", "\n".join(lines)))


def test_a_review_of_a_pull_request_applies_nothing_and_shows_no_secret(builds: Builds) -> None:
    # A state that the review has nothing to do with cannot be read.
    s3, bucket = bucket_of(builds, TEAM)
    other = "staging-use1/marks.tfstate"
    kept = s3.get_object(Bucket=bucket, Key=other)["Body"].read()
    s3.put_object(Bucket=bucket, Key=other, Body=b"no state")
    changed = DEV.replace(SECRET, f"{SECRET}-new").replace("10.20.0.0/16", "10.30.0.0/16")
    builds.repository.write("environments/dev.py", changed)
    assert builds.push(pull_request="OPEN") == [REVIEW]
    begun = len(builds.emulator.log.read_text("utf-8").splitlines())
    checks, review = builds.run()
    assert projects([checks, review]) == ["checks", "review-dev-use1"]
    assert states_read(builds, begun) == {"dev-use1/network.tfstate", "dev-use1/secrets.tfstate"}
    assert "10.30.0.0/16" in review.output
    artifact = review.folder / "artifact"
    files = sorted(each.relative_to(artifact).as_posix() for each in artifact.rglob("*.*"))
    assert files == ["review/review.html", "review/review.json", "review/review.md"]
    for text in (review.output, *(file.read_text("utf-8") for file in artifact.rglob("*.*"))):
        assert SECRET not in text
    # What could be applied was not even kept.
    assert not list((review.folder / "src" / ".inferform").glob("plans/**/*.tfplan"))
    assert networks(builds, TEAM) == {"10.20.0.0/16"}
    s3.put_object(Bucket=bucket, Key=other, Body=kept)
    builds.repository.write("environments/dev.py", DEV)


def tagged(text: str, owner: str) -> str:
    return text.replace("flow_logs=None", f'flow_logs=None, tags={{"cost-center": "{owner}"}}')


def test_a_plan_that_became_stale_is_not_applied(builds: Builds) -> None:
    builds.repository.write("environments/prod.py", tagged(PROD, "one"))
    builds.push(tag="v3")
    builds.run()
    # Somebody else writes the state while the plan waits for its approval.
    s3, bucket = bucket_of(builds, LIVE)
    state = json.loads(s3.get_object(Bucket=bucket, Key="prod-use1/network.tfstate")["Body"].read())
    state["serial"] += 1
    s3.put_object(Bucket=bucket, Key="prod-use1/network.tfstate", Body=json.dumps(state).encode())
    builds.answer(RELEASE, "prod-use1-approve-1")
    (failed,) = builds.run()
    assert projects([failed]) == ["apply-prod-use1!"]
    assert "is stale: its state has been written since" in failed.output
    assert builds.status(RELEASE) == "Failed"
    builds.push(tag="v4")
    builds.run()
    builds.answer(RELEASE, "prod-use1-approve-1")
    assert projects(builds.run()) == ["apply-prod-use1", "verify-prod-use1"]


def test_a_later_commit_is_not_planned_while_one_before_it_waits(builds: Builds) -> None:
    builds.repository.write("environments/prod.py", tagged(PROD, "two"))
    builds.push(tag="v5")
    builds.run()
    builds.repository.write("environments/prod.py", tagged(PROD, "three"))
    builds.push(tag="v6")
    done = builds.run()
    assert projects(done) == ["checks", "plan-prod-use1!"]
    assert "another execution of acme-shared-use1-delivery-release is still there" in done[1].output
    assert "in prod-use1-approve-1" in done[1].output
    builds.answer(RELEASE, "prod-use1-approve-1")
    assert projects(builds.run()) == ["apply-prod-use1", "verify-prod-use1"]
    builds.push(tag="v7")
    _, plan = builds.run()
    assert (plan.succeeded, plan.variables["PLANS"]) == (True, "1")
    builds.answer(RELEASE, "prod-use1-approve-1")
    assert projects(builds.run()) == ["apply-prod-use1", "verify-prod-use1"]


def lock_of(builds: Builds, account: str, key: str) -> bool:
    """Whether somebody holds the lock of a state."""
    s3, bucket = bucket_of(builds, account)
    return bool(s3.list_objects_v2(Bucket=bucket, Prefix=f"{key}.tfstate.tflock").get("Contents"))


def log_groups(builds: Builds) -> dict[str, int]:
    """When each of the log groups of dev was made."""
    found = at(builds, TEAM, "logs").describe_log_groups(logGroupNamePrefix="/acme/dev/")
    return {each["logGroupName"]: each["creationTime"] for each in found["logGroups"]}


def test_what_an_apply_that_died_has_done_is_recovered_by_its_build(builds: Builds) -> None:
    builds.repository.write(
        "environments/dev.py", DEV.replace("LOGS = []", 'LOGS = ["a", "b", "c"]')
    )
    builds.push()
    assert projects(builds.run(stop_before="dev-use1-apply-1")) == ["checks", "plan-dev-use1"]
    # The first is made; the second is, too, and Terraform waits for the answer when it is killed.
    control = builds.emulator.control
    request = {"account": TEAM, "service": "logs", "operation": "CreateLogGroup", "after": 1}
    control("POST", "faults", {"kind": "drop-answer", "count": 1, **request})
    control("POST", "faults", {"kind": "throttle", "count": LASTING, **request})
    builds.kill_terraform(lambda: bool(control("GET", "faults")["faults"][-1]["hits"]))
    (died,) = builds.run(stop_before="dev-use1-plan-2")
    control("DELETE", "faults")
    assert projects([died]) == ["apply-dev-use1!"]
    assert builds.status(MAIN) == "Failed"
    assert "cleared the lock of" in died.output
    made = log_groups(builds)
    assert [*made] == ["/acme/dev/a", "/acme/dev/b"]
    assert not lock_of(builds, TEAM, "dev-use1/secrets")
    # The next execution makes what is left, and nothing again.
    builds.push()
    done = {build.stage: build for build in builds.run(stop_before="staging-use1-plan-1")}
    assert done["dev-use1-plan-1"].variables["CREATED"] == "1"
    assert all(build.succeeded for build in done.values())
    after = log_groups(builds)
    assert [*after] == ["/acme/dev/a", "/acme/dev/b", "/acme/dev/c"]
    assert {name: after[name] for name in made} == made
    assert done["dev-use1-plan-2"].variables["PLANS"] == "0"
    assert "dev-use1-verify" in done
