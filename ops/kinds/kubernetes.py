"""Objects in an EKS cluster: the workloads of services, and what they need."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from inferform import EksOutputs, Environment
from inferform.eks.spec import cluster_name, pod_role_name
from inferform.usage import BALANCERS, Usage, exactly

from ..checks import CONFIGURATION, HEALTH, INVOCATION
from ..kubernetes import Api, UnreadableError
from ..plan import Action, Change, Plan, Side, dig
from ..told import Story
from . import preflight, weaker
from .entrances import ask, of_eks
from .loader import artifacts_of
from .pages import in_console
from .reasons import CHECKED_BY_SPECS, NO_PAGE, NO_RISKS, NOBODY_ELSE, RUNS_NOTHING, STAYS, resource
from .record import (
    Estimator,
    Finding,
    Foreign,
    Kind,
    Not,
    Now,
    Owner,
    Page,
    Preflight,
    Reply,
    Request,
    RiskCheck,
    Teller,
    Verifier,
)
from .stories import name_of, told_when_gone
from .synthesis import Resource, Synthesis
from .untold import not_told
from .words import PAST, arrow, short_image

DEPLOYMENT = "kubernetes_deployment_v1"
_ALB = "alb.ingress.kubernetes.io"

# Cost


def _group(ingress: Change, side: Side) -> str:
    """The group whose Ingresses share a load balancer; its own address where it shares none."""
    annotations = dig(ingress.at(side), "metadata", "annotations") or {}
    return str(annotations.get(f"{_ALB}/group.name") or ingress.address)


def _ingress_balancer(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """The load balancer that AWS's controller makes of an Ingress, once for those that share it."""
    values = change.at(side)
    annotations = dig(values, "metadata", "annotations") or {}
    named = dig(values, "spec", "ingress_class_name") or annotations.get(
        "kubernetes.io/ingress.class"
    )
    if named != "alb":
        return
    group = _group(change, side)
    shared = [e for e in plan.of_type(change.type) if e.exists(side) and _group(e, side) == group]
    if shared[0] is not change:
        return
    yield Usage(BALANCERS, "elb/application", exactly(1))
    if annotations.get(f"{_ALB}/scheme") == "internet-facing":
        same = change.action in (Action.NONE, Action.FORGET)
        yield not_told(f"addresses of {change.address}", BALANCERS, side, same=same)


