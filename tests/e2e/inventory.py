"""What is in an account and what a state has, so that the two can be held against each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ops.aws import Aws
from ops.state import State

Thing = tuple[str, str]
"""A resource's type in Terraform, and what AWS knows it by."""

# What only sets something on another resource, and goes with it.
_PARTS = {
    "aws_default_security_group",
    "aws_ecr_lifecycle_policy",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
    "terraform_data",
}


def recorded(state: State | None) -> set[Thing]:
    """Every resource of a state, those apart that go with another one."""
    found = set()
    for address, values in (state.resources if state else {}).items():
        kind = address.split(".")[0]
        if kind not in _PARTS:
            found.add((kind, " ".join(values[name] for name in _NAMED.get(kind, ("id",)))))
    return found


# Where the state's id is not what AWS knows a resource by.
_NAMED = {
    "aws_route": ("route_table_id", "destination_cidr_block"),
    "aws_route_table_association": ("subnet_id", "route_table_id"),
    "aws_vpc_endpoint_route_table_association": ("vpc_endpoint_id", "route_table_id"),
}


class Account:
    """An account of the emulator, through boto3."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._clients: dict[str, Any] = {}

    def client(self, service: Any) -> Any:
        """A client, made once: that takes longer than what it is asked for."""
        if service not in self._clients:
            self._clients[service] = self._aws.client(service)
        return self._clients[service]

    def held(self) -> set[Thing]:
        """Everything in the account of the types that the tests' stacks are made of."""
        parts = (
            *(self._sagemaker(), self._scaling(), self._alarms(), self._logs()),
            *(self._roles(), self._network(), self._registry()),
        )
        return {thing for part in parts for thing in part}

    def _sagemaker(self) -> Iterator[Thing]:
        sagemaker = self.client("sagemaker")
        for kind, listed, name in (
            ("model", sagemaker.list_models()["Models"], "ModelName"),
            ("endpoint", sagemaker.list_endpoints()["Endpoints"], "EndpointName"),
            (
                *("endpoint_configuration", sagemaker.list_endpoint_configs()["EndpointConfigs"]),
                "EndpointConfigName",
            ),
            (
                "model_package_group",
                sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"],
                "ModelPackageGroupName",
            ),
        ):
            yield from _each(f"aws_sagemaker_{kind}", listed, name)

    def _scaling(self) -> Iterator[Thing]:
        scaling = self.client("application-autoscaling")
        for namespace in ("ecs", "sagemaker"):
            targets = scaling.describe_scalable_targets(ServiceNamespace=namespace)
            policies = scaling.describe_scaling_policies(ServiceNamespace=namespace)
            yield from _each("aws_appautoscaling_target", targets["ScalableTargets"], "ResourceId")
            yield from _each("aws_appautoscaling_policy", policies["ScalingPolicies"], "PolicyName")

    def _alarms(self) -> Iterator[Thing]:
        alarms = self.client("cloudwatch").describe_alarms()["MetricAlarms"]
        # Application Auto Scaling makes alarms of its own for a policy, and takes them away.
        made = [alarm for alarm in alarms if not alarm["AlarmName"].startswith("TargetTracking-")]
        yield from _each("aws_cloudwatch_metric_alarm", made, "AlarmName")

    def _logs(self) -> Iterator[Thing]:
        groups = self.client("logs").describe_log_groups()["logGroups"]
        yield from _each("aws_cloudwatch_log_group", groups, "logGroupName")

    def _roles(self) -> Iterator[Thing]:
        iam = self.client("iam")
        for role in (entry["RoleName"] for entry in iam.list_roles()["Roles"]):
            yield "aws_iam_role", role
            for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
                yield "aws_iam_role_policy", f"{role}:{policy}"
        yield from _each("aws_iam_policy", iam.list_policies(Scope="Local")["Policies"], "Arn")

    def _network(self) -> Iterator[Thing]:
        ec2 = self.client("ec2")
        for kind, listed, name in (
            ("vpc", ec2.describe_vpcs()["Vpcs"], "VpcId"),
            ("subnet", ec2.describe_subnets()["Subnets"], "SubnetId"),
            ("eip", ec2.describe_addresses()["Addresses"], "AllocationId"),
            ("flow_log", ec2.describe_flow_logs()["FlowLogs"], "FlowLogId"),
            ("security_group", ec2.describe_security_groups()["SecurityGroups"], "GroupId"),
            (
                *("internet_gateway", ec2.describe_internet_gateways()["InternetGateways"]),
                "InternetGatewayId",
            ),
        ):
            yield from _each(f"aws_{kind}", listed, name)
        for gateway in ec2.describe_nat_gateways()["NatGateways"]:
            if gateway["State"] != "deleted":
                yield "aws_nat_gateway", gateway["NatGatewayId"]
        for rule in ec2.describe_security_group_rules()["SecurityGroupRules"]:
            kind = "egress" if rule["IsEgress"] else "ingress"
            yield f"aws_vpc_security_group_{kind}_rule", rule["SecurityGroupRuleId"]
        for endpoint in ec2.describe_vpc_endpoints()["VpcEndpoints"]:
            if endpoint["State"] != "deleted":
                yield "aws_vpc_endpoint", endpoint["VpcEndpointId"]
                for table in endpoint.get("RouteTableIds", []):
                    kind = "aws_vpc_endpoint_route_table_association"
                    yield kind, f"{endpoint['VpcEndpointId']} {table}"
        for table in ec2.describe_route_tables()["RouteTables"]:
            yield from self._table(table)

    def _table(self, table: dict[str, Any]) -> Iterator[Thing]:
        identity = table["RouteTableId"]
        yield "aws_route_table", identity
        for route in table["Routes"]:
            # A route into the VPC is there from the beginning, one to an endpoint is the endpoint's.
            target = route.get("GatewayId", "")
            if target != "local" and not target.startswith("vpce-"):
                yield "aws_route", f"{identity} {route['DestinationCidrBlock']}"
        for association in table["Associations"]:
            if "SubnetId" in association:
                yield "aws_route_table_association", f"{association['SubnetId']} {identity}"

    def _registry(self) -> Iterator[Thing]:
        yield from _each("aws_s3_bucket", self.client("s3").list_buckets()["Buckets"], "Name")
        repositories = self.client("ecr").describe_repositories()["repositories"]
        yield from _each("aws_ecr_repository", repositories, "repositoryName")
        kms = self.client("kms")
        for alias in kms.list_aliases()["Aliases"]:
            if not alias["AliasName"].startswith("alias/aws/"):
                yield "aws_kms_alias", alias["AliasName"]
        for key in (entry["KeyId"] for entry in kms.list_keys()["Keys"]):
            described = kms.describe_key(KeyId=key)["KeyMetadata"]
            if described["KeyState"] != "PendingDeletion" and described["KeyManager"] != "AWS":
                yield "aws_kms_key", key


def _each(kind: str, listed: Iterable[dict[str, Any]], name: str) -> Iterator[Thing]:
    for entry in listed:
        yield kind, entry[name]
