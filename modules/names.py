"""Names: short codes for regions, cutting to a limit with a stable hash, and what makes which.

What an environment makes has names in AWS that must be its own. Each Spec states those that are
made for it (`Named` in service.py), by the functions here and beside it that its construct uses
too; `Environment` refuses two that are the same.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from .context import Context

O = TypeVar("O")  # noqa: E741

ROLE_PATH = "/inferform/"
"""The path of every role and instance profile of a layer but identity, where `Naming.role_path` names no
other: a deploy works on these, and on no others that are named alike."""


def bare(name: str) -> str:
    """The name of a role or policy of which the path is written before it, or of its ARN."""
    return name.rpartition("/")[2]


def path_of(name: str) -> str:
    """The path of a role or policy that is written before its name; `/` where there is none."""
    before, slash, _ = name.rpartition("/")
    return f"/{before}/" if slash else "/"


WORDS: Mapping[str, str] = {
    "aws_appautoscaling_policy": "scaling policy",
    "aws_appautoscaling_scheduled_action": "scheduled action",
    "aws_autoscaling_group": "Auto Scaling group",
    "aws_budgets_budget": "budget",
    "aws_cloudwatch_dashboard": "CloudWatch dashboard",
    "aws_cloudformation_stack": "CloudFormation stack",
    "aws_cloudwatch_event_api_destination": "API destination",
    "aws_cloudwatch_event_archive": "archive of events",
    "aws_cloudwatch_event_bus": "event bus",
    "aws_cloudwatch_event_connection": "connection of EventBridge",
    "aws_cloudwatch_event_rule": "EventBridge rule",
    "aws_cloudwatch_query_definition": "saved query",
    "aws_cloudwatch_log_group": "log group",
    "aws_cloudwatch_metric_alarm": "CloudWatch alarm",
    "aws_codebuild_project": "CodeBuild project",
    "aws_codeconnections_connection": "connection to a Git provider",
    "aws_codedeploy_app": "CodeDeploy application",
    "aws_codedeploy_deployment_config": "CodeDeploy deployment configuration",
    "aws_codedeploy_deployment_group": "CodeDeploy deployment group",
    "aws_codepipeline": "pipeline of CodePipeline",
    "aws_ecr_repository": "ECR repository",
    "aws_ecs_capacity_provider": "ECS capacity provider",
    "aws_ecs_cluster": "ECS cluster",
    "aws_ecs_service": "ECS service",
    "aws_ecs_task_definition": "task definition family",
    "aws_eks_cluster": "EKS cluster",
    "aws_eks_fargate_profile": "Fargate profile",
    "aws_eks_node_group": "node group",
    "aws_iam_instance_profile": "instance profile",
    "aws_iam_policy": "IAM policy",
    "aws_iam_role": "IAM role",
    "aws_iot_policy": "IoT policy",
    "aws_iot_role_alias": "role alias of IoT",
    "aws_iot_thing_group": "thing group",
    "aws_iot_thing_type": "thing type",
    "aws_kms_alias": "KMS alias",
    "aws_lb": "load balancer",
    "aws_lb_target_group": "target group",
    "aws_mwaa_environment": "Airflow environment",
    "aws_s3_bucket": "S3 bucket",
    "aws_sagemaker_endpoint": "SageMaker endpoint",
    "aws_sagemaker_model_package_group": "model package group",
    "aws_sagemaker_monitoring_schedule": "model monitor",
    "aws_sagemaker_pipeline": "SageMaker pipeline",
    "aws_scheduler_schedule": "EventBridge schedule",
    "aws_sfn_state_machine": "state machine",
    "aws_chatbot_slack_channel_configuration": "chat configuration",
    "aws_chatbot_teams_channel_configuration": "chat configuration",
    "aws_sns_topic": "SNS topic",
    "aws_sqs_queue": "SQS queue",
}
"""What people call what has a name of its own, by Terraform type, where that is not the type's own
words."""

RESERVED: Mapping[str, tuple[str, ...]] = {
    "aws_s3_bucket": ("amzn-s3-demo-", "sthree-"),
    "aws_security_group": ("sg-",),
}
"""What no name of a type may begin with, as AWS keeps it for itself.

