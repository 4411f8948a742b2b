"""The inputs of terraform-aws-modules/lambda 8 for functions of images."""

from __future__ import annotations

from .row import Option, always, at, has, like, never, no, overridden, some, yes

SOURCE = "terraform-aws-modules/lambda"
_FUNCTION = "aws_lambda_function"
_URL = "aws_lambda_function_url"
_EVENTS = "aws_lambda_function_event_invoke_config"
_GROUP = "sg-0a1b2c3d4e5f67890"
_SUBNETS = ["subnet-0a1b2c3d4e5f67890", "subnet-1a2b3c4d5e6f78901"]
_QUEUE = "arn:aws:sqs:us-east-1:111122223333:failed"
_ROLE = "arn:aws:iam::111122223333:role/lambda"

OPTIONS: tuple[Option, ...] = (
    always("package_type", "LambdaFunction()", at(_FUNCTION, "package_type", "Image")),
    always("publish", "LambdaFunction()", at(_FUNCTION, "publish", True)),
    always("tracing_mode", "LambdaFunction()", at(_FUNCTION, "tracing_config.mode", "Active")),
    yes("memory_size", "LambdaFunction(memory_mib=4096)", at(_FUNCTION, "memory_size", 4096)),
    yes("timeout", "LambdaFunction(timeout_seconds=120)", at(_FUNCTION, "timeout", 120)),
    yes(
        "ephemeral_storage_size",
        "LambdaFunction(ephemeral_storage_mib=1024)",
        at(_FUNCTION, "ephemeral_storage.size", 1024),
    ),
    yes(
        "architectures",
        'LambdaFunction(architecture="ARM64")',
        at(_FUNCTION, "architectures", ["arm64"]),
    ),
    yes(
        "environment_variables",
        'LambdaFunction(model=Model(environment={"LEVEL": "info"}))',
        at(_FUNCTION, "environment.variables.LEVEL", "info"),
    ),
    yes(
        "image_config_command",
        'LambdaFunction(container=FunctionContainer(command=["app.handler"]))',
        at(_FUNCTION, "image_config.command", ["app.handler"]),
    ),
    yes(
        "image_config_entry_point",
        'LambdaFunction(container=FunctionContainer(entry_point=["python"]))',
        at(_FUNCTION, "image_config.entry_point", ["python"]),
    ),
    yes(
        "image_config_working_directory",
        'LambdaFunction(container=FunctionContainer(working_directory="/app"))',
        at(_FUNCTION, "image_config.working_directory", "/app"),
    ),
    yes(
        "snap_start",
        "LambdaFunction(container=FunctionContainer(snap_start=True))",
        at(_FUNCTION, "snap_start.apply_on", "PublishedVersions"),
    ),
    yes(
        "reserved_concurrent_executions",
        "LambdaFunction(reserved_concurrency=10)",
        at(_FUNCTION, "reserved_concurrent_executions", 10),
    ),
    yes(
        "provisioned_concurrent_executions",
        "LambdaFunction(provisioned_concurrency=3)",
        at("aws_lambda_provisioned_concurrency_config", "provisioned_concurrent_executions", 3),
    ),
    yes(
        "kms_key_arn",
        'LambdaFunction(existing=Existing(kms_key="arn:aws:kms:us-east-1:111122223333:key/'
        'abcd1234-12ab-34cd-56ef-1234567890ab"))',
        at(_FUNCTION, "kms_key_arn", like(r".+key/abcd1234-.+")),
    ),
    yes(
        "lambda_role",
        f'LambdaFunction(existing=Existing(execution_role="{_ROLE}"))',
        at(_FUNCTION, "role", _ROLE),
    ),
    yes(
        "vpc_subnet_ids",
        f"LambdaFunction(vpc=FunctionVpc(), existing=Existing(subnets={_SUBNETS}))",
        at(_FUNCTION, "vpc_config.subnet_ids", _SUBNETS),
    ),
    yes(
        "vpc_security_group_ids",
        f'LambdaFunction(vpc=FunctionVpc(), existing=Existing(security_groups=["{_GROUP}"]))',
        at(_FUNCTION, "vpc_config.security_group_ids", [_GROUP]),
    ),
    yes(
        "replace_security_groups_on_destroy",
        "LambdaFunction(vpc=FunctionVpc())",
        at(_FUNCTION, "replace_security_groups_on_destroy", True),
    ),
    yes(
        "function_tags",
        'LambdaFunction(tags={"cost": "fraud"})',
        at(_FUNCTION, "tags.cost", "fraud"),
    ),
    yes("create_lambda_function_url", "LambdaFunction(url=FunctionUrl())", some(_URL, 1)),
    yes(
        "authorization_type (AWS_IAM)",
        "LambdaFunction(url=FunctionUrl())",
        at(_URL, "authorization_type", "AWS_IAM"),
    ),
    yes(
        "cors",
        'LambdaFunction(url=FunctionUrl(cors_origins=["https://shop.acme.test"]))',
        at(_URL, "cors.allow_origins", ["https://shop.acme.test"]),
    ),
    yes(
        "invoke_mode",
        "LambdaFunction(url=FunctionUrl(stream=True))",
        at(_URL, "invoke_mode", "RESPONSE_STREAM"),
        beside="LambdaFunction(url=FunctionUrl())",
    ),
    yes(
        "maximum_retry_attempts",
        f'LambdaFunction(asynchronous=Asynchronous(max_retries=1, on_failure="{_QUEUE}"))',
        at(_EVENTS, "maximum_retry_attempts", 1),
    ),
    yes(
        "maximum_event_age_in_seconds",
        "LambdaFunction(asynchronous=Asynchronous(max_event_age_seconds=60, "
        f'on_failure="{_QUEUE}"))',
        at(_EVENTS, "maximum_event_age_in_seconds", 60),
    ),
    yes(
        "destination_on_failure",
        f'LambdaFunction(asynchronous=Asynchronous(on_failure="{_QUEUE}"))',
        at(_EVENTS, "destination_config.on_failure.destination", _QUEUE),
        at("aws_iam_role_policy", "policy.Statement.*.Action", has("sqs:SendMessage")),
    ),
    yes(
        "destination_on_success",
        f'LambdaFunction(asynchronous=Asynchronous(on_success="{_QUEUE}"))',
        at(_EVENTS, "destination_config.on_success.destination", _QUEUE),
    ),
    yes(
        "cloudwatch_logs_retention_in_days",
        "LambdaFunction(log_retention_days=90)",
        at("aws_cloudwatch_log_group", "retention_in_days", 90),
    ),
    yes(
        "use_existing_cloudwatch_log_group",
        'LambdaFunction(existing=Existing(log_group="/risk/fraud"))',
        at(_FUNCTION, "logging_config.log_group", "/risk/fraud"),
    ),
    yes(
        "deployments (modules/deploy)",
        "LambdaFunction(rollout=Canary())",
        at("aws_codedeploy_app", "compute_platform", "Lambda"),
    ),
    overridden(
        "description",
        'LambdaFunction(overrides={"function": {"description": "Scores payments"}})',
        at(_FUNCTION, "description", "Scores payments"),
    ),
    no(
        "authorization_type (NONE)",
        "Anybody could call it: put an API with authorization in front.",
        tried='LambdaFunction(url=FunctionUrl(authorization_type="NONE"))',
    ),
    no(
        "layers",
        "Functions of images have none: copy what is needed into the image.",
        never(_FUNCTION, "layers"),
    ),
    no(
        "dead_letter_target_arn",
        "`asynchronous.on_failure` gets the request and the error, a dead-letter queue the request alone.",
        never(_FUNCTION, "dead_letter_config"),
    ),
    no(
        "file_system_arn",
        "A model is in the image, of up to 10 GB.",
        never(_FUNCTION, "file_system_config"),
    ),
)
