"""Any valid Environment synthesizes; any changed one is valid or gets a clear report."""

from __future__ import annotations

import ipaddress
import json
import re
from collections import Counter
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from inferform import (
    RULES,
    ConfigurationError,
    EksCluster,
    Environment,
    Network,
    Problem,
    Scaling,
    SpecError,
    load,
)
from inferform.spec import problems_of, walk
from tests.specs.files import folder
from tests.specs.kinds import (
    SERVICES,
    Tree,
    at,
    built,
    changed,
    environment,
    file,
    followed,
    places,
    put,
    valid_trees,
)

pytestmark = pytest.mark.long

TREES = valid_trees()
PLACES = {name: list(places(tree)) for name, tree in TREES.items()}

stable = settings(
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def _nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


_TEXTS = (
    *("", " ", "x" * 100_000, "x" * 129, "é", "١١١١٢٢٢٢٣٣٣٣", "\ud800", "a\x00b", "a\n", "\u202e"),
    *("${path.module}", "%{if true}", "{}", "{x}", "*", "..", "/", "latest", "0x10", "None"),
    *("arn:aws:iam::111122223333:role/x", "s3://b/", "10.0.0.0/16", "::/0", "999.0.0.0/8"),
)
_NUMBERS = (
    *(0, -1, 1, 2**31, 2**63, -(10**30), 10**400, 10**5000, True, False),
    *(0.5, -0.0, 5e-324, 1e300, float("nan"), float("inf"), -float("inf")),
)
_SPECS = tuple(at(TREES["sagemaker"], path) for path in PLACES["sagemaker"])
junk = (
    st.sampled_from([*_TEXTS, *_NUMBERS])
    | st.sampled_from([None, [], {}, [None], [[]], ["a", "a"], {"a": 1}, {1: 2}, {"x" * 5000: "y"}])
    | st.sampled_from([_nested(50), {"\ud800": 1}, {"self": 1}, [{"a": [{}]}]])
    | st.sampled_from([each for each in _SPECS if isinstance(each, Tree)])
    | st.text(max_size=8)
    | st.integers()
    | st.floats()
)
field_names = st.sampled_from(
    ["instnce_type", "", "self", "model_config", "__dict__", "check", "\ud800", "x" * 500]
)


@st.composite
def mutations(draw: st.DrawFn) -> Tree:
    """A valid Environment of which one value, one field or one key is another."""
    name = draw(st.sampled_from(sorted(TREES)))
    path = draw(st.sampled_from(PLACES[name]))
    value = draw(junk)
    if draw(st.integers(0, 4)):
        return changed(TREES[name], path, lambda _: value)  # type: ignore[no-any-return]
    key = draw(field_names)
    removes = draw(st.booleans())

    def with_other_fields(inside: Any) -> Any:
        given = inside.given if isinstance(inside, Tree) else inside
        if not isinstance(given, dict):
            return [given, value]
        new = dict(list(given.items())[1:]) if removes else {**given, key: value}
        return Tree(inside.kind, new) if isinstance(inside, Tree) else new

    return changed(TREES[name], path, with_other_fields)  # type: ignore[no-any-return]


def assert_is_clear(problems: list[Problem], text: str) -> None:
    """Each problem has a rule and says something that people can read and terminals can print."""
    assert problems
    text.encode()
    for problem in problems:
        assert problem.rule in RULES
        shown = str(problem)
        assert len(shown) < 2000, shown[:200]
        assert f"[{problem.rule}]" in shown
        # Pydantic's words, a placeholder that was not filled in, or an exception's name.
        assert not re.search(r"Input should|[Vv]alue error|Traceback|Error:", problem.text), shown
        json.dumps(problem.as_dict()).encode()


@settings(stable, max_examples=600)
@given(mutations())
def test_a_changed_environment_is_valid_or_reported_where_it_is_made(tree: Tree) -> None:
    try:
        made = environment(tree)
    except SpecError as error:
        assert_is_clear(error.problems, str(error))
    else:
        assert all(problem.severity == "warning" for problem in problems_of(made))


@settings(stable, max_examples=150)
@given(mutations())
def test_a_changed_file_is_valid_or_reported_with_its_place(
    tmp_path_factory: pytest.TempPathFactory, tree: Tree
) -> None:
    files = folder(tmp_path_factory.mktemp("changed"), dev=file(tree))
    try:
        loaded = load(files)
    except ConfigurationError as error:
        assert_is_clear(error.problems, str(error))
    else:
        assert len(loaded.environments) == 1


# The lines of a file that is cut or garbled anywhere are no Python, or another Environment.
@settings(stable, max_examples=60)
@given(
    st.sampled_from(sorted(TREES)), st.floats(0, 1), st.sampled_from(["", "(", "\x00", "\\", "é"])
)
def test_a_file_that_is_cut_is_reported(
    tmp_path_factory: pytest.TempPathFactory, name: str, where: float, garbage: str
) -> None:
    text = file(TREES[name])
    cut = int(where * (len(text) - 2))
    files = folder(tmp_path_factory.mktemp("cut"), dev=text[:cut] + garbage)
    with pytest.raises(ConfigurationError) as caught:
        load(files)
    assert {problem.rule for problem in caught.value.problems} <= {"ENV2", "ENV5"}


short_names = st.from_regex(r"[a-z]([a-z0-9]|-(?=[a-z0-9])){0,30}[a-z0-9]", fullmatch=True)
networks = st.tuples(st.integers(0, 255), st.integers(16, 24)).map(
    lambda drawn: str(ipaddress.IPv4Network((f"10.{drawn[0]}.0.0", drawn[1])))
)


@st.composite
def scalings(draw: st.DrawFn) -> Tree:
    low = draw(st.integers(1, 50))
    high = draw(st.integers(low, 10_000))
    rate = draw(st.floats(0.1, 1000))
    metric = Tree("InvocationsPerInstance", {"requests_per_second": rate})
    return Tree(
        "Scaling",
        {
            "min_capacity": low,
            "max_capacity": high,
            "policies": [Tree("TargetTracking", {"metric": metric})],
        },
    )


@st.composite
def valid_environments(draw: st.DrawFn) -> Tree:
    """Valid Environments: every kind under other names, networks, sizes and regions."""
    name = draw(st.sampled_from(sorted(set(TREES) - {"foreign"})))
    tree = put(TREES[name], "network.cidr", draw(networks))
    zones = draw(st.integers(2, 3))
    tree = put(tree, "network.availability_zones", zones)
    tree = put(tree, "network.zone_letters", ["a", "b", "c"][:zones])
    tree = put(tree, "network.nat", draw(st.sampled_from(["single", "per_zone"])))
    tree = put(tree, "context.organization", draw(short_names.filter(_may_begin)))
    tree = put(tree, "context.stage", draw(short_names.filter(lambda stage: len(stage) <= 10)))
    tree = put(tree, "context.protected", draw(st.booleans()))
    level = draw(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200))
    if name == "sagemaker":
        real = at(tree, ("inference", "endpoints", "real"))
        real = put(put(real, "scaling", draw(scalings())), "model.environment.LEVEL", level)
        new = draw(st.lists(short_names, max_size=3, unique=True))
        known = at(tree, ("inference", "endpoints"))
        return put(tree, "inference.endpoints", {**known, **dict.fromkeys(new, real)})  # type: ignore[no-any-return]
    deployed = environment(TREES[name]).deployed
    if not deployed:
        return tree  # type: ignore[no-any-return]
    *group, service = deployed[0].place.path
    services = at(tree, tuple(group))
    renamed = draw(short_names.filter(lambda new: new not in services))
    new_names = {(renamed if known == service else known): spec for known, spec in services.items()}
    put_in = put(tree, ".".join(map(str, group)), new_names)
    return followed(put_in, str(service), renamed, fields=SERVICES)  # type: ignore[no-any-return]


