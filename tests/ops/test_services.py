"""The one look-up of a service, and what verifies one."""

from __future__ import annotations

from typing import Any

import pytest

from inferform import (
    BatchTransform,
    Canary,
    Context,
    EcsCluster,
    EcsService,
    EksCluster,
    EksService,
    Environment,
    Fargate,
    Image,
    Inference,
    Kubernetes,
    LoadBalancer,
    Model,
    Network,
    NodeGroup,
    NodeGroups,
    Pod,
    RealtimeEndpoint,
    Registry,
    Repository,
    Route,
    Scaling,
)
from inferform.ecs.containers import ContainerHealth, ContainerOptions
from inferform.service import Place, Service
from ops import promote, push, rollout, simulation_input
from ops.aws import Aws
from ops.errors import BadInputError, OperatorError
from ops.kinds import kinds
from ops.kinds.record import Not
from ops.running import running
from ops.services import find, find_watched, sorts
from tests.specs import kinds as examples
from tests.specs.test_services import SERVICES

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
MODEL = Model(image=Image(repository="fraud", tag="1.4.2"))
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
SCALING = Scaling(min_capacity=1, max_capacity=4)


def environment() -> Environment:
    """Four services of the name fraud, one of each sort, and two of other names."""
    return Environment(
        context=CONTEXT,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        ecs=EcsCluster(load_balancers={"internal": LoadBalancer(certificate=CERTIFICATE)}),
        eks=EksCluster(version="1.35"),
        kubernetes=Kubernetes(
            services={
                "fraud": EksService(model=MODEL, compute=Pod(vcpu=1, memory_mib=1024)),
                "ranking": EksService(model=MODEL, compute=Pod(vcpu=1, memory_mib=1024)),
            }
        ),
        inference={
            "risk": Inference(
                endpoints={
                    "fraud": RealtimeEndpoint(
                        model=MODEL, instance_type="ml.m5.large", scaling=SCALING
                    )
                },
                batch={
                    "fraud": BatchTransform(model=MODEL, instance_type="ml.m5.large"),
                    "nightly": BatchTransform(model=MODEL, instance_type="ml.m5.large"),
                },
                services={
                    "fraud": EcsService(
                        model=MODEL,
                        compute=Fargate(cpu=256, memory_mib=512),
                        route=Route(load_balancer="internal", hosts=["fraud.acme.test"]),
                        container=ContainerOptions(health=ContainerHealth(command=["true"])),
                        rollout=Canary(),
                        scaling=SCALING,
                    )
                },
            )
        },
    )


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("nightly", "inference.risk.batch.nightly"),
        ("ranking", "kubernetes.services.ranking"),
        ("endpoint/fraud", "inference.risk.endpoints.fraud"),
        ("batch/fraud", "inference.risk.batch.fraud"),
        ("ecs/fraud", "inference.risk.services.fraud"),
        ("eks/fraud", "kubernetes.services.fraud"),
        ("inference.risk.services.fraud", "inference.risk.services.fraud"),
    ],
)
def test_a_service_is_meant_by_name_sort_or_path(name: str, place: str) -> None:
    assert str(find(environment(), name).place) == place


@pytest.mark.parametrize("name", ["ECS/fraud", "Ecs/fraud"])
def test_the_kind_of_a_service_is_known_in_any_case(name: str) -> None:
    assert find(environment(), name).full_name == "ecs/fraud"
    assert simulation_input.find(environment(), name).full_name == "ecs/fraud"


SORTS = dict(sorted({spec.sort: spec.words for spec in SERVICES}.items()))


def test_a_base_that_leaves_its_words_to_others_tells_no_sort() -> None:
    class Base(Service):
        sort = "half"

    assert "half" not in sorts()
    assert Base.__subclasses__() == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "sagemaker/nightly",
            "sagemaker is no kind of service; {kinds}; did you mean batch/nightly",
        ),
        (
            "sagemaker/fraud",
            "sagemaker is no kind of service; {kinds}; did you mean endpoint/fraud, batch/fraud, "
            "ecs/fraud or eks/fraud",
        ),
        ("ecs/nightly", "no service ecs/nightly; did you mean batch/nightly"),
        ("ecs/frau", "no service ecs/frau; did you mean ecs/fraud"),
    ],
)
def test_a_kind_that_there_is_not_is_said_with_those_that_there_are(name: str, says: str) -> None:
    assert SORTS.keys() >= {"batch", "ecs", "eks", "endpoint"}
    # a kind of a team's own, which another test has imported, is one of them
    assert SORTS.items() <= sorts().items()
    listed = f"the kinds are {', '.join(f'{sort} ({words})' for sort, words in sorts().items())}"
    with pytest.raises(BadInputError) as caught:
        find(environment(), name)
    assert str(caught.value).splitlines()[0].endswith(says.format(kinds=listed))


EVERYWHERE = [
    find,
    lambda env, name: push.target(env, name, None, None),
    promote.release_of,
]


@pytest.mark.parametrize("command", EVERYWHERE)
def test_a_name_of_several_services_is_refused_everywhere_with_what_to_write(command: Any) -> None:
    with pytest.raises(BadInputError, match="dev-use1 has 3 of the name fraud") as caught:
        command(environment(), "fraud")
    assert caught.value.hint == "write endpoint/fraud or ecs/fraud or eks/fraud"


def test_what_serves_is_meant_before_what_runs_for_it() -> None:
    group = environment().groups["risk"]
    alone = group.replace(services={}, batch={**group.batch, "ranking": group.batch["nightly"]})
    made = environment().replace(inference={"risk": alone}, eks=None, kubernetes=None, ecs=None)
    assert find(made, "fraud").full_name == "endpoint/fraud"
    assert find_watched(made, "fraud").full_name == "endpoint/fraud"
    assert find(made, "ranking").full_name == "batch/ranking"
    transforms = find(made, "fraud", among=lambda each: each.spec.sort == "batch")
    assert transforms.full_name == "batch/fraud"


