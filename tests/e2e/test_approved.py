"""Deploys of what was approved: compared before anything is done, and stack by stack."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from inferform_emulator.process import Emulator
from ops.cdk import Deployment
from ops.deploy import unchecked
from ops.errors import NotApprovedError
from ops.review.approved import Approved, deploy
from ops.review.digest import digest
from ops.review.renderers.json import render_json
from ops.review.report import Report
from ops.review.reviewing import review_environments
from tests.e2e.program import Life
from tests.specs.files import CONTEXT, REGISTRY, environment

pytestmark = pytest.mark.story("each test changes the environment that the one before it left")

KEY = "dev-use1"
NETWORK, LOWER, UPPER = f"{KEY}-network", f"{KEY}-registry", f"{KEY}-inference"


ACCOUNT = CONTEXT.replace("111122223333", "123456789012")


def dev(instance_type: str = "ml.m5.large") -> str:
    endpoint = (
        'RealtimeEndpoint(model=Model(image=Image(repository="fraud", tag="1.4.2")), '
        f'instance_type="{instance_type}")'
    )
    return environment(
        context=ACCOUNT,
        network='Network(cidr="10.30.0.0/16", nat="none", flow_logs=None)',
        registry=REGISTRY,
        endpoints=f'{{"fraud": {endpoint}}}',
    )


@pytest.fixture(scope="module")
def life(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Life:
    life = Life(tmp_path_factory.mktemp("life"), emulator)
    life.write(dev())
    life.bootstrap(KEY)
    return life


def review(life: Life, **options: Any) -> Report:
    """What a pull request and the job before an approval show."""
    return review_environments([KEY], life.program, read_only=True, **options)


def in_file(report: Report, folder: Path) -> Approved:
    """The review as its JSON."""
    file = folder / "review.json"
    file.write_text(render_json(report), encoding="utf-8")
    return Approved.of(str(file))


def approved_deploy(life: Life, approved: Approved) -> Deployment:
    def ask(_: Sequence[Any]) -> None: ...

    return deploy([f"{KEY}-*"], life.program, approved, ask=ask, check=unchecked)


def serials(life: Life) -> list[int]:
    """How often the states were written."""
    s3 = life.aws(KEY).client("s3")
    bucket = life.environment(KEY).context.state_bucket
    return [
        json.loads(s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read())["serial"]
        for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    ]


def test_what_could_not_be_planned_when_it_was_approved_is_asked_for_again(
    life: Life, tmp_path: Path
) -> None:
    first = in_file(review(life), tmp_path)
    with pytest.raises(NotApprovedError, match=f"what {UPPER} would do now is not") as caught:
        approved_deploy(life, first)
    said = str(caught.value)
    assert f"approved: blocked: depends on {NETWORK}, {LOWER}, which are not deployed yet" in said
    assert "now:      create aws_sagemaker_endpoint.endpoints_fraud_endpoint_" in said
    assert f"{NETWORK}, {LOWER} applied; review it again" in said
    assert len(serials(life)) == 2


def test_a_change_after_the_approval_is_refused_before_anything_is_done(
    life: Life, tmp_path: Path
) -> None:
    report = review(life)
    before = serials(life)
    life.write(dev("ml.m5.xlarge"))
    with pytest.raises(NotApprovedError, match="what would be done is not") as caught:
        approved_deploy(life, in_file(report, tmp_path))
    said = str(caught.value)
    assert f"{LOWER}: differs" not in said
    assert f"{UPPER}: differs" in said
    assert re.search(r'approved: .*production_variants.*"ml.m5.large', said)
    assert re.search(r'now: .*production_variants.*"ml.m5.xlarge', said)
    assert "nothing was done" in said
    with pytest.raises(NotApprovedError, match=f"{digest(report)} was approved; now:"):
        approved_deploy(life, Approved.of(digest(report)))
    assert serials(life) == before
    life.write(dev())


def test_what_was_approved_is_applied_by_its_digest_alone(life: Life) -> None:
    done = approved_deploy(life, Approved.of(digest(review(life))))
    assert {run.name: run.status for run in done.stacks} == {
        NETWORK: "no changes",
        LOWER: "no changes",
        UPPER: "applied",
    }
    assert done.applied[UPPER].verified
    report = review(life)
    assert report.counts == {}
    done = approved_deploy(life, Approved.of(digest(report)))
    assert {run.status for run in done.stacks} == {"no changes"}


def test_what_somebody_changed_at_aws_after_the_approval_is_refused(
    life: Life, tmp_path: Path
) -> None:
    approved = in_file(review(life), tmp_path)
    ecr = life.aws(KEY).client("ecr")
    (repository,) = ecr.describe_repositories()["repositories"]
    ecr.delete_repository(repositoryName=repository["repositoryName"], force=True)
    with pytest.raises(
        NotApprovedError, match=r"now: +create aws_ecr_repository\.repositories_fraud_"
    ):
        approved_deploy(life, approved)
