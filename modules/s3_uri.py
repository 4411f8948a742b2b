"""URIs of what lies in S3."""

from __future__ import annotations


def bucket_and_key(uri: str) -> tuple[str, str]:
    """The bucket of an `s3://` URI, and its key or the beginning of keys, which may be empty."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
