"""Inferform: ML inference infrastructure on AWS, described in typed Python.

Importing this package needs neither Node nor cdktf; the constructs load on synthesis. What it exports loads with
the first name that is asked for, so that a program can start Node before.
"""

if __name__ == "modules":
    from inferform._alias import install

    install("modules", "inferform")

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .exports import *  # noqa: F403
    from .exports import __all__ as __all__


def __getattr__(name: str) -> Any:
    if name == "__all__" or not name.startswith("_"):
        if find_spec(f"{__name__}.{name}"):
            return import_module(f".{name}", __name__)
        exports = import_module(".exports", __name__)
        globals().update({each: getattr(exports, each) for each in ("__all__", *exports.__all__)})
        if name in globals():
            return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__getattr__("__all__")})
