"""A HorizontalPodAutoscaler as Kubernetes computes it, for the simulation of EKS services.

Sources: Kubernetes, Horizontal Pod Autoscaling (algorithm details, configurable scaling behavior);
pkg/controller/podautoscaler, replica_calculator.go and horizontal.go.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from inferform.scaling.spec import TargetTracking

SYNC_SECONDS = 15
"""How often it looks: --horizontal-pod-autoscaler-sync-period."""

TOLERANCE = 0.1
"""How far from 1 the ratio of metric and target must be: --horizontal-pod-autoscaler-tolerance."""

_LONGEST_WINDOW = 3600


class PodAutoscaler:
    """The replicas that it asks for, sync by sync."""

    def __init__(self, policies: Sequence[TargetTracking], desired: int) -> None:
        self.policies = policies
        cooldowns = (policy.scale_in_cooldown_seconds for policy in policies)
        self._window = min(max(cooldowns, default=0), _LONGEST_WINDOW)
        self._never_removes = any(policy.disable_scale_in for policy in policies)
        # It begins with what is there, so that nothing is removed before the window is over.
        self._recommended: deque[tuple[int, int]] = deque([(0, desired)])

    def wanted(
        self, now: int, utilizations: Sequence[float | None], desired: int, ready: int
    ) -> tuple[int, str]:
        """How many pods there should be, and the policy that says so.

        `utilizations` are of the ready pods, in percent, one for each policy.
        """
        asked = [
            (_replicas(value, policy.metric.target_value, desired, ready), policy.label)
            for value, policy in zip(utilizations, self.policies, strict=True)
        ]
        wanted, label = max(asked, key=lambda entry: entry[0], default=(desired, ""))
        self._recommended.append((now, wanted))
        while self._recommended[0][0] < now - self._window:
            self._recommended.popleft()
        if wanted > desired:
            # The default of scaleUp: twice as many, or 4 more, within 15 seconds.
            return min(wanted, max(2 * desired, desired + 4)), label
        if self._never_removes:
            return desired, label
        return min(desired, max(count for _, count in self._recommended)), label


def _replicas(value: float | None, target: float, desired: int, ready: int) -> int:
    """The replicas for one metric. Pods that start count as idle when it adds, and not at all
    when it removes."""
    if value is None or ready == 0:
        return desired
    ratio = value / target
    if desired > ready and ratio > 1:
        ratio = value * ready / (desired * target)
        if ratio <= 1 + TOLERANCE:
            return desired
        return math.ceil(round(ratio * desired, 9))
    if abs(ratio - 1) <= TOLERANCE:
        return desired
    return math.ceil(round(ratio * ready, 9))
