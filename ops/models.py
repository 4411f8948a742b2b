"""Pinning a model package group's latest approved version in an environment's file."""

from __future__ import annotations

from typing import Any

import libcst as cst

from inferform import Component, Environment, InferenceComponentEndpoint, ModelPackage
from inferform.loading import Loaded
from inferform.rules import PathPart
from inferform.sagemaker.endpoints.base import Endpoint
from inferform.sagemaker.guardrails import waits_seconds, worst_case_seconds
from inferform.spec import walk

from .aws import Aws
from .errors import BadInputError, OperatorError
from .promote import Promotion, difference

Pins = dict[tuple[PathPart, ...], ModelPackage]


def pins_of(environment: Environment, group: str) -> Pins:
    """Where an environment names a version of the group, which is written short or in full.

    Of several versions that one service names, such as those of an A/B test, the newest alone: an older
    one is there on purpose. Raises BadInputError where it names none.
    """
    context = environment.context
    names = {group, context.name(group)}
    pins = {
        path: spec
        for path, spec in walk(environment)
        if isinstance(spec, ModelPackage) and spec.group in names
    }
    if not pins:
        example = context.arn("sagemaker", f"model-package/{context.name(group)}/1")
        raise BadInputError(
            f"no service of {environment.key} names a version of the model package group {group}",
            f'write one first, such as ModelPackage(arn="{example}")',
        )
    services = [each.place.path for each in environment.deployed]
    named = {path: next((s for s in services if path[: len(s)] == s), path) for path in pins}
    newest: dict[tuple[PathPart, ...], int] = {}
    for path, pin in pins.items():
        newest[named[path]] = max(newest.get(named[path], 0), _number(pin))
    return {path: pin for path, pin in pins.items() if _number(pin) == newest[named[path]]}


def _number(pin: ModelPackage) -> int:
    return int(pin.arn.rpartition("/")[2])


def latest_approved(pin: ModelPackage, aws: Aws) -> str:
    """The ARN of the highest approved version of the group of `pin`, in its account.

    Raises OperatorError where there is none.
    """
    account = pin.arn.split(":")[4]
    own = account == aws.context.account
    group = pin.arn.replace(":model-package/", ":model-package-group/").rpartition("/")[0]
    pages = (
        aws.client("sagemaker")
        .get_paginator("list_model_packages")
        .paginate(
            ModelPackageGroupName=pin.group if own else group,
            ModelApprovalStatus="Approved",
            ModelPackageType="Versioned",
        )
    )
    versions: list[dict[str, Any]] = _collected(pages, pin)
    if not versions:
        raise OperatorError(
            f"no version of {pin.group} in account {account} is approved",
            "approve one in the Model Registry",
        )
    newest = max(versions, key=lambda version: int(version["ModelPackageVersion"]))
    return str(newest["ModelPackageArn"])


def rollouts(environment: Environment) -> list[dict[str, object]]:
    """How updates reach each endpoint, and each of its inference components, and how long one takes in the
    worst case."""
    found = []
    for each in environment.deployed:
        if isinstance(each.spec, Endpoint):
            found.append(_rollout(each.name, each.spec))
        if isinstance(each.spec, InferenceComponentEndpoint):
            components = each.spec.components.items()
            found += [_of_component(f"{each.name}/{name}", spec) for name, spec in components]
    return found


def _rollout(name: str, endpoint: Endpoint) -> dict[str, object]:
    guard, variants = endpoint.guard, endpoint.hosted()
    alarms = len(guard.alarms.kinds) * len(variants) if guard and guard.alarms else 0
    return {
        "endpoint": name,
        "kind": endpoint.kind,
        "variants": len(variants),
        "rollout": type(guard).__name__ if guard else "SageMaker's own",
        "waits_seconds": waits_seconds(guard) if guard else None,
        "worst_case_seconds": worst_case_seconds(guard) if guard else None,
        "rollback_alarms": alarms + len(guard.alarm_names) if guard else 0,
    }


def _of_component(name: str, component: Component) -> dict[str, object]:
    rollout = component.rollout
    alarms = len(rollout.alarms.kinds) if rollout.alarms else 0
    return {
        "endpoint": name,
        "kind": "inference component",
        "variants": None,
        "rollout": type(rollout).__name__,
        "waits_seconds": component.steps * rollout.wait_seconds,
        "worst_case_seconds": component.worst_case_seconds,
        "rollback_alarms": alarms + len(rollout.alarm_names),
    }


def _collected(pages: Any, pin: ModelPackage) -> list[dict[str, Any]]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return [each for page in pages for each in page["ModelPackageSummaryList"]]
    except (BotoCoreError, ClientError) as error:
        raise OperatorError(
            f"the versions of {pin.group} cannot be listed: {error}",
            "for a group of another account, its registry names yours in read_accounts",
        ) from error


def plan(loaded: Loaded, key: str, pins: Pins, latest: dict[str, str]) -> Promotion:
    """The edit of the environment's file; `latest` gives the new ARN for each old one.

    Raises BadInputError where nothing changes or the file cannot be edited safely.
    """
    file = loaded.files[key]
    before = file.read_text("utf-8")
    wanted = {arn: new for arn, new in latest.items() if arn != new}
    where = f"{file.parent.name}/{file.name}"
    if not wanted:
        raise BadInputError(f"{key} has the latest approved version already")
    after = cst.parse_module(before).visit(_Pinning(wanted)).code
    changes: dict[tuple[PathPart, ...], str | None] = {
        (*path, "arn"): wanted[pin.arn] for path, pin in pins.items() if pin.arn in wanted
    }
    failure = difference(loaded, key, after, changes)
    if failure is not None:
        raise BadInputError(
            f"{where} cannot be edited safely: {failure}",
            f"write the ARN as one literal in {where}, or edit it by hand",
        )
    return Promotion(
        file=file,
        before=before,
        after=after,
        changes={
            ".".join(map(str, path)): (pins[path[:-1]].arn, new) for path, new in changes.items()
        },
    )


class _Pinning(cst.CSTTransformer):
    """Other ARNs instead of some, quoted as they were."""

    def __init__(self, wanted: dict[str, str]) -> None:
        super().__init__()
        self._wanted = wanted

    def leave_SimpleString(  # noqa: N802 - libcst's name
        self, original_node: cst.SimpleString, updated_node: cst.SimpleString
    ) -> cst.BaseExpression:
        """Replace an ARN."""
        new = self._wanted.get(str(original_node.evaluated_value))
        if new is None:
            return updated_node
        quote = original_node.quote
        return updated_node.with_changes(value=f"{original_node.prefix}{quote}{new}{quote}")
