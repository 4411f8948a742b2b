"""Planning in order, and plans that are bound to what they were made from."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from threading import Lock
from time import sleep
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.advice import lacking
from ops.cli import app
from ops.errors import BadInputError, OperatorError
from ops.plan import read_plan
from ops.program import Program, Stacks
from ops.review import bound
from ops.review.apply import apply
from ops.review.building import build
from ops.review.planning import Planning, levels
from ops.review.renderers import FORMATS
from ops.review.report import StackReport, stack_report
from ops.review.reviewing import noted
from ops.review.source import NO_SOURCE, Source, source_of
from ops.terraform import LOCK_FILE, ROOT, Stack

from .plans import PLANS, plan_of

pytestmark = pytest.mark.long

KEY = "test-use1"
ENVIRONMENT = """
from inferform import (
    Context, Environment, Image, Inference, Model, NetworkOutputs, RealtimeEndpoint, Registry,
    Repository,
)

test = Environment(
    context=Context(
        organization="review",
        stage="test",
        account="123456789012",
        region="us-east-1",
        owner="ml-platform",
    ),
    network=NetworkOutputs(
        vpc_id="vpc-0123456789abcdef0",
        vpc_cidr="10.0.0.0/16",
        private_subnet_ids=["subnet-0123456789abcdef0"],
        public_subnet_ids=[],
        s3_prefix_list_id="pl-0123456789abcdef0",
    ),
    registry=Registry(repositories={"fraud": Repository()}),
    inference=Inference(
        endpoints={
            "fraud": RealtimeEndpoint(
                model=Model(image=Image(repository="fraud", tag="1.4.2")),
                instance_type="ml.m5.large",
            ),
        },
    ),
)
"""


def test_a_read_only_review_plans_with_the_plan_role(tmp_path: Path) -> None:
    folder = tmp_path / "environments"
    folder.mkdir()
    roles = 'owner="ml-platform", deploy_role="deploys", plan_role="plans",'
    text = ENVIRONMENT.replace('owner="ml-platform",', roles)
    (folder / "test.py").write_text(text, encoding="utf-8")
    program = Program(environments=folder, outdir=tmp_path / "out", work=tmp_path / "work")
    made = program.to_plan("review").synthesize().stacks
    assert made
    for stack in made:
        content = json.loads((stack.folder / "cdk.tf.json").read_text("utf-8"))
        (provider,) = content["provider"]["aws"]
        assert provider["assume_role"][0]["role_arn"].endswith(":role/plans")
        assert stack.backend["assume_role"]["role_arn"].endswith(":role/plans")


NOW = source_of(ROOT)


def _record(tmp_path: Path, **changes: Any) -> Path:
    saved = tmp_path / "dev-use1-network.tfplan"
    saved.write_bytes(b"plan")
    values = {
        "version": bound.VERSION,
        "stack": "dev-use1-network",
        "environment": "dev-use1",
        "layer": "network",
        "account": "111122223333",
        "region": "us-east-1",
        "target": "aws",
        "source": asdict(NOW),
        "synthesized": "a",
        "lock_file": "b",
        "plan": bound.digest(saved),
        "state": {"lineage": "l", "serial": 3},
        "below": {"dev-use1-identity": {"lineage": "i", "serial": 1}},
        "made": "2026-01-01T00:00:00+00:00",
        **changes,
    }
    bound.record_path(saved).write_text(json.dumps(values), encoding="utf-8")
    return saved


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another commit": (
        {"source": asdict(Source("f" * 40))},
        "was made from commit ffffffffffff, but",
    ),
    "no commit": (
        {"source": asdict(Source(unknown="not a git repository"))},
        r"was made from no commit \(not a git repository\), but",
    ),
    "another target": ({"target": "emulator"}, "is a plan for emulator, not for aws"),
    "another content": ({"plan": "0"}, "is not the plan that was reviewed"),
    "another account": ({"account": "999988887777"}, "is a plan for account 999988887777"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_plan_of_something_else_is_refused(case: str, tmp_path: Path) -> None:
    changes, says = REFUSED[case]
    with pytest.raises(OperatorError, match=says):
        apply(_record(tmp_path, **changes), Program(), uncommitted=True)


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    saved = _record(tmp_path)
    record = bound.read_record(saved)
    bound.write_record(saved, record)
    assert bound.read_record(saved) == record


DAMAGED: dict[str, tuple[Callable[[Path], object], str]] = {
    "no record": (lambda saved: bound.record_path(saved).unlink(), "has no record of what"),
    "not JSON": (lambda saved: bound.record_path(saved).write_text("{"), "is damaged: Expecting"),
    "another version": (
        lambda saved: bound.record_path(saved).write_text('{"state": null}'),
        "was made by another version",
    ),
    "a field too few": (
        lambda saved: bound.record_path(saved).write_text(
            json.dumps({"version": bound.VERSION, "source": {}, "state": None, "below": {}})
        ),
        "is damaged: 'commit'",
    ),
    "a list": (lambda saved: bound.record_path(saved).write_text("[]"), "is damaged: 'list'"),
    "no plan": (lambda saved: saved.unlink(), "there is no plan"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_plan_without_its_record_is_refused(case: str, tmp_path: Path) -> None:
    saved = _record(tmp_path)
    damage, says = DAMAGED[case]
    damage(saved)
    with pytest.raises(BadInputError, match=says):
        apply(saved, Program())


def test_stacks_are_planned_by_levels(tmp_path: Path) -> None:
    four = [
        Stack("a", tmp_path, ()),
        Stack("b", tmp_path, ()),
        Stack("c", tmp_path, ("a", "b")),
        Stack("d", tmp_path, ("elsewhere",)),
        Stack("e", tmp_path, ("c",)),
    ]
    assert [[stack.name for stack in level] for level in levels(four)] == [
        ["a", "b", "d"],
        ["c"],
        ["e"],
    ]


class Counting(Planning):
    """Counts how many stacks are planned at once, without Terraform."""

    counting = Lock()
    most = 0

    def _plan(self, stack: Stack, variables: object) -> None:
        with self.counting:
            self.states[stack.name] = None
            self.most = max(self.most, len(self.states) - len(self.plans))
        sleep(0.05)
        with self.counting:
            self.plans[stack.name] = read_plan(plan_of(), stack.name)


@pytest.mark.parametrize("parallelism", [1, 3])
def test_so_many_stacks_are_planned_at_a_time_as_are_asked_for(
    parallelism: int, tmp_path: Path
) -> None:
    made = tuple(Stack(name, tmp_path / name, ()) for name in "abcdef")
    planning = Counting(Stacks(Program(), made, {}), NO_SOURCE, parallelism=parallelism)
    planning.run(made)
    assert len(planning.plans) == 6
    assert planning.most == parallelism


def test_a_stack_over_one_whose_outputs_change_is_noted(tmp_path: Path) -> None:
    lower, upper = Stack("dev-a", tmp_path, ()), Stack("dev-b", tmp_path, ("dev-a",))
    planning = Planning(Stacks(Program(), (), {}), NO_SOURCE)
    planning.reports = {name: StackReport(name, "dev") for name in ("dev-a", "dev-b")}
    outputs = {"vpc_id": {"actions": ["update"], "before": "vpc-1", "after": "vpc-2"}}
    planning.plans = {"dev-a": read_plan(plan_of(output_changes=outputs), "dev-a")}
    assert noted(lower, planning).note == ""
    assert noted(upper, planning).note.startswith("planned with what dev-a hands up now")
    planning.plans = {"dev-a": read_plan(plan_of(output_changes={}), "dev-a")}
    assert noted(upper, planning).note == ""


def test_a_review_names_what_specs_override_and_finds_nothing_to_do_for_it_alone() -> None:
    paths = ["production_variants.0.enable_ssm_access", "tags"]
    address = "aws_sagemaker_endpoint_configuration.fraud"
    report = stack_report(read_plan(plan_of(), "dev"), overrides={address: paths})
    (remark,) = report.remarks
    assert remark.line == (
        f"override {address}: production_variants.0.enable_ssm_access, tags as the Spec overrides it"
    )
    made = build([], stacks=[report])
    assert made.is_empty
    assert remark.line in FORMATS["text"](made)


def run(*arguments: str) -> tuple[int, str]:
    answer = CliRunner().invoke(app, ["review", *arguments])
    return answer.exit_code, str(answer.exception or answer.output)


def test_the_command_renders_files_in_several_formats_at_once(tmp_path: Path) -> None:
    pages, comment = tmp_path / "a" / "review.html", tmp_path / "review.md"
    status, _ = run(
        *("--plan", str(PLANS / "image-change.json"), "--plan", str(PLANS / "bucket-deleted.json")),
        *("--format", "html", "--output", str(pages)),
        *("--format", "markdown", "--output", str(comment)),
    )
    assert status == 0
    assert pages.read_text("utf-8").startswith("<!doctype html>")
    assert "PLAN2" in comment.read_text("utf-8")


def test_a_file_that_is_named_as_a_format_is_written_in_it(tmp_path: Path) -> None:
    names = {"r.html": "<!doctype", "r.md": "<!-- inferform", "r.json": "{", "r.txt": "Plan of"}
    outputs = [part for name in names for part in ("--output", str(tmp_path / name))]
    status, _ = run("--plan", str(PLANS / "image-change.json"), *outputs)
    assert status == 0
    for name, begins in names.items():
        assert (tmp_path / name).read_text("utf-8").startswith(begins)


def test_a_lower_stack_that_was_deployed_in_part_is_named() -> None:
    said = """
