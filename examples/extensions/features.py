"""A DynamoDB table of features, which the endpoint `fraud` may read."""

from inferform.iam.policy import allow
from inferform.layers.built import Built


def add(built: Built) -> None:
    """Make the table in the inference layer, and let the endpoint's role read it."""
    from cdktf_cdktf_provider_aws.dynamodb_table import (
        DynamodbTable,
        DynamodbTableAttribute,
        DynamodbTablePointInTimeRecovery,
        DynamodbTableServerSideEncryption,
    )

    layer = built.inference
    table = DynamodbTable(
        layer,
        "features",
        name=built.context.name("features"),
        billing_mode="PAY_PER_REQUEST",
        hash_key="customer",
        attribute=[DynamodbTableAttribute(name="customer", type="S")],
        point_in_time_recovery=DynamodbTablePointInTimeRecovery(enabled=True),
        server_side_encryption=DynamodbTableServerSideEncryption(
            enabled=True, kms_key_arn=layer.registry.kms_key_arn
        ),
    )
    layer.endpoints["fraud"].role.allow(
        "features",
        allow(["dynamodb:BatchGetItem", "dynamodb:GetItem"], table.arn, sid="ReadFeatures"),
        allow("kms:Decrypt", layer.registry.kms_key_arn, sid="DecryptFeatures"),
    )
