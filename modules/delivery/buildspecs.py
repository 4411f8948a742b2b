"""The buildspecs of the projects, as data: what each build runs, keeps and tells.

A buildspec is written as JSON, which YAML takes. Its commands run in one shell each phase after the other, so
that a variable stays.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Sequence
from typing import Any

from ..context import Context
from .parts import TOLD, BuildCompute, ImageBuild, Promotion, TargetEnvironment
from .spec import DeployPipeline, ReviewPipeline

TERRAFORM = "1.13.4"
"""The version of Terraform that builds install where their image has none."""

PYTHON, NODE = "3.12", 22
"""The versions of the runtimes that builds choose in CodeBuild's own images."""

_REVIEW = "review"

WAIT_PART = 4
"""A plan waits this part of its build's time for the execution before it."""

Buildspec = dict[str, Any]


def as_text(buildspec: Buildspec) -> str:
    """A buildspec as CodeBuild gets it."""
    return json.dumps(buildspec, indent=1)


def checks(pipeline: DeployPipeline | ReviewPipeline) -> Buildspec:
    """What has to succeed before anything else."""
    return _buildspec(pipeline, pipeline.setup, build=pipeline.checks)


def plan(
    pipeline: DeployPipeline, context: Context, promotion: Promotion, *, pipeline_arn: str
) -> Buildspec:
    """The plans of what can be applied now, with a review of them, once no execution before is in the
    environment."""
    target = promotion.environment
    minutes = pipeline.compute.timeout_minutes // WAIT_PART
    review = _review(pipeline, target, "--level", "--export", f"{_REVIEW}/plan.env")
    made = _buildspec(
        pipeline,
        pipeline.setup,
        pre_build=[
            # By the build's own rights. A queue of CodePipeline has an execution in each stage.
            f"{pipeline.command} turn {target.key} {pipeline_arn} "
            f'--execution "$EXECUTION" --minutes {minutes}',
            *_as_role(context, target, target.deploy_role),
        ],
        build=[
            "rm -rf .inferform/plans planned",
            *review,
            # Without the dot, which not every artifact pattern finds.
            f"if [ -d .inferform/plans/{target.key} ]; then cp -R .inferform/plans/{target.key} planned; fi",
            f"set -a; . {_REVIEW}/plan.env; set +a",
            'export URL="$CODEBUILD_BUILD_URL"',
        ],
    )
    made["env"]["exported-variables"] = list(TOLD)
    made["artifacts"] = {"files": [f"{_REVIEW}/*", "planned/*"]}
    return made


def apply(pipeline: DeployPipeline, context: Context, promotion: Promotion) -> Buildspec:
    """The apply of the plans of one round, whose artifact ROUND names."""
    target, inferform = promotion.environment, pipeline.command
    key = target.key
    plans = '"$planned/planned"'
    return _buildspec(
        pipeline,
        pipeline.setup,
        pre_build=_as_role(context, target, target.deploy_role),
        build=[
            'planned=$(printenv "CODEBUILD_SRC_DIR_$ROUND")',
            f"if ls {plans}/*.tfplan > /dev/null 2>&1; then {inferform} apply --all {plans} "
            f"--environment {key}; else echo 'nothing is to be applied'; fi",
            f"{inferform} rollout {key} --all",
        ],
        # What was applied and could not be written is on this machine alone.
        post_build=[
            f'if [ "$CODEBUILD_BUILD_SUCCEEDING" = 0 ]; then {inferform} recover '
            f"'{key}-*' --unsaved --auto-approve; fi"
        ],
    )


def verify(pipeline: DeployPipeline, context: Context, promotion: Promotion) -> Buildspec:
    """Whether what runs is what was asked for, and nothing is left; LEFT tells what the last plan left."""
    target, rounds = promotion.environment, promotion.rounds
    return _buildspec(
        pipeline,
        pipeline.setup,
        pre_build=_as_role(context, target, target.deploy_role),
        build=[
            f"{pipeline.command} verify {target.key}",
            *promotion.smoke_tests,
            'if [ "$LEFT" != 0 ]; then echo "$LEFT stacks depend on others that the last of '
            f'{rounds} rounds has changed: start the pipeline again, or raise rounds"; exit 1; fi',
        ],
    )


