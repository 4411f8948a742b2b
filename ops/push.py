"""Building a container image and pushing it to an environment's registry."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from inferform import Environment, Image
from inferform.image_uri import parse_image

from .aws import Aws
from .errors import BadInputError, OperatorError
from .services import find

ENGINES = ("docker", "podman")
_ANSWER_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Target:
    """What is pushed where."""

    repository: str
    """The repository's short name."""

    tag: str
    platform: str
    uri: str
    """The image's URI with its tag."""

    @property
    def registry(self) -> str:
        """The registry's host."""
        return self.uri.partition("/")[0]

    @property
    def name(self) -> str:
        """The repository's name in ECR."""
        return self._parts["repository"]

    @property
    def account(self) -> str:
        """The account whose registry it is in."""
        return self._parts["account"]

    @property
    def _parts(self) -> re.Match[str]:
        match = parse_image(self.uri)
        assert match is not None
        return match


def target(environment: Environment, service: str, tag: str | None, platform: str | None) -> Target:
    """Where a service's image goes. Raises BadInputError where the environment does not say.

    Without `platform` it is what the service runs on, or linux/amd64 where that is not known.
    """
    context = environment.context
    if context.images is not None:
        raise BadInputError(
            f"the images of {environment.key} belong to stage {context.images.stage} of account "
            f"{context.images.account}",
            "push in the environment that declares the repositories",
        )
    found = find(environment, service)
    images = {image.repository: image for image in found.spec.images() if isinstance(image, Image)}
    if len(images) != 1:
        raise BadInputError(
            f"{service} has {len(images) or 'no'} images of the environment's registry",
            "push serves what has one image, written as Image(repository=...)",
        )
    image = next(iter(images.values()))
    wanted = tag or image.tag
    if wanted is None:
        raise BadInputError(f"{service} names its image by digest", "give the new tag with --tag")
    uri = Image(repository=image.repository, tag=wanted).uri(context)
    return Target(image.repository, wanted, platform or found.platform or "linux/amd64", uri)


def engine(names: Sequence[str] = ENGINES) -> str:
    """The first container engine that answers. Raises OperatorError where none does."""
    silent = []
    for name in names:
        found = shutil.which(name)
        if found is None:
            continue
        try:
            answer = subprocess.run(
                [found, "info"],
                capture_output=True,
                timeout=_ANSWER_SECONDS,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            answer = None
        if answer is not None and answer.returncode == 0:
            return found
        silent.append(name)
    if silent:
        raise OperatorError(
            f"no container engine: {' and '.join(silent)} is installed, but does not answer",
            "start its service, or build and push where one runs",
        )
    raise OperatorError(
        f"no container engine: neither {' nor '.join(names)} is on PATH",
        "install one, or build and push where one is",
    )


def push(aws: Aws, to: Target, context: Path, binary: str) -> str:
    """Build `context` and push it; returns the digest. Raises OperatorError."""
    try:
        registry = aws.client("ecr")
        _check_free(registry, to)
        token = registry.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    except (BotoCoreError, ClientError) as error:
        raise OperatorError(f"the registry refuses: {error}") from error
    user, _, password = base64.b64decode(token).decode().partition(":")
    # The password goes in by standard input, so that no list of processes shows it.
    login = ["login", "--username", user, "--password-stdin", to.registry]
    _run(binary, login, "sign in to the registry", stdin=password)
    with tempfile.TemporaryDirectory() as folder:
        if Path(binary).name == "podman":
            return _with_podman(binary, to, context, Path(folder) / "digest")
        return _with_docker(binary, to, context, Path(folder) / "metadata.json")


def _check_free(registry: Any, to: Target) -> None:
    """Tags are immutable: better said before the build than after it."""
    try:
        found = registry.describe_images(
            registryId=to.account, repositoryName=to.name, imageIds=[{"imageTag": to.tag}]
        )["imageDetails"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ImageNotFoundException":
            return
        if error.response["Error"]["Code"] == "RepositoryNotFoundException":
            raise OperatorError(
                f"there is no repository {to.name} in account {to.account}",
                "deploy the registry layer first; of a repository that exists, correct its name in "
                "context.naming.repositories",
            ) from error
        raise
    if found:
        raise OperatorError(
            f"{to.uri} exists and its tag cannot be moved: it is {found[0]['imageDigest']}",
            "give another tag with --tag",
        )


def _with_docker(binary: str, to: Target, context: Path, metadata: Path) -> str:
    # SageMaker takes neither OCI manifests nor attestations.
    _run(
        binary,
        [
            *("buildx", "build", "--platform", to.platform),
            *("--provenance=false", "--sbom=false"),
            *("--output", f"type=image,name={to.uri},oci-mediatypes=false,push=true"),
            *("--metadata-file", str(metadata), str(context)),
        ],
        "build and push",
    )
    digest: str = json.loads(metadata.read_text("utf-8"))["containerimage.digest"]
    return digest


def _with_podman(binary: str, to: Target, context: Path, digest: Path) -> str:
    build = ["build", "--platform", to.platform, "--format", "docker", "--tag", to.uri]
    _run(binary, [*build, str(context)], "build")
    _run(binary, ["push", "--format", "v2s2", "--digestfile", str(digest), to.uri], "push")
    return digest.read_text("utf-8").strip()


def _run(binary: str, arguments: Sequence[str], what: str, stdin: str | None = None) -> None:
    """Run the engine; what it prints goes to standard error, as it is progress."""
    done = subprocess.run(
        [binary, *arguments],
        input=stdin,
        stdout=subprocess.PIPE if stdin is not None else 2,
        stderr=subprocess.STDOUT if stdin is not None else None,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        detail = f": {done.stdout.strip()}" if done.stdout else ""
        raise OperatorError(f"{Path(binary).name} could not {what}{detail}")
