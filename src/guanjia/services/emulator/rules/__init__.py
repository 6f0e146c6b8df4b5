"""Pure decisions of the emulator."""
