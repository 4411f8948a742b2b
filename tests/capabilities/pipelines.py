"""Pipelines of SageMaker."""

from __future__ import annotations

import json
from typing import Any

from inferform import (
    Environment,
    ModelPackageGroup,
    Network,
    PipelineFile,
    Registry,
    Repository,
    Training,
)

from .record import DEV, Capability

_TEXT = "a part of a definition, which the models hold as one text"


def definitions() -> Environment:
    """A pipeline that somebody else wrote, and one whose definition is too long to be inline."""
    step = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}
    content: dict[str, Any] = {"Version": "2020-12-01", "Steps": [step]}
    return Environment(
        context=DEV,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(
            repositories={"abalone": Repository()}, models={"abalone": ModelPackageGroup()}
        ),
        training=Training(
            pipelines={
                "file": PipelineFile(definition=json.dumps(content)),
                "long": PipelineFile(
                    definition=json.dumps({**content, "Metadata": {"note": "a" * (2**20 - 200)}})
                ),
            }
        ),
    )


_EXAMPLE = """
training=Training(
    pipelines={
        "abalone": Pipeline(
            steps={
                "Prepare": ProcessingStep(
                    processing=ProcessingJob(
                        image="111122223333.dkr.ecr.us-east-1.amazonaws.com/abalone:1",
                        instance_type="ml.m5.xlarge",
                        arguments=["--input", Param(name="InputData")],
                        outputs={"train": ProcessingOutput()},
                    ),
                    property_files={"Report": PropertyFile(output="train", path="report.json")},
                    cache=Cache(expire_after="P30D"),
                    retry=[
                        Retry(
                            on=["SageMaker.CAPACITY_ERROR"], max_attempts=3, interval_seconds=5,
                            backoff_rate=2.0,
                        ),
                    ],
                    display_name="Prepare", description="Prepares the data",
                ),
                "Train": TrainingStep(
                    training=TrainingJob(
                        image="111122223333.dkr.ecr.us-east-1.amazonaws.com/abalone:1",
                        instance_type="ml.m5.xlarge",
                        channels={"train": Channel(uri=OutputOf(step="Prepare", output="train"))},
                    ),
                    retry=[Retry(on=["Step.THROTTLING"], expire_after_minutes=60)],
                ),
                "Tune": TuningStep(
                    tuning=Tuning(
                        job=TrainingJob(
                            image="111122223333.dkr.ecr.us-east-1.amazonaws.com/abalone:1",
                            instance_type="ml.m5.xlarge", metrics={"mse": "mse=([0-9.]+)"},
                            channels={
                                "train": Channel(uri=OutputOf(step="Prepare", output="train")),
                            },
                        ),
                        objective="mse", ranges={"depth": IntegerRange(minimum=3, maximum=9)},
                    ),
                ),
                "Check": ConditionStep(
                    conditions=[
                        AnyOf(
                            conditions=[
                                Condition(
                                    left=JsonGet(step="Prepare", file="Report", path="rows"),
                                    comparison="GreaterThan", right=1000,
                                ),
                                Negation(
                                    condition=OneOfValues(
                                        value=Param(name="InputData"), among=["none"],
                                    ),
                                ),
                            ],
                        ),
                    ],
                    then={
                        "Register": RegisterStep(
                            register_as=Register(group="fraud"), artifact=ModelOf(step="Tune"),
                            metrics=Join(
                                on="/",
                                values=[OutputOf(step="Prepare", output="train"), "report.json"],
                            ),
                            image="111122223333.dkr.ecr.us-east-1.amazonaws.com/abalone:1",
                        ),
                        "Model": ModelStep(
                            image="111122223333.dkr.ecr.us-east-1.amazonaws.com/abalone:1",
                            artifact=ModelOf(step="Train"), environment={"LEVEL": "info"},
                            network_isolation=True,
                        ),
                        "Transform": TransformStep(
                            model=Of(step="Model", path="ModelName"), input="s3://data/batch/",
                            output="s3://data/predictions/", instance_type="ml.m5.xlarge",
                            instance_count=2, content_type="text/csv", split_type="Line",
                        ),
                    },
                    otherwise={
                        "Stop": FailStep(
                            message=Execution(property="PipelineExecutionId"),
                            depends_on=["Train"],
                        ),
                    },
                ),
            },
            automation=Automation(
                triggers=[
                    OnSchedule(schedule="cron(0 2 * * ? *)", spread_minutes=60),
                    OnUpload(prefix="s3://acme-data/abalone/", suffix=".csv"),
                    OnAlarm(alarm="quality"),
                    OnApproval(group="fraud"),
                    OnEvent(pattern={"source": ["acme.data"]}),
                ],
                delivery=Delivery(retry_attempts=3, max_age_seconds=600),
                notify="arn:aws:sns:us-east-1:111122223333:training", alarm_on_failure=True,
            ),
            parameters={
                "InputData": Parameter(
                    type="String", default="s3://data/a.csv",
                    choices=["s3://data/a.csv", "s3://data/b.csv"],
                ),
            },
            start_with={"InputData": "s3://data/b.csv"},
            display_name="Abalone", description="Trains on abalones", max_parallel_steps=2,
        ),
        "file": PipelineFile(
            definition='{"Version": "2020-12-01", "Steps": [{"Name": "Stop", "Type": "Fail", '
            '"Arguments": {"ErrorMessage": {"Get": "Parameters.Why"}}}], '
            '"Parameters": [{"Name": "Why", "Type": "String"}]}',
            start_with={"Why": "no"},
        ),
    },
),
"""

