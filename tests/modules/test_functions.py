"""What Lambda functions become in Terraform."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from inferform import (
    AllAtOnce,
    Asynchronous,
    Canary,
    Context,
    Environment,
    Existing,
    FunctionContainer,
    FunctionVpc,
    Image,
    ImageOwner,
    Inference,
    LambdaFunction,
    Linear,
    Model,
    Network,
    Registry,
    Repository,
    Scaling,
    ServerlessEndpoint,
)
from tests.conftest import Synthesized
from tests.examples import readme
from tests.golden.__main__ import without_notes
from tests.golden.test_kubernetes import GOLDEN, check

pytestmark = pytest.mark.long

Synthesize = Callable[..., Synthesized]

ACCOUNT = "111122223333"
DEV = Context(organization="acme", stage="dev", account=ACCOUNT, region="us-east-1", owner="ml")
PLAIN = LambdaFunction(model=Model(image=Image(repository="fraud", tag="1")))
INFERENCE = "dev-use1-inference"


def environment(**given: Any) -> Environment:
    functions = {"fraud": PLAIN.replace(**given)}
    return Environment(
        context=DEV,
        network=Network(cidr="10.20.0.0/16"),
        registry=Registry(repositories={"fraud": Repository(), "other": Repository()}),
        inference=Inference(functions=functions),
    )


def resources(stack: Any, kind: str) -> list[dict[str, Any]]:
    return [*stack["resource"].get(kind, {}).values()]


def only(stack: Any, kind: str) -> dict[str, Any]:
    (found,) = resources(stack, kind)
    return found


def statements(stack: Any, name: str) -> dict[str, Any]:
    for policy in resources(stack, "aws_iam_role_policy"):
        if policy["name"] == name:
            return {each["Sid"]: each for each in json.loads(policy["policy"])["Statement"]}
    raise AssertionError(name)


def test_the_largest_example_comes_out_as_in_the_golden_file(synthesize: Synthesize) -> None:
    (_, block, *_) = readme.run("modules/functions/README.md")
    stack = without_notes(synthesize(block["environment"])[INFERENCE])
    folder = GOLDEN.parent / "functions"
    check(folder / "whole.json", f"{json.dumps(stack['resource'], indent=2, sort_keys=True)}\n")


def test_a_function_serves_one_published_version_behind_its_alias(synthesize: Synthesize) -> None:
    stack = synthesize(environment())[INFERENCE]
    function = only(stack, "aws_lambda_function")
    assert function["publish"] is True
    assert (function["package_type"], function["image_config"]) == ("Image", {"command": ["serve"]})
    assert "reserved_concurrent_executions" not in function
    alias = only(stack, "aws_lambda_alias")
    assert alias["name"] == "live"
    assert alias["function_version"].endswith(".version}")
    assert "lifecycle" not in alias
    for kind in ("aws_codedeploy_app", "aws_lambda_function_url", "aws_security_group"):
        assert resources(stack, kind) == []


@pytest.mark.parametrize("rollout", [Canary(), Linear(step_percent=25, wait_seconds=120)])
def test_the_alias_is_code_deploys_in_a_rollout(synthesize: Synthesize, rollout: Any) -> None:
    stack = synthesize(environment(rollout=rollout))[INFERENCE]
    alias = only(stack, "aws_lambda_alias")
    assert alias["lifecycle"] == {"ignore_changes": ["function_version", "routing_config"]}
    config = only(stack, "aws_codedeploy_deployment_config")["traffic_routing_config"]
    wanted: dict[str, Any] = (
        {"type": "TimeBasedCanary", "time_based_canary": {"interval": 5, "percentage": 10}}
        if isinstance(rollout, Canary)
        else {"type": "TimeBasedLinear", "time_based_linear": {"interval": 2, "percentage": 25}}
    )
    assert config == wanted
    group = only(stack, "aws_codedeploy_deployment_group")
    assert group["alarm_configuration"]["alarms"] == ["acme-dev-use1-fraud-lambda-errors"]
    assert group["auto_rollback_configuration"]["enabled"] is True
    role = statements(stack, "shift-traffic")["MoveAlias"]
    function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:acme-dev-use1-fraud"
    assert role["Resource"] == [function, f"{function}:*"]


def test_the_count_is_application_auto_scalings_where_it_scales(synthesize: Synthesize) -> None:
    stack = synthesize(environment(provisioned_concurrency=3))[INFERENCE]
    warm = only(stack, "aws_lambda_provisioned_concurrency_config")
    assert (warm["provisioned_concurrent_executions"], "lifecycle" in warm) == (3, False)
    scaling = Scaling(min_capacity=2, max_capacity=5)
    stack = synthesize(environment(scaling=scaling))[INFERENCE]
    warm = only(stack, "aws_lambda_provisioned_concurrency_config")
    assert warm["provisioned_concurrent_executions"] == 2
    assert warm["lifecycle"] == {"ignore_changes": ["provisioned_concurrent_executions"]}
    target = only(stack, "aws_appautoscaling_target")
    assert target["scalable_dimension"] == "lambda:function:ProvisionedConcurrency"
    # Registered once something is kept warm.
    assert target["resource_id"].startswith("function:${aws_lambda_provisioned_concurrency_config.")
    from_zero = Scaling(min_capacity=0, max_capacity=5)
    stack = synthesize(environment(scaling=from_zero))[INFERENCE]
    assert resources(stack, "aws_lambda_provisioned_concurrency_config") == []
    assert "${aws_lambda_alias." in only(stack, "aws_appautoscaling_target")["resource_id"]


def test_the_role_may_do_what_is_asked_for_alone(synthesize: Synthesize) -> None:
    plain = statements(synthesize(environment())[INFERENCE], "inference")
    assert plain.keys() == {"WriteLogs", "WriteTraces", "DecryptVariables"}
    secret = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:hub-AbCdEf"
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:failed"
    model = Model(image=Image(repository="fraud", tag="1"), environment={"KEY": f"{secret}:key::"})
    more = statements(
        synthesize(
            environment(
                model=model,
                vpc=FunctionVpc(),
                asynchronous=Asynchronous(on_failure=queue),
            )
        )[INFERENCE],
        "inference",
    )
    assert more["ReadSecrets"]["Resource"] == secret
    assert more["SendToSqs"] == {
        "Sid": "SendToSqs",
        "Effect": "Allow",
        "Action": "sqs:SendMessage",
        "Resource": queue,
    }
    assert "*" not in more["AttachToVpc"]["Resource"]


def test_a_bucket_gets_failed_events_as_objects(synthesize: Synthesize) -> None:
    events = Asynchronous(on_failure="arn:aws:s3:::failed")
    made = statements(synthesize(environment(asynchronous=events))[INFERENCE], "inference")
    assert made["SendToS3"]["Action"] == "s3:PutObject"
    assert made["SendToS3"]["Resource"] == "arn:aws:s3:::failed/*"


def test_what_exists_takes_the_place_of_what_is_made(synthesize: Synthesize) -> None:
    existing = Existing(
        execution_role=f"arn:aws:iam::{ACCOUNT}:role/security/fraud",
        log_group="/risk/fraud",
        security_groups=["sg-0123456789abcdef0"],
        subnets=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        kms_key=f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    )
    stack = synthesize(environment(existing=existing, vpc=FunctionVpc()))[INFERENCE]
    function = only(stack, "aws_lambda_function")
    assert function["role"] == existing.execution_role
    assert function["kms_key_arn"] == existing.kms_key
    assert function["logging_config"]["log_group"] == "/risk/fraud"
    assert function["vpc_config"] == {
        "subnet_ids": [*existing.subnets],
        "security_group_ids": [*existing.security_groups],
    }
    for kind in ("aws_iam_role", "aws_cloudwatch_log_group", "aws_security_group"):
        assert resources(stack, kind) == []


def test_an_image_may_be_left_its_own_command(synthesize: Synthesize) -> None:
    own = FunctionContainer(command=[])
    stack = synthesize(environment(container=own))[INFERENCE]
    assert "image_config" not in only(stack, "aws_lambda_function")


def test_lambda_pulls_from_the_repository_of_a_function_and_from_no_other(
    synthesize: Synthesize,
) -> None:
    def policies(made: Environment) -> list[str]:
        stack = synthesize(made)["dev-use1-registry"]
        found = stack["resource"].get("aws_ecr_repository_policy", {})
        return [name for name, each in found.items() if "lambda.amazonaws.com" in each["policy"]]

    (name,) = policies(environment())
    assert name.startswith("repositories_fraud_policy")
    # A repository that is open already stays as it is, with its other statements.
    both = Registry(
        repositories={"fraud": Repository(pull_services=["lambda"], pull_accounts=["444455556666"])}
    )
    assert len(policies(environment().replace(registry=both))) == 1
    endpoint = ServerlessEndpoint(model=PLAIN.model)
    moved = environment().replace(inference=Inference(endpoints={"fraud": endpoint}))
    assert policies(moved) == []
    elsewhere = environment().context.replace(
        images=ImageOwner(account="444455556666", stage="shared")
    )
    assert policies(environment().replace(context=elsewhere)) == []


def test_a_group_names_its_functions_like_any_other(synthesize: Synthesize) -> None:
    one = environment().replace(
        inference={"risk": Inference(functions={"fraud": PLAIN.replace(rollout=AllAtOnce())})}
    )
    assert [each.full_name for each in one.deployed] == ["lambda/fraud"]
    stack = synthesize(one)["dev-use1-inference-risk"]
    assert only(stack, "aws_lambda_function")["function_name"] == "acme-dev-use1-fraud"
