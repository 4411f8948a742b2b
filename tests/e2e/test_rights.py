"""Rights that a stack declares, taken away one at a time: what needs them fails, and nothing else.

The stack is the synthesized one with a single statement changed for each endpoint and service. Then
it is applied as it was synthesized, and everything serves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import boto3
import pytest

from inferform import (
    ContainerOptions,
    EcsOutputs,
    EcsService,
    Fargate,
    Inference,
    Model,
    RealtimeEndpoint,
)
from inferform_emulator.process import Emulator
from ops.terraform import Stack

from .filled import fill, open_network, push, refused
from .hosting import ARTIFACTS, CONTEXT, Hosting, client, hosting

pytestmark = pytest.mark.story("a stack fails with rights taken away, and is then applied whole")

THEIRS = "444455556666"
SHARED = "kinds-shared"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"
FOREIGN_IMAGE = f"{THEIRS}.dkr.ecr.us-east-1.amazonaws.com/shared:1"

Statement = dict[str, Any]
Change = Callable[[list[Statement]], list[Statement]]


def without(sid: str) -> Change:
    """The statements but one."""

    def change(statements: list[Statement]) -> list[Statement]:
        kept = [each for each in statements if each["Sid"] != sid]
        assert len(kept) == len(statements) - 1, [each["Sid"] for each in statements]
        return kept

    return change


def under(key: str) -> Change:
    """The statements with another key to decrypt the artifact with."""

    def change(statements: list[Statement]) -> list[Statement]:
        (decrypts,) = [each for each in statements if each["Sid"] == "DecryptArtifact"]
        assert decrypts["Resource"] != key
        return [*without("DecryptArtifact")(statements), {**decrypts, "Resource": key}]

    return change


class Case(NamedTuple):
    """What is asked for, the statement of its role that is changed, and what AWS then says."""

    asked: Any
    sid: str
    said: str


def model(image: str = IMAGE, artifact: str | None = "fraud/model.tar.gz") -> Model:
    return Model(image=image, artifact=artifact)


def endpoint(**fields: Any) -> RealtimeEndpoint:
    return RealtimeEndpoint(model=model(**fields), instance_type="ml.m5.large")


def service(image: str = IMAGE, **fields: Any) -> EcsService:
    return EcsService(
        model=model(image, None), compute=Fargate(cpu=256, memory_mib=512), count=1, **fields
    )


def with_token(secret: str) -> ContainerOptions:
    return ContainerOptions(secrets={"TOKEN": secret})


OTHER_KEY = "the environment's key"
NOT_DOWNLOADED = 'Failed to download model data for container "container_1" from URL: "s3://{}/'
NOT_PULLED = "does not have {} permission for the image: '{}'"
FORBIDDEN = f"failed to resolve ref {FOREIGN_IMAGE}: pulling from host"

ENDPOINTS = {
    "whole": Case(endpoint(), "", ""),
    "login": Case(endpoint(), "RegistryLogin", NOT_PULLED.format("GetAuthorizationToken", IMAGE)),
    "pull": Case(endpoint(), "PullImage", NOT_PULLED.format("BatchGetImage", IMAGE)),
    "foreign": Case(
        endpoint(image=FOREIGN_IMAGE),
        "PullImage",
        NOT_PULLED.format("BatchGetImage", FOREIGN_IMAGE),
    ),
    "read": Case(endpoint(), "ReadArtifact", NOT_DOWNLOADED.format(ARTIFACTS)),
    "list": Case(endpoint(artifact="fraud/1/"), "ListArtifact", NOT_DOWNLOADED.format(ARTIFACTS)),
    "decrypt": Case(endpoint(), "DecryptArtifact", NOT_DOWNLOADED.format(ARTIFACTS)),
    "other-key": Case(
        endpoint(artifact=f"s3://{SHARED}/model.tar.gz"),
        OTHER_KEY,
        NOT_DOWNLOADED.format(SHARED),
    ),
}
SERVICES = {
    "tasks": Case(service(), "", ""),
    "tasks-login": Case(service(), "RegistryLogin", "unable to retrieve ecr registry auth"),
    "tasks-foreign": Case(service(FOREIGN_IMAGE), "PullImage", FORBIDDEN),
    "tasks-log": Case(service(), "WriteLogs", "failed to create Cloudwatch log stream"),
    "tasks-secret": Case(
        service(container=with_token("arn:aws:secretsmanager:us-east-1:123456789012:secret:hub-x")),
        "ReadSecrets",
        "unable to retrieve secret from asm",
    ),
}


@pytest.fixture(scope="module")
def place(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Hosting:
    """Where all of it runs: two keys, two buckets, two accounts with images, a cluster."""
    found = hosting(emulator, tmp_path_factory.mktemp("hosting"), judged=True)
    s3, kms, ec2 = (client(emulator, name) for name in ("s3", "kms", "ec2"))
    open_network(ec2, found.network.vpc_id, found.network.private_subnet_ids[0])
    other = kms.create_key()["KeyMetadata"]["Arn"]
    s3.create_bucket(Bucket=SHARED)
    for bucket, key in ((ARTIFACTS, found.registry.kms_key_arn), (SHARED, other)):
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
        rules = [{"ApplyServerSideEncryptionByDefault": default}]
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})
    theirs = _client_of(emulator, THEIRS)("ecr")
    push(theirs, "shared", "1")
    pulls = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{CONTEXT.account}:root"},
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    }
    theirs.set_repository_policy(
        repositoryName="shared", policyText=json.dumps({"Statement": [pulls]})
    )
    client(emulator, "ecs").create_cluster(clusterName="shared")
    found.context = CONTEXT.replace(artifact_keys={SHARED: other})
    found.ecs = EcsOutputs(
        cluster_name="shared",
        capacity_providers={},
        listener_arns={},
        load_balancer_suffixes={},
        load_balancer_groups={},
    )
    return found


def _client_of(emulator: Emulator, account: str) -> Callable[[str], Any]:
    """Clients that act in another account."""
    credentials = client(emulator, "sts").assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/push", RoleSessionName="test"
    )["Credentials"]
    session = boto3.Session(
        credentials["AccessKeyId"],
        credentials["SecretAccessKey"],
        credentials["SessionToken"],
        region_name="us-east-1",
    )
    return partial(session.client, endpoint_url=emulator.url)


def inference(secret: str) -> Inference:
    """Everything that is asked for."""
    services = {name: case.asked for name, case in SERVICES.items()}
    services["tasks-secret"] = services["tasks-secret"].replace(container=with_token(secret))
    return Inference(
        endpoints={name: case.asked for name, case in ENDPOINTS.items()}, services=services
    )


def take_away(stack: Stack, key: str) -> None:
    """Write a stack's JSON with one statement of each role changed, but for those that are whole."""
    content = json.loads((stack.folder / "cdk.tf.json").read_text("utf-8"))
    policies = content["resource"]["aws_iam_role_policy"]
    for name, case in {**ENDPOINTS, **SERVICES}.items():
        if not case.sid:
            continue
        change = under(key) if case.sid == OTHER_KEY else without(case.sid)
        (policy,) = [
            each
            for address, each in policies.items()
            if re.match(rf"(endpoints|services)_{name}_(role|execution)_", address)
        ]
        document = json.loads(policy["policy"])
        document["Statement"] = change(document["Statement"])
        policy["policy"] = json.dumps(document)
    for address, each in content["resource"]["aws_ecs_service"].items():
        if any(case.sid and f"_{name}_" in address for name, case in SERVICES.items()):
            # The provider does not see that a new service has failed, and waits until it may not.
            each["timeouts"]["create"] = "15s"
    (stack.folder / "cdk.tf.json").write_text(json.dumps(content), encoding="utf-8")


