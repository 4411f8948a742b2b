"""Where a model's artifact lies in S3."""

from __future__ import annotations

import re
from typing import Annotated, Any

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
    "the environment's artifact bucket, such as fraud/1.4.2/model.tar.gz{hint}",
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


# https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html: by host, and by path.
_ADDRESS = re.compile(
    r"https?://(?:(?P<host>[a-z0-9.-]+)\.)?s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?/(?P<path>[^?#]+)"
)


def artifact_hint(value: str) -> dict[str, Any]:
    """What to write instead of an address of S3 on the web, or of what is no archive."""
    address = _ADDRESS.match(value)
    if address:
        host = f"{address['host']}/" if address["host"] else ""
        uri = f"s3://{host}{address['path']}"
        if _is_artifact(uri):
            return {"hint": f"; did you mean {uri}"}
        value = uri
    if is_location(value) and not _is_artifact(value):
        name = value.rpartition("/")[2]
        return {
            "hint": f"; SageMaker unpacks no other archive and takes no single file: tar -czf model.tar.gz {name}"
        }
    return {"hint": ""}


Artifact = Annotated[str, Check(MDL9, _is_artifact, artifact_hint)]


def located(uri_or_key: str, bucket: str) -> str:
    """An S3 URI, in `bucket` where only a key was written."""
    return uri_or_key if uri_or_key.startswith("s3://") else f"s3://{bucket}/{uri_or_key}"
