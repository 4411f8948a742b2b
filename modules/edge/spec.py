"""What is asked of models on devices."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from ..context import Context
from ..image_uri import parse_image
from ..model.artifact import is_location
from ..names import Name, role
from ..overrides import Overridable
from ..rules import Problem, Rule, did_you_mean, nearest, one_of, rule
from ..secret import name_says_secret, texts_in, value_is_secret
from ..service import Billed, Named, Place
from ..spec import Aws, Between, Check, Many, Matches, ShortName, Spec, is_json, read_json
from ..usage import Usage, by_use
from . import names as named

EDG1 = rule(
    "EDG1",
    refuses="what AWS has ended: SageMaker Edge Manager and Greengrass V1",
    message="is of what AWS has ended: SageMaker Edge Manager on 2024-04-26, Greengrass V1 on 2026-10-07; "
    "publish a component of Greengrass V2 (components) and deploy it to a fleet (fleets)",
    source="Amazon SageMaker developer guide, Edge Manager end of life; AWS IoT Greengrass V1 maintenance "
    "policy",
)
EDG2 = rule(
    "EDG2",
    refuses="a version of a component that is not semantic, or over 64 characters",
    message="must be a semantic version such as 1.4.2 or 2.0.0-rc.1, of 64 characters at most",
    source="botocore greengrassv2 ComponentVersionString; AWS IoT Greengrass V2 developer guide, component "
    "recipe reference (ComponentVersion)",
)
EDG3 = rule(
    "EDG3",
    refuses="a component with neither an artifact nor an image, or with both",
    message="must have {wanted}",
    source="AWS IoT Greengrass V2 developer guide, component recipe reference (Artifacts)",
)
EDG5 = rule(
    "EDG5",
    refuses="a lifetime of a device's credentials outside 900 to 43,200 seconds",
    message="must be from {low} to {high} seconds",
    source="botocore iot CredentialDurationSeconds",
)
EDG6 = rule(
    "EDG6",
    refuses="a component that a fleet does not find",
    message="is no component of edge.components{hint}",
    source="Inferform: a fleet runs what its environment declares",
)
EDG7 = rule(
    "EDG7",
    refuses="a recipe over 16 KB",
    message="makes a recipe of {size:,} bytes, and Greengrass takes 16,384; move scripts into the artifact",
    source="AWS General Reference, AWS IoT Greengrass V2 quotas (component recipe size)",
)
EDG8 = rule(
    "EDG8",
    refuses="a topic that MQTT does not take, one of AWS's own, or one of more than 8 levels",
    message="{wrong}",
    source="AWS IoT Core developer guide, MQTT topics (reserved topics begin with $; wildcards are whole levels, # the "
    "last one); AWS General Reference, AWS IoT Core quotas (256 bytes, 7 slashes)",
)
EDG9 = rule(
    "EDG9",
    refuses="a component's artifact that is no object in S3",
    message="must be an s3:// URI of one object, or its key in the artifact bucket, such as "
    "edge/detect/1.4.2/model.onnx",
    source="AWS IoT Greengrass V2 developer guide, component recipe reference (Artifacts, Uri)",
)
EDG10 = rule(
    "EDG10",
    refuses="an image that Greengrass does not pull with the device's role",
    message="must be a private image of ECR of this Region, such as "
    "111122223333.dkr.ecr.us-east-1.amazonaws.com/detect:1",
    source="AWS IoT Greengrass V2 developer guide, run a Docker container (private ECR images of one Region)",
)
EDG11 = rule(
    "EDG11",
    refuses="an artifact without a command that runs it",
    message="is needed beside an artifact: the shell command that serves it, such as "
    "python3 {{artifacts:path}}/serve.py",
    source="AWS IoT Greengrass V2 developer guide, component recipe reference (Lifecycle)",
)
EDG12 = rule(
    "EDG12",
    refuses="what is no version requirement of a component of Greengrass",
    message="must be a version, or a range of npm's, such as ^2.0.0, 2.x or >=2.1.0 <3.0.0",
    source="AWS IoT Greengrass V2 developer guide, component recipe reference (VersionRequirement)",
)
EDG13 = rule(
    "EDG13",
    refuses="a rollout of a deployment that Greengrass does not take",
    message="must be from {low} to {high}",
    source="botocore greengrassv2 IoTJobMaxExecutionsPerMin, IoTJobAbortThresholdPercentage, "
    "IoTJobMinimumNumberOfExecutedThings; AWS IoT developer guide, job limits (7 days in progress); "
    "Inferform: what is more is a slip of the hand",
)
EDG14 = rule(
    "EDG14",
    refuses="a name that no component of Greengrass has",
    message="must be the name of a component: 1 to 128 letters, digits, . _ and -, such as aws.greengrass.Nucleus",
    source="botocore greengrassv2 ComponentNameString; AWS IoT Greengrass V2 developer guide, component recipe "
    "reference (ComponentName)",
)
EDG15 = rule(
    "EDG15",
    refuses="a configuration that JSON cannot hold",
    message="must be what JSON holds: text, numbers, True, False, None, lists and dicts by text",
    source="AWS IoT Greengrass V2 developer guide, component recipe reference (DefaultConfiguration); RFC 8259",
)
EDG16 = rule(
    "EDG16",
    refuses="a variable of recipes that there is none of, or the folder of a zip where there is no zip",
    message="names {variable}, {wrong}",
    source="AWS IoT Greengrass V2 developer guide, component recipe reference (recipe variables)",
)
EDG17 = rule(
    "EDG17",
    refuses="a secret in a recipe",
    message="holds what looks like a secret{where}, and a version of a component never changes; keep it in Secrets "
    "Manager, and let aws.greengrass.SecretManager bring it to the devices",
    source="AWS IoT Greengrass V2 developer guide, secret manager component",
)
EDG18 = rule(
    "EDG18",
    refuses="two components of a fleet that serve on one port of its devices",
    message="serves on port 8080 of a device, as {other} does, which the second could not; give one of them a run of "
    "its own with another port",
    source="Docker documentation, docker container run (--publish); Inferform: a component of an image runs so where it "
    "has no run",
)
NEO1 = rule(
    "NEO1",
    refuses="a target device and a target platform together, or neither",
    message="must have one of device and platform",
    source="Amazon SageMaker API reference, OutputConfig (TargetDevice, TargetPlatform)",
)
NEO2 = rule(
    "NEO2",
    refuses="a framework version that Neo is not known to compile",
    message="is not {framework} {known}, which Neo compiles for this target; export to ONNX and serve it by ONNX "
    "Runtime instead",
    source="Amazon SageMaker developer guide, Neo supported frameworks, devices and instance types "
    "(2026-11)",
    severity="warning",
)
NEO3 = rule(
    "NEO3",
    refuses="a framework version for a framework that has none here",
    message="is for MXNET, PYTORCH, TENSORFLOW and TFLITE alone; leave it out with {framework}",
    source="Amazon SageMaker API reference, InputConfig FrameworkVersion",
)
NEO4 = rule(
    "NEO4",
    refuses="what Neo compiles that is not one .tar.gz",
    message="must be one .tar.gz, as an s3:// URI or a key in the artifact bucket",
    source="Amazon SageMaker API reference, InputConfig S3Uri",
)
NEO5 = rule(
    "NEO5",
    refuses="a platform with an NVIDIA accelerator without gpu-code, trt-ver and cuda-ver",
    message="must name {missing} for an NVIDIA accelerator",
    source="Amazon SageMaker API reference, OutputConfig CompilerOptions",
)
NEO6 = rule(
    "NEO6",
    refuses="input shapes that are no JSON, or over 16,384 characters",
    message='must be JSON such as {{"input": [1, 3, 224, 224]}}, of 16,384 characters at most',
    source="botocore sagemaker DataInputConfig; Amazon SageMaker API reference, InputConfig (JSON)",
)
NEO7 = rule(
    "NEO7",
    refuses="a target whose service or hardware AWS has ended",
    message="is {why}; choose another target, or ONNX",
    source="Amazon SageMaker and AWS DeepLens end-of-life notices; Amazon EC2, previous generation instances",
    severity="warning",
)
NEO8 = rule(
    "NEO8",
    refuses="a time limit of a compilation outside 1 second to a day",
    message="must be from {low} to {high} seconds",
    source="botocore sagemaker MaxRuntimeInSeconds (1 at least); Inferform: a day is enough",
)
NEO9 = rule(
    "NEO9",
    refuses="what is no version of a framework",
    message="must be a version such as 1.8",
    source="botocore sagemaker FrameworkVersion",
)
NEO10 = rule(
    "NEO10",
    refuses="compiler options over 1,024 characters as JSON",
    message="make {size:,} characters of JSON, and Neo takes 1,024",
    source="botocore sagemaker CompilerOptions",
)

NEO11 = rule(
    "NEO11",
    refuses="compiler options that JSON cannot hold",
    message="must be what JSON holds: text, numbers, True, False, None, lists and dicts by text",
    source="Amazon SageMaker API reference, OutputConfig CompilerOptions (JSON); RFC 8259",
)

_GONE = {
    "lambda": "no target of Neo's any more",
    "deeplens": "AWS DeepLens, which ended on 2024-01-31",
    "ml_p2": "an instance family that AWS has retired",
    "ml_p3": "an instance family that AWS has retired",
    "ml_eia2": "Elastic Inference, which AWS has ended",
}
_VERSIONED = ("MXNET", "PYTORCH", "TENSORFLOW", "TFLITE")
_EDGE = {
    "MXNET": ("1.8",),
    "PYTORCH": ("1.7", "1.8"),
    "TENSORFLOW": ("1.15",),
    "TFLITE": ("1.15",),
}
_CLOUD = {
    "MXNET": ("1.8",),
    "PYTORCH": ("1.4", "1.5", "1.6", "1.7", "1.8", "1.12", "1.13", "2.0"),
    "TENSORFLOW": ("1.15", "2.9"),
}
_INFERENTIA = {
    "MXNET": ("1.5", "1.8"),
    "PYTORCH": ("1.7", "1.8", "1.9"),
    "TENSORFLOW": ("1.15", "2.4", "2.5"),
}
MOST_LEVELS = 8
LARGEST_RECIPE = 16_384
"""The largest recipe, in bytes."""

# semver.org, and the grammar of ranges of npm's node-semver.
_NUMBER = r"(0|[1-9][0-9]*)"
_BEHIND = (
    rf"(-({_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\.({_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?"
    r"(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?"
)
_SEMANTIC = rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}{_BEHIND}"
_PART = rf"({_NUMBER}|[xX*])"
_PARTIAL = rf"{_PART}(\.{_PART}(\.{_PART}{_BEHIND})?)?"
_SIMPLE = rf"([<>]=?|=|~>?|\^)? ?{_PARTIAL}"
_FITTING = rf"({_PARTIAL} - {_PARTIAL}|{_SIMPLE}( {_SIMPLE})*)"
_RANGE = rf"{_FITTING}( ?\|\| ?{_FITTING})*"

_UNPACKED = "decompressedPath"
_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "artifacts": ("path", _UNPACKED),
    "iot": ("thingName",),
    "kernel": ("rootPath",),
    "work": ("path",),
}
# `{of:space:key}`: a component may name what another one has. `${NAME:-default}` is the shell's.
_VARIABLE = re.compile(r"(?<!\$)\{((?P<of>[\w.-]+):)?(?P<space>\w+):(?P<key>\w+)\}", re.ASCII)

ComponentVersion = Annotated[
    str,
    Matches(EDG2, _SEMANTIC),
    Check(EDG2, lambda text: len(text) <= 64),
    Aws("greengrassv2:ComponentDeploymentSpecification.componentVersion"),
]
"""A semantic version of a component."""

_ENDED = "aws.greengrass.SageMakerEdgeManager"
"""The component of AWS's that is the agent of Edge Manager."""

