"""A repository that `inferform init --ci codepipeline` makes deploys itself through its pipelines.

Only what installs packages is another: `make setup` takes the Inferform of the tests, and `make test` compares no
golden files, as `tests.product.test_clean` does. Its two levels of stacks have two rounds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from inferform import load
from inferform_emulator.process import Emulator, serve
from ops.aws import Aws
from ops.demo import small_manifest
from ops.init import Answers, init
from tests.conftest import ROOT

from .builds import Builds, Repository, projects
from .program import app_of

pytestmark = pytest.mark.story("each test continues with the pipelines that the one before it left")

TOOLS, LIVE = "123456789012", "444455556666"
MAIN, REVIEW = "globex-tools-use1-delivery-main", "globex-tools-use1-delivery-review"
MAKEFILE = f"""
setup:
	sh ci/setup.sh

test: setup
	{sys.executable} -m pytest -q -p no:cacheprovider tests -k rules
"""
INFERFORM = ".venv/bin/inferform"


def run(repository: Repository, emulator: Emulator, *command: str) -> None:
    """Run a command in the repository."""
    variables = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "EMULATOR_OF_THE_TEST": str(emulator.directory),
    }
    done = subprocess.run(
        command,
        cwd=repository.folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """One of its own process, which the commands of a build find by its folder."""
    with serve() as running:
        yield running


@pytest.fixture(scope="module")
def builds(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Builds:
    """The new repository, set up as its README says."""
    folder = tmp_path_factory.mktemp("init")
    answers = Answers("globex", LIVE, "us-east-1", ["prod"], "ml", "codepipeline", "pipenv", TOOLS)
    assert init(folder / "repository", answers).golden
    repository = Repository(folder / "repository")
    repository.write("Makefile", MAKEFILE)
    tools = (repository.folder / "environments" / "tools.py").read_text("utf-8")
    asked = "approval=ManualApproval()"
    assert asked in tools
    repository.write("environments/tools.py", tools.replace(asked, f"{asked}, rounds=2"))
    settings = json.loads((repository.folder / "cdktf.json").read_text("utf-8"))
    own = app_of(folder / "remembered", program=repository.folder / "main.py", alone=True)
    repository.write("cdktf.json", json.dumps({**settings, "app": own}))
    (repository.folder / "node_modules").symlink_to(ROOT / "node_modules")
    run(repository, emulator, "make", "setup")
    for key, layer in (("prod-use1", "identity"), ("tools-use1", "delivery")):
        run(repository, emulator, INFERFORM, "bootstrap", key)
        run(repository, emulator, INFERFORM, "deploy", f"{key}-{layer}", "--auto-approve")
    context = load(repository.folder / "environments").environments["tools-use1"].context
    made = Builds(repository, emulator, Aws(context, emulator=emulator), folder / "builds")
    connections: Any = made.aws.any_client("codeconnections")
    (found,) = connections.list_connections()["Connections"]
    status = {"account": TOOLS, "arn": found["ConnectionArn"], "status": "AVAILABLE"}
    emulator.control("POST", "codeconnections/status", status)
    return made


def push_model(builds: Builds) -> Aws:
    """Push what the endpoint serves, once its repository and bucket are there."""
    prod = load(builds.repository.folder / "environments").environments["prod-use1"]
    aws = Aws(prod.context, emulator=builds.emulator)
    name = prod.context.repository("scoring")
    aws.client("ecr").put_image(
        repositoryName=name, imageTag="1.0.0", imageManifest=small_manifest(name)
    )
    aws.client("s3").put_object(
        Bucket=prod.artifact_bucket, Key="scoring/1.0.0/model.tar.gz", Body=b"a model"
    )
    return aws


def test_what_is_merged_is_applied_level_by_level_as_it_was_approved(builds: Builds) -> None:
    assert builds.push(repository="globex/inference") == [MAIN]
    assert projects(builds.run()) == ["checks", "plan-prod-use1"]
    builds.answer(MAIN, "prod-use1-approve-1")
    done = builds.run()
    assert projects(done) == ["apply-prod-use1", "plan-prod-use1"]
    aws = push_model(builds)
    builds.answer(MAIN, "prod-use1-approve-2")
    assert projects(builds.run()) == ["apply-prod-use1", "verify-prod-use1"]
    assert builds.status(MAIN) == "Succeeded"
    (endpoint,) = aws.client("sagemaker").list_endpoints()["Endpoints"]
    assert endpoint["EndpointStatus"] == "InService"


def test_a_pull_request_is_reviewed_with_the_plan_role(builds: Builds) -> None:
    file = builds.repository.folder / "environments" / "prod.py"
    builds.repository.write(
        "environments/prod.py", file.read_text("utf-8").replace("ml.m5.large", "ml.m5.xlarge")
    )
    assert builds.push(repository="globex/inference", pull_request="OPEN") == [REVIEW]
    checks, review = builds.run()
    assert projects([checks, review]) == ["checks", "review-prod-use1"]
    assert "ml.m5.xlarge" in review.output
