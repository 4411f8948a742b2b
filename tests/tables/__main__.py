"""`python -m tests.tables` makes every table anew, and prints what has changed.

With `--aws` those that no package holds are asked of AWS, with the credentials of the shell.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import boto3

from tests.conftest import ROOT

from .tables import TABLES, differences

if __name__ == "__main__":
    today = datetime.now(UTC).date()
    for table in TABLES:
        before = table.file.read_text("utf-8")
        after = table.make(before)
        if "--aws" in sys.argv and table.ask:
            after = table.ask(after, boto3.client, today)
        changed = list(differences(before, after))
        told = f"{len(changed)} lines differ" if changed else "no difference"
        print(f"{table.file.relative_to(ROOT)} ({table.made}): {told}")
        for line in changed:
            print(f"  {line}")
        if changed:
            table.file.write_text(after, encoding="utf-8")
