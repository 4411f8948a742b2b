"""AWS Lambda: functions of images, versions behind aliases, provisioned concurrency, invocations."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from moto.awslambda import urls
from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import (
    EventInvokeConfig,
    FunctionUrlConfig,
    LambdaBackend,
    LambdaFunction,
    LambdaStorage,
)
from moto.awslambda.responses import LambdaResponse
from moto.core.common_types import TYPE_RESPONSE
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.models import ec2_backends
from moto.moto_api._internal import mock_random

from .. import functions
from .registry import Service

service = Service("awslambda", LambdaResponse)

Original = Callable[..., Any]

_RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)
_MOST_BYTES = 4096

_KEPT = ("SnapStart", "LoggingConfig", "DeadLetterConfig", "FileSystemConfigs")
"""Settings that moto drops; kept under these names on the function."""


class NoWarmthError(JsonRESTError):  # type: ignore[misc]  # moto is not checked
    """Nothing is kept warm of an alias or version."""

    code = 404

    def __init__(self) -> None:
        super().__init__(
            "ProvisionedConcurrencyConfigNotFoundException",
            "No Provisioned Concurrency Config found for this function",
        )


@service.prepares(
    "PutProvisionedConcurrencyConfig",
    gap="has no route to provisioned concurrency, runtime management and recursion",
)
def add_routes() -> None:
    """AWS has these below a function."""
    for resource in ("provisioned-concurrency", "runtime-management-config", "recursion-config"):
        path = rf"{{0}}/(?P<api_version>[^/]+)/functions/(?P<function_name>[\w_:%-]+)/{resource}/?$"
        urls.url_paths[path] = LambdaResponse.dispatch


# Functions


@service.corrects(
    "CreateFunction",
    gap="takes reserved variables, an environment over 4 KB, an image of another Region and one with a "
    "handler, runtime or layers; loses SnapStart, logging, dead letters and file systems",
    owner=LambdaBackend,
)
def create_function(original: Original, backend: LambdaBackend, spec: dict[str, Any]) -> Any:
    """AWS refuses the ones and keeps the others."""
    _check(backend, spec)
    function = original(backend, spec)
    versions = backend._lambdas._functions[function.function_name]
    for each in (versions["latest"], *versions["versions"], function):
        each.__dict__["kept"] = {name: spec[name] for name in _KEPT if spec.get(name)}
    return function


def _check(backend: LambdaBackend, spec: dict[str, Any]) -> None:
    variables = (spec.get("Environment") or {}).get("Variables") or {}
    text = "Lambda was unable to configure your environment variables because the environment variables you "
    if taken := sorted(_RESERVED & variables.keys()):
        raise InvalidParameterValueException(
            f"{text}have provided contains reserved keys that are currently not supported for "
            f"modification. Reserved keys used in this request: {', '.join(taken)}"
        )
    size = sum(len(f"{name}{value}".encode()) for name, value in variables.items())
    if size > _MOST_BYTES:
        raise InvalidParameterValueException(
            f"{text}have provided exceeded the 4KB limit. String measured: {json.dumps(variables)}"
        )
    image = (spec.get("Code") or spec).get("ImageUri")
    if image:
        match = re.match(r"\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com", image)
        if match is None or match[1] != backend.region_name:
            raise InvalidParameterValueException(
                f"Source image {image} is not valid. Provide a valid source image."
            )
        given = [name for name in ("Handler", "Layers", "Runtime") if spec.get(name)]
        if given:
            raise InvalidParameterValueException(
                "Please don't provide Handler or Runtime or Layer when the intended function "
                "PackageType is Image."
            )


@service.corrects(
    "UpdateFunctionCode",
    gap="takes an image of another Region; changes versions",
    owner=LambdaFunction,
)
def update_function_code(
    original: Original, function: LambdaFunction, updated_spec: dict[str, Any]
) -> Any:
    """AWS leaves published versions as they are."""
    from moto.awslambda.utils import get_backend

    _check(get_backend(function.account_id, function.region), updated_spec)
    if str(function.version) != "$LATEST":
        return function.get_configuration()
    if "Architectures" in updated_spec:
        function.architectures = updated_spec["Architectures"]
    return original(function, updated_spec)


@service.corrects(
    "UpdateFunctionConfiguration",
    gap="ignores storage, image, tracing, key, SnapStart, logging, dead letters and file systems",
    owner=LambdaFunction,
)
def update_configuration(
    original: Original, function: LambdaFunction, config_updates: dict[str, Any]
) -> Any:
    """AWS changes what was given."""
    from moto.awslambda.models import ImageConfig
    from moto.awslambda.utils import get_backend

    _check(get_backend(function.account_id, function.region), config_updates)
    original(function, config_updates)
    for name, attribute in (("TracingConfig", "tracing_config"), ("KMSKeyArn", "kms_key_arn")):
        if name in config_updates:
            setattr(function, attribute, config_updates[name])
    if "EphemeralStorage" in config_updates:
        function.ephemeral_storage = config_updates["EphemeralStorage"]["Size"]
    if "ImageConfig" in config_updates:
        function.image_config = ImageConfig(config_updates["ImageConfig"])
    kept = {**function.__dict__.get("kept", {})}
    kept |= {name: config_updates[name] for name in _KEPT if name in config_updates}
    function.__dict__["kept"] = kept
    return function.get_configuration()


@service.corrects(
    "GetFunctionConfiguration",
    gap="answers no logging; always answers that SnapStart is off",
    owner=LambdaFunction,
)
def get_configuration(
    original: Original, function: LambdaFunction, on_create: bool = False
) -> dict[str, Any]:
    """AWS answers a default group, and that a version has its snapshot."""
    config: dict[str, Any] = original(function, on_create)
    kept = function.__dict__.get("kept", {})
    config["LoggingConfig"] = {
        "LogFormat": "Text",
        "LogGroup": f"/aws/lambda/{function.function_name}",
        **kept.get("LoggingConfig", {}),
    }
    applied = (kept.get("SnapStart") or {}).get("ApplyOn", "None")
    has_it = applied != "None" and str(function.version) != "$LATEST"
    config["SnapStart"] = {"ApplyOn": applied, "OptimizationStatus": "On" if has_it else "Off"}
    for name in ("DeadLetterConfig", "FileSystemConfigs"):
        if kept.get(name):
            config[name] = kept[name]
    return config


@service.corrects(
    "GetFunctionConfiguration", gap="answers a VPC that is not there", owner=LambdaFunction
)
def vpc_config(original: Original, function: LambdaFunction) -> dict[str, Any] | None:
    """AWS answers the VPC of the subnets."""
    config: dict[str, Any] | None = original(function)
    subnets = (config or {}).get("SubnetIds") or []
    ec2 = ec2_backends[function.account_id][function.region]
    found = [each for zone in ec2.subnets.values() for each in zone.values() if each.id in subnets]
    if config is None or not found:
        return config
    return {**config, "VpcId": found[0].vpc_id}


@service.corrects("GetFunction", gap="answers no reserved concurrency of 0", owner=LambdaFunction)
def get_code(original: Original, function: LambdaFunction) -> dict[str, Any]:
    """AWS answers that a function is stopped."""
    answered: dict[str, Any] = original(function)
    if function.reserved_concurrency == 0:
        answered["Concurrency"] = {"ReservedConcurrentExecutions": 0}
    return answered


@service.corrects(
    "PublishVersion",
    gap="gives a version the code of the function itself, which later updates change",
    owner=LambdaStorage,
)
def publish_version(
    original: Original, storage: LambdaStorage, name_or_arn: str, description: str = ""
) -> Any:
    """AWS gives it a copy."""
    version = original(storage, name_or_arn, description)
    if version is not None:
        version.code = dict(version.code)
        version.environment_vars = dict(version.environment_vars)
    return version


@service.corrects(
    "CreateFunctionUrlConfig", gap="answers a mode that AWS does not have; updates none"
)
def create_function_url_config(original: Original, response: LambdaResponse) -> TYPE_RESPONSE:
    """AWS's default is BUFFERED, and a URL names its alias."""
    given = response.json_body
    qualifier = response.querystring.get("Qualifier", [None])[0]
    name = unquote(response.path.split("/")[-2])
    function = response.backend.get_function(name)
    if function.url_config is not None:
        raise _conflict(f"FunctionUrlConfig exists for this Lambda function: {name}")
    config: FunctionUrlConfig = response.backend.create_function_url_config(
        name, {**given, "InvokeMode": given.get("InvokeMode") or "BUFFERED", "Qualifier": qualifier}
    )
    config.url = f"https://{mock_random.uuid4().hex}.lambda-url.{function.region}.on.aws/"
    return 201, {"status": 201}, json.dumps(config.to_dict())


