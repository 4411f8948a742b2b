"""The observability layer."""

from __future__ import annotations

from .record import (
    MODEL,
    OTHER_UNIT,
    OWN_CHOICE,
    PART_OF_A_NAME,
    PART_OF_A_POLICY,
    TERRAFORMS,
    Capability,
)

_KEYS = "keys of alarms of the environment, from which rules are written"

CAPABILITY = Capability(
    examples={
        "observability": f"""
inference=Inference(
    endpoints={{
        "fraud": RealtimeEndpoint(
            model={MODEL}, instance_type="ml.g5.xlarge",
            scaling=Scaling(
                max_capacity=3, policies=[TargetTracking(metric=CpuUtilization(percent=60))],
            ),
        ),
        "late": AsyncEndpoint(model={MODEL}, instance_type="ml.m5.large"),
    }},
),
observability=Observability(
    notify=Notify(
        emails=["ml-oncall@example.com"],
        https=["https://events.pagerduty.com/integration/0123456789abcdef/enqueue"],
        slack={{"oncall": SlackChannel(workspace="T07EA123LEP", channel="C07EZ1ABC23")}},
        teams={{
            "oncall": TeamsChannel(
                tenant="0a1b2c3d-1111-2222-3333-444455556666",
                team="1a1b2c3d-1111-2222-3333-444455556666",
                channel="19%3A0123456789abcdef%40thread.tacv2",
            ),
        }},
        kms_key="arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        ok=False,
    ),
    alarms=ServiceAlarms(
        server_error_percent=0.5, client_error_percent=10.0, latency_ms=250.0,
        latency_percentile=95.0, overhead_ms=500.0, no_traffic_hours=6, failed_runs=1,
        minutes=2, of_minutes=3,
        usage=UsageAlarms(
            memory_percent=85.0, disk_percent=75.0, gpu_memory_percent=90.0,
            saturation_percent=70.0, behind_minutes=10, missing=1, missing_minutes=10, restarts=1,
        ),
        queue=QueueAlarms(backlog_age_seconds=600, lost_requests=5, spillover=5),
    ),
    services={{"late": ServiceAlarms()}},
    anomalies={{
        "traffic": AnomalyAlarm(
            of="fraud", metric="Invocations", outside="below", band=3.0, period_minutes=15,
            datapoints=2, of_datapoints=4,
        ),
    }},
    slos={{
        "availability": Slo(of="fraud", objective_percent=99.5, period_days=28, min_requests=500),
        "speed": Slo(
            of="late", objective_percent=99.0, latency_ms=300.0, page=True, ticket=False,
        ),
    }},
    composites={{
        "fraud": CompositeAlarm(
            alarms=["endpoint/fraud/*"], needs="any", unless=["anomaly/traffic"],
            muted_by="maintenance", alone=True,
        ),
    }},
    budget=Budget(
        usd_per_month=2000.0, warn_at_percent=[80, 100], forecast_at_percent=110,
        emails=["finance@example.com"],
    ),
    cost_anomalies=CostAnomalies(usd=50.0, often="daily", emails=["finance@example.com"]),
    logs=Logs(
        metrics={{
            "timeouts": LogMetric(
                pattern="?timeout ?timed", of=["fraud"], value="1", default_value=0,
                alarm_above=5.0,
            ),
            "seconds": LogMetric(
                pattern="{{ $.seconds >= 0 }}", value="$.seconds", dimensions={{"model": "$.model"}},
            ),
        }},
        anomalies=LogAnomalies(
            of=["late"], minutes=30, pattern="ERROR", shown_days=14, tells=True,
        ),
        protection=DataProtection(
            of=["fraud"], identifiers=["EmailAddress", "PhoneNumber-DE"],
            own={{"CustomerId": "C-[0-9]+"}}, findings="/audit/findings",
        ),
    ),
    audit=Audit(
        of=["fraud", "late"], readers=["arn:aws:iam::111122223333:role/auditor"], keep_days=400,
    ),
    queries=True,
    dashboard=True,
    events=Events(rollbacks=True),
),
""",
        "observability-alone": f"""
inference=Inference(
    endpoints={{
        "fraud": RealtimeEndpoint(model={MODEL}, instance_type="ml.m5.large"),
    }},
),
observability=Observability(),
""",
        "observability-adjusting": f"""
inference=Inference(
    endpoints={{
        "fraud": RealtimeEndpoint(model={MODEL}, instance_type="ml.m5.large"),
    }},
),
observability=Observability(
    budget=AdjustingBudget(
        months=6, warn_at_percent=[110, 150], forecast_at_percent=130, emails=["finance@example.com"],
    ),
),
""",
    },
    not_aws={
        OTHER_UNIT: (
            "QueueAlarms.backlog_age_seconds",
            "QueueAlarms.lost_requests",
            "QueueAlarms.spillover",
            "ServiceAlarms.failed_runs",
            "ServiceAlarms.latency_ms",
            "ServiceAlarms.latency_percentile",
            "ServiceAlarms.no_traffic_hours",
            "ServiceAlarms.overhead_ms",
            "Slo.latency_ms",
            "Slo.objective_percent",
            "UsageAlarms.behind_minutes",
            "UsageAlarms.missing",
            "UsageAlarms.missing_minutes",
            "UsageAlarms.restarts",
            "AdjustingBudget.emails[]",
            "AdjustingBudget.forecast_at_percent",
            "AdjustingBudget.warn_at_percent[]",
            "Budget.emails[]",
            "Budget.forecast_at_percent",
            "Budget.usd_per_month",
            "Audit.keep_days",
            "CostAnomalies.often",
            "CostAnomalies.usd",
            "LogAnomalies.minutes",
            "LogMetric.alarm_above",
            "Budget.warn_at_percent[]",
            "AnomalyAlarm.band",
            "AnomalyAlarm.period_minutes",
        ),
        OWN_CHOICE: (
            "AnomalyAlarm.outside",
            "CostAnomalies.emails[]",
            "Slo.min_requests",
            "Slo.period_days",
        ),
        PART_OF_A_NAME: ("Notify.kms_key",),
        PART_OF_A_POLICY: (
            "Audit.readers[]",
            "DataProtection.findings",
            "DataProtection.identifiers[]",
            "DataProtection.own{key}",
            "DataProtection.own{}",
        ),
        "a map in the request, of which the models name no member": (
            "LogMetric.dimensions{key}",
            "LogMetric.dimensions{}",
        ),
        _KEYS: (
            "AnomalyAlarm.metric",
            "AnomalyAlarm.of",
            "CompositeAlarm.alarms[]",
            "CompositeAlarm.needs",
            "CompositeAlarm.unless[]",
            "Observability.services{key}",
            "Slo.of",
            "Audit.of[]",
            "DataProtection.of[]",
            "LogAnomalies.of[]",
            "LogMetric.of[]",
        ),
    },
    stricter={
        "60 are of days, of months 12": ("AdjustingBudget.months",),
        "an alarm tells SNS topics, and starts nothing else": ("Notify.topic",),
        "an alarm of this account and Region, by its name": ("CompositeAlarm.muted_by",),
        "a number, or the name of a field": ("LogMetric.value",),
        "what opens a bracket closes it": ("LogAnomalies.pattern", "LogMetric.pattern"),
    },
    shorter={
        "an alarm of this account and Region, by its name": ("CompositeAlarm.muted_by",),
    },
    elsewhere={
        "aws_cloudwatch_log_anomaly_detector.enabled": (
            "logs:UpdateLogAnomalyDetectorRequest.enabled"
        ),
        "aws_cloudwatch_log_data_protection_policy.log_group_name": (
            "logs:PutDataProtectionPolicyRequest.logGroupIdentifier"
        ),
        "aws_cloudwatch_log_metric_filter.metric_transformation.name": (
            "logs:MetricTransformation.metricName"
        ),
        "aws_cloudwatch_log_metric_filter.metric_transformation.namespace": (
            "logs:MetricTransformation.metricNamespace"
        ),
        "aws_cloudwatch_log_metric_filter.metric_transformation.value": (
            "logs:MetricTransformation.metricValue"
        ),
        "aws_budgets_budget.limit_amount": "budgets:Spend.Amount",
        "aws_budgets_budget.limit_unit": "budgets:Spend.Unit",
        "aws_cloudwatch_composite_alarm.actions_suppressor.alarm": (
            "cloudwatch:PutCompositeAlarmInput.ActionsSuppressor"
        ),
        "aws_cloudwatch_composite_alarm.actions_suppressor.extension_period": (
            "cloudwatch:PutCompositeAlarmInput.ActionsSuppressorExtensionPeriod"
        ),
        "aws_cloudwatch_composite_alarm.actions_suppressor.wait_period": (
            "cloudwatch:PutCompositeAlarmInput.ActionsSuppressorWaitPeriod"
        ),
        "aws_sns_topic_policy.arn": "sns:SetTopicAttributesInput.TopicArn",
        "aws_sns_topic_policy.policy": "sns:SetTopicAttributesInput.AttributeValue",
    },
    own={
        "a value of the attributes of CreateTopic, which the models do not name": (
            "aws_sns_topic.kms_master_key_id",
        ),
        "sent one by one, in requests of their own": ("aws_budgets_budget.notification",),
        "a map in the request, of which Terraform has a block for each key": (
            "aws_budgets_budget.cost_filter",
        ),
        TERRAFORMS: ("aws_sns_topic_subscription.endpoint_auto_confirms",),
    },
    encrypted={"aws_sns_topic": lambda topic: topic.get("kms_master_key_id")},
    checkov={
        "observability-*/aws_cloudtrail.*": {
            "CKV2_AWS_10": "calls are kept to be asked later, and nobody is notified of one by a log",
            "CKV_AWS_252": "each file would be a message, one every few minutes",
            "CKV_AWS_67": "it keeps the calls of the environment's endpoints, which are in one Region",
        },
        "*-observability/aws_iam_role_policy.topic_chat_*": {
            "CKV_AWS_355": "metrics and alarms take no resource where they are listed and drawn",
        },
        "observability-*/aws_sagemaker_model.*": {
            "CKV_AWS_370": "the examples have no artifact, whose container fetches what it serves",
        },
        "observability-*/aws_sagemaker_endpoint_configuration.*": {
            "CKV_AWS_98": (
                "AWS refuses a key for instances with local NVMe storage, which they encrypt "
                "themselves"
            ),
        },
    },
    good={
        "Notify.emails[]": ("ml-oncall@example.com",),
        "Notify.https[]": ("https://events.pagerduty.com/integration/1/enqueue",),
        "SlackChannel.channel": ("C07EZ1ABC23",),
        "TeamsChannel.channel": ("19%3A0123456789abcdef%40thread.tacv2",),
        "LogMetric.value": ("1", "$.seconds"),
    },
    unnamed={
        "aws_ce_anomaly_monitor.name": "Cost Explorer takes two of one name",
        "aws_ce_anomaly_subscription.name": "Cost Explorer takes two of one name",
        "aws_cloudtrail.s3_bucket_name": "the bucket's, which it writes to",
        "aws_cloudwatch_log_data_protection_policy.log_group_name": "the log group's, which it is of",
        "aws_cloudwatch_log_metric_filter.log_group_name": "the log group's, which it is of",
        "aws_cloudwatch_log_metric_filter.name": "unique in its log group alone",
    },
    requests={
        "aws_chatbot_slack_channel_configuration": "chatbot:CreateSlackChannelConfiguration",
        "aws_chatbot_teams_channel_configuration": "chatbot:CreateMicrosoftTeamsChannelConfiguration",
        "aws_budgets_budget": "budgets:CreateBudget budgets:Budget",
        "aws_ce_anomaly_monitor": "ce:CreateAnomalyMonitor ce:AnomalyMonitor",
        "aws_ce_anomaly_subscription": "ce:CreateAnomalySubscription ce:AnomalySubscription",
        "aws_cloudtrail": "cloudtrail:CreateTrail cloudtrail:PutEventSelectors",
        "aws_cloudwatch_log_anomaly_detector": "logs:CreateLogAnomalyDetector",
        "aws_cloudwatch_log_data_protection_policy": "logs:PutDataProtectionPolicy",
        "aws_cloudwatch_log_metric_filter": "logs:PutMetricFilter",
        "aws_cloudwatch_query_definition": "logs:PutQueryDefinition",
        "aws_cloudwatch_dashboard": "cloudwatch:PutDashboard",
        "aws_cloudwatch_composite_alarm": "cloudwatch:PutCompositeAlarm",
        "aws_sns_topic": "sns:CreateTopic",
        "aws_sns_topic_policy": "sns:SetTopicAttributes",
        "aws_sns_topic_subscription": "sns:Subscribe",
    },
)