Error: Unsupported attribute

  on cdk.tf.json line 957, in resource.aws_lb_listener_rule.rule:
 957:         "listener_arn": "${data.terraform_remote_state.ecs.outputs.listener_arns}",
    ├────────────────
    │ data.terraform_remote_state.ecs.outputs is object with 4 attributes

This object does not have an attribute named "listener_arns".

Error: Invalid index
    │ data.terraform_remote_state.eks.outputs.names is object with no attributes
"""
    assert lacking(said) == ["ecs", "eks"]
    assert lacking("Error: something else") == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "give environments to plan, or plans to read"),
        (["dev-use1", "--plan", "x.json"], "give environments to plan, or plans to read"),
        (["--plan", "missing.json"], "No such file"),
        (["dev-use2"], "did you mean dev-use1"),
        (["--plan", "x.json", "--format", "html", "--format", "json"], "need an --output each"),
        (
            ["--plan", "x.json", "--format", "text", "--output", "a", "--output", "b"],
            "as many --output as --format",
        ),
    ],
)
def test_input_that_cannot_be_used_is_refused(arguments: list[str], says: str) -> None:
    status, text = run(*arguments)
    assert status != 0
    assert says in text


def test_saved_plans_are_never_committed() -> None:
    assert ".inferform/" in (ROOT / ".gitignore").read_text("utf-8").split()


def test_a_plan_that_other_providers_would_apply_is_stale(tmp_path: Path) -> None:
    stack = Stack("dev-use1-network", tmp_path, ())
    code, lock = tmp_path / "cdk.tf.json", tmp_path / LOCK_FILE
    code.write_text("{}", encoding="utf-8")
    lock.write_text('version = "6.21.0"', encoding="utf-8")
    record = replace(
        bound.read_record(_record(tmp_path)),
        synthesized=bound.digest(code),
        lock_file=bound.digest(lock),
    )
    lock.write_text('version = "6.22.0"', encoding="utf-8")
    with pytest.raises(OperatorError, match=r"stale: .*lock\.hcl chooses other providers"):
        bound.check_stack(record, tmp_path / "dev-use1-network.tfplan", stack, [], {})
