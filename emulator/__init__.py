"""An AWS of one's own on the loopback interface: moto's server, corrected where AWS differs.

Run it with ``python -m emulator``; start, find and stop it from Python with ``emulator.process``.
"""

from .process import Emulator, EmulatorError

__all__ = ["Emulator", "EmulatorError"]
