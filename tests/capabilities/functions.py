"""AWS Lambda."""

from __future__ import annotations

from inferform import (
    Asynchronous,
    Canary,
    Environment,
    FunctionAlarms,
    FunctionContainer,
    FunctionUrl,
    FunctionVpc,
    Image,
    Inference,
    LambdaFunction,
    Linear,
    Model,
    Network,
    ProvisionedConcurrencyUtilization,
    Registry,
    Repository,
    Scaling,
    Scheduled,
    TargetTracking,
)

from .record import (
    ACCOUNT,
    ALARM_PERIODS,
    DEV,
    MORE_THAN_MODELS,
    OTHER_UNIT,
    TERRAFORMS,
    Capability,
)

_QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:failed"
_TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:alerts"

_EXAMPLE = f"""
inference=Inference(
    functions={{
        "light": LambdaFunction(
            model=Model(
                image=Image(repository="fraud", tag="1.4.2"), environment={{"LEVEL": "info"}}
            ),
            memory_mib=4096, timeout_seconds=120, ephemeral_storage_mib=1024, architecture="ARM64",
            reserved_concurrency=50, provisioned_concurrency=2,
            scaling=Scaling(
                min_capacity=2, max_capacity=20,
                policies=[TargetTracking(metric=ProvisionedConcurrencyUtilization())],
            ),
            rollout=Canary(canary_percent=10, wait_seconds=600, alarm_names=["sales"]),
            alarms=FunctionAlarms(
                error_percent=2.0, duration_ms=900, duration_percentile=95.0, throttles=1,
                alarm_topics=["{_TOPIC}"], ok_topics=["{_TOPIC}"],
                period_seconds=120, evaluation_periods=3, datapoints_to_alarm=2,
            ),
            url=FunctionUrl(
                stream=True, cors_origins=["https://shop.acme.test"], cors_methods=["POST", "GET"],
                cors_headers=["content-type"], cors_max_age_seconds=600,
            ),
            asynchronous=Asynchronous(
                max_retries=1, max_event_age_seconds=3600, on_failure="{_QUEUE}",
                on_success="arn:aws:events:us-east-1:{ACCOUNT}:event-bus/results",
            ),
            vpc=FunctionVpc(egress_cidrs=["203.0.113.0/24"]),
            container=FunctionContainer(
                command=["serve", "--fast"], entry_point=["python"], working_directory="/app",
                base_path="/whole", slow_start=False, snap_start=False,
            ),
            log_retention_days=90,
        ),
        "plain": LambdaFunction(model=Model(image=Image(repository="fraud", tag="1.4.2"))),
    }},
),
"""


def functions() -> Environment:
    """Functions of each shape."""
    model = Model(image=Image(repository="fraud", tag="1.4.2"))
    plain = LambdaFunction(model=model)
    return Environment(
        context=DEV,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        inference=Inference(
            functions={
                "plain": plain,
                "warm": plain.replace(provisioned_concurrency=2, reserved_concurrency=10),
                "snap": plain.replace(container=FunctionContainer(snap_start=True, command=[])),
                "slow": plain.replace(
                    container=FunctionContainer(slow_start=True),
                    rollout=Linear(alarm_names=["sales"]),
                    alarms=None,
                ),
                "whole": plain.replace(
                    memory_mib=4096,
                    timeout_seconds=120,
                    ephemeral_storage_mib=1024,
                    architecture="ARM64",
                    reserved_concurrency=50,
                    scaling=Scaling(
                        min_capacity=2,
                        max_capacity=20,
                        policies=[TargetTracking(metric=ProvisionedConcurrencyUtilization())],
                        schedules=[
                            Scheduled(
                                name="morning",
                                schedule="cron(0 7 ? * MON-FRI *)",
                                min_capacity=5,
                                max_capacity=20,
                            )
                        ],
                    ),
                    rollout=Canary(alarm_names=["sales"]),
                    alarms=FunctionAlarms(
                        duration_ms=900.0, throttles=1, alarm_topics=[_TOPIC], ok_topics=[_TOPIC]
                    ),
                    url=FunctionUrl(
                        stream=True,
                        cors_origins=["https://shop.acme.test"],
                        cors_headers=["content-type"],
                        cors_max_age_seconds=600,
                    ),
                    asynchronous=Asynchronous(
                        on_failure=_QUEUE,
                        on_success=f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/results",
                    ),
                    vpc=FunctionVpc(),
                    container=FunctionContainer(entry_point=["python"], working_directory="/app"),
                ),
            }
        ),
    )


CAPABILITY = Capability(
    examples={"functions": _EXAMPLE},
    environments={"functions": functions},
    not_aws={
        OTHER_UNIT: ("FunctionAlarms.duration_percentile",),
        "the Lambda Web Adapter's, in an environment variable": ("FunctionContainer.base_path",),
        "sent in lower case, as the one entry of a list": ("LambdaFunction.architecture",),
    },
    stricter={
        "the API's larger numbers are for Lambda Managed Instances": (
            "LambdaFunction.ephemeral_storage_mib",
            "LambdaFunction.memory_mib",
            "LambdaFunction.timeout_seconds",
        ),
        ALARM_PERIODS: ("FunctionAlarms.period_seconds",),
        MORE_THAN_MODELS: (
            "Asynchronous.on_failure",
            "Asynchronous.on_success",
            "FunctionAlarms.alarm_topics[]",
            "FunctionAlarms.ok_topics[]",
            "FunctionContainer.working_directory",
            "FunctionUrl.cors_headers[]",
            "FunctionUrl.cors_methods[]",
            "FunctionUrl.cors_origins[]",
        ),
    },
    shorter={
        "names of queues, topics and buses are shorter": (
            "Asynchronous.on_failure",
            "Asynchronous.on_success",
        ),
    },
    good={
        "LMB29": (_QUEUE, _TOPIC),
        "LMB33": ("/app", f"/{'a' * 999}"),
        "LMB50": ("/light", "/v1/a.b"),
        "LMB46": ("*", "https://shop.acme.test", f"https://{'a' * 245}"),
        "LMB47": ("content-type", "x" * 1024),
    },
    requests={
        "aws_lambda_alias": "lambda:CreateAlias",
        "aws_lambda_function": "lambda:CreateFunction lambda:FunctionCode "
        "lambda:PutFunctionConcurrency",
        "aws_lambda_function_event_invoke_config": "lambda:PutFunctionEventInvokeConfig",
        "aws_lambda_function_url": "lambda:CreateFunctionUrlConfig",
        "aws_lambda_provisioned_concurrency_config": "lambda:PutProvisionedConcurrencyConfig",
    },
    elsewhere={
        "aws_lambda_function_url.authorization_type": "lambda:CreateFunctionUrlConfigRequest.AuthType",
    },
    own={TERRAFORMS: ("aws_lambda_function.replace_security_groups_on_destroy",)},
    checkov={
        "aws_lambda_function": {
            "CKV_AWS_115": "reserved concurrency takes from all other functions of the account: who asks "
            "for it gets it",
            "CKV_AWS_116": "events that fail go to asynchronous.on_failure, which can be more than a queue",
            "CKV_AWS_117": "a model in its image calls nothing in the VPC: vpc=FunctionVpc() puts it there",
            "CKV_AWS_272": "code signing is for zip packages, not for images",
        },
        "*/aws_iam_role_policy.functions_*_rollout_policy_*": {
            "CKV_AWS_355": "CloudWatch answers about composite alarms only to those who may describe all "
            "alarms",
        },
    },
)