def review(pipeline: ReviewPipeline, context: Context, target: TargetEnvironment) -> Buildspec:
    """What a pull request would change, by the plan role."""
    made = _buildspec(
        pipeline,
        pipeline.setup,
        pre_build=_as_role(context, target, target.plan_role),
        build=_review(pipeline, target, "--read-only"),
    )
    made["artifacts"] = {"files": [f"{_REVIEW}/*"]}
    return made


def image(pipeline: DeployPipeline, context: Context, spec: ImageBuild) -> Buildspec:
    """An image of the commit: built, checked, pushed once, and scanned."""
    name = context.own_repository(spec.repository)
    host = f"{context.account}.dkr.ecr.{context.region}.{context.dns_suffix}"
    uri = f"{host}/{name}"
    repository = f"--region {context.region} --repository-name {name}"
    there = '--image-ids "imageTag=$TAG"'
    folder = shlex.quote(spec.directory)
    arguments = "".join(
        f" --build-arg {shlex.quote(f'{key}={value}')}" for key, value in spec.build_args.items()
    )
    fresh = '[ "$THERE" = yes ] || '
    build = [
        "TAG=$(git rev-parse --short=12 HEAD)",
        f"if aws ecr describe-images {repository} {there} > /dev/null 2>&1; then THERE=yes; else THERE=no; fi",
        # An index of several manifests is no image to Lambda and SageMaker.
        f"{fresh}docker buildx build --load --platform {spec.platform} --provenance=false --sbom=false "
        f'--file {shlex.quote(f"{spec.directory}/{spec.dockerfile}")}{arguments} --tag "{uri}:$TAG" {folder}',
    ]
    if spec.check_contract:
        sample = ""
        if spec.sample is not None:
            kind = "csv" if spec.sample.endswith(".csv") else "json"
            sample = f" --{kind}-file {shlex.quote(spec.sample)}"
        build += [
            f'{fresh}docker run --detach --name model --publish 127.0.0.1:8080:8080 "{uri}:$TAG" serve',
            f"{fresh}{pipeline.command} check-container http://127.0.0.1:8080{sample}",
            f"{fresh}docker rm --force model",
        ]
    build += [
        f"{fresh}aws ecr get-login-password --region {context.region} > /tmp/registry",
        f"{fresh}docker login --username AWS --password-stdin {host} < /tmp/registry",
        # Another pipeline may have pushed the same commit meanwhile: a tag is never moved.
        f'{fresh}docker push "{uri}:$TAG" || aws ecr describe-images {repository} {there} > /dev/null',
        "rm -f /tmp/registry",
    ]
    if spec.scan_severity is not None:
        build += _scanned(repository, there, spec.scan_severity)
    build.append(
        f"export DIGEST=$(aws ecr describe-images {repository} {there} "
        "--query 'imageDetails[0].imageDigest' --output text)"
    )
    made = _buildspec(pipeline, pipeline.setup if spec.check_contract else (), build=build)
    made["env"]["exported-variables"] = ["TAG", "DIGEST"]
    return made


SCAN_TURNS = 120
"""How often a build asks whether a scan has ended, every five seconds."""

_SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW")


