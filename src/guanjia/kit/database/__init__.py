"""Databases: portable types, the writer lane, ``write`` and ``read``, ``lock``, keyset paging."""

from guanjia.kit.database.engine import Database
from guanjia.kit.database.hot import Prepared
from guanjia.kit.database.paging import PAGE_LIMIT, capped_count, decode_cursor, encode_cursor, page_by_id
from guanjia.kit.database.tables import KitTables, kit_tables, service_metadata, table
from guanjia.kit.database.target import Target
from guanjia.kit.database.transaction import Reading, Transaction, lock
from guanjia.kit.database.types import ExactText, Flag, Id, Json, LongText, UtcTime, Whole, is_id, new_id, storable_text

__all__ = [
    "PAGE_LIMIT",
    "Database",
    "ExactText",
    "Flag",
    "Id",
    "Json",
    "KitTables",
    "LongText",
    "Prepared",
    "Reading",
    "Target",
    "Transaction",
    "UtcTime",
    "Whole",
    "capped_count",
    "decode_cursor",
    "encode_cursor",
    "is_id",
    "kit_tables",
    "lock",
    "new_id",
    "page_by_id",
    "service_metadata",
    "storable_text",
    "table",
]