ComponentName = Annotated[
    str, Matches(EDG14, r"[a-zA-Z0-9_.-]{1,128}"), Check(EDG1, lambda name: name != _ENDED)
]
"""The name of a component, of 1 to 128 characters."""


def _topic_wrong(text: str) -> str:
    """What is wrong with a filter of topics; empty where nothing is."""
    levels = text.split("/")
    if not re.fullmatch(r"[\w/+#.:@-]{1,256}", text, re.ASCII):
        return "must be a topic filter such as cameras/+/seen, that does not begin with $"
    if "#" in text and (text.count("#") > 1 or levels[-1] != "#"):
        return "must have # as its last level alone, such as cameras/#"
    if any("+" in each and each != "+" for each in levels):
        return "must have + as a whole level, such as cameras/+/seen"
    if len(levels) > MOST_LEVELS:
        return f"has {len(levels)} levels; AWS IoT takes {MOST_LEVELS}, between 7 slashes"
    return ""


def is_zip(artifact: str | None) -> bool:
    """Whether Greengrass unpacks an artifact."""
    return artifact is not None and artifact.endswith(".zip")


def _is_object(text: str) -> bool:
    return is_location(text) and not text.endswith("/")


def _is_json(text: str) -> bool:
    try:
        read_json(text)
    except ValueError:
        return False
    return len(text) <= 16_384


