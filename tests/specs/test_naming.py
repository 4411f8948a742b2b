"""A naming rule and a state bucket of a team's own, in the Context."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import Any

import pytest
from botocore.session import Session
from hypothesis import assume, example, given
from hypothesis import strategies as st

import inferform
from inferform import Context, Naming, S3Backend, SpecError
from inferform.identity import policies
from inferform.names import LIMITS
from inferform.spec import is_short_name
from tests.names.test_taken import environment
from tests.specs.kinds import BASE, EXAMPLES

BEHIND = "{name}-{organization}-{stage}"


def context(**changes: Any) -> Context:
    given: dict[str, Any] = {
        "organization": "acme",
        "stage": "dev",
        "account": "111122223333",
        "region": "us-east-1",
        "owner": "ml",
        "deploy_role": "deploy",
        "plan_role": "plan",
        "permissions_boundary": "boundary",
    }
    return Context(**{**given, **changes})


def named(template: str, **changes: Any) -> Context:
    return context(naming=Naming(template=template), **changes)


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{organization}-{stage}-{region}-{name}", "acme-dev-use1-fraud"),
        ("{organization}-{name}", "acme-fraud"),
        (BEHIND, "fraud-acme-dev"),
        ("{stage}-{organization}-ml-{name}-{region}", "dev-acme-ml-fraud-use1"),
    ],
)
def test_a_template_makes_every_name(template: str, name: str) -> None:
    made = named(template)
    assert made.name("fraud") == name
    assert made.is_own_name(name)
    assert not made.is_own_name("other")
    assert fnmatchcase(name, made.any_name)
    assert fnmatchcase(name, made.any_name_of_organization)
    assert made.bucket("artifacts") == f"{made.name('artifacts')}-111122223333"


def test_without_a_template_names_are_as_they_were() -> None:
    made = context()
    assert made.name("fraud") == "acme-dev-use1-fraud"
    assert made.prefix == "acme-dev-use1"
    assert made.any_name == "acme-dev-use1-*"
    assert made.any_name_of_organization == "acme-*"


@pytest.mark.parametrize(
    "template",
    [
        "{name}",
        "{organization}",
        "{organization}-{name}-{name}",
        "{organization}-{team}-{name}",
        "{organization}_{name}",
        "Acme-{organization}-{name}",
        "-{organization}-{name}",
        "{organization}--{name}",
        "{organization!r}-{name}",
        "{organization}-{name}\n",
        "{organization}-{name}}",
    ],
)
def test_a_template_that_makes_no_names_is_refused(template: str) -> None:
    with pytest.raises(SpecError, match="CTX11"):
        Naming(template=template)


@pytest.mark.parametrize(
    "template", ["{organization}-{stage}-the-machine-learning-team-{name}", f"{BEHIND}-of-ours"]
)
def test_a_template_that_leaves_no_room_is_refused(template: str) -> None:
    with pytest.raises(SpecError, match=r"naming\.template.*CTX12"):
        named(template, organization="acmeholdings")


PARTS = st.text("abc-0", min_size=1, max_size=32).filter(is_short_name)


@given(
    template=st.sampled_from([BEHIND, "{organization}-{name}", "{name}-{organization}-{account}"]),
    organization=st.text("ab-", min_size=1, max_size=16).filter(is_short_name),
    parts=st.lists(PARTS, min_size=1, max_size=3),
    limit=st.sampled_from([32, 50, 63, 64, 255]),
)
@example(template=BEHIND, organization="a" * 12, parts=["b" * 32], limit=32)
def test_a_name_has_its_limit_its_ends_and_what_aws_takes(
    template: str, organization: str, parts: list[str], limit: int
) -> None:
    try:
        made = named(template, organization=organization)
    except SpecError:
        assume(False)
    name = made.name(*parts, limit=limit)
    assert len(name) <= limit
    assert re.fullmatch("[a-z0-9]+(-+[a-z0-9]+)*", name)
    assert name.endswith(made.around[1])
    assert name.startswith(made.around[0][: limit - 8 - len(made.around[1])].rstrip("-"))


def test_two_long_names_that_begin_alike_are_cut_to_two_names() -> None:
    made = named(BEHIND)
    one, other = (made.name("a" * 40 + last, limit=32) for last in "bc")
    assert one != other


def test_the_whole_name_of_the_organization_is_its_tag_and_no_part_of_a_name() -> None:
    made = context(naming=Naming(organization="Acme International Holdings GmbH"))
    assert made.default_tags("network")["organization"] == "Acme International Holdings GmbH"
    assert made.name("fraud") == "acme-dev-use1-fraud"


def test_who_writes_a_long_organization_is_told_of_the_short_form() -> None:
    with pytest.raises(SpecError, match=r"at most 16.*short form.*naming=Naming\(organization="):
        context(organization="acme-international-holdings")


# The state bucket


def test_states_are_in_the_bucket_that_is_named_under_its_prefix() -> None:
    made = context(backend=S3Backend(bucket="acme-terraform", prefix="ml/serving"))
    assert made.state_bucket == "acme-terraform"
    assert made.state_key("network") == "ml/serving/dev-use1/network.tfstate"
    assert context(backend=S3Backend(bucket="b-1")).state_key("eks") == "dev-use1/eks.tfstate"


@pytest.mark.parametrize(
    "given",
    [{"bucket": "No_Bucket"}, *({"prefix": p} for p in ("/ml", "ml/", "a//b", "m*", "a b"))],
)
def test_a_bucket_or_prefix_that_s3_does_not_take_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(SpecError, match="BCK3"):
        S3Backend(**{"bucket": "acme-terraform", **given})


KEY = "arn:aws:kms:eu-central-1:999988887777:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"kms_key": KEY},
            "is in eu-central-1, got .*; name a key of us-east-1, where the bucket is",
        ),
        ({"region": "eu-west-1", "kms_key": KEY}, "name a key of eu-west-1"),
        ({"region": "cn-north-1"}, "is in cn-north-1.*; name a bucket in the partition aws"),
    ],
)
def test_a_state_bucket_out_of_reach_of_its_key_or_its_roles_is_refused(
    given: dict[str, str], message: str
) -> None:
    with pytest.raises(SpecError, match=rf"{message}.*BCK4"):
        context(backend=S3Backend(bucket="acme-terraform", **given))
    assert (
        context(
            backend=S3Backend(bucket="acme-terraform", region="eu-central-1", kms_key=KEY)
        ).state_region
        == "eu-central-1"
    )


# Paths of roles


def test_roles_and_the_boundary_may_stand_behind_a_path() -> None:
    made = context(
        deploy_role="platform/ci/ml-deploy",
        plan_role="platform/ci/ml-plan",
        permissions_boundary="platform/boundary",
        naming=Naming(role_path="/delegated/ml/"),
    )
    assert made.deploy_role_arn == "arn:aws:iam::111122223333:role/platform/ci/ml-deploy"
    assert made.plan_role_arn == "arn:aws:iam::111122223333:role/platform/ci/ml-plan"
    assert made.boundary_arn == "arn:aws:iam::111122223333:policy/platform/boundary"
    assert made.own_role_arn("x") == "arn:aws:iam::111122223333:role/delegated/ml/x"


@pytest.mark.parametrize(
    "name", ["/platform/deploy", "platform//deploy", "platform/", "a" * 65, f"{'p' * 511}/deploy"]
)
def test_what_is_no_path_and_name_of_a_role_is_refused(name: str) -> None:
    with pytest.raises(SpecError, match=r"behind its path where it has one.*CTX5"):
        context(deploy_role=name)


@pytest.mark.parametrize("path", ["/", "ml/", "/ml", "//", "/aws-service-role/ml/", "/a//b/"])
def test_a_path_on_which_roles_of_others_may_be_is_refused(path: str) -> None:
    with pytest.raises(SpecError, match="CTX17"):
        Naming(role_path=path)


def test_one_role_under_two_paths_is_one_role() -> None:
    # IAM names are unique in an account whatever their path.
    with pytest.raises(SpecError, match="CTX16"):
        context(deploy_role="platform/inferform", plan_role="ci/Inferform")


def test_the_deploy_role_works_on_roles_of_the_path_that_is_named() -> None:
    made = context(
        deploy_role="d", permissions_boundary="b", naming=Naming(role_path="/delegated/ml/")
    )
    own = "arn:aws:iam::111122223333:role/delegated/ml/acme-*"
    deploy = policies.deploy(made, ["us-east-1"])
    for sid in ("WriteBoundedRoles", "AttachPolicies", "PassRoles"):
        assert statement(deploy, sid)["Resource"] == own
    assert statement(policies.boundary(made), "PassRoles")["Resource"] == own
    assert "/inferform/" not in json.dumps([deploy, policies.boundary(made)])


def statement(statements: list[dict[str, Any]], sid: str) -> dict[str, Any]:
    (found,) = (each for each in statements if each["Sid"] == sid)
    return found


def test_the_roles_work_on_the_states_of_the_prefix_alone() -> None:
    made = context(backend=S3Backend(bucket="shared-terraform", prefix="ml"))
    states = ["arn:aws:s3:::shared-terraform", "arn:aws:s3:::shared-terraform/ml/*"]
    deploy = policies.deploy(made, ["us-east-1"])
    assert statement(deploy, "Buckets")["Resource"][2:] == states
    assert statement(deploy, "KeepStates")["Resource"] == states
    plan = policies.plan(made)
    assert statement(plan, "ReadStates")["Resource"] == states[1]
    assert statement(plan, "LockStates")["Resource"] == f"{states[1]}.tflock"
    assert states[0] in statement(plan, "ListBuckets")["Resource"]
    assert statement(policies.boundary(made), "NoStates")["Resource"] == states


def test_the_deploy_role_gets_to_states_whose_bucket_only_looks_like_its_own() -> None:
    # Its other buckets end in the number of the account.
    made = named("{name}-{organization}", backend=S3Backend(bucket="states-acme"))
    buckets = statement(policies.deploy(made, ["us-east-1"]), "Buckets")["Resource"]
    assert buckets[2:] == ["arn:aws:s3:::states-acme", "arn:aws:s3:::states-acme/*"]
    within = context(backend=S3Backend(bucket="acme-terraform"))
    assert len(statement(policies.deploy(within, ["us-east-1"]), "Buckets")["Resource"]) == 2


def test_the_deploy_role_is_limited_to_names_of_the_template() -> None:
    deploy = policies.deploy(named("{name}-{organization}"), ["us-east-1"])
    roles = "arn:aws:iam::111122223333:role/inferform/*-acme"
    assert statement(deploy, "PassRoles")["Resource"] == roles
    buckets = statement(deploy, "Buckets")["Resource"]
    assert buckets[0] == "arn:aws:s3:::*-acme-111122223333"
    assert buckets[2] == "arn:aws:s3:::acme-tfstate-111122223333-*"
    others = statement(deploy, "NoRolesOfOthers")["NotResource"]
    assert "arn:aws:ecs:*:111122223333:task/*-acme/*" in others
    assert "arn:aws:ecs:*:111122223333:task-definition/*-acme:*" in others


# Lengths


def test_a_name_is_as_long_as_botocore_takes_it_at_most() -> None:
    members = {
        "aws_autoscaling_group": ("autoscaling", "CreateAutoScalingGroup", "AutoScalingGroupName"),
        "aws_wafv2_web_acl": ("wafv2", "CreateWebACL", "Name"),
        "aws_lambda_alias": ("lambda", "CreateAlias", "Name"),
        "aws_appautoscaling_policy": ("application-autoscaling", "PutScalingPolicy", "PolicyName"),
        "aws_cloudwatch_event_rule": ("events", "PutRule", "Name"),
        "aws_cloudwatch_log_group": ("logs", "CreateLogGroup", "logGroupName"),
        "aws_cloudwatch_metric_alarm": ("cloudwatch", "PutMetricAlarm", "AlarmName"),
        "aws_codedeploy_app": ("codedeploy", "CreateApplication", "applicationName"),
        "aws_ecr_repository": ("ecr", "CreateRepository", "repositoryName"),
        "aws_eks_cluster": ("eks", "CreateCluster", "name"),
        "aws_iam_instance_profile": ("iam", "CreateInstanceProfile", "InstanceProfileName"),
        "aws_iam_policy": ("iam", "CreatePolicy", "PolicyName"),
        "aws_iam_role": ("iam", "CreateRole", "RoleName"),
        "aws_kms_alias": ("kms", "CreateAlias", "AliasName"),
        "aws_service_discovery_private_dns_namespace": (
            *("servicediscovery", "CreatePrivateDnsNamespace", "Name"),
        ),
        "aws_sagemaker_endpoint": ("sagemaker", "CreateEndpoint", "EndpointName"),
        "aws_sagemaker_model": ("sagemaker", "CreateModel", "ModelName"),
        "aws_sagemaker_model_package_group": (
            "sagemaker", "CreateModelPackageGroup", "ModelPackageGroupName",
        ),
        "aws_scheduler_schedule": ("scheduler", "CreateSchedule", "Name"),
        "aws_sfn_state_machine": ("stepfunctions", "CreateStateMachine", "name"),
    }  # fmt: skip
    session = Session()
    for kind, (service, operation, member) in members.items():
        shape = session.get_service_model(service).operation_model(operation).input_shape
        assert shape is not None
        assert shape.members[member].metadata["max"] == LIMITS[kind], kind


UNLIMITED = (
    "aws_api_gateway_rest_api",
    "aws_api_gateway_usage_plan",
    "aws_api_gateway_vpc_link",
)
"""Types for whose names AWS documents no length."""


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_name_fits_under_the_longest_context(name: str) -> None:
    built = eval(f"Environment({BASE + EXAMPLES[name]})", dict(vars(inferform)))
    longest = built.context.replace(
        organization="a" * 13,
        stage="b" * 10,
        region="ap-southeast-1",
        naming=Naming(template="{stage}-{name}-{organization}"),
    )
    for changed in (longest, longest.replace(naming=Naming(), organization="a" * 16)):
        for path, made in built.model_copy(update={"context": changed}).names:
            assert made.kind not in LIMITS or len(made.value) <= LIMITS[made.kind], (path, made)
            assert made.kind in (*LIMITS, *UNLIMITED) or not made.kind.startswith("aws_"), made


def test_a_name_over_its_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inferform.environment.LIMITS", {**LIMITS, "aws_kms_alias": 10})
    with pytest.raises(SpecError, match=r"registry: would make the KMS alias.*takes 10.*NAME4"):
        environment()


@pytest.mark.parametrize(
    "changes", [{"organization": "sg"}, {"naming": Naming(template="sg-{organization}-{name}")}]
)
def test_a_name_that_begins_as_only_awss_own_may_is_refused(changes: dict[str, Any]) -> None:
    from inferform import EcsCluster, Environment, LoadBalancer, Network, Registry

    with pytest.raises(SpecError) as refused:
        Environment(
            context=context(**changes),
            network=Network(cidr="10.0.0.0/16"),
            registry=Registry(),
            ecs=EcsCluster(load_balancers={"shared": LoadBalancer(certificate=None)}),
        )
    found = {(problem.rule, problem.where) for problem in refused.value.problems}
    assert ("NAME6", "ecs.load_balancers.shared") in found


def test_a_long_organization_is_led_to_a_short_form() -> None:
    with pytest.raises(SpecError) as refused:
        context(organization="acme-international-holdings-gmbh-and-co-kg")
    (problem,) = refused.value.problems
    assert problem.rule == "CTX4"
    assert "at most 16" in str(refused.value)
    assert "write a short form" in str(refused.value)
