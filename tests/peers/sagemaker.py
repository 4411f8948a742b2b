"""The examples of philschmid/terraform-aws-sagemaker-huggingface and of
aws-ia/terraform-aws-sagemaker-endpoint."""

from __future__ import annotations

from collections.abc import Mapping

from .record import Differs, Example, Inputs, Pair

_NAMED = "names are made of the Context and a short name"
_HASHED = "what SageMaker never changes has a hash of its content in its name"
_TRUST = "SageMaker may take on the role for this account's resources alone"
_POLICY = "the role may do only what this endpoint needs, in a policy apart"

_ENDPOINT = {"deployment_config": "alarms on the error rates roll a bad update back"}
_CONFIGURATION = {
    "kms_key_arn": "volumes are encrypted by the environment's key, where instances have some",
    "production_variants.initial_variant_weight": "AWS's default, written down",
    "async_inference_config.output_config.kms_key_id": "answers are encrypted by the environment's key",
    "async_inference_config.output_config.s3_failure_path": "failures are kept too",
}
_MODEL = {"enable_network_isolation": "a container that fetches nothing has no network"}
_ROLE = {
    "name": _NAMED,
    "path": "roles of Inferform are under one path, which the deploy role is limited to",
}
_SCALING = {
    "target_tracking_scaling_policy_configuration.disable_scale_in": "AWS's default, written down"
}

_BESIDE = {
    "aws_iam_role": "the role by which flow logs are written",
    "aws_cloudwatch_log_group": "encrypted logs that expire",
    "aws_cloudwatch_metric_alarm": "alarms on the error rates, which roll an update back",
    "aws_iam_role_policy": "what the role may do",
    "terraform_data": "scales an endpoint again that was replaced",
    **dict.fromkeys(
        (
            *("aws_default_security_group", "aws_flow_log", "aws_route_table"),
            *("aws_route_table_association", "aws_security_group", "aws_subnet", "aws_vpc"),
            *("aws_vpc_endpoint", "aws_vpc_endpoint_route_table_association"),
            "aws_vpc_security_group_egress_rule",
        ),
        "the network layer, which every environment has; it costs nothing without NAT gateways and interface endpoints",
    ),
    **dict.fromkeys(
        (
            *("aws_kms_alias", "aws_kms_key", "aws_s3_bucket", "aws_s3_bucket_policy"),
            *("aws_s3_bucket_lifecycle_configuration", "aws_s3_bucket_ownership_controls"),
            *("aws_s3_bucket_public_access_block", "aws_s3_bucket_versioning"),
            "aws_s3_bucket_server_side_encryption_configuration",
        ),
        "the registry layer, which every environment has: the key and the bucket of artifacts",
    ),
}
_REPOSITORY = dict.fromkeys(
    ("aws_ecr_lifecycle_policy", "aws_ecr_repository"), "the repository of the team's own image"
)
_SECRET = (
    "a token that everyone who may describe the model can read is refused; the variable has the "
    "ARN of its secret"
)
_OWN_IMAGE = "the team's image is AWS's with a start that fetches the secret"


def _named(stage: str, name: str, *, hashed: bool = False) -> dict[str, Differs]:
    full = f"acme-{stage}-use1-{name}"
    return {"name": Differs(f"{full}-*" if hashed else full, _HASHED if hashed else _NAMED)}


def _role(theirs: str, name: Mapping[str, Differs], *policies: str) -> Pair:
    return Pair(
        theirs,
        "aws_iam_role execution/role",
        {
            "assume_role_policy": Differs('*"aws:SourceAccount": "111122223333"*', _TRUST),
            **{policy: Differs(None, _POLICY) for policy in policies},
            **name,
        },
        _ROLE,
    )