class EdgeComponent(Spec):
    """A component of Greengrass V2: a model on a device, and what serves it.

    Terraform makes none: `inferform edge publish` does, and a version never changes.
    """

    version: ComponentVersion
    """Its semantic version, such as `1.4.2`. A change of anything else needs another one."""

    artifact: Annotated[str, Check(EDG9, _is_object)] | None = None
    """The model with what serves it: an object's URI or its key in the artifact bucket, such as
    `edge/detect/1.4.2/model.onnx`. A zip is unpacked. Default: None, an `image`."""

    image: str | None = None
    """A container image of ECR by its URI. It serves on port 8080 as on SageMaker. Default: None, an
    `artifact`."""

    run: str | None = None
    """The shell command that runs it; `{artifacts:path}` is where the artifact lies, and
    `{artifacts:decompressedPath}` where a zip is unpacked. Default: `docker run` of the image."""

    install: str | None = None
    """The shell command that prepares a device for it. Greengrass runs it at each of its own starts too,
    and ends it after 120 seconds. Default: nothing."""

    platform_os: Literal["linux", "windows"] = "linux"
    """The system that it is for. Default: linux."""

    architecture: Literal["amd64", "aarch64", "arm", "x86"] | None = None
    """The processors that it is for, as Greengrass calls them: `arm` is 32-bit. Default: None, any."""

    requires: dict[ComponentName, Annotated[str, Matches(EDG12, _RANGE)]] = {}
    """Components that it needs, with the versions that fit: `{"aws.greengrass.Nucleus": "^2.0.0"}`.
    Default: none."""

    configuration: Annotated[dict[str, Any], Check(EDG15, is_json)] = {}
    """Its default configuration, which a deployment may change. Default: none."""

    memory_mib: Annotated[int, Between(EDG13, 16, 1_048_576)] | None = None
    """The most memory that it may have on Linux, in MiB. Default: None, no limit."""

    def check(self) -> Iterator[Problem]:
        """One of artifact and image; an artifact is run by something."""
        if (self.artifact is None) == (self.image is None):
            wanted = (
                "an artifact or an image" if self.artifact is None else "one of artifact and image"
            )
            yield EDG3.problem(wanted=wanted)
        elif self.artifact is not None and self.run is None:
            yield EDG11.problem("run")
        for field, command in (("run", self.run), ("install", self.install)):
            for variable, wrong in self._wrong_variables(command or ""):
                yield EDG16.problem(field, variable=variable, wrong=wrong)
            if value_is_secret(command or ""):
                yield EDG17.problem(field, where="")
        for where, name, text in texts_in(self.configuration):
            if name_says_secret(name, text) or value_is_secret(text):
                yield EDG17.problem("configuration", where=f" at {where}")

    @property
    def publishes(self) -> bool:
        """Whether it serves on port 8080 of a device, as an image without a `run` of its own."""
        return self.image is not None and self.run is None

    def _wrong_variables(self, command: str) -> Iterator[tuple[str, str]]:
        """The variables of a command that Greengrass leaves as they are, each with what is wrong."""
        for match in _VARIABLE.finditer(command):
            space, key = match["space"], match["key"]
            if space not in _VARIABLES:
                # What else stands between braces is the shell's, or somebody's template.
                if alike := nearest(space, _VARIABLES):
                    yield match[0], f"of which there is none; did you mean {alike[0]}"
            elif key not in _VARIABLES[space]:
                yield match[0], f"of which there is none; {space} has {one_of(_VARIABLES[space])}"
            elif key == _UNPACKED and match["of"] is None and not is_zip(self.artifact):
                yield (
                    match[0],
                    "where a zip is unpacked, and the artifact is none; write {artifacts:path}",
                )

    def check_in(self, context: Context) -> Iterator[Problem]:
        """An image is in the Region's ECR."""
        yield from super().check_in(context)
        if self.image is not None:
            match = parse_image(self.image)
            if match is None or match["region"] != context.region:
                yield EDG10.problem("image", got=self.image)


