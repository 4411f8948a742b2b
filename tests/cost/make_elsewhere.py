"""Make `tests/cost/elsewhere.json` again: a plan of what other projects have.

Run it as `python -m tests.cost.make_elsewhere`. Terraform and the AWS provider plan `elsewhere.tf`; the
tests need only the file.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from ops.terraform import terraform_binary, terraform_environment

HERE = Path(__file__).resolve().parent
ELSEWHERE = HERE / "elsewhere.json"


def main() -> None:
    """Write the plan."""
    with tempfile.TemporaryDirectory() as folder:
        variables = terraform_environment()
        shutil.copy(HERE / "elsewhere.tf", folder)

        def terraform(*arguments: str) -> bytes:
            command = [terraform_binary(), *arguments]
            done = subprocess.run(
                command, cwd=folder, env=variables, check=True, stdout=subprocess.PIPE
            )
            return done.stdout

        terraform("init", "-no-color")
        terraform("plan", "-no-color", "-refresh=false", "-out=plan")
        shown = json.loads(terraform("show", "-json", "plan"))
        for name in ("planned_values", "relevant_attributes", "timestamp"):
            shown.pop(name, None)
        ELSEWHERE.write_text(f"{json.dumps(shown, separators=(',', ':'))}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
