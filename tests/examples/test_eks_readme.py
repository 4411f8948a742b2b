"""The READMEs of modules/eks and modules/kubernetes: their examples run and synthesize."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inferform import EksCluster, FargateProfile, NodeGroup, NodeGroups
from inferform.spec import problems_of

from . import readme


def test_the_clusters_of_the_readme_synthesize(synthesize: Callable[..., Any]) -> None:
    smallest, largest, *_ = readme.run("modules/eks/README.md")
    assert problems_of(smallest["dev"]) == []
    assert problems_of(largest["prod"]) == []
    stacks = synthesize(smallest["dev"], largest["prod"])
    assert len(stacks["dev-use1-eks"]["resource"]["aws_eks_cluster"]) == 1
    assert len(stacks["prod-euw1-eks"]["resource"]["aws_eks_node_group"]) == 3
    assert "eks-auth" in str(stacks["prod-euw1-network"]["resource"]["aws_vpc_endpoint"])


def test_the_services_of_the_readme_synthesize(synthesize: Callable[..., Any]) -> None:
    smallest, _, largest, *_ = readme.run("modules/kubernetes/README.md")
    assert problems_of(smallest["dev"]) == []
    assert problems_of(largest["prod"]) == []
    stacks = synthesize(smallest["dev"], largest["prod"])
    for stack in ("dev-use1-kubernetes", "prod-euw1-kubernetes"):
        assert len(stacks[stack]["resource"]["kubernetes_deployment_v1"]) == 1


def test_a_service_moves_by_its_type_and_target_alone() -> None:
    _, compared, *_ = readme.run("modules/kubernetes/README.md")
    moved = [compared[name] for name in ("on_sagemaker", "on_ecs", "on_eks")]
    for service in moved:
        assert service.model == compared["fraud"]
        assert service.scaling == compared["by_cpu"]
    assert len({type(service) for service in moved}) == 3
    written = [service.model_fields_set - {"model", "scaling"} for service in moved]
    assert written == [{"instance_type"}, {"compute", "route"}, {"compute", "ingress"}]


def test_the_add_ons_of_the_table_are_those_that_are_installed() -> None:
    text = (readme.ROOT / "modules/eks/README.md").read_text("utf-8")
    (row,) = (line for line in text.splitlines() if line.startswith("| add-ons installed"))
    cells = [cell.strip() for cell in row.strip("|").split("|")][1:]
    groups = NodeGroups(groups={"cpu": NodeGroup(instance_types=["m7i.large"], max_size=1)})
    clusters = [EksCluster(version="1.35", compute=each) for each in (groups, FargateProfile())]
    for cluster, cell in zip([EksCluster(version="1.35"), *clusters], cells, strict=True):
        assert ", ".join(cluster.installed_addons) == cell
