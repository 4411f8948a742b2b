"""Models, wherever they run."""

from __future__ import annotations

from inferform.model.artifact import located

from .record import OWN_CHOICE, Capability

CAPABILITY = Capability(
    not_aws={
        OWN_CHOICE: (
            "FrameworkContainer.accelerator",
            "FrameworkContainer.account",
            "FrameworkContainer.framework",
            "FrameworkContainer.version",
        ),
    },
    stricter={
        "a role is granted the bucket and key, so both are there, and of safe characters": (
            "Model.artifact",
        ),
        "an image is in Amazon ECR, and is named by tag or digest": ("Model.image",),
    },
    sent={
        "Model.artifact": lambda artifact: located(artifact, "b" * 63),
    },
    good={
        "MDL9": ("s3://bucket/fraud/", "fraud/1.4.2/model.tar.gz", "fraud/"),
    },
)
