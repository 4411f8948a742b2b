"""What would fail in the middle of an apply, found on the emulator before it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inferform import (
    AsyncEndpoint,
    AutoMode,
    BatchTransform,
    Budget,
    Channel,
    ContainerHealth,
    ContainerOptions,
    Context,
    CostAnomalies,
    DataCapture,
    DriftMonitor,
    EcsCluster,
    EcsService,
    EksCluster,
    EksService,
    Environment,
    Existing,
    Fargate,
    Image,
    Inference,
    InvocationsPerInstance,
    Kubernetes,
    Model,
    ModelPackage,
    MultiModel,
    MultiModelEndpoint,
    NetworkOutputs,
    Notify,
    Observability,
    OnUpload,
    PipelineEndpoint,
    Pod,
    RealtimeEndpoint,
    Register,
    Registry,
    RegistryOutputs,
    Repository,
    Retraining,
    S3Backend,
    Scaling,
    ServerlessEndpoint,
    Shadow,
    SlackChannel,
    TargetTracking,
    TeamsChannel,
    Training,
    TrainingJob,
)
from inferform.target import EMULATOR
from ops.aws import Aws
from ops.kinds.record import Finding
from ops.preflight import preflight

from .certificates import issued

Synthesize = Callable[..., dict[str, dict[str, Any]]]
Write = Callable[..., str]
IN_S3: dict[str, Any] = {"terraform": {"backend": {"s3": {}}}}


def endpoint(most: int = 2, instance_type: str = "ml.m5.large", tag: str = "1.4.2") -> Any:
    scaling = Scaling(
        min_capacity=1,
        max_capacity=most,
        policies=[TargetTracking(metric=InvocationsPerInstance(requests_per_second=20))],
    )
    return RealtimeEndpoint(
        model=Model(image=Image(repository="fraud", tag=tag), artifact="fraud/1/model.tar.gz"),
        instance_type=instance_type,
        scaling=scaling,
    )


def lets_in(context: Context) -> str:
    """The policy of a key that the account's roles and its log groups may use."""
    people = {
        "AWS": f"arn:aws:iam::{context.account}:root",
        "Service": f"logs.{context.region}.amazonaws.com",
    }
    statement = {"Effect": "Allow", "Principal": people, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Account:
    """An account in which everything is as a deploy of the inference layer needs it."""

    def __init__(self, context: Context, aws: Aws, synthesize: Synthesize) -> None:
        self._synthesize = synthesize
        self.aws = aws
        ec2, kms = aws.client("ec2"), aws.client("kms")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.0.{start}/28")["Subnet"]["SubnetId"]
            for start in (0, 16)
        ]
        self.key = kms.create_key(Policy=lets_in(context))["KeyMetadata"]["Arn"]
        self.bucket = f"data-{context.account}"
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=self.bucket)
        s3.put_object(Bucket=self.bucket, Key="fraud/1/model.tar.gz", Body=b"model")
        self.repository = context.repository("fraud")
        self.push("1.4.2")
        self.environment = Environment(
            context=context,
            network=NetworkOutputs(
                vpc_id=vpc,
                vpc_cidr="10.0.0.0/16",
                private_subnet_ids=subnets,
                public_subnet_ids=[],
                s3_prefix_list_id="pl-1",
            ),
            registry=RegistryOutputs(kms_key_arn=self.key, artifact_bucket=self.bucket),
            inference=Inference(endpoints={"fraud": endpoint()}),
        )

    def push(self, tag: str) -> None:
        ecr = self.aws.client("ecr")
        if not ecr.describe_repositories()["repositories"]:
            ecr.create_repository(repositoryName=self.repository)
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {"mediaType": "application/json", "size": 1, "digest": f"sha256:{tag}"},
            "layers": [],
        }
        ecr.put_image(
            repositoryName=self.repository, imageManifest=json.dumps(manifest), imageTag=tag
        )

    def checks(self, **changes: Any) -> list[Finding]:
        environment = self.environment.replace(**changes)
        stacks = self._synthesize(environment, target=replace(EMULATOR, plans_only=True))
        return preflight(environment, stacks, self.aws)

    def failed(self, **changes: Any) -> dict[str, Finding]:
        return {c.check.title: c for c in self.checks(**changes) if c.outcome == "failed"}


@pytest.fixture
def account(context: Context, aws: Aws, synthesize: Synthesize) -> Account:
    return Account(context, aws, synthesize)


