"""Jobs of SageMaker, and the layer that runs them."""

from __future__ import annotations

from inferform.model.artifact import located

from .record import NARROWER, Capability

_EXAMPLE = """
training=Training(egress_cidrs=["192.0.2.0/24"]),
"""


def _located(value: str) -> str:
    return located(value, "b" * 63)


CAPABILITY = Capability(
    examples={"training": _EXAMPLE},
    not_aws={
        "AWS takes the number as a text": (
            "ContinuousRange.maximum",
            "ContinuousRange.minimum",
            "IntegerRange.maximum",
            "IntegerRange.minimum",
        ),
    },
    left_out={"Channel.data_type": {"Converse": "is for the fine-tuning of language models"}},
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
            "TrainingJob.image",
        ),
        "SageMaker's developer guide says what the models do not: a group": (
            "TrainingJob.metrics{}",
        ),
        NARROWER: (
            "TrainingJob.instance_count",
            "TrainingJob.keep_alive_seconds",
            "TrainingJob.volume_size_gb",
        ),
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
        "TRJ17": ("s3://data/fraud/train.csv", "data/fraud/"),
    },
)
