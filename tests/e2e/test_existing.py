"""Services on the emulator with roles, a key, subnets and a group that exist: they are deployed, plan
empty, and leave what was brought as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from inferform import (
    BatchTransform,
    DataCapture,
    Existing,
    Inference,
    Model,
    Naming,
    Permissions,
    PolicyStatement,
    RealtimeEndpoint,
)
from inferform_emulator.process import Emulator

from .hosting import CONTEXT, client, hosting

MODEL = Model(
    image="123456789012.dkr.ecr.us-east-1.amazonaws.com/risk/fraud:1", artifact="m.tar.gz"
)


def brought(emulator: Emulator, vpc: str) -> Existing:
    """What somebody else made."""
    ec2, iam = client(emulator, "ec2"), client(emulator, "iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
            }
        ],
    }
    role = iam.create_role(
        Path="/security/", RoleName="fraud", AssumeRolePolicyDocument=json.dumps(trust)
    )
    group = ec2.create_security_group(GroupName="theirs", Description="theirs", VpcId=vpc)
    return Existing(
        execution_role=role["Role"]["Arn"],
        kms_key=client(emulator, "kms").create_key()["KeyMetadata"]["Arn"],
        subnets=[
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{n}.0/24")["Subnet"]["SubnetId"]
            for n in (8, 9)
        ],
        security_groups=[group["GroupId"]],
    )


def as_it_is(emulator: Emulator, existing: Existing) -> list[Any]:
    """What AWS says of what was brought."""
    ec2, iam, kms = (client(emulator, service) for service in ("ec2", "iam", "kms"))
    return [
        iam.get_role(RoleName="fraud")["Role"],
        iam.list_role_policies(RoleName="fraud")["PolicyNames"],
        kms.describe_key(KeyId=existing.kms_key)["KeyMetadata"],
        kms.list_resource_tags(KeyId=existing.kms_key)["Tags"],
        ec2.describe_subnets(SubnetIds=[*existing.subnets])["Subnets"],
        ec2.describe_security_groups(GroupIds=[*existing.security_groups])["SecurityGroups"],
    ]


def test_services_run_with_what_exists_and_leave_it_as_it_was(
    emulator: Emulator, tmp_path: Path
) -> None:
    found = hosting(emulator, tmp_path)
    found.context = CONTEXT.replace(naming=Naming(template="{name}-{organization}"))
    existing = brought(emulator, found.network.vpc_id)
    before = as_it_is(emulator, existing)
    tables = PolicyStatement(actions=["dynamodb:GetItem"], resources=["*"])
    inference = Inference(
        endpoints={
            "fraud": RealtimeEndpoint(
                model=MODEL,
                instance_type="ml.m5.large",
                data_capture=DataCapture(),
                existing=existing,
                tags={"cost-center": "42"},
            ),
            "other": RealtimeEndpoint(
                model=MODEL,
                instance_type="ml.m5.large",
                permissions={"execution": Permissions(statements=[tables])},
            ),
        },
        batch={
            "score": BatchTransform(model=MODEL, instance_type="ml.m5.xlarge", existing=existing)
        },
    )
    found.apply(inference)
    sagemaker = client(emulator, "sagemaker")
    endpoint = sagemaker.describe_endpoint(EndpointName="fraud-kinds")
    configuration = sagemaker.describe_endpoint_config(
        EndpointConfigName=endpoint["EndpointConfigName"]
    )
    assert configuration["KmsKeyId"] == existing.kms_key
    model = sagemaker.describe_model(ModelName=configuration["ProductionVariants"][0]["ModelName"])
    assert model["ExecutionRoleArn"] == existing.execution_role
    assert {*model["VpcConfig"]["Subnets"]} == {*existing.subnets}
    assert {"Key": "cost-center", "Value": "42"} in sagemaker.list_tags(
        ResourceArn=endpoint["EndpointArn"]
    )["Tags"]
    policies = client(emulator, "iam").list_role_policies(RoleName="other-kinds")["PolicyNames"]
    assert sorted(policies) == ["inference", "more"]

    fraud = inference.endpoints["fraud"]
    retagged = fraud.replace(tags={"cost-center": "43"})
    changes = found.plan(inference.replace(endpoints={**inference.endpoints, "fraud": retagged}))
    assert changes
    assert all(actions == ["update"] for actions in changes.values())

    found.destroy(inference)
    assert as_it_is(emulator, existing) == before
