"""What is asked of each layer beside the network, whose Spec is the VPC's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from ..context import Context, KeyArn
from ..ecr.registry import CachePrefix, PullThroughCache, RegistrySettings
from ..ecr.spec import ECR26, Repository
from ..ecs.spec import EcsService
from ..existing import key_problems
from ..functions.spec import LambdaFunction
from ..names import Name, role
from ..overrides import Overridable
from ..own import OwnService
from ..rules import Problem
from ..s3.spec import REPLICATION, ArtifactBucket, ExistingBucket
from ..sagemaker.batch import BatchTransform
from ..sagemaker.endpoints import AnyEndpoint
from ..sagemaker.registry import ModelPackageGroup
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

    def check_in(self, context: Context) -> Iterator[Problem]:
        """The key is of the environment's Region, repositories of its own registry."""
        yield from super().check_in(context)
        if self.kms_key is not None:
            yield from key_problems(context, self.kms_key)
        own = f"{context.account}.dkr.ecr.{context.region}.{context.dns_suffix}"
        for name in self.repositories:
            given = context.naming.repositories.get(name, "")
            if ".dkr.ecr." in given and not given.startswith(f"{own}/"):
                yield ECR26.problem("repositories", name, given=given)

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

    own: dict[ShortName, OwnService] = {}
    """Services of kinds of your own by short name. Default: none."""

    egress_cidrs: Annotated[Cidrs, Aws("ec2:IpRange.CidrIp")] = ()
    """Where model containers may open HTTPS connections beside AWS services. Default:
    nowhere."""

    def names(self, place: Place) -> Iterator[Name]:
        """Of the security group of what SageMaker runs."""
        if self.endpoints or self.batch:
            parts = filter(None, [MODELS, place.group])
            yield Name("aws_security_group", place.environment.context.name(*parts))
