"""The Kubernetes API of a cluster on the emulator, and what verify makes of a Deployment."""

from __future__ import annotations

import base64
import http.server
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from inferform import (
    AutoMode,
    EksCluster,
    EksService,
    Environment,
    Image,
    Kubernetes,
    Model,
    Pod,
)
from ops import promote
from ops.aws import Aws
from ops.errors import OperatorError
from ops.kubernetes import Api, UnreadableError, trust
from ops.running import running
from ops.services import find

from .certificates import issued
from .clusters import Cluster, decoded, encoded

Write = Callable[..., str]


@pytest.fixture
def cluster(aws: Aws) -> Cluster:
    return Cluster(aws)


def test_a_deployment_is_read_with_its_status_and_image(cluster: Cluster) -> None:
    cluster.let_in()
    api = Api(cluster.aws, cluster.name)
    assert api.deployment("inference", "fraud") is None
    cluster.deploy("fraud:1.4.2", 2)
    found = api.deployment("inference", "fraud")
    assert found is not None
    assert found["spec"]["template"]["spec"]["containers"][0]["image"] == "fraud:1.4.2"
    assert found["status"]["availableReplicas"] == 2
    cluster.status(availableReplicas=1)
    found = api.deployment("inference", "fraud")
    assert found is not None
    assert found["status"] == {"availableReplicas": 1}


def test_a_role_without_an_access_entry_is_told_what_to_do(cluster: Cluster) -> None:
    with pytest.raises(UnreadableError, match=r"answers 401: Unauthorized") as caught:
        Api(cluster.aws, cluster.name).deployment("inference", "fraud")
    assert "AmazonEKSViewPolicy" in caught.value.hint


def test_a_cluster_that_is_not_there_is_told_as_such(aws: Aws) -> None:
    with pytest.raises(UnreadableError, match=r"there is no cluster \S+-eks"):
        Api(aws, aws.context.name("eks")).deployment("inference", "fraud")


def test_an_api_that_cannot_be_reached_is_told_as_such(cluster: Cluster) -> None:
    api = Api(cluster.aws, cluster.name)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        api._client.base_url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(UnreadableError, match="cannot be reached") as caught:
            api.deployment("inference", "fraud")
    assert "inside the VPC" in caught.value.hint


@pytest.mark.parametrize("change", ["no token", "another action", "unsigned cluster", "nonsense"])
def test_the_emulator_refuses_what_eks_takes_for_no_token(cluster: Cluster, change: str) -> None:
    cluster.let_in()
    token = cluster.token()
    url = decoded(token)
    bad = {
        "no token": "",
        "another action": encoded(url.replace("GetCallerIdentity", "GetSessionToken")),
        "unsigned cluster": encoded(url.replace("x-k8s-aws-id", "x-other")),
        "nonsense": "k8s-aws-v1.%%%",
    }[change]
    answer = cluster.ask("GET", "/fraud", bad)
    assert answer.status_code == 401
    assert answer.json()["reason"] == "Unauthorized"
    assert cluster.ask("GET", "/fraud", token).status_code == 404


def test_no_other_certificate_than_the_clusters_own_is_trusted(tmp_path: Path) -> None:
    certificate, key = issued()
    file = tmp_path / "server.pem"
    file.write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"https://127.0.0.1:{server.server_port}/"
        own, other = (trust(base64.b64encode(pem).decode()) for pem in (certificate, issued()[0]))
        assert httpx.get(url, verify=own, trust_env=False).status_code == 501
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            httpx.get(url, verify=other, trust_env=False)
        server.shutdown()


