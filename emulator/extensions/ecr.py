"""ECR: images of other accounts, and pull through caches."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.core.utils import unix_time
from moto.ecr.exceptions import RepositoryNotFoundException
from moto.ecr.models import ecr_backends
from moto.ecr.responses import ECRResponse

from .registry import Service

service = Service("ecr", ECRResponse)

Original = Callable[..., Any]


@service.corrects(
    "BatchGetImage", gap="looks in the caller's own registry, whatever registryId says"
)
def batch_get_image(original: Original, response: ECRResponse) -> ActionResult:
    """AWS looks in the registry that is named. Whether its policy lets the caller in is not judged."""
    registry, name = response._get_param("registryId"), response._get_param("repositoryName")
    if registry in (None, response.current_account):
        answer: ActionResult = original(response)
        return answer
    backend = ecr_backends[registry][response.region]
    if name not in backend.repositories:
        raise RepositoryNotFoundException(name, registry)
    found = backend.batch_get_image(
        repository_name=name,
        registry_id=registry,
        image_ids=response._get_param("imageIds"),
    )
    return ActionResult(found)


@service.corrects("PutRegistryPolicy", gap="refuses BatchImportUpstreamImage")
def put_registry_policy(original: Original, response: ECRResponse) -> ActionResult:
    """AWS takes it beside CreateRepository and ReplicateImage: who pulls through a cache imports.

    Amazon ECR user guide, private registry permissions.
    """
    text = response._get_param("policyText")
    backend = ecr_backends[response.current_account][response.region]
    known = text.replace('"ecr:BatchImportUpstreamImage"', '"ecr:CreateRepository"')
    answer = backend.put_registry_policy(policy_text=known)
    backend.registry_policy = text
    return ActionResult({**answer, "policyText": text})


@service.adds(
    "CreatePullThroughCacheRule", gap="is missing", method="create_pull_through_cache_rule"
)
def create_pull_through_cache_rule(response: ECRResponse) -> ActionResult:
    """AWS takes each prefix once, and credentials for the registries that ask for some."""
    given = json.loads(response.body)
    prefix, upstream = given["ecrRepositoryPrefix"], given["upstreamRegistryUrl"]
    rules = _caches(response)
    if prefix in rules:
        raise JsonRESTError(
            "PullThroughCacheRuleAlreadyExistsException",
            "A pull through cache rule with the repository prefix "
            f"'{prefix}' already exists in the registry with id '{response.current_account}'",
        )
    asks = upstream.endswith(_WITH_CREDENTIALS)
    if asks and not given.get("credentialArn"):
        raise JsonRESTError(
            "InvalidParameterException",
            f"Invalid parameter at 'credentialArn': {upstream} requires credentials",
        )
    rules[prefix] = {
        "ecrRepositoryPrefix": prefix,
        "upstreamRegistryUrl": upstream,
        "registryId": response.current_account,
        "createdAt": unix_time(),
        "updatedAt": unix_time(),
        **{key: given[key] for key in _CACHE_OPTIONS if given.get(key)},
    }
    return ActionResult(rules[prefix])


@service.adds(
    "DeletePullThroughCacheRule", gap="is missing", method="delete_pull_through_cache_rule"
)
def delete_pull_through_cache_rule(response: ECRResponse) -> ActionResult:
    """AWS deletes the rule; repositories that it made stay."""
    prefix = response._get_param("ecrRepositoryPrefix")
    rules = _caches(response)
    if prefix not in rules:
        raise _no_cache(response, prefix)
    return ActionResult(rules.pop(prefix))


@service.adds(
    "UpdatePullThroughCacheRule", gap="is missing", method="update_pull_through_cache_rule"
)
def update_pull_through_cache_rule(response: ECRResponse) -> ActionResult:
    """AWS changes the credentials alone."""
    given = json.loads(response.body)
    prefix = given["ecrRepositoryPrefix"]
    rules = _caches(response)
    if prefix not in rules:
        raise _no_cache(response, prefix)
    changed = {key: given[key] for key in ("credentialArn", "customRoleArn") if given.get(key)}
    rules[prefix].update({**changed, "updatedAt": unix_time()})
    return ActionResult(rules[prefix])


@service.adds(
    "DescribePullThroughCacheRules",
    gap="is missing",
    method="describe_pull_through_cache_rules",
)
def describe_pull_through_cache_rules(response: ECRResponse) -> ActionResult:
    """AWS lists the rules of the registry, or those of some prefixes that must be there."""
    rules = _caches(response)
    wanted = response._get_param("ecrRepositoryPrefixes")
    for prefix in wanted or ():
        if prefix not in rules:
            raise _no_cache(response, prefix)
    return ActionResult({"pullThroughCacheRules": [rules[each] for each in wanted or rules]})


_CACHE_OPTIONS = ("credentialArn", "customRoleArn", "upstreamRepositoryPrefix", "upstreamRegistry")
_WITH_CREDENTIALS = (
    *("registry-1.docker.io", "ghcr.io", "registry.gitlab.com", ".azurecr.io", "cgr.dev"),
)


def _caches(response: ECRResponse) -> dict[str, dict[str, Any]]:
    """The rules of the caller's registry by prefix."""
    backend = response.ecr_backend
    found: dict[str, dict[str, Any]] = backend.__dict__.setdefault("pull_through_cache_rules", {})
    return found


def _no_cache(response: ECRResponse, prefix: str) -> JsonRESTError:
    return JsonRESTError(
        "PullThroughCacheRuleNotFoundException",
        f"The pull through cache rule with the repository prefix '{prefix}' does not exist in the "
        f"registry with id '{response.current_account}'",
    )
