"""The folders' own names in this repository: `import modules` gives what `import inferform` does.

So do `ops` for `inferform_ops` and `emulator` for `inferform_emulator`, which the wheel installs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import CodeType, ModuleType
from typing import Any


class _Alias(MetaPathFinder, Loader):
    """Finds `folder.X` as `name.X`, so that no class exists twice."""

    def __init__(self, folder: str, name: str) -> None:
        self._folder = folder
        self._name = name
        self._specs: dict[str, ModuleSpec | None] = {}

    def _real(self, fullname: str) -> str:
        return self._name + fullname.removeprefix(self._folder)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a submodule under the folder's name; None for everything else."""
        if not fullname.startswith(f"{self._folder}."):
            return None
        real = find_spec(self._real(fullname))
        return ModuleSpec(fullname, self, origin=real.origin) if real else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module under its one name."""
        module = import_module(self._real(spec.name))
        self._specs[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own spec back, which the import system has replaced."""
        assert module.__spec__ is not None
        module.__spec__ = self._specs.pop(module.__spec__.name)

    def get_code(self, fullname: str) -> CodeType | None:
        """What `python -m` runs."""
        real = find_spec(self._real(fullname))
        loader: Any = real.loader if real else None
        code: CodeType | None = loader.get_code(self._real(fullname)) if loader else None
        return code


def install(folder: str, name: str) -> None:
    """Find every submodule of the package `name` under the name of its folder, too."""
    sys.meta_path.insert(0, _Alias(folder, name))
