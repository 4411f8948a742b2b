"""IAM policy documents as plain data."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from ..context import Context

Statement = dict[str, Any]


def allow(
    actions: str | Iterable[str],
    resources: str | Iterable[str],
    *,
    sid: str | None = None,
    conditions: dict[str, dict[str, Any]] | None = None,
    principal: dict[str, Any] | None = None,
) -> Statement:
    """An Allow statement; single entries may be written without a list."""
    return _statement("Allow", actions, resources, sid, conditions, principal)


def deny(
    actions: str | Iterable[str],
    resources: str | Iterable[str],
    *,
    sid: str | None = None,
    conditions: dict[str, dict[str, Any]] | None = None,
    principal: dict[str, Any] | None = None,
) -> Statement:
    """A Deny statement; single entries may be written without a list."""
    return _statement("Deny", actions, resources, sid, conditions, principal)


def _statement(
    effect: str,
    actions: str | Iterable[str],
    resources: str | Iterable[str],
    sid: str | None,
    conditions: dict[str, dict[str, Any]] | None,
    principal: dict[str, Any] | None,
) -> Statement:
    statement: Statement = {"Effect": effect, "Action": _many(actions)}
    if sid:
        statement["Sid"] = sid
    if principal:
        statement["Principal"] = principal
    statement["Resource"] = _many(resources)
    if conditions:
        statement["Condition"] = conditions
    return statement


def _many(values: str | Iterable[str]) -> str | list[str]:
    return values if isinstance(values, str) else list(values)


def document(*statements: Statement) -> str:
    """A policy document in JSON. References inside ARNs stay Terraform interpolations."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def size(statements: Iterable[Statement]) -> int:
    """How many characters of a policy IAM counts: all but white space."""
    return len(json.dumps(json.loads(document(*statements)), separators=(",", ":")))


def merged(statements: Iterable[Statement]) -> list[Statement]:
    """Statements that differ only in their resources made one, and every Sid unique."""
    groups: dict[str, tuple[Statement, list[str]]] = {}
    for statement in statements:
        key = json.dumps({**statement, "Resource": None}, sort_keys=True)
        _, resources = groups.setdefault(key, (statement, []))
        resources += [each for each in _listed(statement["Resource"]) if each not in resources]
    counts: Counter[str] = Counter()
    result: list[Statement] = []
    for statement, resources in groups.values():
        one = {**statement, "Resource": resources[0] if len(resources) == 1 else resources}
        sid = one.get("Sid")
        if sid:
            counts[sid] += 1
            one["Sid"] = sid if counts[sid] == 1 else f"{sid}{counts[sid]}"
        result.append(one)
    return result


def _listed(values: str | list[str]) -> list[str]:
    return [values] if isinstance(values, str) else values


# What each service says that it acts for when it assumes a role: the ARN's service, and its resource.
# From "Cross-service confused deputy prevention" in the user guide of each, and for flow logs from
# "IAM role for publishing flow logs to CloudWatch Logs".
_SOURCES = {
    "airflow": ("airflow", "environment/*"),
    "codebuild": ("codebuild", "project/*"),
    "codedeploy": ("codedeploy", "deploymentgroup:*"),
    "credentials": ("iot", "*"),
    "ecs-tasks": ("ecs", "*"),
    "events": ("events", "rule/*"),
    "sagemaker": ("sagemaker", "*"),
    "scheduler": ("scheduler", "schedule-group/*"),
    "states": ("states", "stateMachine:*"),
    "vpc-flow-logs": ("ec2", "vpc-flow-log/*"),
}


# API Gateway says neither which API it acts for nor whose: with a condition it may not assume the
# role, and answers every request with 500. It takes roles of the API's own account alone.
# aws-solutions-library-samples/accelerated-intelligent-document-processing-on-aws #479.
# CodePipeline's user guide ("Create the CodePipeline service role") shows no condition, and a pipeline
# takes a role of its own account alone.
_SAYS_NOTHING = frozenset({"apigateway", "codepipeline"})


def trust(service: str, context: Context, *, also: str | None = None) -> str:
    """A trust policy for a service, acting for resources of this account and Region only. `also` is
    another principal of the service. Default: None.

    A service that does not say which resource it acts for is held to the account, one that says
    nothing at all to what its roles may do.
    """
    name = service.partition(".")[0]
    conditions: dict[str, Any] = {"StringEquals": {"aws:SourceAccount": context.account}}
    if source := _SOURCES.get(name):
        conditions["ArnLike"] = {"aws:SourceArn": context.arn(*source)}
    statement: Statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": [service, also] if also else service},
    }
    if name not in _SAYS_NOTHING:
        statement["Condition"] = conditions
    return document(statement)


def tls_only(bucket_arn: str) -> list[Statement]:
    """The statements that deny every S3 request without TLS, or with one older than 1.2."""
    return [
        deny(
            "s3:*",
            [bucket_arn, f"{bucket_arn}/*"],
            sid=sid,
            conditions=conditions,
            principal={"AWS": "*"},
        )
        for sid, conditions in (
            ("DenyInsecureTransport", {"Bool": {"aws:SecureTransport": "false"}}),
            ("DenyOldTls", {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
        )
    ]
