"""What is asked of Helm: charts that a cluster runs beside the services."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

from ..eks.spec import Namespace
from ..rules import Problem, rule
from ..secret import name_says_secret, texts_in, value_is_secret
from ..spec import Between, Check, ShortName, Spec, is_json

HLM1 = rule(
    "HLM1",
    refuses="a chart, repository or version that Helm does not find, or that may change unseen",
    message="must be {expected}",
    source="Helm, chart repositories, OCI registries, and Chart.yaml (version is SemVer 2)",
)
HLM2 = rule(
    "HLM2",
    refuses="values of a chart that JSON cannot hold",
    message="must be what JSON holds: text, numbers, True, False, None, lists and dicts by text",
    source="Helm, values files (YAML, of which JSON is a part)",
)
HLM3 = rule(
    "HLM3",
    refuses="a secret among the values of a chart",
    message="holds a secret in plain text at {where}, which states and plans then hold; name a "
    "Kubernetes Secret that you make, as the chart's documentation says",
    source="Terraform, sensitive data in state; Helm, values are kept in a Secret of each release",
)
HLM4 = rule(
    "HLM4",
    refuses="a release that Helm gives too little or too much time",
    message="must be from {low} to {high} seconds",
    source="hashicorp/helm, helm_release timeout; Inferform: a deploy waits for it",
)
HLM5 = rule(
    "HLM5",
    refuses="a layer of Helm releases without one",
    message="has no release; add one, or leave helm out",
    source="Inferform: a layer holds something",
)

_VERSION = re.compile(
    r"v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?", re.ASCII
)
# What charts call the name of a Secret that is there: existingSecret, secretName, tokenSecretRef.
_REFERENCE = re.compile(r"existing\w*|\w*(name|ref)", re.ASCII | re.IGNORECASE)
_REPOSITORY = re.compile(r"(https|oci)://[A-Za-z0-9.-]+(:\d{2,5})?(/[\w.~-]+)*/?", re.ASCII)


class HelmRelease(Spec):
    """A chart that is installed once, and upgraded in place. A failed upgrade is rolled back."""

    chart: Annotated[
        str,
        Check(
            HLM1,
            lambda name: bool(re.fullmatch(r"[A-Za-z0-9][\w.-]{0,127}", name, re.ASCII)),
            lambda _: {"expected": "the name of a chart in the repository, such as keda"},
        ),
    ]
    """The chart's name in its repository."""

    repository: Annotated[
        str,
        Check(
            HLM1,
            lambda url: bool(_REPOSITORY.fullmatch(url)),
            lambda _: {"expected": "an https:// or oci:// URL without credentials"},
        ),
    ]
    """The repository's URL, such as `https://aws.github.io/eks-charts`, or that of an OCI registry. Who
    deploys fetches the chart."""

    version: Annotated[
        str,
        Check(
            HLM1,
            lambda text: bool(_VERSION.fullmatch(text)),
            lambda _: {"expected": "one version, such as 2.20.2: a range changes without a commit"},
        ),
    ]
    """The chart's version."""

    namespace: Namespace = "kube-system"
    """The namespace that it is installed into, made where it is not there. Default: kube-system."""

    values: Annotated[dict[str, Any], Check(HLM2, is_json)] = {}
    """Values instead of the chart's own. Default: none."""

    timeout_seconds: Annotated[int, Between(HLM4, 30, 3600)] = 600
    """Seconds that its objects may take to be ready. Default: 600."""

    def check(self) -> Iterator[Problem]:
        """No secret is written in plain."""
        for where, name, text in texts_in(self.values):
            named = name_says_secret(name, text) and not _REFERENCE.fullmatch(name)
            if named or value_is_secret(text):
                yield HLM3.problem("values", where=where)


class Helm(Spec):
    """Charts that an EKS cluster runs: controllers, monitoring, KEDA, Karpenter. The layer is deployed
    before that of the services, whose objects may be of types that charts bring."""

    releases: Annotated[dict[ShortName, HelmRelease], Check(HLM5, bool)]
    """The releases, by the name that Helm knows each by."""
