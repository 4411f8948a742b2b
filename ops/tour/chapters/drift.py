"""Traffic is captured, and drifts."""

from __future__ import annotations

from collections.abc import Iterable

from inferform.training import names

from .. import rows
from ..place import KEY, MODEL, Tour
from .chapter import Chapter


def request(tour: Tour, wanted: Iterable[rows.Row]) -> None:
    """Invoke the endpoint, once for each row."""
    runtime = tour.aws.client("sagemaker-runtime")
    for row in wanted:
        runtime.invoke_endpoint(
            EndpointName=tour.context.name(MODEL),
            ContentType="text/csv",
            Body=",".join(map(str, row)).encode(),
        )


def measure(tour: Tour) -> None:
    """Let the monitor run, and show how it has ended."""
    before = len(tour.runs(tour.monitor))
    tour.fire(names.monitor_schedule(tour.context, MODEL))
    tour.ended(tour.monitor, before + 1)
    (training,) = tour.environment.trainings.values()
    for metric, alarm in training.monitors[MODEL].alarms(tour.context, MODEL).items():
        tour.say(f"the alarm on {metric} is {state(tour, alarm)}")


def state(tour: Tour, alarm: str) -> str:
    """The state of an alarm."""
    (found,) = tour.aws.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
    return found["StateValue"]


def run(tour: Tour) -> None:
    """Send traffic as it was trained on, then traffic that has moved."""
    before = len(tour.runs(tour.retraining))
    tour.say("150 requests like those of the baseline")
    request(tour, rows.drawn(150, seed=4))
    measure(tour)
    tour.say("150 requests whose amounts are two deviations higher")
    request(tour, rows.drawn(150, seed=5, shift=2))
    measure(tour)
    tour.ended(tour.retraining, before + 1)
    tour.inferform("runs", KEY)


CHAPTER = Chapter(
    "The world changes",
    "The endpoint captures what it is asked. A job compares that with what the model was trained on. As long as it "
    "is alike, nothing happens; once it is not, an alarm fires, and starts a retraining.",
    run,
)
