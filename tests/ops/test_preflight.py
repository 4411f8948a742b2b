"""What would fail in the middle of an apply, found on the emulator before it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from inferform import (
    BatchTransform,
    Context,
    Environment,
    Image,
    Inference,
    InvocationsPerInstance,
    Model,
    NetworkOutputs,
    RealtimeEndpoint,
    Registry,
    RegistryOutputs,
    Repository,
    Scaling,
    TargetTracking,
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
        self.key = kms.create_key()["KeyMetadata"]["Arn"]
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
        "quota": "22 are needed at the maximum and twice for blue/green",
        "key": "is Disabled",
        "subnets": "44 addresses are needed at the maximum",
        "name": "exists already",
    }
    assert all(check.fix for check in failed.values())
    assert failed["image"].fix.endswith("fraud:1.4.3")
    assert "ask for 22 in Service Quotas" in failed["quota"].fix


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
    assert failed.found == f"is encrypted by {other}, but its readers may use {account.key}"
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


def test_without_credentials_it_says_so_once(account: Account) -> None:
    outsider = account.environment.context.replace(account="999999999999", deploy_role=None)
    environment = account.environment.replace(context=outsider)
    stranger = Aws(outsider, emulator=account.aws.emulator)
    [check] = preflight(environment, {}, stranger)
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
            "20 are needed at the maximum, 20 allowed",
        ),
        "ml.m5.2xlarge for transform job usage": (
            "failed",
            "21 are needed at the maximum, 20 allowed",
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
