"""What is refused of models on devices, and what is taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import pytest
from botocore.session import get_session

from inferform import (
    Compilation,
    Edge,
    EdgeComponent,
    EdgeFleet,
    Environment,
    Network,
    Registry,
    TargetPlatform,
)
from inferform.edge.recipe import recipe
from inferform.edge.spec import Device
from inferform.spec import collecting, problems_of
from tests.capabilities.edge import edge
from tests.capabilities.record import DEV

AWS = "aws.greengrass"
IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/detect:1"


def component(**fields: Any) -> EdgeComponent:
    return EdgeComponent(**{"version": "1.0.0", "image": IMAGE, **fields})


def artifact(**fields: Any) -> EdgeComponent:
    given = {"image": None, "artifact": "edge/model.onnx", "run": "serve"}
    return component(**{**given, **fields})


def compilation(**fields: Any) -> Compilation:
    given = {
        "artifact": "edge/model.tar.gz",
        "framework": "ONNX",
        "data_input_config": '{"input": [1, 3]}',
        "device": "rasp4b",
    }
    return Compilation(**{**given, **fields})


def of(framework: str, version: str | None, **target: Any) -> Compilation:
    return compilation(framework=framework, framework_version=version, **target)


def within(**fields: Any) -> Environment:
    return Environment(
        context=DEV,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(),
        edge=Edge(**fields),
    )


def spelt(**fields: Any) -> Edge:
    return Edge(**fields)


def rules(make: Callable[[], Any]) -> list[str]:
    with collecting():
        return sorted(problem.rule for problem in problems_of(make()))


WORD = "n0tForEyes77xyzzy"
SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:hub-AbCdEf"
NVIDIA = TargetPlatform(os="LINUX", arch="ARM64", accelerator="NVIDIA")
OPTIONS = {"gpu-code": "sm_72", "trt-ver": "6.0.1", "cuda-ver": "10.1"}


def images(run: str | None, other: str | None, fleets: int = 1) -> Edge:
    """Two images, in one fleet or in one each."""
    uri = "111122223333.dkr.ecr.us-east-1.amazonaws.com/detect:1"
    made = {
        name: EdgeComponent(version="1.0.0", image=uri, run=each)
        for name, each in (("a", run), ("b", other))
    }
    together = [["a", "b"]] if fleets == 1 else [["a"], ["b"]]
    return Edge(
        fleets={f"f{number}": EdgeFleet(components=each) for number, each in enumerate(together)},
        components=made,
    )


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (edge, []),
        # What AWS has ended.
        (lambda: spelt(device_fleets={}), ["EDG1"]),
        (lambda: spelt(edge_packaging_jobs={}), ["EDG1"]),
        (lambda: spelt(greengrass_groups={}), ["EDG1"]),
        (lambda: EdgeFleet(aws_components={f"{AWS}.SageMakerEdgeManager": "1.3.0"}), ["EDG1"]),
        (lambda: component(requires={f"{AWS}.SageMakerEdgeManager": ">=1.0.0"}), ["EDG1"]),
        (lambda: EdgeFleet(aws_components={f"{AWS}.SecretManager": "2.1.0"}), []),
        (lambda: spelt(device_fleet={}), ["SPEC1"]),
        # Components
        (component, []),
        (artifact, []),
        (lambda: component(version="1.0.0-rc.1+build"), []),
        (lambda: component(version="1.0"), ["EDG2"]),
        (lambda: component(version="v1.0.0"), ["EDG2"]),
        (lambda: component(version="1.0.0-0.alpha.1+001"), []),
        (lambda: component(version="01.0.0"), ["EDG2"]),
        (lambda: component(version="1.0.00"), ["EDG2"]),
        (lambda: component(version="1.0.0-01"), ["EDG2"]),
        (lambda: component(version="1.0.0-a..b"), ["EDG2"]),
        (lambda: component(version="1.0.0+"), ["EDG2"]),
        (lambda: component(version=f"1.0.0-{'a' * 58}"), []),
        (lambda: component(version=f"1.0.0-{'a' * 59}"), ["EDG2"]),
        (lambda: component(image=None), ["EDG3"]),
        (lambda: component(artifact="a/b.onnx", run="x"), ["EDG3"]),
        (lambda: artifact(run=None), ["EDG11"]),
        (lambda: artifact(artifact="edge/"), ["EDG9"]),
        (lambda: artifact(artifact="https://acme.test/model"), ["EDG9"]),
        (lambda: artifact(artifact="s3://models/detect.tflite"), []),
        (lambda: component(requires={"aws.greengrass.Nucleus": "^2.0.0"}), []),
        (lambda: component(requires={"aws.greengrass.Nucleus": ">=2.1.0 <3.0.0"}), []),
        (lambda: component(requires={"aws.greengrass.Nucleus": "latest"}), ["EDG12"]),
        (lambda: component(requires={"with blank": "1.0.0"}), ["EDG14"]),
        (lambda: component(requires={"a" * 128: "1.0.0"}), []),
        (lambda: component(requires={"a" * 129: "1.0.0"}), ["EDG14"]),
        (lambda: EdgeFleet(aws_components={"with blank": "1.0.0"}), ["EDG14"]),
        (lambda: EdgeFleet(aws_components={"aws.greengrass.Cli": "latest"}), ["EDG2"]),
        (lambda: component(configuration={"a": [1, 2.5, None, True, {"b": "ü"}]}), []),
        (lambda: component(configuration={"a": {1, 2}}), ["EDG15"]),
        (lambda: component(configuration={"a": float("nan")}), ["EDG15"]),
        (lambda: component(configuration={"a": [float("inf")]}), ["EDG15"]),
        (lambda: component(configuration={"a": {1: "b"}}), ["EDG15"]),
        (lambda: component(configuration={"a": (1, 2)}), ["EDG15"]),
        (lambda: component(configuration={"db": {"password": WORD}}), ["EDG17"]),
        (lambda: component(configuration={"db": {"secretArn": SECRET}}), []),
        (lambda: artifact(run="serve --key AKIAIOSFODNN7EXAMPLE"), ["EDG17"]),
        (
            lambda: artifact(install=f"pip3 install -i https://me:{WORD}@i.acme.test/ onnx"),
            ["EDG17"],
        ),
        (lambda: artifact(run="{artifacts:path}/serve {work:path} {iot:thingName}"), []),
        (lambda: artifact(run="{aws.greengrass.Nucleus:configuration:/a} {other:work:path}"), []),
        (lambda: artifact(run="echo ${NAME:-default} ${artifacts:path} {print:this} {a:d}"), []),
        (lambda: artifact(run="{artifacts:decompressed}/serve"), ["EDG16"]),
        (lambda: artifact(run="{artifact:path}/serve"), ["EDG16"]),
        (lambda: artifact(install="cd {work:rootPath}"), ["EDG16"]),
        (lambda: artifact(run="{artifacts:decompressedPath}/serve"), ["EDG16"]),
        (lambda: artifact(run="{other:artifacts:decompressedPath}/serve"), []),
        (
            lambda: artifact(run="{artifacts:decompressedPath}/m/serve", artifact="edge/m.zip"),
            [],
        ),
        (lambda: component(memory_mib=15), ["EDG13"]),
        (lambda: component(architecture="arm"), []),
        (lambda: component(architecture="armv7l"), ["SPEC4"]),
        (lambda: within(components={"a": component()}), []),
        (lambda: within(components={"a": component(image="acme/detect:1")}), ["EDG10"]),
        (
            lambda: within(components={"a": component(image=IMAGE.replace("us-east", "eu-west"))}),
            ["EDG10"],
        ),
        (lambda: within(components={"a": artifact(run="x" * 15_000)}), []),
        (lambda: within(components={"a": artifact(run="x" * 16_384)}), ["EDG7"]),
        # Fleets
        (EdgeFleet, []),
        (lambda: EdgeFleet(credential_duration_seconds=899), ["EDG5"]),
        (lambda: EdgeFleet(credential_duration_seconds=900), []),
        (lambda: EdgeFleet(credential_duration_seconds=43_201), ["EDG5"]),
        (lambda: EdgeFleet(topics=["cameras/+/seen", "all/#"]), []),
        (lambda: EdgeFleet(topics=["+/+", "/a//b/", "a/b/c/d/e/f/g/#"]), []),
        (lambda: EdgeFleet(topics=["a/b/c/d/e/f/g/h/i"]), ["EDG8"]),
        (lambda: EdgeFleet(topics=["a/#/b"]), ["EDG8"]),
        (lambda: EdgeFleet(topics=["a/b#"]), ["EDG8"]),
        (lambda: EdgeFleet(topics=["##"]), ["EDG8"]),
        (lambda: EdgeFleet(topics=["cam+/seen"]), ["EDG8"]),
        (lambda: EdgeFleet(topics=["a" * 256]), []),
        (lambda: EdgeFleet(topics=["$aws/things"]), ["EDG8"]),
        (lambda: EdgeFleet(topics=["a b"]), ["EDG8"]),
        (lambda: EdgeFleet(topics=["a" * 257]), ["EDG8"]),
        (lambda: EdgeFleet(devices_per_minute=1001), ["EDG13"]),
        (lambda: EdgeFleet(stop_at_failed_percent=100.5), ["EDG13"]),
        (lambda: EdgeFleet(stop_after_devices=0), ["EDG13"]),
        (lambda: EdgeFleet(timeout_minutes=10_081), ["EDG13"]),
        (lambda: Edge(fleets={"a": EdgeFleet(components=["b"])}), ["EDG6"]),
        (
            lambda: Edge(fleets={"a": EdgeFleet(components=["b"])}, components={"b": component()}),
            [],
        ),
        # One port of a device
        (lambda: images(run=None, other=None), ["EDG18"]),
        (lambda: images(run=None, other="docker run --publish 8081:8080 a"), []),
        (lambda: images(run=None, other=None, fleets=2), []),
        # Compilations
        (compilation, []),
        (lambda: compilation(device=None), ["NEO1"]),
        (lambda: compilation(platform=TargetPlatform(os="LINUX", arch="X86")), ["NEO1"]),
        (lambda: compilation(device="rasp5"), ["SPEC4"]),
        (lambda: compilation(device="deeplens"), ["NEO7"]),
        (lambda: compilation(device="ml_p3"), ["NEO7"]),
        (lambda: compilation(artifact="edge/model.onnx"), ["NEO4"]),
        (lambda: compilation(data_input_config="[1, 3"), ["NEO6"]),
        (lambda: compilation(data_input_config='{"input": [NaN, 3]}'), ["NEO6"]),
        (lambda: compilation(data_input_config="[" * 16_000), ["NEO6"]),
        (lambda: compilation(compiler_options={"mcpu": {"a"}}), ["NEO11"]),
        (lambda: compilation(compiler_options={"mcpu": float("nan")}), ["NEO11"]),
        (lambda: compilation(compiler_options={"mcpu": ["a", 1]}), []),
        (lambda: compilation(data_input_config=f'"{"a" * 16_382}"'), []),
        (lambda: compilation(data_input_config=f'"{"a" * 16_383}"'), ["NEO6"]),
        (lambda: of("PYTORCH", "1.8"), []),
        (lambda: of("PYTORCH", "1.8.1"), []),
        (lambda: of("PYTORCH", "1.80"), ["NEO2"]),
        (lambda: of("PYTORCH", "2.0"), ["NEO2"]),
        (lambda: of("PYTORCH", "2.0", device="ml_c5"), []),
        (lambda: of("PYTORCH", "1.9"), ["NEO2"]),
        (lambda: of("PYTORCH", "1.9", device="ml_inf1"), []),
        (lambda: of("PYTORCH", "2.0", device="ml_inf1"), ["NEO2"]),
        (lambda: of("MXNET", "1.8.0", device="ml_c5"), []),
        (lambda: of("ONNX", "1.7"), ["NEO3"]),
        (lambda: of("XGBOOST", "1.3"), ["NEO3"]),
        (lambda: of("TFLITE", "latest"), ["NEO9"]),
        (lambda: compilation(device=None, platform=NVIDIA), ["NEO5"]),
        (lambda: compilation(device=None, platform=NVIDIA, compiler_options=OPTIONS), []),
        # As JSON, {"mcpu": "..."} has 12 characters beside the text.
        (lambda: compilation(compiler_options={"mcpu": "a" * 1012}), []),
        (lambda: compilation(compiler_options={"mcpu": "a" * 1013}), ["NEO10"]),
        (lambda: compilation(max_runtime_seconds=0), ["NEO8"]),
        (lambda: compilation(max_runtime_seconds=86_401), ["NEO8"]),
    ],
)
def test_devices_get_what_aws_takes(make: Callable[[], Any], found: list[str]) -> None:
    assert rules(make) == found


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        *((each, True) for each in (
            "1.2.3", "^2.0.0", "~1.2", "^2", "2.x", "2.1.*", "*", "x", ">=2.1.0 <3.0.0", "> 1.0.0", "=1.0.0-rc.1",
            "1.2.3 - 2.0", "^1.0.0 || ^2.0.0", ">=1.0.0 <1.5.0||>=2.0.0-beta.2",
        )),
        *((each, False) for each in (
            "", "latest", "^", "1.2.3.4", "01.2.3", ">=1.0.0,<2.0.0", "1.2.3 -2.0", "|| 1.0.0", "^1.0.0  ^2.0.0",
            "=>1.0.0", "1.0.0 ||", "!1.0.0",
        )),
    ],
)  # fmt: skip
def test_a_requirement_is_a_range_of_npm(wanted: str, taken: bool) -> None:
    found = rules(lambda: component(requires={"aws.greengrass.Nucleus": wanted}))
    assert found == ([] if taken else ["EDG12"])


def test_a_wrong_variable_of_a_recipe_is_told_with_what_to_write() -> None:
    with collecting():
        (folder,) = problems_of(artifact(run="{artifacts:decompressedPath}/serve"))
        (name,) = problems_of(artifact(run="{artefacts:path}/serve"))
    assert "write {artifacts:path}" in folder.text
    assert "names {artefacts:path}, of which there is none; did you mean artifacts" in name.text


def test_the_devices_are_those_of_neo() -> None:
    shape: Any = get_session().get_service_model("sagemaker").shape_for("TargetDevice")
    assert set(get_args(Device)) == set(shape.enum)


def test_a_recipe_of_an_artifact_runs_it_where_it_lies() -> None:
    spec = artifact(
        artifact="edge/model.zip",
        run="python3 {artifacts:decompressedPath}/model/serve.py",
        install="pip3 install onnxruntime",
        architecture="aarch64",
        configuration={"threshold": 0.5},
    )
    made = recipe(DEV, "detect", spec, "artifacts")
    assert made["ComponentName"] == "acme-dev-use1-detect"
    assert made["ComponentConfiguration"] == {"DefaultConfiguration": {"threshold": 0.5}}
    assert "ComponentDependencies" not in made
    assert made["Manifests"] == [
        {
            "Platform": {"os": "linux", "architecture": "aarch64"},
            "Lifecycle": {
                "install": "pip3 install onnxruntime",
                "run": "python3 {artifacts:decompressedPath}/model/serve.py",
            },
            "Artifacts": [{"Uri": "s3://artifacts/edge/model.zip", "Unarchive": "ZIP"}],
        }
    ]


def test_a_recipe_of_an_image_serves_on_the_device_alone() -> None:
    made = recipe(DEV, "detect", component(memory_mib=512), "artifacts")
    (manifest,) = made["Manifests"]
    assert manifest["Artifacts"] == [{"Uri": f"docker:{IMAGE}"}]
    assert manifest["Lifecycle"]["run"] == (
        f"docker run --rm --publish 127.0.0.1:8080:8080 --memory 512m {IMAGE} serve"
    )
    assert {*made["ComponentDependencies"]} == {
        "aws.greengrass.DockerApplicationManager",
        "aws.greengrass.TokenExchangeService",
    }
