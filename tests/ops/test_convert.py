"""Files of other tools become an environment, and what could not be taken is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from inferform import (
    AsyncEndpoint,
    Canary,
    Context,
    Environment,
    Image,
    MultiModelEndpoint,
    MultiVariantEndpoint,
    PipelineEndpoint,
    RealtimeEndpoint,
    ServerlessEndpoint,
    load,
)
from ops.commands.convert import COMMANDS
from ops.errors import BadInputError
from ops.takeover.converted import Converted, lines, removed_blocks
from ops.takeover.reading import converted
from tests.conftest import ROOT

TEMPLATES = ROOT / "tests" / "published" / "templates"
CONTEXT = Context(
    organization="acme", stage="dev", account="123456789012", region="us-east-1", owner="ml"
)


def read(folder: Path, *files: str, **given: str) -> tuple[Environment, Converted]:
    """The environment of some templates, loaded from the file that is written."""
    made = converted([TEMPLATES / each for each in files], CONTEXT, given)
    environments = folder / "environments"
    environments.mkdir(exist_ok=True)
    (environments / "dev.py").write_text(made.text, encoding="utf-8")
    return load(environments).environments["dev-use1"], made


def only(environment: Environment) -> Any:
    (endpoint,) = environment.groups[""].endpoints.values()
    return endpoint


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("model-package.yaml", RealtimeEndpoint),
        ("guardrails.yaml", RealtimeEndpoint),
        ("shadow.yaml", RealtimeEndpoint),
        ("scaled.yaml", RealtimeEndpoint),
        ("multi-model.yaml", MultiModelEndpoint),
        ("serverless-api.yaml", ServerlessEndpoint),
        ("asynchronous.yaml", AsyncEndpoint),
        ("two-variants.json", MultiVariantEndpoint),
        ("pipeline.yaml", PipelineEndpoint),
        ("endpoint-three-resources.yaml", RealtimeEndpoint),
        ("sagemaker-hosting-basic.json", RealtimeEndpoint),
    ],
)
def test_each_template_becomes_an_endpoint_of_its_kind(
    tmp_path: Path, file: str, kind: type
) -> None:
    environment, made = read(tmp_path, file)
    assert type(only(environment)) is kind
    assert f"converted from {file}" in made.text


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("drift-detection", {}),
        ("safe-deployment", {"ModelName": "fraud", "ModelVariant": "v1", "TrainJobId": "7"}),
    ],
)
def test_what_samples_of_aws_declare_becomes_an_endpoint(
    tmp_path: Path, name: str, given: dict[str, str]
) -> None:
    published = json.loads((ROOT / "tests" / "published" / f"{name}.json").read_text("utf-8"))
    file = tmp_path / f"{name}.json"
    file.write_text(json.dumps({"Resources": published}), encoding="utf-8")
    environment, made = read(tmp_path, str(file), **given)
    endpoint = only(environment)
    assert endpoint.scaling is not None
    assert endpoint.scaling.max_capacity > endpoint.scaling.min_capacity
    assert endpoint.data_capture is not None
    said = "\n".join(lines(made))
    assert "MonitoringSchedule" in said


def test_conditions_and_parameters_decide_what_is_taken(tmp_path: Path) -> None:
    guarded = only(read(tmp_path, "guardrails.yaml")[0])
    assert isinstance(guarded.rollout, Canary)
    assert (guarded.rollout.canary_percent, guarded.rollout.wait_seconds) == (10, 300)
    assert guarded.data_capture.destination == "s3://models-123456789012/captured"
    plain = only(read(tmp_path, "guardrails.yaml", Stage="test", Capture="false")[0])
    assert not isinstance(plain.rollout, Canary)
    assert plain.data_capture is None
    assert only(read(tmp_path, "shadow.yaml")[0]).shadow.variant == "Tried"
    assert only(read(tmp_path, "shadow.yaml", Shadowed="no")[0]).shadow is None
    served = only(read(tmp_path, "serverless-api.yaml", Stage="prod")[0])
    assert served.instance_type == "ml.m5.large"


def test_scaling_network_and_repository_are_taken_with_the_endpoint(tmp_path: Path) -> None:
    environment, made = read(tmp_path, "scaled.yaml")
    endpoint = only(environment)
    assert endpoint.vpc
    assert endpoint.model.image == Image(repository="forecast", tag="7")
    assert environment.context.own_repository("forecast") == "forecast"
    (policy,) = endpoint.scaling.policies
    assert (policy.metric.target_value, policy.scale_in_cooldown_seconds) == (1200, 600)
    assert (endpoint.host.volume_size_gb, endpoint.host.startup_timeout_seconds) == (50, 900)
    assert environment.context.endpoint("forecast") == "forecast"
    assert made.adopt == (("forecast", "forecast"),)


def test_what_is_wrong_in_a_published_template_is_named(tmp_path: Path) -> None:
    said = [*lines(read(tmp_path, "sagemaker-hosting-basic.json")[1])]
    for part in (
        "names no map, a first and a second key; [RegionMap, us-east-1, NullTransformer] is",
        "whose account has 11 digits and not 12",
        "ml.t2.large is burstable",
        "ExecutionRole.Policies.root: may do everything",
        "VariantName: is not known here; written as AllTraffic",
        "written as endpoint:1 of the environment's registry",
    ):
        assert any(part in line for line in said), part


def test_every_member_that_no_spec_says_has_a_line(tmp_path: Path) -> None:
    said = "\n".join(lines(read(tmp_path, "two-variants.json")[1]))
    assert "ProductionVariants.1.AcceleratorType: no Spec says it" in said
    said = "\n".join(lines(read(tmp_path, "asynchronous.yaml")[1]))
    assert "Config.AsyncInferenceConfig.OutputConfig.NotificationConfig.ErrorTopic" in said
    assert "asynchronous.yaml Failures: AWS::SNS::Topic" in said


def test_files_together_become_one_environment(tmp_path: Path) -> None:
    environment, made = read(tmp_path, "pipeline.yaml", "shadow.yaml", "storage-bucket.yaml")
    assert [*environment.groups[""].endpoints] == ["spam", "pricing"]
    assert '"""dev: converted from 3 files."""' in made.text
    assert all(len(line) <= 100 for line in made.text.splitlines())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "is neither JSON nor YAML"),
        ("Parameters: {}", "has no Resources"),
        ('{"Resources": {}}', "nothing in these files is of a kind"),
        ('{"terraform_version": "1.9.0"}', "holds no resources"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "x"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInputError, match=said):
        converted([file], CONTEXT, {})


def test_a_removed_block_names_a_resource_without_its_instance() -> None:
    text = removed_blocks(
        ["module.m.aws_sagemaker_endpoint.e[0]", "module.m.aws_sagemaker_endpoint.e[1]"]
    )
    assert text.count("removed {") == 1
    assert "from = module.m.aws_sagemaker_endpoint.e\n" in text
    assert "destroy = false" in text


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.callback()(lambda: None)
    for command in COMMANDS:
        command.add_to(made)
    return made


def test_the_command_writes_files_and_overwrites_none(app: typer.Typer, tmp_path: Path) -> None:
    output, removed = tmp_path / "dev.py", tmp_path / "removed.tf"
    arguments = ["convert", str(TEMPLATES / "pipeline.yaml"), "--account", "123456789012"]
    done = CliRunner().invoke(
        app, [*arguments, "--output", str(output), "--removed", str(removed), "--json"]
    )
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["environment"] == output.read_text("utf-8")
    assert said["adopt"] == [{"name": "spam", "as": "spam"}]
    assert removed.read_text("utf-8") == ""
    again = CliRunner().invoke(app, [*arguments, "--output", str(output)])
    assert isinstance(again.exception, BadInputError)
    assert "is there already" in str(again.exception)


def test_the_command_says_what_could_not_be_taken(app: typer.Typer) -> None:
    done = CliRunner().invoke(app, ["convert", str(TEMPLATES / "two-variants.json")])
    assert done.stdout.startswith('"""dev: converted from two-variants.json."""')
    assert "not taken as it is: two-variants.json Endpoint EndpointConfig" in done.stderr
    assert "inferform endpoints adopt dev-use1 reco --as reco" in done.stderr