def _scanned(repository: str, image: str, severity: str) -> list[str]:
    """The gate of a scan: no finding as severe."""
    counted = " ".join(_SEVERITIES[: _SEVERITIES.index(severity) + 1])
    counts = "imageScanFindings.findingSeverityCounts"
    image = image.replace("--image-ids", "--image-id")
    asked = f"aws ecr describe-image-scan-findings {repository} {image} --output text"
    ended = "join(' ', [imageScanStatus.status, to_string(imageScanFindings.imageScanCompletedAt)])"
    return [
        # A continuous scan is ACTIVE for ever, and an enhanced one COMPLETE before its findings are there: AWS's
        # own waiter knows neither.
        f"for turn in $(seq {SCAN_TURNS}); do "
        f'SCAN=$({asked} --query "{ended}" 2>&1); '
        'case "$SCAN" in (COMPLETE" null"|ACTIVE" null"|PENDING*|IN_PROGRESS*|*ScanNotFound*) sleep 5 ;; (*) break ;; esac; done',
        'case "$SCAN" in (*" null") false ;; (COMPLETE*|ACTIVE*) true ;; (*) false ;; esac || '
        '{ echo "no scan of the image ended: $SCAN"; exit 1; }',
        f'for severity in {counted}; do count=$({asked} --query "{counts}.$severity") && '
        '[ "$count" = None ] || [ "$count" = 0 ] || { echo "$count findings are $severity"; exit 1; }; done',
    ]


def _review(
    pipeline: DeployPipeline | ReviewPipeline, target: TargetEnvironment, *options: str
) -> list[str]:
    """A review in files, which is shown as well: secrets are masked in it."""
    formats = (("markdown", "md"), ("html", "html"), ("json", "json"))
    written = " ".join(
        f"--format {kind} --output {_REVIEW}/review.{suffix}" for kind, suffix in formats
    )
    return [
        f"{pipeline.command} review {target.key} {' '.join(options)} {written}",
        f"cat {_REVIEW}/review.md",
    ]


def _as_role(context: Context, target: TargetEnvironment, role: str) -> list[str]:
    """Work as a role of an environment: Terraform and Inferform get its credentials again as they run out."""
    profile = (
        f"[profile {target.key}]",
        f"role_arn = {target.role_arn(context, role)}",
        "credential_source = EcsContainer",
        "role_session_name = inferform",
    )
    lines = " ".join(f"'{each}'" for each in profile)
    return [
        "export AWS_CONFIG_FILE=$(mktemp)",
        f"printf '%s\\n' {lines} > \"$AWS_CONFIG_FILE\"",
        f"export AWS_PROFILE={target.key}",
    ]


def _terraform(compute: BuildCompute) -> list[str]:
    """Terraform, where the image has none, compared with its published digest."""
    machine = "arm64" if compute.architecture == "ARM64" else "amd64"
    file, sums = f"terraform_{TERRAFORM}_linux_{machine}.zip", f"terraform_{TERRAFORM}_SHA256SUMS"
    place = f"https://releases.hashicorp.com/terraform/{TERRAFORM}"
    fetch = "curl --fail --silent --show-error --remote-name-all"
    return [
        f"command -v terraform > /dev/null || (cd /tmp && {fetch} {place}/{file} {place}/{sums} && "
        f"grep ' {file}$' {sums} | sha256sum --check --quiet && "
        f"unzip -q -o {file} terraform -d /usr/local/bin)"
    ]


def _buildspec(
    pipeline: DeployPipeline | ReviewPipeline,
    setup: Sequence[str],
    *,
    pre_build: Iterable[str] = (),
    build: Iterable[str],
    post_build: Iterable[str] = (),
) -> Buildspec:
    compute = pipeline.compute
    install: dict[str, Any] = {"commands": [*_terraform(compute), *setup] if setup else []}
    if compute.image is None:
        install["runtime-versions"] = {"python": PYTHON, "nodejs": NODE}
    phases = {
        "install": install,
        "pre_build": {"commands": list(pre_build)},
        "build": {"commands": list(build)},
        "post_build": {"commands": list(post_build)},
    }
    return {
        "version": 0.2,
        "env": {"shell": "bash"},
        "phases": {
            name: phase for name, phase in phases.items() if phase["commands"] or len(phase) > 1
        },
    }
