"""Where a model's artifact lies in S3."""

from __future__ import annotations

from typing import Annotated

from ..rules import rule
from ..spec import Check, is_s3_key, is_s3_uri

# A key is sent with its bucket, whose name has at most 63 characters.
_LONGEST_URI = 1024
_LONGEST_KEY = _LONGEST_URI - len(f"s3://{'b' * 63}/")

MDL9 = rule(
    "MDL9",
    refuses="an artifact that is neither one .tar.gz object nor a prefix ending in /, or is over "
    f"{_LONGEST_URI:,} characters as a URI or {_LONGEST_KEY} as a key",
    message="must be one .tar.gz object or a prefix ending in /, as an s3:// URI or as a key in "
    "the environment's artifact bucket, such as fraud/1.4.2/model.tar.gz",
    source="SageMaker API reference, ContainerDefinition ModelDataUrl and S3ModelDataSource; Amazon "
    "S3 user guide, safe characters in keys",
)


def is_location(value: str) -> bool:
    """Whether `value` is an S3 URI with a key, or a key, as SageMaker takes it."""
    if value.lower().startswith(("s3:", "http:", "https:")):
        return is_s3_uri(value) and "/" in value.removeprefix("s3://")
    return is_s3_key(value) and len(value) <= _LONGEST_KEY


def _is_artifact(value: str) -> bool:
    return is_location(value) and value.endswith((".tar.gz", "/"))


Artifact = Annotated[str, Check(MDL9, _is_artifact)]


def located(uri_or_key: str, bucket: str) -> str:
    """An S3 URI, in `bucket` where only a key was written."""
    return uri_or_key if uri_or_key.startswith("s3://") else f"s3://{bucket}/{uri_or_key}"
