"""What commands say in an account where nothing was deployed yet, on the emulator."""

from __future__ import annotations

import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from inferform import Context, Environment, Inference, Model, Network, RealtimeEndpoint, Registry
from inferform_emulator.process import Emulator
from ops.aws import Aws
from ops.cost.prices import price_table
from ops.errors import DamagedStateError, OperatorError
from ops.publish import upload
from ops.releases import history
from ops.state import States
from ops.takeover.listed import foreign

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