def needed(
    context: Context, components: Mapping[str, EdgeComponent], wanted: Iterable[str]
) -> list[str]:
    """Components by short name, and behind them those of the same environment that they need.

    Greengrass brings what a component needs without being told."""
    own = {named.component_name(context, name): name for name in components}
    found: list[str] = []
    left = [*wanted]
    while left:
        name = left.pop(0)
        if name not in found:
            found.append(name)
            left += [own[each] for each in sorted(components[name].requires) if each in own]
    return found


class EdgeFleet(Billed, Overridable, Named):
    """Devices that run the same components: a thing group with the rights of its devices.

    A device gets in with a certificate of its own, which is no matter of Terraform's, and has a name that
    begins with the fleet's: `acme-dev-use1-cameras-edge_door`.
    """

    components: Many[ShortName] = ()
    """What the devices run, by the names in `edge.components`. `inferform edge deploy` brings it.
    Default: nothing."""

    aws_components: dict[ComponentName, ComponentVersion] = {}
    """Components of AWS's that are deployed beside, with their versions:
    `{"aws.greengrass.Nucleus": "2.12.0"}`. Default: none, the device keeps its nucleus."""

    topics: Many[
        Annotated[
            str,
            Check(
                EDG8,
                lambda text: not _topic_wrong(text),
                lambda text: {"wrong": _topic_wrong(text)},
            ),
        ]
    ] = ()
    """Topics that devices publish to and read from. Default: those of Greengrass alone."""

    credential_duration_seconds: Annotated[
        int,
        Between(EDG5, 900, 43_200),
        Aws("iot:CreateRoleAliasRequest.credentialDurationSeconds"),
    ] = 3600
    """How long credentials of a device are good, in seconds. Default: 3,600."""

    devices_per_minute: Annotated[
        int,
        Between(EDG13, 1, 1000),
        Aws("greengrassv2:IoTJobExecutionsRolloutConfig.maximumPerMinute"),
    ] = 10
    """How many devices begin a deployment in a minute. Default: 10."""

    stop_at_failed_percent: Annotated[
        float,
        Between(EDG13, 1, 100),
        Aws("greengrassv2:IoTJobAbortCriteria.thresholdPercentage"),
    ] = 20.0
    """Which share of devices that have failed stops a deployment, in percent. Default: 20."""

    stop_after_devices: Annotated[
        int,
        Between(EDG13, 1, 100_000),
        Aws("greengrassv2:IoTJobAbortCriteria.minNumberOfExecutedThings"),
    ] = 1
    """How many devices have ended before that share counts. Default: 1."""

    timeout_minutes: Annotated[
        int,
        Between(EDG13, 1, 10_080),
        Aws("greengrassv2:IoTJobTimeoutConfig.inProgressTimeoutInMinutes"),
    ] = 60
    """Minutes after which a device that has begun has failed. Default: 60."""

    def names(self, place: Place) -> Iterator[Name]:
        """Of its thing group, thing type, policy, role alias and role."""
        context, short = place.environment.context, place.name
        name = named.fleet_name(context, short)
        for kind in ("group", "type"):
            yield Name(f"aws_iot_thing_{kind}", name)
        for kind in ("policy", "role_alias"):
            yield Name(f"aws_iot_{kind}", name)
        yield Name("aws_iam_role", role(context, named.fleet_role(short)))

    def uses(self, place: Place) -> Iterator[Usage]:
        """Its devices, however many join."""
        yield by_use(named.fleet_name(place.environment.context, place.name), named.DEVICE)


