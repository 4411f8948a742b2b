"""What is counted, sought and masked in logs, and the trail of calls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..cdk import Construct
from ..context import Context
from ..iam.policy import Statement, allow, document
from ..protect import lifecycle
from ..s3.construct import Bucket
from ..s3.lifecycle import ObjectRule
from ..s3.spec import ArtifactBucket
from ..service import Subject
from ..statement import PolicyStatement
from .audit import Audit, trail_arn
from .logs import CountedLog, DataProtection, LogAnomalies, Read, policy_text
from .names import AUDIT, audit_name, log_namespace

from cdktf_cdktf_provider_aws.cloudtrail import (
    Cloudtrail,
    CloudtrailAdvancedEventSelector,
    CloudtrailAdvancedEventSelectorFieldSelector,
)
from cdktf_cdktf_provider_aws.cloudwatch_log_anomaly_detector import CloudwatchLogAnomalyDetector
from cdktf_cdktf_provider_aws.cloudwatch_log_data_protection_policy import (
    CloudwatchLogDataProtectionPolicy,
)
from cdktf_cdktf_provider_aws.cloudwatch_log_metric_filter import (
    CloudwatchLogMetricFilter,
    CloudwatchLogMetricFilterMetricTransformation,
)
from cdktf_cdktf_provider_aws.kms_alias import KmsAlias
from cdktf_cdktf_provider_aws.kms_key import KmsKey


class KeptLogs(Construct):
    """Metric filters, detectors of anomalies and data protection policies of log groups."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        counted: Iterable[CountedLog],
        detectors: Iterable[tuple[Read, str]],
        anomalies: LogAnomalies | None,
        masked: Iterable[Read],
        protection: DataProtection | None,
    ) -> None:
        super().__init__(scope, id)
        for each in counted:
            spec = each.spec
            CloudwatchLogMetricFilter(
                self,
                f"metric_{each.read.key}_{each.name}",
                name=context.name(each.name, limit=255),
                log_group_name=each.read.group,
                pattern=spec.pattern,
                metric_transformation=CloudwatchLogMetricFilterMetricTransformation(
                    namespace=log_namespace(context),
                    name=each.metric,
                    value=spec.value,
                    default_value=_text(spec.default_value),
                    dimensions=dict(spec.dimensions) or None,
                ),
            )
        for read, name in detectors:
            assert anomalies is not None
            CloudwatchLogAnomalyDetector(
                self,
                f"anomalies_{read.key}",
                detector_name=name,
                log_group_arn_list=[context.arn("logs", f"log-group:{read.group}")],
                evaluation_frequency=anomalies.frequency,
                filter_pattern=anomalies.pattern,
                anomaly_visibility_time=anomalies.shown_days,
                enabled=True,
            )
        for read in masked:
            assert protection is not None
            CloudwatchLogDataProtectionPolicy(
                self,
                f"mask_{read.key}",
                log_group_name=read.group,
                policy_document=policy_text(protection, context.partition),
            )


def _text(value: float | None) -> str | None:
    return None if value is None else f"{value:g}"


