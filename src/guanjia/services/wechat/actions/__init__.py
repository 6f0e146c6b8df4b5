"""Writes of ``wechat``."""
