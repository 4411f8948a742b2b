"""IoT Greengrass V2: component versions, deployments and the core devices that take them."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import yaml
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.iot.models import iot_backends
from moto.moto_api._internal import mock_random
from moto.s3.models import s3_backends
from moto.utilities.utils import get_partition

from ..own import OwnError, OwnResponse
from ..s3_uri import bucket_and_key
from .registry import Service

_FORMAT = "2020-01-25"
_LARGEST_RECIPE = 16_384
_VERSION = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
_ENDED = frozenset({"CANCELED", "FAILED", "REJECTED", "SUCCEEDED", "TIMED_OUT"})
_FAILED = frozenset({"FAILED", "REJECTED", "TIMED_OUT"})

_COUNTED = {
    "CANCELED": "numberOfCanceledThings",
    "FAILED": "numberOfFailedThings",
    "IN_PROGRESS": "numberOfInProgressThings",
    "QUEUED": "numberOfQueuedThings",
    "REJECTED": "numberOfRejectedThings",
    "SUCCEEDED": "numberOfSucceededThings",
    "TIMED_OUT": "numberOfTimedOutThings",
}


@dataclass
class Device:
    """A core device: the thing that it is, and what becomes of deployments to it."""

    thing: str
    outcome: str = "SUCCEEDED"
    reason: str = ""
    status: str = "HEALTHY"
    architecture: str = "amd64"
    installed: dict[str, str] = field(default_factory=dict)


@dataclass
class Version:
    """A version of a component."""

    arn: str
    recipe: dict[str, Any]
    created: datetime
    tags: dict[str, str]

    @property
    def name(self) -> str:
        return str(self.recipe["ComponentName"])

    @property
    def version(self) -> str:
        return str(self.recipe["ComponentVersion"])


@dataclass
class Deployment:
    """A deployment, with what became of it on each thing."""

    id: str
    given: dict[str, Any]
    job: str
    job_arn: str
    revision: int
    created: datetime
    tags: dict[str, str]
    things: dict[str, tuple[str, str]] = field(default_factory=dict)
    stopped: str = ""
    latest: bool = True

    @property
    def status(self) -> str:
        """AWS's word for it; one to a group continues, as things may join it."""
        if self.stopped:
            return self.stopped
        if not self.latest:
            return "INACTIVE"
        is_group = ":thinggroup/" in self.given["targetArn"]
        ended = bool(self.things) and all(each in _ENDED for each, _ in self.things.values())
        if is_group or not ended:
            return "ACTIVE"
        return "FAILED" if any(each in _FAILED for each, _ in self.things.values()) else "COMPLETED"

    def counts(self) -> dict[str, Any]:
        """The job's counts of things."""
        counted = Counter(each for each, _ in self.things.values())
        targets = [self.given["targetArn"]]
        return {"processingTargets": targets} | {
            name: counted[status] for status, name in _COUNTED.items()
        }

    def job_status(self) -> str:
        """The status of the job behind it."""
        return "CANCELED" if self.stopped or not self.latest else "IN_PROGRESS"


