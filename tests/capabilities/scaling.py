"""Application Auto Scaling."""

from __future__ import annotations

from .record import ALARM_PERIODS, CLOSED_SET, MORE_THAN_MODELS, OTHER_UNIT, OWN_CHOICE, Capability

# As long as EventBridge Scheduler and as Application Auto Scaling take them.
_LONG, _LONGER = (f"cron({'0,' * pairs}10 8 ? * * *)" for pairs in (119, 791))

CAPABILITY = Capability(
    not_aws={
        OTHER_UNIT: (
            "ModelLatency.average_latency_ms",
            "ModelLatency.p90_latency_ms",
            "Step.lower",
            "Step.upper",
            "_Percentage.percent",
            "_Rate.requests_per_second",
            "_Rate.safety_factor",
        ),
        OWN_CHOICE: ("Scaling.suspended[]",),
    },
    left_out={
        "StepScaling.comparison": {
            ".+(Lower|Upper)Threshold": "are for anomaly detection",
        },
    },
    stricter={
        MORE_THAN_MODELS: (
            "CloudWatchMetric.dimensions{key}",
            "CloudWatchMetric.dimensions{}",
            "CloudWatchMetric.name",
            "CloudWatchMetric.namespace",
            "MetricMath.expression",
            "MetricMath.metrics{key}",
            "Scheduled.schedule",
            "Scheduled.timezone",
            "StepScaling.missing_data",
        ),
        ALARM_PERIODS: ("StepScaling.period_seconds",),
    },
    shorter={
        CLOSED_SET: ("Scheduled.timezone", "StepScaling.missing_data"),
        "the provider takes 1,024 characters": ("MetricMath.expression",),
    },
    good={
        "AAS14": (
            "cron(0 8 ? * MON-FRI *)",
            "at(2026-12-24T18:00:00)",
            "rate(12 hours)",
            _LONG,
            _LONGER,
        ),
        "AAS28": ("2026-12-01T08:00:00Z",),
        "AAS29": ("Europe/Berlin",),
        "MetricMath.expression": ("m * 2",),
    },
    requests={
        "aws_appautoscaling_policy": "application-autoscaling:PutScalingPolicy",
        "aws_appautoscaling_scheduled_action": "application-autoscaling:PutScheduledAction",
        "aws_appautoscaling_target": "application-autoscaling:RegisterScalableTarget",
    },
)
