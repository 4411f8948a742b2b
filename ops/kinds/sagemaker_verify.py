"""Whether a SageMaker endpoint runs what the state says, is healthy, and answers.

Where SageMaker has rolled an update back before Terraform looked, the provider writes the name of
the old configuration into the endpoint's attribute. What should run is therefore read from the
configuration in the state that the endpoint depends on.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from inferform import (
    AsyncEndpoint,
    DirectEndpoint,
    InferenceComponentEndpoint,
    MultiModelEndpoint,
)
from inferform.rules import one_of
from inferform.sagemaker.endpoints.base import Endpoint
from inferform.service import Deployed

from ..checks import CONFIGURATION, HEALTH, INVOCATION
from ..errors import BadInputError
from ..plan import dig
from . import sagemaker_async
from .record import Finding, Now, Reply, Request, Reverted, Values, Verification, Verifier
from .sagemaker_story import CONFIGURATION as CONFIGURATION_TYPE
from .sagemaker_story import ENDPOINT, MODEL
from .stacked import STACK, component_of, configuration_values

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DescribeEndpointOutputTypeDef

ENDPOINT_REVERTED = Reverted(
    by="SageMaker, when new containers do not start or an alarm goes off",
    found="the running configuration, and SageMaker's FailureReason",
    guarded=lambda _: True,
)

CONTENT_TYPES = {".csv": "text/csv", ".json": "application/json", ".jsonl": "application/jsonlines"}
"""What a sample is sent as, by the end of its file's name."""


_MEANT = {
    "component": "InferenceComponentName",
    "container": "TargetContainerHostname",
    "model": "TargetModel",
    "variant": "TargetVariant",
}
"""How InvokeEndpoint calls each part that a request may mean."""


