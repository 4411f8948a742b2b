"""The Kubernetes API of a cluster on the emulator, as the operator's commands read it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ops.aws import Aws
from ops.kubernetes import Api, UnreadableError

NAME = "fraud"


class Cluster:
    """A cluster of the emulator, with an access entry for the environment's role."""

    def __init__(self, aws: Aws) -> None:
        self.aws, self.name = aws, aws.context.name("eks")
        self.eks = aws.client("eks")
        ec2 = aws.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24")["Subnet"]["SubnetId"]
            for n in range(2)
        ]
        made = self.eks.create_cluster(
            name=self.name,
            roleArn=aws.context.arn("iam", "role/cluster"),
            resourcesVpcConfig={"subnetIds": subnets},
            accessConfig={"authenticationMode": "API"},
        )
        self.url = f"{made['cluster']['endpoint']}/apis/apps/v1/namespaces/inference/deployments"

    def let_in(self) -> None:
        """Give the environment's role an access entry."""
        role = str(self.aws.context.deploy_role_arn)
        self.eks.create_access_entry(clusterName=self.name, principalArn=role)

    def write(self, method: str, path: str, content: dict[str, Any]) -> None:
        """Write an object, as kubectl would."""
        token = Api(self.aws, self.name)._token()
        answer = httpx.request(
            method,
            f"{self.url}{path}",
            json=content,
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
        )
        assert answer.is_success, answer.text


@pytest.fixture
def cluster(aws: Aws) -> Cluster:
    return Cluster(aws)


def test_a_deployment_is_read_with_its_status_and_image(cluster: Cluster) -> None:
    cluster.let_in()
    api = Api(cluster.aws, cluster.name)
    assert api.deployment("inference", NAME) is None
    container = {"name": "inference", "image": "fraud:1.4.2"}
    spec = {"replicas": 2, "template": {"spec": {"containers": [container]}}}
    cluster.write("POST", "", {"metadata": {"name": NAME}, "spec": spec})
    found = api.deployment("inference", NAME)
    assert found is not None
    assert found["spec"]["template"]["spec"]["containers"] == [container]
    assert found["status"]["availableReplicas"] == 2
    cluster.write(
        "PUT",
        f"/{NAME}/status",
        {"metadata": {"name": NAME}, "status": {"availableReplicas": 1}},
    )
    found = api.deployment("inference", NAME)
    assert found is not None
    assert found["status"] == {"availableReplicas": 1}


def test_a_role_without_an_access_entry_is_told_what_to_do(cluster: Cluster) -> None:
    with pytest.raises(UnreadableError, match=r"answers 401: Unauthorized") as caught:
        Api(cluster.aws, cluster.name).deployment("inference", NAME)
    assert "AmazonEKSViewPolicy" in caught.value.hint


@pytest.mark.parametrize("change", ["no token", "another action", "unsigned cluster", "nonsense"])
def test_the_emulator_refuses_what_eks_takes_for_no_token(cluster: Cluster, change: str) -> None:
    cluster.let_in()
    token = Api(cluster.aws, cluster.name)._token()
    url = base64.urlsafe_b64decode(token.removeprefix("k8s-aws-v1.") + "==").decode()
    changed: dict[str, Callable[[], str]] = {
        "no token": lambda: "",
        "another action": lambda: _encoded(url.replace("GetCallerIdentity", "GetSessionToken")),
        "unsigned cluster": lambda: _encoded(url.replace("x-k8s-aws-id", "x-other")),
        "nonsense": lambda: "k8s-aws-v1.%%%",
    }
    bad = changed[change]()
    headers = {"Authorization": f"Bearer {bad}"} if bad else {}
    answer = httpx.get(f"{cluster.url}/{NAME}", headers=headers, trust_env=False)
    assert answer.status_code == 401
    assert answer.json()["reason"] == "Unauthorized"
    good = httpx.get(
        f"{cluster.url}/{NAME}", headers={"Authorization": f"Bearer {token}"}, trust_env=False
    )
    assert good.status_code == 404


def _encoded(url: str) -> str:
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