def _conflict(message: str) -> JsonRESTError:
    error = JsonRESTError("ResourceConflictException", message)
    error.code = 409
    return error


@service.corrects(
    "GetFunctionUrlConfig", gap="names the function, and not its alias", owner=FunctionUrlConfig
)
def to_dict(original: Original, config: FunctionUrlConfig) -> dict[str, Any]:
    """AWS names the alias of a URL."""
    answered: dict[str, Any] = original(config)
    if config.config.get("Qualifier"):
        answered["FunctionArn"] += f":{config.config['Qualifier']}"
    return {key: value for key, value in answered.items() if value is not None}


@service.corrects("UpdateFunctionUrlConfig", gap="changes no mode", owner=FunctionUrlConfig)
def update(original: Original, config: FunctionUrlConfig, new_config: dict[str, Any]) -> None:
    """AWS changes it."""
    original(config, new_config)
    if new_config.get("InvokeMode"):
        config.config["InvokeMode"] = new_config["InvokeMode"]


# Aliases


@service.corrects("CreateAlias", gap="takes any weights", owner=LambdaStorage)
def put_alias(
    original: Original,
    storage: LambdaStorage,
    name: str,
    function_name: str,
    function_version: str,
    description: str,
    routing_config: Any,
) -> Any:
    """AWS takes one more version that there is, with a share of up to 1."""
    _check_weights(storage, function_name, function_version, routing_config)
    return original(storage, name, function_name, function_version, description, routing_config)


