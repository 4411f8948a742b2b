"""What the operator's commands know of feature tables, and of the layer of drift."""

from collections.abc import Iterator

from inferform_ops.aws import Aws
from inferform_ops.kinds.finding import given
from inferform_ops.kinds.reasons import part, resource
from inferform_ops.kinds.record import Existing, Values


def _find(aws: Aws, values: Values) -> Iterator[Existing]:
    client = aws.any_client("dynamodb")
    table = client.describe_table(TableName=given(values, "name"))["Table"]
    tags = client.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
    yield Existing(table["TableName"], {tag["Key"]: tag["Value"] for tag in tags})


KINDS = (
    resource(
        "aws_dynamodb_table", "feature table", _find, name="name", outage=True, holds_data=True
    ),
    part(
        "aws_cloudwatch_event_permission",
        "permission of an event bus",
        "aws_cloudwatch_event_bus",
        "PutPermission replaces the statement of that id",
    ),
)
