"""CodeDeploy: what blue/green deployments of ECS services and of Lambda functions need."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import yaml
from moto.backends import get_backend
from moto.cloudwatch.models import cloudwatch_backends
from moto.codedeploy.exceptions import (
    ApplicationDoesNotExistException,
    DeploymentGroupDoesNotExistException,
)
from moto.codedeploy.responses import CodeDeployResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import camelcase_to_underscores, utcnow
from moto.ecs.models import ecs_backends
from moto.elbv2.models import FakeAction, elbv2_backends
from moto.moto_api._internal import mock_random

from .. import functions, service_rollouts, told_events
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


@service.corrects(
    "GetDeploymentGroup",
    gap="answers no alarm configuration and no last deployment, but an empty load balancer",
)
def get_deployment_group(original: Original, response: CodeDeployResponse) -> ActionResult:
    """AWS answers the alarms that stop a deployment, and how the last one went."""
    answer: Any = original(response)
    info = dict(answer.result["deploymentGroupInfo"])
    group = _group(response, "deploymentGroupName")
    info["alarmConfiguration"] = group.alarm_configuration or {}
    if not info.get("loadBalancerInfo"):
        info.pop("loadBalancerInfo", None)
    last = getattr(group, "last_attempted", None)
    if last is not None:
        info["lastAttemptedDeployment"] = {
            "deploymentId": last.deployment_id,
            "status": last.status,
            "createTime": last.create_time,
            "endTime": last.complete_time,
        }
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


@service.corrects(
    "CreateDeployment", gap="leaves every deployment in Created and the ECS service as it was"
)
def create_deployment(original: Original, response: CodeDeployResponse) -> ActionResult:
    """AWS moves an ECS service to the new task definition, and its traffic to the other target
    group; an alarm of the group that is on stops it before. Here all of it happens at once, unless a
    plan for the service says otherwise."""
    result: Any = original(response)
    backend = response.codedeploy_backend
    deployment: Any = backend.get_deployment(result.result["deploymentId"])
    group = deployment.deployment_group
    if group.application.compute_platform == "Lambda":
        _begin_shift(response, deployment)
        return ActionResult(result.result)
    if group.application.compute_platform != "ECS":
        return ActionResult(result.result)
    deployment.start_time = utcnow()
    deployment.status = "InProgress"
    definition = _task_definition(deployment.revision)
    deployment.plan, deployment.shown = _plan(response, group, definition), 0
    group.last_attempted = deployment
    if deployment.plan.describes == 0:
        _end(response, deployment)
    return ActionResult(result.result)


def _begin_shift(response: CodeDeployResponse, deployment: Any) -> None:
    """Give the new version its first share, or all of it."""
    group = deployment.deployment_group
    deployment.start_time, group.last_attempted = utcnow(), deployment
    deployment.plan, deployment.status = None, "InProgress"
    name = deployment.deployment_config_name or group.deployment_config_name
    config = _configs(response).get(name, {}).get("trafficRoutingConfig") or {}
    backend = get_backend("lambda")[response.current_account][response.region]
    try:
        shift = functions.shift_of(backend, _properties(deployment.revision), config, name)
    except functions.WrongRevisionError as wrong:
        deployment.status, deployment.complete_time = "Failed", utcnow()
        deployment.failure = str(wrong)
        _tell(response, deployment)
        return
    deployment.shift = shift
    _move_on(response, deployment)


def _move_on(response: CodeDeployResponse, deployment: Any) -> None:
    """The next share of a function's traffic, unless an alarm of the group is on."""
    group = deployment.deployment_group
    active = _alarms_that_are_on(response, group.alarm_configuration or {})
    if active:
        deployment.status, deployment.complete_time = "Stopped", utcnow()
        deployment.deployment_status_messages = [f"alarms are active: {', '.join(active)}"]
        rolls_back = group.auto_rollback_configuration or {}
        if rolls_back.get("enabled") and "DEPLOYMENT_STOP_ON_ALARM" in rolls_back.get("events", []):
            deployment.shift.back()
            deployment.rolled_back = True
        deployment.shift = None
        _tell(response, deployment)
    elif deployment.shift.step():
        deployment.status, deployment.complete_time = "Succeeded", utcnow()
        deployment.shift = None


def _plan(response: CodeDeployResponse, group: Any, definition: str) -> service_rollouts.Plan:
    backend = ecs_backends[response.current_account][response.region]
    for target in group.ecs_services:
        service = backend.services[f"{target['clusterName']}:{target['serviceName']}"]
        return service_rollouts.take_plan(backend, service, definition)
    return service_rollouts.Plan()


