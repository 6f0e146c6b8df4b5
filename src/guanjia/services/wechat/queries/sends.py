"""Reads for messages on their way out."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from guanjia.kit.database import Reading
from guanjia.services.wechat.models import uploads


def upload_media_id(reading: Reading, company_id: str, account_id: str, file: str, at: datetime) -> str:
    """The media id under which WeChat knows an uploaded file; empty when it must be uploaded (again)."""
    c = uploads.c
    found = reading.scalar(
        sa.select(c.media_id).where(
            c.company_id == company_id, c.account_id == account_id, c.file == file, c.expires_at > at
        )
    )
    return str(found or "")
