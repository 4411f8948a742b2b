"""What is asked of each layer beside the network, whose Spec is the VPC's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from ..bedrock.spec import InferenceProfile, ProvisionedThroughput
from ..context import Context
from ..ecr.registry import CachePrefix, PullThroughCache, RegistrySettings
from ..ecr.spec import ECR26, Repository
from ..ecs.spec import EcsService
from ..events.spec import APR2, APR7, Approval, EventBus
from ..existing import GroupId, key_problems
from ..functions.spec import LambdaFunction
from ..names import Name, role
from ..overrides import Overridable
from ..own import OwnService
from ..places import KeyArn
from ..rules import Problem, did_you_mean
from ..s3.spec import REPLICATION, ArtifactBucket, ExistingBucket
from ..sagemaker.batch import BatchTransform
from ..sagemaker.endpoints import AnyEndpoint
from ..sagemaker.registry import REG5, REG6, REG7, ModelPackageGroup
from ..service import Billed, Named, Place
from ..spec import Aws, Cidrs, OneOf, ShortName
from ..usage import Usage, exactly

KEY = "data"
"""The environment's key, in its name."""

ARTIFACTS = "artifacts"
"""The artifact bucket, in its name."""

MODELS = "models"
"""The security group of what SageMaker runs, in its name."""


class Registry(Overridable, Billed, Named):
    """Image repositories, the artifact bucket, and the key that encrypts both."""

    repositories: dict[ShortName, Repository] = {}
    """ECR repositories by short name. Default: none."""

    artifacts: Annotated[ArtifactBucket | ExistingBucket, OneOf()] = ArtifactBucket()
    """The bucket of model artifacts, or one that exists. Default: one with the defaults."""

    models: dict[ShortName, ModelPackageGroup] = {}
    """Model package groups of the Model Registry by short name. Default: none."""

    approvals: dict[ShortName, Approval] = {}
    """What starts once a version of a model package group is approved, by short name. Default:
    none."""

    event_bus: EventBus | None = None
    """The event bus that other accounts pass the events of their groups on to. Default: None, none is
    made."""

    caches: dict[CachePrefix, PullThroughCache] = {}
    """Caches of other registries by the prefix of their repositories: `{"docker-hub":
    PullThroughCache(…)}`. An account has each prefix once in a Region. Default: none."""

    settings: RegistrySettings | None = None
    """What the account has once in a Region: scanning, replication, the registry's policy. One
    environment of an account and Region carries it. Default: None, left as it is."""

    kms_key: KeyArn | None = None
    """The environment's key, where it exists already, of this account or another. Its policy must
    let the account's roles and CloudWatch Logs use it, and who reads artifacts from other accounts.
    Default: None, one is made."""

    def check(self) -> Iterator[Problem]:
        """Groups and approvals name what is there."""
        for name, group in self.models.items():
            for index, repository in enumerate(group.repositories):
                if repository not in self.repositories:
                    hint = did_you_mean(repository, self.repositories)
                    path = ("models", name, "repositories", index)
                    yield REG7.problem(*path, got=repository, hint=hint)
        for name, approval in self.approvals.items():
            if "/" not in approval.group:
                yield from self._check_approval(name, approval)

    def _check_approval(self, name: str, approval: Approval) -> Iterator[Problem]:
        """An approval of a group of the registry's own."""
        group = self.models.get(approval.group)
        if group is None:
            hint = did_you_mean(approval.group, self.models)
            wrong = f"is no group of registry.models{hint}"
            yield APR2.problem("approvals", name, "group", got=approval.group, wrong=wrong)
            return
        for index, stage in enumerate(approval.stages):
            if group.stages and stage not in group.stages:
                wrong = f"is no stage of {approval.group}{did_you_mean(stage, group.stages)}"
                yield APR7.problem("approvals", name, "stages", index, got=stage, wrong=wrong)

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The key is of the environment's Region, repositories of its own registry, and events of other
        accounts have a bus."""
        yield from super().check_in(context)
        yield from self._check_shared(context)
        received = self.event_bus.from_accounts if self.event_bus else ()
        for name, approval in self.approvals.items():
            account = approval.group.split(":")[4] if "/" in approval.group else context.account
            if not approval.is_of_registry(context) and account not in received:
                wrong = (
                    f"is in account {account}, whose events do not come here; name it in "
                    "event_bus.from_accounts, and forward them there by an Approval with ForwardTo"
                )
                yield APR2.problem("approvals", name, "group", got=approval.group, wrong=wrong)
        if self.kms_key is not None:
            yield from key_problems(context, self.kms_key)
        own = f"{context.account}.dkr.ecr.{context.region}.{context.dns_suffix}"
        for name in self.repositories:
            given = context.naming.repositories.get(name, "")
            if ".dkr.ecr." in given and not given.startswith(f"{own}/"):
                yield ECR26.problem("repositories", name, given=given)

    def _check_shared(self, context: Context) -> Iterator[Problem]:
        """What other accounts have of groups: a policy that fits, a bucket and a key that let them."""
        for name, group in self.models.items():
            policy = group.policy(context, name) or ""
            if len(policy) > 20_480:
                field = "register_accounts" if group.register_accounts else "read_accounts"
                yield REG6.problem("models", name, field, length=f"{len(policy):,}")
            given = [
                *(["the bucket"] if self.own_artifacts is None else []),
                *(["the key"] if self.kms_key is not None else []),
            ]
            if group.accounts and given:
                yield REG5.problem(
                    *("models", name),
                    accounts=", ".join(group.accounts),
                    what=" and ".join(given),
                    may="read and write" if group.register_accounts else "read",
                )

    def names(self, place: Place) -> Iterator[Name]:
        """Of the key and the bucket, and of its replication."""
        context = place.environment.context
        if self.own_artifacts is not None:
            yield Name("aws_s3_bucket", self.bucket(context))
            if self.own_artifacts.replicas:
                yield Name("aws_iam_role", role(context, REPLICATION))
        if self.kms_key is None:
            yield Name("aws_kms_alias", f"alias/{context.name(KEY)}")

    @property
    def own_artifacts(self) -> ArtifactBucket | None:
        """The bucket of artifacts that is made; None where one exists."""
        return self.artifacts if isinstance(self.artifacts, ArtifactBucket) else None

    def bucket(self, context: Context) -> str:
        """The name of the bucket of artifacts."""
        if isinstance(self.artifacts, ExistingBucket):
            return self.artifacts.name
        return context.bucket(ARTIFACTS)

    def uses(self, place: Place) -> Iterator[Usage]:
        """The environment's key, and enhanced scans of the registry, which are billed by image."""
        if self.kms_key is None:
            yield Usage("registry", "kms/key", exactly(1))
        scanning = self.settings.scanning if self.settings else None
        if scanning is not None and scanning.type == "ENHANCED":
            yield Usage("registry", "ecr/enhanced-scan", None)