@service.corrects("UpdateAlias", gap="takes any weights", owner=LambdaStorage)
def update_alias(
    original: Original,
    storage: LambdaStorage,
    name: str,
    function_name: str,
    function_version: str | None,
    description: str | None,
    routing_config: Any,
) -> Any:
    """AWS takes one more version that there is, with a share of up to 1."""
    alias = storage.get_alias(name, function_name)
    version = function_version or alias.function_version
    _check_weights(storage, function_name, version, routing_config)
    return original(storage, name, function_name, version, description, routing_config)


def _check_weights(storage: LambdaStorage, name: str, version: str, routing: Any) -> None:
    weights = (routing or {}).get("AdditionalVersionWeights") or {}
    if not weights:
        return
    if version == "$LATEST" or "$LATEST" in weights:
        raise InvalidParameterValueException(
            "$LATEST is not supported for an alias pointing to more than 1 version"
        )
    if len(weights) > 1:
        raise InvalidParameterValueException(
            "Number of items in AdditionalVersionWeights cannot be more than 1"
        )
    for other, weight in weights.items():
        if other == version:
            raise InvalidParameterValueException(
                "Invalid function version "
                + other
                + ". Function version "
                + other
                + " is already included in routing configuration."
            )
        if not 0 <= weight <= 1:
            raise InvalidParameterValueException(
                "The weight of a version must be between 0.0 and 1.0"
            )
        storage.get_function_by_name_or_arn_with_qualifier(name, other)


# Provisioned concurrency


def _place(response: LambdaResponse) -> tuple[Any, str]:
    """The function below which a request works, and its alias or version."""
    name = unquote(response.path.rstrip("/").rsplit("/", 2)[-2])
    qualifier = response.querystring.get("Qualifier", [""])[0]
    function = response.backend.get_function(name)
    return function, qualifier


def _warmths(response: LambdaResponse) -> dict[tuple[str, str], dict[str, Any]]:
    held: dict[tuple[str, str], dict[str, Any]] = response.backend.__dict__.setdefault("warm", {})
    return held


def _weights_of(response: LambdaResponse, name: str, qualifier: str) -> dict[str, float]:
    alias = response.backend._lambdas._get_function_aliases(name).get(qualifier)
    routing = getattr(alias, "routing_config", None) or {}
    weights: dict[str, float] = routing.get("AdditionalVersionWeights") or {}
    return weights