def test_nothing_is_wrong_where_everything_is_there(account: Account) -> None:
    checks = account.checks()
    assert [check for check in checks if check.outcome == "failed"] == []
    assert {check.check.title for check in checks if check.outcome == "passed"} == {
        "role",
        "state bucket",
        "image",
        "artifact",
        "artifact bucket",
        "quota",
        "key",
        "subnets",
        "name",
    }


def test_every_failure_says_how_to_mend_it(account: Account) -> None:
    account.aws.client("kms").disable_key(KeyId=account.key.rpartition("/")[2])
    account.aws.client("s3").delete_object(Bucket=account.bucket, Key="fraud/1/model.tar.gz")
    account.aws.client("iam").create_role(
        RoleName=account.environment.context.name("fraud", limit=64), AssumeRolePolicyDocument="{}"
    )
    failed = account.failed(
        inference=Inference(endpoints={"fraud": endpoint(most=11, tag="1.4.3")})
    )
    assert {name: check.found.split(",")[0] for name, check in failed.items()} == {
        "image": "does not exist",
        "artifact": "does not exist",
        "quota": "22 are needed at the maximum (doubled for blue/green); the quota is 20",
        "key": "is Disabled",
        "subnets": "44 addresses are needed at the maximum",
        "name": "exists already",
    }
    assert all(check.fix for check in failed.values())
    assert failed["image"].fix.endswith("fraud:1.4.3")
    assert "ask for 22 in Service Quotas" in failed["quota"].fix


