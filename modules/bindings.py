"""Fast loading of the AWS and Kubernetes bindings.

The generated provider packages import thousands of submodules eagerly, in Python and
again in the Node process behind them. ``install()`` makes both load only what is used.
It changes nothing about the synthesized output. Set ``INFERRA_STOCK_BINDINGS=1`` to load
everything the stock way; a version that is not known here loads the stock way by itself.
"""

import importlib
import importlib.util
import os
import pkgutil
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

SWITCH = "INFERRA_STOCK_BINDINGS"

_PRELOAD = Path(__file__).with_name("_node") / "preload.js"
_PROVIDERS = {
    "cdktf_cdktf_provider_aws": "21.22.1",
    "cdktf_cdktf_provider_kubernetes": "12.1.1",
}
_END_OF_LIFE = "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"

_installed = False


class _LazyPackage(ModuleType):
    """A package that imports a submodule when it is first asked for."""

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return self._submodules()
        if not name.startswith("_"):
            try:
                return importlib.import_module(f"{self.__name__}.{name}")
            except ModuleNotFoundError as error:
                if error.name != f"{self.__name__}.{name}":
                    raise
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._submodules()})

    def _submodules(self) -> list[str]:
        names = (module.name for module in pkgutil.iter_modules(self.__path__))
        return [name for name in names if not name.startswith("_")]


def install() -> None:
    """Load the provider bindings lazily from here on; does nothing when called again.

    Call it before anything imports ``cdktf_cdktf_provider_aws``.
    """
    global _installed
    if _installed or os.environ.get(SWITCH, "") not in ("", "0"):
        return
    _installed = True
    if [_install_package(name, version) for name, version in _PROVIDERS.items()].count(True):
        _preload_node()


def _install_package(name: str, version: str) -> bool:
    if name in sys.modules or _version(name) != version:
        return False
    spec = importlib.util.find_spec(name)
    if spec is None:
        return False
    package = importlib.util.module_from_spec(spec)
    package.__class__ = _LazyPackage
    sys.modules[name] = package
    return True


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _preload_node() -> None:
    from jsii._kernel.providers import process

    start = process._NodeProcess.start

    def start_with_preload(self: Any) -> None:
        before = {name: os.environ.get(name) for name in ("NODE_OPTIONS", _END_OF_LIFE)}
        options = f'{before["NODE_OPTIONS"] or ""} --require="{_PRELOAD.as_posix()}"'
        os.environ["NODE_OPTIONS"] = options.strip()
        os.environ.setdefault(_END_OF_LIFE, "20")
        try:
            start(self)  # type: ignore[no-untyped-call]
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value

    process._NodeProcess.start = start_with_preload  # type: ignore[method-assign]
