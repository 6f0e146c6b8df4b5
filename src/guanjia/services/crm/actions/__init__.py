"""Writes of ``crm``."""
