"""Every field of every Spec is as strict and as loose as AWS, or says why not.

A field names the members of botocore's service models that it becomes (`Aws`); values around
the limits of both are tried on both. Where the models have no limit, a rule's own source is the
reason for it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import pytest
from botocore.model import Shape, StringShape

from inferform import RULES
from inferform.instances import instance_type_names
from inferform.model.artifact import located
from inferform.sagemaker.batch import transform_instance_types
from tests.service_models import limits, refusal, shape_of
from tests.specs.fields import fields
from tests.specs.samples import samples

# Fields that become no member of a request, and why.
NOT_AWS = {
    "a name within the Environment, which AWS gets as a part of longer names": (
        "Context.organization",
        "Context.stage",
        "Ec2.capacity",
        "EcsCluster.capacity{key}",
        "EcsCluster.load_balancers{key}",
        "EksCluster.access{key}",
        "Environment.inference{key}",
        "Image.repository",
        "ImageOwner.stage",
        "Inference.batch{key}",
        "Inference.endpoints{key}",
        "Inference.services{key}",
        "Kubernetes.services{key}",
        "NodeGroups.groups{key}",
        "Registry.models{key}",
        "Registry.repositories{key}",
        "Route.load_balancer",
        "Scheduled.name",
        "StepScaling.name",
        "TargetTracking.name",
    ),
    "a part of an ARN, a URI or the name of a zone, service or parameter": (
        "AccessEntry.policy",
        "Context.account",
        "Context.region",
        "Ec2Capacity.ami_parameter",
        "ImageOwner.account",
        "ImageOwner.home_region",
        "Network.gateway_endpoints[]",
        "Network.interface_endpoints[]",
        "Network.zone_letters[]",
    ),
    "a part of a policy or of a rule, which the models hold as one text": (
        "ArtifactBucket.read_accounts[]",
        "AsyncEndpoint.input",
        "GitHub.branches[]",
        "GitHub.environments[]",
        "GitHub.repository",
        "Identity.operators[]",
        "Identity.regions[]",
        "ModelPackage.artifact",
        "ModelPackage.image",
        "ModelPackageGroup.read_accounts[]",
        "OnUpload.suffix",
        "Repository.expire_untagged_days",
        "Repository.keep_images",
        "Repository.pull_accounts[]",
        "Route.strip_prefix",
    ),
    "seconds or minutes, as the target counts: see tests/specs/test_rollouts.py": (
        "BlueGreen.termination_wait_seconds",
        "Canary.wait_seconds",
        "Linear.wait_seconds",
    ),
    "said in a unit that people use, and calculated": (
        "EndpointAlarms.latency_percentile",
        "EndpointAlarms.model_latency_ms",
        "ModelLatency.average_latency_ms",
        "ModelLatency.p90_latency_ms",
        "Shadow.traffic_percent",
        "Step.lower",
        "Step.upper",
        "_Percentage.percent",
        "_Rate.requests_per_second",
        "_Rate.safety_factor",
    ),
    "a choice of Inferform's": (
        "FrameworkContainer.accelerator",
        "FrameworkContainer.framework",
        "FrameworkContainer.version",
        "Kubernetes.objects_by",
        "Network.availability_zones",
        "Network.nat",
        "Scaling.suspended[]",
    ),
    "Kubernetes': no API of AWS sees it": (
        "Addon.configuration{key}",
        "Addon.configuration{}",
        "EksService.client_namespaces[]",
        "EksService.count",
        "EksService.egress_cidrs[]",
        "EksService.loader",
        "EksService.namespace",
        "EksService.startup_timeout_seconds",
        "EksService.stop_timeout_seconds",
        "EksService.user",
        "GpuNodePool.capacity_types[]",
        "GpuNodePool.instance_families[]",
        "GpuNodePool.max_gpus",
        "Ingress.certificate_arn",
        "Ingress.host",
        "Ingress.path",
        "Ingress.scheme",
        "Kubernetes.device_plugin",
        "Pod.gpus",
        "Pod.memory_mib",
        "Pod.node_group",
        "Pod.storage_gib",
        "Pod.vcpu",
        "Toleration.effect",
        "Toleration.key",
        "Toleration.value",
    ),
    "Terraform's: addresses in a state": (
        "Environment.moved{key}",
        "Environment.moved{}{key}",
        "Environment.moved{}{}",
    ),
    "refused altogether": (
        "InferenceComponentEndpoint.components{key}",
        "InferenceComponentEndpoint.components{}",
    ),
}

# What a field does not offer of an enum, by a pattern, and why.
LEFT_OUT = {
    "BatchTransform.split_type": {"None": "is Python's None"},
    "DataCapture.modes[]": {"InputAndOutput": "is both modes"},
    "Ec2Capacity.instance_types[]": {
        r"(dl1|dl2q|f1|f2|g4ad|inf1|inf2|trn1|trn1n|trn2|trn2u|vt1)\..+": "accelerators that the "
        "ECS-optimised AMIs have no driver for",
        r"(c1|cc\d|cg1|cr1|g2|g3s?|hi1|hs1|m1|m2|p2|p3|t1)\..+": "are of a previous generation",
        r"(mac[-\w]*|u[\w-]*)\..+": "have macOS, or terabytes of memory",
        r"(i3\.metal|m9gd?\.metal-24xl|p6e-gb200\.36xlarge)": "have no entry in the table's source",
    },
    "EcsService.deployment_controller": {"EXTERNAL": "is for a controller of one's own"},
    "Fleet.routing_strategy": {"(PREFIX|KV)_AWARE": "hashicorp/aws does not know them"},
    "NodeGroup.ami_type": {
        "AL2_.+": "ended in November 2025 (EKS6)",
        "CUSTOM": "Inferform derives the AMI",
        "WINDOWS_.+": "inference runs on Linux",
        "BOTTLEROCKET_.+_NVIDIA_FIPS": "hashicorp/aws 5.100 does not know them",
    },
    "NodeGroup.capacity_type": {"CAPACITY_BLOCK": "needs a reservation that is bought by hand"},
    "StepScaling.comparison": {".+(Lower|Upper)Threshold": "are for anomaly detection"},
}

# Fields that refuse what the models take, and why.
STRICTER = {
    "names become parts of AWS's names, whose common ground they are": (
        "DirectEndpoint.containers{key}",
        "OneVariant.variant",
        "MultiVariantEndpoint.variants{key}",
        "Shadow.variant",
    ),
    "a role is granted the bucket and key, so both are there, and of safe characters": (
        "AsyncEndpoint.failure_output",
        "AsyncEndpoint.output",
        "BatchTransform.input",
        "BatchTransform.output",
        "CoreDumps.destination",
        "DataCapture.destination",
        "Model.artifact",
        "MultiModel.artifacts",
    ),
    "AWS's documentation says more than the models: ASCII, or a form": (
        "CloudWatchMetric.dimensions{key}",
        "CloudWatchMetric.dimensions{}",
        "CloudWatchMetric.name",
        "CloudWatchMetric.namespace",
        "HealthCheck.path",
        "LoadBalancer.web_acl",
        "MetricMath.expression",
        "MetricMath.metrics{key}",
        "OnSchedule.schedule",
        "OnSchedule.timezone",
        "Scheduled.schedule",
        "Scheduled.timezone",
        "StepScaling.missing_data",
    ),
    "AWS's documentation has a narrower range than the models": (
        "BatchTransform.max_concurrent_transforms",
        "BatchTransform.max_payload_mb",
        "Linear.step_percent",
        "Rolling.batch_percent",
        "Rolling.rollback_batch_percent",
    ),
    "CloudWatch has alarms of 10, 20 and 30 seconds and of whole minutes": (
        "EndpointAlarms.period_seconds",
        "StepScaling.period_seconds",
    ),
    "the provider takes up to 14,400 seconds": ("Rollout.maximum_execution_timeout_seconds",),
    "a quota of the account is lower": ("Ec2Capacity.max_instances",),
    "a tag without a value names no owner": ("Context.owner",),
    "an image is in Amazon ECR, and is named by tag or digest": (
        "Image.tag",
        "Model.image",
        "MultiModel.image",
    ),
    "a model package is one version, by its ARN": (
        "JumpStartModel.model_package_arn",
        "ModelPackage.arn",
    ),
    "HTTP's own form of a media type": ("BatchTransform.content_type",),
    "the closed set of the EC2 API": ("Ec2Capacity.instance_types[]",),
    "Kubernetes' own form of labels": (
        "NodeGroup.labels{key}",
        "NodeGroup.labels{}",
        "Taint.key",
        "Taint.value",
    ),
}

# Fields whose text cannot be as long as the models take it, and why.
SHORTER = {
    "32 characters leave room for organization, stage and region": (
        "DirectEndpoint.containers{key}",
        "OneVariant.variant",
        "MultiVariantEndpoint.variants{key}",
        "Shadow.variant",
    ),
    "no name in the closed set is as long": (
        "Ec2Capacity.instance_types[]",
        "OnSchedule.timezone",
        "Scheduled.timezone",
        "StepScaling.missing_data",
    ),
    "its parts are shorter": ("JumpStartModel.model_package_arn", "ModelPackage.arn"),
    "the provider takes 1,024 characters": ("MetricMath.expression",),
    "tags of images have 128 characters": ("Image.tag",),
}

# What a field's value is sent as, where not as it is.
SENT: dict[str, Callable[[Any], Any]] = {
    "Notifications.include_response_in[]": lambda topic: f"{topic.upper()}_NOTIFICATION_TOPIC",
    "Model.artifact": lambda artifact: located(artifact, "b" * 63),
    "MultiModel.artifacts": lambda prefix: located(prefix, "b" * 63),
}

FIELDS = {str(field): field for field in fields()}
ANNOTATED = [name for name, field in FIELDS.items() if field.members]


@dataclass(frozen=True)
class Stricter:
    """A value that a field refuses although what it becomes takes it."""

    member: str
    value: Any
    rules: tuple[str, ...]
    limited: bool
    """Whether the member has limits of its own: for a number, on this side."""

    in_enum: bool


@dataclass(frozen=True)
class Compared:
    """What a field and the members that it becomes make of the same values."""

    taken: int
    shorter: bool
    """Whether a text cannot be as long as a member takes it."""

    looser: tuple[str, ...]
    stricter: tuple[Stricter, ...]


@cache
def compared(name: str) -> Compared:
    field = FIELDS[name]
    send = SENT.get(name, lambda value: value)
    looser: list[str] = []
    stricter: list[Stricter] = []
    taken = 0
    shorter = False
    for member, shape in field.members:
        known = limits(shape)
        tried = [
            (value, tuple(field.broken_rules(value)), refusal(shape, send(value)))
            for value in samples(field, shape)
        ]
        good = [value for value, rules, _ in tried if not rules]
        taken += len(good)
        lengths = [len(send(value)) for value in good if isinstance(value, str)]
        if lengths and "enum" not in known:
            shorter |= max(lengths) < known.get("max", 0)
        looser += [f"{member}: {value!r} {why}" for value, rules, why in tried if why and not rules]
        stricter += [
            Stricter(
                member, value, rules, _has_limit(shape, value, good), value in known.get("enum", ())
            )
            for value, rules, why in tried
            if rules and not why
        ]
    return Compared(taken, shorter, tuple(looser), tuple(stricter))


def _has_limit(shape: Shape, value: Any, taken: list[Any]) -> bool:
    known = limits(shape)
    if isinstance(value, str):
        return bool(known)
    if shape.type_name == "string":
        # The limits are those of the number's digits.
        return False
    return "max" in known if value > max(taken) else "min" in known and value < min(taken)


def _reasons(table: dict[str, tuple[str, ...]]) -> list[str]:
    return [name for names in table.values() for name in names]


def _is_more_than_botocore(rule: str) -> bool:
    """Whether a rule names another source than the models."""
    return any(not part.strip().startswith("botocore") for part in RULES[rule].source.split(";"))


def test_every_field_says_what_it_becomes_in_aws_or_why_it_becomes_nothing() -> None:
    unsaid = FIELDS.keys() - set(ANNOTATED) - set(_reasons(NOT_AWS))
    assert unsaid == set(), "name the member with Aws(...), or give a reason in NOT_AWS"
    assert len(FIELDS) > 280
    assert len(ANNOTATED) > 190


@pytest.mark.parametrize("name", ANNOTATED)
def test_a_field_takes_nothing_that_aws_refuses(name: str) -> None:
    assert compared(name).taken
    assert compared(name).looser == ()


@pytest.mark.parametrize("name", ANNOTATED)
def test_a_field_refuses_what_aws_takes_for_a_reason_only(name: str) -> None:
    explained = name in _reasons(STRICTER)
    assert not compared(name).shorter or name in _reasons(SHORTER)
    for each in compared(name).stricter:
        where = f"{each.member} takes {each.value!r}, which breaks {', '.join(each.rules)}"
        if each.in_enum:
            left_out = LEFT_OUT.get(name, {})
            assert any(re.fullmatch(pattern, each.value) for pattern in left_out), where
        elif each.limited:
            assert explained, where
        else:
            assert all(map(_is_more_than_botocore, each.rules)), f"{where}: name its source"


def test_every_reason_is_still_needed() -> None:
    for table in (NOT_AWS, SHORTER, STRICTER):
        assert [name for name, count in Counter(_reasons(table)).items() if count > 1] == []
        assert set(_reasons(table)) <= FIELDS.keys()
    assert set(_reasons(NOT_AWS)).isdisjoint(ANNOTATED)
    differing = {
        name
        for name in ANNOTATED
        for each in compared(name).stricter
        if each.limited and not each.in_enum
    }
    assert set(_reasons(STRICTER)) == differing
    assert set(_reasons(SHORTER)) == {name for name in ANNOTATED if compared(name).shorter}
    for name, reasons in LEFT_OUT.items():
        values = [each.value for each in compared(name).stricter if each.in_enum]
        for pattern in reasons:
            assert any(re.fullmatch(pattern, value) for value in values), f"{name}: {pattern}"
    for name in SENT:
        assert FIELDS[name].members


def test_the_tables_of_instance_types_are_botocores() -> None:
    hosting = cast(StringShape, shape_of("sagemaker:ProductionVariantInstanceType"))
    transform = cast(StringShape, shape_of("sagemaker:TransformInstanceType"))
    assert instance_type_names() == frozenset(hosting.enum)
    assert transform_instance_types() == frozenset(transform.enum)
