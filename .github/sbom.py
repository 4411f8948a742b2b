"""Writes the CycloneDX bill of materials of a wheel: what it needs, by the versions of Pipfile.lock.

.venv/bin/python .github/sbom.py dist/inferform-0.2.0-py3-none-any.whl dist/inferform.cdx.json
"""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from collections.abc import Iterable
from email import message_from_bytes
from importlib.metadata import requires
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCK = Path(__file__).parents[1] / "Pipfile.lock"


def needed(requirements: Iterable[str], extras: Iterable[str] = ()) -> list[Requirement]:
    """The requirements that hold here, with or without extras."""
    found = [Requirement(text) for text in requirements]
    return [
        each
        for each in found
        if each.marker is None
        or any(each.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    ]


def _component(name: str, version: str, kind: ComponentType, **more: object) -> Component:
    purl = PackageURL("pypi", name=name, version=version)
    return Component(name=name, version=version, type=kind, purl=purl, bom_ref=str(purl), **more)


def bill(wheel: Path) -> Bom:
    """The bill of a wheel. Raises KeyError for a package that is not locked."""
    locked = json.loads(LOCK.read_text("utf-8"))["default"]
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
        metadata = message_from_bytes(archive.read(name))
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    main = _component(
        metadata["Name"],
        metadata["Version"],
        ComponentType.LIBRARY,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
    )
    bom = Bom()
    bom.metadata.component = main
    known: dict[str, Component] = {}

    def add(requirement: Requirement) -> Component:
        package = canonicalize_name(requirement.name)
        if package not in known:
            version = locked[package]["version"].removeprefix("==")
            known[package] = _component(package, version, ComponentType.LIBRARY)
            bom.components.add(known[package])
            wanted = needed(requires(package) or (), requirement.extras)
            bom.register_dependency(known[package], [add(each) for each in wanted])
        return known[package]

    wanted = needed(metadata.get_all("Requires-Dist") or ())
    bom.register_dependency(main, [add(each) for each in wanted])
    return bom


def main() -> None:
    """Write the bill of the wheel in the first argument to the second."""
    wheel, target = map(Path, sys.argv[1:])
    target.write_text(JsonV1Dot6(bill(wheel)).output_as_string(indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
