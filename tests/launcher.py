"""Runs Terraform with a provider that runs already, of those that `tests.provider` lends.

Only what starts fast is imported, as this comes before every run of Terraform.
"""

import fcntl
import json
import os
import re
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

# The commands that start a provider, or take the digest of one, but `providers`, of which some look
# at the file of it.
NEEDING = {"apply", "console", "destroy", "force-unlock", "import", "output", "plan", "refresh"}
NEEDING |= {"show", "state", "validate"}


def _lent(address: str, command: str, arguments: list[str]) -> dict[str, str]:
    """The variables with which Terraform uses the provider that is lent for this run."""
    chosen = [each.partition("=")[2] for each in arguments if each.startswith("-chdir=")]
    lending = socket.socket(socket.AF_UNIX)
    lending.connect(address)
    folder = os.path.abspath(*chosen or ".")
    asked = {"folder": folder, "command": command, "environment": dict(os.environ)}
    with lending.makefile("rw", encoding="utf-8") as stream:
        stream.write(json.dumps(asked) + "\n")
        stream.flush()
        answer = json.loads(stream.readline())
    if "failed" in answer:
        sys.exit(answer["failed"])
    # Terraform keeps it open until it ends, however that is, and with it the provider.
    os.set_inheritable(lending.detach(), True)
    variables: dict[str, str] = answer["variables"]
    return variables


def _plugin_cache(environment: Mapping[str, str]) -> str:
    """The folder in which Terraform keeps the providers that it has fetched; empty without one."""
    named = environment.get("TF_CLI_CONFIG_FILE") or os.path.expanduser("~/.terraformrc")
    try:
        with open(named, encoding="utf-8") as file:
            found = re.search(r'^\s*plugin_cache_dir\s*=\s*"(.*)"', file.read(), re.MULTILINE)
    except OSError:
        return ""
    return os.path.expandvars(found[1]) if found else ""


def _alone(environment: Mapping[str, str]) -> int | None:
    """What is open while no other run fills the same plugin cache, which is not made for two at a
    time; None without a cache."""
    folder = _plugin_cache(environment)
    if not folder:
        return None
    lock = os.open(f"{folder.rstrip(os.sep)}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


@contextmanager
def in_turn(environment: Mapping[str, str]) -> Iterator[None]:
    """Let no other run fill the same plugin cache meanwhile."""
    lock = _alone(environment)
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)


def main(terraform: str, address: str, *arguments: str) -> None:
    """Become Terraform."""
    environment = dict(os.environ)
    command = next((each for each in arguments if not each.startswith("-")), "")
    # `TF_REATTACH_PROVIDERS` names one that runs; where it is empty Terraform starts its own.
    own = environment.get("TF_REATTACH_PROVIDERS") == ""
    initialising = command == "init" and "-upgrade" not in arguments
    if (command in NEEDING or initialising) and not own:
        environment |= _lent(address, command, [*arguments])
    if command == "init" and (lock := _alone(environment)) is not None:
        # Held until Terraform ends, however that is.
        os.set_inheritable(lock, True)
    os.execve(terraform, [terraform, *arguments], environment)


if __name__ == "__main__":
    main(*sys.argv[1:])
