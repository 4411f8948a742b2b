"""ECR: images of other accounts, and pull through caches."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
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


@service.adds(
    "DescribePullThroughCacheRules",
    gap="is missing",
    method="describe_pull_through_cache_rules",
)
def describe_pull_through_cache_rules(response: ECRResponse) -> str:
    """AWS lists the rules of the registry; none can be made here."""
    return json.dumps({"pullThroughCacheRules": []})