def test_what_a_registered_version_loads_has_to_be_there(account: Account) -> None:
    registry = account.aws.client("sagemaker")
    registry.create_model_package_group(ModelPackageGroupName="fraud")
    image = f"{account.environment.context.account}.dkr.ecr.us-east-1.amazonaws.com/fraud:1"
    uri = f"s3://{account.bucket}/fraud/2/model.tar.gz"
    made = registry.create_model_package(
        ModelPackageGroupName="fraud",
        InferenceSpecification={
            "Containers": [{"Image": image, "ModelDataUrl": uri}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )
    model = ModelPackage(arn=made["ModelPackageArn"])
    serving = Inference(endpoints={"fraud": RealtimeEndpoint(model=model, instance_type=LARGE)})
    missing = account.failed(inference=serving)["artifact"]
    assert (missing.subject, missing.found) == (uri, "does not exist")
    key = uri.removeprefix(f"s3://{account.bucket}/")
    account.aws.client("s3").put_object(Bucket=account.bucket, Key=key, Body=b"model")
    assert account.failed(inference=serving) == {}
    nowhere = model.replace(arn=f"{model.arn.rpartition('/')[0]}/9")
    later = serving.replace(
        endpoints={"fraud": RealtimeEndpoint(model=nowhere, instance_type=LARGE)}
    )
    [found] = [each for each in account.checks(inference=later) if each.subject == nowhere.arn]
    assert (found.outcome, found.found[:26]) == ("skipped", "what it loads is not known")


# Artifacts


IMAGE = Image(repository="fraud", tag="1.4.2")
LARGE = "ml.m5.large"
Judged = dict[str, tuple[str, str]]


def sagemaker(uri: str) -> Inference:
    """Every way in which SageMaker loads an artifact, each with one of its own below a prefix."""

    def model(name: str) -> Model:
        return Model(image=IMAGE, artifact=f"{uri}{name}")

    bare = Model(image=IMAGE)
    return Inference(
        endpoints={
            "realtime": RealtimeEndpoint(
                model=model("realtime.tar.gz"),
                instance_type=LARGE,
                shadow=Shadow(model=model("shadow.tar.gz"), instance_type=LARGE),
            ),
            "async": AsyncEndpoint(model=model("async.tar.gz"), instance_type=LARGE),
            "serverless": ServerlessEndpoint(model=model("serverless.tar.gz")),
            "pipeline": PipelineEndpoint(
                containers=[bare, model("pipeline.tar.gz")], instance_type=LARGE
            ),
            "prefix": RealtimeEndpoint(model=model("prefix/"), instance_type=LARGE),
            "multi-model": MultiModelEndpoint(
                model=MultiModel(image=IMAGE, artifacts=f"{uri}models/"), instance_type=LARGE
            ),
        },
        batch={"nightly": BatchTransform(model=model("batch.tar.gz"), instance_type=LARGE)},
    )


LOADED = (
    *(f"{name}.tar.gz" for name in ("realtime", "shadow", "async", "serverless", "pipeline")),
    *("prefix/", "models/", "batch.tar.gz"),
)


def task(uri: str, **fields: Any) -> EcsService:
    return EcsService(
        model=Model(image=IMAGE, artifact=uri),
        compute=Fargate(cpu=1024, memory_mib=2048),
        container=ContainerOptions(health=ContainerHealth(command=["true"])),
        **fields,
    )


def pod(uri: str) -> EksService:
    return EksService(model=Model(image=IMAGE, artifact=uri), compute=Pod(vcpu=1, memory_mib=1024))


class Artifacts:
    """What is found of artifacts, whose environment is synthesized once."""

    def __init__(self, account: Account, inference: Inference, **eks: EksService) -> None:
        self._aws = account.aws
        self._environment = account.environment.replace(
            ecs=EcsCluster(),
            inference=inference,
            eks=EksCluster(version="1.35", compute=AutoMode()),
            kubernetes=Kubernetes(services=eks),
        )
        target = replace(EMULATOR, plans_only=True)
        self._stacks = account._synthesize(self._environment, target=target)

    def found(self) -> Judged:
        findings = preflight(self._environment, self._stacks, self._aws)
        return {
            each.subject: (each.outcome, each.found)
            for each in findings
            if each.check.title in ("artifact", "key") and each.subject.startswith("s3://")
        }


def put(account: Account, uri: str, **options: Any) -> None:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    account.aws.client("s3").put_object(Bucket=bucket, Key=key, Body=b"model", **options)


def test_what_loads_an_artifact_reads_its_region(account: Account) -> None:
    """SageMaker reads its own Region alone, tasks and pods what they are led out to."""
    west = f"s3://west-{account.environment.context.account}/scorer/"
    account.aws.client("s3").create_bucket(
        Bucket=west.split("/")[2], CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
    )
    for name in (*LOADED, "task.tar.gz", "closed.tar.gz", "pod.tar.gz"):
        put(account, f"{west}{name}" + ("model.tar.gz" if name.endswith("/") else ""))
    services = {
        "task": task(f"{west}task.tar.gz"),
        "closed": task(f"{west}closed.tar.gz", egress_cidrs=[]),
    }
    inference = sagemaker(west).replace(services=services)
    found = Artifacts(account, inference, pod=pod(f"{west}pod.tar.gz")).found()
    only = "is in us-west-2, and SageMaker reads artifacts in us-east-1 alone"
    nowhere = "is in us-west-2, and nothing leads ecs/closed out of us-east-1"
    assert found == {
        **{f"{west}{name}": ("failed", only) for name in LOADED},
        f"{west}task.tar.gz": ("passed", "exists, in us-west-2"),
        f"{west}closed.tar.gz": ("failed", nowhere),
        f"{west}pod.tar.gz": ("passed", "exists, in us-west-2"),
    }


def test_an_artifact_exists_and_its_role_may_use_its_key(account: Account) -> None:
    kms, folder = account.aws.client("kms"), f"s3://{account.bucket}/scorer/"
    inference = sagemaker(folder).replace(services={"task": task(f"{folder}task.tar.gz")})
    artifacts = Artifacts(account, inference, pod=pod(f"{folder}pod.tar.gz"))
    names = (*LOADED, "task.tar.gz", "pod.tar.gz")
    uris = {f"{folder}{name}" for name in names}

    def encrypted(**options: Any) -> set[tuple[str, str]]:
        """What is found of all of them."""
        for uri in uris:
            put(account, uri + ("model.tar.gz" if uri.endswith("/") else ""), **options)
        found = artifacts.found()
        assert found.keys() == uris
        return set(found.values())

    assert artifacts.found() == dict.fromkeys(uris, ("failed", "does not exist"))
    assert encrypted() == {("passed", "exists")}
    by = {"ServerSideEncryption": "aws:kms"}
    good = {("passed", "is encrypted by a key that its readers may use")}
    assert encrypted(**by, SSEKMSKeyId=account.key) == good
    of_aws = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"]
    assert encrypted(**by, SSEKMSKeyId=of_aws) == good
    another = kms.create_key()["KeyMetadata"]["Arn"]
    for outcome, said in encrypted(**by, SSEKMSKeyId=another):
        assert outcome == "failed"
        assert said.startswith(f"is encrypted by {another}, which the role ")
        assert said.endswith(" may not use")
    kms.disable_key(KeyId=another.rpartition("/")[2])
    said = f"is encrypted by {another}, which is Disabled"
    assert encrypted(**by, SSEKMSKeyId=another) == {("failed", said)}


def test_a_key_that_is_yet_to_be_made_encrypts_nothing(account: Account) -> None:
    """The role is to have the environment's key; the object has another, whatever that will be."""
    uri = f"s3://{account.bucket}/scorer/1/model.tar.gz"
    key = account.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    put(account, uri, ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    endpoint = RealtimeEndpoint(model=Model(image=IMAGE, artifact=uri), instance_type=LARGE)
    failed = account.failed(
        registry=Registry(repositories={"fraud": Repository()}),
        inference=Inference(endpoints={"fraud": endpoint}),
    )
    assert f"is encrypted by {key}, which the role" in failed["key"].found
    assert f'"{account.bucket}": "{key}"' in failed["key"].fix


def test_a_repository_that_is_yet_to_be_made_is_deployed_and_pushed_to_first(
    account: Account,
) -> None:
    account.aws.client("ecr").delete_repository(repositoryName=account.repository, force=True)
    failed = account.failed(registry=Registry(repositories={"fraud": Repository()}))
    assert failed["image"].fix.startswith("deploy dev-use1-registry first; then inferform push")
    assert failed["artifact"].fix.startswith("deploy dev-use1-registry, then aws s3 cp")


def test_an_artifact_under_another_key_names_the_key_that_its_readers_need(
    account: Account,
) -> None:
    other = account.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    account.aws.client("s3").put_object(
        Bucket=account.bucket,
        Key="fraud/1/model.tar.gz",
        Body=b"model",
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=other,
    )
    failed = account.failed()["key"]
    assert failed.found.startswith(f"is encrypted by {other}, which the role ")
    assert failed.fix == f'write artifact_keys={{"{account.bucket}": "{other}"}} in the Context'
    named = account.environment.context.replace(artifact_keys={account.bucket: other})
    assert "key" not in account.failed(context=named)
    wrong = named.replace(artifact_keys={account.bucket: account.key})
    assert failed.found == account.failed(context=wrong)["key"].found


def test_certificates_of_load_balancers_are_looked_for_where_they_must_be(account: Account) -> None:
    acm, (certificate, key) = account.aws.client("acm"), issued()
    good = acm.import_certificate(Certificate=certificate, PrivateKey=key)["CertificateArn"]
    pending = acm.request_certificate(DomainName="fraud.acme.test")["CertificateArn"]
    elsewhere = good.replace("us-east-1", "eu-west-1")
    arns = [good, pending, elsewhere, f"{good[:-1]}-"]
    listeners = {str(n): {"certificate_arn": arn} for n, arn in enumerate(arns)}
    stacks = {"dev-use1-ecs": {"resource": {"aws_lb_listener": listeners}, **IN_S3}}
    checks = preflight(account.environment, stacks, account.aws)
    found = {c.subject: (c.outcome, c.found) for c in checks if c.check.title == "certificate"}
    assert found == {
        good: ("passed", "is issued"),
        pending: ("failed", "is PENDING_VALIDATION"),
        elsewhere: ("failed", "is not in us-east-1"),
        f"{good[:-1]}-": ("failed", "does not exist"),
    }


def test_without_credentials_it_says_so_once(account: Account, callers_own: None) -> None:
    outsider = account.environment.context.replace(account="999999999999", deploy_role=None)
    environment = account.environment.replace(context=outsider)
    [check] = preflight(environment, {}, Aws(outsider))
    assert (check.check.title, check.outcome) == ("credentials", "failed")
    assert check.fix
    assert check.fix not in check.found


def test_a_maximum_counts_and_a_raised_quota_covers_it(account: Account) -> None:
    more = Inference(endpoints={"fraud": endpoint(most=14, instance_type="ml.c5.large")})
    quotas = account.aws.client("service-quotas")
    assert "28 are needed" in account.failed(inference=more)["quota"].found
    wanted = "ml.c5.large for endpoint usage"
    [code] = [
        quota["QuotaCode"]
        for quota in quotas.list_service_quotas(ServiceCode="sagemaker")["Quotas"]
        if quota["QuotaName"] == wanted
    ]
    quotas.request_service_quota_increase(
        ServiceCode="sagemaker", QuotaCode=code, DesiredValue=28.0
    )
    assert "quota" not in account.failed(inference=more)


def test_what_is_in_the_state_is_not_taken_for_somebody_elses(
    account: Account, write_state: Write
) -> None:
    name = account.environment.context.name("fraud", limit=64)
    account.aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    assert "the state of dev-use1-inference does not have it" in account.failed()["name"].found
    synthesized = account._synthesize(account.environment, target=EMULATOR)
    [role] = synthesized["dev-use1-inference"]["resource"]["aws_iam_role"]
    write_state("inference", 1, **{f"aws_iam_role.{role}": {"name": name}})
    assert "name" not in account.failed()


def test_a_stack_with_its_state_elsewhere_hides_no_other_state(
    account: Account, write_state: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    synthesize = account._synthesize

    def with_another(environment: Environment, **options: Any) -> dict[str, dict[str, Any]]:
        place = {"environment": environment.key, "layer": "mine"}
        bucket = {"aws_s3_bucket": {"mine": {"bucket": account.bucket}}}
        mine = {"//": {"metadata": {"inferform": place}}, "resource": bucket}
        return {**synthesize(environment, **options), "mine": mine}

    name = account.environment.context.name("fraud", limit=64)
    account.aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    stacks = synthesize(account.environment, target=EMULATOR)
    [role] = stacks["dev-use1-inference"]["resource"]["aws_iam_role"]
    write_state("inference", 1, **{f"aws_iam_role.{role}": {"name": name}})
    monkeypatch.setattr(account, "_synthesize", with_another)
    assert account.failed() == {}


def test_a_state_that_cannot_be_read_is_not_taken_for_none(account: Account) -> None:
    context = account.environment.context
    name = context.name("fraud", limit=64)
    account.aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    account.aws.client("s3").put_object(
        Bucket=context.state_bucket, Key=context.state_key("inference"), Body=b"{"
    )
    failed = account.failed()
    assert set(failed) == {"readable"}
    assert "dev-use1/inference.tfstate" in failed["readable"].found


def test_a_state_bucket_that_is_missing_is_a_finding_of_its_own(
    context: Context, emulator: Any, synthesize: Synthesize
) -> None:
    account = Account(context, Aws(context, emulator=emulator), synthesize)
    failed = account.failed()
    assert failed["state bucket"].found == "does not exist"
    assert failed["state bucket"].fix == "inferform bootstrap dev-use1"
    assert set(failed) == {"state bucket"}


def _given_bucket(account: Account, **given: Any) -> Finding:
    """What preflight says of the state bucket, where the Context names it."""
    bucket = account.environment.context.state_bucket
    context = account.environment.context.replace(backend=S3Backend(bucket=bucket, **given))
    [found] = [each for each in account.checks(context=context) if each.check.id == "PRE3"]
    return found


def test_a_state_bucket_whose_key_the_context_does_not_name_is_found(account: Account) -> None:
    # Terraform asks for SSE-S3 with each state where it is given no key, whatever the bucket does by default.
    key = account.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    assert _given_bucket(account).outcome == "passed"
    account.aws.client("s3").put_bucket_encryption(
        Bucket=account.environment.context.state_bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": {
                        "SSEAlgorithm": "aws:kms",
                        "KMSMasterKeyID": key,
                    }
                }
            ]
        },
    )
    found = _given_bucket(account)
    assert (found.outcome, key in found.found) == ("failed", True)
    assert "S3Backend(kms_key=...)" in found.fix
    assert _given_bucket(account, kms_key=key).outcome == "passed"


