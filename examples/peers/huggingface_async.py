"""A model of the Hub behind a queue, on no instance to four.

As in philschmid/terraform-aws-sagemaker-huggingface, examples/async_inference.
"""

from inferform import (
    AsyncEndpoint,
    BacklogPerInstance,
    Context,
    Environment,
    Inference,
    Model,
    Network,
    Registry,
    scale_to_zero,
)

IMAGE = (
    "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-inference"
    ":1.9.1-transformers4.12.3-gpu-py38-cu111-ubuntu20.04"
)

huggingface_async = Environment(
    context=Context(
        organization="acme", stage="async", account="111122223333", region="us-east-1", owner="ml"
    ),
    network=Network(cidr="10.107.0.0/16", nat="none"),
    registry=Registry(),
    inference=Inference(
        endpoints={
            "distilbert": AsyncEndpoint(
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
                output="s3://async-inference-bucket/async-distilbert",
                scaling=scale_to_zero(BacklogPerInstance(requests=100), max_capacity=4),
            )
        }
    ),
)
