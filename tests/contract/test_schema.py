"""The schema that overrides are checked against is the provider's own."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inferform import Context, Environment, LocalBackend, Network
from inferform.layers import program
from inferform.schema import Block, ListOf
from inferform.target import EMULATOR
from ops.terraform import stacks, terraform_environment
from tests.conftest import Synthesized
from tests.overridden import roles

# What the provider's version 6 no longer has; the bindings are of 6, the tests' provider of 5.
REMOVED = {
    "aws_api_gateway_account.reset_on_delete",
    # The bindings call it equal_to, as Java has an equals, and write it by its name.
    "aws_cloudtrail.advanced_event_selector.field_selector.equals",
    # Statements hold statements, of which the bindings have no class.
    "aws_wafv2_web_acl.rule.statement is plain data",
    "aws_ecs_task_definition.inference_accelerator",
    "aws_eip.vpc",
    "aws_eks_addon.resolve_conflicts",
    "aws_flow_log.log_group_name",
    "aws_launch_template.elastic_gpu_specifications",
    "aws_launch_template.elastic_inference_accelerator",
}

WRITTEN = {"aws_cloudtrail.advanced_event_selector.field_selector.equals"}
"""What is written by the provider's name and has another in the bindings: see REMOVED."""
META = ("//", "depends_on", "lifecycle", "provider", "timeouts", "connection", "count", "for_each")


def resource_class(type_: str) -> type:
    from cdktf import TerraformResource

    provider, _, name = type_.partition("_")
    module = importlib.import_module(f"cdktf_cdktf_provider_{provider}.{name}")
    (found,) = (
        each
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, TerraformResource)
        and each.__module__ == module.__name__
    )
    return found


def missing(where: str, ours: Block, theirs: dict[str, Any]) -> Iterator[str]:
    """The attributes and blocks of the provider that the bindings do not know by that name."""
    blocks = theirs.get("block_types", {})
    given = {
        name
        for name, each in theirs.get("attributes", {}).items()
        if each.get("optional") or each.get("required")
    }
    for name in sorted(given | blocks.keys()):
        if name not in ours.members:
            yield f"{where}.{name}"
    for name, block in blocks.items():
        takes = ours.below(name)
        inner = takes.of if isinstance(takes, ListOf) else takes
        if isinstance(inner, Block):
            yield from missing(f"{where}.{name}", inner, block["block"])
        elif inner is not None:
            yield f"{where}.{name} is {inner.words}"


def unknown_to(where: str, ours: Block, resource: dict[str, Any]) -> Iterator[str]:
    """What a stack sets of a resource and the bindings do not know by that name."""
    for name, value in resource.items():
        if name in META:
            continue
        if name not in ours.members:
            yield f"{where}.{name}"
            continue
        takes = ours.below(name)
        inner = takes.of if isinstance(takes, ListOf) else takes
        if isinstance(inner, Block):
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, dict):
                    yield from unknown_to(f"{where}.{name}", inner, each)


def test_what_is_written_for_the_oldest_provider_is_known_to_the_bindings_of_a_newer_one(
    everything: Synthesized,
) -> None:
    """So that an upgrade of the provider takes the JSON as it is: 5.100.0 validates it (test_terraform.py), and
    the bindings have the attributes of 6.25.0."""
    looked: set[str] = set()
    unknown: set[str] = set()
    for stack in everything.values():
        for kind, named in stack["resource"].items():
            if kind.startswith("aws_"):
                ours = Block(resource_class(kind))
                looked.add(kind)
                for resource in named.values():
                    unknown.update(unknown_to(kind, ours, resource))
    assert len(looked) > 100
    assert unknown == WRITTEN


def test_the_bindings_name_every_attribute_as_the_provider_does(tmp_path: Path) -> None:
    context = Context(
        organization="acme",
        stage="dev",
        account="111122223333",
        region="us-east-1",
        owner="ml",
        backend=LocalBackend(path=str(tmp_path / "states")),
    )
    environment = Environment(context=context, network=Network(cidr="10.0.0.0/16"))
    program.synthesize([environment], target=EMULATOR, outdir=tmp_path)
    (stack,) = stacks(tmp_path)
    variables = terraform_environment()
    started = stack.init(variables)
    assert started.status == 0, started.output
    shown = json.loads(stack.answer("providers", "schema", "-json", environment=variables))
    (provider,) = shown["provider_schemas"].values()
    types = {kind for made in roles().values() for kind in made.values()}
    assert len(types) > 50
    unknown = {
        path
        for kind in sorted(types)
        for path in missing(
            kind, Block(resource_class(kind)), provider["resource_schemas"][kind]["block"]
        )
    }
    assert unknown == REMOVED