def test_a_state_bucket_of_others_that_may_not_be_asked_about_is_no_failure(
    account: Account, faults: Callable[..., None]
) -> None:
    faults(kind="access-denied", service="s3", operation="GetBucketVersioning")
    found = _given_bucket(account)
    assert (found.outcome, "may not be asked" in found.found) == ("skipped", True)


def test_a_transform_job_counts_against_a_quota_of_its_own(account: Account) -> None:
    model = endpoint().model
    batch = {
        "nightly": BatchTransform(model=model, instance_type="ml.m5.xlarge", instance_count=20),
        "weekly": BatchTransform(model=model, instance_type="ml.m5.2xlarge", instance_count=21),
    }
    checks = account.checks(inference=Inference(batch=batch))
    assert {c.subject: (c.outcome, c.found) for c in checks if c.check.title == "quota"} == {
        "ml.m5.xlarge for transform job usage": (
            "passed",
            "20 are needed at the maximum; the quota is 20",
        ),
        "ml.m5.2xlarge for transform job usage": (
            "failed",
            "21 are needed at the maximum; the quota is 20",
        ),
    }
    assert "artifact" in {c.check.title for c in checks if c.outcome == "passed"}


def test_what_a_killed_deploy_left_is_recovered_and_what_was_renamed_is_not_taken(
    account: Account, write_state: Write
) -> None:
    context, iam = account.environment.context, account.aws.client("iam")
    role, tags = context.name("fraud", limit=64), context.default_tags("inference")
    iam.create_role(
        RoleName=role,
        AssumeRolePolicyDocument="{}",
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    assert account.failed()["name"].fix.startswith("inferform recover dev-use1-inference")
    write_state("inference", 1, **{"aws_iam_role.before": {"name": role}})
    assert "name" not in account.failed()


def test_what_a_killed_deploy_left_is_known_by_the_keys_that_the_context_gives_its_tags(
    account: Account,
) -> None:
    context = account.environment.context.replace(tag_keys={"managed-by": "made-by"})
    tags = context.default_tags("inference")
    account.aws.client("iam").create_role(
        RoleName=context.name("fraud", limit=64),
        AssumeRolePolicyDocument="{}",
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    assert account.failed(context=context)["name"].fix.startswith("inferform recover")
    assert account.failed()["name"].fix.startswith("terraform import")


def theirs(aws: Aws, service: str, *statements: dict[str, Any]) -> str:
    """The ARN of a role that somebody else made."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    iam = aws.client("iam")
    version = "2012-10-17"
    arn = iam.create_role(
        Path="/security/",
        RoleName="theirs",
        AssumeRolePolicyDocument=json.dumps({"Version": version, "Statement": [trust]}),
    )["Role"]["Arn"]
    if statements:
        policy = json.dumps({"Version": version, "Statement": statements})
        iam.put_role_policy(RoleName="theirs", PolicyName="p", PolicyDocument=policy)
    return str(arn)


def with_role(arn: str) -> Inference:
    return Inference(endpoints={"fraud": endpoint().replace(existing=Existing(execution_role=arn))})


def given_role(account: Account, arn: str) -> Finding:
    (found,) = (
        each
        for each in account.checks(inference=with_role(arn))
        if each.check.title == "given role"
    )
    return found


def test_what_a_given_role_lacks_is_printed_as_a_policy(account: Account) -> None:
    arn = theirs(account.aws, "sagemaker.amazonaws.com")
    found = given_role(account, arn)
    assert (found.subject, found.outcome) == (arn, "failed")
    missing = json.loads(found.found.partition(": ")[2])["Statement"]
    assert {each["Sid"] for each in missing} >= {"PullImage", "ReadArtifact", "WriteLogs"}


def test_a_policy_to_copy_stands_below_the_table_and_not_in_it() -> None:
    from ops.commands.preflight import _in_a_row

    assert _in_a_row('lacks rights that its service needs: {\n  "Version"\n}') == (
        "lacks rights that its service needs (below)"
    )
    assert _in_a_row("is there: 1") == "is there: 1"


def test_a_key_of_the_registry_that_is_one_of_artifacts_too_is_judged_once(
    account: Account,
) -> None:
    named = account.environment.context.replace(artifact_keys={account.bucket: account.key})
    judged = [each.subject for each in account.checks(context=named) if each.check.title == "key"]
    assert judged == [account.key]


class _Sts:
    """STS as a role's own session meets it, whose trust policy does not name the role."""

    def __init__(self, caller: str, refused: bool) -> None:
        self._caller, self._refused = caller, refused

    def get_caller_identity(self) -> dict[str, str]:
        return {"Arn": self._caller, "Account": self._caller.split(":")[4]}

    def assume_role(self, **_: str) -> None:
        if self._refused:
            raise ClientError(
                {"Error": {"Code": "AccessDenied", "Message": "not authorized"}}, "AssumeRole"
            )


@pytest.mark.parametrize(
    ("caller", "refused", "outcome", "said"),
    [
        ("assumed-role/inferform-deploy/job", True, "failed", "may not assume itself"),
        ("assumed-role/inferform-deploy/job", False, "passed", "is the caller"),
        ("assumed-role/ci/job", True, "failed", "cannot be assumed"),
        ("assumed-role/ci/job", False, "passed", "can be assumed"),
    ],
)
def test_a_deploy_role_must_be_assumed_by_itself_too(
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    caller: str,
    refused: bool,
    outcome: str,
    said: str,
) -> None:
    # Terraform assumes the role from its own session in CI; IAM lets no role assume itself unasked.
    arn = f"arn:aws:sts::{account.environment.context.account}:{caller}"
    whole = Aws.client

    def client(self: Aws, service: Any) -> Any:
        return _Sts(arn, refused) if service == "sts" else whole(self, service)

    monkeypatch.setattr(Aws, "client", client)
    context = account.environment.context.replace(deploy_role="platform/inferform-deploy")
    [found] = [each for each in account.checks(context=context) if each.check.title == "role"]
    assert (found.outcome, said in found.found) == (outcome, True)


def test_a_given_role_with_what_is_printed_passes(account: Account) -> None:
    arn = theirs(account.aws, "sagemaker.amazonaws.com")
    policy = given_role(account, arn).found.partition(": ")[2]
    account.aws.client("iam").put_role_policy(
        RoleName="theirs", PolicyName="asked", PolicyDocument=policy
    )
    assert given_role(account, arn).outcome == "passed"


def test_a_given_role_that_trusts_another_service_is_found(account: Account) -> None:
    found = given_role(account, theirs(account.aws, "ecs-tasks.amazonaws.com"))
    assert found.outcome == "failed"
    assert "sagemaker.amazonaws.com" in found.fix


def test_a_given_role_that_is_not_there_is_found(account: Account) -> None:
    arn = f"arn:aws:iam::{account.aws.context.account}:role/missing"
    assert given_role(account, arn).found == "does not exist"


def test_what_counts_by_the_environments_tag_needs_it_to_be_active(account: Account) -> None:
    explorer: Any = account.aws.any_client("ce")
    spec = Observability(budget=Budget(usd_per_month=100), cost_anomalies=CostAnomalies(usd=20))

    def outcomes() -> set[tuple[str, str]]:
        checks = account.checks(observability=spec)
        return {(each.outcome, each.found) for each in checks if each.check.id == "PRE25"}

    (unknown,) = outcomes()
    assert unknown == (
        "failed",
        "is not known as a cost-allocation tag, so that nothing is counted by it",
    )
    for status, outcome in (("Inactive", "failed"), ("Active", "passed")):
        explorer.update_cost_allocation_tags_status(
            CostAllocationTagsStatus=[{"TagKey": "environment", "Status": status}]
        )
        assert {each for each, _ in outcomes()} == {outcome}
    # Nothing is counted by a tag without either of them.
    spec = Observability(budget=None)
    assert outcomes() == set()


def test_a_budget_that_nobody_wrote_holds_no_deploy_up_for_its_tag(account: Account) -> None:
    explorer: Any = account.aws.any_client("ce")
    spec = Observability()

    def outcomes() -> list[str]:
        checks = account.checks(observability=spec)
        return [each.outcome for each in checks if each.check.id == "PRE25"]

    # AWS lists a tag only once something that was billed has it.
    assert outcomes() == ["skipped"]
    explorer.update_cost_allocation_tags_status(
        CostAllocationTagsStatus=[{"TagKey": "environment", "Status": "Active"}]
    )
    assert outcomes() == ["passed"]


def test_a_chat_channel_needs_its_workspace_to_be_authorized(account: Account) -> None:
    place = TeamsChannel(
        tenant="0a1b2c3d-1111-2222-3333-444455556666",
        team="1A1B2C3D-1111-2222-3333-444455556666",
        channel="19%3A0123456789abcdef%40thread.tacv2",
    )
    told = Notify(
        slack={
            "oncall": SlackChannel(workspace="T1", channel="C1"),
            "late": SlackChannel(workspace="T1", channel="C2"),
        },
        teams={"oncall": place},
    )

    def outcomes() -> dict[str, str]:
        checks = account.checks(observability=Observability(notify=told))
        return {each.subject: each.outcome for each in checks if each.check.id == "PRE61"}

    def authorize(workspaces: list[str], teams: dict[str, str]) -> None:
        given = {"account": account.environment.context.account, "workspaces": workspaces}
        assert account.aws.emulator is not None
        account.aws.emulator.control("POST", "chatbot/authorized", {**given, "teams": teams})

    team = f"team {place.team.lower()} of the tenant {place.tenant}"
    authorize([], {})
    assert outcomes() == {"Slack workspace T1": "failed", team: "failed"}
    authorize(["T1"], {place.team.lower(): "2a1b2c3d-1111-2222-3333-444455556666"})
    assert outcomes() == {"Slack workspace T1": "passed", team: "failed"}
    authorize(["T1"], {place.team.lower(): place.tenant})
    assert outcomes() == {"Slack workspace T1": "passed", team: "passed"}


def training(uri: str, **more: Any) -> Training:
    job = TrainingJob(
        image=Image(repository="fraud", tag="1.4.2"),
        instance_type="ml.m5.xlarge",
        channels={"a": Channel(uri=uri)},
        keep_alive_seconds=600,
    )
    return Training(retrainings={"fraud": Retraining(train=job, **more)})


def judged(
    account: Account, title: str, training: Training, **more: Any
) -> dict[str, tuple[str, str]]:
    checks = account.checks(training=training, **more)
    return {c.subject: (c.outcome, c.found) for c in checks if c.check.title == title}


def test_data_of_a_retraining_is_there_and_its_role_may_use_the_key(account: Account) -> None:
    folder = f"s3://{account.bucket}/data/fraud/"
    artifact = {f"s3://{account.bucket}/fraud/1/model.tar.gz": ("passed", "exists")}
    empty = {folder: ("failed", "has no objects")}
    assert judged(account, "artifact", training("data/fraud/")) == {**artifact, **empty}
    put(account, f"{folder}2026/part.csv")
    found = judged(account, "artifact", training("data/fraud/"))
    assert found == {**artifact, folder: ("passed", "exists")}
    # SageMaker takes all keys that begin with a prefix, whatever follows.
    begun = folder[:-3]
    assert judged(account, "artifact", training("data/fra"))[begun] == ("passed", "exists")
    key = account.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    put(account, f"{folder}2026/part.csv", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    outcome, said = judged(account, "key", training("data/fraud/"))[folder]
    assert (outcome, f"is encrypted by {key}, which the role" in said) == ("failed", True)
    put(account, f"{folder}2026/part.csv", ServerSideEncryption="aws:kms", SSEKMSKeyId=account.key)
    assert judged(account, "key", training("data/fraud/"))[folder][0] == "passed"


def test_data_that_comes_by_itself_is_not_asked_for_before_a_deploy(account: Account) -> None:
    waits = training("incoming/fraud/", triggers=[OnUpload(prefix="incoming/fraud/")])
    monitor = DriftMonitor(
        endpoint="fraud", image=Image(repository="fraud", tag="1.4.2"), baseline="data/fraud/"
    )
    captures = endpoint().replace(data_capture=DataCapture())
    inference = Inference(endpoints={"fraud": captures})
    whole = waits.replace(monitors={"fraud": monitor})
    found = judged(account, "artifact", whole, inference=inference)
    root = f"s3://{account.bucket}"
    captured = monitor.captured(account.environment.replace(inference=inference), account.bucket)
    missing = ("failed", "has no objects")
    later = ("skipped", "has no objects yet, which come later")
    assert found[f"{root}/incoming/fraud/"] == found[captured] == later
    assert found[f"{root}/data/fraud/"] == missing
    # Another folder is nobody's to fill.
    other = training("data/", triggers=[OnUpload(prefix="incoming/fraud/")])
    assert judged(account, "artifact", other)[f"{root}/data/"] == missing
    # Nor is it before the first deploy of all, which makes the bucket.
    s3 = account.aws.client("s3")
    for each in s3.list_objects_v2(Bucket=account.bucket)["Contents"]:
        s3.delete_object(Bucket=account.bucket, Key=each["Key"])
    s3.delete_bucket(Bucket=account.bucket)
    found = judged(account, "artifact", whole, inference=inference)
    assert found[f"{root}/incoming/fraud/"] == found[captured] == later
    assert found[f"{root}/data/fraud/"] == ("failed", "its bucket does not exist")


def test_the_group_that_a_retraining_registers_in_is_looked_for(account: Account) -> None:
    put(account, f"s3://{account.bucket}/data/part.csv")
    name = account.environment.context.name("fraud")
    spec = training("data/", registers=Register(group="fraud"))
    (found,) = judged(account, "model package group", spec).items()
    assert (found[0], found[1][0]) == (name, "failed")
    account.aws.client("sagemaker").create_model_package_group(ModelPackageGroupName=name)
    assert judged(account, "model package group", spec) == {name: ("passed", "exists")}


def test_a_retraining_counts_against_the_quota_of_training_jobs(account: Account) -> None:
    put(account, f"s3://{account.bucket}/data/part.csv")
    quotas = judged(account, "quota", training("data/"))
    for use in ("training job", "training warm pool"):
        assert quotas[f"ml.m5.xlarge for {use} usage"] == (
            "passed",
            "1 are needed at the maximum; the quota is 20",
        )
