"""A release of Inferform renames nothing: names of what cannot be changed hash only what is set,
and whatever changes what is sent changes the name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferform import (
    AllAtOnce,
    AsyncEndpoint,
    BatchTransform,
    Canary,
    CoreDumps,
    DataCapture,
    EndpointAlarms,
    Environment,
    Existing,
    FrameworkContainer,
    Host,
    Image,
    Inference,
    Linear,
    ModelPackage,
    MultiModel,
    MultiModelEndpoint,
    NodeGroup,
    Notifications,
    OnSchedule,
    Permissions,
    Rolling,
    Route,
    Scaling,
    ServerlessEndpoint,
    Shadow,
    Spec,
    Taint,
)
from inferform.content import DEFAULTS, HELD, Content, content_hash, content_name
from inferform.names import fit
from inferform.places import EXAMPLE_KEY
from inferform.sagemaker.endpoints.base import Endpoint
from tests.conftest import Synthesized

from . import specs
from .specs import (
    BATCH,
    ENDPOINTS,
    MODEL,
    NODES,
    SERVICES,
    environment,
    names_in,
    sent,
    sent_hashes,
)

pytestmark = pytest.mark.long

Synthesize = Callable[..., Synthesized]
FROZEN = json.loads((Path(__file__).parent / "frozen.json").read_text("utf-8"))
"""What was released, by its name. Entries are added, and never changed or taken away: each is
the name of something that runs in somebody's account."""


# Frozen


def test_every_frozen_spec_still_has_its_name(synthesize: Synthesize) -> None:
    found = names_in(synthesize(environment()))
    assert found == FROZEN["specs"], (
        "a changed name replaces every resource like it, in every account; hash only what is set "
        "(modules/content.py). New Specs are added to tests/names/frozen.json"
    )


def test_what_is_sent_under_a_frozen_name_is_what_was(synthesize: Synthesize) -> None:
    found = sent(synthesize(environment()))
    assert sent_hashes(found) == FROZEN["sent"], (
        "what cannot be changed in place would be replaced under its own name, which AWS refuses; "
        "send a new argument only where it is set to other than its default"
    )


@pytest.mark.parametrize("number", range(len(FROZEN["contents"])))
def test_every_frozen_content_still_has_its_name(number: int) -> None:
    frozen = FROZEN["contents"][number]
    assert content_name("base", frozen["kind"], frozen["content"]) == frozen["name"]


def test_a_name_over_its_limit_is_cut_as_it_always_was() -> None:
    for frozen in FROZEN["cut"]:
        assert fit(frozen["name"], frozen["limit"]) == frozen["cut"]


def test_a_route_has_the_priority_that_it_always_had() -> None:
    for frozen in FROZEN["priorities"]:
        route = Route(load_balancer="internal", hosts=frozen["hosts"], paths=frozen["paths"])
        assert route.rule_priority == frozen["priority"]


def test_each_type_whose_name_is_hashed_is_frozen_and_says_its_defaults() -> None:
    assert {key.split()[0] for key in FROZEN["specs"]} == set(specs.HASHED) == set(DEFAULTS)
    assert {each["kind"] for each in FROZEN["contents"]} == set(DEFAULTS)


# What is not set


SCALARS = st.one_of(
    st.booleans(), st.integers(-9, 9), st.floats(allow_nan=False), st.text(max_size=4)
)
SET = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3),
        st.dictionaries(st.sampled_from("abcdef"), inner, min_size=1, max_size=4),
    ),
    max_leaves=12,
)
CONTENTS = st.dictionaries(st.sampled_from("abcdef"), SET, min_size=1, max_size=4)
UNSET: st.SearchStrategy[Any] = st.sampled_from([None, {}, [], {"x": None}, {"x": {"y": []}}])
KINDS = st.sampled_from(sorted(DEFAULTS))


@st.composite
def padded(draw: st.DrawFn, value: Any) -> Any:
    """`value` with arguments that are not set, in any of its blocks."""
    if isinstance(value, dict):
        added = draw(st.dictionaries(st.sampled_from("uvw"), UNSET, max_size=2))
        return {**{key: draw(padded(inner)) for key, inner in value.items()}, **added}
    if isinstance(value, list):
        return [draw(padded(inner)) for inner in value]
    return value


