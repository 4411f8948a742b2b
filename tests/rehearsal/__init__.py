"""The whole of examples/platform, deployed on the emulator, planned again and destroyed."""
