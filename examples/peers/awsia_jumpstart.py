"""Llama of JumpStart, by its model package.

As in aws-ia/terraform-aws-sagemaker-endpoint, examples/jumpstart_rte.
"""

from inferform import (
    Context,
    Environment,
    Host,
    Inference,
    JumpStartModel,
    Network,
    RealtimeEndpoint,
    Registry,
)

awsia_jumpstart = Environment(
    context=Context(
        organization="acme", stage="llama", account="111122223333", region="us-east-1", owner="ml"
    ),
    network=Network(cidr="10.110.0.0/16", nat="none"),
    registry=Registry(),
    inference=Inference(
        endpoints={
            "llama": RealtimeEndpoint(
                model=JumpStartModel(
                    model_package_arn="arn:aws:sagemaker:us-east-1:865070037744:"
                    "model-package/llama2-7b-f-v4-71eeccf76ddf33f2a18d2e16b9c7f302",
                    accept_eula=True,
                    network_isolation=True,
                ),
                instance_type="ml.g5.2xlarge",
                variant="AllTraffic",
                vpc=False,
                instance_count=1,
                host=Host(startup_timeout_seconds=600),
            )
        }
    ),
)
