"""The emulator's own routes, under ``/inferform-emulator/``, in front of moto's application.

=======  =======================  ==================================================================
GET      health                   who answers: instance, process id, moto version
GET      faults                   the faults in force and how often each has struck
POST     faults                   a fault: kind, service, operation, account, since, count, after,
                                  seconds
DELETE   faults                   end all faults
GET      access                   whether calls of services are judged in an account, and which were
                                  refused without ending what made them: account
POST     access                   judge such calls by the declared policies: account, judged
POST     requests                 note the AWS requests from now on
DELETE   requests                 end it: the service and operation of each that came, once
POST     sagemaker/rollout        what the next deployment of an endpoint, or creation or update of an
                                  inference component, comes to: endpoint or component, outcome,
                                  describes, rolling_back_describes, reason, account, region
DELETE   sagemaker/rollout        forget such plans of one account and region
POST     sagemaker/job            what jobs come to whose name begins with `job`, and what they leave in their
                                  outputs: job, outcome, reason, writes, account, region
DELETE   sagemaker/job            forget such plans of one account and region
POST     sagemaker/job-end        end a job that a plan has left in progress: kind, name, outcome, reason,
                                  account, region
POST     sagemaker/pipeline        let every run of a pipeline fail for a reason, or without one succeed again:
                                  pipeline, reason, account, region
POST     scheduler/fire           let a schedule start its target now: name, group, account, region
POST     events/calls             what EventBridge and topics have called outside of AWS: account, region
POST     sagemaker/training-plan  a plan that reserves instances for endpoints, which has been bought:
                                  name, instance_type, instances, status, target, start, end, account,
                                  region
POST     ecs/rollout              what the next deployment of an ECS service comes to, by ECS or by
                                  CodeDeploy: cluster, service, outcome, describes,
                                  rolling_back_describes, reason, account, region
DELETE   ecs/rollout              forget such plans of one account and region
POST     ecs/tasks                how many tasks of a service run until it is updated: cluster, service,
                                  running, account, region
POST     eks/health               what EKS describes of a cluster or of a node group of it from now on:
                                  cluster, nodegroup, status, issues, account, region
POST     airflow/health           what MWAA describes of an environment until it is updated: environment,
                                  status, error, account, region
POST     greengrass/device        a thing that reports itself as a core device, and what becomes of
                                  deployments to it: thing, outcome, reason, status, architecture, account,
                                  region
POST     api/outcome              what the next call of an API comes to, `throttled` or `timeout`: api,
                                  outcome
POST     lambda/outcome           whether every invocation of a version of a function fails: function,
                                  version, fails, account, region
POST     chatbot/authorized       the workspaces of Slack, and the teams of Microsoft Teams with their tenants, that
                                  a person has authorized in the console, and no others: workspaces, teams,
                                  account
POST     sns/confirmed             what somebody confirms who has got the first e-mail of a topic: topic, endpoint,
                                  account, region
POST     budgets/month             a new month begins for a budget, after months that have cost `usd`, the oldest
                                  first: budget, usd, account, region
POST     codeconnections/status    what a person makes of a connection in the console: arn, status, account
POST     codepipeline/running      what runs in pipelines but approvals, with what it is given and where its
                                  artifacts are: account, region
POST     codepipeline/outcome      what an action that runs comes to, `succeeded` or `failed`: pipeline, stage,
                                  action, outcome, summary, variables, account, region
POST     codepipeline/git          what a Git provider tells the triggers of pipelines: repository, branch or
                                  tag, pull_request, paths, account, region
GET      ecr/...                   a layer of an image, by a URL of GetDownloadUrlForLayer
any      api/HOST/...             a call of an API by the host of its URL, see ``emulator.api_calls``
any      kubernetes/...           the Kubernetes API of an EKS cluster, see ``emulator.kubernetes``
=======  =======================  ==================================================================

A body is one JSON object. See ``emulator.faults.Fault``, ``emulator.rollouts.Plan`` and
``emulator.reservations.TrainingPlan``; for ECS ``emulator.service_rollouts.Plan``; for what is judged
``emulator.rights``.

A request that a web page of another origin makes is refused before anything reads it, whatever its
route, and so is a host name that is not this machine's: `emulator.network.refusal`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from . import api_calls, extensions, faults, functions, kubernetes, network

PREFIX = "/inferform-emulator/"

DEFAULT_ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]
Answer = tuple[HTTPStatus, dict[str, Any]]


class Application:
    """Answers the control routes itself and hands every other request to moto."""

    def __init__(self, moto: Wsgi, *, instance: str) -> None:
        self._moto = moto
        self._instance = instance
        self._faults = faults.Faults()
        self._noted: set[tuple[str, str]] | None = None
        self._routes: dict[tuple[str, str], Callable[..., dict[str, Any]]] = {
            ("GET", "health"): self._health,
            ("GET", "faults"): self._list_faults,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "access"): _access,
            ("POST", "access"): _judge,
            ("POST", "requests"): self._note_requests,
            ("DELETE", "requests"): self._end_noting,
            ("POST", "sagemaker/rollout"): _plan_rollout,
            ("DELETE", "sagemaker/rollout"): _forget_rollouts,
            ("POST", "sagemaker/job"): _plan_job,
            ("DELETE", "sagemaker/job"): _forget_jobs,
            ("POST", "sagemaker/job-end"): _end_job,
            ("POST", "sagemaker/pipeline"): _plan_pipeline,
            ("POST", "scheduler/fire"): _fire,
            ("POST", "events/calls"): _called,
            ("POST", "sagemaker/training-plan"): _buy_training_plan,
            ("POST", "ecs/rollout"): _plan_service_rollout,
            ("DELETE", "ecs/rollout"): _forget_service_rollouts,
            ("POST", "ecs/tasks"): _stop_tasks,
            ("POST", "eks/health"): _ail,
            ("POST", "airflow/health"): _ail_airflow,
            ("POST", "greengrass/device"): _report_device,
            ("POST", "api/outcome"): _plan_call,
            ("POST", "lambda/outcome"): _fail_function,
            ("POST", "chatbot/authorized"): _authorize_chats,
            ("POST", "sns/confirmed"): _confirm_address,
            ("POST", "budgets/month"): _begin_month,
            ("POST", "codeconnections/status"): _handshake,
            ("POST", "codepipeline/running"): _running,
            ("POST", "codepipeline/outcome"): _end_action,
            ("POST", "codepipeline/git"): _tell_git,
        }

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        refusal = network.refusal(environ)
        if refusal:
            return _respond(start_response, HTTPStatus.FORBIDDEN, {"error": refusal})
        path = str(environ.get("PATH_INFO", ""))
        if path.startswith(PREFIX):
            return self._own(path, environ, start_response)
        noted = self._noted
        if noted is not None:
            call = faults.identify(environ)
            noted.add((call.service, call.operation))
        struck = self._faults.strike(environ)
        if struck is None:
            return self._moto(environ, start_response)
        return self._struck(*struck, environ, start_response)

    def _struck(
        self, fault: faults.Fault, call: Any, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        """What a fault answers instead of moto, before or after it."""
        if fault.kind == "delay":
            time.sleep(fault.seconds)
            return self._moto(environ, start_response)
        if fault.kind == "drop-answer":
            for _ in self._moto(environ, lambda *_: None):
                pass
        if fault.kind in ("drop", "drop-answer"):
            return faults.drop(environ)
        # A body that is left unread would be taken for the connection's next request.
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        code, headers, body = faults.answer(fault, call, environ)
        start_response(f"{code} {HTTPStatus(code).phrase}", list(headers.items()))
        return [body]

    def _own(self, path: str, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """What is below the emulator's own prefix."""
        if path.startswith(kubernetes.PREFIX):
            return _respond(start_response, *_kubernetes(environ))
        if path.startswith(api_calls.PREFIX) and path != f"{api_calls.PREFIX}outcome":
            told = api_calls.answer(environ, self._moto)
            status = f"{told.status} {HTTPStatus(told.status).phrase}"
            start_response(status, [*told.headers.items(), ("Content-Length", str(len(told.body)))])
            return [told.body]
        if path.startswith(f"{PREFIX}ecr/"):
            return _layer(path.removeprefix(f"{PREFIX}ecr/"), start_response)
        return _respond(start_response, *self._control(path.removeprefix(PREFIX), environ))

    def _control(self, route: str, environ: Environ) -> Answer:
        method = environ["REQUEST_METHOD"]
        handle = self._routes.get((method, route))
        if handle is None:
            return HTTPStatus.NOT_FOUND, {"error": f"no control route {method} {route}"}
        try:
            return HTTPStatus.OK, handle(**_content(environ))
        except (TypeError, ValueError) as error:
            return HTTPStatus.BAD_REQUEST, {"error": str(error)}

    def _health(self) -> dict[str, Any]:
        return {
            "instance": self._instance,
            "pid": os.getpid(),
            "moto": extensions.MOTO_VERSION,
        }

    def _add_fault(self, **given: Any) -> dict[str, Any]:
        return self._faults.add(faults.Fault(**given))

    def _list_faults(self) -> dict[str, Any]:
        return {"faults": self._faults.listed()}

    def _clear_faults(self) -> dict[str, Any]:
        self._faults.clear()
        return {}

    def _note_requests(self) -> dict[str, Any]:
        self._noted = set()
        return {}

    def _end_noting(self) -> dict[str, Any]:
        noted, self._noted = self._noted, None
        return {"requests": sorted(noted or ())}


