"""Mistral of the Hub in the text generation container.

As in aws-ia/terraform-aws-sagemaker-endpoint, examples/hf_rte.

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

awsia_hub = Environment(
    context=Context(
        organization="acme", stage="mistral", account="111122223333", region="us-east-1", owner="ml"
    ),
    network=Network(cidr="10.109.0.0/16", nat="none"),
    registry=Registry(repositories={"tgi": Repository()}),
    inference=Inference(
        endpoints={
            "mistral": RealtimeEndpoint(
                model=Model(
                    image=Image(repository="tgi", tag="2.4.0"),
                    environment={
                        "HF_MODEL_ID": "mistralai/Mistral-7B-Instruct-v0.1",
                        "HF_API_TOKEN": TOKEN,
                        "SM_NUM_GPUS": "1",
                        "MAX_INPUT_LENGTH": "2048",
                        "MAX_TOTAL_TOKENS": "4096",
                    },
                ),
                instance_type="ml.g5.2xlarge",
                variant="AllTraffic",
                vpc=False,
                instance_count=1,
            )
        }
    ),
)
