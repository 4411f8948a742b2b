"""What the deploy and plan roles may do, and what no role of Inferform may exceed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from ..access import Access, services
from ..context import Context
from ..iam.policy import Statement, allow, deny, size

# Services that a deploy may use for the organization's own resources only.
_BY_NAME = ("s3",)

_WRITE_ROLES = (
    "iam:CreateRole",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
)
_KEEP_ROLES = (
    "iam:AddRoleToInstanceProfile",
    "iam:CreateInstanceProfile",
    "iam:DeleteInstanceProfile",
    "iam:DeleteRole",
    "iam:RemoveRoleFromInstanceProfile",
    "iam:TagInstanceProfile",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
)
_POLICIES = (
    "iam:CreatePolicy",
    "iam:CreatePolicyVersion",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:TagPolicy",
    "iam:UntagPolicy",
)
_CLUSTER_PROVIDERS = (
    "iam:CreateOpenIDConnectProvider",
    "iam:DeleteOpenIDConnectProvider",
    "iam:TagOpenIDConnectProvider",
    "iam:UntagOpenIDConnectProvider",
    "iam:UpdateOpenIDConnectProviderThumbprint",
)
# What changes how states are kept, or who reads them. `inferform bootstrap` sets these, with its
# caller's own credentials; Terraform only reads and writes objects.
_STATE_SETTINGS = (
    "s3:BypassGovernanceRetention",
    "s3:CreateBucket*",
    "s3:DeleteBucket*",
    "s3:DeleteObjectVersion*",
    "s3:ObjectOwnerOverrideToBucketOwner",
    "s3:Put*Configuration",
    "s3:PutBucket*",
    "s3:PutObjectAcl",
    "s3:PutObjectLegalHold",
    "s3:PutObjectRetention",
    "s3:PutObjectVersion*",
    "s3:Replicate*",
    "s3:UpdateBucket*",
)
# What runs as the role of what it names; names of clusters and the like never change. A stack that
# somebody else made may have a role of its own, as which every later change of it runs.
_RUNS_BY_NAME = (
    "cloudformation:Activate*",
    "cloudformation:Cancel*",
    "cloudformation:Continue*",
    "cloudformation:Create*",
    "cloudformation:Deactivate*",
    "cloudformation:Delete*",
    "cloudformation:Execute*",
    "cloudformation:Import*",
    "cloudformation:Publish*",
    "cloudformation:Register*",
    "cloudformation:Rollback*",
    "cloudformation:Set*",
    "cloudformation:Start*",
    "cloudformation:Stop*",
    "cloudformation:Update*",
    "codedeploy:CreateDeployment",
    "ecs:ExecuteCommand",
    "ecs:RunTask",
    "ecs:StartTask",
    "eks:AssociateAccessPolicy",
    "eks:AssociateIdentityProviderConfig",
    "eks:CreateAccessEntry",
    "eks:CreatePodIdentityAssociation",
    "eks:UpdateAccessEntry",
    "eks:UpdateClusterConfig",
    "eks:UpdatePodIdentityAssociation",
    "sagemaker:CreatePipeline",
    "sagemaker:RetryPipelineExecution",
    "sagemaker:SendPipelineExecution*",
    "sagemaker:StartPipelineExecution",
    "sagemaker:UpdatePipeline*",
    "states:StartExecution",
    "states:UpdateStateMachine",
)
# What no layer and no command of Inferform does, by whatever it would run as.
_RUNS = (
    "codebuild:StartBuild*",
    "ec2:CreateReplaceRootVolumeTask",
    "ec2:ModifyInstanceAttribute",
    "sagemaker:*Domain",
    "sagemaker:*NotebookInstance*",
    "sagemaker:*Space",
    "sagemaker:*UserProfile",
    "sagemaker:CreateApp",
    "sagemaker:CreatePresigned*",
    "sagemaker:StartSession",
    "ssm:ResumeSession",
    "ssm:SendCommand",
    "ssm:StartAutomationExecution",
    "ssm:StartSession",
)
# What gives secrets, code, user data or inputs, which no plan needs whatever else grants it.
_NEVER_READ = (
    "codebuild:BatchGetBuilds",
    "codepipeline:GetJobDetails",
    "codepipeline:GetThirdPartyJobDetails",
    "ec2:DescribeInstanceAttribute",
    "ec2:GetConsole*",
    "ec2:GetPasswordData",
    "ecr:GetDownloadUrlForLayer",
    "kms:Decrypt",
    "kms:GenerateDataKey*",
    "kms:ReEncrypt*",
    "lambda:GetLayerVersion",
    "logs:FilterLogEvents",
    "logs:GetLogEvents",
    "logs:GetQueryResults",
    "logs:StartQuery",
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:GetSecretValue",
    "ssm:ListCommandInvocations",
    "ssm:GetCommandInvocation",
    "ssm:GetParameterHistory",
    "states:DescribeExecution",
    "states:GetExecutionHistory",
)
_API_KEYS = ("apikeys", "apikeys/*", "usageplans/*/keys", "usageplans/*/keys/*")
_ANY_IAM_WRITE = ("Attach", "Create", "Delete", "Detach", "Put", "Set", "Tag", "Untag", "Update")


def deploy(
    context: Context,
    regions: Iterable[str],
    more: Iterable[str] = (),
    role_policies: Iterable[str] = (),
    existing_roles: Iterable[str] = (),
) -> list[Statement]:
    """All that a deploy needs in one account; `more` are services that it does not only read,
    `role_policies` what it attaches to roles beside what the layers do,
    `existing_roles` what it passes beside their roles."""
    own = context.any_name_of_organization
    asked = {*more}
    used = {name: access for name, access in services().items() if name not in _BY_NAME}
    written = {name: access for name, access in used.items() if access.deploys or name in asked}
    # S3 is written by the names of buckets, and is given a role that copies objects.
    passing = {**written, "s3": services()["s3"]}
    whole = {name: each for name, each in written.items() if name in asked or not each.named}
    read = {name: access for name, access in used.items() if name not in whole}
    regional = [f"{name}:*" for name, access in whole.items() if access.has_regions]
    # aws:RequestedRegion would shut these out.
    elsewhere = [f"{name}:*" for name, access in whole.items() if not access.has_regions]
    here = {"StringEquals": {"aws:RequestedRegion": sorted(regions)}}
    bounded = {"iam:PermissionsBoundary": context.boundary_arn}
    managed = sorted({policy for access in used.values() for policy in access.attaches})
    return [
        allow(regional, "*", sid="Deploy", conditions=here),
        *(
            allow(f"{name}:*", _named(context, name), sid=f"Deploy{name.title()}", conditions=here)
            for name in sorted(written.keys() - whole.keys())
        ),
        *([allow(elsewhere, "*", sid="DeployGlobal")] if elsewhere else []),
        allow(_reads(read), "*", sid="Read"),
        _public_parameters(context),
        allow(
            "s3:*",
            [_buckets(context)[0], f"{_buckets(context)[0]}/*", *_states_apart(context)],
            sid="Buckets",
        ),
        *_use_state_key(context),
        allow("s3:ListAllMyBuckets", "*", sid="ListBuckets"),
        allow(
            _WRITE_ROLES,
            context.arn("iam", f"role{context.naming.role_path}{own}"),
            sid="WriteBoundedRoles",
            conditions={"StringEquals": bounded},
        ),
        allow(
            "iam:AttachRolePolicy",
            context.arn("iam", f"role{context.naming.role_path}{own}"),
            sid="AttachPolicies",
            conditions={
                "StringEquals": bounded,
                "ArnLike": {
                    "iam:PolicyARN": [
                        *(f"arn:{context.partition}:iam::aws:policy/{name}" for name in managed),
                        context.arn("iam", f"policy{context.naming.role_path}{own}"),
                        *role_policies,
                    ]
                },
            },
        ),
        allow(
            "iam:PassRole",
            [*existing_roles, context.arn("iam", f"role{context.naming.role_path}{own}")]
            if existing_roles
            else context.arn("iam", f"role{context.naming.role_path}{own}"),
            sid="PassRoles",
            conditions={"StringEquals": {"iam:PassedToService": _passed(context, passing)}},
        ),
        allow(
            _KEEP_ROLES,
            [
                context.arn("iam", f"{kind}{context.naming.role_path}{own}")
                for kind in ("role", "instance-profile")
            ],
            sid="KeepRoles",
        ),
        allow(
            _POLICIES, context.arn("iam", f"policy{context.naming.role_path}{own}"), sid="Policies"
        ),
        allow(
            "iam:CreateServiceLinkedRole",
            context.arn("iam", "role/aws-service-role/*"),
            sid="ServiceLinkedRoles",
        ),
        allow(
            _CLUSTER_PROVIDERS,
            context.arn("iam", "oidc-provider/oidc.eks.*"),
            sid="ClusterIdentity",
        ),
        allow(["iam:Get*", "iam:List*"], "*", sid="ReadIam"),
        allow("sts:AssumeRole", str(context.deploy_role_arn), sid="AssumeItself"),
        deny(_STATE_SETTINGS, _states(context), sid="KeepStates"),
        deny(
            ["s3:DeleteObject*", "s3:PutObject*", "s3:RestoreObject"],
            f"{_states(context)[0]}/*/identity.tfstate*",
            sid="KeepIdentityState",
        ),
        deny("iam:DeleteRolePermissionsBoundary", "*", sid="KeepBoundaries"),
        *_as_others(context, asked),
        deny([f"iam:{verb}*" for verb in _ANY_IAM_WRITE], _identity(context), sid="KeepIdentity"),
    ]


LARGEST_INLINE, LARGEST_MANAGED = 10_240, 6_144
"""The characters of the inline policies of a role together, and of a managed policy, without white space. Source:
AWS IAM user guide, IAM and AWS STS quotas."""

_OF_ROLES = ("AttachPolicies", "PassRoles")


def parts(statements: list[Statement]) -> tuple[list[Statement], list[Statement]]:
    """The statements of a role's inline policy, and those of a managed one beside it.

    What grows with the roles of others goes beside where all together is too long. It only allows, so that the role
    is never without what it is denied.
    """
    if size(statements) <= LARGEST_INLINE:
        return statements, []
    inline = [each for each in statements if each["Sid"] not in _OF_ROLES]
    return inline, [each for each in statements if each["Sid"] in _OF_ROLES]


def beside(context: Context) -> str:
    """The name of the managed policy beside that of the deploy role, behind its path."""
    return f"{context.deploy_role}-roles"


def plan(context: Context, others: Iterable[str] = ()) -> list[Statement]:
    """Reading every resource and the states, and writing nothing but the lock of a state; `others` are plan roles
    of other accounts that it may assume."""
    itself = str(context.plan_role_arn)
    objects = _states(context)[1]
    return [
        allow(
            [*_reads(services()), "iam:Get*", "iam:List*"],
            "*",
            sid="Read",
        ),
        _public_parameters(context),
        # The names of objects, and whether a bucket is there.
        allow("s3:ListBucket", _buckets(context), sid="ListBuckets"),
        allow("sts:AssumeRole", [itself, *others] if others else itself, sid="AssumeItself"),
        allow("s3:GetObject", objects, sid="ReadStates"),
        # A definition that is too long for a request, and files of Airflow's: the state has them too.
        allow(
            ["s3:GetObject", "s3:GetObjectTagging"],
            [
                f"{_buckets(context)[0]}/airflow/*",
                f"{_buckets(context)[0]}/pipelines/*/definition-*.json",
            ],
            sid="ReadDefinitions",
        ),
        allow(["s3:DeleteObject", "s3:PutObject"], f"{objects}.tflock", sid="LockStates"),
        *_use_state_key(context),
        *_read_by_name(context),
        *_no_secrets(context),
        # What is read of APIs is one action, GET, with keys among it.
        deny(
            "apigateway:GET",
            [f"arn:{context.partition}:apigateway:*::/{path}" for path in _API_KEYS],
            sid="NoApiKeys",
        ),
    ]


def data_scientist(context: Context, artifacts: Iterable[str]) -> list[Statement]:
    """Calling what serves, registering versions that wait for an approval, and reading how all of it does."""
    own, given = context.any_name_of_organization, context.naming.endpoints.values()

    def of(service: str, *resources: str) -> list[str]:
        return [
            f"arn:{context.partition}:{service}:*:{context.account}:{each}" for each in resources
        ]

    endpoints = [own, *given]
    # SageMaker's ARNs are in lower case.
    called = of(
        "sagemaker",
        *(f"endpoint/{name.lower()}" for name in endpoints),
        f"inference-component/{own.lower()}",
    )
    versions = of(
        "sagemaker", f"model-package-group/{own.lower()}", f"model-package/{own.lower()}/*"
    )
    made = of("sagemaker", f"endpoint-config/{own.lower()}", f"model/{own.lower()}")
    groups = [f"/aws/sagemaker/Endpoints/{name}" for name in endpoints]
    logs = of(
        "logs",
        *(
            f"log-group:{group}{behind}"
            for group in (*groups, "/inferform/*")
            for behind in ("", ":*")
        ),
    )
    buckets = _buckets(context)[0]
    return [
        allow("sagemaker:InvokeEndpoint*", called, sid="Invoke"),
        allow(
            "lambda:InvokeFunction",
            of("lambda", f"function:{own}", f"function:{own}:*"),
            sid="InvokeFunctions",
        ),
        # Without a status a version waits for an approval.
        allow(
            "sagemaker:CreateModelPackage",
            versions,
            sid="Register",
            conditions={
                "StringEqualsIfExists": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}
            },
        ),
        allow(
            [
                "sagemaker:DescribeEndpoint*",
                "sagemaker:DescribeInferenceComponent",
                "sagemaker:DescribeModelPackage*",
                "sagemaker:ListModelPackages",
                "sagemaker:ListTags",
            ],
            [*called, *versions, made[0]],
            sid="Describe",
        ),
        allow(
            [
                "sagemaker:ListEndpoints",
                "sagemaker:ListInferenceComponents",
                "sagemaker:ListModelPackageGroups",
            ],
            "*",
            sid="List",
        ),
        allow(
            ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
            [f"{buckets}/{prefix}*" for prefix in artifacts],
            sid="Artifacts",
        ),
        # An asynchronous endpoint is called with an object, and answers with one.
        allow("s3:PutObject", f"{buckets}/async/*/input/*", sid="AskAsynchronousEndpoints"),
        allow("s3:GetObject", f"{buckets}/async/*", sid="ReadTheirAnswers"),
        allow(
            ["kms:Decrypt", "kms:GenerateDataKey"],
            of("kms", "key/*"),
            sid="ArtifactKeys",
            conditions={
                "StringLike": {"kms:ViaService": f"s3.*.{context.dns_suffix}"},
                "ForAnyValue:StringLike": {"kms:ResourceAliases": f"alias/{own}"},
            },
        ),
        allow(
            [
                "logs:DescribeLogStreams",
                "logs:FilterLogEvents",
                "logs:GetLogEvents",
                "logs:StartQuery",
            ],
            logs,
            sid="ReadLogs",
        ),
        allow(
            [
                "cloudwatch:DescribeAlarmHistory",
                "cloudwatch:DescribeAlarms",
                "cloudwatch:GetDashboard",
                "cloudwatch:GetMetricData",
                "cloudwatch:GetMetricStatistics",
                "cloudwatch:ListDashboards",
                "cloudwatch:ListMetrics",
                "logs:DescribeLogGroups",
                "logs:GetQueryResults",
                "logs:StopQuery",
            ],
            "*",
            sid="ReadMetrics",
        ),
        # Whatever else the role is granted.
        deny(
            [
                f"sagemaker:{verb}{what}"
                for verb in ("Create", "Delete", "Update")
                for what in ("Endpoint*", "InferenceComponent*", "Model")
                if (verb, what) != ("Update", "Model")
            ],
            [*called, *made],
            sid="KeepWhatServes",
        ),
        deny(
            ["sagemaker:DeleteModelPackage*", "sagemaker:UpdateModelPackage"],
            versions,
            sid="DecideOnNoVersion",
        ),
        deny(
            "iam:PassRole",
            context.arn("iam", f"role{context.naming.role_path}{own}"),
            sid="PassNoRoleOfServices",
        ),
        deny("s3:*", _states(context), sid="NoStates"),
    ]


def _use_state_key(context: Context) -> Iterator[Statement]:
    """Reading and writing what the key of the states encrypts, through S3 alone."""
    if context.states is not None and context.states.kms_key is not None:
        yield allow(
            ["kms:Decrypt", "kms:GenerateDataKey"],
            context.states.kms_key,
            sid="UseStateKey",
            conditions={
                "StringEquals": {
                    "kms:ViaService": f"s3.{context.state_region}.{context.dns_suffix}"
                }
            },
        )


def _no_secrets(context: Context) -> Iterator[Statement]:
    """What a plan never reads; with a key of the states, all other keys."""
    if context.states is None or context.states.kms_key is None:
        yield deny(_NEVER_READ, "*", sid="NoSecrets")
        return
    of_keys = [action for action in _NEVER_READ if action.startswith("kms:")]
    yield deny([each for each in _NEVER_READ if each not in of_keys], "*", sid="NoSecrets")
    others = deny(of_keys, "*", sid="NoOtherKeys")
    del others["Resource"]
    yield {**others, "NotResource": context.states.kms_key}


def _named(context: Context, service: str) -> list[str]:
    """What of a service has a name of the organization's, and what belongs to that: versions."""
    own = context.any_name_of_organization
    return [
        f"arn:{context.partition}:{service}:*:{context.account}:{beginning}{name}"
        for beginning in services()[service].named
        for name in ([own] if own.endswith("*") else [own, f"{own}:*"])
    ]


