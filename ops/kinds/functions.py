"""AWS Lambda: functions, their aliases, addresses and what is kept warm of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from inferform import LambdaFunction
from inferform.functions.names import ALIAS, function_name, shift_name
from inferform.functions.spec import SECONDS_PER_MONTH
from inferform.service import Deployed
from inferform.usage import Amount, Usage, by_use, exactly

from ..aws import Aws
from ..checks import CONFIGURATION, HEALTH, IMAGE, INVOCATION, RUNNING_IMAGE
from ..errors import BadInputError, OperatorError
from ..plan import Action, Change, Plan, Side, dig, number
from ..requests import fetch
from ..told import RiskRule, Severity, Story
from . import weaker
from .ecs_verify import reason_of
from .finding import given
from .pages import in_console, name_in_aws
from .reasons import part, resource
from .record import (
    Existing,
    Finding,
    Found,
    Mover,
    Not,
    Now,
    Planned,
    Quota,
    Reply,
    Request,
    Values,
    Verifier,
    risk,
)
from .risks import NET2, ROLL1
from .sagemaker_verify import CONTENT_TYPES
from .scaling import TARGET, within
from .stories import name_of, told_when_gone
from .synthesis import Resource, Synthesis
from .untold import hidden, not_told
from .words import arrow, changed_first, forced, short_image

FUNCTION = "aws_lambda_function"
_ALIAS = "aws_lambda_alias"
_WARM = "aws_lambda_provisioned_concurrency_config"
_URL = "aws_lambda_function_url"
_GROUP = "aws_codedeploy_deployment_group"

_INDEXES = frozenset(
    {
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.index.v1+json",
    }
)
"""What stands for images of several architectures."""

# Finding


def _function(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "function_name")
    found = aws.any_client("lambda").get_function(FunctionName=name)
    status = "CREATING" if found["Configuration"].get("State") == "Pending" else ""
    yield Existing(name, found.get("Tags", {}), status)


def _tags_of(aws: Aws, name: str) -> dict[str, str]:
    tags: dict[str, str] = aws.any_client("lambda").get_function(FunctionName=name).get("Tags", {})
    return tags


def _alias(aws: Aws, values: Values) -> Iterator[Existing]:
    """An alias by its function, whose tags it has, as it gets none."""
    name, alias = given(values, "function_name"), given(values, "name")
    aws.any_client("lambda").get_alias(FunctionName=name, Name=alias)
    yield Existing(f"{name}/{alias}", _tags_of(aws, name))


def _url(aws: Aws, values: Values) -> Iterator[Existing]:
    """The address of an alias, of which there is one."""
    name, alias = given(values, "function_name"), given(values, "qualifier")
    aws.any_client("lambda").get_function_url_config(FunctionName=name, Qualifier=alias)
    yield Existing(f"{name}/{alias}", _tags_of(aws, name))


# What a plan says


def _aliases(plan: Plan, function: Change) -> list[Change]:
    name = function.after.get("function_name") or function.before.get("function_name")
    return [
        alias
        for alias in plan.of_type(_ALIAS)
        if name and name in (alias.after.get("function_name"), alias.before.get("function_name"))
    ]


def _published(change: Change) -> bool:
    """Whether an update makes a version."""
    return change.action is Action.UPDATE and change.is_unknown("version")


_CODE = ("image_uri", "image_config", "architectures")

_SETTINGS = {
    "memory_size": ("memory", " MiB"),
    "timeout": ("timeout", " s"),
    "reserved_concurrent_executions": ("reserved concurrency", ""),
}


def _story(plan: Plan, change: Change) -> Iterator[Story]:
    """A function: its image and sizes, and how its callers get to what is new."""
    if not change.is_shown:
        return
    name = name_of(change, "function_name")
    facts = [("image", arrow(*(short_image(str(each or "")) for each in change.both("image_uri"))))]
    for attribute, (label, unit) in _SETTINGS.items():
        before, after = (None if each == -1 else each for each in change.both(attribute))
        if before != after or change.action is Action.CREATE:
            text = arrow("" if before is None else str(before), "" if after is None else str(after))
            if text:
                facts.append((label, f"{text}{unit}"))
    was, will = (each or [] for each in change.both("environment"))
    if was != will and change.action is Action.UPDATE:
        facts.append(("environment", "changes"))
    yield Story(
        kind="Lambda function",
        name=name,
        address=change.address,
        facts=tuple(changed_first([fact for fact in facts if fact[1]])),
        **_words(plan, change, name),
    )


def _words(plan: Plan, change: Change, name: str) -> dict[str, Any]:
    if change.action is Action.CREATE:
        return {"action": "create", "headline": f"{name} is new"}
    if change.action is Action.DELETE:
        return {
            "action": "delete",
            "headline": f"{name} is deleted",
            "interrupted": "every request, for good",
        }
    if change.action is Action.REPLACE:
        return {
            "action": "replace",
            "headline": f"{name} is replaced because of {forced(change)}",
            "interrupted": "every request, until the new function is active",
        }
    images = [short_image(str(each or "")) for each in change.both("image_uri")]
    headline = f"{name} goes from {images[0]} to {images[1]}" if images[0] != images[1] else ""
    if not _published(change):
        return {"action": "update", "headline": headline or f"{name} is updated"}
    stays = [alias for alias in _aliases(plan, change) if alias.action is Action.NONE]
    if stays:
        return {
            "action": "prepare",
            "headline": f"{name} gets a new version, and its callers stay with the old one",
            "rollout": "by CodeDeploy, in a deployment of its own after the apply",
            "worst_case": "as its deployment group sets it",
        }
    return {
        "action": "update",
        "headline": headline or f"{name} gets a new version",
        "rollout": "at once: the alias moves to the new version; does not roll back by itself",
        "worst_case": "no more than Lambda takes to make the version active",
    }


FUN1 = RiskRule(
    "FUN1",
    Severity.MEDIUM,
    "a function's version and its provisioned concurrency change in one apply",
    advice="apply the one and then the other: while the alias has two versions Lambda refuses to change "
    "the count; with scaling, Application Auto Scaling owns the count",
)
FUN2 = RiskRule(
    "FUN2",
    Severity.HIGH,
    "concurrency that was kept warm goes away",
    advice="expect cold starts of several seconds with a model; lower it step by step, at low load",
)
FUN3 = RiskRule(
    "FUN3",
    Severity.MEDIUM,
    "a function may run for less time or with less memory",
    advice="look at the longest Duration and at Max Memory Used in the function's log first",
)


@risk(FUN1)
def _both_change(plan: Plan, change: Change) -> Iterator[Found]:
    name = change.after.get("function_name")
    for function in plan.of_type(FUNCTION):
        counts = change.both("provisioned_concurrent_executions")
        same = name and function.after.get("function_name") == name
        if (
            same
            and change.action is Action.UPDATE
            and counts[0] != counts[1]
            and _published(function)
        ):
            yield f"goes from {counts[0]} to {counts[1]} while the function gets a new version"


@risk(FUN2)
def _cooler(plan: Plan, change: Change) -> Iterator[Found]:
    before, after = change.both("provisioned_concurrent_executions")
    if change.action is Action.DELETE:
        functions = plan.of_type(FUNCTION)
        name = change.before.get("function_name")
        gone = any(
            each.action is Action.DELETE and each.before.get("function_name") == name
            for each in functions
        )
        if not gone:
            yield f"keeps none warm, where it kept {before}"
    elif isinstance(before, int) and isinstance(after, int) and after < before:
        yield f"keeps {after} warm, where it kept {before}", Severity.MEDIUM


@risk(FUN3)
def _smaller(plan: Plan, change: Change) -> Iterator[Found]:
    for attribute, words in (("timeout", "seconds"), ("memory_size", "MiB")):
        before, after = change.both(attribute)
        are_counts = isinstance(before, int) and isinstance(after, int)
        if change.action is Action.UPDATE and are_counts and after < before:
            yield f"goes from {before} to {after} {words}"


@risk(ROLL1)
def _moved(plan: Plan, change: Change) -> Iterator[Found]:
    """An alias whose shares Terraform sets, which a rollout of CodeDeploy does."""
    before, after = (each or [] for each in change.both("routing_config"))
    if (
        change.action is Action.UPDATE
        and before != after
        and not change.is_unknown("routing_config")
    ):
        yield "changes the shares of the versions behind the alias"


@risk(NET2)
def _anonymous(plan: Plan, url: Change) -> Iterator[Found]:
    before, after = url.both("authorization_type")
    if url.is_written and after == "NONE" and before != "NONE":
        yield "is called by everybody, without authentication"


def _scaled(before: Values, after: Values, planned: Planned) -> set[str]:
    """The count, where a scalable target has it."""
    scaled = {values.get("resource_id") for values in planned(TARGET)}
    own = f"function:{before.get('function_name')}:{before.get('qualifier')}"
    return {"provisioned_concurrent_executions"} if own in scaled else set()


# Cost


def _kind(values: Values) -> str:
    """The processors of a function, in price keys."""
    return "arm64" if values.get("architectures") == ["arm64"] else "x86_64"


def _requests(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """Requests and their duration, whose number no plan tells."""
    values = change.at(side)
    name = str(values.get("function_name") or change.name)
    yield by_use(name, f"lambda/{_kind(values)}/gb-second")
    yield by_use(name, "lambda/request")


def _kept_warm(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """What is kept warm, by the memory of its function."""
    values = change.at(side)
    name = str(values.get("function_name") or change.name)
    function = next(
        (
            each.at(side)
            for each in plan.of_type(FUNCTION)
            if each.exists(side) and each.at(side).get("function_name") == name
        ),
        {},
    )
    memory = function.get("memory_size")
    key = f"lambda/{_kind(function)}/provisioned-gb-second"
    warm = _count(plan, change, side, name)
    if not isinstance(memory, int) or warm is None:
        same = change.action in (Action.NONE, Action.FORGET)
        yield not_told(f"concurrency of {name}", name, side, same=same)
        return
    yield Usage(name, key, warm * (memory / 1024 * SECONDS_PER_MONTH))
    yield by_use(name, f"lambda/{_kind(function)}/provisioned-duration-gb-second")


def _count(plan: Plan, change: Change, side: Side, name: str) -> Amount | None:
    """What is kept warm; None where the plan does not tell it."""
    values = change.at(side)
    own = f"function:{name}:{values.get('qualifier')}"
    for target in plan.of_type(TARGET):
        scaled = target.at(side)
        if scaled.get("resource_id") == own:
            low, high = scaled.get("min_capacity"), scaled.get("max_capacity")
            if isinstance(low, int) and isinstance(high, int):
                return within(plan, target, side, None, low, high)
            return None
    if hidden(change, "provisioned_concurrent_executions", side=side):
        return None
    return exactly(number(values.get("provisioned_concurrent_executions"), 1))


# Preflight


def _concurrency(synthesis: Synthesis, function: Resource) -> Iterator[Quota]:
    """What of the account's concurrency is taken from all others: reserved, or else kept warm."""
    reserved = function.values.get("reserved_concurrent_executions")
    warm = [
        _maximum(synthesis, each)
        for each in synthesis.of(_WARM)
        if f"{{{function.address}." in str(each.values.get("function_name", ""))
    ]
    amount = number(reserved, 0) if reserved is not None else max(warm, default=0)
    if amount:
        yield Quota("lambda", "Concurrent executions", amount, doubled=False)


