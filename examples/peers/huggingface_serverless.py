"""A model of the Hub without instances.

As in philschmid/terraform-aws-sagemaker-huggingface, examples/serverless_inference.
"""

from inferform import (
    Context,
    Environment,
    Inference,
    Model,
    Network,
    Registry,
    ServerlessEndpoint,
)

IMAGE = (
    "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-inference"
    ":1.9.1-transformers4.12.3-cpu-py38-ubuntu20.04"
)

huggingface_serverless = Environment(
    context=Context(
        organization="acme",
        stage="serverless",
        account="111122223333",
        region="us-east-1",
        owner="ml",
    ),
    network=Network(cidr="10.108.0.0/16", nat="none"),
    registry=Registry(),
    inference=Inference(
        endpoints={
            "distilbert": ServerlessEndpoint(
                model=Model(
                    image=IMAGE,
                    environment={
                        "HF_MODEL_ID": "distilbert-base-uncased-finetuned-sst-2-english",
                        "HF_TASK": "text-classification",
                    },
                ),
                memory_mib=1024,
                max_concurrency=1,
                variant="AllTraffic",
            )
        }
    ),
)
