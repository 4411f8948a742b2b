"""`inferform init`: each choice gives a repository whose files are valid, and whose CI applies what
was reviewed."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

import inferform
from inferform import Context, DeliveryPipelines, DeployPipeline, ReviewPipeline, load
from inferform.delivery.construct import jobs
from inferform.spec import SpecError
from inferform_ops.errors import BadInputError
from inferform_ops.init import Answers, Ci, Package, init, render
from inferform_ops.project import own_version
from tests.conftest import ROOT
from tests.examples.test_docs import check_command

KEYS = ["dev-euw1", "prod-euw1"]
TOOLS = "tools-euw1"
TOOLS_ACCOUNT = "999988887777"
CIS: tuple[Ci, ...] = get_args(Ci)
PACKAGES: tuple[Package, ...] = get_args(Package)


def answers(ci: Ci = "github", package: Package = "pipenv", **more: Any) -> Answers:
    given = {
        "organization": "globex",
        "account": "210987654321",
        "region": "eu-west-1",
        "stages": ["dev", "prod"],
        "owner": "ml platform",
        "tools_account": TOOLS_ACCOUNT if ci == "codepipeline" else None,
    }
    return Answers(ci=ci, package=package, **{**given, **more})


@pytest.fixture(scope="module")
def repositories(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[Ci, Package], Path]:
    """A repository of each choice, without its golden files."""
    made = {}
    for ci in CIS:
        for package in PACKAGES:
            folder = made[ci, package] = tmp_path_factory.mktemp(f"{ci}-{package}")
            for path, text in render(answers(ci, package), KEYS).items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(text, encoding="utf-8")
    return made


def _yaml(file: Path) -> dict[Any, Any]:
    content: dict[Any, Any] = yaml.safe_load(file.read_text("utf-8"))
    return content


def _valid(schema: str, *files: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    done = subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _commands(text: str) -> Iterator[list[str]]:
    """The commands of inferform in a file, in words."""
    joined = re.sub(r"\\\n\s*|\n\s+(?=--|&& |\$\{)", " ", text)
    joined = re.sub(r"\$\{\w+:\+([^}]*)\}", r"\1", joined)
    for found in re.findall(
        r"(?:\.venv/bin/)?inferform ((?:review|cost|deploy|apply|rollout|verify|recover)\b[^;\n|]*)",
        joined,
    ):
        yield shlex.split(found.split("&&")[0].replace("`", ""), comments=True)


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("ci", CIS)
def test_nothing_of_a_template_is_left_and_every_environment_loads(
    ci: Ci, package: Package, repositories: dict[tuple[Ci, Package], Path]
) -> None:
    folder = repositories[ci, package]
    for file in folder.rglob("*"):
        if file.is_file() and file.name != "package-lock.json" and file.suffix != ".pyc":
            text = file.read_text("utf-8")
            assert not re.search(r"@[a-z_]+@", text), file
            assert text == "" or (text.endswith("\n") and not text.endswith("\n\n")), file
            assert not re.search(r"[ \t]+$", text, re.MULTILINE), file
    loaded = load(folder / "environments")
    assert list(loaded.environments) == [*KEYS, *([TOOLS] if ci == "codepipeline" else [])]
    assert not loaded.warnings
    assert [loaded.environments[key].context.protected for key in KEYS] == [False, True]


@pytest.mark.parametrize(
    ("ci", "package"),
    [("github", "pipenv"), ("github", "pyproject"), ("codepipeline", "pipenv")],
)
def test_its_python_is_in_the_form_that_its_own_checks_ask_for(
    ci: Ci, package: Package, repositories: dict[tuple[Ci, Package], Path]
) -> None:
    folder = repositories[ci, package]
    for command in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", "."]
        done = subprocess.run(ruff, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_it_pins_this_inferform_and_the_same_cdktf(
    repositories: dict[tuple[Ci, Package], Path],
) -> None:
    pipfile = tomllib.loads((repositories["github", "pipenv"] / "Pipfile").read_text("utf-8"))
    pinned = pipfile["packages"]["inferform"]
    assert pinned == {"version": f"=={own_version()}", "extras": ["emulator", "ops"]}
    folder = repositories["github", "pyproject"]
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["dependencies"] == [f"inferform[emulator,ops]=={own_version()}"]
    ours = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    theirs = json.loads((folder / "package-lock.json").read_text("utf-8"))
    assert theirs["name"] == theirs["packages"][""]["name"] == "globex-inference"
    for package in (ours, theirs["packages"]):
        package.pop("")
    assert theirs["packages"] == ours


@pytest.mark.parametrize("package", PACKAGES)
def test_every_target_of_its_makefile_can_be_made(
    package: Package, repositories: dict[tuple[Ci, Package], Path]
) -> None:
    folder = repositories["github", package]
    for target in ("setup", "lock", "test", "golden", "review", "demo", "demo-destroy"):
        command = ["make", "--dry-run", "--directory", str(folder), target]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_its_pre_commit_configuration_is_valid(
    repositories: dict[tuple[Ci, Package], Path],
) -> None:
    file = repositories["github", "pipenv"] / ".pre-commit-config.yaml"
    command = [sys.executable, "-m", "pre_commit", "validate-config", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _texts(ci: Ci, folder: Path) -> list[str]:
    """What the CI of a repository runs."""
    if ci == "codepipeline":
        return list(_builds(folder).values())
    files = [*folder.rglob("*.yml"), *folder.rglob("*.yaml")]
    return [file.read_text("utf-8") for file in files if not file.name.startswith(".pre-commit")]


def _delivery(folder: Path) -> tuple[Context, DeliveryPipelines]:
    tools = load(folder / "environments").environments[TOOLS]
    assert tools.delivery is not None
    return tools.context, tools.delivery


def _builds(folder: Path) -> dict[str, str]:
    """The commands of each build of its pipelines, by the project's name."""
    context, delivery = _delivery(folder)
    return {
        f"{name}-{job.name}": "\n".join(
            command for phase in job.buildspec["phases"].values() for command in phase["commands"]
        )
        for name, pipeline in delivery.pipelines.items()
        for job in jobs(name, pipeline, context)
    }


