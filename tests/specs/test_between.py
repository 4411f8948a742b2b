"""The rules between environments."""

from __future__ import annotations

from pathlib import Path

import pytest

from inferform import ConfigurationError, load

_TWO = """
from inferform import *

def environment(stage, region):
    return Environment(
        context=Context(organization="acme", stage=stage, account="111122223333",
            region=region, owner="ml"),
    )

first, second = environment("dev", "us-east-1"), environment("{stage}", "eu-west-1")
"""


@pytest.mark.parametrize("stage", ["dev", "dev2", "dev-use2"])
def test_keys_that_no_pattern_confuses_are_taken(tmp_path: Path, stage: str) -> None:
    (tmp_path / "all.py").write_text(_TWO.format(stage=stage), encoding="utf-8")
    assert set(load(tmp_path).environments) == {"dev-use1", f"{stage}-euw1"}


def test_a_key_that_begins_with_another_is_refused(tmp_path: Path) -> None:
    (tmp_path / "all.py").write_text(_TWO.format(stage="dev-use1"), encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        load(tmp_path)
    assert [problem.rule for problem in error.value.problems] == ["ENV7"]
    assert "'dev-use1-*' would deploy and destroy both" in str(error.value)


_OWNED = """
from inferform import *

shared = Environment(
    context=Context(organization="acme", stage="shared", account="999988887777",
        region="{region}", owner="ml"),
    registry=Registry(artifacts=ArtifactBucket(read_accounts={readers})),
)
dev = Environment(
    context=Context(organization="acme", stage="dev", account="111122223333",
        region="us-east-1", owner="ml", artifact_keys={keys}),
    network=Network(cidr="10.20.0.0/16"),
    registry=Registry(repositories={{"fraud": Repository()}}),
    inference=Inference(endpoints={{"fraud": RealtimeEndpoint(instance_type="ml.m5.large",
        model=Model(image=Image(repository="fraud", tag="1"),
            artifact="s3://" + shared.context.bucket("artifacts") + "/fraud/model.tar.gz"))}}),
)
"""
_KEY = "arn:aws:kms:us-east-1:999988887777:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_BUCKET = "acme-shared-use1-artifacts-999988887777"
_NAMED = {_BUCKET: _KEY}


@pytest.mark.parametrize(
    ("region", "readers", "keys", "rules"),
    [
        ("us-east-1", ["111122223333"], _NAMED, []),
        ("us-east-1", ["444455556666"], _NAMED, ["OWN2"]),
        ("us-east-1", ["111122223333"], {}, ["OWN3"]),
        (
            "eu-west-1",
            ["111122223333"],
            {_BUCKET.replace("use1", "euw1"): _KEY.replace("us-east-1", "eu-west-1")},
            ["OWN4"],
        ),
    ],
)
def test_an_artifact_of_another_environment_can_be_read_and_decrypted_there(
    tmp_path: Path, region: str, readers: list[str], keys: dict[str, str], rules: list[str]
) -> None:
    text = _OWNED.format(region=region, readers=readers, keys=keys)
    (tmp_path / "all.py").write_text(text, encoding="utf-8")
    try:
        problems = [p for entry in load(tmp_path).warnings for p in entry.problems]
    except ConfigurationError as error:
        problems = error.problems
    where = "inference.endpoints.fraud.model.artifact"
    assert [(p.rule, p.where) for p in problems] == [(each, where) for each in rules]
