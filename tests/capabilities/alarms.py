"""CloudWatch: alarms and log groups."""

from __future__ import annotations

from .record import ALARM_PERIODS, OTHER_UNIT, Capability

CAPABILITY = Capability(
    not_aws={
        OTHER_UNIT: ("EndpointAlarms.latency_percentile", "EndpointAlarms.model_latency_ms"),
    },
    stricter={
        "an alarm of an endpoint tells SNS topics, and starts nothing else": (
            "BlueGreen.alarm_topics[]",
            "BlueGreen.ok_topics[]",
            "EndpointAlarms.alarm_topics[]",
            "EndpointAlarms.ok_topics[]",
        ),
        ALARM_PERIODS: ("EndpointAlarms.period_seconds",),
    },
    requests={
        "aws_cloudwatch_log_group": "logs:CreateLogGroup logs:PutRetentionPolicy",
        "aws_cloudwatch_metric_alarm": "cloudwatch:PutMetricAlarm",
    },
    elsewhere={
        "aws_cloudwatch_metric_alarm.metric_query": "cloudwatch:PutMetricAlarmInput.Metrics",
        "aws_cloudwatch_metric_alarm.metric_query.metric": "cloudwatch:MetricStat",
        "aws_cloudwatch_metric_alarm.metric_query.metric.dimensions": "cloudwatch:Metric.Dimensions",
        "aws_cloudwatch_metric_alarm.metric_query.metric.metric_name": "cloudwatch:Metric.MetricName",
        "aws_cloudwatch_metric_alarm.metric_query.metric.namespace": "cloudwatch:Metric.Namespace",
    },
    encrypted={"aws_cloudwatch_log_group": lambda group: group.get("kms_key_id")},
    unnamed={
        "aws_cloudwatch_metric_alarm.metric_name": "the metric that it watches",
    },
    checkov={
        "aws_cloudwatch_log_group": {
            "CKV_AWS_338": (
                "how long logs are kept is the user's to say and to pay; 30 days where nothing is"
                " said"
            ),
        },
    },
)
