"""Pictures that agents stored to send them."""

from __future__ import annotations

from datetime import datetime

from guanjia.kit.auth import Caller
from guanjia.kit.database import Transaction
from guanjia.services.chat.models import uploads


def record_upload(tx: Transaction, caller: Caller, file: str, media_type: str, size: int, at: datetime) -> None:
    """Note whose company may send a stored file."""
    tx.execute(
        uploads.insert().values(
            company_id=caller.company_id,
            file=file,
            owner_id=caller.id,
            media_type=media_type,
            size=size,
            at=at,
        )
    )