def _read_by_name(context: Context) -> Iterator[Statement]:
    """Reading what a plan reads of its own alone, whatever else lets the role read it."""
    for name, access in services().items():
        if access.named_reads:
            actions = [f"{name}:{action}" for action in access.named_reads]
            own = _named(context, name)
            yield allow(actions, own, sid=f"Read{name.title()}")
            others = deny(actions, "*", sid=f"No{name.title()}OfOthers")
            del others["Resource"]
            yield {**others, "NotResource": own}


def boundary(
    context: Context, regions: Iterable[str] = (), more: Iterable[str] = ()
) -> list[Statement]:
    """What roles of the layers may do at most: what some of them needs at run time, and what `more`
    services of a project's own roles do."""
    own = context.arn("iam", f"role{context.naming.role_path}{context.any_name_of_organization}")
    within = {"StringEquals": {"aws:RequestedRegion": sorted({context.region, *regions})}}
    return [
        allow(
            [*_of_roles(roles_have_regions=True), *(f"{name}:*" for name in sorted(more))],
            "*",
            sid="InRegions",
            conditions=within,
        ),
        allow(_of_roles(roles_have_regions=False), "*", sid="Anywhere"),
        *_airflow(context),
        # CodeDeploy passes roles of tasks, EKS Auto Mode those of its nodes, and retrainings and
        # pipelines those of jobs.
        allow(
            "iam:PassRole",
            own,
            sid="PassRoles",
            conditions={
                "StringEquals": {
                    "iam:PassedToService": [
                        f"ec2.{context.dns_suffix}",
                        "ecs-tasks.amazonaws.com",
                        "sagemaker.amazonaws.com",
                    ]
                }
            },
        ),
        allow(
            "iam:AddRoleToInstanceProfile",
            context.arn("iam", "instance-profile/eks*"),
            sid="InstanceProfiles",
        ),
        allow(
            "iam:CreateServiceLinkedRole",
            context.arn("iam", "role/aws-service-role/*"),
            sid="ServiceLinkedRoles",
            conditions={
                "StringEquals": {
                    "iam:AWSServiceName": [
                        "elasticloadbalancing.amazonaws.com",
                        "spot.amazonaws.com",
                    ]
                }
            },
        ),
        deny("s3:*", _states(context), sid="NoStates"),
        # User data is code, and may hold secrets. EKS tags what it manages.
        deny("ec2:DescribeInstanceAttribute", "*", sid="NoUserData"),
        deny(
            "ec2:ModifyInstanceAttribute",
            _machines(context, "instance"),
            sid="NoInstancesOfOthers",
            conditions={
                "StringNotLike": {
                    "aws:ResourceTag/eks:cluster-name": f"{context.any_name_of_organization}"
                }
            },
        ),
        deny(
            "ec2:CreateTags",
            _machines(context, "instance", "launch-template"),
            sid="NoTagsOfOthers",
            conditions={"Null": {"ec2:CreateAction": "true"}},
        ),
    ]


