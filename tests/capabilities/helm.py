"""Helm releases."""

from __future__ import annotations

from .record import IN_KUBERNETES, Capability

CAPABILITY = Capability(
    examples={
        "helm": """
eks=EksCluster(version="1.35"),
helm=Helm(
    releases={
        "keda": HelmRelease(
            chart="keda", repository="https://kedacore.github.io/charts", version="2.20.2",
            namespace="keda", values={"operator": {"replicaCount": 2}}, timeout_seconds=300,
        ),
    },
),
""",
    },
    not_aws={
        IN_KUBERNETES: (
            "HelmRelease.chart",
            "HelmRelease.namespace",
            "HelmRelease.repository",
            "HelmRelease.timeout_seconds",
            "HelmRelease.values{key}",
            "HelmRelease.values{}",
            "HelmRelease.version",
        ),
    },
    unnamed={"helm_release.name": "the key of a dict, which holds each once"},
)
