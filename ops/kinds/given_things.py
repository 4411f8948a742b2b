"""Whether log groups and topics that somebody else made are there, and take what is sent to them."""

from __future__ import annotations

import json
from collections.abc import Iterator

from botocore.exceptions import ClientError

from ..checks import GIVEN_LOG, TOPIC
from ..iam import grants
from .record import Finding
from .synthesis import Synthesis

_DENIED = ("AccessDenied", "AccessDeniedException", "AuthorizationError")


def log_groups(synthesis: Synthesis) -> Iterator[Finding]:
    """Every log group that is given exists."""
    given = (each.spec.existing.log_group for each in synthesis.environment.deployed)
    for name in dict.fromkeys(filter(None, given)):
        try:
            pages = synthesis.aws.client("logs").get_paginator("describe_log_groups")
            found = {
                group["logGroupName"]
                for page in pages.paginate(logGroupNamePrefix=name)
                for group in page["logGroups"]
            }
        except ClientError as error:
            if error.response["Error"]["Code"] not in _DENIED:
                raise
            said = "not known whether it exists: these credentials may not look"
            yield Finding(GIVEN_LOG, name, "skipped", said)
            continue
        if name in found:
            yield Finding(GIVEN_LOG, name, "passed", "exists")
        else:
            yield Finding(GIVEN_LOG, name, "failed", "does not exist", GIVEN_LOG.fix)


def topics(synthesis: Synthesis) -> Iterator[Finding]:
    """Every topic that alarms tell exists, and CloudWatch may publish to it."""
    wanted = {
        str(arn)
        for alarm in synthesis.of("aws_cloudwatch_metric_alarm")
        for side in ("alarm_actions", "ok_actions")
        for arn in alarm.values.get(side) or ()
        if ":sns:" in str(arn) and "${" not in str(arn)
    }
    for arn in sorted(wanted):
        yield _topic(synthesis, arn)


def _topic(synthesis: Synthesis, arn: str) -> Finding:
    sns = synthesis.aws.any_client("sns")
    try:
        held = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("NotFound", "NotFoundException"):
            return Finding(TOPIC, arn, "failed", "does not exist", TOPIC.fix)
        if code in _DENIED:
            said = "not known whether CloudWatch may publish: these credentials may not look at it"
            return Finding(TOPIC, arn, "skipped", said)
        raise
    if held.get("KmsMasterKeyId") == "alias/aws/sns":
        said = "is encrypted by alias/aws/sns, with which CloudWatch cannot publish"
        return Finding(TOPIC, arn, "failed", said, TOPIC.fix)
    publish = [
        grant
        for grant in grants(json.loads(held.get("Policy") or "{}"))
        if grant.principal in ("cloudwatch.amazonaws.com", "*", synthesis.context.account)
        and grant.action.lower() in ("sns:publish", "sns:*", "*")
    ]
    if not publish:
        people = {"Service": "cloudwatch.amazonaws.com"}
        statement = {
            "Sid": "Alarms",
            "Effect": "Allow",
            "Principal": people,
            "Action": "sns:Publish",
            "Resource": arn,
            "Condition": {"StringEquals": {"aws:SourceAccount": synthesis.context.account}},
        }
        said = f"its policy does not let CloudWatch publish; it lacks {json.dumps(statement)}"
        return Finding(
            TOPIC, arn, "failed", said, "let its owner add what is printed to its policy"
        )
    return Finding(TOPIC, arn, "passed", "exists, and its policy lets CloudWatch publish")
