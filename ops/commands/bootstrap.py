"""`inferform bootstrap`."""

from __future__ import annotations

from dataclasses import asdict

from ..environments import Emulated, EnvironmentKey, environment
from ..output import Json, print_json, stdout
from . import BEGIN, Command


def bootstrap(env: EnvironmentKey, emulator: Emulated = False, json: Json = False) -> None:
    """Make the environment's state bucket, or fix its settings. Safe to repeat.

    Example: inferform bootstrap dev-use1
    """
    from ..aws import Aws, emulator_in_use
    from ..bootstrap import bootstrap as run

    context = environment(env).context
    with stdout.status(f"state bucket {context.state_bucket}"):
        done = run(context, Aws(context, emulator=emulator_in_use() if emulator else None))
    if json:
        print_json(asdict(done))
    elif done.created:
        stdout.print(f"made state bucket {done.bucket}")
    elif done.changed:
        stdout.print(f"fixed {', '.join(done.changed)} of {done.bucket}")
    else:
        stdout.print(f"state bucket {done.bucket} is as it must be")


COMMANDS = (Command("bootstrap", bootstrap, BEGIN, order=20),)
