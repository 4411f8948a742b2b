"""The shared registry as the other accounts see it, and what watches every environment."""

from inferform import (
    Approval,
    ArtifactBucket,
    Budget,
    Context,
    Dispatch,
    ModelPackage,
    ModelPackageGroup,
    Notify,
    Observability,
    Registry,
    SlackChannel,
)

from .company import DEV, EUROPE, HOME, PROD, REPOSITORY, SHARED, STAGING, context

GROUPS = ["fraud", "ranking"]
SHARED_CONTEXTS = {region: context("shared", SHARED, region) for region in (HOME, EUROPE)}
BUS = SHARED_CONTEXTS[HOME].arn("events", "event-bus/default")
# The output kms_key_arn of shared-use1-registry and of shared-euw1-registry.
KEYS = {
    SHARED_CONTEXTS[region].bucket("artifacts"): f"arn:aws:kms:{region}:{SHARED}:key/{key}"
    for region, key in (
        (HOME, "0a1b2c3d-1111-2222-3333-444455556666"),
        (EUROPE, "1a2b3c4d-1111-2222-3333-444455556666"),
    )
}


def shared_registry(*deploys: str) -> Registry:
    """The groups, which workloads deploy from; an approval asks for a pull request to `deploys`."""
    return Registry(
        artifacts=ArtifactBucket(send_events=True, read_accounts=[DEV, STAGING, PROD]),
        models={
            name: ModelPackageGroup(
                read_accounts=[DEV, STAGING, PROD], artifact_prefix=f"training/{name}/"
            )
            for name in GROUPS
        },
        approvals={
            name: Approval(group=name, target=Dispatch(repository=REPOSITORY, environments=deploys))
            for name in GROUPS
        },
    )


def workload(stage: str, account: str, region: str) -> Context:
    """An environment that serves what was approved in the shared account."""
    return context(stage, account, region).replace(artifact_keys=KEYS)


def version(arn: str) -> ModelPackage:
    """An approved version; `inferform models resolve` writes its ARN."""
    shared = SHARED_CONTEXTS[arn.split(":")[3]]
    name = arn.split("/")[1].removeprefix(f"{shared.prefix}-")
    return ModelPackage(arn=arn, artifact=f"s3://{shared.bucket('artifacts')}/training/{name}/")


def watched(usd_per_month: float, channel: str = "") -> Observability:
    """Alarms, a dashboard, who is notified, and what may be spent."""
    slack = {"oncall": SlackChannel(workspace="T07EA123LEP", channel=channel)} if channel else {}
    return Observability(
        notify=Notify(emails=["ml-oncall@lark.example"], slack=slack),
        budget=Budget(usd_per_month=usd_per_month),
    )
