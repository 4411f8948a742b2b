"""Approvals: a rule with its target, role and queue; and the event bus of other accounts."""

from __future__ import annotations

import json
from typing import Any

from ..cdk import Construct, TerraformResourceLifecycle
from ..context import Context
from ..iam.execution_role import ExecutionRole
from ..iam.policy import Statement, allow, deny, document
from ..overriding import override
from .spec import (
    Approval,
    Dispatch,
    EventBus,
    ForwardTo,
    StartCodePipeline,
    StartWorkflow,
    approval_name,
    approval_role,
    archive_name,
    bus_name,
    undelivered_name,
)

from cdktf_cdktf_provider_aws.cloudwatch_event_api_destination import (
    CloudwatchEventApiDestination,
)
from cdktf_cdktf_provider_aws.cloudwatch_event_archive import CloudwatchEventArchive
from cdktf_cdktf_provider_aws.cloudwatch_event_bus import CloudwatchEventBus
from cdktf_cdktf_provider_aws.cloudwatch_event_bus_policy import CloudwatchEventBusPolicy
from cdktf_cdktf_provider_aws.cloudwatch_event_connection import (
    CloudwatchEventConnection,
    CloudwatchEventConnectionAuthParameters,
    CloudwatchEventConnectionAuthParametersApiKey,
)
from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import (
    CloudwatchEventTarget,
    CloudwatchEventTargetDeadLetterConfig,
    CloudwatchEventTargetHttpTarget,
    CloudwatchEventTargetInputTransformer,
    CloudwatchEventTargetRetryPolicy,
)
from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue
from cdktf_cdktf_provider_aws.sqs_queue_policy import SqsQueuePolicy

_KEPT_SECONDS = 14 * 24 * 3600
_UNSET = "unset, see inferform connections set-token"


class Bus(Construct):
    """An event bus with its policy and archive; `bus_name` is that of the made bus, so that rules wait for
    it."""

    def __init__(self, scope: Construct, id: str, *, context: Context, spec: EventBus) -> None:
        super().__init__(scope, id)
        self.name = bus_name(context)
        bus: Any = CloudwatchEventBus(
            self, "bus", name=self.name, description=spec.description or None
        )
        self.bus_name: str = bus.name
        CloudwatchEventBusPolicy(
            self,
            "policy",
            event_bus_name=bus.name,
            policy=document(
                allow(
                    "events:PutEvents",
                    context.arn("events", f"event-bus/{self.name}"),
                    sid="EventsOfNamedAccounts",
                    principal={"AWS": context.account_roots(spec.from_accounts)},
                    conditions={"StringEquals": {"events:source": "aws.sagemaker"}},
                )
            ),
        )
        if spec.archive_days:
            CloudwatchEventArchive(
                self,
                "archive",
                name=archive_name(context),
                event_source_arn=bus.arn,
                retention_days=spec.archive_days,
            )
        override(spec, self)


