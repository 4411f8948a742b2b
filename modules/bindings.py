"""Fast loading of the AWS and Kubernetes bindings.

The generated packages import thousands of submodules, in Python and again in the Node
process behind it, and check every argument the slow way. ``install()`` loads what is used
only, and does the rest faster. The synthesized output is the same, byte for byte.

Set ``INFERFORM_STOCK_BINDINGS=1`` to do everything the stock way. A package of a version
that is not known here is left alone, and where Node refuses to run alone the stock processes
run; a warning on stderr says which and why.
"""

import contextlib
import functools
import importlib
import importlib.util
import os
import pkgutil
import re
import sys
import typing
from collections.abc import Iterator
from importlib import metadata
from inspect import isclass
from types import ModuleType, SimpleNamespace
from typing import Any, Union

from ._node import process
from ._node.found import provide_node

_AWS = "cdktf_cdktf_provider_aws"
_KUBERNETES = "cdktf_cdktf_provider_kubernetes"
_ASSEMBLIES = {"@cdktf/provider-aws": _AWS, "@cdktf/provider-kubernetes": _KUBERNETES}
_KNOWN = {
    "jsii": "1.142.0",
    "cdktf": "0.21.0",
    "typeguard": "2.13.3",
    _AWS: "21.22.1",
    _KUBERNETES: "12.1.1",
}
_STUB = "_typecheckingstub__"

_installed = False


def install() -> None:
    """Speed up the bindings that are imported from here on; a second call does nothing.

    Call it before anything imports a provider, and best before ``cdktf`` too.
    """
    global _installed
    provide_node()
    if _installed or _is_off():
        return
    _installed = True
    if unknown := slow_versions():
        process.warn(", ".join(unknown))
    if not (_known("jsii") and _known("cdktf")):
        return
    if "jsii" not in sys.modules:
        process.start()
    importlib.import_module("._node.kernel", __package__).install()
    for package in filter(_known, _ASSEMBLIES.values()):
        _load_lazily(package)
    _find_types_lazily()
    if _known("typeguard"):
        _remember_version("typeguard")
        _find_hints_lazily()
        _speed_up_checks()


@contextlib.contextmanager
def starting_node() -> Iterator[None]:
    """Start Node for what `install` loads later on, as both take their time, and end it where nothing did.

    What keeps it from starting is said when it is needed.
    """
    provide_node()
    with contextlib.suppress(OSError):
        if not _is_off() and "jsii" not in sys.modules and _known("jsii") and _known("cdktf"):
            process.start()
    try:
        yield
    finally:
        process.end()


def _is_off() -> bool:
    return os.environ.get(process.SWITCH, "0") not in ("", "0")


def slow_versions() -> list[str]:
    """What is said of each package that is loaded the stock way, as its version is not known."""
    return sorted(filter(None, map(_unknown, _KNOWN)))


def sending_ahead() -> contextlib.AbstractContextManager[None]:
    """Do not wait for Node to create what constructors ask for; for a program that handles no
    error of theirs, as one shows at a later call. Nothing happens with the stock bindings."""
    kernel: Any = sys.modules.get(f"{__package__}._node.kernel")
    return kernel.sending_ahead() if kernel else contextlib.nullcontext()


def waiting() -> contextlib.AbstractContextManager[None]:
    """Wait for Node within `sending_ahead`, so that an error of a constructor shows where it is
    called. Nothing happens with the stock bindings, which always wait."""
    kernel: Any = sys.modules.get(f"{__package__}._node.kernel")
    return kernel.waiting() if kernel else contextlib.nullcontext()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _known(package: str) -> bool:
    return _version(package) == _KNOWN[package]


def _unknown(package: str) -> str | None:
    """What is said of a package that is installed in a version that is not known."""
    version, known = _version(package), _KNOWN[package]
    return None if version in (None, known) else f"{package} is {version} and not {known}"


class _LazyPackage(ModuleType):
    """A package that imports a submodule when it is first asked for."""

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return self._submodules()
        path = f"{self.__name__}.{name}"
        if not name.startswith("_"):
            try:
                return importlib.import_module(path)
            except ModuleNotFoundError as error:
                if error.name != path:
                    raise
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._submodules()})

    def _submodules(self) -> list[str]:
        names = (module.name for module in pkgutil.iter_modules(self.__path__))
        return [name for name in names if not name.startswith("_")]


