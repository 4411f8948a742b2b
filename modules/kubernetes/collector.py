"""A collector of OpenTelemetry beside the model in its pod."""

from __future__ import annotations

import json
from typing import Annotated, Any

from ..context import Context
from ..ecr.spec import VersionedImage
from ..iam.policy import Statement, allow
from ..rules import rule
from ..spec import Between, Matches, Spec

KUB34 = rule(
    "KUB34",
    refuses="memory of a collector outside 64 to 16,384 MiB",
    message="must be from {low} to {high} MiB",
    source="Inferform: a collector with less is killed at its start",
)
KUB35 = rule(
    "KUB35",
    refuses="a workspace of Prometheus that cannot be one",
    message="must be the id of a workspace, such as ws-0a1b2c3d-1111-2222-3333-444455556666",
    source="Amazon Managed Service for Prometheus API reference, CreateWorkspace workspaceId",
)
NAME = "collector"
"""The name of its container."""


class Collector(Spec):
    """The AWS Distro for OpenTelemetry: the model sends it traces and metrics, at `localhost:4317` (gRPC) or
    `localhost:4318` (HTTP), and it sends them on with the role of the pod."""

    image: VersionedImage = "public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3"
    """Its image. Default: AWS's from the public registry."""

    memory_mib: Annotated[int, Between(KUB34, 64, 16_384)] = 256
    """Its memory in MiB, beside that of the model: kept for it, and its limit. Default: 256."""

    workspace: Annotated[str, Matches(KUB35, r"ws-[0-9a-f-]{36}")] | None = None
    """The workspace of Amazon Managed Service for Prometheus, in the environment's account and Region,
    that metrics are written to. Default: None, they go to CloudWatch."""

    config: str | None = None
    """Its configuration, as YAML, in place of the whole one that is made. The role of the pod stays that
    of `workspace`; more is in `permissions`. Default: traces to X-Ray, and metrics to `workspace` or
    CloudWatch."""

    def settings(self, context: Context, service: str) -> str:
        """Its configuration: JSON, which is YAML too."""
        if self.config is not None:
            return self.config
        exporter: str = "awsemf"
        extensions: dict[str, Any] = {}
        exporters: dict[str, Any] = {"awsxray": {"region": context.region}}
        if self.workspace is None:
            exporters[exporter] = {
                "region": context.region,
                "namespace": f"inferform/{service}",
                "log_group_name": log_group(context, service),
                "log_stream_name": service,
            }
        else:
            exporter = "prometheusremotewrite"
            host = f"aps-workspaces.{context.region}.{context.dns_suffix}"
            exporters[exporter] = {
                "endpoint": f"https://{host}/workspaces/{self.workspace}/api/v1/remote_write",
                "auth": {"authenticator": "sigv4auth"},
            }
            extensions = {"sigv4auth": {"region": context.region, "service": "aps"}}
        pipeline = {"receivers": ["otlp"], "processors": ["batch"]}
        made: dict[str, Any] = {
            "receivers": {
                "otlp": {
                    "protocols": {
                        "grpc": {"endpoint": "localhost:4317"},
                        "http": {"endpoint": "localhost:4318"},
                    }
                }
            },
            "processors": {"batch": {}},
            "exporters": exporters,
            "service": {
                "pipelines": {
                    "traces": {**pipeline, "exporters": ["awsxray"]},
                    "metrics": {**pipeline, "exporters": [exporter]},
                }
            },
        }
        if extensions:
            made["extensions"] = extensions
            made["service"]["extensions"] = list(extensions)
        return json.dumps(made)

    def statements(self, context: Context, service: str) -> list[Statement]:
        """What the role of the pod may do for it."""
        found = [
            # X-Ray takes no resource.
            allow(
                [
                    "xray:GetSamplingRules",
                    "xray:GetSamplingTargets",
                    "xray:PutTelemetryRecords",
                    "xray:PutTraceSegments",
                ],
                "*",
                sid="SendTraces",
            )
        ]
        if self.workspace is not None:
            arn = context.arn("aps", f"workspace/{self.workspace}")
            return [*found, allow("aps:RemoteWrite", arn, sid="WriteMetrics")]
        actions = ("CreateLogGroup", "CreateLogStream", "DescribeLogStreams", "PutLogEvents")
        arn = context.arn("logs", f"log-group:{log_group(context, service)}")
        return [
            *found,
            allow([f"logs:{each}" for each in actions], [arn, f"{arn}:*"], sid="SendMetrics"),
        ]

    def endpoints(self) -> frozenset[str]:
        """The interface endpoints that it calls."""
        return frozenset({"xray", "aps-workspaces" if self.workspace else "logs"})


def log_group(context: Context, service: str) -> str:
    """The log group that a service's metrics come by, in CloudWatch's embedded format."""
    return f"/inferform/pods/{context.name(service)}/metrics"
