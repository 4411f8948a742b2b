"""What a Lambda function answers here, and how CodeDeploy moves its alias.

No container runs: an answer says what was received, and by which version. AWS takes minutes for a shift;
here each answer of GetDeployment stands for one wait of the deployment configuration.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

_PERCENT_AND_WAIT = re.compile(
    r"CodeDeployDefault\.Lambda(?:(?P<all>AllAtOnce)|(?P<kind>Canary|Linear)(?P<share>\d+)Percent.+)"
)


_FAILING: set[tuple[str, str, str, str]] = set()
"""The versions whose container fails: account, Region, function and version."""


def fail(account: str, region: str, function: str, version: str, *, fails: bool) -> None:
    """Let every invocation of a version fail from now on, or none."""
    place = (account, region, function, version)
    if fails:
        _FAILING.add(place)
    else:
        _FAILING.discard(place)


def is_stopped(backend: Any, name: str) -> bool:
    """Whether none of a function's versions may run: its reserved concurrency is 0."""
    return bool(backend.get_function(name).reserved_concurrency == 0)


def is_failing(function: Any) -> bool:
    """Whether the container of a version fails."""
    name, version = function.function_name, str(function.version)
    return (function.account_id, function.region, name, version) in _FAILING


def count(function: Any, qualifier: str | None, **values: float) -> None:
    """Publish metrics of an invocation, as Lambda does: by function, by what was named, and by the version
    that an alias came to."""
    from moto.cloudwatch.models import cloudwatch_backends

    name = function.function_name
    by = [{"FunctionName": name}]
    if qualifier and qualifier != "$LATEST":
        by.append({**by[0], "Resource": f"{name}:{qualifier}"})
        if not qualifier.isdigit():
            by.append({**by[1], "ExecutedVersion": str(function.version)})
    cloudwatch = cloudwatch_backends[function.account_id][function.region]
    for dimensions in by:
        named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
        cloudwatch.put_metric_data(
            "AWS/Lambda",
            [
                {"MetricName": key, "Value": value, "Dimensions": named}
                for key, value in values.items()
            ],
        )


def count_run(function: Any, qualifier: str | None) -> None:
    """Publish metrics of an invocation that ran; it takes a millisecond."""
    errors = float(is_failing(function))
    count(function, qualifier, Invocations=1, Errors=errors, Duration=1, Throttles=0)


class WrongRevisionError(Exception):
    """An AppSpec that names no function, alias or version that there is."""


def executed(backend: Any, name: str, qualifier: str | None) -> Any:
    """The version of a function that answers a request. Of an alias with two versions each gets its share,
    in turn and not by chance."""
    if qualifier:
        alias = backend._lambdas._get_function_aliases(name).get(qualifier)
        weights = (getattr(alias, "routing_config", None) or {}).get(
            "AdditionalVersionWeights"
        ) or {}
        for version, weight in weights.items():
            alias.requests = getattr(alias, "requests", 0) + 1
            before, after = (math.floor(n * weight) for n in (alias.requests - 1, alias.requests))
            if after > before:
                return backend.get_function(name, version)
    return backend.get_function(name, qualifier)


def answer(function: Any, payload: bytes) -> str:
    """What a version answers: of an HTTP event the response of a proxy integration, as the Lambda Web
    Adapter gives it."""
    said: dict[str, Any] = {
        "emulator": "inferform",
        "note": "no container ran; this is what the function received",
        "function": function.function_name,
        "version": str(function.version),
        "image": function.code.get("ImageUri"),
        "bytes": len(payload),
    }
    text = payload.decode("utf-8", errors="replace")
    try:
        event = json.loads(text or "{}")
    except ValueError:
        event = {}
    said["body"] = text
    if not isinstance(event, dict) or "requestContext" not in event:
        return json.dumps(said)
    said["body"] = event.get("body")
    return json.dumps(
        {
            "statusCode": 200,
            "headers": {"content-type": "application/json"},
            "body": json.dumps(said),
            "isBase64Encoded": False,
        }
    )


@dataclass(slots=True)
class Shift:
    """A deployment of a function that is under way."""

    alias: Any
    name: str
    current: str
    target: str
    shares: list[float]
    """The shares that the target version has yet to get, one for each answer; then all of it."""

    def step(self) -> bool:
        """Give the target its next share; returns whether it has all of it now."""
        if self.shares:
            weights = {self.target: self.shares.pop(0)}
            self.alias.update(None, self.current, {"AdditionalVersionWeights": weights})
            return False
        self.alias.update(None, self.target, {})
        return True

    def back(self) -> None:
        """Give all of it to the version of before."""
        self.alias.update(None, self.current, {})


def shift_of(backend: Any, properties: dict[str, Any], config: dict[str, Any], name: str) -> Shift:
    """The shift that an AppSpec asks for. Raises WrongRevisionError as CodeDeploy fails a deployment.

    `config` is what the deployment configuration `name` says of the traffic.
    """
    wanted = {
        key: properties.get(key) for key in ("Name", "Alias", "CurrentVersion", "TargetVersion")
    }
    if missing := [key for key, value in wanted.items() if not value]:
        raise WrongRevisionError(f"The AppSpec file lacks {', '.join(missing)}")
    function, alias_name = str(wanted["Name"]), str(wanted["Alias"])
    current, target = str(wanted["CurrentVersion"]), str(wanted["TargetVersion"])
    versions = backend._lambdas._functions.get(function, {"versions": []})["versions"]
    known = {str(each.version) for each in versions}
    alias = backend._lambdas._get_function_aliases(function).get(alias_name) if known else None
    if alias is None:
        raise WrongRevisionError(f"The Lambda alias {function}:{alias_name} does not exist")
    for version in (current, target):
        if version not in known:
            raise WrongRevisionError(f"The Lambda function {function} has no version {version}")
    if alias.function_version != current:
        raise WrongRevisionError(
            f"The Lambda alias {alias_name} points to version {alias.function_version}, and the current "
            f"version in the AppSpec file is {current}"
        )
    return Shift(alias, function, current, target, _shares(config, name))


def _shares(config: dict[str, Any], name: str) -> list[float]:
    """The shares before all of it, in their order."""
    kind, share = config.get("type"), 100
    block = config.get("timeBasedCanary") or config.get("timeBasedLinear") or {}
    named = _PERCENT_AND_WAIT.fullmatch(name)
    if named and named["kind"]:
        kind, share = f"TimeBased{named['kind']}", int(named["share"])
    elif block:
        key = "canaryPercentage" if kind == "TimeBasedCanary" else "linearPercentage"
        share = int(block[key])
    if kind == "TimeBasedCanary":
        return [share / 100]
    if kind == "TimeBasedLinear":
        return [part / 100 for part in range(share, 100, share)]
    return []
