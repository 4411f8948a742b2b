"""`inferform init`: a working repository in a team's own name."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import inferform
from inferform import Context
from inferform.delivery.names import build_role_arn
from inferform.names import region_code

from .errors import BadInputError, OperatorError
from .node import node_on, with_node
from .project import own_version

Ci = Literal["github", "gitlab", "codepipeline", "atlantis"]
Package = Literal["pipenv", "pyproject"]

SCAFFOLD = Path(__file__).parent / "scaffold"
"""The templates: one folder for each choice. `dot-x` becomes `.x`, `.txt` at the end is left out, and a
name that begins with an underscore is a part of others."""

TOOLS = "tools"
"""The stage of the environment that has the pipelines of CodePipeline."""

_PLACE = re.compile(r"@([a-z_]+)@")
_PRODUCTION = ("prod", "production", "live")


@dataclass(frozen=True, slots=True)
class Answers:
    """What a team says of itself."""

    organization: str
    account: str
    region: str
    stages: Sequence[str]
    """The stages in the order of promotion."""

    owner: str
    ci: Ci
    package: Package
    tools_account: str | None = None
    """The account of the pipelines of CodePipeline, which no stage is deployed to."""

    def contexts(self) -> list[Context]:
        """The Context of each stage. Raises SpecError for an answer that no Context takes."""
        return [
            Context(
                organization=self.organization,
                stage=stage,
                account=self.account,
                region=self.region,
                owner=self.owner,
            )
            for stage in self.stages
        ]

    def tools(self) -> Context | None:
        """The Context of the pipelines. Raises BadInputError where their account does not fit the CI."""
        if self.ci != "codepipeline":
            if self.tools_account is not None:
                raise BadInputError(
                    "--tools-account goes with --ci codepipeline alone", "leave it out"
                )
            return None
        if self.tools_account in (None, self.account):
            raise BadInputError(
                "--ci codepipeline needs an account of its own, as whoever deploys in the account of the "
                "pipelines could change what they apply",
                "--tools-account ID",
            )
        if TOOLS in self.stages:
            raise BadInputError(
                f"{TOOLS} is the stage of the pipelines", "give the stage another name"
            )
        return Context(
            organization=self.organization,
            stage=TOOLS,
            account=self.tools_account,
            region=self.region,
            owner=self.owner,
        )


@dataclass(frozen=True, slots=True)
class Made:
    """A repository that was made."""

    folder: Path
    files: list[Path]
    golden: bool
    """Whether its golden files were written, which needs Node.js."""


def init(folder: Path, answers: Answers) -> Made:
    """Write the repository. Raises BadInputError where a file of it is there, and SpecError for an
    answer that is wrong; nothing is written then."""
    if len(set(answers.stages)) < len(answers.stages):
        raise BadInputError("a stage is named twice", "name each once, in the order of promotion")
    keys = [context.key for context in answers.contexts()]
    files = render(answers, keys)
    write(folder, files)
    return Made(folder, sorted(files), _write_golden(folder))


def write(folder: Path, files: Mapping[Path, str]) -> None:
    """Write files into a folder. Raises BadInputError where one of them is there; nothing is written
    then."""
    there = sorted(str(path) for path in files if (folder / path).exists())
    if there:
        raise BadInputError(
            f"{folder} has {', '.join(there[:5])} already, so nothing was written",
            "choose an empty folder",
        )
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        if text.startswith("#!"):
            file.chmod(0o755)


def _write_golden(folder: Path) -> bool:
    """Synthesize the golden files, as `make golden` does; False without Node.js."""
    variables = with_node(_clean_environment())
    if node_on(variables) is None:
        return False
    done = subprocess.run(
        [sys.executable, "-m", "tests.golden"],
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise OperatorError(
            f"{folder} is written, but its golden files are not\n{done.stderr or done.stdout}",
            "make golden writes them",
        )
    return True


def _clean_environment() -> dict[str, str]:
    """The environment without what would lead a synthesis elsewhere, and with this Inferform."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("INFERFORM_", "CDKTF_"))}
    own = str(Path(inferform.__file__).parent.parent)
    paths = os.pathsep.join(filter(None, (own, kept.get("PYTHONPATH", ""))))
    return kept | {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}


def render(answers: Answers, keys: Sequence[str]) -> dict[Path, str]:
    """The files of the repository, by their paths in it."""
    places = _places(answers, keys)
    files: dict[Path, str] = {}
    for choice in ("common", answers.package, answers.ci):
        for source, path in sources(choice):
            if "@stage@" in path.name:
                for number in range(len(answers.stages)):
                    own = {**places, **_environment(answers, number)}
                    files[target(path, own)] = filled(source, own)
                continue
            files[target(path, places)] = filled(source, places)
    for name in ("package.json", "package-lock.json"):
        files[Path(name)] = _renamed(files[Path(name)], f"{answers.organization}-inference")
    return files


def sources(choice: str) -> Iterator[tuple[Path, Path]]:
    """The templates of a choice, each with its path below it."""
    root = SCAFFOLD / choice
    for source in sorted(path for path in root.rglob("*") if path.is_file()):
        if not source.name.startswith("_") or source.name.startswith("__"):
            yield source, source.relative_to(root)


def target(source: Path, places: Mapping[str, str]) -> Path:
    """The path in the repository of a template at a path below its choice."""
    parts = [re.sub(r"^dot-", ".", part) for part in source.parts]
    path = "/".join(parts).removesuffix(".txt")
    return Path(_PLACE.sub(lambda match: places[match[1]], path))


def filled(source: Path, places: Mapping[str, str]) -> str:
    """The text of a template, with what stands for each @place@."""
    text = source.read_text("utf-8")
    if source.suffix == ".json":
        return text
    return _PLACE.sub(lambda match: places[match[1]], text)


