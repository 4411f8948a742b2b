"""CloudWatch Logs and Cost Explorer: what is counted, sought, masked and told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inferform.observability.logs import IDENTIFIERS
from inferform_emulator import data_identifiers
from inferform_emulator.log_filters import matches

Client = Callable[..., Any]

PATTERNS = {
    "": (["", "anything"], []),
    "ERROR": (["an ERROR"], ["an error"]),
    "ERROR timeout": (["timeout ERROR"], ["ERROR", "timeout"]),
    '"timed out"': (["it timed out"], ["out timed"]),
    "?timeout ?refused": (["timeout", "refused"], ["ok"]),
    "ERROR -harmless": (["ERROR"], ["harmless ERROR"]),
    "%5[0-9][0-9]%": (["status 503"], ["status 403"]),
    "{ $.a.b >= 3 }": (['{"a": {"b": 3}}'], ['{"a": {"b": 2}}', '{"a": 3}', "text"]),
    "{ $.name = fraud* }": (['{"name": "fraud-2"}'], ['{"name": "risk"}']),
    '{ $.name != "a" }': (['{"name": "b"}'], ['{"name": "a"}', "{}"]),
    "{ $.ok = true }": (['{"ok": true}'], ['{"ok": false}']),
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_filter_pattern_takes_what_aws_takes(pattern: str) -> None:
    taken, left = PATTERNS[pattern]
    assert [each for each in (*taken, *left) if matches(pattern, each)] == taken


@pytest.mark.parametrize("pattern", ["[ip, status]", "{ $.a = 1 && $.b = 2 }"])
def test_a_pattern_that_cannot_be_read_is_not_taken_for_none(pattern: str) -> None:
    with pytest.raises(ValueError, match="the emulator reads no filter pattern"):
        matches(pattern, "1")


def test_metric_filters_refuse_what_aws_refuses(client: Client) -> None:
    logs = client("logs")
    transformation = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"}
    given = {"logGroupName": "g", "filterName": "f", "filterPattern": ""}
    with pytest.raises(ClientError, match="ResourceNotFound"):
        logs.put_metric_filter(**given, metricTransformations=[transformation])
    logs.create_log_group(logGroupName="g")
    both = {**transformation, "defaultValue": 0, "dimensions": {"a": "$.a"}}
    with pytest.raises(ClientError, match="mutually exclusive"):
        logs.put_metric_filter(**given, metricTransformations=[both])
    logs.put_metric_filter(**given, metricTransformations=[transformation])


def test_a_log_group_has_so_many_filters_and_regular_expressions(client: Client) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="g")
    transformation = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"}

    def put(name: str, pattern: str = "") -> None:
        logs.put_metric_filter(
            logGroupName="g",
            filterName=name,
            filterPattern=pattern,
            metricTransformations=[transformation],
        )

    with pytest.raises(ClientError, match="InvalidParameter"):
        put("a", "%a% %b% %c%")
    for name in ("a", "b"):
        put(name, "%a% %b%")
    with pytest.raises(ClientError, match="LimitExceeded"):
        put("c", "%a% %b%")
    put("c", "%a%")
    put("a", "%a%")
    for number in range(97):
        put(f"more-{number}")
    with pytest.raises(ClientError, match="LimitExceeded"):
        put("one-more")
    put("c")


def test_detectors_are_of_one_log_group_that_exists(client: Client) -> None:
    logs = client("logs")
    arn = "arn:aws:logs:us-east-1:123456789012:log-group:{}".format
    logs.create_log_group(logGroupName="g")
    with pytest.raises(ClientError, match="Only one"):
        logs.create_log_anomaly_detector(logGroupArnList=[arn("g"), arn("h")])
    with pytest.raises(ClientError, match="ResourceNotFound"):
        logs.create_log_anomaly_detector(logGroupArnList=[arn("h")])
    made = logs.create_log_anomaly_detector(logGroupArnList=[arn("g")], tags={"a": "b"})
    given = {"anomalyDetectorArn": made["anomalyDetectorArn"]}
    assert logs.get_log_anomaly_detector(**given)["anomalyDetectorStatus"] == "INITIALIZING"
    logs.update_log_anomaly_detector(**given, enabled=False)
    assert logs.get_log_anomaly_detector(**given)["anomalyDetectorStatus"] == "PAUSED"
    assert logs.list_tags_for_resource(resourceArn=made["anomalyDetectorArn"])["tags"] == {"a": "b"}
    logs.delete_log_anomaly_detector(**given)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        logs.get_log_anomaly_detector(**given)


def test_a_mask_counts_what_it_masks(client: Client) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="g")
    named = ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"]

    def policy(*masked: str) -> str:
        audit = {"DataIdentifier": named, "Operation": {"Audit": {"FindingsDestination": {}}}}
        mask = {"DataIdentifier": [*masked], "Operation": {"Deidentify": {"MaskConfig": {}}}}
        return json.dumps({"Statement": [audit, mask]})

    for wrong in ("{}", "text", policy(), policy(*named, "Own")):
        with pytest.raises(ClientError, match="Invalid data protection policy"):
            logs.put_data_protection_policy(logGroupIdentifier="g", policyDocument=wrong)
    spaced = json.dumps({"Name": "a name", **json.loads(policy(*named))})
    with pytest.raises(ClientError, match="Policy Name can only include alphanumeric"):
        logs.put_data_protection_policy(logGroupIdentifier="g", policyDocument=spaced)
    for name in ("PhoneNumber", "EmailAdress"):
        unknown = policy(*named).replace("EmailAddress", name)
        with pytest.raises(ClientError, match=f"data-identifier/{name} is not a valid Data Ident"):
            logs.put_data_protection_policy(logGroupIdentifier="g", policyDocument=unknown)
    logs.put_data_protection_policy(logGroupIdentifier="g", policyDocument=policy(*named))
    assert "policyDocument" in logs.get_data_protection_policy(logGroupIdentifier="g")
    logs.delete_data_protection_policy(logGroupIdentifier="g")
    assert "policyDocument" not in logs.get_data_protection_policy(logGroupIdentifier="g")


def test_what_the_emulator_takes_is_what_specs_take_without_a_warning() -> None:
    assert set(data_identifiers.IDENTIFIERS) == set(IDENTIFIERS)


def test_unusual_spending_is_told_at_once_by_topics_alone(client: Client) -> None:
    explorer = client("ce")
    of_services = {
        "MonitorName": "all", "MonitorType": "DIMENSIONAL", "MonitorDimension": "SERVICE",
    }  # fmt: skip
    arn = explorer.create_anomaly_monitor(AnomalyMonitor=of_services)["MonitorArn"]
    with pytest.raises(ClientError, match="Limit exceeded"):
        explorer.create_anomaly_monitor(AnomalyMonitor=of_services)
    given = {
        "SubscriptionName": "s",
        "MonitorArnList": [arn],
        "Frequency": "IMMEDIATE",
        "Subscribers": [{"Type": "EMAIL", "Address": "a@example.com"}],
    }
    with pytest.raises(ClientError, match="only supports SNS"):
        explorer.create_anomaly_subscription(AnomalySubscription=given)
    made = explorer.create_anomaly_subscription(AnomalySubscription={**given, "Frequency": "DAILY"})
    explorer.delete_anomaly_monitor(MonitorArn=arn)
    (left,) = explorer.get_anomaly_subscriptions(SubscriptionArnList=[made["SubscriptionArn"]])[
        "AnomalySubscriptions"
    ]
    assert left["MonitorArnList"] == []
    with pytest.raises(ClientError, match="UnknownMonitor"):
        explorer.get_anomaly_monitors(MonitorArnList=[arn])
