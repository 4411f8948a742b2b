"""Overrides: what becomes of them, what the provider's schema refuses, and which names change."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from inferform import (
    ConfigurationError,
    Context,
    Environment,
    Host,
    Inference,
    Model,
    Network,
    RealtimeEndpoint,
    Registry,
    Repository,
    Scaling,
    ServerlessEndpoint,
    Shadow,
    SpecError,
)
from inferform.content import DEFAULTS
from inferform.overrides import Overridable
from inferform.overriding import elements, override
from inferform.scaling.metrics import CpuUtilization, InvocationsPerInstance
from inferform.scaling.spec import TargetTracking
from ops.cli import app
from ops.commands import overrides as command
from ops.overrides import overrides
from ops.terraform import overrides_in
from tests.conftest import ROOT, run_main, stacks_in
from tests.modules.test_layers import Synthesize
from tests.overridden import overriding, roles_in
from tests.specs import kinds

pytestmark = pytest.mark.long

CONTEXT = Context(
    organization="acme", stage="dev", account="111122223333", region="us-east-1", owner="ml"
)
MODEL = Model(
    image="111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1", artifact="fraud/1/model.tar.gz"
)
CONFIGURATION = "aws_sagemaker_endpoint_configuration"


def fraud(**fields: Any) -> RealtimeEndpoint:
    return RealtimeEndpoint(**{"model": MODEL, "instance_type": "ml.m5.large", **fields})


def around(endpoint: Any, **layers: Any) -> Environment:
    given = {
        "network": Network(cidr="10.0.0.0/16"),
        "registry": Registry(),
        "inference": Inference(endpoints={"fraud": endpoint}),
    }
    return Environment(context=CONTEXT, **{**given, **layers})


def problems(environment: Environment, synthesize: Synthesize) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        synthesize(environment)
    return [str(problem) for report in raised.value.reports for problem in report.problems]


def wrong(synthesize: Synthesize, endpoint: Any = None, **attributes: Any) -> str:
    """What is said of one attribute of the endpoint's configuration."""
    ((path, value),) = attributes.pop("of", attributes).items()
    spec = (endpoint or fraud()).replace(overrides={"configuration": {path: value}})
    (problem,) = problems(around(spec), synthesize)
    return problem.removeprefix(f"inference.endpoints.fraud.overrides.configuration.{path}")


def test_a_number_in_a_path_to_a_block_that_is_there_once_is_said_to_be_too_much(
    synthesize: Synthesize,
) -> None:
    path = "primary_container.0.inference_specification_name"
    spec = fraud().replace(overrides={"models/*/model": {path: "gpu"}})
    (problem,) = problems(around(spec), synthesize)
    assert problem.endswith(
        "is not an attribute of aws_sagemaker_model.primary_container; there is at most one "
        "primary_container, so leave the number out [OVR2]"
    )
    spec = fraud().replace(overrides={"models/*/model": {"0.name": "gpu"}})
    (problem,) = problems(around(spec), synthesize)
    assert "is not an attribute of aws_sagemaker_model" in problem


def test_an_override_is_written_and_everything_else_stays(synthesize: Synthesize) -> None:
    asked = {
        "production_variants.0.enable_ssm_access": True,
        "production_variants.0.routing_config": [{"routing_strategy": "RANDOM"}],
        "tags.kubernetes.io/of": "me",
    }
    routed = fraud(host=Host(routing_strategy="LEAST_OUTSTANDING_REQUESTS"))
    before = synthesize(around(routed))["dev-use1-inference"]
    after = synthesize(around(routed.replace(overrides={"configuration": asked})))[
        "dev-use1-inference"
    ]
    ((address, was),) = before["resource"][CONFIGURATION].items()
    made = after["resource"][CONFIGURATION][address]
    (variant,) = was["production_variants"]
    variant |= {"enable_ssm_access": True, "routing_config": [{"routing_strategy": "RANDOM"}]}
    assert made == {**was, "name": made["name"], "tags": {"kubernetes.io/of": "me"}}
    assert overrides_in(after) == {f"{CONFIGURATION}.{address}": list(asked)}
    assert overrides_in(before) == {}
    for kind, resources in before["resource"].items():
        if kind != CONFIGURATION:
            assert after["resource"][kind] == resources


def test_none_removes_an_optional_attribute_and_no_required_one(synthesize: Synthesize) -> None:
    spec = fraud(host=Host(volume_size_gb=20), overrides={"logs": {"retention_in_days": None}})
    (group,) = synthesize(around(spec))["dev-use1-inference"]["resource"][
        "aws_cloudwatch_log_group"
    ].values()
    assert "retention_in_days" not in group
    assert wrong(synthesize, production_variants=None).startswith(": cannot be overridden")
    capture = {"data_capture_config": {"enable_capture": True}}
    assert wrong(synthesize, of=capture).startswith(
        ": must be a dict with capture_options and destination_s3_uri and "
    )


