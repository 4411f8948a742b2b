"""A fleet of devices: its thing group, and what its devices may do; and the role of a compilation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..cdk import Construct
from ..context import Context
from ..iam import grants
from ..iam.execution_role import ExecutionRole
from ..iam.policy import Statement, allow, document
from ..model.artifact import located
from ..overriding import override
from ..s3_uri import bucket_and_key
from . import names as named
from .spec import Compilation, EdgeComponent, EdgeFleet, needed

from cdktf_cdktf_provider_aws.iot_policy import IotPolicy
from cdktf_cdktf_provider_aws.iot_role_alias import IotRoleAlias
from cdktf_cdktf_provider_aws.iot_thing_group import IotThingGroup
from cdktf_cdktf_provider_aws.iot_thing_type import IotThingType

_COMPILATION_LOGS = "/aws/sagemaker/CompilationJobs"


class Fleet(Construct):
    """One fleet. `name` and `arn` are those of its thing group, `role_alias` is what its devices get
    credentials by, `policy` what is attached to their certificates, and `thing_prefix` what their names
    begin with."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: EdgeFleet,
        components: Mapping[str, EdgeComponent],
        artifact_bucket: str,
        kms_key_arn: str,
    ) -> None:
        """`components` are those of the environment, by short name."""
        super().__init__(scope, id)
        self.name = named.fleet_name(context, id)
        self.arn = named.fleet_arn(context, id)
        self.thing_prefix = named.thing_prefix(context, id)
        runs = [components[each] for each in needed(context, components, spec.components)]
        IotThingGroup(self, "group", name=self.name)
        IotThingType(self, "type", name=self.name)
        role = ExecutionRole(
            self,
            "execution",
            context=context,
            name=named.fleet_role(id),
            statements=_device_statements(context, runs, artifact_bucket, kms_key_arn),
            service="credentials.iot.amazonaws.com",
            longest_session=spec.credential_duration_seconds,
        )
        alias = IotRoleAlias(
            self,
            "alias",
            alias=self.name,
            role_arn=role.arn,
            credential_duration=spec.credential_duration_seconds,
            depends_on=role.ready,
        )
        self.role_alias: str = alias.alias
        IotPolicy(self, "policy", name=self.name, policy=self._policy(context, spec))
        self.policy = self.name
        override(spec, self)

    def _policy(self, context: Context, spec: EdgeFleet) -> str:
        """What a device may do in IoT, as one of its fleet.

        IoT does not fill in variables of things for core devices, and a core device connects by several
        client ids that begin with its name: names are let in by what they begin with.

        Source: AWS IoT Greengrass V2 developer guide, device authentication and authorization (minimal AWS
        IoT policy for core devices, and the note on thing policy variables)."""

        def iot(*resources: str) -> list[str]:
            return [context.arn("iot", each) for each in resources]

        things = f"{self.thing_prefix}*"
        told = [
            f"$aws/things/{things}/{each}/health/json" for each in ("greengrass", "greengrassv2")
        ]
        heard = [f"$aws/things/{things}/{each}/*" for each in ("jobs", "shadow")]
        statements: list[Statement] = [
            allow("iot:Connect", iot(f"client/{things}"), sid="Connect"),
            allow(
                ["iot:Publish", "iot:Receive"],
                iot(*(f"topic/{each}" for each in (*told, *heard, *map(_wild, spec.topics)))),
                sid="PublishAndReceive",
            ),
            allow(
                "iot:Subscribe",
                iot(*(f"topicfilter/{each}" for each in (*heard, *spec.topics))),
                sid="Subscribe",
            ),
            allow(
                ["iot:DeleteThingShadow", "iot:GetThingShadow", "iot:UpdateThingShadow"],
                iot(f"thing/{things}"),
                sid="KeepShadows",
            ),
            # AWS's minimal policy names no resource for these.
            allow(
                [
                    "greengrass:GetComponentVersionArtifact",
                    "greengrass:GetDeploymentConfiguration",
                    "greengrass:ListThingGroupsForCoreDevice",
                    "greengrass:ResolveComponentCandidates",
                ],
                "*",
                sid="TakeDeployments",
            ),
            allow(
                "iot:AssumeRoleWithCertificate",
                context.arn("iot", f"rolealias/{self.name}"),
                sid="GetCredentials",
            ),
        ]
        return document(*statements)


def _wild(topic: str) -> str:
    """A topic filter as resources of policies have it, whose wildcards are others."""
    return topic.replace("+", "*").replace("#", "*")


def _device_statements(
    context: Context, runs: list[EdgeComponent], bucket: str, key: str
) -> Iterator[Statement]:
    """What devices do with credentials of the role: fetch what they run, and write logs."""
    yield allow(
        [
            *("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams"),
            "logs:PutLogEvents",
        ],
        context.arn("logs", "log-group:/aws/greengrass/*"),
        sid="WriteLogs",
    )
    for each in runs:
        if each.artifact is not None:
            uri = located(each.artifact, bucket)
            place = bucket_and_key(uri)[0]
            # The device asks for a bucket's Region first.
            yield allow(
                "s3:GetBucketLocation", f"arn:{context.partition}:s3:::{place}", sid="FindBucket"
            )
            yield from grants.read_artifact(context, uri, key)
        if each.image is not None:
            yield from grants.pull(context, each.image)


class CompilationRole(Construct):
    """What a compilation job of Neo acts as: it reads the model, writes what it makes of it, and logs.

    Source: Amazon SageMaker API reference, CreateCompilationJob (RoleArn)."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: Compilation,
        artifact_bucket: str,
        kms_key_arn: str,
    ) -> None:
        super().__init__(scope, id)
        uri = located(spec.artifact, artifact_bucket)
        places = {artifact_bucket, bucket_and_key(uri)[0]}
        buckets = [f"arn:{context.partition}:s3:::{each}" for each in sorted(places)]
        self.role = ExecutionRole(
            self,
            "execution",
            context=context,
            name=named.compile_role(id),
            statements=[
                *grants.read_artifact(context, uri, kms_key_arn),
                allow("s3:GetBucketLocation", buckets, sid="FindBucket"),
                *grants.write_objects(
                    context, f"{artifact_bucket}/{named.compiled(id)}", kms_key_arn, "WriteCompiled"
                ),
                *grants.log_and_measure(context, _COMPILATION_LOGS),
                allow(
                    "logs:CreateLogGroup",
                    context.arn("logs", f"log-group:{_COMPILATION_LOGS}"),
                    sid="MakeLogs",
                ),
            ],
        )
        override(spec, self)