class Deployed:
    """The service fraud on a cluster, as its state and the cluster have it."""

    def __init__(self, cluster: Cluster, write_state: Write, foreign: dict[str, Any]) -> None:
        self.aws, self.cluster = cluster.aws, cluster
        image = Image(repository="fraud", tag="1.4.2")
        self.environment = Environment(
            context=cluster.aws.context,
            **foreign,
            eks=EksCluster(version="1.35", compute=AutoMode()),
            kubernetes=Kubernetes(
                services={
                    "fraud": EksService(
                        model=Model(image=image), compute=Pod(vcpu=1, memory_mib=2048)
                    )
                }
            ),
        )
        cluster.let_in()
        self.image = image.uri(self.environment.context)
        cluster.deploy(self.image, 2)
        values = {
            "metadata": [{"name": "fraud", "namespace": "inference"}],
            "spec": [
                {"template": [{"spec": [{"container": [{"name": "m", "image": self.image}]}]}]}
            ],
        }
        write_state("kubernetes", 1, **{"kubernetes_deployment_v1.fraud": values})

    def found(self) -> list[tuple[str, str, str]]:
        """What verify finds."""
        checks = running(self.aws, find(self.environment, "fraud")).findings
        return [(each.check.title, each.outcome, each.found) for each in checks]

    def require(self) -> None:
        """Require it to be in service, as promote does."""
        promote.require_in_service(self.environment, "fraud", self.aws)


@pytest.fixture
def deployed(cluster: Cluster, write_state: Write, foreign: dict[str, Any]) -> Deployed:
    return Deployed(cluster, write_state, foreign)


def test_a_deployment_that_has_rolled_out_is_in_service(deployed: Deployed) -> None:
    assert deployed.found() == [
        ("image", "passed", deployed.image),
        ("health", "passed", "runs 2 of 2 pods"),
        ("invocation", "skipped", "is reached from inside the cluster or the VPC"),
    ]
    deployed.require()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (
            {"observedGeneration": 1, "updatedReplicas": 2, "availableReplicas": 1},
            "runs 1 of 2 pods, 2 of the newest version",
        ),
        (
            {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 2},
            "runs 2 of 2 pods, 1 of the newest version",
        ),
        (
            {"observedGeneration": 0, "updatedReplicas": 2, "availableReplicas": 2},
            "runs 2 of 2 pods, 2 of the newest version",
        ),
        (
            {
                "observedGeneration": 1,
                "updatedReplicas": 2,
                "availableReplicas": 2,
                "conditions": [
                    {
                        "type": "Progressing",
                        "status": "False",
                        "reason": "ProgressDeadlineExceeded",
                        "message": "timed out",
                    }
                ],
            },
            "runs 2 of 2 pods, 2 of the newest version; ProgressDeadlineExceeded: timed out",
        ),
    ],
    ids=["a pod is missing", "an old pod is left", "not seen yet", "out of time"],
)
def test_a_deployment_that_has_not_rolled_out_fails(
    deployed: Deployed, status: dict[str, Any], said: str
) -> None:
    deployed.cluster.status(**status)
    assert deployed.found()[1] == ("health", "failed", said)
    with pytest.raises(OperatorError, match="is not deployed and in service"):
        deployed.require()


def test_another_image_than_the_states_fails(deployed: Deployed) -> None:
    other = deployed.image.replace("1.4.2", "1.4.1")
    deployed.cluster.deploy(other, 2, method="PUT")
    said = f"runs {other}, but the state says {deployed.image}"
    assert deployed.found()[0] == ("image", "failed", said)


def test_a_deployment_that_somebody_deleted_fails(deployed: Deployed) -> None:
    deployed.cluster.write("DELETE", "/fraud", {})
    assert deployed.found() == [("configuration", "failed", "does not exist")]


def test_what_cannot_be_read_is_not_said_to_be_in_service(deployed: Deployed) -> None:
    role = str(deployed.aws.context.deploy_role_arn)
    deployed.cluster.eks.delete_access_entry(clusterName=deployed.cluster.name, principalArn=role)
    now = running(deployed.aws, find(deployed.environment, "fraud"))
    assert now.findings == ()
    assert "kubectl --namespace inference rollout status deployment/fraud" in now.unverified
    with pytest.raises(OperatorError, match=r"nothing verifies that fraud is in service"):
        deployed.require()