def _airflow(context: Context) -> list[Statement]:
    """What roles of Airflow do at most: its queue is in an account of AWS's, and what its DAGs start and
    wait for is the organization's own."""
    own = context.any_name_of_organization
    place = f"{context.partition}:{{}}:*:{context.account}"
    pipelines = f"arn:{place.format('sagemaker')}:pipeline/{own.lower()}"
    return [
        allow("sqs:*", f"arn:{context.partition}:sqs:*:*:airflow-celery-*", sid="AirflowQueues"),
        allow(
            ["sagemaker:*PipelineExecution", "states:DescribeExecution"],
            [pipelines, f"{pipelines}/*", f"arn:{place.format('states')}:execution:{own}:*"],
            sid="StartFromDags",
        ),
    ]


def _as_others(context: Context, asked: set[str]) -> list[Statement]:
    """Nothing that runs code with a role of somebody else's, or lets somebody in there."""
    tag = f"aws:ResourceTag/{context.tag_key('managed-by')}"
    own = context.any_name_of_organization

    def below(separator: str) -> str:
        """What comes behind a name of the organization's: a revision, an id."""
        return own if own.endswith("*") else f"{own}{separator}*"

    name_only = deny(_RUNS_BY_NAME, "*", sid="NoRolesOfOthers")
    del name_only["Resource"]
    name_only["NotResource"] = [
        f"arn:{context.partition}:{service}:*:{context.account}:{resource}"
        for service, resource in (
            ("cloudformation", f"stack/{below('/')}"),
            ("codedeploy", f"deploymentgroup:{own}/*"),
            ("ecs", f"cluster/{own}"),
            ("ecs", f"task-definition/{below(':')}"),
            ("ecs", f"task/{below('/')}"),
            ("eks", f"access-entry/{below('/')}"),
            ("eks", f"cluster/{own}"),
            ("eks", f"podidentityassociation/{below('/')}"),
            ("sagemaker", f"pipeline/{below('/')}"),
            ("states", f"stateMachine:{own}"),
        )
    ]
    return [
        name_only,
        deny(
            [action for action in _RUNS if action.partition(":")[0] not in asked],
            "*",
            sid="NoWayIntoMachines",
        ),
        deny(
            ["ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate", "kms:PutKeyPolicy"],
            "*",
            sid="NoChangeOfOthers",
            conditions={"StringNotEquals": {tag: "inferform"}},
        ),
        deny(
            "ec2:CreateTags",
            _machines(context, "launch-template"),
            sid="NoTagsOfOthers",
            conditions={
                "Null": {"ec2:CreateAction": "true"},
                "StringNotEquals": {tag: "inferform"},
            },
        ),
    ]


