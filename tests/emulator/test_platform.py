"""What container platforms need: alarms, zones, groups of instances, services, schedules."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]


# CloudWatch


def put_alarm(cloudwatch: Any, name: str, **given: Any) -> None:
    cloudwatch.put_metric_alarm(
        **{
            "AlarmName": name,
            "Namespace": "AWS/SageMaker",
            "MetricName": "ModelLatency",
            "Statistic": "Average",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            **given,
        }
    )


def set_state(cloudwatch: Any, name: str, state: str) -> None:
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")


def state_of(cloudwatch: Any, name: str) -> str:
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return str(alarm["StateValue"])


def composite(cloudwatch: Any, name: str = "both") -> Any:
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm"])[
        "CompositeAlarms"
    ]
    return alarm


@pytest.fixture
def cloudwatch(client: Client) -> Any:
    cloudwatch = client("cloudwatch")
    for name in ("errors", "latency"):
        put_alarm(cloudwatch, name)
    return cloudwatch


def test_an_alarm_starts_without_data_and_keeps_its_state_when_changed(cloudwatch: Any) -> None:
    assert state_of(cloudwatch, "errors") == "INSUFFICIENT_DATA"
    set_state(cloudwatch, "errors", "ALARM")
    put_alarm(cloudwatch, "errors", Threshold=2)
    assert state_of(cloudwatch, "errors") == "ALARM"


@pytest.mark.parametrize("statistic", ["p99", "p99.9", "tm95", "IQM", "TM(10%:90%)"])
def test_an_alarm_may_watch_any_extended_statistic(cloudwatch: Any, statistic: str) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName="tail",
        Namespace="AWS/SageMaker",
        MetricName="ModelLatency",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        ExtendedStatistic=statistic,
    )
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["tail"])["MetricAlarms"]
    assert alarm["ExtendedStatistic"] == statistic


def test_an_extended_statistic_that_does_not_exist_is_refused(cloudwatch: Any) -> None:
    with pytest.raises(ClientError, match="median for parameter ExtendedStatistic"):
        put_alarm(cloudwatch, "tail", ExtendedStatistic="median")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("ALARM(errors)", "ALARM"),
        ('ALARM("errors") AND ALARM("latency")', "OK"),
        ("ALARM(errors) OR ALARM(latency)", "ALARM"),
        ("ALARM(errors) AND NOT ALARM(latency)", "ALARM"),
        ("NOT (ALARM(errors) OR FALSE) OR OK(errors)", "OK"),
        ("INSUFFICIENT_DATA(latency) AND TRUE", "ALARM"),
    ],
)
def test_a_composite_alarms_state_follows_from_its_rule(
    cloudwatch: Any, rule: str, expected: str
) -> None:
    cloudwatch.put_composite_alarm(
        AlarmName="both", AlarmRule=rule, AlarmDescription="why", AlarmActions=["arn:aws:sns:::a"]
    )
    set_state(cloudwatch, "errors", "ALARM")
    alarm = composite(cloudwatch)
    assert alarm["StateValue"] == expected
    assert (alarm["AlarmRule"], alarm["AlarmDescription"]) == (rule, "why")
    assert alarm["AlarmActions"] == ["arn:aws:sns:::a"]


def test_composite_alarms_may_watch_each_other(cloudwatch: Any) -> None:
    cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule="ALARM(errors)")
    cloudwatch.put_composite_alarm(AlarmName="page", AlarmRule="ALARM(both)")
    assert composite(cloudwatch, "page")["StateValue"] == "OK"
    set_state(cloudwatch, "errors", "ALARM")
    assert composite(cloudwatch, "page")["StateValue"] == "ALARM"


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("ALARM(ghost)", r"alarms \[ghost\] in the alarm rule do not exist"),
        ("ALARM(errors) PLUS ALARM(latency)", "cannot be read"),
        ("ALARM(errors) AND", "cannot be read"),
        ("(ALARM(errors)", "closing bracket"),
        ("ALARM(errors) ALARM(latency)", "cannot be read"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(cloudwatch: Any, rule: str, problem: str) -> None:
    with pytest.raises(ClientError, match=problem):
        cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule=rule)


def test_composite_alarms_are_listed_when_asked_for(cloudwatch: Any) -> None:
    cloudwatch.put_composite_alarm(
        AlarmName="both", AlarmRule="ALARM(errors)", Tags=[{"Key": "owner", "Value": "a"}]
    )
    listed = cloudwatch.describe_alarms()
    assert listed["CompositeAlarms"] == []
    assert len(listed["MetricAlarms"]) == 2
    arn = composite(cloudwatch)["AlarmArn"]
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [
        {"Key": "owner", "Value": "a"}
    ]
    cloudwatch.delete_alarms(AlarmNames=["both"])
    assert cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"] == []


# Route 53


def test_a_zone_with_a_vpc_is_private(client: Client) -> None:
    vpc = client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    route53 = client("route53")
    zone = route53.create_hosted_zone(
        Name="internal.example",
        CallerReference="1",
        VPC={"VPCId": vpc, "VPCRegion": "us-east-1"},
        HostedZoneConfig={"Comment": "inside"},
    )["HostedZone"]
    found = route53.get_hosted_zone(Id=zone["Id"])
    assert found["HostedZone"]["Config"] == {"Comment": "inside", "PrivateZone": True}
    assert found["VPCs"] == [{"VPCId": vpc, "VPCRegion": "us-east-1"}]


def test_a_zone_without_a_vpc_is_public(client: Client) -> None:
    route53 = client("route53")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]
    assert zone["Config"]["PrivateZone"] is False


# EC2 and Auto Scaling


@pytest.fixture
def subnet(client: Client) -> str:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return str(ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"])


@pytest.fixture
def template(client: Client) -> str:
    launch = {"ResourceType": "instance", "Tags": [{"Key": "for", "Value": "instances"}]}
    created = client("ec2").create_launch_template(
        LaunchTemplateName="gpu",
        LaunchTemplateData={
            "ImageId": "ami-12c6146b",
            "InstanceType": "g5.xlarge",
            "TagSpecifications": [launch],
        },
        TagSpecifications=[
            {"ResourceType": "launch-template", "Tags": [{"Key": "for", "Value": "template"}]}
        ],
    )
    return str(created["LaunchTemplate"]["LaunchTemplateId"])


def test_a_launch_templates_own_tags_are_not_those_of_what_it_launches(
    client: Client, template: str
) -> None:
    ec2 = client("ec2")
    (version,) = ec2.describe_launch_template_versions(LaunchTemplateId=template)[
        "LaunchTemplateVersions"
    ]
    (specification,) = version["LaunchTemplateData"]["TagSpecifications"]
    assert specification["ResourceType"] == "instance"
    (described,) = ec2.describe_launch_templates(LaunchTemplateIds=[template])["LaunchTemplates"]
    assert described["Tags"] == [{"Key": "for", "Value": "template"}]


@pytest.fixture
def autoscaling(client: Client, subnet: str, template: str) -> Any:
    autoscaling = client("autoscaling")
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="gpu",
        MinSize=0,
        MaxSize=2,
        VPCZoneIdentifier=subnet,
        MaxInstanceLifetime=604800,
        DefaultInstanceWarmup=120,
        MixedInstancesPolicy={
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {"LaunchTemplateId": template, "Version": "1"},
                "Overrides": [{"InstanceType": "g5.xlarge"}, {"InstanceType": "g6.xlarge"}],
            },
            "InstancesDistribution": {"OnDemandBaseCapacity": 1},
        },
    )
    return autoscaling


def group(autoscaling: Any) -> Any:
    return autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]


def test_a_changed_size_leaves_the_rest_of_a_group_alone(autoscaling: Any) -> None:
    before = group(autoscaling)
    for maximum in (4, 6):
        autoscaling.update_auto_scaling_group(AutoScalingGroupName="gpu", MaxSize=maximum)
    after = group(autoscaling)
    assert after["MaxSize"] == 6
    for field in ("MixedInstancesPolicy", "MaxInstanceLifetime", "DefaultInstanceWarmup"):
        assert after[field] == before[field], field
    assert after["MaxInstanceLifetime"] == 604800


def test_a_groups_lifetime_and_cooldown_can_be_changed(autoscaling: Any) -> None:
    autoscaling.update_auto_scaling_group(
        AutoScalingGroupName="gpu",
        MaxInstanceLifetime=86400,
        DefaultCooldown=60,
        CapacityRebalance=True,
    )
    after = group(autoscaling)
    assert (after["MaxInstanceLifetime"], after["DefaultCooldown"]) == (86400, 60)
    assert after["CapacityRebalance"] is True


def test_an_instance_refresh_is_done_at_once(autoscaling: Any) -> None:
    started = autoscaling.start_instance_refresh(
        AutoScalingGroupName="gpu", Preferences={"MinHealthyPercentage": 50}
    )
    (refresh,) = autoscaling.describe_instance_refreshes(
        AutoScalingGroupName="gpu", InstanceRefreshIds=[started["InstanceRefreshId"]]
    )["InstanceRefreshes"]
    assert (refresh["Status"], refresh["PercentageComplete"]) == ("Successful", 100)
    assert refresh["Preferences"] == {"MinHealthyPercentage": 50}
    with pytest.raises(ClientError, match="ActiveInstanceRefreshNotFound"):
        autoscaling.cancel_instance_refresh(AutoScalingGroupName="gpu")
    with pytest.raises(ClientError, match="'ghost' not found"):
        autoscaling.start_instance_refresh(AutoScalingGroupName="ghost")


# ECS


@pytest.fixture
def ecs(client: Client) -> Any:
    ecs = client("ecs")
    ecs.create_cluster(clusterName="serving", capacityProviders=["FARGATE", "FARGATE_SPOT"])
    for image in ("1", "2"):
        ecs.register_task_definition(
            family="app",
            containerDefinitions=[{"name": "app", "image": f"app:{image}", "memory": 512}],
        )
    return ecs


def described(ecs: Any) -> Any:
    return ecs.describe_services(cluster="serving", services=["app"])["services"][0]


def test_a_service_keeps_every_field(ecs: Any) -> None:
    given = {
        "availabilityZoneRebalancing": "ENABLED",
        "capacityProviderStrategy": [
            {"capacityProvider": "FARGATE", "weight": 1, "base": 1},
            {"capacityProvider": "FARGATE_SPOT", "weight": 3, "base": 0},
        ],
        "enableECSManagedTags": True,
        "enableExecuteCommand": True,
        "healthCheckGracePeriodSeconds": 90,
        "placementConstraints": [{"type": "distinctInstance"}],
        "placementStrategy": [{"type": "binpack", "field": "memory"}],
    }
    breaker = {"enable": True, "rollback": True}
    ecs.create_service(
        cluster="serving",
        serviceName="app",
        taskDefinition="app:1",
        desiredCount=2,
        deploymentConfiguration={"deploymentCircuitBreaker": breaker},
        **given,
    )
    found = described(ecs)
    assert {name: found[name] for name in given} == given
    assert found["deploymentConfiguration"]["deploymentCircuitBreaker"] == breaker
    assert found["deploymentConfiguration"]["maximumPercent"] == 200
    assert "launchType" not in found


def test_service_connect_takes_ports_that_the_task_definition_names(ecs: Any) -> None:
    """ECS API reference, ServiceConnectService: the portName must match the name of one of the
    portMappings from all the containers in the task definition."""
    ecs.register_task_definition(
        family="named",
        containerDefinitions=[
            {
                "name": "model",
                "image": "x",
                "memory": 64,
                "portMappings": [{"name": "api", "containerPort": 80}],
            }
        ],
    )

    def create(port: str) -> None:
        ecs.create_service(
            cluster="serving",
            serviceName="app",
            taskDefinition="named:1",
            serviceConnectConfiguration={
                "enabled": True,
                "services": [{"portName": port, "clientAliases": [{"port": 80}]}],
            },
        )

    with pytest.raises(ClientError, match="has the name model"):
        create("model")
    create("api")
    assert described(ecs)["serviceName"] == "app"


def test_a_service_is_steady_at_once(ecs: Any) -> None:
    ecs.create_service(cluster="serving", serviceName="app", taskDefinition="app:1", desiredCount=2)
    found = described(ecs)
    assert (found["runningCount"], found["pendingCount"]) == (2, 0)
    assert [each["rolloutState"] for each in found["deployments"]] == ["COMPLETED"]
    assert found["availabilityZoneRebalancing"] == "DISABLED"
    assert found["launchType"] == "EC2"


def test_an_update_of_a_service_changes_only_what_is_given(ecs: Any) -> None:
    ecs.create_service(
        cluster="serving",
        serviceName="app",
        taskDefinition="app:1",
        desiredCount=2,
        healthCheckGracePeriodSeconds=90,
        enableExecuteCommand=True,
        deploymentConfiguration={"minimumHealthyPercent": 50},
    )
    ecs.update_service(
        cluster="serving",
        service="app",
        taskDefinition="app",
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": False}},
    )
    found = described(ecs)
    assert found["taskDefinition"].endswith("task-definition/app:2")
    assert found["deployments"][0]["taskDefinition"] == found["taskDefinition"]
    assert (found["healthCheckGracePeriodSeconds"], found["enableExecuteCommand"]) == (90, True)
    configuration = found["deploymentConfiguration"]
    assert configuration["minimumHealthyPercent"] == 50
    assert configuration["deploymentCircuitBreaker"] == {"enable": True, "rollback": False}


# Step Functions


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}, None),
        ("{", "INVALID_JSON_DESCRIPTION"),
        ([], "INVALID_JSON_DESCRIPTION"),
        ({"StartAt": "A"}, "SCHEMA_VALIDATION_FAILED"),
        ({"StartAt": "B", "States": {"A": {"Type": "Succeed"}}}, "MISSING_TRANSITION_TARGET"),
        (
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}},
            "MISSING_TRANSITION_TARGET",
        ),
    ],
)
def test_a_state_machines_definition_is_checked(
    client: Client, definition: Any, problem: str | None
) -> None:
    text = definition if isinstance(definition, str) else json.dumps(definition)
    answer = client("stepfunctions").validate_state_machine_definition(definition=text)
    assert answer["result"] == ("OK" if problem is None else "FAIL")
    assert [each["code"] for each in answer["diagnostics"]] == ([problem] if problem else [])


def test_the_versions_of_a_state_machine_are_listed(client: Client) -> None:
    stepfunctions = client("stepfunctions")
    machine = stepfunctions.create_state_machine(
        name="retrain",
        definition=json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}),
        roleArn="arn:aws:iam::123456789012:role/retrain",
        publish=True,
    )["stateMachineArn"]
    versions = stepfunctions.list_state_machine_versions(stateMachineArn=machine)
    (version,) = versions["stateMachineVersions"]
    assert version["stateMachineVersionArn"] == f"{machine}:1"


# Alarms that are fed


def queue_of(client: Client, topic: str) -> Callable[[], list[Any]]:
    """What a topic has told since the last call, read from a queue that it delivers to."""
    sqs, sns = client("sqs"), client("sns")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"])

    def heard() -> list[Any]:
        found = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"])["Message"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    return heard


def feed(cloudwatch: Any, name: str, *values: list[float]) -> None:
    """Feed a metric, a list of values for each of the last minutes, the newest last."""
    now = 1_900_000_020
    for index, minute in enumerate(reversed(values)):
        cloudwatch.put_metric_data(
            Namespace="Fraud",
            MetricData=[
                {"MetricName": name, "Value": value, "Timestamp": now - 60 * index}
                for value in minute
            ],
        )


def test_an_alarm_that_is_fed_changes_and_tells_its_topic_once(client: Client) -> None:
    cloudwatch = client("cloudwatch")
    topic = client("sns").create_topic(Name="alerts")["TopicArn"]
    heard = queue_of(client, topic)
    put_alarm(
        cloudwatch,
        "rate",
        Namespace="Fraud",
        MetricName="Errors",
        EvaluationPeriods=3,
        DatapointsToAlarm=2,
        Threshold=0.5,
        TreatMissingData="notBreaching",
        AlarmActions=[topic],
        OKActions=[topic],
    )
    feed(cloudwatch, "Errors", [0, 0], [0, 1], [0, 0])
    assert state_of(cloudwatch, "rate") == "OK"
    feed(cloudwatch, "Errors", [1, 1], [1, 1], [0, 0])
    # Two of three averages, 0.5 and above: each is now of four or two values.
    assert state_of(cloudwatch, "rate") == "OK"
    feed(cloudwatch, "Errors", [1, 1], [1, 1], [1])
    assert state_of(cloudwatch, "rate") == "ALARM"
    states = [json.loads(message)["NewStateValue"] for message in heard()]
    assert states == ["OK", "ALARM"]
    feed(cloudwatch, "Errors", [1, 1])
    assert heard() == []


@pytest.mark.parametrize(
    ("statistic", "fed", "expected"),
    [
        ({"Statistic": "SampleCount"}, [5, 5, 5], 3),
        ({"Statistic": "Sum"}, [5, 5, 5], 15),
        ({"Statistic": "Maximum"}, [1, 7, 3], 7),
        ({"ExtendedStatistic": "p50"}, [1, 2, 3, 4], 2),
        ({"ExtendedStatistic": "p99"}, [1, 2, 3, 4], 4),
        ({"ExtendedStatistic": "PR(:2)"}, [1, 2, 3, 4], 50),
    ],
)
def test_an_alarm_judges_by_its_statistic(
    client: Client, statistic: dict[str, str], fed: list[float], expected: float
) -> None:
    cloudwatch = client("cloudwatch")
    for name, threshold in (("below", expected), ("above", expected - 0.5)):
        given: dict[str, Any] = {"Namespace": "Fraud", "MetricName": "M", "Threshold": threshold}
        kind = {"Statistic": None, **given, **statistic}
        put_alarm(cloudwatch, name, **kind) if kind["Statistic"] else _put_percentile(
            cloudwatch, name, **given, **statistic
        )
    feed(cloudwatch, "M", fed)
    assert (state_of(cloudwatch, "below"), state_of(cloudwatch, "above")) == ("OK", "ALARM")


def _put_percentile(cloudwatch: Any, name: str, **given: Any) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Period=60,
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold",
        **given,
    )


def test_an_alarm_over_metric_math_and_one_over_it_are_evaluated(client: Client) -> None:
    cloudwatch = client("cloudwatch")
    topic = client("sns").create_topic(Name="alerts")["TopicArn"]
    heard = queue_of(client, topic)
    cloudwatch.put_metric_alarm(
        AlarmName="share",
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold",
        Threshold=10,
        Metrics=[
            {
                "Id": "share",
                "Expression": "IF(all + FILL(none, 0) >= 4, 100 * bad / all, 0)",
                "ReturnData": True,
            },
            *(
                {
                    "Id": id_,
                    "ReturnData": False,
                    "MetricStat": {
                        "Metric": {"Namespace": "Fraud", "MetricName": id_},
                        "Period": 60,
                        "Stat": "Sum",
                    },
                }
                for id_ in ("all", "bad", "none")
            ),
        ],
    )
    put_alarm(cloudwatch, "maintenance")
    cloudwatch.put_composite_alarm(
        AlarmName="both",
        AlarmRule='ALARM("share") AND NOT ALARM("maintenance")',
        AlarmActions=[topic],
        ActionsSuppressor="maintenance",
        ActionsSuppressorWaitPeriod=60,
        ActionsSuppressorExtensionPeriod=60,
    )
    feed(cloudwatch, "bad", [1])
    feed(cloudwatch, "all", [3])
    assert state_of(cloudwatch, "share") == "OK"
    feed(cloudwatch, "all", [1])
    assert state_of(cloudwatch, "share") == "ALARM"
    assert composite(cloudwatch)["StateValue"] == "ALARM"
    (message,) = heard()
    assert json.loads(message)["AlarmName"] == "both"
    set_state(cloudwatch, "maintenance", "ALARM")
    assert composite(cloudwatch)["StateValue"] == "OK"


def test_an_anomaly_alarm_sounds_outside_of_what_was_before(client: Client) -> None:
    cloudwatch = client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="unusual",
        EvaluationPeriods=1,
        ComparisonOperator="LessThanLowerThreshold",
        ThresholdMetricId="band",
        Metrics=[
            {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(m, 2)", "ReturnData": True},
            {
                "Id": "m",
                "ReturnData": True,
                "MetricStat": {
                    "Metric": {"Namespace": "Fraud", "MetricName": "T"},
                    "Period": 60,
                    "Stat": "Sum",
                },
            },
        ],
    )
    feed(cloudwatch, "T", [100], [102], [98], [101], [99])
    assert state_of(cloudwatch, "unusual") != "ALARM"
    cloudwatch.put_metric_data(
        Namespace="Fraud",
        MetricData=[{"MetricName": "T", "Value": 3, "Timestamp": 1_900_000_080}],
    )
    assert state_of(cloudwatch, "unusual") == "ALARM"


def test_a_dashboard_beyond_the_limits_of_cloudwatch_is_refused(client: Client) -> None:
    cloudwatch = client("cloudwatch")

    def put(name: str, *counts: int) -> None:
        widgets = [
            {"type": "metric", "properties": {"metrics": [["A", str(n)] for n in range(count)]}}
            for count in counts
        ]
        cloudwatch.put_dashboard(DashboardName=name, DashboardBody=json.dumps({"widgets": widgets}))

    put("fits", 500, 500, 500, 500, 500)
    for name, counts in (("wide", (501,)), ("many", (500,) * 5 + (1,)), ("a name", (1,))):
        with pytest.raises(ClientError):
            put(name, *counts)
    put("all", *(1,) * 500)
    with pytest.raises(ClientError, match="500 widgets"):
        put("all", *(1,) * 501)


def test_a_rule_of_eventbridge_tells_a_topic_in_words(client: Client) -> None:
    events = client("events")
    topic = client("sns").create_topic(Name="alerts")["TopicArn"]
    heard = queue_of(client, topic)
    pattern = {"source": ["team.test"], "detail": {"name": [{"prefix": "acme-"}]}}
    events.put_rule(Name="failed", EventPattern=json.dumps(pattern))
    transformer = {
        "InputPathsMap": {"name": "$.detail.name"},
        "InputTemplate": '"Endpoint <name> has failed."',
    }
    events.put_targets(
        Rule="failed", Targets=[{"Id": "1", "Arn": topic, "InputTransformer": transformer}]
    )
    for name in ("acme-fraud", "other"):
        detail = json.dumps({"name": name})
        events.put_events(
            Entries=[{"Source": "team.test", "DetailType": "Ended", "Detail": detail}]
        )
    assert heard() == ['"Endpoint acme-fraud has failed."']


def test_a_saved_query_is_replaced_by_its_id_and_deleted(client: Client) -> None:
    logs = client("logs")
    given: dict[str, Any] = {"name": "team/errors", "queryString": "fields @message"}
    made = logs.put_query_definition(**given, logGroupNames=["/a"])["queryDefinitionId"]
    logs.put_query_definition(**given, queryDefinitionId=made)
    (found,) = logs.describe_query_definitions(queryDefinitionNamePrefix="team/")[
        "queryDefinitions"
    ]
    # An update without log groups takes them away.
    assert found["logGroupNames"] == []
    assert not logs.describe_query_definitions(queryDefinitionNamePrefix="x")["queryDefinitions"]
    logs.delete_query_definition(queryDefinitionId=made)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.delete_query_definition(queryDefinitionId=made)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.put_query_definition(**given, queryDefinitionId=made)


def test_a_cost_allocation_tag_is_active_once_somebody_says_so(client: Client) -> None:
    explorer = client("ce")

    def status() -> list[str]:
        found = explorer.list_cost_allocation_tags(TagKeys=["environment"])
        return [each["Status"] for each in found["CostAllocationTags"]]

    assert status() == []
    for wanted in ("Active", "Inactive"):
        explorer.update_cost_allocation_tags_status(
            CostAllocationTagsStatus=[{"TagKey": "environment", "Status": wanted}]
        )
        assert status() == [wanted]
    assert not explorer.list_cost_allocation_tags(Status="Active")["CostAllocationTags"]
