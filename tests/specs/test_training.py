"""The rules of retrainings and drift monitors, each on both sides."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from inferform import (
    ArtifactBucket,
    Channel,
    Checkpoints,
    Context,
    DataCapture,
    DriftMonitor,
    Environment,
    Evaluation,
    Existing,
    ExistingBucket,
    FromInput,
    FromStep,
    Image,
    Inference,
    IntegerRange,
    Model,
    ModelPackageGroup,
    Network,
    OnAlarm,
    OnApproval,
    OnDrift,
    OnEvent,
    OnSchedule,
    OnUpload,
    PipelineEndpoint,
    ProcessingInput,
    ProcessingJob,
    ProcessingOutput,
    RealtimeEndpoint,
    Register,
    Registry,
    Repository,
    Retraining,
    SpecError,
    Spot,
    Training,
    TrainingJob,
    Tuning,
)
from inferform.rules import RULES
from inferform.sagemaker.triggers import Delivery, keyed, upload_pattern
from inferform.spec import collecting, problems_of
from inferform.training import names

ACCOUNT = "111122223333"
DEV = Context(organization="acme", stage="dev", account=ACCOUNT, region="us-east-1", owner="ml")
PROD = DEV.replace(stage="prod", protected=True)
IMAGE = Image(repository="fraud", tag="1")
DATA = {"train": Channel(uri="data/train/")}
JOB = TrainingJob(image=IMAGE, instance_type="ml.m5.xlarge", channels=DATA)
PREPARE = ProcessingJob(
    image=IMAGE, instance_type="ml.m5.large", outputs={"train": ProcessingOutput()}
)
JUDGE = ProcessingJob(
    image=IMAGE,
    instance_type="ml.m5.large",
    inputs={"model": ProcessingInput(uri=FromStep(step="train"))},
    outputs={"evaluation": ProcessingOutput()},
)
EVALUATION = Evaluation(job=JUDGE, path="metrics.auc", threshold=0.8)
DAILY = OnSchedule(schedule="cron(0 2 * * ? *)")
MODEL = Model(image=IMAGE, artifact="fraud/1/model.tar.gz")
CAPTURING = RealtimeEndpoint(
    model=MODEL,
    instance_type="ml.m5.large",
    instance_count=2,
    data_capture=DataCapture(),
)
MONITOR: dict[str, Any] = {"endpoint": "fraud", "image": IMAGE, "baseline": "data/baseline/"}


def environment(
    context: Context = DEV, *, sends: bool = True, endpoint: Any = CAPTURING, **training: Any
) -> Environment:
    return Environment(
        context=context,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(
            repositories={"fraud": Repository()},
            models={"fraud": ModelPackageGroup()},
            artifacts=ArtifactBucket(send_events=sends),
        ),
        inference=Inference(endpoints={"fraud": endpoint}),
        training=Training(**training),
    )


def reading(reference: FromStep | FromInput) -> TrainingJob:
    return JOB.replace(channels={"train": Channel(uri=reference)})


def spotted(wait: int = 90_000, **checkpoints: Any) -> TrainingJob:
    return JOB.replace(spot=Spot(max_wait_seconds=wait, checkpoints=Checkpoints(**checkpoints)))


TUNED = Tuning(
    job=JOB.replace(metrics={"auc": "auc=(.*)"}, max_runtime_seconds=43_200),
    objective="auc",
    ranges={"depth": IntegerRange(minimum=1, maximum=9)},
    max_jobs=4,
)
NOTED = Register(group="fraud", metadata={"commit": FromInput(name="commit")})
OTHER = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:model-package-group/fraud"
FOREIGN = "arn:aws:sagemaker:us-east-1:444455556666:model-package-group/fraud"
HERE = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model-package-group/fraud"
OWN_ALARM = names.failed_alarm(DEV, "fraud")

# Some are broken by themselves.
with collecting():
    # Rule, where in the retraining, what breaks it, and what almost does.
    RETRAININGS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
        (
            "WFL1",
            "evaluate.output",
            {"evaluate": EVALUATION.replace(output="report")},
            {"evaluate": EVALUATION},
        ),
        (
            "WFL1",
            "evaluate.job.outputs.evaluation.uri",
            {
                "evaluate": EVALUATION.replace(
                    job=JUDGE.replace(outputs={"evaluation": ProcessingOutput(uri="a/")})
                )
            },
            {"evaluate": EVALUATION},
        ),
        (
            "WFL2",
            "train.channels.train.uri.step",
            {"train": reading(FromStep(step="prepare", output="train"))},
            {"train": reading(FromStep(step="prepare", output="train")), "prepare": PREPARE},
        ),
        (
            "WFL2",
            "train.channels.train.uri.output",
            {"train": reading(FromStep(step="prepare", output="tran")), "prepare": PREPARE},
            {"train": reading(FromStep(step="prepare", output="train")), "prepare": PREPARE},
        ),
        (
            "WFL2",
            "prepare.inputs.model.uri.step",
            {
                "prepare": PREPARE.replace(
                    inputs={"model": ProcessingInput(uri=FromStep(step="train"))}
                )
            },
            {"evaluate": EVALUATION},
        ),
        (
            "WFL2",
            "train.channels.train.uri.name",
            {"train": reading(FromInput(name="data"))},
            {"train": reading(FromInput(name="data")), "parameters": {"data": "data/"}},
        ),
        ("WFL2", "triggers.0.monitor", {"triggers": [OnDrift(monitor="churn")]}, {"triggers": []}),
        (
            "WFL3",
            "triggers.0.prefix",
            {"triggers": [OnUpload(prefix="training/")]},
            {"triggers": [OnUpload(prefix="incoming/")]},
        ),
        (
            "WFL3",
            "prepare.outputs.train.uri",
            {
                "triggers": [OnUpload(prefix="incoming/")],
                "prepare": PREPARE.replace(outputs={"train": ProcessingOutput(uri="incoming/a/")}),
            },
            {
                "triggers": [OnUpload(prefix="incoming/")],
                "prepare": PREPARE.replace(outputs={"train": ProcessingOutput(uri="outgoing/a/")}),
            },
        ),
        (
            "WFL4",
            "parameters.a",
            {"parameters": {"a": "x" * 1025}},
            {"parameters": {"a": "x" * 1024}},
        ),
        (
            "WFL6",
            "triggers.0.alarm",
            {"triggers": [OnAlarm(alarm=OWN_ALARM)]},
            {"triggers": [OnAlarm(alarm=OWN_ALARM)], "alarm_on_failure": False},
        ),
        (
            "WFL7",
            "triggers.0.prefix",
            {"triggers": [OnUpload()]},
            {"triggers": [OnUpload(prefix="in/")]},
        ),
        (
            "WFL8",
            "triggers.1",
            {"triggers": [DAILY, DAILY]},
            {"triggers": [DAILY, OnSchedule(schedule="cron(0 3 * * ? *)")]},
        ),
        (
            "WFL9",
            "retry_capacity_minutes",
            {"retry_capacity_minutes": 1441},
            {"retry_capacity_minutes": 0},
        ),
        (
            "WFL2",
            "registers.metadata.commit.name",
            {"registers": NOTED},
            {"registers": NOTED, "parameters": {"commit": "none"}},
        ),
        (
            "WFL2",
            "registers.metadata.commit",
            {"registers": NOTED.replace(metadata={"commit": FromStep(step="train")})},
            {"registers": NOTED.replace(metadata={"commit": "1a2b3c"})},
        ),
        (
            "REG11",
            "registers.metadata.commit",
            {"registers": NOTED, "parameters": {"commit": ""}},
            {"registers": NOTED, "parameters": {"commit": "not known"}},
        ),
        (
            "REG10",
            "registers.group",
            {"registers": Register(group="frud")},
            {"registers": Register(group="fraud")},
        ),
        (
            "REG10",
            "registers.group",
            {"registers": Register(group=OTHER)},
            {"registers": Register(group=HERE)},
        ),
        (
            "REG10",
            "triggers.0.group",
            {"triggers": [OnApproval(group="base")]},
            {"triggers": [OnApproval(group="fraud")]},
        ),
        (
            "SPT4",
            "train.spot.checkpoints.uri",
            {"train": spotted(uri="data/train/kept/")},
            {"train": spotted()},
        ),
        (
            "SPT4",
            "train.spot.checkpoints.uri",
            {"train": spotted(uri="kept/")},
            {"train": spotted()},
        ),
        (
            "SPT6",
            "triggers.0",
            {"train": spotted(), "triggers": [DAILY]},
            {"train": spotted(86_400), "triggers": [DAILY]},
        ),
        (
            "EVT8",
            "triggers.0",
            {"triggers": [OnSchedule(schedule="rate(23 hours)")]},
            {"triggers": [DAILY]},
        ),
        (
            "EVT8",
            "triggers.0",
            {"train": TUNED.replace(max_jobs=5), "triggers": [DAILY]},
            {"train": TUNED.replace(max_jobs=4), "triggers": [DAILY]},
        ),
        (
            "ALM14",
            "notify",
            {"notify": f"arn:aws:sns:eu-west-1:{ACCOUNT}:ml"},
            {"notify": f"arn:aws:sns:us-east-1:{ACCOUNT}:ml"},
        ),
        (
            "WFL10",
            "notify",
            {"notify": f"arn:aws:sns:us-east-1:{ACCOUNT}:ml.fifo"},
            {"notify": f"arn:aws:sns:us-east-1:{ACCOUNT}:ml-fifo"},
        ),
        (
            "TRJ15",
            "existing.security_groups",
            {
                "train": JOB.replace(instance_count=2),
                "existing": Existing(security_groups=["sg-0a1b2c3d"]),
            },
            {"train": JOB, "existing": Existing(security_groups=["sg-0a1b2c3d"])},
        ),
        (
            "EXI4",
            "existing.execution_role",
            {"existing": Existing(execution_role=f"arn:aws:iam::{ACCOUNT}:role/mine")},
            {},
        ),
    ]

MONITORS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("DRF1", "endpoint", {"endpoint": "frud"}, {}),
    ("DRF4", "thresholds.psi", {"thresholds": {"psi": 0.2}}, {"thresholds": {"ks_max": 0.2}}),
    (
        "DRF5",
        "requests_per_hour",
        {"requests_per_hour": 41.6},
        {"requests_per_hour": 41.7},
    ),
    (
        "DRF5",
        "requests_per_hour",
        {"requests_per_hour": 999, "window_hours": 1},
        {"requests_per_hour": 999, "window_hours": 2},
    ),
    ("DRF9", "requests_per_hour", {"requests_per_hour": 0}, {"requests_per_hour": 5000}),
    (
        "EVT8",
        "schedule",
        {"schedule": OnSchedule(schedule="rate(59 minutes)")},
        {"schedule": OnSchedule(schedule="rate(60 minutes)")},
    ),
    ("DRF6", "metrics", {"metrics": {}, "thresholds": {}}, {}),
    (
        "DRF6",
        "environment.columns",
        {"environment": {"columns": "a"}},
        {"environment": {"COLUMNS": "a"}},
    ),
    ("DRF6", "metrics.auc", {"metrics": {"auc": "a-b"}, "thresholds": {}}, {}),
    ("DRF7", "window_hours", {"window_hours": 745}, {"window_hours": 744}),
    ("DRF8", "then", {"then": "fraud"}, {}),
    (
        "ALM14",
        "notify",
        {"notify": f"arn:aws:sns:eu-west-1:{ACCOUNT}:ml"},
        {"notify": f"arn:aws:sns:us-east-1:{ACCOUNT}:ml"},
    ),
    ("WFL10", "notify", {"notify": f"arn:aws:sns:us-east-1:{ACCOUNT}:ml.fifo"}, {}),
    ("PRC1", "instance_type", {"instance_type": "m5.large"}, {}),
]


def found(path: str, **given: Any) -> list[tuple[str, str]]:
    with collecting():
        problems = problems_of(environment(**given))
    return [(p.rule, p.where.removeprefix(f"training.{path}.fraud.")) for p in problems]


def of_retraining(
    context: Context = DEV, *, sends: bool = True, **fields: Any
) -> list[tuple[str, str]]:
    with collecting():
        spec = Retraining(**{"train": JOB, **fields})
    return found("retrainings", context=context, sends=sends, retrainings={"fraud": spec})


def of_monitor(watched: Any = CAPTURING, /, **fields: Any) -> list[tuple[str, str]]:
    with collecting():
        spec = DriftMonitor(**{**MONITOR, **fields})
    return found("monitors", endpoint=watched, monitors={"fraud": spec})


def test_each_rule_is_broken_on_one_side_alone() -> None:
    wrong = []
    for of, cases in ((of_retraining, RETRAININGS), (of_monitor, MONITORS)):
        for rule, path, bad, good in cases:
            broken = of(**bad)
            if (rule, path) not in broken:
                wrong.append(f"{rule} is not at {path} of {bad}: {broken}")
            if rule in [name for name, _ in of(**good)]:
                wrong.append(f"{rule} refuses {good}")
    assert not wrong, "\n".join(wrong)


def test_what_needs_more_of_the_environment_is_refused_too() -> None:
    approved = Register(group="fraud", approval="Approved")
    assert ("WFL5", "registers.approval") in of_retraining(PROD, registers=approved)
    assert "WFL5" not in dict(of_retraining(DEV, registers=approved))
    uploads: dict[str, Any] = {"triggers": [OnUpload(prefix="incoming/")]}
    assert ("WFL7", "triggers.0.prefix") in of_retraining(sends=False, **uploads)
    assert of_retraining(**uploads) == []
    own: dict[str, Any] = {
        "triggers": [OnUpload(prefix=f"s3://{DEV.bucket('artifacts')}/incoming/")]
    }
    assert ("WFL7", "triggers.0.prefix") in of_retraining(sends=False, **own)
    assert of_retraining(**own) == []
    blind = CAPTURING.replace(data_capture=None)
    assert of_monitor(blind) == [("DRF2", "endpoint")]
    only_answers = CAPTURING.replace(data_capture=DataCapture(modes=["Output"]))
    assert of_monitor(only_answers) == [("DRF2", "endpoint")]
    serial = PipelineEndpoint(
        containers=[MODEL, MODEL],
        instance_type="ml.m5.large",
        instance_count=2,
        data_capture=DataCapture(),
    )
    assert of_monitor(serial) == [("DRF3", "endpoint")]
    assert of_monitor() == []
    half = CAPTURING.replace(data_capture=DataCapture(sampling_percent=50))
    assert of_monitor(half, requests_per_hour=80) == [("DRF5", "requests_per_hour")]
    assert of_monitor(half, requests_per_hour=84) == []


def registered_by(context: Context = DEV, /, group: str = FOREIGN, **registry: Any) -> list[str]:
    """What is said of the group that the retraining `fraud` registers in."""
    kept = {"repositories": {"fraud": Repository()}, **registry}
    made = environment(
        context, retrainings={"fraud": Retraining(train=JOB, registers=Register(group=group))}
    )
    problems = problems_of(made.replace(registry=Registry(**kept)))
    assert {(p.rule, p.where) for p in problems} <= {
        ("REG14", "training.retrainings.fraud.registers.group")
    }
    return [p.text for p in problems]


def test_an_account_that_cannot_read_the_artifact_of_a_version_in_its_group_is_told_of() -> None:
    [told] = registered_by()
    assert "account 444455556666, which cannot read the artifact" in told
    assert "in training/fraud/ of acme-dev-use1-artifacts-111122223333" in told
    assert 'add "444455556666" to registry.artifacts.read_accounts' in told
    assert registered_by(artifacts=ArtifactBucket(read_accounts=["777788889999"])) == [told]
    assert registered_by(artifacts=ArtifactBucket(read_accounts=["444455556666"])) == []
    [told] = registered_by(artifacts=ExistingBucket(name="acme-artifacts"))
    assert "the bucket's and the key's owner has to let that account read" in told
    assert registered_by(group=HERE) == []


def test_a_prefix_that_leaves_out_the_artifact_of_a_version_is_told_of() -> None:
    def of(prefix: str, *readers: str, **bucket: Any) -> list[str]:
        group = ModelPackageGroup(read_accounts=readers, artifact_prefix=prefix)
        kept = ArtifactBucket(**bucket)
        return registered_by(group="fraud", models={"fraud": group}, artifacts=kept)

    [told] = of("models/fraud/", "444455556666")
    assert "lets 444455556666 read models/fraud/ alone" in told
    assert 'registry.models.fraud.artifact_prefix="training/fraud/"' in told
    assert of("training/fraud/", "444455556666") == []
    assert of("training/", "444455556666") == []
    assert of("", "444455556666") == []
    assert of("models/fraud/") == []
    assert of("models/fraud/", "444455556666", read_accounts=["444455556666"]) == []


def crowd(count: int, schedule: OnSchedule = DAILY, **fields: Any) -> list[str]:
    """The rules that many retrainings of one schedule break together."""
    spec = Retraining(**{"train": JOB, "prepare": PREPARE, "triggers": [schedule], **fields})
    made = {f"fraud-{n:02}": spec for n in range(count)}
    monitors = {"fraud": DriftMonitor(**MONITOR, schedule=DAILY)}
    with collecting():
        problems = problems_of(environment(retrainings=made, monitors=monitors))
    return [p.rule for p in problems if p.rule != "EVT8"]


def test_more_processing_jobs_at_one_time_than_sagemaker_starts_are_found() -> None:
    assert crowd(30) == ["EVT9"]  # with the monitor 31
    assert crowd(29) == []
    assert crowd(60, OnSchedule(schedule="cron(0 2 * * ? *)", spread_minutes=60)) == []
    # The same times by another expression, and in another zone.
    assert crowd(30, OnSchedule(schedule="cron(0 2 ? * SUN-SAT *)")) == ["EVT9"]
    berlin = OnSchedule(schedule="cron(0 3 * * ? *)", timezone="Europe/Berlin")
    assert crowd(30, berlin) == ["EVT9"]
    assert crowd(30, OnSchedule(schedule="cron(1 2 * * ? *)")) == []
    # Training jobs are not limited so, and a rate begins when it is deployed.
    assert crowd(40, prepare=None) == []
    assert crowd(40, OnSchedule(schedule="rate(2 days)")) == []


def test_every_rule_of_training_is_tried_and_names_its_source() -> None:
    tried = {rule for rule, *_ in (*RETRAININGS, *MONITORS)} | {
        "WFL5",
        "DRF2",
        "DRF3",
        "EVT9",
        "REG14",
    }
    elsewhere = {"EVT1", "EVT2", "EVT12", "EVT13", "REG11", "JOB19", "JOB20", "JOB21"}
    known = {
        name: rule
        for name, rule in RULES.items()
        if name.startswith(("WFL", "DRF", "EVT"))
        or name in ("REG10", "REG11", "REG14", "SPT4", "SPT6", "TRJ15")
    }
    assert known.keys() - tried - elsewhere == set()
    assert all(rule.source and rule.message for rule in known.values())


WRONG_LEAVES: list[Any] = [
    {"starts-with": "a"},
    {"prefix": "a", "suffix": "b"},
    {},
    {"prefix": 1},
    {"exists": "true"},
    {"numeric": [">"]},
    {"numeric": ["~", 1]},
    {"numeric": [">", "1"]},
    {"anything-but": []},
    {"anything-but": ["a", 1]},
    {"anything-but": {"exists": True}},
    ["a"],
]


@pytest.mark.parametrize(
    ("rule", "make"),
    [
        ("EVT1", lambda: Delivery(retry_attempts=186)),
        ("EVT1", lambda: Delivery(max_age_seconds=59)),
        ("EVT2", lambda: OnEvent(pattern={"source": "acme"})),
        ("EVT2", lambda: OnEvent(pattern={"source": ["a" * 4096]})),
        ("EVT2", lambda: OnEvent(pattern={"$or": [{"a": ["b"]}]})),
        ("EVT2", lambda: OnEvent(pattern={"source": [float("nan")]})),
        *(
            ("EVT2", partial(OnEvent, pattern={"source": ["a"], "detail": {"b": [leaf]}}))
            for leaf in WRONG_LEAVES
        ),
        ("EVT12", lambda: OnApproval(group="fraud", statuses=[])),
        ("REG11", lambda: Register(group="fraud", metadata={"a": "é" * 257})),
        ("JOB19", lambda: OnSchedule(schedule="cron(0 2 * * ? *)", spread_minutes=61)),
        ("JOB20", lambda: OnSchedule(schedule="rate(1 day)", spread_minutes=60)),
        ("JOB20", lambda: OnSchedule(schedule="cron(15 2 * * ? *)", spread_minutes=60)),
        ("JOB21", lambda: OnUpload(prefix="https://acme.test/")),
        ("JOB26", lambda: OnUpload(prefix="data/*")),
        ("JOB26", lambda: OnUpload(prefix="s3://data/in/*.csv")),
    ],
)
def test_what_no_single_retraining_needs_is_refused_where_it_is_written(
    rule: str, make: Any
) -> None:
    with pytest.raises(SpecError, match=rule):
        make()


def test_what_is_near_the_limits_is_taken() -> None:
    Delivery(retry_attempts=185, max_age_seconds=60)
    OnEvent(
        pattern={"detail": {"state": ["a", {"prefix": "b"}]}, "$or": [{"a": ["b"]}, {"c": ["d"]}]}
    )
    for leaf in (
        {"prefix": {"equals-ignore-case": "a"}},
        {"suffix": ".csv"},
        {"anything-but": "a"},
        {"anything-but": [1, 2]},
        {"anything-but": {"prefix": ["a", "b"]}},
        {"numeric": [">", 0, "<=", 5.5]},
        {"exists": False},
        {"cidr": "10.0.0.0/24"},
        {"equals-ignore-case": "a"},
        {"wildcard": "a*b"},
        *(None, True, 5, 1.5),
    ):
        OnEvent(pattern={"source": ["acme"], "detail": {"state": [leaf]}})
    Register(group="fraud", metadata={"git:commit": "1a2b3c"})


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ({"source": ["aws.states"]}, True),
        ({"source": ["acme.data", "aws.sagemaker"]}, True),
        ({"source": [{"prefix": "aws."}]}, True),
        ({"account": ["111122223333"]}, True),
        (
            {"source": ["aws.sagemaker"], "detail-type": ["SageMaker Training Job State Change"]},
            True,
        ),
        ({"source": ["acme.data"]}, False),
        ({"source": ["aws.s3"], "detail-type": ["Object Created"]}, False),
        ({"source": ["aws.states"], "detail": {"status": ["FAILED"]}}, False),
        ({"source": ["aws.sagemaker"], "resources": ["arn:aws:sagemaker:us-east-1:1:x"]}, False),
    ],
)
def test_what_may_start_itself_for_ever_is_told(pattern: dict[str, Any], told: bool) -> None:
    found = [(each.rule, each.severity) for each in problems_of(OnEvent(pattern=pattern))]
    assert found == ([("EVT13", "warning")] if told else [])


def test_a_star_in_what_a_batch_transform_reads_stands_for_itself() -> None:
    found = upload_pattern("data", "in/a*b\\c/", ".csv")
    assert found["detail"]["object"]["key"] == [{"wildcard": r"in/a\*b\\c/*.csv"}]
    assert upload_pattern("data", "in/a*b/", "")["detail"]["object"]["key"] == [
        {"prefix": "in/a*b/"}
    ]


def test_schedules_of_many_models_are_spread_over_the_hour_and_stay_where_they_are() -> None:
    trigger = OnSchedule(schedule="cron(0 2 * * ? *)", spread_minutes=60)
    minutes = [trigger.spread(names.trigger_name(DEV, f"model-{n}", "schedule")) for n in range(50)]
    assert minutes[0] == trigger.spread(names.trigger_name(DEV, "model-0", "schedule"))
    counts = {each: minutes.count(each) for each in minutes}
    assert len(counts) > 25
    assert max(counts.values()) <= 5
    assert all(each.endswith(" 2 * * ? *)") for each in minutes)
    assert DAILY.spread("anything") == DAILY.schedule


def test_the_time_between_two_starts_is_that_of_the_schedule() -> None:
    assert OnSchedule(schedule="rate(12 hours)").every_seconds == 12 * 3600
    assert OnSchedule(schedule="cron(0 2 * * ? *)").every_seconds == 24 * 3600
    assert OnSchedule(schedule="cron(0 8 ? * MON-FRI *)").every_seconds == 24 * 3600
    assert OnSchedule(schedule="at(2026-12-24T18:00:00)").every_seconds is None


def test_triggers_of_one_kind_are_numbered() -> None:
    other = OnSchedule(schedule="cron(0 3 * * ? *)")
    assert [*keyed([DAILY, OnAlarm(alarm="a"), other])] == ["schedule", "alarm", "schedule-2"]


def test_fifty_models_have_names_of_their_own_within_the_limits() -> None:
    retrainings = {
        f"a-model-with-a-long-name-{n:02}": Retraining(
            train=JOB, triggers=[DAILY, OnEvent(pattern={"a": ["b"]})]
        )
        for n in range(50)
    }
    made = environment(retrainings=retrainings)
    own = [name for path, name in made.names if path[:1] == ("training",)]
    assert len(own) > 400
    assert len({(name.kind, name.value) for name in own}) == len(own)
