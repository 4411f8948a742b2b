"""A layer of the team's own: where reports on models go, with what it hands up."""

from dataclasses import dataclass

from inferform import Outputs, RegistryOutputs
from inferform.layers.built import Built


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsOutputs(Outputs):
    """What the reports layer hands up."""

    log_group: str
    topic_arn: str


def add(built: Built) -> None:
    """A stack `reports`, encrypted by the environment's key, which it reads from the registry."""
    from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
    from cdktf_cdktf_provider_aws.sns_topic import SnsTopic

    layer = built.add_layer("reports")
    registry = built.outputs("registry", RegistryOutputs, layer)
    logs = CloudwatchLogGroup(
        layer,
        "logs",
        name=f"/reports/{built.environment.key}",
        retention_in_days=90,
        kms_key_id=registry.kms_key_arn,
    )
    topic = SnsTopic(
        layer,
        "topic",
        name=built.context.name("reports"),
        kms_master_key_id=registry.kms_key_arn,
    )
    layer.hand_up(ReportsOutputs(log_group=logs.name, topic_arn=topic.arn))