def _may_begin(organization: str) -> bool:
    # AWS keeps these beginnings of names for itself.
    reserved = ("aws", "ecs", "fargate", "internal")
    return len(organization) <= 16 and not organization.startswith(reserved)


def _component_names_fit(tree: Tree) -> bool:
    """Whether SageMaker takes the names of components, which are never cut."""
    try:
        environment(tree)
    except SpecError as error:
        return all(problem.rule != "IC16" for problem in error.problems)
    return True


@settings(stable, max_examples=80)
@given(valid_environments().filter(_component_names_fit))
def test_valid_specs_of_every_kind_make_an_environment_that_loads(
    tmp_path_factory: pytest.TempPathFactory, tree: Tree
) -> None:
    made = environment(tree)
    files = folder(tmp_path_factory.mktemp("valid"), dev=file(tree))
    assert load(files).environments == {made.key: made}
    assert_addresses_do_not_overlap(made)
    for _, spec in walk(made):
        if isinstance(spec, Scaling):
            assert 0 <= spec.min_capacity <= spec.max_capacity <= 10_000


def assert_addresses_do_not_overlap(made: Environment) -> None:
    network = made.network
    assert isinstance(network, Network)
    blocks = [
        ipaddress.IPv4Network(cidr) for cidr in (*network.private_cidrs(), *network.public_cidrs())
    ]
    assert len(blocks) == 2 * network.availability_zones
    assert all(block.subnet_of(network.network) for block in blocks)
    assert not any(one.overlaps(other) for one, other in combinations(blocks, 2))


