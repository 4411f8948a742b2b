"""Promotion: which literal is edited, and when none is."""

from __future__ import annotations

from pathlib import Path

import pytest

from inferform import load
from ops import promote
from ops.errors import BadInputError, OperatorError
from ops.promote import Promotion

_COMMON = """
from inferform import *

VPC = NetworkOutputs(
    vpc_id="vpc-1", vpc_cidr="10.0.0.0/16", private_subnet_ids=["subnet-1", "subnet-2"],
    public_subnet_ids=[], s3_prefix_list_id="pl-1",
)
KEPT = RegistryOutputs(
    kms_key_arn="arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    artifact_bucket="acme-artifacts",
)

def environment(stage, account, endpoints):
    return Environment(
        context=Context(
            organization="acme", stage=stage, account=account, region="us-east-1", owner="ml"
        ),
        network=VPC, registry=KEPT, inference=Inference(endpoints=endpoints),
    )

def model(name, version):
    return Model(image=Image(repository=name, tag=version), artifact=f"{name}/{version}/model.tar.gz")

def endpoint(model, **fields):
    return RealtimeEndpoint(model=model, instance_type="ml.m5.large", **fields)
"""

_SOURCE = """
from .common import *

staging = environment("staging", "111122223333", {"fraud": endpoint(%s)})
"""