class Undelivered(Construct):
    """A queue of what EventBridge, or its Scheduler, could not deliver, kept for 14 days; `arn` is
    known without state.

    Both take a standard queue of the same Region alone. Amazon EventBridge user guide, using
    dead-letter queues.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        name: str,
        sender: str,
        service: str = "events.amazonaws.com",
    ) -> None:
        """`sender` is the ARN of the rule or schedule whose events it takes."""
        super().__init__(scope, id)
        self.arn = arn = context.arn("sqs", name)
        queue = SqsQueue(
            self,
            "queue",
            name=name,
            message_retention_seconds=_KEPT_SECONDS,
            sqs_managed_sse_enabled=True,
        )
        SqsQueuePolicy(
            self,
            "policy",
            queue_url=queue.url,
            policy=document(
                allow(
                    "sqs:SendMessage",
                    arn,
                    sid="Undelivered",
                    principal={"Service": service},
                    conditions={"ArnEquals": {"aws:SourceArn": sender}},
                ),
                deny(
                    "sqs:*",
                    arn,
                    sid="DenyInsecureTransport",
                    conditions={"Bool": {"aws:SecureTransport": "false"}},
                    principal={"AWS": "*"},
                ),
            ),
        )


class ApprovalRule(Construct):
    """An approval: its rule, what it starts, and the role that may start it."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: Approval,
        bus: str = "default",
    ) -> None:
        """`bus` is the name of the event bus that the group's events reach."""
        super().__init__(scope, id)
        self._id, self._context, self._spec = id, context, spec
        self.name = name = approval_name(context, id)
        on = "" if bus == "default" else f"{bus_name(context)}/"
        arn = context.arn("events", f"rule/{on}{name}")
        rule = CloudwatchEventRule(
            self,
            "rule",
            name=name,
            description=f"Versions of {spec.group_name(context)}",
            event_bus_name=None if bus == "default" else bus,
            event_pattern=json.dumps(spec.pattern(context)),
            state=None if spec.enabled else "DISABLED",
        )
        target, may = self._target()
        role = ExecutionRole(
            self,
            "role",
            context=context,
            name=approval_role(id),
            service="events.amazonaws.com",
            statements=[may],
        )
        queue = None
        if spec.dead_letter:
            made = Undelivered(
                self,
                "undelivered",
                context=context,
                name=undelivered_name(context, id),
                sender=arn,
            )
            queue = CloudwatchEventTargetDeadLetterConfig(arn=made.arn)
        template = spec.template(context)
        CloudwatchEventTarget(
            self,
            "target",
            rule=rule.name,
            event_bus_name=None if bus == "default" else bus,
            arn=target,
            role_arn=role.arn,
            input_transformer=None
            if template is None
            else CloudwatchEventTargetInputTransformer(
                input_paths=spec.paths(context), input_template=template
            ),
            http_target=CloudwatchEventTargetHttpTarget(
                header_parameters={"Accept": "application/vnd.github+json"}
            )
            if isinstance(spec.target, Dispatch)
            else None,
            retry_policy=CloudwatchEventTargetRetryPolicy(
                maximum_event_age_in_seconds=spec.max_age_seconds,
                maximum_retry_attempts=spec.retry_attempts,
            ),
            dead_letter_config=queue,
            depends_on=[*role.ready],
        )
        override(spec, self)

    def _target(self) -> tuple[str, Statement]:
        """The ARN of what is started, and the right to start it."""
        context = self._context
        match self._spec.target:
            case Dispatch() as target:
                return self._destination(target)
            case StartCodePipeline(name=name):
                arn = context.arn("codepipeline", name)
                return arn, allow("codepipeline:StartPipelineExecution", arn, sid="Start")
            case StartWorkflow(state_machine=arn):
                return arn, allow("states:StartExecution", arn, sid="Start")
            case ForwardTo() as forward:
                arn = forward.arn(context)
                return arn, allow("events:PutEvents", arn, sid="Forward")

    def _destination(self, target: Dispatch) -> tuple[str, Statement]:
        connection: Any = CloudwatchEventConnection(
            self,
            "connection",
            name=self.name,
            authorization_type="API_KEY",
            auth_parameters=CloudwatchEventConnectionAuthParameters(
                api_key=CloudwatchEventConnectionAuthParametersApiKey(
                    key="Authorization", value=_UNSET
                )
            ),
            # The token is given to EventBridge alone: a state would hold it.
            lifecycle=TerraformResourceLifecycle(ignore_changes=["auth_parameters"]),
        )
        destination = CloudwatchEventApiDestination(
            self,
            "destination",
            name=self.name,
            connection_arn=connection.arn,
            http_method="POST",
            invocation_endpoint=target.url,
            invocation_rate_limit_per_second=1,
        )
        # AWS gives the ARN of an API destination an id of its own.
        own = self._context.arn("events", f"api-destination/{self.name}/*")
        return destination.arn, allow("events:InvokeApiDestination", own, sid="Dispatch")
