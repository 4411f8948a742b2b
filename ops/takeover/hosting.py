"""What hosts a model, in the members of SageMaker's API, as the Spec that says the same.

An endpoint that runs is described in these members, and a template declares it in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from inferform import (
    AsyncEndpoint,
    Context,
    CustomMetric,
    DataCapture,
    DirectEndpoint,
    Existing,
    Host,
    InvocationsPerInstance,
    Model,
    ModelPackage,
    MultiModel,
    MultiModelEndpoint,
    MultiVariantEndpoint,
    Notifications,
    PipelineEndpoint,
    RealtimeEndpoint,
    Scaling,
    ServerlessEndpoint,
    Shadow,
    SpecError,
    TargetTracking,
    Variant,
)
from inferform.rollouts.spec import AllAtOnce, Rollout
from inferform.rules import Problem
from inferform.sagemaker.endpoints.base import Endpoint
from inferform.scaling.metrics import CloudWatchMetric

from .members import Left, Members

Values = Mapping[str, Any]

BESIDE = "no Spec says it, and it continues beside the Spec"


@dataclass(frozen=True, slots=True)
class Scaled:
    """How a variant is scaled, as Application Auto Scaling describes it."""

    target: Values
    policies: Sequence[Values] = ()
    schedules: Sequence[Values] = ()


@dataclass(frozen=True, slots=True)
class Hosting:
    """An endpoint with what it runs."""

    name: str
    configuration: Values
    """As DescribeEndpointConfig answers, or a template declares."""

    models: Mapping[str, Values]
    """As DescribeModel answers, by the name that a variant calls each."""

    tags: Mapping[str, str] = field(default_factory=dict)
    scaling: Mapping[str, Scaled] = field(default_factory=dict)
    """By variant."""

    deployment: Values = field(default_factory=dict)
    """Its DeploymentConfig, where it has one."""

    status: str = ""
    """Its EndpointStatus; empty where it is only declared."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The Spec of an endpoint, and what of it has no place there."""

    spec: Endpoint | None
    """None where none can be written; `refused` says why."""

    left: tuple[Left, ...] = ()
    refused: tuple[str, ...] = ()


class _Refused(Exception):  # noqa: N818 - it is an answer
    """What no Spec can say, so that an endpoint with it cannot be taken over."""


def taken(hosting: Hosting, context: Context, *, rollout: Rollout | None = None) -> Taken:
    """The Spec that makes the same endpoint, under its name and with its role and network.

    `rollout` is how its updates reach it from then on. Default: all at once, with alarms.
    """
    reading = _Reading(hosting, context, rollout)
    try:
        spec = reading.endpoint()
    except _Refused as refused:
        return Taken(None, refused=(str(refused),))
    except SpecError as error:
        refused_by = tuple(map(said, error.problems))
        if hosting.scaling and all("scaling" in problem.path for problem in error.problems):
            made = taken(replace(hosting, scaling={}), context, rollout=rollout)
            why = f"{BESIDE}: {'; '.join(refused_by)}"
            return replace(made, left=(*made.left, Left("scaling", dict(hosting.scaling), why)))
        return Taken(None, refused=refused_by)
    problems = [
        said(problem)
        for problem in (*spec.tag_problems(context), *spec.existing.check_in(context))
        if problem.severity == "error"
    ]
    return Taken(None if problems else spec, tuple(reading.left()), tuple(problems))


def said(problem: Problem) -> str:
    """A problem without the line that wrote the Spec, which nobody has written."""
    return str(replace(problem, at=None))