_TARGET = """
from .common import *

%s
prod = environment("prod", "444455556666", {
    "fraud": endpoint(%s),  # kept as it is
    'ranking':   endpoint(model("ranking", "1.4.1")),
})
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "environments"
    made.mkdir()
    (made / "common.py").write_text(_COMMON, encoding="utf-8")
    return made


def write(folder: Path, source: str, target: str, above: str = "") -> None:
    (folder / "staging.py").write_text(_SOURCE % source, encoding="utf-8")
    (folder / "prod.py").write_text(_TARGET % (above, target), encoding="utf-8")


def promotion(folder: Path) -> Promotion:
    return promote.plan(load(folder), "fraud", "staging-use1", "prod-use1")


def changed_lines(found: Promotion) -> list[str]:
    return [
        line[1:].strip()
        for line in found.diff.splitlines()
        if line.startswith("+") and not line.startswith("+++")
    ]


def test_one_literal_of_one_service_changes_and_nothing_else(folder: Path) -> None:
    write(folder, 'model("fraud", "1.4.2")', 'model("fraud", "1.4.1")')
    found = promotion(folder)
    assert changed_lines(found) == ['"fraud": endpoint(model("fraud", "1.4.2")),  # kept as it is']
    assert found.after == found.before.replace('"fraud", "1.4.1"', '"fraud", "1.4.2"')
    assert found.changes == {
        "inference.endpoints.fraud.model.image.tag": ("1.4.1", "1.4.2"),
        "inference.endpoints.fraud.model.artifact": (
            "fraud/1.4.1/model.tar.gz",
            "fraud/1.4.2/model.tar.gz",
        ),
    }
    found.make()
    after = load(folder).environments["prod-use1"]
    assert (
        after.groups[""].endpoints["fraud"]
        == (load(folder).environments["staging-use1"].groups[""].endpoints["fraud"])
    )


def test_a_catalogue_of_versions_is_edited_where_it_is(folder: Path) -> None:
    write(
        folder,
        'model("fraud", "1.4.2")',
        'model("fraud", CATALOGUE["fraud"][0])',
        above="CATALOGUE = {'fraud': ('1.4.1', 45), 'ranking': ('1.4.1', 60)}",
    )
    assert changed_lines(promotion(folder)) == [
        "CATALOGUE = {'fraud': ('1.4.2', 45), 'ranking': ('1.4.1', 60)}"
    ]


def test_a_keyword_argument_of_the_services_name_is_an_entry_too(folder: Path) -> None:
    write(
        folder,
        'model("fraud", "1.4.2")',
        'model("fraud", VERSIONS["fraud"])',
        above='VERSIONS = dict(fraud="1.4.1", ranking="1.4.1")',
    )
    assert changed_lines(promotion(folder)) == ['VERSIONS = dict(fraud="1.4.2", ranking="1.4.1")']


def test_only_the_literal_that_is_the_release_changes(folder: Path) -> None:
    old = 'Model(image=Image(repository="fraud", tag="%s"), environment={"RULES": "1.4.1"})'
    write(folder, old % "1.4.2", old % "1.4.1")
    assert changed_lines(promotion(folder)) == [
        '"fraud": endpoint(Model(image=Image(repository="fraud", tag="1.4.2"), '
        'environment={"RULES": "1.4.1"})),  # kept as it is'
    ]


def test_a_release_in_several_literals_changes_in_all_of_them(folder: Path) -> None:
    both = 'Model(image=Image(repository="fraud", tag="{0}"), artifact="fraud/{0}/model.tar.gz")'
    write(folder, both.format("1.4.2"), both.format("1.4.1"))
    assert both.format("1.4.2") in changed_lines(promotion(folder))[0]


def test_a_digest_is_promoted_as_a_digest(folder: Path) -> None:
    image = 'Model(image=Image(repository="fraud", digest="sha256:%s"))'
    write(folder, image % ("a" * 64), image % ("b" * 64))
    assert f"sha256:{'a' * 64}" in changed_lines(promotion(folder))[0]


def test_an_image_by_uri_keeps_the_registry_of_its_environment(folder: Path) -> None:
    image = 'Model(image="%s.dkr.ecr.us-east-1.amazonaws.com/acme/fraud:%s")'
    write(folder, image % ("111122223333", "1.4.2"), image % ("444455556666", "1.4.1"))
    assert (
        "444455556666.dkr.ecr.us-east-1.amazonaws.com/acme/fraud:1.4.2"
        in (changed_lines(promotion(folder))[0])
    )


@pytest.mark.parametrize(
    ("source", "target", "above", "reason"),
    [
        ('model("fraud", "1.4.1")', 'model("fraud", "1.4.1")', "", "has the release of staging"),
        (
            'model("fraud", "1.4.2")',
            'model("fraud", ".".join(["1", "4", "1"]))',
            "",
            "no literal of its entry is 1.4.1",
        ),
        (
            'model("fraud", "1.4.2")',
            'model("fraud", LATEST)',
            'LATEST = "1.4.1"',
            "cannot be edited in environments/prod.py",
        ),
        (
            'model("fraud", "1.4.2")',
            'endpoint.__globals__["model"]("fraud", (lambda v: v)(SHARED["fraud"]))',
            'SHARED = {"fraud": "1.4.1"}\n'
            'also = environment("test", "444455556666", '
            '{"fraud": endpoint(model("fraud", SHARED["fraud"]))})',
            "it would change test-use1",
        ),
        (
            'Model(image=Image(repository="fraud", digest="sha256:%s"))' % ("a" * 64),
            'Model(image=Image(repository="fraud", tag="1.4.1"))',
            "",
            "by tag in one of staging-use1 and prod-use1, and by digest in the other",
        ),
        (
            'model("fraud", "1.4.2")',
            'Model(image=Image(repository="fraud", tag="1.4.1"))',
            "",
            "written in another way",
        ),
    ],
)
def test_what_cannot_be_edited_safely_is_refused(
    folder: Path, source: str, target: str, above: str, reason: str
) -> None:
    write(folder, source, target, above)
    before = (folder / "prod.py").read_text("utf-8")
    with pytest.raises(BadInputError, match=reason):
        promotion(folder)
    assert (folder / "prod.py").read_text("utf-8") == before


def test_what_to_write_instead_names_the_entry_as_the_file_does(folder: Path) -> None:
    write(folder, 'model("fraud", "1.4.2")', 'model("fraud", ".".join(["1", "4", "1"]))')
    with pytest.raises(BadInputError, match=r'such as "fraud": model\("fraud", "1.4.2"\)'):
        promote.plan(load(folder), "endpoint/fraud", "staging-use1", "prod-use1")


def test_a_service_that_is_not_there_is_named_with_its_nearest(folder: Path) -> None:
    write(folder, 'model("fraud", "1.4.2")', 'model("fraud", "1.4.1")')
    with pytest.raises(BadInputError, match="has no service frad; did you mean fraud"):
        promote.plan(load(folder), "frad", "staging-use1", "prod-use1")


def test_a_file_that_changed_meanwhile_is_left_alone(folder: Path) -> None:
    write(folder, 'model("fraud", "1.4.2")', 'model("fraud", "1.4.1")')
    found = promotion(folder)
    found.file.write_text(found.before + "# edited\n", encoding="utf-8")
    with pytest.raises(OperatorError, match="has changed meanwhile"):
        found.make()
    assert found.file.read_text("utf-8").endswith("# edited\n")


def test_every_service_of_this_repository_can_be_promoted() -> None:
    loaded = load(Path(__file__).resolve().parents[2] / "environments")
    source, target = "staging-euw1", "prod-euw1"
    services = loaded.environments[target].groups[""].endpoints
    for service in services:
        try:
            found = promote.plan(loaded, service, source, target)
        except BadInputError as error:
            assert "already" in str(error)  # noqa: PT017 - the only good reason
        else:
            assert len(changed_lines(found)) == 1


def _moved(folder: Path, *changes: tuple[str, str]) -> list[str]:
    text = _COMMON
    for old, new in changes:
        text = text.replace(old, new)
    (folder / "common.py").write_text(text, encoding="utf-8")
    write(folder, 'model("fraud", "1.4.2")', 'model("fraud", "1.4.2")')
    loaded = load(folder).environments
    return promote.copies(loaded["staging-use1"], loaded["prod-use1"], "fraud")


def test_what_another_registry_and_bucket_lack_is_copied_as_it_is(folder: Path) -> None:
    own = (
        "registry=KEPT",
        "registry=Registry(repositories={'fraud': Repository(), 'ranking': Repository()})",
    )
    assert _moved(folder, own) == [
        "aws s3 cp s3://acme-staging-use1-artifacts-111122223333/fraud/1.4.2/model.tar.gz "
        "s3://acme-prod-use1-artifacts-444455556666/fraud/1.4.2/model.tar.gz",
        "skopeo copy --all --preserve-digests "
        "docker://111122223333.dkr.ecr.us-east-1.amazonaws.com/acme-staging-use1-fraud:1.4.2 "
        "docker://444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-prod-use1-fraud:1.4.2",
    ]


def test_nothing_is_copied_where_both_read_the_same_registry_and_bucket(folder: Path) -> None:
    shared = 'owner="ml", images=ImageOwner(account="999988887777", stage="shared")'
    assert _moved(folder, ('owner="ml"', shared)) == []
