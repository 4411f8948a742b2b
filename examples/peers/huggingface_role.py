"""A model of the Hub with a role that exists.

As in philschmid/terraform-aws-sagemaker-huggingface, examples/use_existing_iam_role.
"""

from inferform import (
    Context,
    Environment,
    Existing,
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

huggingface_role = Environment(
    context=Context(
        organization="acme", stage="role", account="111122223333", region="us-east-1", owner="ml"
    ),
    network=Network(cidr="10.106.0.0/16", nat="none"),
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
                existing=Existing(
                    execution_role="arn:aws:iam::111122223333:role/sagemaker_execution_role"
                ),
            )
        }
    ),
)