@given(st.data())
def test_what_is_not_set_changes_no_name_wherever_it_stands(data: st.DataObject) -> None:
    kind, content = data.draw(KINDS), data.draw(CONTENTS)
    assert content_hash(kind, data.draw(padded(content))) == content_hash(kind, content)


def merged(content: Any, defaults: Any) -> Any:
    """`content` with every default written out where its block is."""
    if isinstance(defaults, list):
        return [merged(each, defaults[0]) for each in content or [{}]]
    if isinstance(defaults, dict):
        return {
            **(content or {}),
            **{key: merged((content or {}).get(key), value) for key, value in defaults.items()},
        }
    return defaults if content is None else content


@pytest.mark.parametrize("kind", DEFAULTS)
def test_a_documented_default_changes_no_name_and_another_value_does(kind: str) -> None:
    lists = {key: [{"a": 1}] for key, value in DEFAULTS[kind].items() if isinstance(value, list)}
    content: Content = {"a": 1, **lists}
    written = merged(content, DEFAULTS[kind])
    assert content_hash(kind, written) == content_hash(kind, content)
    paths = [path for path, _ in leaves(DEFAULTS[kind])]
    assert all(
        content_hash(kind, changed(written, path)) != content_hash(kind, content) for path in paths
    )
    assert bool(paths) == bool(DEFAULTS[kind])


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))
    else:
        yield path, value


def changed(value: Any, path: tuple[Any, ...]) -> Any:
    """`value` with another leaf at `path`."""
    if not path:
        return f"{value!r} changed"
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(copy[path[0]], path[1:])
    return copy


@given(st.data())
def test_another_value_of_anything_that_is_set_changes_the_name(data: st.DataObject) -> None:
    kind, content = data.draw(KINDS), data.draw(CONTENTS)
    path, _ = data.draw(st.sampled_from(list(leaves(content))))
    assert content_hash(kind, changed(content, path)) != content_hash(kind, content)


def test_numbers_that_are_one_number_to_terraform_have_one_name() -> None:
    kind = "aws_sagemaker_model"
    assert content_hash(kind, {"a": 1.0}) == content_hash(kind, {"a": 1})
    assert len({content_hash(kind, {"a": each}) for each in (1, True, "1", 1.5, 0, False, "")}) == 7


def test_a_reference_is_not_hashed_as_its_token_is_another_in_each_run() -> None:
    with pytest.raises(ValueError, match="a reference cannot be hashed"):
        content_hash("aws_sagemaker_model", {"container": [{"image": "${TfToken[TOKEN.1]}"}]})
    assert content_hash("aws_sagemaker_model", {"vpc_config": {"subnets": HELD}})


# A field that a later release adds


