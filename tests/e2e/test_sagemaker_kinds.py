"""Every kind of endpoint on the emulator: deployed, unchanged, updated in order, destroyed."""

from __future__ import annotations

import re
from typing import Any

import pytest

from inferform import (
    AsyncEndpoint,
    BacklogPerInstance,
    BatchTransform,
    Canary,
    CoreDumps,
    DataCapture,
    DataProcessing,
    DirectEndpoint,
    EndpointAlarms,
    Environment,
    Host,
    Inference,
    InvocationsPerInstance,
    Linear,
    Model,
    ModelPackage,
    MultiModel,
    MultiModelEndpoint,
    MultiVariantEndpoint,
    Notifications,
    OnSchedule,
    OnUpload,
    PipelineEndpoint,
    ProvisionedConcurrencyUtilization,
    RealtimeEndpoint,
    Rolling,
    Scaling,
    ServerlessEndpoint,
    Shadow,
    TargetTracking,
    Variant,
    scale_to_zero,
)
from inferform_emulator.process import Emulator
from ops import demo
from ops.aws import Aws

from .filled import refused
from .hosting import CONTEXT, Hosting, client, hosting

pytestmark = pytest.mark.story("one stack is deployed, changed and destroyed")


def model(version: str = "1", name: str = "fraud", artifact: str | None = "") -> Model:
    image = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{name}:{version}"
    return Model(
        image=image, artifact=f"{name}/{version}/model.tar.gz" if artifact == "" else artifact
    )


SCALING = Scaling(
    max_capacity=4,
    policies=[TargetTracking(metric=InvocationsPerInstance(invocations_per_minute=600))],
)
TOPIC = "arn:aws:sns:us-east-1:123456789012:predictions"

KINDS: dict[str, Any] = {
    "realtime": RealtimeEndpoint(
        model=model(artifact="fraud/1/"),
        instance_type="ml.m5.xlarge",
        instance_count=2,
        host=Host(
            volume_size_gb=50,
            startup_timeout_seconds=600,
            download_timeout_seconds=900,
            routing_strategy="LEAST_OUTSTANDING_REQUESTS",
            core_dumps=CoreDumps(),
        ),
        data_capture=DataCapture(
            sampling_percent=20,
            csv_content_types=["text/csv"],
            json_content_types=["application/json", "application/jsonlines"],
        ),
        shadow=Shadow(model=model("2"), instance_type="ml.m5.xlarge", traffic_percent=30),
        rollout=Canary(canary_percent=30, wait_seconds=600),
    ),
    "scaled": RealtimeEndpoint(
        model=model(), instance_type="ml.m5.large", scaling=SCALING, rollout=Linear()
    ),
    "gpu": RealtimeEndpoint(
        model=model().replace(network_isolation=False),
        instance_type="ml.g5.xlarge",
        host=Host(inference_ami_version="al2-ami-sagemaker-inference-gpu-2", ssm_access=True),
        rollout=Rolling(alarms=EndpointAlarms(alarm_topics=[TOPIC], ok_topics=[TOPIC])),
    ),
    "variants": MultiVariantEndpoint(
        variants={
            "stable": Variant(
                model=model(), instance_type="ml.m5.large", weight=0.8, scaling=SCALING
            ),
            "next": Variant(model=model("2"), instance_type="ml.m5.large", weight=0.2),
        },
    ),
    "serverless": ServerlessEndpoint(
        model=model(),
        memory_mib=2048,
        max_concurrency=20,
        provisioned_concurrency=2,
        scaling=Scaling(
            max_capacity=10, policies=[TargetTracking(metric=ProvisionedConcurrencyUtilization())]
        ),
    ),
    "registered": RealtimeEndpoint(
        model=ModelPackage(
            arn="arn:aws:sagemaker:us-east-1:123456789012:model-package/fraud/12",
            environment={
                "DB_PASSWORD": "arn:aws:secretsmanager:us-east-1:123456789012:secret:fraud-AbCdEf"
            },
        ),
        instance_type="ml.m5.large",
    ),
    "queued": AsyncEndpoint(
        model=model(),
        instance_type="ml.m5.xlarge",
        scaling=scale_to_zero(BacklogPerInstance(), max_capacity=3),
        max_concurrent_invocations_per_instance=4,
        notifications=Notifications(
            success_topic=TOPIC, error_topic=TOPIC, include_response_in=["success"]
        ),
    ),
    "many": MultiModelEndpoint(
        model=MultiModel(
            image="123456789012.dkr.ecr.us-east-1.amazonaws.com/mms:1",
            artifacts="models/",
            caching=False,
        ),
        instance_type="ml.m5.xlarge",
    ),
    "pipeline": PipelineEndpoint(
        containers=[model(name="prepare"), model(), model(name="explain", artifact=None)],
        instance_type="ml.m5.xlarge",
    ),
    "direct": DirectEndpoint(
        containers={"first": model(), "second": model("2")}, instance_type="ml.m5.xlarge"
    ),
}

