"""What EventBridge tells of rollbacks and failures, by the service that tells it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..ecs.names import cluster_name
from ..outputs import EcsOutputs

if TYPE_CHECKING:
    from ..environment import Environment


@dataclass(frozen=True, slots=True)
class Told:
    """One rule: which events, and what is written of each."""

    source: str
    """What the rule is called after: `sagemaker`."""

    pattern: Mapping[str, Any]
    """The pattern of the events."""

    paths: Mapping[str, str]
    """What of an event is written, by the name in the text."""

    title: str
    """What it is about, in a line."""

    text: str
    """What people read."""

    @property
    def in_chats(self) -> Mapping[str, Any]:
        """What AWS Chatbot shows of it, which drops every text that is not in this form.

        Amazon Q Developer in chat applications administrator guide, "Custom notifications".
        """
        content = {"textType": "client-markdown", "title": self.title, "description": self.text}
        return {"version": "1.0", "source": "custom", "content": content}


def told(environment: Environment) -> Iterator[Told]:
    """The rules of an environment: only of what it has, and only of its own names.

    Amazon SageMaker developer guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge"
    (several events tell of one change); AWS CodeDeploy user guide, "Monitoring deployments with Amazon
    CloudWatch Events"; Amazon ECS developer guide, "Amazon ECS service deployment state change events".
    """
    tellers = {teller for each in environment.deployed for teller in each.spec.told_by}
    context = environment.context
    before, after = context.around
    own: Any = {"wildcard": context.any_name} if after else {"prefix": before}
    if "sagemaker" in tellers:
        yield Told(
            "sagemaker",
            {
                "source": ["aws.sagemaker"],
                "detail-type": [
                    "SageMaker Endpoint State Change",
                    "SageMaker Endpoint Deployment State Change",
                ],
                "detail": {
                    "EndpointName": [own, *sorted(context.naming.endpoints.values())],
                    "EndpointStatus": [
                        "FAILED",
                        "ROLLING_BACK",
                        "UPDATE_ROLLBACK_FAILED",
                        "Failed",
                        "RollingBack",
                        "UpdateRollbackFailed",
                    ],
                },
            },
            {
                "endpoint": "$.detail.EndpointName",
                "status": "$.detail.EndpointStatus",
                "time": "$.time",
            },
            "SageMaker endpoint <endpoint>: <status>",
            "SageMaker endpoint <endpoint> is <status> since <time>. See why: inferform rollout, and the "
            "endpoint's FailureReason.",
        )
    if "codedeploy" in tellers:
        yield Told(
            "codedeploy",
            {
                "source": ["aws.codedeploy"],
                "detail-type": ["CodeDeploy Deployment State-change Notification"],
                "detail": {"application": [own], "state": ["FAILURE", "STOP"]},
            },
            {
                "service": "$.detail.application",
                "deployment": "$.detail.deploymentId",
                "state": "$.detail.state",
                "time": "$.time",
            },
            "Deployment of <service>: <state>",
            "CodeDeploy's deployment <deployment> of <service> ended with <state> at <time>, and what ran "
            "before it serves again.",
        )
    if "ecs" in tellers:
        yield Told(
            "ecs",
            {
                "source": ["aws.ecs"],
                "detail-type": ["ECS Deployment State Change"],
                "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
                "resources": [{"prefix": context.arn("ecs", f"service/{_cluster(environment)}/")}],
            },
            {
                "service": "$.resources[0]",
                "reason": "$.detail.reason",
                "time": "$.time",
            },
            "Deployment of an ECS service failed",
            "The deployment of ECS service <service> failed at <time>: <reason>",
        )


def _cluster(environment: Environment) -> str:
    given = environment.ecs
    return (
        given.cluster_name if isinstance(given, EcsOutputs) else cluster_name(environment.context)
    )
