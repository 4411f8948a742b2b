"""What a team adds: resources, layers and kinds of its own, as they are synthesized."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inferform import (
    ConfigurationError,
    Context,
    Environment,
    Inference,
    Model,
    Network,
    NetworkOutputs,
    Outputs,
    RealtimeEndpoint,
    Registry,
    RegistryOutputs,
    SpecError,
)
from inferform.iam.policy import allow
from inferform.layers.built import Built
from inferform.own import OwnService, OwnSurroundings
from ops.errors import BadInputError
from ops.kinds import add_own, forget_own, kinds, known
from ops.kinds.record import Not
from tests.conftest import ROOT
from tests.modules.test_layers import Synthesize

pytestmark = pytest.mark.long

CONTEXT = Context(
    organization="acme",
    stage="dev",
    account="111122223333",
    region="us-east-1",
    owner="ml",
    permissions_boundary="inferform-boundary",
)
MODEL = Model(
    image="111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1", artifact="fraud/1/model.tar.gz"
)
THEIRS = NetworkOutputs(
    vpc_id="vpc-1a2b3c4d",
    vpc_cidr="10.9.0.0/16",
    private_subnet_ids=["subnet-1a2b3c4d"],
    public_subnet_ids=[],
    s3_prefix_list_id="pl-1a2b3c4d",
)


def environment(*extend: Callable[[Built], None], **fields: Any) -> Environment:
    fraud = RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large")
    given = {
        "network": THEIRS,
        "registry": Registry(),
        "inference": Inference(endpoints={"fraud": fraud}),
    }
    return Environment(context=CONTEXT, extend=extend, **{**given, **fields})


def blocks(name: str) -> dict[str, Any]:
    """What a block of docs/extending.md defines."""
    text = (ROOT / "docs/extending.md").read_text("utf-8")
    (block,) = re.findall(rf"```python {name}\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {"__name__": "team"}
    exec(block, names)
    return names


def test_a_resource_of_a_team_s_own_stands_beside_those_of_a_layer(synthesize: Synthesize) -> None:
    plain = synthesize(environment())["dev-use1-inference"]["resource"]
    made = synthesize(environment(blocks("features")["features"]))["dev-use1-inference"]["resource"]
    (table,) = made["aws_dynamodb_table"].values()
    assert table["name"] == "acme-dev-use1-features"
    added = {key: made["aws_iam_role_policy"][key] for key in made["aws_iam_role_policy"]}
    for key in plain["aws_iam_role_policy"]:
        assert added.pop(key) == plain["aws_iam_role_policy"][key]
    (policy,) = added.values()
    assert policy["name"] == "features"
    assert "${aws_dynamodb_table.features.arn}" in policy["policy"]
    rest = {kind for kind in plain if made[kind] != plain[kind]}
    assert rest == {"aws_iam_role_policy"}


def test_a_layer_of_a_team_s_own_reads_from_those_below_and_has_their_boundary(
    synthesize: Synthesize,
) -> None:
    from inferform.cdk import TerraformStack

    @dataclass(frozen=True, slots=True, kw_only=True)
    class ReportOutputs(Outputs):
        role: str

    def extend(built: Built) -> None:
        from cdktf_cdktf_provider_aws.iam_role import IamRole

        layer = built.add_layer("reports", stands_on=["inference"])
        registry = built.outputs("registry", RegistryOutputs, layer)
        assert built.outputs("network", NetworkOutputs, layer) is THEIRS
        assert built.layer("reports") is layer
        assert isinstance(layer, TerraformStack)
        role = IamRole(layer, "runs-as", name="reports", assume_role_policy=registry.kms_key_arn)
        layer.hand_up(ReportOutputs(role=role.name))

    stack = synthesize(environment(extend))["dev-use1-reports"]
    assert stack["//"]["metadata"]["inferform"] == {"environment": "dev-use1", "layer": "reports"}
    assert list(stack["data"]["terraform_remote_state"]) == ["registry"]
    (role,) = stack["resource"]["aws_iam_role"].values()
    assert role["permissions_boundary"].endswith(":policy/inferform-boundary")
    assert role["path"] == "/inferform/"
    assert stack["output"]["role"]["value"] == "${aws_iam_role.runs-as.name}"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Reports_1", r"must be lower-case .*NAME1"),
        ("reports", "reports is a layer of dev-use1 already"),
        ("inference", "inference is a layer of dev-use1 already"),
        ("network", "network is a layer of dev-use1 already"),
    ],
)
def test_a_layer_has_a_name_of_its_own(synthesize: Synthesize, name: str, says: str) -> None:
    def extend(built: Built) -> None:
        built.add_layer("reports")
        built.add_layer(name)

    with pytest.raises(ValueError, match=says):
        synthesize(environment(extend))


def test_a_layer_is_deployed_after_those_that_it_reads_from(tmp_path: Path) -> None:
    from inferform.layers import program
    from ops.terraform import stacks

    def extend(built: Built) -> None:
        layer = built.add_layer("reports", stands_on=["inference"])
        built.outputs("registry", RegistryOutputs, layer)

    program.synthesize([environment(extend)], outdir=tmp_path)
    made = {stack.name: set(stack.dependencies) for stack in stacks(tmp_path)}
    assert made["dev-use1-reports"] == {"dev-use1-inference", "dev-use1-registry"}


def test_what_the_bindings_refuse_is_said_of_the_extension_too(synthesize: Synthesize) -> None:
    def features(built: Built) -> None:
        built.layer("inference")

    def twice(built: Built) -> None:
        from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue

        for _ in range(2):
            SqsQueue(built.inference, "queue", name="mine")

    with pytest.raises(ConfigurationError) as got:
        synthesize(environment(features, twice))
    (problem,) = got.value.problems
    assert str(problem).startswith("extend.1: ends with RuntimeError: There is already a Construct")
    assert "'queue'" in problem.text
    assert problem.text.endswith("twice")
    line = twice.__code__.co_firstlineno + 4
    assert (problem.rule, problem.at) == ("ENV13", f"test_extending.py:{line}")


def test_a_spec_that_is_wrong_in_an_extension_has_its_own_problem(synthesize: Synthesize) -> None:
    def wrong(built: Built) -> None:
        given: dict[str, Any] = {"model": MODEL, "instance_type": "ml.m5.large", "variants": 3}
        RealtimeEndpoint(**given)

    with pytest.raises(ConfigurationError) as got:
        synthesize(environment(wrong))
    (problem,) = got.value.problems
    assert (problem.where, problem.rule) == ("extend.0.variants", "SPEC1")


def test_an_extension_that_fails_names_itself_and_the_environment(synthesize: Synthesize) -> None:
    def wants_more(built: Built) -> None:
        built.layer("registri")

    with pytest.raises(ConfigurationError, match="no layer registri; did you mean registry") as got:
        synthesize(environment(wants_more))
    (problem,) = got.value.problems
    assert problem.at == f"test_extending.py:{wants_more.__code__.co_firstlineno + 1}"
    assert problem.text.endswith("wants_more")
    with pytest.raises(ValueError, match="deploys no layer network"):
        synthesize(environment(lambda built: print(built.network)))


@pytest.mark.parametrize("layer", ["network", "registry", "inference"])
def test_each_layer_is_handed_out_as_what_it_is(layer: str, synthesize: Synthesize) -> None:
    seen: list[Any] = []
    made = environment(
        lambda built: seen.append(getattr(built, layer)), network=Network(cidr="10.0.0.0/16")
    )
    synthesize(made)
    assert type(seen[0]).__name__.lower() == f"{layer}layer"
    assert seen[0].layer == layer


class Queue(OwnService):
    """A service of the test's own."""

    delay_seconds: int = 0

    def build(self, scope: Any, name: str, surroundings: OwnSurroundings) -> None:
        from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue

        SqsQueue(
            scope,
            "queue",
            name=surroundings.context.name(name),
            delay_seconds=self.delay_seconds,
            kms_master_key_id=surroundings.registry.kms_key_arn,
        )


