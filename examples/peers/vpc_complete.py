"""A network with tiers for databases and caches, one NAT gateway and endpoints.

As in terraform-aws-modules/terraform-aws-vpc, examples/complete.
"""

from inferform import Context, Environment, Network, Tier

TAGS = {"tags.Project": "Secret", "tags.Endpoint": "true"}


def ranges(first: int) -> list[str]:
    return [f"10.0.{first + zone}.0/24" for zone in range(3)]


vpc_complete = Environment(
    context=Context(
        organization="acme",
        stage="vpc",
        account="111122223333",
        region="eu-west-1",
        owner="ml",
        tags={
            "Example": "ex-complete",
            "GithubRepo": "terraform-aws-vpc",
            "GithubOrg": "terraform-aws-modules",
        },
    ),
    network=Network(
        cidr="10.0.0.0/16",
        availability_zones=3,
        tiers={
            "private": Tier(cidrs=ranges(0), names=["Private Subnet One", "Private Subnet Two"]),
            "public": Tier(cidrs=ranges(4)),
            "database": Tier(cidrs=ranges(8), routes="private", names=["DB Subnet One"]),
            "elasticache": Tier(
                cidrs=ranges(12),
                routes="private",
                names=["Elasticache Subnet One", "Elasticache Subnet Two"],
            ),
            "redshift": Tier(
                cidrs=ranges(16),
                routes="private",
                names=["Redshift Subnet One", "Redshift Subnet Two", "Redshift Subnet Three"],
            ),
            "intra": Tier(cidrs=ranges(20)),
        },
        nat="single",
        gateway_endpoints=["dynamodb"],
        interface_endpoints=["s3", "ecs", "ecr.api", "ecr.dkr", "rds"],
        # Private DNS of S3 without a gateway endpoint of S3 beside it.
        overrides={
            "s3-interface": {
                "dns_options": {"private_dns_only_for_inbound_resolver_endpoint": False}
            },
            "*-interface": TAGS,
            "dynamodb-gateway": TAGS,
        },
    ),
)
