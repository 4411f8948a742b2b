"""What no longer lets in, allows or leads to what it did is told; what only moves is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.told import Severity

from .plans import changed
from .test_ground import SERVICE
from .test_risks import allow, policy, update
from .test_weaker import told

LOW, MEDIUM, HIGH, CRITICAL = Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL
Entry = dict[str, Any]
RULE = "aws_vpc_security_group_ingress_rule"


def rule(source: str, port: int = 8080, group: str = "sg-1") -> dict[str, Any]:
    ports = {"from_port": port, "to_port": port, "ip_protocol": "tcp"}
    return {"security_group_id": group, "cidr_ipv4": source, **ports}


def block(source: str, port: int = 8080) -> dict[str, Any]:
    return {"cidr_blocks": [source], "from_port": port, "to_port": port, "protocol": "tcp"}


def group(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"id": "sg-1", "ingress": list(rules)}


@pytest.mark.parametrize(
    ("entries", "lost"),
    [
        ([changed(f"{RULE}.a", ["delete"], rule("10.0.0.0/8"), None)], "10.0.0.0/8 on port 8080"),
        ([update(f"{RULE}.a", rule("10.0.0.0/8"), rule("10.1.0.0/16"))], "10.0.0.0/8 on port"),
        (
            [update(f"{RULE}.a", rule("10.0.0.0/8"), rule("10.0.0.0/8", 80))],
            "10.0.0.0/8 on port 8080",
        ),
        ([update("aws_security_group.g", group(block("10.0.0.0/8")), group())], "10.0.0.0/8"),
        (
            [
                changed(
                    "aws_security_group_rule.a",
                    ["delete"],
                    {**block("10.0.0.0/8"), "type": "ingress", "security_group_id": "sg-1"},
                    None,
                )
            ],
            "10.0.0.0/8",
        ),
    ],
)
def test_callers_that_a_security_group_no_longer_lets_in_are_told(
    entries: list[Entry], lost: str
) -> None:
    ((severity, reason),) = told("NET4", *SERVICE, *entries)
    assert severity is MEDIUM
    assert f"no longer lets in {lost}" in reason
    assert reason.endswith("; live depends on it")


@pytest.mark.parametrize(
    "entries",
    [
        # a wider range, another resource for the same, and the way from blocks to resources
        [update(f"{RULE}.a", rule("10.1.0.0/16"), rule("10.0.0.0/8"))],
        [
            changed(f"{RULE}.a", ["delete"], rule("10.0.0.0/8"), None),
            changed(f"{RULE}.b", ["create"], None, rule("10.0.0.0/8")),
        ],
        [
            update("aws_security_group.g", group(block("10.0.0.0/8")), group()),
            changed(f"{RULE}.b", ["create"], None, rule("10.0.0.0/8")),
        ],
        # the group goes with it
        [
            changed(f"{RULE}.a", ["delete"], rule("10.0.0.0/8"), None),
            changed("aws_security_group.g", ["delete"], group(), None),
        ],
        # not known before the apply
        [
            changed(
                f"{RULE}.a",
                ["update"],
                rule("10.0.0.0/8"),
                {**rule("x"), "cidr_ipv4": None},
                unknown={"cidr_ipv4": True},
            )
        ],
        # egress is told by another risk
        [
            changed(
                "aws_security_group_rule.a",
                ["delete"],
                {**block("10.0.0.0/8"), "type": "egress", "security_group_id": "sg-1"},
                None,
            )
        ],
    ],
)
def test_what_is_let_in_as_before_is_no_risk(entries: list[Entry]) -> None:
    assert told("NET4", *SERVICE, *entries) == []


def acl(action: str, *, egress: bool = False, port: int = 443) -> dict[str, Any]:
    ports = {"from_port": port, "to_port": port, "protocol": "tcp", "cidr_block": "10.0.0.0/8"}
    return {"network_acl_id": "acl-1", "rule_action": action, "egress": egress, **ports}


def inline(action: str) -> dict[str, Any]:
    entry = {key: value for key, value in acl(action).items() if key != "rule_action"}
    return {"id": "acl-1", "ingress": [{**entry, "action": action, "rule_no": 100}]}


@pytest.mark.parametrize(
    ("entry", "severity", "words"),
    [
        (
            changed("aws_network_acl_rule.r", ["create"], None, acl("deny")),
            *(MEDIUM, "denies port 443 from 10.0.0.0/8"),
        ),
        (
            changed("aws_network_acl_rule.r", ["delete"], acl("allow", egress=True), None),
            *(HIGH, "no longer allows port 443 to 10.0.0.0/8"),
        ),
        (
            update("aws_network_acl.a", {"id": "acl-1", "ingress": []}, inline("deny")),
            *(MEDIUM, "denies port 443 from 10.0.0.0/8"),
        ),
        (
            update("aws_default_network_acl.a", inline("allow"), {"id": "acl-1", "ingress": []}),
            *(HIGH, "no longer allows port 443 from 10.0.0.0/8"),
        ),
    ],
)
def test_what_a_network_acl_denies_is_told(entry: Entry, severity: Severity, words: str) -> None:
    assert told("NET4", entry) == [(severity, words)]


def test_a_network_acl_that_allows_as_before_or_is_new_is_no_risk() -> None:
    address = "aws_network_acl_rule"
    kept = changed(f"{address}.b", ["create"], None, acl("allow"))
    assert told("NET4", changed(f"{address}.a", ["delete"], acl("allow"), None), kept) == []
    assert told("NET4", changed(f"{address}.a", ["delete"], acl("deny"), None)) == []
    assert told("NET4", changed("aws_network_acl.a", ["create"], None, inline("deny"))) == []
    gone = changed("aws_network_acl.a", ["delete"], inline("allow"), None)
    assert told("NET4", changed(f"{address}.a", ["delete"], acl("allow"), None), gone) == []


def record(*values: str, name: str = "api.example.com") -> dict[str, Any]:
    return {"name": name, "type": "CNAME", "records": list(values)}


def test_a_dns_record_that_goes_or_leads_elsewhere_is_told() -> None:
    address = "aws_route53_record.api"
    gone = changed(address, ["delete"], record("a.elb"), None)
    assert told("NET4", gone) == [(HIGH, "is deleted, so api.example.com leads nowhere")]
    ((severity, reason),) = told("NET4", update(address, record("a.elb"), record("b.elb")))
    assert (severity, reason) == (MEDIUM, "leads api.example.com to b.elb (was a.elb)")
    alias = [{"name": "a.elb"}], [{"name": "b.elb"}]
    sides = ({"name": "x", "type": "A", "alias": each} for each in alias)
    assert told("NET4", update(address, *sides)) == [(MEDIUM, "leads x to b.elb (was a.elb)")]
    validates = record("_1.acm-validations.aws", name="_2.example.com")
    ((severity, reason),) = told("NET4", changed(address, ["delete"], validates, None))
    assert (severity, "renews" in reason) == (MEDIUM, True)


def test_a_dns_record_that_is_made_anew_or_not_yet_known_is_no_risk() -> None:
    gone = changed("aws_route53_record.a", ["delete"], record("a.elb"), None)
    again = changed("aws_route53_record.b", ["create"], None, record("a.elb"))
    assert told("NET4", gone, again) == []
    unknown = changed(
        "aws_route53_record.a",
        ["update"],
        record("a.elb"),
        {"name": "api.example.com", "type": "CNAME"},
        unknown={"records": True},
    )
    assert told("NET4", unknown) == []


def test_a_rule_of_egress_that_lets_less_out_is_told() -> None:
    address = "aws_vpc_security_group_egress_rule.a"
    sides = rule("0.0.0.0/0", 443), rule("10.0.0.0/8", 443)
    assert told("PLAN4", *SERVICE, update(address, *sides)) == [
        (HIGH, "lets less out; live depends on it")
    ]
    assert told("PLAN4", *SERVICE, update(address, *reversed(sides))) == []


# Policies


@pytest.mark.parametrize("kind", ["aws_vpc_endpoint", "aws_vpc_endpoint_policy"])
def test_the_policy_of_a_vpc_endpoint_is_judged_both_ways(kind: str) -> None:
    narrow, wide = policy(allow("s3:GetObject")), policy(allow("s3:*", "*"))
    ((severity, reason),) = told("IAM1", update(f"{kind}.e", {"policy": narrow}, {"policy": wide}))
    assert (severity, "s3:*" in reason) == (MEDIUM, True)
    ((severity, reason),) = told("PLAN4", update(f"{kind}.e", {"policy": wide}, {"policy": narrow}))
    assert (severity, reason) == (MEDIUM, "no longer allows s3:*")
    assert told("IAM1", changed(f"{kind}.e", ["create"], None, {"policy": wide})) == []


def principal(who: str, action: str = "kms:Decrypt", effect: str = "Allow") -> str:
    statement = {"Principal": {"AWS": f"arn:aws:iam::{who}:root"}, "Effect": effect}
    return policy({**statement, "Action": action, "Resource": "*"})


@pytest.mark.parametrize(
    "kind", ["aws_kms_key", "aws_s3_bucket_policy", "aws_sqs_queue_policy", "aws_sns_topic_policy"]
)
def test_a_resource_policy_that_no_longer_allows_or_denies_more_is_told(kind: str) -> None:
    one, two = principal("111122223333"), principal("444455556666")
    ((severity, reason),) = told("PLAN4", update(f"{kind}.k", {"policy": one}, {"policy": two}))
    assert severity is MEDIUM
    assert reason == "no longer allows kms:Decrypt to 111122223333"
    both = json.dumps(
        {"Statement": [each for p in (one, two) for each in json.loads(p)["Statement"]]}
    )
    assert told("PLAN4", update(f"{kind}.k", {"policy": one}, {"policy": both})) == []
    denied = principal("111122223333", effect="Deny")
    ((_, reason),) = told("PLAN4", update(f"{kind}.k", {"policy": policy()}, {"policy": denied}))
    assert reason == "denies kms:Decrypt in more cases than before"


def test_a_role_that_gets_a_permissions_boundary_names_who_has_it() -> None:
    before, after = (
        {"name": "exec"},
        {"name": "exec", "permissions_boundary": "arn:aws:iam::1:policy/b"},
    )
    ((severity, reason),) = told("PLAN4", *SERVICE, update("aws_iam_role.r", before, after))
    assert severity is MEDIUM
    assert reason.startswith("gets the permissions boundary b")
    assert reason.endswith("not judged; live depends on it")
    assert told("PLAN4", *SERVICE, changed("aws_iam_role.r", ["create"], None, after)) == []


# Who is let in by an argument


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("aws_ami_launch_permission", None, {"group": "all"}),
        ("aws_db_snapshot", {"shared_accounts": []}, {"shared_accounts": ["all"]}),
        ("aws_ssm_document", {}, {"permissions": {"type": "Share", "account_ids": "All"}}),
    ],
)
def test_what_is_shared_with_everybody_is_told(kind: str, before: Any, after: Any) -> None:
    entry = changed(f"{kind}.x", ["update" if before is not None else "create"], before, after)
    assert told("IAM5", entry) == [(CRITICAL, "lets in everybody")]
    assert told("IAM5", update(f"{kind}.x", after, after)) == []


def test_a_service_may_call_a_function_only_for_a_named_account() -> None:
    open_ = {"principal": "s3.amazonaws.com", "action": "lambda:InvokeFunction"}
    address = "aws_lambda_permission.p"
    ((severity, reason),) = told("IAM5", changed(address, ["create"], None, open_))
    assert severity is MEDIUM
    assert "neither source_arn nor source_account" in reason
    for more in ({"source_arn": "arn:aws:s3:::b"}, {"source_account": "111122223333"}):
        assert told("IAM5", changed(address, ["create"], None, open_ | more)) == []
        ((severity, _),) = told("IAM5", update(address, open_ | more, open_))
        assert severity is MEDIUM
    unknown = changed(address, ["create"], None, open_, unknown={"source_arn": True})
    assert told("IAM5", unknown) == []
    assert told("IAM5", update(address, open_, open_)) == []


def binding(role: str, *subjects: dict[str, str], kind: str = "ClusterRole") -> dict[str, Any]:
    return {"role_ref": [{"kind": kind, "name": role}], "subject": list(subjects)}


BOT = {"kind": "ServiceAccount", "namespace": "ci", "name": "bot"}


@pytest.mark.parametrize("version", ["", "_v1"])
def test_a_binding_to_cluster_admin_is_told_with_who_gets_it(version: str) -> None:
    address = f"kubernetes_cluster_role_binding{version}.b"
    made = changed(address, ["create"], None, binding("cluster-admin", BOT))
    assert told("IAM2", made) == [(CRITICAL, "gives ci/bot every right of cluster-admin")]
    more = {"kind": "User", "name": "ann"}
    sides = binding("cluster-admin", BOT), binding("cluster-admin", BOT, more)
    assert told("IAM2", update(address, *sides)) == [
        (CRITICAL, "gives ann every right of cluster-admin")
    ]
    assert told("IAM2", update(address, *reversed(sides))) == []
    assert told("IAM2", changed(address, ["create"], None, binding("view", BOT))) == []
    one = f"kubernetes_role_binding{version}.b"
    assert told("IAM2", changed(one, ["create"], None, binding("cluster-admin", BOT)))[0][0] is HIGH
    own = binding("admin", BOT, kind="Role")
    assert told("IAM2", changed(one, ["create"], None, own)) == []


def test_everybody_who_is_bound_is_told() -> None:
    everybody = {"kind": "Group", "name": "system:unauthenticated"}
    made = changed("kubernetes_role_binding_v1.b", ["create"], None, binding("view", everybody))
    assert told("IAM5", made) == [(CRITICAL, "lets in system:unauthenticated")]


def test_a_kubernetes_role_of_everything_is_told() -> None:
    whole = {"api_groups": ["*"], "resources": ["*"], "verbs": ["*"]}
    address = "kubernetes_cluster_role_v1.r"
    made = changed(address, ["create"], None, {"rule": [whole]})
    assert told("IAM2", made) == [(CRITICAL, "allows every verb on every resource")]
    read = {**whole, "verbs": ["get"]}
    assert told("IAM2", changed(address, ["create"], None, {"rule": [read]})) == []
    assert told("IAM2", update(address, {"rule": [read]}, {"rule": [whole]}))
