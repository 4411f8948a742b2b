"""The endpoints of `bench.catalogue` as an AWS CDK app, for comparison; runs in `.venv-aws-cdk`.

``python bench/aws_cdk_app.py OUTDIR ENDPOINTS L1|L2`` writes CloudFormation templates with the ten
AWS resources that Inferform makes for each of its endpoints. L1 constructs are the least that AWS CDK
can do; L2 constructs are what people write with it, wherever the stable library has one: it has
none for SageMaker.
"""

from __future__ import annotations

import sys

from aws_cdk import App, CfnTag, Duration, Environment, Stack
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

ACCOUNT, REGION = "111122223333", "us-east-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SUBNETS = ["subnet-0a1b2c3d4e5f60718", "subnet-1a1b2c3d4e5f60718"]
VARIANT = "primary"
ERRORS = ("4xx", "5xx")
# CloudFormation takes 500 resources a stack.
ENDPOINTS_OF_A_STACK = 49


class Endpoint(Construct):
    """One endpoint with its role, log group, alarms and scaling: ten resources."""

    def __init__(self, scope: Construct, name: str, group: str, *, level: str) -> None:
        super().__init__(scope, name)
        around = Around2(self, name) if level == "L2" else Around1(self, name)
        full = around.full
        model = sagemaker.CfnModel(
            self,
            "model",
            execution_role_arn=around.role_arn,
            enable_network_isolation=True,
            primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(
                image=f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/acme-bench-use1-serving:1.0.0",
                model_data_url="s3://acme-artifacts/serving/1.0.0/model.tar.gz",
            ),
            vpc_config=sagemaker.CfnModel.VpcConfigProperty(
                security_group_ids=[group], subnets=SUBNETS
            ),
        )
        model.node.add_dependency(around.policy)
        configuration = sagemaker.CfnEndpointConfig(
            self,
            "configuration",
            kms_key_id=KEY,
            production_variants=[
                sagemaker.CfnEndpointConfig.ProductionVariantProperty(
                    variant_name=VARIANT,
                    model_name=model.attr_model_name,
                    initial_instance_count=1,
                    initial_variant_weight=1,
                    instance_type="ml.m5.large",
                )
            ],
        )
        endpoint = sagemaker.CfnEndpoint(
            self,
            "endpoint",
            endpoint_name=full,
            endpoint_config_name=configuration.attr_endpoint_config_name,
            deployment_config=deployment([f"{full}-{VARIANT}-{kind}" for kind in ERRORS]),
        )
        for each in around.first:
            endpoint.node.add_dependency(each)
        around.scale(endpoint)


class Around1:
    """What an endpoint needs, as L1 constructs."""

    def __init__(self, scope: Construct, name: str) -> None:
        self._scope = scope
        self.full = full = f"acme-bench-use1-{name}"
        role = iam.CfnRole(
            scope,
            "role",
            role_name=full,
            assume_role_policy_document={
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": "sts:AssumeRole",
                        "Principal": {"Service": "sagemaker.amazonaws.com"},
                        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
                    }
                ],
            },
        )
        self.role_arn = role.attr_arn
        self.policy = iam.CfnRolePolicy(
            scope,
            "policy",
            policy_name="inference",
            role_name=role.ref,
            policy_document={"Version": "2012-10-17", "Statement": statements(full)},
        )
        group = logs.CfnLogGroup(
            scope,
            "logs",
            log_group_name=f"/aws/sagemaker/Endpoints/{full}",
            kms_key_id=KEY,
            retention_in_days=30,
        )
        self.first = [group, *(alarm(scope, full, kind) for kind in ERRORS)]

    def scale(self, endpoint: Construct) -> None:
        """Scale the endpoint's variant."""
        target = scaling.CfnScalableTarget(
            self._scope,
            "target",
            min_capacity=1,
            max_capacity=4,
            resource_id=f"endpoint/{self.full}/variant/{VARIANT}",
            scalable_dimension="sagemaker:variant:DesiredInstanceCount",
            service_namespace="sagemaker",
        )
        target.node.add_dependency(endpoint)
        scaling.CfnScalingPolicy(
            self._scope,
            "invocations",
            policy_name=f"{self.full}-{VARIANT}-invocations",
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration=tracking(),
        )


