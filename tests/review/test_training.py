"""What a review tells of retrainings: when they start, what a run may spend, and what is a risk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from inferform import (
    Channel,
    Context,
    Evaluation,
    Image,
    OnSchedule,
    ProcessingJob,
    ProcessingOutput,
    Register,
    Retraining,
    Spot,
    TrainingJob,
)
from inferform.sagemaker.triggers import alarm_pattern, approval_pattern, upload_pattern
from inferform.training import machine, names
from ops.cost.model import dollars
from ops.cost.prices import PriceTable
from ops.kinds.starts import waits_for, when
from ops.plan import read_plan
from ops.review.building import build
from ops.review.report import Report
from ops.told import Severity, Story

from .plans import changed, plan_of

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
NAME = names.machine_name(CONTEXT, "fraud")
TOPIC = "arn:aws:sns:us-east-1:111122223333:ml"
IMAGE = Image(repository="fraud", tag="1")
HOUR = PriceTable().price("us-east-1", "sagemaker/training/ml.m5.xlarge")
assert HOUR is not None
PROVIDER = {
    "configuration": {
        "provider_config": {
            "aws": {"name": "aws", "expressions": {"region": {"constant_value": "us-east-1"}}}
        }
    }
}


def retraining(**job: Any) -> Retraining:
    judge = ProcessingJob(
        image=IMAGE, instance_type="ml.m5.large", outputs={"evaluation": ProcessingOutput()}
    )
    return Retraining(
        train=TrainingJob(
            **{
                "image": IMAGE,
                "instance_type": "ml.m5.xlarge",
                "channels": {"train": Channel(uri="data/")},
                "max_runtime_seconds": 14_400,
                **job,
            }
        ),
        evaluate=Evaluation(job=judge, path="auc", threshold=0.8),
        registers=Register(group="fraud"),
        notify=TOPIC,
    )


def values(spec: Retraining) -> dict[str, Any]:
    around = machine.Around(
        context=CONTEXT,
        bucket="data",
        kms_key_arn="arn:aws:kms:us-east-1:111122223333:key/data",
        subnet_ids=["subnet-1"],
        security_group_ids=["sg-1"],
        roles={step: f"arn:aws:iam::111122223333:role/{step}" for step in spec.jobs},
        tags={},
    )
    definition = machine.definition(spec, "fraud", around)
    return {"name": NAME, "definition": json.dumps(definition)}


def schedule(expression: str, **more: Any) -> dict[str, Any]:
    trigger = OnSchedule(schedule=expression)
    return {
        "name": names.trigger_name(CONTEXT, "fraud", "schedule"),
        "schedule_expression": trigger.schedule,
        "schedule_expression_timezone": "UTC",
        "state": "ENABLED",
        "target": [{"arn": names.machine_arn(CONTEXT, "fraud")}],
        **more,
    }


def entry(kind: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Any:
    if before == after:
        return changed(f"{kind}.x", ["no-op"], before, after)
    actions = ["create"] if before is None else ["delete"] if after is None else ["update"]
    return changed(f"{kind}.x", actions, before, after)


def review(*entries: Any) -> Report:
    return build([read_plan(plan_of(*entries, **PROVIDER))])


def story(report: Report) -> Story:
    (found,) = report.stories
    assert found.kind == "retraining"
    assert found.runs is None
    return found


MACHINE, SCHEDULE = "aws_sfn_state_machine", "aws_scheduler_schedule"
PROCESSING = PriceTable().price("us-east-1", "sagemaker/processing/ml.m5.large")
assert PROCESSING is not None


def run(hours: float) -> str:
    assert HOUR is not None
    assert PROCESSING is not None
    return f"up to {dollars(HOUR.usd * hours + PROCESSING.usd)}"


def test_a_new_retraining_says_when_it_starts_and_what_a_run_may_spend() -> None:
    spec = values(retraining())
    starts = schedule("cron(17 2 * * ? *)")
    told = story(review(entry(MACHINE, None, spec), entry(SCHEDULE, None, starts)))
    assert told.headline == (
        f"{NAME} is new, starts at 02:17 each day and may spend {run(4)} a run"
    )
    facts = dict(told.facts)
    assert facts["started by"] == "at 02:17 each day"
    assert facts["train on"] == "ml.m5.xlarge for up to 4 h"


def named(kind: str, name: str, after: Mapping[str, Any], unknown: Any = None) -> Any:
    """A new resource under a name of its own."""
    return changed(f"{kind}.{name}", ["create"], None, after, unknown=unknown)


def referring(kind: str, name: str, machine: str, argument: str = "arn") -> dict[str, Any]:
    """The configuration of a resource whose target is a state machine that is not there yet."""
    address = f"{MACHINE}.{machine}"
    arn = {"references": [f"{address}.arn", address]}
    return {
        "address": f"{kind}.{name}",
        "mode": "managed",
        "type": kind,
        "name": name,
        "expressions": {"target": [{"arn": arn}]} if kind == SCHEDULE else {argument: arn},
    }


def test_a_schedule_is_that_of_the_machine_it_starts_and_of_no_other_whose_name_begins_alike() -> (
    None
):
    # The trigger of `fraud-retraining` begins with the name of the machine of `fraud`.
    other = names.machine_name(CONTEXT, "fraud-retraining")
    trigger = names.trigger_name(CONTEXT, "fraud-retraining", "schedule")
    assert trigger.startswith(f"{NAME}-")
    spec = values(retraining())
    starts = schedule("cron(17 2 * * ? *)", name=trigger)
    starts["target"] = [{"arn": names.machine_arn(CONTEXT, "fraud-retraining")}]
    report = review(
        named(MACHINE, "one", spec),
        named(MACHINE, "other", {**spec, "name": other}),
        named(SCHEDULE, "starts", starts),
    )
    told = {each.name: dict(each.facts).get("started by") for each in report.stories}
    assert told == {NAME: None, other: "at 02:17 each day"}


def test_what_starts_a_machine_is_known_where_names_are_cut_and_nothing_is_there_yet() -> None:
    context = CONTEXT.replace(organization="a-large-business", stage="production")
    models = ("detects-fraud-of-card-payment-01", "detects-fraud-of-card-payment-02")
    cuts = [names.trigger_name(context, each, "upload") for each in models]
    machines = [names.machine_name(context, each) for each in models]
    assert not any(cut.startswith(machine) for cut, machine in zip(cuts, machines, strict=True))
    spec, entries, resources = values(retraining()), [], []
    for index, (cut, name) in enumerate(zip(cuts, machines, strict=True)):
        pattern = json.dumps(upload_pattern("data", f"incoming/{index}/", ""))
        timed = schedule(f"cron(1{index} 2 * * ? *)", name=f"s{index}")
        timed["target"] = [{"arn": None}]
        unknown = {"target": [{"arn": True}]}
        entries += [
            named(MACHINE, f"m{index}", {**spec, "name": name}),
            named(
                "aws_cloudwatch_event_rule", f"r{index}", {"name": cut, "event_pattern": pattern}
            ),
            named("aws_cloudwatch_event_target", f"t{index}", {"rule": cut}, {"arn": True}),
            named(SCHEDULE, f"s{index}", timed, unknown),
        ]
        resources += [
            referring("aws_cloudwatch_event_target", f"t{index}", f"m{index}"),
            referring(SCHEDULE, f"s{index}", f"m{index}"),
        ]
    configuration = {**PROVIDER["configuration"], "root_module": {"resources": resources}}
    report = build([read_plan(plan_of(*entries, configuration=configuration))])
    told = {
        each.name: {text for fact, text in each.facts if fact == "started by"}
        for each in report.stories
        if each.kind == "retraining"
    }
    assert told == {
        name: {f"at 02:1{index} each day", f"uploads to incoming/{index}/"}
        for index, name in enumerate(machines)
    }


def test_another_time_alone_is_told_with_what_a_run_may_spend() -> None:
    spec = values(retraining())
    moved = [schedule("cron(17 2 * * ? *)"), schedule("cron(30 5 * * ? *)")]
    told = story(review(entry(MACHINE, spec, spec), entry(SCHEDULE, *moved)))
    assert told.headline == f"{NAME} now starts at 05:30 each day and may spend {run(4)} a run"
    assert dict(told.facts)["started by"] == "at 02:17 each day → at 05:30 each day"


def test_a_longer_run_says_what_it_may_spend_instead() -> None:
    sides = [values(retraining()), values(retraining(max_runtime_seconds=28_800))]
    told = story(review(entry(MACHINE, *sides)))
    assert dict(told.facts)["a run may spend"] == f"{run(4)} → {run(8)}"
    assert told.headline == f"{NAME} is updated, may spend {run(8)} a run"


def test_spot_is_told_as_a_range() -> None:
    spec = values(retraining(spot=Spot(max_wait_seconds=14_400)))
    told = story(review(entry(MACHINE, None, spec)))
    assert "where Spot takes off the most) a run" in told.headline


def test_what_has_no_price_is_not_nothing() -> None:
    bare = json.loads(values(retraining())["definition"])
    bare["States"]["Train"]["Parameters"]["ResourceConfig"]["InstanceType"] = "ml.new.large"
    spec = {"name": NAME, "definition": json.dumps(bare)}
    told = story(review(entry(MACHINE, None, spec)))
    assert told.headline.endswith("may spend what is not known a run")


def piped(hours: int = 4) -> dict[str, Any]:
    """A pipeline that trains."""
    request = {
        "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": hours * 3600},
    }
    step = {"Name": "Train", "Type": "Training", "Arguments": request}
    content = {"Version": "2020-12-01", "Steps": [step]}
    return {"pipeline_name": "acme-dev-use1-fraud", "pipeline_definition": json.dumps(content)}


PIPELINE = "aws_sagemaker_pipeline"
OF_PIPELINE = "arn:aws:sagemaker:us-east-1:111122223333:pipeline/acme-dev-use1-fraud"


def piped_at(expression: str, arn: str = OF_PIPELINE) -> dict[str, Any]:
    return schedule(expression, target=[{"arn": arn}])


def test_a_pipeline_says_when_it_starts_and_what_a_run_may_spend() -> None:
    assert HOUR is not None
    starts = piped_at("cron(17 2 * * ? *)")
    (told,) = review(entry(PIPELINE, None, piped()), entry(SCHEDULE, None, starts)).stories
    cost = f"up to {dollars(HOUR.usd * 4)}"
    assert told.headline == (
        f"acme-dev-use1-fraud is new, starts at 02:17 each day and may spend {cost} a run"
    )
    # Another time alone.
    later = piped_at("cron(0 5 * * ? *)")
    (told,) = review(entry(PIPELINE, piped(), piped()), entry(SCHEDULE, starts, later)).stories
    assert (told.kind, told.action) == ("pipeline", "trigger")
    assert told.headline == (
        f"acme-dev-use1-fraud now starts at 05:00 each day and may spend {cost} a run"
    )
    (told,) = review(entry(PIPELINE, piped(), piped()), entry(SCHEDULE, starts, None)).stories
    assert told.interrupted == "it does not start by itself any more"
    # A schedule of another pipeline whose name begins alike is none of it.
    other = piped_at("cron(17 2 * * ? *)", f"{OF_PIPELINE}-2")
    assert review(entry(PIPELINE, piped(), piped()), entry(SCHEDULE, None, other)).stories == ()


def test_a_schedule_that_is_switched_off_starts_nothing() -> None:
    spec = values(retraining())
    off = schedule("cron(17 2 * * ? *)", state="DISABLED")
    told = story(review(entry(MACHINE, spec, spec), entry(SCHEDULE, schedule("rate(1 day)"), off)))
    assert told.interrupted == "it does not start by itself any more"


def test_a_retraining_that_goes_says_nothing_of_money() -> None:
    told = story(review(entry(MACHINE, values(retraining()), None)))
    assert told.headline == f"{NAME} is deleted"


def risks(*entries: Any) -> dict[str, str]:
    return {
        each.rule.id: each.reason
        for each in review(*entries).risks
        if each.rule.id not in ("COST1", "COST2")
    }


def test_a_month_of_runs_that_may_cost_more_is_a_risk() -> None:
    assert HOUR is not None
    daily = schedule("cron(0 2 * * ? *)")
    small, large = values(retraining()), values(retraining(instance_count=20))
    found = risks(entry(MACHINE, small, large), entry(SCHEDULE, daily, daily))
    assert "in 30 runs of 30 days (was $" in found["COST3"]
    # One run of it costs less than what counts, and no schedule starts more.
    assert "COST3" not in risks(entry(MACHINE, small, large))
    high = values(retraining(instance_count=100))
    report = review(entry(MACHINE, None, high), entry(SCHEDULE, None, schedule("rate(6 hours)")))
    (risk,) = [each for each in report.risks if each.rule.id == "COST3"]
    assert risk.severity is Severity.HIGH


BEFORE = retraining()


@pytest.mark.parametrize(
    ("after", "rule", "said"),
    [
        (BEFORE.replace(evaluate=None), "TRN1", "its evaluation goes away"),
        (
            BEFORE.replace(registers=Register(group="fraud", approval="Approved")),
            "TRN1",
            "without anybody looking",
        ),
        (BEFORE.replace(notify=None), "TRN2", "tells no topic"),
        (
            BEFORE.replace(train=BEFORE.job.replace(network_isolation=False)),
            "SEC1",
            "gives the containers of Train a network",
        ),
        (
            BEFORE.replace(
                evaluate=Evaluation(
                    job=ProcessingJob(
                        image=IMAGE,
                        instance_type="ml.m5.large",
                        outputs={"evaluation": ProcessingOutput()},
                        network_isolation=False,
                    ),
                    path="auc",
                    threshold=0.8,
                )
            ),
            "SEC1",
            "gives the containers of Evaluate a network",
        ),
    ],
)
def test_less_care_is_a_risk_and_more_is_none(after: Retraining, rule: str, said: str) -> None:
    sides = values(BEFORE), values(after)
    assert said in risks(entry(MACHINE, *sides))[rule]
    assert risks(entry(MACHINE, *reversed(sides))) == {}
    assert risks(entry(MACHINE, None, sides[1])) == {}


def test_another_threshold_is_no_risk() -> None:
    assert BEFORE.evaluate is not None
    after = BEFORE.replace(evaluate=BEFORE.evaluate.replace(threshold=0.7))
    assert risks(entry(MACHINE, values(BEFORE), values(after))) == {}


def test_what_starts_something_is_told_in_words() -> None:
    def waited(pattern: Any, **more: Any) -> str:
        return waits_for({"event_pattern": json.dumps(pattern), **more})

    upload = upload_pattern("data", "incoming/", ".csv")
    assert waited(upload) == "uploads to incoming/*.csv"
    assert waited(upload_pattern("data", "incoming/", "")) == "uploads to incoming/"
    alarm = alarm_pattern(["arn:aws:cloudwatch:us-east-1:111122223333:alarm:drift"])
    assert waited(alarm) == "alarm drift"
    assert waited(approval_pattern("acme-fraud", ["Approved"])) == (
        "versions of acme-fraud: Approved"
    )
    assert waited({"source": ["acme.data"]}) == "events acme.data"
    assert waited({"account": ["1"]}) == "events of a pattern"
    assert waited(upload, state="DISABLED") == waited(upload, is_enabled=False) == ""
    assert waits_for({"schedule_expression": "rate(1 day)"}) == "rate(1 day)"
    assert waits_for({"event_pattern": "no json"}) == "events of a pattern"
    assert waits_for({}) == ""


def test_a_daily_time_is_told_as_one() -> None:
    from inferform.usage import Start

    assert when(Start("cron(5 14 ? * * *)", "Europe/Berlin")) == (
        "at 14:05 each day (Europe/Berlin)"
    )
    assert when(Start("cron(0 2 ? * MON *)")) == "cron(0 2 ? * MON *)"
