"""A private model of the Hub.

As in philschmid/terraform-aws-sagemaker-huggingface, examples/deploy_private_model.

The token is no variable in the clear, but a secret; the image is AWS's with a start that fetches it.
"""

from inferform import (
    Context,
    Environment,
    Image,
    Inference,
    Model,
    Network,
    RealtimeEndpoint,
    Registry,
    Repository,
)

TOKEN = "arn:aws:secretsmanager:us-east-1:111122223333:secret:hub-token-AbCdEf"

huggingface_private = Environment(
    context=Context(
        organization="acme", stage="private", account="111122223333", region="us-east-1", owner="ml"
    ),
    network=Network(cidr="10.104.0.0/16", nat="none"),
    registry=Registry(repositories={"huggingface": Repository()}),
    inference=Inference(
        endpoints={
            "distilbert": RealtimeEndpoint(
                model=Model(
                    image=Image(repository="huggingface", tag="1.9.1-transformers4.12.3"),
                    environment={
                        "HF_MODEL_ID": "distilbert-base-uncased-finetuned-sst-2-english",
                        "HF_TASK": "text-classification",
                        "HF_API_TOKEN": TOKEN,
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
