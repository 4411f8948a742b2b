"""Where to look: AWS's console, dashboards, logs and the registry, by their URLs.

They are made of names alone, for the console of the environment's partition, so that no AWS is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from inferform import Environment, Image
from inferform.image_uri import parse_image
from inferform.model.artifact import located
from inferform.observability.dashboard import console, dashboards, log_link
from inferform.s3_uri import bucket_and_key
from inferform.service import Deployed, Service, Subject

from .kinds import kinds
from .kinds.record import Not


@dataclass(frozen=True, slots=True)
class Link:
    """A place in AWS's console."""

    title: str
    """`console`, `dashboard`, `logs`, `image`, `artifact`."""

    url: str


def links(subject: Subject) -> list[Link]:
    """The places of a service or an API: several of a title are numbered."""
    found: dict[str, str] = {}
    for title, url in _links(subject):
        name, number = title, 1
        while found.get(name, url) != url:
            number += 1
            name = f"{title}-{number}"
        found[name] = url
    return [Link(title, url) for title, url in found.items()]


def _links(subject: Subject) -> Iterator[tuple[str, str]]:
    environment, spec = subject.place.environment, subject.spec
    home = console(environment.context.partition)
    if isinstance(spec, Service):
        service = Deployed(subject.place, spec)
        yield from (("console", f"{home}/{page}") for page in _pages(service))
    yield from (("dashboard", url) for url in dashboard_links(environment, subject.full_name))
    watch = f"{home}/cloudwatch/home?region={environment.context.region}"
    for group in spec.log_groups(subject.place):
        yield "logs", f"{watch}{log_link(group)}"
    if isinstance(spec, Service):
        for image in (*spec.images(), *spec.helpers()):
            uri = image.uri(environment.context) if isinstance(image, Image) else image
            yield from (("image", url) for url in _of_image(environment, uri))
        for artifact in spec.loads():
            uri = located(artifact, environment.artifact_bucket)
            bucket, key = bucket_and_key(uri)
            kind = "buckets" if key.endswith("/") or not key else "object"
            yield "artifact", f"{home}/s3/{kind}/{quote(bucket)}?prefix={quote(key, safe='')}"


def _pages(service: Deployed) -> Iterator[str]:
    """The place of a service within the console, where its record knows one."""
    if service.resource is not None:
        record = kinds().get(service.resource[0])
        if record is not None and not isinstance(record.page, Not):
            yield record.page(service)


def dashboard_links(environment: Environment, service: str = "") -> Iterator[str]:
    """The dashboards of an environment, or those with graphs of one service."""
    spec = environment.observability
    if spec is None or not spec.dashboard:
        return
    home, region = console(environment.context.partition), environment.context.region
    for each in dashboards(environment):
        if not service or any(widget.service == service for widget in each.widgets):
            yield f"{home}/cloudwatch/home?region={region}#dashboards:name={quote(each.name)}"


def _of_image(environment: Environment, uri: str) -> Iterator[str]:
    """The repository of an image in ECR, with the account that owns it."""
    image = parse_image(uri)
    if image and image["account"]:
        home = console(environment.context.partition)
        yield (
            f"{home}/ecr/repositories/private/{image['account']}/{quote(image['repository'])}"
            f"?region={image['region']}"
        )
