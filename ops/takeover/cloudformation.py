"""What a CloudFormation template declares of what Inferform makes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from inferform import Image

from .converted import Declared, DeclaredRepository, Found, short_name
from .hosting import Hosting, Scaled
from .members import Left
from .templates import NOTHING, Reference, Resource, Template, Text, Unknown, as_text, cleaned

_ENDPOINT = "AWS::SageMaker::Endpoint"
_CONFIGURATION = "AWS::SageMaker::EndpointConfig"
_MODEL = "AWS::SageMaker::Model"
_TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
_POLICY = "AWS::ApplicationAutoScaling::ScalingPolicy"
_REPOSITORY = "AWS::ECR::Repository"
_GROUP = "AWS::SageMaker::ModelPackageGroup"

_INSTEAD = {
    "AWS::CloudWatch::Alarm": "rollouts have alarms of their own; others are Observability's",
    "AWS::IAM::InstanceProfile": "each service gets a role of its own, with what it declares",
    "AWS::IAM::ManagedPolicy": "each service gets a role of its own; add permissions= to the service",
    "AWS::IAM::Policy": "each service gets a role of its own; add permissions= to the service",
    "AWS::IAM::Role": "each service gets a role of its own; add permissions= to the service",
    "AWS::KMS::Key": "the registry layer makes the environment's key; or registry.kms_key",
    "AWS::Logs::LogGroup": "each service gets a log group of its own",
    "AWS::S3::Bucket": "the registry layer makes the bucket of artifacts; or ExistingBucket",
    "AWS::S3::BucketPolicy": "the registry layer makes the bucket of artifacts with its policy",
    "AWS::CDK::Metadata": "it deploys nothing",
    "AWS::CloudFormation::Stack": "convert its template too, with its parameters",
}
_TEXTS = ("VariantName", "InstanceType", "ModelName")
_OF_TARGET = ("MinCapacity", "MaxCapacity", "ScheduledActions", "SuspendedState")
_NETWORK = "the network layer makes a VPC; or write NetworkOutputs of the one that exists"


def declared(template: Template, name: str) -> Found:
    """What a template declares; `name` is the file's."""
    return _Reading(template, name).found()


