"""The buildspec of an image, executed: what has to pass before it is pushed, and what stops its pipeline.

ECR and what its scan finds are the emulator's; Docker, and the check of the contract, note how they are called.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

from inferform import Context, DeployPipeline, ImageBuild, OnPush, Promotion, TargetEnvironment
from inferform.delivery import buildspecs
from inferform_emulator.process import Emulator
from ops.demo import small_manifest

from .builds import Repository, script

TOOLS = Context(
    organization="acme", stage="shared", account="123456789012", region="us-east-1", owner="ml"
)

# The command line of AWS, as far as the buildspec calls it.
_AWS = """
import json
import os
import sys

import boto3
import jmespath
from botocore.exceptions import ClientError

service, operation, *words = sys.argv[1:]
given = dict(zip(words[::2], words[1::2], strict=True))
client = boto3.client(service, region_name=given["--region"])
call = {"repositoryName": given["--repository-name"]} if "--repository-name" in given else {}
for name, argument in (("--image-id", "imageId"), ("--image-ids", "imageIds")):
    if name in given:
        key, _, value = given[name].partition("=")
        call[argument] = {key: value} if argument == "imageId" else [{key: value}]
try:
    if operation == "get-login-password":
        print(client.get_authorization_token()["authorizationData"][0]["authorizationToken"])
    else:
        scans = json.loads(os.environ["SCANS"]) if "findings" in operation else []
        turn = len(open(os.environ["TURNS"]).read())
        answer = scans[turn] if turn < len(scans) else getattr(client, operation.replace("-", "_"))(**call)
        print(jmespath.search(given["--query"], answer) if "--query" in given else answer)
except ClientError as error:
    sys.exit(str(error))
"""

_DOCKER = """
import os
import sys

import boto3

with open(os.environ["NOTED"], "a") as noted:
    print(*sys.argv[1:], file=noted)
if sys.argv[1] == "push" and os.environ["PUSH"] != "lost":
    name, _, tag = sys.argv[2].partition("/")[2].partition(":")
    ecr = boto3.client("ecr", region_name="us-east-1")
    ecr.put_image(repositoryName=name, imageTag=tag, imageManifest=os.environ["MANIFEST"])
    ecr.start_image_scan(repositoryName=name, imageId={"imageTag": tag})
sys.exit(sys.argv[1] == "push" and os.environ["PUSH"] != "mine")
"""

# A build asks again at once.
_SLEEP = """
import os
import sys

with open(os.environ["TURNS"], "a") as turns:
    turns.write("x")
"""

_CHECK = """
import os
import sys

with open(os.environ["NOTED"], "a") as noted:
    print(*sys.argv[1:], file=noted)
