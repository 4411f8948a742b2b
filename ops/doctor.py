"""What the commands need of this machine: what is there, what is missing, and how to get it.

Nothing is changed. No value of a credential is read: only the names of what gives them.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from inferform import Environment
from inferform._node.found import HOW_TO_GET as HOW_TO_GET_NODE
from inferform.bindings import slow_versions
from inferform.target import AWS, EMULATOR
from inferform_emulator.process import Emulator

from .advice import about_request
from .aws import Aws
from .errors import OperatorError
from .node import NODE_VERSIONS, cdktf_in, node_on, version_in
from .project import FILE, find_project, own_version
from .push import ENGINES
from .terraform import (
    ROOT,
    provider_mirror,
    registry_reachable,
    terraform_environment,
    terraform_tool,
)

PYTHON_VERSIONS = ((3, 11), (3, 14))
CDKTF_VERSION = (0, 21, 0)

Status = Literal["found", "missing", "not known"]

# What gives credentials, in the order in which boto3 and Terraform's provider look.
_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_PROFILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that the commands need."""

    name: str
    status: Status
    what: str
    """What was found, or what is missing."""

    hint: str = ""
    """How to get it; empty where it is there."""

    needed: bool = True
    """Whether nothing works without it; else it is for one purpose, which `what` or `hint` names."""


def examine(environments: Iterable[Environment], emulator: Emulator | None = None) -> list[Part]:
    """Every part, and the state buckets of these environments."""
    parts = [_python(), _inferform(), _node(), _cdktf(), _terraform(), _provider()]
    parts += [_project(), _credentials(), _engine()]
    return [*parts, *_buckets(environments, emulator)]


def _dotted(version: Sequence[int]) -> str:
    return ".".join(map(str, version))


def _python() -> Part:
    found = f"{platform.python_version()} at {sys.executable}"
    least, most = PYTHON_VERSIONS
    if least <= sys.version_info[:2] <= most:
        return Part("Python", "found", found)
    between = f"{_dotted(least)} to {_dotted(most)}"
    return Part("Python", "missing", found, f"Python {between} is known to work; install one")


def _inferform() -> Part:
    found = f"{own_version()} at {Path(__file__).resolve().parent}"
    slow = slow_versions()
    if not slow:
        return Part("Inferform", "found", found)
    hint = f"stacks are made slowly, as {', '.join(slow)}; install the versions that Inferform pins"
    return Part("Inferform", "found", found, hint)


def _node() -> Part:
    node = node_on(os.environ)
    if node is None:
        return Part("Node.js", "missing", "neither on PATH nor from PyPI", HOW_TO_GET_NODE)
    version = version_in(_printed([node, "--version"]))
    found = f"{_dotted(version) or 'unknown version'} at {node}"
    least, most = NODE_VERSIONS
    if version and least <= version[0] <= most:
        return Part("Node.js", "found", found)
    return Part("Node.js", "missing", f"{found}, not {least} to {most}", HOW_TO_GET_NODE)


def _cdktf() -> Part:
    found = cdktf_in(ROOT)
    hint = f"npm ci, in the project; without one: npm install cdktf-cli@{_dotted(CDKTF_VERSION)}"
    if found is None:
        return Part("CDKTF", "missing", "neither in node_modules nor on PATH", hint)
    version = _version_of_package(found)
    what = f"{_dotted(version) or 'unknown version'} at {found}"
    if version in ((), CDKTF_VERSION):
        return Part("CDKTF", "found", what)
    return Part("CDKTF", "missing", f"{what}, not {_dotted(CDKTF_VERSION)}", hint)


def _version_of_package(binary: Path) -> tuple[int, ...]:
    """The version of the npm package that a binary belongs to; empty where it says none."""
    for folder in binary.resolve().parents:
        file = folder / "package.json"
        if file.is_file():
            try:
                return version_in(str(json.loads(file.read_text("utf-8")).get("version")))
            except (OSError, ValueError):
                return ()
    return ()


def _terraform() -> Part:
    try:
        tool = terraform_tool()
    except OperatorError as error:
        return Part("Terraform", "missing", error.message, error.hint)
    found = f"{tool.product.name} {_dotted(tool.version)} at {tool.path}"
    return Part("Terraform", "found", found)