class Trail(Construct):
    """The calls of endpoints, in a bucket under a key that CloudTrail writes with and readers read with."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: Audit,
        of: Sequence[Subject],
    ) -> None:
        super().__init__(scope, id)
        name = audit_name(context)
        trail = trail_arn(context, name)
        key = KmsKey(
            self,
            "key",
            description=f"Calls of endpoints in {name}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            lifecycle=lifecycle(context),
            policy=document(*_key_policy(context, spec, trail)),
        )
        KmsAlias(self, "alias", name=f"alias/{name}", target_key_id=key.key_id)
        bucket = Bucket(
            self,
            AUDIT,
            context=context,
            spec=ArtifactBucket(
                rules={"keep": ObjectRule(expire_days=spec.keep_days)},
                expire_noncurrent_days=1,
                statements=_bucket_policy(context, spec, trail),
            ),
            kms_key_arn=key.arn,
        )
        assert bucket.policy is not None
        Cloudtrail(
            self,
            "trail",
            name=name,
            s3_bucket_name=bucket.name,
            kms_key_id=key.arn,
            enable_log_file_validation=True,
            include_global_service_events=False,
            is_multi_region_trail=False,
            advanced_event_selector=[
                CloudtrailAdvancedEventSelector(
                    name="Calls of SageMaker endpoints",
                    field_selector=[
                        _selector("eventCategory", "Data"),
                        _selector("resources.type", "AWS::SageMaker::Endpoint"),
                        _selector(
                            "resources.ARN",
                            *(
                                context.arn("sagemaker", f"endpoint/{context.endpoint(each.name)}")
                                for each in of
                            ),
                        ),
                    ],
                )
            ],
            depends_on=[bucket.policy],
        )


def _selector(field: str, *values: str) -> CloudtrailAdvancedEventSelectorFieldSelector:
    return CloudtrailAdvancedEventSelectorFieldSelector(field=field, equal_to=list(values))


def _key_policy(context: Context, spec: Audit, trail: str) -> list[Statement]:
    """AWS CloudTrail user guide, "Configure AWS KMS key policies for CloudTrail"."""
    service = {"Service": f"cloudtrail.{context.dns_suffix}"}
    statements = [
        allow(
            "kms:*",
            "*",
            sid="AccountAdministersByIam",
            principal={"AWS": context.arn("iam", "root")},
        ),
        allow(
            "kms:GenerateDataKey*",
            "*",
            sid="TrailEncrypts",
            principal=service,
            conditions={
                "StringEquals": {
                    "aws:SourceArn": trail,
                    "kms:EncryptionContext:aws:cloudtrail:arn": trail,
                }
            },
        ),
        allow(
            "kms:DescribeKey",
            "*",
            sid="TrailLooksAtIt",
            principal=service,
            conditions={"StringEquals": {"aws:SourceArn": trail}},
        ),
    ]
    if spec.readers:
        statements.append(
            allow(
                "kms:Decrypt",
                "*",
                sid="ReadersDecrypt",
                principal={"AWS": list(spec.readers)},
                conditions={"Null": {"kms:EncryptionContext:aws:cloudtrail:arn": "false"}},
            )
        )
    return statements


def _bucket_policy(context: Context, spec: Audit, trail: str) -> list[PolicyStatement]:
    """AWS CloudTrail user guide, "Amazon S3 bucket policy for CloudTrail"."""
    bucket = f"arn:{context.partition}:s3:::{context.bucket(AUDIT)}"
    service = {"Service": [f"cloudtrail.{context.dns_suffix}"]}
    statements = [
        PolicyStatement(
            sid="TrailLooksAtBucket",
            principals=service,  # type: ignore[arg-type]
            actions=["s3:GetBucketAcl"],
            resources=[bucket],
            conditions={"StringEquals": {"aws:SourceArn": [trail]}},
        ),
        PolicyStatement(
            sid="TrailWrites",
            principals=service,  # type: ignore[arg-type]
            actions=["s3:PutObject"],
            resources=[f"{bucket}/AWSLogs/{context.account}/*"],
            conditions={
                "StringEquals": {
                    "aws:SourceArn": [trail],
                    "s3:x-amz-acl": ["bucket-owner-full-control"],
                }
            },
        ),
    ]
    if spec.readers:
        statements += [
            PolicyStatement(
                sid="ReadersRead",
                principals={"AWS": list(spec.readers)},
                actions=["s3:GetObject", "s3:ListBucket"],
            ),
            PolicyStatement(
                sid="NobodyElseReads",
                effect="Deny",
                actions=["s3:GetObject", "s3:GetObjectVersion"],
                resources=[f"{bucket}/*"],
                conditions={"ArnNotLike": {"aws:PrincipalArn": list(spec.readers)}},
            ),
        ]
    return statements
