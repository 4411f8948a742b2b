"""A model out of a bucket that exists.

As in philschmid/terraform-aws-sagemaker-huggingface, examples/deploy_from_s3.
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

huggingface_s3 = Environment(
    context=Context(
        organization="acme", stage="s3", account="111122223333", region="us-east-1", owner="ml"
    ),
    network=Network(cidr="10.103.0.0/16", nat="none"),
    registry=Registry(),
    inference=Inference(
        endpoints={
            "distilbert": RealtimeEndpoint(
                model=Model(
                    image=IMAGE,
                    artifact="s3://my-bucket/mypath/model.tar.gz",
                    environment={"HF_TASK": "text-classification"},
                ),
                instance_type="ml.g4dn.xlarge",
                variant="AllTraffic",
                vpc=False,
                instance_count=1,
            )
        }
    ),
)
