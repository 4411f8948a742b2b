"""`inferform check-container`."""

from __future__ import annotations

from ..contract import check_container
from . import RELEASES, Command

COMMANDS = (Command("check-container", check_container, RELEASES, order=30),)
