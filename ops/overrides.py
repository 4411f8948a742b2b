"""Every override of an environment: attributes that no field of a Spec sets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from inferform import Environment
from inferform.overrides import Overridable
from inferform.spec import walk


@dataclass(frozen=True, slots=True)
class Override:
    """One attribute that is overridden."""

    spec: str
    """Where the Spec is: `inference.endpoints.fraud`."""

    role: str
    """Which of its resources, by the path of construct ids: `models/primary/model`."""

    attribute: str
    """The path of the attribute."""

    value: Any

    @property
    def shown(self) -> str:
        """The value in JSON."""
        return json.dumps(self.value)


def overrides(environment: Environment) -> Iterator[Override]:
    """Every override, in the order in which they are written."""
    for path, spec in walk(environment):
        if isinstance(spec, Overridable):
            where = ".".join(map(str, path))
            for role, attributes in spec.overrides.items():
                for attribute, value in attributes.items():
                    yield Override(where, role, attribute, value)
