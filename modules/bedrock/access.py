"""The AWS service behind foundation models."""

from __future__ import annotations

from ..access import Access

# A deploy role buys nothing of it unless `deploy_services` says so.
ACCESS = {
    "bedrock": Access(("GetInferenceProfile", "GetProvisionedModelThroughput"), deploys=False),
}
