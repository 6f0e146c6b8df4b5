"""Reads of ``auth``; what a caller may see begins with ``visible_*(caller)``."""
