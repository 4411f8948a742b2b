"""An environment's life on the emulator: deployed by cdktf, changed, disturbed, destroyed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import boto3
import pytest

from inferform_emulator.process import Emulator
from ops.errors import BadInputError, OperatorError
from ops.plan import read_plan
from ops.review.building import build
from ops.review.renderers import FORMATS
from ops.terraform import Stack, terraform_binary
from tests.e2e.filled import judge, push, refused
from tests.e2e.program import LASTING, Life, actions
from tests.provider import OWN
from tests.security.secrets import holding, kinds_of_secrets
from tests.specs.files import CONTEXT, REGISTRY, environment

pytestmark = pytest.mark.story("each test changes the environment that the one before it left")

LAYERS = ("dev-use1-network", "dev-use1-registry", "dev-use1-inference")
ENDPOINT_NAME = "acme-dev-use1-fraud"
ACCOUNT = "111122223333"
ARTIFACTS = "acme-dev-use1-artifacts-111122223333"
CHEAP_NETWORK = 'Network(cidr="10.30.0.0/16", nat="none", flow_logs=None)'
DEPLOYED_BY = CONTEXT[:-1] + ', deploy_role="inferform-deploy")'


def dev(tag: str = "1.4.2", maximum: int = 2, registry: str = REGISTRY) -> str:
    endpoint = (
        f'RealtimeEndpoint(model=Model(image=Image(repository="fraud", tag="{tag}"), '
        f'artifact="fraud/{tag}/model.tar.gz"), instance_type="ml.m5.large", '
        f"data_capture=DataCapture(), scaling=Scaling(max_capacity={maximum}, policies=["
        "TargetTracking(metric=InvocationsPerInstance(requests_per_second=20))]))"
    )
    return environment(
        context=DEPLOYED_BY,
        network='Network(cidr="10.20.0.0/16", interface_endpoints=["sagemaker.runtime"])',
        registry=registry,
        endpoints=f'{{"fraud": {endpoint}}}',
    )


@pytest.fixture(scope="module")
def life(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Life:
    life = Life(tmp_path_factory.mktemp("life"), emulator, left_out=())
    life.write(dev())
    life.bootstrap()
    judge(emulator, ACCOUNT)
    return life


def test_cdktf_deploys_every_layer_and_every_second_plan_is_empty(life: Life) -> None:
    registry = life.deploy("dev-use1-registry")
    # What the endpoint runs in this file: without it, an endpoint of a judged account fails.
    aws = life.aws()
    for tag in ("1.4.2", "1.5.0", "1.6.0", "1.7.0"):
        push(aws.client("ecr"), "acme-dev-use1-fraud", tag)
        aws.client("s3").put_object(
            Bucket=ARTIFACTS, Key=f"fraud/{tag}/model.tar.gz", Body=b"model"
        )
    deployment = life.deploy()
    statuses = {run.name: run.status for run in (*deployment.stacks, *registry.stacks)}
    assert statuses == dict.fromkeys(LAYERS, "applied")
    assert {name: life.plan_status(name) for name in LAYERS} == dict.fromkeys(LAYERS, 0)


def test_the_json_of_a_stack_alone_plans_empty_against_the_same_state(
    life: Life, tmp_path: Path
) -> None:
    # What docs/longevity.md promises those who continue with Terraform alone.
    shutil.copy(life.stack("dev-use1-inference").folder / "cdk.tf.json", tmp_path)
    alone = Stack("alone", tmp_path, ())
    environment = life.program.terraform_environment()
    ready = alone.init(environment)
    assert ready.status == 0, ready.output
    done = alone.run("plan", "-detailed-exitcode", "-input=false", environment=environment)
    assert done.status == 0, done.output


def test_the_endpoint_is_in_service_with_its_scaling(life: Life) -> None:
    sagemaker = life.aws().client("sagemaker")
    endpoint = sagemaker.describe_endpoint(EndpointName="acme-dev-use1-fraud")
    assert endpoint["EndpointStatus"] == "InService"
    assert refused(life.emulator, ACCOUNT) == []
    scaling = life.aws().client("application-autoscaling")
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 2)
    assert target["ResourceId"] == "endpoint/acme-dev-use1-fraud/variant/primary"


def test_neither_plans_nor_states_nor_reports_hold_the_credentials_of_the_shell(
    life: Life, tmp_path: Path
) -> None:
    stack = life.stack("dev-use1-inference")
    secrets = {
        "AWS_SECRET_ACCESS_KEY": "1tUm636uS1yOEcfP5pvfqJ/ml36mF7AkyHsEU0IU",
        "AWS_SESSION_TOKEN": "canary-of-a-session-token",
    }
    environment = life.program.terraform_environment() | secrets
    plan = tmp_path / "plan"
    for command in (("init", "-reconfigure"), ("plan", "-destroy", f"-out={plan}")):
        done = stack.run(*command, "-no-color", environment=environment)
        assert done.status == 0, done.output
    shown = stack.answer("show", "-json", str(plan), environment=environment)
    (tmp_path / "plan.json").write_text(shown)
    (tmp_path / "state.json").write_text(stack.answer("state", "pull", environment=environment))
    report = build([read_plan(shown, stack.name)])
    for name, render in FORMATS.items():
        (tmp_path / f"report.{name}").write_text(render(report))
    shutil.copytree(stack.folder, tmp_path / "stack", ignore=shutil.ignore_patterns("providers"))
    assert holding(tmp_path, secrets.values()) == []
    assert list(kinds_of_secrets(tmp_path)) == []


def test_everything_is_in_the_environments_account(life: Life) -> None:
    outsider = boto3.client("sagemaker", endpoint_url=life.emulator.url, region_name="us-east-1",
                            aws_access_key_id="other", aws_secret_access_key="other")  # fmt: skip
    assert outsider.list_endpoints()["Endpoints"] == []
    assert len(life.aws().client("sagemaker").list_endpoints()["Endpoints"]) == 1


def test_a_new_image_comes_up_before_the_old_one_goes(life: Life) -> None:
    sagemaker = life.aws().client("sagemaker")
    old = sagemaker.describe_endpoint(EndpointName="acme-dev-use1-fraud")["EndpointConfigName"]
    life.write(dev(tag="1.5.0"))
    plan = actions(life.plan("dev-use1-inference"))
    assert plan["aws_sagemaker_endpoint"] == ["update"]
    assert plan["aws_sagemaker_model"] == ["create", "delete"]
    assert plan["aws_sagemaker_endpoint_configuration"] == ["create", "delete"]
    order = [step for step in life.apply("dev-use1-inference") if "sagemaker" in step]
    assert order == [
        "aws_sagemaker_model create",
        "aws_sagemaker_endpoint_configuration create",
        "aws_sagemaker_endpoint update",
        "aws_sagemaker_endpoint_configuration delete",
        "aws_sagemaker_model delete",
    ]
    new = sagemaker.describe_endpoint(EndpointName="acme-dev-use1-fraud")["EndpointConfigName"]
    assert new != old
    (left,) = sagemaker.list_endpoint_configs()["EndpointConfigs"]
    assert left["EndpointConfigName"] == new
    (model,) = sagemaker.list_models()["Models"]
    image = sagemaker.describe_model(ModelName=model["ModelName"])["PrimaryContainer"]["Image"]
    assert image.endswith("/acme-dev-use1-fraud:1.5.0")
    assert life.plan_status("dev-use1-inference") == 0


def test_a_raised_maximum_changes_the_scalable_target_only(life: Life) -> None:
    life.write(dev(tag="1.5.0", maximum=6))
    assert actions(life.plan("dev-use1-inference")) == {"aws_appautoscaling_target": ["update"]}
    assert life.apply("dev-use1-inference") == ["aws_appautoscaling_target update"]
    assert life.plan_status("dev-use1-inference") == 0


def test_of_two_deploys_at_once_the_second_gets_the_lock_error_and_then_succeeds(
    life: Life,
) -> None:
    life.write(dev(tag="1.5.0", maximum=7))
    stack = life.stack("dev-use1-inference")
    # A Terraform that waits for its answer holds the lock for as long as it is asked.
    with subprocess.Popen(
        [terraform_binary(), f"-chdir={stack.folder}", "apply", "-no-color"],
        env={**life.program.terraform_environment(), "TF_INPUT": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as first:
        assert first.stdin is not None
        assert first.stdout is not None
        for line in first.stdout:
            if "Enter a value" in line or "Only 'yes' will be accepted" in line:
                break
        with pytest.raises(OperatorError, match="the state is locked by") as caught:
            life.deploy("dev-use1-inference")
        assert "dev-use1-inference: failed" in str(caught.value)
        assert re.search(r"force-unlock [0-9a-f-]{36}", str(caught.value))
        first.stdin.write("yes\n")
        first.stdin.close()
        assert first.wait(timeout=600) == 0
    (run,) = life.deploy("dev-use1-inference").stacks
    assert run.status == "no changes"


def test_a_killed_deploy_is_reported_recovered_and_completed_by_the_next_run(life: Life) -> None:
    life.write(dev(tag="1.6.0", maximum=7))
    # The update takes a while, so that Terraform dies in the middle of it.
    life.emulator.control(
        "POST",
        "sagemaker/rollout",
        {"endpoint": ENDPOINT_NAME, "account": "111122223333", "describes": 200},
    )
    kill_when(life, "aws_sagemaker_endpoint.", "Still modifying...")
    with pytest.raises(OperatorError, match="is Updating"):
        life.recover("dev-use1-inference")
    settle(life)
    with pytest.raises(OperatorError) as caught:
        life.deploy("dev-use1-inference")
    assert "inferform recover dev-use1-inference" in str(caught.value)
    assert re.search(r"terraform -chdir=\S+ force-unlock [0-9a-f-]{36}", str(caught.value))
    done = life.recover("dev-use1-inference")
    assert [line.split()[0] for line in done] == ["cleared", "imported", "imported"]
    life.apply("dev-use1-inference")
    assert life.plan_status("dev-use1-inference") == 0
    sagemaker = life.aws().client("sagemaker")
    assert len(sagemaker.list_models()["Models"]) == 1
    assert len(sagemaker.list_endpoint_configs()["EndpointConfigs"]) == 1


def test_a_deploy_killed_before_the_endpoint_moved_is_recovered_too(life: Life) -> None:
    life.write(dev(tag="1.7.0", maximum=7))
    life.fault(kind="throttle", operation="UpdateEndpoint", count=LASTING)
    life.kill("dev-use1-inference")
    life.mend()
    done = life.recover("dev-use1-inference")
    assert done[0].startswith("cleared the lock of ")
    # Which of the two depends on how far Terraform got before it died.
    assert {line.split()[0] for line in done[1:]} <= {"deleted", "imported"}
    life.apply("dev-use1-inference")
    assert life.plan_status("dev-use1-inference") == 0
    assert len(life.aws().client("sagemaker").list_models()["Models"]) == 1


def test_one_failing_stack_is_reported_and_the_others_are_applied(life: Life) -> None:
    taken = life.aws().client("ecr")
    taken.create_repository(repositoryName="acme-dev-use1-other")
    both = REGISTRY.replace("Repository()}", 'Repository(), "other": Repository()}')
    text = dev(tag="1.7.0", maximum=7, registry=both)
    life.write(text.replace('["sagemaker.runtime"]', '["sagemaker.runtime", "sts"]'))
    with pytest.raises(OperatorError) as caught:
        life.deploy()
    report = str(caught.value)
    assert "dev-use1-network: applied" in report
    assert "dev-use1-registry: failed" in report
    assert "RepositoryAlreadyExistsException" in report
    assert "dev-use1-inference: not started" in report
    assert life.plan_status("dev-use1-network") == 0
    taken.delete_repository(repositoryName="acme-dev-use1-other")
    assert {run.status for run in life.deploy().stacks} == {"applied", "no changes"}
    assert {name: life.plan_status(name) for name in LAYERS} == dict.fromkeys(LAYERS, 0)


def test_recovery_touches_nothing_that_is_not_the_layers_own(life: Life) -> None:
    ecr = life.aws().client("ecr")
    arn = ecr.create_repository(repositoryName="acme-dev-use1-foreign")["repository"][
        "repositoryArn"
    ]
    both = REGISTRY.replace(
        "Repository()}", 'Repository(), "other": Repository(), "foreign": Repository()}'
    )
    life.write(dev(tag="1.7.0", maximum=7, registry=both))
    assert life.recover("dev-use1-registry") == []
    assert ecr.list_tags_for_resource(resourceArn=arn)["tags"] == []
    ecr.delete_repository(repositoryName="acme-dev-use1-foreign")


def test_credentials_of_another_account_are_refused_before_anything_is_made(life: Life) -> None:
    text = environment(context=CONTEXT.replace('"dev"', '"qa"'), network=CHEAP_NETWORK,
                       registry="None", inference="None")  # fmt: skip
    life.write(text, name="qa")
    caller = boto3.client("s3", endpoint_url=life.emulator.url, region_name="us-east-1",
                          aws_access_key_id="caller", aws_secret_access_key="caller")  # fmt: skip
    backend = life.stack("qa-use1-network").backend
    # The state bucket is the caller's to read, so that only the provider can refuse.
    caller.create_bucket(Bucket="callers-state")
    folder = life.stack("qa-use1-network").folder
    (folder / "backend_override.tf.json").write_text(
        '{"terraform": {"backend": {"s3": ' + _backend(backend, "callers-state") + "}}}"
    )
    # On AWS Terraform assumes no role of an environment that names none.
    content = json.loads((folder / "cdk.tf.json").read_text("utf-8"))
    (provider,) = content["provider"]["aws"]
    del provider["assume_role"]
    (folder / "cdk.tf.json").write_text(json.dumps(content), "utf-8")
    done = life.terraform("qa-use1-network", "apply", "-auto-approve", "-no-color", "-input=false")
    assert done.status != 0
    assert "AWS account ID not allowed: 123456789012" in done.output
    (life.environments / "qa.py").unlink()


def test_a_pattern_that_matches_nothing_is_bad_input(life: Life) -> None:
    with pytest.raises(BadInputError, match="no stack matches dev-use2"):
        life.deploy("dev-use2-*")


def test_a_layer_that_others_stand_on_is_not_destroyed_under_them(life: Life) -> None:
    with pytest.raises(BadInputError, match="dev-use1-inference would be left") as caught:
        life.destroy("dev-use1-registry")
    assert "destroy those too" in caught.value.hint
    assert life.aws().client("ecr").describe_repositories()["repositories"]


def test_destroy_leaves_nothing(life: Life) -> None:
    assert life.destroy("dev-use1-*") == list(reversed(LAYERS))
    aws = life.aws()
    assert aws.client("sagemaker").list_endpoints()["Endpoints"] == []
    assert aws.client("sagemaker").list_endpoint_configs()["EndpointConfigs"] == []
    assert aws.client("sagemaker").list_models()["Models"] == []
    assert aws.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="sagemaker"
    )["ScalableTargets"] == []  # fmt: skip
    assert aws.client("ecr").describe_repositories()["repositories"] == []
    assert [b["Name"] for b in aws.client("s3").list_buckets()["Buckets"]] == [
        "acme-tfstate-111122223333-us-east-1"
    ]
    assert aws.client("logs").describe_log_groups()["logGroups"] == []
    assert aws.client("iam").list_roles()["Roles"] == []
    vpcs = aws.client("ec2").describe_vpcs(
        Filters=[{"Name": "tag:managed-by", "Values": ["inferform"]}]
    )
    assert vpcs["Vpcs"] == []


def _backend(backend: dict[str, object], bucket: str) -> str:
    kept = {key: value for key, value in backend.items() if key != "assume_role"}
    return json.dumps({**kept, "bucket": bucket})


def kill_when(life: Life, *words: str) -> None:
    """Apply the inference layer and end Terraform with SIGKILL at the line with `words`."""
    stack = life.stack("dev-use1-inference")
    with subprocess.Popen(
        [terraform_binary(), f"-chdir={stack.folder}", "apply", "-auto-approve", "-no-color"],
        env=life.program.terraform_environment() | OWN,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as killed:
        assert killed.stdout is not None
        seen = False
        for line in killed.stdout:
            if all(word in line for word in words):
                seen = True
                os.killpg(killed.pid, signal.SIGKILL)
                break
    assert seen
    assert killed.returncode == -signal.SIGKILL


def settle(life: Life) -> None:
    """Wait until the emulated update of the endpoint has come to its end."""
    sagemaker = life.aws().client("sagemaker")
    for _ in range(500):
        status = sagemaker.describe_endpoint(EndpointName=ENDPOINT_NAME)["EndpointStatus"]
        if status == "InService":
            return
    raise AssertionError("the endpoint never settled")