class GreengrassBackend(BaseBackend):  # type: ignore[misc]  # moto is not checked
    """What one account and Region has."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.versions: dict[str, Version] = {}
        self.deployments: dict[str, Deployment] = {}
        self.devices: dict[str, Device] = {}

    def things_of(self, target: str) -> list[str]:
        """The core devices that a target means."""
        name = target.partition("/")[2]
        iot = iot_backends[self.account_id][self.region_name]
        if ":thinggroup/" not in target:
            return [name] if name in self.devices else []
        group = next(each for each in iot.thing_groups.values() if each.thing_group_name == name)
        members = [str(arn).partition("/")[2] for arn in group.things]
        return [each for each in members if each in self.devices]

    def has_target(self, target: str) -> bool:
        iot = iot_backends[self.account_id][self.region_name]
        return target in {each.arn for each in (*iot.things.values(), *iot.thing_groups.values())}

    def roll_out(self, deployment: Deployment) -> None:
        """Bring a deployment to the devices one by one, until it is stopped."""
        for thing in self.things_of(deployment.given["targetArn"]):
            if deployment.stopped:
                break
            device = self.devices[thing]
            deployment.things[thing] = (device.outcome, device.reason)
            if device.outcome == "SUCCEEDED":
                device.installed = {
                    name: each["componentVersion"]
                    for name, each in deployment.given.get("components", {}).items()
                }
            if _aborts(deployment):
                deployment.stopped = "CANCELED"


def _aborts(deployment: Deployment) -> bool:
    """Whether a criterion of the stop configuration is met."""
    configuration = deployment.given.get("iotJobConfiguration", {}).get("abortConfig", {})
    statuses = [each for each, _ in deployment.things.values() if each in _ENDED]
    for each in configuration.get("criteriaList", ()):
        kinds = _FAILED if each["failureType"] == "ALL" else {each["failureType"]}
        failed = sum(status in kinds for status in statuses)
        enough = len(statuses) >= each["minNumberOfExecutedThings"]
        if enough and 100 * failed / len(statuses) >= each["thresholdPercentage"]:
            return True
    return False


greengrassv2_backends = BackendDict(GreengrassBackend, "greengrassv2")


class GreengrassResponse(OwnResponse):
    """What is asked of Greengrass V2."""

    name = "greengrassv2"

    @property
    def backend(self) -> GreengrassBackend:
        """What the account and Region of the request has."""
        found: GreengrassBackend = greengrassv2_backends[self.current_account][self.region]
        return found


service = Service("greengrassv2", GreengrassResponse)

_NO_SERVICE = "has the first version of Greengrass alone"


# Components


@service.adds("CreateComponentVersion", gap=_NO_SERVICE)
def create_component_version(response: GreengrassResponse) -> ActionResult:
    """AWS reads the recipe and its artifacts, and never changes a version."""
    text = response._get_param("inlineRecipe")
    if not text:
        raise _invalid("Either inlineRecipe or lambdaFunction must be given")
    recipe = _recipe(text)
    name, version = recipe["ComponentName"], recipe["ComponentVersion"]
    partition = get_partition(response.region)
    arn = (
        f"arn:{partition}:greengrass:{response.region}:{response.current_account}:"
        f"components:{name}:versions:{version}"
    )
    if arn in response.backend.versions:
        raise _error(
            "ConflictException",
            f"Component [{name} : {version}] for account [{response.current_account}] already exists "
            "with state: [DEPLOYABLE]",
            arn,
        )
    _digest(response, recipe)
    made = Version(arn, recipe, utcnow(), dict(response._get_param("tags") or {}))
    response.backend.versions[arn] = made
    return ActionResult(
        {
            "arn": arn,
            "componentName": name,
            "componentVersion": version,
            "creationTimestamp": made.created,
            "status": {"componentState": "REQUESTED", "message": "NONE", "errors": {}},
        }
    )


@service.adds("DescribeComponent", gap=_NO_SERVICE)
def describe_component(response: GreengrassResponse) -> ActionResult:
    """AWS answers what it knows of a version, and whether it can be deployed."""
    held = _version(response)
    return ActionResult(
        {
            "arn": held.arn,
            "componentName": held.name,
            "componentVersion": held.version,
            "creationTimestamp": held.created,
            "publisher": held.recipe.get("ComponentPublisher", ""),
            "description": held.recipe.get("ComponentDescription", ""),
            "status": {"componentState": "DEPLOYABLE", "message": "NONE", "errors": {}},
            "platforms": [
                {"attributes": each["Platform"]}
                for each in held.recipe["Manifests"]
                if each.get("Platform")
            ],
            "tags": held.tags,
        }
    )


@service.adds("GetComponent", gap=_NO_SERVICE)
def get_component(response: GreengrassResponse) -> ActionResult:
    """AWS answers the recipe with the digests of its artifacts."""
    held = _version(response)
    asked = response._get_param("recipeOutputFormat") or "JSON"
    text = json.dumps(held.recipe) if asked == "JSON" else yaml.safe_dump(held.recipe)
    answer = {"recipeOutputFormat": asked, "recipe": text.encode(), "tags": held.tags}
    return ActionResult(answer)


@service.adds("ListComponents", gap=_NO_SERVICE)
def list_components(response: GreengrassResponse) -> ActionResult:
    """AWS answers the account's components, each with its latest version."""
    newest: dict[str, Version] = {}
    for held in response.backend.versions.values():
        known = newest.get(held.name)
        if known is None or _order(held.version) > _order(known.version):
            newest[held.name] = held
    listed = [
        {
            "arn": held.arn.partition(":versions:")[0],
            "componentName": name,
            "latestVersion": {
                "arn": held.arn,
                "componentVersion": held.version,
                "creationTimestamp": held.created,
            },
        }
        for name, held in newest.items()
    ]
    return ActionResult({"components": [] if _is_public(response) else listed})


