"""Names in AWS and Kubernetes: each Spec states those that are made for it, and an environment
that would make one twice is refused before Terraform."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from inferform import (
    AllAtOnce,
    ArtifactBucket,
    Audit,
    BatchTransform,
    Canary,
    Context,
    Ec2Capacity,
    EcsCluster,
    EcsDeployment,
    EcsService,
    EksCluster,
    EksService,
    Environment,
    Fargate,
    Image,
    Inference,
    InvocationsPerInstance,
    Kubernetes,
    LoadBalancer,
    Model,
    MultiVariantEndpoint,
    Network,
    NodeGroup,
    NodeGroups,
    Notify,
    Observability,
    OnSchedule,
    OnUpload,
    Pod,
    RealtimeEndpoint,
    Registry,
    Repository,
    Rolling,
    Route,
    Scaling,
    SlackChannel,
    Step,
    StepScaling,
    Variant,
)
from inferform.kubernetes.construct import _TYPES
from inferform.layers import program
from inferform.names import WORDS, Name, fit
from inferform.spec import collecting, is_short_name, problems_of
from tests.capabilities import capabilities, together
from tests.conftest import Made, stacks_in

pytestmark = pytest.mark.long

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
MODEL = Model(image=Image(repository="fraud", tag="1.4.2"), artifact="fraud/1/model.tar.gz")
NETWORK = Network(cidr="10.20.0.0/16")
ENDPOINT = RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large")
BATCH = BatchTransform(model=MODEL, instance_type="ml.m5.large")
KINDS = {f"kubernetes_{module}": kind for kind, module in _TYPES.items()}

SHARED = {"aws_cloudwatch_composite_alarm": "aws_cloudwatch_metric_alarm"}
"""Types that have their names with another one."""

UNNAMED = together(each.unnamed for each in capabilities().values())


def service(name: str, **changes: Any) -> EcsService:
    given: dict[str, Any] = {
        "model": MODEL,
        "compute": Fargate(cpu=1024, memory_mib=2048),
        "route": Route(load_balancer="internal", paths=[f"/{name}/*"], grace_seconds=120),
    }
    return EcsService(**{**given, **changes})


def variants(*names: str, **changes: Any) -> MultiVariantEndpoint:
    return MultiVariantEndpoint(
        variants={
            name: Variant(model=MODEL, instance_type="ml.m5.large", weight=1, **changes)
            for name in names
        },
        rollout=AllAtOnce(),
    )


def steps(label: str) -> Scaling:
    policy = StepScaling(
        metric=InvocationsPerInstance(invocations_per_minute=100),
        steps=[Step(lower=0, change=1)],
        name=label,
    )
    return Scaling(min_capacity=1, max_capacity=4, policies=[policy])


def environment(**changes: Any) -> Environment:
    given: dict[str, Any] = {
        "context": CONTEXT,
        "network": NETWORK,
        "registry": Registry(
            repositories={"fraud": Repository()}, artifacts=ArtifactBucket(send_events=True)
        ),
        "ecs": EcsCluster(load_balancers={"internal": LoadBalancer(certificate=CERTIFICATE)}),
    }
    return Environment(**{**given, **changes})


def refused(**changes: Any) -> list[str]:
    with collecting():
        made = environment(**changes)
    return [str(replace(each, at=None)) for each in problems_of(made) if each.severity == "error"]


def names_made(stack: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The name of everything that a stack makes, as its Terraform JSON has it."""
    for type_, resources in stack.get("resource", {}).items():
        for made in resources.values():
            if type_.startswith("kubernetes_"):
                body = made["manifest"] if type_ == "kubernetes_manifest" else made
                metadata = body["metadata"]
                kind = body["kind"] if type_ == "kubernetes_manifest" else KINDS[type_]
                yield kind, "/".join((metadata.get("namespace", ""), metadata["name"]))
                continue
            if "AWS::SageMaker::EndpointConfig" in made.get("template_body", ""):
                continue  # It is named by its content, as Terraform's own configurations are.
            for argument, value in made.items():
                if (
                    (
                        argument in ("alias", "bucket", "family", "name")
                        or argument.endswith("_name")
                    )
                    and isinstance(value, str)
                    and not value.startswith("${")
                    and f"{type_}.{argument}" not in UNNAMED
                ):
                    yield SHARED.get(type_, type_), value.removesuffix("-${local.suffix}")


