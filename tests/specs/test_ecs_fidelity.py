"""The tables of ECS are those of botocore's service models."""

from __future__ import annotations

import re
from typing import Any

import botocore.session

from inferform import Fargate, SpecError
from inferform.ecs import instances


def offered() -> dict[int, set[int]]:
    """CPU units and the MiB that go with them, from the documentation in botocore."""
    model = botocore.session.get_session().get_service_model("ecs")
    request: Any = model.shape_for("RegisterTaskDefinitionRequest")
    text = request.members["memory"].documentation
    table: dict[int, set[int]] = {}
    for entry in re.findall(r"<li> <p>(.*?)</p>", text):
        memory, cpu = entry.split(" - Available <code>cpu</code> values: ")
        if memory.startswith("Between"):
            low, high, step = (
                int(number) if int(number) >= 512 else int(number) * 1024
                for number in re.findall(r"(?<!\()\b(\d+) ?(?:GB)?(?= |\b)(?! GB\))", memory)[:3]
            )
            sizes = set(range(low, high + 1, step))
        else:
            sizes = {int(number) for number in re.findall(r"(\d+) \(", memory)}
        table[int(cpu.split()[0])] = sizes
    return table


def test_fargate_offers_what_aws_documents() -> None:
    table = offered()
    assert sorted(table) == [256, 512, 1024, 2048, 4096, 8192, 16384]
    for cpu, sizes in table.items():
        for memory in range(512, 131_072, 512):
            assert _is_taken(cpu, memory) == (memory in sizes), (cpu, memory)


def _is_taken(cpu: Any, memory: int) -> bool:
    try:
        Fargate(cpu=cpu, memory_mib=memory)
    except SpecError:
        return False
    return True


def test_every_instance_type_of_capacity_is_one_of_ec2() -> None:
    model = botocore.session.get_session().get_service_model("ec2")
    shape: Any = model.shape_for("InstanceType")
    assert instances.ec2_instance_type_names() <= set(shape.enum)


def test_every_rule_of_ecs_and_load_balancers_names_its_source() -> None:
    from inferform import RULES

    found = [rule for rule in RULES.values() if rule.id.startswith(("ECS", "ELB"))]
    assert len(found) > 40
    assert all(len(rule.source) > 15 for rule in found)
