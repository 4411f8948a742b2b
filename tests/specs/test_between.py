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


_SHARED = """
from inferform import *

def environment(stage, bucket):
    return Environment(
        context=Context(organization="acme", stage=stage, account="111122223333",
            region="us-east-1", owner="ml"),
        network=Network(cidr="10.20.0.0/16", allow_overlap=True),
        registry=Registry(artifacts=bucket),
        inference=Inference(endpoints={{"fraud": RealtimeEndpoint(instance_type="ml.m5.large",
            model=Model(image="111122223333.dkr.ecr.us-east-1.amazonaws.com/risk/fraud:1",
                artifact="fraud/model.tar.gz"))}}),
    )

dev = environment("dev", ArtifactBucket())
test = environment("test", ExistingBucket(name="{name}"))
prod = environment("prod", ExistingBucket(name="{name}"))
"""


@pytest.mark.parametrize(
    ("name", "warned"),
    [
        ("risk-artifacts", []),
        ("acme-dev-use1-artifacts-111122223333", [("OWN3", "prod-use1"), ("OWN3", "test-use1")]),
    ],
)
def test_a_bucket_that_exists_belongs_to_whoever_makes_it(
    tmp_path: Path, name: str, warned: list[tuple[str, str]]
) -> None:
    (tmp_path / "all.py").write_text(_SHARED.format(name=name), encoding="utf-8")
    found = [(p.rule, entry.where) for entry in load(tmp_path).warnings for p in entry.problems]
    assert sorted((rule, where.rpartition(" ")[2]) for rule, where in found) == warned


_NAMED_ALIKE = """
from inferform import *

def environment(stage, region, account, template):
    context = Context(organization="acme", stage=stage, account=account, region=region,
        owner="ml", naming=Naming(template=template))
    return Environment(context=context, registry=Registry(repositories={{"fraud": Repository()}}),
        network=Network(cidr="10.20.0.0/16", allow_overlap=True),
        inference=Inference(endpoints={{"fraud": RealtimeEndpoint(instance_type="ml.m5.large",
            model=Model(image=Image(repository="fraud", tag="1"), artifact="m.tar.gz"))}}))

first = environment("dev", "us-east-1", "111122223333", "{template}")
second = environment("{stage}", "{region}", "{account}", "{template}")
"""


@pytest.mark.parametrize(
    ("template", "stage", "region", "account", "said"),
    [
        ("{organization}-{name}", "prod", "us-east-1", "111122223333", "add {stage} to"),
        ("{organization}-{name}", "prod", "us-east-1", "444455556666", ""),
        ("{organization}-{name}", "dev", "eu-west-1", "444455556666", ""),
        ("{organization}-{stage}-{name}", "dev", "eu-west-1", "111122223333", "add {region} to"),
        ("{organization}-{region}-{name}", "prod", "us-east-1", "111122223333", "add {stage} to"),
        ("{organization}-{region}-{name}", "dev", "eu-west-1", "111122223333", ""),
        ("{organization}-{stage}-{name}", "prod", "eu-west-1", "111122223333", ""),
    ],
)
def test_two_environments_that_a_template_does_not_tell_apart_are_refused(
    tmp_path: Path, template: str, stage: str, region: str, account: str, said: str
) -> None:
    values = {"template": template, "stage": stage, "region": region, "account": account}
    text = _NAMED_ALIKE.format(**values)
    (tmp_path / "all.py").write_text(text, encoding="utf-8")
    try:
        load(tmp_path)
        problems = []
    except ConfigurationError as error:
        problems = error.problems
    if not said:
        assert problems == []
        return
    [problem] = [each for each in problems if each.severity == "error"]
    assert (problem.rule, problem.where) == ("NAME5", "context.naming.template")
    assert said in str(problem)
    assert "as dev-use1 would" in str(problem)


_ONE_VPC = """
from inferform import *

def environment(stage, vpc):
    context = Context(organization="acme", stage=stage, account="111122223333",
        region="us-east-1", owner="ml", naming=Naming(template="{organization}-{name}"))
    return Environment(context=context, network=NetworkOutputs(vpc_id=vpc, vpc_cidr="10.0.0.0/16",
        private_subnet_ids=["subnet-0a1b2c3d4e5f67890"], public_subnet_ids=[],
        s3_prefix_list_id="pl-63a5400a"))

first, second = environment("dev", "vpc-0a1b2c3d4e5f67890"), environment("prod", "vpc-0a1b2c3d4e5f67890")
"""


def test_environments_that_make_nothing_have_no_names_to_share(tmp_path: Path) -> None:
    (tmp_path / "all.py").write_text(_ONE_VPC, encoding="utf-8")
    assert {*load(tmp_path).environments} == {"dev-use1", "prod-use1"}
