"""Days on which something goes wrong that no plan has: docs/game-days.md says which test shows each.

What other tests show is not shown here again.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from inferform_emulator.process import Emulator
from ops.deploy import deploy, recover
from ops.errors import OperatorError

from .struck import ENDPOINT, LAYER, RECOVER, STACK, Struck, struck

pytestmark = pytest.mark.story("each test begins with the stack that the one before it left")


@pytest.fixture(scope="module")
def life(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Struck]:
    with struck(tmp_path_factory.mktemp("days"), emulator) as life:
        yield life


def refused(life: Struck) -> str:
    """What a deploy says that does not come to its end."""
    with pytest.raises(OperatorError) as caught:
        deploy([STACK], life.program)
    return str(caught.value)


def test_a_type_that_a_region_turns_out_not_to_have_is_replaced_by_another(life: Struck) -> None:
    """No table is wrong for AWS: what it says in the end is told, and one line of the file is changed."""
    life.release("1.0.0")
    reason = "The requested resource ml.m5.large is not available in this region"
    life.roll_back(reason)
    assert f"{ENDPOINT} is Failed: {reason}" in refused(life)
    text = (life.environments / "dev.py").read_text("utf-8")
    life.write(text.replace("ml.m5.large", "ml.c5.large"))
    deploy([STACK], life.program)
    life.settled("creation")


def test_a_state_that_somebody_deleted_comes_back_by_its_version(life: Struck) -> None:
    context, s3 = life.environment().context, life.aws().client("s3")
    before = life.recorded()
    s3.delete_object(Bucket=context.state_bucket, Key=context.state_key(LAYER))
    # Whoever deploys before it is noticed changes nothing that runs.
    assert RECOVER in refused(life)
    whole = max(
        (each for each in life.states.versions(LAYER) if not each.deleted),
        key=lambda version: version.resources or 0,
    )
    life.states.restore(LAYER, whole.id)
    assert life.recorded() == before
    life.settled("creation")


def test_a_state_bucket_that_is_gone_with_its_versions_is_made_again_from_what_runs(
    life: Struck,
) -> None:
    context, s3 = life.environment().context, life.aws().client("s3")
    bucket, before = context.state_bucket, life.recorded()
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for each in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])
    s3.delete_bucket(Bucket=bucket)
    assert "the state bucket: inferform bootstrap dev-use1 makes it" in refused(life)
    life.bootstrap()
    recover([STACK], life.program)
    assert life.recorded() == before
    deploy([STACK], life.program)
    life.settled("creation")
