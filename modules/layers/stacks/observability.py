"""The observability layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...alarms.watched import Handed
from ...cdk import Construct, TerraformLocal
from ...context import Context
from ...layer import Layer
from ...observability.alarms import find_alarms
from ...observability.audit import audited
from ...observability.construct import (
    Alarms,
    Dashboards,
    EventRule,
    MonthlyBudget,
    Queries,
    Topic,
    UnusualSpending,
)
from ...observability.dashboard import dashboards
from ...observability.events import told
from ...observability.kept_construct import KeptLogs, Trail
from ...observability.logs import counted, detectors, read_logs
from ...observability.queries import saved
from ...observability.spec import Observability
from ...outputs import ApisOutputs, EcsOutputs, InferenceOutputs, Outputs
from ...overriding import override
from ...target import Target

if TYPE_CHECKING:
    from ...environment import Environment

_OUTPUTS: dict[str, type[Outputs]] = {
    "apis": ApisOutputs,
    "ecs": EcsOutputs,
    "inference": InferenceOutputs,
}


class ObservabilityLayer(Layer):
    """What watches the layers below: `topic`, `alarms`, and rules by the service that tells them,
    `events`."""

    def __init__(
        self,
        scope: Construct,
        *,
        context: Context,
        spec: Observability,
        target: Target,
        environment: Environment,
    ) -> None:
        super().__init__(scope, "observability", context=context, target=target)
        self._handed: dict[Handed, str] = {}
        self.topic = Topic(self, "topic", context=context, spec=spec.notify)
        found = find_alarms(environment)
        self.alarms = Alarms(
            self,
            "alarms",
            found=found,
            spec=spec.notify,
            topic=self.topic.arn,
            resolve=self.resolve,
        )
        self.dashboards = Dashboards(
            self,
            "dashboards",
            context=context,
            made=dashboards(environment, found) if spec.dashboard else (),
            resolve=self.resolve,
        )
        budget = spec.budget_in(context)
        if budget is not None:
            MonthlyBudget(self, "budget", context=context, spec=budget, topic=self.topic.arn)
        if spec.cost_anomalies is not None:
            UnusualSpending(
                self, "spending", context=context, spec=spec.cost_anomalies, topic=self.topic.arn
            )
        protection = spec.logs.protection
        KeptLogs(
            self,
            "logs",
            context=context,
            counted=counted(environment, spec),
            detectors=detectors(environment, spec),
            anomalies=spec.logs.anomalies,
            masked=read_logs(environment, protection.of) if protection else (),
            protection=protection,
        )
        if spec.audit is not None:
            of = audited(environment, spec.audit)
            Trail(self, "audit", context=context, spec=spec.audit, of=of)
        Queries(self, "queries", made=saved(environment) if spec.queries else ())
        events = Construct(self, "events")
        self.events = {
            each.source: EventRule(
                events,
                each.source,
                context=context,
                told=each,
                topic=self.topic.arn,
                chats=spec.notify.chats,
            )
            for each in (told(environment) if spec.events.rollbacks else ())
        }
        override(spec, self)

    def resolve(self, handed: Handed) -> str:
        """What a layer below hands up, as a local value of its own."""
        if handed not in self._handed:
            kind = _OUTPUTS[handed.layer.partition("-")[0]]
            value = getattr(self.read(handed.layer, kind), handed.output)[handed.key]
            name = f"handed_{len(self._handed)}"
            self._handed[handed] = TerraformLocal(self, name, value).as_string
        return self._handed[handed]
