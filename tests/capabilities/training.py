"""Jobs of SageMaker, and the layer that runs them."""

from __future__ import annotations

from inferform.model.artifact import located

from .record import (
    ACCOUNT,
    MODEL,
    NARROWER,
    OTHER_UNIT,
    PART_OF_A_NAME,
    PART_OF_A_POLICY,
    Capability,
)

_TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:training"
_IMAGE = 'Image(repository="fraud", tag="1.4.2")'

_EXAMPLE = f"""
inference=Inference(
    endpoints={{
        "fraud": RealtimeEndpoint(
            model={MODEL}, instance_type="ml.m5.large", instance_count=2, data_capture=DataCapture(),
        ),
    }},
),
training=Training(
    retrainings={{
        "fraud": Retraining(
            parameters={{"rounds": "10"}},
            prepare=ProcessingJob(
                image={_IMAGE}, instance_type="ml.m5.large",
                inputs={{"raw": ProcessingInput(uri="data/fraud/", distribution="ShardedByS3Key")}},
                outputs={{
                    "train": ProcessingOutput(local_path="/opt/ml/processing/train"),
                    "test": ProcessingOutput(uri="prepared/fraud/"),
                }},
                arguments=["--rounds", "10"], command=["python", "prepare.py"],
                environment={{"LEVEL": "info"}},
            ),
            train=TrainingJob(
                image={_IMAGE}, instance_type="ml.m5.xlarge", instance_count=2,
                channels={{
                    "train": Channel(
                        uri=FromStep(step="prepare", output="train"), content_type="text/csv",
                    ),
                    "images": Channel(
                        uri="data/fraud/images.manifest", data_type="AugmentedManifestFile",
                        input_mode="Pipe", attributes=["image-ref"], shuffle_seed=7,
                        distribution="ShardedByS3Key",
                    ),
                }},
                hyperparameters={{"depth": "3", "rounds": FromInput(name="rounds")}},
                environment={{"LEVEL": "info"}}, command=["python", "train.py"],
                metrics={{"auc": "auc=([0-9.]+)"}}, max_runtime_seconds=3600,
                spot=Spot(max_wait_seconds=7200, checkpoints=Checkpoints()), retries=2,
            ),
            evaluate=Evaluation(
                job=ProcessingJob(
                    image={_IMAGE}, instance_type="ml.m5.large",
                    inputs={{
                        "model": ProcessingInput(uri=FromStep(step="train")),
                        "test": ProcessingInput(uri=FromStep(step="prepare", output="test")),
                    }},
                    outputs={{"evaluation": ProcessingOutput()}},
                ),
                path="metrics.auc", threshold=0.8,
            ),
            registers=Register(
                group="fraud", metadata={{"commit": "1a2b3c"}}, description="fraud",
                realtime_instance_types=["ml.m5.large"], transform_instance_types=["ml.m5.large"],
            ),
            triggers=[
                OnSchedule(schedule="cron(0 2 * * ? *)", timezone="Europe/Berlin", spread_minutes=30),
                OnUpload(prefix="incoming/fraud/", suffix=".csv"),
                OnAlarm(alarm="quality"),
                OnDrift(monitor="fraud"),
                OnApproval(group="fraud", statuses=["Rejected"]),
                OnEvent(pattern={{"source": ["acme.data"]}}),
            ],
            delivery=Delivery(retry_attempts=3, max_age_seconds=600),
            notify="{_TOPIC}",
        ),
        "warm": Retraining(
            train=TrainingJob(
                image={_IMAGE}, instance_type="ml.m5.xlarge", keep_alive_seconds=600, volume_size_gb=50,
                channels={{"train": Channel(uri="data/warm/", gzip=True)}},
            ),
        ),
        "tuned": Retraining(
            train=Tuning(
                job=TrainingJob(
                    image={_IMAGE}, instance_type="ml.g5.xlarge", vpc=False,
                    channels={{"train": Channel(uri="data/tuned/")}},
                    metrics={{"auc": "auc=([0-9.]+)"}},
                ),
                objective="auc", max_jobs=8, max_runtime_seconds=7200, seed=7,
                ranges={{
                    "depth": IntegerRange(minimum=2, maximum=9),
                    "rate": ContinuousRange(minimum=0.01, maximum=0.5, scale="Logarithmic"),
                    "booster": CategoricalRange(values=["gbtree", "dart"]),
                }},
            ),
        ),
    }},
    monitors={{
        "fraud": DriftMonitor(
            endpoint="fraud", image={_IMAGE}, baseline="data/fraud/baseline/", requests_per_hour=500,
            schedule=OnSchedule(schedule="cron(0 4 * * ? *)", spread_minutes=30), then="tuned",
            environment={{"MIN_RECORDS": "50"}}, notify="{_TOPIC}",
        ),
    }},
    egress_cidrs=["192.0.2.0/24"],
),
"""


