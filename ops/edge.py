"""Components and deployments of Greengrass V2, and compilations of Neo: what Terraform has no resources for."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from inferform import Compilation, EdgeComponent, EdgeFleet, Environment
from inferform.edge import names as named
from inferform.edge.recipe import recipe
from inferform.edge.spec import needed, options_of
from inferform.model.artifact import located
from inferform.names import short_hash
from inferform.rules import did_you_mean, one_of
from inferform.s3_uri import bucket_and_key

from .aws import Aws
from .errors import BadInputError, OperatorError

LARGEST_ARTIFACT_GB = 2
"""Source: AWS General Reference, AWS IoT Greengrass V2 quotas (artifacts of a component version)."""

RECIPE = "inferform-recipe"
"""The key of a version's tag that holds a hash of its recipe, as Greengrass answers a recipe with what it
adds of its own."""

_POLL_SECONDS = 10.0
_UNREADABLE = "is not there, or may not be read"
_ENDED = ("COMPLETED", "FAILED", "STOPPED")

S = TypeVar("S", EdgeComponent, EdgeFleet, Compilation)


@dataclass(frozen=True, slots=True)
class Published:
    """A version of a component in AWS."""

    arn: str
    version: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Device:
    """A core device of a fleet, and what it runs of the fleet's components."""

    name: str
    status: str
    outcome: str
    """The state of the fleet's deployment on it; empty where it has none."""

    runs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stand:
    """How the deployment of a fleet stands."""

    deployment: str
    """Its id; empty where the fleet has none."""

    status: str
    components: Mapping[str, str]
    """The components that it brings, with their versions."""

    behind: tuple[str, ...]
    """What of the fleet's Spec it does not bring."""

    devices: tuple[Device, ...]
    outside: tuple[str, ...]
    """Things of the fleet that have not reported themselves and that its policy does not let in, as their
    names begin otherwise."""


def _of(known: Mapping[str, S], name: str, environment: Environment, kind: str) -> S:
    """A Spec by its short name. Raises BadInputError where there is none."""
    if name not in known:
        raise BadInputError(
            f"{environment.key} has no {kind} {name}{did_you_mean(name, known)}",
            f"its {kind}s are {one_of(known or ['none'])}",
        )
    return known[name]


