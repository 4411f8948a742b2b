"""Amazon EKS: clusters, nodes, add-ons, who may use a cluster, and what its pods may do."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from botocore.exceptions import ClientError

from inferform.eks.versions import KubernetesVersion, in_support, versions
from inferform.usage import Usage, above, between, by_use, exactly

from ..aws import Aws
from ..checks import CONFIGURATION, HEALTH, VERSION
from ..days import today
from ..plan import Action, Change, Plan, Side, dig, number
from ..told import RiskRule, Severity, Story
from . import preflight, weaker
from .capacity import reserved_for
from .ec2 import disks, ec2_quota, sold_as
from .finding import given
from .policies import access_entry, lets, managed_policies
from .prices import products
from .reasons import (
    NO_STORY,
    part,
    resource,
)
from .record import (
    Existing,
    Finding,
    Found,
    Not,
    Planned,
    Quota,
    Values,
    Verifier,
    risk,
)
from .risks import NET2, lowered, open_ranges, raised
from .stories import name_of
from .synthesis import Resource, Synthesis
from .untold import hidden, not_told
from .words import PAST, arrow

# Finding


def _settled(status: str) -> str:
    """AWS's word, where it is one of waiting: a failed thing is imported, and repaired."""
    return status if status.endswith("ING") else ""


def _cluster(aws: Aws, values: Values) -> Iterator[Existing]:
    name = given(values, "name")
    found = aws.client("eks").describe_cluster(name=name)["cluster"]
    yield Existing(name, found.get("tags", {}), _settled(found["status"]))


def _node_group(aws: Aws, values: Values) -> Iterator[Existing]:
    cluster, name = given(values, "cluster_name"), given(values, "node_group_name")
    found = aws.client("eks").describe_nodegroup(clusterName=cluster, nodegroupName=name)
    group = found["nodegroup"]
    yield Existing(f"{cluster}:{name}", group.get("tags", {}), _settled(group["status"]))


def _fargate_profile(aws: Aws, values: Values) -> Iterator[Existing]:
    cluster, name = given(values, "cluster_name"), given(values, "fargate_profile_name")
    found = aws.client("eks").describe_fargate_profile(
        clusterName=cluster, fargateProfileName=name
    )["fargateProfile"]
    yield Existing(f"{cluster}:{name}", found.get("tags", {}), _settled(found["status"]))


def _addon(aws: Aws, values: Values) -> Iterator[Existing]:
    cluster, name = given(values, "cluster_name"), given(values, "addon_name")
    found = aws.client("eks").describe_addon(clusterName=cluster, addonName=name)["addon"]
    yield Existing(f"{cluster}:{name}", found.get("tags", {}), _settled(found["status"]))


def _access_entry(aws: Aws, values: Values) -> Iterator[Existing]:
    cluster, principal = given(values, "cluster_name"), given(values, "principal_arn")
    found = aws.client("eks").describe_access_entry(clusterName=cluster, principalArn=principal)
    yield Existing(f"{cluster}:{principal}", found["accessEntry"].get("tags", {}))


def _pod_identity(aws: Aws, values: Values) -> Iterator[Existing]:
    cluster, eks = given(values, "cluster_name"), aws.client("eks")
    associations = eks.list_pod_identity_associations(
        clusterName=cluster,
        namespace=given(values, "namespace"),
        serviceAccount=given(values, "service_account"),
    )["associations"]
    for found in associations:
        identity = found["associationId"]
        described = eks.describe_pod_identity_association(
            clusterName=cluster, associationId=identity
        )["association"]
        yield Existing(f"{cluster},{identity}", described.get("tags", {}))


# Cost and review