def part(name: str, places: Mapping[str, str]) -> str:
    """The text of a part of other templates, by its path below all of them."""
    return filled(SCAFFOLD / name, places)


def _renamed(package: str, name: str) -> str:
    """A package.json or package-lock.json under another name."""
    content: dict[str, Any] = json.loads(package)
    content["name"] = name
    content.pop("license", None)
    if "description" in content:
        content["description"] = "Pins the command line of CDKTF"
    if root := content.get("packages", {}).get(""):
        root["name"] = name
        root.pop("license", None)
    return json.dumps(content, indent=2) + "\n"


def _environment(answers: Answers, number: int) -> dict[str, str]:
    stage = answers.stages[number]
    protected = stage in _PRODUCTION
    # The roles of an account are made by one of its environments.
    lets_in = number == 0 and answers.ci == "codepipeline"
    stages = ", ".join(f'"{each}"' for each in answers.stages)
    return {
        "identity_import": "from .builds import identity\n" if lets_in else "",
        "identity": f"    identity=identity({stages}),\n" if lets_in else "",
        "stage": stage,
        "minimum": "2" if protected else "1",
        "maximum": "4" if protected else "2",
        "variable": re.sub(r"\W", "_", stage),
        "protected": ", protected=True" if protected else "",
        # 10.20, 10.40 and so on; two environments may be joined one day.
        "octet": str(20 * (number + 1) % 250),
    }


def _places(answers: Answers, keys: Sequence[str]) -> dict[str, str]:
    """What stands for each @place@ of the templates."""
    tools = answers.tools()
    team = f"@{answers.organization}/{re.sub(r'[^A-Za-z0-9-]+', '-', answers.owner)}"
    lock = {"pipenv": "Pipfile.lock", "pyproject": "uv.lock"}[answers.package]
    ci_files = {
        "github": "`.github/workflows/`",
        "gitlab": "`.gitlab-ci.yml`",
        "codepipeline": "`environments/tools.py`",
        "atlantis": "`atlantis.yaml`, `repos.yaml`",
    }[answers.ci]
    places = {
        "organization": answers.organization,
        "account": answers.account,
        "region": answers.region,
        "owner": answers.owner,
        "version": own_version(),
        "first": keys[0],
        "keys": " ".join(keys),
        "keys_listed": ", ".join(keys),
        "keys_quoted": ", ".join(f'"{key}"' for key in keys),
        "made_quoted": ", ".join(f'"{key}"' for key in (*keys, *([tools.key] if tools else ()))),
        "boundary": '        permissions_boundary="inferform-boundary",\n' if tools else "",
        "keys_coded": ", ".join(f"`{key}`" for key in keys),
        "accounts": "\n".join(f'    "{stage}": "{answers.account}",' for stage in answers.stages),
        "owners": team,
        "owned_environments": "\n".join(
            f"{f'/environments/{stage}.py':<23} {team}" for stage in answers.stages
        ),
        "owned_ci": "\n".join(
            f"{f'/{file}':<23} {team}" for file in re.findall("`(.+?)`", ci_files)
        ),
        "ci_files": ci_files,
        "lock": f"`{lock}`",
        "lock_file": lock,
    }
    if tools is not None:
        places |= _pipelines(answers, keys, tools)
    places["package_rules"] = part(f"{answers.package}/_rules.txt", places)
    places["ci_readme"] = part(f"{answers.ci}/_readme.md.txt", places).rstrip()
    places |= _jobs(answers, keys, places)
    return places


def _jobs(
    answers: Answers, keys: Sequence[str], places: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """What a CI has once for each environment."""

    def each(needs: Callable[[int], str] = lambda _: "") -> str:
        parts = [
            part(
                f"{answers.ci}/_job.txt",
                {
                    **places,
                    "stage": answers.stages[number],
                    "key": key,
                    "order": str(number + 1),
                    "needs": needs(number),
                    "approval": ", approval=ManualApproval()"
                    if answers.stages[number] in _PRODUCTION
                    else "",
                },
            )
            for number, key in enumerate(keys)
        ]
        return "\n".join(parts).rstrip()

    if answers.ci == "github":
        yield "github_jobs", each(lambda n: f"\n    needs: {answers.stages[n - 1]}" if n else "")
    elif answers.ci == "gitlab":
        stages = ["test", *(f"{job} {key}" for key in keys for job in ("review", "deploy"))]
        yield "gitlab_stages", "\n".join(f"  - {stage}" for stage in stages)
        yield "gitlab_jobs", each()
    elif answers.ci == "atlantis":
        yield "atlantis_projects", each()
    elif answers.ci == "codepipeline":
        yield "promotions", each().replace("\n\n", "\n")


def _pipelines(answers: Answers, keys: Sequence[str], tools: Context) -> dict[str, str]:
    """What the pipelines of CodePipeline are called, and the roles of their builds by stage."""

    def roles(pipeline: str, *jobs: str) -> str:
        lines = []
        for stage, key in zip(answers.stages, keys, strict=True):
            arns = (build_role_arn(tools, pipeline, f"{job}-{key}") for job in jobs)
            names = [f'f"{{ROLES}}/{arn.rpartition("/")[2]}"' for arn in arns]
            lines += [f'    "{stage}": [', *(f"        {name}," for name in names), "    ],"]
        return "\n".join(lines)

    return {
        "tools_account": tools.account,
        "tools_key": tools.key,
        "region_code": region_code(tools.region),
        "partition": tools.partition,
        "operators": roles("main", "plan", "apply", "verify"),
        "planners": roles("review", "review"),
    }
