"""The pipeline of AWS's example on abalones, of typed steps."""

from __future__ import annotations

from typing import Any

from inferform import (
    Cache,
    Channel,
    Condition,
    ConditionStep,
    Execution,
    FailStep,
    Image,
    Join,
    JsonGet,
    ModelOf,
    ModelStep,
    Of,
    OutputOf,
    Param,
    Parameter,
    Pipeline,
    ProcessingInput,
    ProcessingJob,
    ProcessingOutput,
    ProcessingStep,
    PropertyFile,
    Register,
    RegisterStep,
    Retry,
    TrainingJob,
    TrainingStep,
    TransformStep,
)

IMAGE = Image(repository="abalone", tag="1")
PREPROCESS = ProcessingJob(
    image=IMAGE,
    instance_type="ml.m5.xlarge",
    command=["python3", "preprocess.py"],
    arguments=["--input-data", Param(name="InputData")],
    outputs={name: ProcessingOutput() for name in ("train", "validation", "test")},
)
TRAIN = TrainingJob(
    image=IMAGE,
    instance_type="ml.m5.xlarge",
    channels={
        name: Channel(uri=OutputOf(step="Preprocess", output=name), content_type="text/csv")
        for name in ("train", "validation")
    },
    hyperparameters={"objective": "reg:linear", "num_round": Param(name="Rounds")},
)
EVALUATE = ProcessingJob(
    image=IMAGE,
    instance_type="ml.m5.xlarge",
    command=["python3", "evaluate.py"],
    inputs={
        "model": ProcessingInput(uri=ModelOf(step="Train")),
        "test": ProcessingInput(uri=OutputOf(step="Preprocess", output="test")),
    },
    outputs={"evaluation": ProcessingOutput()},
)
MSE = JsonGet(step="Evaluate", file="Report", path="regression_metrics.mse.value")


def abalone(**changes: Any) -> Pipeline:
    """Prepare, train, evaluate; register, make a model and transform where the error is small."""
    steps = {
        "Preprocess": ProcessingStep(processing=PREPROCESS, cache=Cache(expire_after="P30D")),
        "Train": TrainingStep(
            training=TRAIN,
            cache=Cache(expire_after="PT12H"),
            retry=[Retry(on=["SageMaker.CAPACITY_ERROR"], max_attempts=3)],
        ),
        "Evaluate": ProcessingStep(
            processing=EVALUATE, property_files={"Report": PropertyFile(output="evaluation")}
        ),
        "CheckMse": ConditionStep(
            conditions=[
                Condition(
                    left=MSE, comparison="LessThanOrEqualTo", right=Param(name="MseThreshold")
                )
            ],
            then={
                "Register": RegisterStep(
                    register_as=Register(group="abalone"),
                    artifact=ModelOf(step="Train"),
                    metrics=Join(
                        on="/",
                        values=[
                            OutputOf(step="Evaluate", output="evaluation"),
                            "evaluation.json",
                        ],
                    ),
                ),
                "CreateModel": ModelStep(image=IMAGE, artifact=ModelOf(step="Train")),
                "Transform": TransformStep(
                    model=Of(step="CreateModel", path="ModelName"),
                    input=Param(name="BatchData"),
                    instance_type="ml.m5.xlarge",
                ),
            },
            otherwise={
                "Fail": FailStep(
                    message=Join(on=" ", values=["The error is above", Param(name="MseThreshold")])
                )
            },
        ),
    }
    given: dict[str, Any] = {
        "steps": steps,
        "parameters": {
            "InputData": Parameter(default="s3://acme-data/abalone/abalone-dataset.csv"),
            "BatchData": Parameter(default="s3://acme-data/abalone/batch.csv"),
            "Rounds": Parameter(default="50"),
            "MseThreshold": Parameter(type="Float", default=6.0),
        },
        "display_name": "AbalonePipeline",
        "max_parallel_steps": 2,
    }
    return Pipeline(**{**given, **changes})


__all__ = ["Execution", "abalone"]
