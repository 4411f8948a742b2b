"""main.py for the tests: what was synthesized before from the same files, for the same, is copied.

Most syntheses of a test are of files that the one before has written. What is new is made by
`tests.synthesizer` where that runs, as each process of its own starts Python and Node anew.
"""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path


def _asked() -> str:
    """A digest of all that a synthesis depends on, but for where it is written."""
    digest = hashlib.sha256()
    for name, value in sorted(os.environ.items()):
        if name.startswith(("CDKTF_", "INFERFORM_")) and name != "CDKTF_OUTDIR":
            digest.update(f"{name}={value}\0".encode())
    for path in sorted(Path(os.environ["INFERFORM_ENVIRONMENTS"]).glob("*.py")):
        digest.update(f"{path.name}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _synthesized(program: str, environment: dict[str, str], address: str) -> int:
    """The exit status of the program, run by the synthesizer or else by a process of its own."""
    if address:
        os.umask(mask := os.umask(0))
        shell = {"folder": os.getcwd(), "environment": environment, "umask": mask}
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(address)
            with asking.makefile("rw", encoding="utf-8") as stream:
                stream.write(json.dumps({"program": program, **shell}) + "\n")
                stream.flush()
                done = json.loads(stream.readline())
        if done is not None:
            sys.stdout.write(done["stdout"])
            sys.stderr.write(done["stderr"])
            return int(done["status"])
    return subprocess.run([sys.executable, program], env=environment, check=False).returncode


def _leave_out(folder: Path, types: tuple[str, ...]) -> None:
    """Take the resources of these types out of every stack."""
    for file in folder.glob("stacks/*/cdk.tf.json"):
        content = json.loads(file.read_text("utf-8"))
        resources = content.get("resource", {})
        for type_ in types:
            resources.pop(type_, None)
        for each in (each for made in resources.values() for each in made.values()):
            if before := each.get("depends_on"):
                each["depends_on"] = [
                    address for address in before if address.partition(".")[0] not in types
                ]
        file.write_text(json.dumps(content, indent=2), encoding="utf-8")


def main(program: str, remembered: str, address: str = "", *left_out: str) -> int:
    """Synthesize, or copy."""
    made = Path(remembered) / _asked()
    if not made.exists():
        partial = made.with_suffix(f".{os.getpid()}")
        environment = {**os.environ, "CDKTF_OUTDIR": str(partial)}
        if status := _synthesized(program, environment, address):
            return status
        if left_out:
            _leave_out(partial, left_out)
        partial.rename(made)
    shutil.copytree(made, os.environ["CDKTF_OUTDIR"], dirs_exist_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
