"""Keyset paging: a cursor is the sort key of the last row, opaque to the client; never an offset."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import ColumnElement, Row, Select

from guanjia.kit.database.transaction import Reading
from guanjia.kit.database.types import is_id
from guanjia.kit.errors import BadRequest

PAGE_LIMIT = 200
COUNT_CAP = 1001


def encode_cursor(values: Sequence[str | int]) -> str:
    """An opaque cursor for the sort key ``values``."""
    return base64.urlsafe_b64encode(msgspec.json.encode(list(values))).decode().rstrip("=")


def decode_cursor(cursor: str, length: int) -> list[Any]:
    """The sort key of a cursor of ours; BadRequest for anything else."""
    try:
        values = msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=list[str | int])
    except (ValueError, msgspec.MsgspecError) as error:
        raise BadRequest("cursor_invalid") from error
    if len(values) != length:
        raise BadRequest("cursor_invalid")
    return values


def page_by_id(
    reading: Reading,
    statement: Select[Any],
    column: ColumnElement[str],
    cursor: str | None,
    limit: int,
    *,
    newest_first: bool = True,
) -> tuple[Sequence[Row[Any]], str | None]:
    """A page ordered by the UUIDv7 ``column`` (selected under its own name), and the cursor of the next
    page.
    """
    limit = max(1, min(limit, PAGE_LIMIT))
    if cursor:
        (last,) = decode_cursor(cursor, 1)
        if not isinstance(last, str) or not is_id(last):
            raise BadRequest("cursor_invalid")
        statement = statement.where(column < last if newest_first else column > last)
    rows = reading.rows(statement.order_by(column.desc() if newest_first else column).limit(limit + 1))
    more = len(rows) > limit
    rows = rows[:limit]
    name = getattr(column, "key", None) or "id"
    return rows, encode_cursor([getattr(rows[-1], name)]) if more else None


def capped_count(reading: Reading, statement: Select[Any]) -> int:
    """How many rows, at most ``COUNT_CAP`` (shown as "1000+")."""
    return int(reading.scalar(sa.select(sa.func.count()).select_from(statement.limit(COUNT_CAP).subquery())) or 0)
