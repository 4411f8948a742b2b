"""Inference components on SageMaker endpoints, instance pools and ML reservations."""

from __future__ import annotations

from inferform import (
    Adapter,
    Component,
    ComponentContainer,
    ConcurrentRequests,
    Environment,
    Inference,
    InferenceComponentEndpoint,
    Model,
    Network,
    Registry,
    scale_to_zero,
)
from inferform.model.artifact import located

from .record import ACCOUNT, DEV, MODEL, Capability

_IMAGE = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/llm:4"
_PLAN = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-plan/llm"

_EXAMPLE = f"""
inference=Inference(
    endpoints={{
        "chat": InferenceComponentEndpoint(
            instance_type="ml.g5.12xlarge", max_instances=9, min_instances=1,
            scale_in=Consolidation(maximum_step_size=2, cooldown_minutes=30),
            metrics=EndpointMetrics(
                enhanced=True, detailed_observability=False, frequency_seconds=60,
            ),
            capacity=HostingCapacity(pools=["ml.g6.12xlarge"], provision_timeout_seconds=600),
            host=Host(prefix_aware=PrefixAware(prefix_length=2048, concurrency_threshold=8)),
            components={{
                "llm": Component(
                    model={MODEL}, accelerators=1, cpu_cores=2.0, min_memory_mib=4096,
                    max_memory_mib=8192, copies=2, startup_timeout_seconds=600,
                    download_timeout_seconds=600, caching=True,
                    placement=Placement(strategy="BINPACK", max_imbalance=1),
                    rollout=ComponentRolling(
                        batch_percent=50, wait_seconds=120, rollback_batch_percent=50,
                        maximum_execution_timeout_seconds=1800, alarm_names=["business"],
                        alarms=EndpointAlarms(model_latency_ms=500.0),
                    ),
                    by_instance_type={{
                        "ml.g5.12xlarge": OnInstanceType(min_memory_mib=4096, accelerators=1),
                        "ml.g6.12xlarge": OnInstanceType(min_memory_mib=4096, model={MODEL}),
                    }},
                    language_model=LanguageModel(parameters_billion=1.0, layers=16),
                ),
                "small": Component(
                    model=ComponentContainer(
                        image="{_IMAGE}", artifact="small/1/model.tar.gz",
                        environment={{"LEVEL": "info"}},
                        metrics=ContainerMetrics(path="/metrics", frequency_seconds=60),
                    ),
                    min_memory_mib=1024,
                    rollout=ComponentRolling(batch_copies=1),
                    adapters={{"legal": Adapter(artifact="small/legal/1.tar.gz")}},
                ),
            }},
        ),
        "idle": InferenceComponentEndpoint(
            instance_type="ml.g5.xlarge", scale_in=IdleRelease(), vpc=False,
        ),
        "reserved": RealtimeEndpoint(
            model={MODEL}, instance_type="ml.p5.48xlarge", rollout=Rolling(batch_percent=50),
            capacity=HostingCapacity(
                reservation=MlReservation(arn="{_PLAN}", instance_type="ml.p5.48xlarge"),
            ),
        ),
    }},
),
"""


def shared() -> Environment:
    """Two models on one endpoint of two instances, one of them with three adapters, and one of its
    own that scales to zero."""
    llm = Model(image=_IMAGE, artifact="llm/4/")
    return Environment(
        context=DEV,
        network=Network(cidr="10.20.0.0/16", auto_endpoints=True),
        registry=Registry(),
        inference=Inference(
            endpoints={
                "chat": InferenceComponentEndpoint(
                    instance_type="ml.g5.12xlarge",
                    min_instances=2,
                    max_instances=3,
                    components={
                        "llm": Component(
                            model=llm,
                            accelerators=2,
                            min_memory_mib=65_536,
                            copies=2,
                            adapters={
                                name: Adapter(artifact=f"llm/{name}/1.tar.gz")
                                for name in ("code", "legal", "mail")
                            },
                        ),
                        "small": Component(
                            model=ComponentContainer(image=_IMAGE, artifact="small/1/model.tar.gz"),
                            accelerators=1,
                            min_memory_mib=8192,
                        ),
                    },
                ),
                "night": InferenceComponentEndpoint(
                    instance_type="ml.g5.xlarge",
                    max_instances=2,
                    components={
                        "llm": Component(
                            model=llm,
                            accelerators=1,
                            min_memory_mib=8192,
                            scaling=scale_to_zero(ConcurrentRequests(requests=5), max_capacity=2),
                        )
                    },
                ),
            }
        ),
    )


_ESTIMATE = "an estimate, of which nothing is sent"
_OF_PERCENT = "a percentage, where the models have one number for copies and percent"

CAPABILITY = Capability(
    examples={"components": _EXAMPLE},
    environments={"components": shared},
    checkov={
        "*-inference/aws_cloudformation_stack.*": {
            "CKV_AWS_124": "Terraform waits for each stack, and its apply fails where the stack does",
        },
    },
    not_aws={
        _ESTIMATE: tuple(
            f"LanguageModel.{field}"
            for field in (
                *("cache_bits", "head_size", "kv_heads", "layers", "parameters_billion"),
                *("sequences", "tokens", "weight_bits"),
            )
        ),
        "compared with the endpoint's own": ("MlReservation.instance_type",),
    },
    stricter={
        "a role is granted the bucket and key, so both are there, and of safe characters": (
            "Adapter.artifact",
            "ComponentContainer.artifact",
        ),
        _OF_PERCENT: ("ComponentRolling.batch_percent", "ComponentRolling.rollback_batch_percent"),
        "an image is in Amazon ECR, and is named by tag or digest": ("ComponentContainer.image",),
        "a component starts with a copy": ("Component.copies",),
        "a training plan is named by its ARN": ("MlReservation.arn",),
    },
    shorter={"its parts are shorter": ("MlReservation.arn",)},
    sent={
        "Adapter.artifact": lambda artifact: located(artifact, "b" * 63),
        "ComponentContainer.artifact": lambda artifact: located(artifact, "b" * 63),
    },
    good={
        "IC31": ("/metrics", "/a.b/c"),
        "Adapter.artifact": ("s3://bucket/fraud.tar.gz",),
        "ComponentContainer.artifact": ("s3://bucket/fraud.tar.gz",),
    },
    requests={"aws_cloudformation_stack": "cloudformation:CreateStack"},
    elsewhere={"aws_cloudformation_stack.name": "cloudformation:CreateStackInput.StackName"},
    own={
        "a parameter of the template, by the name that the template gives it": tuple(
            f"aws_cloudformation_stack.parameters.{each}"
            for each in (
                *("Model", "Model1", "Model2", "Name", "Role", "SecurityGroups", "Subnets"),
            )
        ),
    },
)