CAPABILITY = Capability(
    examples={"pipelines": _EXAMPLE},
    environments={"pipelines": definitions},
    not_aws={
        _TEXT: (
            "Condition.left",
            "Condition.right",
            "ConditionStep.otherwise{key}",
            "ConditionStep.then{key}",
            "Execution.property",
            "JsonGet.file",
            "JsonGet.step",
            "ModelOf.step",
            "Of.step",
            "OneOfValues.among[]",
            "OneOfValues.value",
            "OutputOf.step",
            "Param.name",
            "Pipeline.parameters{key}",
            "Pipeline.start_with{key}",
            "Pipeline.start_with{}",
            "Pipeline.steps{key}",
            "PipelineFile.start_with{key}",
            "PipelineFile.start_with{}",
            "PipelineStep.depends_on[]",
            "PipelineStep.description",
            "PipelineStep.display_name",
            "ProcessingStep.property_files{key}",
            "Cache.expire_after",
            "Condition.comparison",
            "FailStep.message",
            "Join.on",
            "Join.values[]",
            "JsonGet.path",
            "ModelStep.artifact",
            "ModelStep.environment{key}",
            "ModelStep.environment{}",
            "ModelStep.image",
            "Of.path",
            "OutputOf.output",
            "Parameter.choices[]",
            "Parameter.default",
            "Parameter.type",
            "PipelineFile.definition",
            "PropertyFile.output",
            "PropertyFile.path",
            "RegisterStep.artifact",
            "RegisterStep.image",
            "RegisterStep.metrics",
            "Retry.on[]",
            "Retry.max_attempts",
            "Retry.expire_after_minutes",
            "Retry.interval_seconds",
            "Retry.backoff_rate",
            "TransformStep.content_type",
            "TransformStep.input",
            "TransformStep.instance_count",
            "TransformStep.instance_type",
            "TransformStep.model",
            "TransformStep.output",
            "TransformStep.split_type",
        ),
    },
    unnamed={
        "aws_sagemaker_pipeline.pipeline_display_name": "what people see, which two may share",
    },
    stricter={"what cannot be printed is a slip": ("AnyPipeline.description",)},
    own={"a text that is sent as bytes": ("aws_s3_object.content",)},
    elsewhere={
        "aws_s3_object.kms_key_id": "s3:PutObjectRequest.SSEKMSKeyId",
    },
    requests={
        "aws_s3_object": "s3:PutObject",
        "aws_sagemaker_pipeline": "sagemaker:CreatePipeline",
    },
)