def test_an_override_rolls_what_has_its_hash_in_its_name_and_nothing_else(
    synthesize: Synthesize,
) -> None:
    def named(**overrides: Any) -> tuple[str, str]:
        stack = synthesize(around(fraud(overrides=overrides)))["dev-use1-inference"]["resource"]
        (model,) = stack["aws_sagemaker_model"].values()
        (configuration,) = stack[CONFIGURATION].values()
        return model["name"], configuration["name"]

    plain = named()
    assert named(configuration={}) == plain
    assert named(endpoint={"tags": {"a": "b"}}) == plain
    of_configuration = named(configuration={"tags": {"a": "b"}})
    assert of_configuration[0] == plain[0]
    assert of_configuration[1] != plain[1]
    of_model = named(**{"models/*/model": {"enable_network_isolation": True}})
    assert of_model[0] != plain[0]
    assert of_model[1] != plain[1]
    assert named(**{"models/primary/model": {"enable_network_isolation": True}}) == of_model


CHANGE = {
    "aws_codedeploy_deployment_config": ("compute_platform", "Lambda"),
    "aws_eks_node_group": ("force_update_version", True),
    "aws_sagemaker_data_quality_job_definition": ("tags", {"a": "b"}),
    "aws_sagemaker_endpoint_configuration": ("tags", {"a": "b"}),
    "aws_sagemaker_model": ("enable_network_isolation", True),
}
"""An override of each type whose name has a hash of what it holds."""

_NAME = {
    "aws_codedeploy_deployment_config": "deployment_config_name",
    "aws_eks_node_group": "node_group_name",
    "aws_sagemaker_data_quality_job_definition": "name",
    "aws_sagemaker_endpoint_configuration": "name",
    "aws_sagemaker_model": "name",
}


@pytest.mark.parametrize("type_", sorted(DEFAULTS))
def test_an_override_is_part_of_every_name_that_stands_for_content(
    type_: str, tmp_path: Path
) -> None:
    from inferform.layers.program import synthesize

    change = dict([CHANGE[type_]])
    seen = 0
    for name_of, tree in kinds.valid_trees().items():
        environment = kinds.environment(tree)
        held = {
            at: [role for role, kind in own.items() if kind == type_]
            for at, own in roles_in(environment).items()
        }
        if not any(held.values()):
            continue
        overridden = overriding(
            environment,
            lambda at, held=held: dict.fromkeys(held.get(at, ()), change),  # type: ignore[misc]
        )
        before, after = [
            {
                (stack, address): resource[_NAME[type_]]
                for stack, content in stacks_in(synthesize([each], outdir=outdir)).items()
                for address, resource in content["resource"].get(type_, {}).items()
            }
            for each, outdir in (
                (environment, tmp_path / name_of / "before"),
                (overridden, tmp_path / name_of / "after"),
            )
        ]
        assert before.keys() == after.keys()
        for address, name in before.items():
            assert after[address] != name
            seen += 1
    assert seen


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        (
            {"production_variants.0.enable_ssm_acess": True},
            f": is not an attribute of {CONFIGURATION}.production_variants; did you mean "
            "enable_ssm_access [OVR2]",
        ),
        (
            {"production_variants.0.enable_ssm_access": "yes"},
            ": must be True or False, got 'yes' [OVR3]",
        ),
        (
            {"production_variants.0.initial_variant_weight": True},
            ": must be a number, got True [OVR3]",
        ),
        (
            {"production_variants.enable_ssm_access": True},
            ": must be under an index, as production_variants is a list: "
            "production_variants.0.enable_ssm_access [OVR3]",
        ),
        (
            {"production_variants.1.enable_ssm_access": True},
            ": is inside production_variants, of which there is 1; override production_variants as "
            "a whole [OVR6]",
        ),
        (
            {"production_variants.0.serverless_config.memory_size_in_mb": 1024},
            ": is inside production_variants.0.serverless_config, of which there are none; override "
            "production_variants.0.serverless_config as a whole [OVR6]",
        ),
        (
            {"production_variants.0.routing_config": [{"routing_strategy": 5}]},
            ".0.routing_strategy: must be a string, got 5 [OVR3]",
        ),
        ({"tags": ["a"]}, ": must be a dict of strings, got ['a'] [OVR3]"),
        ({"tags.a.b": 5}, ": must be a string, got 5 [OVR3]"),
        ({"kms_key_arn.x": "y"}, ": must be kms_key_arn itself, which is a string [OVR3]"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_the_provider_does_not_take_is_refused_with_what_to_write(
    attributes: dict[str, Any], says: str, synthesize: Synthesize
) -> None:
    assert wrong(synthesize, of=attributes) == says


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("name", "find it by this name"),
        ("name_prefix", "Inferform gives names"),
        ("production_variants.0.variant_name", "find it by this name"),
        ("production_variants.0.model_name", "find it by this name"),
        ("kms_key_arn", "refers to another resource"),
        ("region", "one Region"),
        ("lifecycle.create_before_destroy", "what is replaced, ignored and protected"),
        ("count", "makes each resource once"),
        ("id", "Terraform gives it"),
    ],
)
def test_what_inferform_must_own_is_refused_with_the_reason(
    path: str, reason: str, synthesize: Synthesize
) -> None:
    said = wrong(synthesize, of={path: "other"})
    assert "cannot be overridden: " in said
    assert reason in said


