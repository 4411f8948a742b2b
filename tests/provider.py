"""One running provider for the tests of a file, in the place of one for each run of Terraform."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

import pytest

from ops.terraform import Stack, one_provider


class Provider:
    """Starts the provider that the first stack was initialised with, once; ends it with `close`.

    Most of a small run is the start of the provider. Runs that share one must come one after
    another, as each gives it its own configuration.
    """

    def __init__(self) -> None:
        self._ending = ExitStack()
        self._attached: dict[str, str] | None = None

    def variables(self, stack: Stack, variables: Mapping[str, str]) -> dict[str, str]:
        """The variables with which Terraform uses the running provider."""
        if self._attached is None:
            light = self._ending.enter_context(one_provider(stack, variables))
            names = ("GOGC", "TF_REATTACH_PROVIDERS")
            self._attached = {name: light[name] for name in names if name in light}
        return {**variables, **self._attached}

    @contextmanager
    def used(self) -> Iterator[None]:
        """Let everything that this process starts use the provider, where it runs already."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in (self._attached or {}).items():
                patch.setenv(name, value)
            yield

    def close(self) -> None:
        """End the provider."""
        self._ending.close()
