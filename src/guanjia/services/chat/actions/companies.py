"""Companies, organisations and staff as ``auth`` tells them; a new company gets a default group and its first words."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from guanjia.contracts.auth import CompanyChanged, OrganisationChanged, StaffChanged
from guanjia.kit.database import Transaction, lock, new_id
from guanjia.kit.search import initials
from guanjia.services.chat.actions.assignments import rename_agent
from guanjia.services.chat.actions.conversations import publish_agent
from guanjia.services.chat.actions.presence import change_status
from guanjia.services.chat.models import agents, canned_replies, companies, greetings, groups, organisations
from guanjia.services.chat.queries.conversations import open_of_agent
from guanjia.services.chat.rules.conversation import HAND_BACK_SECONDS
from guanjia.services.chat.rules.defaults import DEFAULTS
from guanjia.services.chat.rules.hours import ALWAYS

FIRST_ID = "00000000-0000-0000-0000-000000000000"
DEFAULT_CAPACITY = 10


def ensure_company(tx: Transaction, company_id: str) -> None:
    """The company's default group and first words, if it has no group yet: a message can come before its company."""
    mine = groups.c.company_id == company_id
    if tx.one(sa.select(groups.c.id).where(mine).limit(1)) is not None:
        return
    lock(tx, "company", company_id)
    if tx.one(sa.select(groups.c.id).where(mine).limit(1)) is not None:
        return
    tx.execute(
        groups.insert().values(
            id=new_id(),
            company_id=company_id,
            name=DEFAULTS.words["group"],
            organisation_id=company_id,
            is_default=True,
            is_active=True,
            capacity=DEFAULT_CAPACITY,
            hand_back_seconds=HAND_BACK_SECONDS,
            hours=ALWAYS,
            off_hours_text="",
            keywords=[],
            accounts=[],
            rescope_after=None,
            version=1,
        )
    )
    for sort, one in enumerate(DEFAULTS.greetings):
        tx.execute(
            greetings.insert().values(
                id=new_id(), company_id=company_id, kind=one.kind, title=one.title, text=one.text,
                from_time=None, to_time=None, holiday=one.holiday, is_on=one.is_on, sort=sort,
            )
        )  # fmt: skip
    for sort, reply in enumerate(DEFAULTS.canned):
        tx.execute(
            canned_replies.insert().values(
                id=new_id(), company_id=company_id, title=reply.title, text=reply.text,
                category=reply.category, scope="company", group_id=None, owner_id=None,
                is_locked=reply.is_locked, initials=initials(reply.title), sort=sort, version=1,
            )
        )  # fmt: skip


def change_company(tx: Transaction, event: CompanyChanged) -> None:
    """A company's name and time zone."""
    tx.upsert(
        companies,
        {"id": event.id},
        {"name": event.name[:120], "time_zone": event.time_zone, "is_active": event.is_active},
    )
    ensure_company(tx, event.id)


def change_organisation(tx: Transaction, event: OrganisationChanged) -> None:
    """An organisation; when it moved, the conversations of its groups are to be seen by others."""
    path = tx.scalar(sa.select(organisations.c.path).where(organisations.c.id == event.id))
    values = {
        "company_id": event.company_id,
        "parent_id": event.parent_id,
        "path": event.path,
        "name": event.name[:120],
        "is_active": event.is_active,
    }
    tx.upsert(organisations, {"id": event.id}, values)
    if path is not None and path != event.path:
        tx.execute(
            groups.update()
            .where(groups.c.company_id == event.company_id, groups.c.organisation_id == event.id)
            .values(rescope_after=FIRST_ID)
        )


def change_staff(tx: Transaction, event: StaffChanged, at: datetime) -> None:
    """A member of staff. Who may no longer write goes offline, so that his conversations go to the queue."""
    lock(tx, "agent", event.id)
    row = tx.one(sa.select(agents).where(agents.c.id == event.id))
    known = [name for name in event.permissions if name.startswith("chat.")]
    values = {
        "company_id": event.company_id,
        "name": event.name[:80],
        "organisation_id": event.organisation_id,
        "permissions": known,
        "is_agent": "chat.conversations.write" in known,
        "is_active": event.is_active,
    }
    if row is None:
        absent = {
            "status": "offline",
            "chosen": "offline",
            "since": None,
            "lease_until": None,
            "last_seen_at": None,
            "last_assigned_at": None,
        }
        tx.execute(agents.insert().values(id=event.id, **values, **absent))
        publish_agent(tx, event.company_id, event.id)
        return
    tx.execute(agents.update().where(agents.c.id == event.id).values(**values))
    if not (values["is_agent"] and values["is_active"]):
        tx.execute(agents.update().where(agents.c.id == event.id).values(chosen="offline", lease_until=None))
        change_status(tx, event.company_id, event.id, "offline", at)
    else:
        publish_agent(tx, event.company_id, event.id)
    if row.name != values["name"]:
        for conversation_id in open_of_agent(tx, event.company_id, event.id):
            rename_agent(tx, event.company_id, conversation_id, event.id, event.name[:80])