BATCH = {
    "nightly": BatchTransform(
        model=model(),
        instance_type="ml.m5.xlarge",
        trigger=OnSchedule(schedule="cron(0 2 * * ? *)", timezone="Europe/Berlin"),
        data_processing=DataProcessing(join_input=True),
    ),
    "uploads": BatchTransform(
        model=model(), instance_type="ml.g5.xlarge", trigger=OnUpload(suffix=".csv"), vpc=False
    ),
}


CHANGED = {
    **KINDS,
    # another image, under guardrails
    "gpu": KINDS["gpu"].replace(model=model("2").replace(network_isolation=False)),
    # another instance type of a variant that scales
    "scaled": KINDS["scaled"].replace(instance_type="ml.m5.xlarge"),
    # a variant less, one more, one renamed, other weights
    "variants": MultiVariantEndpoint(
        variants={
            "canary": Variant(model=model("3"), instance_type="ml.m5.large", weight=0.1),
            "stable-2": Variant(
                model=model(), instance_type="ml.m5.large", weight=0.9, scaling=SCALING
            ),
        },
    ),
    # a renamed variant under guardrails
    "direct": KINDS["direct"].replace(variant="main"),
    # another kind
    "realtime": ServerlessEndpoint(model=model(), max_concurrency=5),
}


