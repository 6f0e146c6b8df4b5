"""Writes of ``auth``."""