def _reads(used: Mapping[str, Access]) -> list[str]:
    return [f"{name}:{verb}*" for name, access in used.items() for verb in access.reads]


def _of_roles(*, roles_have_regions: bool) -> list[str]:
    return [
        f"{name}:{action}"
        for name, access in services().items()
        if access.roles_have_regions is roles_have_regions
        for action in access.roles
        # What a longer list of another capability's covers; IAM takes 6,144 characters.
        if not any(other != action and fnmatchcase(action, other) for other in access.roles)
    ]


def _passed(context: Context, used: Mapping[str, Access]) -> list[str]:
    """The principals of services that a deploy gives roles to."""
    names = {name for access in used.values() for name in access.passes_to}
    suffixes = {"amazonaws.com", context.dns_suffix}
    return sorted(f"{name}.{suffix}" for name in names for suffix in suffixes)


def _machines(context: Context, *kinds: str) -> list[str]:
    return [f"arn:{context.partition}:ec2:*:{context.account}:{kind}/*" for kind in kinds]


def _identity(context: Context) -> list[str]:
    """The deploy role, the plan role and the boundary: what a deploy must not change."""
    own = context.arn("iam", f"policy{context.naming.role_path}{context.any_name_of_organization}")
    more = context.arn("iam", f"policy/{beside(context)}")
    return [
        *(str(context.deploy_role_arn), str(context.plan_role_arn), str(context.boundary_arn)),
        # Under a path of the team's own it may be named as policies of the layers are.
        *([more] if fnmatchcase(more, own) else []),
    ]