class TargetPlatform(Spec):
    """What a model is compiled for, by its parts."""

    os: Annotated[Literal["ANDROID", "LINUX"], Aws("sagemaker:TargetPlatform.Os")]
    """The operating system."""

    arch: Annotated[
        Literal["X86_64", "X86", "ARM64", "ARM_EABI", "ARM_EABIHF"],
        Aws("sagemaker:TargetPlatform.Arch"),
    ]
    """The processor."""

    accelerator: (
        Annotated[
            Literal["INTEL_GRAPHICS", "MALI", "NVIDIA", "NNA"],
            Aws("sagemaker:TargetPlatform.Accelerator"),
        ]
        | None
    ) = None
    """The accelerator. Default: None."""


Device = Literal[
    "lambda",
    "ml_m4",
    "ml_m5",
    "ml_m6g",
    "ml_c4",
    "ml_c5",
    "ml_c6g",
    "ml_p2",
    "ml_p3",
    "ml_g4dn",
    "ml_inf1",
    "ml_inf2",
    "ml_trn1",
    "ml_eia2",
    "jetson_tx1",
    "jetson_tx2",
    "jetson_nano",
    "jetson_xavier",
    "rasp3b",
    "rasp4b",
    "imx8qm",
    "deeplens",
    "rk3399",
    "rk3288",
    "aisage",
    "sbe_c",
    "qcs605",
    "qcs603",
    "sitara_am57x",
    "amba_cv2",
    "amba_cv22",
    "amba_cv25",
    "x86_win32",
    "x86_win64",
    "coreml",
    "jacinto_tda4vm",
    "imx8mplus",
]


