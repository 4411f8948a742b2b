"""`inferform roles`: the policies of the identity layer, for a team that makes roles itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inferform import (
    Context,
    Environment,
    Existing,
    GitLab,
    Identity,
    Image,
    Inference,
    Model,
    Network,
    Permissions,
    RealtimeEndpoint,
    Registry,
    Repository,
)
from ops.errors import BadInputError
from ops.roles import needed
from tests.conftest import Synthesized
from tests.rights import allows

Synthesize = Callable[..., Synthesized]
CONTEXT = Context(
    organization="acme",
    stage="dev",
    account="111122223333",
    region="us-east-1",
    owner="ml",
    deploy_role="platform/ci/deploy",
    plan_role="platform/ci/plan",
    permissions_boundary="platform/boundary",
)
IDENTITY = Identity(gitlab=GitLab(project="acme/inference"), regions=["eu-west-1"])
GIVEN = "arn:aws:iam::111122223333:role/platform/fraud"
READER = "arn:aws:iam::111122223333:policy/reader"


def environment(region: str = "us-east-1", **changes: Any) -> Environment:
    return Environment(context=CONTEXT.replace(region=region), **changes)


def serving(**changes: Any) -> Environment:
    endpoint = RealtimeEndpoint(
        model=Model(image=Image(repository="fraud", tag="1")),
        instance_type="ml.m5.large",
        **changes,
    )
    return environment(
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        inference=Inference(endpoints={"fraud": endpoint}),
    )


def test_the_documents_are_those_that_the_identity_layer_makes(synthesize: Synthesize) -> None:
    made = environment(identity=IDENTITY)
    resources = synthesize(made)["dev-use1-identity"]["resource"]
    roles = {each["name"]: each for each in resources["aws_iam_role"].values()}
    policies = {each["name"]: each for each in resources["aws_iam_role_policy"].values()}
    deploy, plan, boundary = needed(made, [made, environment("eu-west-1")])
    for each in (deploy, plan):
        assert each.trust == json.loads(roles[each.name]["assume_role_policy"])
        assert each.policy == json.loads(policies[each.kind]["policy"])
        assert each.path == roles[each.name]["path"] == "/platform/ci/"
        assert each.session_seconds == roles[each.name].get("max_session_duration")
    (made_boundary,) = resources["aws_iam_policy"].values()
    assert (boundary.policy, boundary.trust) == (json.loads(made_boundary["policy"]), None)
    assert boundary.arn == "arn:aws:iam::111122223333:policy/platform/boundary"


def test_without_an_identity_layer_the_files_say_what_the_roles_must_do() -> None:
    endpoint = serving(existing=Existing(execution_role=GIVEN))
    more = serving(permissions={"execution": Permissions(policies=[READER])})
    deploy, plan, _ = needed(endpoint, [endpoint, more, environment("eu-west-1")])
    document = deploy.policy["Statement"]
    to_sagemaker = {"iam:PassedToService": "sagemaker.amazonaws.com"}
    assert allows(document, "iam:PassRole", GIVEN, to_sagemaker)
    role = "arn:aws:iam::111122223333:role/inferform/acme-dev-use1-fraud"
    bounded = {"iam:PermissionsBoundary": "arn:aws:iam::111122223333:policy/platform/boundary"}
    assert allows(document, "iam:AttachRolePolicy", role, {**bounded, "iam:PolicyARN": READER})
    for region, can in (("us-east-1", True), ("eu-west-1", True), ("eu-north-1", False)):
        there = {"aws:RequestedRegion": region}
        assert allows(document, "sagemaker:CreateEndpoint", "*", there) is can
    for each, arn in ((deploy, CONTEXT.deploy_role_arn), (plan, CONTEXT.plan_role_arn)):
        assert each.trust is not None
        [itself] = each.trust["Statement"]
        assert itself["Condition"] == {"ArnEquals": {"aws:PrincipalArn": [arn]}}


def test_environments_with_other_roles_or_in_another_account_ask_for_nothing() -> None:
    mine = environment()
    theirs = Environment(
        context=CONTEXT.replace(region="eu-west-1", account="444455556666"), identity=IDENTITY
    )
    others = Environment(context=CONTEXT.replace(region="eu-west-1", deploy_role="other"))
    assert needed(mine, [mine, theirs, others]) == needed(mine, [mine])


@pytest.mark.parametrize("field", ["deploy_role", "plan_role", "permissions_boundary"])
def test_a_context_that_names_no_role_says_which_is_missing(field: str) -> None:
    nameless = Environment(context=CONTEXT.replace(**{field: None}))
    with pytest.raises(BadInputError, match=field):
        needed(nameless, [nameless])


def test_the_command_writes_files_that_iam_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ops.commands.roles import roles

    folder = tmp_path / "environments"
    folder.mkdir()
    text = repr(CONTEXT)
    (folder / "dev.py").write_text(
        f"from inferform import *\ndev = Environment(context={text})\n", encoding="utf-8"
    )
    monkeypatch.setenv("INFERFORM_ENVIRONMENTS", str(folder))
    roles("dev-use1", output=tmp_path / "roles")
    written = {each.name for each in (tmp_path / "roles").iterdir()}
    assert written == {
        *("deploy.policy.json", "deploy.trust.json", "plan.policy.json", "plan.trust.json"),
        "boundary.policy.json",
    }
    policy = json.loads((tmp_path / "roles/deploy.policy.json").read_text("utf-8"))
    assert policy["Version"] == "2012-10-17"
    shown = capsys.readouterr().out
    assert "arn:aws:iam::111122223333:role/platform/ci/deploy" in shown
    assert "14400 s" in shown
