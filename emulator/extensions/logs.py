"""CloudWatch Logs: log groups, and what is counted, sought and masked in them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from moto.core.utils import unix_time_millis
from moto.kms.models import kms_backends
from moto.logs.exceptions import (
    InvalidParameterException,
    LimitExceededException,
    ResourceNotFoundException,
)
from moto.logs.metric_filters import MetricFilters
from moto.logs.models import LogGroup
from moto.logs.responses import LogsResponse
from moto.moto_api._internal import mock_random

from ..data_identifiers import IDENTIFIERS
from ..log_filters import expressions, publish_counts
from .registry import Service

service = Service("logs", LogsResponse)

Original = Callable[..., Any]


@service.corrects("CreateLogGroup", gap="loses logGroupClass")
def create_log_group(original: Original, response: LogsResponse) -> Any:
    """AWS keeps the class, which can never be changed."""
    result = original(response)
    group: Any = response.logs_backend.groups[response._get_param("logGroupName")]
    group.log_group_class = response._get_param("logGroupClass") or "STANDARD"
    return result


@service.corrects(
    "DescribeLogGroups",
    gap="answers no logGroupClass: Terraform replaces the group",
    owner=LogGroup,
    method="to_describe_dict",
)
def describe_log_groups(original: Original, group: LogGroup) -> dict[str, Any]:
    """AWS answers STANDARD where none was given."""
    answer: dict[str, Any] = original(group)
    return {**answer, "logGroupClass": getattr(group, "log_group_class", "STANDARD")}


@service.corrects(
    "DeleteLogGroup", gap="keeps the tags, which a later group of that name then begins with"
)
def delete_log_group(original: Original, response: LogsResponse) -> Any:
    """AWS forgets a group's tags with the group."""
    group = response.logs_backend.groups.get(response._get_param("logGroupName"))
    result = original(response)
    if group is not None:
        response.logs_backend.tagger.delete_all_tags_for_resource(group.arn)
    return result


@service.adds("AssociateKmsKey", gap="missing: no other key can be given to a group")
def associate_kms_key(response: LogsResponse) -> str:
    """AWS refuses a key that does not exist or is disabled (API reference, AssociateKmsKey)."""
    group, arn = _group(response), response._get_param("kmsKeyId")
    logs = response.logs_backend
    backend = kms_backends[logs.account_id][logs.region_name]
    key = backend.keys.get(arn.rpartition("/")[2])
    if key is None or key.key_state != "Enabled":
        raise InvalidParameterException(
            "The specified KMS key does not exist or is not allowed to be used with LogGroup "
            f"'{group.arn}'"
        )
    group.kms_key_id = arn
    return "{}"


@service.adds("DisassociateKmsKey", gap="missing")
def disassociate_kms_key(response: LogsResponse) -> str:
    """AWS encrypts what comes from then on with a key of its own."""
    _group(response).kms_key_id = None
    return "{}"


@service.corrects("ListTagsForResource", gap="answers no tags for a group that is not there")
def list_tags_for_resource(original: Original, response: LogsResponse) -> Any:
    """AWS answers ResourceNotFoundException."""
    name = response._get_param("resourceArn").partition(":log-group:")[2].removesuffix(":*")
    if name and name not in response.logs_backend.groups:
        raise ResourceNotFoundException
    return original(response)


@service.corrects(
    "PutMetricFilter",
    gap="puts a changed filter beside the old one: Terraform sees a change for ever",
    owner=MetricFilters,
    method="add_filter",
)
def add_filter(original: Original, filters: MetricFilters, name: str, *given: Any) -> None:
    """AWS changes the filter of that name in the group."""
    group = given[1]
    filters.metric_filters = [
        each
        for each in filters.metric_filters
        if (each["filterName"], each["logGroupName"]) != (name, group)
    ]
    original(filters, name, *given)


def _queries(response: LogsResponse) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = response.logs_backend.__dict__.setdefault("saved", {})
    return found


@service.adds("PutQueryDefinition", gap="missing")
def put_query_definition(response: LogsResponse) -> str:
    """AWS makes one, or replaces the one of an id as a whole: log groups that are left out are gone."""
    given, known = response._get_param("queryDefinitionId"), _queries(response)
    name, text = response._get_param("name"), response._get_param("queryString")
    if given is not None and given not in known:
        raise ResourceNotFoundException("Query definition does not exist.")
    identity = given or str(mock_random.uuid4())
    known[identity] = {
        "queryDefinitionId": identity,
        "queryLanguage": response._get_param("queryLanguage") or "CWLI",
        "name": name,
        "queryString": text,
        "lastModified": int(unix_time_millis()),
        "logGroupNames": response._get_param("logGroupNames") or [],
    }
    return json.dumps({"queryDefinitionId": identity})