class Compilation(Overridable, Named):
    """A compilation of SageMaker Neo. Terraform makes its role; `inferform edge compile` starts the job.

    Neo's frameworks are frozen: ONNX Runtime on the device is the usual way today.
    """

    artifact: Annotated[
        str,
        Check(NEO4, lambda text: is_location(text) and text.endswith(".tar.gz")),
        Aws("sagemaker:InputConfig.S3Uri"),
    ]
    """The model: one .tar.gz, by its URI or its key in the artifact bucket."""

    framework: Annotated[
        Literal[
            "TENSORFLOW",
            "KERAS",
            "MXNET",
            "ONNX",
            "PYTORCH",
            "XGBOOST",
            "TFLITE",
            "DARKNET",
            "SKLEARN",
        ],
        Aws("sagemaker:InputConfig.Framework"),
    ]
    """What the model was trained with."""

    data_input_config: Annotated[
        str, Check(NEO6, _is_json), Aws("sagemaker:InputConfig.DataInputConfig")
    ]
    """The names and shapes of its inputs, as JSON."""

    framework_version: (
        Annotated[
            str,
            Matches(NEO9, r"[0-9]\.[A-Za-z0-9.]{1,8}"),
            Aws("sagemaker:InputConfig.FrameworkVersion"),
        ]
        | None
    ) = None
    """The framework's version, with MXNET, PYTORCH, TENSORFLOW and TFLITE. Default: AWS's."""

    device: Annotated[Device, Aws("sagemaker:OutputConfig.TargetDevice")] | None = None
    """The device that it is compiled for, such as `jetson_nano`. Default: None, a `platform`."""

    platform: TargetPlatform | None = None
    """The system, processor and accelerator that it is compiled for. Default: None, a `device`."""

    compiler_options: Annotated[dict[str, Any], Check(NEO11, is_json)] = {}
    """Options of the compiler: `{"gpu-code": "sm_72"}`. Default: none."""

    max_runtime_seconds: Annotated[
        int,
        Between(NEO8, 1, 86_400),
        Aws("sagemaker:StoppingCondition.MaxRuntimeInSeconds"),
    ] = 900
    """Seconds after which it is stopped. Default: 900."""

    @property
    def known_versions(self) -> tuple[str, ...]:
        """The versions of its framework that Neo is documented to compile for its target."""
        if self.device == "ml_inf1":
            return _INFERENTIA.get(self.framework, ())
        is_cloud = self.device is not None and self.device.startswith("ml_")
        return (_CLOUD if is_cloud else _EDGE).get(self.framework, ())

    def check(self) -> Iterator[Problem]:
        """Versions, targets and options go together."""
        if (self.device is None) == (self.platform is None):
            yield NEO1.problem()
        version = self.framework_version
        if version is not None and self.framework not in _VERSIONED:
            yield NEO3.problem("framework_version", got=version, framework=self.framework)
        elif version is not None:
            known = self.known_versions
            if not any(version == each or version.startswith(f"{each}.") for each in known):
                yield NEO2.problem(
                    "framework_version",
                    got=version,
                    framework=self.framework,
                    known=", ".join(known) or "of any version",
                )
        if self.device in _GONE:
            yield NEO7.problem("device", got=self.device, why=_GONE[self.device])
        if self.platform is not None and self.platform.accelerator == "NVIDIA":
            needed = ("gpu-code", "trt-ver", "cuda-ver")
            if missing := [each for each in needed if each not in self.compiler_options]:
                yield NEO5.problem("compiler_options", missing=", ".join(missing))
        if len(options := options_of(self)) > 1024:
            yield NEO10.problem("compiler_options", size=len(options))

    def names(self, place: Place) -> Iterator[Name]:
        """Of the role of its job."""
        yield Name("aws_iam_role", role(place.environment.context, named.compile_role(place.name)))


