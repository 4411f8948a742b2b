"""The pipelines that deploy every environment but their own, and whom the environments let in."""

from inferform import (
    DeliveryPipelines,
    DeploymentWindow,
    DeployPipeline,
    GitSource,
    Identity,
    ImageBuild,
    ManualApproval,
    OnPullRequest,
    OnPush,
    OnTag,
    Promotion,
    ReviewPipeline,
    TargetEnvironment,
)

from .company import DEV, IMAGES, PROD, REPOSITORY, SHARED, STAGING, TOOLS_CONTEXT

_EARLY = {"shared-use1": SHARED, "shared-euw1": SHARED, "dev-use1": DEV, "staging-euw1": STAGING}
_LATE = {"prod-use1": PROD, "prod-euw1": PROD}
_TARGETS = {
    key: TargetEnvironment(key=key, account=account) for key, account in (_EARLY | _LATE).items()
}
DELIVERY = DeliveryPipelines(
    source=GitSource(repository=REPOSITORY),
    pipelines={
        "review": ReviewPipeline(
            trigger=OnPullRequest(branches=["main"]), environments=[*_TARGETS.values()]
        ),
        "main": DeployPipeline(
            trigger=OnPush(branches=["main"]),
            images=[ImageBuild(repository=name, directory=f"models/{name}") for name in IMAGES],
            promotions=[Promotion(environment=_TARGETS[key]) for key in _EARLY],
        ),
        "release": DeployPipeline(
            trigger=OnTag(tags=["v*"]),
            promotions=[
                Promotion(
                    environment=_TARGETS[key],
                    approval=ManualApproval(timeout_minutes=2_880),
                    window=DeploymentWindow(cron="* * 9-16 ? * MON-THU *"),
                )
                for key in _LATE
            ],
        ),
    },
)


def identity(*keys: str, regions: list[str] | None = None) -> Identity:
    """The roles of an account, which the pipelines of its environments may assume."""
    return Identity(
        operators=DELIVERY.operators(TOOLS_CONTEXT, *keys),
        planners=DELIVERY.planners(TOOLS_CONTEXT, *keys),
        regions=regions or [],
        deploy_services=["dynamodb"],  # the tables of team/features.py
    )
