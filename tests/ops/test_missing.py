"""What stacks ask for and AWS does not have is told before a deploy begins, and never falsely."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inferform import Canary, Context, Identity, Image, Inference, Model, RealtimeEndpoint
from inferform.target import EMULATOR
from inferform_emulator.process import Emulator
from ops.aws import Aws
from ops.bootstrap import bootstrap
from ops.checks import ARTIFACT
from ops.demo import delete_versions, push_small
from ops.deploy import deploy
from ops.environments import environment
from ops.errors import OperatorError
from ops.kinds.record import Finding
from ops.missing import missing, refuse_missing
from ops.plan import read_plan
from ops.preflight import aws_accounts, before_apply
from ops.program import Program
from ops.review.building import build
from ops.review.renderers import FORMATS
from ops.review.report import Missing
from tests.review.plans import plan_of

from .test_preflight import Account, Synthesize, Write, endpoint

STACK = "dev-use1-inference"


@pytest.fixture
def account(context: Context, aws: Aws, synthesize: Synthesize) -> Account:
    return Account(context, aws, synthesize)


def found(
    account: Account,
    synthesized: dict[str, dict[str, Any]] | None = None,
    deploys: bool = False,
    **changes: Any,
) -> dict[tuple[str, str], str]:
    """What is not there, or was not looked for: what was found by check and outcome."""
    asked = account.environment.replace(**changes)
    stacks = synthesized or account._synthesize(asked, target=EMULATOR)
    findings = before_apply(asked, stacks, account.aws, stacks, deploys=deploys)
    return {(f.check.title, f.outcome): f.found for f in findings if f.outcome != "passed"}


def of_image(image: Image | str, **more: Any) -> Inference:
    model = Model(image=image, artifact="fraud/1/model.tar.gz")
    return Inference(
        endpoints={"fraud": RealtimeEndpoint(model=model, instance_type="ml.m5.large")}
    )


@contextmanager
def refusing(account: Account, service: str, operation: str) -> Iterator[None]:
    emulator = account.aws.emulator
    assert emulator is not None
    fault = {"service": service, "operation": operation, "kind": "access-denied", "count": 99}
    emulator.control("POST", "faults", fault | {"account": account.aws.context.account})
    yield
    emulator.control("DELETE", "faults")


def test_nothing_is_said_where_everything_is_there(account: Account) -> None:
    assert found(account) == {}


def test_a_missing_image_and_artifact_are_found(account: Account) -> None:
    account.aws.client("s3").delete_object(Bucket=account.bucket, Key="fraud/1/model.tar.gz")
    assert found(account, inference=Inference(endpoints={"fraud": endpoint(tag="9")})) == {
        ("image", "failed"): "does not exist",
        ("artifact", "failed"): "does not exist",
    }


def test_only_what_does_not_run_already_is_looked_for(account: Account, write_state: Write) -> None:
    stacks = account._synthesize(account.environment, target=EMULATOR)
    [(logical, values)] = stacks[STACK]["resource"]["aws_sagemaker_model"].items()
    held = {"name": "fraud", "primary_container": values["primary_container"]}
    write_state("inference", 1, **{f"aws_sagemaker_model.{logical}": held})
    account.aws.client("ecr").delete_repository(repositoryName=account.repository, force=True)
    account.aws.client("s3").delete_object(Bucket=account.bucket, Key="fraud/1/model.tar.gz")
    assert found(account) == {}
    newer = found(account, inference=Inference(endpoints={"fraud": endpoint(tag="1.4.3")}))
    assert newer[("image", "failed")] == "its repository does not exist"


def test_an_alarm_that_a_rollout_names_from_now_on_is_looked_for(
    account: Account, write_state: Write
) -> None:
    def guarded(*alarms: str) -> Inference:
        rollout = Canary(alarm_names=[*alarms])
        return Inference(endpoints={"fraud": endpoint().replace(rollout=rollout)})

    stacks = account._synthesize(
        account.environment.replace(inference=guarded("sales")), target=EMULATOR
    )
    made = stacks[STACK]["resource"]
    state = {
        f"{kind}.{logical}": values
        for kind, each in made.items()
        for logical, values in each.items()
        if kind.startswith("aws_sagemaker")
    }
    write_state("inference", 1, **state)
    # One that is watched already is not looked for.
    assert found(account, inference=guarded("sales")) == {}
    said = found(account, inference=guarded("sales", "later"))
    assert said[("alarm of a rollout", "failed")] == "does not exist"


def test_only_the_stacks_that_are_meant_are_looked_at(account: Account) -> None:
    account.aws.client("ecr").delete_repository(repositoryName=account.repository, force=True)
    stacks = account._synthesize(account.environment, target=EMULATOR)
    assert before_apply(account.environment, stacks, account.aws, [STACK], deploys=False)
    assert not [
        each
        for each in before_apply(account.environment, stacks, account.aws, [], deploys=False)
        if each.outcome != "passed"
    ]


DENIED = {
    "image": ("ecr", "BatchGetImage"),
    "artifact": ("s3", "ListObjectsV2"),
    "readable": ("iam", "ListRoleTags"),
}


@pytest.mark.parametrize("check", DENIED)
def test_what_may_not_be_asked_is_not_said_to_be_missing(check: str, account: Account) -> None:
    with refusing(account, *DENIED[check]):
        [((title, outcome), said)] = found(account).items()
    assert (title, outcome) == (check, "skipped")
    assert said.startswith("not checked: ")


def test_without_credentials_nothing_is_said_to_be_missing(
    account: Account, callers_own: None
) -> None:
    outsider = account.environment.context.replace(account="999999999999", deploy_role=None)
    asked = account.environment.replace(context=outsider)
    [said] = before_apply(asked, {}, Aws(outsider), [], deploys=True)
    assert (said.outcome, said.found[:13]) == ("skipped", "not checked: ")


def test_the_demo_deletes_the_versions_of_its_groups_and_no_others(account: Account) -> None:
    sagemaker, held = account.aws.client("sagemaker"), dict[str, int]()
    own = account.environment.context.name("fraud")
    for group in (own, "theirs"):
        sagemaker.create_model_package_group(ModelPackageGroupName=group)
        sagemaker.create_model_package(ModelPackageGroupName=group)
    delete_versions(account.aws)
    for group in (own, "theirs"):
        found = sagemaker.list_model_packages(ModelPackageGroupName=group)
        held[group] = len(found["ModelPackageSummaryList"])
    assert held == {own: 0, "theirs": 1}


def test_without_a_network_nothing_is_said_to_be_missing(account: Account) -> None:
    assert account.aws.emulator is not None
    nowhere = replace(account.aws.emulator, url="http://127.0.0.1:9")
    stacks = account._synthesize(account.environment, target=EMULATOR)
    aws = Aws(account.environment.context, emulator=nowhere)
    [said] = before_apply(account.environment, stacks, aws, stacks, deploys=True)
    assert (said.outcome, said.found[:13]) == ("skipped", "not checked: ")


@pytest.mark.parametrize(
    "image",
    [
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
    ],
)
def test_an_image_of_aws_is_taken_as_given(image: str, account: Account) -> None:
    assert image[:12] in aws_accounts()
    assert found(account, inference=of_image(image)) == {}


def test_an_image_of_another_account_is_looked_for_there(account: Account) -> None:
    owner = account.environment.context.replace(account="555566667777", deploy_role="shares")
    image = "555566667777.dkr.ecr.us-east-1.amazonaws.com/shared:1"
    inference = of_image(image)
    assert found(account, inference=inference) == {
        ("image", "failed"): "its repository does not exist"
    }
    theirs = Aws(owner, emulator=account.aws.emulator)
    theirs.client("ecr").create_repository(repositoryName="shared")
    said = Finding(*_image_check(account, inference), image, "failed", "does not exist")
    push_small(theirs, [said])
    assert found(account, inference=inference) == {}


def _image_check(account: Account, inference: Inference) -> tuple[Any]:
    asked = account.environment.replace(inference=inference)
    stacks = account._synthesize(asked, target=EMULATOR)
    findings = before_apply(asked, stacks, account.aws, stacks, deploys=False)
    return (next(each.check for each in findings if each.check.title == "image"),)


def test_an_image_of_a_pull_through_cache_is_there_once_it_is_pulled(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = account.environment.context
    uri = f"{context.account}.dkr.ecr.us-east-1.amazonaws.com/hub/serve:1"
    assert ("image", "failed") in found(account, inference=of_image(uri))
    # The emulator makes no rules; what AWS answers is botocore's shape.
    paginator = type("Pages", (), {"paginate": lambda self: [{"pullThroughCacheRules": RULES}]})
    monkeypatch.setattr(account.aws.client("ecr"), "get_paginator", lambda _: paginator())
    assert found(account, inference=of_image(uri)) == {
        ("image", "skipped"): "a pull through cache fetches it when it is pulled"
    }


RULES = [{"ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io"}]


def test_a_name_is_not_taken_where_the_apply_imports_or_counts(account: Account) -> None:
    account.aws.client("iam").create_role(RoleName="mine", AssumeRolePolicyDocument="{}")
    stacks = account._synthesize(account.environment, target=EMULATOR)
    roles = stacks[STACK]["resource"]["aws_iam_role"]
    roles["mine"] = {"name": "mine"}
    assert "exists already" in found(account, stacks)[("name", "failed")]
    stacks[STACK]["import"] = [{"to": "aws_iam_role.mine", "id": "mine"}]
    assert found(account, stacks) == {}
    del stacks[STACK]["import"]
    roles["mine"]["count"] = "${var.made ? 1 : 0}"
    assert found(account, stacks) == {}


def test_the_deploy_role_is_asked_for_by_whoever_deploys(account: Account) -> None:
    context = account.environment.context.replace(
        plan_role="inferform-plan", permissions_boundary="inferform-boundary"
    )
    account.environment = account.environment.replace(context=context)
    other = f"arn:aws:iam::{context.account}:role/reads"
    account.aws = Aws(context, emulator=account.aws.emulator, role_arn=other)
    with refusing(account, "sts", "AssumeRole"):
        assert found(account) == {}
        assert "cannot be assumed" in found(account, deploys=True)[("role", "failed")]
        # The identity layer is applied by the caller, and makes the role for the layers above.
        operator = f"arn:aws:iam::{context.account}:role/operator"
        made = Identity(operators=[operator])
        assert found(account, deploys=True, identity=made) == {}


ENVIRONMENT = """
from inferform import (
    Canary,
    Context, Environment, Image, Inference, Model, NetworkOutputs, RealtimeEndpoint, Registry,
    Repository,
)

