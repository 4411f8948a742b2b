"""An AWS of one's own on the loopback interface: moto's server, corrected where AWS differs.

Run it with ``python -m inferform_emulator``; start, find and stop it from Python with
``inferform_emulator.process``.
"""

from pathlib import Path

if __name__ == "emulator":
    from inferform._alias import install

    install("emulator", "inferform_emulator")

from .process import Emulator, EmulatorError

__all__ = ["LOCK", "Emulator", "EmulatorError"]

LOCK = Path(__file__).with_name("terraform.lock.hcl")
"""The lock of the AWS provider that runs against it."""