class _Reading:
    def __init__(self, hosting: Hosting, context: Context, rollout: Rollout | None) -> None:
        self._context = context
        self._name = hosting.name
        self._rollout = rollout
        self._configuration = Members(hosting.configuration, "EndpointConfig")
        self._configuration.leave(
            "EndpointConfigName", "EndpointConfigArn", "CreationTime", "ResponseMetadata", "Tags"
        )
        self._models = {
            name: Members(values, f"Model {name}") for name, values in hosting.models.items()
        }
        self._tags = dict(hosting.tags)
        self._scaling = hosting.scaling
        self._said: list[Left] = []
        self._networks: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
        self._roles: list[str] = []
        self._read: dict[str, tuple[list[tuple[str | None, Any]], str]] = {}

    def left(self) -> Iterator[Left]:
        """What has no place in the Spec."""
        yield from self._said
        yield from self._configuration.left()
        for model in self._models.values():
            yield from model.left()

    def _say(self, path: str, value: Any, why: str) -> None:
        self._said.append(Left(path, value, why))

    def endpoint(self) -> Endpoint:
        """The Spec."""
        variants = self._configuration.parts("ProductionVariants")
        shadows = self._configuration.parts("ShadowProductionVariants")
        asynchronous = self._configuration.part("AsyncInferenceConfig")
        capture = self._capture(self._configuration.part("DataCaptureConfig"))
        key = self._key(self._configuration.take("KmsKeyId"), "EndpointConfig.KmsKeyId")
        if not variants:
            raise _Refused("it has no production variant")
        if len(variants) > 1:
            made = self._several(variants)
        else:
            made = self._one(variants[0], asynchronous, capture)
        given: dict[str, Any] = {}
        if capture is not None and "data_capture" in made[0].model_fields:
            given["data_capture"] = capture
        if shadows:
            given |= self._shadow(shadows, made[1])
        if "vpc" in made[0].model_fields and not self._network()[0]:
            given["vpc"] = False
        if (existing := self._existing(key)) is not None:
            given["existing"] = existing
        if tags := self._own_tags():
            given["tags"] = tags
        return made[0](**made[1], **given)

    # Kinds

    def _one(
        self, variant: Members, asynchronous: Members, capture: DataCapture | None
    ) -> tuple[type[Endpoint], dict[str, Any]]:
        name = str(variant.take("VariantName"))
        variant.leave("InitialVariantWeight")
        serverless = variant.part("ServerlessConfig")
        model = self._model_of(variant)
        containers, mode = self._containers(model)
        given: dict[str, Any] = {"variant": name}
        if self._rollout is not None:
            given["rollout"] = self._rollout
        if serverless:
            given.pop("rollout", None)
            if capture is not None:
                self._say("EndpointConfig.DataCaptureConfig", capture, "AWS captures nothing there")
            given |= _present(
                memory_mib=_whole(serverless.take("MemorySizeInMB")),
                max_concurrency=_whole(serverless.take("MaxConcurrency")),
                provisioned_concurrency=_whole(serverless.take("ProvisionedConcurrency")),
            )
            self._scaled(name, serverless=True)
            return ServerlessEndpoint, {"model": self._single(containers, mode), **given}
        given = {**self._fleet(variant, name), **given}
        if asynchronous:
            given |= self._asynchronous(asynchronous)
            return AsyncEndpoint, {"model": self._single(containers, mode), **given}
        if mode == "Serial":
            return PipelineEndpoint, {"containers": [each for _, each in containers], **given}
        if mode == "Direct":
            named = {
                str(host or f"container-{n}"): each for n, (host, each) in enumerate(containers)
            }
            return DirectEndpoint, {"containers": named, **given}
        source = self._single(containers, mode)
        kind = MultiModelEndpoint if isinstance(source, MultiModel) else RealtimeEndpoint
        return kind, {"model": source, **given}

    def _several(self, variants: Sequence[Members]) -> tuple[type[Endpoint], dict[str, Any]]:
        made: dict[str, Any] = {}
        for variant in variants:
            name = str(variant.take("VariantName"))
            weight = variant.take("InitialVariantWeight")
            containers, mode = self._containers(self._model_of(variant))
            made[name] = Variant(
                model=self._single(containers, mode),
                **self._fleet(variant, name),
                **_present(weight=_plain(weight)),
            )
        # Without it no alarm could be added later without replacing the endpoint.
        return MultiVariantEndpoint, {"variants": made, "rollout": self._rollout or AllAtOnce()}

    def _shadow(self, shadows: Sequence[Members], production: Mapping[str, Any]) -> dict[str, Any]:
        if len(shadows) > 1:
            raise _Refused("it has several shadow variants, and AWS shadows one")
        (shadow,) = shadows
        name, weight = str(shadow.take("VariantName")), shadow.take("InitialVariantWeight")
        containers, mode = self._containers(self._model_of(shadow))
        fleet = self._fleet(shadow, name)
        if "scaling" in fleet:
            raise _Refused(f"its shadow variant {name} is scaled")
        percent = 100 if weight in (None, 1) else round(float(weight) * 100)
        return {
            "shadow": Shadow(
                variant=name,
                model=self._single(containers, mode),
                traffic_percent=min(max(percent, 1), 100),
                **fleet,
            )
        }

    def _asynchronous(self, settings: Members) -> dict[str, Any]:
        output = settings.part("OutputConfig")
        told = output.part("NotificationConfig")
        key = output.take("KmsKeyId")
        if key:
            self._say(f"{output.path}.KmsKeyId", key, "answers are written under existing.kms_key")
        topics = _present(
            success_topic=told.take("SuccessTopic"), error_topic=told.take("ErrorTopic")
        )
        included = [
            str(each).removesuffix("_NOTIFICATION_TOPIC").lower()
            for each in told.take("IncludeInferenceResponseIn") or ()
        ]
        if included:
            topics["include_response_in"] = included
        return _present(
            max_concurrent_invocations_per_instance=_whole(
                settings.part("ClientConfig").take("MaxConcurrentInvocationsPerInstance")
            ),
            output=_without_slash(output.take("S3OutputPath")),
            failure_output=_without_slash(output.take("S3FailurePath")),
            notifications=Notifications(**topics) if topics else None,
        )

    # Parts

    def _fleet(self, variant: Members, name: str) -> dict[str, Any]:
        kind = variant.take("InstanceType")
        if variant.take("InstancePools") or variant.take("CapacityReservationConfig"):
            raise _Refused(
                f"variant {name} has instance pools or a reservation; write its capacity by hand"
            )
        if not kind:
            raise _Refused(f"variant {name} names no instance type")
        routing = variant.part("RoutingConfig")
        dumps = variant.part("CoreDumpConfig")
        where = dumps.take("DestinationS3Uri")
        dumps.leave("KmsKeyId")
        if where:
            self._say(f"{dumps.path}.DestinationS3Uri", where, "write host.core_dumps by hand")
        host = _present(
            volume_size_gb=_whole(variant.take("VolumeSizeInGB")),
            startup_timeout_seconds=_whole(
                variant.take("ContainerStartupHealthCheckTimeoutInSeconds")
            ),
            download_timeout_seconds=_whole(variant.take("ModelDataDownloadTimeoutInSeconds")),
            inference_ami_version=variant.take("InferenceAmiVersion"),
            routing_strategy=routing.take("RoutingStrategy"),
            ssm_access=_truth(variant.take("EnableSSMAccess")) or None,
        )
        count = _whole(variant.take("InitialInstanceCount"))
        scaling = self._scaled(name)
        return {
            "instance_type": kind,
            **_present(
                scaling=scaling, instance_count=None if scaling or count in (None, 1) else count
            ),
            **({"host": Host(**host)} if host else {}),
        }

    def _model_of(self, variant: Members) -> Members:
        name = variant.take("ModelName")
        if not name:
            raise _Refused(
                "its variant holds inference components: what makes these would have to take over "
                "components that live, which CloudFormation does not by itself"
            )
        if name not in self._models:
            raise _Refused(f"its model {name} is gone, so that nobody knows what it runs")
        model = self._models[name]
        model.leave(
            "ModelName", "ModelArn", "CreationTime", "ResponseMetadata", "DeploymentRecommendation"
        )
        model.leave("Tags")
        return model

    def _containers(self, model: Members) -> tuple[list[tuple[str | None, Any]], str]:
        # Several variants may run one model, as a shadow on other instances does.
        if model.path not in self._read:
            self._read[model.path] = self._containers_of(model)
        return self._read[model.path]

    def _containers_of(self, model: Members) -> tuple[list[tuple[str | None, Any]], str]:
        isolated = _truth(model.take("EnableNetworkIsolation")) or False
        role = model.take("ExecutionRoleArn")
        if role:
            self._roles.append(str(role))
        network = model.part("VpcConfig")
        self._networks.append(
            (
                tuple(network.take("Subnets") or ()),
                tuple(network.take("SecurityGroupIds") or ()),
            )
        )
        mode = model.part("InferenceExecutionConfig").take("Mode")
        several = model.parts("Containers")
        primary = model.part("PrimaryContainer")
        if primary and several:
            raise _Refused(f"{model.path} has a primary container beside several")
        found = [self._container(each, isolated) for each in several or [primary]]
        # AWS takes a list of one container for one container.
        return found, str(mode or "Serial") if len(found) > 1 else ""

    def _container(self, container: Members, isolated: bool) -> tuple[str | None, Any]:
        host = container.take("ContainerHostname")
        image, package = container.take("Image"), container.take("ModelPackageName")
        given = container.take("Environment") or {}
        if not isinstance(given, Mapping):
            raise _Refused(f"{container.path}.Environment is no structure")
        variables = {str(key): str(value) for key, value in given.items()}
        mode = container.take("Mode")
        access = container.part("ImageConfig")
        if access.take("RepositoryAccessMode") not in (None, "Platform"):
            raise _Refused(f"{container.path} pulls its image from a registry in the VPC")
        caching = container.part("MultiModelConfig").take("ModelCacheSetting")
        url = _as_s3(container.take("ModelDataUrl"))
        objects = container.part("ModelDataSource").part("S3DataSource")
        accepted = _truth(objects.part("ModelAccessConfig").take("AcceptEula"))
        source, compressed = objects.take("S3Uri"), objects.take("CompressionType")
        objects.leave("S3DataType")
        if source and compressed == "None" and not str(source).endswith("/"):
            source = f"{source}/"
        common: dict[str, Any] = {"environment": variables} if variables else {}
        common["network_isolation"] = isolated
        if package:
            return host, ModelPackage(arn=package, **common)
        if not image:
            raise _Refused(f"{container.path} names no image")
        if mode == "MultiModel":
            prefix = str(url or source)
            common["artifacts"] = prefix if prefix.endswith("/") else f"{prefix}/"
            if caching == "Disabled":
                common["caching"] = False
            return host, MultiModel(image=image, **common)
        return host, Model(
            image=image,
            **_present(artifact=url or source, accept_eula=accepted or None),
            **common,
        )

    def _single(self, containers: Sequence[tuple[str | None, Any]], mode: str) -> Any:
        if mode:
            raise _Refused(
                "it has several containers, which only one variant on instances may have"
            )
        return containers[0][1]

    def _capture(self, capture: Members) -> DataCapture | None:
        on = _truth(capture.take("EnableCapture"))
        share, where = capture.take("InitialSamplingPercentage"), capture.take("DestinationS3Uri")
        key = capture.take("KmsKeyId")
        modes = [str(each.take("CaptureMode")) for each in capture.parts("CaptureOptions")]
        types = capture.part("CaptureContentTypeHeader")
        texts, objects = types.take("CsvContentTypes"), types.take("JsonContentTypes")
        if on is False or where is None:
            if where is not None:
                self._say(capture.path, where, "it is off, and so not written")
            return None
        if key:
            self._say(
                f"{capture.path}.KmsKeyId", key, "captures are written under existing.kms_key"
            )
        if str(where).endswith("/"):
            self._say(f"{capture.path}.DestinationS3Uri", where, "the / at its end is left out")
        if modes == ["InputAndOutput"]:
            modes = ["Input", "Output"]
        return DataCapture(
            sampling_percent=_whole(share),
            destination=_without_slash(where),
            **_present(
                modes=modes if sorted(modes) != ["Input", "Output"] else None,
                csv_content_types=texts,
                json_content_types=objects,
            ),
        )

    def _scaled(self, name: str, *, serverless: bool = False) -> Scaling | None:
        scaled = self._scaling.get(name)
        if scaled is None:
            return None
        path = f"ScalableTarget {name}"
        if serverless:
            self._say(path, scaled.target, "write scaling of provisioned concurrency by hand")
            return None
        for action in scaled.schedules:
            named = action.get("ScheduledActionName")
            self._say(f"ScheduledAction {named}", action, "write scaling.schedules by hand")
        state = scaled.target.get("SuspendedState")
        suspended = [
            word
            for word, member in (
                ("scale-in", "DynamicScalingInSuspended"),
                ("scale-out", "DynamicScalingOutSuspended"),
                ("scheduled", "ScheduledScalingSuspended"),
            )
            if isinstance(state, Mapping) and _truth(state.get(member))
        ]
        try:
            policies = list(self._policies(scaled.policies))
            return Scaling(
                min_capacity=_whole(scaled.target["MinCapacity"]),
                max_capacity=_whole(scaled.target["MaxCapacity"]),
                **_present(policies=policies or None, suspended=suspended or None),
            )
        except SpecError as error:
            why = "; ".join(map(said, error.problems))
            self._say(path, scaled.target, f"{BESIDE}: {why}")
            return None

    def _policies(self, policies: Iterable[Values]) -> Iterator[TargetTracking]:
        labels = set[str]()
        for n, policy in enumerate(policies):
            made = self._policy(policy, f"ScalingPolicy {policy.get('PolicyName')}")
            if made is None:
                continue
            if made.label in labels:
                made = made.replace(name=f"{made.label}-{n + 1}")
            labels.add(made.label)
            yield made

    def _policy(self, policy: Values, path: str) -> TargetTracking | None:
        tracking = policy.get("TargetTrackingScalingPolicyConfiguration")
        if not isinstance(tracking, Mapping) or not tracking:
            self._say(path, policy, "write its steps and its alarm by hand, as StepScaling")
            return None
        members = Members(tracking, path)
        target = members.take("TargetValue")
        if target is None:
            self._say(path, policy, "not taken: its target is not known here")
            return None
        predefined = members.part("PredefinedMetricSpecification").take("PredefinedMetricType")
        custom = members.part("CustomizedMetricSpecification")
        metric: InvocationsPerInstance | CustomMetric
        if predefined == "SageMakerVariantInvocationsPerInstance":
            metric = InvocationsPerInstance(invocations_per_minute=_plain(target))
        elif (
            custom.take("MetricName")
            and not custom.take("Metrics")
            and (found := self._custom(policy, custom)) is not None
        ):
            metric = CustomMetric(metric=found, target=_plain(target))
        else:
            self._say(path, policy, "write its metric by hand")
            return None
        given = _present(
            scale_in_cooldown_seconds=_whole(members.take("ScaleInCooldown")),
            scale_out_cooldown_seconds=_whole(members.take("ScaleOutCooldown")),
            disable_scale_in=_truth(members.take("DisableScaleIn")) or None,
        )
        # What AWS has without being asked differs from Inferform's default.
        given.setdefault("scale_out_cooldown_seconds", 300)
        self._said += members.left()
        return TargetTracking(metric=metric, **given)

    def _custom(self, policy: Values, custom: Members) -> CloudWatchMetric | None:
        specification = policy["TargetTrackingScalingPolicyConfiguration"][
            "CustomizedMetricSpecification"
        ]
        custom.leave("Namespace", "Dimensions", "Statistic", "Unit")
        own = {"EndpointName", "VariantName"}
        dimensions = specification.get("Dimensions", ())
        held = {each.get("Name"): each.get("Value") for each in dimensions}
        # Inferform adds the own ones as AWS publishes them. What people publish by an endpoint alone, or
        # what another endpoint publishes, stays as it is.
        by_endpoint = own & held.keys() == {"EndpointName"}
        is_published = not by_endpoint or specification.get("Namespace") == "AWS/SageMaker"
        is_own = held.get("EndpointName") in (None, self._name) and is_published
        literal = {name: value for name, value in held.items() if not (is_own and name in own)}
        if None in (specification.get("Namespace"), *held, *literal.values()):
            return None
        return CloudWatchMetric(
            namespace=specification["Namespace"],
            name=specification["MetricName"],
            **_present(
                statistic=specification.get("Statistic"),
                unit=specification.get("Unit"),
                dimensions=literal or None,
                own_dimensions=(is_own and bool(own & held.keys())) or None,
            ),
        )

    # What exists

    def _network(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if len(set(self._networks)) > 1:
            raise _Refused("its models are in different networks, which one service cannot have")
        return self._networks[0]

    def _existing(self, key: str | None) -> Existing | None:
        if len(set(self._roles)) > 1:
            raise _Refused("its models have different roles, which one service cannot have")
        subnets, groups = self._network()
        given = _present(
            execution_role=self._roles[0] if self._roles else None,
            kms_key=key,
            subnets=list(subnets) or None,
            security_groups=list(groups) or None,
        )
        return Existing(**given) if given else None

    def _key(self, key: str | None, path: str) -> str | None:
        if not key:
            return None
        if key.startswith("arn:") and ":key/" in key:
            return key
        if key.startswith(("alias/", "arn:")):
            self._say(path, key, "an alias may come to mean another key; write its key's ARN")
            return None
        return self._context.arn("kms", f"key/{key}")

    def _own_tags(self) -> dict[str, str]:
        reserved = {each.casefold() for each in self._context.own_tags}
        made = {}
        for key, value in self._tags.items():
            if key.startswith("aws:"):
                continue
            if key.casefold() in reserved:
                self._say(f"tag {key}", value, "Inferform sets it itself")
            else:
                made[key] = value
        return made


def _present(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _whole(value: Any) -> Any:
    """A number that a template may write as a text; anything else as it is, for a rule to refuse."""
    if isinstance(value, str) and value.isdigit():
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _plain(value: Any) -> Any:
    """A number that may be written as a text; anything else as it is, for a rule to refuse."""
    if value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        return value
    return int(number) if number.is_integer() else number


def _truth(value: Any) -> bool | None:
    if isinstance(value, str):
        return value.lower() == "true"
    return None if value is None else bool(value)


_HTTPS = re.compile(
    r"https://(?:(?P<host>[^/]+?)\.)?s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?/(?P<path>.+)"
)


def _as_s3(url: Any) -> Any:
    """The s3:// URI of an object that is named by its address, as SageMaker takes it too and AWS CDK writes
    it; anything else as it is."""
    found = _HTTPS.fullmatch(url) if isinstance(url, str) else None
    if found is None:
        return url
    return f"s3://{found['host']}/{found['path']}" if found["host"] else f"s3://{found['path']}"


def _without_slash(uri: Any) -> Any:
    return uri.rstrip("/") if isinstance(uri, str) else uri
