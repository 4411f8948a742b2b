"""staging: as production is built, at a smaller size."""

from inferform import (
    PRIVATE_SAGEMAKER,
    DataCapture,
    Environment,
    Inference,
    Network,
    RealtimeEndpoint,
    Registry,
)

from .common import REPOSITORIES, WORKLOADS_ACCOUNT, context, follow_load, model

# What one instance was load-tested to serve, in requests per second.
CATALOGUE = {
    "fraud": ("1.4.2", "ml.m5.xlarge", 45),
    "ranking": ("2.0.1", "ml.c5.xlarge", 60),
}

staging = Environment(
    context=context("staging", WORKLOADS_ACCOUNT, "eu-west-1"),
    network=Network(cidr="10.40.0.0/16", nat="none", interface_endpoints=PRIVATE_SAGEMAKER),
    registry=Registry(repositories=REPOSITORIES),
    inference=Inference(
        endpoints={
            name: RealtimeEndpoint(
                model=model(name, version),
                instance_type=instance_type,
                scaling=follow_load(rate, minimum=1, maximum=3),
                data_capture=DataCapture(sampling_percent=20),
            )
            for name, (version, instance_type, rate) in CATALOGUE.items()
        },
    ),
)
