"""CodeDeploy: what blue/green deployments of ECS services need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.codedeploy.exceptions import (
    ApplicationDoesNotExistException,
    DeploymentGroupDoesNotExistException,
)
from moto.codedeploy.responses import CodeDeployResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import camelcase_to_underscores, utcnow
from moto.moto_api._internal import mock_random

from .registry import Service

service = Service("codedeploy", CodeDeployResponse)

Original = Callable[..., Any]


class ConfigExistsError(ServiceException):  # type: ignore[misc]  # moto is not checked
    """A deployment configuration of that name exists."""

    code = "DeploymentConfigAlreadyExistsException"


class NoConfigError(ServiceException):  # type: ignore[misc]  # moto is not checked
    """There is no deployment configuration of that name."""

    code = "DeploymentConfigDoesNotExistException"


@service.adds("CreateDeploymentConfig", gap="missing")
def create_deployment_config(response: CodeDeployResponse) -> ActionResult:
    """AWS keeps how traffic moves, and refuses a name that is taken."""
    name = response._get_param("deploymentConfigName")
    configs = _configs(response)
    if name in configs:
        raise ConfigExistsError(f"Name {name} is already in use")
    configs[name] = {
        "deploymentConfigId": str(mock_random.uuid4()),
        "deploymentConfigName": name,
        "computePlatform": response._get_param("computePlatform") or "Server",
        "createTime": utcnow(),
        "minimumHealthyHosts": response._get_param("minimumHealthyHosts"),
        "trafficRoutingConfig": response._get_param("trafficRoutingConfig"),
        "zonalConfig": response._get_param("zonalConfig"),
    }
    return ActionResult({"deploymentConfigId": configs[name]["deploymentConfigId"]})


@service.adds("GetDeploymentConfig", gap="missing")
def get_deployment_config(response: CodeDeployResponse) -> ActionResult:
    """AWS answers its own ones as well; of those the emulator knows the names only."""
    name = response._get_param("deploymentConfigName")
    if name.startswith("CodeDeployDefault."):
        return ActionResult({"deploymentConfigInfo": {"deploymentConfigName": name}})
    if name not in _configs(response):
        raise NoConfigError(f"No deployment configuration found for name: {name}")
    return ActionResult({"deploymentConfigInfo": _configs(response)[name]})


@service.adds("DeleteDeploymentConfig", gap="missing")
def delete_deployment_config(response: CodeDeployResponse) -> EmptyResult:
    """AWS deletes it, and says nothing of one that is not there."""
    _configs(response).pop(response._get_param("deploymentConfigName"), None)
    return EmptyResult()


@service.adds("ListDeploymentConfigs", gap="missing")
def list_deployment_configs(response: CodeDeployResponse) -> ActionResult:
    """AWS lists its own ones too."""
    return ActionResult({"deploymentConfigsList": sorted(_configs(response))})


@service.adds("DeleteApplication", gap="missing")
def delete_application(response: CodeDeployResponse) -> EmptyResult:
    """AWS deletes its deployment groups with it."""
    backend = response.codedeploy_backend
    name = response._get_param("applicationName")
    backend.applications.pop(name, None)
    backend.deployment_groups.pop(name, None)
    return EmptyResult()


@service.adds("UpdateApplication", gap="missing")
def update_application(response: CodeDeployResponse) -> EmptyResult:
    """AWS renames the application and keeps its groups."""
    backend = response.codedeploy_backend
    old = response._get_param("applicationName")
    new = response._get_param("newApplicationName") or old
    if old not in backend.applications:
        raise ApplicationDoesNotExistException(f"No application found for name: {old}")
    application: Any = backend.applications.pop(old)
    application.application_name = new
    backend.applications[new] = application
    backend.deployment_groups[new] = backend.deployment_groups.pop(old, {})
    return EmptyResult()


@service.corrects("GetDeploymentGroup", gap="answers no alarm configuration")
def get_deployment_group(original: Original, response: CodeDeployResponse) -> ActionResult:
    """AWS answers the alarms that stop a deployment."""
    answer: Any = original(response)
    info = dict(answer.result["deploymentGroupInfo"])
    group = _group(response, "deploymentGroupName")
    info["alarmConfiguration"] = group.alarm_configuration or {}
    return ActionResult({"deploymentGroupInfo": info})


@service.adds("UpdateDeploymentGroup", gap="missing")
def update_deployment_group(response: CodeDeployResponse) -> ActionResult:
    """AWS changes what was given."""
    group = _group(response, "currentDeploymentGroupName")
    for field in (
        "alarmConfiguration",
        "autoRollbackConfiguration",
        "autoScalingGroups",
        "blueGreenDeploymentConfiguration",
        "deploymentConfigName",
        "deploymentStyle",
        "ecsServices",
        "loadBalancerInfo",
        "serviceRoleArn",
        "terminationHookEnabled",
        "triggerConfigurations",
    ):
        value = response._get_param(field)
        if value is not None:
            setattr(group, camelcase_to_underscores(field), value)
    return ActionResult({"hooksNotCleanedUp": []})


@service.adds("DeleteDeploymentGroup", gap="missing")
def delete_deployment_group(response: CodeDeployResponse) -> ActionResult:
    """AWS deletes the group, and says nothing of one that is not there."""
    groups = response.codedeploy_backend.deployment_groups
    name = response._get_param("applicationName")
    groups.get(name, {}).pop(response._get_param("deploymentGroupName"), None)
    return ActionResult({"hooksNotCleanedUp": []})


def _group(response: CodeDeployResponse, field: str) -> Any:
    application = response._get_param("applicationName")
    name = response._get_param(field)
    groups = response.codedeploy_backend.deployment_groups.get(application, {})
    if name not in groups:
        raise DeploymentGroupDoesNotExistException(f"No Deployment Group found for name: {name}")
    return groups[name]


def _configs(response: CodeDeployResponse) -> dict[str, dict[str, Any]]:
    backend = response.codedeploy_backend
    configs: dict[str, dict[str, Any]] = backend.__dict__.setdefault("deployment_configs", {})
    return configs
