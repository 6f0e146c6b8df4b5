"""The composition root: the list of services, and their wiring into one process."""

from guanjia.app.platform import Platform
from guanjia.app.services import SERVICES

__all__ = ["SERVICES", "Platform"]
