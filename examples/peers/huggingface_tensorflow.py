"""A model of the Hub in the TensorFlow container.

As in philschmid/terraform-aws-sagemaker-huggingface, examples/tensorflow_example.
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
    "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-tensorflow-inference"
    ":2.5.1-transformers4.12.3-gpu-py36-cu111-ubuntu18.04"
)

huggingface_tensorflow = Environment(
    context=Context(
        organization="acme",
        stage="tensorflow",
        account="111122223333",
        region="us-east-1",
        owner="ml",
    ),
    network=Network(cidr="10.105.0.0/16", nat="none"),
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