class Edge:
    """What an environment has on devices."""

    def __init__(self, environment: Environment, aws: Aws) -> None:
        self._environment = environment
        self._context = environment.context
        self._aws = aws
        self._greengrass: Any = aws.any_client("greengrassv2")

    # Components

    def publish(self, name: str) -> Published:
        """Make a version of a component, where it is not there yet.

        Raises BadInputError for a component that is not declared, and OperatorError where its artifact
        is missing or too large, or the version is there with another recipe.
        """
        edge = self._environment.edge
        spec = _of(edge.components if edge else {}, name, self._environment, "component")
        made = recipe(self._context, name, spec, self._environment.artifact_bucket)
        arn = named.component_arn(self._context, name, spec.version)
        known = self._tags(arn)
        if known is not None:
            if known.get(RECIPE) != short_hash(made):
                raise OperatorError(
                    f"{made['ComponentName']} {spec.version} is published with another recipe"
                    if RECIPE in known
                    else f"{made['ComponentName']} {spec.version} was published by somebody else",
                    "a version never changes: raise edge.components"
                    f"[{name!r}].version, and publish that",
                )
            return Published(arn, spec.version, is_new=False)
        self._check_artifact(spec)
        try:
            self._greengrass.create_component_version(
                inlineRecipe=json.dumps(made).encode(),
                tags=self._context.default_tags("edge") | {RECIPE: short_hash(made)},
            )
        except ClientError as error:
            raise OperatorError(
                f"{made['ComponentName']} {spec.version} is not published: {error}",
                "see inferform preflight",
            ) from None
        return Published(arn, spec.version, is_new=True)

    def _tags(self, arn: str) -> dict[str, str] | None:
        """The tags of a version; None where it is not there."""
        try:
            found = self._greengrass.describe_component(arn=arn)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return None
        tags: dict[str, str] = found.get("tags", {})
        return tags

    def _check_artifact(self, spec: EdgeComponent) -> None:
        wrong = artifact_problem(self._aws, spec, self._environment.artifact_bucket)
        if wrong:
            uri = spec.artifact or ""
            place = located(uri, self._environment.artifact_bucket)
            raise OperatorError(f"{place} {wrong}", f"aws s3 cp FILE {place}")

    # Fleets

    def deploy(self, name: str) -> str:
        """Give a fleet the components of its Spec; the id of the deployment.

        Raises BadInputError for a fleet that is not declared, and OperatorError where it is not deployed
        or a component is not published.
        """
        edge = self._environment.edge
        spec = _of(edge.fleets if edge else {}, name, self._environment, "fleet")
        assert edge is not None
        for each in needed(self._context, edge.components, spec.components):
            arn = named.component_arn(self._context, each, edge.components[each].version)
            if self._tags(arn) is None:
                raise OperatorError(
                    f"{each} {edge.components[each].version} is not published",
                    f"inferform edge publish {self._environment.key} {each}",
                )
        failed = {
            "failureType": "ALL",
            "action": "CANCEL",
            "thresholdPercentage": spec.stop_at_failed_percent,
            "minNumberOfExecutedThings": spec.stop_after_devices,
        }
        try:
            made = self._greengrass.create_deployment(
                targetArn=named.fleet_arn(self._context, name),
                deploymentName=named.fleet_name(self._context, name),
                components=self._wanted(spec),
                iotJobConfiguration={
                    "jobExecutionsRolloutConfig": {"maximumPerMinute": spec.devices_per_minute},
                    "abortConfig": {"criteriaList": [failed]},
                    "timeoutConfig": {"inProgressTimeoutInMinutes": spec.timeout_minutes},
                },
                deploymentPolicies={
                    # A device that fails goes back to what it ran.
                    "failureHandlingPolicy": "ROLLBACK",
                    "componentUpdatePolicy": {
                        "action": "NOTIFY_COMPONENTS",
                        "timeoutInSeconds": 60,
                    },
                },
                tags=self._context.default_tags("edge"),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            raise OperatorError(
                f"the fleet {name} is not deployed", f"inferform deploy {self._context.key}-edge"
            ) from None
        return str(made["deploymentId"])

    def _wanted(self, spec: EdgeFleet) -> dict[str, Any]:
        """What a deployment of a fleet brings."""
        edge = self._environment.edge
        assert edge is not None
        found: dict[str, Any] = {
            name: {"componentVersion": version} for name, version in spec.aws_components.items()
        }
        for each in spec.components:
            component = edge.components[each]
            made: dict[str, Any] = {"componentVersion": component.version}
            if component.memory_mib is not None and component.image is None:
                limits = {"memory": component.memory_mib * 1024}
                made["runWith"] = {"systemResourceLimits": limits}
            found[named.component_name(self._context, each)] = made
        return found

    def status(self, name: str) -> Stand:
        """How the newest deployment of a fleet stands.

        Raises BadInputError for a fleet that is not declared.
        """
        edge = self._environment.edge
        spec = _of(edge.fleets if edge else {}, name, self._environment, "fleet")
        wanted = {each: held["componentVersion"] for each, held in self._wanted(spec).items()}
        target = named.fleet_arn(self._context, name)
        listed = self._greengrass.list_deployments(targetArn=target)["deployments"]
        newest = next((each for each in listed if each["isLatestForTarget"]), None)
        found: Any = {}
        if newest is not None:
            found = self._greengrass.get_deployment(deploymentId=newest["deploymentId"])
        brings = {
            each: held["componentVersion"] for each, held in found.get("components", {}).items()
        }
        devices = tuple(self._devices(target, set(brings)))
        return Stand(
            deployment=str(found.get("deploymentId", "")),
            status=str(found.get("deploymentStatus", "no deployment")),
            components=brings,
            behind=tuple(
                f"{each} {version}"
                for each, version in wanted.items()
                if brings.get(each) != version
            ),
            devices=devices,
            outside=tuple(self._outside(name, {each.name for each in devices})),
        )

    def _outside(self, name: str, reported: set[str]) -> Iterator[str]:
        iot: Any = self._aws.any_client("iot")
        pages = iot.get_paginator("list_things_in_thing_group")
        prefix = named.thing_prefix(self._context, name)
        try:
            for page in pages.paginate(thingGroupName=named.fleet_name(self._context, name)):
                for thing in page["things"]:
                    if thing not in reported and not thing.startswith(prefix):
                        yield thing
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise

    def _devices(self, target: str, names: set[str]) -> Iterator[Device]:
        pages = self._greengrass.get_paginator("list_core_devices")
        for page in pages.paginate(thingGroupArn=target):
            for each in page["coreDevices"]:
                thing = each["coreDeviceThingName"]
                outcome = next(
                    (
                        held["coreDeviceExecutionStatus"]
                        for held in self._of_device(
                            thing, "list_effective_deployments", "effectiveDeployments"
                        )
                        if held["targetArn"] == target
                    ),
                    "",
                )
                runs = {
                    held["componentName"]: held["componentVersion"]
                    for held in self._of_device(
                        thing, "list_installed_components", "installedComponents"
                    )
                    if held["componentName"] in names
                }
                yield Device(thing, each["status"], outcome, runs)

    def _of_device(self, thing: str, operation: str, member: str) -> Iterator[dict[str, Any]]:
        for page in self._greengrass.get_paginator(operation).paginate(coreDeviceThingName=thing):
            yield from page[member]

    # Compilations

    def compile(self, name: str, *, again: bool = False) -> str:
        """Start a compilation job, where the same was not started yet; its name. `again` starts one
        although it was. Default: False.

        Raises BadInputError for a compilation that is not declared, and OperatorError where its artifact
        is missing or SageMaker refuses it.
        """
        edge = self._environment.edge
        spec = _of(edge.compilations if edge else {}, name, self._environment, "compilation")
        asked = self._asked(name, spec)
        place = located(spec.artifact, self._environment.artifact_bucket)
        found = _object(self._aws, place)
        if found is None:
            raise OperatorError(f"{place} {_UNREADABLE}", f"aws s3 cp FILE {place}")
        first = named.compile_job(self._context, name, [asked, found["ETag"]])
        before, job = "", first
        while self._has_job(job):
            before, job = job, f"{first}-{int(job.removeprefix(first)[1:] or 1) + 1}"
        if before and not again:
            return before
        try:
            self._aws.client("sagemaker").create_compilation_job(CompilationJobName=job, **asked)
        except ClientError as refused:
            raise OperatorError(
                f"{name} is not compiled: {refused}",
                f"deploy {self._context.key}-edge first, which makes its role",
            ) from None
        return job

    def _has_job(self, job: str) -> bool:
        try:
            self._aws.client("sagemaker").describe_compilation_job(CompilationJobName=job)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("ResourceNotFound", "ValidationException"):
                raise
            return False
        return True

    def _asked(self, name: str, spec: Compilation) -> dict[str, Any]:
        """The request, without the name of the job."""
        bucket = self._environment.artifact_bucket
        given: dict[str, Any] = {
            "S3Uri": located(spec.artifact, bucket),
            "DataInputConfig": spec.data_input_config,
            "Framework": spec.framework,
        }
        if spec.framework_version is not None:
            given["FrameworkVersion"] = spec.framework_version
        output: dict[str, Any] = {"S3OutputLocation": f"s3://{bucket}/{named.compiled(name)}"}
        if spec.device is not None:
            output["TargetDevice"] = spec.device
        if spec.platform is not None:
            platform: dict[str, str] = {"Os": spec.platform.os, "Arch": spec.platform.arch}
            if spec.platform.accelerator is not None:
                platform["Accelerator"] = spec.platform.accelerator
            output["TargetPlatform"] = platform
        if spec.compiler_options:
            output["CompilerOptions"] = options_of(spec)
        role = self._context.name(named.compile_role(name), limit=64)
        return {
            "RoleArn": self._context.own_role_arn(role),
            "InputConfig": given,
            "OutputConfig": output,
            "StoppingCondition": {"MaxRuntimeInSeconds": spec.max_runtime_seconds},
        }

    def compiled(self, job: str) -> tuple[str, str]:
        """The status of a compilation job, and where its model lies or why it failed."""
        found: Any = self._aws.client("sagemaker").describe_compilation_job(CompilationJobName=job)
        status = str(found["CompilationJobStatus"])
        said = found.get("FailureReason") or found.get("ModelArtifacts", {}).get(
            "S3ModelArtifacts", ""
        )
        return status, str(said)

    def wait(self, job: str, every: float = _POLL_SECONDS) -> tuple[str, str]:
        """Wait for the end of a compilation job."""
        while True:
            status, said = self.compiled(job)
            if status in _ENDED:
                return status, said
            time.sleep(every)


def artifact_problem(aws: Aws, spec: EdgeComponent, bucket: str) -> str:
    """Why Greengrass cannot take the artifact of a component; empty where it can, or has none."""
    if spec.artifact is None:
        return ""
    found = _object(aws, located(spec.artifact, bucket))
    if found is None:
        return _UNREADABLE
    size = found["ContentLength"]
    if size > LARGEST_ARTIFACT_GB * 10**9:
        return f"has {size / 10**9:.1f} GB, and Greengrass takes {LARGEST_ARTIFACT_GB}"
    return ""


def _object(aws: Aws, uri: str) -> Mapping[str, Any] | None:
    """What S3 says of an object; None where it is not there, or may not be read."""
    bucket, key = bucket_and_key(uri)
    try:
        return aws.client("s3").head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("403", "404", "NoSuchBucket", "NoSuchKey"):
            raise
        return None
