"""Lark's accounts, and what its environments have in common. Account ids live here and nowhere else."""

from inferform import Context, ImageOwner, Naming

TOOLS, SHARED = "123456789012", "222233334444"
DEV, STAGING, PROD = "333344445555", "444455556666", "555566667777"
HOME, EUROPE = "us-east-1", "eu-west-1"
REPOSITORY = "lark/platform"
IMAGES = [
    "documents",
    "drift",
    "embeddings",
    "fraud",
    "fraud-train",
    "language",
    "many",
    "score",
    "topics",
]

TOOLS_CONTEXT = Context(
    organization="lark",
    stage="tools",
    account=TOOLS,
    region=HOME,
    owner="ml-platform",
    # The same in every Region, as ECR replicates an image under its name.
    naming=Naming(repositories={name: f"lark/{name}" for name in IMAGES}),
)


def context(stage: str, account: str, region: str) -> Context:
    """An environment that a pipeline deploys, with the images of the tools account."""
    return TOOLS_CONTEXT.replace(
        stage=stage,
        account=account,
        region=region,
        deploy_role="inferform-deploy",
        plan_role="inferform-plan",
        permissions_boundary="inferform-boundary",
        images=ImageOwner(account=TOOLS, stage="tools"),
    )
