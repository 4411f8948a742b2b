"""The folder's own name in this repository: `import modules` gives what `import inferform` does."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_NAME, _FOLDER = "inferform", "modules"


class _Alias(MetaPathFinder, Loader):
    """Finds `modules.X` as `inferform.X`, so that no class exists twice."""

    def __init__(self) -> None:
        self._specs: dict[str, ModuleSpec | None] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a submodule under the folder's name; None for everything else."""
        return ModuleSpec(fullname, self) if fullname.startswith(f"{_FOLDER}.") else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module under its one name."""
        module = import_module(_NAME + spec.name.removeprefix(_FOLDER))
        self._specs[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own spec back, which the import system has replaced."""
        assert module.__spec__ is not None
        module.__spec__ = self._specs.pop(module.__spec__.name)


def install() -> None:
    """Find every submodule under both names from here on."""
    sys.meta_path.insert(0, _Alias())
