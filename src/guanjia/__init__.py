"""Guanjia (管家): a WeChat Official Account as a whole service centre."""

__version__ = "0.1.0"
