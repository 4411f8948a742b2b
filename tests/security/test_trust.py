"""Which job of which workflow gets which role, by the trust of the documented identity layer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from inferform.layers import program
from tests.conftest import stacks_in
from tests.examples import readme
from tests.workflows import FILES

ISSUER = "token.actions.githubusercontent.com"
REPOSITORY = "acme/inference"


@dataclass(frozen=True)
class Job:
    """A job as GitHub runs it: for one event, and for one environment where it has one."""

    name: str
    event: str
    environment: str
    asks_for_token: bool
    roles: frozenset[str]

    @property
    def subject(self) -> str:
        """The subject claim that GitHub gives a job of the default branch or a pull request."""
        if self.environment:
            return f"repo:{REPOSITORY}:environment:{self.environment}"
        if self.event == "pull_request":
            return f"repo:{REPOSITORY}:pull_request"
        return f"repo:{REPOSITORY}:ref:refs/heads/main"


def _workflow(name: str) -> dict[Any, Any]:
    [file] = [each for each in FILES if each.name == name]
    content: dict[Any, Any] = yaml.safe_load(file.read_text("utf-8"))
    return content


def _events(workflow: dict[Any, Any]) -> list[str]:
    # YAML 1.1 reads the key `on` as true
    return list(workflow[True])


def _jobs() -> Iterator[Job]:
    for file in FILES:
        workflow = _workflow(file.name)
        for event in _events(workflow):
            if event != "workflow_call":
                yield from _jobs_of(file.stem, workflow, event, {})


def _jobs_of(
    name: str, workflow: dict[Any, Any], event: str, inputs: dict[str, str]
) -> Iterator[Job]:
    for key, job in workflow["jobs"].items():
        path = f"{name}/{key}"
        if "uses" in job:
            called = job["uses"].rsplit("/", 1)[1]
            given = {key: _filled(value, inputs) for key, value in job["with"].items()}
            yield from _jobs_of(path, _workflow(called), event, given)
            continue
        named = job.get("environment", "")
        environment = _filled(named["name"] if isinstance(named, dict) else named, inputs)
        text = str(job)
        yield Job(
            path,
            event,
            environment,
            job["permissions"].get("id-token") == "write",
            frozenset(role for role in ("deploy", "plan") if f"AWS_{role.upper()}_ROLE" in text),
        )


def _filled(value: str, inputs: dict[str, str]) -> str:
    return re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda match: inputs[match[1]], value)


JOBS = list(_jobs())


@pytest.fixture(scope="module")
def trusts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """The statements that say who may assume each role of the example, by the role's kind."""
    (defined,) = readme.run("modules/identity/README.md")
    outdir = tmp_path_factory.mktemp("identity")
    program.synthesize([defined["dev"]], outdir=outdir)
    roles = stacks_in(outdir)["dev-use1-identity"]["resource"]["aws_iam_role"].values()
    return {
        role["name"].removeprefix("inferform-"): json.loads(role["assume_role_policy"])["Statement"]
        for role in roles
    }


def _lets_in(statements: list[dict[str, Any]], subject: str) -> bool:
    claims = {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": subject}
    for statement in statements:
        if statement["Action"] != "sts:AssumeRoleWithWebIdentity":
            continue
        assert statement["Effect"] == "Allow"
        assert list(statement["Condition"]) == ["StringEquals"]
        wanted = statement["Condition"]["StringEquals"]
        assert set(wanted) == set(claims)
        if all(
            claims[key] in ([values] if isinstance(values, str) else values)
            for key, values in wanted.items()
        ):
            return True
    return False


def test_every_workflow_is_looked_at() -> None:
    assert {job.name.split("/")[0] for job in JOBS} == {
        file.stem for file in FILES if set(_events(_workflow(file.name))) != {"workflow_call"}
    }
    assert {role for job in JOBS for role in job.roles} == {"deploy", "plan"}
    assert {job.environment for job in JOBS} > {"", "dev-use1"}


@pytest.mark.parametrize("job", JOBS, ids=lambda job: f"{job.name}-{job.event}")
def test_a_job_gets_the_deploy_role_by_an_environment_alone(
    job: Job, trusts: dict[str, list[dict[str, Any]]]
) -> None:
    assert _lets_in(trusts["deploy"], job.subject) == (job.environment == "dev-use1")


@pytest.mark.parametrize(
    "job",
    [job for job in JOBS if job.environment in ("", "dev-use1")],
    ids=lambda job: f"{job.name}-{job.event}",
)
def test_a_job_gets_the_roles_that_it_asks_for(
    job: Job, trusts: dict[str, list[dict[str, Any]]]
) -> None:
    for role in job.roles:
        assert job.asks_for_token
        assert _lets_in(trusts[role], job.subject), role