def _maximum(synthesis: Synthesis, warm: Resource) -> float:
    for target in synthesis.of(TARGET):
        if f"{{{warm.address}." in str(target.values.get("resource_id", "")):
            return number(target.values.get("max_capacity"), 0)
    return number(warm.values.get("provisioned_concurrent_executions"), 0)


def _images(synthesis: Synthesis, functions: Sequence[Resource]) -> Iterator[Finding]:
    """Whether each image is one that Lambda takes: of one architecture, no index of several."""
    for uri, wanted in sorted(
        {
            (str(each.values.get("image_uri", "")), *each.values.get("architectures", ["x86_64"]))
            for each in functions
        }
    ):
        found = _manifest(synthesis.aws, uri)
        if found is None:
            continue  # whether it is there at all is another check
        media, manifest = found
        platforms = {
            str(dig(each, "platform", "architecture") or "")
            for each in manifest.get("manifests", [])
        } - {"", "unknown"}
        push = "build it for one platform without attestations: inferform push does"
        if media in _INDEXES:
            of = f" of {', '.join(sorted(platforms))}" if platforms else ""
            said = f"is an index{of}, and Lambda takes one image, for {wanted}"
            yield Finding(IMAGE, uri, "failed", said, push)
            continue
        built = _architecture(synthesis.aws, uri, manifest)
        if built is None:
            said = (
                f"is one image; whether it is for {wanted} is not known, as ECR does not give its "
            )
            yield Finding(IMAGE, uri, "skipped", f"{said}configuration")
        elif built != wanted:
            said = f"is for {built}, and its function for {wanted}"
            fix = f"build it for {wanted}: inferform push does; or write the other architecture"
            yield Finding(IMAGE, uri, "failed", said, fix)


