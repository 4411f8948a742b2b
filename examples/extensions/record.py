"""A name in a Route 53 zone for the load balancer `internal`."""

from inferform.layers.built import Built


def add(built: Built) -> None:
    """Make a private zone of the VPC, and an alias record of the load balancer in it."""
    from inferform import NetworkOutputs

    from cdktf_cdktf_provider_aws.route53_record import Route53Record, Route53RecordAlias
    from cdktf_cdktf_provider_aws.route53_zone import Route53Zone, Route53ZoneVpc

    layer = built.ecs
    network = built.outputs("network", NetworkOutputs, layer)
    zone = Route53Zone(
        layer,
        "zone",
        name=f"{built.environment.key}.inference.internal",
        vpc=[Route53ZoneVpc(vpc_id=network.vpc_id)],
        force_destroy=not built.context.protected,
    )
    balancer = layer.load_balancers["internal"]
    Route53Record(
        layer,
        "record",
        zone_id=zone.zone_id,
        name="models",
        type="A",
        alias=Route53RecordAlias(
            name=balancer.dns_name, zone_id=balancer.zone_id, evaluate_target_health=True
        ),
    )
