"""The settings of an account's registry in a Region, and its caches of other registries."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ..cdk import Construct
from ..context import Context
from .registry import PullThroughCache, RegistrySettings, Replication, Scanning

from cdktf_cdktf_provider_aws.ecr_pull_through_cache_rule import EcrPullThroughCacheRule
from cdktf_cdktf_provider_aws.ecr_registry_policy import EcrRegistryPolicy
from cdktf_cdktf_provider_aws.ecr_registry_scanning_configuration import (
    EcrRegistryScanningConfiguration,
    EcrRegistryScanningConfigurationRule,
    EcrRegistryScanningConfigurationRuleRepositoryFilter,
)
from cdktf_cdktf_provider_aws.ecr_replication_configuration import (
    EcrReplicationConfiguration,
    EcrReplicationConfigurationReplicationConfiguration,
    EcrReplicationConfigurationReplicationConfigurationRule,
    EcrReplicationConfigurationReplicationConfigurationRuleDestination,
    EcrReplicationConfigurationReplicationConfigurationRuleRepositoryFilter,
)


class AccountRegistry(Construct):
    """What the registry of an account has once in a Region."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        context: Context,
        spec: RegistrySettings,
    ) -> None:
        super().__init__(scope, id)
        if spec.scanning is not None:
            _scanning(self, spec.scanning)
        if spec.replication:
            EcrReplicationConfiguration(
                self,
                "replication",
                replication_configuration=EcrReplicationConfigurationReplicationConfiguration(
                    rule=[_rule(context, each) for each in spec.replication]
                ),
            )
        if spec.has_policy:
            EcrRegistryPolicy(self, "policy", policy=_policy(context, spec))


class Caches(Construct):
    """The caches of other registries."""

    def __init__(self, scope: Construct, id: str, *, specs: Mapping[str, PullThroughCache]) -> None:
        super().__init__(scope, id)
        for prefix, spec in specs.items():
            EcrPullThroughCacheRule(
                self,
                prefix.strip("/").replace("/", "--"),
                ecr_repository_prefix=prefix,
                upstream_registry_url=spec.upstream,
                credential_arn=spec.credential,
                upstream_repository_prefix=spec.upstream_prefix,
            )


def _scanning(scope: Construct, spec: Scanning) -> None:
    rules = {"SCAN_ON_PUSH": spec.on_push, "CONTINUOUS_SCAN": spec.continuous}
    EcrRegistryScanningConfiguration(
        scope,
        "scanning",
        scan_type=spec.type,
        rule=[
            EcrRegistryScanningConfigurationRule(
                scan_frequency=frequency,
                repository_filter=[
                    EcrRegistryScanningConfigurationRuleRepositoryFilter(
                        filter=text, filter_type="WILDCARD"
                    )
                    for text in filters
                ],
            )
            for frequency, filters in rules.items()
            if filters
        ],
    )


def _rule(
    context: Context, spec: Replication
) -> EcrReplicationConfigurationReplicationConfigurationRule:
    return EcrReplicationConfigurationReplicationConfigurationRule(
        destination=[
            EcrReplicationConfigurationReplicationConfigurationRuleDestination(
                region=region, registry_id=account
            )
            for region, account in spec.destinations(context)
        ],
        repository_filter=[
            EcrReplicationConfigurationReplicationConfigurationRuleRepositoryFilter(
                filter=text, filter_type="PREFIX_MATCH"
            )
            for text in spec.prefixes
        ]
        or None,
    )


def _policy(context: Context, spec: RegistrySettings) -> str:
    repositories = context.arn("ecr", "repository/*")
    statements = [each.document(repositories) for each in spec.statements]
    if spec.replicate_from:
        lets_in = {
            "Sid": "ReplicateByNamedAccounts",
            "Effect": "Allow",
            "Principal": {"AWS": context.account_roots(spec.replicate_from)},
            "Action": ["ecr:CreateRepository", "ecr:ReplicateImage"],
            "Resource": [repositories],
        }
        statements.insert(0, lets_in)
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
