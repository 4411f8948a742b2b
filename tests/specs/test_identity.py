"""The identity layer as a Spec: who may deploy, and who may only plan."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inferform import (
    ConfigurationError,
    Context,
    DataScientists,
    Environment,
    GitHub,
    GitLab,
    Identity,
    Naming,
    S3Backend,
    SpecError,
    load,
)
from inferform.identity.trust import trust
from tests.conftest import Synthesized

Synthesize = Callable[..., Synthesized]

NAMED = {
    "deploy_role": "inferform-deploy",
    "plan_role": "inferform-plan",
    "permissions_boundary": "inferform-boundary",
}


def context(**changes: Any) -> Context:
    given: dict[str, Any] = {
        "organization": "acme",
        "stage": "dev",
        "account": "111122223333",
        "region": "us-east-1",
        "owner": "ml",
        **NAMED,
    }
    return Context(**{**given, **changes})


def rules_broken(make: Any) -> list[str]:
    with pytest.raises(SpecError) as error:
        make()
    return [problem.rule for problem in error.value.problems]


MAIN = "repo:acme/inference:ref:refs/heads/main"
PROD = "repo:acme/inference:environment:prod"
REQUESTS = "repo:acme/inference:pull_request"


@pytest.mark.parametrize(
    ("given", "deploy", "plan"),
    [
        ({}, [MAIN], [MAIN, REQUESTS]),
        ({"environments": ["prod"]}, [PROD], [PROD, MAIN, REQUESTS]),
        ({"branches": [], "environments": ["prod"]}, [PROD], [PROD, MAIN, REQUESTS]),
        (
            {"environments": ["prod"], "plan_branches": [], "plan_pull_requests": False},
            [PROD],
            [PROD],
        ),
        (
            {"branches": ["release"], "plan_pull_requests": False},
            ["repo:acme/inference:ref:refs/heads/release"],
            ["repo:acme/inference:ref:refs/heads/release", MAIN],
        ),
    ],
)
def test_who_deploys_and_who_plans_is_named_apart(
    given: dict[str, Any], deploy: list[str], plan: list[str]
) -> None:
    github = GitHub(repository="acme/inference", **given)
    assert (github.deploy_subjects, github.plan_subjects) == (deploy, plan)


def test_no_branch_deploys_past_the_approval_of_an_environment() -> None:
    def make() -> GitHub:
        return GitHub(repository="acme/inference", branches=["main"], environments=["prod"])

    assert rules_broken(make) == ["IDN8"]


@pytest.mark.parametrize("repository", ["acme/*", "acme", "*", "acme/a/b", "acme/inf*rence", "/a"])
def test_a_repository_is_one_repository(repository: str) -> None:
    assert rules_broken(lambda: GitHub(repository=repository)) == ["IDN3"]


@pytest.mark.parametrize("branch", ["*", "release/*", "ma?n", "a:b", ""])
def test_a_branch_has_no_wildcard(branch: str) -> None:
    assert rules_broken(lambda: GitHub(repository="a/b", branches=[branch])) == ["IDN4"]
    assert rules_broken(lambda: GitHub(repository="a/b", environments=[branch])) == ["IDN4"]
    assert rules_broken(lambda: GitHub(repository="a/b", plan_branches=[branch])) == ["IDN4"]


@pytest.mark.parametrize(
    "project",
    ["acme", "acme/*", "/acme/a", "acme/a/", "https://gitlab.com/acme/a", "acme//a", "a/b:c"],
)
def test_a_project_of_gitlab_is_one_project(project: str) -> None:
    assert rules_broken(lambda: GitLab(project=project)) == ["IDN9"]


def test_a_project_of_gitlab_may_lie_in_groups_of_groups() -> None:
    branch = "project_path:acme/ml/fraud/inference:ref_type:branch:ref"
    project = GitLab(
        project="acme/ml/fraud/inference", branches=["release"], plan_merge_requests=False
    )
    assert project.deploy_subjects == [f"{branch}:release"]
    assert project.plan_subjects == [f"{branch}:release", f"{branch}:main"]


@pytest.mark.parametrize("branch", ["*", "release/*", "ma?n", "a:b", ""])
def test_a_branch_of_gitlab_has_no_wildcard(branch: str) -> None:
    assert rules_broken(lambda: GitLab(project="a/b", branches=[branch])) == ["IDN4"]
    assert rules_broken(lambda: GitLab(project="a/b", plan_branches=[branch])) == ["IDN4"]


@pytest.mark.parametrize(
    "issuer",
    [
        "https://gitlab.acme.com",
        "gitlab.acme.com/",
        "gitlab.acme.com:8443",
        "Gitlab.acme.com",
        "*",
        "",
    ],
)
def test_an_issuer_is_a_host_and_a_path(issuer: str) -> None:
    assert rules_broken(lambda: GitLab(project="a/b", issuer=issuer)) == ["IDN10"]
    assert rules_broken(lambda: GitHub(repository="a/b", issuer=issuer)) == ["IDN10"]


def test_an_enterprise_server_has_an_issuer_with_a_path() -> None:
    issuer = "github.acme.com/_services/token"
    identity = Identity(
        github=GitHub(repository="a/b", issuer=issuer), gitlab=GitLab(project="a/b")
    )
    assert identity.creates_providers == [issuer, "gitlab.com"]


def test_someone_must_be_able_to_deploy() -> None:
    assert rules_broken(lambda: GitHub(repository="a/b", branches=[])) == ["IDN5"]
    assert rules_broken(lambda: GitLab(project="a/b", branches=[])) == ["IDN5"]
    assert rules_broken(Identity) == ["IDN7"]
    operator = "arn:aws:iam::111122223333:role/platform-admin"
    assert Identity(operators=[operator]).creates_providers == []


@pytest.mark.parametrize(
    ("arn", "rule"),
    [
        ("arn:aws:iam::111122223333:role/*", "IDN6"),
        ("arn:aws:iam::111122223333:user/ann", "ARN1"),
        ("arn:aws:iam::111122223333:root", "ARN1"),
    ],
)
def test_an_operator_is_one_role(arn: str, rule: str) -> None:
    assert rules_broken(lambda: Identity(operators=[arn])) == [rule]


def builds(count: int) -> list[str]:
    """Roles of builds, as those of pipelines of several environments in one account are called."""
    role = "arn:aws:iam::111122223333:role/inferform/acme-shared-use1-delivery-main"
    return [f"{role}-apply-dev{number}-use1" for number in range(count)]


@pytest.mark.parametrize(
    ("given", "field", "rules"),
    [
        ({"operators": builds(18)}, "operators", []),
        ({"operators": builds(21)}, "operators", ["IDN14"]),
        ({"operators": builds(80)}, "operators", ["IDN14"]),
        ({"operators": builds(95)}, "operators", ["IDN13"]),
        ({"operators": builds(3), "planners": builds(21)[3:]}, "planners", ["IDN14"]),
        (
            {
                "operators": builds(1),
                "data_scientists": DataScientists(people=builds(95)),
            },
            "data_scientists",
            ["IDN13"],
        ),
    ],
)
def test_who_is_let_in_fits_a_trust_policy(
    given: dict[str, Any], field: str, rules: list[str]
) -> None:
    found = [*Identity(**given).check_in(context())]
    assert [(each.rule, each.path) for each in found] == [(rule, (field,)) for rule in rules]


def test_the_size_of_a_trust_policy_is_that_of_what_is_made(synthesize: Synthesize) -> None:
    identity = Identity(operators=builds(18), planners=builds(20)[18:])
    stacks = synthesize(Environment(context=context(), identity=identity))
    (stack,) = stacks.values()
    for role in stack["resource"]["aws_iam_role"].values():
        kind = "deploy" if role["name"] == context().deploy_role else "plan"
        made = json.loads(role["assume_role_policy"])["Statement"]
        assert made == trust(context(), identity, kind)  # type: ignore[arg-type]


@pytest.mark.parametrize("missing", NAMED)
def test_the_identity_layer_makes_what_the_context_names(missing: str) -> None:
    identity = Identity(github=GitHub(repository="acme/inference"))
    assert rules_broken(
        lambda: Environment(context=context(**{missing: None}), identity=identity)
    ) == ["IDN1"]


_TWICE = """
from inferform import *

