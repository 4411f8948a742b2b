"""Which executions of a pipeline a plan waits for, by what CodePipeline tells of its stages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ops.errors import BadInputError, OperatorError
from ops.turn import others, wait
from tests.emulator.test_code_pipelines import Client, Pipelines, action, build, only_where

KEY = "dev-use1"


class Deploys(Pipelines):
    """A pipeline with the stages of two environments."""

    def __init__(self, client: Client, account: str, control: Callable[..., Any]) -> None:
        super().__init__(client, account, control)
        self.declared["stages"] = [self.declared["stages"][0]]
        for key in (KEY, f"{KEY}-b"):
            space = f"{key}-1"
            changes = only_where(f"#{{{space}.CHANGES}}")
            self.declared["stages"] += [
                {"name": f"{key}-plan-1", "actions": [build("plan", namespace=space)]},
                {
                    "name": f"{key}-approve-1",
                    "actions": [action("approve", "Manual")],
                    "beforeEntry": changes,
                },
                {"name": f"{key}-apply-1", "actions": [build("apply")], "beforeEntry": changes},
                {"name": f"{key}-verify", "actions": [build("verify")]},
            ]

    def others(self, execution: str, key: str = KEY) -> dict[str, str]:
        return others(
            self.pipelines.get_pipeline_state(name="deploy")["stageStates"], key, execution
        )

    def answer(self, status: str) -> None:
        (state,) = self.stages()[f"{KEY}-approve-1"]["actionStates"]
        self.pipelines.put_approval_result(
            pipelineName="deploy",
            stageName=f"{KEY}-approve-1",
            actionName="approve",
            result={"summary": "seen", "status": status},
            token=state["latestExecution"]["token"],
        )


@pytest.fixture
def deploys(client: Client, account: str, control: Callable[..., Any]) -> Deploys:
    made = Deploys(client, account, control)
    made.make()
    return made


def asked(deploys: Deploys) -> tuple[str, str]:
    """An execution that waits for its approval, and a later one that is to plan."""
    first = deploys.start()
    deploys.end("source", "git", variables={"CommitId": "abc"})
    deploys.end(f"{KEY}-plan-1", "plan", variables={"CHANGES": "1"})
    second = deploys.start()
    deploys.end("source", "git", variables={"CommitId": "def"})
    return first, second


def test_a_plan_waits_from_the_approval_of_another_execution_to_its_end(deploys: Deploys) -> None:
    first, second = asked(deploys)
    # CodePipeline itself lets it plan.
    state = deploys.stages()[f"{KEY}-plan-1"]["latestExecution"]
    assert (state["pipelineExecutionId"], state["status"]) == (second, "InProgress")
    assert deploys.others(second) == {f"{KEY}-approve-1": first}
    deploys.answer("Approved")
    assert deploys.others(second) == {f"{KEY}-apply-1": first}
    deploys.end(f"{KEY}-apply-1", "apply")
    assert deploys.others(second) == {f"{KEY}-verify": first}
    deploys.end(f"{KEY}-verify", "verify")
    assert deploys.others(second) == {}


def test_neither_itself_nor_a_later_one_nor_another_environment_is_waited_for(
    deploys: Deploys,
) -> None:
    first, second = asked(deploys)
    assert deploys.others(first) == {}
    deploys.answer("Approved")
    deploys.end(f"{KEY}-apply-1", "apply")
    deploys.end(f"{KEY}-verify", "verify")
    deploys.end(f"{KEY}-b-plan-1", "plan", variables={"CHANGES": "1"})
    assert deploys.others(second, f"{KEY}-b") == {f"{KEY}-b-approve-1": first}
    assert deploys.others(second) == {}


def test_one_that_waits_to_enter_is_there_already(deploys: Deploys) -> None:
    first, second = asked(deploys)
    deploys.end(f"{KEY}-plan-1", "plan", variables={"CHANGES": "1"})
    third = deploys.start()
    deploys.end("source", "git", variables={"CommitId": "ghi"})
    assert deploys.others(first) == {f"{KEY}-approve-1": second}
    assert deploys.others(third) == {f"{KEY}-approve-1": second}


def test_what_was_rejected_is_waited_for_no_longer(deploys: Deploys) -> None:
    _, second = asked(deploys)
    deploys.answer("Rejected")
    assert deploys.others(second) == {}


def test_what_is_no_pipeline_is_told() -> None:
    with pytest.raises(BadInputError, match="is no ARN of a pipeline"):
        wait("acme-delivery-main", KEY, "x", minutes=0)


def test_a_pipeline_that_aws_does_not_have_stops_the_plan(emulator: Any) -> None:
    arn = "arn:aws:codepipeline:us-east-1:123456789012:none"
    with pytest.raises(OperatorError, match="the stages of none are not known"):
        wait(arn, KEY, "x", minutes=0, emulator=emulator)