def _load_lazily(name: str) -> None:
    """Put an empty package instead of one that imports all its submodules."""
    if name in sys.modules:
        return
    spec = importlib.util.find_spec(name)
    if spec is not None:
        package = importlib.util.module_from_spec(spec)
        package.__class__ = _LazyPackage
        sys.modules[name] = package


def _find_types_lazily() -> None:
    """Import the submodule of a type that Node returns and Python has not seen so far."""
    references: Any = importlib.import_module("jsii._reference_map")
    find = references._try_import_type_module

    def find_submodule(fqn: str) -> bool:
        assembly, _, path = fqn.partition(".")
        if assembly in _ASSEMBLIES and "." in path:
            submodule = re.sub("([A-Z])", r"_\1", path.partition(".")[0]).lower()
            with contextlib.suppress(ImportError):
                importlib.import_module(f"{_ASSEMBLIES[assembly]}.{submodule}")
                return True
        return bool(find(fqn))

    references._try_import_type_module = find_submodule


def _remember_version(package: str) -> None:
    """Look a package's version up once, for which every generated module asks when it is imported."""
    find, known = metadata.version, _KNOWN[package]

    @functools.wraps(find)
    def version(distribution_name: str) -> str:
        return known if distribution_name == package else find(distribution_name)

    metadata.version = version


class _Hint:
    """The type hint of one argument, which is resolved for a value that needs it."""

    def __init__(self, stub: Any, name: str) -> None:
        self._stub = stub
        self._name = name
        self.classes: frozenset[type] = frozenset()
        self._resolved: Any = None
        hint = stub.__annotations__[name]
        if typing.get_origin(hint) is Union and type(None) in typing.get_args(hint):
            # What most arguments are.
            self.classes = frozenset((type(None),))

    def resolved(self) -> Any:
        """The type hint; `classes` are known from here on."""
        if self._resolved is None:
            alone = SimpleNamespace(
                __annotations__={self._name: self._stub.__annotations__[self._name]},
                __globals__=self._stub.__globals__,
            )
            self._resolved = _resolve(alone)[self._name]
            self.classes = _classes(self._resolved)
        return self._resolved


_resolve = typing.get_type_hints


class _Hints(dict[str, _Hint]):
    """The type hints of a generated signature."""

    def __init__(self, stub: Any) -> None:
        super().__init__()
        self._stub = stub

    def __missing__(self, name: str) -> _Hint:
        hint = self[name] = _Hint(self._stub, name)
        return hint


def _find_hints_lazily() -> None:
    """Resolve a type hint of a generated signature once and when it is needed, instead of all of
    them on every call."""
    known: dict[Any, _Hints] = {}

    @functools.wraps(_resolve)
    def get_type_hints(obj: Any, *args: Any, **kwargs: Any) -> Any:
        if args or kwargs or not getattr(obj, "__name__", "").startswith(_STUB):
            return _resolve(obj, *args, **kwargs)
        hints = known.get(obj)
        if hints is None:
            hints = known[obj] = _Hints(obj)
        return hints

    typing.get_type_hints = get_type_hints


def _speed_up_checks() -> None:
    """Accept a value whose class is one of those expected without a closer look."""
    typeguard: Any = importlib.import_module("typeguard")
    check = typeguard.check_type

    @functools.wraps(check)
    def check_type(
        argname: str, value: Any, expected_type: Any, memo: Any = None, **names: Any
    ) -> None:
        if type(expected_type) is _Hint:
            if type(value) in expected_type.classes:
                return
            hint, expected_type = expected_type, expected_type.resolved()
            if type(value) in hint.classes:
                return
        if memo is None:
            caller = sys._getframe(1)
            names = {"globals": caller.f_globals, "locals": caller.f_locals, **names}
        check(argname, value, expected_type, memo, **names)

    typeguard.check_type = check_type


def _classes(expected: Any) -> frozenset[type]:
    """The classes of which an instance surely is what a type hint expects."""
    members = typing.get_args(expected) if typing.get_origin(expected) is Union else [expected]
    return frozenset(
        member for member in members if isclass(member) and not issubclass(member, tuple)
    )
