"""What every file here has of its own, so that none meets what another one left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from inferform_emulator.process import Emulator
from tests import emulators


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with emulators.serve() as running:
        yield running
