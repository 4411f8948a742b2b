"""The helm layer: what is refused, where it stands, and its JSON.

The provider is not at hand, so attributes are those of its documentation: hashicorp/helm 2.17 and 3,
helm_release and the provider's own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inferform import EksCluster, EksOutputs, Environment, Helm, HelmRelease, SpecError
from inferform.spec import collecting, problems_of
from ops.terraform import stacks
from tests.conftest import Synthesized
from tests.modules.test_kubernetes_layer import CONTEXT, NETWORK, PLAIN, REGISTRY, environment

Synthesize = Callable[..., Synthesized]

KEDA = HelmRelease(
    chart="keda",
    repository="https://kedacore.github.io/charts",
    version="2.20.2",
    namespace="keda",
    values={"operator": {"replicaCount": 2}, "query": "${x} %{y}"},
)


def with_helm(**releases: HelmRelease) -> Environment:
    return environment({"plain": PLAIN}).replace(helm=Helm(releases=releases))


def rules(**fields: Any) -> list[str]:
    with collecting():
        made = HelmRelease(
            **{"chart": "keda", "repository": "https://x.io", "version": "1.0.0", **fields}
        )
        return [problem.rule for problem in problems_of(made)]


def test_a_release_is_what_is_written(synthesize: Synthesize) -> None:
    stack = synthesize(with_helm(keda=KEDA))["dev-use1-helm"]
    (release,) = stack["resource"]["helm_release"].values()
    given = {key: value for key, value in release.items() if key not in ("//", "values")}
    assert given == {
        "name": "keda",
        "chart": "keda",
        "repository": "https://kedacore.github.io/charts",
        "version": "2.20.2",
        "namespace": "keda",
        "create_namespace": True,
        "atomic": True,
        "timeout": 600,
    }
    (values,) = release["values"]
    assert json.loads(values) == {
        "operator": {"replicaCount": 2},
        # Terraform takes no template out of it.
        "query": "$${x} %%{y}",
    }
    assert stack["terraform"]["required_providers"]["helm"] == {
        "source": "hashicorp/helm",
        "version": ">= 2.17.0, < 4.0.0",
    }


def test_the_cluster_is_reached_as_by_the_kubernetes_layer(synthesize: Synthesize) -> None:
    made = synthesize(with_helm(keda=KEDA))
    (helm,) = made["dev-use1-helm"]["provider"]["helm"]
    (kubernetes,) = made["dev-use1-kubernetes"]["provider"]["kubernetes"]
    (access,) = kubernetes["exec"]
    assert helm["kubernetes"] == {**kubernetes, "exec": access}


def test_charts_come_before_the_services_and_after_the_cluster(
    synthesize: Synthesize, tmp_path: Path
) -> None:
    synthesize(with_helm(keda=KEDA))
    order = {stack.name: stack.dependencies for stack in stacks(tmp_path / "cdktf.out")}
    assert order["dev-use1-helm"] == ("dev-use1-eks",)
    assert set(order["dev-use1-kubernetes"]) == {"dev-use1-eks", "dev-use1-helm"}
    assert environment({"plain": PLAIN}).below()["kubernetes"] == ["eks"]


def test_charts_go_on_a_cluster_that_exists(synthesize: Synthesize) -> None:
    foreign = EksOutputs(
        cluster_name="shared", endpoint="https://x", certificate_authority="eA==", oidc_issuer="i"
    )
    made = Environment(
        context=CONTEXT,
        network=NETWORK,
        registry=REGISTRY,
        eks=foreign,
        helm=Helm(releases={"keda": KEDA}),
    )
    (provider,) = synthesize(made)["dev-use1-helm"]["provider"]["helm"]
    assert provider["kubernetes"]["host"] == "https://x"
    with pytest.raises(SpecError, match="ENV1"):
        Environment(context=CONTEXT, helm=Helm(releases={"keda": KEDA}))


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"chart": "stable/keda"}, "HLM1"),
        ({"repository": "http://x.io"}, "HLM1"),
        ({"repository": "https://user:word@x.io"}, "HLM1"),
        ({"version": "^2.20"}, "HLM1"),
        ({"version": "2.20"}, "HLM1"),
        ({"version": "latest"}, "HLM1"),
        ({"values": {"a": float("nan")}}, "HLM2"),
        ({"values": {"auth": {"password": "correct horse"}}}, "HLM3"),
        ({"values": {"auth": [{"apiKey": "correct horse"}]}}, "HLM3"),
        ({"values": {"keys": ["AKIAIOSFODNN7EXAMPLE"]}}, "HLM3"),
        ({"timeout_seconds": 29}, "HLM4"),
        ({"timeout_seconds": 3601}, "HLM4"),
        ({"namespace": "Keda"}, "EKS31"),
    ],
)
def test_a_release_is_refused_before_helm_would(fields: dict[str, Any], rule: str) -> None:
    assert rules(**fields) == [rule]


@pytest.mark.parametrize(
    "fields",
    [
        {"repository": "oci://public.ecr.aws/karpenter"},
        {"version": "v1.2.3-rc.1+build.5"},
        {"timeout_seconds": 30},
        {"timeout_seconds": 3600},
        {"values": {"auth": {"existingSecret": "keda-auth"}, "ports": [1, 2], "on": None}},
        {"values": {"passwordSecretName": "keda-auth", "tokenSecretRef": "keda-token"}},
    ],
)
def test_a_release_is_taken_up_to_its_limits(fields: dict[str, Any]) -> None:
    assert rules(**fields) == []


def test_a_layer_of_charts_has_one() -> None:
    with pytest.raises(SpecError, match="HLM5"):
        Helm(releases={})


def test_a_release_of_auto_mode_needs_no_services(synthesize: Synthesize) -> None:
    made = Environment(
        context=CONTEXT,
        network=NETWORK,
        registry=REGISTRY,
        eks=EksCluster(version="1.35"),
        helm=Helm(releases={"keda": KEDA}),
    )
    assert made.layers == ["eks", "helm"]
    assert "dev-use1-helm" in synthesize(made)
