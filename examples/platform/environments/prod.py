"""prod: two Regions without a way to the internet, and an endpoint that is older than all of this."""

from team import drift

from inferform import (
    Commitment,
    Environment,
    HostingCapacity,
    Inference,
    MlReservation,
    Network,
    Registry,
    Training,
)

from . import adopted
from .assistant import assistant
from .company import EUROPE, HOME, PROD
from .endpoints import DRIFT, documents, fraud, ranking
from .entrances import apis
from .models import BUS, version, watched, workload
from .pipelines import identity

PLAN = "arn:aws:sagemaker:us-east-1:555566667777:training-plan/assistant"
NETWORK = Network(cidr="10.70.0.0/16", availability_zones=3, nat="none", auto_endpoints=True)

euw1 = Environment(
    context=workload("prod", PROD, EUROPE).replace(protected=True),
    network=NETWORK,
    registry=Registry(),
    inference=Inference(
        endpoints={
            "fraud": fraud(
                version(
                    "arn:aws:sagemaker:eu-west-1:222233334444:model-package/lark-shared-euw1-fraud/3"
                ),
                (2, 12),
            ),
        }
    ),
    apis=apis(rest={"/fraud": "fraud"}, http={}),
    observability=watched(4000, "C07EUW1ABCD"),
)
use1 = euw1.replace(
    context=euw1.context.replace(region=HOME).naming_endpoints({"churn": adopted.NAME}),
    identity=identity("prod-use1", "prod-euw1", regions=[EUROPE]),
    network=NETWORK.replace(cidr="10.60.0.0/16"),
    inference=Inference(
        endpoints={
            "fraud": fraud(
                version(
                    "arn:aws:sagemaker:us-east-1:222233334444:model-package/lark-shared-use1-fraud/3"
                ),
                (2, 12),
            ),
            "ranking": ranking(
                version(
                    "arn:aws:sagemaker:us-east-1:222233334444:model-package/lark-shared-use1-ranking/2"
                ),
                version(
                    "arn:aws:sagemaker:us-east-1:222233334444:model-package/lark-shared-use1-ranking/3"
                ),
                (2, 8),
            ),
            "documents": documents("2.2.1", most=6),
            "assistant": assistant(
                HostingCapacity(reservation=MlReservation(arn=PLAN, instance_type="ml.g5.12xlarge"))
            ),
            "churn": adopted.CHURN,
        }
    ),
    training=Training(monitors={"fraud": DRIFT}),
    observability=watched(9000, "C07USE1ABCD"),
    commitments=[Commitment(kind="sagemaker", usd_per_hour=3.0, discount_percent=30)],
    extend=[drift.sent_to(BUS, "fraud", DRIFT)],
    imported={"inference": adopted.IMPORTED},
)
