"""What a team already has, and its rules for names, tags and rights, in synthesized JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    ConfigurationError,
    EcsCluster,
    Environment,
    Identity,
    Inference,
    LoadBalancer,
    Naming,
    Network,
    Permissions,
    PolicyStatement,
    Route,
    S3Backend,
    SpecError,
)
from inferform.between import between
from inferform.identity.spec import RoleService
from inferform.spec import problems_of
from tests.conftest import Synthesized
from tests.names.test_taken import (
    CERTIFICATE,
    CONTEXT,
    ENDPOINT,
    MODEL,
    as_made,
    environment,
    names_made,
    service,
)

Synthesize = Callable[..., Synthesized]


def stack_of(synthesize: Synthesize, made: Environment, layer: str = "inference") -> dict[str, Any]:
    return synthesize(made)[f"{made.key}-{layer}"]


@pytest.mark.parametrize("template", ["{name}-{organization}", "{stage}-{organization}-ml-{name}"])
def test_every_layer_names_by_the_template(synthesize: Synthesize, template: str) -> None:
    route = Route(load_balancer="shared", paths=["/web/*"], grace_seconds=120)
    made = environment(
        context=CONTEXT.replace(naming=Naming(template=template)),
        ecs=EcsCluster(load_balancers={"shared": LoadBalancer(certificate=CERTIFICATE)}),
        inference=Inference(
            endpoints={"fraud": ENDPOINT, "a" * 32: ENDPOINT},
            services={"web": service("web", route=route)},
        ),
    )
    found = {each for stack in synthesize(made).values() for each in names_made(stack)}
    assert {as_made(name) for _, name in made.names} <= found
    roles = [name for kind, name in found if kind == "aws_iam_role"]
    assert roles
    assert all(map(made.context.is_own_name, roles))


def test_a_template_that_makes_a_reserved_name_is_refused() -> None:
    with pytest.raises(SpecError, match=r"makes the name internal-acme.*ELB17"):
        environment(context=CONTEXT.replace(naming=Naming(template="{name}-{organization}")))


def test_states_are_kept_and_read_in_the_bucket_that_is_named(synthesize: Synthesize) -> None:
    made = environment(
        context=CONTEXT.replace(backend=S3Backend(bucket="acme-terraform", prefix="ml")),
        inference=Inference(endpoints={"fraud": ENDPOINT}),
    )
    stack = stack_of(synthesize, made)
    states = [stack["terraform"]["backend"]["s3"]]
    states += [each["config"] for each in stack["data"]["terraform_remote_state"].values()]
    assert {(each["bucket"], each["key"]) for each in states} == {
        ("acme-terraform", f"ml/dev-use1/{layer}.tfstate")
        for layer in ("inference", "network", "registry")
    }


# Rights

TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/features"
READ = PolicyStatement(actions=["dynamodb:GetItem"], resources=[TABLE])
READER = "arn:aws:iam::111122223333:policy/feature-store-reader"
MORE = Permissions(statements=[READ], policies=[READER])


def permitted(synthesize: Synthesize, made: Environment) -> dict[str, list[str]]:
    """The addresses of the policies that roles have more, by what waits for them."""
    stack = stack_of(synthesize, made)
    kinds = stack["resource"]
    more = {
        f"{kind}.{name}"
        for kind in ("aws_iam_role_policy", "aws_iam_role_policy_attachment")
        for name, each in kinds.get(kind, {}).items()
        if each.get("name") == "more" or each.get("policy_arn") == READER
    }
    assert len(more) == 2
    (policy,) = (each for each in kinds["aws_iam_role_policy"].values() if each["name"] == "more")
    assert json.loads(policy["policy"])["Statement"] == [
        {"Effect": "Allow", "Action": ["dynamodb:GetItem"], "Resource": [TABLE]}
    ]
    return {
        kind: [name for name, each in named.items() if more <= {*each.get("depends_on", ())}]
        for kind, named in kinds.items()
    }


def test_the_role_of_an_endpoint_may_more_before_its_model_is_there(
    synthesize: Synthesize,
) -> None:
    endpoint = ENDPOINT.replace(permissions={"execution": MORE})
    made = environment(inference=Inference(endpoints={"fraud": endpoint}))
    assert len(permitted(synthesize, made)["aws_sagemaker_model"]) == 1


def test_the_tasks_of_a_service_have_a_role_for_what_they_may_more(
    synthesize: Synthesize,
) -> None:
    model = MODEL.replace(artifact=None)
    web = service("web", model=model, permissions={"task": MORE})
    made = environment(inference=Inference(services={"web": web}))
    assert len(permitted(synthesize, made)["aws_ecs_service"]) == 1


def test_more_rights_rename_nothing(synthesize: Synthesize) -> None:
    def names(**changes: Any) -> set[tuple[str, str]]:
        endpoint = ENDPOINT.replace(**changes)
        made = environment(inference=Inference(endpoints={"fraud": endpoint}))
        return {*names_made(stack_of(synthesize, made))}

    assert names(permissions={"execution": MORE}, tags={"cost-center": "42"}) == names()


def test_rights_of_a_role_that_is_not_made_are_refused_with_those_that_are(
    synthesize: Synthesize,
) -> None:
    endpoint = ENDPOINT.replace(permissions={"exection": MORE})
    made = environment(inference=Inference(endpoints={"fraud": endpoint}))
    with pytest.raises(ConfigurationError, match=r"exection.*did you mean execution.*PRM4"):
        synthesize(made)


def test_the_deploy_role_attaches_the_policies_that_identity_names(synthesize: Synthesize) -> None:
    made = environment(
        context=CONTEXT.replace(
            deploy_role="deploy", plan_role="plan", permissions_boundary="boundary"
        ),
        identity=Identity(
            operators=["arn:aws:iam::111122223333:role/admin"], role_policies=[READER]
        ),
    )
    stack = stack_of(synthesize, made, "identity")
    (policy,) = (
        each
        for each in stack["resource"]["aws_iam_role_policy"].values()
        if each["name"] == "deploy"
    )
    (attach,) = (
        each
        for each in json.loads(policy["policy"])["Statement"]
        if each["Sid"] == "AttachPolicies"
    )
    assert READER in attach["Condition"]["ArnLike"]["iam:PolicyARN"]


def bounded(*services: RoleService) -> list[str]:
    endpoint = ENDPOINT.replace(permissions={"execution": MORE})
    made = environment(
        context=CONTEXT.replace(
            deploy_role="deploy", plan_role="plan", permissions_boundary="boundary"
        ),
        identity=Identity(
            operators=["arn:aws:iam::111122223333:role/admin"], role_services=[*services]
        ),
        inference=Inference(endpoints={"fraud": endpoint}),
    )
    return [str(each) for each in problems_of(made) if each.rule == "PRM5"]


def test_a_right_that_the_boundary_cuts_is_told() -> None:
    (told,) = bounded()
    assert "fraud.permissions.execution.statements.0: allows dynamodb:GetItem" in told
    assert bounded("dynamodb") == []


def test_a_right_is_held_against_the_boundary_that_another_environment_makes() -> None:
    context = CONTEXT.replace(
        deploy_role="deploy", plan_role="plan", permissions_boundary="boundary"
    )
    owner = environment(
        context=context, identity=Identity(operators=["arn:aws:iam::111122223333:role/admin"])
    )
    endpoint = ENDPOINT.replace(permissions={"execution": MORE})
    other = environment(
        context=context.replace(stage="test"),
        network=Network(cidr="10.30.0.0/16"),
        inference=Inference(endpoints={"fraud": endpoint}),
    )
    told = {"dev-use1": owner, "test-use1": other}
    assert [(key, each.rule) for key, each in between(told)] == [("test-use1", "PRM5")]


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"actions": ["*"]}, "PRM1"),
        ({"resources": ["features"]}, "PRM2"),
        ({"resources": []}, "PRM2"),
        ({"principals": {"AWS": ["*"]}}, "PRM3"),
    ],
)
def test_a_statement_that_a_role_cannot_have_is_refused(given: dict[str, Any], rule: str) -> None:
    statement = {"actions": ["dynamodb:GetItem"], "resources": [TABLE], **given}
    with pytest.raises(SpecError, match=rf"statements\.0.*{rule}"):
        Permissions(statements=[PolicyStatement(**statement)])


# Tags


def test_tags_of_a_service_are_on_all_that_is_made_for_it(synthesize: Synthesize) -> None:
    made = environment(
        inference=Inference(
            endpoints={"fraud": ENDPOINT.replace(tags={"cost-center": "42"}), "other": ENDPOINT},
            services={"web": service("web", tags={"cost-center": "7"})},
        )
    )
    kinds = stack_of(synthesize, made)["resource"]
    for kind in ("aws_sagemaker_endpoint", "aws_sagemaker_model", "aws_iam_role"):
        found = [each.get("tags") for name, each in kinds[kind].items() if "fraud" in name]
        assert found
        assert all(tags["cost-center"] == "42" for tags in found)
        assert not any(each.get("tags") for name, each in kinds[kind].items() if "other" in name)
    (group,) = (each for name, each in kinds["aws_security_group"].items() if "web" in name)
    assert group["tags"] == {"Name": group["name"], "cost-center": "7"}


@pytest.mark.parametrize("key", ["Owner", "owner", "Name", "TEAM"])
def test_a_tag_that_iam_takes_for_another_is_refused(key: str) -> None:
    with pytest.raises(SpecError, match=rf"fraud\.tags\.{key}: is the same key.*TAG1"):
        environment(
            context=CONTEXT.replace(tags={"team": "ml"}),
            inference=Inference(endpoints={"fraud": ENDPOINT.replace(tags={key: "x"})}),
        )


def test_a_tag_of_a_service_takes_the_place_of_the_contexts() -> None:
    made = environment(
        context=CONTEXT.replace(tags={"team": "ml"}),
        inference=Inference(endpoints={"fraud": ENDPOINT.replace(tags={"team": "risk"})}),
    )
    assert not [each for each in problems_of(made) if each.rule == "TAG1"]


def test_more_tags_than_aws_takes_are_refused() -> None:
    with pytest.raises(SpecError, match=r"make 43 tags.*TAG2"):
        environment(
            context=CONTEXT.replace(tags={f"c{number}": "x" for number in range(40)}),
            inference=Inference(
                endpoints={"fraud": ENDPOINT.replace(tags={"a": "1", "b": "2", "c": "3"})}
            ),
        )