@pytest.mark.parametrize("ci", CIS)
def test_every_command_of_its_ci_exists_and_what_is_reviewed_is_what_is_applied(
    ci: Ci, repositories: dict[tuple[Ci, Package], Path]
) -> None:
    folder = repositories[ci, "pipenv"]
    seen: list[str] = []
    for text in _texts(ci, folder):
        for words in _commands(text):
            given = [re.sub(r"^\$(BUDGET|MONTHLY_BUDGET_USD)$", "500", word) for word in words]
            named = [re.sub(r"^\$\w+$|^\$\{.*|^\w+-euw1$", "dev", word) for word in given]
            check_command(named)
            seen.append(words[0])
            if words[0] == "review":
                assert "json" in words, text
                # With the plan role nothing can be changed; a plan that is kept is applied itself.
                assert ("--read-only" in words) is ("--level" not in words), text
                assert ci == "codepipeline" or "--read-only" in words, text
            # What is deployed is what somebody approved.
            if words[0] == "deploy":
                assert "--approved" in words, text
                assert words[words.index("--approved") + 1].endswith(("review.json", "PLANFILE"))
            if words[0] == "apply":
                assert words[1:3] == ["--all", "$planned/planned"], text
            if words[0] == "cost":
                assert words[words.index("--fail-over") + 1] in ("$BUDGET", "$MONTHLY_BUDGET_USD")
    deploys = "apply" if ci == "codepipeline" else "deploy"
    assert {"review", "cost", deploys, "verify"} <= set(seen)
    assert {"apply", "deploy"} - {deploys} - set(seen)


