"""Where a service is written into an environment's file, and when it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from inferform import Model, RealtimeEndpoint, load
from inferform.loading import Loaded
from ops.errors import BadInputError
from ops.pasted import laid_out
from ops.takeover.files import Wanted, edit

KEPT = """
KEPT = {
    "network": NetworkOutputs(
        vpc_id="vpc-1", vpc_cidr="10.0.0.0/16", private_subnet_ids=["subnet-1", "subnet-2"],
        public_subnet_ids=[], s3_prefix_list_id="pl-1",
    ),
    "registry": RegistryOutputs(
        kms_key_arn="arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        artifact_bucket="acme-artifacts",
    ),
}

def context(stage):
    return Context(
        organization="acme", stage=stage, account="111122223333", region="us-east-1", owner="ml"
    )

def endpoint(version):
    image = f"111122223333.dkr.ecr.us-east-1.amazonaws.com/{version}"
    return RealtimeEndpoint(model=Model(image=image), instance_type="ml.m5.large")
"""
IMPORT = "from inferform import Context, Environment, Inference, Model, NetworkOutputs, RealtimeEndpoint, RegistryOutputs"
IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1"
SPEC = RealtimeEndpoint(
    model=Model(image=IMAGE), instance_type="ml.c5.xlarge", variant="AllTraffic", vpc=False
)
IMPORTS = {"inference": {"aws_sagemaker_endpoint.x_1": "Fraud-1"}}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "environments" / "dev.py"


def loaded(written: Path, text: str, imports: str = IMPORT) -> Loaded:
    written.parent.mkdir(exist_ok=True)
    written.write_text(f"{imports}\n{KEPT}\n{text}\n", encoding="utf-8")
    return load(written.parent)


def wanted(**more: object) -> Wanted:
    return Wanted("fraud", "Fraud-1", SPEC, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        'dev = Environment(context=context("dev"), **KEPT)',
        'dev = Environment(context=context("dev"), inference=Inference(), **KEPT)',
        'dev = Environment(\n    context=context("dev"),\n    **KEPT,\n    inference=Inference(\n'
        '        endpoints={\n            "a": endpoint("a:1"),\n        },\n    ),\n)',
        'dev = Environment(context=context("dev"), **KEPT, inference=Inference(endpoints={n: endpoint(v)'
        ' for n, v in (("a", "a:1"), ("b", "b:1"))}))',
        'other = Environment(context=context("prod"), **KEPT)\n'
        'dev = Environment(context=context("dev"), **KEPT)',
        'c = context("dev").naming_endpoints({"a": "A"})\n'
        'dev = Environment(context=c.naming_endpoints({"a": "A"}), **KEPT,\n'
        '    imported={"inference": {"aws_lb.x": "y"}}, inference=Inference(endpoints={"a": endpoint("a:1")}))',
    ],
)
def test_a_service_is_written_beside_what_is_there(written: Path, text: str) -> None:
    before = loaded(written, text)
    found = edit(before, "dev-use1", wanted(), IMPORTS)
    found.make()
    after = load(written.parent).environments
    dev, was = after["dev-use1"], before.environments["dev-use1"]
    assert dev.context.endpoint("fraud") == "Fraud-1"
    assert dev.groups[""].endpoints["fraud"] == SPEC
    assert dev.imported["inference"]["aws_sagemaker_endpoint.x_1"] == "Fraud-1"
    held = was.groups[""].endpoints if was.inference else {}
    assert {**dev.groups[""].endpoints, **held} == dev.groups[""].endpoints
    assert was.imported.get("inference", {}).items() <= dev.imported["inference"].items()
    assert {key: each for key, each in after.items() if key != "dev-use1"} == {
        key: each for key, each in before.environments.items() if key != "dev-use1"
    }


def test_a_service_comes_into_the_group_that_is_named(written: Path) -> None:
    text = (
        'dev = Environment(context=context("dev"), **KEPT, inference={\n'
        '    "risk": Inference(endpoints={"a": endpoint("a:1")}), "ads": Inference()})'
    )
    found = edit(loaded(written, text), "dev-use1", wanted(group="ads"), {})
    found.make()
    groups = load(written.parent).environments["dev-use1"].groups
    assert [*groups["ads"].endpoints] == ["fraud"]
    assert [*groups["risk"].endpoints] == ["a"]


def test_only_imports_are_added_for_a_service_that_stands(written: Path) -> None:
    text = (
        'dev = Environment(context=context("dev").naming_endpoints({"fraud": "Fraud-1"}), **KEPT,\n'
        '    inference=Inference(endpoints={"fraud": endpoint("fraud:1")}))'
    )
    found = edit(loaded(written, text), "dev-use1", wanted(stands=True), IMPORTS)
    added = [
        line for line in found.diff.splitlines() if line.startswith("+") and "imported" in line
    ]
    assert len(added) == 1


def test_a_name_that_the_template_makes_is_not_written(written: Path) -> None:
    before = loaded(written, 'dev = Environment(context=context("dev"), **KEPT)')
    plain = Wanted("fraud", "acme-dev-use1-fraud", SPEC)
    assert "naming" not in edit(before, "dev-use1", plain, {}).diff


def test_names_are_imported_once_and_in_order(written: Path) -> None:
    few = IMPORT.replace(", RealtimeEndpoint", "").replace("Model, ", "")
    text = 'dev = Environment(context=context("dev"), **KEPT)'
    found = edit(loaded(written, text, few), "dev-use1", wanted(), {})
    assert "    Model,\n    NetworkOutputs,\n    RealtimeEndpoint,\n" in found.after
    assert found.after.count("from inferform import") == 1
    star = edit(loaded(written, text, "from inferform import *"), "dev-use1", wanted(), {})
    assert star.after.startswith("from inferform import *\n")


def test_a_file_that_makes_its_environment_elsewhere_is_not_edited(written: Path) -> None:
    text = (
        "def made(stage):\n    return Environment(context=context(stage), **KEPT)\n\n"
        'dev, prod = made("dev"), made("prod")'
    )
    before = loaded(written, text)
    with pytest.raises(BadInputError) as caught:
        edit(before, "dev-use1", wanted(), IMPORTS)
    assert "dev.py cannot be edited safely: " in str(caught.value)
    assert '"fraud": RealtimeEndpoint(' in str(caught.value)
    assert written.read_text("utf-8") == before.files["dev-use1"].read_text("utf-8")


def test_what_is_laid_out_is_what_was_written() -> None:
    text = laid_out(SPEC, 4)
    assert "\n" in text
    assert eval(text, {"RealtimeEndpoint": RealtimeEndpoint, "Model": Model}) == SPEC
    assert all(len(line) <= 100 for line in text.splitlines())