def _provider() -> Part:
    name = "AWS provider"
    given = terraform_environment().get("TF_CLI_CONFIG_FILE", "")
    if registry_reachable():
        return Part(name, "found", "from the public registry, which answers")
    mirror = provider_mirror()
    if mirror is not None:
        versions = sorted({version_in(each.name) for each in mirror.glob("*/hashicorp/aws/*")})
        what = f"{', '.join(map(_dotted, versions))} in {mirror}, as the registry does not answer"
        return Part(name, "found", what, _lacking(versions))
    if Path(given).is_file() and "provider_installation" in Path(given).read_text("utf-8"):
        return Part(name, "not known", f"as {given} says; the public registry does not answer")
    return Part(
        name,
        "missing",
        "the public registry does not answer, and no folder has hashicorp/aws",
        "set HTTPS_PROXY, or fill a mirror: terraform providers mirror ~/.terraform.d/plugins",
    )


def _lacking(versions: Sequence[tuple[int, ...]]) -> str:
    """What a mirror with these versions cannot be used for; empty where it can for everything."""
    lacking = []
    if version_in(EMULATOR.provider_version) not in versions:
        lacking.append(f"{EMULATOR.provider_version}, for the emulator")
    if max(versions) < version_in(AWS.provider_version):
        lacking.append(f"{AWS.provider_version}, for AWS")
    return f"the folder lacks {' and '.join(lacking)}" if lacking else ""


def _project() -> Part:
    found = find_project(Path.cwd())
    if found is not None:
        return Part("project", "found", str(found / FILE), needed=False)
    hint = "inferform init DIR makes one"
    return Part("project", "missing", f"no {FILE} here or above", hint, needed=False)


def _credentials() -> Part:
    name, hint = "AWS credentials", "for AWS, not for the emulator: aws sso login, or AWS_PROFILE"
    given = [each for each in _CREDENTIALS if os.environ.get(each)]
    if given:
        return Part(name, "found", f"by {', '.join(given)}", needed=False)
    try:
        profiles = boto3.Session().available_profiles
    except BotoCoreError as error:
        return Part(name, "not known", str(error), hint, needed=False)
    if "default" in profiles:
        return Part(name, "found", "by the profile default", needed=False)
    if profiles:
        what = f"no default; the profiles are {', '.join(sorted(profiles))}"
        return Part(name, "missing", what, f"for AWS: AWS_PROFILE={min(profiles)}", needed=False)
    return Part(name, "missing", "no variable and no profile gives any", hint, needed=False)


def _engine() -> Part:
    name = "container engine"
    found = [(engine, path) for engine in ENGINES if (path := shutil.which(engine))]
    for engine, path in found:
        version = version_in(_printed([path, "--version"]))
        return Part(name, "found", f"{engine} {_dotted(version)} at {path}", needed=False)
    hint = "for push: install Docker or Podman"
    return Part(name, "missing", f"no {' or '.join(ENGINES)} on PATH", hint, needed=False)


def _buckets(environments: Iterable[Environment], emulator: Emulator | None) -> Iterator[Part]:
    for environment in environments:
        context = environment.context
        name = f"state bucket of {environment.key}"
        if context.other_backend is not None:
            what = f"its states are in a {context.other_backend.kind} backend"
            yield Part(name, "not known", what, needed=False)
            continue
        yield _bucket(name, environment, emulator)


def _bucket(name: str, environment: Environment, emulator: Emulator | None) -> Part:
    context = environment.context
    bucket = context.state_bucket
    made = context.states is None
    try:
        # Another account may own a bucket that is named.
        owner = {"ExpectedBucketOwner": context.account} if made else {}
        Aws(context, emulator=emulator).state_store.head_bucket(Bucket=bucket, **owner)
    except OperatorError as error:
        return Part(name, "not known", error.message, error.hint)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchBucket"):
            hint = (
                f"inferform bootstrap {environment.key}" if made else "who looks after it makes it"
            )
            return Part(name, "missing", bucket, hint)
        return Part(name, "not known", f"{bucket}: {error}", about_request(error, context))
    except BotoCoreError as error:
        return Part(name, "not known", f"{bucket}: {error}", about_request(error, context))
    return Part(name, "found", bucket)


def _printed(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
