"""What Scaling becomes in Terraform: one golden file for each kind of target."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from inferform import (
    Context,
    Environment,
    Inference,
    InvocationsPerInstance,
    Model,
    RealtimeEndpoint,
    Scaling,
)
from inferform.scaling.kinds import ASYNCHRONOUS
from inferform.scaling.metrics import METRICS
from inferform.target import AWS

from ..golden.__main__ import without_notes
from ..scaling_cases import CASES, DIMENSIONS, tracking

GOLDEN = Path(__file__).parent.parent / "golden" / "scaling"
UPDATE = "UPDATE_GOLDEN"

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Synthesize scalable targets alone; the answer is the stack's resources by type."""

    def run(cases: Iterable[str]) -> dict[str, Any]:
        from inferform.cdk import App
        from inferform.layer import Layer
        from inferform.scaling.construct import ScalableTarget

        app = App(outdir=str(tmp_path / "out"))
        stack = Layer(app, "scaling", context=CONTEXT, target=AWS)
        for case in cases:
            kind, resource_id, instance_type, spec = CASES[case]
            ScalableTarget(
                stack,
                case,
                name=f"acme-dev-use1-{case}",
                spec=spec,
                resource_id=resource_id,
                kind=kind,
                dimensions=DIMENSIONS,
                instance_type=instance_type,
            )
        app.synth()
        text = (tmp_path / "out/stacks/dev-use1-scaling/cdk.tf.json").read_text("utf-8")
        resources: dict[str, Any] = json.loads(text)["resource"]
        return resources

    return run


def by_name(resources: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """The resources of one type by the last part of their names, without cdktf's notes."""
    named = {}
    for resource in resources.get(f"aws_{kind}", {}).values():
        resource.pop("//", None)
        name = resource.get("name") or resource.get("alarm_name") or "target"
        named[name.removeprefix("acme-dev-use1-")] = resource
    return named


@pytest.mark.parametrize("case", CASES)
def test_a_target_and_its_policies_come_out_as_in_the_golden_file(
    case: str, build: Callable[..., dict[str, Any]]
) -> None:
    resources = build([case])
    text = json.dumps(without_notes(resources), indent=1, sort_keys=True) + "\n"
    path = GOLDEN / f"{case}.json"
    if os.environ.get(UPDATE):
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8"), (
        f"{path.name} differs; if that is meant, run {UPDATE}=1 pytest {Path(__file__).name}"
    )


@pytest.mark.parametrize("case", CASES)
def test_every_golden_case_is_one_that_its_kind_takes(case: str) -> None:
    kind, _, instance_type, spec = CASES[case]
    problems = spec.problems_for(kind, instance_type=instance_type)
    assert [problem.rule for problem in problems if problem.severity == "error"] == []


def test_every_metric_of_every_kind_is_in_a_golden_file() -> None:
    used = {
        (case, type(policy.metric)) for case, entry in CASES.items() for policy in entry[3].policies
    }
    names = {entry[0]: case for case, entry in CASES.items()}
    missing = [
        (metric.__name__, kind.name)
        for metric in METRICS
        for kind in metric.sources
        if (names[kind], metric) not in used and kind is not ASYNCHRONOUS
    ]
    assert missing == []


def test_the_published_asynchronous_example_comes_out_attribute_by_attribute(
    build: Callable[..., dict[str, Any]],
) -> None:
    resources = build(["asynchronous"])
    target = by_name(resources, "appautoscaling_target")["target"]
    endpoint = {"name": "EndpointName", "value": "${aws_sagemaker_endpoint.fraud.name}"}
    assert target == {
        "service_namespace": "sagemaker",
        "resource_id": "endpoint/${aws_sagemaker_endpoint.fraud.name}/variant/primary",
        "scalable_dimension": "sagemaker:variant:DesiredInstanceCount",
        "min_capacity": 0,
        "max_capacity": 5,
    }
    policies = by_name(resources, "appautoscaling_policy")
    reference = policies["asynchronous-backlog"]["resource_id"]
    assert reference.startswith("${aws_appautoscaling_target.asynchronous_target")
    common = {
        "service_namespace": "sagemaker",
        "scalable_dimension": "sagemaker:variant:DesiredInstanceCount",
        "resource_id": reference,
    }
    assert policies["asynchronous-backlog"] == {
        **common,
        "name": "acme-dev-use1-asynchronous-backlog",
        "policy_type": "TargetTrackingScaling",
        "target_tracking_scaling_policy_configuration": {
            "target_value": 5,
            "scale_in_cooldown": 600,
            "scale_out_cooldown": 300,
            "disable_scale_in": False,
            "customized_metric_specification": {
                "metric_name": "ApproximateBacklogSizePerInstance",
                "namespace": "AWS/SageMaker",
                "dimensions": [endpoint],
                "statistic": "Average",
            },
        },
    }
    assert policies["asynchronous-wake-up-step"] == {
        **common,
        "name": "acme-dev-use1-asynchronous-wake-up-step",
        "policy_type": "StepScaling",
        "step_scaling_policy_configuration": {
            "adjustment_type": "ChangeInCapacity",
            "metric_aggregation_type": "Average",
            "cooldown": 300,
            "step_adjustment": [{"metric_interval_lower_bound": "0", "scaling_adjustment": 1}],
        },
    }
    (alarm,) = by_name(resources, "cloudwatch_metric_alarm").values()
    (action,) = alarm.pop("alarm_actions")
    assert action.startswith("${aws_appautoscaling_policy.asynchronous_policies_wake-up-step")
    assert alarm == {
        "alarm_name": "acme-dev-use1-asynchronous-wake-up-step",
        "alarm_description": "Sets off the scaling policy acme-dev-use1-asynchronous-wake-up-step",
        "namespace": "AWS/SageMaker",
        "metric_name": "HasBacklogWithoutCapacity",
        "dimensions": {"EndpointName": "${aws_sagemaker_endpoint.fraud.name}"},
        "statistic": "Average",
        "period": 60,
        "evaluation_periods": 2,
        "datapoints_to_alarm": 2,
        "threshold": 1,
        "comparison_operator": "GreaterThanOrEqualToThreshold",
        "treat_missing_data": "missing",
    }