@service.adds("DescribeQueryDefinitions", gap="missing")
def describe_query_definitions(response: LogsResponse) -> str:
    """AWS answers those whose names begin with a prefix."""
    prefix = response._get_param("queryDefinitionNamePrefix") or ""
    found = [each for each in _queries(response).values() if each["name"].startswith(prefix)]
    return json.dumps({"queryDefinitions": sorted(found, key=lambda each: str(each["name"]))})


@service.adds("DeleteQueryDefinition", gap="missing")
def delete_query_definition(response: LogsResponse) -> str:
    """AWS refuses an id that it does not have."""
    if _queries(response).pop(response._get_param("queryDefinitionId"), None) is None:
        raise ResourceNotFoundException("Query definition does not exist.")
    return json.dumps({"success": True})


# What is counted


@service.corrects("PutLogEvents", gap="counts nothing by metric filters")
def put_log_events(original: Original, response: LogsResponse) -> Any:
    """AWS sends the value of each event that a filter of the group matches to CloudWatch."""
    result = original(response)
    backend = response.logs_backend
    group, events = response._get_param("logGroupName"), response._get_param("logEvents")
    filters = [each for each in backend.filters.metric_filters if each["logGroupName"] == group]
    publish_counts(backend.account_id, backend.region_name, filters, events)
    return result


@service.corrects(
    "PutMetricFilter",
    gap="takes a filter of a group that is not there, default values beside dimensions, and any number of "
    "filters and regular expressions",
)
def put_metric_filter(original: Original, response: LogsResponse) -> Any:
    """AWS refuses them, more than 100 filters of a group, and more than five regular expressions in them.

    Amazon CloudWatch Logs user guide, quotas; the words of what is above two expressions are not known.
    """
    backend, group = response.logs_backend, response._get_param("logGroupName")
    if group not in backend.groups:
        raise ResourceNotFoundException
    name, pattern = response._get_param("filterName"), response._get_param("filterPattern")
    others = [
        each["filterPattern"]
        for each in backend.filters.metric_filters
        if each["logGroupName"] == group and each["filterName"] != name
    ]
    if len(others) >= 100 or sum(map(expressions, (*others, pattern))) > 5:
        raise LimitExceededException
    if expressions(pattern) > 2:
        raise InvalidParameterException("Invalid filter pattern: more than 2 regular expressions")
    for each in response._get_param("metricTransformations"):
        if each.get("dimensions") and each.get("defaultValue") is not None:
            raise InvalidParameterException(
                "Invalid metric transformation: dimensions and default value are mutually exclusive "
                "properties."
            )
    return original(response)


# What is unusual


def _detectors(response: LogsResponse) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = response.logs_backend.__dict__.setdefault("detectors", {})
    return found


def _detector(response: LogsResponse) -> dict[str, Any]:
    arn = response._get_param("anomalyDetectorArn")
    if arn not in _detectors(response):
        raise ResourceNotFoundException("Anomaly detector does not exist.")
    return _detectors(response)[arn]


@service.adds("CreateLogAnomalyDetector", gap="missing")
def create_log_anomaly_detector(response: LogsResponse) -> str:
    """AWS takes one log group that exists, of which it begins to learn."""
    backend, groups = response.logs_backend, response._get_param("logGroupArnList")
    if len(groups) != 1:
        raise InvalidParameterException("Only one log group ARN is allowed.")
    if groups[0].partition(":log-group:")[2] not in backend.groups:
        raise ResourceNotFoundException
    now = int(unix_time_millis())
    arn = (
        f"arn:aws:logs:{backend.region_name}:{backend.account_id}:"
        f"anomaly-detector:{mock_random.uuid4()}"
    )
    _detectors(response)[arn] = {
        "anomalyDetectorArn": arn,
        "detectorName": response._get_param("detectorName"),
        "logGroupArnList": groups,
        "evaluationFrequency": response._get_param("evaluationFrequency") or "FIVE_MIN",
        "filterPattern": response._get_param("filterPattern"),
        "anomalyDetectorStatus": "INITIALIZING",
        "kmsKeyId": response._get_param("kmsKeyId"),
        "creationTimeStamp": now,
        "lastModifiedTimeStamp": now,
        "anomalyVisibilityTime": response._get_param("anomalyVisibilityTime") or 21,
    }
    if tags := response._get_param("tags"):
        backend.tagger.tag_resource(arn, [{"Key": key, "Value": tags[key]} for key in tags])
    return json.dumps({"anomalyDetectorArn": arn})


