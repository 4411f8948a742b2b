"""A network and a registry of a shape of their own on the emulator: applied, changed, destroyed."""

from __future__ import annotations

import pytest

from inferform_emulator.process import Emulator
from tests.e2e.program import Life

pytestmark = pytest.mark.story("each test changes the environment that the one before it left")

LAYERS = ("dev-use1-network", "dev-use1-registry")
CONTEXT = (
    'Context(organization="acme", stage="dev", account="111122223333", region="us-east-1", '
    'owner="ml", deploy_role="inferform-deploy")'
)


class Around:
    """What stands around the environment's own network: another VPC, a transit gateway, a bucket."""

    def __init__(self, life: Life) -> None:
        aws = life.aws()
        ec2 = aws.client("ec2")
        other = ec2.create_vpc(CidrBlock="10.128.0.0/16")["Vpc"]["VpcId"]
        self.gateway = ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
        third = ec2.create_vpc(CidrBlock="10.129.0.0/16")["Vpc"]["VpcId"]
        peering = ec2.create_vpc_peering_connection(VpcId=third, PeerVpcId=other)
        self.peering = peering["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=self.peering)
        self.address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        s3 = aws.client("s3")
        for bucket in ("acme-flow-logs", "acme-copy"):
            s3.create_bucket(Bucket=bucket)
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self.key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]


def network(around: Around, destination: str) -> str:
    return f"""Network(
        cidr="10.64.0.0/16",
        availability_zones=4,
        tiers={{
            "private": Tier(
                cidrs=["10.64.0.0/22", "10.64.4.0/22", "10.64.8.0/22", "10.64.12.0/22"],
                names=["Private One"],
                tags={{"purpose": "models"}},
            ),
            "public": Tier(
                cidrs=["10.64.16.0/24", "10.64.17.0/24", "10.64.18.0/24", "10.64.19.0/24"]
            ),
            "database": Tier(cidrs=["10.64.20.0/24", "10.64.21.0/24"], ipv6_offset=32),
            "pods": Tier(cidrs=["100.64.0.0/18"], routes="private"),
        }},
        addressing=Addressing(
            secondary_cidrs=["100.64.0.0/16"], ipv6=Ipv6(), nat_addresses=["{around.address}"]
        ),
        links={{
            "hub": TransitGateway(
                id="{around.gateway}", destinations=["{destination}"], attached_in="database"
            ),
            "data": Peering(
                id="{around.peering}", destinations=["10.128.0.0/16"], tiers=["private"]
            ),
        }},
        interface_endpoints=["rds"],
        endpoint_policies={{
            "rds": [PolicyStatement(actions=["rds:Describe*"])],
            "s3": [PolicyStatement(actions=["s3:Get*"])],
        }},
        flow_logs=FlowLogs(
            bucket=LogBucket(name="acme-flow-logs", prefix="vpc/", file_format="parquet"),
            fields=["srcaddr", "dstaddr", "action"],
        ),
        options=NetworkOptions(
            dhcp=Dhcp(domain_name="acme.internal", ntp_servers=["10.64.0.9"]), usage_metrics=True
        ),
    )"""


def registry(around: Around, keep: int) -> str:
    return f"""Registry(
        repositories={{
            "fraud": Repository(
                mutability="MUTABLE",
                expire=[Expiry(tag_prefixes=["dev-"], keep={keep})],
                pull_organizations=["o-a1b2c3d4e5"],
                pull_services=["lambda"],
            )
        }},
        artifacts=ArtifactBucket(
            rules={{
                "cold": ObjectRule(
                    prefix="old/",
                    transitions=[Transition(storage_class="STANDARD_IA", after_days=30)],
                    expire_days=365,
                )
            }},
            replicas={{"copy": Replica(bucket="acme-copy", key="{around.key}")}},
        ),
        caches={{"public": PullThroughCache(upstream="public.ecr.aws")}},
        settings=RegistrySettings(
            scanning=Scanning(on_push=["*"], continuous=["acme-dev-use1-*"]),
            replication=[Replication(regions=["eu-west-1"], prefixes=["acme-dev-use1-"])],
            replicate_from=["444455556666"],
        ),
    )"""


def written(around: Around, destination: str = "10.0.0.0/10", keep: int = 10) -> str:
    return (
        "from inferform import *\n"
        f"dev = Environment(context={CONTEXT}, network={network(around, destination)}, "
        f"registry={registry(around, keep)})\n"
    )


@pytest.fixture(scope="module")
def life(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Life:
    life = Life(tmp_path_factory.mktemp("shapes"), emulator, left_out=())
    life.write(f"from inferform import *\ndev = Environment(context={CONTEXT})\n")
    return life


@pytest.fixture(scope="module")
def around(life: Life) -> Around:
    life.bootstrap()
    return Around(life)


def test_a_network_and_a_registry_of_their_own_shape_are_applied_and_plan_empty(
    life: Life, around: Around
) -> None:
    life.write(written(around))
    deployment = life.deploy()
    assert {run.name: run.status for run in deployment.stacks} == dict.fromkeys(LAYERS, "applied")
    assert {name: life.plan_status(name) for name in LAYERS} == dict.fromkeys(LAYERS, 0)
    ec2 = life.aws().client("ec2")
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.64.0.0/16"]}])["Vpcs"]
    (sent,) = ec2.describe_dhcp_options(DhcpOptionsIds=[vpc["DhcpOptionsId"]])["DhcpOptions"]
    told = {
        each["Key"]: [value["Value"] for value in each["Values"]]
        for each in sent["DhcpConfigurations"]
    }
    assert told["domain-name"] == ["acme.internal"]
    assert told["domain-name-servers"] == ["AmazonProvidedDNS"]
    ecr = life.aws().client("ecr")
    (cache,) = ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]
    assert (cache["ecrRepositoryPrefix"], cache["upstreamRegistryUrl"]) == (
        "public",
        "public.ecr.aws",
    )


def test_a_change_is_applied_in_place(life: Life, around: Around) -> None:
    life.write(written(around, destination="172.16.0.0/12", keep=20))
    moved = life.apply(LAYERS[0])
    assert {line.split()[0].partition(".")[0] for line in moved} == {"aws_route"}
    kept = life.apply(LAYERS[1])
    assert {line.split()[0].partition(".")[0] for line in kept} == {"aws_ecr_lifecycle_policy"}
    assert {name: life.plan_status(name) for name in LAYERS} == dict.fromkeys(LAYERS, 0)


def test_everything_is_destroyed(life: Life, around: Around) -> None:
    life.destroy("dev-use1-*")
    ec2 = life.aws().client("ec2")
    ranges = {vpc["CidrBlock"] for vpc in ec2.describe_vpcs()["Vpcs"]}
    assert "10.64.0.0/16" not in ranges
    # What is named by its id is not the environment's.
    assert ec2.describe_addresses(AllocationIds=[around.address])["Addresses"]
    ecr = life.aws().client("ecr")
    assert ecr.describe_registry()["replicationConfiguration"]["rules"] == []