def test_the_resource_label_is_derived_from_the_load_balancer(
    build: Callable[..., dict[str, Any]],
) -> None:
    policies = by_name(build(["ecs"]), "appautoscaling_policy")
    configuration = policies["ecs-requests"]["target_tracking_scaling_policy_configuration"]
    assert configuration["predefined_metric_specification"] == {
        "predefined_metric_type": "ALBRequestCountPerTarget",
        "resource_label": "${aws_lb.fraud.arn_suffix}/${aws_lb_target_group.fraud.arn_suffix}",
    }


def test_steps_and_thresholds_are_in_cloudwatchs_units(
    build: Callable[..., dict[str, Any]],
) -> None:
    resources = build(["realtime"])
    alarms = by_name(resources, "cloudwatch_metric_alarm")
    policies = by_name(resources, "appautoscaling_policy")

    def bounds(name: str) -> list[Any]:
        steps = policies[name]["step_scaling_policy_configuration"]["step_adjustment"]
        return [step.get("metric_interval_upper_bound") for step in steps]

    assert alarms["realtime-latency-step"]["threshold"] == 500_000
    assert bounds("realtime-latency-step") == ["250000", None]
    assert alarms["realtime-gpu-step"]["threshold"] == 360, "90 percent of each of 4 GPUs"
    assert bounds("realtime-gpu-step") == ["20", None]


def test_schedules_own_the_bounds_that_they_change(
    build: Callable[..., dict[str, Any]],
) -> None:
    targets = build(["realtime", "component"])["aws_appautoscaling_target"]
    ignored = {
        target["resource_id"]: target.get("lifecycle", {}).get("ignore_changes")
        for target in targets.values()
    }
    assert ignored == {
        CASES["realtime"][1]: ["min_capacity", "max_capacity"],
        CASES["component"][1]: None,
    }


def test_bounds_that_schedules_own_are_noted_as_they_are_written(
    build: Callable[..., dict[str, Any]],
) -> None:
    def noted(*cases: str) -> list[dict[str, Any]]:
        held = build([*cases])["terraform_data"].values()
        return [each["input"]["scheduled_bounds"] for each in held if "input" in each]

    spec = CASES["realtime"][3]
    assert noted("realtime", "component") == [
        {"max_capacity": spec.max_capacity, "min_capacity": spec.min_capacity}
    ]


def test_a_new_instance_type_registers_the_target_and_its_policies_anew(
    build: Callable[..., dict[str, Any]],
) -> None:
    resources = build(["realtime"])
    ((name, data),) = [
        (name, each)
        for name, each in resources["terraform_data"].items()
        if "triggers_replace" in each
    ]
    assert data["triggers_replace"] == {"instance_type": "ml.g5.12xlarge"}
    for kind in ("target", "policy", "scheduled_action"):
        for resource in resources[f"aws_appautoscaling_{kind}"].values():
            assert resource["lifecycle"]["replace_triggered_by"] == [f"terraform_data.{name}"]


def test_the_scalable_target_follows_the_endpoint_and_its_variant(
    synthesize: Callable[..., Any],
) -> None:
    from environments.dev import dev

    image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1.4.2"
    endpoint = RealtimeEndpoint(
        model=Model(image=image),
        instance_type="ml.m5.large",
        variant="blue",
        scaling=Scaling(
            max_capacity=3,
            policies=tracking(InvocationsPerInstance(requests_per_second=5)),
        ),
    )
    environment: Environment = dev.replace(inference=Inference(endpoints={"fraud": endpoint}))
    resources = synthesize(environment)["dev-use1-inference"]["resource"]
    ((name, made),) = resources["aws_sagemaker_endpoint"].items()
    ((target_name, target),) = resources["aws_appautoscaling_target"].items()
    ((_, policy),) = resources["aws_appautoscaling_policy"].items()
    assert target["resource_id"] == (
        f"endpoint/${{aws_sagemaker_endpoint.{name}.name}}/variant/blue"
    )
    assert policy["resource_id"] == f"${{aws_appautoscaling_target.{target_name}.resource_id}}"
    (configuration,) = resources["aws_sagemaker_endpoint_configuration"].values()
    assert configuration["production_variants"][0]["variant_name"] == "blue"
    assert made["endpoint_config_name"].startswith("${aws_sagemaker_endpoint_configuration.")
