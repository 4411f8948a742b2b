"""What other tools declare is deployed, and what public Terraform modules made is taken over from a state."""

from __future__ import annotations

import json
from pathlib import Path

from inferform import (
    CloudWatchMetric,
    CustomMetric,
    MultiVariantEndpoint,
    NetworkOutputs,
    Registry,
    Repository,
    Scaling,
    load,
)
from inferform_emulator.process import Emulator
from ops.takeover.converted import lines, removed_blocks
from ops.takeover.reading import converted
from tests import emulators
from tests.conftest import ROOT

from .hosting import CONTEXT, client, hosting
from .public_modules import AWS_IA, ECR, FLEET, HUGGINGFACE, VPC, Other
from .test_adoption import STACK, Account

PUBLISHED = ROOT / "tests" / "published"
GIVEN = {"ModelName": "fraud", "ModelVariant": "v1", "TrainJobId": "7"}


def test_the_endpoints_of_published_templates_are_deployed(
    emulator: Emulator, tmp_path: Path
) -> None:
    files = sorted((PUBLISHED / "templates").iterdir())
    for name in ("drift-detection", "safe-deployment"):
        file = tmp_path / f"{name}.json"
        held = json.loads((PUBLISHED / f"{name}.json").read_text("utf-8"))
        file.write_text(json.dumps({"Resources": held}), encoding="utf-8")
        files.append(file)
    made = converted(files, CONTEXT, GIVEN)
    folder = tmp_path / "environments"
    folder.mkdir()
    (folder / "dev.py").write_text(made.text, encoding="utf-8")
    environment = load(folder).environments[CONTEXT.key]
    (inference,) = environment.groups.values()
    assert len(inference.endpoints) == 13

    stack = hosting(emulator, tmp_path / "stack")
    stack.context = environment.context
    stack.apply(inference)
    sagemaker = client(emulator, "sagemaker")
    served = {
        each["EndpointName"]: each["EndpointStatus"]
        for each in sagemaker.list_endpoints(MaxResults=50)["Endpoints"]
    }
    assert served == {
        environment.context.endpoint(short): "InService" for short in inference.endpoints
    }


def test_what_public_modules_made_is_taken_over_from_their_state(tmp_path: Path) -> None:
    with emulators.serve() as emulator:
        account = Account(tmp_path / "ours", emulator)
        account.begin()
        other = Other(account.program.terraform_environment(), tmp_path / "theirs")
        other.write(fraud=AWS_IA, sentiment=HUGGINGFACE, images=ECR, vpc=VPC)
        other.run("init", "-no-color")
        other.run("plan", "-out=first.tfplan", "-no-color")
        plan = tmp_path / "plan.json"
        plan.write_text(other.shown("first.tfplan"), encoding="utf-8")
        foreseen = converted([plan], account.environment().context, {})
        other.run("apply", "-auto-approve", "-no-color")
        names = ["fraud", "sentiment-ep-abcdefgh"]
        before = {name: account.served(name) for name in names}
        ecr = account.aws().client("ecr")
        (repository,) = ecr.describe_repositories()["repositories"]

        state = tmp_path / "other.json"
        state.write_text(other.shown(), encoding="utf-8")
        made = converted([state], account.environment().context, {})
        assert [name for name, _ in made.adopt] == names
        # A state as its backend keeps it says the same.
        pulled = tmp_path / "pulled" / "other.json"
        pulled.parent.mkdir()
        pulled.write_text(other.run("state", "pull"), encoding="utf-8")
        assert converted([pulled], account.environment().context, {}) == made
        account.write(foreseen.text)
        planned = account.environment()
        account.write(made.text)
        environment = account.environment()
        # Of a plan nothing is there yet that could be imported, and no role has an ARN.
        assert planned.imported == {}
        assert {
            short: endpoint.replace(existing=environment.groups[""].endpoints[short].existing)
            for short, endpoint in planned.groups[""].endpoints.items()
        } == environment.groups[""].endpoints
        assert isinstance(environment.registry, Registry)
        assert environment.registry.repositories == {
            "fraud": Repository(keep_images=30, expire_untagged_days=10_000, keep_encryption=True)
        }
        assert isinstance(environment.network, NetworkOutputs)
        found = (
            account.aws()
            .client("ec2")
            .describe_subnets(SubnetIds=environment.network.private_subnet_ids)
        )
        assert {each["CidrBlock"] for each in found["Subnets"]} == {
            "10.40.10.0/24",
            "10.40.11.0/24",
        }
        account.deploy("dev-use1-registry")
        for name, short in made.adopt:
            account.adopt(name, short)

        (other.stack.folder / "removed.tf").write_text(removed_blocks(made.removed), "utf-8")
        other.write(vpc=VPC)
        assert "0 destroyed" in other.run("apply", "-auto-approve", "-no-color")
        (left,) = json.loads(other.shown())["values"]["root_module"]["child_modules"]
        assert left["address"] == "module.vpc"

        assert {name: account.served(name) for name in names} == before
        assert ecr.describe_repositories()["repositories"] == [repository]
        assert [account.plan_status(each) for each in (STACK, "dev-use1-registry")] == [0, 0]


