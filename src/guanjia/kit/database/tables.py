"""The tables that the kit keeps in every service's database, under the service's prefix."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Column, Index, MetaData, Table

from guanjia.kit.database.types import ExactText, Flag, Id, Json, LongText, Position, UtcTime, Whole


@dataclass(frozen=True)
class KitTables:
    """Handles to one service's kit tables."""

    feed: Table
    feed_counter: Table
    cursors: Table
    parked: Table
    idempotency: Table
    locks: Table
    leases: Table
    outgoing: Table


def service_metadata(service: str) -> MetaData:
    """A MetaData for the tables of ``service``, with the kit's own tables already in it."""
    metadata = MetaData()
    metadata.info["service"] = service
    feed = Table(
        f"{service}_feed",
        metadata,
        Column("position", Position, primary_key=True, autoincrement=True),
        Column("seq", Whole, nullable=True),
        Column("id", Id, nullable=False),
        Column("name", ExactText(80), nullable=False),
        Column("key", ExactText(120), nullable=False),
        Column("company_id", ExactText(36), nullable=False),
        Column("audience", ExactText(8), nullable=False),
        Column("subjects", Json, nullable=False),
        Column("data", Json, nullable=False),
        Column("recorded_at", UtcTime, nullable=False),
        sqlite_autoincrement=True,
    )
    Index(f"{service}_feed_seq", feed.c.seq)
    Index(f"{service}_feed_recorded", feed.c.recorded_at)
    Table(
        f"{service}_feed_counter",
        metadata,
        Column("id", Whole, primary_key=True, autoincrement=False),
        Column("value", Whole, nullable=False),
    )
    Table(
        f"{service}_cursors",
        metadata,
        Column("feed", ExactText(40), primary_key=True),
        Column("seq", Whole, nullable=False),
        Column("moved_at", UtcTime, nullable=False),
    )
    parked = Table(
        f"{service}_parked",
        metadata,
        Column("id", Id, primary_key=True),
        Column("feed", ExactText(40), nullable=False),
        Column("seq", Whole, nullable=False),
        Column("key", ExactText(120), nullable=False),
        Column("name", ExactText(80), nullable=False),
        Column("event_id", Id, nullable=False),
        Column("company_id", ExactText(36), nullable=False),
        Column("audience", ExactText(8), nullable=False),
        Column("subjects", Json, nullable=False),
        Column("data", Json, nullable=False),
        Column("error", LongText, nullable=False),
        Column("parked_at", UtcTime, nullable=False),
        Column("replayed_at", UtcTime, nullable=True),
    )
    Index(f"{service}_parked_key", parked.c.feed, parked.c.key, parked.c.seq)
    Table(
        f"{service}_idempotency",
        metadata,
        Column("caller", ExactText(80), primary_key=True),
        Column("route", ExactText(120), primary_key=True),
        Column("key", ExactText(120), primary_key=True),
        Column("body_hash", ExactText(64), nullable=False),
        Column("answer", Json, nullable=False),
        Column("at", UtcTime, nullable=False),
        Index(f"{service}_idempotency_at", "at"),
    )
    Table(
        f"{service}_locks",
        metadata,
        Column("name", ExactText(200), primary_key=True),
        Column("taken", Whole, nullable=False),
    )
    Table(
        f"{service}_leases",
        metadata,
        Column("name", ExactText(80), primary_key=True),
        Column("owner", ExactText(80), nullable=False),
        Column("until", UtcTime, nullable=False),
    )
    outgoing = Table(
        f"{service}_outgoing",
        metadata,
        Column("position", Position, primary_key=True, autoincrement=True),
        Column("id", Id, nullable=False, unique=True),
        Column("channel", ExactText(40), nullable=False),
        Column("key", ExactText(120), nullable=False),
        Column("body", Json, nullable=False),
        Column("state", ExactText(12), nullable=False),
        Column("is_repeatable", Flag, nullable=False),
        Column("attempts", Whole, nullable=False),
        Column("owner", ExactText(36), nullable=False),
        Column("next_at", UtcTime, nullable=True),
        Column("code", ExactText(80), nullable=False),
        Column("error", LongText, nullable=True),
        Column("result", Json, nullable=True),
        Column("created_at", UtcTime, nullable=False),
        Column("queued_at", UtcTime, nullable=False),
        Column("updated_at", UtcTime, nullable=False),
        sqlite_autoincrement=True,
    )
    Index(f"{service}_outgoing_next", outgoing.c.channel, outgoing.c.state, outgoing.c.next_at)
    Index(f"{service}_outgoing_key", outgoing.c.channel, outgoing.c.key, outgoing.c.state, outgoing.c.position)
    return metadata


def kit_tables(metadata: MetaData) -> KitTables:
    """The kit's tables of a metadata made by ``service_metadata``."""
    service = metadata.info["service"]
    names = KitTables.__dataclass_fields__
    return KitTables(**{name: metadata.tables[f"{service}_{name}"] for name in names})


def table(name: str, metadata: MetaData, *items: sa.schema.SchemaItem) -> Table:
    """A table of a service; its name must begin with the service's prefix."""
    prefix = metadata.info["service"] + "_"
    if not name.startswith(prefix):
        raise ValueError(f"table {name} lacks the prefix {prefix}")
    return Table(name, metadata, *items)