def _kubernetes(environ: Environ) -> Answer:
    return kubernetes.answer(
        environ["REQUEST_METHOD"],
        str(environ["PATH_INFO"]).removeprefix(kubernetes.PREFIX),
        str(environ.get("HTTP_AUTHORIZATION", "")).removeprefix("Bearer "),
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)),
    )


def _access(*, account: str = DEFAULT_ACCOUNT) -> dict[str, Any]:
    # late, so that a server that is never asked for it does not load what it judges
    from . import rights

    return {"judged": rights.is_judged(account), "refused": rights.refused(account)}


def _judge(*, account: str = DEFAULT_ACCOUNT, judged: bool = True) -> dict[str, Any]:
    from . import rights

    rights.judge(account, judged)
    return {"account": account, "judged": judged}


def _plan_rollout(
    *,
    endpoint: str = "",
    component: str = "",
    account: str = DEFAULT_ACCOUNT,
    region: str = DEFAULT_REGION,
    **plan: Any,
) -> dict[str, Any]:
    # late, so that a server that is never asked for SageMaker does not load it
    from . import rollouts

    if bool(endpoint) == bool(component):
        raise ValueError("name either an endpoint or a component")
    backend, planned = _sagemaker(account, region), rollouts.Plan(**plan)
    if component:
        rollouts.set_component_plan(backend, component, planned)
        return {"component": component, "account": account, "region": region, **plan}
    rollouts.set_plan(backend, endpoint, planned)
    return {"endpoint": endpoint, "account": account, "region": region, **plan}


