"""EKS: what moto lacks of clusters and node groups, and add-ons, access and pod identity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores, utcnow
from moto.ec2.models import ec2_backends
from moto.eks import urls
from moto.eks.exceptions import (
    InvalidParameterException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from moto.eks.models import Cluster, EKSBackend, eks_backends
from moto.eks.responses import EKSResponse
from moto.moto_api._internal import mock_random

from ..kubernetes import PREFIX
from .registry import Service

service = Service("eks", EKSResponse)

Original = Callable[..., Any]

# Kubernetes versions that the emulator offers, oldest first.
VERSIONS = ("1.31", "1.32", "1.33", "1.34", "1.35", "1.36")
DEFAULT_VERSION = "1.35"

ADDONS = (
    "adot",
    "amazon-cloudwatch-observability",
    "aws-ebs-csi-driver",
    "aws-efs-csi-driver",
    "aws-fsx-csi-driver",
    "aws-mountpoint-s3-csi-driver",
    "cert-manager",
    "coredns",
    "eks-node-monitoring-agent",
    "eks-pod-identity-agent",
    "external-dns",
    "kube-proxy",
    "kube-state-metrics",
    "metrics-server",
    "prometheus-node-exporter",
    "snapshot-controller",
    "vpc-cni",
)
# The newest is not the default, as on AWS.
ADDON_VERSIONS = ("v1.1.0-eksbuild.1", "v1.0.0-eksbuild.1")
DEFAULT_ADDON_VERSION = ADDON_VERSIONS[1]


@service.prepares("CreateAddon", gap="routes clusters, node groups and Fargate profiles only")
def routes() -> None:
    """AWS has add-ons, access entries, pod identity and updates under a cluster."""
    for path in (
        r"{0}/clusters/(?P<name>[^/]+)/(?P<rest>.+)$",
        r"{0}/addons/(?P<rest>.+)$",
        r"{0}/cluster-versions$",
    ):
        urls.url_paths[path] = urls.response.dispatch


# Clusters


@service.corrects(
    "CreateCluster",
    gap="loses accessConfig, computeConfig, storageConfig, upgradePolicy, zonalShiftConfig and "
    "deletionProtection; fills in no defaults; has one OIDC issuer for all clusters, and no "
    "Kubernetes API",
)
def create_cluster(original: Original, response: EKSResponse) -> ActionResult:
    """AWS keeps every field, fills in defaults, and makes a security group for the cluster."""
    version = response._get_param("version") or DEFAULT_VERSION
    if version not in VERSIONS:
        raise InvalidParameterException(message=f"unsupported Kubernetes version {version}")
    original(response)
    cluster: Any = response.eks_backend.clusters[response._get_param("name")]
    cluster.version = version
    cluster.endpoint = _endpoint(response, cluster)
    cluster.platformVersion = "eks.1"
    cluster.health = {"issues": []}
    cluster.access_config = {
        "authenticationMode": "CONFIG_MAP",
        "bootstrapClusterCreatorAdminPermissions": True,
    } | (response._get_param("accessConfig") or {})
    cluster.upgrade_policy = response._get_param("upgradePolicy") or {"supportType": "EXTENDED"}
    cluster.compute_config = response._get_param("computeConfig")
    cluster.storage_config = response._get_param("storageConfig")
    cluster.zonal_shift_config = response._get_param("zonalShiftConfig")
    cluster.deletion_protection = response._get_bool_param("deletionProtection", False)
    cluster.kubernetes_network_config = {
        "serviceIpv4Cidr": "172.20.0.0/16",
        "ipFamily": "ipv4",
        "elasticLoadBalancing": {"enabled": False},
    } | (response._get_param("kubernetesNetworkConfig") or {})
    oidc = f"https://oidc.eks.{response.region}.amazonaws.com/id/{mock_random.get_random_hex(32).upper()}"
    cluster.identity = {"oidc": {"issuer": oidc}}
    cluster.resources_vpc_config = _vpc(response.eks_backend, cluster)
    return ActionResult({"cluster": cluster})


def _endpoint(response: EKSResponse, cluster: Cluster) -> str:
    """Where the emulator has the cluster's Kubernetes API."""
    server = urlsplit(response.uri)
    path = f"{PREFIX}{response.current_account}/{response.region}/{cluster.name}"
    return f"{server.scheme}://{server.netloc}{path}"