def _control_plane(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """A control plane, and the nodes of Auto Mode, whose price nobody can tell beforehand."""
    values = change.at(side)
    stays = dig(values, "upgrade_policy", "support_type") == "EXTENDED"
    extended = stays and values.get("version") in in_support("extended", plan.made)
    yield Usage("eks", "eks/cluster-extended" if extended else "eks/cluster", exactly(1))
    if dig(values, "compute_config", "enabled"):
        yield by_use("eks", "eks/auto-mode-nodes")


def _fargate_pods(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """Pods on Fargate, whose number and size the plan does not know."""
    yield by_use("eks", "eks/fargate-pods")


_DISK_GIB = (20, 50)
"""What a node of Linux, and one of Windows, has where nobody says. Source: EKS API reference,
CreateNodegroup diskSize."""


def _nodes(plan: Plan, change: Change, side: Side) -> Iterator[Usage]:
    """The nodes of a group, as the first of its instance types."""
    values = change.at(side)
    low = number(dig(values, "scaling_config", "min_size"), 1)
    amount = between(low, number(dig(values, "scaling_config", "max_size"), low))
    name = str(values.get("node_group_name") or change.name)
    templates = plan.referred(change, "launch_template")
    of_template = next((each.at(side).get("instance_type") for each in templates), None)
    kinds = values.get("instance_types") or ([of_template] if of_template else None)
    asked = ("scaling_config", 0, "min_size"), ("scaling_config", 0, "max_size")
    from_elsewhere = bool(values.get("launch_template")) and not templates
    if (
        any(hidden(change, *path, side=side) for path in asked)
        or (not kinds and (from_elsewhere or hidden(change, "instance_types", side=side)))
        or (not kinds and any(hidden(each, "instance_type", side=side) for each in templates))
    ):
        same = change.action in (Action.NONE, Action.FORGET)
        yield not_told(f"nodes of {name}", name, side, same=same)
        return
    kinds = kinds or ["t3.medium"]
    bought = {"SPOT": "ec2-spot", "CAPACITY_BLOCK": "ec2-block"}
    windows = str(values.get("ami_type")).startswith("WINDOWS")
    own = "ec2-windows" if windows else sold_as(templates, side)
    key = bought.get(str(values.get("capacity_type")), own)
    beyond = above(amount, reserved_for(plan, change, templates, side))
    yield Usage(name, f"{key}/{kinds[0]}", beyond)
    if values.get("launch_template"):
        yield from disks(templates, side, name, amount)
    else:
        size = number(values.get("disk_size"), _DISK_GIB[windows])
        yield Usage(name, "ebs/gp3", amount * size)


def _cluster_story(plan: Plan, cluster: Change) -> Iterator[Story]:
    if not cluster.is_shown:
        return
    name = name_of(cluster, "name")
    was, will = cluster.both("version")
    facts = (("Kubernetes", arrow(str(was or ""), str(will or ""))),) if will or was else ()
    gone = cluster.action in (Action.DELETE, Action.REPLACE)
    yield Story(
        kind="EKS cluster",
        name=name,
        address=cluster.address,
        action=cluster.action.value,
        headline=f"{name} is {PAST[cluster.action]}",
        facts=facts,
        interrupted="everything that runs in the cluster" if gone else "",
    )


def _node_group_story(plan: Plan, group: Change) -> Iterator[Story]:
    if not group.is_shown:
        return
    name = name_of(group, "node_group_name")
    was_types, will_types = (", ".join(types or ()) for types in group.both("instance_types"))
    facts = (("instance types", arrow(was_types, will_types)),)
    gone = group.action is Action.DELETE or (
        group.action is Action.REPLACE and not group.created_first
    )
    yield Story(
        kind="EKS node group",
        name=name,
        address=group.address,
        action=group.action.value,
        headline=f"{name} is {PAST[group.action]}",
        facts=tuple(fact for fact in facts if fact[1]),
        interrupted="pods that have no other node to run on" if gone else "",
        rollout="nodes are drained and replaced, a few at a time" if _rolls(group) else "",
    )


def _rolls(group: Change) -> bool:
    """Whether an update replaces nodes; one of labels, taints, bounds or tags does not.

    Source: EKS API reference, UpdateNodegroupVersion and UpdateNodegroupConfig.
    """
    rolling = {"launch_template", "version", "release_version"}
    return group.action is Action.UPDATE and bool(rolling & group.attributes)


def _fargate_story(plan: Plan, profile: Change) -> Iterator[Story]:
    if profile.action not in (Action.DELETE, Action.REPLACE):
        return
    name = name_of(profile, "fargate_profile_name")
    yield Story(
        kind="Fargate profile",
        name=name,
        address=profile.address,
        action=profile.action.value,
        headline=f"{name} is {PAST[profile.action]}",
        interrupted="the pods that it runs: EKS deletes them with it",
    )


@risk(NET2)
def _opened_api(plan: Plan, change: Change) -> Iterator[Found]:
    before, after = (
        dig(side, "vpc_config", "endpoint_public_access") is True
        and bool(open_ranges(dig(side, "vpc_config", "public_access_cidrs") or ["0.0.0.0/0"]))
        for side in (change.before, change.after)
    )
    if after and not before and not hidden(change, "vpc_config", 0, "public_access_cidrs"):
        yield "opens the Kubernetes API to the internet"


@risk(
    RiskRule(
        "UPG1",
        Severity.HIGH,
        "a Kubernetes version goes up by more than one minor, or down",
        advice="raise eks.version by one minor at a time; EKS refuses anything else in the middle "
        "of the apply",
    )
)
def _skipped_version(plan: Plan, cluster: Change) -> Iterator[Found]:
    before, after = cluster.both("version")
    steps = [re.fullmatch(r"1\.(\d+)", str(version)) for version in (before, after)]
    if cluster.action is not Action.UPDATE or None in steps:
        return
    first, second = (int(step[1]) for step in steps if step)
    if second - first not in (0, 1):
        yield f"goes from {before} to {after}"


@risk(
    RiskRule(
        "UPG2",
        Severity.MEDIUM,
        "the support of a cluster's Kubernetes version ends within 90 days of the plan, or has ended",
        advice="raise eks.version by one minor at a time, or set support_type='EXTENDED' to stay for "
        "a higher price",
    )
)
def _version_ends(plan: Plan, cluster: Change) -> Iterator[Found]:
    version = versions().get(str(cluster.after.get("version")))
    if plan.made is None or version is None or not cluster.exists_after:
        return
    said = support_ends(version, plan.made, dig(cluster.after, "upgrade_policy", "support_type"))
    if said:
        # Amazon EKS user guide: the end of all support upgrades clusters of either policy.
        yield said, Severity.HIGH if version.support(plan.made) != "standard" else Severity.MEDIUM


def support_ends(version: KubernetesVersion, on: date, policy: object) -> str:
    """What is to be said of a version's support on a day; empty where there is time."""
    stays = policy == "EXTENDED"
    support, ending = version.support(on), version.ending(on)
    if support == "ended":
        return f"runs Kubernetes {version.name}, whose support ended on {version.extended_until}"
    if support == "extended" and not stays:
        return (
            f"runs Kubernetes {version.name}, whose standard support ended on "
            f"{version.standard_until}: EKS upgrades it by itself"
        )
    if ending is None:
        return ""
    kind, until = ending
    then = "EKS upgrades it by itself then"
    if kind == "standard" and stays:
        then = "the control plane costs more then"
    return f"runs Kubernetes {version.name}, whose {kind} support ends on {until}: {then}"


def _counted(before: Values, after: Values, planned: Planned) -> set[str]:
    """The count of a group, which its cluster's autoscaler moves between the same bounds."""
    configs = [(values.get("scaling_config") or [{}])[0] for values in (before, after)]
    bounds = [(config.get("min_size"), config.get("max_size")) for config in configs]
    return {"scaling_config"} if bounds[0] == bounds[1] else set()


# Preflight


def _vcpus(synthesis: Synthesis, group: Resource) -> Iterator[Quota]:
    """The vCPUs of a node group at its maximum, as its largest type."""
    count = int(dig(group.values, "scaling_config", "max_size") or 0)
    spot = group.values.get("capacity_type") == "SPOT"
    yield from ec2_quota(group.values.get("instance_types") or (), count, spot=spot)


def _supported(synthesis: Synthesis, clusters: Sequence[Resource]) -> Iterator[Finding]:
    """Clusters have a version that is supported for a while."""
    for cluster in clusters:
        name = str(cluster.values.get("version"))
        version = versions().get(name)
        if version is None:
            said = f"Inferform's table of versions does not have Kubernetes {name}"
            yield Finding(VERSION, str(cluster.values.get("name")), "skipped", said)
            continue
        policy = dig(cluster.values, "upgrade_policy", "support_type")
        said = support_ends(version, today(), policy)
        if version.support(today()) == "standard":
            found = said or f"has standard support until {version.standard_until}"
        else:
            found = said or f"has extended support until {version.extended_until}"
        fails = version.support(today()) == "ended" or (said and policy != "EXTENDED")
        yield Finding(
            VERSION,
            str(cluster.values.get("name")),
            "failed" if fails else "passed",
            found,
            VERSION.fix if fails else "",
        )


def _offered(synthesis: Synthesis, groups: Sequence[Resource]) -> Iterator[Finding]:
    types = (kind for group in groups for kind in group.values.get("instance_types") or ())
    yield from preflight.offered(synthesis, types)


# Verify


class _Checked(Verifier):
    """The checks of something that EKS describes with a status and a list of issues."""

    @abstractmethod
    def found(self) -> Mapping[str, Any]:
        """What EKS describes."""

    def served(self) -> Iterator[str]:
        """It runs nothing by itself."""
        return iter(())

    def findings(self) -> Iterator[Finding]:
        """One finding for each check."""
        try:
            found = self.found()
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            yield self.finding(CONFIGURATION, "failed", "does not exist", "deploy again")
            return
        wanted, runs = self.values.get("version"), found.get("version")
        if wanted and runs != wanted:
            said = f"runs Kubernetes {runs}, but the state says {wanted}"
            fix = "wait until the update ends, or read why it failed in the EKS console"
            yield self.finding(CONFIGURATION, "failed", said, fix)
        else:
            yield self.finding(CONFIGURATION, "passed", f"runs Kubernetes {runs}")
        issues = [
            f"{issue.get('code')}: {issue.get('message')}"
            for issue in dig(found, "health", "issues") or ()
        ]
        if found["status"] != "ACTIVE" or issues:
            said = "; ".join([f"is {found['status']}", *issues])
            fix = "read the issues in the EKS console; repair what they name, and deploy again"
            if found["status"].endswith("ING"):
                fix = "wait until the update ends"
            yield self.finding(HEALTH, "failed", said, fix)
            return
        yield self.finding(HEALTH, "passed", "is ACTIVE")


class _Cluster(_Checked):
    """The checks of a cluster: its version and its health."""

    def found(self) -> Mapping[str, Any]:
        """What EKS describes."""
        return self.run.aws.client("eks").describe_cluster(name=self.name)["cluster"]


class _NodeGroup(_Checked):
    """The checks of a node group: its version and its health."""

    @property
    def name(self) -> str:
        """EKS's name of it."""
        return str(self.values["node_group_name"])

    def found(self) -> Mapping[str, Any]:
        """What EKS describes."""
        described = self.run.aws.client("eks").describe_nodegroup(
            clusterName=str(self.values["cluster_name"]), nodegroupName=self.name
        )
        return described["nodegroup"]


# Records

_IN_CLUSTER = Not("a cluster has each name once, and another cluster may have it too")

KINDS = (
    resource(
        "aws_eks_cluster",
        "EKS cluster",
        _cluster,
        name="name",
        outage=True,
        uses=_control_plane,
        quotas=Not("a Region allows 100 clusters by default, and an environment has one"),
        addresses=Not("its control plane takes a few addresses, which EKS asks for at creation"),
        story=_cluster_story,
        preflight=_supported,
        risks=(_opened_api, _skipped_version, _version_ends, *weaker.CLUSTER),
        settings={
            "encryption_config": "encryption of secrets",
            "enabled_cluster_log_types": "control-plane logs",
        },
        verify=_Cluster,
    ),
    resource(
        "aws_eks_node_group",
        "EKS node group",
        _node_group,
        name=_IN_CLUSTER,
        owned=_counted,
        uses=_nodes,
        quotas=_vcpus,
        addresses=Not("its nodes take addresses for their pods as those come"),
        preflight=_offered,
        story=_node_group_story,
        risks=(
            lowered("scaling_config", "desired_size"),
            raised("scaling_config", "max_size"),
            *weaker.NODE_GROUP,
        ),
        verify=_NodeGroup,
    ),
    resource(
        "aws_eks_fargate_profile",
        "Fargate profile",
        _fargate_profile,
        name=_IN_CLUSTER,
        outage=True,
        uses=_fargate_pods,
        quotas=Not("no plan knows how many pods it runs"),
        addresses=Not("no plan knows how many pods it runs"),
        story=_fargate_story,
        verify=Not("the services whose pods it runs are verified"),
    ),
    resource(
        "aws_eks_addon",
        "EKS add-on",
        _addon,
        name=_IN_CLUSTER,
        story=NO_STORY,
        verify=Not("the cluster's nodes and services are verified, which need it"),
    ),
    resource(
        "aws_eks_access_entry",
        "access entry",
        _access_entry,
        name=Not("a cluster has each principal once"),
        story=NO_STORY,
        risks=access_entry,
    ),
    part(
        "aws_eks_access_policy_association",
        "policy of an access entry",
        "aws_eks_access_entry",
        "associating a policy that the entry has sets its scope again",
        risks=(*managed_policies(), *lets("principal_arn")),
    ),
    resource(
        "aws_eks_pod_identity_association",
        "pod identity association",
        _pod_identity,
        name=Not("a cluster has each service account once"),
        story=Not("the service whose pods get the role is told"),
    ),
)

PRICES = (
    products("AmazonEKS", r"AmazonEKS-Hours:perCluster", "eks/cluster"),
    products("AmazonEKS", r"AmazonEKS-Hours:extendedSupport", "eks/cluster-extended"),
)
UNLISTED_PRICES = {
    r"eks/auto-mode-nodes": "EKS Auto Mode chooses the nodes, so their number and type are not known",
    r"eks/karpenter-nodes": "Karpenter chooses the nodes, so their number and type are not known",
    r"eks/fargate-pods": "the number of the cluster's own pods on Fargate is not known",
    r"eks/pods": "pods on a cluster that another environment makes run on nodes not known here",
}
