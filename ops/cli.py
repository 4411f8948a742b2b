"""`inferra`: the operator's command. Each file of `ops/commands` adds its own."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path

import typer

from modules.spec import SpecError

from . import commands
from .errors import BadInputError, OperatorError
from .output import stderr

app = typer.Typer(
    name="inferra",
    help="ML inference infrastructure on AWS, from typed Python to running endpoints.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

for module in sorted(pkgutil.iter_modules(commands.__path__), key=lambda entry: entry.name):
    importlib.import_module(f"{commands.__name__}.{module.name}").register(app)


def main() -> None:
    """Run the command; exit status 0, 1 when it failed, 2 when the input was wrong."""
    try:
        app()
    except (SpecError, BadInputError) as error:
        stderr.print(str(error), markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)
    except OperatorError as error:
        stderr.print(str(error), markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    main()