def as_made(name: Name) -> tuple[str, str]:
    if name.kind.startswith("aws_"):
        return name.kind, name.value
    return name.kind, "/".join((name.within.removeprefix("namespace "), name.value))


def test_what_the_specs_state_is_what_the_examples_make(made: dict[str, Made]) -> None:
    stacks: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    environments = {}
    for each in made.values():
        environments[id(each.environment)] = each.environment
        # Nobody states the names of a layer of one's own.
        if each.stack["//"]["metadata"]["inferform"]["layer"] in each.environment.layers:
            stacks[id(each.environment)].append(each.stack)
    seen = set()
    for key, whole in environments.items():
        found = Counter(itertools.chain.from_iterable(map(names_made, stacks[key])))
        stated = Counter(
            as_made(name)
            for path, name in whole.names
            # The Context's names may be made elsewhere; Kubernetes makes that account itself.
            if (path != ("context",) or whole.identity is not None)
            and as_made(name)[1].partition("/")[2] != "default"
        )
        assert stated == found
        seen |= {kind for kind, _ in found}
    assert set(WORDS) <= seen


def test_no_type_is_excused_that_no_example_makes(made: dict[str, Made]) -> None:
    arguments = {
        f"{type_}.{argument}"
        for each in made.values()
        for type_, resources in each.stack.get("resource", {}).items()
        for resource in resources.values()
        for argument in resource
    }
    assert set(UNNAMED) <= arguments


LONG = "a-model-with-quite-a-long-name-"
CUT = "acme-dev-use1-" + LONG

