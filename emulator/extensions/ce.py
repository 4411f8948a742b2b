"""Cost Explorer: cost-allocation tags."""

from __future__ import annotations

import json
from typing import Any

from moto.ce.responses import CostExplorerResponse

from .registry import Service

service = Service("ce", CostExplorerResponse)


def _tags(response: CostExplorerResponse) -> dict[str, str]:
    found: dict[str, str] = response.ce_backend.__dict__.setdefault("cost_tags", {})
    return found


@service.adds("ListCostAllocationTags", gap="missing")
def list_cost_allocation_tags(response: CostExplorerResponse) -> str:
    """AWS answers the tags that it has seen on something that was billed, and whether they are active."""
    wanted, status = response._get_param("TagKeys"), response._get_param("Status")
    found: list[dict[str, Any]] = [
        {"TagKey": key, "Type": "UserDefined", "Status": each}
        for key, each in sorted(_tags(response).items())
        if (not wanted or key in wanted) and status in (None, each)
    ]
    return json.dumps({"CostAllocationTags": found})


@service.adds("UpdateCostAllocationTagsStatus", gap="missing")
def update_cost_allocation_tags_status(response: CostExplorerResponse) -> str:
    """AWS takes up to 20, and answers an error for each that it has not seen; here every tag was seen."""
    for each in response._get_param("CostAllocationTagsStatus"):
        _tags(response)[each["TagKey"]] = each["Status"]
    return json.dumps({"Errors": []})
