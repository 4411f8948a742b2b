"""`inferform check-container`."""

from __future__ import annotations

import typer

from ..contract import check_container


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check-container")(check_container)
