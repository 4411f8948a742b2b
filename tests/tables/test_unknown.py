"""What is well-formed, and in no table yet, is taken with a warning; what is not is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from inferform import (
    BatchTransform,
    Channel,
    Component,
    Context,
    Ec2Capacity,
    EcsCluster,
    EksCluster,
    Environment,
    FrameworkContainer,
    Image,
    Inference,
    InferenceComponentEndpoint,
    Model,
    Network,
    NodeGroup,
    NodeGroups,
    ProcessingJob,
    RealtimeEndpoint,
    Registry,
    Replication,
    Repository,
    SpecError,
    TrainingJob,
)
from inferform.spec import Listed, problems_of, walk
from tests.specs.fields import fields

from .tables import DATA

MODEL = Model(image=Image(repository="fraud", tag="1"), artifact="fraud/1/model.tar.gz")
CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)


@dataclass(frozen=True)
class Case:
    """A field whose values a table has."""

    table: str
    make: Callable[[Any], Any]
    unknown: str
    """Of the form that AWS's names have."""

    ill: str
    warns: str
    """The id of the warning."""


def _nodes(instance_type: str) -> NodeGroups:
    group = NodeGroup(instance_types=[instance_type, "m5.large"], min_size=1, max_size=2)
    return NodeGroups(groups={"cpu": group})


def _components_in(region: str) -> Environment:
    component = Component(model=MODEL, accelerators=1, min_memory_mib=4096)
    endpoint = InferenceComponentEndpoint(
        instance_type="ml.g5.xlarge", max_instances=2, components={"llm": component}
    )
    return Environment(
        context=CONTEXT.replace(region=region),
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        inference=Inference(endpoints={"shared": endpoint}),
    )


CASES = {
    "hosting": Case(
        "hosting_instance_types.json",
        lambda value: RealtimeEndpoint(model=MODEL, instance_type=value),
        "ml.m9.xlarge",
        "ml.m5.larg",
        "TAB1",
    ),
    "transform": Case(
        "transform_instance_types.txt",
        lambda value: BatchTransform(
            model=MODEL,
            instance_type=value,
            input="s3://acme-in/requests/",
            output="s3://acme-out/predictions/",
        ),
        "ml.m9.xlarge",
        "m5.large",
        "TAB1",
    ),
    "training": Case(
        "training_instance_types.json",
        lambda value: TrainingJob(
            image=Image(repository="fraud", tag="1"),
            instance_type=value,
            channels={"train": Channel(uri="data/")},
        ),
        "ml.m9.xlarge",
        "m5.large",
        "TAB1",
    ),
    "processing": Case(
        "processing_instance_types.json",
        lambda value: ProcessingJob(image=Image(repository="fraud", tag="1"), instance_type=value),
        "ml.m9.xlarge",
        "m5.large",
        "TAB1",
    ),
    "ECS capacity": Case(
        "ec2_instance_types.json",
        lambda value: Ec2Capacity(instance_types=[value, "m5.large"], max_instances=2),
        "m99.large",
        "m5.lrge",
        "TAB1",
    ),
    "EKS nodes": Case("ec2_instance_types.json", _nodes, "m99.large", "ml.m5.large", "EKS21"),
    "Region": Case(
        "regions.txt", lambda value: CONTEXT.replace(region=value), "eu-west-9", "eu-wst-1", "TAB1"
    ),
    "Region of copies": Case(
        "regions.txt", lambda value: Replication(regions=[value]), "eu-west-9", "eu-wst-1", "TAB1"
    ),
    "Region of components": Case(
        "inference_component_regions.txt", _components_in, "us-west-1", "us-wst-1", "IC14"
    ),
    "interface endpoint": Case(
        "interface_endpoints.txt",
        lambda value: Network(cidr="10.20.0.0/16", interface_endpoints=[value]),
        "brand-new",
        "brand_new",
        "VPC5",
    ),
    "EKS version": Case(
        "eks_versions.json",
        lambda value: EksCluster(version=value, compute=_nodes("m5.xlarge")),
        "1.99",
        "1.99.1",
        "EKS20",
    ),
    "container": Case(
        "framework_containers.json",
        lambda value: FrameworkContainer(framework="xgboost", version=value),
        "99.1-1",
        "newest",
        "FWK3",
    ),
}


def warnings(spec: Any) -> set[str]:
    """The ids of the warnings of a Spec and of those inside of it."""
    inside = (each for _, each in walk(spec))
    found = [problem for each in (spec, *inside) for problem in problems_of(each)]
    assert {problem.severity for problem in found} <= {"warning"}
    return {problem.rule for problem in found}


def test_every_table_of_the_package_has_a_case() -> None:
    assert {case.table for case in CASES.values()} == {each.name for each in DATA.glob("*.*")}


@pytest.mark.parametrize("name", CASES)
def test_what_is_well_formed_and_unknown_is_taken_with_a_warning(name: str) -> None:
    case = CASES[name]
    assert case.warns in warnings(case.make(case.unknown))


@pytest.mark.parametrize("name", CASES)
def test_what_is_not_well_formed_is_refused(name: str) -> None:
    with pytest.raises(SpecError):
        CASES[name].make(CASES[name].ill)


def test_every_value_of_a_table_has_the_form_that_its_field_takes() -> None:
    listed = [
        (str(leaf), each) for leaf in fields() for each in leaf.rules if isinstance(each, Listed)
    ]
    assert len(listed) > 5
    for name, table in listed:
        odd = [value for value in table.values() if not re.fullmatch(table.form, value)]
        assert odd == [], name


def test_the_warning_says_where_and_what_is_like_it() -> None:
    (problem,) = problems_of(
        Ec2Capacity(instance_types=["m5.large", "m5.7xlarge"], max_instances=2)
    )
    assert problem.where == "instance_types.1"
    assert str(problem).startswith(
        "instance_types.1: is not an EC2 instance type that Inferform knows, got 'm5.7xlarge'; did you mean"
    )


def test_a_type_that_ecs_has_no_machine_image_for_is_known_and_refused() -> None:
    with pytest.raises(SpecError, match="ECS40"):
        Ec2Capacity(instance_types=["inf9.xlarge"], max_instances=2)


def test_an_environment_of_what_is_unknown_is_synthesized(synthesize: Callable[..., Any]) -> None:
    environment = Environment(
        context=CONTEXT.replace(region="eu-west-9"),
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        ecs=EcsCluster(
            capacity={"large": Ec2Capacity(instance_types=["m99g.large"], max_instances=2)}
        ),
        inference=Inference(
            endpoints={
                "fraud": RealtimeEndpoint(
                    model=MODEL, instance_type="ml.p99.48xlarge", instance_count=2
                )
            },
        ),
    )
    stacks = synthesize(environment)
    assert stacks.keys() == {
        f"dev-euw9-{layer}" for layer in ("network", "registry", "ecs", "inference")
    }
    (configuration,) = stacks["dev-euw9-inference"]["resource"][
        "aws_sagemaker_endpoint_configuration"
    ].values()
    (variant,) = configuration["production_variants"]
    assert variant["instance_type"] == "ml.p99.48xlarge"
    # The family says that it is Arm, so the machine image is.
    assert "amazon-linux-2023/arm64/recommended" in str(stacks["dev-euw9-ecs"])