def _forget_rollouts(
    *, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION
) -> dict[str, Any]:
    from . import rollouts

    rollouts.clear_plans(_sagemaker(account, region))
    return {}


def _plan_job(
    *, job: str, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION, **plan: Any
) -> dict[str, Any]:
    from . import jobs

    jobs.set_plan(_sagemaker(account, region), job, jobs.Plan(**plan))
    return {"job": job, "account": account, "region": region, **plan}


def _forget_jobs(*, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION) -> dict[str, Any]:
    from . import jobs

    jobs.clear_plans(_sagemaker(account, region))
    return {}


def _end_job(
    *,
    kind: str,
    name: str,
    account: str = DEFAULT_ACCOUNT,
    region: str = DEFAULT_REGION,
    **plan: Any,
) -> dict[str, Any]:
    from . import jobs

    jobs.end(_sagemaker(account, region), kind, name, jobs.Plan(**plan))
    return {"kind": kind, "name": name, "account": account, "region": region, **plan}


def _plan_pipeline(
    *,
    pipeline: str,
    reason: str = "",
    account: str = DEFAULT_ACCOUNT,
    region: str = DEFAULT_REGION,
) -> dict[str, Any]:
    from . import pipelines

    pipelines.plan_failure(_sagemaker(account, region), pipeline, reason)
    return {"pipeline": pipeline, "reason": reason, "account": account, "region": region}


