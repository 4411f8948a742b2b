"""How nodes of a group start: AMIs, settings, scripts and launch templates of one's own, and groups
beside Auto Mode."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from email import message_from_string
from typing import Any

import pytest

from inferform import (
    AutoMode,
    EksCluster,
    Environment,
    NodeGroup,
    NodeGroups,
    NodeLaunch,
    OwnTemplate,
    SpecError,
    Taint,
)
from inferform.eks.launch import Os, user_data
from inferform.spec import collecting, problems_of
from tests.conftest import Synthesized
from tests.modules.test_eks_layer import CONTEXT, NETWORK, REGISTRY, resources

Synthesize = Callable[..., Synthesized]
AMI = "ami-0123456789abcdef0"
CLUSTER = {
    "name": "acme",
    "apiServerEndpoint": "https://example.com",
    "certificateAuthority": "Y2VydA==",
    "cidr": "172.20.0.0/16",
}
GPU_TAINT = [("nvidia.com/gpu", "true", "NO_SCHEDULE")]


def group(**fields: Any) -> NodeGroup:
    return NodeGroup(**{"instance_types": ["m7i.large"], "max_size": 2, **fields})


def rules(made: Callable[[], Any]) -> list[str]:
    with collecting():
        return [problem.rule for problem in problems_of(made())]


@pytest.fixture
def stack(synthesize: Synthesize) -> Callable[..., dict[str, Any]]:
    def of(compute: Any) -> dict[str, Any]:
        cluster = EksCluster(version="1.35", compute=compute)
        environment = Environment(context=CONTEXT, network=NETWORK, registry=REGISTRY, eks=cluster)
        return synthesize(environment)["dev-use1-eks"]

    return of


def of_launch(stack: Callable[..., dict[str, Any]], **fields: Any) -> tuple[Any, Any]:
    """The node group and the launch template of a group that starts so."""
    made = stack(NodeGroups(groups={"cpu": group(launch=NodeLaunch(**fields))}))
    templates = resources(made, "aws_launch_template")
    return resources(made, "aws_eks_node_group")["cpu"], templates.get("cpu-template")


# What nodes are told


def parts(text: str) -> dict[str, str]:
    """The parts of user data as cloud-init reads it: by any reader of MIME."""
    message = message_from_string(text)
    assert message.is_multipart()
    return {
        part.get_content_type(): str(part.get_payload())
        for part in message.walk()
        if not part.is_multipart()
    }


def told(on: Os = "AL2023", taints: Any = (), **fields: Any) -> str:
    return user_data(NodeLaunch(**fields), on, CLUSTER, taints)


def test_nodes_of_inferform_s_own_are_told_nothing() -> None:
    assert told() == ""


def test_settings_are_nodeadms_and_the_script_runs_beside_them() -> None:
    settings = {"kubelet": {"config": {"maxPods": 40}}}
    made = parts(told(settings=settings, script="#!/bin/bash\necho hello\n"))
    assert json.loads(made["application/node.eks.aws"]) == {
        "apiVersion": "node.eks.aws/v1alpha1",
        "kind": "NodeConfig",
        "spec": settings,
    }
    assert made["text/x-shellscript"].startswith("#!/bin/bash\necho hello")
    assert set(parts(told(script="echo"))) == {"text/x-shellscript"}


def test_an_own_ami_is_told_the_cluster_and_its_taints() -> None:
    """EKS merges nothing for it, and applies taints after the node has joined."""
    settings = {"kubelet": {"flags": ["--v=2"]}}
    made = parts(told(ami=AMI, settings=settings, taints=GPU_TAINT))
    spec = json.loads(made["application/node.eks.aws"])["spec"]
    assert spec["cluster"] == CLUSTER
    assert spec["kubelet"]["flags"] == [
        "--v=2",
        "--register-with-taints=nvidia.com/gpu=true:NoSchedule",
    ]
    # EKS sets those of its own AMIs.
    merged = parts(told(settings=settings, taints=GPU_TAINT))
    assert json.loads(merged["application/node.eks.aws"])["spec"] == settings


def test_bottlerocket_is_told_in_toml() -> None:
    settings = {"kubernetes": {"max-pods": 40}, "host-containers": {"admin": {"enabled": True}}}
    made = tomllib.loads(told("BOTTLEROCKET", settings=settings))
    assert made == {"settings": settings}
    own = tomllib.loads(
        told("BOTTLEROCKET", ami=AMI, os="BOTTLEROCKET", settings=settings, taints=GPU_TAINT)
    )
    assert own["settings"]["kubernetes"] == {
        "cluster-name": "acme",
        "api-server": "https://example.com",
        "cluster-certificate": "Y2VydA==",
        "max-pods": 40,
        "node-taints": {"nvidia.com/gpu": ["true:NoSchedule"]},
    }


# What EKS is asked for


def test_an_own_ami_is_asked_for_without_what_eks_refuses_beside_it(
    stack: Callable[..., dict[str, Any]],
) -> None:
    made, template = of_launch(stack, ami=AMI)
    assert template["image_id"] == AMI
    assert not {"ami_type", "version", "release_version"} & set(made)
    assert "base64encode(" in template["user_data"]
    plain, own = of_launch(stack)
    assert (plain["ami_type"], plain["version"]) == ("AL2023_x86_64_STANDARD", "1.35")
    assert not {"image_id", "user_data"} & set(own)
    # EKS does not go from one to the other in a group.
    assert made["node_group_name"] != plain["node_group_name"]


def test_an_ami_is_read_from_a_parameter_and_replaces_nodes_when_that_changes(
    stack: Callable[..., dict[str, Any]],
) -> None:
    parameter = "/aws/service/eks/optimized-ami/1.35/amazon-linux-2023/x86_64/standard/x/image_id"
    made = stack(NodeGroups(groups={"cpu": group(launch=NodeLaunch(ami_parameter=parameter))}))
    (read,) = made["data"]["aws_ssm_parameter"].values()
    assert read["name"] == parameter
    (template,) = resources(made, "aws_launch_template").values()
    (held,) = resources(made, "terraform_data").values()
    assert template["image_id"].endswith(".insecure_value}")
    assert held["triggers_replace"]["ami"] == template["image_id"]


def test_what_nodes_are_told_replaces_them(stack: Callable[..., dict[str, Any]]) -> None:
    def content(**fields: Any) -> str:
        made = stack(NodeGroups(groups={"cpu": group(launch=NodeLaunch(**fields))}))
        (held,) = resources(made, "terraform_data").values()
        found: str = held["triggers_replace"]["content"]
        return found

    assert len({content(), content(script="a"), content(settings={"a": 1}), content(ami=AMI)}) == 4


def test_a_script_keeps_what_looks_like_terraforms_templates(
    stack: Callable[..., dict[str, Any]],
) -> None:
    launch = NodeLaunch(script='echo "${HOME} %{x}"', ami=AMI)
    made = stack(NodeGroups(groups={"cpu": group(launch=launch)}))
    (text,) = (each for each in made["locals"].values() if "MIME" in str(each))
    assert 'echo "$${HOME} %%{x}"' in text
    # The cluster's own facts are Terraform's to fill in.
    assert text.count("${aws_eks_cluster.") == 4
    assert "service_ipv4_cidr}" in text


def test_an_own_launch_template_takes_the_place_of_inferforms(
    stack: Callable[..., dict[str, Any]],
) -> None:
    made, template = of_launch(stack, template=OwnTemplate(id="lt-01234567", version="3"))
    assert template is None
    assert made["launch_template"] == {"id": "lt-01234567", "version": "3"}
    assert (made["ami_type"], made["instance_types"]) == ("AL2023_x86_64_STANDARD", ["m7i.large"])
    full = OwnTemplate(id="lt-01234567", version="3", has_ami=True, has_instance_type=True)
    made, _ = of_launch(stack, template=full)
    assert not {"ami_type", "version", "instance_types", "disk_size"} & set(made)


# What is refused


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"ami": "ami-1"}, "EKS42"),
        ({"ami_parameter": "image_id"}, "EKS42"),
        ({"ami": AMI, "ami_parameter": "/golden/eks/ami"}, "EKS39"),
        ({"os": "BOTTLEROCKET"}, "EKS40"),
        ({"settings": {"cluster": {"name": "theirs"}}}, "EKS40"),
        ({"settings": {"a": float("nan")}}, "EKS40"),
        ({"template": OwnTemplate(id="lt-01234567", version="1"), "ami": AMI}, "EKS38"),
        ({"template": OwnTemplate(id="lt-01234567", version="1"), "script": "a"}, "EKS38"),
    ],
)
def test_a_launch_says_one_thing_once(fields: dict[str, Any], rule: str) -> None:
    with pytest.raises(SpecError) as error:
        NodeLaunch(**fields)
    assert [problem.rule for problem in error.value.problems] == [rule]


@pytest.mark.parametrize(("version", "good"), [("1", True), ("0", False), ("$Latest", False)])
def test_eks_takes_the_number_of_a_version(version: str, good: bool) -> None:
    assert rules(lambda: OwnTemplate(id="lt-01234567", version=version)) == (
        [] if good else ["EKS42"]
    )


def test_a_group_leaves_out_what_its_launch_holds() -> None:
    own, template = NodeLaunch(ami=AMI), OwnTemplate(id="lt-01234567", version="1")
    launch = NodeLaunch(template=template)
    assert rules(lambda: group(launch=own)) == []
    assert rules(lambda: group(launch=own, ami_type="AL2023_x86_64_STANDARD")) == ["EKS39"]
    assert rules(lambda: group(launch=launch)) == []
    assert rules(lambda: group(launch=launch, ami_type="AL2023_x86_64_STANDARD")) == []
    assert rules(lambda: group(launch=launch, disk_size_gib=50)) == ["EKS38"]
    with_ami = NodeLaunch(template=template.replace(has_ami=True))
    assert rules(lambda: group(launch=with_ami, ami_type="AL2023_x86_64_STANDARD")) == ["EKS39"]


@pytest.mark.parametrize(
    ("settings", "good"),
    [
        ({"kubernetes": {"max-pods": 40, "allowed-unsafe-sysctls": ["a", "b"]}}, True),
        ({"kubernetes": {"node-labels": {"acme.com/team": "ml"}}}, True),
        ({"a": 'say "hello"'}, False),
        ({"a": [1, "b"]}, False),
        ({"a.b": {"c": 1}}, False),
        ({"a": None}, False),
    ],
)
def test_bottlerocket_takes_what_eks_merges(settings: dict[str, Any], good: bool) -> None:
    found = rules(
        lambda: group(ami_type="BOTTLEROCKET_x86_64", launch=NodeLaunch(settings=settings))
    )
    assert found == ([] if good else ["EKS40"])


def test_a_script_runs_on_amazon_linux_alone_and_fits() -> None:
    assert rules(
        lambda: group(ami_type="BOTTLEROCKET_x86_64", launch=NodeLaunch(script="echo"))
    ) == ["EKS40"]
    most = 16_384 - 3_072 - len("{}")
    assert rules(lambda: group(launch=NodeLaunch(script="a" * most))) == []
    assert rules(lambda: group(launch=NodeLaunch(script="a" * (most + 1)))) == ["EKS41"]


# Beside Auto Mode


def test_groups_beside_auto_mode_have_a_role_and_add_ons_of_their_own(
    stack: Callable[..., dict[str, Any]],
) -> None:
    made = stack(AutoMode(groups={"own": group(taints=[Taint(key="own")])}))
    roles = resources(made, "aws_iam_role")
    assert roles["group-node-role"]["name"] == "acme-dev-use1-eks-group-node"
    (of_group,) = resources(made, "aws_eks_node_group").values()
    assert "group-node-role" in of_group["node_role_arn"]
    (cluster,) = resources(made, "aws_eks_cluster").values()
    assert "group-node-role" not in cluster["compute_config"]["node_role_arn"]
    assert set(resources(made, "aws_eks_addon")) == {
        *("addon-coredns", "addon-eks-pod-identity-agent", "addon-kube-proxy"),
        *("addon-metrics-server", "addon-vpc-cni"),
    }
    alone = stack(AutoMode())
    assert set(resources(alone, "aws_eks_addon")) == {"addon-metrics-server"}
    assert "group-node-role" not in resources(alone, "aws_iam_role")
