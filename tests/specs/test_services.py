"""Services: what each answers, and whether private networks reach what they need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest

from inferform import (
    AllAtOnce,
    BatchTransform,
    Canary,
    Context,
    EcsCluster,
    EcsService,
    EksCluster,
    EksService,
    Environment,
    Fargate,
    Host,
    Image,
    Inference,
    InferenceComponentEndpoint,
    Kubernetes,
    LambdaFunction,
    Linear,
    Model,
    Network,
    Pod,
    RealtimeEndpoint,
    Registry,
    Repository,
    Rolling,
    Scaling,
    ServerlessEndpoint,
    SpecError,
)
from inferform.ecs.containers import ContainerHealth, ContainerOptions
from inferform.own import OwnService
from inferform.secret import secret_arn, secret_service
from inferform.service import Billed, Reaching, Service, Versioned
from inferform.spec import Spec
from inferform.usage import Amount, on_demand

from . import kinds

SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:hub-AbCdEf"
PARAMETER = "arn:aws:ssm:us-east-1:111122223333:parameter/hub/token"
PLAIN = Model(image=Image(repository="fraud", tag="1.4.2"))
MODEL = Model(image=Image(repository="fraud", tag="1.4.2"), environment={"HUB_TOKEN_ARN": SECRET})
CLOSED = Network(cidr="10.20.0.0/16", nat="none", auto_endpoints=True)
CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)


def specs_in(annotation: Any) -> Iterator[type[Spec]]:
    """Every Spec that a type annotation names."""
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        yield annotation
    for inner in get_args(annotation):
        yield from specs_in(inner)


def reachable() -> set[type[Spec]]:
    """Every Spec that can stand in an Environment."""
    found: set[type[Spec]] = set()
    waiting: list[type[Spec]] = [Environment]
    while waiting:
        spec = waiting.pop()
        if spec not in found:
            found.add(spec)
            for field in spec.model_fields.values():
                waiting += specs_in(field.annotation)
    return found


# The base of a team's own kinds stands for none itself: tests/e2e/test_extensions.py has one.
SERVICES = sorted(
    (spec for spec in reachable() if issubclass(spec, Service) and spec is not OwnService),
    key=lambda spec: spec.__name__,
)


def environments() -> list[Environment]:
    """Examples of every kind; that of inference components needs a newer provider."""
    components = InferenceComponentEndpoint(instance_type="ml.m5.large", max_instances=3)
    return [
        *(kinds.environment(tree) for tree in kinds.valid_trees().values()),
        environment(inference=Inference(endpoints={"shared": components})),
    ]


def test_every_kind_of_service_is_reachable_and_has_an_example() -> None:
    assert {spec.__name__ for spec in SERVICES} >= {"EcsService", "EksService", "BatchTransform"}
    shown = {type(each.spec) for environment in environments() for each in environment.deployed}
    assert shown == set(SERVICES)


def unanswered(spec: type[Service]) -> list[str]:
    """The members that a kind of service leaves to the base."""
    methods = ("resource", "images", "loads", "needs", "uses", "platform")
    missing = [name for name in methods if getattr(spec, name) is getattr(Service, name)]
    missing += [name for name in ("sort", "words") if not hasattr(spec, name)]
    if spec.scales is None and spec.not_simulated == Service.not_simulated:
        missing += [name for name in ("scaling",) if name in spec.model_fields]
    return missing


@pytest.mark.parametrize("spec", SERVICES, ids=lambda spec: spec.__name__)
def test_every_kind_of_service_answers_each_question(spec: type[Service]) -> None:
    assert unanswered(spec) == []


def test_a_kind_of_service_that_leaves_a_question_open_is_found() -> None:
    class Function(Service):
        sort = "function"

    assert unanswered(Function) == [
        "resource", "images", "loads", "needs", "uses", "platform", "words",
    ]  # fmt: skip


@pytest.mark.parametrize("base", [Billed, Reaching, Versioned], ids=lambda spec: spec.__name__)
def test_every_spec_that_costs_reaches_or_has_versions_says_what(base: type[Spec]) -> None:
    method = {Billed: "uses", Reaching: "needs", Versioned: "versions"}[base]
    found = [spec for spec in reachable() if issubclass(spec, base)]
    assert len(found) > 4 - 2 * (base is Versioned)
    assert [s.__name__ for s in found if getattr(s, method) is getattr(base, method)] == []


def _inner(value: Any, part: Any) -> Any:
    return value[part] if isinstance(value, dict | tuple) else getattr(value, part)


def test_every_service_of_the_examples_answers_for_its_place() -> None:
    for environment in environments():
        full_names = [each.full_name for each in environment.deployed]
        assert len(full_names) == len(set(full_names))
        for each in environment.deployed:
            pods = environment.kubernetes
            by_gitops = pods is not None and pods.objects_by == "gitops" and each.spec.sort == "eks"
            assert (each.resource is None) == by_gitops
            type_, name = each.resource or ("aws_", each.name)
            assert type_.startswith(("aws_", "kubernetes_"))
            assert each.name in name
            assert each.place.layer in environment.layers
            assert all(isinstance(image, Image | str) for image in each.spec.images())
            assert all(isinstance(key, str) for key in each.spec.loads())
            assert each.platform in ("linux/amd64", "linux/arm64", None)
            assert list(each.spec.uses(each.place)) is not None
            for path, value in each.spec.release():
                found: Any = each.spec
                for part in path:
                    found = _inner(found, part)
                assert found == value


def environment(**layers: Any) -> Environment:
    return Environment(
        **{
            "context": CONTEXT,
            "network": CLOSED,
            "registry": Registry(repositories={"fraud": Repository()}),
            **layers,
        }
    )


def ecs(model: Model = MODEL) -> dict[str, Any]:
    service = EcsService(
        model=model,
        compute=Fargate(cpu=256, memory_mib=512),
        container=ContainerOptions(health=ContainerHealth(command=["true"])),
    )
    return {"ecs": EcsCluster(), "inference": Inference(services={"fraud": service})}


def endpoint(model: Model = MODEL, **fields: Any) -> dict[str, Any]:
    spec = RealtimeEndpoint(model=model, instance_type="ml.m5.large", **fields)
    return {"inference": Inference(endpoints={"fraud": spec})}


def batch(model: Model = MODEL) -> dict[str, Any]:
    spec = BatchTransform(model=model, instance_type="ml.m5.large")
    return {"inference": Inference(batch={"nightly": spec})}


def pods(model: Model = MODEL) -> dict[str, Any]:
    service = EksService(model=model, compute=Pod(vcpu=1, memory_mib=1024))
    return {
        "eks": EksCluster(version="1.35"),
        "kubernetes": Kubernetes(services={"fraud": service}),
    }


def test_a_network_without_the_gateway_of_s3_is_not_private() -> None:
    # Artifacts and the layers of images lie in S3, which no interface endpoint stands for.
    network = CLOSED.replace(nat="single")
    assert environment(network=network).private
    assert not environment(network=network.replace(gateway_endpoints=["dynamodb"])).private


@pytest.mark.parametrize("made", [ecs, endpoint, batch, pods])
@pytest.mark.parametrize(("arn", "needed"), [(SECRET, "secretsmanager"), (PARAMETER, "ssm")])
def test_a_service_that_names_a_secret_gets_the_endpoint_that_hands_it_out(
    made: Any, arn: str, needed: str
) -> None:
    plain = environment(**made(MODEL.replace(environment={})))
    private = environment(**made(MODEL.replace(environment={"HUB_TOKEN_ARN": arn})))
    assert private.interface_endpoints - plain.interface_endpoints == {needed}
    assert private.private


@pytest.mark.parametrize("made", [ecs, endpoint, batch, pods])
def test_a_secret_out_of_reach_is_refused(made: Any) -> None:
    written = environment(**made(MODEL.replace(environment={}))).interface_endpoints
    network = Network(cidr="10.20.0.0/16", nat="none", interface_endpoints=sorted(written))
    with pytest.raises(SpecError, match="secretsmanager") as caught:
        environment(network=network, **made())
    assert [p.rule for p in caught.value.problems] in (["ECS22"], ["MDL29"], ["EKS35"])


def test_a_shell_in_an_endpoint_needs_the_endpoints_of_session_manager() -> None:
    def written(**given: Any) -> Environment:
        model = MODEL.replace(environment={}, network_isolation=False)
        of = RealtimeEndpoint(model=model, instance_type="ml.m5.large", **given)
        return environment(inference=Inference(endpoints={"fraud": of}))

    shell, plain = Host(ssm_access=True), written().interface_endpoints
    assert written(host=shell).interface_endpoints - plain == {"ssm", "ssmmessages"}
    assert written(host=shell, vpc=False).interface_endpoints == plain
    network = Network(cidr="10.20.0.0/16", nat="none", interface_endpoints=sorted({*plain, "ssm"}))
    with pytest.raises(SpecError, match="cannot reach ssmmessages") as caught:
        written(host=shell).replace(network=network)
    assert [p.rule for p in caught.value.problems] == ["MDL29"]


def test_nat_leads_tasks_to_a_secret_but_not_models_behind_a_closed_security_group() -> None:
    network = Network(cidr="10.20.0.0/16")
    assert environment(network=network, **ecs()).interface_endpoints == frozenset()
    with pytest.raises(SpecError, match=r"cannot reach secretsmanager: .*auto_endpoints"):
        environment(network=network, **endpoint())
    opened = Inference(endpoints=endpoint()["inference"].endpoints, egress_cidrs=["0.0.0.0/0"])
    environment(network=network, inference=opened)


def test_outside_the_vpc_models_have_a_network_of_sagemakers() -> None:
    network = Network(cidr="10.20.0.0/16", nat="none")
    environment(network=network, **endpoint(vpc=False))
    serverless = ServerlessEndpoint(model=MODEL.replace(network_isolation=False))
    environment(network=network, inference=Inference(endpoints={"fraud": serverless}))


@pytest.mark.parametrize("made", [ecs, endpoint, batch, pods])
def test_images_and_artifacts_are_out_of_reach_without_nat_and_the_gateway_of_s3(made: Any) -> None:
    network = CLOSED.replace(gateway_endpoints=["dynamodb"])
    with pytest.raises(SpecError, match=r"s3 \(gateway\)"):
        environment(network=network, **made(MODEL.replace(environment={})))


def test_a_batch_transform_needs_no_endpoint_for_its_state_machine() -> None:
    made = environment(**batch(MODEL.replace(environment={})))
    assert "states" not in made.interface_endpoints
    assert "sagemaker.api" in made.interface_endpoints


@pytest.mark.parametrize(
    ("text", "service"),
    [
        (SECRET, "secretsmanager"),
        (f"{SECRET}:password::", "secretsmanager"),
        (f"{SECRET}:a:b:c:d", None),
        (f"{PARAMETER}:3", "ssm"),
        (f"{SECRET} ", None),
        (PARAMETER, "ssm"),
        ("arn:aws-cn:ssm:cn-north-1:111122223333:parameter/a", "ssm"),
        ("arn:aws:s3:::secretsmanager", None),
        ("a text with :secretsmanager: in it", None),
    ],
)
def test_secrets_are_told_from_parameters_in_one_place(text: str, service: str | None) -> None:
    assert secret_service(text) == service
    assert (secret_arn(text) is None) is (service is None)


def test_a_right_is_for_a_secret_and_not_for_what_stands_behind_its_arn() -> None:
    assert secret_arn(f"{SECRET}:password:AWSCURRENT:") == SECRET == secret_arn(SECRET)
    assert secret_arn(f"{PARAMETER}:3") == PARAMETER == secret_arn(PARAMETER)


def test_the_on_demand_part_of_a_capacity_is_its_base_and_a_share_of_the_rest() -> None:
    assert on_demand(Amount(1, 4, 10), base=2, share=0.25) == Amount(1, 2.5, 4)


def test_what_a_promotion_copies_is_named_by_the_specs_themselves() -> None:
    paths = [
        ".".join(map(str, path))
        for environment in environments()
        for each in environment.deployed
        for path, _ in each.spec.release()
    ]
    for path in ("model.image.tag", "model.artifact", "model.artifacts", "model.arn"):
        assert path in paths


def test_a_rollout_is_told_in_words() -> None:
    said = [AllAtOnce(), Canary(canary_percent=5), Linear(), Linear(step_percent=20), Rolling()]
    assert [each.words for each in said] == [
        "all at once", "canary 5 %", "linear", "linear 20 %", "rolling",
    ]  # fmt: skip
    assert Rolling(batch_percent=25).words == "rolling 25 %"
    canary = next(iter(environment(**endpoint(rollout=Canary())).deployed))
    assert canary.spec.rolled_out == "canary 10 %"
    assert next(iter(environment(**batch()).deployed)).spec.rolled_out == ""


@pytest.mark.parametrize(
    ("made", "inside"),
    [
        (ecs(), True),
        (endpoint(), True),
        (endpoint(vpc=False), False),
        (batch(), True),
        (pods(), True),
        (
            {"inference": Inference(endpoints={"fraud": ServerlessEndpoint(model=PLAIN)})},
            False,
        ),
        ({"inference": Inference(functions={"fraud": LambdaFunction(model=PLAIN)})}, False),
    ],
)
def test_a_service_says_whether_it_has_addresses_in_the_vpc(
    made: dict[str, Any], inside: bool
) -> None:
    [each] = environment(network=CLOSED.replace(nat="single"), **made).deployed
    assert each.spec.in_vpc is inside


def test_a_service_says_how_many_of_it_there_are() -> None:
    scaling = Scaling(min_capacity=1, max_capacity=4, policies=[])
    [scaled] = environment(**endpoint(scaling=scaling)).deployed
    copies = scaled.spec.copies()
    assert copies is not None
    assert (copies.minimum, copies.maximum) == (1, 4)
    [job] = environment(**batch()).deployed
    assert job.spec.copies() is None
    [task] = environment(**ecs()).deployed
    assert task.spec.copies() == Amount(1, 1, 1)