def _fire(
    *,
    name: str,
    group: str = "default",
    account: str = DEFAULT_ACCOUNT,
    region: str = DEFAULT_REGION,
) -> dict[str, Any]:
    from moto.scheduler.exceptions import ScheduleNotFound
    from moto.scheduler.models import scheduler_backends

    from . import delivery

    try:
        told = delivery.fire(scheduler_backends[account][region], group, name)
    except ScheduleNotFound:
        raise ValueError(f"no schedule {group}/{name}") from None
    return {"name": name, "group": group, "account": account, "region": region, **told}


def _called(*, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION) -> dict[str, Any]:
    from . import delivery

    return {"calls": delivery.calls(account, region)}


def _buy_training_plan(
    *, name: str, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION, **plan: Any
) -> dict[str, Any]:
    from . import reservations

    arn = reservations.buy(_sagemaker(account, region), name, reservations.TrainingPlan(**plan))
    return {"name": name, "arn": arn, "account": account, "region": region, **plan}


def _plan_service_rollout(
    *,
    cluster: str,
    service: str,
    account: str = DEFAULT_ACCOUNT,
    region: str = DEFAULT_REGION,
    **plan: Any,
) -> dict[str, Any]:
    from . import service_rollouts

    planned = service_rollouts.Plan(**plan)
    service_rollouts.set_plan(_ecs(account, region), cluster, service, planned)
    place = {"cluster": cluster, "service": service, "account": account, "region": region}
    return {**place, **plan}


def _forget_service_rollouts(
    *, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION
) -> dict[str, Any]:
    from . import service_rollouts

    service_rollouts.clear_plans(_ecs(account, region))
    return {}


def _stop_tasks(
    *,
    cluster: str,
    service: str,
    running: int,
    account: str = DEFAULT_ACCOUNT,
    region: str = DEFAULT_REGION,
) -> dict[str, Any]:
    from .extensions import ecs

    ecs.run(account, region, cluster, service, running)
    return {"cluster": cluster, "service": service, "running": running}


def _ail(
    *,
    cluster: str,
    nodegroup: str = "",
    status: str = "ACTIVE",
    issues: list[dict[str, Any]] | None = None,
    account: str = DEFAULT_ACCOUNT,
    region: str = DEFAULT_REGION,
) -> dict[str, Any]:
    from .extensions import eks

    eks.ail(account, region, cluster, nodegroup, status, issues or [])
    return {"cluster": cluster, "nodegroup": nodegroup, "status": status}


def _ail_airflow(
    *,
    environment: str,
    status: str,
    error: str = "",
    account: str = DEFAULT_ACCOUNT,
    region: str = DEFAULT_REGION,
) -> dict[str, Any]:
    from .extensions import mwaa

    mwaa.ail(account, region, environment, status, error)
    return {"environment": environment, "status": status}


def _report_device(
    *, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION, **device: Any
) -> dict[str, Any]:
    from .extensions import greengrassv2

    greengrassv2.report(account, region, greengrassv2.Device(**device))
    return {"account": account, "region": region, **device}


