"""All is taken away again."""

from __future__ import annotations

from ..place import KEY, Tour
from .chapter import Chapter


def run(tour: Tour) -> None:
    """Destroy every stack, those above first."""
    tour.say("delete the versions, as SageMaker keeps a group that has some")
    sagemaker = tour.aws.client("sagemaker")
    for number in tour.versions():
        sagemaker.delete_model_package(ModelPackageName=tour.version(number))
    tour.inferform("destroy", f"{KEY}-*", "--auto-approve")
    tour.inferform("status", KEY)


CHAPTER = Chapter(
    "Gone",
    "Every stack of the environment is destroyed, those above first; what nothing depends on at the same time.",
    run,
)
