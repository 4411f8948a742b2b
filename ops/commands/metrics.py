"""`inferform metrics`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..environments import Emulated, EnvironmentKey, environment
from ..errors import BadInputError
from ..output import Json, print_json, print_table, stderr, stdout
from ..services import SERVICE_HELP
from . import AFTER, Command


def metrics(
    env: EnvironmentKey,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help=SERVICE_HELP)],
    minutes: Annotated[int, typer.Option(help="How far to look back.")] = 180,
    output: Annotated[
        Path | None, typer.Option(help="Draw it to this PNG or SVG file too.")
    ] = None,
    emulator: Emulated = False,
    json: Json = False,
) -> None:
    """Show what CloudWatch has measured of a service: traffic, errors, latency, utilization.

    --json writes what inferform dashboard --recorded draws.

    Example: inferform metrics prod-euw1 fraud --minutes 60
    """
    from .. import metrics as source
    from ..aws import Aws, emulator_in_use
    from ..services import find_watched

    if not 1 <= minutes <= 20_160:
        raise BadInputError("--minutes must be from 1 to 20160, two weeks")
    if output is not None and output.suffix not in (".png", ".svg"):
        raise BadInputError(f"{output} must end in .png or .svg")
    found = environment(env)
    aws = Aws(found.context, emulator=emulator_in_use() if emulator else None)
    wanted = find_watched(found, service)
    with stderr.status(f"reading the metrics of {wanted.full_name}"):
        measured = source.read(found, wanted, aws, minutes=minutes, now=source.utcnow())
    if output is not None:
        source.draw(measured, output, title=f"{env} {wanted.full_name}")
    if json:
        print_json(source.recorded(measured))
        return
    print_table(
        ("graph", "line", "last", f"{minutes} minutes"),
        [
            (
                each.title.partition(": ")[2],
                each.label,
                _last(each),
                source.spark(each.points, minutes),
            )
            for each in measured
        ],
    )
    if output is not None:
        stdout.print(f"{output}", markup=False)


def _last(each: object) -> str:
    from ..metrics import Measured

    assert isinstance(each, Measured)
    if not each.known:
        return "not known here"
    return "no data" if each.last is None else f"{each.last:.4g} {each.unit}".strip()


COMMANDS = (Command("metrics", metrics, AFTER, order=32),)
