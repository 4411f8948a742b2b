"""The rules of approvals, event buses and groups that other accounts use, on both sides of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    Approval,
    Context,
    Dispatch,
    Environment,
    EventBus,
    ExistingBucket,
    ForwardTo,
    ModelPackageGroup,
    Registry,
    Repository,
    SpecError,
    StartCodePipeline,
    StartWorkflow,
)
from inferform.spec import problems_of

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
OTHER = "444455556666"
FOREIGN = f"arn:aws:sagemaker:us-east-1:{OTHER}:model-package-group/fraud"
MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:shadow"
DISPATCH = Dispatch(repository="acme/inference")
ACCOUNTS = [f"{number:012}" for number in range(1, 200)]


def of(*approvals: Approval, **fields: Any) -> Environment:
    given = {
        "models": {"fraud": ModelPackageGroup()},
        "approvals": {f"a{index}": each for index, each in enumerate(approvals)},
        **fields,
    }
    return Environment(context=CONTEXT, registry=Registry(**given))


def approval(target: Any = DISPATCH, **fields: Any) -> Approval:
    return Approval(**{"group": "fraud", "target": target, **fields})


def values(count: int) -> dict[str, str]:
    return {f"v{index}": "$.detail.a" for index in range(count)}


def shared(**fields: Any) -> Environment:
    return of(models={"fraud": ModelPackageGroup(**fields)})


STAGES = {"models": {"fraud": ModelPackageGroup(stages={"QA": ["Approved"]})}}

BAD: dict[str, tuple[str, Callable[[], Any]]] = {
    "186 retries": ("APR1", lambda: approval(retry_attempts=186)),
    "an age of 59 seconds": ("APR1", lambda: approval(max_age_seconds=59)),
    "a group that is not there": ("APR2", lambda: of(approval(group="frad"))),
    "a group of another account without a bus": ("APR2", lambda: of(approval(group=FOREIGN))),
    "a group of an account that may not send": (
        "APR2",
        lambda: of(approval(group=FOREIGN), event_bus=EventBus(from_accounts=["777788889999"])),
    ),
    "no name of a group": ("APR2", lambda: approval(group="Fraud Scores")),
    "a repository without an owner": ("APR3", lambda: Dispatch(repository="inference")),
    "an event type of 101": ("APR3", lambda: Dispatch(repository="a/b", event_type="a" * 101)),
    "an API without TLS": ("APR3", lambda: Dispatch(repository="a/b", api="http://github.com")),
    "six values for GitHub": ("APR3", lambda: approval(payload=values(6))),
    "a value that is no path": ("APR4", lambda: approval(payload={"team": "fraud"})),
    "a path of 257": ("APR4", lambda: approval(payload={"team": "$." + "a" * 255})),
    "a name with a hyphen": ("APR4", lambda: approval(payload={"the-team": "$.detail.a"})),
    "a value that is told anyway": ("APR4", lambda: approval(payload={"status": "$.detail.a"})),
    "a bus for nobody": ("APR5", lambda: EventBus(from_accounts=[])),
    "a bus for the account itself": (
        "APR5",
        lambda: of(event_bus=EventBus(from_accounts=[CONTEXT.account])),
    ),
    "an event that goes round": (
        "APR6",
        lambda: of(approval(ForwardTo(account=CONTEXT.account, bus="default"))),
    ),
    "values beside an event as it is": (
        "APR6",
        lambda: approval(ForwardTo(account=OTHER, bus="models"), payload=values(1)),
    ),
    "no status": ("APR7", lambda: approval(statuses=[])),
    "a status twice": ("APR7", lambda: approval(statuses=["Approved", "Approved"])),
    "a stage that the group lacks": ("APR7", lambda: of(approval(stages=["Qa"]), **STAGES)),
    "a pipeline with a slash": ("APR8", lambda: StartCodePipeline(name="a/b")),
    "a state machine by its name": ("APR8", lambda: StartWorkflow(state_machine="shadow")),
    "a state machine elsewhere": (
        "APR8",
        lambda: of(approval(StartWorkflow(state_machine=MACHINE.replace("us-east", "eu-west")))),
    ),
    "an archive of -1 days": ("APR9", lambda: EventBus(from_accounts=[OTHER], archive_days=-1)),
    "a description of 513": (
        "APR9",
        lambda: EventBus(from_accounts=[OTHER], description="a" * 513),
    ),
    "a stage with a blank": ("REG2", lambda: ModelPackageGroup(stages={"Pre prod": ["Approved"]})),
    "a stage of 64": ("REG2", lambda: ModelPackageGroup(stages={"a" * 64: ["Approved"]})),
    "a stage without a status": ("REG2", lambda: ModelPackageGroup(stages={"QA": []})),
    "accounts without a place": ("REG9", lambda: ModelPackageGroup(register_accounts=[OTHER])),
    "a prefix without a slash": ("REG8", lambda: ModelPackageGroup(artifact_prefix="models")),
    "a policy of 20,481": ("REG6", lambda: shared(read_accounts=[*ACCOUNTS] * 3)),
    "a repository that is not there": ("REG7", lambda: shared(repositories=["fraud"])),
}

GOOD: dict[str, Callable[[], Any]] = {
    "185 retries for a day": lambda: approval(retry_attempts=185, max_age_seconds=86_400),
    "no retry for a minute": lambda: approval(retry_attempts=0, max_age_seconds=60),
    "a group of an account that may send": lambda: of(
        approval(group=FOREIGN), event_bus=EventBus(from_accounts=[OTHER])
    ),
    "a group by its ARN": lambda: of(approval(group=FOREIGN.replace(OTHER, CONTEXT.account))),
    "an event type of 100": lambda: Dispatch(repository="a/b", event_type="a" * 100),
    "five values for GitHub": lambda: approval(payload=values(5)),
    "six values for a state machine": lambda: approval(
        StartWorkflow(state_machine=MACHINE), payload=values(6)
    ),
    "a path of 256": lambda: approval(payload={"team": "$." + "a" * 254}),
    "another bus of the account": lambda: of(
        approval(ForwardTo(account=CONTEXT.account, bus="audit"))
    ),
    "the bus of that name elsewhere": lambda: of(
        approval(ForwardTo(account=CONTEXT.account, bus="default", region="eu-west-1"))
    ),
    "a stage of the group": lambda: of(approval(stages=["QA"]), **STAGES),
    "a stage where none are declared": lambda: of(approval(stages=["Anything"])),
    "a pipeline of 100": lambda: StartCodePipeline(name="a" * 100),
    "a description of 512": lambda: EventBus(from_accounts=[OTHER], description="a" * 512),
    "a stage of 63": lambda: ModelPackageGroup(stages={"a" * 63: ["Approved"]}),
    "accounts with a place": lambda: ModelPackageGroup(
        register_accounts=[OTHER], artifact_prefix="models/fraud/"
    ),
    "150 accounts": lambda: shared(read_accounts=ACCOUNTS[:150]),
    "a repository that is there": lambda: of(
        repositories={"fraud": Repository()},
        models={"fraud": ModelPackageGroup(repositories=["fraud"])},
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_aws_would_refuse_is_refused(case: str) -> None:
    rule, make = BAD[case]
    with pytest.raises(SpecError) as refusal:
        make()
    assert {problem.rule for problem in refusal.value.problems} == {rule}


def test_what_aws_takes_is_taken() -> None:
    for case, make in GOOD.items():
        assert make(), case


def test_a_bucket_that_somebody_else_made_has_to_let_accounts_in_too() -> None:
    def warned(**fields: Any) -> list[str]:
        group = ModelPackageGroup(read_accounts=[OTHER])
        made = of(models={"fraud": group}, **fields)
        return [each.rule for each in problems_of(made) if each.rule == "REG5"]

    assert warned(artifacts=ExistingBucket(name="acme-models")) == ["REG5"]
    assert warned() == []
    assert problems_of(ModelPackageGroup(read_accounts=[OTHER])) == []


def test_a_rule_asks_what_changed_of_a_version() -> None:
    own, stage = approval(), approval(stages=["QA"])
    assert own.pattern(CONTEXT)["detail"]["$or"] == [
        {"UpdatedModelPackageFields": ["ModelApprovalStatus"]},
        {"UpdatedModelPackageFields": [{"exists": False}]},
    ]
    detail = stage.pattern(CONTEXT)["detail"]
    assert detail["ModelLifeCycle"] == {"Stage": ["QA"]}
    assert detail["$or"][0] == {"UpdatedModelPackageFields": ["ModelLifeCycle"]}
    foreign = approval(group=FOREIGN).pattern(CONTEXT)
    assert foreign["account"] == [OTHER]
    assert foreign["detail"]["ModelPackageGroupName"] == ["fraud"]