def _vpc(backend: EKSBackend, cluster: Any) -> dict[str, Any]:
    ec2 = ec2_backends[backend.account_id][backend.region_name]
    given = cluster.resources_vpc_config
    try:
        subnets = ec2.describe_subnets(subnet_ids=given["subnetIds"])
    except Exception as error:
        del backend.clusters[cluster.name]
        raise InvalidParameterException(message=str(error)) from None
    group = ec2.create_security_group(
        f"eks-cluster-sg-{cluster.name}-{mock_random.get_random_hex(9)}",
        "EKS created security group applied to ENI that is attached to EKS Control Plane",
        vpc_id=subnets[0].vpc_id,
    )
    return {
        "securityGroupIds": [],
        "endpointPublicAccess": True,
        "endpointPrivateAccess": False,
        "publicAccessCidrs": ["0.0.0.0/0"],
        **given,
        "vpcId": subnets[0].vpc_id,
        "clusterSecurityGroupId": group.id,
    }


def ail(
    account: str,
    region: str,
    cluster: str,
    nodegroup: str,
    status: str,
    issues: list[dict[str, Any]],
) -> None:
    """Give a cluster, or a node group of it, a status and issues. Raises ValueError without it."""
    found: Any = eks_backends[account][region].clusters.get(cluster)
    if found is not None and nodegroup:
        found = found.nodegroups.get(nodegroup)
    if found is None:
        raise ValueError(f"there is no {' in '.join(filter(None, [nodegroup, cluster]))}")
    found.status, found.health = status, {"issues": issues}


@service.corrects("DeleteCluster", gap="deletes a cluster that is protected from deletion")
def delete_cluster(original: Original, response: EKSResponse) -> Any:
    """AWS refuses that, and removes the security group it has made."""
    cluster: Any = _cluster(response)
    if cluster.deletion_protection:
        raise InvalidParameterException(
            clusterName=cluster.name, message="Cluster has deletion protection enabled"
        )
    result = original(response)
    backend = response.eks_backend
    ec2_backends[backend.account_id][backend.region_name].delete_security_group(
        group_id=cluster.resources_vpc_config["clusterSecurityGroupId"]
    )
    return result


_CONFIG_UPDATES = {
    "accessConfig": "AccessConfigUpdate",
    "computeConfig": "AutoModeUpdate",
    "deletionProtection": "DeletionProtectionUpdate",
    "logging": "LoggingUpdate",
    "remoteNetworkConfig": "RemoteNetworkConfigUpdate",
    "resourcesVpcConfig": "EndpointAccessUpdate",
    "storageConfig": "AutoModeUpdate",
    "upgradePolicy": "UpgradePolicyUpdate",
    "zonalShiftConfig": "ZonalShiftConfigUpdate",
    "kubernetesNetworkConfig": "AutoModeUpdate",
}


@service.corrects(
    "UpdateClusterConfig",
    gap="answers the cluster instead of an update; replaces what it should merge; knows few fields",
)
def update_cluster_config(original: Original, response: EKSResponse) -> ActionResult:
    """AWS merges what was given and answers an update, which can be asked for."""
    cluster: Any = _cluster(response)
    kind = "ConfigUpdate"
    for field, name in _CONFIG_UPDATES.items():
        value = response._get_param(field)
        if value is None:
            continue
        kind = name
        attribute = camelcase_to_underscores(field)
        before = getattr(cluster, attribute, None)
        if isinstance(value, dict) and isinstance(before, dict):
            value = before | value
        setattr(cluster, attribute, value)
    return _updated(cluster, kind)


@service.adds("UpdateClusterVersion", gap="missing")
def update_cluster_version(response: EKSResponse) -> ActionResult:
    """AWS goes up by one minor version at a time."""
    cluster: Any = _cluster(response)
    wanted = response._get_param("version")
    if wanted not in VERSIONS:
        raise InvalidParameterException(
            clusterName=cluster.name, message=f"unsupported Kubernetes version {wanted}"
        )
    if VERSIONS.index(wanted) - VERSIONS.index(cluster.version) != 1:
        raise InvalidParameterException(
            clusterName=cluster.name,
            message="Unsupported Kubernetes minor version update from "
            f"{cluster.version} to {wanted}",
        )
    cluster.version = wanted
    return _updated(cluster, "VersionUpdate", Version=wanted)


