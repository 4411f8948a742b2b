"""What people watch AWS with: CloudWatch, SNS, Budgets, Cost Explorer, CloudTrail and Prometheus."""

from __future__ import annotations

from .row import Option, added, always, at, has, like, no, refers, some, yes

SOURCE = "Amazon CloudWatch and what stands beside it"
_ALARM = "aws_cloudwatch_metric_alarm"
_COMPOSITE = "aws_cloudwatch_composite_alarm"
_BUDGET = "aws_budgets_budget"
_TOPIC = "arn:aws:sns:us-east-1:111122223333:alerts"

OPTIONS: tuple[Option, ...] = (
    yes(
        "PutMetricAlarm: Threshold",
        "Observability(alarms=ServiceAlarms(latency_ms=250))",
        at(_ALARM, "threshold", 250_000),
    ),
    yes(
        "PutMetricAlarm: DatapointsToAlarm, EvaluationPeriods",
        "Observability(alarms=ServiceAlarms(minutes=4, of_minutes=6))",
        at(_ALARM, "datapoints_to_alarm", 4),
        at(_ALARM, "evaluation_periods", 6),
    ),
    yes(
        "PutMetricAlarm: TreatMissingData (no traffic)",
        "Observability(alarms=ServiceAlarms(no_traffic_hours=2))",
        at(_ALARM, "treat_missing_data", "breaching"),
    ),
    always(
        "PutMetricAlarm: EvaluateLowSampleCountPercentile",
        "Observability()",
        at(_ALARM, "evaluate_low_sample_count_percentiles", "ignore"),
    ),
    yes(
        "PutMetricAlarm: OKActions",
        "Observability(notify=Notify(ok=True))",
        at(_ALARM, "ok_actions", refers("aws_sns_topic")),
        beside="Observability(notify=Notify(ok=False))",
    ),
    yes(
        "PutMetricAlarm: ThresholdMetricId (anomaly detection)",
        'Observability(anomalies={"traffic": AnomalyAlarm(of="fraud", metric="Invocations", band=3)})',
        at(_ALARM, "metric_query.*.expression", like(r"ANOMALY_DETECTION_BAND\(\w+, 3\)")),
    ),
    yes(
        "PutCompositeAlarm: AlarmRule",
        'Observability(composites={"fraud": CompositeAlarm(alarms=["endpoint/fraud/*"])})',
        at(_COMPOSITE, "alarm_rule", has("ALARM(", " OR ")),
    ),
    yes(
        "PutCompositeAlarm: ActionsSuppressor",
        'Observability(composites={"fraud": CompositeAlarm(alarms=["endpoint/fraud/*"], '
        'muted_by="maintenance")})',
        at(_COMPOSITE, "actions_suppressor.alarm", has("maintenance")),
    ),
    no(
        "PutAlarmMuteRule",
        "Newer than the provider's versions that Inferform works with: `CompositeAlarm.muted_by` names an "
        "alarm that somebody sets by hand.",
    ),
    yes(
        "CreateServiceLevelObjective: BurnRateConfigurations",
        'Observability(slos={"up": Slo(of="fraud", objective_percent=99.9)})',
        some(_COMPOSITE, 3),
    ),
    yes(
        "PutDashboard",
        "Observability(dashboard=True)",
        some("aws_cloudwatch_dashboard", 1),
        beside="Observability(dashboard=False)",
    ),
    yes(
        "PutQueryDefinition",
        "Observability(queries=True)",
        at("aws_cloudwatch_query_definition", "name", like(r"inferform/.+/errors")),
        beside="Observability(queries=False)",
    ),
    yes(
        "PutMetricFilter",
        'Observability(logs=Logs(metrics={"timeouts": LogMetric(pattern="?timeout")}))',
        at("aws_cloudwatch_log_metric_filter", "pattern", "?timeout"),
    ),
    yes(
        "CreateLogAnomalyDetector",
        "Observability(logs=Logs(anomalies=LogAnomalies()))",
        some("aws_cloudwatch_log_anomaly_detector", 1),
    ),
    yes(
        "PutDataProtectionPolicy",
        'Observability(logs=Logs(protection=DataProtection(identifiers=["EmailAddress"])))',
        some("aws_cloudwatch_log_data_protection_policy", 1),
    ),
    yes(
        "terraform-aws-modules/sns: subscriptions",
        'Observability(notify=Notify(emails=["ml@example.com"]))',
        at("aws_sns_topic_subscription", "protocol", "email"),
        at("aws_sns_topic_subscription", "endpoint", "ml@example.com"),
    ),
    yes(
        "terraform-aws-modules/sns: create = false",
        f'Observability(notify=Notify(topic="{_TOPIC}"))',
        at(_ALARM, "alarm_actions", [_TOPIC]),
        some("aws_sns_topic", 0),
    ),
    yes(
        "terraform-aws-modules/sns: kms_master_key_id",
        "Observability(notify=Notify(kms_key=KEY))",
        at("aws_sns_topic", "kms_master_key_id", like(r"arn:aws:kms:.+")),
    ),
    yes(
        "terraform-aws-modules/eventbridge: rules (rollbacks and failures)",
        "Observability(events=Events(rollbacks=True))",
        at("aws_cloudwatch_event_rule", "event_pattern.source", ["aws.sagemaker"]),
        beside="Observability(events=Events(rollbacks=False))",
    ),
    yes(
        "CreateSlackChannelConfiguration",
        'Observability(notify=Notify(slack={"oncall": SlackChannel(workspace="T07EA123LEP", '
        'channel="C07EZ1ABC23")}))',
        at("aws_chatbot_slack_channel_configuration", "slack_channel_id", "C07EZ1ABC23"),
    ),
    yes(
        "CreateMicrosoftTeamsChannelConfiguration",
        'Observability(notify=Notify(teams={"oncall": TeamsChannel('
        'tenant="0a1b2c3d-1111-2222-3333-444455556666", team="1a1b2c3d-1111-2222-3333-444455556666", '
        'channel="19%3A0123456789abcdef%40thread.tacv2")}))',
        at(
            "aws_chatbot_teams_channel_configuration",
            "channel_id",
            "19%3A0123456789abcdef%40thread.tacv2",
        ),
    ),
    yes(
        "CreateBudget",
        "Observability(budget=Budget(usd_per_month=4000))",
        at(_BUDGET, "limit_amount", like(r"4000(\.0)?")),
    ),
    always(
        "CreateBudget: AutoAdjustData",
        "Observability()",
        at(_BUDGET, "auto_adjust_data.auto_adjust_type", "HISTORICAL"),
        at(_BUDGET, "notification.*.notification_type", "FORECASTED"),
    ),
    yes(
        "CreateAnomalySubscription",
        "Observability(cost_anomalies=CostAnomalies(usd=100))",
        some("aws_ce_anomaly_subscription", 1),
    ),
    yes(
        "CloudTrail: PutEventSelectors (AWS::SageMaker::Endpoint)",
        "Observability(audit=Audit())",
        some("aws_cloudtrail", 1),
    ),
    yes(
        "CloudWatch agent: nvidia_gpu",
        'Ec2Capacity(instance_types=["g5.xlarge"], gpu_metrics=True)',
        at(
            "aws_iam_role_policy",
            "policy.Statement.*.Condition.StringEquals.cloudwatch:namespace",
            "CWAgent",
        ),
        beside='Ec2Capacity(instance_types=["g5.xlarge"])',
    ),
    yes(
        "AWS Distro for OpenTelemetry (ECS)",
        'EcsService(sidecars={"traces": Adot()})',
        at("aws_ecs_task_definition", "container_definitions", has("aws-otel-collector")),
    ),
    yes(
        "AWS Distro for OpenTelemetry (EKS)",
        """{"eks": EksCluster(), "kubernetes": Kubernetes(services={"fraud": EksService(model=Model(), """
        """compute=Pod(vcpu=1, memory_mib=2048, collector=Collector()))})}""",
        at("kubernetes_deployment_v1", "spec.template.spec.container.1.name", "collector"),
        beside="""{"eks": EksCluster(), "kubernetes": Kubernetes(services={"fraud": EksService("""
        """model=Model(), compute=Pod(vcpu=1, memory_mib=2048))})}""",
    ),
    added(
        "CreateWorkspace (Prometheus)",
        "Observability()",
        'PrometheusWorkspace(built.observability, "metrics", alias="acme-dev")',
        at("aws_prometheus_workspace", "alias", "acme-dev"),
    ),
    yes(
        "RemoteWrite (Prometheus, of tasks)",
        'EcsService(sidecars={"metrics": Adot()}, permissions={"task": Permissions(statements=['
        'PolicyStatement(actions=["aps:RemoteWrite"], resources=['
        '"arn:aws:aps:us-east-1:111122223333:workspace/ws-0a1b2c3d-1111-2222-3333-444455556666"])])})',
        at("aws_iam_role_policy", "policy.Statement.*.Action", has("aps:RemoteWrite")),
    ),
    no(
        "CreateWorkspace (Grafana)",
        "Amazon Managed Grafana needs IAM Identity Center, which is the organization's.",
    ),
)