def test_one_of_several_instances_is_taken_and_no_block_forgets_the_others(
    emulator: Emulator, tmp_path: Path
) -> None:
    stack = hosting(emulator, tmp_path / "stack")
    other = Other(stack.variables, tmp_path / "theirs")
    other.write(fleet=FLEET)
    other.run("init", "-no-color")
    other.run("plan", "-out=first.tfplan", "-no-color")
    plan, state = tmp_path / "plan.json", tmp_path / "state.json"
    plan.write_text(other.shown("first.tfplan"), encoding="utf-8")
    other.run("apply", "-auto-approve", "-no-color")
    state.write_text(other.shown(), encoding="utf-8")

    # The names of a plan are known after its apply, so that nothing can be adopted by them.
    foreseen = converted([plan], CONTEXT, {})
    assert (foreseen.adopt, foreseen.removed) == ((), ())
    assert '"fleet-taken": MultiVariantEndpoint(' in foreseen.text
    assert '"fleet-left"' not in foreseen.text

    made = converted([state], CONTEXT, {})
    ((name, short),) = made.adopt
    folder = tmp_path / "environments"
    folder.mkdir()
    (folder / "dev.py").write_text(made.text, encoding="utf-8")
    endpoint = load(folder).environments[CONTEXT.key].groups[""].endpoints[short]
    assert isinstance(endpoint, MultiVariantEndpoint)
    assert {key: each.weight for key, each in endpoint.variants.items()} == {"Now": 1, "Dark": 0}
    scaling = endpoint.variants["Now"].scaling
    assert isinstance(scaling, Scaling)
    assert scaling.suspended == ("scale-in",)
    (policy,) = scaling.policies
    assert policy.metric == CustomMetric(
        metric=CloudWatchMetric(
            namespace="/aws/sagemaker/Endpoints",
            name="CPUUtilization",
            statistic="Average",
            own_dimensions=True,
        ),
        target=70,
    )
    # The module continues with the other one, and a removed block would name both.
    said = "\n".join(lines(made))
    own = 'module.fleet.aws_sagemaker_endpoint.endpoint["taken"]'
    assert f"terraform state rm '{own}'" in said
    assert "aws_cloudwatch_log_group.own: not taken over; it stays in the state" in said
    assert {each.partition("[")[0] for each in made.removed} == {
        f"module.fleet.aws_appautoscaling_{each}" for each in ("policy.policy", "target.target")
    }

    away = converted([state], CONTEXT.replace(region="eu-west-1"), {})
    assert "runs in us-east-1" in "\n".join(lines(away))
    assert name in away.text
