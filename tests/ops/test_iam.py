"""What policy documents of IAM grant, function by function."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.iam import (
    CLUSTER_POLICIES,
    ESCALATING,
    MANAGED,
    Grant,
    NotReadableError,
    accounts_in,
    added,
    far_reaching,
    grants,
    listed,
    matches,
    names_callers,
    statements,
)
from ops.masking import Masked
from ops.plan import read_plan
from ops.review.risks import find_risks
from tests.review.plans import changed, plan_of

ARN = "arn:aws:s3:::b/*"


def document(**statement: Any) -> dict[str, Any]:
    return {"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": ARN} | statement}


def condition(operator: str, key: str, *values: str) -> str:
    return json.dumps({operator: {key: list(values)}})


@pytest.mark.parametrize(
    ("pattern", "value", "holds"),
    [
        ("s3:Get*", "s3:GetObject", True),
        ("s3:get*", "S3:GETOBJECT", True),
        ("s3:Get*", "xs3:GetObject", False),
        ("s3:Get", "s3:GetObject", False),
        ("s3:Get?bject", "s3:GetObject", True),
        ("s3:Get?bject", "s3:Getbject", False),
        ("s3:Get?bject", "s3:GetOObject", False),
        ("a.c", "abc", False),
        ("a*c", "a\nc", True),
    ],
)
def test_patterns_hold_as_in_iam(pattern: str, value: str, holds: bool) -> None:
    assert matches(pattern, value) is holds


@pytest.mark.parametrize("empty", [None, ""])
def test_no_policy_has_no_statements(empty: Any) -> None:
    assert statements(empty) == []


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (Masked("x"), "is masked"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is no policy in JSON"),
        ({"Statement": ["x"]}, "is no policy in JSON"),
        ({"Statement": [{}, "x"]}, "is no policy in JSON"),
        ({"Statement": "x"}, "is no policy in JSON"),
        (5, "is no policy in JSON"),
    ],
)
def test_what_is_no_policy_says_so(wrong: Any, says: str) -> None:
    with pytest.raises(NotReadableError, match=f"^{says}$"):
        statements(wrong)


def test_one_statement_or_several_are_read_from_text_or_value() -> None:
    one = {"Effect": "Allow"}
    assert statements({"Statement": one}) == statements(json.dumps({"Statement": [one]})) == [one]
    assert statements({}) == []


def test_a_statement_grants_each_action_on_each_resource_to_each_principal() -> None:
    found = grants(
        document(
            Action=["s3:A", "s3:B"],
            Resource=["r", "s"],
            Principal={
                "AWS": ["arn:aws:iam::111122223333:root", "*"],
                "Service": "x.amazonaws.com",
            },
            Condition={"Bool": {"b": "1", "a": "2"}},
        )
    )
    assert len(found) == 12
    assert {each.principal for each in found} == {"111122223333", "*", "x.amazonaws.com"}
    assert {each.condition for each in found} == {'{"Bool": {"a": "2", "b": "1"}}'}
    assert {(each.action, each.resource) for each in found} == {
        (action, resource) for action in ("s3:A", "s3:B") for resource in ("r", "s")
    }


def test_only_statements_of_the_effect_are_read() -> None:
    both = {
        "Statement": [{"Effect": "Deny", "Action": "a:B"}, {"Effect": "Allow", "Action": "c:D"}]
    }
    assert [each.action for each in grants(both)] == ["c:D"]
    assert [each.action for each in grants(both, "Deny")] == ["a:B"]


def test_what_is_excepted_is_said() -> None:
    (found,) = grants(
        {
            "Statement": {
                "Effect": "Allow",
                "NotAction": ["iam:*", "sts:*"],
                "NotResource": "r",
                "NotPrincipal": {"AWS": "111122223333"},
            }
        }
    )
    assert found.said == "everything but iam:*, sts:*"
    assert found.where == "every resource but r"
    assert found.who == "everybody but 111122223333"
    (plain,) = grants(document(Principal="*"))
    assert (plain.said, plain.where, plain.who) == ("s3:GetObject", ARN, "*")
    assert Grant("a:B", "*").where == "every resource"
    assert (Grant("a:B", "r").condition, Grant("a:B", "r").who) == ("", "")


def test_only_an_accounts_arn_is_read_as_its_number() -> None:
    federated = "arn:aws:iam::111122223333:oidc-provider/x"
    (found,) = grants(document(Principal={"Federated": federated}))
    assert found.principal == federated
    (longer,) = grants(document(Principal={"AWS": "1111222233334"}))
    assert longer.principal == "1111222233334"


@pytest.mark.parametrize(
    ("value", "texts"), [("x", ["x"]), ([1, "y"], ["1", "y"]), (None, []), ("", []), ([], [])]
)
def test_one_value_or_several_are_a_list(value: Any, texts: list[str]) -> None:
    assert listed(value) == texts


@pytest.mark.parametrize(
    ("resource", "everywhere"),
    [
        ("*", True),
        ("arn:*", True),
        ("arn:aws:s3:::*", True),
        ("arn:aws:iam::111122223333:role/*", True),
        ("arn:aws:iam::111122223333:policy/*", True),
        ("arn:aws:iam::111122223333:role/x*", False),
        ("arn:aws:s3:::bucket/*", False),
        ("x*", False),
    ],
)
def test_every_resource_is_known_by_its_pattern(resource: str, everywhere: bool) -> None:
    assert Grant("a:B", resource).is_everywhere is everywhere


@pytest.mark.parametrize(
    ("action", "everything", "whole"),
    [
        ("*", True, True),
        ("*:*", True, True),
        ("s3:*", False, True),
        ("s3:Get*", False, False),
        ("s3:GetObject", False, False),
        ("s3", False, False),
        ("s3:", False, False),
        (":*", False, False),
    ],
)
def test_whole_services_are_known(action: str, everything: bool, whole: bool) -> None:
    grant = Grant(action, "*")
    assert (grant.is_everything, grant.is_whole) == (everything, whole)


@pytest.mark.parametrize(
    ("wide", "narrow", "covers"),
    [
        (Grant("s3:*", "*"), Grant("s3:GetObject", ARN), True),
        (Grant("s3:GetObject", ARN), Grant("s3:*", "*"), False),
        (Grant("s3:*", "r"), Grant("s3:GetObject", "s"), False),
        (Grant("s3:*", "*", condition="c"), Grant("s3:GetObject", "s"), False),
        (Grant("s3:*", "*"), Grant("s3:GetObject", "s", condition="c"), True),
        (Grant("s3:*", "*", condition="c"), Grant("s3:A", "s", condition="c"), True),
        (Grant("s3:*", "*", but_resources=("r",)), Grant("s3:A", "s"), False),
        (Grant("s3:*", "*"), Grant("s3:A", "*", but_resources=("r",)), True),
        (Grant("*", "*", but_actions=("iam:*",)), Grant("s3:A", "s"), True),
        (Grant("*", "*", but_actions=("iam:*",)), Grant("iam:A", "s"), False),
        (Grant("*", "*", but_actions=("iam:*",)), Grant("iam:A*", "s"), False),
        (Grant("*", "*", but_actions=("iam:*",)), Grant("s3:*", "s"), True),
        (Grant("*", "*", but_actions=("iam:*",)), Grant("s?:*", "s"), False),
        (Grant("*", "*", but_actions=("i*:*",)), Grant("s3:*", "s"), False),
        (Grant("*", "*", but_actions=("iam:*",)), Grant("*", "s"), False),
        (Grant("*", "*", but_actions=("iam:*",)), Grant("IAM:?", "s"), False),
        (Grant("*", "*", but_actions=("a:*",)), Grant("*", "s", but_actions=("a:*", "b:*")), True),
        (Grant("*", "*", but_actions=("a:*", "c:*")), Grant("*", "s", but_actions=("a:*",)), False),
    ],
)
def test_a_grant_covers_what_it_allows_wholly(wide: Grant, narrow: Grant, covers: bool) -> None:
    assert wide.covers(narrow) is covers


def test_what_is_not_to_count_is_left_out() -> None:
    bound = Grant("s3:*", "r", condition="c")
    assert bound.covers(Grant("s3:A", "r"), conditions=False)
    assert not bound.covers(Grant("s3:A", "s"), conditions=False)
    assert bound.covers(Grant("s3:A", "s", condition="c"), resources=False)
    assert not bound.covers(Grant("s3:A", "s"), resources=False)


def test_narrower_reaches_less() -> None:
    assert Grant("a:B", "r/x").is_narrower_than(Grant("a:B", "r/*"))
    assert not Grant("a:B", "r/*").is_narrower_than(Grant("a:B", "r/x"))
    assert not Grant("a:B", "r").is_narrower_than(Grant("a:B", "r"))
    assert not Grant("a:B", "r").is_narrower_than(Grant("a:B", "s"))


CALLERS = (
    *("aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"),
    *("aws:SourceAccount", "aws:SourceArn", "aws:SourceIp", "aws:SourceOrgID"),
    *("aws:SourceOrgPaths", "aws:SourceOwner", "aws:SourceVpc", "aws:SourceVpce", "aws:userid"),
    *("aws:VpcSourceIp", "kms:CallerAccount", "lambda:FunctionUrlAuthType"),
    *("s3:DataAccessPointAccount", "sts:ExternalId"),
    *("token.actions.githubusercontent.com:sub", "cognito-identity.amazonaws.com:sub"),
)


@pytest.mark.parametrize("key", CALLERS)
def test_a_condition_on_who_calls_names_callers(key: str) -> None:
    assert names_callers(condition("StringEquals", key, "x"))
    for operator in ("StringNotEquals", "StringEqualsIfExists", "Null", "ForAllValues:StringLike"):
        assert not names_callers(condition(operator, key, "x"))


@pytest.mark.parametrize("value", ["*", "?", "**", "*?", "0.0.0.0/0", "::/0"])
def test_a_condition_that_holds_for_everybody_names_nobody(value: str) -> None:
    assert not names_callers(condition("StringLike", "aws:SourceIp", value))
    assert not names_callers(condition("StringLike", "aws:SourceIp", "10.0.0.1", value))


def test_a_condition_on_how_is_called_names_nobody() -> None:
    assert not names_callers(condition("Bool", "aws:SecureTransport", "true"))
    assert not names_callers("")
    assert not names_callers("[1]")
    assert not names_callers('{"StringEquals": ["aws:SourceIp"]}')


@pytest.mark.parametrize("key", ["aws:PrincipalAccount", "aws:SourceAccount", "kms:CallerAccount"])
def test_the_accounts_of_a_condition_are_told(key: str) -> None:
    assert accounts_in(condition("StringEquals", key, "111122223333", "x")) == {"111122223333"}
    assert accounts_in(condition("StringNotEquals", key, "111122223333")) == set()
    assert accounts_in(condition("StringEquals", "aws:userid", "111122223333")) == set()


OLD = Grant("s3:GetObject", "b/x/*", condition=condition("StringLike", "s3:prefix", "x/*"))


def test_only_what_is_more_than_before_is_added() -> None:
    new = Grant("s3:PutObject", "b")
    assert added([OLD], [OLD, new]) == [(new, "")]
    assert added([Grant("s3:*", "*")], [OLD, new]) == []
    moved = Grant("s3:PutObject", "c")
    assert added([new], [moved]) == [], "a release moves it"
    wide = Grant("s3:PutObject", "*")
    assert added([new], [wide]) == [(wide, "on every resource")]
    wider = Grant("s3:PutObject", "b*")
    assert added([new], [wider]) == [(wider, "on b*")]


@pytest.mark.parametrize(
    ("before", "after", "how"),
    [
        (("StringLike", "s3:prefix", "x/y*"), None, "without the condition"),
        (("StringLike", "s3:prefix", "x/y"), ("StringLike", "s3:prefix", "x/*"), "under another"),
        (("StringLike", "s3:prefix", "x/y"), ("StringLike", "s3:prefix", "z"), ""),
        (("StringEquals", "aws:SourceArn", "x"), ("StringEquals", "aws:SourceArn", "y"), "under"),
        (("StringEquals", "AWS:SourceArn", "x"), ("StringEquals", "aws:SourceArn", "x"), ""),
        (("StringEquals", "a:b", "x"), ("StringLike", "a:b", "x"), "under another condition"),
    ],
)
def test_an_eased_condition_is_more(
    before: tuple[str, str, str], after: tuple[str, str, str] | None, how: str
) -> None:
    old = Grant("s3:A", "b", condition=condition(*before))
    new = Grant("s3:A", "b", condition=condition(*after) if after else "")
    found = added([old], [new])
    assert len(found) == bool(how)
    assert all(said.startswith(how) for _, said in found)
    free = Grant("s3:A", "c", condition=old.condition)
    assert len(added([free, old], [new])) == bool(how)


def test_one_more_condition_or_a_tighter_one_is_no_more() -> None:
    loose = Grant("s3:A", "b", condition=condition("StringLike", "s3:prefix", "x/*"))
    both = json.dumps({"StringLike": {"s3:prefix": ["x/*"], "a:b": ["c"]}})
    assert added([loose], [Grant("s3:A", "b", condition=both)]) == []
    # Of two that allow it, one asks for no more than before.
    other = Grant("s3:A", "b", condition=condition("StringEquals", "a:b", "c"))
    eased = Grant("s3:A", "b", condition=condition("StringLike", "s3:prefix", "x/z"))
    assert added([loose, other], [eased]) == []


@pytest.mark.parametrize("name", MANAGED)
def test_aws_managed_policies_that_go_far_are_known(name: str) -> None:
    assert MANAGED[name] in far_reaching(f"arn:aws:iam::aws:policy/{name}")
    own = far_reaching(f"arn:aws:iam::111122223333:policy/{name}")
    assert MANAGED[name] not in own


@pytest.mark.parametrize("name", CLUSTER_POLICIES)
def test_access_policies_of_clusters_that_go_far_are_known(name: str) -> None:
    said = far_reaching(f"arn:aws:eks::aws:cluster-access-policy/{name}")
    assert said == f"{CLUSTER_POLICIES[name]} (EKS User Guide)"


@pytest.mark.parametrize(
    "name", ["MyFullAccess", "OurAdministratorAccess", "PowerUsers", "TheClusterAdmins"]
)
def test_other_policies_are_judged_by_their_names(name: str) -> None:
    assert far_reaching(f"arn:aws:iam::111122223333:policy/{name}") == "judged by its name"
    assert far_reaching("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess") == ""


RIGHTS_OF_OTHERS = (
    *("iam:AddUserToGroup", "iam:AttachGroupPolicy", "iam:AttachRolePolicy"),
    *("iam:AttachUserPolicy", "iam:CreateAccessKey", "iam:CreateLoginProfile"),
    *("iam:CreatePolicyVersion", "iam:DeleteRolePermissionsBoundary"),
    *("iam:DeleteUserPermissionsBoundary", "iam:PassRole", "iam:PutGroupPolicy"),
    *("iam:PutRolePermissionsBoundary", "iam:PutRolePolicy", "iam:PutUserPermissionsBoundary"),
    *("iam:PutUserPolicy", "iam:SetDefaultPolicyVersion", "iam:UpdateAssumeRolePolicy"),
    *("iam:UpdateLoginProfile", "sts:AssumeRole"),
)


@pytest.mark.parametrize("action", RIGHTS_OF_OTHERS)
def test_whoever_may_take_the_rights_of_others_is_a_risk(action: str) -> None:
    def ids(resource: str) -> set[str]:
        policy = json.dumps(document(Action=action, Resource=resource))
        entry = changed("aws_iam_role_policy.x", ["create"], None, {"policy": policy})
        return {risk.rule.id for risk in find_risks(read_plan(plan_of(entry)))}

    assert "IAM7" in ids("*")
    assert "IAM7" not in ids("arn:aws:iam::111122223333:role/one")
    assert set(RIGHTS_OF_OTHERS) == ESCALATING