class _Reading:
    def __init__(self, template: Template, name: str) -> None:
        self._name = name
        self._resources = {each.logical: each for each in template.resources()}
        self._passed_over = list(template.passed_over())
        self._made = Found()
        self._used: set[str] = set()
        self._repositories = dict[str, str]()
        taken = dict[str, None]()
        for each in self._of(_REPOSITORY):
            written = each.properties.get("RepositoryName")
            name = written.rpartition("/")[2] if isinstance(written, str) else each.logical
            short = short_name(name, taken)
            taken[short] = None
            self._repositories[each.logical] = short

    def found(self) -> Found:
        """All of it."""
        for each in self._of(_ENDPOINT):
            self._endpoint(each)
        for each in self._of(_REPOSITORY):
            self._used.add(each.logical)
            written = each.properties.get("RepositoryName")
            name = written if isinstance(written, str) else ""
            self._made.repositories[self._repositories[each.logical]] = DeclaredRepository(name)
            self._say_left(each, ("RepositoryName", "Tags"), each.properties)
        for each in self._of(_GROUP):
            self._used.add(each.logical)
            written = each.properties.get("ModelPackageGroupName")
            name = written if isinstance(written, str) else each.logical
            self._made.groups.append(short_name(name, dict.fromkeys(self._made.groups)))
            self._say_left(
                each,
                ("ModelPackageGroupName", "Tags", "ModelPackageGroupDescription"),
                each.properties,
            )
        for each in self._of("AWS::IAM::Role"):
            self._warn(each)
        for each in self._resources.values():
            if each.logical not in self._used:
                why = _INSTEAD.get(each.type)
                if why is None and each.type.startswith("AWS::EC2::"):
                    why = _NETWORK
                self._say(each.logical, each.type, f"{each.type}: {why or 'not taken over'}")
            elif each.unsure:
                self._say(
                    each.logical,
                    each.type,
                    f"taken, though its condition is not known: {each.unsure}",
                )
        for logical, written in self._passed_over:
            self._say(
                logical,
                written,
                "not taken: AWS makes resources of it; convert what it makes, which "
                "aws cloudformation get-template --template-stage Processed prints of a stack",
            )
        return self._made

    def _of(self, kind: str) -> Iterator[Resource]:
        yield from (each for each in self._resources.values() if each.type == kind)

    def _say(self, path: str, value: Any, why: str) -> None:
        self._made.left.append(Left(f"{self._name} {path}", value, why))

    def _say_left(self, each: Resource, read: Iterable[str], held: Mapping[str, Any]) -> None:
        for property_ in held.keys() - {*read}:
            self._say(f"{each.logical}.{property_}", held[property_], "write it by hand")

    def _endpoint(self, endpoint: Resource) -> None:
        self._used.add(endpoint.logical)
        held = endpoint.properties
        configuration = self._referred(held.get("EndpointConfigName"), _CONFIGURATION)
        if configuration is None:
            self._say(
                endpoint.logical, held, "not taken: its configuration is not in this template"
            )
            return
        self._used.add(configuration.logical)
        name = as_text(held.get("EndpointName"))
        if name is not None and not isinstance(name, str):
            self._clean(f"{endpoint.logical}.EndpointName", name)
        models, in_network = dict[str, Any](), False
        made = dict(configuration.properties)
        for block in ("ProductionVariants", "ShadowProductionVariants"):
            variants = made.get(block)
            if not isinstance(variants, list):
                if variants is not None:
                    self._clean(f"{configuration.logical}.{block}", variants)
                    del made[block]
                continue
            made[block] = []
            for n, each in enumerate(variants):
                path = f"{configuration.logical}.{block}.{n}"
                if isinstance(each, Mapping):
                    made[block].append(self._variant(each, path, models))
                else:
                    self._clean(path, each)
        for logical in models:
            model = self._resources.get(logical)
            if model is None:
                continue
            self._used.add(logical)
            models[logical], network = self._model(model)
            in_network |= network
        settings = cleaned(made, configuration.logical, self._clean)
        tags = held.get("Tags") or made.get("Tags") or ()
        deployment = cleaned(
            held.get("DeploymentConfig") or {}, f"{endpoint.logical}.DeploymentConfig", self._clean
        )
        hosting = Hosting(
            name if isinstance(name, str) else endpoint.logical,
            settings,
            models,
            dict(self._tags(tags, endpoint.logical)),
            self._scaling(endpoint, name),
            deployment if isinstance(deployment, Mapping) else {},
        )
        self._say_left(
            endpoint,
            ("EndpointConfigName", "EndpointName", "Tags", "DeploymentConfig"),
            held,
        )
        self._made.endpoints.append(
            Declared(
                f"{self._name} {endpoint.logical}",
                hosting,
                in_network=in_network,
                named=isinstance(name, str),
            )
        )

    def _variant(
        self, variant: Mapping[str, Any], path: str, models: dict[str, Any]
    ) -> dict[str, Any]:
        made = {name: as_text(each) if name in _TEXTS else each for name, each in variant.items()}
        model = self._referred(made.get("ModelName"), _MODEL)
        if model is not None:
            made["ModelName"] = model.logical
            models[model.logical] = {}
        elif made.get("ModelName") is not None:
            given = made["ModelName"]
            if isinstance(given, str):
                self._say(f"{path}.ModelName", given, f"{given} is no model of this template")
            else:
                self._clean(f"{path}.ModelName", given)
            made["ModelName"] = "unknown"
            models["unknown"] = {}
        if not isinstance(made.get("VariantName"), str):
            self._say(
                f"{path}.VariantName",
                made.get("VariantName"),
                "is not known here; written as AllTraffic",
            )
            made["VariantName"] = "AllTraffic"
        if not made.get("ServerlessConfig") and not isinstance(made.get("InstanceType"), str):
            given = made.get("InstanceType")
            why = given.why if isinstance(given, Unknown) else "is not known here"
            self._say(f"{path}.InstanceType", given, f"{why}; written as ml.m5.large")
            made["InstanceType"] = "ml.m5.large"
        elif str(made.get("InstanceType")).startswith(("ml.t2.", "ml.t3.")):
            kind = made["InstanceType"]
            self._say(
                f"{path}.InstanceType",
                kind,
                f"{kind} is burstable, and is taken as it is: for tests alone",
            )
        return made

    def _model(self, model: Resource) -> tuple[dict[str, Any], bool]:
        made = dict(model.properties)
        role = made.get("ExecutionRoleArn")
        if isinstance(role, Reference | Text | Unknown):
            del made["ExecutionRoleArn"]
            if isinstance(role, Unknown):
                self._say(
                    f"{model.logical}.ExecutionRoleArn",
                    role,
                    f"{role.why}; it gets a role of its own",
                )
        network = made.get("VpcConfig")
        in_network = False
        if isinstance(network, Mapping) and not _is_literal(network):
            del made["VpcConfig"]
            in_network = True
            self._say(
                f"{model.logical}.VpcConfig", network, "it is in the environment's own subnets"
            )
        elif isinstance(network, Unknown):
            del made["VpcConfig"]
            in_network = True
            self._say(f"{model.logical}.VpcConfig", network, network.why)
        return cleaned(made, model.logical, self._clean), in_network

    def _warn(self, role: Resource) -> None:
        """Say what a role of the template may do that no role of Inferform may."""
        for policy in _mappings(role.properties.get("Policies")):
            document = policy.get("PolicyDocument")
            statements = document.get("Statement") if isinstance(document, Mapping) else None
            for each in _mappings(statements):
                if each.get("Effect") == "Allow" and each.get("Action") in ("*", ["*"]):
                    where = f"{role.logical}.Policies.{policy.get('PolicyName')}"
                    self._say(where, each, "may do everything; no role here may")

    def _referred(self, value: Any, kind: str) -> Resource | None:
        if isinstance(value, Reference):
            found = self._resources.get(value.logical)
            return found if found is not None and found.type == kind else None
        if isinstance(value, str):
            name = {_CONFIGURATION: "EndpointConfigName", _MODEL: "ModelName"}[kind]
            return next((e for e in self._of(kind) if e.properties.get(name) == value), None)
        if isinstance(value, Text | Unknown):
            name = {_CONFIGURATION: "EndpointConfigName", _MODEL: "ModelName"}[kind]
            return next((e for e in self._of(kind) if e.properties.get(name) == value), None)
        return None

    def _image(self, value: Any) -> Image | None:
        """An image of a repository of the template, by its URI and a tag."""
        if not isinstance(value, Text) or len(value.parts) != 2:
            return None
        reference, tag = value.parts
        found = self._resources.get(getattr(reference, "logical", ""))
        if found is None or found.type != _REPOSITORY or not str(tag).startswith(":"):
            return None
        return Image(repository=self._repositories[found.logical], tag=tag[1:])

    def _clean(self, path: str, value: Any) -> Any:
        if path.endswith(".Image") and (image := self._image(value)) is not None:
            return image
        if isinstance(value, Unknown):
            why = value.why
        elif isinstance(value, Reference):
            why = f"is {value.attribute} of {value.logical}, which is made elsewhere"
        elif isinstance(value, Text):
            named = ", ".join(dict.fromkeys(each.logical for each in value.references))
            why = f"holds what {named} is called, which is not known here"
        else:
            why = f"is written as {str(value)[:80]!r}, which CloudFormation does not take there"
        self._say(path, value, why)
        return NOTHING

    def _tags(self, tags: Any, logical: str) -> Iterator[tuple[str, str]]:
        for n, each in enumerate(tags if isinstance(tags, list | tuple) else [tags]):
            if not isinstance(each, Mapping):
                self._clean(f"{logical}.Tags.{n}", each)
                continue
            key, value = as_text(each.get("Key")), as_text(each.get("Value"))
            if isinstance(key, str) and isinstance(value, str):
                yield key, value
            elif isinstance(key, Unknown | Reference | Text):
                self._clean(f"{logical}.Tags.{n}.Key", key)
            else:
                self._clean(f"{logical}.Tags.{key}", value)

    def _scaling(self, endpoint: Resource, name: Any) -> dict[str, Scaled]:
        found = {}
        called = name if isinstance(name, str) else endpoint.logical
        own = Reference(endpoint.logical, "EndpointName")

        def known(path: str, value: Any) -> Any:
            return called if value == own else self._clean(path, value)

        for target in self._of(_TARGET):
            resource = target.properties.get("ResourceId")
            if not _is_of(resource, endpoint.logical, name):
                continue
            self._used.add(target.logical)
            text = resource.end if isinstance(resource, Text) else str(resource)
            policies = []
            for policy in self._of(_POLICY):
                referred = policy.properties.get("ScalingTargetId")
                by_id = policy.properties.get("ResourceId") == resource
                if by_id or referred == Reference(target.logical):
                    self._used.add(policy.logical)
                    held = {
                        name: value
                        for name, value in policy.properties.items()
                        if name not in ("ScalingTargetId", "ResourceId")
                    }
                    policies.append(cleaned(held, policy.logical, known))
            properties = cleaned(
                {k: v for k, v in target.properties.items() if k in _OF_TARGET},
                target.logical,
                self._clean,
            )
            schedules = list(_mappings(properties.pop("ScheduledActions", [])))
            if {"MinCapacity", "MaxCapacity"} <= properties.keys():
                found[text.rpartition("/")[2]] = Scaled(properties, policies, schedules)
            else:
                self._say(target.logical, target.type, "not taken: its bounds are not known here")
        return found


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    """The structures of a list, or the one that stands in its place."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, Mapping):
            yield each


def _is_of(resource: Any, logical: str, name: Any) -> bool:
    if isinstance(resource, Text):
        return any(each.logical == logical for each in resource.references)
    return isinstance(resource, str) and isinstance(name, str) and f"endpoint/{name}/" in resource


def _is_literal(network: Mapping[str, Any]) -> bool:
    listed = [network.get("Subnets"), network.get("SecurityGroupIds")]
    return all(
        isinstance(each, list) and all(isinstance(one, str) for one in each) for each in listed
    )