def _service_balancer(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """The load balancer of a Service that asks for one. Which kind it is the cluster decides."""
    if dig(change.at(side), "spec", "type") == "LoadBalancer":
        yield Usage(BALANCERS, "elb/of-a-kubernetes-service", exactly(1))


UNLISTED_PRICES = {
    r"elb/of-a-kubernetes-service": "the cluster's controllers decide which load balancer a Service gets",
}

# Review


_TEMPLATE = re.compile(r"(?:manifest\.)?spec(?:\.\d+)?(?:\.template\b.*)?")


def _rolls(workload: Change) -> bool:
    """Whether an update replaces pods: one of their template does, one of labels, tags or the number
    of pods does not. Source: Kubernetes documentation, Deployments."""
    return workload.action is Action.UPDATE and any(
        _TEMPLATE.fullmatch(difference.path) for difference in workload.differences
    )


def _workload_story(plan: Plan, workload: Change) -> Iterator[Story]:
    if not workload.is_shown:
        return
    before, after = (_pod_images(workload, side) for side in ("before", "after"))
    is_manifest = workload.type == "kubernetes_manifest"
    if is_manifest and not (before or after):
        return
    name = name_of(workload, *(("manifest",) if is_manifest else ()), "metadata", "name")
    gone = workload.action in (Action.DELETE, Action.REPLACE)
    yield Story(
        kind="Kubernetes workload",
        name=name,
        address=workload.address,
        action=workload.action.value,
        headline=f"{name} is {PAST[workload.action]}",
        facts=tuple(
            (f"image of {key}", arrow(before.get(key, ""), after.get(key, "")))
            for key in {**before, **after}
        ),
        interrupted="every request that it answers" if gone else "",
        rollout="rolling, as its strategy says" if _rolls(workload) else "",
    )


def _pod_images(workload: Change, side: Side) -> dict[str, str]:
    values = workload.at(side)
    if workload.type == "kubernetes_manifest":
        containers = dig(values, "manifest", "spec", "template", "spec", "containers")
    else:
        containers = dig(values, "spec", "template", "spec", "container")
    return {
        str(c.get("name", "")): short_image(str(c["image"]))
        for c in containers or ()
        if isinstance(c, dict) and c.get("image")
    }


# Preflight


def _artifacts(synthesis: Synthesis, deployments: Sequence[Resource]) -> Iterator[Finding]:
    """The artifacts that loaders copy before the model's container starts."""
    roles = {role.values.get("name"): role for role in synthesis.of("aws_iam_role")}
    for deployment in deployments:
        name = str(dig(deployment.values, "metadata", "name") or "")
        role = roles.get(pod_role_name(synthesis.context, name))
        service = preflight.service_named(synthesis, "kubernetes_deployment_v1", name)
        loaders = dig(deployment.values, "spec", "template", "spec", "init_container") or ()
        yield from preflight.artifacts(
            synthesis, (preflight.Load(uri, role, service) for uri in artifacts_of(loaders))
        )


# Verify


class _Deployment(Verifier):
    """The checks of a Deployment: its image, and the pods that are available."""

    takes = frozenset({"path"})

    # The provider updates in place, and records the new release though its rollout fails.
    tells_reached = False

    @property
    def name(self) -> str:
        """Its name in the cluster."""
        return str(dig(self.values, "metadata", "name"))

    @property
    def _namespace(self) -> str:
        return str(dig(self.values, "metadata", "namespace") or "default")

    def findings(self) -> Iterator[Finding]:
        """One finding for each check."""
        environment = self.run.environment
        try:
            found = Api(self.run.aws, cluster_of(environment)).deployment(
                self._namespace, self.name
            )
        except UnreadableError as error:
            said = f"{error.message}; ask it yourself: {self._look()}"
            yield self.finding(HEALTH, "skipped", said, error.hint)
            return
        if found is None:
            yield self.finding(CONFIGURATION, "failed", "does not exist", "deploy again")
            return
        yield self._image(found)
        yield from self._pods(found)

    def now(self) -> Now:
        """Its pods."""
        api = Api(self.run.aws, cluster_of(self.run.environment))
        try:
            found = api.deployment(self._namespace, self.name)
        except UnreadableError:
            return Now()
        if found is None:
            return Now("does not exist")
        available = int(found.get("status", {}).get("availableReplicas", 0))
        wanted = found["spec"].get("replicas", 1)
        return Now(f"{available} of {wanted} pods available", available)

    def ask(self, request: Request) -> Reply:
        """Through its ingress, where that faces the internet."""
        deployed = self.run.environment.deployed
        (found,) = (each for each in deployed if each.resource == (DEPLOYMENT, self.name))
        url = of_eks(found, request.path, self._namespace, self.name)
        return ask(self.run.aws, url, request)

    def _image(self, found: dict[str, Any]) -> Finding:
        spec = found["spec"]["template"]["spec"]
        deployed = {str(c["image"]) for c in spec["containers"]}
        expected = {
            str(c["image"]) for c in dig(self.values, "spec", "template", "spec", "container") or ()
        }
        return self.images(expected, deployed, "deploy again")

    def _pods(self, found: dict[str, Any]) -> Iterator[Finding]:
        """A rollout is over when its newest version runs on every pod, and no old one is left."""
        status, wanted = found.get("status", {}), found["spec"].get("replicas", 1)
        seen = status.get("observedGeneration", 0) >= found["metadata"].get("generation", 0)
        updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
        late = [
            f"{condition.get('reason')}: {condition.get('message', 'no message')}"
            for condition in status.get("conditions", [])
            if condition.get("type") == "Progressing" and condition.get("status") == "False"
        ]
        if not seen or updated < wanted or available < wanted or late:
            said = f"runs {available} of {wanted} pods, {updated} of the newest version"
            yield self.finding(HEALTH, "failed", "; ".join([said, *late]), self._look())
            return
        yield self.finding(HEALTH, "passed", f"runs {available} of {wanted} pods")
        said = "is reached from inside the cluster or the VPC"
        yield self.finding(INVOCATION, "skipped", said)

    def _look(self) -> str:
        return f"kubectl --namespace {self._namespace} rollout status deployment/{self.name}"

    def served(self) -> Iterator[str]:
        """The images of its containers, and the variables, in the state."""
        spec = dig(self.values, "spec", "template", "spec")
        for container in (*(dig(spec, "init_container") or ()), *(dig(spec, "container") or ())):
            yield str(container.get("image", ""))
            for variable in container.get("env") or ():
                yield str(variable.get("value") or "")


def cluster_of(environment: Environment) -> str:
    """The name of the cluster that an environment's services run on."""
    eks = environment.eks
    return eks.cluster_name if isinstance(eks, EksOutputs) else cluster_name(environment.context)


# Records

_NOT_IN_AWS = Not(
    "it is in the cluster, not in AWS: terraform import ADDRESS NAMESPACE/NAME takes it back"
)
_IN_NAMESPACE = Not("a namespace has each name once")
_ON_NODES = Not("the nodes that it runs on count")


_ON_ITS_NODES = Not("the nodes that it runs on are billed, or the pods on Fargate")


def _object(
    type: str,
    words: str,
    *,
    story: Teller | Not,
    outage: bool = False,
    name: Not = _IN_NAMESPACE,
    preflight: Preflight | Not = CHECKED_BY_SPECS,
    owned: Owner | Not = NOBODY_ELSE,
    risks: tuple[RiskCheck, ...] | Not = NO_RISKS,
    reverted: Not = STAYS,
    verify: type[Verifier] | Not = RUNS_NOTHING,
    page: Page | Not = NO_PAGE,
    uses: Estimator | Not = _ON_ITS_NODES,
) -> Kind:
    return resource(
        type,
        words,
        _NOT_IN_AWS,
        name=name,
        outage=outage,
        owned=owned,
        uses=uses,
        quotas=_ON_NODES,
        addresses=_ON_NODES,
        preflight=preflight,
        story=story,
        risks=risks,
        reverted=reverted,
        verify=verify,
        page=page,
    )


_OF_THE_WORKLOAD = Not("the workload's story tells what it serves")

KINDS = (
    _object(
        DEPLOYMENT,
        "Kubernetes Deployment",
        outage=True,
        preflight=_artifacts,
        owned=Not("modules ignore the replicas that an autoscaler sets"),
        story=_workload_story,
        risks=weaker.WORKLOAD,
        reverted=Not(
            "Kubernetes keeps trying the new pods beside the old ones; the provider waits for them "
            "(wait_for_rollout) and fails the apply"
        ),
        verify=_Deployment,
        page=lambda each: in_console(
            each, "eks", f"/clusters/{cluster_of(each.place.environment)}"
        ),
    ),
    _object(
        "kubernetes_daemon_set_v1",
        "Kubernetes DaemonSet",
        story=_workload_story,
        verify=Not("the services whose pods need it are verified"),
    ),
    _object(
        "kubernetes_namespace_v1",
        "Kubernetes namespace",
        outage=True,
        name=Not("a cluster has each name once"),
        story=told_when_gone(
            "Kubernetes namespace", "everything that runs in it", "metadata", "name"
        ),
    ),
    _object(
        "kubernetes_service_v1",
        "Kubernetes Service",
        outage=True,
        story=told_when_gone(
            "Kubernetes Service", "requests by its name", "metadata", "name", comes_back=True
        ),
        risks=weaker.KUBERNETES_SERVICE,
        uses=_service_balancer,
    ),
    _object(
        "kubernetes_ingress_v1",
        "Kubernetes Ingress",
        outage=True,
        story=told_when_gone(
            "Kubernetes Ingress", "requests through its load balancer", "metadata", "name"
        ),
        risks=weaker.INGRESS,
        uses=_ingress_balancer,
    ),
    _object(
        "kubernetes_storage_class_v1",
        "Kubernetes storage class",
        name=Not("a cluster has each name once"),
        story=_OF_THE_WORKLOAD,
    ),
    _object(
        "kubernetes_persistent_volume_v1",
        "Kubernetes volume",
        name=Not("a cluster has each name once"),
        story=_OF_THE_WORKLOAD,
    ),
    _object(
        "kubernetes_persistent_volume_claim_v1",
        "Kubernetes claim of a volume",
        story=_OF_THE_WORKLOAD,
    ),
    _object("kubernetes_service_account_v1", "Kubernetes service account", story=_OF_THE_WORKLOAD),
    _object("kubernetes_config_map_v1", "Kubernetes ConfigMap", story=_OF_THE_WORKLOAD),
    _object(
        "kubernetes_horizontal_pod_autoscaler_v2",
        "Kubernetes autoscaler",
        story=_OF_THE_WORKLOAD,
        risks=weaker.POD_AUTOSCALER,
    ),
    _object("kubernetes_network_policy_v1", "Kubernetes network policy", story=_OF_THE_WORKLOAD),
    _object(
        "kubernetes_pod_disruption_budget_v1",
        "Kubernetes disruption budget",
        story=_OF_THE_WORKLOAD,
        risks=weaker.DISRUPTION_BUDGET,
    ),
)
FOREIGN = (
    *(
        Foreign(
            f"kubernetes_{kind}{version}",
            "Kubernetes workload",
            story=_workload_story,
            risks=weaker.WORKLOAD,
        )
        for kind in ("deployment", "stateful_set", "daemonset", "daemon_set")
        for version in ("", "_v1")
        if f"kubernetes_{kind}{version}" not in (DEPLOYMENT, "kubernetes_daemon_set_v1")
    ),
    Foreign("kubernetes_service", "Kubernetes Service", risks=weaker.KUBERNETES_SERVICE),
    Foreign("kubernetes_ingress", "Kubernetes Ingress", risks=weaker.INGRESS),
    Foreign("kubernetes_manifest", "Kubernetes object", story=_workload_story),
)