@pytest.fixture(scope="module")
def deployed(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Hosting:
    found = hosting(emulator, tmp_path_factory.mktemp("hosting"), judged=True)
    found.apply(Inference(endpoints=KINDS, batch=BATCH))
    return found


def of(changes: dict[str, list[str]], name: str) -> dict[str, list[list[str]]]:
    """What a plan does to one endpoint: the actions by type."""
    by_type: dict[str, list[list[str]]] = {}
    for address, actions in sorted(changes.items()):
        if f"endpoints_{name}_" in address:
            kind = address.partition(".")[0].removeprefix("aws_")
            by_type.setdefault(kind, []).append(actions)
    return by_type


UPDATED, CREATED, DELETED = ["update"], ["create"], ["delete"]
REPLACED, RENEWED = ["delete", "create"], ["create", "delete"]


def test_every_kind_deploys_and_plans_empty(deployed: Hosting) -> None:
    sagemaker = client(deployed.emulator, "sagemaker")
    for name in KINDS:
        endpoint = sagemaker.describe_endpoint(EndpointName=f"kinds-dev-use1-{name}")
        assert endpoint["EndpointStatus"] == "InService"
    assert refused(deployed.emulator, CONTEXT.account) == []
    weights = sagemaker.describe_endpoint_config(
        EndpointConfigName=sagemaker.describe_endpoint(EndpointName="kinds-dev-use1-variants")[
            "EndpointConfigName"
        ]
    )["ProductionVariants"]
    assert {each["VariantName"]: each["InitialVariantWeight"] for each in weights} == {
        "stable": 4,
        "next": 1,
    }
    machines = client(deployed.emulator, "stepfunctions").list_state_machines()["stateMachines"]
    assert {each["name"] for each in machines} >= {
        "kinds-dev-use1-nightly-transform",
        "kinds-dev-use1-uploads-transform",
    }


def test_the_demo_shows_every_kind_and_invokes_those_that_answer_at_once(
    deployed: Hosting, capsys: pytest.CaptureFixture[str]
) -> None:
    inference = Inference(endpoints=KINDS, batch=BATCH)
    environment = Environment(
        context=CONTEXT, network=deployed.network, registry=deployed.registry, inference=inference
    )
    demo.show(environment, Aws(CONTEXT, emulator=deployed.emulator))
    shown = capsys.readouterr().out
    assert re.search(
        r"kinds-dev-use1-scaled +InService +primary +ml\.m5\.large +1 \(1 to 4\)", shown
    )
    assert re.search(r"kinds-dev-use1-serverless +InService +primary +serverless *$", shown, re.M)
    assert "invoked kinds-dev-use1-realtime with" in shown
    assert "invoke dev-use1 queued --file FILE --emulator asks it, and waits" in " ".join(
        shown.split()
    )
    for short in ("many", "direct"):
        assert f"kinds-dev-use1-{short} has several parts: " in " ".join(shown.split())
    assert "deployed, too: batch/nightly, batch/uploads; " in " ".join(shown.split())


def test_a_plan_changes_what_it_must_and_no_more(deployed: Hosting) -> None:
    variants = KINDS["variants"].variants
    third = {**variants, "third": variants["stable"].replace(model=model("3"))}
    queued = AsyncEndpoint(
        model=model(),
        instance_type="ml.m5.large",
        scaling=Scaling(max_capacity=4, policies=[TargetTracking(metric=BacklogPerInstance())]),
        rollout=Linear(),
    )
    many = KINDS["many"].replace(host=Host(routing_strategy="RANDOM"))
    changed = {
        "variants": KINDS["variants"].replace(variants=third),
        "scaled": queued,
        "many": many,
    }
    changes = deployed.plan(Inference(endpoints={**KINDS, **changed}, batch=BATCH))
    elsewhere = [
        address
        for address in changes
        if not any(f"endpoints_{name}_" in address for name in changed)
    ]
    assert elsewhere == []
    # a variant that is added
    assert of(changes, "variants") == {
        "appautoscaling_policy": [CREATED],
        "appautoscaling_target": [CREATED],
        "iam_role_policy": [UPDATED],
        "sagemaker_endpoint": [UPDATED],
        "sagemaker_endpoint_configuration": [RENEWED],
        "sagemaker_model": [CREATED],
        "terraform_data": [CREATED],
    }
    # another setting of the same variant
    assert of(changes, "many") == {
        "sagemaker_endpoint": [UPDATED],
        "sagemaker_endpoint_configuration": [RENEWED],
    }
    # another family: an endpoint that cannot be updated, and the target that goes with it
    replaced = of(changes, "scaled")
    assert replaced["sagemaker_endpoint"] == [REPLACED]
    assert replaced["appautoscaling_target"] == [REPLACED]
    assert replaced["appautoscaling_policy"] == [CREATED, DELETED]


def test_changes_happen_in_an_order_that_aws_accepts(deployed: Hosting) -> None:
    output = deployed.apply(Inference(endpoints=CHANGED, batch=BATCH))

    assert steps(output, "gpu", "sagemaker") == [
        "model Creating",
        "endpoint_configuration Creating",
        "endpoint Modifying",
        "endpoint_configuration Destroying",
        "model Destroying",
    ]
    assert steps(output, "scaled", "appautoscaling", "sagemaker_endpoint.") == [
        "policy Destroying",
        "target Destroying",
        "endpoint Modifying",
        "target Creating",
        "policy Creating",
    ]
    assert steps(output, "variants", "appautoscaling_target", "sagemaker_endpoint.") == [
        "target Destroying",
        "endpoint Modifying",
        "target Creating",
    ]
    for replaced in ("realtime", "direct"):
        assert steps(output, replaced, "sagemaker_endpoint.") == [
            "endpoint Destroying",
            "endpoint Creating",
        ]


def test_an_override_of_what_cannot_be_changed_rolls_like_any_other_change(
    deployed: Hosting,
) -> None:
    sagemaker = client(deployed.emulator, "sagemaker")

    def configuration() -> dict[str, Any]:
        endpoint = sagemaker.describe_endpoint(EndpointName="kinds-dev-use1-gpu")
        assert endpoint["EndpointStatus"] == "InService"
        name = endpoint["EndpointConfigName"]
        return dict(sagemaker.describe_endpoint_config(EndpointConfigName=name))

    deployed.apply(Inference(endpoints=CHANGED, batch=BATCH))
    before = configuration()
    asked = {
        "configuration": {"production_variants.0.enable_ssm_access": True},
        "models/*/model": {"enable_network_isolation": True},
    }
    overridden = CHANGED["gpu"].replace(overrides=asked)
    # Each apply plans again, and sees that nothing is left to do.
    deployed.apply(Inference(endpoints={**CHANGED, "gpu": overridden}, batch=BATCH))
    after = configuration()
    (variant,) = after["ProductionVariants"]
    assert after["EndpointConfigName"] != before["EndpointConfigName"]
    assert variant["EnableSSMAccess"] is True
    assert sagemaker.describe_model(ModelName=variant["ModelName"])["EnableNetworkIsolation"]
    deployed.apply(Inference(endpoints=CHANGED, batch=BATCH))
    assert configuration()["EndpointConfigName"] == before["EndpointConfigName"]


def test_nothing_is_left_after_a_destroy(deployed: Hosting) -> None:
    deployed.destroy(Inference(endpoints=CHANGED, batch=BATCH))
    sagemaker = client(deployed.emulator, "sagemaker")
    scaling = client(deployed.emulator, "application-autoscaling")
    answers = [
        sagemaker.list_endpoints()["Endpoints"],
        sagemaker.list_endpoint_configs()["EndpointConfigs"],
        sagemaker.list_models()["Models"],
        scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"],
        client(deployed.emulator, "cloudwatch").describe_alarms()["MetricAlarms"],
        client(deployed.emulator, "iam").list_roles()["Roles"],
        client(deployed.emulator, "stepfunctions").list_state_machines()["stateMachines"],
        client(deployed.emulator, "scheduler").list_schedules()["Schedules"],
        client(deployed.emulator, "events").list_rules()["Rules"],
        client(deployed.emulator, "logs").describe_log_groups()["logGroups"],
    ]
    left = [each for answer in answers for each in answer if "kinds-dev-use1" in str(each)]
    assert left == []


def steps(output: str, endpoint: str, *kinds: str) -> list[str]:
    """What an apply did to one endpoint's resources, in order."""
    pattern = rf"^aws_(\w+)\.endpoints_{endpoint}_\S+.*: (Creating|Modifying|Destroying)\.\.\."
    found = re.findall(pattern, output, re.MULTILINE)
    return [
        f"{kind.removeprefix('sagemaker_').removeprefix('appautoscaling_')} {what}"
        for kind, what in found
        if any(f"{kind}.".startswith(each) for each in kinds)
    ]
