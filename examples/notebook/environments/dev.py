"""dev: a registry for the versions of one model. The notebook adds the endpoint that serves them."""

from inferform import (
    Context,
    Environment,
    ModelPackageGroup,
    Network,
    Registry,
    Repository,
)

dev = Environment(
    context=Context(
        organization="acme",
        stage="dev",
        account="123456789012",
        region="us-east-1",
        owner="ml",
        deploy_role="inferform-deploy",
    ),
    network=Network(cidr="10.20.0.0/16", nat="none", auto_endpoints=True),
    registry=Registry(
        repositories={"fraud": Repository()},
        models={"fraud": ModelPackageGroup()},
    ),
)
