"""Groups of the inference and training layers, moved resources and images of another account, as Specs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from inferform import (
    Channel,
    ConfigurationError,
    Context,
    DataCapture,
    DriftMonitor,
    Environment,
    Image,
    ImageOwner,
    Inference,
    Model,
    Network,
    OnDrift,
    RealtimeEndpoint,
    Registry,
    Repository,
    Retraining,
    SpecError,
    Training,
    TrainingJob,
    load,
)


def context(**changes: Any) -> Context:
    given: dict[str, Any] = {
        "organization": "acme",
        "stage": "dev",
        "account": "111122223333",
        "region": "us-east-1",
        "owner": "ml",
    }
    return Context(**{**given, **changes})


def inference(*names: str) -> Inference:
    model = Model(image=Image(repository="fraud", tag="1.4.2"))
    return Inference(
        endpoints={
            name: RealtimeEndpoint(model=model, instance_type="ml.m5.large") for name in names
        }
    )


def environment(**changes: Any) -> Environment:
    given: dict[str, Any] = {
        "context": context(),
        "network": Network(cidr="10.20.0.0/16"),
        "registry": Registry(repositories={"fraud": Repository()}),
    }
    return Environment(**{**given, **changes})


def problems(**changes: Any) -> dict[str, str]:
    with pytest.raises(SpecError) as error:
        environment(**changes)
    return {problem.rule: str(problem) for problem in error.value.problems}


def test_each_group_is_a_layer_and_a_single_inference_is_one_without_a_name() -> None:
    one = environment(inference=inference("fraud"))
    two = environment(inference={"risk": inference("fraud"), "shop": inference("ranking")})
    assert one.layers == ["network", "registry", "inference"]
    assert two.layers == ["network", "registry", "inference-risk", "inference-shop"]


def test_two_groups_cannot_share_the_name_of_an_endpoint() -> None:
    found = problems(inference={"risk": inference("fraud"), "shop": inference("fraud")})
    assert found["GRP1"].startswith(
        "inference.shop.endpoints.fraud: is in group risk too; give it another name, "
        "as both would be acme-dev-use1-fraud in AWS"
    )


@pytest.mark.parametrize("wrong", [{}, {"risk": "fraud"}, {"risk": None}])
def test_a_group_that_is_no_inference_is_refused(wrong: Any) -> None:
    assert "inference: must be an Inference, or a dict" in problems(inference=wrong)["GRP2"]


JOB = TrainingJob(
    image=Image(repository="fraud", tag="1"),
    instance_type="ml.m5.large",
    channels={"train": Channel(uri="data/train/")},
)


def training(*names: str, **fields: Any) -> Training:
    return Training(retrainings={name: Retraining(train=JOB, **fields) for name in names})


def test_each_group_of_training_is_a_layer_after_every_group_that_serves() -> None:
    made = environment(
        inference={"risk": inference("fraud"), "shop": inference("ranking")},
        training={"risk": training("fraud"), "shop": training("ranking")},
    )
    assert made.layers[-2:] == ["training-risk", "training-shop"]
    for group in ("risk", "shop"):
        below = made.below()[f"training-{group}"]
        assert below == ["network", "registry", "inference-risk", "inference-shop"]
    assert environment(training=training("fraud")).layers[-1] == "training"
    assert [each.place.layer for each in made.deployed][-2:] == ["training-risk", "training-shop"]


def test_two_groups_of_training_cannot_share_a_name_and_nothing_else_is_one() -> None:
    found = problems(training={"risk": training("fraud"), "shop": training("fraud")})
    assert found["GRP1"].startswith("training.shop.retrainings.fraud: is in group risk too")
    for wrong in ({}, {"risk": inference("fraud")}):
        assert "training: must be a Training, or a dict" in problems(training=wrong)["GRP2"]
    assert "training: must be lower-case" in problems(training={"Risk": training("x")})["NAME1"]


def test_a_group_of_training_knows_what_the_others_have() -> None:
    watched = inference("fraud")
    (endpoint,) = watched.endpoints.values()
    capturing = endpoint.replace(data_capture=DataCapture())
    monitor = DriftMonitor(
        endpoint="fraud", image=JOB.image, baseline="data/baseline/", then="fraud"
    )
    drifting = training("fraud", triggers=[OnDrift(monitor="fraud")])
    given: dict[str, Any] = {
        "inference": watched.replace(endpoints={"fraud": capturing}),
        "training": {"models": drifting, "watch": Training(monitors={"fraud": monitor})},
    }
    assert environment(**given).key == "dev-use1"
    alone = problems(**{**given, "training": {"models": drifting}})
    assert alone["WFL2"].startswith("training.models.retrainings.fraud.triggers.0.monitor: ")


def test_the_name_of_a_group_is_a_short_name() -> None:
    assert "inference: must be lower-case" in problems(inference={"Risk": inference("x")})["NAME1"]


def test_the_problems_inside_a_group_name_the_group() -> None:
    wrong = inference("fraud").replace(
        endpoints={
            "fraud": RealtimeEndpoint(
                model=Model(image=Image(repository="frod", tag="1")), instance_type="ml.m5.large"
            )
        }
    )
    found = problems(inference={"risk": wrong})
    assert found["ECR8"].startswith("inference.risk.endpoints.fraud.model.image")


def test_a_move_names_a_layer_of_the_environment() -> None:
    found = problems(moved={"netwrk": {"aws_vpc.a": "aws_vpc.b"}})
    assert "moved.netwrk: is not a layer" in found["MOV1"]
    assert "did you mean network" in found["MOV1"]


@pytest.mark.parametrize("address", ["vpc", "aws_vpc.", "data aws_vpc.x", ""])
def test_a_move_is_from_an_address_to_an_address(address: str) -> None:
    assert (
        "moved.network: must be the address"
        in (problems(moved={"network": {address: "aws_vpc.b"}})["MOV2"])
    )


def test_what_is_imported_is_imported_into_a_layer_of_the_environment() -> None:
    found = problems(imported={"netwrk": {"aws_vpc.a": "vpc-1"}})
    assert "imported.netwrk: is not a layer" in found["IMP1"]
    assert "did you mean network" in found["IMP1"]


@pytest.mark.parametrize(("address", "identifier"), [("vpc", "vpc-1"), ("aws_vpc.a", " ")])
def test_an_import_is_an_id_under_an_address(address: str, identifier: str) -> None:
    found = problems(imported={"network": {address: identifier}})
    assert f"imported.network.{address}: must be the provider's id" in found["IMP2"]


def test_one_thing_is_imported_to_one_address() -> None:
    twice = {"aws_vpc.a": "x", "aws_vpc.b": "x"}
    assert "is imported to aws_vpc.a too" in problems(imported={"network": twice})["IMP3"]
    environment(imported={"network": {"aws_vpc.a": "x", "aws_lb.a": "x"}})


def test_the_reference_of_an_image_is_derived_from_its_owner() -> None:
    image = Image(repository="fraud", tag="1.4.2")
    own = context(region="eu-west-1")
    shared = context(region="eu-west-1", images=ImageOwner(account="999988887777", stage="shared"))
    replica = context(
        region="eu-west-1",
        images=ImageOwner(account="999988887777", stage="shared", home_region="us-east-1"),
    )
    host = "dkr.ecr.eu-west-1.amazonaws.com"
    assert image.uri(own) == f"111122223333.{host}/acme-dev-euw1-fraud:1.4.2"
    assert image.uri(shared) == f"999988887777.{host}/acme-shared-euw1-fraud:1.4.2"
    assert image.uri(replica) == f"999988887777.{host}/acme-shared-use1-fraud:1.4.2"


_SHARED = """
from inferform import *

