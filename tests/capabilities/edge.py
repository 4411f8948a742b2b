"""Models on devices."""

from __future__ import annotations

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

from .record import DEV, MORE_THAN_MODELS, PART_OF_A_POLICY, Capability

_IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/detect:1"

_EXAMPLE = f"""
edge=Edge(
    fleets={{
        "cameras": EdgeFleet(
            components=["detect", "serve"],
            aws_components={{"aws.greengrass.Nucleus": "2.12.0"}},
            topics=["cameras/+/seen"],
            credential_duration_seconds=7200,
            devices_per_minute=50,
            stop_at_failed_percent=10.0,
            stop_after_devices=5,
            timeout_minutes=30,
        )
    }},
    components={{
        "detect": EdgeComponent(
            version="1.4.2",
            artifact="edge/detect/1.4.2/model.zip",
            run="python3 {{artifacts:decompressedPath}}/model/serve.py",
            install="pip3 install onnxruntime",
            platform_os="linux",
            architecture="aarch64",
            requires={{"aws.greengrass.Nucleus": "^2.0.0"}},
            configuration={{"threshold": 0.5}},
            memory_mib=512,
        ),
        "serve": EdgeComponent(version="1.0.0", image="{_IMAGE}"),
    }},
    compilations={{
        "detect": Compilation(
            artifact="edge/detect/model.tar.gz",
            framework="TFLITE",
            framework_version="1.15",
            data_input_config='{{"input": [1, 224, 224, 3]}}',
            platform=TargetPlatform(os="LINUX", arch="ARM64", accelerator="NVIDIA"),
            compiler_options={{"gpu-code": "sm_72", "trt-ver": "6.0.1", "cuda-ver": "10.1"}},
            max_runtime_seconds=1800,
        ),
        "small": Compilation(
            artifact="edge/detect/model.tar.gz", framework="ONNX",
            data_input_config='{{"input": [1, 3, 224, 224]}}', device="rasp4b",
        ),
    }},
),
"""


def edge() -> Environment:
    """A fleet with two components, and two compilations."""
    return Environment(
        context=DEV,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(),
        edge=Edge(
            fleets={
                "cameras": EdgeFleet(components=["detect", "serve"], topics=["cameras/+/seen"])
            },
            components={
                "detect": EdgeComponent(
                    version="1.4.2",
                    artifact="edge/detect/1.4.2/model.onnx",
                    run="python3 -m server {artifacts:path}/model.onnx",
                    architecture="aarch64",
                ),
                "serve": EdgeComponent(version="1.0.0", image=_IMAGE),
            },
            compilations={
                "detect": Compilation(
                    artifact="edge/detect/model.tar.gz",
                    framework="ONNX",
                    data_input_config='{"input": [1, 3, 224, 224]}',
                    platform=TargetPlatform(os="LINUX", arch="ARM64"),
                )
            },
        ),
    )


_IN_A_RECIPE = "a part of a recipe or of a deployment's map, which the models hold as one"

CAPABILITY = Capability(
    examples={"devices": _EXAMPLE},
    environments={"devices": edge},
    not_aws={
        _IN_A_RECIPE: (
            "EdgeComponent.architecture",
            "EdgeComponent.artifact",
            "EdgeComponent.configuration{}",
            "EdgeComponent.configuration{key}",
            "EdgeComponent.image",
            "EdgeComponent.install",
            "EdgeComponent.memory_mib",
            "EdgeComponent.platform_os",
            "EdgeComponent.requires{}",
            "EdgeComponent.requires{key}",
            "EdgeComponent.run",
            "EdgeFleet.aws_components{key}",
            "Compilation.compiler_options{}",
            "Compilation.compiler_options{key}",
        ),
        PART_OF_A_POLICY: ("EdgeFleet.topics[]",),
    },
    stricter={
        "Greengrass takes semantic versions alone": (
            "EdgeComponent.version",
            "EdgeFleet.aws_components{}",
        ),
        MORE_THAN_MODELS: ("Compilation.artifact", "Compilation.data_input_config"),
    },
    sent={
        "Compilation.artifact": lambda key: (
            key if key.startswith("s3://") else f"s3://bucket/{key}"
        ),
    },
    good={
        "EDG8": ("cameras/+/seen",),
        "EDG9": ("edge/model.onnx", "s3://models/model.onnx"),
        "NEO4": ("edge/model.tar.gz", "s3://models/model.tar.gz"),
        "NEO6": ('{"input": [1, 3]}', f'"{"a" * 16_382}"'),
    },
    requests={
        "aws_iot_policy": "iot:CreatePolicy",
        "aws_iot_role_alias": "iot:CreateRoleAlias",
        "aws_iot_thing_group": "iot:CreateThingGroup",
        "aws_iot_thing_type": "iot:CreateThingType",
    },
    elsewhere={
        "aws_iot_policy.name": "iot:CreatePolicyRequest.policyName",
        "aws_iot_policy.policy": "iot:CreatePolicyRequest.policyDocument",
        "aws_iot_role_alias.alias": "iot:CreateRoleAliasRequest.roleAlias",
        "aws_iot_role_alias.credential_duration": (
            "iot:CreateRoleAliasRequest.credentialDurationSeconds"
        ),
        "aws_iot_thing_group.name": "iot:CreateThingGroupRequest.thingGroupName",
        "aws_iot_thing_type.name": "iot:CreateThingTypeRequest.thingTypeName",
    },
)