def test_what_lacks_a_right_fails_and_nothing_else_does(place: Hosting) -> None:
    made = client(place.emulator, "secretsmanager").create_secret(Name="hub", SecretString="x")
    stack = place.stack(inference(made["ARN"]))
    fill(partial(client, place.emulator), stack.content, CONTEXT.account)
    take_away(stack, place.registry.kms_key_arn)
    place.terraform(stack, "apply", "-auto-approve", "-no-color", expect=1)
    sagemaker, ecs = client(place.emulator, "sagemaker"), client(place.emulator, "ecs")
    told: dict[str, str] = {}
    for name in ENDPOINTS:
        found = sagemaker.describe_endpoint(EndpointName=CONTEXT.name(name))
        assert (found["EndpointStatus"] == "InService") is ("FailureReason" not in found)
        told[name] = found.get("FailureReason", "")
    names = {CONTEXT.name(name): name for name in SERVICES}
    described = ecs.describe_services(cluster="shared", services=list(names))["services"]
    for found in described:
        deployment = found["deployments"][0]
        failed = deployment["rolloutState"] == "FAILED"
        told[names[found["serviceName"]]] = deployment["rolloutStateReason"] if failed else ""
    cases = {**ENDPOINTS, **SERVICES}
    assert {name: said for name, said in told.items() if cases[name].said not in said} == {}
    assert {name for name, said in told.items() if not said} == {"whole", "tasks"}
    assert refused(place.emulator, CONTEXT.account) == []


