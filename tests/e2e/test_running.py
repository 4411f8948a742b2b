"""What runs, in one command each: list, show, invoke, history, publish, against what was deployed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ops import asked, aws, environments
from ops.cli import app
from ops.program import Program
from ops.state import States
from tests import emulators

from .struck import LAYER, STACK, Struck, struck

pytestmark = pytest.mark.story("the service of a fixture continues from test to test")

TEXT = """
from inferform import *

context = Context(organization="acme", stage="dev", account="111122223333", region="us-east-1",
    owner="ml", deploy_role="inferform-deploy")

def serving(name, tag):
    return Model(image=Image(repository=name, tag=tag), artifact=f"{{name}}/{{tag}}/model.tar.gz")

dev = Environment(
    context=context,
    network=NetworkOutputs(vpc_id="{vpc}", vpc_cidr="10.0.0.0/16", private_subnet_ids=["{subnet}"],
        public_subnet_ids=[], s3_prefix_list_id="pl-1"),
    registry=RegistryOutputs(artifact_bucket="acme-artifacts",
        kms_key_arn=context.arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab")),
    inference=Inference(
        endpoints={{
            "fraud": RealtimeEndpoint(model=serving("fraud", "{tag}"), instance_type="ml.m5.large",
                scaling=Scaling(max_capacity={maximum}, policies=[
                    TargetTracking(metric=InvocationsPerInstance(requests_per_second=20))])),
            "ranking": MultiVariantEndpoint(rollout=AllAtOnce(), variants={{
                "old": Variant(model=serving("ranking", "0.9.0"), instance_type="ml.m5.large",
                    weight=3),
                "new": Variant(model=serving("ranking", "1.0.0"), instance_type="ml.m5.large"),
            }}),
            "slow": AsyncEndpoint(model=serving("slow", "2.0.0"), instance_type="ml.m5.large"),
        }},
        functions={{"quick": LambdaFunction(model=serving("quick", "3.0.0").replace(artifact=None))}},
    ),
)
"""


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Struck]:
    """Four services, deployed, and the commands for them."""
    with (
        emulators.serve() as emulator,
        pytest.MonkeyPatch.context() as patch,
        struck(tmp_path_factory.mktemp("running"), emulator, TEXT) as made,
    ):
        patch.setattr(aws, "emulator_in_use", lambda: emulator)
        patch.setattr(asked, "emulator_in_use", lambda: emulator)
        patch.setattr(Program, "of", lambda _: made.program)
        patch.setattr(environments, "ROOT", made.environments.parent)
        patch.setenv("COLUMNS", "200")
        made.release("1.0.0")
        status, output = made.run("creation")
        assert status == 0, output
        yield made
        assert made.run("destroy")[0] == 0


def ran(*arguments: str, expect: int = 0) -> Result:
    done = CliRunner().invoke(app, [*arguments, "--emulator"])
    assert done.exit_code == expect, f"{done.output}{done.exception!r}"
    return done


def listed() -> dict[str, dict[str, Any]]:
    rows = json.loads(ran("list", "dev", "--format", "json").stdout)
    return {row["service"]: row for row in rows}


def test_list_says_what_runs_and_who_deployed_it(life: Struck) -> None:
    rows = listed()
    fraud, ranking = rows["endpoint/fraud"], rows["endpoint/ranking"]
    assert list(rows) == ["endpoint/fraud", "endpoint/ranking", "endpoint/slow", "lambda/quick"]
    assert (fraud["version"], fraud["deployed_version"]) == ("1.0.0", "1.0.0")
    assert (fraud["status"], fraud["instances"]) == ("InService", 1)
    assert (fraud["instances_min"], fraud["instances_max"]) == (1, 2)
    assert ranking["traffic"] == {"old": 0.75, "new": 0.25}
    assert ranking["instances"] == 2
    assert rows["lambda/quick"]["status"] == "Active"
    assert rows["lambda/quick"]["instances"] is None
    assert fraud["usd_per_month"]["minimum"] > 80
    # As Terraform writes into the lock: who runs this test, at this machine.
    state = States(life.aws()).read(LAYER)
    assert state is not None
    assert state.changed is not None
    assert fraud["changed"] == state.changed.isoformat()
    assert "@" in fraud["by"]
    assert {row["why_not_known"] for row in rows.values()} == {None}
    shown = ran("list", "dev").stdout
    assert "1 (1-2)" in shown
    assert "old 75%, new 25%" in shown
    assert "not known:" not in shown


def test_show_says_it_of_one_service_with_its_places(life: Struck) -> None:
    shown = ran("show", "dev", "fraud").stdout
    for text in (
        "SageMaker endpoint",
        "InService",
        "all at once",
        "/endpoints/acme-dev-use1-fraud",
    ):
        assert text in shown
    assert "ranking" not in shown
    assert "did you mean fraud" in str(ran("show", "dev", "frad", expect=1).exception)


def test_invoke_sends_a_file_and_prints_the_answer(life: Struck, tmp_path: Path) -> None:
    body = tmp_path / "sample.csv"
    body.write_text("0.1,0.2,0.3")
    answer = json.loads(ran("invoke", "dev", "fraud", "--file", str(body), "--json").stdout)
    assert answer["by"] == "primary"
    assert "0.1,0.2,0.3" in answer["body"]
    chosen = ran("invoke", "dev", "ranking", "--file", str(body), "--variant", "new", "--json")
    assert json.loads(chosen.stdout)["by"] == "new"
    kept = tmp_path / "answer"
    ran("invoke", "dev", "fraud", "--file", str(body), "--output", str(kept))
    assert kept.read_text() == answer["body"]


def test_invoke_waits_for_what_an_asynchronous_endpoint_writes(
    life: Struck, tmp_path: Path
) -> None:
    # The registry of this environment is somebody else's, and so is its bucket.
    life.account.client("s3").create_bucket(Bucket="acme-artifacts")
    body = tmp_path / "sample.csv"
    body.write_text("0.1,0.2,0.3")
    answer = json.loads(
        json.loads(ran("invoke", "dev", "slow", "--file", str(body), "--json").stdout)["body"]
    )
    assert answer["endpoint"] == "acme-dev-use1-slow"
    bucket, _, key = answer["inputLocation"].removeprefix("s3://").partition("/")
    assert key.startswith("async/slow/input/")
    held = life.aws().client("s3").get_object(Bucket=bucket, Key=key)
    assert held["Body"].read() == body.read_bytes()
    later = json.loads(ran("invoke", "dev", "slow", "--file", str(body), "--wait", "0").stdout)
    assert "/async/slow/output/" in later["output"]
    assert "leave --variant out" in str(
        ran("invoke", "dev", "slow", "--file", str(body), "--variant", "a", expect=1).exception
    )


def test_invoke_says_why_there_is_no_answer(life: Struck, tmp_path: Path) -> None:
    body = tmp_path / "sample.csv"
    body.write_text("0.1,0.2")

    def said(*arguments: str) -> str:
        return str(ran("invoke", "dev", *arguments, expect=1).exception)

    assert "a function takes JSON" in said("quick", "--file", str(body))
    assert "cannot be read" in said("fraud", "--file", str(tmp_path / "no.csv"))
    assert "did not answer" in said("ranking", "--file", str(body), "--variant", "none")
    (tmp_path / "sample.bin").write_text("")
    assert "nothing says what" in said("fraud", "--file", str(tmp_path / "sample.bin"))


def test_what_use_prints_calls_the_endpoint(life: Struck) -> None:
    said = CliRunner().invoke(app, ["endpoints", "use", "dev", "fraud", "--json"])
    snippets = json.loads(said.stdout)
    given = {**os.environ, **life.aws().shell_variables()}
    ran_it = [sys.executable, "-c", snippets["boto3"]]
    done = subprocess.run(ran_it, env=given, capture_output=True, text=True, check=True)
    # The emulator stands where AWS's host would.
    here = snippets["curl"].replace(
        "https://runtime.sagemaker.us-east-1.amazonaws.com", life.emulator.url
    )
    signed = subprocess.run(
        ["sh"], input=here, env=given, capture_output=True, text=True, check=True
    )
    assert json.loads(signed.stdout)["body"] == json.loads(done.stdout)["body"] == "0.1,0.2,0.3"


def test_publish_uploads_edits_and_a_deploy_becomes_a_release_of_the_history(
    life: Struck, tmp_path: Path
) -> None:
    model, text = tmp_path / "model.tar.gz", tmp_path / "model.txt"
    text.write_text("weights")
    with tarfile.open(model, "w:gz") as archive:
        archive.add(text, "model.txt")
    s3 = life.account.client("s3")
    s3.create_bucket(Bucket="acme-artifacts")
    given = ("publish", "dev", "fraud", "1.1.0", str(model), "--auto-approve")
    before = (life.environments / "dev.py").read_text("utf-8")
    shown = ran(*given).stdout
    uploaded = "s3://acme-artifacts/fraud/1.1.0/model.tar.gz"
    assert f"{uploaded} is uploaded" in shown
    assert "inferform push dev-use1 fraud --tag 1.1.0" in shown
    # The review in the end is of the edited file: what it deploys, and what is still to be pushed.
    review = shown.partition("dev.py is edited")[2]
    words = " ".join(review.split())
    assert "image: acme-dev-use1-fraud:1.0.0 → acme-dev-use1-fraud:1.1.0" in words
    assert "1 check finds what would fail" in words
    assert re.search(
        r"PRE4 image \S+/acme-dev-use1-fraud:1\.1\.0 its repository does not exist", words
    )
    written = (life.environments / "dev.py").read_text("utf-8")
    assert written == before.replace('serving("fraud", "1.0.0")', 'serving("fraud", "1.1.0")')
    held = s3.get_object(Bucket="acme-artifacts", Key="fraud/1.1.0/model.tar.gz")["Body"].read()
    assert held == model.read_bytes()
    again = ran(*given, "--no-review").stdout
    assert f"{uploaded} was there already" in again
    assert "dev-use1 names it already" in again
    assert (life.environments / "dev.py").read_text("utf-8") == written
    # What runs is the old one still, and list says so.
    row = listed()["endpoint/fraud"]
    assert (row["version"], row["deployed_version"]) == ("1.1.0", "1.0.0")
    assert "1.0.0 (file: 1.1.0)" in ran("list", "dev").stdout
    life.deploy(STACK)
    [new, old] = json.loads(ran("history", "dev", "fraud", "--json").stdout)
    assert [new["version"], old["version"]] == ["1.1.0", "1.0.0"]
    assert new["reached"]
    assert old["reached"]
    assert new["when"] > old["when"]
    assert "@" in new["who"]
    # Only what changed has another release.
    [only] = json.loads(ran("history", "dev", "ranking", "--json").stdout)
    assert only["version"] == "0.9.0, 1.0.0"


def test_what_was_uploaded_is_never_replaced(life: Struck, tmp_path: Path) -> None:
    model = tmp_path / "model.tar.gz"
    with tarfile.open(model, "w:gz") as archive:
        archive.add(__file__, "model.txt")
    s3 = life.account.client("s3")
    key = "fraud/1.2.0/model.tar.gz"
    s3.put_object(Bucket="acme-artifacts", Key=key, Body=b"another")
    before = (life.environments / "dev.py").read_text("utf-8")
    given = ("publish", "dev", "fraud", "1.2.0", str(model), "--auto-approve", "--no-review")
    assert "is there already" in str(ran(*given, expect=1).exception)
    assert (life.environments / "dev.py").read_text("utf-8") == before
    assert s3.get_object(Bucket="acme-artifacts", Key=key)["Body"].read() == b"another"
    model.write_text("no archive")
    assert "is no tar.gz" in str(ran(*given, expect=1).exception)


def test_who_wrote_a_state_without_a_lock_is_not_known(life: Struck) -> None:
    states = States(life.aws())
    state = states.read(LAYER)
    assert state is not None
    assert state.changed is not None
    # The clock of S3 advances by whole seconds, and this is long after every lock.
    assert states.writer(LAYER, state.changed) is not None
    later = state.changed.replace(year=state.changed.year + 1)
    assert states.writer(LAYER, later) is None
    assert states.writer(LAYER, None) is None
