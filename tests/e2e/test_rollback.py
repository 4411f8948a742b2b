"""Going back to an earlier release: after a rollout that AWS rolled back, and after one that served."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inferform_emulator.process import Emulator
from ops import aws
from ops.cli import app
from ops.deploy import recover
from ops.errors import OperatorError
from ops.program import Program
from ops.promote import require_in_service
from ops.review.apply import apply
from ops.review.renderers.text import render_text
from ops.review.reviewing import review_environments
from ops.verify import verify
from tests import emulators

from .program import LASTING
from .struck import ENDPOINT, LAYER, STACK, Struck, struck

pytestmark = pytest.mark.story("the services of a fixture continue from test to test")

RANKING = "acme-dev-use1-ranking"
REASON = "The primary container did not pass the ping health check."

TEXT = """
from inferform import *

context = Context(organization="acme", stage="dev", account="111122223333", region="us-east-1",
    owner="ml", deploy_role="inferform-deploy")

def serving(name, tag):
    return Model(image=Image(repository=name, tag=tag), artifact=f"{{name}}/{{tag}}/model.tar.gz")

dev = Environment(
    context=context,
    network=NetworkOutputs(vpc_id="{vpc}", vpc_cidr="10.0.0.0/16", private_subnet_ids=["{subnet}"],
        public_subnet_ids=[], s3_prefix_list_id="pl-1"),
    registry=RegistryOutputs(artifact_bucket="acme-artifacts",
        kms_key_arn=context.arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab")),
    ecs=EcsOutputs(cluster_name="shared", capacity_providers={{}}, listener_arns={{}},
        load_balancer_suffixes={{}}, load_balancer_groups={{}}),
    inference=Inference(services={{
        "scorer": EcsService(model=serving("scorer", "{tag}"),
            container=ContainerOptions(health=ContainerHealth(command=["true"])),
            compute=Fargate(cpu=256, memory_mib=512)),
    }}, endpoints={{
        "fraud": RealtimeEndpoint(model=serving("fraud", "{tag}"), instance_type="ml.m5.large",
            scaling=Scaling(max_capacity=2, policies=[
                TargetTracking(metric=InvocationsPerInstance(requests_per_second=20))])),
        "ranking": MultiVariantEndpoint(rollout=AllAtOnce(), variants={{
            "old": Variant(model=serving("ranking", "0.9.0"), instance_type="ml.m5.large"),
            "new": Variant(model=serving("ranking", "{tag}"), instance_type="ml.m5.large"),
        }}),
    }}),
)
"""

CHAT = """
from inferform import *

context = Context(organization="acme", stage="dev", account="111122223333", region="us-east-1",
    owner="ml", deploy_role="inferform-deploy")

def serving(name, tag):
    return Model(image=Image(repository=name, tag=tag), artifact=f"{{name}}/{{tag}}/model.tar.gz")

dev = Environment(
    context=context,
    network=NetworkOutputs(vpc_id="{vpc}", vpc_cidr="10.0.0.0/16", private_subnet_ids=["{subnet}"],
        public_subnet_ids=[], s3_prefix_list_id="pl-1"),
    registry=RegistryOutputs(artifact_bucket="acme-artifacts",
        kms_key_arn=context.arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab")),
    inference=Inference(endpoints={{
        "chat": InferenceComponentEndpoint(
            instance_type="ml.g5.12xlarge", max_instances=3,
            capacity=HostingCapacity(pools=["ml.g6.12xlarge"]),
            components={{
                "small": Component(
                    model=ComponentContainer(image=Image(repository="small", tag="{tag}"),
                        artifact="small/1.tar.gz"),
                    accelerators=1, min_memory_mib=8192, rollout=ComponentRolling(wait_seconds=60)),
                "llm": Component(
                    model=serving("llm", "{tag}"), accelerators=1, min_memory_mib=8192,
                    rollout=ComponentRolling(wait_seconds=60),
                    by_instance_type={{
                        "ml.g6.12xlarge": OnInstanceType(
                            min_memory_mib=4096, model=serving("llm-g6", "{tag}")),
                        "ml.g5.12xlarge": OnInstanceType(min_memory_mib=8192),
                    }}),
            }}),
    }}),
)
"""

PACKAGES = """
from inferform import *

context = Context(organization="acme", stage="dev", account="111122223333", region="us-east-1",
    owner="ml", deploy_role="inferform-deploy")
dev = Environment(
    context=context,
    network=NetworkOutputs(vpc_id="{vpc}", vpc_cidr="10.0.0.0/16", private_subnet_ids=["{subnet}"],
        public_subnet_ids=[], s3_prefix_list_id="pl-1"),
    registry=RegistryOutputs(artifact_bucket="acme-artifacts",
        kms_key_arn=context.arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab")),
    inference=Inference(endpoints={{
        "fraud": RealtimeEndpoint(instance_type="ml.m5.large", model=ModelPackage(
            arn="arn:aws:sagemaker:us-east-1:111122223333:model-package/fraud/{maximum}",
            image="111122223333.dkr.ecr.us-east-1.amazonaws.com/serving:{tag}",
            artifact="s3://acme-models/fraud/")),
        "ranking": RealtimeEndpoint(instance_type="ml.m5.large", model=ModelPackage(
            arn="arn:aws:sagemaker:us-east-1:111122223333:model-package/ranking/{maximum}",
            image=Image(repository="serving", tag="{tag}"),
            artifact="s3://acme-models/ranking/{tag}/model.tar.gz")),
        "moved": RealtimeEndpoint(instance_type="ml.m5.large", model=ModelPackage(
            arn="arn:aws:sagemaker:us-east-1:111122223333:model-package/moved/{maximum}",
            image=Image(repository="serving", tag="{tag}"))),
    }}),
)
"""
VERSIONS = {2: "1.0.0", 4: "1.1.0"}


def held(life: Struck) -> set[str]:
    """The names of every model and endpoint configuration at AWS."""
    wanted = ("aws_sagemaker_model", "aws_sagemaker_endpoint_configuration")
    return {name for kind, name in life.account.held() if kind in wanted}


def kept_in_state(life: Struck) -> set[str]:
    """The names of every model and endpoint configuration in the state."""
    state = life.states.read(LAYER)
    assert state is not None
    assert state.deposed == {}
    kinds = ("aws_sagemaker_model", "aws_sagemaker_endpoint_configuration")
    return {str(values["name"]) for kind in kinds for values in state.of_type(kind)}


def configured(life: Struck, endpoint: str = ENDPOINT) -> str:
    """The configuration that an endpoint runs."""
    sagemaker = life.account.client("sagemaker")
    return str(sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"])


def test_a_revert_after_a_failed_rollout_is_one_deploy(
    emulator: Emulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with struck(tmp_path, emulator) as life:
        life.release("1.0.0")
        assert life.run("creation")[0] == 0
        first = held(life)
        life.release("1.1.0")
        life.roll_back(REASON)
        assert life.run("update")[0] == 1
        both = held(life)
        assert len(both) == 2 * len(first)

        life.release("1.0.0")
        capsys.readouterr()
        life.deploy(STACK)
        told = capsys.readouterr().err
        assert all(name in told for name in both)
        assert held(life) == first
        life.settled("update")
        found = {f.check.title: f for f in verify(life.environment(), life.aws())}
        assert {f.outcome for f in found.values()} == {"passed"}
        # SageMaker keeps it until the next update, and none was needed.
        said = f"of an update before the last deploy SageMaker says: {REASON}"
        assert found["health"].found.endswith(said)
        life.destroy(STACK)
        life.settled("destroy")


def test_a_reviewed_plan_that_aws_rolls_back_is_recovered_and_reviewed_again(
    emulator: Emulator, tmp_path: Path
) -> None:
    plans = tmp_path / "plans"

    def reviewed() -> str:
        return render_text(review_environments(["dev-use1"], life.program, folder=plans))

    with struck(tmp_path, emulator) as life:
        saved = plans / "dev-use1" / f"{STACK}.tfplan"
        life.release("1.0.0")
        assert life.run("creation")[0] == 0
        first, running = held(life), configured(life)
        life.release("1.1.0")
        reviewed()
        life.roll_back(REASON)
        with pytest.raises(OperatorError) as caught:
            apply(saved, life.program, uncommitted=True)
        assert REASON in str(caught.value)

        # What serves is an old copy in the state by now, and told as what it is.
        said = reviewed()
        assert "image: acme-dev-use1-fraud:1.0.0 → acme-dev-use1-fraud:1.1.0" in said
        assert "not known" not in said
        assert f"({running}, an old copy that a replacement left behind)" in said

        life.release("1.0.0")
        said = reviewed()
        assert all(name in said.split("would be created again", maxsplit=1)[0] for name in first)
        assert f"inferform recover {STACK} and review again" in " ".join(said.split())
        with pytest.raises(OperatorError, match="which AWS refuses") as refused:
            apply(saved, life.program, uncommitted=True)
        assert all(name in refused.value.message for name in first)
        assert f"inferform deploy {STACK} --emulator takes it back" in refused.value.hint
        assert saved.exists()
        # Nothing is exchanged while SageMaker is about it.
        life.roll_back(REASON)
        sagemaker = life.account.client("sagemaker")
        made = sagemaker.list_endpoint_configs()["EndpointConfigs"]
        (other,) = {each["EndpointConfigName"] for each in made} - {running}
        before = life.states.read(LAYER)
        sagemaker.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=other)
        with pytest.raises(OperatorError, match="wait until it has settled"):
            recover([STACK], life.program)
        assert life.states.read(LAYER) == before
        while sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"] != "InService":
            pass
        done = recover([STACK], life.program)
        assert sorted(line.split()[0] for line in done) == sorted(first)
        assert "would be created again" not in reviewed()
        apply(saved, life.program, uncommitted=True)
        life.settled("update")
        assert held(life) == first

        # Somebody deletes what is in use: what runs is not known, and nothing is deleted.
        sagemaker.delete_endpoint_config(EndpointConfigName=running)
        assert recover([STACK], life.program) == []
        assert life.run("update")[0] == 0
        life.settled("update")
        assert held(life) == first
        assert life.run("destroy")[0] == 0


def test_a_revert_takes_back_what_is_left_and_waits_for_an_endpoint_of_two_configurations(
    emulator: Emulator, tmp_path: Path
) -> None:
    with struck(tmp_path, emulator) as life:
        life.release("1.0.0")
        assert life.run("creation")[0] == 0
        first, running = held(life), configured(life)
        # The new release serves, and of the old one only the model is left.
        life.release("1.1.0")
        life.fault(kind="500", operation="DeleteModel", count=LASTING)
        assert life.run("update")[0] == 1
        life.mend()
        assert running not in held(life)
        life.release("1.0.0")
        life.deploy(STACK)
        life.settled("update")
        assert held(life) == first

        life.release("1.1.0")
        route = {"endpoint": ENDPOINT, "account": "111122223333", "outcome": "rollback-failed"}
        life.emulator.control("POST", "sagemaker/rollout", route)
        assert life.run("update")[0] == 1
        both, before = held(life), life.states.read(LAYER)
        life.release("1.0.0")
        with pytest.raises(OperatorError, match="its instances run two configurations"):
            life.deploy(STACK)
        assert held(life) == both
        assert life.states.read(LAYER) == before
        sagemaker = life.account.client("sagemaker")
        sagemaker.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=running)
        life.deploy(STACK)
        life.settled("update")
        assert held(life) == first
        assert life.run("destroy")[0] == 0


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Struck]:
    """Three services, not created yet, and the command for them.

    The versions of another test's state would be theirs too, so the emulator is their own.
    """
    with (
        emulators.serve() as emulator,
        pytest.MonkeyPatch.context() as patch,
        struck(tmp_path_factory.mktemp("rollback"), emulator, TEXT) as life,
    ):
        life.account.client("ecs").create_cluster(clusterName="shared")
        patch.setattr(aws, "emulator_in_use", lambda: emulator)
        patch.setattr(Program, "of", lambda _: life.program)
        yield life
        assert life.run("destroy")[0] == 0


def command(*arguments: str, fails: bool = False) -> str:
    """What `inferform rollback` prints, or why it fails."""
    given = ["rollback", *arguments, "--emulator", "--auto-approve"]
    done = CliRunner().invoke(app, given)
    assert bool(done.exit_code) is fails, done.output
    return f"{done.stdout}{done.exception or ''}"


def written(life: Struck) -> str:
    """The environment's file."""
    return (life.environments / "dev.py").read_text("utf-8")


def test_what_served_nothing_else_does_not_go_back(services: Struck) -> None:
    services.release("1.0.0")
    before = written(services)
    assert "fraud was never deployed in dev-use1" in command("fraud", fails=True)
    assert services.run("creation")[0] == 0
    said = command("fraud", fails=True)
    assert "has served no other release than the one in the file" in said
    assert "did you mean fraud" in command("frad", fails=True)
    assert "has no version 1" in command("fraud", "--version", "1", fails=True)
    assert written(services) == before


def test_a_service_whose_rollout_failed_goes_back_to_what_aws_serves(services: Struck) -> None:
    before, running = held(services), configured(services)
    services.release("1.1.0")
    services.roll_back(REASON)
    # Only one of the services is rolled back, so that their predecessors differ.
    assert services.run("update")[0] == 1
    new, newest = written(services), services.states.read(LAYER)
    assert newest is not None
    said = command("fraud", "--version", newest.version, fails=True)
    assert f"fraud was not in service in version {newest.version}" in said
    assert written(services) == new
    said = command("fraud", "--in", "dev", "--deploy", "--no-preflight")
    assert "so it is what AWS should serve now" in said
    assert "then inferform verify dev-use1" in said
    assert written(services) == edited(new, "fraud")
    assert configured(services) == running
    assert {n for n in held(services) if "fraud" in n} == {n for n in before if "fraud" in n}
    assert held(services) == kept_in_state(services)
    assert services.plan_status(STACK) == 0


def test_a_way_back_that_aws_refuses_is_no_way_back(services: Struck) -> None:
    before, running = written(services), configured(services, RANKING)
    # Nothing of the release is at AWS any more, in this case.
    said = command("ranking", "--deploy", fails=True)
    assert "ranking:1.0.0" in said
    assert "this deploy would fail in its middle" in said
    assert configured(services, RANKING) == running
    services.put(before)
    services.roll_back(REASON, RANKING)
    assert REASON in command("ranking", "--deploy", "--no-preflight", fails=True)
    # Of several variants only the one that differs is edited.
    assert written(services) == edited(before, "ranking")
    assert configured(services, RANKING) == running
    # So what AWS serves is where it goes back to now.
    assert f"then inferform deploy {STACK}" in command("endpoint/ranking")
    assert written(services) == before


def test_a_service_on_ecs_goes_back_in_the_same_way(services: Struck) -> None:
    before, running = written(services), configured(services, RANKING)
    command("scorer")
    assert written(services) == edited(before, "scorer")
    services.deploy(STACK)
    ecs = services.account.client("ecs")
    name = "acme-dev-use1-scorer"
    (scorer,) = ecs.describe_services(cluster="shared", services=[name])["services"]
    definition = ecs.describe_task_definition(taskDefinition=scorer["taskDefinition"])
    images = {c["image"] for c in definition["taskDefinition"]["containerDefinitions"]}
    assert any(image.endswith("scorer:1.0.0") for image in images)
    # The endpoint whose way back was refused is in the state as it is at AWS.
    assert configured(services, RANKING) == running
    assert held(services) == kept_in_state(services)
    assert services.plan_status(STACK) == 0


def released(life: Struck) -> dict[str, str]:
    """The images that the components at AWS run, by component or instance type."""
    sagemaker, name = life.account.client("sagemaker"), "acme-dev-use1-chat"
    small = sagemaker.describe_inference_component(InferenceComponentName=f"{name}-small")
    llm = sagemaker.describe_inference_component(InferenceComponentName=f"{name}-llm")
    images = {"small": small["Specification"]["Container"]["DeployedImage"]["SpecifiedImage"]}
    for each in llm["Specifications"]:
        model = sagemaker.describe_model(ModelName=each["ModelName"])
        images[each["InstanceType"]] = model["PrimaryContainer"]["Image"]
    return {place: image.rpartition("/")[2] for place, image in images.items()}


def of(tag: str) -> dict[str, str]:
    """What `released` says of a release."""
    return {
        "small": f"acme-dev-use1-small:{tag}",
        "ml.g5.12xlarge": f"acme-dev-use1-llm:{tag}",
        "ml.g6.12xlarge": f"acme-dev-use1-llm-g6:{tag}",
    }


def test_inference_components_go_back_each_with_the_models_of_its_instance_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with emulators.serve() as emulator, struck(tmp_path, emulator, CHAT) as life:
        monkeypatch.setattr(aws, "emulator_in_use", lambda: emulator)
        monkeypatch.setattr(Program, "of", lambda _: life.program)
        life.release("1.0.0")
        assert life.run("creation")[0] == 0
        first = written(life)

        # An alarm rolls one component back, and the state has what was refused.
        cloudwatch = life.account.client("cloudwatch")
        alarm = {"AlarmName": "acme-dev-use1-chat-llm-5xx", "StateReason": "the test's"}
        cloudwatch.set_alarm_state(**alarm, StateValue="ALARM")
        life.release("1.1.0")
        assert life.run("update")[0] == 1
        assert "whether it came into service, no state tells" in command("chat")
        assert written(life) == first
        cloudwatch.set_alarm_state(**alarm, StateValue="OK")
        life.deploy(STACK)
        assert released(life) == of("1.0.0")
        # No version of a run that was cut off, or of a recovery, counts as a release.
        assert "has served no other release" in command("chat", fails=True)

        life.release("1.1.0")
        assert life.run("update")[0] == 0
        assert released(life) == of("1.1.0")
        command("chat")
        assert written(life) == first
        life.deploy(STACK)
        assert released(life) == of("1.0.0")
        assert life.plan_status(STACK) == 0
        assert life.run("destroy")[0] == 0


def register(life: Struck) -> None:
    """Four versions of each model, of which two are deployed."""
    sagemaker = life.account.client("sagemaker")
    registry = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
    images = {
        "fraud": "serving",
        "ranking": "acme-dev-use1-serving",
        "moved": "acme-dev-use1-older",
    }
    for group, repository in images.items():
        sagemaker.create_model_package_group(ModelPackageGroupName=group)
        for number in range(1, 5):
            tag = VERSIONS.get(number, "none")
            sagemaker.create_model_package(
                ModelPackageGroupName=group,
                InferenceSpecification={
                    "Containers": [
                        {
                            "Image": f"{registry}/{repository}:{tag}",
                            "ModelDataUrl": f"s3://acme-models/{group}/{tag}/model.tar.gz",
                        }
                    ],
                    "SupportedContentTypes": ["text/csv"],
                    "SupportedResponseMIMETypes": ["text/csv"],
                },
            )


def test_what_stands_beside_a_version_of_the_registry_goes_back_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with emulators.serve() as emulator, struck(tmp_path, emulator, PACKAGES) as life:
        monkeypatch.setattr(aws, "emulator_in_use", lambda: emulator)
        monkeypatch.setattr(Program, "of", lambda _: life.program)
        register(life)
        life.release("1.0.0")
        assert life.run("creation")[0] == 0
        life.release("1.1.0")
        assert life.run("update")[0] == 0
        new = written(life)
        for name in ("fraud", "ranking"):
            require_in_service(life.environment(), name, life.aws())

        said = command("moved", fails=True)
        assert (
            "served 111122223333.dkr.ecr.us-east-1.amazonaws.com/acme-dev-use1-older:1.0.0" in said
        )
        assert "which no tag instead of 1.1.0 gives" in said
        assert written(life) == new
        command("fraud")
        # The artifacts of every version are below what is written, so that it stays.
        back = new.replace("package/fraud/4", "package/fraud/2").replace(
            "com/serving:1.1.0", "com/serving:1.0.0"
        )
        assert written(life) == back
        command("ranking")
        at = back.index('"ranking"'), back.index('"moved"')
        ranking = back[at[0] : at[1]].replace("ranking/4", "ranking/2").replace("1.1.0", "1.0.0")
        assert written(life) == back[: at[0]] + ranking + back[at[1] :]

        life.put(new)
        life.account.client("sagemaker").delete_model_package(
            ModelPackageName="arn:aws:sagemaker:us-east-1:111122223333:model-package/fraud/2"
        )
        assert "model-package/fraud/2 cannot be read" in command("fraud", fails=True)
        assert written(life) == new
        assert life.run("destroy")[0] == 0


def edited(text: str, service: str) -> str:
    """An environment's file in which a service has gone back."""
    assert f'serving("{service}", "1.1.0")' in text
    return text.replace(f'serving("{service}", "1.1.0")', f'serving("{service}", "1.0.0")')
