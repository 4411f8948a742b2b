"""What Lark serves, written once: stages differ in versions and sizes."""

from inferform import (
    AsyncEndpoint,
    BacklogPerInstance,
    Canary,
    DataCapture,
    DriftMonitor,
    Image,
    InvocationsPerInstance,
    Model,
    ModelPackage,
    MultiVariantEndpoint,
    RealtimeEndpoint,
    Scaling,
    TargetTracking,
    Variant,
    scale_to_zero,
)

Size = tuple[int, int]  # the fewest and the most instances


def model(name: str, version: str) -> Model:
    """A model by the convention of Lark's build."""
    image = Image(repository=name, tag=version)
    return Model(image=image, artifact=f"{name}/{version}/model.tar.gz")


def _scaling(rate: float, size: Size) -> Scaling:
    policies = [TargetTracking(metric=InvocationsPerInstance(requests_per_second=rate))]
    return Scaling(min_capacity=size[0], max_capacity=size[1], policies=policies)


def fraud(version: ModelPackage, size: Size) -> RealtimeEndpoint:
    """Whether a card payment is a fraud: every payment waits for the answer."""
    return RealtimeEndpoint(
        model=version,
        instance_type="ml.m5.large",
        scaling=_scaling(40, size),
        data_capture=DataCapture(csv_content_types=["text/csv"]),
        rollout=Canary(canary_percent=10),
    )


def ranking(stable: ModelPackage, candidate: ModelPackage, size: Size) -> MultiVariantEndpoint:
    """What a shop shows first, by two versions that are compared."""
    return MultiVariantEndpoint(
        variants={
            name: Variant(
                model=version,
                instance_type="ml.c5.large",
                weight=weight,
                scaling=_scaling(60, size),
            )
            for name, version, weight in (("stable", stable, 9), ("candidate", candidate, 1))
        }
    )


def documents(version: str, most: int) -> AsyncEndpoint:
    """What is on a scanned invoice: minutes for each, nothing at night."""
    return AsyncEndpoint(
        model=model("documents", version),
        instance_type="ml.m5.xlarge",
        scaling=scale_to_zero(BacklogPerInstance(requests=5), max_capacity=most),
    )


# What the frauds are asked, compared with what they were trained on.
DRIFT = DriftMonitor(
    endpoint="fraud", image=Image(repository="drift", tag="1"), baseline="data/fraud/baseline/"
)
