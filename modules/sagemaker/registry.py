"""What is asked of the Model Registry."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Annotated

from ..context import AccountId
from ..names import Name
from ..overrides import Overridable
from ..rules import rule
from ..service import Named, Place
from ..spec import Aws, Check, Many

REG1 = rule(
    "REG1",
    refuses="a description of a model package group over 1,024 characters, or with a line break or "
    "another control character",
    message="must have at most 1,024 characters, without line breaks and other control characters",
    source="botocore sagemaker EntityDescription",
)


def _is_description(text: str) -> bool:
    return len(text) <= 1024 and all(unicodedata.category(char)[0] != "C" for char in text)


class ModelPackageGroup(Overridable, Named):
    """The versions of one model in SageMaker's Model Registry."""

    description: Annotated[
        str,
        Check(REG1, _is_description),
        Aws("sagemaker:CreateModelPackageGroupInput.ModelPackageGroupDescription"),
    ] = ""
    """What the model is for. AWS takes it when the group is created: a later change is ignored,
    as only a new group could have it, and `inferform review` tells it (KEPT1). Default: nothing is
    said."""

    read_accounts: Many[AccountId] = ()
    """Other accounts that may find its versions and deploy them. Default: none."""

    def names(self, place: Place) -> Iterator[Name]:
        """Its own."""
        context = place.environment.context
        yield Name("aws_sagemaker_model_package_group", context.name(place.name))
