"""The example of a whole platform: what its own layer and its own kind make."""

from __future__ import annotations

from .record import Capability

CAPABILITY = Capability(
    requests={
        "aws_cloudwatch_event_permission": "events:PutPermission",
        "aws_dynamodb_table": "dynamodb:CreateTable",
    },
    elsewhere={
        "aws_dynamodb_table.attribute": "dynamodb:CreateTableInput.AttributeDefinitions",
        "aws_dynamodb_table.attribute.name": "dynamodb:AttributeDefinition.AttributeName",
        "aws_dynamodb_table.attribute.type": "dynamodb:AttributeDefinition.AttributeType",
        "aws_dynamodb_table.hash_key": "dynamodb:KeySchemaElement.AttributeName",
        "aws_dynamodb_table.point_in_time_recovery.enabled": (
            "dynamodb:PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled"
        ),
        "aws_dynamodb_table.server_side_encryption.enabled": "dynamodb:SSESpecification.Enabled",
        "aws_dynamodb_table.server_side_encryption.kms_key_arn": (
            "dynamodb:SSESpecification.KMSMasterKeyId"
        ),
    },
    encrypted={
        "aws_dynamodb_table": lambda table: table.get("server_side_encryption", {}).get(
            "kms_key_arn"
        ),
    },
    checkov={
        "platform-*-apis/aws_api_gateway_stage.*": {"CKV2_AWS_29": "callers sign their requests"},
        "platform-dev-use1-inference/aws_sagemaker_model.endpoints_topics_*": {
            "CKV_AWS_370": "serverless endpoints have no isolation",
        },
        "platform-prod-use1-inference/aws_sagemaker_model.endpoints_churn_*": {
            "CKV_AWS_370": "the adopted container fetches its model itself",
        },
    },
)
