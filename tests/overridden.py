"""The resources whose attributes each Spec can override, as the examples of all capabilities have
them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from inferform import Environment, Spec
from inferform.overrides import Overridable
from inferform.rules import PathPart
from inferform.spec import walk
from tests.specs.test_services import environments

S = TypeVar("S", bound=Spec)
Path = tuple[PathPart, ...]
Asked = Callable[[Path], dict[str, dict[str, Any]]]


def overriding(spec: S, asked: Asked, path: Path = ()) -> S:
    """A copy of `spec` in which every Spec overrides what is asked of it, by its path."""
    changes: dict[str, Any] = {
        name: _overriding(getattr(spec, name), asked, (*path, name))
        for name in type(spec).model_fields
    }
    if isinstance(spec, Overridable):
        changes["overrides"] = asked(path)
    return spec.model_copy(update=changes)


def _overriding(value: Any, asked: Asked, path: Path) -> Any:
    if isinstance(value, Spec):
        return overriding(value, asked, path)
    if isinstance(value, dict):
        return {key: _overriding(inner, asked, (*path, str(key))) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(
            _overriding(inner, asked, (*path, index)) for index, inner in enumerate(value)
        )
    return value


def roles_in(environment: Environment) -> dict[Path, dict[str, str]]:
    """The roles of each Spec of an environment, with the type of each resource."""
    from inferform.cdk import App
    from inferform.layers.record import Site
    from inferform.overriding import collecting_overrides
    from inferform.target import EMULATOR

    # Every Spec answers the override of a role that none has with the roles that it has.
    asked = overriding(environment, lambda _: {"?": {}})
    app = App()
    with collecting_overrides() as errors:
        for part in asked.parts:
            part.record.build(Site(app, asked, EMULATOR, part))
    roles = {id(error.spec): dict(error.roles) for error in errors}
    return {path: roles[id(spec)] for path, spec in walk(asked) if id(spec) in roles}


def roles() -> dict[type[Overridable], dict[str, str]]:
    """The roles of each kind of Spec in the examples."""
    found: defaultdict[type[Overridable], dict[str, str]] = defaultdict(dict)
    for environment in environments():
        kinds = {path: type(spec) for path, spec in walk(environment)}
        for path, made in roles_in(environment).items():
            kind = kinds[path]
            assert issubclass(kind, Overridable)
            found[kind] |= made
    return dict(found)