def artifacts_of(containers: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The artifacts that the containers of a model load, as a state or a synthesis has them."""
    for container in containers:
        if container.get("model_data_url"):
            yield str(container["model_data_url"])
        for source in _listed(container.get("model_data_source")):
            for each in _listed(source.get("s3_data_source")):
                yield str(each["s3_uri"])


def packages_of(containers: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The versions of the Model Registry that the containers of a model are, likewise."""
    for container in containers:
        if container.get("model_package_name"):
            yield str(container["model_package_name"])


def containers_of(model: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The containers of a model, as a state or a synthesis has them."""
    yield from _listed(model.get("primary_container"))
    yield from _listed(model.get("container"))


def served_by(model: Mapping[str, Any]) -> Iterator[str]:
    """The images, artifacts and packages of a model."""
    for container in containers_of(model):
        for value in (container.get("image"), container.get("model_package_name")):
            if value:
                yield str(value)
        yield from artifacts_of([container])


def specifications_of(component: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The specification of a component, or that of each instance type, in SageMaker's words."""
    one = component.get("Specification")
    return [one] if one else [*(component.get("Specifications") or ())]


def served_by_component(
    component: Mapping[str, Any],
    models: Iterable[Mapping[str, Any]],
    instance_types: Iterable[str] = (),
) -> Iterator[str]:
    """The images, artifacts and packages of a component or adapter: of its one specification, or of
    those of `instance_types`, in their order, where it has several."""
    by_name = {model["name"]: model for model in models}
    all_of = specifications_of(component)
    by_type = {each.get("InstanceType"): each for each in all_of}
    asked = [by_type[each] for each in instance_types if each in by_type]
    for specification in all_of if len(all_of) == 1 else asked or all_of[:1]:
        yield from served_by(by_name.get(specification.get("ModelName"), {}))
        container = specification.get("Container") or {}
        for key in ("Image", "ArtifactUrl"):
            if container.get(key):
                yield str(container[key])


def _listed(block: Any) -> list[Mapping[str, Any]]:
    """A block that may occur once, which a synthesis writes without a list."""
    return [block] if isinstance(block, Mapping) else block or []


def _which(endpoint: str, part: str, names: Iterable[str]) -> BadInputError:
    return BadInputError(
        f"{endpoint} has several {part}s, and each request names one",
        f"--{part} {one_of(names)}",
    )


class Invoked(Verifier):
    """The checks of what `InvokeEndpoint` asks for a prediction."""

    @abstractmethod
    def _look(self) -> str:
        """Where to look for the reason of a failure."""

    def _invocation(self, **named: str) -> Finding:
        """What one request says; `named` is who is asked, in the words of InvokeEndpoint."""
        body, content_type = self._sample()
        runtime = self.run.aws.client("sagemaker-runtime")
        try:
            answer = runtime.invoke_endpoint(
                ContentType=content_type,
                Body=body or b"{}",
                **named,
            )
            size = len(answer["Body"].read())
        except ClientError as error:
            return self._refused(error, sampled=body is not None)
        except BotoCoreError as error:
            return self.finding(INVOCATION, "failed", str(error), self._look())
        return self.finding(INVOCATION, "passed", f"answered {size} bytes")

    def _refused(self, error: ClientError, *, sampled: bool) -> Finding:
        code = error.response["Error"]["Code"]
        status = int(error.response.get("OriginalStatusCode", 0))  # type: ignore[call-overload]
        if code == "ModelError" and 400 <= status < 500 and not sampled:
            said = f"answered {status} to an empty body; give a sample to see a prediction"
            return self.finding(INVOCATION, "passed", said)
        if code == "ValidationError":
            # It needs to be told which of its models: nothing that one request can check.
            return self.finding(INVOCATION, "skipped", error.response["Error"]["Message"])
        fix = "fix the sample or the model" if 400 <= status < 500 else self._look()
        return self.finding(INVOCATION, "failed", str(error), fix)

    def _sample(self) -> tuple[bytes | None, str]:
        context = self.run.environment.context
        for file in sorted(self.run.samples.iterdir()) if self.run.samples else ():
            if file.suffix in CONTENT_TYPES and context.endpoint(file.stem) == self.name:
                return file.read_bytes(), CONTENT_TYPES[file.suffix]
        return None, "application/json"


class EndpointVerifier(Invoked):
    """The checks of one SageMaker endpoint."""

    def __init__(self, run: Verification, values: Values) -> None:
        super().__init__(run, values)
        # A failed update of a component's stack leaves what was refused in the state.
        self.tells_reached = not self._hosts_components

    @cached_property
    def _configuration(self) -> Mapping[str, Any]:
        """The configuration in the state that it should run; empty where the state names none."""
        state = self.run.state
        found: list[Mapping[str, Any]] = [*state.needed_by(self.values, CONFIGURATION_TYPE)]
        stacks = state.needed_by(self.values, STACK)
        found += [each for each in map(configuration_values, stacks) if each is not None]
        return found[0] if len(found) == 1 else {}

    @property
    def _hosts_components(self) -> bool:
        """Whether its variants have no model, but inference components."""
        variants = self._configuration.get("production_variants") or ()
        return bool(variants) and not any(each.get("model_name") for each in variants)

    @property
    def _may_be_empty(self) -> bool:
        """Whether SageMaker may give all of its instances back."""
        variants = self._configuration.get("production_variants") or ()
        return any(
            dig(each, "managed_instance_scaling", "min_instance_count") == 0 for each in variants
        )

    @property
    def _expected(self) -> str:
        return str(self._configuration.get("name", ""))

    def findings(self) -> Iterator[Finding]:
        """Configuration, image, health and one invocation."""
        sagemaker = self.run.aws.client("sagemaker")
        try:
            found = sagemaker.describe_endpoint(EndpointName=self.name)
        except ClientError as error:
            if "Could not find" not in str(error):
                raise
            fix = "somebody deleted it; deploy again"
            yield self.finding(CONFIGURATION, "failed", "does not exist", fix)
            return
        status, running = found["EndpointStatus"], found["EndpointConfigName"]
        reason = found.get("FailureReason", "")
        if not self._expected:
            said = f"runs {running}; the state does not say which configuration it should run"
            yield self.finding(CONFIGURATION, "skipped", said)
        elif running != self._expected:
            yield self._rolled_back(status, running, reason)
        else:
            yield self.finding(CONFIGURATION, "passed", running)
        yield from self._images(found)
        if status != "InService":
            said = f"is {status}{f': {reason}' if reason else ''}"
            wait = "wait until the update ends" if status.endswith("ing") else self._look()
            yield self.finding(HEALTH, "failed", said, wait)
            return
        counts = [
            variant.get("CurrentInstanceCount", 0)
            if "CurrentServerlessConfig" not in variant
            else 1
            for variant in found.get("ProductionVariants", [])
        ]
        asynchronous = bool(found.get("AsyncInferenceConfig"))
        if not asynchronous and not all(counts) and not self._may_be_empty:
            yield self.finding(HEALTH, "failed", "has a variant without instances", self._look())
            return
        wanted = bool(reason) and running == self._expected
        if wanted and not self._is_earlier(found):
            said = f"is InService, but its last update failed: {reason}"
            fix = "fix the cause; the next update that succeeds clears the reason"
            yield self.finding(HEALTH, "failed", said, fix)
            return
        kept = f"; of an update before the last deploy SageMaker says: {reason}" if wanted else ""
        yield self.finding(HEALTH, "passed", f"is InService{kept}")
        if self.run.invoke:
            yield self._answer(asynchronous=asynchronous)

    def now(self) -> Now:
        """Its status, and the instances and the traffic of its variants."""
        found = self.run.aws.client("sagemaker").describe_endpoint(EndpointName=self.name)
        variants = found.get("ProductionVariants", [])
        counted = [
            each["CurrentInstanceCount"]
            for each in variants
            if "CurrentInstanceCount" in each and "CurrentServerlessConfig" not in each
        ]
        weights = {each["VariantName"]: float(each.get("CurrentWeight", 0)) for each in variants}
        whole = sum(weights.values())
        shares = {name: weight / whole for name, weight in weights.items()} if whole else {}
        return Now(
            found["EndpointStatus"],
            sum(counted) if counted else None,
            shares if len(shares) > 1 else {},
        )

    takes = frozenset(_MEANT)

    def ask(self, request: Request) -> Reply:
        """By InvokeEndpoint, of the endpoint or of one of its components, containers, models or variants;
        an asynchronous one by its queue."""
        if self._is_asynchronous:
            return self._ask_later(request)
        asked = {
            _MEANT[part]: self._called(part, value)
            for part, value in self._meant(request).items()
            if value
        }
        runtime: Any = self.run.aws.client("sagemaker-runtime")
        answer = runtime.invoke_endpoint(
            EndpointName=self.name,
            ContentType=request.content_type,
            Body=request.body,
            **asked,
        )
        return Reply(
            answer["Body"].read(),
            str(answer.get("ContentType", "")),
            str(answer.get("InvokedProductionVariant", "")),
        )

    def _meant(self, request: Request) -> Mapping[str, str]:
        """Which part of the endpoint is asked: the only component where nobody says. Raises BadInputError
        where AWS has to be told which."""
        found = self._deployed(Endpoint)
        spec = found.spec if found is not None else None
        if isinstance(spec, InferenceComponentEndpoint) and "component" not in request.to:
            names = ["-".join(parts[1:]) for _, parts in spec.named_components("")]
            if len(names) == 1:
                return {**request.to, "component": names[0]}
            if names:
                raise _which(self.name, "component", names)
        if isinstance(spec, DirectEndpoint) and "container" not in request.to:
            raise _which(self.name, "container", spec.containers)
        if isinstance(spec, MultiModelEndpoint) and "model" not in request.to:
            raise BadInputError(
                f"{self.name} has many models, and each request names one",
                "--model, its key below the prefix of the endpoint, such as a/model.tar.gz",
            )
        return request.to

    def _ask_later(self, request: Request) -> Reply:
        if request.given:
            raise BadInputError(
                f"{self.name} is asynchronous, and has one model",
                f"leave --{min(request.given)} out",
            )
        found = self._deployed(AsyncEndpoint)
        if found is None:
            raise BadInputError(f"the environment's file has no asynchronous endpoint {self.name}")
        return sagemaker_async.ask(
            self.run.aws, self.name, sagemaker_async.entrance(found), request
        )

    def _deployed(self, kind: type[Endpoint]) -> Deployed | None:
        """The endpoint as the environment's file has it, where it is of a kind."""
        for each in self.run.environment.deployed:
            if each.resource == (ENDPOINT, self.name) and isinstance(each.spec, kind):
                return each
        return None

    def _called(self, part: str, value: str) -> str:
        """AWS's name of a part that people call by a short name."""
        if part != "component":
            return value
        found = self._deployed(InferenceComponentEndpoint)
        if found is None or not isinstance(found.spec, InferenceComponentEndpoint):
            return value
        return found.spec.component_name(self.run.environment.context, found.name, value)

    @property
    def _is_asynchronous(self) -> bool:
        return bool(self._configuration.get("async_inference_config"))

    def _answer(self, *, asynchronous: bool) -> Finding:
        if asynchronous:
            said = "is asynchronous: an answer would come later, in S3"
            return self.finding(INVOCATION, "skipped", said)
        if self._hosts_components:
            said = "its inference components answer, each by its own name"
            return self.finding(INVOCATION, "skipped", said)
        return self._invocation(EndpointName=self.name)

    def _is_earlier(self, found: DescribeEndpointOutputTypeDef) -> bool:
        """Whether nothing has changed the endpoint since the state was written."""
        written = self.run.state.changed
        # S3 tells whole seconds, cut off: within one it cannot be told which came first.
        return written is not None and found["LastModifiedTime"] < written

    def _rolled_back(self, status: str, running: str, reason: str) -> Finding:
        if status in ("Updating", "RollingBack", "SystemUpdating"):
            said = f"is {status} from {running} to {self._expected}"
            return self.finding(CONFIGURATION, "failed", said, "wait until the update ends")
        why = reason or "SageMaker gives no reason"
        said = f"runs {running}, but the state says {self._expected}; it was rolled back: {why}"
        return self.finding(CONFIGURATION, "failed", said, self._look())

    def _look(self) -> str:
        return (
            f"check the log group /aws/sagemaker/Endpoints/{self.name} and the endpoint's alarms; "
            "fix the model; deploy again"
        )

    def _images(self, found: Mapping[str, Any]) -> Iterator[Finding]:
        """The images of each variant against those of its model in the state."""
        expected = {
            container["image"]
            for model in self._models("production_variants")
            for container in containers_of(model)
            if container.get("image")
        }
        deployed = {
            image["SpecifiedImage"]
            for variant in found.get("ProductionVariants", [])
            for image in variant.get("DeployedImages", [])
            if "SpecifiedImage" in image
        }
        if not expected or not deployed:
            return
        yield self.images(expected, deployed, self._look())

    def _models(self, *blocks: str) -> Iterator[Mapping[str, Any]]:
        """The model of every variant in some blocks of the configuration, in the state."""
        state = self.run.state
        models = {model["name"]: model for model in state.of_type(MODEL)}
        for variant in (each for block in blocks for each in self._configuration.get(block) or ()):
            yield models.get(variant.get("model_name"), {})

    def was_reached(self) -> bool:
        """Not where the endpoint was left on another configuration, or one of its components is
        missing or half-way, too."""
        running = self.values.get("endpoint_config_name")
        found = [stack for _, stack in self.parts()]
        names = {(component_of(stack) or {}).get("InferenceComponentName") for stack in found}
        return (
            super().was_reached()
            and running == self._expected
            and all(name in names for name, _ in self._components())
            and all(self._is_settled(stack) for stack in found)
        )

    def _is_settled(self, stack: Values) -> bool:
        """Whether a component's stack is not half-way: a run of more than 20 seconds writes versions
        of the state in its course, in which a stack may name a model that is gone."""
        models = {model["name"] for model in self.run.state.of_type(MODEL)}
        named = {
            each["ModelName"]
            for each in specifications_of(component_of(stack) or {})
            if each.get("ModelName")
        }
        return self.run.state.is_settled(stack) and named <= models

    def parts(self) -> Iterator[tuple[str, Values]]:
        """The stacks of its inference components."""
        for stack in self.run.state.of_type(STACK):
            if (component_of(stack) or {}).get("EndpointName") == self.name:
                yield STACK, stack

    def served(self) -> Iterator[str]:
        """The images, artifacts and packages of the configuration, shadows included, and of the
        components, in the state."""
        for model in self._models("production_variants", "shadow_production_variants"):
            yield from served_by(model)
        state = self.run.state
        found = [component_of(stack) for _, stack in self.parts()]
        components = {each["InferenceComponentName"]: each for each in found if each}
        # In the order of the Spec, by which a rollback tells what belongs to what.
        for name, types in self._components():
            if name in components:
                yield from served_by_component(components[name], state.of_type(MODEL), types)

    def _components(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The names of the endpoint's components and adapters in AWS, as the Spec has them, each with
        an instance type for each of its models."""
        for each in self.run.environment.deployed:
            if each.resource == (ENDPOINT, self.name) and isinstance(
                each.spec, InferenceComponentEndpoint
            ):
                for path, parts in each.spec.named_components(each.name):
                    types = each.spec.components[path[1]].serving_types
                    yield each.place.environment.context.name(*parts), types
