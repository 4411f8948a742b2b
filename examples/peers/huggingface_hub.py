"""A model of the Hugging Face Hub on one GPU instance.

As in philschmid/terraform-aws-sagemaker-huggingface, examples/deploy_from_hub.
"""

from inferform import (
    Context,
    Environment,
    Inference,
    Model,
    Network,
    RealtimeEndpoint,
    Registry,
)

IMAGE = (
    "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-inference"
    ":1.9.1-transformers4.12.3-gpu-py38-cu111-ubuntu20.04"
)

huggingface_hub = Environment(
    context=Context(
        organization="acme", stage="hub", account="111122223333", region="us-east-1", owner="ml"
    ),
    network=Network(cidr="10.101.0.0/16", nat="none"),
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
                instance_count=1,
            )
        }
    ),
)
