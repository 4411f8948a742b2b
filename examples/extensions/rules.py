"""The team's own rules over its Specs."""

from collections.abc import Iterator

from inferform.ecr.spec import Image
from inferform.sagemaker.endpoints.fleet import Fleet
from inferform.service import Place
from inferform.team import Found, rule


@rule(
    "TEAM1",
    over=Fleet,
    refuses="a GPU in dev",
    message="has a GPU, which dev must not; use ml.c7i.xlarge",
    source="the platform team's handbook",
)
def no_gpu_in_dev(spec: Fleet, place: Place) -> Iterator[Found]:
    """GPUs are for staging and prod."""
    if place.environment.context.stage == "dev" and spec.facts.gpus:
        yield "instance_type", spec.instance_type


@rule(
    "TEAM2",
    over=Image,
    refuses="an image that is not approved",
    message="is not approved; ask the platform team for a review",
    severity="warning",
)
def approved_images(spec: Image, place: Place) -> Iterator[Found]:
    """Only images that were reviewed."""
    if spec.repository not in ("fraud", "rerank", "summary"):
        yield "repository", spec.repository