@service.adds("PutProvisionedConcurrencyConfig", gap="missing")
def put_provisioned_concurrency_config(response: LambdaResponse) -> TYPE_RESPONSE:
    """AWS keeps so many environments of an alias or version warm, which takes minutes; here they are
    ready at once. Refused for $LATEST, while an alias has two versions, and above what is reserved."""
    function, qualifier = _place(response)
    name = function.function_name
    if qualifier == "$LATEST":
        raise InvalidParameterValueException(
            "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
        )
    response.backend.get_function(name, qualifier)
    if _weights_of(response, name, qualifier):
        raise InvalidParameterValueException(
            "Alias with weights can not be used with Provisioned Concurrency"
        )
    count = response.json_body["ProvisionedConcurrentExecutions"]
    others = sum(
        each["RequestedProvisionedConcurrentExecutions"]
        for (of, at), each in _warmths(response).items()
        if of == name and at != qualifier
    )
    reserved = function.reserved_concurrency
    if reserved is not None and count + others > int(reserved):
        raise InvalidParameterValueException(
            f"Requested Provisioned Concurrency should not be greater than the "
            f"reservedConcurrentExecution for function {name}"
        )
    made = {
        "RequestedProvisionedConcurrentExecutions": count,
        "AvailableProvisionedConcurrentExecutions": count,
        "AllocatedProvisionedConcurrentExecutions": count,
        "Status": "READY",
        "LastModified": utcnow().strftime("%Y-%m-%dT%H:%M:%S+0000"),
    }
    _warmths(response)[name, qualifier] = made
    shown = {**made, "Status": "IN_PROGRESS", "AvailableProvisionedConcurrentExecutions": 0}
    return (
        202,
        {"status": 202},
        json.dumps({**shown, "AllocatedProvisionedConcurrentExecutions": 0}),
    )


@service.adds("GetProvisionedConcurrencyConfig", gap="missing")
def get_provisioned_concurrency_config(response: LambdaResponse) -> TYPE_RESPONSE:
    """AWS answers how many are ready; the list of all has the same path."""
    function, qualifier = _place(response)
    if response.querystring.get("List"):
        return list_provisioned_concurrency_configs(response)
    found = _warmths(response).get((function.function_name, qualifier))
    if found is None:
        raise NoWarmthError
    return 200, {}, json.dumps(found)


@service.adds("ListProvisionedConcurrencyConfigs", gap="missing")
def list_provisioned_concurrency_configs(response: LambdaResponse) -> TYPE_RESPONSE:
    """AWS answers those of every alias and version; one of them has the same path."""
    if not response.querystring.get("List"):
        return get_provisioned_concurrency_config(response)
    function, _ = _place(response)
    found = [
        {**each, "FunctionArn": f"{function.function_arn}:{at}"}
        for (of, at), each in _warmths(response).items()
        if of == function.function_name
    ]
    return 200, {}, json.dumps({"ProvisionedConcurrencyConfigs": found})


@service.adds("DeleteProvisionedConcurrencyConfig", gap="missing")
def delete_provisioned_concurrency_config(response: LambdaResponse) -> TYPE_RESPONSE:
    """AWS lets them go."""
    function, qualifier = _place(response)
    if _warmths(response).pop((function.function_name, qualifier), None) is None:
        raise NoWarmthError
    return 204, {"status": 204}, ""


@service.corrects("DeleteAlias", gap="keeps what would be kept warm of it")
def delete_alias(original: Original, response: LambdaResponse) -> TYPE_RESPONSE:
    """AWS lets that go too."""
    parts = response.path.rstrip("/").split("/")
    _warmths(response).pop((unquote(parts[-3]), unquote(parts[-1])), None)
    answered: TYPE_RESPONSE = original(response)
    return answered


@service.adds("GetRuntimeManagementConfig", gap="missing")
def get_runtime_management_config(response: LambdaResponse) -> TYPE_RESPONSE:
    """AWS updates runtimes by itself unless told otherwise."""
    function, _ = _place(response)
    found = {"UpdateRuntimeOn": "Auto", "FunctionArn": function.function_arn}
    return 200, {}, json.dumps(found)


@service.adds("GetFunctionRecursionConfig", gap="missing")
def get_function_recursion_config(response: LambdaResponse) -> TYPE_RESPONSE:
    """AWS ends loops unless told otherwise."""
    _place(response)
    return 200, {}, json.dumps({"RecursiveLoop": "Terminate"})


# Invocations