def test_a_kind_of_a_team_s_own_is_a_service_of_the_environment(synthesize: Synthesize) -> None:
    queue = Queue(delay_seconds=3, overrides={"queue": {"max_message_size": 2048}})
    asked = environment(inference=Inference(own={"jobs": queue}))
    assert [(each.full_name, each.place.layer) for each in asked.deployed] == [
        ("own/jobs", "inference")
    ]
    (made,) = synthesize(asked)["dev-use1-inference"]["resource"]["aws_sqs_queue"].values()
    assert made["name"] == "acme-dev-use1-jobs"
    assert (made["delay_seconds"], made["max_message_size"]) == (3, 2048)


def test_what_is_no_service_of_one_s_own_is_refused() -> None:
    other: Any = RealtimeEndpoint(model=MODEL, instance_type="ml.m5.large")
    with pytest.raises(SpecError, match="must be an OwnService"):
        Inference(own={"jobs": other})
    with pytest.raises(SpecError, match="must be a function"):
        environment("features")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="must be the path of a Python module"):
        environment(kinds=["team/kinds.py"])


def test_the_documents_blocks_are_taken() -> None:
    assert list(blocks("kind")["inference"].own) == ["rerank"]
    rule = blocks("rules")["no_gpu"]
    gpu = RealtimeEndpoint(model=MODEL, instance_type="ml.g5.xlarge")
    with pytest.raises(SpecError, match="TEAM9"):
        environment(inference=Inference(endpoints={"fraud": gpu}), rules=[rule])


