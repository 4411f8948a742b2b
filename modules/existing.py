"""What somebody else made for one service: roles, a key, subnets and security groups."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from .context import Context
from .places import KeyArn
from .rules import Problem, rule
from .spec import Aws, Check, Many, Matches, Spec, arn_of

EXI1 = rule(
    "EXI1",
    refuses="a role of another account or partition than the environment's",
    message="is in {other}, but the service is in {own}; name a role of the environment's account",
    source="IAM User Guide, permissions to pass a role to an AWS service (roles of the same account)",
)
EXI2 = rule(
    "EXI2",
    refuses="a key of another Region or partition than the environment's",
    message="is in {other}, but the service is in {own}; name a key of the environment's Region",
    source="SageMaker API reference, CreateEndpointConfig KmsKeyId; CloudWatch Logs user guide, encrypt "
    "log data (a key of the same Region)",
)
EXI3 = rule(
    "EXI3",
    refuses="one subnet alone, one twice, or more than a service takes",
    message="must be 2 to 16 subnets, each once, in two zones or more, such as subnet-0a1b2c3d4e5f67890",
    source="botocore sagemaker Subnets, ecs AwsVpcConfiguration (at most 16); Inferform: two zones "
    "survive the loss of one",
)
EXI4 = rule(
    "EXI4",
    refuses="something that a kind of service cannot be given",
    message="cannot be given to {words}; {remedy}",
    source="Inferform: what each kind of service runs with",
)
EXI5 = rule(
    "EXI5",
    refuses="a security group twice, or more than a service takes",
    message="must be at most 5 security groups, each once, such as sg-0a1b2c3d4e5f67890",
    source="botocore sagemaker VpcSecurityGroupIds, ecs AwsVpcConfiguration (at most 5)",
)
EXI6 = rule(
    "EXI6",
    refuses="an id that is no subnet's or security group's",
    message="must be the id of a subnet, subnet-0a1b2c3d4e5f67890, or of a security group, "
    "sg-0a1b2c3d4e5f67890",
    source="Amazon EC2 API reference, Subnet, SecurityGroup",
)

EXI8 = rule(
    "EXI8",
    refuses="a field about what is not made, as something that exists takes its place",
    message="has no effect beside existing.{given}, which stays as it is; leave it out",
    source="Inferform: nothing that exists is changed",
    severity="warning",
)

UNUSED = {"security_groups": "egress_cidrs", "log_group": "log_retention_days"}
"""By what exists, the field that is about what Inferform makes otherwise."""

EXI7 = rule(
    "EXI7",
    refuses="a log group that AWS does not take, or another than SageMaker writes into",
    message="{wrong}",
    source="botocore logs LogGroupName; SageMaker developer guide, log groups and streams",
)

_ROLE = "arn:aws:iam::111122223333:role/security/fraud-inference"

RoleArn = Annotated[str, arn_of("iam", _ROLE, r"role/[\w+=,.@/-]{1,576}")]
"""The ARN of an IAM role, with its path."""

LogGroupName = Annotated[
    str,
    Check(
        EXI7,
        lambda name: (
            bool(re.fullmatch(r"[.\-_/#A-Za-z0-9]{1,512}", name)) and not name.startswith("aws/")
        ),
        lambda _: {"wrong": "must be the name of a log group, such as /risk/fraud"},
    ),
    Aws("logs:CreateLogGroupRequest.logGroupName"),
]
"""The name of a log group of CloudWatch Logs."""

SubnetId = Annotated[str, Matches(EXI6, r"subnet-[0-9a-f]{8,17}")]
GroupId = Annotated[str, Matches(EXI6, r"sg-[0-9a-f]{8,17}")]


def key_problems(context: Context, arn: str) -> Iterator[Problem]:
    """A key of another Region or partition in the field `kms_key`."""
    partition, region = arn.split(":")[1], arn.split(":")[3]
    if (partition, region) != (context.partition, context.region):
        yield EXI2.problem("kms_key", got=arn, other=region, own=context.region)


def outside_problems(existing: Existing, *, words: str, what: str) -> Iterator[Problem]:
    """Parts of a network that are given to what is in none; `what` runs, as in "its container is"."""
    for name in ("subnets", "security_groups"):
        if getattr(existing, name):
            yield EXI4.problem("existing", name, words=words, remedy=f"{what} not in the VPC")


def role_problems(context: Context, field: str, arn: str) -> Iterator[Problem]:
    """A role of another account or partition in a field."""
    own = f"{context.partition} account {context.account}"
    other = f"{arn.split(':')[1]} account {arn.split(':')[4]}"
    if other != own:
        yield EXI1.problem(field, got=arn, other=other, own=own)


ELSEWHERE: Mapping[str, str] = {
    "role": "existing=Existing(execution_role=...), or nothing: one is made",
    "role_arn": "existing=Existing(execution_role=...), or nothing: one is made",
    "execution_role_arn": "existing=Existing(execution_role=...), or nothing: one is made",
    "task_role_arn": "existing=Existing(task_role=...), or nothing: one is made",
    "kms_key_arn": "existing=Existing(kms_key=...), or nothing: the environment has a key",
    "kms_key_id": "existing=Existing(kms_key=...), or nothing: the environment has a key",
    "volume_kms_key_id": "existing=Existing(kms_key=...), or nothing: the environment has a key",
    "security_group_ids": "existing=Existing(security_groups=[...]), or nothing: one is made",
    "subnet_ids": "existing=Existing(subnets=[...]), or nothing: those of the network layer",
    "network_configuration": "existing=Existing(subnets=[...]), or nothing: those of the network layer",
    "vpc_config": "existing=Existing(subnets=[...]), or nothing: those of the network layer",
}
"""What others call the parts of `Existing` of a service, with how it is written."""


class Existing(Spec):
    """What a service uses instead of what Inferform makes for it, each alone.

    None of it is changed or destroyed. Preflight compares what a role may do with what the service
    needs.
    """

    execution_role: RoleArn | None = None
    """The role that SageMaker runs the containers with; on ECS the one that pulls images and writes
    logs. Default: None, one with what the service needs."""

    task_role: RoleArn | None = None
    """The role that the containers of an ECS task, or of pods on EKS, act as. Default: None, one with
    what they need."""

    kms_key: KeyArn | None = None
    """The key of the service's volumes, captured data, results and log. Its policy must let the
    account's roles and CloudWatch Logs use it. Default: None, the environment's key, with which the
    artifact is encrypted in any case."""

    log_group: LogGroupName | None = None
    """The log group of the containers of an ECS service, or of what a batch transform does. SageMaker
    gives that of an endpoint its name: there it is left to whoever makes it. Its retention and key stay
    as they are. Default: None, one is made."""

    subnets: Annotated[
        Many[SubnetId], Check(EXI3, lambda ids: not ids or 2 <= len(ids) == len(set(ids)) <= 16)
    ] = ()
    """The subnets of the containers, in the environment's VPC. Default: its private subnets."""

    security_groups: Annotated[
        Many[GroupId], Check(EXI5, lambda ids: len(ids) == len(set(ids)) <= 5)
    ] = ()
    """The security groups of the containers, instead of Inferform's: they must let HTTPS out
    and, behind a load balancer, port 8080 in. Default: Inferform's."""

    def check_in(self, context: Context) -> Iterator[Problem]:
        """Roles are of the account, the key of the Region."""
        for field in ("execution_role", "task_role"):
            arn = getattr(self, field)
            if arn is not None:
                yield from role_problems(context, field, arn)
        if self.kms_key is not None:
            yield from key_problems(context, self.kms_key)

    @property
    def network(self) -> dict[str, Any]:
        """The subnets and security groups, as what immutable resources hold."""
        return {"subnets": [*self.subnets], "security_groups": [*self.security_groups]}