Source: Amazon S3 User Guide, bucket naming rules; Amazon EC2 API reference, CreateSecurityGroup."""

LIMITS: Mapping[str, int] = {
    "aws_apigatewayv2_api": 128,
    "aws_apigatewayv2_domain_name": 512,
    "aws_apigatewayv2_vpc_link": 128,
    "aws_appautoscaling_policy": 256,
    "aws_appautoscaling_scheduled_action": 256,
    "aws_autoscaling_group": 255,
    "aws_bedrock_inference_profile": 64,
    "aws_bedrock_provisioned_model_throughput": 63,
    "aws_budgets_budget": 100,
    "aws_cloudtrail": 128,
    "aws_cloudwatch_dashboard": 255,
    "aws_cloudwatch_log_anomaly_detector": 255,
    "aws_cloudformation_stack": 128,
    "aws_cloudwatch_event_api_destination": 64,
    "aws_cloudwatch_event_archive": 48,
    "aws_cloudwatch_event_bus": 256,
    "aws_cloudwatch_event_connection": 64,
    "aws_cloudwatch_event_rule": 64,
    "aws_cloudwatch_query_definition": 255,
    "aws_cloudwatch_log_group": 512,
    "aws_cloudwatch_metric_alarm": 255,
    "aws_chatbot_slack_channel_configuration": 128,
    "aws_chatbot_teams_channel_configuration": 128,
    "aws_codebuild_project": 150,
    "aws_codeconnections_connection": 32,
    "aws_codedeploy_app": 100,
    "aws_codedeploy_deployment_config": 100,
    "aws_codedeploy_deployment_group": 100,
    "aws_codepipeline": 100,
    "aws_ecr_repository": 256,
    "aws_ecs_capacity_provider": 255,
    "aws_ecs_cluster": 255,
    "aws_ecs_service": 255,
    "aws_ecs_task_definition": 255,
    "aws_eks_cluster": 100,
    "aws_eks_fargate_profile": 100,
    "aws_eks_node_group": 63,
    "aws_iam_instance_profile": 128,
    "aws_iam_policy": 128,
    "aws_iam_role": 64,
    "aws_kms_alias": 256,
    "aws_lambda_function": 64,
    "aws_lambda_alias": 128,
    "aws_iot_policy": 128,
    "aws_iot_role_alias": 128,
    "aws_iot_thing_group": 128,
    "aws_iot_thing_type": 128,
    "aws_launch_template": 128,
    "aws_lb": 32,
    "aws_lb_target_group": 32,
    "aws_mwaa_environment": 80,
    "aws_route53_record": 253,
    "aws_s3_bucket": 63,
    "aws_sagemaker_endpoint": 63,
    "aws_sagemaker_endpoint_configuration": 63,
    "aws_sagemaker_model": 63,
    "aws_sagemaker_model_package_group": 63,
    "aws_sagemaker_data_quality_job_definition": 63,
    "aws_sagemaker_monitoring_schedule": 63,
    "aws_sagemaker_pipeline": 256,
    "aws_scheduler_schedule": 64,
    "aws_sns_topic": 256,
    "aws_sqs_queue": 80,
    "aws_security_group": 255,
    "aws_service_discovery_private_dns_namespace": 253,
    "aws_service_discovery_service": 127,
    "aws_sfn_state_machine": 80,
    "aws_wafv2_web_acl": 128,
}
"""The longest name of each Terraform type that has names, in characters.

