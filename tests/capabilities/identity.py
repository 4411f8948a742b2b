"""Who deploys."""

from __future__ import annotations

from .record import PART_OF_A_POLICY, Capability

_CEILING = "it is a permissions boundary, which grants nothing and caps what roles are granted"
_OF_A_CEILING = ("CKV_AWS_288", "CKV_AWS_289", "CKV_AWS_290", "CKV_AWS_355")

CAPABILITY = Capability(
    not_aws={
        PART_OF_A_POLICY: (
            "DataScientists.artifacts[]",
            "DataScientists.people[]",
            "GitHub.branches[]",
            "GitHub.plan_branches[]",
            "GitHub.environments[]",
            "GitHub.issuer",
            "GitHub.repository",
            "GitLab.audience",
            "GitLab.branches[]",
            "GitLab.issuer",
            "GitLab.plan_branches[]",
            "GitLab.project",
            "Identity.deploy_services[]",
            "Identity.operators[]",
            "Identity.other_plan_roles[]",
            "Identity.regions[]",
            "Identity.role_services[]",
        ),
    },
    checkov={
        "*-identity/aws_iam_policy.roles_boundary_*": dict.fromkeys(_OF_A_CEILING, _CEILING),
        "*-identity/aws_iam_role_policy.roles_plan-policy_*": {
            "CKV_AWS_355": (
                "a plan reads the resources of a whole account, and its actions are reads of how "
                "things are set up"
            ),
        },
        "*-identity/aws_iam_role.roles_*": {
            "CKV_AWS_61": (
                "the account is the principal because the role cannot name itself before it "
                "exists; a condition names who may assume it"
            ),
        },
    },
    cloudsplaining={
        "*-identity/aws_iam_policy.roles_boundary_*": {"*": _CEILING},
        "*-identity/aws_iam_role_policy.roles_deploy-policy_*": {
            "s3": "it sets up buckets of the organization in every way, and none of the states",
            "budgets*": "budgets have no ARN to begin with; no role may be passed to their actions",
            "ce*": "monitors of spending have no ARN to begin with; no action of theirs moves data",
            "chatbot*": "it makes chat channels of the account; their roles are bounded, and read",
        },
    },
)