def test_a_document_and_what_autoscaling_sets_are_refused(synthesize: Synthesize) -> None:
    from tests.modules.test_ecs_layer import environment, service

    scaled = service(
        scaling=Scaling(
            max_capacity=4, policies=[TargetTracking(metric=CpuUtilization(percent=60))]
        ),
        overrides={
            "task-definition": {"container_definitions": "[]"},
            "service": {"desired_count": 4},
        },
    )
    said = problems(environment(scaled), synthesize)
    assert len(said) == 2
    assert "a document that Inferform writes as a whole" in said[0]
    assert "Terraform ignores it here" in said[1]


def test_an_override_inside_of_another_one_is_refused(synthesize: Synthesize) -> None:
    asked = {
        "production_variants.0.routing_config": [{"routing_strategy": "RANDOM"}],
        "production_variants.0.routing_config.0.routing_strategy": "RANDOM",
    }
    spec = fraud(
        host=Host(routing_strategy="LEAST_OUTSTANDING_REQUESTS"), overrides={"configuration": asked}
    )
    (said,) = problems(around(spec), synthesize)
    assert "production_variants.0.routing_config is overridden as a whole; write it there" in said


def test_every_problem_of_every_spec_is_told_at_once(synthesize: Synthesize) -> None:
    said = problems(
        around(
            fraud(overrides={"configuratoin": {"tags": {}}, "endpoint": {"tagss": {}}}),
            network=Network(cidr="10.0.0.0/16", overrides={"vpc": {"cidr_blok": "x"}}),
            registry=Registry(
                repositories={"fraud": Repository(overrides={"repository": {"name": "x"}})}
            ),
        ),
        synthesize,
    )
    assert [each.partition(":")[0] for each in said] == [
        "network.overrides.vpc.cidr_blok",
        "registry.repositories.fraud.overrides.repository.name",
        "inference.endpoints.fraud.overrides.configuratoin",
        "inference.endpoints.fraud.overrides.endpoint.tagss",
    ]
    assert "; did you mean configuration; its resources are logs, execution/role" in said[2]


def test_the_program_reports_overrides_as_it_reports_specs(tmp_path: Path) -> None:
    folder = tmp_path / "environments"
    folder.mkdir()
    (folder / "dev.py").write_text(
        "from inferform import Context, Environment, Network\n"
        'context = Context(organization="acme", stage="dev", account="111122223333", '
        'region="us-east-1", owner="ml")\n'
        'dev = Environment(context=context, network=Network(cidr="10.0.0.0/16", '
        'overrides={"vpc": {"cidr_blok": "x"}}))\n',
        encoding="utf-8",
    )
    done = run_main("--environments", str(folder), "--outdir", str(tmp_path / "out"))
    assert done.returncode == 2
    assert done.stderr.startswith(
        "dev-use1: 1 problem\n  network.overrides.vpc.cidr_blok: is not an attribute of aws_vpc; "
        "did you mean cidr_block [OVR2]\n"
    )
    assert [*(tmp_path / "out").glob("stacks/*")] == []


@pytest.mark.parametrize(
    "value", [{"tags": object()}, {"tags": float("nan")}, {"": 1}, {"a..b": 1}, {"a": {1: 2}}]
)
def test_an_override_is_plain_data_at_the_path_of_an_attribute(value: Any) -> None:
    with pytest.raises(SpecError, match="OVR5"):
        fraud(overrides={"configuration": value})


