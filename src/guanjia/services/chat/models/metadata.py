"""The MetaData of ``chat``: every table module adds to it."""

from __future__ import annotations

from guanjia.kit.database import service_metadata

metadata = service_metadata("chat")
