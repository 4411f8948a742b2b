"""The recipe of a component: what Greengrass is given of it."""

from __future__ import annotations

from typing import Any

from ..context import Context
from ..model.artifact import located
from . import names as named
from .spec import EdgeComponent, is_zip

_FORMAT = "2020-01-25"
_DOCKER = "aws.greengrass.DockerApplicationManager"
_TOKENS = "aws.greengrass.TokenExchangeService"

# The container contract: port 8080, on the device alone.
_RUN_IMAGE = "docker run --rm --publish 127.0.0.1:8080:8080 {memory}{image} serve"


def recipe(context: Context, name: str, spec: EdgeComponent, bucket: str) -> dict[str, Any]:
    """The recipe as data; `bucket` is the environment's artifact bucket.

    Source: AWS IoT Greengrass V2 developer guide, component recipe reference.
    """
    requires = dict(spec.requires)
    if spec.image is not None:
        # Private images of ECR take both.
        requires.setdefault(_DOCKER, ">=2.0.0")
        requires.setdefault(_TOKENS, ">=2.0.0")
    lifecycle: dict[str, Any] = {}
    if spec.install is not None:
        lifecycle["install"] = spec.install
    lifecycle["run"] = spec.run or _run_image(spec)
    platform: dict[str, str] = {"os": spec.platform_os}
    if spec.architecture is not None:
        platform["architecture"] = spec.architecture
    made: dict[str, Any] = {
        "RecipeFormatVersion": _FORMAT,
        "ComponentName": named.component_name(context, name),
        "ComponentVersion": spec.version,
        "ComponentPublisher": context.organization,
        "Manifests": [
            {
                "Platform": platform,
                "Lifecycle": lifecycle,
                "Artifacts": [_artifact(spec, bucket)],
            }
        ],
    }
    if requires:
        made["ComponentDependencies"] = {
            each: {"VersionRequirement": wanted, "DependencyType": "HARD"}
            for each, wanted in sorted(requires.items())
        }
    if spec.configuration:
        made["ComponentConfiguration"] = {"DefaultConfiguration": spec.configuration}
    return made


def _run_image(spec: EdgeComponent) -> str:
    memory = f"--memory {spec.memory_mib}m " if spec.memory_mib else ""
    return _RUN_IMAGE.format(memory=memory, image=spec.image)


def _artifact(spec: EdgeComponent, bucket: str) -> dict[str, str]:
    if spec.image is not None:
        return {"Uri": f"docker:{spec.image}"}
    assert spec.artifact is not None
    made = {"Uri": located(spec.artifact, bucket)}
    return made | ({"Unarchive": "ZIP"} if is_zip(spec.artifact) else {})