class Around2:
    """What an endpoint needs, as L2 constructs."""

    def __init__(self, scope: Construct, name: str) -> None:
        self._scope = scope
        self.full = full = f"acme-bench-use1-{name}"
        role = iam.Role(
            scope,
            "role",
            role_name=full,
            assumed_by=iam.ServicePrincipal(
                "sagemaker.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": ACCOUNT}},
            ),
        )
        self.role_arn = role.role_arn
        self.policy = iam.Policy(
            scope,
            "policy",
            policy_name="inference",
            roles=[role],
            statements=[iam.PolicyStatement.from_json(each) for each in statements(full)],
        )
        group = logs.LogGroup(
            scope,
            "logs",
            log_group_name=f"/aws/sagemaker/Endpoints/{full}",
            encryption_key=kms.Key.from_key_arn(scope, "key", KEY),
            retention=logs.RetentionDays.ONE_MONTH,
        )
        self.first = [group, *(self._alarm(kind) for kind in ERRORS)]

    def _alarm(self, kind: str) -> cloudwatch.Alarm:
        dimensions = {"EndpointName": self.full, "VariantName": VARIANT}
        metrics = {
            identifier: cloudwatch.Metric(
                namespace="AWS/SageMaker",
                metric_name=metric,
                dimensions_map=dimensions,
                period=Duration.minutes(1),
                statistic="Sum",
            )
            for identifier, metric in (
                ("errors", f"Invocation{kind.upper()}Errors"),
                ("invocations", "Invocations"),
            )
        }
        rate = cloudwatch.MathExpression(
            expression="IF(invocations > 0, 100 * errors / invocations, 0)",
            label=f"{kind} percent",
            using_metrics=metrics,
            period=Duration.minutes(1),
        )
        return rate.create_alarm(
            self._scope,
            kind,
            alarm_name=f"{self.full}-{VARIANT}-{kind}",
            alarm_description=f"{kind.upper()} answers above 5% of invocations",
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            datapoints_to_alarm=1,
            evaluation_periods=1,
            threshold=5,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )

    def scale(self, endpoint: Construct) -> None:
        """Scale the endpoint's variant."""
        target = scaling.ScalableTarget(
            self._scope,
            "target",
            min_capacity=1,
            max_capacity=4,
            resource_id=f"endpoint/{self.full}/variant/{VARIANT}",
            scalable_dimension="sagemaker:variant:DesiredInstanceCount",
            service_namespace=scaling.ServiceNamespace.SAGEMAKER,
            role=iam.Role.from_role_name(self._scope, "scaling", "sagemaker-scaling"),
        )
        target.node.add_dependency(endpoint)
        metric = scaling.PredefinedMetric.SAGEMAKER_VARIANT_INVOCATIONS_PER_INSTANCE
        target.scale_to_track_metric(
            "invocations",
            target_value=840,
            predefined_metric=metric,
            policy_name=f"{self.full}-{VARIANT}-invocations",
            scale_in_cooldown=Duration.minutes(5),
            scale_out_cooldown=Duration.minutes(1),
        )