_BUILT = {"amd64": "x86_64", "arm64": "arm64"}
"""What Lambda calls the architectures of OCI's image configuration."""


def _architecture(aws: Aws, uri: str, manifest: Mapping[str, Any]) -> str | None:
    """What a single image is built for, by its configuration; None where that cannot be read.

    Source: OCI image specification, image configuration (`architecture`).
    """
    registry, name, _ = _parts(uri)
    digest = str(dig(manifest, "config", "digest") or "")
    try:
        url = aws.client("ecr").get_download_url_for_layer(
            registryId=registry, repositoryName=name, layerDigest=digest
        )["downloadUrl"]
        answer = fetch(url)
        built = json.loads(answer.body)["architecture"] if answer.status == 200 else None
    except (BotoCoreError, ClientError, KeyError, TypeError, ValueError):
        return None
    return _BUILT.get(built, str(built)) if built else None


def _parts(uri: str) -> tuple[str, str, dict[str, str]]:
    """The registry, repository and tag or digest of an image in ECR."""
    host, _, path = uri.partition("/")
    name, at, digest = path.partition("@")
    if at:
        return host.partition(".")[0], name, {"imageDigest": digest}
    name, _, tag = path.rpartition(":")
    return host.partition(".")[0], name, {"imageTag": tag}


