"""AWS's own containers: what the table has, what it may not have yet, and what they are built
for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, get_args

import pytest

from inferform import (
    AsyncEndpoint,
    BatchTransform,
    Context,
    DirectEndpoint,
    Ec2,
    EcsService,
    EksService,
    Environment,
    Fargate,
    FrameworkContainer,
    Image,
    Inference,
    Model,
    MultiModel,
    MultiModelEndpoint,
    MultiVariantEndpoint,
    NetworkOutputs,
    PipelineEndpoint,
    Pod,
    RealtimeEndpoint,
    RegistryOutputs,
    Route,
    ServerlessEndpoint,
    Shadow,
    SpecError,
    Variant,
)
from inferform.model.accelerator import Device, device_of, named_device
from inferform.model.image import Framework, built_for, framework_containers, image_in_region
from inferform.places import regions
from inferform.rules import Problem
from inferform.spec import Spec, problems_of
from tests.conftest import Synthesized

AWS = "763104351884.dkr.ecr.us-east-1.amazonaws.com"
LEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
OWN = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
GPU = f"{AWS}/vllm:0.27.1-gpu-py312-cu130-ubuntu22.04-sagemaker"
LMI = f"{AWS}/djl-inference:0.36.0-lmi28.0.0-cu130"
CPU = f"{AWS}/pytorch-inference:2.6.0-cpu-py312-ubuntu22.04-sagemaker"
NEURON = f"{AWS}/pytorch-inference-neuronx:2.9.0-neuronx-py312-sdk2.31.1-ubuntu24.04"


def context(region: str = "us-east-1") -> Context:
    return Context(
        organization="acme", stage="dev", account="111122223333", region=region, owner="ml"
    )


def torch(**fields: Any) -> FrameworkContainer:
    return FrameworkContainer(**{"framework": "pytorch", "version": "2.6.0", **fields})


def written(**fields: Any) -> FrameworkContainer:
    return FrameworkContainer(**fields)


def warnings(spec: Spec) -> list[Problem]:
    return [problem for problem in problems_of(spec) if problem.severity == "warning"]


def found(spec: Spec, *rules: str) -> list[tuple[str, str]]:
    return [(each.rule, each.where) for each in warnings(spec) if each.rule in rules]


# The table


def test_every_framework_of_the_table_can_be_written() -> None:
    assert sorted(get_args(Framework)) == sorted(framework_containers())


def test_every_uri_of_the_table_is_one_that_can_be_written_as_text() -> None:
    for framework, entry in framework_containers().items():
        for version, tags in entry["versions"].items():
            for accelerator in tags:
                for region in entry["accounts"]:
                    container = written(
                        framework=framework, version=version, accelerator=accelerator
                    )
                    Model(image=container.uri(context(region)))


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-central-2", "380420809688.dkr.ecr.eu-central-2.amazonaws.com"),
        ("ap-southeast-5", "550225433462.dkr.ecr.ap-southeast-5.amazonaws.com"),
        ("mx-central-1", "637423239942.dkr.ecr.mx-central-1.amazonaws.com"),
        ("cn-north-1", "727897471807.dkr.ecr.cn-north-1.amazonaws.com.cn"),
        ("us-gov-east-1", "446045086412.dkr.ecr.us-gov-east-1.amazonaws.com"),
    ],
)
def test_new_regions_have_their_own_registry(region: str, host: str) -> None:
    assert torch().uri(context(region)).startswith(f"{host}/pytorch-inference:2.6.0-cpu-")
    assert list(torch().check_in(context(region))) == []


def test_every_region_has_the_deep_learning_containers() -> None:
    for framework in ("vllm", "sglang", "djl-lmi", "pytorch", "huggingface-tgi"):
        assert framework_containers()[framework]["accounts"].keys() == regions()


def test_versions_that_the_table_once_had_are_still_there() -> None:
    for framework, version in (
        ("djl-lmi", "0.30.0"),
        ("pytorch", "2.5.1"),
        ("scikit-learn", "1.2-1"),
        ("tensorflow", "2.18.0"),
        ("xgboost", "1.7-1"),
    ):
        assert version in framework_containers()[framework]["versions"]


# What the table does not have yet


@pytest.mark.parametrize(
    ("framework", "version", "tag"),
    [
        ("vllm", "0.99.0", "0.99.0-gpu-py312-cu130-ubuntu22.04-sagemaker"),
        ("vllm", "0.22.9", "0.22.9-gpu-py312-cu130-ubuntu22.04-sagemaker"),
        (
            "huggingface-tgi",
            "3.4.0",
            "2.7.0-tgi3.4.0-gpu-py311-cu124-ubuntu22.04",
        ),
        ("pytorch-neuronx", "2.10.0-sdk2.33.0", "2.10.0-neuronx-py312-sdk2.33.0-ubuntu24.04"),
        ("djl-lmi", "0.37.0-lmi29.0.0", "0.37.0-lmi29.0.0-cu130"),
        ("xgboost", "3.3-0", "3.3-0"),
        ("huggingface-llamacpp", "b9999", "b9999-cpu-ubuntu24.04"),
        # A whole tag is taken as it is.
        (
            "vllm",
            "0.28.0-gpu-py313-cu131-ubuntu24.04-sagemaker",
            "0.28.0-gpu-py313-cu131-ubuntu24.04-sagemaker",
        ),
        (
            "pytorch",
            "2.3.0-gpu-py311-cu121-ubuntu20.04-sagemaker",
            "2.3.0-gpu-py311-cu121-ubuntu20.04-sagemaker",
        ),
    ],
)
def test_a_newer_version_is_a_warning_with_the_tables_day(
    framework: Any, version: str, tag: str
) -> None:
    container = FrameworkContainer(framework=framework, version=version)
    (warning,) = problems_of(container)
    assert (warning.rule, warning.severity, warning.where) == ("FWK3", "warning", "version")
    assert framework_containers()[framework]["as_of"] in warning.text
    assert container.uri(context()).endswith(f":{tag}")


@pytest.mark.parametrize(
    ("framework", "version"),
    [
        ("vllm", "0.1.0"),  # older than any known, so a slip
        ("vllm", "latest"),
        ("xgboost", "1.7"),
        ("pytorch", "2.7"),
        ("djl-lmi", "0.37.0"),  # the version of LMI is missing
        ("pytorch", "2.7.0-rocm"),
    ],
)
def test_what_is_no_newer_version_is_refused_with_the_tables_day(
    framework: Any, version: str
) -> None:
    with pytest.raises(SpecError) as refused:
        FrameworkContainer(framework=framework, version=version)
    (problem,) = refused.value.problems
    assert problem.rule == "FWK1"
    assert framework_containers()[framework]["as_of"] in problem.text


def test_a_known_tag_is_no_news() -> None:
    tag = "2.6.0-gpu-py312-cu124-ubuntu22.04-sagemaker"
    container = torch(version=tag)
    assert problems_of(container) == []
    assert container.uri(context()).endswith(f":{tag}")


def test_a_region_without_a_known_registry_takes_the_account_that_is_written() -> None:
    """Each new Region has a registry account of its own, which nobody can guess."""
    container = FrameworkContainer(framework="scikit-learn", version="1.9-0")
    day = framework_containers()["scikit-learn"]["as_of"]
    (refused,) = container.check_in(context("mx-central-1"))
    assert (refused.rule, refused.severity) == ("FWK2", "error")
    assert day in refused.text
    written = container.replace(account="222233334444")
    (warning,) = written.check_in(context("mx-central-1"))
    assert (warning.rule, warning.severity) == ("FWK3", "warning")
    assert day in warning.text
    assert written.uri(context("mx-central-1")) == (
        "222233334444.dkr.ecr.mx-central-1.amazonaws.com/sagemaker-scikit-learn:1.9-0"
    )
    assert list(container.check_in(context())) == []


# The program that scikit-learn's container needs

PROGRAM = {
    "SAGEMAKER_PROGRAM": "inference.py",
    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
}
SKLEARN = FrameworkContainer(framework="scikit-learn", version="1.2-1")


@pytest.mark.parametrize("image", [SKLEARN, f"{LEARN}/sagemaker-scikit-learn:1.2-1-cpu-py3"])
def test_scikit_learn_without_a_program_is_told_what_to_write(image: Any) -> None:
    (neither,) = problems_of(Model(image=image))
    assert (neither.rule, neither.severity, neither.path) == ("FWK4", "warning", ("environment",))
    assert '"SAGEMAKER_PROGRAM": "inference.py"' in neither.text
    (half,) = problems_of(Model(image=image, environment={"SAGEMAKER_PROGRAM": "inference.py"}))
    assert '"SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"' in half.text
    assert '"SAGEMAKER_PROGRAM": ' not in half.text
    assert problems_of(Model(image=image, environment=PROGRAM)) == []
    (many,) = problems_of(MultiModel(image=image, artifacts="forecasts/"))
    assert many.rule == "FWK4"


@pytest.mark.parametrize(
    "image",
    [
        FrameworkContainer(framework="xgboost", version="1.7-1"),
        f"{OWN}/sagemaker-scikit-learn:1.2-1",
        Image(repository="scikit-learn", tag="1"),
    ],
)
def test_what_has_a_program_or_may_have_one_is_told_nothing(image: Any) -> None:
    assert problems_of(Model(image=image)) == []


# What an image is built for


@pytest.mark.parametrize(
    ("image", "device"),
    [
        (GPU, "gpu"),
        (LMI, "gpu"),
        (CPU, "cpu"),
        (NEURON, "neuronx"),
        (f"{AWS}/sagemaker-tritonserver:26.05-py3", "gpu"),
        (f"{AWS}/sagemaker-tritonserver:26.05-py3-cpu", "cpu"),
        (f"{AWS}/tei-cpu:2.0.1-tei9.9.9-py310-ubuntu22.04", "cpu"),
        (f"{AWS}/pytorch-inference-neuron:1.13.1-neuron-py310-sdk2.1.0-ubuntu20.04", "neuron"),
        # A copy keeps the name.
        (f"{OWN}/mirror/vllm:0.27.1-gpu-py312-cu130-ubuntu22.04-sagemaker", "gpu"),
        # What AWS did not name is not judged by its name.
        (f"{OWN}/gpu-scorer:1.0-gpu", None),
        (f"{OWN}/scorer@sha256:{'a' * 64}", None),
        (Image(repository="gpu-scorer", tag="cu130"), None),
        # One image for everything.
        (f"{AWS}/sagemaker-xgboost:3.2-0", None),
        (FrameworkContainer(framework="xgboost", version="3.2-0"), None),
    ],
)
def test_awss_names_say_what_an_image_is_built_for(image: Any, device: str | None) -> None:
    assert built_for(image) == device


def test_the_names_agree_with_the_table() -> None:
    for entry in framework_containers().values():
        for tags in entry["versions"].values():
            for accelerator, tag in tags.items():
                named = named_device(entry["repository"], tag)
                assert named in (None, accelerator), tag


@pytest.mark.parametrize(
    ("name", "device"),
    [
        ("ml.m5.large", "cpu"),
        ("ml.c7g.large", "cpu"),
        ("ml.g5.xlarge", "gpu"),
        ("ml.p3.2xlarge", "gpu"),  # AWS no longer publishes its figures
        ("ml.inf1.xlarge", "neuron"),
        ("ml.inf2.xlarge", "neuronx"),
        ("ml.trn1.2xlarge", "neuronx"),
        ("ml.dl1.24xlarge", None),
    ],
)
def test_an_instance_type_has_one_kind_of_processor(name: str, device: Device | None) -> None:
    assert device_of(name) == device


BY_INSTANCE: list[tuple[str, Callable[[Model, str], Spec], str]] = [
    ("realtime", lambda m, t: RealtimeEndpoint(model=m, instance_type=t), "model.image"),
    ("async", lambda m, t: AsyncEndpoint(model=m, instance_type=t), "model.image"),
    (
        "variant",
        lambda m, t: MultiVariantEndpoint(variants={"a": Variant(model=m, instance_type=t)}),
        "variants.a.model.image",
    ),
    (
        "shadow",
        lambda m, t: RealtimeEndpoint(
            model=Model(image=f"{OWN}/own:1"),
            instance_type="ml.m5.large",
            shadow=Shadow(model=m, instance_type=t),
        ),
        "shadow.model.image",
    ),
    (
        "multi-model",
        lambda m, t: MultiModelEndpoint(
            model=MultiModel(image=m.image, artifacts="models/"), instance_type=t
        ),
        "model.image",
    ),
    (
        "pipeline",
        lambda m, t: PipelineEndpoint(containers=[Model(image=f"{OWN}/own:1"), m], instance_type=t),
        "containers.1.image",
    ),
    (
        "direct",
        lambda m, t: DirectEndpoint(
            containers={"a": Model(image=f"{OWN}/own:1"), "b": m}, instance_type=t
        ),
        "containers.b.image",
    ),
    ("batch", lambda m, t: BatchTransform(model=m, instance_type=t), "model.image"),
]


@pytest.mark.parametrize(
    ("write", "where"), [each[1:] for each in BY_INSTANCE], ids=[each[0] for each in BY_INSTANCE]
)
def test_an_image_by_uri_on_another_device_is_a_warning(
    write: Callable[[Model, str], Spec], where: str
) -> None:
    def of(image: str, instance_type: str) -> list[tuple[str, str]]:
        return found(write(Model(image=image), instance_type), "RT20", "RT27")

    assert of(GPU, "ml.m5.large") == [("RT20", where)]
    assert of(CPU, "ml.g4dn.xlarge") == [("RT27", where)]
    for image, instance_type in (
        (GPU, "ml.g4dn.xlarge"),
        (CPU, "ml.m5.large"),
        (f"{OWN}/gpu:1-gpu", "ml.m5.large"),
    ):
        assert of(image, instance_type) == []


def test_neuron_images_are_for_neuron_devices() -> None:
    def of(image: Any, instance_type: str) -> list[tuple[str, str]]:
        endpoint = RealtimeEndpoint(model=Model(image=image), instance_type=instance_type)
        return found(endpoint, "RT20", "RT27")

    assert of(NEURON, "ml.inf2.xlarge") == []
    for instance_type in ("ml.m5.large", "ml.g5.xlarge", "ml.inf1.xlarge"):
        assert of(NEURON, instance_type) == [("RT20", "model.image")]
    assert of(GPU, "ml.inf2.xlarge") == [("RT20", "model.image")]
    assert of(torch(), "ml.inf2.xlarge") == [("RT27", "model.image")]


def test_serverless_inference_has_no_gpu() -> None:
    for image in (GPU, LMI, NEURON):
        made = ServerlessEndpoint(model=Model(image=image))
        assert found(made, "RT20", "RT27") == [("RT20", "model.image")]
    assert warnings(ServerlessEndpoint(model=Model(image=CPU))) == []
    assert warnings(ServerlessEndpoint(model=Model(image=torch()))) == []


def test_a_task_with_gpus_is_for_gpu_images_and_the_reverse() -> None:
    route = Route(load_balancer="internal", hosts=["a.test"])
    fargate = Fargate(cpu=1024, memory_mib=2048)
    with_gpu = Ec2(capacity="gpu", memory_mib=4096, gpus=1)

    def of(image: Any, compute: Any) -> list[tuple[str, str]]:
        service = EcsService(model=Model(image=image), compute=compute, route=route)
        return found(service, "ECS48", "ECS49")

    assert of(GPU, fargate) == [("ECS48", "model.image")]
    assert of(CPU, with_gpu) == [("ECS49", "model.image")]
    assert of(torch(accelerator="cpu"), with_gpu) == [("ECS49", "model.image")]
    for image, compute in ((GPU, with_gpu), (CPU, fargate), (torch(), with_gpu)):
        assert of(image, compute) == []


def test_a_pod_with_gpus_is_for_gpu_images_and_the_reverse() -> None:
    def of(image: Any, gpus: int) -> list[tuple[str, str]]:
        pod = Pod(vcpu=1, memory_mib=2048, gpus=gpus)
        return found(EksService(model=Model(image=image), compute=pod), "KUB19", "KUB20")

    assert of(GPU, 0) == [("KUB19", "model.image")]
    assert of(CPU, 1) == [("KUB20", "model.image")]
    for image, gpus in ((GPU, 1), (CPU, 0), (torch(), 1), (torch(), 0)):
        assert of(image, gpus) == []


# What is deployed


def test_the_container_follows_the_instance_type(
    synthesize: Callable[..., Synthesized],
) -> None:
    """Each variant gets the image for what its own instances have."""
    model = Model(image=torch(), artifact="t/1/model.tar.gz")
    cpu_only = Model(image=torch(accelerator="cpu"))
    environment = Environment(
        context=context(),
        network=NetworkOutputs(
            vpc_id="vpc-1",
            vpc_cidr="10.9.0.0/16",
            private_subnet_ids=["subnet-1", "subnet-2"],
            public_subnet_ids=[],
            s3_prefix_list_id="pl-1",
        ),
        registry=RegistryOutputs(
            kms_key_arn="arn:aws:kms:us-east-1:111122223333:key/k", artifact_bucket="artifacts"
        ),
        inference=Inference(
            endpoints={
                "gpu": RealtimeEndpoint(
                    model=model,
                    instance_type="ml.g5.xlarge",
                    shadow=Shadow(model=model, instance_type="ml.m5.large"),
                ),
                "cpu": RealtimeEndpoint(model=model, instance_type="ml.m5.large"),
                "wanted": RealtimeEndpoint(model=cpu_only, instance_type="ml.g5.xlarge"),
                "serverless": ServerlessEndpoint(model=model),
            },
            batch={"nightly": BatchTransform(model=model, instance_type="ml.p3.2xlarge")},
        ),
    )
    stack = synthesize(environment)["dev-use1-inference"]
    images = {
        key: json.dumps(made).split("pytorch-inference:2.6.0-")[1][:3]
        for key, made in stack["resource"]["aws_sagemaker_model"].items()
    }
    short = {re.sub(r"^endpoints_|_model(s|_\w+$)", "", key): each for key, each in images.items()}
    assert short == {
        "gpu_primary": "gpu",
        "gpu_shadow": "cpu",
        "cpu_primary": "cpu",
        "wanted_primary": "cpu",
        "serverless_primary": "cpu",
        "batch_nightly": "gpu",
    }


# Registries by URI


@pytest.mark.parametrize(
    ("image", "hint"),
    [
        (
            "141502667606.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
            "did you mean 683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        ),
        (
            "683313688378.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu",
            "did you mean 763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu",
        ),
        (
            "141502667606.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6.0-cpu",
            "AWS's accounts there are 683313688378 or 763104351884",
        ),
    ],
)
def test_a_registry_of_another_region_is_warned_of(image: str, hint: str) -> None:
    [problem] = image_in_region(image, context("us-east-1"))
    assert (problem.rule, problem.severity, problem.where) == ("FWK5", "warning", "image")
    assert hint in str(problem)


@pytest.mark.parametrize(
    "image",
    [
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6.0-cpu",
        "111122223333.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
    ],
)
def test_a_registry_of_the_region_is_not(image: str) -> None:
    assert list(image_in_region(image, context("us-east-1"))) == []
