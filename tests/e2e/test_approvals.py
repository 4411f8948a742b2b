"""Approvals on the emulator by Terraform: each target is told once, in the account and in another."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inferform_emulator.process import Emulator
from ops import connections, versions
from ops.verify import verify

from .program import Life

pytestmark = pytest.mark.story("two environments are deployed, used and destroyed")

HUB, PROD = "dev-use1", "prod-use1"
OTHER = "222233334444"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:shadow"

TEXT = f"""
from inferform import *

dev = Environment(
    context=Context(
        organization="acme", stage="dev", account="123456789012", region="us-east-1", owner="ml"
    ),
    registry=Registry(
        repositories={{"fraud": Repository()}},
        models={{
            "fraud": ModelPackageGroup(
                read_accounts=["{OTHER}"], register_accounts=["{OTHER}"],
                artifact_prefix="models/fraud/", repositories=["fraud"],
                stages={{"QA": ["Approved"]}},
            )
        }},
        approvals={{
            "pull": Approval(group="fraud", target=Dispatch(repository="acme/inference"), WHEN),
            "pipeline": Approval(
                group="fraud", target=StartCodePipeline(name="deploy"),
            ),
            "shadow": Approval(group="fraud", target=StartWorkflow(state_machine="{MACHINE}")),
            "prod": Approval(
                group="fraud", target=ForwardTo(account="{OTHER}", bus="acme-prod-use1-models")
            ),
        }},
    ),
)
prod = Environment(
    context=Context(
        organization="acme", stage="prod", account="{OTHER}", region="us-east-1",
        owner="ml", deploy_role="deploy",
    ),
    registry=Registry(
        event_bus=EventBus(from_accounts=["123456789012"], archive_days=7),
        approvals={{
            "pull": Approval(
                group="arn:aws:sagemaker:us-east-1:123456789012:model-package-group/acme-dev-use1-fraud",
                target=Dispatch(repository="acme/production"),
            )
        }},
    ),
)
"""


def text(when: str = "") -> str:
    return TEXT.replace("WHEN", when).replace(
        '                payload={"version": "$.detail.ModelPackageVersion"} if False else {},\n',
        "",
    )


@pytest.fixture(scope="module")
def life(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Life:
    life = Life(tmp_path_factory.mktemp("life"), emulator)
    life.write(text())
    for key in (HUB, PROD):
        life.bootstrap(key)
    return life


def called(emulator: Emulator, account: str) -> list[str]:
    """What was called outside of AWS or started in CodePipeline, in order."""
    answer = emulator.control("POST", "events/calls", {"account": account})
    calls: list[dict[str, Any]] = answer["calls"]
    return [str(each.get("url") or each["pipeline"]) for each in calls]


def executions(life: Life) -> list[dict[str, Any]]:
    """The inputs of the state machine's executions."""
    states = life.aws(HUB).any_client("stepfunctions")
    listed = states.list_executions(stateMachineArn=MACHINE)["executions"]
    return [
        json.loads(states.describe_execution(executionArn=each["executionArn"])["input"])
        for each in listed
    ]


def test_registries_of_two_accounts_are_deployed_and_plan_empty(life: Life) -> None:
    states = life.aws(HUB).any_client("stepfunctions")
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
    states.create_state_machine(
        name="shadow",
        definition=json.dumps(definition),
        roleArn="arn:aws:iam::123456789012:role/shadow",
    )
    life.deploy("*-registry")
    for key in (HUB, PROD):
        assert life.plan_status(f"{key}-registry") == 0


def test_a_token_is_set_without_a_change_in_the_plan(life: Life) -> None:
    environment, aws = life.environment(HUB), life.aws(HUB)
    connection = connections.connection_of(environment, "pull")
    connections.set_token(connection, "ghp_token", aws)
    assert life.plan_status(f"{HUB}-registry") == 0


def test_each_target_is_told_once_for_an_approval(life: Life, emulator: Emulator) -> None:
    environment, aws = life.environment(HUB), life.aws(HUB)
    sagemaker: Any = life.aws(PROD).client("sagemaker")
    group = aws.context.arn("sagemaker", "model-package-group/acme-dev-use1-fraud")
    # The other account registers, as the group's policy lets it.
    version = sagemaker.create_model_package(
        ModelPackageGroupName=group,
        InferenceSpecification={
            "Containers": [{"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )["ModelPackageArn"]
    assert executions(life) == []
    assert called(emulator, OTHER) == []
    versions.decide(environment, "fraud/1", "Approved", aws, why="good")
    hub = ["https://api.github.com/repos/acme/inference/dispatches", "deploy"]
    prod = ["https://api.github.com/repos/acme/production/dispatches"]
    told = {
        "group": "acme-dev-use1-fraud",
        "model_package": version,
        "status": "Approved",
        "version": "1",
    }

    def all_told() -> tuple[list[str], list[str], list[dict[str, Any]]]:
        return sorted(called(emulator, "123456789012")), called(emulator, OTHER), executions(life)

    assert all_told() == (sorted(hub), prod, [told])
    # What changes beside the status starts nothing, nor does a rejection.
    registry: Any = aws.client("sagemaker")
    registry.update_model_package(
        ModelPackageArn=version, CustomerMetadataProperties={"team": "risk"}
    )
    versions.decide(environment, "fraud/1", "Approved", aws, why="better", stage="QA/Approved")
    versions.decide(environment, "fraud/1", "Rejected", aws, why="slow")
    assert all_told() == (sorted(hub), prod, [told])


def test_what_cannot_be_delivered_is_kept_and_found(life: Life) -> None:
    environment, aws = life.environment(HUB), life.aws(HUB)
    states = aws.any_client("stepfunctions")
    states.delete_state_machine(stateMachineArn=MACHINE)
    versions.decide(environment, "fraud/1", "Approved", aws, why="again")
    found = {
        finding.subject: (finding.outcome, finding.found)
        for finding in verify(environment, aws)
        if "undelivered" in finding.subject
    }
    outcome, said = found["acme-dev-use1-approval-shadow-undelivered"]
    assert outcome == "failed"
    assert "1 event" in said
    assert found["acme-dev-use1-approval-prod-undelivered"][0] == "passed"


def test_an_approval_is_changed_in_place(life: Life) -> None:
    life.write(text("enabled=False, max_age_seconds=600"))
    changes = [
        change["change"]["actions"]
        for change in life.plan(f"{HUB}-registry")["resource_changes"]
        if change["change"]["actions"] != ["no-op"]
    ]
    assert changes == [["update"]] * len(changes)
    life.apply(f"{HUB}-registry")
    assert life.plan_status(f"{HUB}-registry") == 0


def test_nothing_is_left_after_a_destroy(life: Life) -> None:
    sagemaker = life.aws(HUB).client("sagemaker")
    version = life.aws(HUB).context.arn("sagemaker", "model-package/acme-dev-use1-fraud/1")
    sagemaker.delete_model_package(ModelPackageName=version)
    life.destroy("*-registry")
    for key in (HUB, PROD):
        events = life.aws(key).any_client("events")
        assert events.list_rules()["Rules"] == []
        assert [each["Name"] for each in events.list_event_buses()["EventBuses"]] == ["default"]
        assert "QueueUrls" not in life.aws(key).any_client("sqs").list_queues()
