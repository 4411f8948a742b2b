"""What commands say in an account where nothing was deployed yet, on the emulator."""

from __future__ import annotations

import tarfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from inferform import (
    Context,
    Environment,
    Inference,
    Model,
    Network,
    RealtimeEndpoint,
    Registry,
)
from inferform_emulator.process import Emulator
from ops.aws import Aws
from ops.cost.prices import price_table
from ops.errors import BadInputError, DamagedStateError, OperatorError
from ops.publish import upload
from ops.releases import history
from ops.state import States
from ops.takeover import run
from ops.takeover.hosting import taken
from ops.takeover.listed import foreign
from ops.takeover.live import hosting_of

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
CONTEXT = Context(
    organization="first", stage="dev", account="123456789012", region="us-east-1", owner="ml"
)
ENVIRONMENT = Environment(
    context=CONTEXT,
    network=Network(cidr="10.20.0.0/16"),
    registry=Registry(),
    inference=Inference(
        endpoints={"fraud": RealtimeEndpoint(model=Model(image=IMAGE), instance_type="ml.m5.large")}
    ),
)


def test_endpoints_are_listed_where_there_is_no_state_bucket(emulator: Emulator) -> None:
    aws = Aws(CONTEXT, emulator=emulator)
    sagemaker = aws.client("sagemaker")
    sagemaker.create_model(
        ModelName="made-by-hand",
        ExecutionRoleArn="arn:aws:iam::123456789012:role/notebook",
        PrimaryContainer={"Image": IMAGE},
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName="made-by-hand",
        ProductionVariants=[
            {
                "VariantName": "AllTraffic",
                "ModelName": "made-by-hand",
                "InitialInstanceCount": 1,
                "InstanceType": "ml.m5.large",
            }
        ],
    )
    sagemaker.create_endpoint(EndpointName="made-by-hand", EndpointConfigName="made-by-hand")
    found = foreign(ENVIRONMENT, [ENVIRONMENT], aws, price_table(), datetime.now(UTC))
    assert {"made-by-hand": "real-time"}.items() <= {each.name: each.kind for each in found}.items()


def serverless(aws: Aws, name: str) -> None:
    sagemaker: Any = aws.client("sagemaker")
    sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn="arn:aws:iam::123456789012:role/notebook",
        PrimaryContainer={"Image": IMAGE},
    )
    variant = {"VariantName": "AllTraffic", "ModelName": name}
    sizes = {"MemorySizeInMB": 2048, "MaxConcurrency": 5, "ProvisionedConcurrency": 2}
    sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[{**variant, "ServerlessConfig": sizes}]
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)


def test_what_scales_provisioned_concurrency_is_named(emulator: Emulator) -> None:
    aws = Aws(CONTEXT, emulator=emulator)
    serverless(aws, "provisioned")
    scaling: Any = aws.client("application-autoscaling")
    asked = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/provisioned/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredProvisionedConcurrency",
    }
    scaling.register_scalable_target(**asked, MinCapacity=1, MaxCapacity=4)
    metric = {
        "PredefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization",
    }
    tracking = {"TargetValue": 0.7, "PredefinedMetricSpecification": metric}
    scaling.put_scaling_policy(
        **asked,
        PolicyName="used",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=tracking,
    )
    hosting = hosting_of(aws, "provisioned")
    assert [each["PolicyName"] for each in hosting.scaling["AllTraffic"].policies] == ["used"]
    said = [str(each) for each in taken(hosting, CONTEXT).left]
    assert "ScalableTarget AllTraffic: write scaling of provisioned concurrency by hand" in said


@pytest.mark.parametrize("status", ["Updating", "RollingBack", "Failed"])
def test_an_endpoint_that_does_not_serve_in_peace_is_not_taken_over(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    aws = Aws(CONTEXT, emulator=emulator)
    name = f"found-{status.lower()}"
    serverless(aws, name)
    loaded: Any = SimpleNamespace(environments={CONTEXT.key: ENVIRONMENT})
    asked = run.Asked(name, "found", CONTEXT.key)
    program: Any = None
    monkeypatch.setattr(run, "planned_edit", lambda *_: None)
    assert run.look(asked, loaded, aws, program).taken.spec is not None
    monkeypatch.setattr(run, "hosting_of", lambda *_: replace(hosting_of(aws, name), status=status))
    with pytest.raises(BadInputError, match=f"cannot be taken over while it is {status}"):
        run.look(asked, loaded, aws, program)


def test_an_upload_without_its_bucket_says_what_makes_it(
    emulator: Emulator, tmp_path: Path
) -> None:
    model = tmp_path / "model.tar.gz"
    with tarfile.open(model, "w:gz") as archive:
        archive.add(__file__, "model.txt")
    aws, uri = Aws(CONTEXT, emulator=emulator), "s3://first-artifacts/fraud/1.0.0/model.tar.gz"
    with pytest.raises(OperatorError, match=r"NoSuchBucket[\s\S]*deploy dev-use1-registry"):
        upload(model, uri, aws)
    aws.client("s3").create_bucket(Bucket="first-artifacts")
    assert upload(model, uri, aws)
    assert not upload(model, uri, aws)


def test_a_history_passes_over_a_damaged_version_and_says_so(emulator: Emulator) -> None:
    context = CONTEXT.replace(organization="damaged")
    environment = ENVIRONMENT.replace(context=context)
    aws = Aws(context, emulator=emulator)
    s3, bucket, key = aws.client("s3"), context.state_bucket, "dev-use1/inference.tfstate"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    held = '{"version": 4, "lineage": "x", "serial": 1, "outputs": {}, "resources": []}'
    for body in (held, "[]", "", held):
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    s3.delete_object(Bucket=bucket, Key=key)
    damaged: list[str] = []
    assert history(environment, "fraud", aws, damaged) == []
    assert len(damaged) == 2
    assert "is passed over: the state dev-use1/inference.tfstate cannot be read" in damaged[0]
    states = States(aws)
    assert len([*states.history("inference", [])]) == 2
    with pytest.raises(DamagedStateError):
        list(states.history("inference"))
