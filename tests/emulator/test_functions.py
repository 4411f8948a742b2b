"""AWS Lambda and its rollouts by CodeDeploy, where moto lacks or forgets something."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inferform_emulator.process import Emulator

Client = Callable[..., Any]


def _uri(account: str, tag: str = "1") -> str:
    return f"{account}.dkr.ecr.us-east-1.amazonaws.com/fraud:{tag}"


def _role(client: Client, service: str) -> str:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": f"{service}.amazonaws.com"},
            }
        ],
    }
    made = client("iam").create_role(
        RoleName=f"for-{service}", AssumeRolePolicyDocument=json.dumps(trust)
    )
    return str(made["Role"]["Arn"])


def _function(client: Client, account: str, **given: Any) -> Any:
    """A function of an image with a published version 1 and the alias live."""
    functions = client("lambda")
    functions.create_function(
        FunctionName="fraud",
        PackageType="Image",
        Code={"ImageUri": _uri(account)},
        Role=_role(client, "lambda"),
        Publish=True,
        **given,
    )
    functions.create_alias(FunctionName="fraud", Name="live", FunctionVersion="1")
    return functions


def _second(functions: Any, account: str) -> None:
    functions.update_function_code(FunctionName="fraud", ImageUri=_uri(account, "2"))
    assert functions.publish_version(FunctionName="fraud")["Version"] == "2"


def test_settings_come_back_as_they_were_given_and_changed(client: Client, account: str) -> None:
    functions = _function(
        client,
        account,
        LoggingConfig={"LogFormat": "JSON", "LogGroup": "/own", "SystemLogLevel": "WARN"},
        SnapStart={"ApplyOn": "PublishedVersions"},
    )
    found = functions.get_function_configuration(FunctionName="fraud", Qualifier="live")
    assert found["LoggingConfig"]["LogGroup"] == "/own"
    assert found["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"}
    functions.update_function_configuration(
        FunctionName="fraud",
        EphemeralStorage={"Size": 1024},
        ImageConfig={"Command": ["serve"]},
        KMSKeyArn=f"arn:aws:kms:us-east-1:{account}:key/1",
        LoggingConfig={"LogFormat": "Text", "LogGroup": "/other"},
        SnapStart={"ApplyOn": "None"},
        TracingConfig={"Mode": "Active"},
    )
    found = functions.get_function_configuration(FunctionName="fraud")
    assert found["EphemeralStorage"] == {"Size": 1024}
    assert found["ImageConfigResponse"]["ImageConfig"]["Command"] == ["serve"]
    assert found["KMSKeyArn"].endswith("key/1")
    assert found["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/other"}
    assert found["SnapStart"]["OptimizationStatus"] == "Off"
    assert found["TracingConfig"] == {"Mode": "Active"}


def test_what_lambda_refuses_of_a_function_is_refused(client: Client, account: str) -> None:
    role = _role(client, "lambda")
    uri = _uri(account)

    def refused(code: str, **given: Any) -> None:
        with pytest.raises(ClientError, match=code):
            client("lambda").create_function(
                **{
                    "FunctionName": "fraud",
                    "PackageType": "Image",
                    "Code": {"ImageUri": uri},
                    "Role": role,
                    **given,
                }
            )

    refused("reserved keys.*AWS_REGION", Environment={"Variables": {"AWS_REGION": "x"}})
    refused("exceeded the 4KB limit", Environment={"Variables": {"A": "x" * 4096}})
    refused("Source image", Code={"ImageUri": uri.replace("us-east-1", "eu-west-1")})
    refused("Source image", Code={"ImageUri": "docker.io/fraud:1"})
    refused("don't provide Handler", Handler="app.handler")


def test_a_function_names_the_vpc_of_its_subnets(client: Client, account: str) -> None:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="x", Description="x", VpcId=vpc)["GroupId"]
    functions = _function(
        client, account, VpcConfig={"SubnetIds": [subnet], "SecurityGroupIds": [group]}
    )
    found = functions.get_function_configuration(FunctionName="fraud")
    assert found["VpcConfig"]["VpcId"] == vpc


def test_a_published_version_keeps_its_image(client: Client, account: str) -> None:
    functions = _function(client, account)
    _second(functions, account)
    images = [
        functions.get_function(FunctionName="fraud", Qualifier=at)["Code"]["ImageUri"]
        for at in ("1", "live", "2")
    ]
    assert images == [_uri(account), _uri(account), _uri(account, "2")]


def test_an_alias_takes_one_more_version_and_gives_each_its_share(
    client: Client, account: str
) -> None:
    functions = _function(client, account)
    _second(functions, account)
    for weights, said in (
        ({"2": 1.5}, "between 0.0 and 1.0"),
        ({"1": 0.5}, "already included"),
        ({"2": 0.1, "3": 0.1}, "cannot be more than 1"),
        ({"3": 0.1}, "not found"),
    ):
        with pytest.raises(ClientError, match=said):
            functions.update_alias(
                FunctionName="fraud",
                Name="live",
                RoutingConfig={"AdditionalVersionWeights": weights},
            )
    functions.update_alias(
        FunctionName="fraud", Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.25}}
    )
    answered = [
        functions.invoke(FunctionName="fraud", Qualifier="live")["ExecutedVersion"]
        for _ in range(8)
    ]
    assert sorted(answered) == ["1"] * 6 + ["2"] * 2


def test_provisioned_concurrency_is_kept_and_refused_as_by_aws(
    client: Client, account: str
) -> None:
    functions = _function(client, account)
    _second(functions, account)
    live = {"FunctionName": "fraud", "Qualifier": "live"}
    missing = "ProvisionedConcurrencyConfigNotFoundException"
    with pytest.raises(ClientError, match=missing):
        functions.get_provisioned_concurrency_config(**live)
    functions.put_function_concurrency(FunctionName="fraud", ReservedConcurrentExecutions=5)
    put = functions.put_provisioned_concurrency_config
    with pytest.raises(ClientError, match="should not be greater than the reserved"):
        put(**live, ProvisionedConcurrentExecutions=6)
    with pytest.raises(ClientError, match="unpublished"):
        put(FunctionName="fraud", Qualifier="$LATEST", ProvisionedConcurrentExecutions=1)
    assert put(**live, ProvisionedConcurrentExecutions=3)["Status"] == "IN_PROGRESS"
    found = functions.get_provisioned_concurrency_config(**live)
    assert (found["Status"], found["AvailableProvisionedConcurrentExecutions"]) == ("READY", 3)
    listed = functions.list_provisioned_concurrency_configs(FunctionName="fraud")
    assert [each["FunctionArn"][-4:] for each in listed["ProvisionedConcurrencyConfigs"]] == [
        "live"
    ]
    functions.update_alias(
        FunctionName="fraud", Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}}
    )
    with pytest.raises(ClientError, match="Alias with weights"):
        put(**live, ProvisionedConcurrentExecutions=1)
    functions.delete_provisioned_concurrency_config(**live)
    with pytest.raises(ClientError, match=missing):
        functions.delete_provisioned_concurrency_config(**live)


def test_application_auto_scaling_takes_a_function_by_an_alias_that_it_has(
    client: Client, account: str
) -> None:
    _function(client, account)
    scaling = client("application-autoscaling")

    def register(resource: str) -> None:
        scaling.register_scalable_target(
            ServiceNamespace="lambda",
            ResourceId=resource,
            ScalableDimension="lambda:function:ProvisionedConcurrency",
            MinCapacity=1,
            MaxCapacity=2,
        )

    for resource in ("function:fraud", "function:fraud:$LATEST"):
        with pytest.raises(ClientError, match="must name an alias or a version"):
            register(resource)
    for resource in ("function:fraud:test", "function:other:live"):
        with pytest.raises(ClientError, match="doesn't exist"):
            register(resource)
    register("function:fraud:live")
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="lambda")["ScalableTargets"]
    assert target["RoleARN"].endswith("AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency")


def _sums(client: Client, metric: str, **dimensions: str) -> float:
    now = datetime.now(UTC)
    found = client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=7200,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(each["Sum"] for each in found))


def test_invocations_publish_metrics_and_set_off_alarms_on_exactly_those(
    client: Client, account: str, emulator: Emulator
) -> None:
    functions = _function(client, account)
    live = {"FunctionName": "fraud", "Resource": "fraud:live"}
    cloudwatch = client("cloudwatch")
    for name, dimensions in (("live", live), ("other", {**live, "Resource": "fraud:other"})):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/Lambda",
            MetricName="Errors",
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            Statistic="Sum",
            Period=3600,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
        )
    functions.invoke(FunctionName="fraud", Qualifier="live")
    functions.invoke(FunctionName="fraud")
    assert _sums(client, "Invocations", FunctionName="fraud") == 2
    assert _sums(client, "Invocations", **live) == 1
    assert _sums(client, "Invocations", **live, ExecutedVersion="1") == 1
    assert _sums(client, "Errors", **live) == 0
    failing = {"function": "fraud", "version": "1", "account": account}
    emulator.control("POST", "lambda/outcome", failing)
    answer = functions.invoke(FunctionName="fraud", Qualifier="live")
    assert answer["FunctionError"] == "Unhandled"
    assert _sums(client, "Errors", **live) == 1
    states = {
        each["AlarmName"]: each["StateValue"]
        for each in cloudwatch.describe_alarms()["MetricAlarms"]
    }
    assert states == {"live": "ALARM", "other": "INSUFFICIENT_DATA"}
    emulator.control("POST", "lambda/outcome", {**failing, "fails": False})
    assert "FunctionError" not in functions.invoke(FunctionName="fraud", Qualifier="live")
    functions.put_function_concurrency(FunctionName="fraud", ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="TooManyRequests"):
        functions.invoke(FunctionName="fraud", Qualifier="live")
    assert _sums(client, "Throttles", **live) == 1
    assert _sums(client, "Invocations", **live) == 3


def test_a_function_says_what_it_received_without_a_container(client: Client, account: str) -> None:
    functions = _function(client, account)
    answer = functions.invoke(FunctionName="fraud", Qualifier="live", Payload=b'{"amount": 1}')
    said = json.loads(answer["Payload"].read())
    assert said["emulator"] == "inferform"
    assert (said["image"], said["body"]) == (_uri(account), '{"amount": 1}')
    event = {"version": "2.0", "requestContext": {"http": {"method": "POST"}}, "body": "[1]"}
    answer = functions.invoke(FunctionName="fraud:live", Payload=json.dumps(event).encode())
    response = json.loads(answer["Payload"].read())
    assert response["statusCode"] == 200
    assert json.loads(response["body"])["body"] == "[1]"
    later = functions.invoke(FunctionName="fraud", InvocationType="Event", Payload=b"{}")
    assert later["StatusCode"] == 202
    functions.put_function_concurrency(FunctionName="fraud", ReservedConcurrentExecutions=0)
    found = functions.get_function(FunctionName="fraud")
    assert found["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    with pytest.raises(ClientError, match="TooManyRequests"):
        functions.invoke(FunctionName="fraud")


def test_a_url_names_its_alias_and_changes_its_mode(client: Client, account: str) -> None:
    functions = _function(client, account)
    live = {"FunctionName": "fraud", "Qualifier": "live"}
    made = functions.create_function_url_config(**live, AuthType="AWS_IAM")
    assert made["FunctionArn"].endswith(":fraud:live")
    assert functions.get_function_url_config(**live)["InvokeMode"] == "BUFFERED"
    with pytest.raises(ClientError, match="ResourceConflict"):
        functions.create_function_url_config(**live, AuthType="AWS_IAM")
    functions.update_function_url_config(**live, InvokeMode="RESPONSE_STREAM")
    assert functions.get_function_url_config(**live)["InvokeMode"] == "RESPONSE_STREAM"


def test_events_have_their_settings_by_alias_and_a_put_replaces_them(
    client: Client, account: str
) -> None:
    functions = _function(client, account)
    live = {"FunctionName": "fraud", "Qualifier": "live"}
    queue = {"OnFailure": {"Destination": f"arn:aws:sqs:us-east-1:{account}:failed"}}
    put = functions.put_function_event_invoke_config
    put(**live, MaximumRetryAttempts=2, DestinationConfig=queue)
    put(**live, MaximumRetryAttempts=0)
    found = functions.get_function_event_invoke_config(**live)
    assert found["FunctionArn"].endswith(":fraud:live")
    assert (found["MaximumRetryAttempts"], "DestinationConfig" in found) == (0, False)
    functions.update_function_event_invoke_config(**live, MaximumEventAgeInSeconds=60)
    found = functions.get_function_event_invoke_config(**live)
    assert (found["MaximumRetryAttempts"], found["MaximumEventAgeInSeconds"]) == (0, 60)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        functions.get_function_event_invoke_config(FunctionName="fraud")
    listed = functions.list_function_event_invoke_configs(FunctionName="fraud")
    assert len(listed["FunctionEventInvokeConfigs"]) == 1
    functions.delete_function_event_invoke_config(**live)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        functions.delete_function_event_invoke_config(**live)


# CodeDeploy


def _group(client: Client, config: str, *alarms: str, back: bool = True) -> Any:
    codedeploy = client("codedeploy")
    codedeploy.create_application(applicationName="fraud", computePlatform="Lambda")
    codedeploy.create_deployment_group(
        applicationName="fraud",
        deploymentGroupName="fraud",
        deploymentConfigName=config,
        serviceRoleArn=_role(client, "codedeploy"),
        deploymentStyle={
            "deploymentType": "BLUE_GREEN",
            "deploymentOption": "WITH_TRAFFIC_CONTROL",
        },
        alarmConfiguration={"enabled": True, "alarms": [{"name": name} for name in alarms]},
        autoRollbackConfiguration={"enabled": back, "events": ["DEPLOYMENT_STOP_ON_ALARM"]},
    )
    return codedeploy


def _deploy(codedeploy: Any, **changes: str) -> str:
    properties = {"Name": "fraud", "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2"}
    resource = {"fraud": {"Type": "AWS::Lambda::Function", "Properties": {**properties, **changes}}}
    content = json.dumps({"version": 0.0, "Resources": [resource]})
    made = codedeploy.create_deployment(
        applicationName="fraud",
        deploymentGroupName="fraud",
        revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": content}},
    )
    return str(made["deploymentId"])


def _stands(functions: Any) -> tuple[str, dict[str, float]]:
    alias = functions.get_alias(FunctionName="fraud", Name="live")
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    return alias["FunctionVersion"], weights


def test_a_deployment_moves_an_alias_in_shares(client: Client, account: str) -> None:
    functions = _function(client, account)
    _second(functions, account)
    codedeploy = _group(client, "CodeDeployDefault.LambdaLinear50PercentEvery1Minute")
    found = codedeploy.get_deployment_group(applicationName="fraud", deploymentGroupName="fraud")
    assert "loadBalancerInfo" not in found["deploymentGroupInfo"]
    deployment = _deploy(codedeploy)
    assert _stands(functions) == ("1", {"2": 0.5})
    info = codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]
    assert info["status"] == "Succeeded"
    assert _stands(functions) == ("2", {})


def test_a_deployment_configuration_of_ones_own_says_the_shares(
    client: Client, account: str
) -> None:
    functions = _function(client, account)
    _second(functions, account)
    client("codedeploy").create_deployment_config(
        deploymentConfigName="slow",
        computePlatform="Lambda",
        trafficRoutingConfig={
            "type": "TimeBasedLinear",
            "timeBasedLinear": {"linearPercentage": 40, "linearInterval": 1},
        },
    )
    codedeploy = _group(client, "slow")
    deployment = _deploy(codedeploy)
    stood = [_stands(functions)]
    for _ in range(2):
        codedeploy.get_deployment(deploymentId=deployment)
        stood.append(_stands(functions))
    assert stood == [("1", {"2": 0.4}), ("1", {"2": 0.8}), ("2", {})]


@pytest.mark.parametrize(("back", "stands"), [(True, ("1", {})), (False, ("1", {"2": 0.1}))])
def test_an_alarm_stops_a_shift_and_moves_it_back_where_that_is_asked_for(
    client: Client, account: str, back: bool, stands: Any
) -> None:
    functions = _function(client, account)
    _second(functions, account)
    cloudwatch = client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors",
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    codedeploy = _group(
        client, "CodeDeployDefault.LambdaCanary10Percent5Minutes", "errors", back=back
    )
    deployment = _deploy(codedeploy)
    assert _stands(functions) == ("1", {"2": 0.1})
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="test")
    info = codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]
    assert info["status"] == "Stopped"
    assert "errors" in info["deploymentStatusMessages"][0]
    assert _stands(functions) == stands


def test_a_deployment_of_what_is_not_there_fails(client: Client, account: str) -> None:
    functions = _function(client, account)
    _second(functions, account)
    codedeploy = _group(client, "CodeDeployDefault.LambdaAllAtOnce")
    for changes, said in (
        ({"TargetVersion": "7"}, "no version 7"),
        ({"Alias": "other"}, "alias fraud:other does not exist"),
        ({"CurrentVersion": "2"}, "points to version 1"),
        ({"TargetVersion": ""}, "lacks TargetVersion"),
    ):
        deployment = _deploy(codedeploy, **changes)
        info = codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]
        assert info["status"] == "Failed"
        assert said in info["errorInformation"]["message"]
    assert _stands(functions) == ("1", {})
    _deploy(codedeploy)
    assert _stands(functions) == ("2", {})