dev = Environment(
    context=Context(
        organization="missing", stage="dev", account="123456789012", region="us-east-1", owner="ml"
    ),
    network=NetworkOutputs(
        vpc_id="vpc-1",
        vpc_cidr="10.0.0.0/16",
        private_subnet_ids=["subnet-1", "subnet-2"],
        public_subnet_ids=[],
        s3_prefix_list_id="pl-1",
    ),
    registry=Registry(repositories={"fraud": Repository()}),
    inference=Inference(
        endpoints={
            "fraud": RealtimeEndpoint(
                model=Model(image=Image(repository="fraud", tag="1"), artifact="fraud/1.tar.gz"),
                instance_type="ml.m5.large",
            )
        }
    ),
)
"""


@pytest.fixture
def program(tmp_path: Path, emulator: Emulator) -> Program:
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "dev.py").write_text(ENVIRONMENT, encoding="utf-8")
    return Program(emulator, tmp_path / "environments", tmp_path / "out", work=tmp_path / "work")


def test_a_deploy_of_what_is_missing_is_refused_before_anything_is_done(program: Program) -> None:
    context = environment("dev-use1", program.environments).context
    aws = Aws(context, emulator=program.emulator)
    bootstrap(context, aws)
    asked: list[object] = []
    with pytest.raises(OperatorError, match="would fail in its middle") as refused:
        deploy(["dev-use1-*"], program, ask=asked.append, check=refuse_missing)
    assert asked == []
    assert "fraud:1 its repository does not exist" in str(refused.value)
    assert "dev-use1-fraud" not in str(aws.client("ecr").describe_repositories())
    assert refused.value.hint.endswith("--no-preflight deploys all the same")
    synthesis = program.synthesize()
    registry = synthesis.require_layer("dev-use1", "registry")
    refuse_missing(synthesis, [registry])

    aws.client("ecr").create_repository(repositoryName=context.repository("fraud"))
    aws.client("s3").create_bucket(Bucket=context.bucket("artifacts"))
    inference = [synthesis.require_layer("dev-use1", "inference")]
    pushed = push_small(aws, missing(synthesis, inference)["dev-use1"])
    assert sorted(uri[-7:] for uri in pushed) == [".tar.gz", "fraud:1"]
    refuse_missing(synthesis, inference)


def test_stacks_of_several_environments_are_looked_at_each_in_its_own(program: Program) -> None:
    roles = 'deploy_role="deploys", plan_role="plans", permissions_boundary="bounds", owner="ml"'
    text = ENVIRONMENT.replace('owner="ml"', roles)
    for stage in ("dev", "prod"):
        own = text.replace("dev", stage)
        (program.environments / f"{stage}.py").write_text(own, encoding="utf-8")
    synthesis = program.synthesize()
    for key in ("dev-use1", "prod-use1"):
        context = synthesis.environments[key].context
        bootstrap(context, Aws(context, emulator=program.emulator))
    wanted = [*synthesis.of("dev-use1"), *synthesis.of("prod-use1")]
    both = missing(synthesis, wanted, deploys=True)
    for key, findings in both.items():
        assert findings
        assert missing(synthesis, synthesis.of(key), deploys=True) == {key: findings}
    assert [*both] == ["dev-use1", "prod-use1"]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_what_is_missing_and_what_was_not_looked_for(name: str) -> None:
    absent = Missing("dev", "PRE4 image", "fraud:2", "does not exist", "push it")
    unknown = Missing("dev", "PRE12 readable", "names", "not checked: denied")
    report = build([read_plan(plan_of(), "dev")], missing=[absent, unknown])
    assert not report.is_empty
    assert "1 check finds what would fail" in report.verdict()
    text = FORMATS[name](report)
    for each in ("PRE4 image", "fraud:2", "does not exist", "push it", "not checked: denied"):
        assert each in text


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_what_lies_in_a_bucket_of_somebody_elses_is_pushed_there_too(
    emulator: Any, region: str
) -> None:
    context = Context(
        organization="acme",
        stage="dev",
        account="456456456456",
        region=region,
        owner="ml",
        deploy_role="inferform-deploy",
    )
    aws = Aws(context, emulator=emulator)
    for name in ("rows.csv", "more/"):
        said = Finding(ARTIFACT, f"s3://lake-of-{region}/train/{name}", "failed", "is not there")
        assert push_small(aws, [said]) == [said.subject]
    held = aws.client("s3").list_objects_v2(Bucket=f"lake-of-{region}")["Contents"]
    assert [each["Key"] for each in held] == ["train/more/model.tar.gz", "train/rows.csv"]
