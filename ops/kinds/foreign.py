"""Types that Inferform does not make, and that a review of another project's plan has to know."""

from __future__ import annotations

import re

from . import weaker
from .policies import resource_policy
from .record import Foreign
from .risks import exposed, protection

_FAMILIES = (
    *("iam_.+", "ssoadmin_.+", "identitystore_.+", "organizations_.+", "account_.+", "ram_.+"),
    *("default_.+", "resourcegroups_.+", "servicequotas_.+", "lakeformation_.+", "codedeploy_.+"),
    # What is set on a bucket, an API, an Auto Scaling group or a user pool that is itself counted.
    *("s3_bucket_.+", "s3control_.+_policy", "api_gateway_.+", "apigatewayv2_.+"),
    "autoscaling_(attachment|group_tag|lifecycle_hook|notification|policy|schedule|traffic_.+)",
)
_PARTS = (
    *(
        ".+_policy_attachments?",
        ".+_permissions?",
        ".+_(subnet|parameter|option)_group",
        ".+_alias",
    ),
    # One of Firewall Manager is paid for by the month.
    "(?!fms_).+_policy",
    *("network_acl(_.+)?", "security_group_rule", "main_route_table_association", "key_pair"),
    *("placement_group", "eip_association", "volume_attachment", "network_interface(_.+)?"),
    *("vpc_peering_connection(_.+)?", "ec2_managed_prefix_list(_entry)?", "ec2_tag", "ecs_tag"),
    *("alb_(listener|target_group).*", "lb_target_group_attachment", "customer_gateway"),
    *("vpn_gateway(_.+)?", "lambda_layer_version", "acm_certificate_validation", "kms_grant"),
    *("cloudwatch_log_(stream|subscription_filter|destination)", "ssm_document"),
    *("sagemaker_user_profile", "sagemaker_studio_lifecycle_config", "sagemaker_image(_version)?"),
    *("ecs_account_setting_default", "sns_topic_subscription", "cognito_.+_(client|domain)"),
)
FREE = re.compile(
    rf"aws_({'|'.join((*_FAMILIES, *_PARTS))})"
    # Pods run on nodes that are counted; these hand no volume and no load balancer out.
    r"|kubernetes_(cluster_role|role|service_account|namespace|config_map|secret|deployment|"
    r"daemon_?set|job|cron_job|network_policy|priority_class|resource_quota|limit_range)(_.+)?"
)
"""The types, made elsewhere, that AWS takes nothing for by the hour or month: who may do what, and what
only sets something on a resource that is counted by itself. No page of AWS lists them: a type that is missing here
counts as not priced."""

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
