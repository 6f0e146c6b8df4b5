"""Reads of the emulator."""
