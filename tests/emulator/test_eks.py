"""EKS clusters, node groups, add-ons, access and pod identity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]

ROLE = "arn:aws:iam::123456789012:role/eks"
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"


@pytest.fixture
def subnets(client: Client) -> list[str]:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24")["Subnet"]["SubnetId"]
        for n in range(2)
    ]


def create(eks: Any, subnets: list[str], **given: Any) -> Any:
    return eks.create_cluster(
        **{
            "name": "serving",
            "version": "1.34",
            "roleArn": ROLE,
            "resourcesVpcConfig": {"subnetIds": subnets},
            "accessConfig": {"authenticationMode": "API"},
            **given,
        }
    )["cluster"]


@pytest.fixture
def eks(client: Client, subnets: list[str]) -> Any:
    eks = client("eks")
    create(eks, subnets)
    return eks


def cluster(eks: Any) -> Any:
    return eks.describe_cluster(name="serving")["cluster"]


def test_a_cluster_keeps_every_field(client: Client, subnets: list[str]) -> None:
    given = {
        "computeConfig": {"enabled": True, "nodePools": ["system"], "nodeRoleArn": ROLE},
        "storageConfig": {"blockStorage": {"enabled": True}},
        "upgradePolicy": {"supportType": "STANDARD"},
        "zonalShiftConfig": {"enabled": True},
        "deletionProtection": True,
    }
    eks = client("eks")
    create(
        eks,
        subnets,
        kubernetesNetworkConfig={"elasticLoadBalancing": {"enabled": True}},
        **given,
    )
    found = cluster(eks)
    assert {name: found[name] for name in given} == given
    assert found["accessConfig"]["authenticationMode"] == "API"
    assert found["kubernetesNetworkConfig"]["elasticLoadBalancing"] == {"enabled": True}
    assert found["kubernetesNetworkConfig"]["ipFamily"] == "ipv4"


def test_a_clusters_network_is_filled_in(client: Client, eks: Any) -> None:
    network = cluster(eks)["resourcesVpcConfig"]
    assert (network["endpointPublicAccess"], network["endpointPrivateAccess"]) == (True, False)
    (group,) = client("ec2").describe_security_groups(GroupIds=[network["clusterSecurityGroupId"]])[
        "SecurityGroups"
    ]
    assert group["VpcId"] == network["vpcId"]
    eks.delete_cluster(name="serving")
    with pytest.raises(ClientError, match=r"InvalidGroup\.NotFound"):
        client("ec2").describe_security_groups(GroupIds=[group["GroupId"]])


def test_each_cluster_has_an_issuer_of_its_own(eks: Any, subnets: list[str]) -> None:
    other = create(eks, subnets, name="other")
    assert cluster(eks)["identity"] != other["identity"]


def test_a_cluster_cannot_be_made_of_what_does_not_exist(client: Client) -> None:
    eks = client("eks")
    with pytest.raises(ClientError, match=r"unsupported Kubernetes version 1\.19"):
        create(eks, ["subnet-1"], version="1.19")
    with pytest.raises(ClientError, match="InvalidParameterException"):
        create(eks, ["subnet-12345678"])
    assert eks.list_clusters()["clusters"] == []


def test_a_protected_cluster_is_not_deleted(eks: Any) -> None:
    eks.update_cluster_config(name="serving", deletionProtection=True)
    with pytest.raises(ClientError, match="deletion protection"):
        eks.delete_cluster(name="serving")


def test_a_change_of_a_cluster_is_an_update_that_keeps_the_rest(eks: Any) -> None:
    subnets = cluster(eks)["resourcesVpcConfig"]["subnetIds"]
    update = eks.update_cluster_config(
        name="serving", resourcesVpcConfig={"endpointPrivateAccess": True}
    )["update"]
    found = eks.describe_update(name="serving", updateId=update["id"])["update"]
    assert (found["status"], found["type"]) == ("Successful", "EndpointAccessUpdate")
    network = cluster(eks)["resourcesVpcConfig"]
    assert network["endpointPrivateAccess"] is True
    assert network["subnetIds"] == subnets
    assert eks.list_updates(name="serving")["updateIds"] == [update["id"]]
    with pytest.raises(ClientError, match="No update found"):
        eks.describe_update(name="serving", updateId="ghost")


def test_kubernetes_goes_up_one_version_at_a_time(eks: Any) -> None:
    with pytest.raises(ClientError, match=r"update from 1\.34 to 1\.36"):
        eks.update_cluster_version(name="serving", version="1.36")
    with pytest.raises(ClientError, match=r"update from 1\.34 to 1\.33"):
        eks.update_cluster_version(name="serving", version="1.33")
    with pytest.raises(ClientError, match="unsupported Kubernetes version"):
        eks.update_cluster_version(name="serving", version="2.0")
    eks.update_cluster_version(name="serving", version="1.35")
    assert cluster(eks)["version"] == "1.35"


def test_the_versions_of_kubernetes_are_listed(eks: Any) -> None:
    versions = eks.describe_cluster_versions()["clusterVersions"]
    assert [each["defaultVersion"] for each in versions].count(True) == 1


# Node groups


def add_nodes(eks: Any, subnets: list[str], **given: Any) -> Any:
    return eks.create_nodegroup(
        clusterName="serving",
        nodegroupName="gpu",
        subnets=subnets,
        nodeRole=ROLE,
        scalingConfig={"minSize": 0, "maxSize": 2, "desiredSize": 1},
        **given,
    )["nodegroup"]


def nodes(eks: Any) -> Any:
    return eks.describe_nodegroup(clusterName="serving", nodegroupName="gpu")["nodegroup"]


def test_nodes_start_at_the_clusters_version(eks: Any, subnets: list[str]) -> None:
    add_nodes(eks, subnets, nodeRepairConfig={"enabled": True})
    found = nodes(eks)
    assert found["version"] == "1.34"
    assert found["releaseVersion"].startswith("1.34.")
    assert found["amiType"] == "AL2023_x86_64_STANDARD"
    assert found["updateConfig"] == {"maxUnavailable": 1}
    assert found["nodeRepairConfig"] == {"enabled": True}
    assert "remoteAccess" not in found


def test_a_launch_template_decides_disk_and_instances(
    client: Client, eks: Any, subnets: list[str]
) -> None:
    template = client("ec2").create_launch_template(
        LaunchTemplateName="gpu", LaunchTemplateData={"InstanceType": "g5.xlarge"}
    )["LaunchTemplate"]
    add_nodes(eks, subnets, launchTemplate={"id": template["LaunchTemplateId"], "version": "1"})
    found = nodes(eks)
    assert found["launchTemplate"]["name"] == "gpu"
    assert not {"diskSize", "instanceTypes"} & set(found)


def test_nodes_are_scaled_and_labelled(eks: Any, subnets: list[str]) -> None:
    add_nodes(eks, subnets, labels={"a": "1", "b": "1"})
    update = eks.update_nodegroup_config(
        clusterName="serving",
        nodegroupName="gpu",
        scalingConfig={"minSize": 1, "maxSize": 8, "desiredSize": 2},
        labels={"addOrUpdateLabels": {"a": "2"}, "removeLabels": ["b"]},
    )["update"]
    assert nodes(eks)["scalingConfig"] == {"minSize": 1, "maxSize": 8, "desiredSize": 2}
    assert nodes(eks)["labels"] == {"a": "2"}
    found = eks.describe_update(name="serving", nodegroupName="gpu", updateId=update["id"])
    assert found["update"]["status"] == "Successful"


def test_nodes_follow_the_cluster_to_a_new_version(eks: Any, subnets: list[str]) -> None:
    add_nodes(eks, subnets)
    with pytest.raises(ClientError, match=r"above the cluster's 1\.34"):
        eks.update_nodegroup_version(clusterName="serving", nodegroupName="gpu", version="1.35")
    eks.update_cluster_version(name="serving", version="1.35")
    assert nodes(eks)["version"] == "1.34"
    eks.update_nodegroup_version(clusterName="serving", nodegroupName="gpu")
    assert nodes(eks)["version"] == "1.35"


# Add-ons


def test_an_addon_is_installed_changed_and_removed(eks: Any) -> None:
    eks.create_addon(clusterName="serving", addonName="vpc-cni", configurationValues="{}")
    (versions,) = eks.describe_addon_versions(addonName="vpc-cni", kubernetesVersion="1.34")[
        "addons"
    ]
    defaults = [
        each["addonVersion"]
        for each in versions["addonVersions"]
        if each["compatibilities"][0]["defaultVersion"]
    ]
    addon = eks.describe_addon(clusterName="serving", addonName="vpc-cni")["addon"]
    assert (addon["status"], addon["addonVersion"]) == ("ACTIVE", defaults[0])
    update = eks.update_addon(
        clusterName="serving", addonName="vpc-cni", addonVersion="v1.20.1-eksbuild.1"
    )["update"]
    assert update["type"] == "AddonUpdate"
    addon = eks.describe_addon(clusterName="serving", addonName="vpc-cni")["addon"]
    assert addon["addonVersion"] == "v1.20.1-eksbuild.1"
    assert addon["configurationValues"] == "{}"
    assert eks.list_addons(clusterName="serving")["addons"] == ["vpc-cni"]
    eks.delete_addon(clusterName="serving", addonName="vpc-cni")
    with pytest.raises(ClientError, match=r"ResourceNotFoundException.*No addon: vpc-cni"):
        eks.describe_addon(clusterName="serving", addonName="vpc-cni")


def test_an_addon_brings_its_pod_identity(eks: Any) -> None:
    identity = {"serviceAccount": "ebs-csi-controller-sa", "roleArn": ROLE}
    eks.create_addon(
        clusterName="serving", addonName="aws-ebs-csi-driver", podIdentityAssociations=[identity]
    )
    (listed,) = eks.list_pod_identity_associations(clusterName="serving")["associations"]
    assert listed["serviceAccount"] == "ebs-csi-controller-sa"
    eks.delete_addon(clusterName="serving", addonName="aws-ebs-csi-driver")
    assert eks.list_pod_identity_associations(clusterName="serving")["associations"] == []


def test_an_unknown_or_second_addon_is_refused(eks: Any) -> None:
    with pytest.raises(ClientError, match="Addon specified is not supported"):
        eks.create_addon(clusterName="serving", addonName="vpc-nci")
    eks.create_addon(clusterName="serving", addonName="coredns")
    with pytest.raises(ClientError, match="ResourceInUseException"):
        eks.create_addon(clusterName="serving", addonName="coredns")


# Access


def test_a_principal_is_let_in_with_a_policy(eks: Any) -> None:
    principal = "arn:aws:iam::123456789012:role/team/data"
    eks.create_access_entry(
        clusterName="serving", principalArn=principal, kubernetesGroups=["readers"]
    )
    eks.associate_access_policy(
        clusterName="serving",
        principalArn=principal,
        policyArn=VIEW,
        accessScope={"type": "namespace", "namespaces": ["serving"]},
    )
    (policy,) = eks.list_associated_access_policies(clusterName="serving", principalArn=principal)[
        "associatedAccessPolicies"
    ]
    assert policy["accessScope"] == {"type": "namespace", "namespaces": ["serving"]}
    listed = eks.list_access_entries(clusterName="serving", associatedPolicyArn=VIEW)
    assert listed["accessEntries"] == [principal]
    eks.update_access_entry(clusterName="serving", principalArn=principal, kubernetesGroups=["ops"])
    entry = eks.describe_access_entry(clusterName="serving", principalArn=principal)["accessEntry"]
    assert (entry["type"], entry["kubernetesGroups"]) == ("STANDARD", ["ops"])
    eks.disassociate_access_policy(clusterName="serving", principalArn=principal, policyArn=VIEW)
    eks.delete_access_entry(clusterName="serving", principalArn=principal)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        eks.describe_access_entry(clusterName="serving", principalArn=principal)


def test_access_entries_need_an_authentication_mode_that_knows_them(
    client: Client, subnets: list[str]
) -> None:
    eks = client("eks")
    create(eks, subnets, accessConfig={"authenticationMode": "CONFIG_MAP"})
    with pytest.raises(ClientError, match="authentication mode must be set"):
        eks.create_access_entry(clusterName="serving", principalArn=ROLE)


# Pod identity


def test_a_service_account_has_one_pod_identity(eks: Any) -> None:
    given = {"clusterName": "serving", "namespace": "serving", "serviceAccount": "app"}
    created = eks.create_pod_identity_association(**given, roleArn=ROLE)["association"]
    with pytest.raises(ClientError, match="Association already exists"):
        eks.create_pod_identity_association(**given, roleArn=ROLE)
    named = {"clusterName": "serving", "associationId": created["associationId"]}
    eks.update_pod_identity_association(**named, roleArn=f"{ROLE}-2")
    found = eks.describe_pod_identity_association(**named)["association"]
    assert found["roleArn"] == f"{ROLE}-2"
    eks.delete_pod_identity_association(**named)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        eks.describe_pod_identity_association(**named)


# Tags


def test_everything_has_tags(eks: Any, subnets: list[str]) -> None:
    named = {"clusterName": "serving"}
    arns = [
        cluster(eks)["arn"],
        add_nodes(eks, subnets)["nodegroupArn"],
        eks.create_addon(**named, addonName="coredns")["addon"]["addonArn"],
        eks.create_access_entry(**named, principalArn=ROLE)["accessEntry"]["accessEntryArn"],
        eks.create_pod_identity_association(
            **named, namespace="serving", serviceAccount="app", roleArn=ROLE
        )["association"]["associationArn"],
    ]
    for arn in arns:
        eks.tag_resource(resourceArn=arn, tags={"owner": "a", "stage": "dev"})
        eks.untag_resource(resourceArn=arn, tagKeys=["stage"])
        assert eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"owner": "a"}, arn
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        eks.list_tags_for_resource(resourceArn=arns[0] + "-ghost")


def test_kube_proxy_has_the_clusters_version(client: Client) -> None:
    eks = client("eks")
    (listed,) = eks.describe_addon_versions(addonName="kube-proxy", kubernetesVersion="1.34")[
        "addons"
    ]
    assert {each["addonVersion"].rpartition(".")[0] for each in listed["addonVersions"]} == {
        "v1.34.1-eksbuild",
        "v1.34.0-eksbuild",
    }
    (default,) = [
        each["addonVersion"]
        for each in listed["addonVersions"]
        if each["compatibilities"][0]["defaultVersion"]
    ]
    assert default == "v1.34.0-eksbuild.1"