def test_the_documents_say_which_commands_each_ci_runs(
    repositories: dict[tuple[Ci, Package], Path],
) -> None:
    text = (ROOT / "docs" / "reuse.md").read_text("utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    head = next(row for row in rows if "`atlantis`" in row)
    for command in ("verify", "recover", "drift"):
        said = dict(
            zip(
                head,
                next(row for row in rows if f"`inferform {command}`" in "".join(row[:1])),
                strict=True,
            )
        )
        for ci in CIS:
            runs = any(
                f"inferform {command} " in each for each in _texts(ci, repositories[ci, "pipenv"])
            )
            assert said[f"`{ci}`"].startswith("yes") is runs, (ci, command)


def test_github_workflows_follow_their_schema_and_split_the_roles(
    repositories: dict[tuple[Ci, Package], Path],
) -> None:
    folder = repositories["github", "pipenv"] / ".github" / "workflows"
    _valid("vendor.github-workflows", *sorted(folder.glob("*.yml")))
    for file in folder.glob("*.yml"):
        for name, job in _yaml(file)["jobs"].items():
            assert job["permissions"]["contents"] == "read", (file.name, name)
            # The deploy role is a variable of a protected GitHub environment alone.
            deploys = "AWS_DEPLOY_ROLE_ARN" in json.dumps(job)
            assert deploys is ("environment" in job), (file.name, name)
            for step in job.get("steps", []):
                action = step.get("uses", "./")
                assert action.startswith("./") or re.search(r"@[0-9a-f]{40}$", action), action
    jobs = _yaml(folder / "deploy.yml")["jobs"]
    assert [job["with"]["environment"] for job in jobs.values()] == KEYS
    assert jobs["prod"]["needs"] == "dev"
    assert "needs" not in jobs["dev"]
    plan = _yaml(folder / "plan.yml")["jobs"]["plan"]
    assert plan["env"]["ENVIRONMENTS"].split() == KEYS
    (checkout,) = [each for each in plan["steps"] if "checkout" in each.get("uses", "")]
    (reviewed,) = [
        each
        for each in plan["steps"]
        if "review" in each.get("run", "") and "GH_TOKEN" not in each.get("env", {})
    ]
    assert checkout["with"]["fetch-depth"] == 0
    assert '--changed --base "origin/$GITHUB_BASE_REF"' in reviewed["run"]
    assert _yaml(folder / "drift.yml")["jobs"]["drift"]["strategy"]["matrix"] == {
        "environment": KEYS
    }


def test_gitlab_follows_its_schema_and_a_person_starts_each_deploy_of_its_own_review(
    repositories: dict[tuple[Ci, Package], Path],
) -> None:
    file = repositories["gitlab", "pipenv"] / ".gitlab-ci.yml"
    _valid("vendor.gitlab-ci", file)
    content = _yaml(file)
    assert content[".review"]["variables"]["AWS_ROLE_ARN"] == "$AWS_PLAN_ROLE_ARN"
    assert content[".deploy"]["variables"]["AWS_ROLE_ARN"] == "$AWS_DEPLOY_ROLE_ARN"
    # The whole history, for the commit that a merge request is compared with.
    assert content[".review"]["variables"]["GIT_DEPTH"] == "0"
    of_a_change = (
        '${CI_MERGE_REQUEST_DIFF_BASE_SHA:+--changed --base "$CI_MERGE_REQUEST_DIFF_BASE_SHA"}'
    )
    assert of_a_change in content[".review"]["script"][0]
    stages = content["stages"]
    for key in KEYS:
        review, deploy = content[f"review {key}"], content[f"deploy {key}"]
        assert (review["extends"], deploy["extends"]) == (".review", ".deploy")
        assert review["variables"] == deploy["variables"] == {"ENVIRONMENT": key}
        assert deploy["environment"] == {"name": key}
        assert deploy["dependencies"] == [f"review {key}"]
        [rule] = deploy["rules"]
        assert (rule["when"], rule["allow_failure"]) == ("manual", False)
        assert "CI_DEFAULT_BRANCH" in rule["if"]
        assert stages.index(review["stage"]) + 1 == stages.index(deploy["stage"])
    assert stages.index("review prod-euw1") > stages.index("deploy dev-euw1")


def test_codepipeline_reviews_by_the_plan_role_and_asks_before_what_is_protected(
    repositories: dict[tuple[Ci, Package], Path],
) -> None:
    folder = repositories["codepipeline", "pipenv"]
    context, delivery = _delivery(folder)
    assert context.account == TOOLS_ACCOUNT
    assert context.deploy_role is None
    review, main = delivery.pipelines["review"], delivery.pipelines["main"]
    assert isinstance(review, ReviewPipeline)
    assert isinstance(main, DeployPipeline)
    assert [each.key for each in review.environments] == KEYS
    assert [each.environment.key for each in main.promotions] == KEYS
    assert [bool(each.approval) for each in main.promotions] == [False, True]
    assert [job.name for job in jobs("review", review, context) if job.assumes] == [
        f"review-{key}" for key in KEYS
    ]
    for name, role in (("review", "inferform-plan"), ("main", "inferform-deploy")):
        made = jobs(name, delivery.pipelines[name], context)
        taken = {job.assumes for job in made if job.assumes}
        assert taken == {f"arn:aws:iam::210987654321:role/{role}"}


@pytest.mark.parametrize("field", ["operators", "planners"])
def test_codepipeline_deploys_nothing_where_a_role_does_not_let_its_builds_in(
    field: str, repositories: dict[tuple[Ci, Package], Path], tmp_path: Path
) -> None:
    shutil.copytree(repositories["codepipeline", "pipenv"], tmp_path, dirs_exist_ok=True)
    file = tmp_path / "environments" / "builds.py"
    text = file.read_text("utf-8")
    file.write_text(
        text.replace(f"{field}=[arn for stage in stages", f"{field}=[arn for stage in stages[1:]")
    )
    with pytest.raises(SpecError, match=rf"to identity\.{field} of dev-euw1 \[CPL17\]"):
        load(tmp_path / "environments")


# Of atlantis.yaml: runatlantis.io/docs/repo-level-atlantis-yaml.html and custom-workflows.html
_ATLANTIS = {
    *("version", "automerge", "autodiscover", "delete_source_branch_on_merge", "parallel_plan"),
    *("parallel_apply", "abort_on_execution_order_fail", "projects", "workflows"),
    *("allowed_regexp_prefixes", "emoji_reaction"),
}
_PROJECT = {
    *(
        "name",
        "branch",
        "dir",
        "workspace",
        "execution_order_group",
        "delete_source_branch_on_merge",
    ),
    *("repo_locking", "repo_locks", "custom_policy_check", "autoplan", "terraform_version"),
    *("plan_requirements", "apply_requirements", "import_requirements", "workflow", "depends_on"),
    *("silence_pr_comments", "terraform_distribution"),
}


# What a repository may only write where the server allows it, and what a server has of one:
# runatlantis.io/docs/server-side-repo-config.html
_RESTRICTED = (
    *("apply_requirements", "custom_policy_check", "import_requirements", "plan_requirements"),
    *(
        "delete_source_branch_on_merge",
        "repo_locking",
        "repo_locks",
        "silence_pr_comments",
        "workflow",
    ),
)
_REPOSITORY = {
    *("id", "branch", "repo_config_file", "plan_requirements", "apply_requirements"),
    *("import_requirements", "workflow", "allowed_overrides", "allowed_workflows"),
    *("allow_custom_workflows", "delete_source_branch_on_merge", "repo_locking", "repo_locks"),
    *("pre_workflow_hooks", "post_workflow_hooks", "custom_policy_check", "autodiscover"),
    *("policy_check", "silence_pr_comments"),
}


def test_atlantis_has_a_project_for_each_environment_that_asks_for_an_approval(
    repositories: dict[tuple[Ci, Package], Path],
) -> None:
    content = _yaml(repositories["atlantis", "pipenv"] / "atlantis.yaml")
    # What a pull request may change says neither what runs nor what has to be true before.
    assert set(content) <= _ATLANTIS - {"workflows"}
    assert content["version"] == 3
    assert [project["name"] for project in content["projects"]] == KEYS
    for project in content["projects"]:
        assert set(project) <= _PROJECT - {*_RESTRICTED}
        # Whatever the program reads is a change: JSON, DAGs, modules of a team, what locks the tools.
        assert project["autoplan"] == {"enabled": True, "when_modified": ["**/*", "!**/*.md"]}
    # One working copy for each, as two reviews of one would write the same file.
    assert len({project["workspace"] for project in content["projects"]}) == len(KEYS)


def test_the_server_of_atlantis_says_what_runs_and_what_it_asks_for(
    repositories: dict[tuple[Ci, Package], Path],
) -> None:
    folder = repositories["atlantis", "pipenv"]
    content = _yaml(folder / "repos.yaml")
    assert set(content) == {"repos", "workflows"}
    [repository] = content["repos"]
    assert set(repository) <= _REPOSITORY
    assert repository["id"] == "github.com/globex/inference"
    assert {"approved", "undiverged"} <= set(repository["apply_requirements"])
    assert (repository["allowed_overrides"], repository["allow_custom_workflows"]) == ([], False)
    # Without it Atlantis does not look whether a pull request has what its branch has.
    assert "`--checkout-strategy=merge`" in (folder / "README.md").read_text("utf-8")
    workflow = content["workflows"][repository["workflow"]]
    assert set(workflow) == {"plan", "apply"}
    steps = [step["run"] for stage in workflow.values() for step in stage["steps"]]
    assert sum("$PLANFILE" in step for step in steps) == 2


def test_the_identity_layer_that_the_readme_shows_is_taken_by_an_environment_of_the_repository(
    repositories: dict[tuple[Ci, Package], Path],
) -> None:
    folder = repositories["github", "pipenv"]
    readme = (folder / "README.md").read_text("utf-8")
    [shown] = re.findall(r"^ *```\n( *identity=.*?)^ *```$", readme, re.MULTILINE | re.DOTALL)
    first = load(folder / "environments").environments[KEYS[0]]
    given = eval(f"dict({shown})", vars(inferform).copy())
    context = first.context.replace(permissions_boundary="inferform-boundary")
    identity = first.replace(context=context, **given).identity
    assert identity is not None
    assert identity.github is not None
    subjects = [f"repo:globex/inference:environment:{key}" for key in KEYS]
    assert identity.github.deploy_subjects == subjects


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("mine\n")
    with pytest.raises(BadInputError, match=r"has main\.py already"):
        init(tmp_path, answers())
    assert [file.name for file in tmp_path.iterdir()] == ["main.py"]


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        ({"account": "1111"}, SpecError, "12 digits"),
        ({"region": "eu-west1"}, SpecError, "eu-west-1"),
        ({"organization": "Globex Corp"}, SpecError, "organization"),
        ({"stages": ["dev", "dev"]}, BadInputError, "twice"),
        ({"tools_account": TOOLS_ACCOUNT}, BadInputError, "--ci codepipeline alone"),
        ({"ci": "codepipeline", "tools_account": None}, BadInputError, "account of its own"),
        (
            {"ci": "codepipeline", "tools_account": "210987654321"},
            BadInputError,
            "account of its own",
        ),
        ({"ci": "codepipeline", "tools_account": "12"}, SpecError, "12 digits"),
        ({"ci": "codepipeline", "stages": ["tools"]}, BadInputError, "stage of the pipelines"),
    ],
)
def test_a_wrong_answer_is_refused_and_nothing_written(
    wrong: dict[str, Any], error: type[Exception], says: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=says):
        init(tmp_path / "new", answers(**wrong))
    assert not (tmp_path / "new").exists()