@service.adds("ListComponentVersions", gap=_NO_SERVICE)
def list_component_versions(response: GreengrassResponse) -> ActionResult:
    """AWS answers the versions of a component, the latest first."""
    arn = response._get_param("arn")
    found = [
        each
        for each in response.backend.versions.values()
        if each.arn.partition(":versions:")[0] == arn
    ]
    if not found:
        raise _missing("component", arn)
    found.sort(key=lambda each: _order(each.version), reverse=True)
    return ActionResult(
        {
            "componentVersions": [
                {"componentName": each.name, "componentVersion": each.version, "arn": each.arn}
                for each in found
            ]
        }
    )


@service.adds("DeleteComponent", gap=_NO_SERVICE)
def delete_component(response: GreengrassResponse) -> EmptyResult:
    """AWS forgets a version; devices that have it keep it."""
    del response.backend.versions[_version(response).arn]
    return EmptyResult()


# Deployments


@service.adds("CreateDeployment", gap=_NO_SERVICE)
def create_deployment(response: GreengrassResponse) -> ActionResult:
    """AWS gives the target a new revision of its one deployment, by a job of IoT."""
    backend, given = response.backend, dict(response.params)
    target = given["targetArn"]
    if not backend.has_target(target):
        raise _missing("target", target)
    for name, each in given.get("components", {}).items():
        # Components of AWS are not known here.
        own = f":components:{name}:versions:{each['componentVersion']}"
        if not name.startswith("aws.") and not any(arn.endswith(own) for arn in backend.versions):
            raise _invalid(
                f"Invalid Input: components {{{name} = version {each['componentVersion']} "
                "does not exist}}"
            )
    _check_configuration(given)
    identity, job = str(mock_random.uuid4()), str(mock_random.uuid4())
    before = [each for each in backend.deployments.values() if each.given["targetArn"] == target]
    for each in before:
        each.latest = False
    partition = get_partition(response.region)
    place = f"{response.region}:{response.current_account}"
    made = Deployment(
        identity,
        given,
        job,
        f"arn:{partition}:iot:{place}:job/{job}",
        len(before) + 1,
        utcnow(),
        dict(given.pop("tags", {}) or {}),
    )
    backend.deployments[identity] = made
    _make_job(response, made)
    backend.roll_out(made)
    return ActionResult({"deploymentId": identity, "iotJobId": job, "iotJobArn": made.job_arn})


@service.adds("GetDeployment", gap=_NO_SERVICE)
def get_deployment(response: GreengrassResponse) -> ActionResult:
    """AWS answers what was asked for, and how it stands."""
    held = _deployment(response)
    return ActionResult(
        {**held.given, **_summary(held), "iotJobId": held.job, "iotJobArn": held.job_arn}
        | {"tags": held.tags}
    )


@service.adds("ListDeployments", gap=_NO_SERVICE)
def list_deployments(response: GreengrassResponse) -> ActionResult:
    """AWS answers the latest of each target, or all of them."""
    target = response._get_param("targetArn")
    every = response._get_param("historyFilter") == "ALL"
    found = [
        _summary(each)
        for each in response.backend.deployments.values()
        if (every or each.latest) and target in (None, each.given["targetArn"])
    ]
    return ActionResult({"deployments": found[::-1]})


@service.adds("CancelDeployment", gap=_NO_SERVICE)
def cancel_deployment(response: GreengrassResponse) -> ActionResult:
    """AWS stops a deployment on the devices that have not begun it."""
    held = _deployment(response)
    if held.status != "ACTIVE":
        raise _error("ConflictException", f"Deployment {held.id} is {held.status}", held.id)
    held.stopped = "CANCELED"
    return ActionResult({"message": f"Deployment {held.id} is canceled"})


# Core devices


@service.adds("ListCoreDevices", gap=_NO_SERVICE)
def list_core_devices(response: GreengrassResponse) -> ActionResult:
    """AWS answers the things on which Greengrass has reported itself."""
    devices: Iterable[Device] = response.backend.devices.values()
    group, status = response._get_param("thingGroupArn"), response._get_param("status")
    members = None if group is None else response.backend.things_of(group)
    return ActionResult(
        {
            "coreDevices": [
                {
                    "coreDeviceThingName": each.thing,
                    "status": each.status,
                    "lastStatusUpdateTimestamp": utcnow(),
                    "platform": "linux",
                    "architecture": each.architecture,
                }
                for each in devices
                if status in (None, each.status) and (members is None or each.thing in members)
            ]
        }
    )


