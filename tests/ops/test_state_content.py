"""What is read from the content of a state, without AWS."""

from __future__ import annotations

from typing import Any

import pytest

from ops.state import Difference, Lock, State, difference

GROUP, SERVICE = "aws_security_group", "aws_ecs_service"


def resource(kind: str, name: str, *instances: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"mode": "managed", "type": kind, "name": name, "instances": list(instances), **more}


def state(*resources: dict[str, Any], **more: Any) -> State:
    content = {"serial": 4, "lineage": "l", "outputs": {}, "resources": list(resources), **more}
    return State(content, "", None)


HELD = state(
    resource(GROUP, "g", {"attributes": {"id": "g"}}),
    resource(SERVICE, "s", {"attributes": {"id": "s"}, "dependencies": ["aws_security_group.g"]}),
    resource("aws_subnet", "n", {"index_key": "a", "attributes": {"id": "a"}}),
    resource("aws_subnet", "i", {"index_key": 0, "attributes": {"id": "0"}}),
    resource("aws_vpc", "v", {"attributes": {"id": "v"}}, module="module.m"),
    resource("aws_eip", "e", {"attributes": None}),
    {**resource("aws_ami", "d", {"attributes": {"id": "d"}}), "mode": "data"},
)


def test_resources_are_known_by_their_address_and_data_sources_are_none() -> None:
    assert HELD.resources == {
        "aws_security_group.g": {"id": "g"},
        "aws_ecs_service.s": {"id": "s"},
        'aws_subnet.n["a"]': {"id": "a"},
        "aws_subnet.i[0]": {"id": "0"},
        "module.m.aws_vpc.v": {"id": "v"},
        "aws_eip.e": {},
    }
    assert (HELD.serial, State({}, "", None).serial, HELD.deposed) == (4, 0, {})


def test_the_resources_of_a_type_come_in_the_order_of_their_addresses() -> None:
    assert HELD.of_type("aws_subnet") == [{"id": "0"}, {"id": "a"}]
    assert HELD.of_type("aws_vpc") == [{"id": "v"}]
    assert HELD.of_type("aws_sub") == []


def test_what_a_resource_depends_on_and_what_stands_on_it_is_told() -> None:
    assert HELD.needed_by({"id": "s"}, GROUP) == [{"id": "g"}]
    assert HELD.needed_by({"id": "s"}, "aws_subnet") == []
    assert HELD.needed_by({"id": "g"}, GROUP) == []
    assert HELD.standing_on(["aws_security_group.g"]) == [
        "aws_ecs_service.s",
        "aws_security_group.g",
    ]
    assert HELD.standing_on(["aws_security_group.g[0]"]) == ["aws_ecs_service.s"]
    assert HELD.standing_on(["aws_vpc.v"]) == []
    many = state(
        resource("aws_subnet", "n", {"index_key": 0, "attributes": {"id": "0"}}),
        resource(SERVICE, "s", {"attributes": {"id": "s"}, "dependencies": ["aws_subnet.n"]}),
    )
    assert many.needed_by({"id": "s"}, "aws_subnet") == [{"id": "0"}]


OLD = {"deposed": "8a3d1c2b", "attributes": {"id": "old"}}
OLDER = {"deposed": "1a2b3c4d", "attributes": {"id": "older"}}
NOW = {"attributes": {"id": "now"}}
REPLACED = state(resource(GROUP, "g", {**NOW}, OLD, OLDER), resource(SERVICE, "s", {**NOW}))


def test_what_is_still_to_be_deleted_is_kept_apart() -> None:
    assert REPLACED.resources == {
        "aws_security_group.g": {"id": "now"},
        f"{SERVICE}.s": NOW["attributes"],
    }
    assert REPLACED.deposed == {
        "aws_security_group.g": {"8a3d1c2b": {"id": "old"}, "1a2b3c4d": {"id": "older"}}
    }


def test_one_deposed_object_changes_places_with_the_current_one() -> None:
    content = REPLACED.exchanged({"aws_security_group.g": "8a3d1c2b"})
    group, service = content["resources"]
    assert group["instances"] == [
        {**NOW, "deposed": "8a3d1c2b"},
        {"attributes": {"id": "old"}},
        OLDER,
    ]
    assert service["instances"] == [NOW]
    assert (content["serial"], content["lineage"]) == (5, "l")
    assert REPLACED.deposed["aws_security_group.g"].keys() == {"8a3d1c2b", "1a2b3c4d"}


def test_a_resource_is_settled_with_all_that_it_depends_on() -> None:
    def settled(group: dict[str, Any], *more: dict[str, Any], needs: str = "g") -> bool:
        service = {"attributes": {"id": "s"}, "dependencies": [f"aws_security_group.{needs}"]}
        held = state(resource(GROUP, "g", group, *more), resource(SERVICE, "s", service))
        return held.is_settled({"id": "s"})

    assert settled(NOW)
    assert not settled(NOW, OLD)
    assert not settled({**NOW, "status": "tainted"})
    assert not settled({**NOW, "status": "tainted", "index_key": 0})
    assert settled({**NOW, "status": "tainted"}, needs="other")
    assert not state(resource(SERVICE, "s", {**NOW, "status": "tainted"})).is_settled({"id": "now"})


@pytest.mark.parametrize(
    ("found", "empty"),
    [
        (Difference([], [], []), True),
        (Difference(["a"], [], []), False),
        (Difference([], ["a"], []), False),
        (Difference([], [], ["a"]), False),
    ],
)
def test_a_difference_is_empty_where_both_hold_the_same(found: Difference, empty: bool) -> None:
    assert found.empty is empty


def test_the_difference_from_no_state_is_all_that_is_held() -> None:
    found = difference(None, HELD)
    assert found.added == sorted(HELD.resources)
    assert (found.removed, found.changed) == ([], [])


def test_a_lock_says_whose_it_is() -> None:
    assert str(Lock("1", "ann@build", "apply", "now")) == "ann@build, apply, now"
