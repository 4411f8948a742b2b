"""No published way to more rights works for the roles of an account, nor under their boundary."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from inferform import Context
from inferform.identity.policies import boundary
from tests.conftest import Made
from tests.rights import allows

Statements = list[dict[str, Any]]

ACCOUNT = "arn:aws:iam::111122223333"
STATES = "arn:aws:s3:::acme-tfstate-111122223333-us-east-1"
SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:theirs-AbCdEf"


def _as_here(policy: str, context: Context) -> str:
    """A policy of another organization and account as it would be of the ones that are asked for here."""
    names = {
        context.account: "111122223333",
        f"{context.region}": "us-east-1",
        f"{context.organization}-": "acme-",
        f"{context.prefix}-": "acme-dev-use1-",
    }
    for theirs, here in sorted(names.items(), key=lambda each: -len(each[0])):
        policy = policy.replace(theirs, here)
    return policy


@pytest.fixture(scope="module", name="identities")
def _identities(made: dict[str, Made]) -> dict[str, dict[str, Statements]]:
    """The policies of the deploy and plan role, and the boundary, of every identity layer."""
    found = {}
    for stack, each in made.items():
        resources = each.stack.get("resource", {})
        policies = {
            resource["name"]: resource["policy"]
            for resource in resources.get("aws_iam_role_policy", {}).values()
            if resource["name"] in ("deploy", "plan")
        }
        if not policies:
            continue
        (boundary,) = resources["aws_iam_policy"].values()
        policies["boundary"] = boundary["policy"]
        found[stack] = {
            name: json.loads(_as_here(text, each.environment.context))["Statement"]
            for name, text in policies.items()
        }
    assert found
    return found


@pytest.mark.parametrize(
    "action",
    [
        "s3:BypassGovernanceRetention",
        "s3:DeleteBucket",
        "s3:DeleteBucketPolicy",
        "s3:DeleteObjectVersion",
        "s3:PutBucketAcl",
        "s3:PutBucketObjectLockConfiguration",
        "s3:PutBucketOwnershipControls",
        "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
        "s3:PutObjectAcl",
        "s3:PutReplicationConfiguration",
    ],
)
def test_the_deploy_role_changes_nothing_about_how_states_are_kept(
    action: str, identities: dict[str, dict[str, Statements]]
) -> None:
    for roles in identities.values():
        for resource in (STATES, f"{STATES}/dev-use1/network.tfstate"):
            assert not allows(roles["deploy"], action, resource)
        own = "arn:aws:s3:::acme-dev-use1-artifacts"
        assert allows(roles["deploy"], action, own)


def test_the_deploy_role_writes_the_states_of_other_layers_alone(
    identities: dict[str, dict[str, Statements]],
) -> None:
    for roles in identities.values():
        for action in ("s3:PutObject", "s3:DeleteObject"):
            for name in ("network.tfstate", "network.tfstate.tflock"):
                assert allows(roles["deploy"], action, f"{STATES}/dev-use1/{name}")
            for name in ("identity.tfstate", "identity.tfstate.tflock"):
                assert not allows(roles["deploy"], action, f"{STATES}/dev-use1/{name}")
        assert allows(roles["deploy"], "s3:GetObject", f"{STATES}/dev-use1/identity.tfstate")


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:us-east-1:111122223333:{resource}"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("codebuild:BatchGetBuilds", "*"),
        ("codepipeline:GetJobDetails", "*"),
        ("codepipeline:GetThirdPartyJobDetails", "*"),
        ("ec2:DescribeInstanceAttribute", "*"),
        ("ec2:GetConsoleOutput", "*"),
        ("ecr:GetDownloadUrlForLayer", "*"),
        ("kms:Decrypt", "*"),
        ("lambda:GetFunction", "*"),
        ("lambda:GetFunction", _arn("lambda", "function:theirs")),
        ("lambda:GetFunctionConfiguration", "*"),
        ("lambda:GetLayerVersion", "*"),
        ("lambda:ListFunctions", "*"),
        ("logs:FilterLogEvents", "*"),
        ("logs:GetLogEvents", "*"),
        ("s3:GetObject", "arn:aws:s3:::acme-dev-use1-artifacts/fraud/model.tar.gz"),
        ("s3:ListBucket", "arn:aws:s3:::payroll"),
        ("secretsmanager:BatchGetSecretValue", "*"),
        ("secretsmanager:GetSecretValue", SECRET),
        ("sqs:ReceiveMessage", "*"),
        ("ssm:GetCommandInvocation", "*"),
        ("ssm:GetParameter", "arn:aws:ssm:us-east-1:111122223333:parameter/db/password"),
        ("ssm:GetParameterHistory", "*"),
        ("ssm:GetParametersByPath", "*"),
        ("ssm:ListCommandInvocations", "*"),
        ("states:DescribeExecution", "*"),
        ("states:GetExecutionHistory", "*"),
    ],
)
def test_the_plan_role_reads_no_secrets_code_or_inputs(
    action: str, resource: str, identities: dict[str, dict[str, Statements]]
) -> None:
    for roles in identities.values():
        assert not allows(roles["plan"], action, resource)


# Layers that an administrator applies: one makes the deploy role, the other stands in an account without
# one (CPL25).
BY_ADMINISTRATORS = ("delivery", "identity")


def _by_deploy_roles(made: dict[str, Made]) -> dict[str, Made]:
    return {
        stack: each
        for stack, each in made.items()
        if each.stack["//"]["metadata"]["inferform"]["layer"] not in BY_ADMINISTRATORS
    }


ADMIN = f"{ACCOUNT}:role/admin"
OWN = f"{ACCOUNT}:role/inferform/acme-dev-use1-fraud"
USER = f"{ACCOUNT}:user/admin"
BOUNDED = {"iam:PermissionsBoundary": f"{ACCOUNT}:policy/inferform-boundary"}
FREE = {"iam:PermissionsBoundary": f"{ACCOUNT}:policy/anything"}
HERE = {"aws:RequestedRegion": "us-east-1"}
POWER = {"iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"}


Step = tuple[str, str, dict[str, str]]


def _one(action: str, resource: str, **context: str) -> list[Step]:
    return [(action, resource, {**HERE, **context})]


def _passing(action: str, service: str) -> list[Step]:
    """Giving an administrator's role to what runs one's own code."""
    given = {**HERE, "iam:PassedToService": f"{service}.amazonaws.com"}
    return [("iam:PassRole", ADMIN, given), (action, "*", HERE)]


# What each path needs; every step must be allowed for it to work. From the lists of Rhino
# Security Labs ("AWS IAM Privilege Escalation Methods") and pathfinding.cloud.
PATHS: dict[str, list[Step]] = {
    **{
        action: _one(action, resource, **more)
        for action, resource, more in [
            ("iam:AddUserToGroup", f"{ACCOUNT}:group/admins", {}),
            ("iam:AttachGroupPolicy", f"{ACCOUNT}:group/acme-x", POWER),
            ("iam:AttachRolePolicy", ADMIN, POWER),
            ("iam:AttachUserPolicy", USER, POWER),
            ("iam:CreateAccessKey", USER, {}),
            ("iam:CreateLoginProfile", USER, {}),
            ("iam:CreatePolicyVersion", f"{ACCOUNT}:policy/acme-platform", {}),
            ("iam:CreateRole", OWN, FREE),
            ("iam:CreateServiceSpecificCredential", USER, {}),
            ("iam:CreateUser", USER, {}),
            ("iam:DeactivateMFADevice", f"{ACCOUNT}:mfa/x", {}),
            ("iam:DeleteRolePermissionsBoundary", OWN, BOUNDED),
            ("iam:DeleteRolePolicy", ADMIN, {}),
            ("iam:DeleteUserPermissionsBoundary", USER, {}),
            ("iam:DeleteUserPolicy", USER, {}),
            ("iam:DetachUserPolicy", USER, {}),
            ("iam:PutGroupPolicy", f"{ACCOUNT}:group/acme-x", {}),
            ("iam:PutRolePermissionsBoundary", OWN, FREE),
            ("iam:PutRolePolicy", ADMIN, {}),
            ("iam:PutUserPermissionsBoundary", USER, {}),
            ("iam:PutUserPolicy", USER, {}),
            ("iam:ResetServiceSpecificCredential", USER, {}),
            ("iam:SetDefaultPolicyVersion", f"{ACCOUNT}:policy/acme-platform", {}),
            ("iam:UpdateAssumeRolePolicy", ADMIN, {}),
            ("iam:UpdateLoginProfile", USER, {}),
            ("iam:UpdateOpenIDConnectProviderThumbprint", f"{ACCOUNT}:oidc-provider/github", {}),
            ("iam:UpdateSAMLProvider", f"{ACCOUNT}:saml-provider/x", {}),
            ("iam:UploadSSHPublicKey", USER, {}),
            ("identitystore:CreateGroupMembership", "*", {}),
            ("organizations:AttachPolicy", "*", {}),
            ("rolesanywhere:CreateTrustAnchor", "*", {}),
            ("sso:CreateAccountAssignment", "*", {}),
            ("sts:AssumeRole", ADMIN, {}),
            ("codebuild:StartBuild", _arn("codebuild", "project/theirs"), {}),
            ("codedeploy:CreateDeployment", _arn("codedeploy", "deploymentgroup:theirs/x"), {}),
            ("codepipeline:PutJobSuccessResult", "*", {}),
            ("cloudformation:UpdateStack", "*", {}),
            ("ec2:CreateLaunchTemplateVersion", _arn("ec2", "launch-template/lt-1"), {}),
            ("ec2:CreateReplaceRootVolumeTask", _arn("ec2", "instance/i-1"), {}),
            ("ec2:CreateTags", _arn("ec2", "launch-template/lt-1"), {}),
            ("ec2:ModifyInstanceAttribute", _arn("ec2", "instance/i-1"), {}),
            ("ec2:ModifyLaunchTemplate", _arn("ec2", "launch-template/lt-1"), {}),
            ("ec2-instance-connect:SendSSHPublicKey", _arn("ec2", "instance/i-1"), {}),
            ("ecs:ExecuteCommand", _arn("ecs", "task/theirs/1"), {}),
            ("ecs:RunTask", _arn("ecs", "task-definition/theirs:1"), {}),
            ("ecs:StartTask", _arn("ecs", "task-definition/theirs:1"), {}),
            ("eks:AssociateAccessPolicy", _arn("eks", "access-entry/theirs/role/1/x/y"), {}),
            ("eks:AssociateIdentityProviderConfig", _arn("eks", "cluster/theirs"), {}),
            ("eks:CreateAccessEntry", _arn("eks", "cluster/theirs"), {}),
            ("eks:UpdateClusterConfig", _arn("eks", "cluster/theirs"), {}),
            (
                "eks:UpdatePodIdentityAssociation",
                _arn("eks", "podidentityassociation/theirs/a-1"),
                {},
            ),
            ("glue:UpdateJob", "*", {}),
            ("kms:PutKeyPolicy", _arn("kms", "key/theirs"), {}),
            ("lambda:AddPermission", _arn("lambda", "function:theirs"), {}),
            ("lambda:CreateEventSourceMapping", "*", {}),
            ("lambda:UpdateFunctionCode", _arn("lambda", "function:theirs"), {}),
            ("lambda:UpdateFunctionConfiguration", _arn("lambda", "function:theirs"), {}),
            ("sagemaker:CreateApp", _arn("sagemaker", "app/d-1/x/y/z"), {}),
            ("sagemaker:CreatePresignedDomainUrl", "*", {}),
            ("sagemaker:CreatePresignedNotebookInstanceUrl", "*", {}),
            ("sagemaker:StartPipelineExecution", _arn("sagemaker", "pipeline/theirs"), {}),
            ("sagemaker:UpdateDomain", _arn("sagemaker", "domain/d-1"), {}),
            ("sagemaker:UpdateNotebookInstanceLifecycleConfig", "*", {}),
            ("sagemaker:UpdatePipeline", _arn("sagemaker", "pipeline/theirs"), {}),
            ("sagemaker:UpdateSpace", _arn("sagemaker", "space/d-1/x"), {}),
            ("sagemaker:UpdateUserProfile", _arn("sagemaker", "user-profile/d-1/x"), {}),
            ("secretsmanager:PutSecretValue", SECRET, {}),
            ("ssm:SendCommand", _arn("ec2", "instance/i-1"), {}),
            ("ssm:StartAutomationExecution", "*", {}),
            ("ssm:StartSession", _arn("ec2", "instance/i-1"), {}),
            ("states:UpdateStateMachine", _arn("states", "stateMachine:theirs"), {}),
        ]
    },
    "an administrator's policy on a role of its own": _one(
        "iam:AttachRolePolicy", OWN, **BOUNDED, **POWER
    ),
    **{
        f"iam:PassRole, {action}": _passing(action, service)
        for action, service in [
            ("apprunner:CreateService", "tasks.apprunner"),
            ("bedrock-agentcore:CreateCodeInterpreter", "bedrock-agentcore"),
            ("cloudformation:CreateStack", "cloudformation"),
            ("codebuild:CreateProject", "codebuild"),
            ("codepipeline:CreatePipeline", "codepipeline"),
            ("datapipeline:CreatePipeline", "datapipeline"),
            ("ec2:RequestSpotInstances", "ec2"),
            ("ec2:RunInstances", "ec2"),
            ("ecs:RegisterTaskDefinition", "ecs-tasks"),
            ("eks:CreatePodIdentityAssociation", "pods.eks"),
            ("glue:CreateDevEndpoint", "glue"),
            ("glue:CreateJob", "glue"),
            ("lambda:CreateFunction", "lambda"),
            ("sagemaker:CreateNotebookInstance", "sagemaker"),
            ("sagemaker:CreateProcessingJob", "sagemaker"),
            ("sagemaker:CreateTrainingJob", "sagemaker"),
            ("scheduler:CreateSchedule", "scheduler"),
            ("states:CreateStateMachine", "states"),
        ]
    },
}


@pytest.mark.parametrize("path", PATHS)
def test_no_published_way_to_more_rights_works(
    path: str, identities: dict[str, dict[str, Statements]]
) -> None:
    assert len(PATHS) > 70
    for stack, roles in identities.items():
        for name, statements in roles.items():
            steps = [allows(statements, *step) for step in PATHS[path]]
            assert not all(steps), f"{stack}: {name}"


def test_roles_that_others_named_for_the_organization_are_out_of_reach(
    identities: dict[str, dict[str, Statements]],
) -> None:
    passed = {"iam:PassedToService": "ec2.amazonaws.com"}
    theirs = f"{ACCOUNT}:role/acme-platform-admin"
    for roles in identities.values():
        for action in ("iam:PassRole", "iam:UpdateAssumeRolePolicy", "iam:TagRole"):
            assert allows(roles["deploy"], action, OWN, passed)
            for statements in roles.values():
                assert not allows(statements, action, theirs, passed)


def test_every_role_of_a_layer_is_under_the_path(made: dict[str, Made]) -> None:
    paths = {
        (kind, resource.get("path"))
        for stack, each in made.items()
        if not stack.endswith("-identity")
        for kind in ("aws_iam_role", "aws_iam_instance_profile")
        for resource in each.stack.get("resource", {}).get(kind, {}).values()
    }
    assert paths == {
        ("aws_iam_role", "/inferform/"),
        ("aws_iam_instance_profile", "/inferform/"),
    }


def test_own_roles_are_passed_to_the_services_of_the_layers_alone(
    made: dict[str, Made], identities: dict[str, dict[str, Statements]]
) -> None:
    used = {
        service
        for each in _by_deploy_roles(made).values()
        for role in each.stack.get("resource", {}).get("aws_iam_role", {}).values()
        for statement in json.loads(role["assume_role_policy"])["Statement"]
        if (principals := statement["Principal"].get("Service"))
        for service in ([principals] if isinstance(principals, str) else principals)
    }
    assert len(used) > 8
    for roles in identities.values():
        for service in used:
            assert allows(roles["deploy"], "iam:PassRole", OWN, {"iam:PassedToService": service})
        for service in ("cloudformation", "codebuild", "glue"):
            passed = {"iam:PassedToService": f"{service}.amazonaws.com"}
            assert not allows(roles["deploy"], "iam:PassRole", OWN, passed)


# What an environment asks for by `permissions`, which a rule compares with the boundary (PRM5).
ASKED_FOR = re.compile(r"/role-(more|[0-9a-f]{8})$")


def test_the_policies_of_aws_that_layers_attach_are_attached_and_not_cut(
    made: dict[str, Made], identities: dict[str, dict[str, Statements]]
) -> None:
    known = json.loads(aws_managed_policies_data)
    attached = {
        resource["policy_arn"]
        for each in made.values()
        for resource in each.stack.get("resource", {})
        .get("aws_iam_role_policy_attachment", {})
        .values()
        if not ASKED_FOR.search(resource["//"]["metadata"]["path"])
    }
    assert len(attached) > 8
    request = {
        **HERE,
        "aws:ResourceTag/eks:cluster-name": "acme-dev-use1-eks",
        "ec2:CreateAction": "RunInstances",
        "iam:PassedToService": "ec2.amazonaws.com",
    }
    resources = {
        "iam:AddRoleToInstanceProfile": f"{ACCOUNT}:instance-profile/eks-1",
        "iam:CreateServiceLinkedRole": f"{ACCOUNT}:role/aws-service-role/x",
        "iam:PassRole": OWN,
    }
    for roles in identities.values():
        for arn in attached:
            given = {**BOUNDED, "iam:PolicyARN": arn}
            assert allows(roles["deploy"], "iam:AttachRolePolicy", OWN, given), arn
            for statement in known[arn.rpartition("/")[2]]["Document"]["Statement"]:
                service = statement.get("Condition", {}).get("StringEquals", {})
                linked = service.get("iam:AWSServiceName", "")
                actions = statement["Action"]
                for action in [actions] if isinstance(actions, str) else actions:
                    context = {**request, "iam:AWSServiceName": linked}
                    resource = resources.get(action, _arn("ec2", "instance/i-1"))
                    assert allows(roles["boundary"], action, resource, context), (arn, action)


OF_AIRFLOW = ("sqs:", "sagemaker:", "states:")


def test_the_boundary_does_not_cut_what_roles_of_the_layers_do(made: dict[str, Made]) -> None:
    asked = 0
    for stack, each in _by_deploy_roles(made).items():
        context = each.environment.context
        statements = boundary(context)
        resources = each.stack.get("resource", {})
        for policy in resources.get("aws_iam_role_policy", {}).values():
            if policy["name"] in ("deploy", "plan") or ASKED_FOR.search(
                policy["//"]["metadata"]["path"]
            ):
                continue
            for statement in json.loads(policy["policy"])["Statement"]:
                conditions = statement.get("Condition", {}).get("StringEquals", {})
                given = {"aws:RequestedRegion": context.region, **conditions}
                actions = statement["Action"]
                named = {
                    "iam:PassRole": context.own_role_arn(f"{context.prefix}-x"),
                    "iam:CreateServiceLinkedRole": str(statement["Resource"]),
                }
                for action in [actions] if isinstance(actions, str) else actions:
                    own = statement["Resource"]
                    resources_of = [named.get(action, "*")]
                    if stack.endswith("-orchestration") and action.startswith(OF_AIRFLOW):
                        # The boundary limits these to the queues of Airflow, and to what trains.
                        resources_of = [own] if isinstance(own, str) else own
                    for resource in resources_of:
                        asked += 1
                        assert allows(statements, action, resource, given), (stack, action)
    assert asked > 200


def test_the_boundary_keeps_roles_from_states_and_from_other_regions(
    identities: dict[str, dict[str, Statements]],
) -> None:
    for roles in identities.values():
        limit = roles["boundary"]
        assert allows(limit, "s3:GetObject", "arn:aws:s3:::acme-data/x")
        assert not allows(limit, "s3:GetObject", f"{STATES}/dev-use1/network.tfstate")
        assert not allows(limit, "s3:PutBucketPolicy", "arn:aws:s3:::acme-data")
        assert allows(limit, "ec2:RunInstances", "*", HERE)
        assert not allows(limit, "ec2:RunInstances", "*", {"aws:RequestedRegion": "sa-east-1"})
