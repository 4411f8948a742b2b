"""Types that Inferform does not make, and that a review of another project's plan has to know."""

from __future__ import annotations

from . import weaker
from .policies import resource_policy
from .record import Foreign
from .risks import exposed, protection

FREE = ("aws_iam_", "aws_ssoadmin_", "aws_identitystore_")
"""How the types begin that AWS takes nothing for: IAM and its Identity Center."""

_ENCRYPTED = {"encrypted": "encryption"}


FOREIGN = (
    Foreign(
        "aws_api_gateway_rest_api",
        "REST API",
        outage=True,
        risks=resource_policy(computed=True),
    ),
    Foreign("aws_apigatewayv2_api", "HTTP API", outage=True),
    Foreign("aws_dynamodb_table", "DynamoDB table", holds_data=True, risks=weaker.TABLE),
    Foreign(
        "aws_db_instance",
        "database",
        holds_data=True,
        risks=(exposed("publicly_accessible", True), *weaker.DATABASE),
        settings={"storage_encrypted": "encryption"},
    ),
    Foreign("aws_rds_cluster", "database cluster", holds_data=True, risks=weaker.DATABASE),
    Foreign("aws_efs_file_system", "file system", holds_data=True, settings=_ENCRYPTED),
    Foreign("aws_fsx_lustre_file_system", "file system", holds_data=True),
    Foreign("aws_ebs_volume", "volume", holds_data=True, settings=_ENCRYPTED),
    Foreign("aws_elasticache_cluster", "cache", holds_data=True),
    Foreign("aws_elasticache_replication_group", "cache", holds_data=True),
    Foreign(
        "aws_opensearch_domain",
        "search domain",
        holds_data=True,
        risks=resource_policy("access_policies", computed=True),
    ),
    Foreign("aws_sagemaker_feature_group", "feature group", holds_data=True),
    Foreign("aws_sagemaker_domain", "SageMaker domain", holds_data=True),
    Foreign(
        "aws_secretsmanager_secret",
        "secret",
        holds_data=True,
        risks=resource_policy(computed=True),
    ),
    Foreign("aws_cloudtrail", "trail", risks=(protection(), *weaker.TRAIL)),
    Foreign("aws_kinesis_stream", "stream", holds_data=True, risks=weaker.STREAM),
    Foreign("aws_lambda_event_source_mapping", "event source", risks=weaker.EVENT_SOURCE),
)