@service.adds("ListEffectiveDeployments", gap=_NO_SERVICE)
def list_effective_deployments(response: GreengrassResponse) -> ActionResult:
    """AWS answers what a core device has of each deployment to it or to a group of it."""
    thing = _device(response).thing
    found = [
        {
            "deploymentId": each.id,
            "deploymentName": each.given.get("deploymentName", ""),
            "iotJobId": each.job,
            "iotJobArn": each.job_arn,
            "targetArn": each.given["targetArn"],
            "coreDeviceExecutionStatus": each.things[thing][0],
            "reason": each.things[thing][1],
            "creationTimestamp": each.created,
            "modifiedTimestamp": each.created,
        }
        for each in response.backend.deployments.values()
        if thing in each.things and each.latest
    ]
    return ActionResult({"effectiveDeployments": found})


@service.adds("ListInstalledComponents", gap=_NO_SERVICE)
def list_installed_components(response: GreengrassResponse) -> ActionResult:
    """AWS answers what a core device runs."""
    held = _device(response).installed
    return ActionResult(
        {
            "installedComponents": [
                {
                    "componentName": name,
                    "componentVersion": version,
                    "lifecycleState": "RUNNING",
                    "isRoot": True,
                }
                for name, version in held.items()
            ]
        }
    )


# Tags


@service.adds("ListTagsForResource", gap=_NO_SERVICE)
def list_tags_for_resource(response: GreengrassResponse) -> ActionResult:
    """AWS answers the tags of a version or of a deployment."""
    return ActionResult({"tags": _tags(response)})


@service.adds("TagResource", gap=_NO_SERVICE)
def tag_resource(response: GreengrassResponse) -> EmptyResult:
    """AWS adds tags, and replaces those of the same key."""
    _tags(response).update(response._get_param("tags"))
    return EmptyResult()


@service.adds("UntagResource", gap=_NO_SERVICE)
def untag_resource(response: GreengrassResponse) -> EmptyResult:
    """AWS takes tags away by their keys."""
    tags = _tags(response)
    for key in response._get_param("tagKeys"):
        tags.pop(key, None)
    return EmptyResult()


# For other parts of the emulator


def of_job(account: str, region: str, job: str) -> Deployment | None:
    """The deployment behind a job of IoT."""
    backend: GreengrassBackend = greengrassv2_backends[account][region]
    return next((each for each in backend.deployments.values() if each.job == job), None)


def report(account: str, region: str, device: Device) -> None:
    """Let a thing report itself as a core device, and what becomes of deployments to it."""
    iot = iot_backends[account][region]
    if device.thing not in {each.thing_name for each in iot.things.values()}:
        raise ValueError(f"no thing {device.thing}")
    if device.outcome not in _COUNTED:
        raise ValueError(f"outcome must be one of {', '.join(_COUNTED)}, got {device.outcome!r}")
    greengrassv2_backends[account][region].devices[device.thing] = device


# What is refused


def _invalid(message: str) -> OwnError:
    return OwnError("ValidationException", message)


def _error(code: str, message: str, resource: str) -> OwnError:
    error = OwnError(code, message)
    error.resourceId, error.resourceType = resource, resource.partition("/")[0]
    return error


def _missing(kind: str, name: str) -> OwnError:
    return _error("ResourceNotFoundException", f"The {kind} {name} does not exist", name)


def _version(response: GreengrassResponse) -> Version:
    arn = response._get_param("arn")
    if arn not in response.backend.versions:
        raise _missing("component version", arn)
    return response.backend.versions[arn]


def _deployment(response: GreengrassResponse) -> Deployment:
    asked = response._get_param("deploymentId")
    if asked not in response.backend.deployments:
        raise _missing("deployment", asked)
    return response.backend.deployments[asked]


def _device(response: GreengrassResponse) -> Device:
    thing = response._get_param("coreDeviceThingName")
    if thing not in response.backend.devices:
        raise _missing("core device", thing)
    return response.backend.devices[thing]