def _end(response: CodeDeployResponse, deployment: Any) -> None:
    group, plan = deployment.deployment_group, deployment.plan
    deployment.plan, deployment.complete_time = None, utcnow()
    active = _alarms_that_are_on(response, group.alarm_configuration or {})
    if active:
        deployment.status = "Stopped"
        deployment.deployment_status_messages = [f"alarms are active: {', '.join(active)}"]
    elif plan.outcome != "succeed":
        deployment.status = "Failed"
        deployment.failure = (
            plan.reason or "The replacement task set did not become healthy in time"
        )
    else:
        deployment.status = "Succeeded"
        _move_tasks(response, group, _task_definition(deployment.revision))
        _move_traffic(response, group)
    _tell(response, deployment)


_STATES = {"Failed": "FAILURE", "Stopped": "STOP", "Succeeded": "SUCCESS"}


def _tell(response: CodeDeployResponse, deployment: Any) -> None:
    """AWS CodeDeploy user guide, "Monitoring deployments with Amazon CloudWatch Events"."""
    group = deployment.deployment_group
    name = group.application.application_name
    arn = f"arn:aws:codedeploy:{response.region}:{response.current_account}:application:{name}"
    detail = {
        "region": response.region,
        "deploymentId": deployment.deployment_id,
        "application": name,
        "deploymentGroup": group.deployment_group_name,
        "state": _STATES[deployment.status],
    }
    told_events.put(arn, "CodeDeploy Deployment State-change Notification", detail, [arn])


@service.corrects("GetDeployment", gap="shows no deployment in progress")
def get_deployment(original: Original, response: CodeDeployResponse) -> ActionResult:
    """AWS shows a deployment on its way."""
    deployment: Any = response.codedeploy_backend.get_deployment(
        response._get_param("deploymentId")
    )
    if getattr(deployment, "shift", None) is not None:
        _move_on(response, deployment)
    plan = getattr(deployment, "plan", None)
    if plan is not None:
        deployment.shown += 1
        if deployment.shown > plan.describes:
            _end(response, deployment)
    answer: Any = original(response)
    info = dict(answer.result["deploymentInfo"])
    if deployment.status == "Failed" and getattr(deployment, "failure", ""):
        info["errorInformation"] = {"code": "TIMEOUT", "message": deployment.failure}
        info["rollbackInfo"] = {"rollbackMessage": "The traffic was routed back."}
    if getattr(deployment, "rolled_back", False):
        info["rollbackInfo"] = {"rollbackMessage": "The traffic was routed back."}
    return ActionResult({"deploymentInfo": info})


def _properties(revision: dict[str, Any]) -> dict[str, Any]:
    """What an AppSpec of ECS or Lambda says of what it deploys."""
    specification = yaml.safe_load(
        (revision.get("appSpecContent") or revision["string"])["content"]
    )
    found: dict[str, Any] = next(iter(specification["Resources"][0].values()))["Properties"]
    return found


def _task_definition(revision: dict[str, Any]) -> str:
    """The task definition that an AppSpec of ECS names."""
    return str(_properties(revision)["TaskDefinition"])


def _alarms_that_are_on(response: CodeDeployResponse, configuration: dict[str, Any]) -> list[str]:
    if not configuration.get("enabled"):
        return []
    alarms = cloudwatch_backends[response.current_account][response.region].alarms
    names = [alarm["name"] for alarm in configuration.get("alarms", [])]
    return [name for name in names if name in alarms and alarms[name].state_value == "ALARM"]


def _move_tasks(response: CodeDeployResponse, group: Any, definition: str) -> None:
    backend = ecs_backends[response.current_account][response.region]
    for target in group.ecs_services:
        key = f"{target['clusterName']}:{target['serviceName']}"
        backend.services[key].task_definition = definition


def _move_traffic(response: CodeDeployResponse, group: Any) -> None:
    backend = elbv2_backends[response.current_account][response.region]
    arns = {each.name: each.arn for each in backend.target_groups.values()}
    for pair in group.load_balancer_info.get("targetGroupPairInfoList", []):
        both = [arns[each["name"]] for each in pair["targetGroups"]]
        for listener in backend.describe_listeners(None, pair["prodTrafficRoute"]["listenerArns"]):
            for rule in listener.rules.values():
                rule.actions = [_moved(action, both) for action in rule.actions]


def _moved(action: Any, both: list[str]) -> Any:
    """The action with the weights of the two target groups exchanged."""
    data = copy.deepcopy(action.data)
    weighted = data.get("ForwardConfig", {}).get("TargetGroups") or []
    if not weighted and data.get("TargetGroupArn"):
        weighted = [{"TargetGroupArn": data["TargetGroupArn"]}]
    serving = [each["TargetGroupArn"] for each in weighted if int(each.get("Weight", 1))]
    if not set(serving) & set(both):
        return action
    data.pop("TargetGroupArn", None)
    data.setdefault("ForwardConfig", {})["TargetGroups"] = [
        {"TargetGroupArn": arn, "Weight": 0 if arn in serving else 100} for arn in both
    ]
    return FakeAction(data)


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
