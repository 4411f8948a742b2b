"""Managed Workflows for Apache Airflow: environments."""

from __future__ import annotations

from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.ec2.models import ec2_backends
from moto.moto_api._internal import mock_random
from moto.s3.models import s3_backends
from moto.utilities.utils import get_partition

from .. import ways
from ..own import OwnError, OwnResponse
from .registry import Service

DEFAULT_VERSION = "3.0.6"
"""The newest version that botocore's documentation of CreateEnvironment lists."""

REACHED = ("airflow.ops", "ecr.api", "ecr.dkr", "kms", "logs", "monitoring", "s3", "sqs")
"""What workers reach from the subnets. Source: AWS's verify_env of aws-support-tools."""

_UNREACHED = (
    "You may need to check the execution role permissions policy for your environment, and that each "
    "of the VPC networking components required by the environment are configured to allow traffic."
)

_LOGS = {
    "DagProcessingLogs": "DAGProcessing",
    "SchedulerLogs": "Scheduler",
    "TaskLogs": "Task",
    "WebserverLogs": "WebServer",
    "WorkerLogs": "Worker",
}


class MwaaBackend(BaseBackend):  # type: ignore[misc]  # moto is not checked
    """The environments of one account and Region, by name."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.environments: dict[str, dict[str, Any]] = {}


mwaa_backends = BackendDict(MwaaBackend, "mwaa")


class MwaaResponse(OwnResponse):
    """What is asked of MWAA."""

    name = "mwaa"

    @property
    def environments(self) -> dict[str, dict[str, Any]]:
        """The environments of the account and Region of the request."""
        held: dict[str, dict[str, Any]] = mwaa_backends[self.current_account][
            self.region
        ].environments
        return held


service = Service("mwaa", MwaaResponse)

_NO_SERVICE = "has no such service"


@service.adds("CreateEnvironment", gap=_NO_SERVICE)
def create_environment(response: MwaaResponse) -> ActionResult:
    """AWS takes two private subnets in two zones of one VPC and a bucket that keeps versions, answers the
    values that were not given, and fails where workers reach no AWS service."""
    given = dict(response.params)
    name = given["Name"]
    if name in response.environments:
        raise _invalid(f"Environment with name {name} already exists.")
    _check_network(response, given["NetworkConfiguration"])
    _check_bucket(response, given)
    _check_counts(given)
    partition = get_partition(response.region)
    place = f"{response.region}:{response.current_account}"
    arn = f"arn:{partition}:airflow:{place}:environment/{name}"
    unique = str(mock_random.uuid4())
    is_micro = given.get("EnvironmentClass") == "mw1.micro"
    count = 1 if is_micro else 2
    now = utcnow()
    made = {
        "AirflowVersion": DEFAULT_VERSION,
        "EnvironmentClass": "mw1.small",
        "EndpointManagement": "SERVICE",
        "MinWorkers": 1,
        "MaxWorkers": 10,
        "MinWebservers": count,
        "MaxWebservers": count,
        "Schedulers": count,
        "WebserverAccessMode": "PRIVATE_ONLY",
        "WeeklyMaintenanceWindowStart": "SUN:03:30",
        **given,
        "Arn": arn,
        "CreatedAt": now,
        "Status": "AVAILABLE",
        "WebserverUrl": f"https://{unique}.c1.{response.region}.airflow.amazonaws.com",
        "ServiceRoleArn": f"arn:{partition}:iam::{response.current_account}:role/aws-service-role/"
        "airflow.amazonaws.com/AWSServiceRoleForAmazonMWAA",
        "CeleryExecutorQueue": f"arn:{partition}:sqs:{place}:airflow-celery-{unique}",
        "LastUpdate": {"Status": "SUCCESS", "CreatedAt": now, "Source": "CreateEnvironment"},
    }
    made["LoggingConfiguration"] = _logs(response, name, given.get("LoggingConfiguration", {}))
    response.environments[name] = made
    if not _reaches(response, given["NetworkConfiguration"]):
        _fail(made, "CREATE_FAILED", _UNREACHED)
    return ActionResult({"Arn": arn})


@service.adds("GetEnvironment", gap=_NO_SERVICE)
def get_environment(response: MwaaResponse) -> ActionResult:
    """AWS answers all that is known of an environment."""
    return ActionResult({"Environment": _named(response)})


@service.adds("UpdateEnvironment", gap=_NO_SERVICE)
def update_environment(response: MwaaResponse) -> ActionResult:
    """AWS changes what is given, and keeps the rest; its subnets stay."""
    held = _named(response)
    given = dict(response.params)
    groups = given.pop("NetworkConfiguration", None)
    _check_bucket(response, {**held, **given})
    _check_counts({**held, **given})
    if groups:
        held["NetworkConfiguration"] = {**held["NetworkConfiguration"], **groups}
    logs = {**held["LoggingConfiguration"], **given.pop("LoggingConfiguration", {})}
    held.update(given)
    held["LoggingConfiguration"] = _logs(response, held["Name"], logs)
    held["Status"] = "AVAILABLE"
    held["LastUpdate"] = {
        "Status": "SUCCESS",
        "CreatedAt": utcnow(),
        "Source": "UpdateEnvironment",
    }
    return ActionResult({"Arn": held["Arn"]})


@service.adds("DeleteEnvironment", gap=_NO_SERVICE)
def delete_environment(response: MwaaResponse) -> EmptyResult:
    """AWS forgets the environment; its bucket and its log groups stay."""
    del response.environments[_named(response)["Name"]]
    return EmptyResult()


@service.adds("ListEnvironments", gap=_NO_SERVICE)
def list_environments(response: MwaaResponse) -> ActionResult:
    """AWS answers the names."""
    return ActionResult({"Environments": sorted(response.environments)})


@service.adds("ListTagsForResource", gap=_NO_SERVICE)
def list_tags_for_resource(response: MwaaResponse) -> ActionResult:
    """AWS answers the tags of an environment by its ARN."""
    return ActionResult({"Tags": _tagged(response).get("Tags", {})})


@service.adds("TagResource", gap=_NO_SERVICE)
def tag_resource(response: MwaaResponse) -> EmptyResult:
    """AWS adds tags, and replaces those of the same key."""
    held = _tagged(response)
    held["Tags"] = {**held.get("Tags", {}), **response.params["Tags"]}
    return EmptyResult()


@service.adds("UntagResource", gap=_NO_SERVICE)
def untag_resource(response: MwaaResponse) -> EmptyResult:
    """AWS takes tags away by their keys."""
    held = _tagged(response)
    gone = set(response.params["tagKeys"])
    held["Tags"] = {key: value for key, value in held.get("Tags", {}).items() if key not in gone}
    return EmptyResult()


def ail(account: str, region: str, environment: str, status: str, error: str) -> None:
    """Let an environment have a status from now on, until it is updated."""
    held = mwaa_backends[account][region].environments.get(environment)
    if held is None:
        raise ValueError(f"no environment {environment}")
    _fail(held, status, error)


def _fail(held: dict[str, Any], status: str, message: str) -> None:
    held["Status"] = status
    error = {"ErrorCode": "INCORRECT_CONFIGURATION", "ErrorMessage": message}
    held["LastUpdate"] = {**held["LastUpdate"], "Status": "FAILED", "Error": error}


def _reaches(response: MwaaResponse, network: dict[str, Any]) -> bool:
    """Whether workers come to start, which AWS finds out after an hour or two."""
    place = (response.current_account, response.region)
    inside = (network["SubnetIds"], network["SecurityGroupIds"])
    return all(ways.find(*place, *inside, each) for each in REACHED)


def _invalid(message: str) -> OwnError:
    return OwnError("ValidationException", message)


def _missing(name: str) -> OwnError:
    return OwnError("ResourceNotFoundException", f"Could not find environment with name {name}.")


def _named(response: MwaaResponse) -> dict[str, Any]:
    name = str(response._get_param("Name"))
    if name not in response.environments:
        raise _missing(name)
    return response.environments[name]


def _tagged(response: MwaaResponse) -> dict[str, Any]:
    arn = str(response._get_param("ResourceArn"))
    for held in response.environments.values():
        if held["Arn"] == arn:
            return held
    raise _missing(arn.rpartition("/")[2])


def _check_network(response: MwaaResponse, network: dict[str, Any]) -> None:
    """Amazon MWAA user guide, about networking: two private subnets in two Availability Zones."""
    ec2 = ec2_backends[response.current_account][response.region]
    known = {subnet.id: subnet for subnet in ec2.describe_subnets()}
    subnets = []
    for each in network["SubnetIds"]:
        if each not in known:
            raise _invalid(f"The subnet ID '{each}' does not exist")
        subnets.append(known[each])
    if len({subnet.vpc_id for subnet in subnets}) > 1:
        raise _invalid("Subnets must be in the same VPC")
    if len({subnet.availability_zone for subnet in subnets}) < len(subnets):
        raise _invalid("Subnets must be in different availability zones")
    public = [subnet.id for subnet in subnets if _leads_out(ec2, subnet)]
    if public:
        raise _invalid(f"Subnets must be private, but {', '.join(public)} have an internet gateway")
    groups = {group.id for group in ec2.describe_security_groups()}
    for each in network["SecurityGroupIds"]:
        if each not in groups:
            raise _invalid(f"The security group '{each}' does not exist")


def _leads_out(ec2: Any, subnet: Any) -> bool:
    routes = ways.table_of(ec2, subnet).routes
    return any(str(route.gateway_id).startswith("igw-") for route in routes)


def _check_bucket(response: MwaaResponse, given: dict[str, Any]) -> None:
    """Amazon MWAA user guide, create an Amazon S3 bucket: versions are kept, public access is blocked."""
    name = given["SourceBucketArn"].rpartition(":")[2]
    buckets = s3_backends[response.current_account][get_partition(response.region)].buckets
    if name not in buckets:
        raise _invalid(f"The source bucket {name} does not exist")
    bucket = buckets[name]
    if bucket.versioning_status != "Enabled":
        raise _invalid(f"The source bucket {name} must have versioning enabled")
    blocked = bucket.public_access_block
    if blocked is None or not all(str(value).lower() == "true" for value in vars(blocked).values()):
        raise _invalid(f"The source bucket {name} must block public access")
    for field in ("DagS3Path", "PluginsS3Path", "RequirementsS3Path", "StartupScriptS3Path"):
        if str(given.get(field, "")).startswith(("s3://", "/")):
            raise _invalid(f"{field} must be a path relative to the bucket")


def _check_counts(given: dict[str, Any]) -> None:
    """botocore's documentation of CreateEnvironment: mw1.micro has one scheduler and one web server, and
    the other classes have two to five; a maximum is no less than its minimum."""
    least, most = (1, 1) if given.get("EnvironmentClass") == "mw1.micro" else (2, 5)
    for field in ("Schedulers", "MinWebservers", "MaxWebservers"):
        value = given.get(field)
        if value is not None and not least <= value <= most:
            raise _invalid(f"{field} must be between {least} and {most}")
    for low, high in (("MinWorkers", "MaxWorkers"), ("MinWebservers", "MaxWebservers")):
        if given.get(low) and given.get(high) and given[low] > given[high]:
            raise _invalid(f"{low} must be less than or equal to {high}")


def _logs(response: MwaaResponse, name: str, given: dict[str, Any]) -> dict[str, Any]:
    partition = get_partition(response.region)
    begins = f"arn:{partition}:logs:{response.region}:{response.current_account}:log-group"
    return {
        field: {
            "Enabled": False,
            "LogLevel": "INFO",
            **given.get(field, {}),
            "CloudWatchLogGroupArn": f"{begins}:airflow-{name}-{part}",
        }
        for field, part in _LOGS.items()
    }