def _tags(response: GreengrassResponse) -> dict[str, str]:
    arn = response._get_param("resourceArn")
    if arn in response.backend.versions:
        return response.backend.versions[arn].tags
    deployment = response.backend.deployments.get(str(arn).rpartition(":")[2])
    if deployment is None:
        raise _missing("resource", arn)
    return deployment.tags


def _recipe(text: bytes) -> dict[str, Any]:
    """AWS IoT Greengrass V2 developer guide, component recipe reference."""
    if len(text) > _LARGEST_RECIPE:
        raise _invalid("Invalid Input: the recipe is larger than 16 KB")
    try:
        recipe = yaml.safe_load(text)  # JSON is YAML
    except yaml.YAMLError as error:
        raise _invalid(f"Invalid Input: the recipe cannot be read: {error}") from None
    if not isinstance(recipe, dict) or recipe.get("RecipeFormatVersion") != _FORMAT:
        raise _invalid(f"Invalid Input: RecipeFormatVersion must be {_FORMAT}")
    name, version = str(recipe.get("ComponentName", "")), str(recipe.get("ComponentVersion", ""))
    if not re.fullmatch(r"[a-zA-Z0-9_.-]{1,128}", name):
        raise _invalid(f"Invalid Input: ComponentName {name!r} is not valid")
    if not _VERSION.fullmatch(version) or len(version) > 64:
        raise _invalid(f"Invalid Input: ComponentVersion {version!r} is no semantic version")
    if not recipe.get("Manifests"):
        raise _invalid("Invalid Input: Manifests must not be empty")
    return deepcopy(recipe)


def _digest(response: GreengrassResponse, recipe: dict[str, Any]) -> None:
    """Add the digest of each artifact in S3, which has to be in the same Region."""
    lacking = []
    for manifest in recipe["Manifests"]:
        for artifact in manifest.get("Artifacts", ()):
            uri = str(artifact.get("Uri", artifact.get("URI", "")))
            if not uri.startswith("s3://"):
                continue
            content = _content(response, uri)
            if content is None:
                lacking.append(uri)
                continue
            digest = hashlib.sha256(content).digest()
            artifact.update(Digest=b64encode(digest).decode(), Algorithm="SHA-256")
    if lacking:
        errors = ", ".join(
            f"{uri} = Specified artifact resource cannot be accessed" for uri in lacking
        )
        raise _invalid(f"Invalid Input: Encountered following errors in Artifacts: {{{errors}}}")


def _content(response: GreengrassResponse, uri: str) -> bytes | None:
    name, key = bucket_and_key(uri)
    buckets = s3_backends[response.current_account][get_partition(response.region)].buckets
    bucket = buckets.get(name)
    if bucket is None or bucket.region_name != response.region:
        return None
    held = bucket.keys.get(key)
    return None if held is None else bytes(held.value)


def _check_configuration(given: dict[str, Any]) -> None:
    """botocore's documentation: a change of configuration is JSON."""
    for name, each in given.get("components", {}).items():
        merge = each.get("configurationUpdate", {}).get("merge")
        if merge is None:
            continue
        try:
            json.loads(merge)
        except ValueError:
            raise _invalid(f"Invalid Input: the configuration of {name} is no JSON") from None


def _make_job(response: GreengrassResponse, made: Deployment) -> None:
    iot_backends[response.current_account][response.region].create_job(
        job_id=made.job,
        targets=[made.given["targetArn"]],
        document_source="",
        document="{}",
        description="",
        presigned_url_config={},
        target_selection="CONTINUOUS",
        job_executions_rollout_config={},
        document_parameters={},
        abort_config={},
        job_execution_retry_config={},
        scheduling_config={},
        timeout_config={},
    )


def _summary(held: Deployment) -> dict[str, Any]:
    return {
        "targetArn": held.given["targetArn"],
        "revisionId": str(held.revision),
        "deploymentId": held.id,
        "deploymentName": held.given.get("deploymentName"),
        "creationTimestamp": held.created,
        "deploymentStatus": held.status,
        "isLatestForTarget": held.latest,
    }


def _is_public(response: GreengrassResponse) -> bool:
    return bool(response._get_param("scope") == "PUBLIC")


def _order(version: str) -> tuple[tuple[int, ...], bool]:
    numbers = re.match(r"(\d+)\.(\d+)\.(\d+)(-?)", version)
    assert numbers is not None
    return tuple(int(each) for each in numbers.groups()[:3]), not numbers.group(4)
