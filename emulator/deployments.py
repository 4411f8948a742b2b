"""What a deployment of a REST API serves: the API as it was when it was deployed, whatever is changed later."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Served:
    """The parts of an API that answer calls."""

    methods: dict[str, dict[str, Any]]
    """The methods of each path."""

    validators: dict[str, Any]
    models: dict[str, Any]
    authorizers: dict[str, Any]
    closed: bool
    """Whether the URL that API Gateway gives the API is turned off."""

    @staticmethod
    def of(api: Any) -> Served:
        """A copy of what an API is now."""
        return Served(
            {
                each.get_path(): copy.deepcopy(each.resource_methods)
                for each in api.resources.values()
            },
            copy.deepcopy(api.request_validators),
            copy.deepcopy(api.models),
            copy.deepcopy(api.authorizers),
            api.disableExecuteApiEndpoint,
        )


def served(api: Any, stage: Any) -> Served | None:
    """What a stage serves; None without a deployment that there is."""
    return getattr(api.deployments.get(stage.deployment_id), "served", None)


def references(apis: Any, link: str) -> list[str]:
    """Where stages refer to a VPC link, as API Gateway says it."""
    found = []
    for api in apis:
        paths = {each.get_path(): each.id for each in api.resources.values()}
        for stage in api.stages.values():
            copied = served(api, stage)
            for path, methods in copied.methods.items() if copied else ():
                for method, held in methods.items():
                    if getattr(held.method_integration, "connection_id", None) == link:
                        found.append(f"{api.id}:{method}:{paths.get(path, path)}:{stage.name}")
    return sorted(found)