def _huggingface(
    environment: str,
    example: str,
    *,
    model: str = "model_with_hub_model[0]",
    configuration: str = "huggingface[0]",
    own_role: bool = True,
    differs: Mapping[str, Differs] | None = None,
    pairs: tuple[Pair, ...] = (),
    inputs: Inputs | None = None,
    not_made: Mapping[str, str] | None = None,
    beside: Mapping[str, str] | None = None,
) -> Example:
    stage = environment.removeprefix("huggingface_")
    model = f"aws_sagemaker_model.{model}"
    configuration = f"aws_sagemaker_endpoint_configuration.{configuration}"
    image = (model, "primary_container.0.image")
    role = _role(
        "aws_iam_role.new_role[0]",
        _named(stage, "distilbert"),
        "inline_policy.0.name",
        "inline_policy.0.policy",
    )
    return Example(
        environment=environment,
        expected=f"huggingface-{example}",
        pairs=(
            Pair(
                model,
                "aws_sagemaker_model",
                {**_named(stage, "distilbert", hashed=True), **(differs or {})},
                _MODEL,
            ),
            Pair(
                configuration,
                "aws_sagemaker_endpoint_configuration",
                _named(stage, "distilbert", hashed=True),
                _CONFIGURATION,
            ),
            Pair(
                "aws_sagemaker_endpoint.huggingface",
                "aws_sagemaker_endpoint",
                _named(stage, "distilbert"),
                _ENDPOINT,
            ),
            *((role,) if own_role else ()),
            *pairs,
        ),
        inputs={
            "name_prefix": (model, "name"),
            "pytorch_version": image,
            "transformers_version": image,
            "hf_task": (model, "primary_container.0.environment.HF_TASK"),
            "hf_model_id": (model, "primary_container.0.environment.HF_MODEL_ID"),
            "instance_type": (configuration, "production_variants.0.instance_type"),
            "instance_count": (configuration, "production_variants.0.initial_instance_count"),
            **(inputs or {}),
        },
        not_made=not_made or {},
        beside={**_BESIDE, **(beside or {})},
    )


def _scaling(
    stage: str, policy: str, *, differs: Mapping[str, Differs], adds: Mapping[str, str]
) -> tuple[Pair, ...]:
    return (
        Pair("aws_appautoscaling_target.sagemaker_target[0]", "aws_appautoscaling_target"),
        Pair(
            "aws_appautoscaling_policy.sagemaker_policy[0]",
            f"aws_appautoscaling_policy policies/{policy}",
            {**_named(stage, f"distilbert-AllTraffic-{policy}"), **differs},
            {**_SCALING, **adds},
        ),
    )


_TARGET = ("aws_appautoscaling_target.sagemaker_target[0]",)
_POLICY_OF = "aws_appautoscaling_policy.sagemaker_policy[0]"
_TRACKING = "target_tracking_scaling_policy_configuration.0"


def _awsia(
    environment: str,
    example: str,
    stage: str,
    *,
    differs: Mapping[str, Differs] | None = None,
    inputs: Mapping[str, str],
    beside: Mapping[str, str] | None = None,
) -> Example:
    model = "aws_sagemaker_model.sagemaker_model"
    configuration = "aws_sagemaker_endpoint_configuration.sagemaker_endpoint_config"
    variant = "production_variants.0"
    role = "aws_iam_role.sg_endpoint_role[0]"
    mode = Differs(None, "AWS's default, which is not written down")
    return Example(
        environment=environment,
        expected=f"aws-ia-{example}",
        pairs=(
            Pair(
                model,
                "aws_sagemaker_model",
                {
                    **_named(stage, stage, hashed=True),
                    "primary_container.0.mode": mode,
                    **(differs or {}),
                },
            ),
            Pair(
                configuration,
                "aws_sagemaker_endpoint_configuration",
                _named(stage, stage, hashed=True),
                _CONFIGURATION,
            ),
            Pair(
                "aws_sagemaker_endpoint.sagemaker_endpoint",
                "aws_sagemaker_endpoint",
                _named(stage, stage),
                _ENDPOINT,
            ),
            _role(role, {"name_prefix": Differs(None, _NAMED)}),
        ),
        inputs={
            "endpoint_name": ("aws_sagemaker_endpoint.sagemaker_endpoint", "name"),
            "enable_network_isolation": (model, "enable_network_isolation"),
            **{
                f"production_variant.{name}": (configuration, f"{variant}.{name}")
                for name in (
                    *("variant_name", "instance_type", "initial_instance_count"),
                    "container_startup_health_check_timeout_in_seconds",
                )
            },
            **{
                f"containers.{name}": (model, f"primary_container.0.{at}")
                for name, at in inputs.items()
            },
        },
        not_made={
            "aws_iam_role_policy_attachment.*": "AmazonSageMakerFullAccess lets an endpoint do far "
            "more than it needs; " + _POLICY
        },
        beside={**_BESIDE, **(beside or {})},
    )