@service.adds("DescribeClusterVersions", gap="missing")
def describe_cluster_versions(response: EKSResponse) -> ActionResult:
    """AWS lists the versions it offers with their dates; the emulator knows no dates."""
    return ActionResult(
        {
            "clusterVersions": [
                {
                    "clusterVersion": version,
                    "clusterType": "eks",
                    "defaultPlatformVersion": "eks.1",
                    "defaultVersion": version == DEFAULT_VERSION,
                    "status": "STANDARD_SUPPORT",
                    "versionStatus": "STANDARD_SUPPORT",
                }
                for version in reversed(VERSIONS)
            ]
        }
    )


@service.adds("DescribeUpdate", gap="missing: every change of a cluster in Terraform fails")
def describe_update(response: EKSResponse) -> ActionResult:
    """AWS shows an update as InProgress for minutes; the emulator is done at once."""
    update = _updates(_cluster(response)).get(response._get_param("updateId"))
    if update is None:
        raise _not_found(f"No update found for ID: {response._get_param('updateId')}")
    return ActionResult({"update": update})


@service.adds("ListUpdates", gap="missing")
def list_updates(response: EKSResponse) -> ActionResult:
    """AWS lists the ids of a cluster's updates."""
    return ActionResult({"updateIds": list(_updates(_cluster(response)))})


def _updated(cluster: Cluster, kind: str, **params: str) -> ActionResult:
    update = {
        "id": str(mock_random.uuid4()),
        "status": "Successful",
        "type": kind,
        "params": [{"type": name, "value": value} for name, value in params.items()],
        "createdAt": utcnow(),
        "errors": [],
    }
    _updates(cluster)[str(update["id"])] = update
    return ActionResult({"update": update})


# Node groups


@service.corrects(
    "CreateNodegroup",
    gap="starts at version 1.19 and an AL2 image whatever the cluster's version is; makes up "
    "remote access and, beside a launch template, disk size and instance types",
)
def create_nodegroup(original: Original, response: EKSResponse) -> ActionResult:
    """AWS takes the cluster's version, and answers neither remote access nor sizes not given."""
    cluster: Any = _cluster(response)
    original(response)
    group: Any = cluster.nodegroups[response._get_param("nodegroupName")]
    group.version = response._get_param("version") or cluster.version
    group.release_version = response._get_param("releaseVersion") or _release(group.version)
    group.ami_type = response._get_param("amiType") or "AL2023_x86_64_STANDARD"
    group.remote_access = response._get_param("remoteAccess")
    group.update_config = response._get_param("updateConfig") or {"maxUnavailable": 1}
    group.node_repair_config = response._get_param("nodeRepairConfig")
    group.resources = {"autoScalingGroups": group.resources["autoScalingGroups"]}
    template = response._get_param("launchTemplate")
    if template:
        group.launch_template.setdefault("version", template.get("version") or "1")
        group.disk_size = response._get_param("diskSize")
        group.instance_types = response._get_param("instanceTypes")
    return ActionResult({"nodegroup": group})


def _release(version: str) -> str:
    return f"{version}.0-20260101"


@service.corrects(
    "UpdateNodegroupConfig",
    gap="answers an update that cannot be asked for",
)
def update_nodegroup_config(original: Original, response: EKSResponse) -> ActionResult:
    """AWS answers an update, which can be asked for."""
    original(response)
    return _updated(_cluster(response), "ConfigUpdate")


