"""Finding what is in AWS where Terraform wants to create, and whose it is.

For every type of resource that the modules create, except those which only set something on
another resource and can be set again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from botocore.exceptions import ClientError

from .advice import explained
from .aws import Aws
from .kinds import kinds
from .kinds.finding import NotKnownError, given, pairs
from .kinds.record import Existing, Finder, Not, Values

_ABSENT = re.compile(r"NotFound|NoSuch|DoesNotExist|Validation|^404$")


def existing(kind: str, values: Values, aws: Aws) -> list[Existing]:
    """What is there for a resource of the type `kind`; nothing where the type is not known.

    Raises OperatorError where AWS refuses to tell.
    """
    record = kinds().get(kind)
    find = record.find if record else _FINDERS.get(kind)
    if find is None or isinstance(find, Not):
        return []
    with explained(aws.context):
        try:
            return list(find(aws, values))
        except NotKnownError:
            return []
        except ClientError as error:
            if _ABSENT.search(error.response["Error"]["Code"]):
                return []
            raise


# CloudWatch


def _log_group(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    arn = aws.context.arn("logs", f"log-group:{name}")
    yield Existing(name, aws.client("logs").list_tags_for_resource(resourceArn=arn)["tags"])


def _alarm(aws: Aws, values: Values) -> Iterator[Existing]:
    cloudwatch = aws.client("cloudwatch")
    name = given(values, "alarm_name")
    found = cloudwatch.describe_alarms(
        AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    for alarm in [*found.get("MetricAlarms", []), *found.get("CompositeAlarms", [])]:
        tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
        yield Existing(name, pairs(tags))


_FINDERS: Mapping[str, Finder] = {
    "aws_cloudwatch_composite_alarm": _alarm,
    "aws_cloudwatch_log_group": _log_group,
    "aws_cloudwatch_metric_alarm": _alarm,
}
