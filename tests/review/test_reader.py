"""Reading plans of any project, and refusing what is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.errors import BadInputError
from ops.plan import Action, read_plan
from ops.review.building import build
from ops.review.renderers import FORMATS
from ops.review.report import asked_for_again
from ops.review.values import marks

from .plans import PLANS, changed, plan_of


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"PK\x03\x04binary", "terraform show -json FILE"),
        (b"[]", "no Terraform plan"),
        (b"null", "no Terraform plan"),
        (b'{"resource_changes": []}', "no Terraform plan"),
        (b'{"format_version": "1.2", "values": {}}', "a state"),
        (b'{"format_version": "1.2"}', "no plan"),
        (b'{"format_version": "3.0", "resource_changes": []}', "newer"),
        (b'{"format_version": "1.2", "resource_changes": {"a": 1}}', "not shaped"),
        (b'{"format_version": "1.2", "resource_changes": [{}]}', "not shaped"),
        (b'{"format_version": "1.2", "resource_changes": [1]}', "not shaped"),
        (b"[" * 100_000, "is not JSON"),
    ],
)
def test_what_is_no_plan_is_refused_with_the_way_to_make_one(content: bytes, says: str) -> None:
    with pytest.raises(BadInputError, match=says):
        read_plan(content, "plan.json")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"nothing\.json: No such file"):
        read_plan(tmp_path / "nothing.json")


def test_an_unknown_action_is_refused_and_not_taken_for_nothing() -> None:
    plan = plan_of(changed("aws_vpc.x", ["explode"], {}, {}))
    with pytest.raises(BadInputError, match="unknown action explode"):
        read_plan(plan)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(json_values, json_values, json_values, json_values)
def test_any_shape_is_read_or_refused_but_never_a_traceback(
    before: Any, after: Any, unknown: Any, configuration: Any
) -> None:
    entry = changed("aws_sagemaker_endpoint.x", ["update"], before, after)
    entry["change"]["after_unknown"] = unknown
    content = {
        "format_version": "1.2",
        "resource_changes": [entry],
        "configuration": configuration,
    }
    try:
        plan = read_plan(json.dumps(content))
    except BadInputError:
        return
    assert plan.changes[0].action is Action.UPDATE


def test_moves_imports_and_forgotten_resources_are_told_apart() -> None:
    moved = changed("aws_vpc.new", ["no-op"], {"id": "vpc-1"}, {"id": "vpc-1"})
    moved["previous_address"] = "aws_vpc.old"
    imported = changed("aws_s3_bucket.b", ["no-op"], {"bucket": "b"}, {"bucket": "b"})
    imported["change"]["importing"] = {"id": "b"}
    forgotten = changed("aws_kms_key.k", ["forget"], {"id": "k"}, None)
    read = changed("data.aws_region.r", ["read"], None, {}, mode="data")
    plan = read_plan(plan_of(moved, imported, forgotten, read))
    report = build([plan])
    assert report.counts == {"forget": 1, "move": 1, "import": 1}
    assert [change.address for change in plan.shown] == [
        "aws_vpc.new",
        "aws_s3_bucket.b",
        "aws_kms_key.k",
    ]
    assert "moved from aws_vpc.old" in FORMATS["text"](report)


def test_a_plan_of_another_project_is_rendered_in_every_format() -> None:
    foreign = changed(
        'module.web["a"].google_compute_instance.vm[0]',
        ["delete", "create"],
        {"machine_type": "e2-small"},
        {"machine_type": "e2-large"},
        replace_paths=[["machine_type"]],
    )
    report = build([read_plan(plan_of(foreign), "elsewhere")])
    assert report.counts == {"replace": 1}
    for name, render in FORMATS.items():
        text = render(report)
        assert "google_compute_instance.vm" in text, name
        assert "e2-large" in text or name == "text", name


def test_references_lead_from_an_endpoint_to_its_configuration_before_names_are_known() -> None:
    plan = read_plan(PLANS / "first-creation.json")
    (endpoint,) = plan.of_type("aws_sagemaker_endpoint")
    assert endpoint.is_unknown("endpoint_config_name")
    assert [change.type for change in plan.referred(endpoint, "endpoint_config_name")] == [
        "aws_sagemaker_endpoint_configuration"
    ]


def _policy(*statements: dict[str, str]) -> dict[str, str]:
    return {"policy": json.dumps({"Version": "2012-10-17", "Statement": list(statements)})}


def test_statements_of_policies_are_compared_by_their_ids() -> None:
    read, write = {"Sid": "Read", "Action": "s3:GetObject"}, {"Sid": "Write", "Action": "s3:Put*"}
    less = {**write, "Action": "s3:PutObject"}
    before, after = _policy(write), _policy(read, less)
    plan = read_plan(plan_of(changed("aws_iam_policy.p", ["update"], before, after)))
    assert [difference.path for difference in plan.changes[0].differences] == [
        "policy.Statement.Read.Action",
        "policy.Statement.Read.Sid",
        "policy.Statement.Write.Action",
    ]


def test_statements_without_ids_of_their_own_are_compared_by_their_places() -> None:
    twice = {"Sid": "Read", "Action": "s3:GetObject"}
    before, after = _policy(twice, twice), _policy(twice, {**twice, "Action": "s3:PutObject"})
    plan = read_plan(plan_of(changed("aws_iam_policy.p", ["update"], before, after)))
    [difference] = plan.changes[0].differences
    assert difference.path == "policy.Statement.1.Action"


def test_only_drift_that_the_plan_puts_back_is_told() -> None:
    drift = [
        changed("aws_vpc.put_back", ["update"], {"tags": {"a": "1"}}, {"tags": {}}),
        changed("aws_vpc.filled_in", ["update"], {"arn": ""}, {"arn": "arn:aws:ec2"}),
        changed("aws_vpc.another", ["update"], {"tags": {}}, {"tags": {"b": "1"}}),
        changed("aws_vpc.gone", ["delete"], {"id": "vpc-1"}, None),
        changed("aws_vpc.goes", ["update"], {"tags": {}}, {"tags": {"b": "1"}}),
    ]
    plan = plan_of(
        changed("aws_vpc.put_back", ["update"], {"tags": {}}, {"tags": {"a": "1"}}),
        changed("aws_vpc.filled_in", ["no-op"], {"arn": "x"}, {"arn": "x"}),
        changed("aws_vpc.another", ["update"], {"cidr": "a"}, {"cidr": "b"}),
        changed("aws_vpc.gone", ["create"], None, {"cidr": "a"}),
        changed("aws_vpc.goes", ["delete"], {"tags": {"b": "1"}}, None),
        resource_drift=drift,
    )
    report = build([read_plan(plan, "network")])
    assert [change.address for change in report.stacks[0].drifted] == [
        "aws_vpc.put_back",
        "aws_vpc.gone",
    ]
    for name in ("markdown", "text", "html"):
        text = FORMATS[name](report)
        assert "changed outside of Terraform" in text
        assert "filled" not in text


def _providers(**providers: dict[str, Any]) -> str:
    return plan_of(configuration={"provider_config": providers})


def _aws(region: str, **more: Any) -> dict[str, Any]:
    return {"name": "aws", "expressions": {"region": {"constant_value": region}}, **more}


def test_the_region_is_that_of_the_provider_without_an_alias() -> None:
    plan = read_plan(
        _providers(
            other=_aws("eu-west-1", name="other"),
            second=_aws("us-west-2", alias="second"),
            aws=_aws("us-east-1"),
        )
    )
    assert plan.region == "us-east-1"
    assert read_plan(_providers(second=_aws("us-west-2", alias="second"))).region == ""
    arn = {"arn": "arn:aws:s3:eu-west-3:111122223333:x"}
    assert read_plan(plan_of(changed("aws_x.y", ["no-op"], arn, arn))).region == "eu-west-3"


def test_the_accounts_of_providers_are_those_they_allow_and_whose_role_they_assume() -> None:
    def accounts(**given: Any) -> frozenset[str]:
        provider = {"name": "aws", "expressions": given}
        return read_plan(_providers(aws=provider)).accounts

    role = "arn:aws:iam::999988887777:role/x"
    assert accounts(allowed_account_ids={"constant_value": ["111122223333"]}) == {"111122223333"}
    assert accounts(assume_role=[{"role_arn": {"constant_value": role}}]) == {"999988887777"}
    assert accounts(assume_role=[{"role_arn": {"constant_value": "x"}}]) == frozenset()


def test_only_what_was_moved_says_from_where() -> None:
    entry = changed("aws_x.y", ["update"], {"a": 1}, {"a": 2})
    (stayed,) = read_plan(plan_of(entry)).changes
    assert marks(stayed) == ""
    assert not stayed.generated
    assert not stayed.new_identity
    (moved,) = read_plan(plan_of({**entry, "previous_address": "aws_x.z"})).changes
    assert marks(moved) == "moved from aws_x.z"
    (replaced,) = read_plan(
        plan_of(changed("aws_x.y", ["create", "delete"], {"a": 1}, {"a": 2}))
    ).changes
    assert marks(replaced) == "new one first"


def test_only_a_name_that_an_old_copy_still_has_is_asked_for_again() -> None:
    old = {**changed("aws_x.y", ["delete"], {"name": "a"}, None), "deposed": "8a3d1c2b"}

    def again(name: str, address: str = "aws_x.y") -> list[str]:
        made = changed(address, ["create"], None, {"name": name})
        return list(asked_for_again(read_plan(plan_of(old, made))))

    assert again("a") == ["a"]
    assert again("b") == []
    assert again("a", "aws_x.z") == []


def test_a_name_that_a_tainted_resource_has_is_asked_for_again() -> None:
    def again(*actions: str, name: str = "a", reason: str = "replace_because_tainted") -> list[str]:
        made = changed("aws_x.y", [*actions], {"name": "a"}, {"name": name})
        return list(asked_for_again(read_plan(plan_of({**made, "action_reason": reason}))))

    assert again("create", "delete") == ["a"]
    assert again("delete", "create") == []
    assert again("create", "delete", name="b") == []
    assert again("create", "delete", reason="replace_by_request") == []