def test_records_that_do_not_import_or_are_none_are_said(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"the records nowhere\.kinds of Environment\.kinds do"):
        add_own(["nowhere.kinds"], tmp_path)
    (tmp_path / "empty_kinds_of_a_test.py").write_text("", encoding="utf-8")
    with pytest.raises(BadInputError, match="has neither records nor rules"):
        add_own(["empty_kinds_of_a_test"], tmp_path)


OWN_ENDPOINT = (
    "from ops.kinds.reasons import part\n"
    'KINDS = (part("aws_sagemaker_endpoint", "our endpoint", "y", "z"),)\n'
)


def test_a_team_s_record_of_a_type_that_inferform_knows_hides_no_risk(tmp_path: Path) -> None:
    """A release of Inferform's may bring a type that a team has a record of."""
    brought = kinds()["aws_sagemaker_endpoint"]
    (tmp_path / "second_kinds_of_a_test.py").write_text(OWN_ENDPOINT, encoding="utf-8")
    try:
        add_own(["second_kinds_of_a_test"], tmp_path)
        own = kinds()["aws_sagemaker_endpoint"]
        assert own.words == "our endpoint"
        assert own.outage is True
        assert (own.risks, own.settings) == (brought.risks, brought.settings)
        assert own.verify is brought.verify
        (tmp_path / "third_kinds_of_a_test.py").write_text(OWN_ENDPOINT, encoding="utf-8")
        with pytest.raises(ValueError, match="aws_sagemaker_endpoint has two records"):
            add_own(["third_kinds_of_a_test"], tmp_path)
    finally:
        forget_own()
    assert kinds()["aws_sagemaker_endpoint"] is brought


def test_what_a_team_knows_of_a_foreign_type_adds_risks_to_inferform_s_record(
    tmp_path: Path,
) -> None:
    text = (
        "from ops.kinds.record import Foreign, risk\n"
        "from ops.told import RiskRule, Severity\n"
        '@risk(RiskRule("TEAMTEST9", Severity.LOW, "a risk", "an advice"))\n'
        "def found(plan, change):\n"
        "    yield 'is found'\n"
        'FOREIGN = (Foreign("aws_sagemaker_endpoint", "x", risks=(found,)),)\n'
    )
    brought = kinds()["aws_sagemaker_endpoint"]
    (tmp_path / "fourth_kinds_of_a_test.py").write_text(text, encoding="utf-8")
    try:
        add_own(["fourth_kinds_of_a_test"], tmp_path)
        joined = known()["aws_sagemaker_endpoint"]
        assert joined.words == brought.words
        assert not isinstance(joined.risks, Not)
        assert [check.rule.id for check in joined.risks][-1] == "TEAMTEST9"
        assert len(joined.risks) == len(brought.risks) + 1  # type: ignore[arg-type]
    finally:
        forget_own()


def test_a_policy_of_a_team_s_own_is_attached_to_the_role_of_the_service(
    synthesize: Synthesize,
) -> None:
    def extend(built: Built) -> None:
        role = built.inference.endpoints["fraud"].role
        role.allow("more", allow("s3:GetObject", "arn:aws:s3:::more/*", sid="ReadMore"))

    made = synthesize(environment(extend))["dev-use1-inference"]["resource"]
    (role_address,) = made["aws_iam_role"]
    more = [each for each in made["aws_iam_role_policy"].values() if each["name"] == "more"]
    assert [each["role"] for each in more] == [f"${{aws_iam_role.{role_address}.id}}"]