def _plan_call(*, api: str, outcome: str) -> dict[str, Any]:
    api_calls.plan(api, outcome)
    return {"api": api, "outcome": outcome}


def _fail_function(
    *,
    function: str,
    version: str,
    fails: bool = True,
    account: str = DEFAULT_ACCOUNT,
    region: str = DEFAULT_REGION,
) -> dict[str, Any]:
    functions.fail(account, region, function, version, fails=fails)
    return {"function": function, "version": version, "fails": fails}


def _authorize_chats(
    *, workspaces: list[str], teams: dict[str, str], account: str = DEFAULT_ACCOUNT
) -> dict[str, Any]:
    from .extensions import chatbot

    chatbot.authorize(account, workspaces, teams)
    return {"workspaces": workspaces, "teams": teams, "account": account}


def _confirm_address(
    *, topic: str, endpoint: str, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION
) -> dict[str, Any]:
    from .extensions import sns

    arn = sns.confirm(account, region, topic, endpoint)
    return {"subscription": arn, "account": account, "region": region}


def _begin_month(
    *,
    budget: str,
    usd: list[float],
    account: str = DEFAULT_ACCOUNT,
    region: str = DEFAULT_REGION,
) -> dict[str, Any]:
    from .extensions import budgets

    amount = budgets.begin_month(account, region, budget, usd)
    return {"budget": budget, "amount": amount, "account": account, "region": region}


def _handshake(*, arn: str, status: str, account: str = DEFAULT_ACCOUNT) -> dict[str, Any]:
    from . import git_connections

    git_connections.handshake(account, arn, status)
    return {"arn": arn, "status": status, "account": account}


def _running(*, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION) -> dict[str, Any]:
    from .extensions import codepipeline

    return {"running": codepipeline.running(account, region)}


def _end_action(
    *,
    pipeline: str,
    stage: str,
    action: str,
    outcome: str = "succeeded",
    summary: str = "",
    variables: dict[str, str] | None = None,
    account: str = DEFAULT_ACCOUNT,
    region: str = DEFAULT_REGION,
) -> dict[str, Any]:
    from .extensions import codepipeline

    if outcome not in ("succeeded", "failed"):
        raise ValueError(f"outcome must be succeeded or failed, got {outcome}")
    codepipeline.ended(
        account,
        region,
        pipeline,
        stage,
        action,
        succeeded=outcome == "succeeded",
        summary=summary,
        variables=variables or {},
    )
    return {"pipeline": pipeline, "stage": stage, "action": action, "outcome": outcome}


def _tell_git(
    *, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION, **event: Any
) -> dict[str, Any]:
    from .code_pipelines import GitEvent
    from .extensions import codepipeline

    return {"started": codepipeline.told(account, region, GitEvent(**event))}


def _ecs(account: str, region: str) -> Any:
    from moto.ecs.models import ecs_backends

    return ecs_backends[account][region]


def _sagemaker(account: str, region: str) -> Any:
    from moto.sagemaker.models import sagemaker_backends

    return sagemaker_backends[account][region]


def _content(environ: Environ) -> dict[str, Any]:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    content = json.loads(environ["wsgi.input"].read(length)) if length else {}
    if not isinstance(content, dict):
        raise ValueError("the body has to be one JSON object")
    return content


def _layer(place: str, start_response: StartResponse) -> Iterable[bytes]:
    from .extensions import ecr

    found = ecr.layer(place) if place.count("/") >= 3 else None
    if found is None:
        return _respond(start_response, HTTPStatus.NOT_FOUND, {"error": "no such layer"})
    headers = [("Content-Type", "application/octet-stream"), ("Content-Length", str(len(found)))]
    start_response("200 OK", headers)
    return [found]


def _respond(
    start_response: StartResponse, status: HTTPStatus, content: dict[str, Any]
) -> Iterable[bytes]:
    body = json.dumps(content).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]
