"""Environment files written by tests."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

HEAD = "from inferform import *\n"

CONTEXT = (
    'Context(organization="acme", stage="dev", account="111122223333", region="us-east-1", '
    'owner="ml")'
)
NETWORK = 'Network(cidr="10.20.0.0/16")'
REGISTRY = 'Registry(repositories={"fraud": Repository()})'
MODEL = 'Model(image=Image(repository="fraud", tag="1.4.2"))'
ENDPOINT = f'RealtimeEndpoint(model={MODEL}, instance_type="ml.m5.large")'


def environment(
    *,
    name: str = "dev",
    context: str = CONTEXT,
    network: str = NETWORK,
    registry: str = REGISTRY,
    endpoints: str = f'{{"fraud": {ENDPOINT}}}',
    inference: str | None = None,
) -> str:
    """The text of an environment file whose parts may be replaced."""
    fields = {
        "context": context,
        "network": network,
        "registry": registry,
        "inference": inference or f"Inference(endpoints={endpoints})",
    }
    body = indent("\n".join(f"{key}={value}," for key, value in fields.items()), "    ")
    return f"{HEAD}\n{name} = Environment(\n{body}\n)\n"


def folder(root: Path, **files: str) -> Path:
    """A folder `environments` below `root` with the files given by stem and text."""
    made = root / "environments"
    made.mkdir()
    for stem, text in files.items():
        (made / f"{stem}.py").write_text(text, encoding="utf-8")
    return made
