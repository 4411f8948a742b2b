"""dev: what is new is tried here first, at its smallest."""

from team import drift
from team.features import FeatureTable

from inferform import (
    BatchTransform,
    Environment,
    Image,
    Inference,
    MultiModel,
    MultiModelEndpoint,
    Network,
    OnUpload,
    Registry,
    ServerlessEndpoint,
    Training,
)
from inferform.s3.spec import ArtifactBucket

from .assistant import assistant
from .company import DEV, HOME
from .containers import LANGUAGE, SCORE, cluster, kubernetes, kubernetes_cluster
from .endpoints import DRIFT, documents, fraud, model
from .entrances import apis
from .models import BUS, version, watched, workload
from .pipelines import identity

CERTIFICATE = "arn:aws:acm:us-east-1:333344445555:certificate/12345678-1234-1234-1234-123456789012"

CONTEXT = workload("dev", DEV, HOME)

dev = Environment(
    context=CONTEXT,
    identity=identity("dev-use1"),
    network=Network(cidr="10.20.0.0/16"),
    registry=Registry(artifacts=ArtifactBucket(send_events=True)),
    ecs=cluster(CERTIFICATE),
    eks=kubernetes_cluster("us-east-1a"),
    kubernetes=kubernetes(),
    inference=Inference(
        endpoints={
            "fraud": fraud(
                version(
                    "arn:aws:sagemaker:us-east-1:222233334444:model-package/lark-shared-use1-fraud/4"
                ),
                (1, 2),
            ),
            "documents": documents("2.3.0", most=1),
            "topics": ServerlessEndpoint(model=model("topics", "1.2.0")),
            "forecasts": MultiModelEndpoint(
                model=MultiModel(
                    image=Image(repository="many", tag="1.1.11"), artifacts="forecasts/"
                ),
                instance_type="ml.m5.large",
            ),
            "assistant": assistant(),
        },
        batch={
            "invoices": BatchTransform(
                model=model("documents", "2.3.0"),
                instance_type="ml.m5.xlarge",
                trigger=OnUpload(suffix=".csv"),
                input="invoices/",
            )
        },
        services={"score": SCORE},
        functions={"language": LANGUAGE},
        own={"customers": FeatureTable(key="customer")},
    ),
    apis=apis(
        rest={"/fraud": "fraud", "/language/invocations": "language"}, http={"/score": "score"}
    ),
    training=Training(monitors={"fraud": DRIFT}),
    observability=watched(2000),
    extend=[drift.sent_to(BUS, "fraud", DRIFT)],
    kinds=["team.kinds"],
)
