"""dev: small, cheap, one NAT gateway."""

from inferform import Environment, Inference, Network, RealtimeEndpoint, Registry

from .common import REPOSITORIES, WORKLOADS_ACCOUNT, context, follow_load, model

dev = Environment(
    context=context("dev", WORKLOADS_ACCOUNT, "us-east-1"),
    network=Network(cidr="10.20.0.0/16"),
    registry=Registry(repositories=REPOSITORIES),
    inference=Inference(
        endpoints={
            "fraud": RealtimeEndpoint(
                model=model("fraud", "1.4.2"),
                instance_type="ml.m5.large",
                scaling=follow_load(20, minimum=1, maximum=2),
            ),
        },
    ),
)
