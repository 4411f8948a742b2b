"""What is asked of the Model Registry."""

from __future__ import annotations

from typing import Annotated

from ..context import AccountId
from ..rules import rule
from ..spec import Check, Many, Spec

REG1 = rule(
    "REG1",
    refuses="a description of a model package group over 1,024 characters",
    message="must have at most 1,024 characters",
    source="botocore sagemaker EntityDescription",
)


class ModelPackageGroup(Spec):
    """The versions of one model in SageMaker's Model Registry."""

    description: Annotated[
        str,
        Check(
            REG1,
            lambda text: len(text) <= 1024,
            aws="sagemaker:CreateModelPackageGroupInput.ModelPackageGroupDescription",
        ),
    ] = ""
    """What the model is for. Without it, nothing is said."""

    read_accounts: Many[AccountId] = ()
    """Other accounts that may find its versions and deploy them. Without it, none."""