TAKEN: dict[str, tuple[dict[str, Any], str]] = {
    "the alarm of a color and of a variant": (
        {
            "inference": Inference(
                services={"fraud": service("fraud", rollout=Canary())},
                endpoints={"fraud": variants("blue", "green")},
            )
        },
        "inference.services.fraud: would make the CloudWatch alarm acme-dev-use1-fraud-blue-5xx, "
        "as inference.endpoints.fraud would, and 1 more name alike; rename "
        "inference.services.fraud, inference.endpoints.fraud or its variant blue [NAME3]",
    ),
    "the alarms of two variants of two endpoints": (
        {"inference": Inference(endpoints={"fraud": variants("b-primary"), "fraud-b": ENDPOINT})},
        "inference.endpoints.fraud-b: would make the CloudWatch alarm "
        "acme-dev-use1-fraud-b-primary-5xx, as inference.endpoints.fraud would, and 1 more name "
        "alike; rename inference.endpoints.fraud-b, its variant primary, "
        "inference.endpoints.fraud or its variant b-primary [NAME3]",
    ),
    "the alarms of two variants of one endpoint": (
        {
            "inference": Inference(
                endpoints={
                    "fraud": MultiVariantEndpoint(
                        variants={
                            "a": Variant(
                                model=MODEL,
                                instance_type="ml.m5.large",
                                weight=1,
                                scaling=steps("b-5xx"),
                            ),
                            "a-b": Variant(model=MODEL, instance_type="ml.m5.large", weight=1),
                        },
                        rollout=AllAtOnce(),
                    )
                }
            )
        },
        "inference.endpoints.fraud: would make the CloudWatch alarm "
        "acme-dev-use1-fraud-a-b-5xx twice; rename its variant a-b or its scaling policy b-5xx of "
        "variant a [NAME3]",
    ),
    "the role of a batch transform and of an endpoint": (
        {"inference": Inference(batch={"fraud": BATCH}, endpoints={"fraud-transform": ENDPOINT})},
        "inference.batch.fraud: would make the IAM role acme-dev-use1-fraud-transform, as "
        "inference.endpoints.fraud-transform would; rename inference.batch.fraud or "
        "inference.endpoints.fraud-transform [NAME3]",
    ),
    "the role of a task and of an endpoint": (
        {
            "inference": Inference(
                services={"fraud": service("fraud")}, endpoints={"fraud-ecs-task": ENDPOINT}
            )
        },
        "the IAM role acme-dev-use1-fraud-ecs-task",
    ),
    "the role of CodeDeploy and of an endpoint": (
        {
            "inference": Inference(
                services={"fraud": service("fraud", rollout=Canary())},
                endpoints={"fraud-code-deploy": ENDPOINT},
            )
        },
        "the IAM role acme-dev-use1-fraud-code-deploy",
    ),
    "the security group of a group and of a service": (
        {
            "inference": {
                "ecs": Inference(endpoints={"fraud": ENDPOINT}),
                "other": Inference(services={"models": service("models")}),
            }
        },
        "inference.other.services.models: would make the security group acme-dev-use1-models-ecs, "
        "as inference.ecs would; rename inference.other.services.models or inference.ecs [NAME3]",
    ),
    "the security group of a group and of a load balancer of another layer": (
        {
            "ecs": EcsCluster(load_balancers={"models": LoadBalancer(certificate=CERTIFICATE)}),
            "inference": {"load-balancer": Inference(endpoints={"fraud": ENDPOINT})},
        },
        "inference.load-balancer: would make the security group acme-dev-use1-models-load-balancer, "
        "as ecs.load_balancers.models would; rename inference.load-balancer or "
        "ecs.load_balancers.models [NAME3]",
    ),
    "the target group of a color and of a service": (
        {
            "inference": Inference(
                services={
                    "fraud": service("fraud", rollout=Canary()),
                    "fraud-blue": service("fraud-blue", rollout=Rolling()),
                }
            )
        },
        "the target group acme-dev-use1-fraud-blue",
    ),
    "the role of the flow logs, which has no other name": (
        {"inference": Inference(endpoints={"flow-logs": ENDPOINT})},
        "inference.endpoints.flow-logs: would make the IAM role acme-dev-use1-flow-logs, as "
        "network would; rename inference.endpoints.flow-logs [NAME3]",
    ),
    "the launch templates of ECS and EKS": (
        {
            "ecs": EcsCluster(
                capacity={"node-gpu": Ec2Capacity(instance_types=["g5.xlarge"], max_instances=2)}
            ),
            "eks": EksCluster(
                version="1.35",
                compute=NodeGroups(
                    groups={"gpu": NodeGroup(instance_types=["g5.xlarge"], max_size=2)}
                ),
            ),
        },
        "eks.compute.groups.gpu: would make the launch template acme-dev-use1-node-gpu, as "
        "ecs.capacity.node-gpu would",
    ),
    "the role of pods and of an endpoint": (
        {
            "eks": EksCluster(version="1.35"),
            "kubernetes": Kubernetes(
                services={"fraud": EksService(model=MODEL, compute=Pod(vcpu=0.5, memory_mib=512))}
            ),
            "inference": Inference(endpoints={"pod-fraud": ENDPOINT}),
        },
        "the IAM role acme-dev-use1-pod-fraud",
    ),
    "a service account that Kubernetes makes": (
        {
            "eks": EksCluster(version="1.35"),
            "kubernetes": Kubernetes(
                services={"default": EksService(model=MODEL, compute=Pod(vcpu=0.5, memory_mib=512))}
            ),
        },
        "kubernetes.services.default: would make the ServiceAccount default, as kubernetes would; "
        "rename kubernetes.services.default [NAME3]",
    ),
    "the deploy role and an endpoint's": (
        {
            "context": CONTEXT.replace(deploy_role="acme-dev-use1-fraud"),
            "inference": Inference(endpoints={"fraud": ENDPOINT}),
        },
        "inference.endpoints.fraud: would make the IAM role acme-dev-use1-fraud, as context would; "
        "rename inference.endpoints.fraud or context.deploy_role [NAME3]",
    ),
}


@pytest.mark.parametrize("case", TAKEN)
def test_a_name_that_is_made_twice_is_refused_with_what_to_rename(case: str) -> None:
    changes, said = TAKEN[case]
    (problem,) = refused(**changes)
    assert said in problem
    assert problem.endswith("[NAME3]")


@pytest.mark.parametrize("name", ["chat", "alerts", "audit"])
def test_an_endpoint_may_be_called_as_what_tells_of_it(name: str) -> None:
    """A model that people talk to is called chat more often than anything else."""
    channel = SlackChannel(workspace="T07EA123LEP", channel="C07EA123LEP")
    made = Environment(
        context=CONTEXT,
        network=NETWORK,
        registry=Registry(repositories={"fraud": Repository()}),
        inference=Inference(endpoints={name: ENDPOINT}),
        observability=Observability(notify=Notify(slack={"chat": channel}), audit=Audit()),
    )
    assert problems_of(made) == []


