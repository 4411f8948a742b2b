"""CloudWatch alarms on one variant of a SageMaker endpoint, or on one inference component."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..cdk import Construct
from ..context import Context
from .published import SAGEMAKER, Publishes
from .spec import WATCHED, EndpointAlarms

from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import (
    CloudwatchMetricAlarm,
    CloudwatchMetricAlarmMetricQuery,
    CloudwatchMetricAlarmMetricQueryMetric,
)


class VariantAlarms(Construct):
    """The alarms that an EndpointAlarms asks for, on one variant or inference component.

    `publishes` is what CloudWatch has of it, `dimensions` what it is measured by, `configuration` the
    name of the endpoint's configuration. One without traffic is in order: missing data is not
    breaching.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: EndpointAlarms,
        endpoint: str,
        variant: str,
        dimensions: Mapping[str, str],
        publishes: Publishes,
        configuration: str | None = None,
    ) -> None:
        super().__init__(scope, id)
        counted = publishes.find(SAGEMAKER, "Invocations") is not None
        self._spec = spec
        self._dimensions = dict(dimensions)
        if spec.new_configuration_only and configuration:
            self._dimensions["EndpointConfigName"] = configuration
        self.names = spec.names_of(context, endpoint, variant)
        limits = {"5xx": spec.server_error_percent, "4xx": spec.client_error_percent}
        error_rate = self._error_rate if counted else self._average_error
        self.alarms = [
            self._latency(alarm, name)
            if alarm == "latency"
            else error_rate(alarm, name, limits[alarm] or 0)
            for alarm, name in zip(spec.kinds, self.names, strict=True)
        ]

    def _average_error(self, kind: str, name: str, limit: float) -> CloudwatchMetricAlarm:
        """Where invocations are not counted: SageMaker sends 1 for each error and 0 for every
        other response, so that the average is the rate."""
        return CloudwatchMetricAlarm(
            self,
            kind,
            alarm_name=name,
            alarm_description=f"{kind.upper()} answers above {limit:g}% of invocations",
            namespace=SAGEMAKER,
            metric_name=WATCHED[kind],
            dimensions=self._dimensions,
            statistic="Average",
            period=self._spec.period_seconds,
            # The metric is a fraction; rounded, as 0.07 / 100 is 0.0007000000000000001.
            threshold=round(limit / 100, 12),
            **self._evaluation(),
        )

    def _error_rate(self, kind: str, name: str, limit: float) -> CloudwatchMetricAlarm:
        return CloudwatchMetricAlarm(
            self,
            kind,
            alarm_name=name,
            alarm_description=f"{kind.upper()} answers above {limit:g}% of invocations",
            threshold=limit,
            metric_query=[
                CloudwatchMetricAlarmMetricQuery(
                    id="rate",
                    expression="IF(invocations > 0, 100 * errors / invocations, 0)",
                    label=f"{kind} percent",
                    return_data=True,
                ),
                self._sum("errors", WATCHED[kind]),
                self._sum("invocations", "Invocations"),
            ],
            **self._evaluation(),
        )

    def _sum(self, id: str, metric: str) -> CloudwatchMetricAlarmMetricQuery:
        return CloudwatchMetricAlarmMetricQuery(
            id=id,
            metric=CloudwatchMetricAlarmMetricQueryMetric(
                namespace=SAGEMAKER,
                metric_name=metric,
                dimensions=self._dimensions,
                period=self._spec.period_seconds,
                stat="Sum",
            ),
        )

    def _latency(self, kind: str, name: str) -> CloudwatchMetricAlarm:
        milliseconds = self._spec.model_latency_ms or 0
        percentile = f"p{self._spec.latency_percentile:g}"
        return CloudwatchMetricAlarm(
            self,
            kind,
            alarm_name=name,
            alarm_description=f"{percentile} of ModelLatency above {milliseconds:g} ms",
            namespace=SAGEMAKER,
            metric_name=WATCHED[kind],
            dimensions=self._dimensions,
            extended_statistic=percentile,
            period=self._spec.period_seconds,
            # The metric is in microseconds.
            threshold=milliseconds * 1000,
            **self._evaluation(),
        )

    def _evaluation(self) -> dict[str, Any]:
        """When an alarm fires, and whom it notifies."""
        return {
            "comparison_operator": "GreaterThanThreshold",
            "evaluation_periods": self._spec.evaluation_periods,
            "datapoints_to_alarm": self._spec.datapoints_to_alarm or self._spec.evaluation_periods,
            "treat_missing_data": "notBreaching",
            "alarm_actions": list(self._spec.alarm_topics) or None,
            "ok_actions": list(self._spec.ok_topics) or None,
        }
