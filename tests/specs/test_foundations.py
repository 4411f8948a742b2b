"""Names, addresses, Specs and rules hold for any input."""

from __future__ import annotations

import ast
import inspect
import ipaddress
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferform import RULES, Context, Environment, Model, Network, RealtimeEndpoint, SpecError
from inferform.names import fit, region_code, short_hash
from inferform.places import regions
from inferform.rules import rule
from inferform.s3_uri import bucket_and_key
from inferform_emulator.s3_uri import bucket_and_key as emulated
from tests.conftest import ROOT

WORDS = st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True)


def a_context(**changes: Any) -> Context:
    values: dict[str, Any] = {
        "organization": "acme",
        "stage": "dev",
        "account": "111122223333",
        "region": "us-east-1",
        "owner": "ml",
    }
    return Context(**{**values, **changes})


def test_every_region_has_a_code_of_its_own() -> None:
    codes = {region_code(region) for region in regions()}
    assert len(codes) == len(regions())
    assert all(re.fullmatch(r"[a-z0-9]{4,6}", code) for code in codes)


def test_the_region_table_is_botocores() -> None:
    import botocore.session

    session = botocore.session.get_session()
    partitions = ("aws", "aws-cn", "aws-us-gov")
    known = {r for p in partitions for r in session.get_available_regions("ec2", p)}
    assert regions() == known


@given(st.text("abc-", max_size=90))
def test_a_name_never_exceeds_its_limit(name: str) -> None:
    assert len(fit(name, 63)) <= 63
    assert fit(name, 63) == fit(name, 63)
    if len(name) <= 63:
        assert fit(name, 63) == name


def test_long_names_with_the_same_beginning_stay_distinct() -> None:
    assert fit("a" * 64 + "x", 63) != fit("a" * 64 + "y", 63)


@given(WORDS.filter(lambda word: len(word) <= 32))
def test_every_short_name_gives_legal_aws_names(name: str) -> None:
    context = a_context(organization="o" * 16, stage="s" * 10, region="ap-southeast-1")
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", context.name(name))
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", context.bucket(name))
    assert len(context.state_bucket) <= 63


@given(prefix=st.integers(16, 24), block=st.integers(0, 2**16 - 1), zones=st.integers(1, 3))
def test_subnets_lie_in_the_vpc_and_never_overlap(prefix: int, block: int, zones: int) -> None:
    address = (10 << 24) | (block << 8)
    cidr = str(ipaddress.IPv4Network((address, prefix), strict=False))
    spec = Network(cidr=cidr, availability_zones=zones)
    subnets = [ipaddress.IPv4Network(c) for c in spec.private_cidrs() + spec.public_cidrs()]
    assert len(subnets) == 2 * zones
    assert all(subnet.subnet_of(spec.network) for subnet in subnets)
    assert all(subnet.prefixlen <= 28 for subnet in subnets)
    for index, subnet in enumerate(subnets):
        assert not any(subnet.overlaps(other) for other in subnets[index + 1 :])


def test_adding_a_zone_moves_no_subnet() -> None:
    two = Network(cidr="10.0.0.0/16", availability_zones=2)
    three = Network(cidr="10.0.0.0/16", availability_zones=3)
    assert three.private_cidrs()[:2] == two.private_cidrs()
    assert three.public_cidrs()[:2] == two.public_cidrs()


