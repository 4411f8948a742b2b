"""The tools account: the pipelines, and the images that they build."""

from inferform import Environment, Registry, RegistrySettings, Replication, Repository

from .company import DEV, EUROPE, IMAGES, PROD, SHARED, STAGING, TOOLS_CONTEXT
from .pipelines import DELIVERY

# ECR replicates images and no policies: each Region has the repositories.
REPOSITORIES = {
    name: Repository(
        pull_accounts=[SHARED, DEV, STAGING, PROD],
        pull_services=["lambda"] if name == "language" else [],
    )
    for name in IMAGES
}
use1 = Environment(
    context=TOOLS_CONTEXT,
    registry=Registry(
        repositories=REPOSITORIES,
        settings=RegistrySettings(replication=[Replication(regions=[EUROPE])]),
    ),
    delivery=DELIVERY,
)
euw1 = Environment(
    context=TOOLS_CONTEXT.replace(region=EUROPE), registry=Registry(repositories=REPOSITORIES)
)
