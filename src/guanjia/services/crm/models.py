"""Tables of ``crm``."""

from __future__ import annotations

from sqlalchemy import Column, Index, UniqueConstraint

from guanjia.kit.database import ExactText, Flag, Id, Json, LongText, UtcTime, Whole, service_metadata, table

metadata = service_metadata("crm")

customers = table(
    "crm_customers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("company_id", Id, nullable=False),
    Column("name", ExactText(60), nullable=False),
    Column("remark", ExactText(60), nullable=False),
    Column("note", LongText, nullable=False),
    Column("tags", Json, nullable=False),
    Column("version", Whole, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Index("crm_customers_company", "company_id", "id"),
)

# ``value`` is sealed; ``value_hash`` is keyed. ``tail_hash``: the last four digits of a phone number.
identities = table(
    "crm_identities",
    metadata,
    Column("id", Id, primary_key=True),
    Column("company_id", Id, nullable=False),
    Column("customer_id", Id, nullable=False),
    Column("kind", ExactText(20), nullable=False),
    Column("scope", ExactText(64), nullable=False),
    Column("scope_name", ExactText(60), nullable=False),
    Column("value", LongText, nullable=False),
    Column("value_masked", ExactText(80), nullable=False),
    Column("value_hash", ExactText(64), nullable=False),
    Column("tail_hash", ExactText(64), nullable=True),
    Column("is_active", Flag, nullable=False),
    Column("since", UtcTime, nullable=False),
    UniqueConstraint("company_id", "kind", "scope", "value_hash", name="crm_identities_value"),
    Index("crm_identities_customer", "customer_id"),
    Index("crm_identities_tail", "company_id", "tail_hash"),
)

tags = table(
    "crm_tags",
    metadata,
    Column("company_id", Id, primary_key=True),
    Column("tag", ExactText(20), primary_key=True),
    Column("customer_id", Id, primary_key=True),
    Index("crm_tags_customer", "customer_id"),
)

# What a customer is found by: words and Chinese character pairs of his name, remark and tags.
words = table(
    "crm_words",
    metadata,
    Column("company_id", Id, primary_key=True),
    Column("word", ExactText(40), primary_key=True),
    Column("customer_id", Id, primary_key=True),
    Index("crm_words_customer", "customer_id"),
)
