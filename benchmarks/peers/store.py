"""What "durable" means for a peer: one committed row a message, unique by MsgId, one connection a thread."""

from __future__ import annotations

import os
import sqlite3
import threading

_local = threading.local()
PATH = os.environ.get("PEER_DATABASE", "")


def store(message_id: int, source: str, content: str) -> None:
    """Commit the message before the answer; nothing when the run stores nothing."""
    if not PATH:
        return
    connection: sqlite3.Connection | None = getattr(_local, "connection", None)
    if connection is None:
        connection = sqlite3.connect(PATH, timeout=10, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS messages(id INTEGER PRIMARY KEY, source TEXT, content TEXT)")
        _local.connection = connection
    connection.execute("INSERT OR IGNORE INTO messages VALUES (?, ?, ?)", (message_id, source, content))