def options_of(spec: Compilation) -> str:
    """The compiler options of a compilation as they are sent."""
    return json.dumps(spec.compiler_options, sort_keys=True)


class Edge(Spec):
    """Models on devices: components of Greengrass V2, the fleets that run them, and compilations."""

    excluded: ClassVar[Mapping[str, Rule]] = dict.fromkeys(
        (
            *("device_fleets", "devices", "edge_packaging_jobs", "edge_deployment_plans"),
            *("core_definitions", "greengrass_groups", "lambda_functions"),
        ),
        EDG1,
    )

    fleets: dict[ShortName, EdgeFleet] = {}
    """Fleets of devices by short name. Default: none."""

    components: dict[ShortName, EdgeComponent] = {}
    """Components by short name, which `inferform edge publish` makes. Default: none."""

    compilations: dict[ShortName, Compilation] = {}
    """Compilations of Neo by short name, which `inferform edge compile` starts. Default: none."""

    def check(self) -> Iterator[Problem]:
        """Fleets run what is there, side by side."""
        for name, fleet in self.fleets.items():
            serves = [
                (fleet.components.index(each), each)
                for each in dict.fromkeys(fleet.components)
                if each in self.components and self.components[each].publishes
            ]
            for index, each in serves[1:]:
                where = ("fleets", name, "components", index)
                yield EDG18.problem(*where, got=each, other=serves[0][1])
            for index, each in enumerate(fleet.components):
                if each not in self.components:
                    hint = did_you_mean(each, self.components)
                    yield EDG6.problem("fleets", name, "components", index, got=each, hint=hint)
