"""The AWS services behind image repositories."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    # BatchGetImage reads manifests, which preflight looks for in other accounts; layers take more.
    "ecr": Access(
        (
            "BatchGetImage",
            "Describe",
            "GetLifecyclePolicy",
            "GetRegistry",
            "GetRepositoryPolicy",
            "List",
        ),
        roles=(
            *("BatchCheckLayerAvailability", "BatchGetImage", "BatchImportUpstreamImage"),
            *("GetAuthorizationToken", "GetDownloadUrlForLayer"),
        ),
        roles_have_regions=False,
    ),
}
