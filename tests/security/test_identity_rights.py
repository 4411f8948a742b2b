"""What the deploy role, the plan role and the boundary let their holders do, right by right.

A refusal is asked for beside every right there is, so that it holds whatever else is granted.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

import pytest

from inferform import Context, S3Backend
from inferform.identity.policies import boundary, deploy, plan
from inferform.identity.spec import DeployService
from tests.rights import allows

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
IAM = "arn:aws:iam::111122223333"
ROLE, POLICY = f"{IAM}:role/inferform/acme-x", f"{IAM}:policy/inferform/acme-x"
BUCKET = "arn:aws:s3:::acme-dev-use1-artifacts"
STATES = "arn:aws:s3:::acme-tfstate-111122223333-us-east-1"
HERE, ELSEWHERE = {"aws:RequestedRegion": "us-east-1"}, {"aws:RequestedRegion": "eu-west-1"}
BOUNDED = {"iam:PermissionsBoundary": f"{IAM}:policy/inferform-boundary"}
FREE = {"iam:PermissionsBoundary": f"{IAM}:policy/free"}

EVERYTHING: dict[str, Any] = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@cache
def of_deploy() -> list[dict[str, Any]]:
    return deploy(CONTEXT, {"us-east-1", "us-west-2"})


@cache
def of_plan() -> list[dict[str, Any]]:
    return plan(CONTEXT)


@cache
def of_boundary() -> list[dict[str, Any]]:
    return boundary(CONTEXT, ["us-west-2"], ["sqs"])


WRITTEN = (
    *("acm", "application-autoscaling", "autoscaling", "cloudwatch", "codedeploy", "ec2", "ecr"),
    *("ecs", "eks", "elasticloadbalancing", "events", "kms", "logs", "sagemaker", "scheduler"),
    *("sns", "states", "wafv2"),
)
NO_REGION = ("budgets", "route53")


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:us-east-1:111122223333:{resource}"


def refused(statements: list[dict[str, Any]], action: str, resource: str, **keys: str) -> bool:
    return not allows([*statements, EVERYTHING], action, resource, {**HERE, **keys})


@pytest.mark.parametrize("service", WRITTEN)
def test_a_deploy_writes_in_its_regions_with_the_services_of_the_layers(service: str) -> None:
    action = f"{service}:CreateThing"
    for region in ("us-east-1", "us-west-2"):
        assert allows(of_deploy(), action, "*", {"aws:RequestedRegion": region})
    assert not allows(of_deploy(), action, "*", ELSEWHERE)


# Layers came to need these after they could be asked for.
ASKED_FOR = sorted({*get_args(DeployService)} - {"budgets", "lambda", "sns"})


@pytest.mark.parametrize("service", ASKED_FOR)
def test_a_deploy_writes_with_another_service_where_that_is_asked_for(service: str) -> None:
    action = f"{service}:CreateThing"
    assert not allows(of_deploy(), action, "*", HERE)
    more = deploy(CONTEXT, {"us-east-1"}, [service])
    assert allows(more, action, "*", HERE)
    assert allows(more, action, "*", ELSEWHERE) is (service in NO_REGION)


READS = (
    *("acm:DescribeX", "acm:ListX", "application-autoscaling:DescribeX", "autoscaling:DescribeX"),
    *("cloudformation:DescribeX", "cloudformation:GetTemplate", "cloudformation:ListX"),
    *("application-autoscaling:ListX", "budgets:DescribeX", "budgets:ListX", "budgets:ViewBudget"),
    *("cloudwatch:DescribeX", "cloudwatch:GetX", "cloudwatch:ListX", "codebuild:BatchGetProjects"),
    *("codebuild:ListX", "codedeploy:BatchGetX", "codedeploy:GetX", "codedeploy:ListX"),
    *("codepipeline:GetPipeline", "codepipeline:ListX", "ec2:DescribeX", "ecr:BatchGetImage"),
    *("ec2:GetManagedPrefixListEntries", "ecr:DescribeX", "ecr:GetLifecyclePolicy"),
    *("ecr:GetRegistryPolicy", "ecr:GetRepositoryPolicy", "ecr:ListX", "ecs:DescribeX"),
    *("ecs:ListX", "eks:DescribeX", "eks:ListX", "elasticloadbalancing:DescribeX"),
    *("events:DescribeX", "events:ListX", "firehose:DescribeX", "firehose:ListX"),
    *("kms:DescribeX", "kms:GetKeyPolicy", "kms:ListX", "lambda:GetAlias", "lambda:GetPolicy"),
    *("lambda:GetEventSourceMapping", "lambda:GetFunctionConcurrency", "lambda:ListAliases"),
    *("lambda:ListEventSourceMappings", "lambda:ListTags", "logs:DescribeX", "logs:ListX"),
    *("route53:GetX", "route53:ListX", "sagemaker:DescribeX", "sagemaker:ListX"),
    *("sagemaker:GetModelPackageGroupPolicy", "scheduler:GetX", "scheduler:ListX"),
    *("secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy", "servicequotas:GetX"),
    *("secretsmanager:ListX", "servicediscovery:GetX", "servicediscovery:ListX"),
    *("servicequotas:ListX", "sns:GetX", "sns:ListX", "sqs:GetQueueAttributes", "sqs:ListX"),
    *("ssm:DescribeX", "ssm:ListDocuments", "ssm:ListTagsForResource", "states:ListX"),
    *("states:DescribeStateMachine", "states:ValidateStateMachineDefinition"),
    *("wafv2:GetX", "wafv2:ListX", "iam:GetRole", "iam:ListRoles"),
)


@pytest.mark.parametrize("action", READS)
def test_a_deploy_and_a_plan_read_how_resources_are_set_up(action: str) -> None:
    assert allows(of_plan(), action, "*", HERE)
    assert allows(of_deploy(), action, "*", HERE)
    service, _, name = action.partition(":")
    assert not allows(of_plan(), f"{service}:Create{name}", "*", HERE)


@pytest.mark.parametrize(
    "action",
    [
        *("GetAccelerateConfiguration", "GetAnalyticsConfiguration", "GetBucketPolicy"),
        *("GetEncryptionConfiguration", "GetIntelligentTieringConfiguration"),
        *("GetInventoryConfiguration", "GetLifecycleConfiguration", "GetMetricsConfiguration"),
        *("GetReplicationConfiguration", "ListAllMyBuckets"),
    ],
)
def test_a_plan_reads_how_buckets_are_set_up(action: str) -> None:
    assert allows(of_plan(), f"s3:{action}", "*")
    assert allows(of_deploy(), "s3:ListAllMyBuckets", "*")


def test_a_plan_reads_states_and_writes_their_locks_alone() -> None:
    state = f"{STATES}/dev-use1/network.tfstate"
    assert allows(of_plan(), "s3:GetObject", state)
    assert allows(of_plan(), "s3:ListBucket", STATES)
    assert not allows(of_plan(), "s3:ListBucket", "arn:aws:s3:::payroll")
    for action in ("s3:PutObject", "s3:DeleteObject"):
        assert allows(of_plan(), action, f"{state}.tflock")
        assert not allows(of_plan(), action, state)


@pytest.mark.parametrize("statements", [of_deploy, of_plan])
@pytest.mark.parametrize("action", ["ssm:GetParameter", "ssm:GetParameters"])
def test_public_parameters_alone_are_read(statements: Any, action: str) -> None:
    public = "arn:aws:ssm:us-east-1::parameter/aws/service/eks/x"
    assert allows(statements(), action, public, HERE)
    assert not allows(statements(), action, arn("ssm", "parameter/aws/service/x"), HERE)
    assert not allows(statements(), action, "arn:aws:ssm:us-east-1::parameter/x", HERE)


@pytest.mark.parametrize("resource", [BUCKET, f"{BUCKET}/x"])
def test_a_deploy_does_all_with_buckets_of_the_organization_alone(resource: str) -> None:
    assert allows(of_deploy(), "s3:PutBucketPolicy", resource)
    assert not allows(of_deploy(), "s3:PutBucketPolicy", resource.replace("acme-", "acme"))


@pytest.mark.parametrize(
    "action",
    [
        *("CreateRole", "DeleteRolePolicy", "DetachRolePolicy", "PutRolePermissionsBoundary"),
        "PutRolePolicy",
    ],
)
def test_a_deploy_writes_roles_under_the_boundary_alone(action: str) -> None:
    assert allows(of_deploy(), f"iam:{action}", ROLE, BOUNDED)
    assert not allows(of_deploy(), f"iam:{action}", ROLE, FREE)
    assert not allows(of_deploy(), f"iam:{action}", ROLE)
    for other in (f"{IAM}:role/acme-x", f"{IAM}:role/inferform/other-x"):
        assert not allows(of_deploy(), f"iam:{action}", other, BOUNDED)


def test_a_deploy_attaches_the_policies_of_the_layers_alone() -> None:
    def attaches(policy: str, resource: str = ROLE, keys: dict[str, str] = BOUNDED) -> bool:
        return allows(
            of_deploy(), "iam:AttachRolePolicy", resource, {**keys, "iam:PolicyARN": policy}
        )

    worker = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"
    assert attaches(worker)
    assert attaches(POLICY)
    assert not attaches("arn:aws:iam::aws:policy/AmazonS3FullAccess")
    assert not attaches(f"{IAM}:policy/acme-x")
    assert not attaches(worker, f"{IAM}:role/acme-x")
    assert not attaches(worker, keys=FREE)


PASSED = (
    *("codedeploy", "ec2", "ecs", "ecs-tasks", "eks", "eks-fargate-pods", "events", "pods.eks"),
    *("sagemaker", "scheduler", "states", "vpc-flow-logs"),
)


@pytest.mark.parametrize("service", PASSED)
def test_a_deploy_passes_own_roles_to_services_that_it_uses(service: str) -> None:
    passed = {"iam:PassedToService": f"{service}.amazonaws.com"}
    assert allows(of_deploy(), "iam:PassRole", ROLE, passed)
    assert not allows(of_deploy(), "iam:PassRole", f"{IAM}:role/admin", passed)


@pytest.mark.parametrize("service", ["codebuild", "codepipeline", "firehose"])
def test_a_deploy_passes_roles_to_another_service_where_that_is_asked_for(service: str) -> None:
    passed = {"iam:PassedToService": f"{service}.amazonaws.com"}
    assert not allows(of_deploy(), "iam:PassRole", ROLE, passed)
    assert allows(deploy(CONTEXT, [], [service]), "iam:PassRole", ROLE, passed)


def test_roles_are_passed_to_the_services_of_chinas_partition() -> None:
    china = CONTEXT.replace(region="cn-north-1")
    passed = {"iam:PassedToService": "ec2.amazonaws.com.cn"}
    role = ROLE.replace("aws:", "aws-cn:")
    for statements in (deploy(china, ["cn-north-1"]), boundary(china)):
        assert allows(statements, "iam:PassRole", role, passed)


KEPT = (
    *("AddRoleToInstanceProfile", "CreateInstanceProfile", "DeleteInstanceProfile"),
    *("DeleteRole", "RemoveRoleFromInstanceProfile", "TagInstanceProfile", "TagRole"),
    *("UntagRole", "UpdateAssumeRolePolicy", "UpdateRole", "UpdateRoleDescription"),
)


@pytest.mark.parametrize("action", KEPT)
def test_a_deploy_keeps_own_roles_and_instance_profiles(action: str) -> None:
    for kind in ("role", "instance-profile"):
        assert allows(of_deploy(), f"iam:{action}", f"{IAM}:{kind}/inferform/acme-x")
        assert not allows(of_deploy(), f"iam:{action}", f"{IAM}:{kind}/acme-x")


@pytest.mark.parametrize(
    "action",
    [
        *("CreatePolicy", "CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion"),
        *("TagPolicy", "UntagPolicy"),
    ],
)
def test_a_deploy_keeps_own_policies(action: str) -> None:
    assert allows(of_deploy(), f"iam:{action}", POLICY)
    assert not allows(of_deploy(), f"iam:{action}", f"{IAM}:policy/acme-x")


@pytest.mark.parametrize("verb", ["Create", "Delete", "Tag", "Untag"])
def test_a_deploy_keeps_the_identity_providers_of_clusters_alone(verb: str) -> None:
    for action in (f"iam:{verb}OpenIDConnectProvider",):
        assert allows(
            of_deploy(), action, f"{IAM}:oidc-provider/oidc.eks.us-east-1.amazonaws.com/x"
        )
        assert not allows(of_deploy(), action, f"{IAM}:oidc-provider/token.actions.x")
    thumbprint = "iam:UpdateOpenIDConnectProviderThumbprint"
    assert allows(
        of_deploy(), thumbprint, f"{IAM}:oidc-provider/oidc.eks.us-east-1.amazonaws.com/x"
    )


@pytest.mark.parametrize(("statements", "name"), [(of_deploy, "deploy"), (of_plan, "plan")])
def test_each_role_assumes_itself_alone(statements: Any, name: str) -> None:
    assert allows(statements(), "sts:AssumeRole", f"{IAM}:role/inferform-{name}")
    assert not allows(statements(), "sts:AssumeRole", f"{IAM}:role/admin")


@pytest.mark.parametrize(
    "action",
    [
        *("BypassGovernanceRetention", "CreateBucket", "DeleteBucket", "DeleteBucketPolicy"),
        *("DeleteObjectVersion", "DeleteObjectVersionTagging", "PutEncryptionConfiguration"),
        *("ObjectOwnerOverrideToBucketOwner", "PutLifecycleConfiguration", "PutBucketPolicy"),
        *("PutBucketVersioning", "PutObjectAcl", "PutObjectLegalHold", "PutObjectRetention"),
        *("PutObjectVersionAcl", "ReplicateDelete", "ReplicateObject", "UpdateBucketMetadata"),
    ],
)
def test_a_deploy_never_changes_how_states_are_kept(action: str) -> None:
    for resource in (STATES, f"{STATES}/dev-use1/network.tfstate"):
        assert refused(of_deploy(), f"s3:{action}", resource)
    assert not refused(of_deploy(), f"s3:{action}", BUCKET)


@pytest.mark.parametrize(
    "action", ["DeleteObject", "PutObject", "PutObjectTagging", "RestoreObject"]
)
def test_a_deploy_never_writes_the_state_of_the_identity_layer(action: str) -> None:
    for end in ("", ".tflock"):
        assert refused(of_deploy(), f"s3:{action}", f"{STATES}/dev-use1/identity.tfstate{end}")
        assert not refused(of_deploy(), f"s3:{action}", f"{STATES}/dev-use1/network.tfstate{end}")


@pytest.mark.parametrize(
    "action",
    [
        *("AttachRolePolicy", "CreatePolicyVersion", "DeleteRole", "DetachRolePolicy"),
        *("PutRolePolicy", "SetDefaultPolicyVersion", "TagRole", "UntagRole", "UpdateRole"),
    ],
)
def test_a_deploy_never_changes_the_identity_layer(action: str) -> None:
    for name in ("role/inferform-deploy", "role/inferform-plan", "policy/inferform-boundary"):
        assert refused(of_deploy(), f"iam:{action}", f"{IAM}:{name}")
        assert not refused(of_deploy(), f"iam:{action}", f"{IAM}:{name}-of-others")


def test_no_boundary_is_taken_away() -> None:
    assert refused(of_deploy(), "iam:DeleteRolePermissionsBoundary", ROLE, **BOUNDED)


def _run_as() -> Iterator[tuple[str, str, str]]:
    for action, service, resource in (
        ("cloudformation:CreateChangeSet", "cloudformation", "stack/{}-x/1"),
        ("cloudformation:CreateStack", "cloudformation", "stack/{}-x/1"),
        ("cloudformation:DeleteStack", "cloudformation", "stack/{}-x/1"),
        ("cloudformation:SetStackPolicy", "cloudformation", "stack/{}-x/1"),
        ("cloudformation:UpdateStack", "cloudformation", "stack/{}-x/1"),
        ("codedeploy:CreateDeployment", "codedeploy", "deploymentgroup:{}-x/y"),
        ("ecs:ExecuteCommand", "ecs", "cluster/{}-x"),
        ("ecs:ExecuteCommand", "ecs", "task/{}-x/1"),
        ("ecs:RunTask", "ecs", "task-definition/{}-x:1"),
        ("ecs:StartTask", "ecs", "task-definition/{}-x:1"),
        ("eks:AssociateAccessPolicy", "eks", "access-entry/{}-x/role/1/y/z"),
        ("eks:CreateAccessEntry", "eks", "cluster/{}-x"),
        ("eks:UpdateAccessEntry", "eks", "access-entry/{}-x/role/1/y/z"),
        ("states:StartExecution", "states", "stateMachine:{}-x"),
        ("states:UpdateStateMachine", "states", "stateMachine:{}-x"),
    ):
        own, theirs = (arn(service, resource.format(name)) for name in ("acme", "other"))
        yield action, own, theirs


@pytest.mark.parametrize(("action", "own", "theirs"), [*_run_as()])
def test_a_deploy_runs_nothing_by_roles_of_others(action: str, own: str, theirs: str) -> None:
    assert allows(of_deploy(), action, own, HERE)
    assert refused(of_deploy(), action, theirs)


@pytest.mark.parametrize(
    "action",
    [
        *("codebuild:StartBuildBatch", "ec2:ModifyInstanceAttribute"),
        *("sagemaker:CreateNotebookInstance", "sagemaker:CreatePresignedDomainUrl"),
        *("sagemaker:StartSession", "ssm:ResumeSession", "ssm:SendCommand"),
        *("ssm:StartAutomationExecution", "ssm:StartSession"),
    ],
)
def test_a_deploy_has_no_way_into_machines_but_of_services_that_are_asked_for(action: str) -> None:
    assert refused(of_deploy(), action, "*")
    service = action.partition(":")[0]
    assert not refused(deploy(CONTEXT, ["us-east-1"], [service]), action, "*")


TAG = f"aws:ResourceTag/{CONTEXT.tag_key('managed-by')}"


@pytest.mark.parametrize(
    "action", ["ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate", "kms:PutKeyPolicy"]
)
def test_a_deploy_changes_no_templates_and_keys_of_others(action: str) -> None:
    assert refused(of_deploy(), action, "*")
    assert refused(of_deploy(), action, "*", **{TAG: "others"})
    assert allows(of_deploy(), action, "*", {**HERE, TAG: "inferform"})


def test_a_deploy_tags_templates_of_others_only_as_it_makes_them() -> None:
    template = arn("ec2", "launch-template/lt-1")
    assert refused(of_deploy(), "ec2:CreateTags", template)
    assert refused(of_deploy(), "ec2:CreateTags", template, **{TAG: "others"})
    for keys in ({TAG: "inferform"}, {"ec2:CreateAction": "CreateLaunchTemplate"}):
        assert allows(of_deploy(), "ec2:CreateTags", template, {**HERE, **keys})
    assert allows(of_deploy(), "ec2:CreateTags", arn("ec2", "volume/vol-1"), HERE)


@pytest.mark.parametrize(
    "action",
    [
        *("codebuild:BatchGetBuilds", "codepipeline:GetJobDetails", "ec2:GetConsoleOutput"),
        *("codepipeline:GetThirdPartyJobDetails", "ec2:DescribeInstanceAttribute"),
        *("ec2:GetPasswordData", "ecr:GetDownloadUrlForLayer", "kms:Decrypt"),
        *("kms:GenerateDataKeyPair", "kms:ReEncryptFrom", "lambda:GetFunction"),
        *("lambda:GetLayerVersion", "logs:FilterLogEvents", "logs:GetLogEvents"),
        *("logs:GetQueryResults", "logs:StartQuery", "secretsmanager:BatchGetSecretValue"),
        *("secretsmanager:GetSecretValue", "ssm:ListCommandInvocations"),
        *("ssm:GetCommandInvocation", "ssm:GetParameterHistory", "states:DescribeExecution"),
        "states:GetExecutionHistory",
    ],
)
def test_a_plan_never_reads_secrets_code_or_inputs(action: str) -> None:
    assert refused(of_plan(), action, "*")


OWN_FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:acme-dev-use1-fraud"
THEIR_FUNCTION = OWN_FUNCTION.replace("acme-", "theirs-")


def test_a_deploy_changes_functions_of_the_organization_alone() -> None:
    for action in ("lambda:CreateFunction", "lambda:UpdateFunctionCode", "lambda:AddPermission"):
        assert allows(of_deploy(), action, OWN_FUNCTION, HERE)
        assert allows(of_deploy(), action, f"{OWN_FUNCTION}:live", HERE)
        assert not allows(of_deploy(), action, THEIR_FUNCTION, HERE)
        assert not allows(of_deploy(), action, OWN_FUNCTION, ELSEWHERE)


def test_a_plan_reads_the_environment_of_functions_of_the_organization_alone() -> None:
    more = [*of_plan(), {"Effect": "Allow", "Action": "lambda:*", "Resource": "*"}]
    for action in ("lambda:GetFunction", "lambda:GetFunctionConfiguration"):
        assert allows(of_plan(), action, OWN_FUNCTION)
        assert refused(more, action, THEIR_FUNCTION)


@pytest.mark.parametrize("action", ["ecs:Poll", "sagemaker:InvokeEndpoint", "sqs:ReceiveMessage"])
def test_roles_of_the_layers_act_in_the_regions_of_the_account(action: str) -> None:
    for region in ("us-east-1", "us-west-2"):
        assert allows(of_boundary(), action, "*", {"aws:RequestedRegion": region})
    assert not allows(of_boundary(), action, "*", ELSEWHERE)
    assert not allows(boundary(CONTEXT), action, "*", {"aws:RequestedRegion": "us-west-2"})
    assert not allows(boundary(CONTEXT), "sqs:ReceiveMessage", "*", HERE)


@pytest.mark.parametrize(
    "action",
    [
        *("ecr:BatchGetImage", "kms:Decrypt", "s3:GetObject", "secretsmanager:GetSecretValue"),
        *("sns:Publish", "ssm:GetParameter", "ssm:GetParameters"),
    ],
)
def test_what_a_spec_names_may_lie_in_another_region(action: str) -> None:
    assert allows(of_boundary(), action, "*", ELSEWHERE)


def test_a_role_of_a_layer_passes_roles_to_instances_and_tasks_alone() -> None:
    for service in ("ec2", "ecs-tasks"):
        passed = {"iam:PassedToService": f"{service}.amazonaws.com"}
        assert allows(of_boundary(), "iam:PassRole", ROLE, passed)
        assert not allows(of_boundary(), "iam:PassRole", f"{IAM}:role/admin", passed)
    assert not allows(
        of_boundary(), "iam:PassRole", ROLE, {"iam:PassedToService": "lambda.amazonaws.com"}
    )


def test_only_the_service_linked_roles_that_layers_need_are_made() -> None:
    action, linked = "iam:CreateServiceLinkedRole", f"{IAM}:role/aws-service-role/x/y"
    assert allows(of_deploy(), action, linked)
    assert not allows(of_deploy(), action, ROLE)
    for service, allowed in (("elasticloadbalancing", True), ("spot", True), ("ecs", False)):
        keys = {"iam:AWSServiceName": f"{service}.amazonaws.com"}
        assert allows(of_boundary(), action, linked, keys) is allowed
        assert not allows(of_boundary(), action, ROLE, keys)


def test_a_role_of_a_layer_fills_the_instance_profiles_of_auto_mode_alone() -> None:
    action = "iam:AddRoleToInstanceProfile"
    assert allows(of_boundary(), action, f"{IAM}:instance-profile/eks-x")
    assert not allows(of_boundary(), action, f"{IAM}:instance-profile/acme-x")


def test_a_role_of_a_layer_never_reads_states_or_user_data() -> None:
    for resource in (STATES, f"{STATES}/dev-use1/network.tfstate"):
        assert refused(of_boundary(), "s3:GetObject", resource)
    assert not refused(of_boundary(), "s3:GetObject", f"{BUCKET}/x")
    assert refused(of_boundary(), "ec2:DescribeInstanceAttribute", "*")


def test_a_role_of_a_layer_never_changes_instances_of_others() -> None:
    instance, action = arn("ec2", "instance/i-1"), "ec2:ModifyInstanceAttribute"
    assert refused(of_boundary(), action, instance)
    tag = "aws:ResourceTag/eks:cluster-name"
    assert refused(of_boundary(), action, instance, **{tag: "other-x"})
    assert allows(of_boundary(), action, instance, {**HERE, tag: "acme-dev-use1"})
    assert not refused(of_boundary(), action, arn("ec2", "security-group/sg-1"))


def test_a_role_of_a_layer_tags_instances_only_as_it_makes_them() -> None:
    for kind in ("instance/i-1", "launch-template/lt-1"):
        assert refused(of_boundary(), "ec2:CreateTags", arn("ec2", kind))
        made = {**HERE, "ec2:CreateAction": "RunInstances"}
        assert allows(of_boundary(), "ec2:CreateTags", arn("ec2", kind), made)
    assert allows(of_boundary(), "ec2:CreateTags", arn("ec2", "volume/vol-1"), HERE)


STATE_KEY = "arn:aws:kms:eu-central-1:999988887777:key/1234abcd-12ab-34cd-56ef-1234567890ab"
KEYED = CONTEXT.replace(
    backend=S3Backend(bucket="acme-terraform", region="eu-central-1", kms_key=STATE_KEY)
)
THROUGH_S3 = {
    "aws:RequestedRegion": "eu-central-1",
    "kms:ViaService": "s3.eu-central-1.amazonaws.com",
}


@pytest.mark.parametrize("action", ["kms:Decrypt", "kms:GenerateDataKey"])
def test_the_roles_use_the_key_of_the_states_through_s3_alone(action: str) -> None:
    directly = {"aws:RequestedRegion": "eu-central-1"}
    for statements in (deploy(KEYED, {"us-east-1"}), plan(KEYED)):
        assert allows(statements, action, STATE_KEY, THROUGH_S3)
        assert not allows(statements, action, STATE_KEY, directly)
    other = STATE_KEY.replace("1234abcd", "4321abcd")
    assert refused(plan(KEYED), action, other, **THROUGH_S3)
    assert refused(plan(KEYED), "secretsmanager:GetSecretValue", "*")
    assert refused(of_plan(), action, STATE_KEY, **THROUGH_S3)


def test_the_plan_role_assumes_plan_roles_of_other_accounts_that_are_named_alone() -> None:
    other = "arn:aws:iam::444455556666:role/inferform-plan"
    assert allows(plan(CONTEXT, [other]), "sts:AssumeRole", other, HERE)
    assert not allows(of_plan(), "sts:AssumeRole", other, HERE)
    third = "arn:aws:iam::999988887777:role/inferform-plan"
    assert not allows(plan(CONTEXT, [other]), "sts:AssumeRole", third, HERE)
