"""dev, with what the team adds to it."""

from extensions import features, functions, jobs, record, reports, rules

from inferform import (
    AsyncEndpoint,
    Context,
    EcsCluster,
    Environment,
    Image,
    Inference,
    LoadBalancer,
    Model,
    Network,
    RealtimeEndpoint,
    Registry,
    Repository,
)

CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"


def model(name: str) -> Model:
    return Model(image=Image(repository=name, tag="1.0.0"), artifact=f"{name}/1.0.0/model.tar.gz")


dev = Environment(
    context=Context(
        organization="acme",
        stage="dev",
        account="111122223333",
        region="us-east-1",
        owner="ml",
        # Its role must be let to make tables, functions and zones: Identity.deploy_services.
        deploy_role="inferform-deploy",
    ),
    network=Network(cidr="10.60.0.0/16"),
    registry=Registry(repositories={name: Repository() for name in ("fraud", "summary", "rerank")}),
    ecs=EcsCluster(load_balancers={"internal": LoadBalancer(certificate=CERTIFICATE)}),
    inference=Inference(
        endpoints={
            "fraud": RealtimeEndpoint(model=model("fraud"), instance_type="ml.m5.large"),
            "summary": AsyncEndpoint(model=model("summary"), instance_type="ml.m5.xlarge"),
        },
        own={"rerank": functions.Function(image=Image(repository="rerank", tag="1.0.0"))},
    ),
    extend=[features.add, jobs.add, record.add, reports.add],
    kinds=["extensions.kinds"],
    rules=[rules.no_gpu_in_dev, rules.approved_images],
)