def statements(name: str) -> list[dict[str, object]]:
    """What the role of an endpoint may do."""
    repository = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/acme-bench-use1-serving"
    log_group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/sagemaker/Endpoints/{name}"
    interface = f"arn:aws:ec2:{REGION}:{ACCOUNT}:network-interface/*"
    return [
        {"Effect": "Allow", "Action": actions, "Resource": resource}
        for actions, resource in (
            ("ecr:GetAuthorizationToken", "*"),
            (["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], repository),
            ("s3:GetObject", "arn:aws:s3:::acme-artifacts/serving/1.0.0/model.tar.gz"),
            ("s3:ListBucket", "arn:aws:s3:::acme-artifacts"),
            ("kms:Decrypt", KEY),
            (["logs:CreateLogStream", "logs:PutLogEvents"], f"{log_group}:*"),
            ("cloudwatch:PutMetricData", "*"),
            ("ec2:CreateNetworkInterfacePermission", interface),
        )
    ]


def alarm(scope: Construct, name: str, kind: str) -> cloudwatch.CfnAlarm:
    """An alarm on the share of answers of a kind."""
    metrics = [
        cloudwatch.CfnAlarm.MetricDataQueryProperty(
            id=identifier,
            return_data=False,
            metric_stat=cloudwatch.CfnAlarm.MetricStatProperty(
                period=60,
                stat="Sum",
                metric=cloudwatch.CfnAlarm.MetricProperty(
                    namespace="AWS/SageMaker",
                    metric_name=metric,
                    dimensions=[
                        cloudwatch.CfnAlarm.DimensionProperty(name="EndpointName", value=name),
                        cloudwatch.CfnAlarm.DimensionProperty(name="VariantName", value=VARIANT),
                    ],
                ),
            ),
        )
        for identifier, metric in (
            ("errors", f"Invocation{kind.upper()}Errors"),
            ("invocations", "Invocations"),
        )
    ]
    rate = cloudwatch.CfnAlarm.MetricDataQueryProperty(
        id="rate",
        expression="IF(invocations > 0, 100 * errors / invocations, 0)",
        label=f"{kind} percent",
        return_data=True,
    )
    return cloudwatch.CfnAlarm(
        scope,
        kind,
        alarm_name=f"{name}-{VARIANT}-{kind}",
        alarm_description=f"{kind.upper()} answers above 5% of invocations",
        comparison_operator="GreaterThanThreshold",
        datapoints_to_alarm=1,
        evaluation_periods=1,
        metrics=[rate, *metrics],
        threshold=5,
        treat_missing_data="notBreaching",
    )


def deployment(alarms: list[str]) -> sagemaker.CfnEndpoint.DeploymentConfigProperty:
    """A blue/green update that alarms roll back."""
    return sagemaker.CfnEndpoint.DeploymentConfigProperty(
        auto_rollback_configuration=sagemaker.CfnEndpoint.AutoRollbackConfigProperty(
            alarms=[sagemaker.CfnEndpoint.AlarmProperty(alarm_name=name) for name in alarms]
        ),
        blue_green_update_policy=sagemaker.CfnEndpoint.BlueGreenUpdatePolicyProperty(
            maximum_execution_timeout_in_seconds=2100,
            termination_wait_in_seconds=300,
            traffic_routing_configuration=sagemaker.CfnEndpoint.TrafficRoutingConfigProperty(
                type="ALL_AT_ONCE", wait_interval_in_seconds=0
            ),
        ),
    )


def tracking() -> scaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty:
    """Target tracking on the invocations of an instance."""
    return scaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty(
        disable_scale_in=False,
        predefined_metric_specification=scaling.CfnScalingPolicy.PredefinedMetricSpecificationProperty(
            predefined_metric_type="SageMakerVariantInvocationsPerInstance"
        ),
        scale_in_cooldown=300,
        scale_out_cooldown=60,
        target_value=840,
    )


def main(outdir: str, endpoints: int, level: str) -> None:
    """Write the templates of so many endpoints."""
    app = App(outdir=outdir, analytics_reporting=False)
    names = [f"model-{number}" for number in range(endpoints)]
    for begin in range(0, endpoints, ENDPOINTS_OF_A_STACK):
        stack = Stack(
            app,
            f"bench-use1-inference-{begin // ENDPOINTS_OF_A_STACK}",
            env=Environment(account=ACCOUNT, region=REGION),
        )
        group = ec2.CfnSecurityGroup(
            stack,
            "models",
            group_description="Model containers: HTTPS to AWS services only",
            vpc_id="vpc-0a1b2c3d4e5f60718",
            tags=[CfnTag(key="Name", value="acme-bench-use1-models")],
        )
        for name in names[begin : begin + ENDPOINTS_OF_A_STACK]:
            Endpoint(stack, name, group.attr_group_id, level=level)
    app.synth()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