@service.adds("UpdateNodegroupVersion", gap="missing")
def update_nodegroup_version(response: EKSResponse) -> ActionResult:
    """AWS replaces the nodes by ones of the cluster's version, or of a launch template's."""
    cluster: Any = _cluster(response)
    name = response._get_param("nodegroupName")
    group: Any = response.eks_backend.describe_nodegroup(cluster.name, name)
    template = response._get_param("launchTemplate")
    if template:
        group.launch_template = {**(group.launch_template or {}), **template}
    version = response._get_param("version")
    if version and VERSIONS.index(version) > VERSIONS.index(cluster.version):
        raise InvalidParameterException(
            clusterName=cluster.name,
            nodegroupName=name,
            message=f"Nodegroup version {version} is above the cluster's {cluster.version}",
        )
    if version or not template:
        group.version = version or cluster.version
        group.release_version = response._get_param("releaseVersion") or _release(group.version)
    return _updated(cluster, "VersionUpdate", Version=group.version)


# Add-ons


@service.adds("DescribeAddonVersions", gap="missing")
def describe_addon_versions(response: EKSResponse) -> ActionResult:
    """AWS lists versions by Kubernetes version; those of the emulator are made up."""
    name = response._get_param("addonName")
    kubernetes = response._get_param("kubernetesVersion")
    return ActionResult(
        {
            "addons": [
                {
                    "addonName": addon,
                    "type": "infra-management",
                    "owner": "aws",
                    "publisher": "eks",
                    "addonVersions": [
                        {
                            "addonVersion": version,
                            "architecture": ["amd64", "arm64"],
                            "requiresConfiguration": False,
                            "requiresIamPermissions": False,
                            "compatibilities": [
                                {
                                    "clusterVersion": each,
                                    "platformVersions": ["*"],
                                    "defaultVersion": version == _default_version(addon, each),
                                }
                                for each in compatible
                            ],
                        }
                        for version, compatible in _addon_versions(addon, kubernetes).items()
                    ],
                }
                for addon in ADDONS
                if name in (None, addon)
            ]
        }
    )


def _addon_versions(addon: str, kubernetes: str | None) -> dict[str, list[str]]:
    """The versions of an add-on, each with the Kubernetes versions that it fits."""
    fitting: dict[str, list[str]] = {}
    for each in (version for version in VERSIONS if kubernetes in (None, version)):
        own = (f"v{each}.1-eksbuild.1", f"v{each}.0-eksbuild.1")
        for version in own if addon == "kube-proxy" else ADDON_VERSIONS:
            fitting.setdefault(version, []).append(each)
    return fitting


def _default_version(addon: str, kubernetes: str) -> str:
    """kube-proxy has the cluster's version, as on AWS."""
    return f"v{kubernetes}.0-eksbuild.1" if addon == "kube-proxy" else DEFAULT_ADDON_VERSION


@service.adds("CreateAddon", gap="missing")
def create_addon(response: EKSResponse) -> ActionResult:
    """AWS installs the default version when none is given; the add-on is active at once here."""
    cluster = _cluster(response)
    name = response._get_param("addonName")
    if name not in ADDONS:
        raise InvalidParameterException(
            clusterName=cluster.name, message="Addon specified is not supported"
        )
    addons = _kept(cluster, "addons")
    if name in addons:
        raise ResourceInUseException(
            clusterName=cluster.name, addonName=name, message="Addon already exists."
        )
    identities = response._get_param("podIdentityAssociations") or []
    addons[name] = {
        "addonName": name,
        "clusterName": cluster.name,
        "status": "ACTIVE",
        "addonVersion": response._get_param("addonVersion")
        or _default_version(name, cluster.version),
        "health": {"issues": []},
        "addonArn": _arn(response, "addon", cluster.name, name, str(mock_random.uuid4())),
        "createdAt": utcnow(),
        "modifiedAt": utcnow(),
        "serviceAccountRoleArn": response._get_param("serviceAccountRoleArn"),
        "tags": response._get_param("tags") or {},
        "owner": "aws",
        "publisher": "eks",
        "configurationValues": response._get_param("configurationValues"),
        "podIdentityAssociations": _identities_of_addon(response, cluster, identities),
    }
    return ActionResult({"addon": addons[name]})


def _identities_of_addon(
    response: EKSResponse, cluster: Cluster, wanted: list[dict[str, str]]
) -> list[str]:
    return [
        _associate(response, cluster, {"namespace": "kube-system", **each})["associationArn"]
        for each in wanted
    ]


@service.adds("DescribeAddon", gap="missing")
def describe_addon(response: EKSResponse) -> ActionResult:
    """AWS answers the add-on, or 404 for one that is not installed."""
    return ActionResult({"addon": _addon(response)})


