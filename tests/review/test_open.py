"""What is open to everybody is found in each way of saying it, and what is not open is not."""

from __future__ import annotations

from typing import Any

import pytest

from ops.plan import read_plan
from ops.review.risks import find_risks
from ops.told import Severity

from .plans import changed, plan_of
from .test_risks import policy, update

Values = dict[str, Any]
Entry = dict[str, Any]


def found(rule: str, *entries: Entry) -> list[Severity]:
    """How severe a risk is in a plan."""
    return [r.severity for r in find_risks(read_plan(plan_of(*entries))) if r.rule.id == rule]


def created(kind: str, **values: Any) -> Entry:
    return changed(f"{kind}.x", ["create"], None, values)


@pytest.mark.parametrize(
    ("blocks", "is_open"),
    [
        (["0.0.0.0/0"], True),
        (["0.0.0.0/1", "128.0.0.0/1"], True),
        (["0:0:0:0:0:0:0:0/0"], True),
        (["2000::/3"], True),
        (["10.0.0.0/8", "172.16.0.0/12", "fc00::/7"], False),
        (["3.0.0.0/8"], False),
        (["52.94.0.0/22"], False),
        (["${var.range}"], False),
    ],
)
def test_ranges_that_are_the_internet_are_open(blocks: list[str], is_open: bool) -> None:
    ingress = {"cidr_blocks": blocks, "from_port": 22, "to_port": 22, "protocol": "tcp"}
    group = update("aws_security_group.g", {"ingress": []}, {"ingress": [ingress]})
    assert bool(found("NET1", group)) is is_open
    api = {"endpoint_public_access": True, "public_access_cidrs": blocks}
    closed = {"endpoint_public_access": True, "public_access_cidrs": ["10.0.0.0/8"]}
    cluster = update("aws_eks_cluster.c", {"vpc_config": [closed]}, {"vpc_config": [api]})
    assert bool(found("NET2", cluster)) is is_open
    assert found("NET2", update("aws_eks_cluster.c", *[{"vpc_config": [api]}] * 2)) == []


GITHUB = "token.actions.githubusercontent.com"


@pytest.mark.parametrize(
    ("issuer", "condition", "is_open"),
    [
        (GITHUB, None, True),
        (GITHUB, {"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}}, True),
        (GITHUB, {"StringLike": {f"{GITHUB}:sub": "repo:*"}}, True),
        (GITHUB, {"StringLike": {f"{GITHUB}:sub": ["repo:acme/x:*", "*"]}}, True),
        (GITHUB, {"StringLikeIfExists": {f"{GITHUB}:sub": "repo:acme/*"}}, True),
        (GITHUB, {"StringNotEquals": {f"{GITHUB}:sub": "repo:acme/x:ref:refs/heads/main"}}, True),
        (GITHUB, {"StringLike": {f"{GITHUB}:sub": "repo:acme/x:*"}}, False),
        (GITHUB, {"StringEquals": {f"{GITHUB}:repository_owner": "acme"}}, False),
        ("gitlab.com", {"StringLike": {"gitlab.com:sub": "project_path:*"}}, True),
        ("gitlab.com", {"StringLike": {"gitlab.com:sub": "project_path:acme/*"}}, False),
        # An issuer of one's own knows one's own identities only.
        ("oidc.eks.us-east-1.amazonaws.com/id/1", None, False),
    ],
)
def test_a_public_issuer_without_a_subject_lets_everybody_assume_a_role(
    issuer: str, condition: Values | None, is_open: bool
) -> None:
    statement: Values = {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{issuer}"},
        **({"Condition": condition} if condition else {}),
    }
    role = {"arn": "arn:aws:iam::111122223333:role/r", "assume_role_policy": policy(statement)}
    said = found("IAM3", created("aws_iam_role", **role))
    assert said == ([Severity.CRITICAL] if is_open else [])
    assert found("IAM3", changed("aws_iam_role.x", ["no-op"], role, role)) == []


ANNOTATIONS = "service.beta.kubernetes.io/aws-load-balancer"
EVERYBODY = {"grantee": [{"uri": "http://acs.amazonaws.com/groups/global/AllUsers"}]}
LOGS = {"grantee": [{"uri": "http://acs.amazonaws.com/groups/s3/LogDelivery"}]}


def balancer(**annotations: str) -> Values:
    held = {f"{ANNOTATIONS}-{name}": value for name, value in annotations.items()}
    return {"metadata": [{"annotations": held}], "spec": [{"type": "LoadBalancer"}]}


def ingress(scheme: str) -> Values:
    held = {"alb.ingress.kubernetes.io/scheme": scheme} if scheme else {}
    return {"metadata": [{"annotations": held}], "spec": [{}]}


@pytest.mark.parametrize(
    ("kind", "values", "severity"),
    [
        ("aws_s3_bucket_acl", {"acl": "public-read"}, Severity.HIGH),
        ("aws_s3_bucket_acl", {"acl": "private"}, None),
        ("aws_s3_bucket_acl", {"access_control_policy": [{"grant": [EVERYBODY]}]}, Severity.HIGH),
        ("aws_s3_bucket_acl", {"access_control_policy": [{"grant": [LOGS]}]}, None),
        ("aws_s3_bucket", {"bucket": "b", "acl": "public-read-write"}, Severity.HIGH),
        ("aws_lambda_function_url", {"authorization_type": "NONE"}, Severity.HIGH),
        ("aws_lambda_function_url", {"authorization_type": "AWS_IAM"}, None),
        ("kubernetes_service_v1", balancer(scheme="internet-facing"), Severity.HIGH),
        ("kubernetes_service_v1", balancer(), Severity.MEDIUM),
        ("kubernetes_service_v1", balancer(scheme="internal"), None),
        ("kubernetes_service_v1", balancer(internal="true"), None),
        ("kubernetes_service_v1", {"spec": [{"type": "ClusterIP"}]}, None),
        ("kubernetes_ingress_v1", ingress("internet-facing"), Severity.HIGH),
        ("kubernetes_ingress_v1", ingress("internal"), None),
        ("kubernetes_ingress_v1", ingress(""), None),
    ],
)
def test_what_everybody_reaches_is_told_where_it_begins(
    kind: str, values: Values, severity: Severity | None
) -> None:
    assert found("NET2", created(kind, **values)) == ([severity] if severity else [])
    assert found("NET2", changed(f"{kind}.x", ["no-op"], values, values)) == []
    assert found("NET2", update(f"{kind}.x", values, {**values, "tags": {"a": "b"}})) == []


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("aws_kms_grant", {"grantee_principal": "arn:aws:iam::999988887777:role/r"}),
        ("aws_ram_principal_association", {"principal": "999988887777"}),
        ("aws_ami_launch_permission", {"account_id": "999988887777"}),
        ("aws_snapshot_create_volume_permission", {"account_id": "999988887777"}),
    ],
)
def test_an_account_is_not_passed_over_where_the_plan_does_not_tell_its_own(
    kind: str, values: Values
) -> None:
    assert found("IAM6", created(kind, **values)) == [Severity.LOW]
    arn = "arn:aws:kms:us-east-1:111122223333:key/k"
    known = changed("aws_kms_key.k", ["no-op"], {"arn": arn}, {"arn": arn})
    assert found("IAM6", created(kind, **values), known) == []
    assert found("IAM5", created(kind, **values), known) == [Severity.HIGH]
