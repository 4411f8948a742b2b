"""prod: its own account, three zones, no way out to the internet."""

from inferform import (
    PRIVATE_SAGEMAKER,
    Canary,
    DataCapture,
    Environment,
    FlowLogs,
    Inference,
    Network,
    RealtimeEndpoint,
    Registry,
)

from .common import PRODUCTION_ACCOUNT, REPOSITORIES, context, follow_load, model

prod = Environment(
    context=context("prod", PRODUCTION_ACCOUNT, "eu-west-1", protected=True),
    network=Network(
        cidr="10.60.0.0/16",
        availability_zones=3,
        nat="none",
        interface_endpoints=PRIVATE_SAGEMAKER,
        flow_logs=FlowLogs(retention_days=365),
    ),
    registry=Registry(repositories=REPOSITORIES),
    inference=Inference(
        endpoints={
            "fraud": RealtimeEndpoint(
                model=model("fraud", "1.4.1"),
                instance_type="ml.m5.xlarge",
                scaling=follow_load(45, minimum=2, maximum=12),
                data_capture=DataCapture(sampling_percent=5),
                rollout=Canary(canary_percent=10, wait_seconds=600),
                log_retention_days=365,
            ),
            "ranking": RealtimeEndpoint(
                model=model("ranking", "2.0.0"),
                instance_type="ml.c5.2xlarge",
                scaling=follow_load(130, minimum=3, maximum=30),
                rollout=Canary(canary_percent=10, wait_seconds=600),
                log_retention_days=365,
            ),
        },
    ),
)