def test_what_is_synthesized_serves(place: Hosting) -> None:
    secrets = client(place.emulator, "secretsmanager")
    place.apply(inference(secrets.describe_secret(SecretId="hub")["ARN"]))
    sagemaker, ecs = client(place.emulator, "sagemaker"), client(place.emulator, "ecs")
    for name in ENDPOINTS:
        found = sagemaker.describe_endpoint(EndpointName=CONTEXT.name(name))
        assert found["EndpointStatus"] == "InService"
    names = [CONTEXT.name(name) for name in SERVICES]
    for found in ecs.describe_services(cluster="shared", services=names)["services"]:
        assert found["runningCount"] == 1
    assert refused(place.emulator, CONTEXT.account) == []


CLOSED = Inference(
    endpoints={
        "stored": endpoint(),
        "hub": RealtimeEndpoint(
            model=Model(image=IMAGE, artifact=None, environment={"HF_MODEL_ID": "Qwen/Qwen3-8B"}),
            instance_type="ml.m5.large",
        ),
    },
    egress_cidrs=["0.0.0.0/0"],
)


def test_models_in_a_closed_network_fail(place: Hosting) -> None:
    stack = place.stack(CLOSED)
    whole = (stack.folder / "cdk.tf.json").read_text("utf-8")
    content = json.loads(whole)
    ways_out = content["resource"].pop("aws_vpc_security_group_egress_rule")
    for resources in content["resource"].values():
        for each in resources.values():
            needs = each.get("depends_on", [])
            each["depends_on"] = [one for one in needs if one.rpartition(".")[2] not in ways_out]
    (stack.folder / "cdk.tf.json").write_text(json.dumps(content), encoding="utf-8")
    place.terraform(stack, "apply", "-auto-approve", "-no-color", expect=1)
    sagemaker = client(place.emulator, "sagemaker")
    told = {
        name: sagemaker.describe_endpoint(EndpointName=CONTEXT.name(name))["FailureReason"]
        for name in CLOSED.endpoints
    }
    assert told["stored"].startswith(NOT_DOWNLOADED.format(ARTIFACTS))
    assert "did not pass the ping health check" in told["hub"]
    (stack.folder / "cdk.tf.json").write_text(whole, encoding="utf-8")
    place.terraform(stack, "apply", "-auto-approve", "-no-color")
    for name in CLOSED.endpoints:
        found = sagemaker.describe_endpoint(EndpointName=CONTEXT.name(name))
        assert found["EndpointStatus"] == "InService"
