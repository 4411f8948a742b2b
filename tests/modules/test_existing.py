"""What a team already has, and its rules for names, tags and rights, in synthesized JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    ConfigurationError,
    ContainerHealth,
    ContainerOptions,
    DataCapture,
    EcsCluster,
    EcsService,
    Environment,
    Existing,
    Fargate,
    Identity,
    Inference,
    LoadBalancer,
    Naming,
    Network,
    Permissions,
    PolicyStatement,
    Registry,
    Repository,
    Route,
    S3Backend,
    SpecError,
)
from inferform.between import between
from inferform.identity import policies
from inferform.identity.spec import RoleService
from inferform.service import Place
from inferform.spec import problems_of, walk
from tests.conftest import Synthesized
from tests.names.test_taken import (
    BATCH,
    CERTIFICATE,
    CONTEXT,
    ENDPOINT,
    MODEL,
    as_made,
    environment,
    names_made,
    service,
)

pytestmark = pytest.mark.long

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
    # A template that begins with the name leaves nothing before it to describe a key by.
    told = {
        body["description"]
        for stack in synthesize(made).values()
        for body in stack["resource"].get("aws_kms_key", {}).values()
    }
    assert told == {f"Inferform data of {made.context.prefix or made.key}"}
    assert not any(each.endswith(" ") for each in told)


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


def test_states_are_encrypted_under_the_key_that_is_named_in_its_own_region(
    synthesize: Synthesize,
) -> None:
    key = "arn:aws:kms:eu-central-1:999988887777:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    backend = S3Backend(bucket="acme-terraform", region="eu-central-1", kms_key=key)
    made = environment(
        context=CONTEXT.replace(backend=backend),
        inference=Inference(endpoints={"fraud": ENDPOINT}),
    )
    stack = stack_of(synthesize, made)
    states = [stack["terraform"]["backend"]["s3"]]
    states += [each["config"] for each in stack["data"]["terraform_remote_state"].values()]
    assert len(states) == 3
    assert {(each["region"], each["encrypt"], each["kms_key_id"]) for each in states} == {
        ("eu-central-1", True, key)
    }
    # What works in AWS stays in the environment's Region.
    assert [each["region"] for each in stack["provider"]["aws"]] == ["us-east-1"]


def test_roles_of_layers_are_made_under_the_path_and_boundary_that_are_named(
    synthesize: Synthesize,
) -> None:
    made = environment(
        context=CONTEXT.replace(
            permissions_boundary="platform/boundary", naming=Naming(role_path="/delegated/ml/")
        ),
        inference=Inference(endpoints={"fraud": ENDPOINT}),
    )
    roles = stack_of(synthesize, made)["resource"]["aws_iam_role"].values()
    assert {(each["path"], each["permissions_boundary"]) for each in roles} == {
        ("/delegated/ml/", "arn:aws:iam::111122223333:policy/platform/boundary")
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


def test_rights_of_a_role_that_somebody_else_made_are_refused_with_the_reason(
    synthesize: Synthesize,
) -> None:
    endpoint = ENDPOINT.replace(
        permissions={"execution": MORE},
        existing=Existing(execution_role="arn:aws:iam::111122223333:role/fraud"),
    )
    made = environment(inference=Inference(endpoints={"fraud": endpoint}))
    with pytest.raises(ConfigurationError, match=r"as existing.execution_role takes its.*PRM4"):
        synthesize(made)


def readable(number: int) -> Permissions:
    """Statements of 130 characters each."""
    resources = [f"arn:aws:s3:::{'x' * 50}-{each}/*" for each in range(number)]
    return Permissions(
        statements=[
            PolicyStatement(actions=["s3:GetObject"], resources=[each]) for each in resources
        ]
    )


def test_statements_fit_into_the_inline_policies_of_a_role() -> None:
    readable(50)
    with pytest.raises(SpecError, match=r"19,405 characters.*10,240.*PRM7"):
        readable(150)


def test_statements_fit_beside_the_policy_that_a_role_has_anyway(synthesize: Synthesize) -> None:
    def made(number: int) -> None:
        endpoint = ENDPOINT.replace(permissions={"execution": readable(number)})
        synthesize(environment(inference=Inference(endpoints={"fraud": endpoint})))

    made(50)
    says = (
        r"inference\.endpoints\.fraud\.permissions\.execution\.statements: have 1\d,\d{3} characters "
        r"with \d(,\d{3})?\d* of Inferform's own.*PRM7"
    )
    with pytest.raises(ConfigurationError, match=says):
        made(78)


@pytest.mark.parametrize(
    ("given", "of_made"),
    [
        ({"security_groups": ["sg-0a1b2c3d4e5f67890"]}, {"egress_cidrs": ["10.9.0.0/16"]}),
        ({"log_group": "/risk/fraud"}, {"log_retention_days": 90}),
    ],
)
def test_a_field_about_what_is_not_made_is_a_warning(
    given: dict[str, Any], of_made: dict[str, Any]
) -> None:
    def warned(existing: Existing) -> list[tuple[str, str, str]]:
        service = EcsService(
            model=MODEL,
            compute=Fargate(cpu=1024, memory_mib=2048),
            existing=existing,
            container=ContainerOptions(health=ContainerHealth(command=["true"])),
            **of_made,
        )
        place = Place(("inference", "services", "fraud"), environment())
        found = service.existing_problems(place)
        return [(problem.rule, problem.where, problem.severity) for problem in found]

    assert warned(Existing(**given)) == [("EXI8", next(iter(of_made)), "warning")]
    assert warned(Existing()) == []


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1", "eu-west-1"])
def test_policies_are_of_the_partition_of_the_region(region: str) -> None:
    reads = PolicyStatement(actions=["s3:GetObject"], resources=["arn:aws:s3:::acme/*"])
    read = PolicyStatement(
        actions=["s3:GetObject"], principals={"AWS": ["arn:aws:iam::444455556666:root"]}
    )
    given = Permissions(statements=[reads], policies=["arn:aws:iam::aws:policy/ReadOnlyAccess"])
    network = Network(
        cidr="10.0.0.0/16", permissions={"flow-log-role": given}, endpoint_policies={"s3": [read]}
    )
    found = {
        problem.where
        for path, spec in walk(network)
        for problem in spec.check_in(CONTEXT.replace(region=region))
        for problem in [problem.under(*path)]
        if problem.rule == "POL6"
    }
    wrong = {
        "permissions.flow-log-role.policies.0",
        "permissions.flow-log-role.statements.0.resources.0",
        "endpoint_policies.s3.0.principals.AWS.0",
    }
    assert found == (set() if region == "eu-west-1" else wrong)


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


# What somebody else made for one service

ROLE = "arn:aws:iam::111122223333:role/security/fraud"
KEY = "arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SUBNETS = ["subnet-0a1b2c3d4e5f67890", "subnet-1a1b2c3d4e5f67890"]
GROUP = "sg-0a1b2c3d4e5f67890"
THEIRS = Existing(execution_role=ROLE, kms_key=KEY, subnets=SUBNETS, security_groups=[GROUP])


def one(stack: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = stack["resource"][kind].values()
    assert isinstance(found, dict)
    return found


def endpoint_with(synthesize: Synthesize, **existing: Any) -> dict[str, Any]:
    endpoint = ENDPOINT.replace(existing=Existing(**existing), data_capture=DataCapture())
    made = environment(inference=Inference(endpoints={"fraud": endpoint}))
    return stack_of(synthesize, made)


def test_an_endpoint_runs_with_the_role_that_exists_and_makes_none(
    synthesize: Synthesize,
) -> None:
    stack = endpoint_with(synthesize, execution_role=ROLE)
    assert one(stack, "aws_sagemaker_model")["execution_role_arn"] == ROLE
    assert "aws_iam_role" not in stack["resource"]
    (needed,) = stack["//"]["metadata"]["inferform"]["roles"].values()
    assert (needed["arn"], needed["service"]) == (ROLE, "sagemaker.amazonaws.com")
    assert "ReadArtifact" in {each["Sid"] for each in needed["statements"]}


def test_a_key_of_a_service_encrypts_all_that_is_its_own_and_the_role_may_use_it(
    synthesize: Synthesize,
) -> None:
    stack = endpoint_with(synthesize, kms_key=KEY)
    configuration = one(stack, "aws_sagemaker_endpoint_configuration")
    assert configuration["kms_key_arn"] == KEY
    assert configuration["data_capture_config"]["kms_key_id"] == KEY
    assert one(stack, "aws_cloudwatch_log_group")["kms_key_id"] == KEY
    statements = {
        each["Sid"]: each["Resource"]
        for each in json.loads(one(stack, "aws_iam_role_policy")["policy"])["Statement"]
    }
    assert statements["CaptureDataKey"] == KEY
    # The artifact is under the environment's key all the same.
    assert statements["DecryptArtifact"] != KEY


def test_subnets_and_groups_of_a_service_take_the_place_of_the_environments(
    synthesize: Synthesize,
) -> None:
    vpc = one(endpoint_with(synthesize, subnets=SUBNETS), "aws_sagemaker_model")["vpc_config"]
    assert vpc["subnets"] == SUBNETS
    assert vpc["security_group_ids"] != [GROUP]
    vpc = one(endpoint_with(synthesize, security_groups=[GROUP]), "aws_sagemaker_model")
    assert vpc["vpc_config"]["security_group_ids"] == [GROUP]
    assert vpc["vpc_config"]["subnets"] != SUBNETS


@pytest.mark.parametrize(
    "given",
    [
        {"kms_key": KEY},
        {"subnets": SUBNETS},
        {"security_groups": [GROUP]},
        {"execution_role": ROLE},
    ],
)
def test_what_is_given_rolls_the_endpoint(synthesize: Synthesize, given: dict[str, Any]) -> None:
    kind = "aws_sagemaker_endpoint_configuration"
    before, after = (one(endpoint_with(synthesize, **each), kind) for each in ({}, given))
    assert before["name"] != after["name"]


def test_tasks_run_with_what_exists_alone(synthesize: Synthesize) -> None:
    existing = Existing(
        execution_role=ROLE,
        task_role=ROLE,
        kms_key=KEY,
        subnets=SUBNETS,
        security_groups=[GROUP],
    )
    made = environment(inference=Inference(services={"web": service("web", existing=existing)}))
    stack = stack_of(synthesize, made)
    definition = one(stack, "aws_ecs_task_definition")
    assert (definition["execution_role_arn"], definition["task_role_arn"]) == (ROLE, ROLE)
    network = one(stack, "aws_ecs_service")["network_configuration"]
    assert (network["subnets"], network["security_groups"]) == (SUBNETS, [GROUP])
    assert one(stack, "aws_cloudwatch_log_group")["kms_key_id"] == KEY
    assert not {"aws_iam_role", "aws_security_group"} & stack["resource"].keys()
    assert {as_made(name) for path, name in made.names if path[0] == "inference"} <= {
        *names_made(stack)
    }


def test_a_batch_transform_runs_with_what_exists(synthesize: Synthesize) -> None:
    batch = BATCH.replace(existing=THEIRS, tags={"team": "risk"})
    made = environment(inference=Inference(batch={"score": batch}))
    stack = stack_of(synthesize, made)
    model = one(stack, "aws_sagemaker_model")
    assert model["execution_role_arn"] == ROLE
    assert model["vpc_config"] == {"subnets": SUBNETS, "security_group_ids": [GROUP]}
    job = one(stack, "aws_sfn_state_machine")["definition"]
    assert f'"VolumeKmsKeyId": "{KEY}"' in job
    assert '{"Key": "team", "Value": "risk"}' in job
    assert {as_made(name) for path, name in made.names if path[0] == "inference"} <= {
        *names_made(stack)
    }


def test_the_deploy_role_passes_the_roles_that_identity_names() -> None:
    statements = policies.deploy(
        CONTEXT.replace(deploy_role="d", plan_role="p", permissions_boundary="b"),
        ["us-east-1"],
        existing_roles=[ROLE],
    )
    (passes,) = (each for each in statements if each["Sid"] == "PassRoles")
    assert passes["Resource"][0] == ROLE


OTHER = "arn:aws:iam::999988887777:role/fraud"


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"execution_role": "fraud"}, "ARN1"),
        ({"execution_role": OTHER}, "EXI1"),
        ({"task_role": ROLE}, "EXI4"),
        ({"kms_key": KEY.replace("us-east-1", "eu-west-1")}, "EXI2"),
        ({"kms_key": KEY.replace("key/", "alias/")}, "ARN1"),
        ({"subnets": SUBNETS[:1]}, "EXI3"),
        ({"subnets": SUBNETS[:1] * 2}, "EXI3"),
        ({"subnets": [GROUP, GROUP]}, "EXI6"),
        ({"security_groups": [GROUP, GROUP]}, "EXI5"),
    ],
)
def test_what_cannot_be_used_is_refused(given: dict[str, Any], rule: str) -> None:
    def made() -> Environment:
        endpoint = ENDPOINT.replace(existing=Existing(**given))
        return environment(inference=Inference(endpoints={"fraud": endpoint}))

    with pytest.raises(SpecError, match=rule):
        made()


def test_an_endpoint_outside_the_vpc_takes_no_subnets() -> None:
    endpoint = ENDPOINT.replace(vpc=False, existing=Existing(subnets=SUBNETS))
    with pytest.raises(SpecError, match=r"existing.subnets.*not in the VPC.*EXI4"):
        environment(inference=Inference(endpoints={"fraud": endpoint}))


# The environment's key


def with_key(arn: str) -> Environment:
    registry = Registry(repositories={"fraud": Repository()}, kms_key=arn)
    return environment(registry=registry, inference=Inference(endpoints={"fraud": ENDPOINT}))


def test_the_environments_key_may_be_somebody_elses_beside_a_bucket_of_its_own(
    synthesize: Synthesize,
) -> None:
    made = with_key(KEY)
    stack = stack_of(synthesize, made, "registry")
    assert not {"aws_kms_key", "aws_kms_alias"} & stack["resource"].keys()
    (encryption,) = stack["resource"]["aws_s3_bucket_server_side_encryption_configuration"].values()
    assert KEY in json.dumps(encryption)
    assert one(stack, "aws_ecr_repository")["encryption_configuration"][0]["kms_key"] == KEY
    assert stack["output"]["kms_key_arn"]["value"] == KEY
    assert {as_made(name) for path, name in made.names if path[0] == "registry"} <= {
        *names_made(stack)
    }


def test_the_environments_key_is_of_its_region() -> None:
    with pytest.raises(SpecError, match=r"registry\.kms_key: is in eu-west-1.*EXI2"):
        with_key(KEY.replace("us-east-1", "eu-west-1"))
