"""An inference service on AWS Lambda: function, alias, role, logs, alarms and rollout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..cdk import Construct, ITerraformDependable, TerraformResourceLifecycle
from ..context import Context
from ..iam import grants
from ..iam.execution_role import ExecutionRole
from ..iam.policy import Statement, allow
from ..outputs import NetworkOutputs
from ..overriding import override
from ..rollouts.spec import Canary, Linear
from ..scaling.construct import ScalableTarget
from ..scaling.kinds import LAMBDA as LAMBDA_KIND
from ..vpc.egress import allow_https
from .names import (
    ALIAS,
    SHIFT,
    alias_arn,
    function_alarm,
    function_group,
    function_log_group,
    function_name,
    function_role,
)
from .parts import Asynchronous, FunctionAlarms, FunctionUrl, FunctionVpc
from .rollout import AliasShift
from .spec import LambdaFunction

from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import (
    CloudwatchMetricAlarm,
    CloudwatchMetricAlarmMetricQuery,
    CloudwatchMetricAlarmMetricQueryMetric,
)
from cdktf_cdktf_provider_aws.lambda_alias import LambdaAlias
from cdktf_cdktf_provider_aws.lambda_function import LambdaFunction as LambdaFunctionResource
from cdktf_cdktf_provider_aws.lambda_function import (
    LambdaFunctionEnvironment,
    LambdaFunctionEphemeralStorage,
    LambdaFunctionImageConfig,
    LambdaFunctionLoggingConfig,
    LambdaFunctionSnapStart,
    LambdaFunctionTimeouts,
    LambdaFunctionTracingConfig,
    LambdaFunctionVpcConfig,
)
from cdktf_cdktf_provider_aws.lambda_function_event_invoke_config import (
    LambdaFunctionEventInvokeConfig,
    LambdaFunctionEventInvokeConfigDestinationConfig,
    LambdaFunctionEventInvokeConfigDestinationConfigOnFailure,
    LambdaFunctionEventInvokeConfigDestinationConfigOnSuccess,
)
from cdktf_cdktf_provider_aws.lambda_function_url import LambdaFunctionUrl, LambdaFunctionUrlCors
from cdktf_cdktf_provider_aws.lambda_provisioned_concurrency_config import (
    LambdaProvisionedConcurrencyConfig,
)
from cdktf_cdktf_provider_aws.security_group import SecurityGroup

_SENDS = {
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "lambda": "lambda:InvokeFunction",
    "events": "events:PutEvents",
    "s3": "s3:PutObject",
}
"""What sending an event to a destination is, by its service.

Source: AWS Lambda developer guide, destinations for asynchronous invocation, permissions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSurroundings:
    """The references that functions of one layer share."""

    network: NetworkOutputs
    kms_key_arn: str
    private: bool
    """Whether the network has an endpoint for everything that is declared."""


