"""What runs: the list and the catalogue of many services, from their files alone."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from .catalogue import write
from .measure import Part, best, measure

SECONDS_OF_THOUSAND = 10.0

_MADE = """
import sys
from pathlib import Path
from inferform import load
from inferform_ops.catalog import Source, page
from inferform_ops.cost.prices import price_table
from inferform_ops.listed import rows

loaded, table = load(Path(sys.argv[1])), price_table()
listed = {key: rows(each, table) for key, each in loaded.environments.items()}
if sys.argv[2:]:
    text = page([*loaded.environments.values()], listed, Source(loaded.files), table)
    Path(sys.argv[2], "catalog.html").write_text(text, encoding="utf-8")
"""


def running(count: int, rounds: int) -> Part:
    """The rows of a list, and the page with its picture."""
    part = Part(f"What runs, from the files of {count:,} endpoints", ("", "seconds", "MiB"))
    with tempfile.TemporaryDirectory() as temporary:
        folder = str(write(Path(temporary) / "environments", count))
        command = [sys.executable, "-c", _MADE, folder]
        listed = best([measure(command) for _ in range(rounds)])
        page = best([measure([*command, temporary]) for _ in range(rounds)])
    part.add("list", listed)
    part.add("catalog", page)
    text = f"{page.seconds:.1f} seconds for the page, at most {SECONDS_OF_THOUSAND:g}"
    part.gates[text] = page.seconds <= SECONDS_OF_THOUSAND
    return part
