"""What SageMaker and ECS may do for the user, by the declared policies, and in AWS's words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from inferform import Context
from inferform_emulator.process import Emulator
from ops.aws import Aws
from ops.demo import small_manifest
from tests.ops.clusters import Cluster

Client = Callable[..., Any]
Statement = dict[str, Any]

REGION = "us-east-1"


def allow(actions: str | list[str], resources: str | list[str], **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


@dataclass
class Account:
    """An account in which calls of services are judged: a repository, a bucket and a key."""

    id: str
    client: Client
    emulator: Emulator

    @property
    def image(self) -> str:
        return f"{self.id}.dkr.ecr.{REGION}.amazonaws.com/fraud:1"

    @property
    def bucket(self) -> str:
        return f"models-{self.id}"

    @property
    def artifact(self) -> str:
        return f"s3://{self.bucket}/fraud/model.tar.gz"

    def push(self, repository: str = "fraud", tag: str = "1") -> None:
        ecr = self.client("ecr")
        ecr.create_repository(repositoryName=repository)
        ecr.put_image(
            repositoryName=repository, imageTag=tag, imageManifest=small_manifest(repository)
        )

    def store(self, **encryption: str) -> None:
        s3 = self.client("s3")
        s3.create_bucket(Bucket=self.bucket)
        s3.put_object(Bucket=self.bucket, Key="fraud/model.tar.gz", Body=b"model", **encryption)

    def role(
        self, statements: list[Statement], service: str = "sagemaker.amazonaws.com", **more: Any
    ) -> str:
        iam = self.client("iam")
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
        made = iam.create_role(
            RoleName="serve",
            AssumeRolePolicyDocument=json.dumps({"Statement": [{**trust, **more}]}),
        )
        self.grant(statements)
        return str(made["Role"]["Arn"])

    def grant(self, statements: list[Statement]) -> None:
        self.client("iam").put_role_policy(
            RoleName="serve",
            PolicyName="inference",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
        )

    @property
    def pulls(self) -> list[Statement]:
        repository = f"arn:aws:ecr:{REGION}:{self.id}:repository/fraud"
        return [
            allow("ecr:GetAuthorizationToken", "*"),
            allow("ecr:BatchGetImage", repository),
            allow("ecr:GetDownloadUrlForLayer", repository),
        ]

    @property
    def reads(self) -> list[Statement]:
        return [allow("s3:GetObject", f"arn:aws:s3:::{self.bucket}/*")]

    @property
    def logs(self) -> list[Statement]:
        group = f"arn:aws:logs:{REGION}:{self.id}:log-group:/aws/sagemaker/Endpoints/fraud:*"
        return [
            allow(["logs:CreateLogStream", "logs:PutLogEvents"], group),
            allow("cloudwatch:PutMetricData", "*"),
        ]

    def refused(self) -> list[tuple[str, str]]:
        found = self.emulator.control("GET", "access", {"account": self.id})["refused"]
        return [(each["action"], each["resource"]) for each in found]


@pytest.fixture
def own(client: Client, account: str, emulator: Emulator) -> Account:
    emulator.control("POST", "access", {"account": account, "judged": True})
    return Account(account, client, emulator)


@pytest.fixture
def ready(own: Account) -> Account:
    """With an image and an artifact."""
    own.push()
    own.store()
    return own


# SageMaker


def model(own: Account, name: str, role: str, **fields: Any) -> None:
    container = {"Image": own.image, "ModelDataUrl": own.artifact, **fields.pop("container", {})}
    sagemaker = own.client("sagemaker")
    sagemaker.create_model(
        ModelName=name, ExecutionRoleArn=role, PrimaryContainer=container, **fields
    )
    variant = {
        "VariantName": "main",
        "ModelName": name,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])


def settle(own: Account) -> dict[str, Any]:
    sagemaker = own.client("sagemaker")
    for _ in range(10):
        found: dict[str, Any] = sagemaker.describe_endpoint(EndpointName="fraud")
        if found["EndpointStatus"] in ("InService", "Failed"):
            return found
    raise AssertionError(f"the endpoint never settled: {found['EndpointStatus']}")


def serve(own: Account, role: str, **fields: Any) -> dict[str, Any]:
    """Create the endpoint `fraud`; what is described of it in the end."""
    model(own, "fraud", role, **fields)
    own.client("sagemaker").create_endpoint(EndpointName="fraud", EndpointConfigName="fraud")
    return settle(own)


def fails(found: dict[str, Any]) -> str:
    assert found["EndpointStatus"] == "Failed"
    return str(found["FailureReason"])


def not_downloaded(uri: str) -> str:
    return (
        f'Failed to download model data for container "container_1" from URL: "{uri}". Please '
        "ensure that there is an object located at the URL and that the role passed to CreateModel "
        "has permissions to download the object."
    )


def test_an_endpoint_serves_whose_role_may_fetch_what_it_runs(ready: Account) -> None:
    found = serve(ready, ready.role([*ready.pulls, *ready.reads, *ready.logs]))
    assert found["EndpointStatus"] == "InService"
    assert "FailureReason" not in found
    assert ready.refused() == []


@pytest.mark.parametrize(
    "action", ["GetAuthorizationToken", "BatchGetImage", "GetDownloadUrlForLayer"]
)
def test_an_endpoint_fails_whose_role_may_not_pull(ready: Account, action: str) -> None:
    pulls = [each for each in ready.pulls if each["Action"] != f"ecr:{action}"]
    role = ready.role([*pulls, *ready.reads])
    assert fails(serve(ready, role)) == (
        f"The role '{role}' does not have {action} permission for the image: '{ready.image}'."
    )


def test_an_endpoint_fails_whose_role_may_not_read_its_artifact(ready: Account) -> None:
    assert fails(serve(ready, ready.role(ready.pulls))) == not_downloaded(ready.artifact)


def test_a_deny_of_the_role_or_the_bucket_keeps_it_from_its_artifact(ready: Account) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject"}
    role = ready.role([*ready.pulls, *ready.reads])
    arn = f"arn:aws:s3:::{ready.bucket}/*"
    ready.client("s3").put_bucket_policy(
        Bucket=ready.bucket, Policy=json.dumps({"Statement": [{**deny, "Resource": arn}]})
    )
    assert fails(serve(ready, role)) == not_downloaded(ready.artifact)


def test_a_bucket_may_let_a_role_of_its_account_in_by_itself(ready: Account) -> None:
    role = ready.role(ready.pulls)
    own = allow("s3:GetObject", f"arn:aws:s3:::{ready.bucket}/*", Principal={"AWS": role})
    ready.client("s3").put_bucket_policy(
        Bucket=ready.bucket, Policy=json.dumps({"Statement": [own]})
    )
    assert serve(ready, role)["EndpointStatus"] == "InService"


def test_an_image_that_was_not_pushed_and_an_artifact_that_was_not_stored_are_missed(
    ready: Account,
) -> None:
    role = ready.role([*ready.pulls, *ready.reads])
    image = ready.image.replace(":1", ":2")
    assert fails(serve(ready, role, container={"Image": image})) == (
        f"The image '{image}' does not exist."
    )
    ready.client("sagemaker").delete_endpoint(EndpointName="fraud")
    artifact = ready.artifact.replace("fraud/", "other/")
    model(ready, "other", role, container={"ModelDataUrl": artifact})
    ready.client("sagemaker").create_endpoint(EndpointName="fraud", EndpointConfigName="other")
    assert fails(settle(ready)) == not_downloaded(artifact)


def test_an_image_is_found_by_its_digest(ready: Account) -> None:
    (pushed,) = ready.client("ecr").list_images(repositoryName="fraud")["imageIds"]
    image = f"{ready.image.removesuffix(':1')}@{pushed['imageDigest']}"
    role = ready.role([*ready.pulls, *ready.reads])
    assert serve(ready, role, container={"Image": image})["EndpointStatus"] == "InService"


def test_registries_and_buckets_that_the_emulator_lacks_are_taken_as_given(ready: Account) -> None:
    repository = f"arn:aws:ecr:{REGION}:763104351884:repository/vllm"
    granted = [
        allow("ecr:GetAuthorizationToken", "*"),
        allow(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], repository),
        allow("s3:GetObject", "arn:aws:s3:::jumpstart-cache/*"),
    ]
    container = {
        "Image": f"763104351884.dkr.ecr.{REGION}.amazonaws.com/vllm:0.11",
        "ModelDataUrl": "s3://jumpstart-cache/model.tar.gz",
    }
    role = ready.role(granted)
    assert serve(ready, role, container=container)["EndpointStatus"] == "InService"
    ready.client("sagemaker").delete_endpoint(EndpointName="fraud")
    ready.grant(granted[:1])
    ready.client("sagemaker").create_endpoint(EndpointName="fraud", EndpointConfigName="fraud")
    assert "does not have BatchGetImage permission" in fails(settle(ready))


def test_a_prefix_is_listed_before_it_is_read(ready: Account) -> None:
    uri = f"s3://{ready.bucket}/fraud/"
    source = {"S3Uri": uri, "S3DataType": "S3Prefix", "CompressionType": "None"}
    bucket = f"arn:aws:s3:::{ready.bucket}"
    lists = [
        allow("s3:ListBucket", bucket, Condition={"StringLike": {"s3:prefix": [prefix]}})
        for prefix in ("other/*", "fraud/*")
    ]
    role = ready.role([*ready.pulls, *ready.reads, lists[0]])
    sagemaker = ready.client("sagemaker")
    sagemaker.create_model(
        ModelName="plain",
        ExecutionRoleArn=role,
        PrimaryContainer={"Image": ready.image, "ModelDataSource": {"S3DataSource": source}},
    )
    variant = {
        "VariantName": "main",
        "ModelName": "plain",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    sagemaker.create_endpoint_config(EndpointConfigName="plain", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="fraud", EndpointConfigName="plain")
    assert fails(settle(ready)) == not_downloaded(uri)
    sagemaker.delete_endpoint(EndpointName="fraud")
    ready.grant([*ready.pulls, *ready.reads, lists[1]])
    sagemaker.create_endpoint(EndpointName="fraud", EndpointConfigName="plain")
    assert settle(ready)["EndpointStatus"] == "InService"


def test_a_prefix_below_which_nothing_is_fails_though_the_role_may_read_it(ready: Account) -> None:
    uri = f"s3://{ready.bucket}/next/"
    bucket = f"arn:aws:s3:::{ready.bucket}"
    role = ready.role([*ready.pulls, *ready.reads, allow("s3:ListBucket", bucket)])
    source = {"S3Uri": uri, "S3DataType": "S3Prefix", "CompressionType": "None"}
    unpacked = {"Image": ready.image, "ModelDataSource": {"S3DataSource": source}}
    sagemaker = ready.client("sagemaker")
    sagemaker.create_model(ModelName="plain", ExecutionRoleArn=role, PrimaryContainer=unpacked)
    variant = {
        "VariantName": "main",
        "ModelName": "plain",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    sagemaker.create_endpoint_config(EndpointConfigName="plain", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="fraud", EndpointConfigName="plain")
    assert fails(settle(ready)) == not_downloaded(uri)
    assert ready.refused() == []
    sagemaker.delete_endpoint(EndpointName="fraud")
    ready.client("s3").put_object(Bucket=ready.bucket, Key="next/model.bin", Body=b"model")
    sagemaker.create_endpoint(EndpointName="fraud", EndpointConfigName="plain")
    assert settle(ready)["EndpointStatus"] == "InService"


def test_models_of_an_endpoint_with_many_may_come_later(ready: Account) -> None:
    many = {"Mode": "MultiModel", "ModelDataUrl": f"s3://{ready.bucket}/many/"}
    listing = allow("s3:ListBucket", f"arn:aws:s3:::{ready.bucket}")
    role = ready.role([*ready.pulls, *ready.reads, listing])
    assert serve(ready, role, container=many)["EndpointStatus"] == "InService"


@pytest.mark.parametrize(
    ("service", "condition"),
    [
        ("ecs-tasks.amazonaws.com", {}),
        ("sagemaker.amazonaws.com", {"StringEquals": {"aws:SourceAccount": "999999999999"}}),
    ],
)
def test_an_endpoint_fails_whose_role_does_not_trust_sagemaker(
    ready: Account, service: str, condition: dict[str, Any]
) -> None:
    role = ready.role([*ready.pulls, *ready.reads], service, Condition=condition)
    assert fails(serve(ready, role)) == (
        f'The execution role ARN "{role}" is invalid. Please ensure that the role exists and that '
        'its trust relationship policy allows the action "sts:AssumeRole" for the service '
        'principal "sagemaker.amazonaws.com".'
    )


def test_a_role_that_trusts_sagemaker_for_its_own_account_is_taken_on(ready: Account) -> None:
    condition = {"StringEquals": {"aws:SourceAccount": ready.id}}
    role = ready.role([*ready.pulls, *ready.reads], Condition=condition)
    assert serve(ready, role)["EndpointStatus"] == "InService"


def test_a_permissions_boundary_limits_the_role(ready: Account) -> None:
    role = ready.role([*ready.pulls, *ready.reads])
    iam = ready.client("iam")
    document = {"Version": "2012-10-17", "Statement": [allow("ecr:*", "*")]}
    boundary = iam.create_policy(PolicyName="limit", PolicyDocument=json.dumps(document))
    iam.put_role_permissions_boundary(
        RoleName="serve", PermissionsBoundary=boundary["Policy"]["Arn"]
    )
    assert fails(serve(ready, role)) == not_downloaded(ready.artifact)


@pytest.mark.parametrize(("region", "serves"), [(REGION, True), ("eu-central-1", False)])
def test_services_call_in_the_region_of_what_they_do_it_for(
    ready: Account, region: str, serves: bool
) -> None:
    notes = allow(["logs:*", "cloudwatch:PutMetricData"], "*")
    role = ready.role([*ready.pulls, *ready.reads, notes])
    iam = ready.client("iam")
    limit = allow("*", "*", Condition={"StringEquals": {"aws:RequestedRegion": region}})
    document = {"Version": "2012-10-17", "Statement": [limit]}
    boundary = iam.create_policy(PolicyName="limit", PolicyDocument=json.dumps(document))
    iam.put_role_permissions_boundary(
        RoleName="serve", PermissionsBoundary=boundary["Policy"]["Arn"]
    )
    found = serve(ready, role)
    assert (found["EndpointStatus"] == "InService") == serves
    assert ready.refused() == []


def test_attached_policies_count_as_inline_ones_do(ready: Account) -> None:
    role = ready.role(ready.pulls)
    iam = ready.client("iam")
    managed = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    iam.attach_role_policy(RoleName="serve", PolicyArn=managed)
    assert serve(ready, role)["EndpointStatus"] == "InService"


def test_a_failed_update_goes_back_and_says_why(ready: Account) -> None:
    role = ready.role([*ready.pulls, *ready.reads])
    assert serve(ready, role)["EndpointStatus"] == "InService"
    image = ready.image.replace(":1", ":2")
    model(ready, "next", role, container={"Image": image})
    ready.client("sagemaker").update_endpoint(EndpointName="fraud", EndpointConfigName="next")
    statuses = []
    for _ in range(3):
        found = ready.client("sagemaker").describe_endpoint(EndpointName="fraud")
        statuses.append(found["EndpointStatus"])
    assert statuses == ["Updating", "RollingBack", "InService"]
    assert found["EndpointConfigName"] == "fraud"
    assert found["FailureReason"] == f"The image '{image}' does not exist."


def test_nothing_is_judged_until_it_is_asked_for(
    client: Client, account: str, emulator: Emulator
) -> None:
    own = Account(account, client, emulator)
    role = f"arn:aws:iam::{account}:role/ghost"
    assert serve(own, role)["EndpointStatus"] == "InService"
    assert emulator.control("GET", "access", {"account": account})["judged"] is False


# Keys


def key(own: Account, *statements: Statement) -> str:
    root = allow("kms:*", "*", Principal={"AWS": f"arn:aws:iam::{own.id}:root"})
    document = {"Version": "2012-10-17", "Statement": [*statements] or [root]}
    made = own.client("kms").create_key(Policy=json.dumps(document))
    return str(made["KeyMetadata"]["Arn"])


def encrypted(own: Account, arn: str) -> None:
    own.push()
    own.store(ServerSideEncryption="aws:kms", SSEKMSKeyId=arn)


def test_an_encrypted_artifact_needs_its_key(own: Account) -> None:
    arn = key(own)
    encrypted(own, arn)
    other = allow("kms:Decrypt", key(own))
    role = own.role([*own.pulls, *own.reads, other])
    assert fails(serve(own, role)) == not_downloaded(own.artifact)
    own.client("sagemaker").delete_endpoint(EndpointName="fraud")
    own.grant([*own.pulls, *own.reads, allow("kms:Decrypt", arn)])
    own.client("sagemaker").create_endpoint(EndpointName="fraud", EndpointConfigName="fraud")
    assert settle(own)["EndpointStatus"] == "InService"


@pytest.mark.parametrize(("via", "serves"), [("s3.us-east-1", True), ("ecr.us-east-1", False)])
def test_a_key_may_be_for_one_service_alone(own: Account, via: str, serves: bool) -> None:
    arn = key(own)
    encrypted(own, arn)
    condition = {"StringEquals": {"kms:ViaService": f"{via}.amazonaws.com"}}
    role = own.role([*own.pulls, *own.reads, allow("kms:Decrypt", arn, Condition=condition)])
    assert (serve(own, role)["EndpointStatus"] == "InService") is serves


def test_a_key_whose_policy_names_nobody_is_of_no_use(own: Account) -> None:
    admin = allow("kms:*", "*", Principal={"AWS": f"arn:aws:iam::{own.id}:role/admin"})
    arn = key(own, admin)
    encrypted(own, arn)
    role = own.role([*own.pulls, *own.reads, allow("kms:*", "*")])
    assert fails(serve(own, role)) == not_downloaded(own.artifact)


def test_a_disabled_key_decrypts_nothing(own: Account) -> None:
    arn = key(own)
    encrypted(own, arn)
    own.client("kms").disable_key(KeyId=arn.rpartition("/")[2])
    role = own.role([*own.pulls, *own.reads, allow("kms:Decrypt", arn)])
    assert fails(serve(own, role)) == not_downloaded(own.artifact)


# Other accounts


@pytest.fixture
def theirs(own: Account, client_of: Callable[[str], Client]) -> Account:
    """Another account, with an image and an encrypted artifact."""
    other = str(int(own.id) + 500_000_000_000)
    theirs = Account(other, client_of(other), own.emulator)
    root = allow("kms:*", "*", Principal={"AWS": f"arn:aws:iam::{other}:root"})
    encrypted(theirs, key(theirs, root, allow("kms:Decrypt", "*", Principal={"AWS": own.id})))
    return theirs


def shared(theirs: Account, account: str, *, but: str = "") -> None:
    """Let another account pull and read, but for one of the two."""
    principal = {"AWS": f"arn:aws:iam::{account}:root"}
    pulls = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    if but != "pull":
        statement = {"Effect": "Allow", "Action": pulls, "Principal": principal}
        theirs.client("ecr").set_repository_policy(
            repositoryName="fraud", policyText=json.dumps({"Statement": [statement]})
        )
    if but != "read":
        reads = allow("s3:GetObject", f"arn:aws:s3:::{theirs.bucket}/*", Principal=principal)
        theirs.client("s3").put_bucket_policy(
            Bucket=theirs.bucket, Policy=json.dumps({"Statement": [reads]})
        )


def rights(theirs: Account, *, but: str = "") -> list[Statement]:
    named = {
        "pull": theirs.pulls,
        "read": theirs.reads,
        "decrypt": [allow("kms:Decrypt", f"arn:aws:kms:{REGION}:{theirs.id}:key/*")],
    }
    return [each for name, statements in named.items() if name != but for each in statements]


@pytest.mark.parametrize("lacking", ["", "pull", "read", "decrypt"])
def test_what_another_account_has_needs_the_roles_own_right(
    own: Account, theirs: Account, lacking: str
) -> None:
    shared(theirs, own.id)
    role = own.role(rights(theirs, but=lacking))
    found = serve(own, role, container={"Image": theirs.image, "ModelDataUrl": theirs.artifact})
    if not lacking:
        assert found["EndpointStatus"] == "InService"
    elif lacking == "pull":
        assert f"permission for the image: '{theirs.image}'" in fails(found)
    else:
        assert fails(found) == not_downloaded(theirs.artifact)


@pytest.mark.parametrize("lacking", ["pull", "read"])
def test_what_another_account_has_needs_that_accounts_consent_too(
    own: Account, theirs: Account, lacking: str
) -> None:
    shared(theirs, own.id, but=lacking)
    role = own.role(rights(theirs))
    found = serve(own, role, container={"Image": theirs.image, "ModelDataUrl": theirs.artifact})
    assert (theirs.image if lacking == "pull" else theirs.artifact) in fails(found)


# What does not keep an endpoint from serving


def test_refusals_that_end_nothing_are_told_by_the_control_route(ready: Account) -> None:
    role = ready.role([*ready.pulls, *ready.reads])
    model(ready, "base", role)
    variant = {
        "VariantName": "main",
        "ModelName": "base",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    topic = ready.client("sns").create_topic(Name="done")["TopicArn"]
    ready.client("sagemaker").create_endpoint_config(
        EndpointConfigName="queued",
        ProductionVariants=[variant],
        AsyncInferenceConfig={
            "OutputConfig": {
                "S3OutputPath": f"s3://{ready.bucket}/results",
                "NotificationConfig": {"SuccessTopic": topic},
            }
        },
    )
    ready.client("sagemaker").create_endpoint(EndpointName="fraud", EndpointConfigName="queued")
    assert settle(ready)["EndpointStatus"] == "InService"
    group = f"arn:aws:logs:{REGION}:{ready.id}:log-group:/aws/sagemaker/Endpoints/fraud"
    assert ready.refused() == [
        ("logs:CreateLogStream", group),
        ("cloudwatch:PutMetricData", "*"),
        ("s3:PutObject", f"arn:aws:s3:::{ready.bucket}/results/x"),
        ("sns:Publish", topic),
    ]


def test_a_capture_needs_the_key_of_its_bucket(own: Account) -> None:
    arn = key(own)
    own.push()
    own.store()
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}
    own.client("s3").put_bucket_encryption(
        Bucket=own.bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": default}]
        },
    )
    writes = allow("s3:PutObject", f"arn:aws:s3:::{own.bucket}/capture/*")
    role = own.role([*own.pulls, *own.reads, *own.logs, writes])
    model(own, "base", role)
    variant = {
        "VariantName": "main",
        "ModelName": "base",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    own.client("sagemaker").create_endpoint_config(
        EndpointConfigName="captured",
        ProductionVariants=[variant],
        DataCaptureConfig={
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{own.bucket}/capture",
            "CaptureOptions": [{"CaptureMode": "Input"}],
        },
    )
    own.client("sagemaker").create_endpoint(EndpointName="fraud", EndpointConfigName="captured")
    assert settle(own)["EndpointStatus"] == "InService"
    assert own.refused() == [("kms:GenerateDataKey", arn)]


# Ways out of a VPC


@dataclass
class Network:
    ec2: Any
    vpc: str
    subnet: str
    table: str
    group: str

    def config(self) -> dict[str, Any]:
        return {"VpcConfig": {"Subnets": [self.subnet], "SecurityGroupIds": [self.group]}}

    def endpoint(self, **policy: str) -> None:
        self.ec2.create_vpc_endpoint(
            VpcId=self.vpc,
            ServiceName=f"com.amazonaws.{REGION}.s3",
            RouteTableIds=[self.table],
            **policy,
        )

    def nat(self) -> None:
        gateway = self.ec2.create_nat_gateway(SubnetId=self.subnet, ConnectivityType="private")
        self.ec2.create_route(
            RouteTableId=self.table,
            DestinationCidrBlock="0.0.0.0/0",
            NatGatewayId=gateway["NatGateway"]["NatGatewayId"],
        )


@pytest.fixture
def network(own: Account) -> Network:
    ec2 = own.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    (table,) = ec2.describe_route_tables(Filters=filters)["RouteTables"]
    group = ec2.create_security_group(GroupName="serve", Description="-", VpcId=vpc)["GroupId"]
    return Network(ec2, vpc, subnet, table["RouteTableId"], group)


@pytest.mark.parametrize("way", ["none", "endpoint", "nat"])
def test_a_model_in_a_vpc_needs_a_way_to_s3(ready: Account, network: Network, way: str) -> None:
    if way != "none":
        getattr(network, way)()
    found = serve(ready, ready.role([*ready.pulls, *ready.reads]), **network.config())
    if way == "none":
        assert fails(found) == not_downloaded(ready.artifact)
    else:
        assert found["EndpointStatus"] == "InService"


def test_a_closed_security_group_is_no_way(ready: Account, network: Network) -> None:
    network.endpoint()
    every = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    network.ec2.revoke_security_group_egress(GroupId=network.group, IpPermissions=[every])
    role = ready.role([*ready.pulls, *ready.reads])
    assert fails(serve(ready, role, **network.config())) == not_downloaded(ready.artifact)
    ready.client("sagemaker").delete_endpoint(EndpointName="fraud")
    lists = network.ec2.describe_managed_prefix_lists()["PrefixLists"]
    s3 = next(each["PrefixListId"] for each in lists if each["PrefixListName"].endswith(".s3"))
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    network.ec2.authorize_security_group_egress(
        GroupId=network.group, IpPermissions=[{**https, "PrefixListIds": [{"PrefixListId": s3}]}]
    )
    ready.client("sagemaker").create_endpoint(EndpointName="fraud", EndpointConfigName="fraud")
    assert settle(ready)["EndpointStatus"] == "InService"


def test_the_policy_of_the_vpc_endpoint_is_asked_too(ready: Account, network: Network) -> None:
    others = allow("s3:GetObject", "arn:aws:s3:::others/*", Principal="*")
    network.endpoint(PolicyDocument=json.dumps({"Statement": [others]}))
    role = ready.role([*ready.pulls, *ready.reads])
    assert fails(serve(ready, role, **network.config())) == not_downloaded(ready.artifact)


HUB = {"Environment": {"HF_MODEL_ID": "Qwen/Qwen3-8B"}}


@pytest.mark.parametrize(
    ("way", "container", "serves"),
    [
        ("endpoint", HUB, False),
        ("endpoint", {"Environment": {"HF_MODEL_ID": "/opt/ml/model"}}, True),
        ("endpoint", {"Environment": {**HUB["Environment"], "HF_HUB_OFFLINE": "1"}}, True),
        ("nat", HUB, True),
    ],
)
def test_a_model_of_a_hub_needs_a_way_to_the_internet(
    ready: Account, network: Network, way: str, container: dict[str, Any], serves: bool
) -> None:
    getattr(network, way)()
    role = ready.role([*ready.pulls, *ready.reads])
    found = serve(ready, role, **network.config(), container=container)
    if serves:
        assert found["EndpointStatus"] == "InService"
        return
    assert fails(found) == (
        "The primary container for production variant main did not pass the ping health check. "
        "Please check CloudWatch logs for this endpoint."
    )


def test_an_isolated_container_fetches_nothing_from_a_hub(ready: Account) -> None:
    role = ready.role([*ready.pulls, *ready.reads])
    found = serve(ready, role, container=HUB, EnableNetworkIsolation=True)
    assert "did not pass the ping health check" in fails(found)


# ECS


TASKS = "ecs-tasks.amazonaws.com"


@dataclass
class Tasks:
    """A service of one container, with a log group and a secret."""

    own: Account
    secret: str
    network: Network

    @property
    def statements(self) -> dict[str, Statement]:
        group = f"arn:aws:logs:{REGION}:{self.own.id}:log-group:fraud*"
        auth, *pulls = self.own.pulls
        return {
            "auth": auth,
            "pull": allow([each["Action"] for each in pulls], pulls[0]["Resource"]),
            "log": allow(["logs:CreateLogStream", "logs:PutLogEvents"], group),
            "secret": allow("secretsmanager:GetSecretValue", self.secret),
        }

    def serve(
        self,
        *,
        but: str = "",
        tag: str = "1",
        service: str = TASKS,
        group: str = "fraud",
        more: Iterable[Statement] = (),
        secret: str = "",
    ) -> dict[str, Any]:
        statements = [each for name, each in self.statements.items() if name != but]
        statements += more
        role = self.own.role(statements, service)
        ecs = self.own.client("ecs")
        logs = {"awslogs-group": group, "awslogs-region": REGION, "awslogs-stream-prefix": "x"}
        ecs.register_task_definition(
            family="fraud",
            executionRoleArn=role,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[
                {
                    "name": "model",
                    "image": self.own.image.replace(":1", f":{tag}"),
                    "secrets": [{"name": "TOKEN", "valueFrom": secret or f"{self.secret}:token::"}],
                    "logConfiguration": {"logDriver": "awslogs", "options": logs},
                }
            ],
        )
        ecs.create_cluster(clusterName="fraud")
        ecs.create_service(
            cluster="fraud",
            serviceName="fraud",
            taskDefinition="fraud",
            desiredCount=1,
            launchType="FARGATE",
            deploymentConfiguration={
                "deploymentCircuitBreaker": {"enable": True, "rollback": True}
            },
            networkConfiguration={
                "awsvpcConfiguration": {
                    "subnets": [self.network.subnet],
                    "securityGroups": [self.network.group],
                }
            },
        )
        (found,) = ecs.describe_services(cluster="fraud", services=["fraud"])["services"]
        described: dict[str, Any] = found
        return described


@pytest.fixture
def tasks(own: Account, network: Network) -> Tasks:
    own.push()
    own.client("logs").create_log_group(logGroupName="fraud")
    made = own.client("secretsmanager").create_secret(Name="hub", SecretString='{"token": "x"}')
    network.nat()
    return Tasks(own, made["ARN"], network)


def stopped(found: dict[str, Any]) -> str:
    """Why the tasks of a service stopped; the service itself says that they failed to start."""
    assert found["runningCount"] == 0
    (deployment,) = found["deployments"]
    assert deployment["rolloutState"] == "FAILED"
    return str(deployment["rolloutStateReason"])


def test_a_service_runs_whose_roles_may_do_what_it_needs(tasks: Tasks) -> None:
    found = tasks.serve()
    assert found["runningCount"] == 1
    assert found["deployments"][0]["rolloutState"] == "COMPLETED"


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ("auth", r"unable to retrieve ecr registry auth: .* perform: ecr:GetAuthorizationToken"),
        ("pull", r"CannotPullContainerError: .* \[manifests 1\]: 403 Forbidden"),
        ("log", r"failed to validate logger args: .* perform: logs:CreateLogStream on resource"),
        ("secret", r"unable to retrieve secret from asm: .* perform: secretsmanager:GetSecretVal"),
    ],
)
def test_a_service_fails_whose_execution_role_lacks_a_right(
    tasks: Tasks, lacking: str, said: str
) -> None:
    assert re.search(said, stopped(tasks.serve(but=lacking)))


def test_a_service_fails_without_its_image(tasks: Tasks) -> None:
    image = tasks.own.image.replace(":1", ":2")
    assert f"failed to resolve ref {image}: not found" in stopped(tasks.serve(tag="2"))


def test_a_service_fails_without_its_log_group(tasks: Tasks) -> None:
    said = "ResourceNotFoundException: The specified log group does not exist."
    assert said in stopped(tasks.serve(group="fraud-2"))


def test_a_service_fails_whose_role_does_not_trust_ecs_tasks(tasks: Tasks) -> None:
    said = stopped(tasks.serve(service="ecs.amazonaws.com"))
    assert "ECS was unable to assume the role 'arn:aws:iam::" in said


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ("", ""),
        ("read", "unable to retrieve secret from ssm: .* perform: ssm:GetParameters on resource"),
        ("key", "unable to retrieve secret from ssm: .*Access to KMS is not allowed"),
    ],
)
def test_an_encrypted_parameter_needs_its_key_too(tasks: Tasks, lacking: str, said: str) -> None:
    arn = key(tasks.own)
    tasks.own.client("ssm").put_parameter(
        Name="/hub/token", Value="x", Type="SecureString", KeyId=arn
    )
    parameter = f"arn:aws:ssm:{REGION}:{tasks.own.id}:parameter/hub/token"
    through = {"StringEquals": {"kms:ViaService": f"ssm.{REGION}.amazonaws.com"}}
    rights = {
        "read": allow("ssm:GetParameters", parameter),
        "key": allow("kms:Decrypt", arn, Condition=through),
    }
    more = [each for name, each in rights.items() if name != lacking]
    found = tasks.serve(but="secret", more=more, secret=parameter)
    if lacking:
        assert re.search(said, stopped(found))
    else:
        assert found["runningCount"] == 1


def test_a_service_fails_without_its_secret(tasks: Tasks) -> None:
    tasks.own.client("secretsmanager").delete_secret(
        SecretId="hub", ForceDeleteWithoutRecovery=True
    )
    said = "ResourceNotFoundException: Secrets Manager can't find the specified secret."
    assert said in stopped(tasks.serve())


def test_a_service_fails_without_a_way_to_ecr(own: Account, network: Network) -> None:
    own.push()
    own.client("logs").create_log_group(logGroupName="fraud")
    made = own.client("secretsmanager").create_secret(Name="hub", SecretString="x")
    said = stopped(Tasks(own, made["ARN"], network).serve())
    assert "unable to retrieve secret from asm" in said
    assert "context deadline exceeded" in said


# EventBridge


GOOD = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 1, "End": True}}}


@dataclass
class Trigger:
    """A rule that starts a state machine for each object that comes."""

    own: Account
    machine: str
    role: str

    def put_rule(self, state: str = "ENABLED", **target: Any) -> None:
        events = self.own.client("events")
        pattern = {
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": {"bucket": {"name": [self.own.bucket]}},
        }
        events.put_rule(Name="came", EventPattern=json.dumps(pattern), State=state)
        target = {"Id": "1", "Arn": self.machine, "RoleArn": self.role, **target}
        events.put_targets(Rule="came", Targets=[target])

    def come(self) -> list[Any]:
        """Put an object; the inputs of the executions that it has started."""
        self.own.client("s3").put_object(Bucket=self.own.bucket, Key="new.csv", Body=b"1")
        states = self.own.client("stepfunctions")
        started = states.list_executions(stateMachineArn=self.machine)["executions"]
        return [
            json.loads(states.describe_execution(executionArn=each["executionArn"])["input"])
            for each in started
        ]


@pytest.fixture
def trigger(own: Account) -> Trigger:
    own.store()
    own.client("s3").put_bucket_notification_configuration(
        Bucket=own.bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    machine = own.client("stepfunctions").create_state_machine(
        name="batch",
        definition=json.dumps(GOOD),
        roleArn=f"arn:aws:iam::{own.id}:role/steps",
    )["stateMachineArn"]
    role = own.role([allow("states:StartExecution", machine)], "events.amazonaws.com")
    return Trigger(own, machine, role)


def test_a_rule_starts_its_state_machine_with_what_has_come(trigger: Trigger) -> None:
    trigger.put_rule()
    (given,) = trigger.come()
    assert given["detail"]["object"]["key"] == "new.csv"
    assert trigger.own.refused() == []


def test_the_input_of_an_execution_may_be_made_of_the_event(trigger: Trigger) -> None:
    paths = {"key": "$.detail.object.key"}
    transformer = {"InputPathsMap": paths, "InputTemplate": '{"input": "s3://in/<key>"}'}
    trigger.put_rule(InputTransformer=transformer)
    assert trigger.come() == [{"input": "s3://in/new.csv"}]


def test_a_rule_that_is_disabled_starts_nothing(trigger: Trigger) -> None:
    trigger.put_rule("DISABLED")
    assert trigger.come() == []


def test_a_rule_starts_nothing_that_its_role_may_not(trigger: Trigger) -> None:
    trigger.put_rule()
    trigger.own.grant([allow("states:StartExecution", f"{trigger.machine}-2")])
    assert trigger.come() == []
    assert trigger.own.refused() == [("states:StartExecution", trigger.machine)]


# EKS


@pytest.mark.parametrize("lacking", ["", "right", "trust", "image"])
def test_a_deployment_rolls_out_whose_nodes_may_pull(
    ready: Account, lacking: str, emulator: Emulator
) -> None:
    context = Context(
        organization="acme",
        stage="dev",
        account=ready.id,
        region=REGION,
        owner="ml",
        deploy_role="deploy",
    )
    cluster = Cluster(Aws(context, emulator=emulator))
    cluster.let_in()
    service = "ec2.amazonaws.com" if lacking != "trust" else "eks.amazonaws.com"
    role = ready.role(ready.pulls[: 2 if lacking == "right" else 3], service)
    cluster.eks.create_nodegroup(
        clusterName=cluster.name, nodegroupName="gpu", subnets=cluster.subnets, nodeRole=role
    )
    cluster.deploy(ready.image.replace(":1", ":2") if lacking == "image" else ready.image, 2)
    found = cluster.ask("GET", "/fraud", cluster.token()).json()["status"]
    reasons = {each["type"]: each["reason"] for each in found["conditions"]}
    if lacking:
        assert found["readyReplicas"] == 0
        assert reasons["Progressing"] == "ProgressDeadlineExceeded"
    else:
        assert found["readyReplicas"] == 2
        assert reasons["Progressing"] == "NewReplicaSetAvailable"
