"""Who may do what, and what lies encrypted, in every stack of the environments and examples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from inferform import ArtifactBucket, Environment, Registry
from tests.capabilities import capabilities, together
from tests.conftest import Made

Resource = dict[str, Any]

# AWS shows no condition for the roles of clusters and of instances. API Gateway says nothing of what it
# acts for, and may not assume a role with a condition. CodePipeline's guide shows none.
NO_SOURCE = (
    *("apigateway.amazonaws.com", "codepipeline.amazonaws.com", "ec2.amazonaws.com"),
    "eks.amazonaws.com",
)
# AWS shows the account alone for roles of functions and of chat channels, and for the role by which ECS
# changes listeners, and the tags of a session for roles of pods.
# S3 shows the account alone for the role by which it copies objects.
NO_SOURCE_ARN = (
    *NO_SOURCE,
    *("chatbot.amazonaws.com", "ecs.amazonaws.com", "lambda.amazonaws.com"),
    *("pods.eks.amazonaws.com", "s3.amazonaws.com"),
)

# See Capability in tests/capabilities/record.py.
_KNOWN = capabilities().values()
UNVERSIONED = together(each.unversioned for each in _KNOWN)
UNENCRYPTED = together(each.unencrypted for each in _KNOWN)
ENCRYPTED = together(each.encrypted for each in _KNOWN)


class Statement(NamedTuple):
    """A statement of a policy, and where it stands."""

    environment: Environment
    stack: str
    type: str
    name: str
    attribute: str
    body: dict[str, Any]

    @property
    def place(self) -> str:
        """The statement for people."""
        return f"{self.stack}/{self.type}.{self.name}: {self.body.get('Sid', self.body)}"

    @property
    def is_trust(self) -> bool:
        """Whether it says who may assume a role."""
        return self.attribute == "assume_role_policy"

    @property
    def allows(self) -> bool:
        """Whether it grants."""
        return bool(self.body["Effect"] == "Allow")

    def principals(self, kind: str) -> list[str]:
        """The principals of a kind: AWS, Service, Federated."""
        principal = self.body.get("Principal", {})
        return ["*"] if principal == "*" else listed(principal.get(kind, []))

    def conditions(self) -> dict[str, list[str]]:
        """What must be equal or alike, by key."""
        return {
            key: listed(value)
            for operator, keys in self.body.get("Condition", {}).items()
            if operator in ("StringEquals", "ArnEquals", "ArnLike")
            for key, value in keys.items()
        }


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def each_resource(made: dict[str, Made]) -> Iterator[tuple[str, str, str, Resource]]:
    for stack, each in made.items():
        for kind, named in each.stack.get("resource", {}).items():
            for name, resource in named.items():
                yield stack, kind, name, resource


@pytest.fixture(scope="module")
def statements(made: dict[str, Made]) -> list[Statement]:
    found = [
        Statement(made[stack].environment, stack, kind, name, attribute, body)
        for stack, kind, name, resource in each_resource(made)
        for attribute, value in resource.items()
        if isinstance(value, str) and '"Statement"' in value
        # What to mask, not who may do what.
        if kind != "aws_cloudwatch_log_data_protection_policy"
        for body in json.loads(value)["Statement"]
    ]
    assert len(found) > 300
    return found


def account(principal: str) -> str:
    """The account of an ARN, or what is not one as it is."""
    match = re.fullmatch(r"arn:[a-z-]+:(?:iam|sts)::(\d{12}):.+", principal)
    return match[1] if match else principal


def test_no_statement_allows_everything_on_everything(statements: list[Statement]) -> None:
    wide = [
        each.place
        for each in statements
        if each.allows
        and {"*", "*:*"} & set(listed(each.body["Action"]))
        and "*" in listed(each.body.get("Resource", "*"))
    ]
    assert wide == []
    excepting = [each for each in statements if {"NotAction", "NotResource"} & set(each.body)]
    assert not [each.place for each in excepting if each.allows]


def test_the_boundary_caps_and_is_attached_to_nothing(made: dict[str, Made]) -> None:
    boundaries = [
        resource["name"]
        for _, kind, name, resource in each_resource(made)
        if kind == "aws_iam_policy" and name.startswith("roles_boundary_")
    ]
    assert boundaries
    attached = {
        resource["policy_arn"]
        for _, kind, _, resource in each_resource(made)
        if kind == "aws_iam_role_policy_attachment"
    }
    assert len(attached) > 5
    capped = re.compile("|".join([r"aws_iam_policy\.", *map(re.escape, boundaries)]))
    assert not [arn for arn in attached if capped.search(arn)]
    assert not [arn for arn in attached if re.search(r"FullAccess|Administrator|PowerUser", arn)]


def test_only_the_account_and_operators_of_the_spec_assume_roles(
    statements: list[Statement],
) -> None:
    trusts = [each for each in statements if each.is_trust]
    assert len(trusts) > 50
    for each in trusts:
        identity = each.environment.identity
        operators = {account(arn) for arn in identity.operators} if identity else set()
        own = each.environment.context.account
        foreign = {account(arn) for arn in each.principals("AWS")} - {own, *operators}
        assert not foreign, each.place
        if each.principals("AWS"):
            # The root of an account is everybody in it, so a condition names who.
            assert each.conditions().get("aws:PrincipalArn"), each.place


def test_a_service_assumes_a_role_for_this_account_only(statements: list[Statement]) -> None:
    for each in (each for each in statements if each.is_trust):
        own = each.environment.context.account
        for service in each.principals("Service"):
            if service in NO_SOURCE:
                continue
            conditions = each.conditions()
            sources = [
                *conditions.get("aws:SourceAccount", []),
                *(arn.split(":")[4] for arn in conditions.get("aws:SourceArn", [])),
                *(
                    arn.split(":")[4]
                    for arn in conditions.get("aws:RequestTag/eks-cluster-arn", [])
                ),
            ]
            assert sources, f"{each.place}: {service} for any account"
            assert set(sources) == {own}, each.place


def test_a_service_acts_for_resources_of_the_account_and_region_alone(
    statements: list[Statement],
) -> None:
    held = set()
    for each in (each for each in statements if each.is_trust):
        context = each.environment.context
        for service in each.principals("Service"):
            if service in NO_SOURCE_ARN:
                continue
            (source,) = each.conditions()["aws:SourceArn"]
            assert source.split(":")[3:5] == [context.region, context.account], each.place
            held.add(service.partition(".")[0])
    assert held >= {
        *("codedeploy", "ecs-tasks", "eks-fargate-pods", "events", "sagemaker", "scheduler"),
        *("states", "vpc-flow-logs"),
    }


def test_federated_identities_are_of_the_account_and_named_without_wildcards(
    statements: list[Statement],
) -> None:
    federated = [each for each in statements if each.is_trust and each.principals("Federated")]
    assert federated
    for each in federated:
        own = each.environment.context.account
        for provider in each.principals("Federated"):
            assert account(provider) == own or provider.startswith(
                "${aws_iam_openid_connect_provider."
            ), each.place
        assert each.body["Action"] == "sts:AssumeRoleWithWebIdentity"
        claims = {key.rpartition(":")[2]: value for key, value in each.conditions().items()}
        assert claims["aud"] == ["sts.amazonaws.com"]
        assert claims["sub"]
        assert not [subject for subject in claims["sub"] if "*" in subject]


def readers(environment: Environment, kind: str, stack: dict[str, Any], name: str) -> set[str]:
    """The other accounts that the Specs give a resource to."""
    registry = environment.registry
    if not isinstance(registry, Registry):
        return set()
    artifacts = registry.own_artifacts or ArtifactBucket()
    groups_of = [each.accounts for each in registry.models.values()]
    groups: dict[str, Any] = {
        "aws_ecr_repository_policy": [
            *(each.pull_accounts for each in registry.repositories.values()),
            *(each.read_accounts for each in registry.models.values() if each.repositories),
        ],
        "aws_ecr_registry_policy": [registry.settings.replicate_from if registry.settings else ()],
        "aws_sagemaker_model_package_group_policy": groups_of,
        "aws_s3_bucket_policy": [artifacts.read_accounts, *groups_of]
        if name.startswith("artifacts_")
        else [],
        "aws_kms_key": [artifacts.read_accounts, *groups_of],
        "aws_cloudwatch_event_bus_policy": [
            registry.event_bus.from_accounts if registry.event_bus else ()
        ],
    }
    return {each for accounts in groups.get(kind, []) for each in accounts}


def test_resources_are_shared_only_with_the_accounts_that_the_specs_name(
    statements: list[Statement], made: dict[str, Made]
) -> None:
    shared = set()
    for each in statements:
        # What goes through an endpoint is judged by the policies of callers and resources too.
        if each.is_trust or not each.allows or each.type == "aws_vpc_endpoint":
            continue
        named = readers(each.environment, each.type, made[each.stack].stack, each.name)
        found = {account(arn) for arn in each.principals("AWS") if arn != "*"}
        assert found <= {each.environment.context.account, *named}, each.place
        shared |= {each.type} if found & named else set()
        # Denials alone may speak of everybody, or what is for one organization.
        organizations = each.conditions().get("aws:PrincipalOrgID")
        assert each.body.get("Principal") != "*" or organizations, each.place
    assert shared >= {
        "aws_ecr_repository_policy",
        "aws_kms_key",
        "aws_s3_bucket_policy",
        "aws_sagemaker_model_package_group_policy",
    }


def of_bucket(made: Made, kind: str, bucket: str) -> list[Resource]:
    """The resources of a kind that belong to a bucket."""
    reference = f"${{aws_s3_bucket.{bucket}.id}}"
    named = made.stack["resource"].get(kind, {}).values()
    return [each for each in named if each["bucket"] == reference]


@pytest.fixture(scope="module")
def buckets(made: dict[str, Made]) -> list[tuple[str, str, Resource]]:
    found = [
        (stack, name, resource)
        for stack, kind, name, resource in each_resource(made)
        if kind == "aws_s3_bucket"
    ]
    assert {name.partition("_")[0] for _, name, _ in found} >= {"artifacts", "load-balancers"}
    return found


@pytest.mark.parametrize(
    "condition",
    [{"Bool": {"aws:SecureTransport": "false"}}, {"NumericLessThan": {"s3:TlsVersion": "1.2"}}],
    ids=["none", "old"],
)
def test_every_bucket_refuses_requests_without_tls_or_with_an_old_one(
    condition: dict[str, Any], made: dict[str, Made], buckets: list[tuple[str, str, Resource]]
) -> None:
    for stack, name, bucket in buckets:
        (policy,) = of_bucket(made[stack], "aws_s3_bucket_policy", name)
        (deny,) = [
            each
            for each in json.loads(policy["policy"])["Statement"]
            if each["Effect"] == "Deny" and each["Condition"] == condition
        ]
        arn = f"arn:aws:s3:::{bucket['bucket']}"
        assert deny["Action"] == "s3:*"
        assert deny["Principal"] == {"AWS": "*"}
        assert deny["Resource"] == [arn, f"{arn}/*"]


def test_every_bucket_is_closed_to_the_public_and_encrypted(
    made: dict[str, Made], buckets: list[tuple[str, str, Resource]]
) -> None:
    for stack, name, _ in buckets:
        (block,) = of_bucket(made[stack], "aws_s3_bucket_public_access_block", name)
        for what in (
            *("block_public_acls", "block_public_policy"),
            *("ignore_public_acls", "restrict_public_buckets"),
        ):
            assert block[what] is True, f"{stack}/{name}: {what}"
        assert of_bucket(made[stack], "aws_s3_bucket_server_side_encryption_configuration", name)


def test_every_bucket_is_versioned_or_says_why_not(
    made: dict[str, Made], buckets: list[tuple[str, str, Resource]]
) -> None:
    without = set()
    for _, name, _ in [
        each
        for each in buckets
        if not of_bucket(made[each[0]], "aws_s3_bucket_versioning", each[1])
    ]:
        explained = [start for start in UNVERSIONED if name.startswith(start)]
        assert explained, name
        without |= set(explained)
    assert without == set(UNVERSIONED)
    for each in made.values():
        for versioning in each.stack["resource"].get("aws_s3_bucket_versioning", {}).values():
            assert versioning["versioning_configuration"] == {"status": "Enabled"}


# Types that hold data and that no module makes. A capability that makes them says how it encrypts them.
UNUSED = {
    *("aws_athena_workgroup", "aws_db_instance", "aws_ebs_volume"),
    *("aws_efs_file_system", "aws_elasticache_replication_group", "aws_instance"),
    *("aws_kinesis_firehose_delivery_stream", "aws_kinesis_stream", "aws_opensearch_domain"),
    *("aws_rds_cluster", "aws_sagemaker_domain", "aws_sagemaker_feature_group"),
    *("aws_sagemaker_notebook_instance", "aws_secretsmanager_secret", "aws_sns_topic"),
    *("aws_sqs_queue", "aws_ssm_parameter"),
}


def test_everything_that_holds_data_is_encrypted_or_says_why_not(made: dict[str, Made]) -> None:
    plain = [
        (stack, f"{kind}.{name}")
        for stack, kind, name, resource in each_resource(made)
        if kind in ENCRYPTED and not ENCRYPTED[kind](resource)
    ]
    unexplained = [
        (stack, address) for stack, address in plain if not address.startswith(tuple(UNENCRYPTED))
    ]
    assert unexplained == []
    assert not [start for start in UNENCRYPTED if not any(a.startswith(start) for _, a in plain)]
    types = {kind for _, kind, _, _ in each_resource(made)}
    assert types >= set(ENCRYPTED)
    unsaid = types & UNUSED - set(ENCRYPTED)
    assert unsaid == set(), "say in encrypted of tests/capabilities how these are encrypted"


def test_answers_and_captured_requests_are_encrypted_by_the_environments_key(
    made: dict[str, Made],
) -> None:
    configurations = [
        resource
        for _, kind, _, resource in each_resource(made)
        if kind == "aws_sagemaker_endpoint_configuration"
    ]
    captured = [
        each["data_capture_config"] for each in configurations if "data_capture_config" in each
    ]
    answers = [
        each["async_inference_config"]["output_config"]
        for each in configurations
        if "async_inference_config" in each
    ]
    assert captured
    assert answers
    for each in [*captured, *answers]:
        assert each["kms_key_id"] == "${data.terraform_remote_state.registry.outputs.kms_key_arn}"


def test_every_instance_takes_metadata_requests_with_a_token_only(made: dict[str, Made]) -> None:
    templates = [
        resource for _, kind, _, resource in each_resource(made) if kind == "aws_launch_template"
    ]
    assert len(templates) > 4
    for each in templates:
        assert each["metadata_options"]["http_tokens"] == "required"
        assert each["metadata_options"]["http_put_response_hop_limit"] == 1


def test_nothing_listens_to_the_whole_internet(made: dict[str, Made]) -> None:
    rules = [
        resource
        for _, kind, _, resource in each_resource(made)
        if kind == "aws_vpc_security_group_ingress_rule"
    ]
    assert len(rules) > 10
    assert not [rule for rule in rules if rule.get("cidr_ipv4") == "0.0.0.0/0"]
    assert not [rule for rule in rules if rule.get("cidr_ipv6")]


def _outside_of_the_vpc(made: Made) -> bool:
    """Whether a stack hosts models, and none of them in the VPC. Their group is there all the same:
    what SageMaker never changes has it in its name."""
    models = made.stack["resource"].get("aws_sagemaker_model", {}).values()
    return bool(models) and not any("vpc_config" in model for model in models)


def test_every_security_group_is_held_by_something(made: dict[str, Made]) -> None:
    for stack, kind, name, _ in each_resource(made):
        if kind == "aws_security_group" and not (
            name == "models" and _outside_of_the_vpc(made[stack])
        ):
            reference = f"aws_security_group.{name}.id"
            holders = {
                other
                for other, named in made[stack].stack["resource"].items()
                if not other.startswith("aws_vpc_security_group_")
                and reference in json.dumps(named)
            }
            assert holders, f"{stack}/{name}"