shared = Environment(
    context=Context(
        organization="acme", stage="shared", account="999988887777", region="us-east-1", owner="ml"
    ),
    registry=Registry(repositories={{"fraud": Repository(pull_accounts={accounts})}}),
)
dev = Environment(
    context=Context(
        organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml",
        images=ImageOwner(account="999988887777", stage="shared"),
    ),
    network=Network(cidr="10.20.0.0/16"),
    registry=Registry(),
    inference=Inference(endpoints={{"fraud": RealtimeEndpoint(
        model=Model(image=Image(repository="{repository}", tag="1")), instance_type="ml.m5.large",
    )}}),
)
"""


def _load(folder: Path, accounts: list[str], repository: str = "fraud") -> list[str]:
    (folder / "shared.py").write_text(
        _SHARED.format(accounts=accounts, repository=repository), encoding="utf-8"
    )
    try:
        return list(load(folder).environments)
    except ConfigurationError as error:
        return [problem.rule for problem in error.problems if problem.severity == "error"]


_RISK = 'Naming(repositories={"fraud": "risk/fraud"})'
_OWNER = 'ImageOwner(account="999988887777", stage="shared")'
_PULLS = """
from inferform import *

shared = Environment(
    context=Context(
        organization="acme", stage="shared", account="999988887777", region="us-east-1", owner="ml",
        naming={owner_naming},
    ),
    registry=Registry(repositories={{"fraud": Repository({opened})}}),
)
dev = Environment(
    context=Context(
        organization="acme", stage="dev", account="111122223333", region="{region}", owner="ml",
        images={images}, naming={naming},
    ),
    network=Network(cidr="10.20.0.0/16"),
    registry=Registry(),
    inference=Inference(functions={{"fraud": LambdaFunction(
        model=Model(image=Image(repository="fraud", tag="1")),
    )}}),
)
"""


@pytest.mark.parametrize(
    ("rules", "given"),
    [
        ([], {}),
        ([], {"owner_naming": _RISK, "naming": _RISK}),
        (["LMB19"], {"opened": 'pull_accounts=["111122223333"]'}),
        (["LMB19"], {"images": 'ImageOwner(account="888877776666", stage="shared")'}),
        (["LMB19"], {"naming": _RISK}),
        (["OWN1"], {"opened": "", "owner_naming": _RISK, "naming": _RISK}),
        (["OWN6"], {"region": "eu-west-1", "images": _OWNER[:-1] + ', home_region="us-east-1")'}),
    ],
)
def test_what_pulls_from_another_account_is_told_by_the_repository_where_it_is_known(
    rules: list[str], given: dict[str, str], tmp_path: Path
) -> None:
    asked = {
        "images": _OWNER,
        "naming": "Naming()",
        "opened": 'pull_accounts=["111122223333"], pull_services=["lambda"]',
        "owner_naming": "Naming()",
        "region": "us-east-1",
    } | given
    (tmp_path / "all.py").write_text(_PULLS.format(**asked), encoding="utf-8")
    try:
        found = [each for report in load(tmp_path).warnings for each in report.problems]
    except ConfigurationError as error:
        found = error.problems
    assert [each.rule for each in found] == rules
    assert all(str(each.path[-1]) == "image" for each in found)


def test_an_environment_is_of_the_file_that_makes_it(tmp_path: Path) -> None:
    made = """
from inferform import *

dev = again = Environment(
    context=Context(
        organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
    ),
)
"""
    used = """
from .dev import dev as base

all_ = base.replace(context=base.context.replace(stage="all"))
"""
    (tmp_path / "dev.py").write_text(made, encoding="utf-8")
    (tmp_path / "all.py").write_text(used, encoding="utf-8")
    files = {key: file.name for key, file in load(tmp_path).files.items()}
    assert files == {"all-use1": "all.py", "dev-use1": "dev.py"}


def test_an_owner_must_let_the_account_pull_each_image(tmp_path: Path) -> None:
    assert _load(tmp_path, ["111122223333"]) == ["dev-use1", "shared-use1"]
    assert _load(tmp_path, ["444455556666"]) == ["OWN1"]
    assert _load(tmp_path, ["111122223333"], repository="ranking") == ["ECR8"]
