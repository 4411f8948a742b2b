"""The AWS services behind buckets."""

from __future__ import annotations

from ..access import Access

ACCESS = {
    "s3": Access(
        (
            *("GetAccelerate", "GetAnalytics", "GetBucket", "GetEncryption", "GetIntelligent"),
            *("GetInventory", "GetLifecycle", "GetMetrics", "GetReplication"),
            # Not ListBucket, which tells the names of objects in any bucket.
            "ListAllMyBuckets",
        ),
        roles=(
            *(
                "AbortMultipartUpload",
                "GetBucketLocation",
                "GetObject",
                "GetObjectVersion*",
                "ListBucket",
                "PutObject",
            ),
            # The role that copies artifacts to another bucket.
            *("GetReplicationConfiguration", "ObjectOwnerOverrideToBucketOwner", "Replicate*"),
        ),
        passes_to=("s3",),
        roles_have_regions=False,
    ),
}
