"""The identity layer, groups, moves and bounded roles in synthesized JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, get_args

import pytest

import inferform
from inferform import (
    Context,
    Environment,
    GitHub,
    GitLab,
    Identity,
    Image,
    Inference,
    Model,
    Naming,
    Network,
    RealtimeEndpoint,
    Registry,
    Repository,
    SpecError,
    load,
)
from inferform.access import Access, services
from inferform.identity import policies
from inferform.identity.access import ACCESS
from inferform.identity.spec import DeployService, RoleService
from inferform.kms import access as kms
from inferform.target import AWS
from tests.rights import allows
from tests.service_models import service_model
from tests.terraform_requests import DATA_SOURCES, REQUESTS, imported_types

pytestmark = pytest.mark.long

Synthesize = Callable[..., dict[str, dict[str, Any]]]

CONTEXT = Context(
    organization="acme",
    stage="dev",
    account="111122223333",
    region="us-east-1",
    owner="ml",
    deploy_role="inferform-deploy",
    plan_role="inferform-plan",
    permissions_boundary="inferform-boundary",
)
IDENTITY = Identity(
    github=GitHub(repository="acme/inference", environments=["dev"]),
    operators=["arn:aws:iam::222233334444:role/admin"],
    regions=["eu-west-1"],
)


def _inference(*names: str) -> Inference:
    model = Model(image=Image(repository="fraud", tag="1"))
    return Inference(
        endpoints={
            name: RealtimeEndpoint(model=model, instance_type="ml.m5.large") for name in names
        }
    )


def _environment(**changes: Any) -> Environment:
    given: dict[str, Any] = {
        "context": CONTEXT,
        "network": Network(cidr="10.20.0.0/16"),
        "registry": Registry(repositories={"fraud": Repository()}),
        "inference": _inference("fraud"),
    }
    return Environment(**{**given, **changes})


def _resources(stack: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {
        resource["//"]["metadata"]["path"].split("/", 1)[1]: resource
        for resource in stack["resource"].get(kind, {}).values()
    }


def _statements(text: str) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in json.loads(text)["Statement"]}


def _allows(statements: Iterable[dict[str, Any]], action: str, resource: str) -> bool:
    """Whether the statements allow an action on a resource, conditions aside."""

    def matches(statement: dict[str, Any]) -> bool:
        if "NotResource" in statement:
            return False
        actions, resources = statement["Action"], statement["Resource"]
        return any(
            fnmatchcase(action, pattern)
            for pattern in ([actions] if isinstance(actions, str) else actions)
        ) and any(
            fnmatchcase(resource, pattern)
            for pattern in ([resources] if isinstance(resources, str) else resources)
        )

    effects = {statement["Effect"] for statement in statements if matches(statement)}
    return effects == {"Allow"}


def test_the_trust_of_jobs_of_gitlab_names_project_and_branch(synthesize: Synthesize) -> None:
    gitlab = GitLab(project="acme/ml/inference", issuer="gitlab.acme.com")
    stack = synthesize(_environment(identity=Identity(gitlab=gitlab)))["dev-use1-identity"]
    (provider,) = _resources(stack, "aws_iam_openid_connect_provider").values()
    assert provider["url"] == "https://gitlab.acme.com"
    assert provider["client_id_list"] == ["https://gitlab.acme.com"]
    roles = _resources(stack, "aws_iam_role")
    deploy = _statements(roles["roles/deploy"]["assume_role_policy"])["GitLab"]
    plan = _statements(roles["roles/plan"]["assume_role_policy"])["GitLab"]
    federated = {"Federated": "arn:aws:iam::111122223333:oidc-provider/gitlab.acme.com"}
    assert deploy["Principal"] == plan["Principal"] == federated
    audience = {"gitlab.acme.com:aud": "https://gitlab.acme.com"}
    branches = "project_path:acme/ml/inference:ref_type:branch:ref"
    assert deploy["Condition"] == {
        "StringEquals": {**audience, "gitlab.acme.com:sub": [f"{branches}:main"]}
    }
    # A merge request's job has the branch that is to be merged as its subject.
    assert plan["Condition"] == {
        "StringEquals": audience,
        "StringLike": {"gitlab.acme.com:sub": [f"{branches}:*"]},
    }


def _given(count: int) -> list[str]:
    return [
        f"arn:aws:iam::111122223333:role/platform/service-{n:03d}-execution" for n in range(count)
    ]


def test_a_deploy_role_without_room_for_the_roles_of_others_has_a_managed_policy_beside(
    synthesize: Synthesize,
) -> None:
    def made(count: int) -> dict[str, Any]:
        identity = IDENTITY.replace(existing_roles=_given(count))
        return synthesize(_environment(identity=identity))["dev-use1-identity"]

    few, many = made(1), made(40)
    assert "aws_iam_role_policy_attachment" not in few["resource"]
    inline = _resources(many, "aws_iam_role_policy")["roles/deploy-policy"]["policy"]
    (attached,) = _resources(many, "aws_iam_role_policy_attachment").values()
    beside = _resources(many, "aws_iam_policy")["roles/deploy-roles"]
    assert beside["name"] == "inferform-deploy-roles"
    assert "aws_iam_policy.roles_deploy-roles" in attached["policy_arn"]
    assert _statements(beside["policy"])["PassRoles"]["Resource"][:40] == _given(40)
    both = [*_statements(inline).values(), *_statements(beside["policy"]).values()]
    whole = IDENTITY.replace(existing_roles=_given(40)).deploy_statements(CONTEXT)
    assert sorted(map(str, both)) == sorted(map(str, whole))
    for text, limit in ((inline, 10_240), (beside["policy"], 6_144)):
        assert len(json.dumps(json.loads(text), separators=(",", ":"))) <= limit
    # Only what allows goes beside.
    assert {each["Effect"] for each in _statements(beside["policy"]).values()} == {"Allow"}


def test_the_deploy_role_may_not_change_its_policy_beside_under_a_name_of_the_layers() -> None:
    context = CONTEXT.replace(
        deploy_role="delegated/acme-deploy", naming=Naming(role_path="/delegated/")
    )
    statements = IDENTITY.deploy_statements(context)
    policy = "arn:aws:iam::111122223333:policy/delegated/acme-deploy-roles"
    assert not allows(statements, "iam:CreatePolicyVersion", policy, {})
    assert allows(statements, "iam:CreatePolicyVersion", policy.replace("deploy-roles", "x"), {})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"existing_roles": _given(120)},
            r"existing_roles.*beside the deploy role's.*6,144.*IDN18",
        ),
        (
            {"role_policies": [each.replace(":role/", ":policy/") for each in _given(120)]},
            r"existing_roles.*beside the deploy role's.*IDN18",
        ),
    ],
)
def test_what_no_policy_of_the_layer_has_room_for_is_refused(
    given: dict[str, list[str]], message: str
) -> None:
    if "role_policies" in given:
        given = {
            "role_policies": [each.replace(":role/", ":policy/") for each in given["role_policies"]]
        }
    with pytest.raises(SpecError, match=message):
        _environment(identity=IDENTITY.replace(**given))


def test_the_audience_of_a_provider_that_somebody_else_made_is_what_tokens_must_have(
    synthesize: Synthesize,
) -> None:
    gitlab = GitLab(project="acme/inference", create_provider=False, audience="sts.amazonaws.com")
    stack = synthesize(_environment(identity=Identity(gitlab=gitlab)))["dev-use1-identity"]
    assert "aws_iam_openid_connect_provider" not in stack["resource"]
    for role in _resources(stack, "aws_iam_role").values():
        trusted = _statements(role["assume_role_policy"])["GitLab"]
        assert trusted["Condition"]["StringEquals"]["gitlab.com:aud"] == "sts.amazonaws.com"


def test_roles_and_the_boundary_are_made_under_the_paths_of_their_names(
    synthesize: Synthesize,
) -> None:
    context = CONTEXT.replace(
        deploy_role="platform/ci/deploy", plan_role="plan", permissions_boundary="platform/boundary"
    )
    stack = synthesize(_environment(context=context, identity=IDENTITY))["dev-use1-identity"]
    roles = _resources(stack, "aws_iam_role").values()
    assert {(each.get("path"), each["name"]) for each in roles} == {
        ("/platform/ci/", "deploy"),
        (None, "plan"),
    }
    (boundary,) = _resources(stack, "aws_iam_policy").values()
    assert (boundary["path"], boundary["name"]) == ("/platform/", "boundary")
    (deploy,) = (each for each in roles if each["name"] == "deploy")
    itself = _statements(deploy["assume_role_policy"])["Operators"]["Condition"]["ArnEquals"]
    assert "arn:aws:iam::111122223333:role/platform/ci/deploy" in itself["aws:PrincipalArn"]


def test_the_trust_of_each_role_names_repository_branch_and_environment(
    synthesize: Synthesize,
) -> None:
    stack = synthesize(_environment(identity=IDENTITY))["dev-use1-identity"]
    roles = _resources(stack, "aws_iam_role")
    assert {role["name"] for role in roles.values()} == {"inferform-deploy", "inferform-plan"}
    deploy = _statements(roles["roles/deploy"]["assume_role_policy"])
    plan = _statements(roles["roles/plan"]["assume_role_policy"])
    issuer = "token.actions.githubusercontent.com"
    assert deploy["GitHub"] == {
        "Sid": "GitHub",
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{issuer}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                f"{issuer}:aud": "sts.amazonaws.com",
                f"{issuer}:sub": ["repo:acme/inference:environment:dev"],
            }
        },
    }
    subjects = plan["GitHub"]["Condition"]["StringEquals"][f"{issuer}:sub"]
    assert subjects == [
        "repo:acme/inference:environment:dev",
        "repo:acme/inference:ref:refs/heads/main",
        "repo:acme/inference:pull_request",
    ]
    assert "*" not in json.dumps([deploy["GitHub"], plan["GitHub"]])
    assert deploy["Operators"]["Condition"]["ArnEquals"]["aws:PrincipalArn"] == [
        "arn:aws:iam::111122223333:role/inferform-deploy",
        "arn:aws:iam::222233334444:role/admin",
    ]


def test_the_roles_of_a_protected_environment_stay_and_a_deploy_may_take_four_hours(
    synthesize: Synthesize,
) -> None:
    people = ["arn:aws:iam::999988887777:role/b", "arn:aws:iam::222233334444:role/a"]
    environment = _environment(
        context=CONTEXT.replace(protected=True), identity=IDENTITY.replace(operators=people)
    )
    stack = synthesize(environment)["dev-use1-identity"]
    for kind in ("aws_iam_openid_connect_provider", "aws_iam_policy", "aws_iam_role"):
        found = _resources(stack, kind)
        assert found
        for each in found.values():
            assert each["lifecycle"]["prevent_destroy"] is True
    deploy, plan = (_resources(stack, "aws_iam_role")[f"roles/{n}"] for n in ("deploy", "plan"))
    assert (deploy["max_session_duration"], plan.get("max_session_duration")) == (14_400, None)
    trusted = _statements(deploy["assume_role_policy"])["Operators"]["Principal"]["AWS"]
    assert trusted == [
        f"arn:aws:iam::{account}:root"
        for account in ("111122223333", "222233334444", "999988887777")
    ]


def test_only_the_identity_layer_works_without_the_role_that_it_makes(
    synthesize: Synthesize,
) -> None:
    stacks = synthesize(_environment(identity=IDENTITY))
    deploy = "arn:aws:iam::111122223333:role/inferform-deploy"
    for name, stack in stacks.items():
        provider = stack["provider"]["aws"][0]
        backend = stack["terraform"]["backend"]["s3"]
        assumed = {
            json.dumps(provider.get("assume_role")),
            json.dumps(backend.get("assume_role")),
        }
        if name == "dev-use1-identity":
            assert assumed == {"null"}
        else:
            assert all(deploy in role for role in assumed)


def test_plans_are_synthesized_with_the_plan_role(synthesize: Synthesize) -> None:
    stacks = synthesize(_environment(identity=IDENTITY), target=replace(AWS, plans_only=True))
    inference = json.dumps(stacks["dev-use1-inference"])
    assert "role/inferform-plan" in inference
    assert "role/inferform-deploy" not in inference
    assert [
        r["name"] for r in stacks["dev-use1-identity"]["resource"]["aws_iam_role"].values()
    ] == [
        "inferform-deploy",
        "inferform-plan",
    ]


def test_every_state_is_encrypted_and_locked_wherever_it_is_read(synthesize: Synthesize) -> None:
    environment = _environment(
        identity=IDENTITY, inference={"risk": _inference("fraud"), "shop": _inference("ranking")}
    )
    checked = 0
    for stack in synthesize(environment).values():
        reads = stack.get("data", {}).get("terraform_remote_state", {}).values()
        for state in (stack["terraform"]["backend"]["s3"], *(read["config"] for read in reads)):
            assert state["encrypt"] is True
            assert state["use_lockfile"] is True
            checked += 1
    assert checked == 5 + 2 * 2


def test_every_role_has_the_boundary_that_the_context_names(synthesize: Synthesize) -> None:
    stacks = synthesize(_environment())
    roles = [
        role
        for stack in stacks.values()
        for role in stack["resource"].get("aws_iam_role", {}).values()
    ]
    assert roles
    assert {role["permissions_boundary"] for role in roles} == {
        "arn:aws:iam::111122223333:policy/inferform-boundary"
    }
    unbounded = synthesize(_environment(context=CONTEXT.replace(permissions_boundary=None)))
    assert "permissions_boundary" not in json.dumps(unbounded)


def test_groups_have_stacks_states_and_security_groups_of_their_own(
    synthesize: Synthesize,
) -> None:
    stacks = synthesize(
        _environment(inference={"risk": _inference("fraud"), "shop": _inference("ranking")})
    )
    groups = [stacks["dev-use1-inference-risk"], stacks["dev-use1-inference-shop"]]
    assert [stack["terraform"]["backend"]["s3"]["key"] for stack in groups] == [
        "dev-use1/inference-risk.tfstate",
        "dev-use1/inference-shop.tfstate",
    ]
    names: list[str] = []
    for stack in groups:
        for kind, resources in stack["resource"].items():
            if kind == "aws_iam_role_policy":
                continue  # its name is within its role
            names += [f"{kind} {r['name']}" for r in resources.values() if "name" in r]
    assert len(names) == len(set(names))
    assert any(name.startswith("aws_sagemaker_endpoint acme") for name in names)


def test_the_layers_of_an_environment_are_its_stacks(synthesize: Synthesize) -> None:
    environment = _environment(
        identity=IDENTITY, inference={"risk": _inference("fraud"), "shop": _inference("ranking")}
    )
    assert sorted(synthesize(environment)) == sorted(
        f"dev-use1-{layer}" for layer in environment.layers
    )


def test_the_layers_of_this_repositorys_environments_are_their_stacks(
    synthesize: Synthesize,
) -> None:
    environments = load(Path(inferform.__file__).parents[1] / "environments").environments
    assert sorted(synthesize(*environments.values())) == sorted(
        f"{key}-{layer}" for key, each in environments.items() for layer in each.layers
    )


def test_what_exists_is_imported_into_its_layer_only(synthesize: Synthesize) -> None:
    stacks = synthesize(_environment(imported={"network": {"aws_vpc.own": "vpc-1"}}))
    assert stacks["dev-use1-network"]["import"] == [{"to": "aws_vpc.own", "id": "vpc-1"}]
    assert "import" not in stacks["dev-use1-registry"]


def test_what_is_imported_is_kept_and_nothing_else_is(synthesize: Synthesize) -> None:
    made = synthesize(_environment())["dev-use1-network"]["resource"]
    (vpc,) = made["aws_vpc"]
    (tables,) = [each for each in made["aws_route_table"] if "public" in each]
    imported = {f"aws_vpc.{vpc}": "vpc-1", f"aws_route_table.{tables}[0]": "rtb-1"}
    kept = synthesize(_environment(imported={"network": imported}))["dev-use1-network"]["resource"]
    changed = {
        (kind, name): body["lifecycle"]
        for kind, resources in kept.items()
        for name, body in resources.items()
        if body != made[kind][name]
    }
    assert changed == {
        ("aws_vpc", vpc): {"prevent_destroy": True},
        ("aws_route_table", tables): {"prevent_destroy": True},
    }


def test_moved_resources_are_moved_in_their_layer_only(synthesize: Synthesize) -> None:
    stacks = synthesize(_environment(moved={"network": {"aws_vpc.old": "aws_vpc.new"}}))
    assert stacks["dev-use1-network"]["moved"] == [{"from": "aws_vpc.old", "to": "aws_vpc.new"}]
    assert "moved" not in stacks["dev-use1-registry"]


def test_the_deploy_role_cannot_give_itself_more_rights() -> None:
    statements = policies.deploy(CONTEXT, ["us-east-1"])
    own = "arn:aws:iam::111122223333:role/inferform/acme-dev-use1-fraud"
    deploy = "arn:aws:iam::111122223333:role/inferform-deploy"
    boundary = "arn:aws:iam::111122223333:policy/inferform-boundary"
    github = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
    assert _allows(statements, "iam:PutRolePolicy", own)
    assert _allows(statements, "sagemaker:UpdateEndpoint", "*")
    assert not _allows(statements, "iam:PutRolePolicy", deploy)
    assert not _allows(statements, "iam:UpdateAssumeRolePolicy", deploy)
    assert not _allows(statements, "iam:CreatePolicyVersion", boundary)
    assert not _allows(statements, "iam:DeleteRolePermissionsBoundary", own)
    assert not _allows(statements, "iam:CreateOpenIDConnectProvider", github)
    assert not _allows(statements, "iam:CreateUser", "arn:aws:iam::111122223333:user/x")
    state = "arn:aws:s3:::acme-tfstate-111122223333-us-east-1"
    assert _allows(statements, "s3:PutObject", f"{state}/dev-use1/network.tfstate")
    assert not _allows(statements, "s3:DeleteObjectVersion", f"{state}/dev-use1/network.tfstate")
    assert not _allows(statements, "s3:GetObject", "arn:aws:s3:::somebody-else/data")
    [write] = [s for s in statements if s.get("Sid") == "WriteBoundedRoles"]
    assert write["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": boundary}}


def test_the_deploy_role_stays_deployable_where_names_overlap() -> None:
    named_alike = CONTEXT.replace(organization="inferform")
    statements = policies.deploy(named_alike, ["us-east-1"])
    assert not _allows(
        statements, "iam:PutRolePolicy", "arn:aws:iam::111122223333:role/inferform-deploy"
    )


def test_the_plan_role_writes_nothing_but_locks() -> None:
    statements = policies.plan(CONTEXT)
    state = "arn:aws:s3:::acme-tfstate-111122223333-us-east-1/dev-use1/network.tfstate"
    assert _allows(statements, "s3:GetObject", state)
    assert _allows(statements, "s3:PutObject", f"{state}.tflock")
    assert not _allows(statements, "s3:PutObject", state)
    assert not _allows(statements, "s3:GetObject", "arn:aws:s3:::acme-dev-use1-artifacts/secret")
    assert not _allows(statements, "secretsmanager:GetSecretValue", "*")
    # ValidateStateMachineDefinition checks a text, and keeps nothing.
    verbs = ("Describe", "Get", "GET", "List", "View", "BatchGet", "Validate")
    writing = [
        action
        for statement in statements
        if statement["Effect"] == "Allow"
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
        if not action.partition(":")[2].startswith(verbs)
    ]
    assert sorted(writing) == ["s3:DeleteObject", "s3:PutObject", "sts:AssumeRole"]


def test_the_policies_fit_into_what_iam_takes() -> None:
    everything = [f"eu-west-{n}" for n in range(1, 17)]
    assert (
        len(
            json.dumps(
                policies.boundary(CONTEXT, everything, get_args(RoleService)), separators=(",", ":")
            )
        )
        < 6_100
    )
    assert (
        len(
            json.dumps(
                policies.deploy(CONTEXT, everything, get_args(DeployService)), separators=(",", ":")
            )
        )
        < 10_200
    )
    assert len(json.dumps(policies.plan(CONTEXT), separators=(",", ":"))) < 10_200


# Where the prefix of a service's actions in IAM is not the name that its requests are signed with.
_PREFIXES = {"monitoring": "cloudwatch"}


def _action(request: str) -> str:
    """What IAM calls a request: `states:CreateStateMachine` for one of Step Functions."""
    service, _, operation = request.partition(":")
    name = service_model(service).signing_name
    return f"{_PREFIXES.get(name, name)}:{operation}"


def test_the_deploy_and_plan_roles_cover_every_service_that_the_modules_use() -> None:
    resources, data = imported_types()
    assert len(resources) > 50
    for kind in resources:
        prefix = _action(REQUESTS[kind]).partition(":")[0]
        assert prefix in ("iam", *services()), f"no access.py has {prefix}, which {kind} needs"
    statements = policies.plan(CONTEXT)
    # AWS's own parameters name AMIs; all others may hold secrets.
    named = {"aws_ssm_parameter": "arn:aws:ssm:us-east-1::parameter/aws/service/eks/x"}
    for kind in data:
        read = _action(DATA_SOURCES[kind])
        assert _allows(statements, read, named.get(kind, "*")), f"a plan reads no {kind}"


def test_a_deploy_makes_the_endpoint_service_of_a_vpc_link_as_api_gateway_asks() -> None:
    """API Gateway developer guide, grant permissions for API Gateway to create a VPC link."""
    statements = policies.deploy(CONTEXT, [CONTEXT.region])
    for action in (
        "ec2:CreateVpcEndpointServiceConfiguration",
        "ec2:DeleteVpcEndpointServiceConfigurations",
        "ec2:DescribeVpcEndpointServiceConfigurations",
        "ec2:ModifyVpcEndpointServicePermissions",
        "elasticloadbalancing:DescribeLoadBalancers",
    ):
        assert _allows(statements, action, "*"), action


def _reading(request: str) -> set[str]:
    """The actions that read back what a request makes, by its noun: `eks:DescribeCluster` of
    `eks:CreateCluster`."""
    service, _, operation = request.partition(":")
    if service.startswith("apigateway"):
        return {"apigateway:GET"}  # its actions in IAM are the methods of its own REST API
    noun = re.sub("^[A-Z][a-z]+", "", operation)
    reads = re.compile(
        f"(BatchGet|Describe|Get|List)(?:{noun}|{noun}s|{noun.removesuffix('y')}ies)$"
    )
    return {
        _action(f"{service}:{name}")
        for name in service_model(service).operation_names
        if reads.match(name)
    }


# What is read back by an operation with another noun, as the provider does.
_OWN_FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:acme-dev-use1-fraud"
_DEFINITION = "arn:aws:s3:::acme-dev-use1-artifacts-1/pipelines/fraud/definition-0a.json"
_READ_BY = {
    "aws_cloudwatch_event_bus_policy": {"events:DescribeEventBus"},
    "aws_cloudwatch_event_target": {"events:ListTargetsByRule"},
    "aws_cloudwatch_log_group": {"logs:DescribeLogGroups"},
    "aws_cloudwatch_metric_alarm": {"cloudwatch:DescribeAlarms"},
    "aws_cloudwatch_composite_alarm": {"cloudwatch:DescribeAlarms"},
    "aws_cloudwatch_dashboard": {"cloudwatch:GetDashboard"},
    "aws_budgets_budget": {"budgets:ViewBudget"},
    "aws_ce_anomaly_monitor": {"ce:GetAnomalyMonitors"},
    "aws_ce_anomaly_subscription": {"ce:GetAnomalySubscriptions"},
    "aws_cloudtrail": {"cloudtrail:DescribeTrails", "cloudtrail:GetEventSelectors"},
    "aws_cloudwatch_log_anomaly_detector": {"logs:GetLogAnomalyDetector"},
    "aws_cloudwatch_log_data_protection_policy": {"logs:GetDataProtectionPolicy"},
    "aws_cloudwatch_log_metric_filter": {"logs:DescribeMetricFilters"},
    "aws_cloudwatch_query_definition": {"logs:DescribeQueryDefinitions"},
    "aws_codepipeline": {"codepipeline:GetPipeline"},
    "aws_default_security_group": {"ec2:DescribeSecurityGroups"},
    "aws_ec2_transit_gateway_vpc_attachment": {
        "ec2:DescribeTransitGatewayVpcAttachments",
        "ec2:GetTransitGatewayRouteTableAssociations",
        "ec2:GetTransitGatewayRouteTablePropagations",
    },
    "aws_ecr_replication_configuration": {"ecr:DescribeRegistry"},
    "aws_ecs_cluster_capacity_providers": {"ecs:DescribeClusters"},
    "aws_ecs_service": {"ecs:DescribeServices"},
    "aws_eip": {"ec2:DescribeAddresses"},
    "aws_iam_instance_profile": {"iam:GetInstanceProfile"},
    "aws_kms_alias": {"kms:ListAliases"},
    "aws_lambda_permission": {"lambda:GetPolicy"},
    "aws_lambda_function": {"lambda:GetFunction"},
    "aws_launch_template": {"ec2:DescribeLaunchTemplates"},
    "aws_lb_listener_certificate": {"elasticloadbalancing:DescribeListenerCertificates"},
    "aws_s3_object": {"s3:GetObject"},
    "aws_sqs_queue": {"sqs:GetQueueAttributes"},
    "aws_sqs_queue_policy": {"sqs:GetQueueAttributes"},
    "aws_route": {"ec2:DescribeRouteTables"},
    "aws_route53_record": {"route53:ListResourceRecordSets"},
    "aws_s3_bucket": {"s3:GetBucketLocation"},
    "aws_s3_bucket_lifecycle_configuration": {"s3:GetLifecycleConfiguration"},
    "aws_s3_bucket_ownership_controls": {"s3:GetBucketOwnershipControls"},
    "aws_s3_bucket_public_access_block": {"s3:GetBucketPublicAccessBlock"},
    "aws_s3_bucket_replication_configuration": {"s3:GetReplicationConfiguration"},
    "aws_s3_bucket_server_side_encryption_configuration": {"s3:GetEncryptionConfiguration"},
    "aws_service_discovery_private_dns_namespace": {"servicediscovery:GetNamespace"},
    "aws_service_discovery_service": {"servicediscovery:GetService"},
    "aws_sns_topic_policy": {"sns:GetTopicAttributes"},
    "aws_sns_topic_subscription": {"sns:GetSubscriptionAttributes"},
    "aws_vpc_ipv4_cidr_block_association": {"ec2:DescribeVpcs"},
    "aws_vpc_security_group_egress_rule": {"ec2:DescribeSecurityGroupRules"},
    "aws_vpc_security_group_ingress_rule": {"ec2:DescribeSecurityGroupRules"},
}


def test_the_plan_role_reads_back_every_type_that_the_modules_make() -> None:
    statements = policies.plan(CONTEXT)
    for kind in imported_types()[0]:
        reads = _READ_BY.get(kind) or _reading(REQUESTS[kind])
        assert reads, f"nothing is known that reads {kind}: name it in _READ_BY"
        own = [_OWN_FUNCTION] if kind.startswith("aws_lambda_") else []
        own += [_DEFINITION] if kind == "aws_s3_object" else []
        found = any(_allows(statements, each, on) for each in reads for on in ("*", *own))
        assert found, f"a plan reads no {kind}"


@pytest.mark.parametrize(
    ("service", "kind"), [("eks", "aws_eks_addon"), ("logs", "aws_cloudwatch_log_group")]
)
def test_a_capability_that_leaves_out_what_a_plan_reads_is_found(
    monkeypatch: pytest.MonkeyPatch, service: str, kind: str
) -> None:
    less = {
        name: replace(access, reads=()) if name == service else access
        for name, access in services().items()
    }
    monkeypatch.setattr(policies, "services", lambda: less)
    with pytest.raises(AssertionError, match="a plan reads no aws_"):
        test_the_plan_role_reads_back_every_type_that_the_modules_make()
    assert not any(
        _allows(policies.plan(CONTEXT), each, "*")
        for each in _READ_BY.get(kind) or _reading(REQUESTS[kind])
    )


def test_services_without_regions_are_not_limited_to_regions() -> None:
    more = get_args(DeployService)
    statements = {each["Sid"]: each for each in policies.deploy(CONTEXT, ["eu-west-1"], more)}
    assert statements["DeployGlobal"]["Action"] == ["budgets:*", "ce:*", "chatbot:*", "route53:*"]
    assert not {*statements["Deploy"]["Action"]} & {*statements["DeployGlobal"]["Action"]}


def test_a_deploy_only_reads_in_services_that_no_layer_creates_in() -> None:
    assert set(get_args(DeployService)) == set(ACCESS)
    asking = policies.deploy(CONTEXT, ["us-east-1"], ["firehose"])
    for statements, expected in ((policies.deploy(CONTEXT, ["us-east-1"]), False), (asking, True)):
        for action in ("firehose:CreateDeliveryStream", "firehose:UpdateDestination"):
            assert _allows(statements, action, "*") is expected
        assert _allows(statements, "firehose:DescribeDeliveryStream", "*")
        assert not _allows(statements, "sqs:CreateQueue", "*")
        passed = {s["Sid"]: s for s in statements}["PassRoles"]["Condition"]["StringEquals"]
        assert ("firehose.amazonaws.com" in passed["iam:PassedToService"]) is expected


def test_a_deploy_makes_tables_where_that_is_asked_for_and_a_plan_reads_no_row() -> None:
    for asked in ((), ("dynamodb",)):
        deploys = policies.deploy(CONTEXT, ["us-east-1"], asked)
        assert _allows(deploys, "dynamodb:CreateTable", "*") is bool(asked)
    plans = policies.plan(CONTEXT)
    for action in ("DescribeTable", "DescribeContinuousBackups", "ListTagsOfResource"):
        assert _allows(plans, f"dynamodb:{action}", "*")
    assert not any(_allows(plans, f"dynamodb:{action}", "*") for action in ("GetItem", "Scan"))


def test_what_two_capabilities_read_of_one_service_is_read_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert services()["lambda"].reads[:1] == ("GetAlias",)
    monkeypatch.setitem(kms.ACCESS, "lambda", Access(("Describe", "GetPolicy")))
    found = services.__wrapped__()
    assert found["lambda"].reads == ("Describe", *services()["lambda"].reads)
