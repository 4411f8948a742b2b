"""The rules of pipelines, on both sides of each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session

from inferform import (
    AnyOf,
    ArtifactBucket,
    Automation,
    Cache,
    Condition,
    ConditionStep,
    Context,
    Environment,
    FailStep,
    Join,
    JsonGet,
    ModelOf,
    ModelPackageGroup,
    Negation,
    Network,
    Of,
    OnAlarm,
    OnApproval,
    OnDrift,
    OneOfValues,
    OnEvent,
    OnSchedule,
    OnUpload,
    OutputOf,
    Param,
    Parameter,
    Pipeline,
    PipelineFile,
    ProcessingOutput,
    ProcessingStep,
    PropertyFile,
    Register,
    RegisterStep,
    Registry,
    Repository,
    Retry,
    SpecError,
    Training,
    TrainingStep,
)
from inferform.spec import problems_of
from inferform.training import graph
from inferform.training.pipeline import STEP_TYPES
from tests.pipelines import EVALUATE, MSE, PREPROCESS, TRAIN, abalone

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
STOP = FailStep(message="no")
ALWAYS = Condition(left=1, comparison="Equals", right=1)


def of(**steps: Any) -> Pipeline:
    return Pipeline(steps=steps, parameters={"InputData": Parameter(), "Rounds": Parameter()})


def branch(**then: Any) -> ConditionStep:
    return ConditionStep(conditions=[ALWAYS], then=then)


def fails(count: int) -> dict[str, FailStep]:
    return {f"Fail{index}": STOP for index in range(count)}


def evaluate(path: str = "a.b", file: str = "Report", files: Any = None) -> Pipeline:
    """A step that writes property files, and a condition that reads one."""
    given = files or {"Report": PropertyFile(output="evaluation")}
    job = EVALUATE.replace(inputs={})
    read = Condition(left=JsonGet(step="E", file=file, path=path), comparison="Equals", right=1)
    return of(
        E=ProcessingStep(processing=job, property_files=given),
        C=ConditionStep(conditions=[read], then={"F": STOP}),
    )


def written(**changes: Any) -> PipelineFile:
    step = {"Name": "A", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}
    content = {"Version": "2020-12-01", "Steps": [step], **changes}
    return PipelineFile(definition=json.dumps(content))


def step(name: str, type_: str = "Fail", **arguments: Any) -> dict[str, Any]:
    return {"Name": name, "Type": type_, "Arguments": arguments}


def placed(pipeline: Any, *, sends: bool = False) -> Environment:
    return Environment(
        context=CONTEXT,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(
            repositories={"abalone": Repository()},
            models={"abalone": ModelPackageGroup()},
            artifacts=ArtifactBucket(send_events=sends),
        ),
        training=Training(pipelines={"abalone": pipeline}),
    )


def automated(*triggers: Any, sends: bool = True, **automation: Any) -> Environment:
    """The example, started by triggers, in an environment."""
    spec = abalone(automation=Automation(triggers=triggers, **automation))
    return placed(spec, sends=sends)


def needy(**fields: Any) -> Pipeline:
    """A pipeline with a parameter that has no default."""
    automation = Automation(triggers=[OnSchedule(schedule="rate(1 day)")])
    return of(A=STOP).replace(**{"automation": automation, **fields})


def writing(uri: str) -> Pipeline:
    """A pipeline that starts by uploads, and writes somewhere."""
    job = EVALUATE.replace(inputs={}, outputs={"a": ProcessingOutput(uri=uri)})
    return Pipeline(
        steps={"A": ProcessingStep(processing=job)},
        automation=Automation(triggers=[OnUpload(prefix="incoming/")]),
    )


FOREIGN = "arn:aws:sagemaker:us-east-1:444455556666:model-package-group/abalone"
FAILED = "acme-dev-use1-abalone-pipeline-failed"
DAILY = OnSchedule(schedule="cron(0 2 * * ? *)")


def role(account: str) -> PipelineFile:
    arn = f"arn:aws:iam::{account}:role/training"
    return written(Steps=[step("A", "Training", RoleArn=arn)])


BAD: dict[str, tuple[str, Callable[[], Any]]] = {
    "no steps": ("SMP1", lambda: Pipeline(steps={})),
    "51 steps, some in a branch": (
        "SMP1",
        lambda: Pipeline(steps={**fails(49), "C": branch(Last=STOP)}),
    ),
    "a step with a blank": ("SMP2", lambda: Pipeline(steps={"my step": STOP})),
    "a step of 65": ("SMP2", lambda: Pipeline(steps={"a" * 65: STOP})),
    "a name in a branch again": ("SMP2", lambda: Pipeline(steps={"A": STOP, "C": branch(A=STOP)})),
    "a parameter with a dot": ("SMP2", lambda: Param(name="a.b")),
    "a parameter that is not there": ("SMP3", lambda: of(F=FailStep(message=Param(name="Input")))),
    "a step that is not there": ("SMP3", lambda: of(F=FailStep(message=Of(step="T", path="a")))),
    "a parameter inside a join": (
        "SMP3",
        lambda: of(F=FailStep(message=Join(values=["a", Param(name="b")]))),
    ),
    "an output that is not there": (
        "SMP3",
        lambda: of(
            Prepare=ProcessingStep(processing=PREPROCESS),
            F=FailStep(message=OutputOf(step="Prepare", output="trian")),
        ),
    ),
    "a model of a step that makes none": (
        "SMP3",
        lambda: of(
            Prepare=ProcessingStep(processing=PREPROCESS),
            F=FailStep(message=ModelOf(step="Prepare")),
        ),
    ),
    "a step of the other branch": (
        "SMP3",
        lambda: Pipeline(
            steps={
                "C": ConditionStep(
                    conditions=[ALWAYS],
                    then={"A": STOP},
                    otherwise={"B": FailStep(message="b", depends_on=["A"])},
                )
            }
        ),
    ),
    "a step of a branch, from outside": (
        "SMP3",
        lambda: Pipeline(steps={"C": branch(A=STOP), "B": FailStep(message="b", depends_on=["A"])}),
    ),
    "a step that waits for itself": (
        "SMP3",
        lambda: Pipeline(steps={"A": FailStep(message="a", depends_on=["A"])}),
    ),
    "steps that wait for each other": (
        "SMP3",
        lambda: Pipeline(
            steps={
                "A": FailStep(message="a", depends_on=["B"]),
                "B": FailStep(message=Of(step="A", path="X")),
            }
        ),
    ),
    "a condition that waits for its branch": (
        "SMP3",
        lambda: Pipeline(
            steps={
                "C": ConditionStep(conditions=[ALWAYS], then={"A": STOP}, depends_on=["A"]),
            }
        ),
    ),
    "a path with a blank": ("SMP3", lambda: Of(step="A", path="a b")),
    "201 parameters": (
        "SMP4",
        lambda: Pipeline(steps={"A": STOP}, parameters={f"P{n}": Parameter() for n in range(201)}),
    ),
    "a text as a number": ("SMP4", lambda: Parameter(type="Integer", default="1")),
    "True as a number": ("SMP4", lambda: Parameter(type="Integer", default=True)),
    "a default of 1,025": ("SMP4", lambda: Parameter(default="a" * 1025)),
    "a default that is no choice": ("SMP4", lambda: Parameter(default="c", choices=["a", "b"])),
    "17 choices": ("SMP4", lambda: Parameter(choices=[str(n) for n in range(17)])),
    "201 conditions": (
        "SMP5",
        lambda: ConditionStep(conditions=[AnyOf(conditions=[ALWAYS] * 201)], then={"A": STOP}),
    ),
    "21 steps in a branch": ("SMP5", lambda: branch(**fails(21))),
    "no branch": ("SMP5", lambda: ConditionStep(conditions=[ALWAYS])),
    "no condition": ("SMP5", lambda: ConditionStep(conditions=[], then={"A": STOP})),
    "11 property files": (
        "SMP6",
        lambda: evaluate(
            file="F0", files={f"F{n}": PropertyFile(output="evaluation") for n in range(11)}
        ),
    ),
    "a property file of no output": (
        "SMP6",
        lambda: evaluate(files={"Report": PropertyFile(output="evaluations")}),
    ),
    "a property file that is not there": ("SMP3", lambda: evaluate(file="Rapport")),
    "a path with a wildcard": ("SMP6", lambda: evaluate(path="a.*")),
    "a cache without an end": ("SMP7", lambda: Cache(expire_after="30 days")),
    "a cache of no time": ("SMP7", lambda: Cache(expire_after="PT0H")),
    "a retry for ever": ("SMP8", lambda: Retry(on=["Step.THROTTLING"])),
    "a retry with two ends": (
        "SMP8",
        lambda: Retry(on=["Step.THROTTLING"], max_attempts=1, expire_after_minutes=1),
    ),
    "21 attempts": ("SMP8", lambda: Retry(on=["Step.THROTTLING"], max_attempts=21)),
    "14,401 minutes": ("SMP8", lambda: Retry(on=["Step.THROTTLING"], expire_after_minutes=14_401)),
    "a start with an unknown parameter": ("SMP9", lambda: abalone(start_with={"Round": "1"})),
    "a start with another type": ("SMP9", lambda: abalone(start_with={"MseThreshold": "6"})),
    "a trigger without a value": ("SMP15", needy),
    "a file's trigger without a value": (
        "SMP15",
        lambda: written(Parameters=[{"Name": "Rows", "Type": "String"}]).replace(
            automation=Automation(triggers=[DAILY])
        ),
    ),
    "a trigger twice": ("JOB22", lambda: Automation(triggers=[DAILY, DAILY])),
    "uploads of anywhere": ("WFL7", lambda: automated(OnUpload())),
    "uploads that nobody tells of": (
        "WFL7",
        lambda: automated(OnUpload(prefix="incoming/"), sends=False),
    ),
    "uploads of what it writes": ("WFL3", lambda: automated(OnUpload(prefix="pipelines/"))),
    "uploads of what a job writes": (
        "WFL3",
        lambda: placed(writing("incoming/a/"), sends=True),
    ),
    "its own alarm": (
        "WFL6",
        lambda: automated(OnAlarm(alarm=FAILED), alarm_on_failure=True),
    ),
    "a monitor that is not there": ("WFL2", lambda: automated(OnDrift(monitor="fraud"))),
    "a version of a group that is not there": (
        "REG10",
        lambda: placed(
            of(
                R=RegisterStep(
                    register_as=Register(group="abalon"), artifact="s3://data/model.tar.gz"
                )
            )
        ),
    ),
    "a version of a group of another Region": (
        "REG10",
        lambda: registering("s3://data/model.tar.gz", FOREIGN.replace("us-east-1", "eu-west-1")),
    ),
    "a group that is not there": ("REG10", lambda: automated(OnApproval(group="abalon"))),
    "a topic of another Region": (
        "ALM14",
        lambda: automated(notify="arn:aws:sns:eu-west-1:111122223333:ml"),
    ),
    "no parallel step": ("SMP14", lambda: abalone(max_parallel_steps=0)),
    "a display name with a blank": ("SMP14", lambda: abalone(display_name="My pipeline")),
    "no JSON": ("SMP11", lambda: PipelineFile(definition="{")),
    "another version": ("SMP11", lambda: written(Version="2021-01-01")),
    "a file over 1 MiB": ("SMP11", lambda: written(Metadata={"a": "b" * 2**20})),
    "a role of another account": ("SMP11", lambda: placed(role("444455556666"))),
    "a file whose step is not there": (
        "SMP3",
        lambda: written(Steps=[step("A", ErrorMessage={"Get": "Steps.B.X"})]),
    ),
    "a file whose parameter is not there": (
        "SMP3",
        lambda: written(Steps=[step("A", ErrorMessage={"Get": "Parameters.B"})]),
    ),
    "a file with a name twice": ("SMP2", lambda: written(Steps=[step("A"), step("A")])),
    "a file with a name again in a branch": (
        "SMP2",
        lambda: written(Steps=[step("A"), step("C", "Condition", IfSteps=[step("A")])]),
    ),
}


def test_a_step_of_an_unknown_type_is_told() -> None:
    (found,) = problems_of(written(Steps=[step("A", "Trainig")]))
    assert (found.rule, found.severity) == ("SMP16", "warning")
    assert found.path[:3] == ("definition", "Steps", 0)
    assert "did you mean Training" in found.text
    # A checker of Model Monitor is known, and closed.
    (closed,) = problems_of(written(Steps=[step("A", "QualityCheck")]))
    assert closed.rule == "SMP10"
    for kind in STEP_TYPES - {"QualityCheck", "ClarifyCheck"}:
        assert problems_of(written(Steps=[step("A", kind)])) == [], kind


def test_the_types_of_steps_are_those_of_aws() -> None:
    shape: Any = get_session().get_service_model("sagemaker")
    named = shape.shape_for("PipelineExecutionStepMetadata").members
    jobs = ("AutoML", "Processing", "Training", "Transform", "Tuning")
    assert {each.removesuffix("Job") if each != "Job" else each for each in named} == STEP_TYPES
    assert all(f"{each}Job" in named for each in jobs)


def test_a_definition_that_nobody_can_read_is_refused() -> None:
    for text in ("[" * 100_000, '{"Version": NaN}'):
        with pytest.raises(SpecError, match="SMP11"):
            PipelineFile(definition=text)


GOOD: dict[str, Callable[[], Any]] = {
    "the example": lambda: placed(abalone()),
    "50 steps": lambda: Pipeline(steps={**fails(48), "C": branch(Last=STOP)}),
    "a step of 64": lambda: Pipeline(steps={"a" * 64: STOP}),
    "a step of the same branch": lambda: Pipeline(
        steps={"C": branch(A=STOP, B=FailStep(message="b", depends_on=["A"]))}
    ),
    "a step above a branch": lambda: Pipeline(
        steps={"A": STOP, "C": branch(B=FailStep(message="b", depends_on=["A"]))}
    ),
    "200 parameters": lambda: Pipeline(
        steps={"A": STOP}, parameters={f"P{n}": Parameter() for n in range(200)}
    ),
    "a whole number as a float": lambda: Parameter(type="Float", default=1),
    "a default of 1,024": lambda: Parameter(default="a" * 1024),
    "200 conditions": lambda: ConditionStep(
        conditions=[AnyOf(conditions=[ALWAYS] * 199), Negation(condition=ALWAYS)],
        then={"A": STOP},
    ),
    "20 steps in a branch": lambda: branch(**fails(20)),
    "10 property files": lambda: evaluate(
        file="F0", files={f"F{n}": PropertyFile(output="evaluation") for n in range(10)}
    ),
    "a cache of a minute": lambda: Cache(expire_after="PT1M"),
    "20 attempts": lambda: Retry(on=["Step.THROTTLING"], max_attempts=20),
    "14,400 minutes": lambda: Retry(on=["Step.THROTTLING"], expire_after_minutes=14_400),
    "one of several": lambda: OneOfValues(value=MSE, among=[1, 2.5]),
    "a start": lambda: abalone(start_with={"MseThreshold": 5.5, "Rounds": "10"}),
    "a trigger with a value": lambda: needy(start_with={"InputData": "a", "Rounds": "1"}),
    "a parameter without a value, and no trigger": lambda: needy(automation=Automation()),
    "uploads of elsewhere": lambda: placed(writing("outgoing/a/"), sends=True),
    "every trigger": lambda: automated(
        DAILY,
        OnUpload(prefix="incoming/", suffix=".csv"),
        OnAlarm(alarm=FAILED),
        OnApproval(group="abalone"),
        OnEvent(pattern={"source": ["acme.data"]}),
        notify="arn:aws:sns:us-east-1:111122223333:ml",
    ),
    "a role of the account": lambda: placed(role(CONTEXT.account)),
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


def test_a_cached_step_that_sees_no_new_data_is_told() -> None:
    channels = TRAIN.channels["train"].replace(uri="data/train/")
    job = TRAIN.replace(channels={"train": channels}, hyperparameters={})

    def rules(**fields: Any) -> list[str]:
        made = of(Train=TrainingStep(training=job, **fields))
        return [problem.rule for problem in problems_of(made)]

    assert rules(cache=Cache()) == ["SMP13"]
    assert rules() == []


def registering(artifact: Any, group: str = FOREIGN) -> Environment:
    """A pipeline that registers what lies at `artifact`."""
    job = EVALUATE.replace(
        inputs={},
        outputs={
            "kept": ProcessingOutput(),
            "moved": ProcessingOutput(uri="s3://acme-elsewhere/models/"),
        },
    )
    channels = {"train": TRAIN.channels["train"].replace(uri="data/train/")}
    return placed(
        of(
            Train=TrainingStep(training=TRAIN.replace(channels=channels, hyperparameters={})),
            Pack=ProcessingStep(processing=job),
            R=RegisterStep(register_as=Register(group=group), artifact=artifact),
        )
    )


@pytest.mark.parametrize(
    ("artifact", "lies"),
    [
        (ModelOf(step="Train"), "pipelines/abalone/"),
        (OutputOf(step="Pack", output="kept"), "pipelines/abalone/"),
        ("models/1/model.tar.gz", "models/1/model.tar.gz"),
        (OutputOf(step="Pack", output="moved"), None),
        ("s3://acme-elsewhere/model.tar.gz", None),
        (Param(name="InputData"), None),
    ],
    ids=str,
)
def test_an_account_that_cannot_read_what_is_registered_in_its_group_is_told_of(
    artifact: Any, lies: str | None
) -> None:
    told = problems_of(registering(artifact))
    assert [problem.rule for problem in told] == ([] if lies is None else ["REG14"])
    for problem in told:
        assert problem.where == "training.pipelines.abalone.steps.R.register_as.group"
        assert f"in {lies} of " in problem.text
    assert problems_of(registering(artifact, "abalone")) == []


def test_checks_of_model_monitor_are_closed_to_new_customers() -> None:
    made = written(Steps=[step("Quality", "QualityCheck")])
    assert [problem.rule for problem in problems_of(made)] == ["SMP10"]


def test_a_mistake_is_told_where_it_stands() -> None:
    wrong = Condition(left=MSE, comparison="Equals", right=Param(name="Mse"))
    steps = {**abalone().steps, "CheckMse": ConditionStep(conditions=[wrong], then={"F": STOP})}
    with pytest.raises(SpecError) as refusal:
        abalone(steps=steps)
    (problem,) = refusal.value.problems
    assert problem.where == "steps.CheckMse.conditions.0.right"
    assert "did you mean MseThreshold" not in str(problem) or problem.rule == "SMP3"


def test_each_step_comes_after_what_it_waits_for() -> None:
    done, circle = graph.order(abalone().nodes())
    assert circle == []
    assert done.index("Preprocess") < done.index("Train") < done.index("Evaluate")
    assert done.index("CheckMse") < done.index("Register")
    assert done.index("CreateModel") < done.index("Transform")


FILES = Path(__file__).parents[1] / "pipeline_files"


@pytest.mark.parametrize("name", sorted(file.name for file in FILES.glob("*.json")))
def test_what_the_sdk_writes_is_taken_as_it_is(name: str) -> None:
    text = (FILES / name).read_text("utf-8")
    made = PipelineFile(definition=text)
    assert problems_of(placed(made)) == []
    done, circle = graph.order(made.nodes())
    assert len(done) == len([*made.nodes()])
    assert circle == []
    roles = {arn for path, arn in made.named_arns() if path[-1] == "RoleArn"}
    assert roles == {"arn:aws:iam::111122223333:role/sagemaker-pipelines"}
    # A reference to a step that is not there is found in what somebody else wrote, too.
    with pytest.raises(SpecError) as refusal:
        PipelineFile(definition=text.replace("Steps.AbaloneProcess.", "Steps.AbalonProcess."))
    assert {problem.rule for problem in refusal.value.problems} == {"SMP3"}
