"""Side-cars that AWS has an image for: a router of logs and a collector of traces and metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from ..context import Context
from ..iam.policy import Statement, allow
from ..model.environment import MDL24, MDL25
from ..rules import Problem, rule
from ..secret import name_says_secret, value_is_secret
from ..spec import Aws
from .containers import Agent, HelperImage, SecretArn, Started

ECS64 = rule(
    "ECS64",
    refuses="a router of logs that does not say where to, or says one option twice",
    message="{fault}",
    source="Amazon ECS developer guide, FireLens (log options name the output plugin and what it "
    "writes to); github.com/aws/aws-for-fluent-bit",
)
_OF_THE_IMAGE = "/etc/ecs/ecs-default-config.yaml"

_DRIVERS = {
    "cloudwatch": ("logs", ("CreateLogStream", "PutLogEvents"), "log_group_name"),
    "cloudwatch_logs": ("logs", ("CreateLogStream", "PutLogEvents"), "log_group_name"),
    "firehose": ("firehose", ("PutRecordBatch",), "delivery_stream"),
    "kinesis": ("kinesis", ("PutRecords",), "stream"),
    "kinesis_firehose": ("firehose", ("PutRecordBatch",), "delivery_stream"),
    "kinesis_streams": ("kinesis", ("PutRecords",), "stream"),
}
"""The output plugins that write to AWS: the service, what they do, and the option that names what
they write to. Source: Fluent Bit manual, outputs; github.com/aws/aws-for-fluent-bit."""

_RESOURCES = {
    "firehose": "deliverystream/{}",
    "kinesis": "stream/{}",
    "logs": "log-group:{}:*",
}
_ENDPOINTS = {"firehose": "kinesis-firehose", "kinesis": "kinesis-streams", "logs": "logs"}


class FireLens(Agent):
    """A router of the logs of the model and of the other side-cars: Fluent Bit in AWS's image.

    Its own log, and those of what Inferform starts before the model, go to the service's log group.
    It runs as root, which owns the socket that ECS gives it, with a writable root file system and
    without capabilities.
    """

    image: HelperImage = "public.ecr.aws/aws-observability/aws-for-fluent-bit:2.34.3"
    """Its image. Default: AWS's from the public registry."""

    output: Annotated[dict[str, str], Aws("ecs:LogConfiguration.options")]
    """The options of the output plugin, such as `{"Name": "firehose", "delivery_stream": "logs"}`.
    `region` is added for those of AWS. The task role may write to what a plugin of CloudWatch Logs,
    Firehose or Kinesis names; for others, such as `s3`, add `permissions`."""

    output_secrets: dict[
        Annotated[str, Aws("ecs:Secret.name")],
        Annotated[SecretArn, Aws("ecs:Secret.valueFrom")],
    ] = {}
    """Options whose values are secrets or parameters, by ARN. Default: none."""

    def check(self) -> Iterator[Problem]:
        """There is an output, and no secret is written in plain."""
        yield from super().check()
        if not self.output.get("Name"):
            yield ECS64.problem("output", fault="needs Name, the output plugin, such as firehose")
        elif self.target == "":
            option = _DRIVERS[self.output["Name"]][2]
            fault = f"needs {option}, which the plugin {self.output['Name']} writes to"
            yield ECS64.problem("output", fault=fault)
        for name, value in self.output.items():
            if name_says_secret(name, value):
                yield MDL24.problem("output", name, instead="write its ARN in output_secrets")
            elif value_is_secret(value):
                yield MDL25.problem("output", name, instead="write its ARN in output_secrets")
            if name in self.output_secrets:
                fault = "is an option of output too; leave it out there"
                yield ECS64.problem("output_secrets", name, fault=fault)

    @property
    def started(self) -> Started:
        """As root, before the containers that it logs for."""
        return Started(user="0", read_only=False, environment=self.environment)

    @property
    def target(self) -> str | None:
        """What a plugin of AWS writes to; empty where it says nothing, None for other plugins."""
        driver = _DRIVERS.get(self.output.get("Name", ""))
        return None if driver is None else self.output.get(driver[2], "")

    def options(self, context: Context) -> dict[str, str]:
        """The log options of the containers that it logs for."""
        of_aws = {} if self.target is None else {"region": context.region}
        return dict(sorted({**of_aws, **self.output}.items()))

    @property
    def ecs_secrets(self) -> Mapping[str, str]:
        """Those of its variables, and of its options."""
        return {
            **self.secrets,
            **{f"output.{name}": arn for name, arn in self.output_secrets.items()},
        }

    @property
    def calls_aws(self) -> bool:
        """Where its plugin writes to AWS."""
        return bool(self.target)

    def statements(self, context: Context) -> list[Statement]:
        """What the task role may do for it."""
        if not self.target:
            return []
        service, actions, _ = _DRIVERS[self.output["Name"]]
        arn = context.arn(service, _RESOURCES[service].format(self.target))
        return [allow([f"{service}:{action}" for action in actions], arn, sid="RouteLogs")]

    def endpoints(self) -> frozenset[str]:
        """The interface endpoints that it calls."""
        driver = _DRIVERS.get(self.output.get("Name", ""))
        return frozenset() if driver is None else frozenset({_ENDPOINTS[driver[0]]})


class Adot(Agent):
    """The AWS Distro for OpenTelemetry: a collector that the model sends traces and metrics to,
    at `localhost:4317` (gRPC) or `localhost:4318` (HTTP)."""

    image: HelperImage = "public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3"
    """Its image. Default: AWS's from the public registry."""

    config: Annotated[str, Aws("ecs:KeyValuePair.value")] | None = None
    """The collector's configuration, as YAML. Default: the image's for ECS, traces to X-Ray and
    metrics to CloudWatch."""

    essential: Annotated[bool, Aws("ecs:ContainerDefinition.essential")] = False
    """Whether the task stops, and is replaced, when it stops. Default: False; the model serves
    without traces."""

    @property
    def started(self) -> Started:
        """With its configuration, listening on the ports of OTLP."""
        given = {} if self.config is None else {"AOT_CONFIG_CONTENT": self.config}
        return Started(
            user="10001",
            read_only=True,
            command=None if given else [f"--config={_OF_THE_IMAGE}"],
            environment={**given, **self.environment},
            ports=(4317, 4318),
        )

    @property
    def calls_aws(self) -> bool:
        """It sends to X-Ray and CloudWatch."""
        return True

    def statements(self, context: Context) -> list[Statement]:
        """What the task role may do for the collector, as its configuration for ECS sends it.

        Source: AWS Distro for OpenTelemetry, Amazon ECS, IAM permissions.
        """
        groups = context.arn("logs", "log-group:/aws/ecs/*")
        return [
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
            ),
            allow(
                [
                    "logs:CreateLogGroup",
                    "logs:CreateLogStream",
                    "logs:DescribeLogStreams",
                    "logs:PutLogEvents",
                ],
                groups,
                sid="SendMetrics",
            ),
        ]

    def endpoints(self) -> frozenset[str]:
        """The interface endpoints that it calls."""
        return frozenset({"logs", "xray"})
