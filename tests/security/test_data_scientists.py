"""What the role of data scientists lets its holders do, and what not, whatever else they are granted."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from inferform import Context, DataScientists, Environment, Identity, Naming, SpecError
from inferform.identity.policies import data_scientist
from tests.conftest import ROOT, Synthesized
from tests.rights import allows

CONTEXT = Context(
    organization="acme",
    stage="dev",
    account="111122223333",
    region="us-east-1",
    owner="ml",
    deploy_role="inferform-deploy",
    plan_role="inferform-plan",
    permissions_boundary="inferform-boundary",
    naming=Naming(endpoints={"credit": "Credit-Scoring"}),
)
STATEMENTS = data_scientist(CONTEXT, ["models/"])
EVERYTHING: dict[str, Any] = {"Effect": "Allow", "Action": "*", "Resource": "*"}
PYTHON = ROOT / ".venv-checkov" / "bin" / "python"


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:us-east-1:111122223333:{resource}"


BUCKET = "arn:aws:s3:::acme-dev-use1-artifacts-111122223333"
STATES = "arn:aws:s3:::acme-tfstate-111122223333-us-east-1"
ENDPOINT = arn("sagemaker", "endpoint/acme-dev-use1-fraud")
ADOPTED = arn("sagemaker", "endpoint/credit-scoring")
GROUP = arn("sagemaker", "model-package-group/acme-dev-use1-fraud")
VERSION = arn("sagemaker", "model-package/acme-dev-use1-fraud/3")
PENDING = {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}
THROUGH_S3 = {
    "kms:ViaService": "s3.us-east-1.amazonaws.com",
    "kms:ResourceAliases": ["alias/acme-dev-use1-data"],
}


@pytest.mark.parametrize(
    ("action", "resource", "keys"),
    [
        ("sagemaker:InvokeEndpoint", ENDPOINT, {}),
        ("sagemaker:InvokeEndpointAsync", ADOPTED, {}),
        ("sagemaker:InvokeEndpoint", arn("sagemaker", "inference-component/acme-dev-use1-a"), {}),
        ("lambda:InvokeFunction", arn("lambda", "function:acme-dev-use1-score:live"), {}),
        ("sagemaker:CreateModelPackage", GROUP, {}),
        ("sagemaker:CreateModelPackage", VERSION, PENDING),
        ("sagemaker:DescribeModelPackage", VERSION, {}),
        ("sagemaker:DescribeEndpointConfig", arn("sagemaker", "endpoint-config/acme-x"), {}),
        ("s3:PutObject", f"{BUCKET}/models/fraud/4/model.tar.gz", {}),
        ("s3:PutObject", f"{BUCKET}/async/documents/input/1", {}),
        ("s3:GetObject", f"{BUCKET}/async/documents/output/1.out", {}),
        ("s3:GetObject", f"{BUCKET}/async/documents/failure/1-error.out", {}),
        ("kms:GenerateDataKey", arn("kms", "key/1"), THROUGH_S3),
        ("logs:FilterLogEvents", arn("logs", "log-group:/aws/sagemaker/Endpoints/acme-a:*"), {}),
        ("logs:StartQuery", arn("logs", "log-group:/inferform/dev-use1/lambda/score"), {}),
        ("cloudwatch:GetMetricData", "*", {}),
    ],
)
def test_a_data_scientist_may(action: str, resource: str, keys: dict[str, Any]) -> None:
    assert allows(STATEMENTS, action, resource, keys)


@pytest.mark.parametrize(
    ("action", "resource", "keys"),
    [
        ("sagemaker:InvokeEndpoint", arn("sagemaker", "endpoint/of-others"), {}),
        (
            "sagemaker:CreateModelPackage",
            GROUP,
            {"sagemaker:ModelApprovalStatus": "Approved"},
        ),
        ("sagemaker:CreateModelPackageGroup", GROUP, {}),
        ("sagemaker:CreateModelPackage", arn("sagemaker", "model-package-group/others"), {}),
        ("s3:PutObject", f"{BUCKET}/fraud/4/model.tar.gz", {}),
        ("s3:PutObject", f"{BUCKET}/async/documents/output/1.out", {}),
        ("s3:DeleteObject", f"{BUCKET}/models/fraud/4/model.tar.gz", {}),
        ("kms:Decrypt", arn("kms", "key/1"), {**THROUGH_S3, "kms:ResourceAliases": ["alias/x"]}),
        ("kms:Decrypt", arn("kms", "key/1"), {}),
        ("sagemaker:CreateTrainingJob", arn("sagemaker", "training-job/x"), {}),
        ("sts:AssumeRole", "arn:aws:iam::111122223333:role/inferform-deploy", {}),
        ("ecr:PutImage", arn("ecr", "repository/acme-dev-use1-fraud"), {}),
        ("sagemaker:DescribeModel", arn("sagemaker", "model/acme-dev-use1-fraud"), {}),
    ],
)
def test_a_data_scientist_may_not(action: str, resource: str, keys: dict[str, Any]) -> None:
    assert not allows(STATEMENTS, action, resource, keys)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        *(
            (f"sagemaker:{verb}Endpoint{more}", resource)
            for verb in ("Create", "Update", "Delete")
            for more, resource in (("", ENDPOINT), ("", ADOPTED))
        ),
        ("sagemaker:CreateEndpointConfig", arn("sagemaker", "endpoint-config/acme-x")),
        ("sagemaker:DeleteEndpointConfig", arn("sagemaker", "endpoint-config/acme-x")),
        ("sagemaker:UpdateEndpointWeightsAndCapacities", ENDPOINT),
        ("sagemaker:CreateModel", arn("sagemaker", "model/acme-x")),
        ("sagemaker:DeleteModel", arn("sagemaker", "model/acme-x")),
        (
            "sagemaker:UpdateInferenceComponentRuntimeConfig",
            arn("sagemaker", "inference-component/acme-x"),
        ),
        ("sagemaker:UpdateModelPackage", VERSION),
        ("sagemaker:DeleteModelPackageGroup", GROUP),
        ("iam:PassRole", "arn:aws:iam::111122223333:role/inferform/acme-dev-use1-fraud"),
        ("s3:GetObject", f"{STATES}/dev-use1/inference.tfstate"),
    ],
)
def test_it_is_refused_beside_every_right_there_is(action: str, resource: str) -> None:
    assert not allows([*STATEMENTS, EVERYTHING], action, resource, PENDING)
    assert allows([EVERYTHING], action, resource)


def test_every_right_is_one_that_aws_has_for_such_a_resource() -> None:
    """By AWS's list of actions and resources, which policy_sentry brings."""
    asked = {
        statement["Sid"]: [
            statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]],
            statement["Resource"]
            if isinstance(statement["Resource"], list)
            else [statement["Resource"]],
        ]
        for statement in STATEMENTS
        if statement["Effect"] == "Allow"
    }
    done = subprocess.run(
        [str(PYTHON), "-I", "-c", _LOOK],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == {}


# An action that AWS does not list, and one of which no resource of the statement is a kind.
_LOOK = r"""
import json, re, sys
from fnmatch import fnmatch
from policy_sentry.querying.actions import get_action_data, get_actions_for_service
wrong = {}
for sid, (actions, resources) in json.load(sys.stdin).items():
    for action in actions:
        service, name = action.split(":")
        known = [a for a in get_actions_for_service(service) if fnmatch(a, f"{service}:{name}")]
        if not known:
            wrong[action] = "AWS has no such action"
        for each in known:
            formats = [
                row["resource_arn_format"]
                for rows in get_action_data(*each.split(":")).values()
                for row in rows
            ]
            if "*" in resources or "*" in formats and resources == ["*"]:
                continue
            kinds = [re.sub(r"\$\{[^}]+\}", "*", one).split(":", 5)[5] for one in formats if ":" in one]
            held = [one.split(":", 5)[5] for one in resources]
            held += [f"{one[:-1]}log-stream:x" for one in held if one.endswith(":*")]
            if kinds and not any(
                fnmatch(one, kind) or fnmatch(one.removesuffix(":*"), kind)
                for one in held for kind in kinds
            ):
                wrong[f"{sid} {each}"] = kinds
json.dump(wrong, sys.stdout)
"""


def test_the_role_is_assumed_by_the_people_that_are_named(synthesize: Any) -> None:
    people = ["arn:aws:iam::222233334444:role/science"]
    identity = Identity(
        operators=["arn:aws:iam::111122223333:role/admin"],
        data_scientists=DataScientists(people=people),
    )
    made: Synthesized = synthesize(Environment(context=CONTEXT, identity=identity))
    roles = made["dev-use1-identity"]["resource"]["aws_iam_role"].values()
    (role,) = (each for each in roles if each["name"] == "inferform-data-scientist")
    (trust,) = json.loads(role["assume_role_policy"])["Statement"]
    assert trust["Condition"] == {"ArnEquals": {"aws:PrincipalArn": people}}
    for each in roles:
        if each is not role:
            assert people[0] not in each["assume_role_policy"]


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"people": []}, "IDN11"),
        ({"people": ["arn:aws:iam::111122223333:role/*"]}, "IDN6"),
        ({"people": ["arn:aws:iam::111122223333:role/a"], "artifacts": ["models"]}, "IDN12"),
        ({"people": ["arn:aws:iam::111122223333:role/a"], "artifacts": ["*/"]}, "IDN12"),
    ],
)
def test_what_the_role_cannot_have_is_refused(fields: dict[str, Any], rule: str) -> None:
    with pytest.raises(SpecError) as error:
        DataScientists(**fields)
    assert {problem.rule for problem in error.value.problems} == {rule}