def _manifest(aws: Aws, uri: str) -> tuple[str, dict[str, Any]] | None:
    """The type of an image's manifest, and what it holds; None where it cannot be read."""
    registry, name, given = _parts(uri)
    identity: Any = given
    try:
        answer = aws.client("ecr").batch_get_image(
            registryId=registry,
            repositoryName=name,
            imageIds=[identity],
            acceptedMediaTypes=sorted(
                {
                    *_INDEXES,
                    "application/vnd.docker.distribution.manifest.v2+json",
                    "application/vnd.oci.image.manifest.v1+json",
                }
            ),
        )
    except ClientError:
        return None
    for image in answer["images"]:
        manifest = json.loads(image.get("imageManifest") or "{}")
        media = image.get("imageManifestMediaType") or manifest.get("mediaType") or ""
        return str(media), manifest
    return None


# Verify

_BACK = frozenset({"Failed", "Stopped"})


class FunctionVerifier(Verifier):
    """The checks of a function: the version behind its alias, its image, and one request."""

    @property
    def name(self) -> str:
        """The name of the function."""
        return str(self.values.get("function_name"))

    @property
    def _lambda(self) -> Any:
        return self.run.aws.any_client("lambda")

    @cached_property
    def _version(self) -> str:
        """The version that the last apply has published."""
        return str(self.values.get("version", ""))

    def findings(self) -> Iterator[Finding]:
        """One finding for each check."""
        try:
            alias = self._lambda.get_alias(FunctionName=self.name, Name=ALIAS)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            said = f"has no alias {ALIAS}, which is what callers use"
            yield self.finding(CONFIGURATION, "failed", said, "deploy again")
            return
        serving = str(alias["FunctionVersion"])
        shares: Mapping[str, float] = (alias.get("RoutingConfig") or {}).get(
            "AdditionalVersionWeights"
        ) or {}
        finding, waits = self._serving(serving, shares)
        yield finding
        found = self._lambda.get_function(FunctionName=self.name, Qualifier=serving)
        image = str(found.get("Code", {}).get("ImageUri", ""))
        if not waits:
            wanted = str(self.values.get("image_uri", ""))
            yield self.images({wanted}, {image}, self._look())
        elif not self.run.applied:
            yield self.finding(RUNNING_IMAGE, "skipped", f"runs {image}")
        yield from self._health(found["Configuration"], serving)

    def now(self) -> Now:
        """The state of the version behind its alias, and the shares of the traffic in a rollout."""
        alias = self._lambda.get_alias(FunctionName=self.name, Name=ALIAS)
        serving = str(alias["FunctionVersion"])
        others: Mapping[str, float] = (alias.get("RoutingConfig") or {}).get(
            "AdditionalVersionWeights"
        ) or {}
        found = self._lambda.get_function(FunctionName=self.name, Qualifier=serving)
        shares = {f"version {each}": float(share) for each, share in others.items()}
        if shares:
            shares = {f"version {serving}": 1 - sum(shares.values()), **shares}
        return Now(str(found["Configuration"].get("State", "Active")), None, shares)

    def ask(self, request: Request) -> Reply:
        """By Invoke, with JSON alone, which is what an event is."""
        try:
            json.loads(request.body)
        except ValueError as error:
            raise BadInputError(f"a function takes JSON: {error}", "give a .json file") from error
        answer = self._lambda.invoke(FunctionName=self.name, Qualifier=ALIAS, Payload=request.body)
        body: bytes = answer["Payload"].read()
        if "FunctionError" in answer:
            text = body.decode("utf-8", "replace")[:200]
            raise OperatorError(f"{self.name} failed with {answer['FunctionError']}: {text}")
        version = answer.get("ExecutedVersion", "")
        return Reply(body, "application/json", f"version {version}" if version else "")

    def _serving(self, serving: str, shares: Mapping[str, float]) -> tuple[Finding, bool]:
        """Which version serves, and whether a newer one only waits for its rollout."""
        if shares:
            text = ", ".join(
                f"{share:.0%} by version {version}" for version, share in shares.items()
            )
            said = f"is served by version {serving}, and {text}: a rollout is under way"
            return self.finding(CONFIGURATION, "skipped", said, "wait until it ends"), True
        if serving == self._version:
            return self.finding(CONFIGURATION, "passed", f"version {serving}"), False
        if not self._moves_later:
            said = f"is served by version {serving}, but the state says {self._version}"
            return self.finding(CONFIGURATION, "failed", said, "deploy again"), False
        if reason := self._not_moved():
            said = f"is served by version {serving}; CodeDeploy did not move it to {self._version}: {reason}"
            return self.finding(CONFIGURATION, "failed", said, self._look()), True
        said = f"continues with version {serving}; version {self._version} waits for its rollout"
        fix = f"inferform rollout {self.run.environment.key} {self._short}"
        return self.finding(CONFIGURATION, "skipped", said, fix), True

    @property
    def _group(self) -> Values | None:
        """The deployment group that moves it."""
        context = self.run.environment.context
        wanted = shift_name(context, self._short)
        groups = self.run.state.of_type(_GROUP)
        return next((each for each in groups if each.get("app_name") == wanted), None)

    @property
    def _moves_later(self) -> bool:
        return self._group is not None

    @property
    def _short(self) -> str:
        context = self.run.environment.context
        for each in self.run.environment.deployed:
            if each.resource == (FUNCTION, self.name):
                return each.name
        return self.name.removeprefix(f"{context.prefix}-")

    def _not_moved(self) -> str:
        """Why CodeDeploy's last deployment did not bring the newest version; empty where it had none
        to do."""
        group = self._group
        if group is None:
            return ""
        codedeploy = self.run.aws.client("codedeploy")
        last = codedeploy.get_deployment_group(
            applicationName=str(group["app_name"]),
            deploymentGroupName=str(group["deployment_group_name"]),
        )["deploymentGroupInfo"].get("lastAttemptedDeployment", {})
        if last.get("status") not in _BACK:
            return ""
        info = codedeploy.get_deployment(deploymentId=last["deploymentId"])["deploymentInfo"]
        content = str(dig(info, "revision", "appSpecContent", "content") or "")
        # One that was to bring an earlier version says nothing of this one.
        if content and _target_of(content) != self._version:
            return ""
        return reason_of(info)

    def _health(self, found: Mapping[str, Any], serving: str) -> Iterator[Finding]:
        state = found.get("State", "Active")
        if state not in ("Active", "Inactive"):
            why = found.get("StateReason", "")
            said = f"is {state}{f': {why}' if why else ''}"
            yield self.finding(HEALTH, "failed", said, self._look())
            return
        warm = self._warmth()
        if warm is not None:
            wanted, ready, status = warm
            said = f"keeps {ready} of {wanted} environments warm"
            if status == "FAILED":
                yield self.finding(HEALTH, "failed", said, self._look())
                return
            if ready < wanted:
                yield self.finding(HEALTH, "skipped", f"{said} so far", "wait until they are ready")
                return
            yield self.finding(HEALTH, "passed", said)
        else:
            yield self.finding(HEALTH, "passed", f"is {state}")
        if self.run.invoke:
            yield self._invocation()

    def _warmth(self) -> tuple[int, int, str] | None:
        """How many environments are to be kept warm, how many are, and how it stands."""
        try:
            found = self._lambda.get_provisioned_concurrency_config(
                FunctionName=self.name, Qualifier=ALIAS
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ProvisionedConcurrencyConfigNotFoundException":
                return None
            raise
        wanted = found["RequestedProvisionedConcurrentExecutions"]
        return wanted, found.get("AvailableProvisionedConcurrentExecutions", 0), found["Status"]

    def _invocation(self) -> Finding:
        body = self._sample()
        try:
            answer = self._lambda.invoke(
                FunctionName=self.name, Qualifier=ALIAS, Payload=body or b"{}"
            )
            payload = answer["Payload"].read()
        except (BotoCoreError, ClientError) as error:
            return self.finding(INVOCATION, "failed", str(error), self._look())
        if "FunctionError" in answer:
            text = payload.decode("utf-8", "replace")[:200]
            said = f"failed with {answer['FunctionError']}: {text}"
            return self.finding(INVOCATION, "failed", said, self._look())
        version = answer.get("ExecutedVersion", "")
        said = f"version {version} answered {len(payload)} bytes"
        return self.finding(INVOCATION, "passed", said)

    def _sample(self) -> bytes | None:
        """A sample in JSON, which is what an event is."""
        context = self.run.environment.context
        for file in sorted(self.run.samples.iterdir()) if self.run.samples else ():
            json_text = CONTENT_TYPES.get(file.suffix) == "application/json"
            if json_text and function_name(context, file.stem) == self.name:
                return file.read_bytes()
        return None

    def served(self) -> Iterator[str]:
        """The image of the function in the state."""
        yield str(self.values.get("image_uri", ""))

    def _look(self) -> str:
        group = dig(self.values, "logging_config", "log_group")
        return f"check the log group {group} and the alarms; fix the image; deploy again"


# Rollouts


def _begin(found: Deployed, aws: Aws) -> tuple[str, str] | None:
    """Start a deployment of the newest version; None where the alias has that already."""
    context = found.place.environment.context
    name = function_name(context, found.name)
    client = aws.any_client("lambda")
    try:
        serving = client.get_alias(FunctionName=name, Name=ALIAS)["FunctionVersion"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        raise OperatorError(f"{name} has no alias {ALIAS}", "apply the layer first") from error
    versions = [
        int(each["Version"])
        for page in client.get_paginator("list_versions_by_function").paginate(FunctionName=name)
        for each in page["Versions"]
        if each["Version"].isdigit()
    ]
    newest = str(max(versions, default=0))
    if serving == newest:
        return None
    application = shift_name(context, found.name)
    answer = aws.client("codedeploy").create_deployment(
        applicationName=application,
        deploymentGroupName=application,
        description="inferform rollout",
        revision={
            "revisionType": "AppSpecContent",
            "appSpecContent": {"content": _app_spec(name, serving, newest)},
        },
    )
    return answer["deploymentId"], f"{name}:{newest}"


def _app_spec(name: str, current: str, target: str) -> str:
    """CodeDeploy's AppSpec in JSON.

    Source: AWS CodeDeploy user guide, AppSpec resources section for AWS Lambda deployments.
    """
    properties = {
        "Name": name,
        "Alias": ALIAS,
        "CurrentVersion": current,
        "TargetVersion": target,
    }
    function = {"Type": "AWS::Lambda::Function", "Properties": properties}
    return json.dumps({"version": 0.0, "Resources": [{"function": function}]})


def _target_of(content: str) -> str:
    """The version that an AppSpec of `_app_spec` brings."""
    try:
        resource = json.loads(content)["Resources"][0]
        return str(next(iter(resource.values()))["Properties"]["TargetVersion"])
    except (IndexError, KeyError, StopIteration, TypeError, ValueError):
        return ""


MOVERS = (Mover(LambdaFunction, _begin),)

# The records

_SAID = Not("the story of its function tells it")

KINDS = (
    resource(
        FUNCTION,
        "Lambda function",
        _function,
        name="function_name",
        outage=True,
        uses=_requests,
        quotas=_concurrency,
        addresses=Not(
            "functions of one security group share few interfaces, whose number AWS sets"
        ),
        preflight=_images,
        story=_story,
        risks=(_smaller, *weaker.FUNCTION),
        settings={"kms_key_arn": "encryption of its variables", "tracing_config": "traces"},
        reverted=Not(
            "an apply only publishes a version; the alias moves, and back, in a rollout of its own"
        ),
        verify=FunctionVerifier,
        page=lambda each: in_console(each, "lambda", f"/functions/{name_in_aws(each)}"),
    ),
    resource(
        _ALIAS,
        "alias of a function",
        _alias,
        name=Not("a function has each name once"),
        outage=True,
        story=told_when_gone("alias of a function", "every request by the alias", "name"),
        risks=(_moved,),
        verify=Not("the function that it belongs to is verified"),
    ),
    resource(
        _URL,
        "URL of a function",
        _url,
        name=Not("an alias has one"),
        outage=True,
        story=told_when_gone("URL of a function", "every request to this address", "function_name"),
        risks=(_anonymous,),
        verify=Not("the function behind it is verified"),
    ),
    resource(
        _WARM,
        "provisioned concurrency",
        Not("PutProvisionedConcurrencyConfig sets what an alias keeps warm"),
        name=Not("an alias has one"),
        owned=_scaled,
        uses=_kept_warm,
        quotas=Not("its function counts it"),
        story=_SAID,
        risks=(_both_change, _cooler),
        verify=Not("the function that it keeps warm is verified"),
    ),
    part(
        "aws_lambda_function_event_invoke_config",
        "asynchronous invocation of a function",
        FUNCTION,
        "PutFunctionEventInvokeConfig sets what an alias has",
    ),
)

UNLISTED_PRICES = {
    r"lambda/.+": "AWS's Price List has them by the GB-second and the request, with a tier for each; "
    "see aws.amazon.com/lambda/pricing",
}
