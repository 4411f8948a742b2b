"""URIs of images in Amazon ECR."""

from __future__ import annotations

import re

_ECR_URI = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/"
    r"(?P<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)


def parse_image(uri: str) -> re.Match[str] | None:
    """The parts of an ECR image URI (account, region, repository, tag, digest), or None."""
    return _ECR_URI.fullmatch(uri)
