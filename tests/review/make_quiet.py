"""Make `tests/review/quiet.json` again: a plan of changes that almost are risks, and are none.

Run it as `python -m tests.review.make_quiet`. Terraform and the AWS provider apply the first
configuration on the emulator and plan the second; the tests need only the file.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

from inferform_emulator import process
from ops.terraform import terraform_binary, terraform_environment

from .make_fixtures import Scrubber

HERE = Path(__file__).resolve().parent
QUIET = HERE / "quiet.json"
CONFIGURATIONS = (HERE / "quiet_before.tf", HERE / "quiet_after.tf")


def main() -> None:
    """Write the plan."""
    with process.serve() as emulator, tempfile.TemporaryDirectory() as folder:
        variables = terraform_environment(emulator.environment(region="us-east-1"))

        def terraform(*arguments: str) -> bytes:
            command = [terraform_binary(), *arguments]
            done = subprocess.run(
                command, cwd=folder, env=variables, check=True, stdout=subprocess.PIPE
            )
            return done.stdout

        before, after = (file.read_text("utf-8") for file in CONFIGURATIONS)
        file = Path(folder) / "main.tf"
        file.write_text(before, encoding="utf-8")
        terraform("init", "-no-color")
        terraform("apply", "-no-color", "-auto-approve")
        file.write_text(after, encoding="utf-8")
        terraform("plan", "-no-color", "-out=plan")
        shown = json.loads(terraform("show", "-json", "plan"))
        for name in ("prior_state", "planned_values", "relevant_attributes"):
            shown.pop(name, None)
        text = Scrubber().scrub(json.dumps(shown, separators=(",", ":")))
        QUIET.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