class Inference(Overridable, Named):
    """Everything that serves predictions."""

    endpoints: Mapping[ShortName, AnyEndpoint] = {}
    """SageMaker endpoints of any kind by short name. Default: none."""

    batch: dict[ShortName, BatchTransform] = {}
    """Batch transforms by short name. Default: none."""

    services: dict[ShortName, EcsService] = {}
    """ECS services by short name, on the cluster of the ecs layer. Default: none."""

    functions: dict[ShortName, LambdaFunction] = {}
    """Services on AWS Lambda by short name. Default: none."""

    throughputs: dict[ShortName, ProvisionedThroughput] = {}
    """Provisioned throughput of Bedrock by short name. Default: none."""

    profiles: dict[ShortName, InferenceProfile] = {}
    """Application inference profiles of Bedrock by short name. Default: none."""

    own: dict[ShortName, OwnService] = {}
    """Services of kinds of your own by short name. Default: none."""

    egress_cidrs: Annotated[Cidrs, Aws("ec2:IpRange.CidrIp")] = ()
    """Where model containers may open HTTPS connections beside AWS services. With `security_group`
    nothing is made of it, and it says what that one lets out. Default: nowhere."""

    security_group: GroupId | None = None
    """A security group that exists, instead of the one that is made for what SageMaker runs: of a
    group whose services came from another, and keep what they were made in. It must let HTTPS out.
    Default: None, one is made."""

    def names(self, place: Place) -> Iterator[Name]:
        """Of the security group of what SageMaker runs."""
        if (self.endpoints or self.batch) and self.security_group is None:
            parts = filter(None, [MODELS, place.group])
            yield Name("aws_security_group", place.environment.context.name(*parts))