def test_names_that_are_cut_to_one_are_refused() -> None:
    cut: dict[str, str] = {}
    for number in itertools.count():
        name = f"fraud-detection-of-cards-{number}"
        whole = f"acme-dev-use1-{name}"
        short = fit(whole, 32)
        if short in cut:
            break
        cut[short] = name
    services = {each: service(each) for each in (cut[short], name)}
    (problem,) = refused(inference=Inference(services=services))
    assert f"the target group {short}, as inference.services.{cut[short]} would" in problem


def test_a_name_in_two_groups_is_told_once() -> None:
    groups = {
        "risk": Inference(endpoints={"fraud": ENDPOINT}),
        "shop": Inference(endpoints={"fraud": ENDPOINT}),
    }
    (problem,) = refused(inference=groups)
    assert problem.endswith("[GRP1]")


_FIRST = st.sampled_from(["fraud", "models", "ecs", "node"])
_LAST = st.sampled_from(
    ["", "", "-blue", "-b", "-transform", "-ecs-task", "-ecs", "-code-deploy", "-instances"]
)
NAMES = st.builds("{}{}".format, _FIRST, _LAST)


@st.composite
def asked(draw: st.DrawFn) -> dict[str, Any]:
    """What an environment holds, in names that are likely to meet."""
    capacity = Ec2Capacity(instance_types=["g5.xlarge"], max_instances=2)
    kinds = draw(st.lists(st.tuples(st.sampled_from("abcelms"), NAMES), min_size=2, max_size=9))
    layers: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for kind, name in kinds:
        if kind == "a":
            layers["endpoints"][name] = ENDPOINT
        elif kind == "b":
            trigger = draw(st.sampled_from([None, OnSchedule(schedule="rate(1 day)"), OnUpload()]))
            layers["batch"][name] = BATCH.replace(trigger=trigger)
        elif kind == "c":
            layers["capacity"][name] = capacity
        elif kind == "e":
            label = draw(st.sampled_from(["5xx", "b-5xx", "load"]))
            of = draw(st.lists(st.sampled_from(["blue", "b", "b-blue"]), min_size=1, unique=True))
            several = variants(*of)
            first = {of[0]: several.variants[of[0]].replace(scaling=steps(label))}
            with collecting():
                scaled = several.replace(variants={**several.variants, **first})
            layers["endpoints"][name] = several if problems_of(scaled) else scaled
        elif kind == "l":
            layers["load_balancers"][name] = LoadBalancer(certificate=CERTIFICATE)
        elif kind == "m":
            layers["services"][name] = service(name, rollout=Canary())
        elif kind == "s":
            native = {"rollout": Canary(), "deployment": EcsDeployment(controller="ECS")}
            layers["services"][name] = service(name, **draw(st.sampled_from([{}, native])))
    if layers["batch"] or layers["services"]:
        # An endpoint that is named as something else is.
        made = Inference(batch=layers["batch"], services=layers["services"])
        prefix = f"{CONTEXT.prefix}-"
        with collecting():
            names = {
                name.value.removeprefix(prefix) for _, name in environment(inference=made).names
            }
        layers["endpoints"][draw(st.sampled_from(sorted(filter(is_short_name, names))))] = ENDPOINT
    held = Inference(
        endpoints=layers["endpoints"], batch=layers["batch"], services=layers["services"]
    )
    group = draw(st.none() | NAMES)
    return {
        "ecs": EcsCluster(
            capacity=layers["capacity"],
            load_balancers={
                "internal": LoadBalancer(certificate=CERTIFICATE),
                **layers["load_balancers"],
            },
        ),
        "inference": {group: held} if group else held,
    }


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(asked())
@example(TAKEN["the alarm of a color and of a variant"][0])
@example({"inference": Inference(batch={"fraud": BATCH}, endpoints={"fraud": ENDPOINT})})
def test_an_environment_is_refused_if_and_only_if_its_stacks_would_share_a_name(
    changes: dict[str, Any],
) -> None:
    """Against the Terraform JSON that would have been made."""
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        said = refused(**changes)
        patch.setattr(Environment, "_check_names", lambda _: iter(()))
        others = refused(**changes)
        assume(not others)
        outdir = Path(folder) / "cdktf.out"
        program.synthesize([environment(**changes)], outdir=outdir)
        found = Counter(itertools.chain.from_iterable(map(names_made, stacks_in(outdir).values())))
    twice = {name for name, count in found.items() if count > 1}
    # Those of scaling have to be the only ones of their target.
    assert bool(said) == any(not kind.startswith("aws_appautoscaling") for kind, _ in twice)
