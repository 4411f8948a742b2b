"""The Python blocks of the documents about identity and states run."""

from __future__ import annotations

import pytest

from . import readme


@pytest.mark.parametrize("path", ["modules/identity/README.md", "docs/state.md"])
def test_the_block_of_the_document_runs(path: str) -> None:
    assert len(readme.run(path)) == 1
