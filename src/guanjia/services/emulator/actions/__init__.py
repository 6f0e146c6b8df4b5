"""Writes of the emulator. Each takes the time as an argument; events go to the emulator's own feed."""
