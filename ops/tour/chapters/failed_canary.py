"""A canary fails: SageMaker rolls back, and the pull request is reverted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from ..place import KEY, MODEL, Tour
from .approval import approve
from .chapter import Chapter


def alarms(tour: Tour) -> list[str]:
    """The alarms that roll an update of the endpoint back."""
    found: Any = tour.aws.client("sagemaker").describe_endpoint(
        EndpointName=tour.context.name(MODEL)
    )
    watched = found["LastDeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
    return [each["AlarmName"] for each in watched]


@contextmanager
def alarm_during_update(tour: Tour, alarm: str) -> Iterator[None]:
    """Let an alarm fire as soon as an update of the endpoint is under way, and end it afterwards."""
    name, over = tour.context.name(MODEL), Event()
    cloudwatch = tour.aws.client("cloudwatch")
    sagemaker: Any = tour.aws.client("sagemaker")

    def fire() -> None:
        while not over.wait(0.05):
            updating = sagemaker.list_endpoints(NameContains=name, StatusEquals="Updating")
            if updating["Endpoints"]:
                cloudwatch.set_alarm_state(
                    AlarmName=alarm, StateValue="ALARM", StateReason="the canary answers errors"
                )
                return

    # As many answers of DescribeEndpoint show it going on as come before the alarm.
    tour.emulator.control(
        "POST",
        "sagemaker/rollout",
        {"endpoint": name, "describes": 500, "account": tour.context.account},
    )
    thread = Thread(target=fire, name="alarm")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="rolled back")


def run(tour: Tour) -> None:
    """Approve the version that drift has made, and let its canary fail."""
    alarm, *_ = alarms(tour)
    approve(tour, "fraud/3", "made for the drift")
    tour.say(f"the alarm {alarm} will fire while the canary has its share of the traffic")
    with alarm_during_update(tour, alarm):
        tour.deploy("inference", status=1)
    tour.revert()
    tour.deploy("inference")
    tour.inferform(
        "models", "reject", KEY, "fraud/3", "--why", "its canary failed", "--auto-approve"
    )
    tour.inferform("verify", KEY)


CHAPTER = Chapter(
    "A canary fails",
    "The version that the drift has brought about is approved and merged, and its canary answers errors. SageMaker goes "
    "back to what served before, and the deploy ends with an error that says so. The pull request is reverted, "
    "and the file names what serves again.",
    run,
)
