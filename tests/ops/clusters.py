"""An EKS cluster on the emulator."""

from __future__ import annotations

import base64
from typing import Any

import httpx

from ops.aws import Aws
from ops.kubernetes import Api


class Cluster:
    """A cluster named as Inferform names it, and its Deployments in the namespace `inference`."""

    def __init__(self, aws: Aws) -> None:
        self.aws, self.name = aws, aws.context.name("eks")
        self.eks = aws.client("eks")
        self.subnets = subnets_of(aws)
        made = self.eks.create_cluster(
            name=self.name,
            roleArn=aws.context.arn("iam", "role/cluster"),
            resourcesVpcConfig={"subnetIds": self.subnets},
            accessConfig={"authenticationMode": "API"},
            version="1.35",
        )
        self.url = f"{made['cluster']['endpoint']}/apis/apps/v1/namespaces/inference/deployments"

    def let_in(self) -> None:
        """Give the environment's role an access entry."""
        role = str(self.aws.context.deploy_role_arn)
        self.eks.create_access_entry(clusterName=self.name, principalArn=role)

    def token(self) -> str:
        """A token of the environment's role."""
        return Api(self.aws, self.name).token()

    def write(self, method: str, path: str, content: dict[str, Any]) -> None:
        """Write an object, as kubectl would."""
        answer = self.ask(method, path, self.token(), json=content)
        assert answer.is_success, answer.text

    def ask(self, method: str, path: str, token: str, **content: Any) -> httpx.Response:
        """Ask the API for Deployments."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.request(
            method, f"{self.url}{path}", headers=headers, trust_env=False, **content
        )

    def deploy(self, image: str, replicas: int, method: str = "POST") -> None:
        """Roll out the Deployment `fraud`."""
        container = {"name": "inference", "image": image}
        spec = {"replicas": replicas, "template": {"spec": {"containers": [container]}}}
        path = "" if method == "POST" else "/fraud"
        self.write(method, path, {"metadata": {"name": "fraud"}, "spec": spec})

    def status(self, **status: Any) -> None:
        """Write the status of the Deployment `fraud`, as its controller would."""
        content = {"metadata": {"name": "fraud"}, "status": status}
        self.write("PUT", "/fraud/status", content)


def subnets_of(aws: Aws) -> list[str]:
    """Two subnets of a VPC."""
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24")["Subnet"]["SubnetId"]
        for n in range(2)
    ]


def encoded(url: str) -> str:
    """A token that stands for a signed request."""
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def decoded(token: str) -> str:
    """The signed request that a token stands for."""
    text = token.removeprefix("k8s-aws-v1.")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