@service.adds("UpdateAddon", gap="missing")
def update_addon(response: EKSResponse) -> ActionResult:
    """AWS changes what was given and answers an update."""
    addon = _addon(response)
    for field in ("addonVersion", "serviceAccountRoleArn", "configurationValues"):
        if response._get_param(field) is not None:
            addon[field] = response._get_param(field)
    cluster = _cluster(response)
    identities = response._get_param("podIdentityAssociations")
    if identities is not None:
        known = _kept(cluster, "pod_identities")
        for arn in addon["podIdentityAssociations"]:
            known.pop(arn.rsplit("/", 1)[-1], None)
        addon["podIdentityAssociations"] = _identities_of_addon(response, cluster, identities)
    addon["modifiedAt"] = utcnow()
    return _updated(cluster, "AddonUpdate", AddonVersion=addon["addonVersion"])


@service.adds("DeleteAddon", gap="missing")
def delete_addon(response: EKSResponse) -> ActionResult:
    """AWS removes the add-on and the pod identity that came with it."""
    addon = _addon(response)
    cluster = _cluster(response)
    for arn in addon["podIdentityAssociations"]:
        _kept(cluster, "pod_identities").pop(arn.rsplit("/", 1)[-1], None)
    del _kept(cluster, "addons")[addon["addonName"]]
    return ActionResult({"addon": {**addon, "status": "DELETING"}})


@service.adds("ListAddons", gap="missing")
def list_addons(response: EKSResponse) -> ActionResult:
    """AWS lists the names of the add-ons that are installed."""
    return ActionResult({"addons": sorted(_kept(_cluster(response), "addons"))})


def _addon(response: EKSResponse) -> dict[str, Any]:
    name = response._get_param("addonName")
    addons = _kept(_cluster(response), "addons")
    if name not in addons:
        raise _not_found(f"No addon: {name} found in cluster: {response._get_param('name')}")
    found: dict[str, Any] = addons[name]
    return found


# Access entries


@service.adds("CreateAccessEntry", gap="missing")
def create_access_entry(response: EKSResponse) -> ActionResult:
    """AWS lets a principal in, unless the cluster takes its access from the ConfigMap only."""
    cluster: Any = _cluster(response)
    if cluster.access_config["authenticationMode"] == "CONFIG_MAP":
        raise InvalidParameterException(
            clusterName=cluster.name,
            message="The cluster's authentication mode must be set to one of "
            "[API, API_AND_CONFIG_MAP] to perform this operation.",
        )
    principal = response._get_param("principalArn")
    entries = _kept(cluster, "access_entries")
    if principal in entries:
        raise ResourceInUseException(
            clusterName=cluster.name,
            message="The specified access entry resource is already in use on this cluster.",
        )
    entries[principal] = {
        "clusterName": cluster.name,
        "principalArn": principal,
        "kubernetesGroups": response._get_param("kubernetesGroups") or [],
        "accessEntryArn": _arn(
            response,
            "access-entry",
            cluster.name,
            *principal.split(":")[5].split("/")[:1],
            principal.split(":")[4],
            principal.rsplit("/", 1)[-1],
            str(mock_random.uuid4()),
        ),
        "createdAt": utcnow(),
        "modifiedAt": utcnow(),
        "tags": response._get_param("tags") or {},
        "username": response._get_param("username") or principal,
        "type": response._get_param("type") or "STANDARD",
        "policies": {},
    }
    return ActionResult({"accessEntry": entries[principal]})


@service.adds("DescribeAccessEntry", gap="missing")
def describe_access_entry(response: EKSResponse) -> ActionResult:
    """AWS answers the entry of a principal."""
    return ActionResult({"accessEntry": _entry(response)})


@service.adds("UpdateAccessEntry", gap="missing")
def update_access_entry(response: EKSResponse) -> ActionResult:
    """AWS changes groups and user name; the type stays."""
    entry = _entry(response)
    for field in ("kubernetesGroups", "username"):
        if response._get_param(field) is not None:
            entry[field] = response._get_param(field)
    entry["modifiedAt"] = utcnow()
    return ActionResult({"accessEntry": entry})