@pytest.mark.parametrize("command", EVERYWHERE)
def test_an_unknown_name_gets_its_nearest_and_the_list_everywhere(command: Any) -> None:
    with pytest.raises(BadInputError, match="no service nightli; did you mean nightly") as caught:
        command(environment(), "nightli")
    assert "batch/fraud, ecs/fraud, eks/fraud, endpoint/fraud, nightly" in str(caught.value.hint)


def test_what_scales_is_refused_or_meant_in_the_same_way() -> None:
    with pytest.raises(BadInputError, match="has 2 of the name fraud") as caught:
        simulation_input.find(environment(), "fraud")
    assert caught.value.hint == "write endpoint/fraud or ecs/fraud"
    with pytest.raises(BadInputError, match="nightly cannot be simulated: a batch transform does"):
        simulation_input.find(environment(), "nightly")
    with pytest.raises(BadInputError, match="ranking cannot be simulated: it has no scaling"):
        simulation_input.find(environment(), "ranking")
    found = simulation_input.find(environment(), "ecs/fraud")
    assert found.full_name == "ecs/fraud"


def test_a_rollout_is_of_an_ecs_service_so_its_name_alone_means_one() -> None:
    aws = Aws(CONTEXT)
    with pytest.raises(
        BadInputError, match=r"nightly of dev-use1 is no ECS service.*, it is a batch"
    ):
        rollout.start(environment(), "nightly", aws)
    with pytest.raises(BadInputError, match=r"no ECS service.* frad; did you mean fraud"):
        rollout.start(environment(), "frad", aws)


@pytest.mark.parametrize("name", ["batch/fraud", "nightly", "eks/fraud", "ranking"])
def test_images_of_batch_transforms_and_eks_services_are_pushed(name: str) -> None:
    to = push.target(environment(), name, "2.0.0", None)
    assert (to.repository, to.tag, to.platform) == ("fraud", "2.0.0", "linux/amd64")


NODES = {
    "x86": NodeGroup(instance_types=["m7i.large"], max_size=2),
    "arm": NodeGroup(instance_types=["m7g.large"], max_size=2),
}


@pytest.mark.parametrize(
    ("groups", "chosen", "platform"),
    [
        ({"arm": NODES["arm"]}, None, "linux/arm64"),
        (NODES, "arm", "linux/arm64"),
        (NODES, "x86", "linux/amd64"),
        (NODES, None, None),
    ],
)
def test_pods_have_the_platform_of_the_nodes_that_take_them(
    groups: dict[str, NodeGroup], chosen: str | None, platform: str | None
) -> None:
    pod = Pod(vcpu=1, memory_mib=1024, node_group=chosen)
    made = environment().replace(
        eks=EksCluster(version="1.35", compute=NodeGroups(groups=groups)),
        kubernetes=Kubernetes(services={"llm": EksService(model=MODEL, compute=pod)}),
    )
    assert find(made, "llm").platform == platform
    assert push.target(made, "llm", None, None).platform == (platform or "linux/amd64")


@pytest.mark.parametrize(
    ("instance_type", "platform"), [("ml.m6g.large", "linux/arm64"), ("ml.m5.large", "linux/amd64")]
)
def test_endpoints_have_the_platform_of_their_instances(instance_type: str, platform: str) -> None:
    spec = RealtimeEndpoint(model=MODEL, instance_type=instance_type)
    made = environment().replace(inference=Inference(endpoints={"llm": spec}))
    assert push.target(made, "llm", None, None).platform == platform


@pytest.mark.parametrize("name", ["nightly", "ranking"])
def test_batch_transforms_and_eks_services_have_a_release(name: str) -> None:
    found = promote.release_of(environment(), name)
    assert {path[-1]: value for path, value in found.items()} == {"tag": "1.4.2", "digest": None}


def test_what_nothing_verifies_is_promoted_by_an_explicit_flag_only() -> None:
    aws = Aws(CONTEXT)
    made = environment()
    assert made.kubernetes is not None
    by_gitops = made.replace(kubernetes=made.kubernetes.replace(objects_by="gitops"))
    with pytest.raises(OperatorError, match="nothing verifies that ranking is in service") as e:
        promote.require_in_service(by_gitops, "ranking", aws)
    assert "somebody else than Terraform makes it" in str(e.value)
    assert "--unverified" in str(e.value.hint)
    promote.require_in_service(by_gitops, "ranking", aws, unverified=True)


def test_every_kind_of_service_that_terraform_makes_is_verified() -> None:
    found = {
        each.resource[0]
        for tree in examples.valid_trees().values()
        for each in examples.environment(tree).deployed
        if each.resource is not None
    }
    assert found >= {
        "aws_ecs_service",
        "aws_sagemaker_endpoint",
        "aws_sfn_state_machine",
        "kubernetes_deployment_v1",
    }
    assert [type_ for type_ in sorted(found) if isinstance(kinds()[type_].verify, Not)] == []


class _Unverified(BatchTransform):
    """A service of a type whose record says that nothing verifies it."""

    def resource(self, place: Place) -> tuple[str, str]:
        return "aws_sagemaker_model", place.name


def test_the_reason_why_nothing_verifies_a_type_is_that_of_its_record() -> None:
    verify = kinds()["aws_sagemaker_model"].verify
    assert isinstance(verify, Not)
    spec = _Unverified(model=MODEL, instance_type="ml.m5.large")
    made = environment().replace(inference=Inference(batch={"odd": spec}))
    assert running(Aws(CONTEXT), find(made, "odd")).unverified == verify.reason
