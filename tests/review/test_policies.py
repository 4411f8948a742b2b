"""Rights are judged wherever AWS gives them, before masking, and what is not judged is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from inferform import Inference, Permissions, PolicyStatement
from inferform.permissions import attached_as
from ops.iam import MANAGED, far_reaching, grants
from ops.kinds import known
from ops.kinds.record import Not
from ops.plan import read_plan
from ops.review.renderers import FORMATS
from ops.review.reviewing import review_plans
from ops.review.risks import find_risks
from ops.told import Severity
from tests.conftest import Synthesized
from tests.names.test_taken import ENDPOINT, environment

from .plans import PLANS, changed, plan_of

pytestmark = pytest.mark.long

OWN = "arn:aws:iam::111122223333:role/r"
FOREIGN = "arn:aws:iam::999988887777:root"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
BUCKET = "arn:aws:s3:::b/*"
OF_OWN_ACCOUNT = changed("aws_iam_role.own", ["no-op"], {"arn": OWN}, {"arn": OWN})


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(**more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "s3:GetObject", "Resource": BUCKET, **more}


def reasons(*entries: dict[str, Any], rule: str = "") -> list[str]:
    """What the risks say of some changes, the account being 111122223333."""
    found = find_risks(read_plan(plan_of(OF_OWN_ACCOUNT, *entries)))
    return [risk.reason for risk in found if rule in ("", risk.rule.id)]


def created(kind: str, **after: Any) -> dict[str, Any]:
    return changed(f"{kind}.x", ["create"], None, after)


def updated(before: dict[str, Any], after: dict[str, Any], kind: str = "iam_role_policy") -> Any:
    return changed(
        f"aws_{kind}.x", ["update"], {"policy": policy(before)}, {"policy": policy(after)}
    )


def test_every_other_way_to_an_administrator_is_a_high_risk() -> None:
    plan = read_plan(PLANS / "admin-other-ways.json")
    worst = {risk.address: risk.severity for risk in reversed(find_risks(plan))}
    unjudged = "aws_ssoadmin_account_assignment.s"
    assert worst.pop(unjudged) is Severity.MEDIUM
    assert set(worst) == {c.address for c in plan.shown} - {unjudged}
    assert min(worst.values()) >= Severity.HIGH


@pytest.mark.parametrize("format", FORMATS)
def test_a_sensitive_policy_is_judged_and_not_shown(format: str) -> None:
    plan = read_plan(PLANS / "policy-sensitive.json")
    found = {(risk.address, risk.rule.id, risk.severity) for risk in find_risks(plan)}
    assert {
        ("aws_iam_role_policy.s", "IAM2", Severity.CRITICAL),
        ("aws_s3_bucket_policy.s", "IAM5", Severity.CRITICAL),
        ("aws_iam_role.t", "IAM3", Severity.CRITICAL),
    } <= found
    report = FORMATS[format](review_plans([plan]))
    assert not [word for word in ("s3:GetObject", "s3:*", "sts:AssumeRole") if word in report]


def test_the_actions_and_principals_of_a_sensitive_policy_are_counted() -> None:
    entry = updated(allow(), allow(Action=["s3:GetObject", "s3:PutObject"]))
    entry["change"]["after_sensitive"] = {"policy": True}
    assert reasons(entry) == ["now allows 1 action (masked)"]
    secret = changed(
        "aws_sqs_queue_policy.q",
        ["create"],
        None,
        {"policy": policy(allow(Principal={"AWS": FOREIGN}))},
        sensitive={"policy": True},
    )
    assert reasons(secret) == ["lets in 1 principal (masked)"]


WHOLE = policy(allow(Action="*", Resource="*"))
LETS_IN = policy(allow(Principal={"AWS": FOREIGN}))

WAYS: dict[str, dict[str, Any]] = {
    **{
        f"{kind} {attribute}": created(kind, **{attribute: WHOLE})
        for kind, attribute in [
            ("aws_iam_policy", "policy"),
            ("aws_iam_role_policy", "policy"),
            ("aws_iam_user_policy", "policy"),
            ("aws_iam_group_policy", "policy"),
            ("aws_ssoadmin_permission_set_inline_policy", "inline_policy"),
        ]
    },
    "inline block": created("aws_iam_role", inline_policy=[{"name": "i", "policy": WHOLE}]),
    **{
        f"{kind} {attribute}": created(kind, **{attribute: value})
        for kind, attribute, value in [
            ("aws_iam_role_policy_attachment", "policy_arn", ADMINISTRATOR),
            ("aws_iam_user_policy_attachment", "policy_arn", ADMINISTRATOR),
            ("aws_iam_group_policy_attachment", "policy_arn", ADMINISTRATOR),
            ("aws_iam_policy_attachment", "policy_arn", ADMINISTRATOR),
            ("aws_iam_role_policy_attachments_exclusive", "policy_arns", [ADMINISTRATOR]),
            ("aws_iam_user_policy_attachments_exclusive", "policy_arns", [ADMINISTRATOR]),
            ("aws_iam_group_policy_attachments_exclusive", "policy_arns", [ADMINISTRATOR]),
            ("aws_iam_role", "managed_policy_arns", [ADMINISTRATOR]),
            ("aws_ssoadmin_managed_policy_attachment", "managed_policy_arn", ADMINISTRATOR),
        ]
    },
    **{
        f"{kind} {attribute}": created(kind, **{attribute: LETS_IN})
        for kind, attribute in [
            ("aws_ecr_registry_policy", "policy"),
            ("aws_ecr_repository_policy", "policy"),
            ("aws_sqs_queue", "policy"),
            ("aws_sqs_queue_policy", "policy"),
            ("aws_sns_topic", "policy"),
            ("aws_sns_topic_policy", "policy"),
            ("aws_s3_bucket", "policy"),
            ("aws_s3_bucket_policy", "policy"),
            ("aws_kms_key", "policy"),
            ("aws_kms_key_policy", "policy"),
            ("aws_secretsmanager_secret", "policy"),
            ("aws_secretsmanager_secret_policy", "policy"),
            ("aws_sagemaker_model_package_group_policy", "resource_policy"),
        ]
    },
    "function": created("aws_lambda_permission", principal="999988887777"),
    "public function": created("aws_lambda_permission", principal="*"),
    "grant of a key": created("aws_kms_grant", grantee_principal=FOREIGN),
    "access entry": created("aws_eks_access_entry", principal_arn=FOREIGN),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_giving_rights_is_judged_when_it_is_created(way: str) -> None:
    severities = {
        risk.severity for risk in find_risks(read_plan(plan_of(OF_OWN_ACCOUNT, WAYS[way])))
    }
    assert severities & {Severity.HIGH, Severity.CRITICAL}


UNJUDGED: dict[str, dict[str, Any]] = {
    "unknown": changed("aws_iam_policy.p", ["create"], None, {}, unknown={"policy": True}),
    "no JSON": created("aws_iam_policy", policy="(sensitive value)"),
    "unknown inline block": changed(
        "aws_iam_role.r",
        ["update"],
        {},
        {"inline_policy": [{"name": "i"}]},
        unknown={"inline_policy": [{"policy": True}]},
    ),
    "unknown trust": changed(
        "aws_iam_role.r", ["create"], None, {}, unknown={"assume_role_policy": True}
    ),
    "a policy of your own": created(
        "aws_iam_role_policy_attachment", policy_arn="arn:aws:iam::111122223333:policy/mine"
    ),
    "an attached policy that is not known": changed(
        "aws_iam_role_policy_attachment.a", ["create"], None, {}, unknown={"policy_arn": True}
    ),
    "groups of Kubernetes": created(
        "aws_eks_access_entry", principal_arn=OWN, kubernetes_groups=["admins"]
    ),
    "a group of users": created("aws_iam_user_group_membership", user="u", groups=["admins"]),
    "an account": created("aws_ssoadmin_account_assignment", principal_id="p", target_id="1"),
    "a canonical user": created("aws_s3_bucket_policy", policy=policy(allow(Principal="79a59df9"))),
}


@pytest.mark.parametrize("case", UNJUDGED)
def test_what_cannot_be_judged_is_said(case: str) -> None:
    entry = UNJUDGED[case]
    if case == "unknown inline block":
        # Without a configuration a computed attribute may be AWS's own.
        resource = {"address": "aws_iam_role.r", "expressions": {"inline_policy": [{}]}}
        configuration = {"root_module": {"resources": [resource]}}
        found = find_risks(read_plan(plan_of(entry, configuration=configuration)))
        said = [risk.reason for risk in found if risk.rule.id == "IAM6"]
    else:
        said = reasons(entry, rule="IAM6")
    assert len(said) == 1
    assert said[0].endswith("not judged")


STATEMENTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "NotAction": (
        "IAM2",
        created(
            "aws_iam_policy",
            policy=policy({"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}),
        ),
        "allows everything but iam:*, sts:*",
    ),
    "an action under a condition": (
        "IAM1",
        updated(allow(), allow(Action="s3:*", Condition={"Bool": {"aws:SecureTransport": "true"}})),
        "now allows s3:* under a condition",
    ),
    "NotResource": (
        "IAM1",
        updated(
            allow(), {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::c"}
        ),
        "now allows s3:GetObject on every resource but arn:aws:s3:::c",
    ),
    "more resources": (
        "IAM1",
        updated(allow(Resource="arn:aws:s3:::b/1/*"), allow()),
        f"now allows s3:GetObject on {BUCKET}",
    ),
    "a condition that goes": (
        "IAM1",
        updated(allow(Condition={"StringEquals": {"aws:PrincipalTag/a": "b"}}), allow()),
        "now allows s3:GetObject without the condition",
    ),
    "a condition that is eased": (
        "IAM1",
        updated(
            allow(Condition={"StringLike": {"s3:prefix": "a/*"}}),
            allow(Condition={"StringLike": {"s3:prefix": "*"}}),
        ),
        "now allows s3:GetObject under another condition",
    ),
    "a denial that goes": (
        "IAM1",
        updated({**allow(Action="s3:PutObject"), "Effect": "Deny"}, {**allow(), "Effect": "Deny"}),
        "no longer denies s3:PutObject",
    ),
    "a denial under a condition": (
        "IAM1",
        updated(
            {**allow(), "Effect": "Deny"},
            {**allow(Condition={"Bool": {"aws:SecureTransport": "false"}}), "Effect": "Deny"},
        ),
        "denies s3:GetObject in other cases than before",
    ),
    "NotPrincipal": (
        "IAM5",
        created("aws_s3_bucket_policy", policy=policy(allow(NotPrincipal={"AWS": OWN}))),
        "lets in everybody but 111122223333",
    ),
    "everybody by HTTPS": (
        "IAM5",
        created(
            "aws_s3_bucket_policy",
            policy=policy(
                allow(Principal="*", Condition={"Bool": {"aws:SecureTransport": "true"}})
            ),
        ),
        "lets in * under a condition",
    ),
    "everybody of an account": (
        "IAM5",
        created(
            "aws_s3_bucket_policy",
            policy=policy(
                allow(
                    Principal="*",
                    Condition={"StringEquals": {"aws:PrincipalAccount": "999988887777"}},
                )
            ),
        ),
        "lets in 999988887777 under a condition",
    ),
    "another account does more": (
        "IAM5",
        updated(
            allow(Principal={"AWS": FOREIGN}),
            allow(Principal={"AWS": FOREIGN}, Action=["s3:GetObject", "s3:PutObject"]),
            "s3_bucket_policy",
        ),
        "lets 999988887777 do more than before: s3:PutObject",
    ),
    "a role is passed on": (
        "IAM7",
        created("aws_iam_policy", policy=policy(allow(Action="iam:Pass*", Resource="*"))),
        "allows iam:Pass* on every resource",
    ),
    "a boundary is lifted": (
        "IAM1",
        changed("aws_iam_role.r", ["update"], {"permissions_boundary": "a"}, {}),
        "loses its permissions boundary",
    ),
}


@pytest.mark.parametrize("case", STATEMENTS)
def test_a_statement_is_said_as_what_it_is(case: str) -> None:
    rule, entry, reason = STATEMENTS[case]
    assert reason in reasons(entry, rule=rule)


HARMLESS: dict[str, dict[str, Any]] = {
    "a release that reads another folder": updated(
        allow(Resource="arn:aws:s3:::b/1/*", Condition={"StringLike": {"s3:prefix": "1/*"}}),
        allow(Resource="arn:aws:s3:::b/2/*", Condition={"StringLike": {"s3:prefix": "2/*"}}),
    ),
    "a denial that grows": updated(
        {**allow(), "Effect": "Deny"}, {**allow(Action="s3:*"), "Effect": "Deny"}
    ),
    "a role that is passed to one service": created(
        "aws_iam_policy",
        policy=policy(
            allow(
                Action="iam:PassRole",
                Resource="*",
                Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            )
        ),
    ),
    "some roles that are passed on": created(
        "aws_iam_policy",
        policy=policy(
            allow(Action="iam:PassRole", Resource="arn:aws:iam::111122223333:role/service-*")
        ),
    ),
    "an AWS-managed policy of a service": created(
        "aws_iam_role",
        managed_policy_arns=[
            "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
        ],
    ),
    "a key of the own account": created(
        "aws_kms_key", policy=policy(allow(Action="kms:*", Resource="*", Principal={"AWS": OWN}))
    ),
    "a key whose policy AWS writes": changed(
        "aws_kms_key.k", ["create"], None, {}, unknown={"policy": True}
    ),
    "a view of Kubernetes": created(
        "aws_eks_access_policy_association",
        principal_arn=OWN,
        policy_arn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
        access_scope=[{"type": "cluster"}],
    ),
    "an administrator of one namespace": created(
        "aws_eks_access_policy_association",
        principal_arn=OWN,
        policy_arn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminPolicy",
        access_scope=[{"type": "namespace", "namespaces": ["n"]}],
    ),
    "a function that a bucket calls": created(
        "aws_lambda_permission", principal="s3.amazonaws.com", source_account="111122223333"
    ),
    "a node's access entry": created(
        "aws_eks_access_entry", principal_arn=OWN, kubernetes_groups=[]
    ),
}


@pytest.mark.parametrize("case", HARMLESS)
def test_rights_that_are_in_order_are_no_risk(case: str) -> None:
    assert reasons(HARMLESS[case]) == []


@pytest.mark.parametrize(
    ("kind", "attribute", "value"),
    [
        ("aws_eks_access_entry", "kubernetes_groups", ["hidden"]),
        ("aws_iam_user_group_membership", "groups", ["hidden"]),
        (
            "aws_ssoadmin_customer_managed_policy_attachment",
            "customer_managed_policy_reference",
            [{"name": "hidden"}],
        ),
    ],
)
def test_what_is_sensitive_and_not_judged_is_said_too(
    kind: str, attribute: str, value: list[Any]
) -> None:
    entry = created(kind, **{attribute: value})
    entry["change"]["after_sensitive"] = {attribute: True}
    (said,) = reasons(entry, rule="IAM6")
    assert "(masked)" in said
    assert "hidden" not in said


def test_a_policy_of_the_plan_is_judged_where_it_is_attached() -> None:
    arn = "arn:aws:iam::111122223333:policy/mine"
    values = {"arn": arn, "policy": WHOLE}
    held = changed("aws_iam_policy.mine", ["no-op"], values, values)
    attached = created("aws_iam_role_policy_attachment", policy_arn=arn)
    assert reasons(held, attached) == ["attaches mine, which allows *"]


def test_the_table_has_every_managed_policy_that_is_like_an_administrators() -> None:
    for name, held in json.loads(aws_managed_policies_data).items():
        arn = f"arn:aws:iam::aws:policy{held['Path']}{name}"
        everything = [
            grant
            for grant in grants(held["Document"])
            if grant.is_everything and grant.is_everywhere and not grant.condition
        ]
        assert not everything or name in MANAGED, name
        assert not everything or far_reaching(arn), name


def test_every_type_that_has_a_policy_is_judged() -> None:
    """By its name, for what is added to the records later."""
    unjudged = {
        kind
        for kind, record in known().items()
        if kind.endswith(("_policy", "_policy_attachment", "_permission"))
        and (isinstance(record.risks, Not) or not record.risks)
    }
    assert unjudged <= {"aws_appautoscaling_policy", "aws_ecr_lifecycle_policy"}


def test_a_policy_that_was_attached_before_is_not_told_again() -> None:
    held = {"name": "x", "managed_policy_arns": [ADMINISTRATOR], "description": "a"}
    kept = changed("aws_iam_role.x", ["update"], held, {**held, "description": "b"})
    assert reasons(kept, rule="IAM4") == []
    none = {**held, "managed_policy_arns": []}
    assert len(reasons(changed("aws_iam_role.x", ["update"], none, held), rule="IAM4")) == 1
    # A role that is made anew holds nothing.
    anew = changed("aws_iam_role.x", ["create", "delete"], held, {**held, "name": "y"})
    assert len(reasons(anew, rule="IAM4")) == 1


def test_a_policy_of_the_plan_that_stays_is_judged_where_it_is_attached() -> None:
    arn = "arn:aws:iam::111122223333:policy/p"
    held = {"arn": arn, "name": "p", "policy": policy(allow(Action="s3:*", Resource="*"))}
    attached = created("aws_iam_role_policy_attachment", role="r", policy_arn=arn)
    found = reasons(changed("aws_iam_policy.p", ["no-op"], held, held), attached)
    assert any("s3:*" in each for each in found), found
    narrow = {**held, "policy": policy(allow())}
    assert not any(
        "s3:" in each
        for each in reasons(changed("aws_iam_policy.p", ["no-op"], narrow, narrow), attached)
    )


# More rights of a role

ROLE_OF = changed("aws_iam_role.fraud", ["no-op"], {"name": "fraud"}, {"name": "fraud"})
NEW_ROLE = changed("aws_iam_role.fraud", ["create"], None, {"name": "fraud"})
READS = policy(
    allow(Action=["dynamodb:GetItem", "dynamodb:Query"], Resource="arn:aws:dynamodb:::t")
)
SAID = "lets the role fraud do dynamodb:GetItem, dynamodb:Query on arn:aws:dynamodb:::t"
READER = "arn:aws:iam::111122223333:policy/feature-reader"
ATTACHED = "gives the role fraud what feature-reader allows"


def inline(name: str) -> dict[str, Any]:
    return created("aws_iam_role_policy", role="fraud", name=name, policy=READS)


def attachment(name: str) -> dict[str, Any]:
    after = {"role": "fraud", "policy_arn": READER}
    return changed(f"aws_iam_role_policy_attachment.{name}", ["create"], None, after)


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([ROLE_OF, inline("more")], [SAID]),
        ([ROLE_OF, inline("other")], [SAID]),
        ([inline("other")], [SAID]),
        ([NEW_ROLE, inline("more")], [SAID]),
        ([NEW_ROLE, inline("inference")], []),
        ([ROLE_OF, attachment("a")], []),
        ([ROLE_OF, attachment(f"x_{attached_as('role', READER)}_1A2B")], [ATTACHED]),
        ([NEW_ROLE, attachment(f"x_{attached_as('role', READER)}_1A2B")], [ATTACHED]),
    ],
)
def test_rights_that_a_role_gets_beside_its_service_are_told(
    entries: list[dict[str, Any]], said: list[str]
) -> None:
    assert reasons(*entries, rule="IAM8") == said


def test_rights_that_a_spec_gives_a_new_role_are_known_by_their_names(
    synthesize: Callable[..., Synthesized],
) -> None:
    """By the names that synthesis gives the resources of `permissions`."""
    statement = PolicyStatement(actions=["dynamodb:GetItem"], resources=["*"])
    given = Permissions(statements=[statement], policies=[READER])
    made = environment(
        inference=Inference(endpoints={"fraud": ENDPOINT.replace(permissions={"execution": given})})
    )
    kinds = synthesize(made)["dev-use1-inference"]["resource"]
    entries, written = [], []
    for kind in ("aws_iam_role", "aws_iam_role_policy", "aws_iam_role_policy_attachment"):
        for name, each in kinds[kind].items():
            # What refers to the role is known to Terraform by the configuration alone.
            known = {key: value for key, value in each.items() if "${" not in str(value)}
            entries.append(changed(f"{kind}.{name}", ["create"], None, known))
            role = str(each.get("role", "")).removeprefix("${").removesuffix("}")
            expressions = {"role": {"references": [role, role.rpartition(".")[0]]}} if role else {}
            written.append(
                {
                    "address": f"{kind}.{name}",
                    "mode": "managed",
                    "type": kind,
                    "name": name,
                    "expressions": expressions,
                }
            )
    configuration = {"root_module": {"resources": written}}
    plan = read_plan(plan_of(*entries, configuration=configuration))
    told = [each.reason for each in find_risks(plan) if each.rule.id == "IAM8"]
    assert told == [
        "lets the role acme-dev-use1-fraud do dynamodb:GetItem on every resource",
        "gives the role acme-dev-use1-fraud what feature-reader allows",
    ]