def test_what_a_spec_does_not_make_has_no_overrides(synthesize: Synthesize) -> None:
    (said,) = problems(around(fraud(overrides={"models/shadow/model": {"tags": {}}})), synthesize)
    assert "is not a resource of RealtimeEndpoint" in said
    shadowed = fraud(
        shadow=Shadow(model=MODEL, instance_type="ml.m5.large"),
        overrides={"models/*/model": {"tags": {"a": "b"}}},
    )
    models = synthesize(around(shadowed))["dev-use1-inference"]["resource"]["aws_sagemaker_model"]
    assert [model["tags"] for model in models.values()] == [{"a": "b"}] * 2


def test_a_construct_alone_raises_what_is_wrong() -> None:
    from inferform.cdk import App, TerraformStack
    from inferform.ecr.construct import ImageRepository

    stack = TerraformStack(App(), "alone")
    with pytest.raises(SpecError, match="repositry: is not a resource of Repository; did you mean"):
        ImageRepository(
            stack,
            "fraud",
            context=CONTEXT,
            spec=Repository(overrides={"repositry": {"tags": {}}}),
            kms_key_arn="arn:aws:kms:us-east-1:111122223333:key/k",
        )


def test_overrides_of_one_s_own_resources_are_checked_likewise() -> None:
    from inferform.cdk import App, Construct, TerraformStack

    from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue

    class Queued(Overridable):
        """A team's own Spec."""

    scope = Construct(TerraformStack(App(), "alone"), "mine")
    queue = SqsQueue(Construct(scope, "in"), "queue", name="mine")
    assert elements(scope) == {"in/queue": queue}
    override(Queued(overrides={"in/queue": {"delay_seconds": 5}}), scope)
    (made,) = queue.to_terraform()["resource"]["aws_sqs_queue"].values()
    assert made["delay_seconds"] == 5
    with pytest.raises(SpecError, match="must be a number, got 'x'"):
        override(Queued(overrides={"in/queue": {"delay_seconds": "x"}}), scope)


def test_overrides_are_listed_with_where_they_stand() -> None:
    environment = around(
        fraud(overrides={"models/*/model": {"tags": {"a": "b"}}}),
        network=Network(cidr="10.0.0.0/16", overrides={"vpc": {"instance_tenancy": "dedicated"}}),
    )
    assert [
        (each.spec, each.role, each.attribute, each.shown) for each in overrides(environment)
    ] == [
        ("network", "vpc", "instance_tenancy", '"dedicated"'),
        ("inference.endpoints.fraud", "models/*/model", "tags", '{"a": "b"}'),
    ]


@pytest.mark.parametrize("overridden", [{}, {"vpc": {"instance_tenancy": "dedicated"}}])
def test_the_command_prints_them_or_says_that_there_are_none(
    overridden: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Network(cidr="10.0.0.0/16", overrides=overridden)
    monkeypatch.setattr(command, "environment", lambda _: around(fraud(), network=network))
    answer = CliRunner().invoke(app, ["overrides", "dev"])
    assert answer.exit_code == 0, answer.output
    if overridden:
        assert re.search(r'network +vpc +instance_tenancy +"dedicated"', answer.output)
    else:
        assert answer.output == "nothing is overridden\n"


def test_a_serverless_endpoint_is_overridden_like_any_other(synthesize: Synthesize) -> None:
    spec = ServerlessEndpoint(
        model=MODEL,
        overrides={"configuration": {"production_variants.0.serverless_config.max_concurrency": 7}},
    )
    stack = synthesize(around(spec))["dev-use1-inference"]["resource"]
    (configuration,) = stack[CONFIGURATION].values()
    assert configuration["production_variants"][0]["serverless_config"]["max_concurrency"] == 7


def test_the_policies_of_scaling_belong_to_their_endpoint(synthesize: Synthesize) -> None:
    scaling = Scaling(
        max_capacity=4,
        policies=[TargetTracking(metric=InvocationsPerInstance(invocations_per_minute=600))],
    )
    role, path = (
        "scaling/primary/policies/invocations",
        "target_tracking_scaling_policy_configuration.disable_scale_in",
    )
    stack = synthesize(around(fraud(scaling=scaling, overrides={role: {path: True}})))
    (policy,) = stack["dev-use1-inference"]["resource"]["aws_appautoscaling_policy"].values()
    assert policy["target_tracking_scaling_policy_configuration"]["disable_scale_in"] is True


def test_the_example_of_the_document_is_taken(synthesize: Synthesize) -> None:
    text = (ROOT / "docs/overrides.md").read_text("utf-8")
    (block,) = re.findall(r"```python overrides\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {}
    exec(block, names)
    stack = synthesize(around(names["fraud"]))["dev-use1-inference"]["resource"]
    (model,) = stack["aws_sagemaker_model"].values()
    assert model["tags"] == {"data-class": "internal"}
