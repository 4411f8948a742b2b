"""SageMaker's Model Monitor, for accounts that have it."""

from __future__ import annotations

from inferform import (
    DataCapture,
    Environment,
    Image,
    Inference,
    Model,
    ModelMonitor,
    Network,
    RealtimeEndpoint,
    Registry,
    Repository,
    Training,
)
from inferform.model.artifact import located

from .record import DEV, MODEL, Capability


def monitored() -> Environment:
    """An endpoint whose captured traffic a model monitor reads."""
    return Environment(
        context=DEV,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        inference=Inference(
            endpoints={
                "fraud": RealtimeEndpoint(
                    model=Model(
                        image=Image(repository="fraud", tag="1.4.2"),
                        artifact="fraud/1/model.tar.gz",
                    ),
                    instance_type="ml.m5.large",
                    data_capture=DataCapture(),
                )
            }
        ),
        training=Training(
            model_monitors={
                "fraud": ModelMonitor(
                    endpoint="fraud",
                    statistics="baselines/fraud/statistics.json",
                    constraints="baselines/fraud/constraints.json",
                )
            }
        ),
    )


_EXAMPLE = f"""
inference=Inference(
    endpoints={{
        "fraud": RealtimeEndpoint(
            model={MODEL}, instance_type="ml.m5.large", instance_count=2, data_capture=DataCapture(),
        ),
    }},
),
training=Training(
    model_monitors={{
        "fraud": ModelMonitor(
            endpoint="fraud", statistics="baselines/fraud/statistics.json",
            constraints="baselines/fraud/constraints.json", schedule="cron(0 0/6 ? * * *)",
            instance_type="ml.m5.2xlarge", instance_count=2, volume_size_gb=40,
            max_runtime_seconds=3600, preprocessor="scripts/before.py",
            postprocessor="scripts/after.py", environment={{"LEVEL": "info"}},
        ),
        "scores": ModelMonitor(
            batch=BatchCapture(uri="captured/scores/", header=True), publish_metrics=False, vpc=False,
            statistics="baselines/scores/statistics.json",
            constraints="baselines/scores/constraints.json",
        ),
        "lines": ModelMonitor(
            batch=BatchCapture(uri="captured/lines/", format="json"),
            statistics="baselines/lines/statistics.json",
            constraints="baselines/lines/constraints.json",
        ),
    }},
),
"""


def _located(value: str) -> str:
    return located(value, "b" * 63)


CAPABILITY = Capability(
    environments={"monitored": monitored},
    examples={"model_monitor": _EXAMPLE},
    not_aws={
        "a block by which AWS knows the form of records": ("BatchCapture.format",),
    },
    stricter={
        "a role is granted the data by its bucket and key, of safe characters": (
            "BatchCapture.uri",
            "ModelMonitor.constraints",
            "ModelMonitor.postprocessor",
            "ModelMonitor.preprocessor",
            "ModelMonitor.statistics",
        ),
        "AWS says which forms of expressions it takes, and the models do not": (
            "ModelMonitor.schedule",
        ),
    },
    shorter={
        "the bucket of a key, and what AWS adds to a prefix, need room": (
            "BatchCapture.uri",
            "ModelMonitor.constraints",
            "ModelMonitor.postprocessor",
            "ModelMonitor.preprocessor",
            "ModelMonitor.statistics",
        ),
        "AWS says which forms of expressions it takes": ("ModelMonitor.schedule",),
    },
    checkov={
        "*/aws_sagemaker_data_quality_job_definition.*": {
            "CKV_AWS_369": "a job of one instance has no others to talk to; more are encrypted",
        },
    },
    requests={
        "aws_sagemaker_data_quality_job_definition": "sagemaker:CreateDataQualityJobDefinition",
        "aws_sagemaker_monitoring_schedule": "sagemaker:CreateMonitoringSchedule",
    },
    sent={
        "BatchCapture.uri": _located,
        "ModelMonitor.constraints": _located,
        "ModelMonitor.postprocessor": _located,
        "ModelMonitor.preprocessor": _located,
        "ModelMonitor.statistics": _located,
    },
    unnamed={
        "aws_sagemaker_data_quality_job_definition.name": "ends with a hash of what it holds",
    },
    good={
        "MMO3": ("cron(0 * ? * * *)", "cron(0 3 ? * * *)", "cron(0 0/6 ? * * *)"),
        "MMO10": ("baselines/statistics.json", "scripts/before.py"),
    },
)
