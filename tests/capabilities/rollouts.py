"""Rollouts, wherever they run."""

from __future__ import annotations

from .record import NARROWER, Capability

CAPABILITY = Capability(
    not_aws={
        "seconds or minutes, as the target counts: see tests/specs/test_rollouts.py": (
            "BlueGreen.termination_wait_seconds",
            "Canary.wait_seconds",
            "Linear.wait_seconds",
        ),
    },
    stricter={
        NARROWER: (
            "Linear.step_percent",
            "Rolling.batch_percent",
            "Rolling.rollback_batch_percent",
        ),
        "the provider takes up to 14,400 seconds": ("Rollout.maximum_execution_timeout_seconds",),
    },
)