def test_specs_load_without_cdktf_or_jsii() -> None:
    code = (
        "import sys, modules, environments.dev\n"
        "print([m for m in ('jsii', 'cdktf', 'constructs') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_spec_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        a_context().stage = "prod"  # type: ignore[misc]


def test_replace_checks_the_copy() -> None:
    assert a_context().replace(stage="prod").key == "prod-use1"
    with pytest.raises(SpecError, match="CTX1"):
        a_context().replace(account="1")


def test_outside_environment_files_a_wrong_spec_raises_at_once() -> None:
    with pytest.raises(SpecError, match="RealtimeEndpoint: 1 problem"):
        RealtimeEndpoint(
            model=Model(image="111122223333.dkr.ecr.us-east-1.amazonaws.com/fraud:1"),
            instance_type="ml.nothing",
        )


def test_a_field_that_moved_is_answered_with_its_new_place() -> None:
    from inferform.spec import Spec

    class Oven(Spec):
        former: ClassVar[dict[str, str]] = {"heat": "plate=Plate(heat=...)"}
        size: int

    with pytest.raises(SpecError) as refused:
        Oven(heat=200)  # type: ignore[call-arg]
    told = [str(problem).partition(" (test_")[0] for problem in refused.value.problems]
    assert sorted(told) == [
        "heat: is no field of Oven any more; write plate=Plate(heat=...) [SPEC7]",
        "size: is required by Oven [SPEC2]",
    ]


def test_every_rule_says_what_it_refuses_and_who_says_so() -> None:
    assert len(RULES) > 30
    for entry in RULES.values():
        assert re.fullmatch(r"[A-Z][A-Z0-9]*\d+", entry.id), entry.id
        assert all((entry.condition, entry.message, entry.source)), entry.id
        assert not entry.message.endswith("."), entry.id


def test_a_rule_id_cannot_be_used_twice() -> None:
    with pytest.raises(ValueError, match="AAS3 is defined twice"):
        rule("AAS3", refuses="something else", message="x", source="y")


def test_every_public_field_has_a_docstring() -> None:
    from inferform.spec import Spec, below

    missing = [
        f"{spec.__name__}.{name}"
        for spec in set(below(Spec))
        if spec.__module__.startswith("inferform")
        for name in spec.__annotations__
        if name in spec.model_fields and name not in documented(spec)
    ]
    assert missing == []


@cache
def _tree(file: str) -> ast.Module:
    return ast.parse(Path(file).read_text("utf-8"))


def documented(spec: type) -> set[str]:
    """The fields that a string follows in the class's source."""
    (definition,) = (
        each
        for each in _tree(inspect.getfile(spec)).body
        if isinstance(each, ast.ClassDef) and each.name == spec.__qualname__
    )
    return {
        field.target.id
        for field, text in pairwise(definition.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def test_hashes_do_not_depend_on_the_order_of_keys() -> None:
    assert short_hash({"a": 1, "b": 2}) == short_hash({"b": 2, "a": 1})


@pytest.mark.parametrize("split", [bucket_and_key, emulated])
def test_a_uri_of_s3_has_a_bucket_and_a_key_or_the_beginning_of_keys(
    split: Callable[[str], tuple[str, str]],
) -> None:
    assert split("s3://models/fraud/1/model.tar.gz") == ("models", "fraud/1/model.tar.gz")
    assert split("s3://models/fraud/") == ("models", "fraud/")
    assert split("s3://models") == split("s3://models/") == ("models", "")


def test_a_uri_of_s3_is_taken_apart_in_one_place_of_a_package() -> None:
    apart = {
        str(file.relative_to(ROOT))
        for package in ("modules", "ops", "emulator")
        for file in sorted((ROOT / package).rglob("*.py"))
        if any(_takes_apart(node) for node in ast.walk(_tree(str(file))))
    }
    assert apart == {"modules/s3_uri.py", "emulator/s3_uri.py"}


def _takes_apart(node: ast.AST) -> bool:
    """Whether a call is `TEXT.removeprefix("s3://").partition(...)`."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "partition"
        and ast.unparse(node.func.value).endswith("removeprefix('s3://')")
    )


def test_warnings_do_not_stop_an_environment() -> None:
    environment = Environment(
        context=a_context(protected=True),
        network=Network(cidr="100.64.0.0/16", availability_zones=1),
    )
    from inferform.spec import problems_of

    assert {p.rule for p in problems_of(environment)} >= {"VPC7"}
    assert all(p.severity == "warning" for p in problems_of(environment))