def with_another_field(value: Any) -> Any:
    """The same Specs, each of a class with two more fields: one unset, one with a default."""
    if isinstance(value, Spec):
        given = {
            name: with_another_field(getattr(value, name))
            for name in sorted(value.model_fields_set)
        }
        base = type(value)
        body = {
            "__module__": __name__,
            "__annotations__": {"added": int | None, "added_with_default": int},
            "added": None,
            "added_with_default": 3,
        }
        return type(base.__name__, (base,), body)(**given)
    if isinstance(value, Mapping):
        return {key: with_another_field(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [with_another_field(inner) for inner in value]
    return value


def test_a_new_field_of_any_spec_that_nobody_sets_changes_no_name(synthesize: Synthesize) -> None:
    later = environment(
        endpoints=with_another_field(ENDPOINTS),
        batch=with_another_field(BATCH),
        services=with_another_field(SERVICES),
        nodes=with_another_field(NODES),
    )
    assert isinstance(later.inference, Inference)
    capture = later.inference.endpoints["realtime-full"].capture
    assert capture is not None
    assert capture.model_dump()["added_with_default"] == 3
    assert names_in(synthesize(later)) == FROZEN["specs"]


# What a later release may send in each block: arguments that the provider knows already.
UNUSED: dict[str, Content] = {
    "inferform.sagemaker.content.container_content": {
        "image_config": None,
        "inference_specification_name": None,
    },
    "inferform.sagemaker.model_construct.model_content": {"added": None, "block": {"a": None}},
    "inferform.sagemaker.content.variant_content": {
        "accelerator_type": None,
    },
    "inferform.sagemaker.content._async_content": {"added": None},
    "inferform.sagemaker.construct.configuration_content": {"added": None, "list": []},
    "inferform.ecs.rollout.deployment_content": {"added": None, "block": {"a": []}},
}


def test_an_argument_that_a_later_release_leaves_unset_changes_no_name(
    synthesize: Synthesize, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = set()

    def later(target: str, unused: Content) -> None:
        module, _, name = target.rpartition(".")
        today = getattr(__import__(module, fromlist=[name]), name)

        def content(*arguments: Any, **given: Any) -> Content:
            called.add(target)
            return {**today(*arguments, **given), **unused}

        monkeypatch.setattr(target, content)

    for target, unused in UNUSED.items():
        later(target, unused)
    fixed: Any = NodeGroup.fixed
    monkeypatch.setattr(
        NodeGroup, "fixed", property(lambda group: {**fixed.fget(group), "added": None})
    )
    assert names_in(synthesize(environment())) == FROZEN["specs"]
    assert called == set(UNUSED)


# What is sent


REALTIME, SERVERLESS = ENDPOINTS["realtime"], ENDPOINTS["serverless-warm"]
ASYNC, MULTI = ENDPOINTS["asynchronous"], ENDPOINTS["multi-model"]
MANY = MultiModel(image=Image(repository="triton", tag="1"), artifacts="models/")
TOPIC = "arn:aws:sns:us-east-1:111122223333:predictions"
PACKAGE = "arn:aws:sagemaker:us-east-1:111122223333:model-package/fraud/13"
POLICY = "arn:aws:iam::111122223333:policy/reader"
SHADOW = Shadow(model=MODEL, instance_type="ml.m5.large")
GPU = {"instance_type": "ml.g4dn.xlarge"}

CHANGES: list[tuple[Endpoint, dict[str, Any]]] = [
    (REALTIME, change)
    for change in (
        {"log_retention_days": 90},
        {"instance_type": "ml.m5.xlarge"},
        # Its own storage takes no key.
        GPU,
        {"host": Host(volume_size_gb=50)},
        {"host": Host(startup_timeout_seconds=600)},
        {"host": Host(download_timeout_seconds=600)},
        {**GPU, "host": Host(inference_ami_version="al2-ami-sagemaker-inference-gpu-2")},
        {"host": Host(routing_strategy="RANDOM")},
        {"host": Host(routing_strategy="LEAST_OUTSTANDING_REQUESTS")},
        {"host": Host(ssm_access=True), "model": MODEL.replace(network_isolation=False)},
        {"host": Host(core_dumps=CoreDumps())},
        {"host": Host(core_dumps=CoreDumps(destination="s3://dumps/here"))},
        {"instance_count": 1},
        {"instance_count": 2},
        {"scaling": Scaling(min_capacity=2, max_capacity=4)},
        {"scaling": Scaling(min_capacity=1, max_capacity=9)},
        {"variant": "other"},
        {"vpc": False},
        {"data_capture": DataCapture()},
        {"data_capture": DataCapture(sampling_percent=10)},
        {"data_capture": DataCapture(modes=["Input"])},
        {"data_capture": DataCapture(modes=["Output", "Input"])},
        {"data_capture": DataCapture(destination="s3://captured/here")},
        {"data_capture": DataCapture(csv_content_types=["text/csv"])},
        {"data_capture": DataCapture(json_content_types=["text/csv"])},
        {"rollout": AllAtOnce(alarms=EndpointAlarms(alarm_topics=[TOPIC]))},
        {"rollout": AllAtOnce(termination_wait_seconds=600)},
        {"rollout": Canary()},
        {"rollout": Linear()},
        {"rollout": Rolling()},
        {"shadow": SHADOW},
        {"shadow": SHADOW.replace(traffic_percent=50)},
        {"shadow": SHADOW.replace(variant="other")},
        {"shadow": SHADOW.replace(instance_count=2)},
        {"model": MODEL.replace(image=Image(repository="fraud", tag="1.4.3"))},
        {
            "model": MODEL.replace(
                image=FrameworkContainer(framework="xgboost", version="1.7-1"), environment={}
            )
        },
        {"model": MODEL.replace(artifact="fraud/1.4.3/model.tar.gz")},
        {"model": MODEL.replace(artifact="fraud/1.4.3/")},
        {"model": MODEL.replace(artifact="fraud/1.4.3/", accept_eula=True)},
        {"model": MODEL.replace(environment={})},
        {"model": MODEL.replace(environment={"LEVEL": "debug"})},
        {"model": MODEL.replace(environment={"LEVEL": ""})},
        {"model": MODEL.replace(environment={"LEVEL": "info", "MORE": ""})},
        {"model": MODEL.replace(network_isolation=True)},
        {"model": MODEL.replace(network_isolation=False)},
        {"model": ModelPackage(arn=PACKAGE)},
        {"permissions": {"execution": Permissions(policies=[POLICY])}},
        {"existing": Existing(execution_role="arn:aws:iam::111122223333:role/theirs")},
        {"existing": Existing(kms_key=EXAMPLE_KEY)},
        {"existing": Existing(kms_key=EXAMPLE_KEY), **GPU},
        {"existing": Existing(subnets=["subnet-0a1b2c3d", "subnet-1a2b3c4d"])},
        {"existing": Existing(security_groups=["sg-0a1b2c3d"])},
    )
] + [
    (SERVERLESS, {"memory_mib": 2048}),
    (SERVERLESS, {"max_concurrency": 20}),
    (SERVERLESS, {"provisioned_concurrency": None}),
    (SERVERLESS, {"scaling": Scaling(min_capacity=1, max_capacity=4)}),
    (ASYNC, {"max_concurrent_invocations_per_instance": 2}),
    (ASYNC, {"input": "s3://questions/here"}),
    (ASYNC, {"output": "s3://answers/here"}),
    (ASYNC, {"failure_output": "s3://answers/failed"}),
    (ASYNC, {"notifications": Notifications()}),
    (ASYNC, {"notifications": Notifications(success_topic=TOPIC)}),
    (ASYNC, {"notifications": Notifications(error_topic=TOPIC)}),
    (ASYNC, {"notifications": Notifications(error_topic=TOPIC, include_response_in=["error"])}),
    (MULTI, {"model": MANY.replace(image=Image(repository="triton", tag="2"))}),
    (MULTI, {"model": MANY.replace(artifacts="others/")}),
    (MULTI, {"model": MANY.replace(environment={"LEVEL": "info"})}),
    (MULTI, {"model": MANY.replace(caching=False)}),
    (MULTI, {"model": MANY.replace(network_isolation=False)}),
    (REALTIME, {"overrides": {"configuration": {"production_variants.0.enable_ssm_access": True}}}),
    (REALTIME, {"overrides": {"models/*/model": {"tags": {"of": "risk"}}}}),
    (REALTIME, {"overrides": {"endpoint": {"tags": {"of": "risk"}}}}),
    (
        SERVERLESS,
        {"overrides": {"configuration": {"tags": {"of": "risk"}}}},
    ),
    (ENDPOINTS["components"], {"min_instances": 0}),
    (ENDPOINTS["components"], {"max_instances": 5}),
    (ENDPOINTS["components"], {"variant": "other"}),
]


def alone(endpoint: Endpoint) -> Environment:
    return environment(endpoints={"x": endpoint}, batch={}, services={}, nodes={})


def agree(before: tuple[Any, str], after: tuple[Any, str], *, models: bool) -> bool:
    """Whether the name changed exactly if what is sent did, or a model that it refers to."""
    same = before[0] == after[0] and not models
    return same == (before[1] == after[1])


def test_every_name_changes_exactly_when_what_is_sent_does(synthesize: Synthesize) -> None:
    renamed = 0
    for spec, change in CHANGES:
        before = sent(synthesize(alone(spec)))
        after = sent(synthesize(alone(spec.replace(**change))))
        models = [path for path in before if path.startswith("aws_sagemaker_model ")]
        changed_models = any(before[path][1] != after.get(path, ("", ""))[1] for path in models)
        for path in before.keys() & after.keys():
            is_configuration = path.startswith("aws_sagemaker_endpoint_configuration")
            assert agree(before[path], after[path], models=is_configuration and changed_models), (
                path,
                change,
            )
            renamed += before[path][1] != after[path][1]
    assert renamed > len(CHANGES) / 2


def test_tags_of_a_spec_change_no_name(synthesize: Synthesize) -> None:
    tags = {"cost-center": "42"}
    tagged = environment(
        **{
            kind: {name: each.replace(tags=tags) for name, each in specs.items()}
            for kind, specs in (("endpoints", ENDPOINTS), ("batch", BATCH), ("services", SERVICES))
        }
    )
    stacks = synthesize(tagged)
    assert names_in(stacks) == FROZEN["specs"]
    assert all(
        made["tags"] == tags
        for made in stacks["dev-use1-inference"]["resource"]["aws_sagemaker_model"].values()
    )


@pytest.mark.parametrize(
    ("kind", "leaves_out"),
    [
        # A stack holds a configuration with `capacity`: tests/modules/test_components.py.
        (type(REALTIME), {"capacity", "tags"}),
        (
            ServerlessEndpoint,
            {"model", "variant", "log_retention_days", "existing", "permissions", "tags"},
        ),
        (AsyncEndpoint, set(type(REALTIME).model_fields)),
        (MultiModelEndpoint, set(type(REALTIME).model_fields) - {"model"}),
    ],
)
def test_every_field_of_an_endpoint_is_among_the_changes(
    kind: type[Endpoint], leaves_out: set[str]
) -> None:
    tried = {field for spec, change in CHANGES if type(spec) is kind for field in change}
    assert tried | leaves_out >= set(kind.model_fields)


def test_what_is_made_from_other_specs_is_renamed_exactly_when_it_is_sent(
    synthesize: Synthesize,
) -> None:
    base = sent(synthesize(environment(endpoints={})))
    nightly, canary, cpu = BATCH["nightly"], SERVICES["canary"], NODES["cpu"]
    linear = Linear(step_percent=20, wait_seconds=600)
    cases: list[tuple[dict[str, Any], str, bool]] = [
        ({"batch": {"nightly": nightly.replace(vpc=False)}}, "batch/nightly", True),
        ({"batch": {"nightly": nightly.replace(instance_count=2)}}, "batch/nightly", False),
        (
            {
                "batch": {
                    "nightly": BatchTransform(
                        model=MODEL,
                        instance_type="ml.m5.large",
                        trigger=OnSchedule(schedule="rate(12 hours)"),
                    )
                }
            },
            "batch/nightly",
            False,
        ),
        ({"services": {"canary": canary.replace(rollout=linear)}}, "services/canary", True),
        ({"services": {"canary": canary.replace(count=2)}}, "services/canary", False),
        ({"nodes": {"cpu": cpu.replace(instance_types=["m5.large"])}}, "groups/cpu", True),
        ({"nodes": {"cpu": cpu.replace(capacity_type="SPOT")}}, "groups/cpu", True),
        ({"nodes": {"cpu": cpu.replace(max_size=9)}}, "groups/cpu", False),
        (
            {
                "nodes": {
                    "cpu": cpu.replace(
                        taints=[Taint(key="gpu", value="true", effect="NO_SCHEDULE")]
                    )
                }
            },
            "groups/cpu",
            False,
        ),
    ]
    for change, part, renames in cases:
        after = sent(synthesize(environment(endpoints={}, **change)))
        [path] = [path for path in after if part in path]
        assert (after[path][1] != base[path][1]) is renames, change


def test_a_raised_maximum_renames_nothing(synthesize: Synthesize) -> None:
    for kind in ("realtime", "asynchronous", "serverless-warm"):
        small, large = (
            ENDPOINTS[kind].replace(scaling=Scaling(min_capacity=2, max_capacity=most))
            for most in (4, 9)
        )
        assert isinstance(small, Endpoint)
        names = [names_in(synthesize(alone(spec))) for spec in (small, large)]
        assert names[0] == names[1]