def _public_parameters(context: Context) -> Statement:
    """Parameters of AWS's own, which name images of machines."""
    return allow(
        ["ssm:GetParameter", "ssm:GetParameters"],
        f"arn:{context.partition}:ssm:*::parameter/aws/service/*",
        sid="ReadPublicParameters",
    )


def _bucket(context: Context, name: str) -> str:
    return f"arn:{context.partition}:s3:::{name}"


def _buckets(context: Context) -> list[str]:
    """The organization's buckets, whose names end in the account, and that of its states."""
    own = context.any_name_of_organization
    own = own if own.endswith("*") else f"{own}-{context.account}"
    return [_bucket(context, own), *_states_apart(context)[:1]]


def _states_apart(context: Context) -> list[str]:
    """The buckets of states and the states in them, where they are not named as other buckets."""
    own = context.any_name_of_organization
    bucket = _states(context)[0].rpartition(":")[2]
    return [] if own.endswith("*") and fnmatchcase(bucket, own) else _states(context)


def _states(context: Context) -> list[str]:
    """The buckets of states, and the states in them."""
    if context.states is not None:
        bucket = _bucket(context, context.states.bucket)
        return [bucket, "/".join(filter(None, (bucket, context.states.prefix, "*")))]
    bucket = _bucket(context, f"{context.organization}-tfstate-{context.account}-*")
    return [bucket, f"{bucket}/*"]
