"""What would fail in the middle of an apply, found before it. Reads only.

It reads what the synthesis asks for, so that it knows every module's resources, and compares that
with the states and with AWS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from inferform import Environment, Registry
from inferform.image_uri import parse_image
from inferform.names import bare

from .aws import Aws
from .checks import (
    CREDENTIALS,
    GIVEN_ROLE,
    IMAGE,
    NAME,
    QUOTA,
    READABLE,
    ROLE,
    STATE_BUCKET,
    SUBNETS,
)
from .errors import OperatorError
from .foreign_role import rights
from .kinds import kinds
from .kinds.given_bucket import artifact_bucket
from .kinds.given_key import keys
from .kinds.given_things import log_groups, topics
from .kinds.preflight import MAY_NOT_BE_READ
from .kinds.record import Finding, Not, Quota
from .kinds.synthesis import Resource, Synthesis
from .own import existing

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ImageIdentifierTypeDef

_PARALLEL = 8
_DENIED = ("403", "AccessDenied")
_CACHED = "a pull through cache fetches it when it is pulled"

NOT_CHECKED = "not checked: "
"""What is found begins so where AWS could not be asked."""

Synthesized = Mapping[str, Mapping[str, Any]]

_IMAGE = re.compile(
    r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/"
    r"[a-z0-9._/-]+(?::\w[\w.-]*)?(?:@sha256:[0-9a-f]{64})?"
)


def preflight(environment: Environment, synthesized: Synthesized, aws: Aws) -> list[Finding]:
    """Check an environment before an apply: `synthesized` is the Terraform JSON of its stacks."""
    run = _Preflight(Synthesis(environment, synthesized, aws))
    try:
        run.account()
    except OperatorError as error:
        account = f"account {environment.context.account}"
        return [Finding(CREDENTIALS, account, "failed", error.message, error.hint)]
    findings: list[Finding] = []
    for subject, check in run.checks():
        try:
            findings += check()
        except (ClientError, BotoCoreError) as error:
            said = f"could not be checked: {error}"
            findings.append(Finding(READABLE, subject, "failed", said, READABLE.fix))
        except OperatorError as error:
            said = f"could not be checked: {error.message}"
            findings.append(Finding(READABLE, subject, "failed", said, error.hint or READABLE.fix))
    return list(dict.fromkeys(findings))


def before_apply(
    environment: Environment,
    synthesized: Synthesized,
    aws: Aws,
    stacks: Collection[str],
    *,
    deploys: bool,
) -> list[Finding]:
    """The quick part of preflight: what some stacks ask for again, and AWS does not have.

    Images, artifacts, certificates, instance types and names; where this caller `deploys`, the
    deploy role as well. What cannot be asked is skipped and says why: a deploy may have rights
    that a review lacks.
    """
    try:
        aws.require_credentials()
        run = _Preflight(Synthesis(environment, synthesized, aws).new(stacks))
    except (ClientError, BotoCoreError, OperatorError) as error:
        return [Finding(READABLE, environment.key, "skipped", f"{NOT_CHECKED}{_said(error)}")]
    findings: list[Finding] = []
    for subject, check in run.quick(deploys=deploys):
        try:
            findings += check()
        except (ClientError, BotoCoreError, OperatorError) as error:
            findings.append(Finding(READABLE, subject, "skipped", f"{NOT_CHECKED}{_said(error)}"))
    return [
        replace(each, outcome="skipped", found=f"{NOT_CHECKED}{each.found}", fix="")
        if each.found == MAY_NOT_BE_READ
        else each
        for each in dict.fromkeys(findings)
    ]


def _said(error: Exception) -> str:
    return error.message if isinstance(error, OperatorError) else str(error)


@cache
def aws_accounts() -> frozenset[str]:
    """The accounts in which AWS has the images of its own; what is there is taken as given."""
    given = json.loads((Path(__file__).parent / "aws_registries.json").read_text("utf-8"))
    return frozenset(given["accounts"])


class _Preflight:
    """The checks of one environment."""

    def __init__(self, synthesis: Synthesis) -> None:
        self._synthesis = synthesis
        self._context = synthesis.context
        self._aws = synthesis.aws

    def checks(self) -> Iterator[tuple[str, Callable[[], Iterator[Finding]]]]:
        """Every check, and what it looks at."""
        yield "role", self.role
        yield "given roles", self.given_roles
        yield "state bucket", self.state_bucket
        yield "images", self.images
        yield from self._of_resources()
        yield "quotas", self.quotas
        yield "key", partial(keys, self._synthesis)
        yield "given log groups", partial(log_groups, self._synthesis)
        yield "topics", partial(topics, self._synthesis)
        yield "artifact bucket", partial(artifact_bucket, self._synthesis)
        yield "subnets", self.subnets
        yield "names", self.names

    def quick(self, *, deploys: bool) -> Iterator[tuple[str, Callable[[], Iterator[Finding]]]]:
        """The checks that take little time."""
        if deploys and self._assumes_role():
            yield "role", self.role
        yield "images", self.images
        yield from self._of_resources()
        yield "names", self.names

    def _assumes_role(self) -> bool:
        """Whether the apply needs a deploy role that is there before it."""
        name, arn = self._context.deploy_role, self._context.deploy_role_arn
        made = name is not None and self._synthesis.makes_role(bare(name))
        return bool(arn) and not made and arn in self._synthesis.roles

    def _of_resources(self) -> Iterator[tuple[str, Callable[[], Iterator[Finding]]]]:
        """What each type of resource needs beside: artifacts, certificates, instance types."""
        for kind, record in kinds().items():
            resources = self._synthesis.of(kind)
            if resources and not isinstance(record.preflight, Not):
                yield record.words, partial(record.preflight, self._synthesis, resources)

    def account(self) -> str:
        """The account that the clients work in. Raises OperatorError without credentials."""
        return str(self._aws.client("sts").get_caller_identity()["Account"])

    def role(self) -> Iterator[Finding]:
        """The deploy role can be assumed, by itself too."""
        arn = self._context.deploy_role_arn
        if arn is None:
            yield Finding(ROLE, "", "skipped", "the Context names no deploy role")
            return
        caller = self._aws.client("sts")
        is_caller = f":assumed-role/{bare(arn)}/" in caller.get_caller_identity()["Arn"]
        try:
            caller.assume_role(RoleArn=arn, RoleSessionName="inferform-preflight")
        except ClientError as error:
            fix = f"deploy {self._context.key}-identity, or name this caller in Identity.operators"
            found = f"cannot be assumed: {error}"
            if is_caller:
                found = f"is the caller, and may not assume itself, as Terraform does: {error}"
                fix = "let its trust policy and its own policy allow sts:AssumeRole to itself"
            yield Finding(ROLE, arn, "failed", found, fix)
            return
        yield Finding(ROLE, arn, "passed", "is the caller" if is_caller else "can be assumed")

    def given_roles(self) -> Iterator[Finding]:
        """What somebody else's roles may do is what their services need."""
        for given in self._synthesis.given_roles:
            arn = str(given["arn"])
            wanted = [each for each in given["statements"] if "${" not in json.dumps(each)]
            told = rights(self._aws, arn, given["service"], wanted)
            unknown = len(given["statements"]) - len(wanted)
            if told.unread:
                yield Finding(GIVEN_ROLE, arn, "skipped", told.unread)
            elif not told.exists:
                yield Finding(GIVEN_ROLE, arn, "failed", "does not exist", "check its ARN")
            elif not told.trusted:
                fix = f"allow sts:AssumeRole to {given['service']} in its trust policy"
                yield Finding(GIVEN_ROLE, arn, "failed", "does not trust its service", fix)
            elif told.missing:
                said = f"lacks rights that its service needs: {told.policy}"
                yield Finding(GIVEN_ROLE, arn, "failed", said, GIVEN_ROLE.fix)
            elif told.conditional or unknown:
                said = (
                    "has conditions of its own, which may not hold"
                    if told.conditional
                    else (
                        f"has what was looked at; {unknown} statements name what is not deployed yet"
                    )
                )
                yield Finding(GIVEN_ROLE, arn, "skipped", said)
            else:
                yield Finding(GIVEN_ROLE, arn, "passed", "may do what its service needs")

    def state_bucket(self) -> Iterator[Finding]:
        """The state bucket is there and keeps versions."""
        backend = self._context.other_backend
        if backend is not None:
            found = "is Terraform's to open: whether it is there was not looked at"
            yield Finding(STATE_BUCKET, f"{backend.kind} backend", "skipped", found)
            return
        bucket = self._context.state_bucket
        given = self._context.states
        fix = f"inferform bootstrap {self._context.key}"
        if given is not None:
            fix = f"make it with versions and encryption, and let {self._context.account} in"
        try:
            versioning = self._aws.state_store.get_bucket_versioning(Bucket=bucket)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if given is not None and code in _DENIED:
                # A policy of somebody else's need not let anybody read how the bucket is set up.
                said = "may not be asked whether it keeps versions; ask who looks after it"
                yield Finding(STATE_BUCKET, bucket, "skipped", said)
                return
            if code not in ("NoSuchBucket", "404"):
                raise
            yield Finding(STATE_BUCKET, bucket, "failed", "does not exist", fix)
            return
        if versioning.get("Status") != "Enabled":
            yield Finding(STATE_BUCKET, bucket, "failed", "keeps no versions", fix)
            return
        key = self._default_key(bucket) if given is not None and given.kms_key is None else ""
        if key:
            found = (
                f"encrypts under {key}, but Terraform would ask for S3's own keys for each state"
            )
            fix = "name the key by its ARN in Context.backend: S3Backend(kms_key=...)"
            yield Finding(STATE_BUCKET, bucket, "failed", found, fix)
            return
        yield Finding(STATE_BUCKET, bucket, "passed", "is there and keeps versions")

    def _default_key(self, bucket: str) -> str:
        """The KMS key under which a bucket encrypts what asks for nothing else, as far as it may be asked."""
        try:
            answer = self._aws.state_store.get_bucket_encryption(Bucket=bucket)
        except ClientError as error:
            absent = "ServerSideEncryptionConfigurationNotFoundError"
            if error.response["Error"]["Code"] not in (*_DENIED, absent):
                raise
            return ""
        rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
        defaults = [rule.get("ApplyServerSideEncryptionByDefault") for rule in rules]
        return next(
            (found["KMSMasterKeyID"] for found in defaults if found and "KMSMasterKeyID" in found),
            "",
        )

    def images(self) -> Iterator[Finding]:
        """Every image is in its registry, and may be read."""
        found = {uri for text in self._synthesis.texts.values() for uri in _IMAGE.findall(text)}
        for uri in sorted(found):
            match = parse_image(uri)
            if match and match["account"] in aws_accounts():
                continue
            if match and (match["tag"] or match["digest"]):
                yield self._image(uri, match)

    def _image(self, uri: str, match: re.Match[str]) -> Finding:
        own = match["account"] == self._context.account
        wanted: ImageIdentifierTypeDef = (
            {"imageTag": match["tag"]} if match["tag"] else {"imageDigest": match["digest"]}
        )
        push = f"inferform push, or skopeo copy from the registry that has it, to docker://{uri}"
        try:
            answer = self._aws.client("ecr").batch_get_image(
                registryId=match["account"],
                repositoryName=match["repository"],
                imageIds=[wanted],
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "RepositoryNotFoundException" and self._is_cached(match):
                return Finding(IMAGE, uri, "skipped", _CACHED)
            if code == "RepositoryNotFoundException":
                stack = f"{self._context.key}-registry"
                made = match["repository"] in self._own_repositories
                fix = (
                    f"deploy {stack} first; then {push}"
                    if own and made
                    else "check account and repository"
                )
                return Finding(IMAGE, uri, "failed", "its repository does not exist", fix)
            if code in ("AccessDeniedException", "AccessDenied"):
                fix = (
                    f"add {self._context.account} to pull_accounts of the repository in "
                    f"account {match['account']}"
                )
                return Finding(IMAGE, uri, "failed", MAY_NOT_BE_READ, fix)
            raise
        if not answer.get("images") and self._is_cached(match):
            return Finding(IMAGE, uri, "skipped", _CACHED)
        if not answer.get("images"):
            return Finding(IMAGE, uri, "failed", "does not exist", push)
        return Finding(IMAGE, uri, "passed", "exists")

    @property
    def _own_repositories(self) -> set[str]:
        """The repositories that the registry layer makes."""
        registry = self._synthesis.environment.registry
        names = registry.repositories if isinstance(registry, Registry) else ()
        return {self._context.own_repository(name) for name in names}

    def _is_cached(self, match: re.Match[str]) -> bool:
        """Whether the repository is one of a pull through cache, which has an image once it is pulled."""
        if match["account"] != self._context.account or "/" not in match["repository"]:
            return False
        return any(
            match["repository"].startswith(f"{prefix}/") or prefix == "ROOT"
            for prefix in self._cache_prefixes
        )

    @cached_property
    def _cache_prefixes(self) -> list[str]:
        pages = (
            self._aws.client("ecr").get_paginator("describe_pull_through_cache_rules").paginate()
        )
        return [
            rule["ecrRepositoryPrefix"] for page in pages for rule in page["pullThroughCacheRules"]
        ]

    def quotas(self) -> Iterator[Finding]:
        """The account's quotas cover every service at its maximum, twice for blue/green."""
        needed: dict[tuple[str, str], list[Quota]] = {}
        for resource in self._synthesis.resources:
            for quota in _quotas(self._synthesis, resource):
                needed.setdefault((quota.service, quota.name), []).append(quota)
        for service in sorted({service for service, _ in needed}):
            known = self._quotas(service)
            for name in sorted(name for of, name in needed if of == service):
                yield self._quota(needed[service, name], known.get(name))

    def _quota(self, quotas: list[Quota], allowed: float | None) -> Finding:
        name, needed = quotas[0].name, sum(quota.amount for quota in quotas)
        service = quotas[0].service
        fix = f"ask for {needed:g} in Service Quotas, {service}, {name}, or lower the maximum"
        if allowed is None:
            fix = f"see {name} in Service Quotas; {needed:g} are needed at the maximum"
            return Finding(QUOTA, name, "skipped", "Service Quotas does not list it", fix)
        twice = " (doubled for blue/green)" if any(quota.doubled for quota in quotas) else ""
        said = f"{needed:g} are needed at the maximum{twice}; the quota is {allowed:g}"
        return Finding(
            QUOTA,
            name,
            "failed" if allowed < needed else "passed",
            said,
            fix if allowed < needed else "",
        )

    def _quotas(self, service: str) -> dict[str, float]:
        client = self._aws.client("service-quotas")
        pages = client.get_paginator("list_service_quotas").paginate(ServiceCode=service)
        return {quota["QuotaName"]: quota["Value"] for page in pages for quota in page["Quotas"]}

    def subnets(self) -> Iterator[Finding]:
        """The private subnets have addresses for every instance, twice for blue/green."""
        ids = self._synthesis.output("network", "private_subnet_ids")
        if not isinstance(ids, list) or not ids:
            said = "the network layer will make them"
            yield Finding(SUBNETS, f"{self._context.key}-network", "skipped", said)
            return
        needed = sum(_addresses(self._synthesis, each) for each in self._synthesis.resources)
        try:
            answer = self._aws.client("ec2").describe_subnets(SubnetIds=ids)
        except ClientError as error:
            fix = "check the ids in the Outputs"
            yield Finding(SUBNETS, ", ".join(ids), "failed", str(error), fix)
            return
        free = sum(subnet["AvailableIpAddressCount"] for subnet in answer["Subnets"])
        said = f"{needed} addresses are needed at the maximum, {free} are free"
        if free < needed:
            fix = "add subnets to the VPC, or lower the maximum of the largest service"
            yield Finding(SUBNETS, ", ".join(ids), "failed", said, fix)
        else:
            yield Finding(SUBNETS, ", ".join(ids), "passed", said)

    def names(self) -> Iterator[Finding]:
        """What is to be created is not there already, made by somebody else."""
        backend = self._context.other_backend
        if backend is not None:
            said = f"{NOT_CHECKED}which names are new stands in states of a {backend.kind} backend"
            yield Finding(NAME, self._context.key, "skipped", said)
            return
        new = [resource for resource in self._synthesis.resources if self._is_new(resource)]
        asked = [
            resource for resource in new if not self._is_recorded(resource.type, *_named(resource))
        ]
        with ThreadPoolExecutor(max_workers=_PARALLEL) as pool:
            answers = pool.map(
                lambda resource: existing(resource.type, resource.values, self._aws), asked
            )
        checked, taken = len(new), 0
        for resource, found in zip(asked, answers, strict=True):
            name = _named(resource)[1]
            if found:
                taken += 1
                fix = (
                    f"terraform import {resource.address} {name} in {resource.stack}, or delete "
                    "it, or choose another name"
                )
                if any(each.own_name or self._is_own(each.tags) for each in found):
                    fix = f"inferform recover {resource.stack}, which takes back what a killed deploy left"
                said = f"exists already, and the state of {resource.stack} does not have it"
                yield Finding(NAME, f"{resource.type} {name}", "failed", said, fix)
        if not taken:
            said = f"{checked} new names are free" if checked else "no new names: nothing to check"
            yield Finding(NAME, self._context.key, "passed", said)

    def _is_new(self, resource: Resource) -> bool:
        """Whether an apply creates it under a name that is known."""
        name = _named(resource)[1]
        return (
            bool(name)
            and "${" not in name
            # How many there are of these, and whether any, is known to Terraform alone.
            and not {"count", "for_each"} & set(resource.values)
            and resource.address not in self._synthesis.deployed.get(resource.stack, ())
            and f"{resource.stack} {resource.address}" not in self._synthesis.imported
        )

    def _is_recorded(self, kind: str, argument: str, name: str) -> bool:
        """Whether a state has it, under an address that it had before."""
        states = self._synthesis.states.values()
        return any(held.get(argument) == name for state in states for held in state.of_type(kind))

    def _is_own(self, tags: Mapping[str, str]) -> bool:
        """Whether it carries the tags of this environment."""
        return self._context.is_own(tags)


def _named(resource: Resource) -> tuple[str, str]:
    """The argument that only one resource can have, and its value; empty where it has none."""
    record = kinds().get(resource.type)
    if record is None or isinstance(record.name, Not):
        return "", ""
    return record.name, str(resource.values.get(record.name, ""))


def _quotas(synthesis: Synthesis, resource: Resource) -> Iterator[Quota]:
    record = kinds().get(resource.type)
    if record is not None and not isinstance(record.quotas, Not):
        yield from record.quotas(synthesis, resource)


def _addresses(synthesis: Synthesis, resource: Resource) -> int:
    record = kinds().get(resource.type)
    if record is None or isinstance(record.addresses, Not):
        return 0
    return record.addresses(synthesis, resource)