def environment(stage, account):
    return Environment(
        context=Context(organization="acme", stage=stage, account=account, region="us-east-1",
            owner="ml", deploy_role="d", plan_role="p", permissions_boundary="b"),
        identity=Identity(github=GitHub(repository="acme/inference")),
    )

dev, test = environment("dev", "111122223333"), environment("test", "{account}")
"""


def test_one_environment_of_an_account_carries_identity(tmp_path: Path) -> None:
    file = tmp_path / "all.py"
    file.write_text(_TWICE.format(account="444455556666"), encoding="utf-8")
    assert list(load(tmp_path).environments) == ["dev-use1", "test-use1"]
    file.write_text(_TWICE.format(account="111122223333"), encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        load(tmp_path)
    assert {problem.rule for problem in error.value.problems} == {"IDN2"}
    assert "creates role d in account 111122223333, which dev-use1 creates too" in str(error.value)


def test_plans_assume_the_plan_role_and_the_deploy_role_without_one() -> None:
    assert context().plan_role_arn == "arn:aws:iam::111122223333:role/inferform-plan"
    assert (
        context(plan_role=None).plan_role_arn == "arn:aws:iam::111122223333:role/inferform-deploy"
    )


def of_account(account: str, stage: str, identity: Identity) -> str:
    return (
        f"from inferform import *\n{stage} = Environment(context=Context(organization='acme', stage='{stage}', "
        f"account='{account}', region='us-east-1', owner='ml', deploy_role='inferform-deploy', "
        "plan_role='ci/inferform-plan', permissions_boundary='inferform-boundary'), "
        f"identity={identity!r})\n"
    )


def test_a_plan_role_among_those_who_may_deploy_is_refused(tmp_path: Path) -> None:
    # Who opens a pull request in one account would deploy in the other.
    plan = "arn:aws:iam::111122223333:role/ci/inferform-plan"
    github = GitHub(repository="acme/inference", environments=["dev-use1"])

    def loaded(**lets_in: Any) -> None:
        dev = of_account("111122223333", "dev", Identity(github=github))
        prod = of_account("444455556666", "prod", Identity(github=github, **lets_in))
        (tmp_path / "dev.py").write_text(dev, encoding="utf-8")
        (tmp_path / "prod.py").write_text(prod, encoding="utf-8")
        load(tmp_path)

    loaded(planners=[plan])
    with pytest.raises(
        ConfigurationError, match=r"operators.0.*plan role of dev-use1.*name it in planners.*IDN16"
    ):
        loaded(operators=[plan])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"naming": Naming(role_path="/delegated/")},
            r"role_path.*is /delegated/.*works on /inferform/",
        ),
        (
            {"naming": Naming(template="ml-{organization}-{name}")},
            r"template.*is ml-acme-\*.*on acme-\*",
        ),
        (
            {"backend": S3Backend(bucket="acme-terraform")},
            r"backend.*is acme-terraform under the keys of S3",
        ),
    ],
)
def test_an_environment_beyond_the_reach_of_the_deploy_role_of_its_account_is_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    def written(name: str, made: Context, more: str = "") -> None:
        text = f"from inferform import *\n{name} = Environment(context={made!r}{more})\n"
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")

    identity = Identity(operators=["arn:aws:iam::111122223333:role/admin"])
    written("dev", context(), f", identity={identity!r}")
    written("other", context(stage="other"))
    load(tmp_path)
    written("other", context(stage="other", **changes))
    with pytest.raises(ConfigurationError, match=rf"{message}.*IDN17"):
        load(tmp_path)
    # With a role of its own, or in another account, it is somebody else's to give.
    written("other", context(stage="other", deploy_role="other", **changes))
    load(tmp_path)