# The fields of AWS resources that hold a name which AWS limits, and that is unique in a region.
_NAMES = {
    "aws_sagemaker_endpoint": ("name", 63),
    "aws_sagemaker_model": ("name", 63),
    "aws_sagemaker_endpoint_configuration": ("name", 63),
    "aws_iam_role": ("name", 64),
    "aws_iam_policy": ("name", 128),
    "aws_lb": ("name", 32),
    "aws_lb_target_group": ("name", 32),
    "aws_s3_bucket": ("bucket", 63),
    "aws_ecs_service": ("name", 255),
    "aws_ecr_repository": ("name", 256),
    "aws_cloudwatch_metric_alarm": ("alarm_name", 255),
    "aws_eks_cluster": ("name", 100),
    "aws_sfn_state_machine": ("name", 80),
}


@settings(stable, max_examples=4, phases=[Phase.generate])
@given(valid_environments().filter(_component_names_fit))
def test_valid_specs_synthesize_to_legal_and_distinct_names(
    synthesize: Callable[..., Any], tree: Tree
) -> None:
    made = environment(tree)
    stacks = synthesize(made)
    assert set(stacks) >= {f"{made.key}-{layer}" for layer in made.layers}
    names: list[tuple[str, str]] = []
    for stack in (stacks[f"{made.key}-{layer}"] for layer in made.layers):
        for kind, resources in stack.get("resource", {}).items():
            if kind in _NAMES:
                field, limit = _NAMES[kind]
                for resource in resources.values():
                    name = re.sub(r"\$\{local\.[\w-]+\}", "x" * 8, resource[field])
                    assert len(name) <= limit, (kind, name)
                    assert re.fullmatch(r"[\w/.-]+", name, re.ASCII), (kind, name)
                    names.append((kind, name))
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_what_looks_like_a_template_reaches_terraform_as_text(
    synthesize: Callable[..., Any],
) -> None:
    hostile = '${file("/etc/passwd")} %{if true}'
    place = "inference.endpoints.real.model.environment.LEVEL"
    ecs = put(TREES["ecs"], "inference.services.web.model.environment.LEVEL", hostile)
    ecs = put(ecs, "context.stage", "ecs")
    ecs = put(ecs, "network.allow_overlap", True)
    stacks = synthesize(environment(put(TREES["sagemaker"], place, hostile)), environment(ecs))
    for name in ("dev-use1-inference", "ecs-use1-inference"):
        text = json.dumps(stacks[name])
        assert "$${file(" in text
        assert "%%{if" in text
        assert not re.search(r"(?<!\$)\$\{file|(?<!%)%\{if", text)


def test_a_value_without_end_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    for value in (loop, _nested(10**5)):
        with pytest.raises(SpecError, match="SPEC5"):
            EksCluster(version="1.35", public_access_cidrs=value)


def test_built_and_written_say_the_same(tmp_path: Path) -> None:
    for name, tree in TREES.items():
        (tmp_path / name).mkdir()
        files = folder(tmp_path / name, dev=file(tree))
        assert list(load(files).environments.values()) == [built(tree)]
