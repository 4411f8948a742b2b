"""staging: what prod serves, at a smaller size, without a way to the internet."""

from inferform import Environment, Inference, Network, Registry

from .company import EUROPE, STAGING
from .endpoints import documents, fraud, ranking
from .models import version, watched, workload
from .pipelines import identity

staging = Environment(
    context=workload("staging", STAGING, EUROPE),
    identity=identity("staging-euw1"),
    network=Network(cidr="10.40.0.0/16", nat="none", auto_endpoints=True),
    registry=Registry(),
    inference=Inference(
        endpoints={
            "fraud": fraud(
                version(
                    "arn:aws:sagemaker:eu-west-1:222233334444:model-package/lark-shared-euw1-fraud/4"
                ),
                (1, 2),
            ),
            "ranking": ranking(
                version(
                    "arn:aws:sagemaker:eu-west-1:222233334444:model-package/lark-shared-euw1-ranking/2"
                ),
                version(
                    "arn:aws:sagemaker:eu-west-1:222233334444:model-package/lark-shared-euw1-ranking/3"
                ),
                (1, 2),
            ),
            "documents": documents("2.3.0", most=1),
        },
    ),
    observability=watched(1500),
)