@service.adds("GetLogAnomalyDetector", gap="missing")
def get_log_anomaly_detector(response: LogsResponse) -> str:
    """AWS answers it without its ARN."""
    found = _detector(response)
    return json.dumps(
        {
            key: value
            for key, value in found.items()
            if key != "anomalyDetectorArn" and value is not None
        }
    )


@service.adds("ListLogAnomalyDetectors", gap="missing")
def list_log_anomaly_detectors(response: LogsResponse) -> str:
    """AWS answers those of a log group, or all."""
    wanted = response._get_param("filterLogGroupArn")
    found = [
        each
        for each in _detectors(response).values()
        if wanted is None or wanted in each["logGroupArnList"]
    ]
    return json.dumps({"anomalyDetectors": found})


@service.adds("UpdateLogAnomalyDetector", gap="missing")
def update_log_anomaly_detector(response: LogsResponse) -> str:
    """AWS changes what is given, and pauses one that is not enabled."""
    found = _detector(response)
    for field in ("evaluationFrequency", "filterPattern", "anomalyVisibilityTime"):
        value = response._get_param(field)
        if value is not None:
            found[field] = value
    if response._get_param("enabled") is False:
        found["anomalyDetectorStatus"] = "PAUSED"
    elif found["anomalyDetectorStatus"] == "PAUSED":
        found["anomalyDetectorStatus"] = "ANALYZING"
    found["lastModifiedTimeStamp"] = int(unix_time_millis())
    return json.dumps({})


@service.adds("DeleteLogAnomalyDetector", gap="missing")
def delete_log_anomaly_detector(response: LogsResponse) -> str:
    """AWS forgets what it has learnt, and the tags."""
    arn = _detector(response)["anomalyDetectorArn"]
    del _detectors(response)[arn]
    response.logs_backend.tagger.delete_all_tags_for_resource(arn)
    return json.dumps({})


# What is masked

_MANAGED = ":dataprotection::aws:data-identifier/"


def _group(response: LogsResponse) -> Any:
    given = response._get_param("logGroupIdentifier") or response._get_param("logGroupName")
    name = given.partition(":log-group:")[2].removesuffix(":*") or given
    if name not in response.logs_backend.groups:
        raise ResourceNotFoundException
    return response.logs_backend.groups[name]


@service.adds("PutDataProtectionPolicy", gap="missing")
def put_data_protection_policy(response: LogsResponse) -> str:
    """AWS takes a policy that counts and masks the same data that it knows, and replaces the one that is there.

    Its words: aws/aws-cdk #27388 and #33557.
    """
    group, text = _group(response), response._get_param("policyDocument")
    try:
        policy = json.loads(text)
        first, second = policy["Statement"]
        named = [*first["DataIdentifier"]], [*second["DataIdentifier"]]
        taken = (
            "FindingsDestination" in first["Operation"]["Audit"]
            and second["Operation"]["Deidentify"]["MaskConfig"] == {}
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidParameterException("Invalid data protection policy.") from error
    own = [each["Name"] for each in policy.get("Configuration", {}).get("CustomDataIdentifier", ())]
    if not taken or named[0] != named[1] or len(own) > 10:
        raise InvalidParameterException("Invalid data protection policy.")
    for name in named[0]:
        if name not in own and name.partition(_MANAGED)[2] not in IDENTIFIERS:
            raise InvalidParameterException(f"{name} is not a valid Data Identifier")
    if not re.fullmatch(r"[\w-]*", policy.get("Name", ""), re.ASCII):
        raise InvalidParameterException(
            "Policy Name can only include alphanumeric characters, hyphens (-) and underscores (_)"
        )
    group.data_protection = text, int(unix_time_millis())
    return _protection(group)


def _protection(group: Any) -> str:
    text, at = getattr(group, "data_protection", (None, None))
    answer = {"logGroupIdentifier": group.name}
    return json.dumps(
        answer if text is None else {**answer, "policyDocument": text, "lastUpdatedTime": at}
    )


@service.adds("GetDataProtectionPolicy", gap="missing")
def get_data_protection_policy(response: LogsResponse) -> str:
    """AWS answers a group without one with no document."""
    return _protection(_group(response))


@service.adds("DeleteDataProtectionPolicy", gap="missing")
def delete_data_protection_policy(response: LogsResponse) -> str:
    """AWS masks nothing more."""
    group = _group(response)
    if hasattr(group, "data_protection"):
        del group.data_protection
    return json.dumps({})