Source: botocore's service models, except ECS (255 letters, CreateCluster), EKS Fargate profiles and
node groups (EKS User Guide), EC2 security groups (255, CreateSecurityGroup), HTTP APIs, VPC links
(128) and domains (512, API Gateway V2 API reference), functions (64, AWS Lambda API reference,
CreateFunction), queues (80, Amazon SQS API reference, CreateQueue), load balancers and
target groups (32, CreateLoadBalancer, CreateTargetGroup).
"""

_DIRECTIONS = {
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
    "central": "c",
    "northeast": "ne",
    "northwest": "nw",
    "southeast": "se",
    "southwest": "sw",
    "gov": "g",
    "iso": "i",
    "isob": "b",
}


def region_code(region: str) -> str:
    """The short code of a region: `us-east-1` is `use1`, `us-gov-west-1` is `usgw1`."""
    first, *middle, number = region.split("-")
    return first + "".join(_DIRECTIONS.get(word, word) for word in middle) + number


def logical_id(path: Sequence[str]) -> str:
    """The name that cdktf gives what has a path in its stack."""
    told: list[str] = []
    for part in path:
        if not told or not told[-1].endswith(part):
            told.append(part)
    human = "_".join(re.sub(r"[^A-Za-z0-9_-]", "", part) for part in told)[:240]
    if len(path) == 1:
        return human
    digest = hashlib.md5("/".join(path).encode(), usedforsecurity=False).hexdigest()
    return f"{human}_{digest[:8].upper()}"


def short_hash(value: Any, length: int = 8) -> str:
    """A stable hash of plain data: the same on any machine and any day."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def fit(name: str, limit: int, after: str = "") -> str:
    """`name` with `after` behind it; where that is over `limit`, the beginning of `name`, a hash of
    the whole, and `after`."""
    whole = f"{name}{after}"
    if len(whole) <= limit:
        return whole
    room = limit - 7 - len(after)
    return f"{name[:room].rstrip('-')}-{short_hash(whole, 6)}{after}"


@dataclass(frozen=True, slots=True)
class Name:
    """A name that is made in AWS, or in a Kubernetes cluster."""

    kind: str
    """The Terraform type of what has the name, or the kind of a Kubernetes object."""

    value: str
    """The name. Of one that ends in a hash of references, what comes before that."""

    of: str = ""
    """What in its Spec it comes from, if people can name that: `variant blue`. Default: nothing
    but the Spec's own name."""

    within: str = ""
    """What it has to be the only one in: a cluster, what is scaled, a namespace. Default: the
    account and Region; for a security group, the environment's VPC."""

    def __str__(self) -> str:
        words = self.kind.removeprefix("aws_").replace("_", " ")
        return f"{WORDS.get(self.kind, words)} {self.value}"


def taken_twice(made: Iterable[tuple[O, Name]]) -> Iterator[tuple[O, Name, O, Name, int]]:
    """Names of one kind and one text: the later owner with its name, the earlier one with its
    own, and how many more names these two share. Each pair of owners is told once."""
    first: dict[tuple[str, str, str], tuple[O, Name]] = {}
    shared: defaultdict[tuple[O, O], list[tuple[Name, Name]]] = defaultdict(list)
    for owner, name in made:
        other, theirs = first.setdefault((name.kind, name.within, name.value), (owner, name))
        if theirs is not name:
            shared[owner, other].append((name, theirs))
    for (owner, other), names in shared.items():
        yield owner, names[0][0], other, names[0][1], len(names) - 1


def role(context: Context, *parts: str) -> str:
    """The name of an IAM role."""
    return context.name(*parts, limit=64)


def alarm(context: Context, *parts: str) -> str:
    """The name of a CloudWatch alarm."""
    return context.name(*parts, limit=255)


def log_group(context: Context, *parts: str) -> str:
    """The name of a log group that no AWS service prescribes."""
    return "/".join(("/inferform", context.key, *parts))


def balanced(context: Context, *parts: str) -> str:
    """The name of a load balancer, or of a target group."""
    return context.name(*parts, limit=32)


def scaled(target: str, label: str) -> str:
    """The name of a scaling policy with its alarm, or of a scheduled action, of one target."""
    return f"{target}-{label}"


UNIQUE = 13
"""A hyphen and the last part of a UUID: what makes the name of each job of a state machine another."""


def jobs_of(base: str) -> str:
    """The names of the jobs that begin with `base`, as IAM writes them: `?` is one character, so that no
    other base that begins alike is meant."""
    return f"{base}-{'?' * (UNIQUE - 1)}"
