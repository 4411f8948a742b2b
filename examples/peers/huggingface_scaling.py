"""A model of the Hub on one to four instances, by the requests that each gets.

As in philschmid/terraform-aws-sagemaker-huggingface, examples/autoscaling_example.
"""

from inferform import (
    Context,
    Environment,
    Inference,
    InvocationsPerInstance,
    Model,
    Network,
    RealtimeEndpoint,
    Registry,
    Scaling,
    TargetTracking,
)

IMAGE = (
    "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-inference"
    ":1.9.1-transformers4.12.3-gpu-py38-cu111-ubuntu20.04"
)

huggingface_scaling = Environment(
    context=Context(
        organization="acme", stage="scaling", account="111122223333", region="us-east-1", owner="ml"
    ),
    network=Network(cidr="10.102.0.0/16", nat="none"),
    registry=Registry(),
    inference=Inference(
        endpoints={
            "distilbert": RealtimeEndpoint(
                model=Model(
                    image=IMAGE,
                    environment={
                        "HF_MODEL_ID": "distilbert-base-uncased-finetuned-sst-2-english",
                        "HF_TASK": "text-classification",
                    },
                ),
                instance_type="ml.g4dn.xlarge",
                variant="AllTraffic",
                vpc=False,
                scaling=Scaling(
                    min_capacity=1,
                    max_capacity=4,
                    policies=[
                        TargetTracking(
                            metric=InvocationsPerInstance(invocations_per_minute=200),
                            scale_in_cooldown_seconds=300,
                            scale_out_cooldown_seconds=60,
                        )
                    ],
                ),
            )
        }
    ),
)
