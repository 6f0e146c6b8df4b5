"""Reads of ``chat``; what a caller sees starts from ``visible_conversations``."""