EXAMPLES = (
    _huggingface("huggingface_hub", "deploy_from_hub"),
    _huggingface(
        "huggingface_scaling",
        "autoscaling_example",
        pairs=_scaling("scaling", "invocations", differs={}, adds={}),
        inputs={
            "autoscaling.min_capacity": (*_TARGET, "min_capacity"),
            "autoscaling.max_capacity": (*_TARGET, "max_capacity"),
            "autoscaling.scaling_target_invocations": (_POLICY_OF, f"{_TRACKING}.target_value"),
            "autoscaling.scale_in_cooldown": (_POLICY_OF, f"{_TRACKING}.scale_in_cooldown"),
            "autoscaling.scale_out_cooldown": (_POLICY_OF, f"{_TRACKING}.scale_out_cooldown"),
        },
    ),
    _huggingface(
        "huggingface_s3",
        "deploy_from_s3",
        model="model_with_model_artifact[0]",
        inputs={
            "model_data": (
                "aws_sagemaker_model.model_with_model_artifact[0]",
                "primary_container.0.model_data_url",
            )
        },
    ),
    _huggingface(
        "huggingface_private",
        "deploy_private_model",
        differs={
            "primary_container.0.environment.HF_API_TOKEN": Differs(
                "arn:aws:secretsmanager:*:secret:*", _SECRET
            ),
            "primary_container.0.image": Differs(
                "111122223333.*/*:1.9.1-transformers4.12.3", _OWN_IMAGE
            ),
        },
        inputs={
            "hf_api_token": (
                "aws_sagemaker_model.model_with_hub_model[0]",
                "primary_container.0.environment.HF_API_TOKEN",
            )
        },
        beside=_REPOSITORY,
    ),
    _huggingface(
        "huggingface_tensorflow",
        "tensorflow_example",
        inputs={
            "tensorflow_version": (
                "aws_sagemaker_model.model_with_hub_model[0]",
                "primary_container.0.image",
            )
        },
    ),
    _huggingface(
        "huggingface_role",
        "use_existing_iam_role",
        own_role=False,
        differs={
            "execution_role_arn": Differs(
                "arn:aws:iam::111122223333:role/sagemaker_execution_role",
                "the role is named by its ARN",
            )
        },
        inputs={
            "sagemaker_execution_role": (
                "aws_sagemaker_model.model_with_hub_model[0]",
                "execution_role_arn",
            )
        },
    ),
    _huggingface(
        "huggingface_async",
        "async_inference",
        configuration="huggingface_async[0]",
        pairs=_scaling(
            "async",
            "backlog",
            differs={
                f"{_TRACKING}.predefined_metric_specification.0.predefined_metric_type": Differs(
                    None,
                    "asynchronous endpoints do not publish invocations, so that the module's policy "
                    "never acts; what waits for each instance is followed, as AWS's guide has it",
                )
            },
            adds={
                f"{_TRACKING}.{name}".replace(".0", ""): why
                for name, why in {
                    "customized_metric_specification": "what waits for each instance",
                    "scale_in_cooldown": "as AWS's guide has it",
                    "scale_out_cooldown": "as AWS's guide has it",
                }.items()
            },
        ),
        inputs={
            "async_config.s3_output_path": (
                "aws_sagemaker_endpoint_configuration.huggingface_async[0]",
                "async_inference_config.0.output_config.0.s3_output_path",
            ),
            "autoscaling.min_capacity": (*_TARGET, "min_capacity"),
            "autoscaling.max_capacity": (*_TARGET, "max_capacity"),
            "autoscaling.scaling_target_invocations": (_POLICY_OF, f"{_TRACKING}.target_value"),
        },
        not_made={
            "aws_s3_bucket.async_inference_bucket": "a bucket that exists is named by its URI; "
            "without one, answers go below a prefix of the environment's own bucket"
        },
    ),
    _huggingface(
        "huggingface_serverless",
        "serverless_inference",
        configuration="huggingface_serverless[0]",
        inputs={
            f"serverless_config.{name}": (
                "aws_sagemaker_endpoint_configuration.huggingface_serverless[0]",
                f"production_variants.0.serverless_config.0.{name}",
            )
            for name in ("max_concurrency", "memory_size_in_mb")
        },
    ),
    _awsia(
        "awsia_hub",
        "hf_rte",
        "mistral",
        differs={
            "primary_container.0.environment.HF_API_TOKEN": Differs(
                "arn:aws:secretsmanager:*:secret:*", _SECRET
            ),
            "primary_container.0.image": Differs("111122223333.*/*:2.4.0", _OWN_IMAGE),
        },
        inputs={
            "image_uri": "image",
            **{
                f"environment.{name}": f"environment.{name}"
                for name in (
                    *("HF_MODEL_ID", "SM_NUM_GPUS", "MAX_INPUT_LENGTH", "MAX_TOTAL_TOKENS"),
                    "HF_API_TOKEN",
                )
            },
        },
        beside=_REPOSITORY,
    ),
    _awsia(
        "awsia_jumpstart",
        "jumpstart_rte",
        "llama",
        inputs={"model_package_name": "model_package_name"},
    ),
)
