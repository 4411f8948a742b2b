"""`inferform push`: what it builds and pushes, and what it says when it cannot."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from inferform import (
    Context,
    Ec2,
    Ec2Capacity,
    EcsCluster,
    EcsService,
    Environment,
    Fargate,
    Image,
    Inference,
    Model,
    Network,
    RealtimeEndpoint,
    Registry,
    Repository,
)
from inferform_emulator.process import Emulator
from ops import push
from ops.aws import Aws
from ops.errors import BadInputError, OperatorError

ROOT = Path(__file__).resolve().parents[2]
DIGEST = "sha256:" + "ab" * 32
CONTEXT = Context(
    organization="acme",
    stage="push",
    account="666600006666",
    region="us-east-1",
    owner="test",
    deploy_role="inferform-deploy",
)
MODEL = Model(image=Image(repository="fraud", tag="1.4.2"))
ARM = Fargate(cpu=256, memory_mib=512, architecture="ARM64")


def environment(**served: Any) -> Environment:
    return Environment(
        context=CONTEXT,
        network=Network(cidr="10.70.0.0/16"),
        registry=Registry(repositories={"fraud": Repository()}),
        ecs=EcsCluster(
            capacity={"graviton": Ec2Capacity(instance_types=["m7g.large"], max_instances=1)}
        ),
        inference=Inference(
            endpoints={"endpoint": RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large")},
            services={
                "fraud": EcsService(model=MODEL, compute=Fargate(cpu=256, memory_mib=512)),
                "arm": EcsService(model=MODEL, compute=ARM),
                "graviton": EcsService(
                    model=MODEL, compute=Ec2(capacity="graviton", memory_mib=1024)
                ),
                "pinned": EcsService(
                    model=MODEL.replace(image=Image(repository="fraud", digest=DIGEST)),
                    compute=ARM,
                ),
                **served,
            },
        ),
    )


def engine_in(folder: Path, name: str, script: str) -> Path:
    """A container engine that writes down what it is asked."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f'#!/bin/sh\necho "$@" >>{folder}/asked\n{script}\n', encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


DOCKER = f"""
[ "$1" = login ] && cat >/dev/null
while [ $# -gt 0 ]; do
  [ "$1" = --metadata-file ] && echo '{{"containerimage.digest": "{DIGEST}"}}' >"$2"
  shift
done
exit 0
"""
PODMAN = f"""
[ "$1" = login ] && cat >/dev/null
while [ $# -gt 0 ]; do
  [ "$1" = --digestfile ] && echo '{DIGEST}' >"$2"
  shift
done
exit 0
"""


@pytest.fixture
def aws(emulator: Emulator) -> Aws:
    made = Aws(CONTEXT, emulator=emulator)
    registry = made.client("ecr")
    if not registry.describe_repositories()["repositories"]:
        registry.create_repository(
            repositoryName=CONTEXT.name("fraud"), imageTagMutability="IMMUTABLE"
        )
    return made


@pytest.mark.parametrize(("name", "script"), [("docker", DOCKER), ("podman", PODMAN)])
def test_an_image_is_built_pushed_and_named_by_its_digest(
    aws: Aws, tmp_path: Path, name: str, script: str
) -> None:
    binary = engine_in(tmp_path / "bin", name, script)
    to = push.target(environment(), "arm", "2.0.0", None)
    assert push.push(aws, to, tmp_path, str(binary)) == DIGEST
    asked = (tmp_path / "bin" / "asked").read_text("utf-8").splitlines()
    assert asked[0] == f"login --username AWS --password-stdin {to.registry}"
    assert "--platform linux/arm64" in asked[1]
    assert to.uri in asked[-1]
    if name == "docker":
        assert "--provenance=false --sbom=false" in asked[1]
        assert "oci-mediatypes=false,push=true" in asked[1]
    else:
        assert "--format docker" in asked[1]
        assert asked[2].startswith("push --format v2s2")


def test_a_tag_that_exists_is_refused_before_the_build(aws: Aws, tmp_path: Path) -> None:
    media = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = {"schemaVersion": 2, "mediaType": media, "config": {"digest": DIGEST}, "layers": []}
    aws.client("ecr").put_image(
        repositoryName=CONTEXT.name("fraud"), imageManifest=json.dumps(manifest), imageTag="1.4.2"
    )
    binary = engine_in(tmp_path / "bin", "docker", DOCKER)
    with pytest.raises(OperatorError, match="cannot be moved: it is sha256:"):
        push.push(aws, push.target(environment(), "fraud", None, None), tmp_path, str(binary))
    assert not (tmp_path / "bin" / "asked").exists()


def test_a_build_that_fails_says_so(aws: Aws, tmp_path: Path) -> None:
    binary = engine_in(
        tmp_path / "bin", "docker", '[ "$1" = login ] && cat >/dev/null && exit 0\nexit 3'
    )
    to = push.target(environment(), "fraud", "3.0.0", None)
    with pytest.raises(OperatorError, match="docker could not build and push"):
        push.push(aws, to, tmp_path, str(binary))


def test_a_repository_that_is_not_there_names_the_layer(emulator: Emulator, tmp_path: Path) -> None:
    elsewhere = Aws(CONTEXT.replace(region="eu-west-1"), emulator=emulator)
    to = push.target(environment(), "fraud", None, None)
    with pytest.raises(OperatorError, match="deploy the registry layer first"):
        push.push(elsewhere, to, tmp_path, "/nonexistent")


@pytest.mark.parametrize(
    ("service", "platform"),
    [
        ("fraud", "linux/amd64"),
        ("arm", "linux/arm64"),
        ("graviton", "linux/arm64"),
        ("endpoint", "linux/amd64"),
    ],
)
def test_the_platform_is_what_the_service_runs_on(service: str, platform: str) -> None:
    to = push.target(environment(), service, None, None)
    assert to.platform == platform
    assert to.uri == "666600006666.dkr.ecr.us-east-1.amazonaws.com/acme-push-use1-fraud:1.4.2"


@pytest.mark.parametrize(
    ("service", "message"),
    [("frad", "did you mean fraud"), ("pinned", "give the new tag with --tag")],
)
def test_what_cannot_be_pushed_is_said(service: str, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        push.target(environment(), service, None, None)


def test_an_engine_that_does_not_answer_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine_in(tmp_path / "bin", "docker", "exit 1")
    podman = engine_in(tmp_path / "bin", "podman", "exit 0")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin")
    assert push.engine() == str(podman)
    podman.unlink()
    with pytest.raises(OperatorError, match="docker is installed, but does not answer"):
        push.engine()


def test_the_command_says_that_there_is_no_engine(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    command = [sys.executable, "-m", "ops", "push", "dev-use1", "fraud", "--context", str(tmp_path)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "no container engine: neither docker nor podman is on PATH" in done.stderr
    assert done.stdout == ""
