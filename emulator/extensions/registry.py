"""How an extension is written down, found and put into moto."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from typing import Any, TypeVar

MOTO_VERSION = "5.2.5"

Replacement = TypeVar("Replacement", bound=Callable[..., Any])


class UnknownMotoError(RuntimeError):
    """moto is not the version that the extensions were written against."""


@dataclass(frozen=True, slots=True)
class Extension:
    """One difference between AWS and moto, and the moto version in which it was seen."""

    service: str
    operation: str
    gap: str
    seen_in: str = MOTO_VERSION


class Service:
    """The extensions of one AWS service, collected by the decorators below.

    ``handler`` is moto's response class of the service, on which an operation is a method.
    """

    def __init__(self, name: str, handler: type) -> None:
        self.name = name
        self.handler = handler
        self.extensions: list[Extension] = []
        self.functions: list[Callable[..., Any]] = []
        self._patches: list[Callable[[], None]] = []
        self._installed = False

    def adds(
        self, operation: str, *, gap: str, method: str | None = None
    ) -> Callable[[Replacement], Replacement]:
        """Register an operation which moto does not have."""

        def register(function: Replacement) -> Replacement:
            name = method or function.__name__

            def patch() -> None:
                if hasattr(self.handler, name):
                    raise UnknownMotoError(
                        f"moto has its own {self.name} {operation} now; drop the extension"
                    )
                setattr(self.handler, name, function)

            self._register(operation, gap, function, patch)
            return function

        return register

    def corrects(
        self, operation: str, *, gap: str, owner: type | None = None, method: str | None = None
    ) -> Callable[[Replacement], Replacement]:
        """Register a correction; the function gets moto's original as its first argument."""

        def register(function: Replacement) -> Replacement:
            target = owner or self.handler
            name = method or function.__name__

            def patch() -> None:
                setattr(target, name, _wrap(inspect.getattr_static(target, name), function))

            self._register(operation, gap, function, patch)
            return function

        return register

    def prepares(
        self, operation: str, *, gap: str
    ) -> Callable[[Callable[[], None]], Callable[[], None]]:
        """Register a change of moto's data, such as a list of allowed values."""

        def register(function: Callable[[], None]) -> Callable[[], None]:
            self._register(operation, gap, function, function)
            return function

        return register

    def _register(
        self,
        operation: str,
        gap: str,
        function: Callable[..., Any],
        patch: Callable[[], None],
    ) -> None:
        self.extensions.append(Extension(self.name, operation, gap))
        self.functions.append(function)
        self._patches.append(patch)

    def install(self) -> None:
        """Put the extensions into moto, once."""
        if self._installed:
            return
        self._installed = True
        for patch in self._patches:
            patch()
        operations_of.cache_clear()


@functools.cache
def operations_of(handler: type) -> frozenset[str]:
    """The names of the methods of a response class, which moto would gather at each request."""
    return frozenset(name for name, _ in inspect.getmembers(handler, inspect.isfunction))


def _wrap(original: Any, function: Callable[..., Any]) -> Any:
    """Bind ``function`` around ``original``, in the same kind of descriptor."""
    if isinstance(original, property):
        getter = original.fget
        return property(lambda self: function(getter, self))
    if isinstance(original, staticmethod):
        return staticmethod(_around(original.__func__, function))
    if isinstance(original, classmethod):
        return classmethod(_around(original.__func__, function))
    return _around(original, function)


def _around(original: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    # moto finds operations with inspect.isfunction, which a functools.partial would not pass
    @functools.wraps(original)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(original, *args, **kwargs)

    return wrapper


def check_moto() -> None:
    """Refuse a moto other than the known one: extensions reach into its internals."""
    found = metadata.version("moto")
    if found != MOTO_VERSION:
        raise UnknownMotoError(
            f"the emulator's extensions are written for moto {MOTO_VERSION}, got {found}; "
            f"install moto=={MOTO_VERSION}, or check each extension and raise MOTO_VERSION"
        )


def modules(package: str) -> list[str]:
    """Names of the extension modules; each is moto's name of a service."""
    path = importlib.import_module(package).__path__
    return sorted(module.name for module in pkgutil.iter_modules(path) if module.name != "registry")
