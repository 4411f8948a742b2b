"""A cluster with two managed node groups, one of Spot instances with labels and a taint.

As in terraform-aws-modules/terraform-aws-eks, examples/complete.
"""

from inferform import (
    Context,
    EksCluster,
    Environment,
    Network,
    NodeGroup,
    NodeGroups,
    Registry,
    Taint,
)

eks_complete = Environment(
    context=Context(
        organization="acme",
        stage="eks",
        account="111122223333",
        region="eu-west-1",
        owner="ml",
        tags={
            "Example": "ex-complete",
            "GithubRepo": "terraform-aws-eks",
            "GithubOrg": "terraform-aws-modules",
        },
    ),
    network=Network(cidr="10.112.0.0/16", availability_zones=3),
    registry=Registry(),
    eks=EksCluster(
        version="1.35",
        public_access_cidrs=["203.0.113.0/24"],
        compute=NodeGroups(
            groups={
                "blue": NodeGroup(
                    instance_types=["m6i.large", "m5.large", "m5n.large", "m5zn.large"],
                    max_size=3,
                ),
                "green": NodeGroup(
                    instance_types=["t3.large"],
                    capacity_type="SPOT",
                    max_size=10,
                    disk_size_gib=100,
                    labels={
                        "Environment": "test",
                        "GithubRepo": "terraform-aws-eks",
                        "GithubOrg": "terraform-aws-modules",
                    },
                    taints=[Taint(key="dedicated", value="gpuGroup", effect="NO_SCHEDULE")],
                    tags={"ExtraTag": "example"},
                    overrides={
                        "template": {
                            "block_device_mappings.0.ebs.iops": 3000,
                            "block_device_mappings.0.ebs.throughput": 150,
                        }
                    },
                ),
            }
        ),
        control_plane_logs=["api", "audit", "authenticator"],
        log_retention_days=90,
    ),
)