class Function(Construct):
    """One function, with the alias that callers use.

    `arn` is the alias's, which is what is invoked; `invoke_arn` that by which API Gateway invokes it;
    `role` what the container may do; `url` the function's own address and `security_group_id` that of a
    function in the VPC, each None without it.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: LambdaFunction,
        surroundings: FunctionSurroundings,
    ) -> None:
        super().__init__(scope, id)
        self._id = id
        self._context = context
        self._spec = spec
        self._around = surroundings
        self.name = function_name(context, id)
        self.arn = alias_arn(context, id)
        self.url: str | None = None
        self.security_group_id: str | None = None
        self._key = spec.existing.kms_key or surroundings.kms_key_arn
        self._log_group = spec.existing.log_group or function_log_group(context, id)
        logs: list[ITerraformDependable] = []
        if spec.existing.log_group is None:
            logs.append(
                CloudwatchLogGroup(
                    self,
                    "logs",
                    name=self._log_group,
                    retention_in_days=spec.log_retention_days,
                    kms_key_id=self._key,
                )
            )
        self.role = ExecutionRole(
            self,
            "execution",
            context=context,
            name=function_role(id),
            statements=self._statements(),
            service="lambda.amazonaws.com",
            given=spec.existing.execution_role,
        )
        function = self._function([*self.role.ready, *logs])
        alias = self._alias(function)
        self.invoke_arn: str = alias.invoke_arn
        self._alarms(spec.alarms)
        warm = self._warm(function, alias)
        if spec.url is not None:
            self.url = self._address(alias, spec.url).function_url
        if spec.asynchronous is not None:
            self._events(alias, spec.asynchronous)
        if isinstance(spec.rollout, Canary | Linear):
            own = spec.alarms.names_of(context, id) if spec.alarms else []
            AliasShift(
                self,
                "rollout",
                context=context,
                name=id,
                spec=spec.rollout,
                alias_arn=self.arn,
                alarms=[*own, *spec.rollout.alarm_names],
                overrides=spec.overridden(SHIFT),
            )
        if spec.scaling is not None:
            qualified = f"{alias.function_name}:{alias.name}"
            if warm is not None:
                qualified = f"{warm.function_name}:{warm.qualifier}"
            ScalableTarget(
                self,
                "scaling",
                name=self.name,
                spec=spec.scaling,
                resource_id=f"function:{qualified}",
                kind=LAMBDA_KIND,
                dimensions=self._dimensions,
            )
        override(spec, self)

    @property
    def _dimensions(self) -> dict[str, str]:
        """Those of what the alias answers."""
        return {"FunctionName": self.name, "Resource": f"{self.name}:{ALIAS}"}

    def _statements(self) -> list[Statement]:
        """What Lambda does with the role, and what the container may do."""
        context, spec = self._context, self._spec
        group = context.arn("logs", f"log-group:{self._log_group}:*")
        statements = [
            allow(["logs:CreateLogStream", "logs:PutLogEvents"], group, sid="WriteLogs"),
            # Neither takes a resource.
            allow(["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*", sid="WriteTraces"),
            allow("kms:Decrypt", self._key, sid="DecryptVariables"),
            *grants.read_secrets(spec.model.environment.values()),
        ]
        if spec.vpc is not None:
            statements += [
                allow(["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"], "*", sid="ReadVpc"),
                # Lambda makes and removes the interfaces with the role; they are not known before.
                allow(
                    [
                        "ec2:AssignPrivateIpAddresses",
                        "ec2:CreateNetworkInterface",
                        "ec2:DeleteNetworkInterface",
                        "ec2:UnassignPrivateIpAddresses",
                    ],
                    [
                        context.arn("ec2", "network-interface/*"),
                        context.arn("ec2", "security-group/*"),
                        context.arn("ec2", "subnet/*"),
                    ],
                    sid="AttachToVpc",
                ),
            ]
        sent = spec.asynchronous.destinations if spec.asynchronous else ()
        for arn in sorted({arn for _, arn in sent}):
            service = arn.split(":")[2]
            resource = f"{arn}/*" if service == "s3" else arn
            statements.append(allow(_SENDS[service], resource, sid=f"SendTo{service.title()}"))
        return statements

    def _function(self, after: list[ITerraformDependable]) -> LambdaFunctionResource:
        context, spec = self._context, self._spec
        start = spec.container
        return LambdaFunctionResource(
            self,
            "function",
            function_name=self.name,
            package_type="Image",
            image_uri=spec.model.image_uri(context, "cpu"),
            image_config=_image_config(start.command, start.entry_point, start.working_directory),
            role=self.role.arn,
            architectures=["arm64" if spec.architecture == "ARM64" else "x86_64"],
            memory_size=spec.memory_mib,
            timeout=spec.timeout_seconds,
            ephemeral_storage=LambdaFunctionEphemeralStorage(size=spec.ephemeral_storage_mib),
            # Left out, it is unlimited.
            reserved_concurrent_executions=spec.reserved_concurrency,
            environment=LambdaFunctionEnvironment(variables=dict(sorted(spec.variables.items()))),
            kms_key_arn=self._key,
            # Every change makes a version, to which the alias is moved.
            publish=True,
            snap_start=LambdaFunctionSnapStart(apply_on="PublishedVersions")
            if start.snap_start
            else None,
            logging_config=LambdaFunctionLoggingConfig(
                log_format="JSON",
                application_log_level="INFO",
                system_log_level="WARN",
                log_group=self._log_group,
            ),
            tracing_config=LambdaFunctionTracingConfig(mode="Active"),
            timeouts=LambdaFunctionTimeouts(create="15m", update="15m", delete="60m"),
            depends_on=after,
            **({} if spec.vpc is None else self._place(spec.vpc)),
        )

    def _place(self, spec: FunctionVpc) -> dict[str, Any]:
        """Subnets and security group of a function in the VPC."""
        given = self._spec.existing
        groups = [*given.security_groups]
        if not groups:
            groups = [self._group(spec)]
        return {
            "vpc_config": LambdaFunctionVpcConfig(
                subnet_ids=[*given.subnets] or self._around.network.private_subnet_ids,
                security_group_ids=groups,
            ),
            # Lambda keeps the interfaces for up to an hour, and the group with them.
            "replace_security_groups_on_destroy": True,
        }

    def _group(self, spec: FunctionVpc) -> str:
        around = self._around
        name = function_group(self._context, self._id)
        group = SecurityGroup(
            self,
            "group",
            name=name,
            description="Inference function: HTTPS out",
            vpc_id=around.network.vpc_id,
            tags={"Name": name},
        )
        group_id: str = group.id
        self.security_group_id = group_id
        cidrs = spec.egress_cidrs
        if cidrs is None:
            cidrs = () if around.private else ("0.0.0.0/0",)
        allow_https(
            self,
            "to",
            security_group_id=group_id,
            network=around.network,
            cidrs=cidrs,
        )
        return group_id

    def _alias(self, function: LambdaFunctionResource) -> LambdaAlias:
        """What callers use. In a rollout CodeDeploy moves it, and a rollback moves it back."""
        owned = ["function_version", "routing_config"] if self._spec.shifts else []
        return LambdaAlias(
            self,
            "alias",
            name=ALIAS,
            description="The version that serves",
            function_name=function.function_name,
            function_version=function.version,
            lifecycle=TerraformResourceLifecycle(ignore_changes=owned) if owned else None,
        )

    def _warm(
        self, function: LambdaFunctionResource, alias: LambdaAlias
    ) -> LambdaProvisionedConcurrencyConfig | None:
        """The environments that are kept warm."""
        spec = self._spec
        if not spec.initial_concurrency:
            return None
        return LambdaProvisionedConcurrencyConfig(
            self,
            "warm",
            function_name=function.function_name,
            qualifier=alias.name,
            provisioned_concurrent_executions=spec.initial_concurrency,
            lifecycle=TerraformResourceLifecycle(
                ignore_changes=["provisioned_concurrent_executions"]
            )
            if spec.scaling is not None
            else None,
        )

    def _address(self, alias: LambdaAlias, spec: FunctionUrl) -> LambdaFunctionUrl:
        cors = LambdaFunctionUrlCors(
            allow_origins=[*spec.cors_origins],
            allow_methods=[*spec.cors_methods],
            allow_headers=[*spec.cors_headers] or None,
            max_age=spec.cors_max_age_seconds,
        )
        return LambdaFunctionUrl(
            self,
            "url",
            function_name=alias.function_name,
            qualifier=alias.name,
            authorization_type="AWS_IAM",
            invoke_mode="RESPONSE_STREAM" if spec.stream else "BUFFERED",
            cors=cors if spec.cors_origins else None,
        )

    def _events(self, alias: LambdaAlias, spec: Asynchronous) -> None:
        failed, succeeded = spec.on_failure, spec.on_success
        config = LambdaFunctionEventInvokeConfigDestinationConfig(
            on_failure=LambdaFunctionEventInvokeConfigDestinationConfigOnFailure(destination=failed)
            if failed
            else None,
            on_success=LambdaFunctionEventInvokeConfigDestinationConfigOnSuccess(
                destination=succeeded
            )
            if succeeded
            else None,
        )
        LambdaFunctionEventInvokeConfig(
            self,
            "events",
            function_name=alias.function_name,
            qualifier=alias.name,
            maximum_retry_attempts=spec.max_retries,
            maximum_event_age_in_seconds=spec.max_event_age_seconds,
            destination_config=config if failed or succeeded else None,
        )

    def _alarms(self, spec: FunctionAlarms | None) -> None:
        for kind in spec.kinds if spec else ():
            assert spec is not None
            CloudwatchMetricAlarm(
                self,
                f"alarm-{kind}",
                alarm_name=function_alarm(self._context, self._id, kind),
                comparison_operator="GreaterThanThreshold",
                evaluation_periods=spec.evaluation_periods,
                datapoints_to_alarm=spec.datapoints_to_alarm or spec.evaluation_periods,
                # Without requests there is no data, and no fault.
                treat_missing_data="notBreaching",
                alarm_actions=[*spec.alarm_topics] or None,
                ok_actions=[*spec.ok_topics] or None,
                **self._watched(kind, spec),
            )

    def _watched(self, kind: str, spec: FunctionAlarms) -> dict[str, Any]:
        own = {"namespace": "AWS/Lambda", "dimensions": self._dimensions}
        if kind == "duration":
            percentile = f"p{spec.duration_percentile:g}"
            return {
                **own,
                "alarm_description": f"{percentile} of Duration above {spec.duration_ms:g} ms",
                "metric_name": "Duration",
                "extended_statistic": percentile,
                "period": spec.period_seconds,
                "threshold": spec.duration_ms,
            }
        if kind == "throttles":
            return {
                **own,
                "alarm_description": f"more than {spec.throttles} throttled requests",
                "metric_name": "Throttles",
                "statistic": "Sum",
                "period": spec.period_seconds,
                "threshold": spec.throttles,
            }
        return {
            "alarm_description": f"failed invocations above {spec.error_percent:g}%",
            "threshold": spec.error_percent,
            "metric_query": [
                CloudwatchMetricAlarmMetricQuery(
                    id="rate",
                    expression="IF(invocations > 0, 100 * errors / invocations, 0)",
                    label="failed percent",
                    return_data=True,
                ),
                self._sum("errors", "Errors", spec),
                self._sum("invocations", "Invocations", spec),
            ],
        }

    def _sum(self, id: str, metric: str, spec: FunctionAlarms) -> CloudwatchMetricAlarmMetricQuery:
        return CloudwatchMetricAlarmMetricQuery(
            id=id,
            metric=CloudwatchMetricAlarmMetricQueryMetric(
                namespace="AWS/Lambda",
                metric_name=metric,
                dimensions=self._dimensions,
                period=spec.period_seconds,
                stat="Sum",
            ),
        )


def _image_config(
    command: Any, entry_point: Any, working_directory: str | None
) -> LambdaFunctionImageConfig | None:
    """What the container is started with; None leaves all of it to the image."""
    words = ["serve"] if command is None else [*command]
    if not words and entry_point is None and working_directory is None:
        return None
    return LambdaFunctionImageConfig(
        command=words or None,
        entry_point=None if entry_point is None else [*entry_point],
        working_directory=working_directory,
    )
