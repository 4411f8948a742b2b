"""What every environment has in common. Account ids live in this folder and nowhere else."""

from inferform import (
    Context,
    Image,
    InvocationsPerInstance,
    Model,
    Repository,
    Scaling,
    TargetTracking,
)

WORKLOADS_ACCOUNT = "111122223333"
PRODUCTION_ACCOUNT = "444455556666"

REPOSITORIES = {"fraud": Repository(), "ranking": Repository()}


def context(stage: str, account: str, region: str, *, protected: bool = False) -> Context:
    """The Context of one of acme's environments."""
    return Context(
        organization="acme",
        stage=stage,
        account=account,
        region=region,
        owner="ml-platform",
        deploy_role="inferform-deploy",
        plan_role="inferform-plan",
        protected=protected,
    )


def model(name: str, version: str) -> Model:
    """A model by the convention of acme's build: one image tag and one artifact a version."""
    return Model(
        image=Image(repository=name, tag=version),
        artifact=f"{name}/{version}/model.tar.gz",
    )


def follow_load(requests_per_second: float, *, minimum: int, maximum: int) -> Scaling:
    """Scaling by what one instance was load-tested to serve."""
    metric = InvocationsPerInstance(requests_per_second=requests_per_second)
    return Scaling(
        min_capacity=minimum,
        max_capacity=maximum,
        policies=[TargetTracking(metric=metric)],
    )