@service.corrects(
    "Invoke",
    gap="needs Docker; ignores the alias; fails for a function of an image; publishes no metric",
)
def invoke(original: Original, response: LambdaResponse) -> TYPE_RESPONSE:
    """AWS runs the container; here a function of an image says what it has received."""
    name = unquote(response.path.rsplit("/", 2)[-2])
    qualifier = response.querystring.get("Qualifier", [None])[0]
    if ":function:" in name:
        _, name, at = response.backend._lambdas.split_function_arn(name)
        qualifier = at or qualifier
    elif ":" in name:
        name, _, qualifier = name.partition(":")
    function = functions.executed(response.backend, name, qualifier)
    if function.package_type != "Image":
        answered: TYPE_RESPONSE = original(response)
        return answered
    if functions.is_stopped(response.backend, function.function_name):
        functions.count(function, qualifier, Throttles=1)
        error = JsonRESTError("TooManyRequestsException", "Rate Exceeded.")
        error.code = 429
        raise error
    headers = {"X-Amz-Executed-Version": str(function.version)}
    kind = response.headers.get("X-Amz-Invocation-Type", "RequestResponse")
    if kind == "DryRun":
        return 204, {**headers, "status": "204"}, ""
    functions.count_run(function, qualifier)
    if kind == "Event":
        return 202, {**headers, "status": "202"}, ""
    if functions.is_failing(function):
        said = {
            "errorType": "Runtime.ExitError",
            "errorMessage": "RequestId: 0 Error: exit status 1",
        }
        headers |= {"X-Amz-Function-Error": "Unhandled", "Content-Type": "application/json"}
        return 200, headers, json.dumps(said)
    payload = response.raw_body if isinstance(getattr(response, "raw_body", None), bytes) else b""
    body = payload or str(response.body or "").encode()
    return 200, {**headers, "Content-Type": "application/json"}, functions.answer(function, body)


# Asynchronous events


def _events(response: LambdaResponse, operation: int) -> tuple[dict[str, Any], str]:
    """The settings of a function's events by alias or version, and that which a request is about.

    `operation` is where the function stands in the path, from its end.
    """
    name = unquote(response.path.rstrip("/").split("/")[operation])
    function = response.backend.get_function(name)
    held = response.backend.__dict__.setdefault("events", {})
    qualifier = response.querystring.get("Qualifier", ["$LATEST"])[0]
    found: dict[str, Any] = held.setdefault(function.function_arn, {})
    return found, qualifier


def _put_events(response: LambdaResponse, *, kept: bool) -> ActionResult:
    found, qualifier = _events(response, -2)
    name = unquote(response.path.rstrip("/").split("/")[-2])
    function = response.backend.get_function(name, qualifier)
    before = found[qualifier].config if kept and qualifier in found else {}
    arn = f"{response.backend.get_function(name).function_arn}:{qualifier}"
    found[qualifier] = EventInvokeConfig(
        arn, function.last_modified, {**before, **response.json_body}
    )
    return ActionResult(found[qualifier].response())


@service.corrects(
    "PutFunctionEventInvokeConfig", gap="keeps the first for good, and one for all aliases"
)
def put_function_event_invoke_config(original: Original, response: LambdaResponse) -> ActionResult:
    """AWS has one for each alias and version, which a put replaces."""
    return _put_events(response, kept=False)


@service.corrects("UpdateFunctionEventInvokeConfig", gap="keeps the first for good")
def update_function_event_invoke_config(
    original: Original, response: LambdaResponse
) -> ActionResult:
    """AWS changes what was given."""
    return _put_events(response, kept=True)


@service.corrects("GetFunctionEventInvokeConfig", gap="answers the first for every alias")
def get_function_event_invoke_config(original: Original, response: LambdaResponse) -> ActionResult:
    """AWS answers that of the alias or version."""
    found, qualifier = _events(response, -2)
    if qualifier not in found:
        raise _no_events(qualifier)
    return ActionResult(found[qualifier].response())


@service.corrects("DeleteFunctionEventInvokeConfig", gap="deletes it of every alias")
def delete_function_event_invoke_config(
    original: Original, response: LambdaResponse
) -> TYPE_RESPONSE:
    """AWS deletes that of the alias or version."""
    found, qualifier = _events(response, -2)
    if found.pop(qualifier, None) is None:
        raise _no_events(qualifier)
    return 204, {"status": 204}, json.dumps({})


@service.corrects("ListFunctionEventInvokeConfigs", gap="answers one alone")
def list_function_event_invoke_configs(original: Original, response: LambdaResponse) -> str:
    """AWS answers those of every alias and version."""
    found, _ = _events(response, -3)
    return json.dumps({"FunctionEventInvokeConfigs": [each.response() for each in found.values()]})


def _no_events(qualifier: str) -> JsonRESTError:
    error = JsonRESTError(
        "ResourceNotFoundException", f"The function {qualifier} doesn't have an EventInvokeConfig"
    )
    error.code = 404
    return error