sys.exit(int(os.environ["CONTRACT"]))
"""


@dataclass
class Build:
    """What a build of an image came to."""

    succeeded: bool
    output: str
    noted: list[str]
    told: dict[str, str] = field(default_factory=dict)

    @property
    def steps(self) -> list[str]:
        """What was called, in order."""
        return [line.partition(" ")[0] for line in self.noted]


class Place:
    """A repository of code, one of images, and a machine that builds."""

    def __init__(self, folder: Path, name: str, emulator: Emulator) -> None:
        self.folder, self.emulator = folder, emulator
        (folder / "bin").mkdir(parents=True)
        for tool, text in (
            ("aws", _AWS),
            ("docker", _DOCKER),
            ("inferform", _CHECK),
            ("sleep", _SLEEP),
        ):
            file = folder / "bin" / tool
            file.write_text(f"#!{sys.executable}\n{text}", encoding="utf-8")
            file.chmod(0o755)
        self.code = Repository.empty(folder / "code")
        self.commit = self.code.commit()
        self.spec: dict[str, Any] = {"repository": name, "sample": "samples/fraud.csv"}
        self.name = TOOLS.own_repository(name)
        self.ecr: Any = boto3.client(
            "ecr",
            region_name="us-east-1",
            endpoint_url=emulator.url,
            aws_access_key_id="emulator",
            aws_secret_access_key="emulator",
        )
        self.ecr.create_repository(repositoryName=self.name)

    def build(
        self,
        *,
        contract: int = 0,
        scans: Sequence[dict[str, Any]] = (),
        push: str = "mine",
        **fields: Any,
    ) -> Build:
        """Run the buildspec; `contract` is how the check of the contract ends, and `scans` what ECR says of
        the scan before it says what it does of itself. A push is `mine`, or fails: as the tag is there by then
        (`theirs`), or is not (`lost`)."""
        image = ImageBuild(**{**self.spec, **fields})
        target = TargetEnvironment(key="dev-use1", account="222233334444")
        pipeline = DeployPipeline(
            trigger=OnPush(branches=["main"]),
            promotions=[Promotion(environment=target)],
            setup=["true"],
            command="inferform",
            images=[image],
        )
        noted, told, turns = (self.folder / name for name in ("noted", "told", "turns"))
        for file in (noted, told, turns):
            file.write_text("", encoding="utf-8")
        done = subprocess.run(
            ["bash", "-c", script(buildspecs.image(pipeline, TOOLS, image), told)],
            cwd=self.code.folder,
            env={
                **self.emulator.environment(),
                "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin:/usr/local/bin",
                "NOTED": str(noted),
                "SCANS": json.dumps(scans),
                "TURNS": str(turns),
                "MANIFEST": small_manifest(self.name),
                "CONTRACT": str(contract),
                "PUSH": push,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        lines = told.read_text("utf-8").splitlines()
        return Build(
            done.returncode == 0,
            done.stdout + done.stderr,
            noted.read_text("utf-8").splitlines(),
            dict(line.partition("=")[::2] for line in lines),
        )

    def images(self) -> list[dict[str, Any]]:
        """What was pushed."""
        found: list[dict[str, Any]] = self.ecr.describe_images(repositoryName=self.name)[
            "imageDetails"
        ]
        return found


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path, emulator: Emulator) -> Place:
    return Place(tmp_path, request.node.name.replace("_", "-")[5:30].rstrip("-"), emulator)


def test_an_image_that_keeps_the_contract_is_pushed_once_under_its_commit(place: Place) -> None:
    first = place.build()
    assert first.succeeded, first.output
    assert first.steps == ["buildx", "run", "check-container", "rm", "login", "push"]
    # An index of several manifests is no image to Lambda and SageMaker.
    assert "--platform linux/amd64 --provenance=false --sbom=false" in first.noted[0]
    assert first.noted[2] == ("check-container http://127.0.0.1:8080 --csv-file samples/fraud.csv")
    (pushed,) = place.images()
    tag = place.commit[:12]
    assert pushed["imageTags"] == [tag]
    assert first.told == {"TAG": tag, "DIGEST": pushed["imageDigest"]}
    again = place.build()
    assert again.succeeded, again.output
    assert again.steps == []
    assert again.told == first.told


def test_what_another_pipeline_has_pushed_of_the_commit_is_taken(place: Place) -> None:
    done = place.build(push="theirs")
    assert done.succeeded, done.output
    assert done.steps[-1] == "push"
    assert done.told["DIGEST"] == place.images()[0]["imageDigest"]


def test_an_image_that_is_not_pushed_stops_the_pipeline(place: Place) -> None:
    done = place.build(push="lost")
    assert not done.succeeded
    assert done.steps[-1] == "push"
    assert place.images() == []


def test_an_image_that_breaks_the_contract_is_not_pushed(place: Place) -> None:
    done = place.build(contract=1)
    assert not done.succeeded
    assert done.steps == ["buildx", "run", "check-container"]
    assert place.images() == []


def test_a_finding_as_severe_as_asked_for_stops_the_pipeline(place: Place) -> None:
    done = place.build(scan_severity="HIGH")
    assert not done.succeeded
    assert done.steps[-1] == "push"
    assert "1 findings are HIGH" in done.output
    assert place.build(scan_severity="CRITICAL").succeeded


# github.com/aws/aws-sdk #289: an enhanced scan at a push, and issue 45 of alexjurkiewicz/ecr-scan-image and #51
# there: a continuous scan, and one that has not begun. None has findings yet.
EMPTY: dict[str, Any] = {"findings": []}
ENHANCED = {
    "imageScanFindings": EMPTY,
    "imageScanStatus": {
        "status": "COMPLETE",
        "description": "The scan was completed successfully.",
    },
}
CONTINUOUS = {
    "imageScanFindings": EMPTY,
    "imageScanStatus": {
        "status": "ACTIVE",
        "description": "Continuous scan is selected for image.",
    },
}
PENDING = {
    "imageScanFindings": {"findings": [], "enhancedFindings": []},
    "imageScanStatus": {"status": "PENDING", "description": "Pending start of the image scan."},
}


def test_a_scan_is_waited_for_until_its_findings_are_there(place: Place) -> None:
    done = place.build(scan_severity="HIGH", scans=[PENDING, ENHANCED, CONTINUOUS])
    assert not done.succeeded
    assert "1 findings are HIGH" in done.output
    assert len((place.folder / "turns").read_text("utf-8")) == 3


def test_an_image_whose_scan_never_ends_stops_the_pipeline(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buildspecs, "SCAN_TURNS", 2)
    done = place.build(scan_severity="CRITICAL", scans=[CONTINUOUS] * 4)
    assert not done.succeeded
    assert "no scan of the image ended: ACTIVE null" in done.output


def test_an_image_that_ecr_cannot_scan_stops_the_pipeline(place: Place) -> None:
    failed = {"imageScanFindings": EMPTY, "imageScanStatus": {"status": "UNSUPPORTED_IMAGE"}}
    done = place.build(scan_severity="CRITICAL", scans=[failed])
    assert not done.succeeded
    assert "UNSUPPORTED_IMAGE" in done.output
