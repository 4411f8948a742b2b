"""The names of what devices need, as they are known without state."""

from __future__ import annotations

from ..content import HASHES
from ..context import Context
from ..names import short_hash

DEVICE = "greengrass/device"
"""The price key of a core device."""


def fleet_name(context: Context, name: str) -> str:
    """The thing group, thing type, policy and role alias of a fleet. It leaves room for `thing_prefix`."""
    return context.name(name, "edge", limit=96)


def thing_prefix(context: Context, name: str) -> str:
    """What the names of a fleet's devices begin with. No name of a fleet has an underscore, so that none
    is the beginning of another's devices."""
    return f"{fleet_name(context, name)}_"


def fleet_arn(context: Context, name: str) -> str:
    """The ARN of the thing group of a fleet."""
    return context.arn("iot", f"thinggroup/{fleet_name(context, name)}")


def fleet_role(name: str) -> str:
    """The short name of the role of a fleet's devices."""
    return f"{name}-edge"


def component_name(context: Context, name: str) -> str:
    """The name of a component, which is one of the account and Region."""
    return context.name(name, limit=128)


def component_arn(context: Context, name: str, version: str) -> str:
    """The ARN of a version of a component."""
    own = component_name(context, name)
    return context.arn("greengrass", f"components:{own}:versions:{version}")


def compile_role(name: str) -> str:
    """The short name of the role of a compilation."""
    return f"{name}-compile"


def compile_job(context: Context, name: str, content: object) -> str:
    """The name of a compilation job: another one where anything of it changes."""
    return f"{context.name(name, 'neo', limit=63 - HASHES)}-{short_hash(content)}"


def compiled(name: str) -> str:
    """Where what is compiled lies, in the artifact bucket."""
    return f"edge/compiled/{name}/"
