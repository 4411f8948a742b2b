"""What approvals, event buses and groups that other accounts use become."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from inferform import (
    Approval,
    ArtifactBucket,
    Context,
    Dispatch,
    Environment,
    EventBus,
    ForwardTo,
    ModelPackageGroup,
    Registry,
    Repository,
    StartCodePipeline,
    StartWorkflow,
)
from tests.conftest import Synthesized

Synthesize = Callable[..., Synthesized]

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
READER, WRITER = "444455556666", "777788889999"
MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:shadow"


def made(synthesize: Synthesize, **fields: Any) -> dict[str, list[dict[str, Any]]]:
    """The resources of a registry, by type."""
    given = {"models": {"fraud": ModelPackageGroup()}, **fields}
    (stack,) = synthesize(Environment(context=CONTEXT, registry=Registry(**given))).values()
    return {kind: list(named.values()) for kind, named in stack["resource"].items()}


def statements(resource: dict[str, Any], attribute: str = "policy") -> dict[str, Any]:
    return {each["Sid"]: each for each in json.loads(resource[attribute])["Statement"]}


def may(found: dict[str, Any]) -> list[tuple[str, str]]:
    """What the roles of approvals may do."""
    return [
        (each["Action"], each["Resource"])
        for policy in found["aws_iam_role_policy"]
        for each in json.loads(policy["policy"])["Statement"]
    ]


def test_a_repository_is_told_without_a_token_in_the_state(synthesize: Synthesize) -> None:
    target = Dispatch(repository="acme/inference", environments=["staging-use1", "prod-use1"])
    approval = Approval(
        group="fraud", target=target, payload={"team": "$.detail.CustomerMetadataProperties.team"}
    )
    found = made(synthesize, approvals={"pull": approval})
    (connection,) = found["aws_cloudwatch_event_connection"]
    assert connection["lifecycle"] == {"ignore_changes": ["auth_parameters"]}
    assert connection["auth_parameters"]["api_key"]["value"].startswith("unset")
    (destination,) = found["aws_cloudwatch_event_api_destination"]
    assert (
        destination["invocation_endpoint"]
        == "https://api.github.com/repos/acme/inference/dispatches"
    )
    (each,) = found["aws_cloudwatch_event_target"]
    assert json.loads(each["input_transformer"]["input_template"]) == {
        "event_type": "model-approved",
        "client_payload": {
            "environments": "staging-use1 prod-use1",
            "group": "fraud",
            "model_package": "<model_package>",
            "status": "<status>",
            "version": "<version>",
            "team": "<team>",
        },
    }
    # A path that no variable names is refused by EventBridge.
    assert set(each["input_transformer"]["input_paths"]) == {
        *("model_package", "status", "team", "version"),
    }
    assert each["retry_policy"] == {
        "maximum_event_age_in_seconds": 3600,
        "maximum_retry_attempts": 3,
    }
    own = "arn:aws:events:us-east-1:111122223333:api-destination/acme-dev-use1-approval-pull/*"
    assert may(found) == [("events:InvokeApiDestination", own)]


def test_each_target_may_be_started_and_nothing_else(synthesize: Synthesize) -> None:
    bus = f"arn:aws:events:eu-west-1:{READER}:event-bus/acme-prod-euw1-models"
    pipeline = "arn:aws:codepipeline:us-east-1:111122223333:deploy"
    targets: dict[Any, tuple[str, str, str | None]] = {
        StartCodePipeline(name="deploy"): ("codepipeline:StartPipelineExecution", pipeline, None),
        StartWorkflow(state_machine=MACHINE): (
            "states:StartExecution",
            MACHINE,
            '{"group": "<group>", "model_package": "<model_package>", "status": "<status>", '
            '"version": "<version>"}',
        ),
        ForwardTo(account=READER, bus="acme-prod-euw1-models", region="eu-west-1"): (
            "events:PutEvents",
            bus,
            None,
        ),
    }
    for target, (action, arn, template) in targets.items():
        found = made(synthesize, approvals={"it": Approval(group="fraud", target=target)})
        (each,) = found["aws_cloudwatch_event_target"]
        assert each["arn"] == arn
        told = each.get("input_transformer", {}).get("input_template")
        assert told == template
        assert may(found) == [(action, arn)]


def test_what_is_not_delivered_is_kept_in_a_queue_of_the_rule_alone(
    synthesize: Synthesize,
) -> None:
    approval = Approval(group="fraud", target=StartWorkflow(state_machine=MACHINE))
    found = made(synthesize, approvals={"it": approval})
    (queue,) = found["aws_sqs_queue"]
    assert queue["message_retention_seconds"] == 14 * 24 * 3600
    assert queue["sqs_managed_sse_enabled"] is True
    (policy,) = found["aws_sqs_queue_policy"]
    sent = statements(policy)["Undelivered"]
    assert sent["Principal"] == {"Service": "events.amazonaws.com"}
    assert sent["Condition"] == {
        "ArnEquals": {
            "aws:SourceArn": "arn:aws:events:us-east-1:111122223333:rule/acme-dev-use1-approval-it"
        }
    }
    (target,) = found["aws_cloudwatch_event_target"]
    assert target["dead_letter_config"] == {"arn": sent["Resource"]}
    without = made(synthesize, approvals={"it": approval.replace(dead_letter=False)})
    assert "aws_sqs_queue" not in without


def test_events_of_another_account_come_by_a_bus(synthesize: Synthesize) -> None:
    group = f"arn:aws:sagemaker:us-east-1:{READER}:model-package-group/fraud"
    approval = Approval(group=group, target=StartWorkflow(state_machine=MACHINE), enabled=False)
    found = made(
        synthesize,
        event_bus=EventBus(from_accounts=[READER], archive_days=30),
        approvals={"it": approval},
    )
    (policy,) = found["aws_cloudwatch_event_bus_policy"]
    (statement,) = statements(policy).values()
    assert statement["Principal"] == {"AWS": [f"arn:aws:iam::{READER}:root"]}
    assert statement["Condition"] == {"StringEquals": {"events:source": "aws.sagemaker"}}
    (rule,) = found["aws_cloudwatch_event_rule"]
    assert rule["state"] == "DISABLED"
    assert rule["event_bus_name"].startswith("${aws_cloudwatch_event_bus.")
    assert json.loads(rule["event_pattern"])["account"] == [READER]
    (archive,) = found["aws_cloudwatch_event_archive"]
    assert archive["retention_days"] == 30
    (queue,) = found["aws_sqs_queue_policy"]
    source = statements(queue)["Undelivered"]["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert source.endswith(":rule/acme-dev-use1-models/acme-dev-use1-approval-it")


def test_one_list_of_accounts_opens_all_that_a_version_names(synthesize: Synthesize) -> None:
    group = ModelPackageGroup(
        read_accounts=[READER],
        register_accounts=[WRITER],
        artifact_prefix="models/fraud/",
        repositories=["fraud"],
        stages={"QA": ["Approved"]},
    )
    found = made(
        synthesize,
        repositories={"fraud": Repository(), "other": Repository()},
        models={"fraud": group},
    )
    reader, writer = f"arn:aws:iam::{READER}:root", f"arn:aws:iam::{WRITER}:root"
    (policy,) = found["aws_sagemaker_model_package_group_policy"]
    group_policy = statements(policy, "resource_policy")
    assert group_policy["FindGroup"]["Principal"] == {"AWS": [reader, writer]}
    assert group_policy["DeployVersions"]["Principal"] == {"AWS": [reader]}
    registers = group_policy["RegisterVersions"]
    assert registers["Principal"] == {"AWS": [writer]}
    assert "sagemaker:CreateModelPackage" in registers["Action"]
    assert "sagemaker:UpdateModelPackage" not in registers["Action"]
    assert registers["Condition"] == {
        "StringEqualsIfExists": {"sagemaker:ModelLifeCycle:stage": ["QA"]}
    }
    bucket = "arn:aws:s3:::acme-dev-use1-artifacts-111122223333"
    (policy,) = found["aws_s3_bucket_policy"]
    of_bucket = statements(policy)
    assert of_bucket["ReadVersions"]["Resource"] == f"{bucket}/models/fraud/*"
    assert of_bucket["ListVersions"]["Condition"] == {
        "StringLike": {"s3:prefix": ["models/fraud/*"]}
    }
    assert of_bucket["WriteVersions"]["Principal"] == {"AWS": [writer]}
    (key,) = found["aws_kms_key"]
    of_key = statements(key)
    assert of_key["ArtifactsReadByNamedAccounts"]["Principal"] == {"AWS": [reader]}
    written = of_key["ArtifactsWrittenByNamedAccounts"]
    assert written["Principal"] == {"AWS": [writer]}
    assert written["Condition"] == {
        "StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
    }
    (pull,) = found["aws_ecr_repository_policy"]
    assert statements(pull)["PullByNamedAccounts"]["Principal"] == {"AWS": [reader]}


def test_accounts_that_read_the_whole_bucket_are_named_once(synthesize: Synthesize) -> None:
    found = made(
        synthesize,
        artifacts=ArtifactBucket(read_accounts=[READER]),
        models={"fraud": ModelPackageGroup(read_accounts=[READER])},
    )
    (policy,) = found["aws_s3_bucket_policy"]
    assert "ReadVersions" not in statements(policy)