@service.adds("DeleteAccessEntry", gap="missing")
def delete_access_entry(response: EKSResponse) -> ActionResult:
    """AWS removes the entry with its policies."""
    del _kept(_cluster(response), "access_entries")[_entry(response)["principalArn"]]
    return ActionResult({})


@service.adds("ListAccessEntries", gap="missing")
def list_access_entries(response: EKSResponse) -> ActionResult:
    """AWS lists the principals, those with a given policy only when asked so."""
    wanted = response._get_param("associatedPolicyArn")
    entries = _kept(_cluster(response), "access_entries").values()
    return ActionResult(
        {
            "accessEntries": [
                each["principalArn"] for each in entries if not wanted or wanted in each["policies"]
            ]
        }
    )


@service.adds("AssociateAccessPolicy", gap="missing")
def associate_access_policy(response: EKSResponse) -> ActionResult:
    """AWS grants the policy in the cluster or in given namespaces."""
    entry = _entry(response)
    policy = response._get_param("policyArn")
    entry["policies"][policy] = {
        "policyArn": policy,
        "accessScope": {"namespaces": [], **response._get_param("accessScope")},
        "associatedAt": utcnow(),
        "modifiedAt": utcnow(),
    }
    return ActionResult(
        {
            "clusterName": entry["clusterName"],
            "principalArn": entry["principalArn"],
            "associatedAccessPolicy": entry["policies"][policy],
        }
    )


@service.adds("ListAssociatedAccessPolicies", gap="missing")
def list_associated_access_policies(response: EKSResponse) -> ActionResult:
    """AWS lists the policies of an entry."""
    entry = _entry(response)
    return ActionResult(
        {
            "clusterName": entry["clusterName"],
            "principalArn": entry["principalArn"],
            "associatedAccessPolicies": list(entry["policies"].values()),
        }
    )


@service.adds("DisassociateAccessPolicy", gap="missing")
def disassociate_access_policy(response: EKSResponse) -> ActionResult:
    """AWS takes the policy away again."""
    policy = response._get_param("policyArn")
    if _entry(response)["policies"].pop(policy, None) is None:
        raise _not_found(f"The specified policyArn could not be found: {policy}")
    return ActionResult({})


def _entry(response: EKSResponse) -> dict[str, Any]:
    principal = response._get_param("principalArn")
    entries = _kept(_cluster(response), "access_entries")
    if principal not in entries:
        raise _not_found(f"The specified principalArn could not be found: {principal}")
    found: dict[str, Any] = entries[principal]
    return found


# Pod identity


@service.adds("CreatePodIdentityAssociation", gap="missing")
def create_pod_identity_association(response: EKSResponse) -> ActionResult:
    """AWS gives the pods of a service account a role; one association for each account."""
    given = {
        field: response._get_param(field)
        for field in (
            "namespace",
            "serviceAccount",
            "roleArn",
            "targetRoleArn",
            "disableSessionTags",
            "policy",
            "tags",
        )
    }
    return ActionResult({"association": _associate(response, _cluster(response), given)})


def _associate(response: EKSResponse, cluster: Cluster, given: dict[str, Any]) -> dict[str, Any]:
    known = _kept(cluster, "pod_identities")
    for each in known.values():
        if (each["namespace"], each["serviceAccount"]) == (
            given["namespace"],
            given["serviceAccount"],
        ):
            raise ResourceInUseException(
                clusterName=cluster.name, message="Association already exists"
            )
    identity = f"a-{mock_random.get_random_string(17, lower_case=True)}"
    known[identity] = {
        **given,
        "clusterName": cluster.name,
        "associationId": identity,
        "associationArn": _arn(response, "podidentityassociation", cluster.name, identity),
        "tags": given.get("tags") or {},
        "disableSessionTags": bool(given.get("disableSessionTags")),
        "createdAt": utcnow(),
        "modifiedAt": utcnow(),
    }
    created: dict[str, Any] = known[identity]
    return created


@service.adds("DescribePodIdentityAssociation", gap="missing")
def describe_pod_identity_association(response: EKSResponse) -> ActionResult:
    """AWS answers an association by its id."""
    return ActionResult({"association": _identity(response)})