def _located(value: str) -> str:
    return located(value, "b" * 63)


CAPABILITY = Capability(
    examples={"training": _EXAMPLE},
    checkov={
        "*-training/aws_security_group.jobs": {
            "CKV2_AWS_5": (
                "SageMaker's jobs hold the group, which Checkov does not know as users of one"
            ),
        },
    },
    not_aws={
        "AWS takes the number as a text": (
            "ContinuousRange.maximum",
            "ContinuousRange.minimum",
            "IntegerRange.maximum",
            "IntegerRange.minimum",
        ),
        "a part of the definition of a state machine, which the models hold as one text": (
            "DriftMonitor.environment{key}",
            "DriftMonitor.environment{}",
            "DriftMonitor.instance_type",
            "DriftMonitor.metrics{key}",
            "DriftMonitor.metrics{}",
            "DriftMonitor.thresholds{key}",
            "DriftMonitor.thresholds{}",
            "DriftMonitor.window_hours",
            "Evaluation.comparison",
            "Evaluation.file",
            "Evaluation.output",
            "Evaluation.path",
            "Evaluation.threshold",
            "FromInput.name",
            "FromStep.output",
            "FromStep.step",
            "Retraining.parameters{key}",
            "Retraining.parameters{}",
            "Retraining.retry_capacity_minutes",
        ),
        "the models' pattern is no regular expression": (
            "Register.metadata{key}",
            "Register.metadata{}",
        ),
        "what a rule reckons with, and nothing is made of": ("DriftMonitor.requests_per_hour",),
        OTHER_UNIT: ("OnSchedule.spread_minutes",),
        PART_OF_A_NAME: ("DriftMonitor.baseline", "Register.group"),
        "TrainingJob.image and ProcessingJob.image are sent the same way": ("DriftMonitor.image",),
        PART_OF_A_POLICY: (
            "OnEvent.pattern{key}",
            "OnEvent.pattern{}",
            "OnUpload.prefix",
            "OnAlarm.alarm",
            "OnApproval.statuses[]",
        ),
    },
    left_out={
        "Channel.data_type": {"Converse": "is for the fine-tuning of language models"},
        "Register.approval": {"Rejected": "nobody trains a model to reject it"},
    },
    stricter={
        "a role is granted the data by its bucket and key, of safe characters": (
            "Channel.uri",
            "Checkpoints.uri",
            "ProcessingInput.uri",
            "ProcessingOutput.uri",
        ),
        "an empty text is a slip, and a name that ends in .$ a reference": (
            "CategoricalRange.values[]",
            "TrainingJob.hyperparameters{key}",
            "Tuning.ranges{key}",
        ),
        "a folder of the container that SageMaker does not use otherwise": (
            "Checkpoints.local_path",
            "ProcessingInput.local_path",
            "ProcessingOutput.local_path",
        ),
        "an image is in Amazon ECR, and is named by tag or digest": (
            "ProcessingJob.image",
            "Register.image",
            "TrainingJob.image",
        ),
        "an empty text is a slip; longer ones are no media types": (
            "Register.content_types[]",
            "Register.response_types[]",
        ),
        "SageMaker's developer guide says what the models do not: a group": (
            "TrainingJob.metrics{}",
        ),
        "an alarm tells topics of SNS": (
            "Automation.notify",
            "DriftMonitor.notify",
            "Retraining.notify",
        ),
        NARROWER: (
            "TrainingJob.instance_count",
            "TrainingJob.keep_alive_seconds",
            "TrainingJob.volume_size_gb",
        ),
    },
    shorter={
        "a media type has at most 256 characters": ("Register.response_types[]",),
    },
    sent={
        "Channel.uri": _located,
        "Checkpoints.uri": _located,
        "ProcessingInput.uri": _located,
        "ProcessingOutput.uri": _located,
    },
    good={
        "PRC5": ("/opt/ml/processing/input/data",),
        "TRJ6": ("auc=([0-9.]+)",),
        "SPT5": ("/opt/ml/checkpoints",),
        "REG13": ("text/csv", "a/" + "b" * 254),
        "TRJ17": ("s3://data/fraud/train.csv", "data/fraud/"),
    },
)
