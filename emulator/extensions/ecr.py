"""ECR: images of other accounts, and pull through caches."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.core.utils import unix_time
from moto.ecr.exceptions import RepositoryNotFoundException
from moto.ecr.models import ECRBackend, ecr_backends
from moto.ecr.responses import ECRResponse

from .registry import Service

service = Service("ecr", ECRResponse)

Original = Callable[..., Any]

LAYERS = "/inferform-emulator/ecr/"
"""Where layers are downloaded."""


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


@service.corrects(
    "CompleteLayerUpload",
    gap="keeps the size of a layer, and not what it holds",
    owner=ECRBackend,
    method="complete_layer_upload",
)
def complete_layer_upload(
    original: Original,
    backend: ECRBackend,
    repository_name: str,
    upload_id: str,
    layer_digests: list[str],
    registry_id: str | None = None,
) -> Any:
    """AWS keeps it, and so the configuration of an image, which is uploaded like a layer."""
    upload = backend._get_repository(repository_name, registry_id).uploads.get(upload_id)
    held = bytes(upload.layer_parts) if upload is not None else b""
    made = original(backend, repository_name, upload_id, layer_digests, registry_id=registry_id)
    blobs(backend)[repository_name, made["layerDigest"]] = held
    return made


def blobs(backend: ECRBackend) -> dict[tuple[str, str], bytes]:
    """What was uploaded, by repository and digest."""
    found: dict[tuple[str, str], bytes] = backend.__dict__.setdefault("blobs", {})
    return found


@service.corrects(
    "GetDownloadUrlForLayer", gap="is not implemented", method="get_download_url_for_layer"
)
def get_download_url_for_layer(original: Original, response: ECRResponse) -> ActionResult:
    """AWS answers a URL that needs no further credentials."""
    account = response._get_param("registryId") or response.current_account
    name, digest = response._get_param("repositoryName"), response._get_param("layerDigest")
    backend = ecr_backends[account][response.region]
    if name not in backend.repositories:
        raise RepositoryNotFoundException(name, account)
    if (name, digest) not in blobs(backend):
        raise JsonRESTError(
            "LayersNotFoundException",
            f"The layer with digest '{digest}' does not exist in the repository with name '{name}' "
            f"in the registry with id '{account}'",
        )
    place = f"{account}/{response.region}/{digest}/{name}"
    url = f"http://{response.headers['Host']}{LAYERS}{place}"
    return ActionResult({"downloadUrl": url, "layerDigest": digest})


def layer(place: str) -> bytes | None:
    """What a URL of `get_download_url_for_layer` leads to; None where that is nothing."""
    account, region, digest, name = place.split("/", 3)
    return blobs(ecr_backends[account][region]).get((name, digest))


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
