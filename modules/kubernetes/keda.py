"""Scaling of pods by queues and by metrics of Prometheus, through KEDA where a cluster has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from ..eks.spec import Namespace
from ..rules import Problem, rule
from ..spec import Between, Check, Many, OneOf, Spec

KUB30 = rule(
    "KUB30",
    refuses="bounds of KEDA's scaling out of order, or outside 0 to 5,000 pods",
    message="must be from {low} to {high} pods, with min_capacity <= max_capacity",
    source="KEDA, ScaledObject specification (minReplicaCount 0 scales to zero); Kubernetes, "
    "considerations for large clusters",
)
KUB31 = rule(
    "KUB31",
    refuses="a trigger of KEDA without what it asks, or with a target below 0",
    message="must be {expected}",
    source="KEDA, scalers AWS SQS queue and Prometheus",
)
KUB32 = rule(
    "KUB32",
    refuses="scaling through KEDA where nothing says that the cluster has it",
    message="needs KEDA in the cluster, which Inferform does not install; install it, and write "
    "Kubernetes(keda=Keda())",
    source="KEDA, deploying (a ScaledObject without its custom resource definition is refused)",
)
KUB33 = rule(
    "KUB33",
    refuses="seconds that KEDA or Kubernetes do not take",
    message="must be from {low} to {high} seconds",
    source="KEDA, ScaledObject specification; Kubernetes, HorizontalPodAutoscaler "
    "(stabilizationWindowSeconds at most 3,600)",
)

KEDA_ROLE = "keda"
"""KEDA's operator, in the name of its role."""

_QUEUE = re.compile(
    r"https://sqs\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<account>\d{12})/"
    r"(?P<name>[A-Za-z0-9_-]{1,80}(\.fifo)?)",
    re.ASCII,
)

Target = Annotated[
    float, Check(KUB31, lambda value: value > 0, lambda _: {"expected": "more than 0"})
]
Activation = Annotated[
    float, Check(KUB31, lambda value: value >= 0, lambda _: {"expected": "0 or more"})
]


class QueueTrigger(Spec):
    """As many pods as the messages of an SQS queue ask for."""

    queue: Annotated[
        str,
        Check(
            KUB31,
            lambda url: bool(_QUEUE.fullmatch(url)),
            lambda _: {
                "expected": "a queue's URL, such as "
                "https://sqs.us-east-1.amazonaws.com/111122223333/jobs"
            },
        ),
    ]
    """The queue's URL."""

    messages_per_pod: Annotated[
        int, Check(KUB31, lambda value: value > 0, lambda _: {"expected": "1 or more"})
    ] = 5
    """How many messages one pod is there for. Default: 5."""

    counts_in_flight: bool = True
    """Whether messages count that pods have received and not deleted. Default: True, so that work
    in progress scales nothing in."""

    @property
    def region(self) -> str:
        """The queue's Region."""
        return self._part("region")

    @property
    def account(self) -> str:
        """The queue's account."""
        return self._part("account")

    @property
    def name(self) -> str:
        """The queue's name."""
        return self._part("name")

    def _part(self, part: str) -> str:
        found = _QUEUE.fullmatch(self.queue)
        assert found is not None
        return found[part]


class PrometheusTrigger(Spec):
    """As many pods as a number of Prometheus asks for, such as the use of GPUs that NVIDIA's DCGM
    exporter publishes."""

    server: Annotated[
        str,
        Check(
            KUB31,
            lambda url: bool(
                re.fullmatch(r"https?://[a-z0-9.-]+(:\d{2,5})?(/[\w./-]*)?", url, re.ASCII)
            ),
            lambda _: {
                "expected": "the URL of a Prometheus, such as http://prometheus.monitoring:9090"
            },
        ),
    ]
    """The URL at which KEDA asks."""

    query: Annotated[
        str, Check(KUB31, lambda text: bool(text.strip()), lambda _: {"expected": "a query"})
    ]
    """The query in PromQL, which answers with one number, such as
    `sum(DCGM_FI_DEV_GPU_UTIL{exported_pod=~"ranking-.*"})`."""

    target: Target
    """The part of that number that one pod is there for: 70 for a sum of GPU use in percent."""

    activation: Activation = 0
    """Above what the first pod starts, where there is none. Default: 0."""


class KedaScaling(Spec):
    """How the number of pods follows queues or metrics, through KEDA. The highest number that a
    trigger asks for is taken."""

    max_capacity: Annotated[int, Between(KUB30, 1, 5000)]
    """The most pods."""

    min_capacity: Annotated[int, Between(KUB30, 0, 5000)] = 0
    """The fewest pods. Default: 0, none while nothing is asked for."""

    triggers: Annotated[
        Many[Annotated[QueueTrigger | PrometheusTrigger, OneOf()]],
        Check(KUB31, bool, lambda _: {"expected": "one trigger at least"}),
    ]
    """What the number follows."""

    polling_seconds: Annotated[int, Between(KUB33, 1, 3600)] = 30
    """Seconds between two questions while there is no pod. Default: 30."""

    cooldown_seconds: Annotated[int, Between(KUB33, 0, 86_400)] = 300
    """Seconds without anything asked for, after which the last pod goes. Default: 300."""

    scale_in_cooldown_seconds: Annotated[int, Between(KUB33, 0, 3600)] = 300
    """Seconds for which the highest number asked for stays. Default: 300."""

    fallback: Annotated[int, Between(KUB30, 0, 5000)] | None = None
    """The number of pods after three questions without an answer. Default: None, it stays."""

    def check(self) -> Iterator[Problem]:
        """The bounds are in order."""
        if self.min_capacity > self.max_capacity:
            yield KUB30.problem(
                "min_capacity", got=self.min_capacity, low=0, high=self.max_capacity
            )

    @property
    def queues(self) -> tuple[QueueTrigger, ...]:
        """The queues that are asked."""
        return tuple(each for each in self.triggers if isinstance(each, QueueTrigger))


class Keda(Spec):
    """KEDA in the cluster, which somebody else installs, by its Helm chart for one."""

    namespace: Namespace = "keda"
    """The namespace of its operator. Default: `keda`."""

    service_account: Annotated[
        str,
        Check(
            KUB31,
            lambda name: bool(
                re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", name, re.ASCII)
            ),
            lambda _: {"expected": "the name of a service account, such as keda-operator"},
        ),
    ] = "keda-operator"
    """The operator's service account. Default: `keda-operator`."""

    makes_role: bool = True
    """Whether the layer makes the operator's role, which may count the messages of the services'
    queues and nothing else. A service account has one role in a cluster: False where it has one.
    Default: True."""