@service.adds("UpdatePodIdentityAssociation", gap="missing")
def update_pod_identity_association(response: EKSResponse) -> ActionResult:
    """AWS changes the roles; namespace and service account stay."""
    identity = _identity(response)
    for field in ("roleArn", "targetRoleArn", "disableSessionTags", "policy"):
        if response._get_param(field) is not None:
            identity[field] = response._get_param(field)
    identity["modifiedAt"] = utcnow()
    return ActionResult({"association": identity})


@service.adds("DeletePodIdentityAssociation", gap="missing")
def delete_pod_identity_association(response: EKSResponse) -> ActionResult:
    """AWS removes the association and answers what it was."""
    identity = _identity(response)
    del _kept(_cluster(response), "pod_identities")[identity["associationId"]]
    return ActionResult({"association": identity})


@service.adds("ListPodIdentityAssociations", gap="missing")
def list_pod_identity_associations(response: EKSResponse) -> ActionResult:
    """AWS lists associations, by namespace and service account if asked so."""
    wanted = {
        field: response._get_param(field)
        for field in ("namespace", "serviceAccount")
        if response._get_param(field)
    }
    return ActionResult(
        {
            "associations": [
                each
                for each in _kept(_cluster(response), "pod_identities").values()
                if all(each[field] == value for field, value in wanted.items())
            ]
        }
    )


def _identity(response: EKSResponse) -> dict[str, Any]:
    identity = response._get_param("associationId")
    known = _kept(_cluster(response), "pod_identities")
    if identity not in known:
        raise _not_found(f"The specified associationId could not be found: {identity}")
    found: dict[str, Any] = known[identity]
    return found


# Tags


@service.corrects("TagResource", gap="knows tags of clusters only", owner=EKSBackend)
def tag_resource(
    original: Original, backend: EKSBackend, resource_arn: str, tags: dict[str, str]
) -> None:
    """AWS tags everything that EKS has."""
    _tags(backend, resource_arn).update(tags)


@service.corrects("UntagResource", gap="knows tags of clusters only", owner=EKSBackend)
def untag_resource(
    original: Original, backend: EKSBackend, resource_arn: str, tag_keys: list[str] | str
) -> None:
    """AWS removes the keys and ignores those that are not there."""
    tags = _tags(backend, resource_arn)
    for key in [tag_keys] if isinstance(tag_keys, str) else tag_keys:
        tags.pop(key, None)


@service.corrects("ListTagsForResource", gap="knows tags of clusters only", owner=EKSBackend)
def list_tags_for_resource(
    original: Original, backend: EKSBackend, resource_arn: str
) -> dict[str, str]:
    """AWS answers the tags of everything that EKS has."""
    return _tags(backend, resource_arn)


def _tags(backend: EKSBackend, arn: str) -> dict[str, str]:
    for cluster in backend.clusters.values():
        for owner in (cluster, *cluster.nodegroups.values(), *cluster.fargate_profiles.values()):
            if arn in (getattr(owner, "arn", None), getattr(owner, "fargate_profile_arn", None)):
                tags: dict[str, str] = owner.tags
                return tags
        for kind, name in (
            ("addons", "addonArn"),
            ("access_entries", "accessEntryArn"),
            ("pod_identities", "associationArn"),
        ):
            for each in _kept(cluster, kind).values():
                if each[name] == arn:
                    found: dict[str, str] = each["tags"]
                    return found
    raise _not_found(f"The specified resource could not be found: {arn}")


# Shared


def _cluster(response: EKSResponse) -> Cluster:
    return response.eks_backend.describe_cluster(response._get_param("name"))


def _kept(cluster: Cluster, kind: str) -> dict[str, Any]:
    """What the extensions keep on a cluster."""
    kept: dict[str, Any] = cluster.__dict__.setdefault(kind, {})
    return kept


def _updates(cluster: Cluster) -> dict[str, dict[str, Any]]:
    return _kept(cluster, "updates")


def _arn(response: EKSResponse, *parts: str) -> str:
    place = f"{response.partition}:eks:{response.region}:{response.current_account}"
    return f"arn:{place}:{'/'.join(parts)}"


def _not_found(message: str) -> ResourceNotFoundException:
    return ResourceNotFoundException(message=message)
