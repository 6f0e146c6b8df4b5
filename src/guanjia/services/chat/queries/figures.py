"""The supervisor's page: who is there, who waits, and today's figures (R-SVC-12), of the groups he may see."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from guanjia.kit.auth import Caller
from guanjia.kit.database import Reading
from guanjia.services.chat.models import agents, conversations, facts
from guanjia.services.chat.queries.conversations import list_box
from guanjia.services.chat.queries.groups import is_within
from guanjia.services.chat.queries.people import (
    agent_views,
    company_of,
    group_rows,
    online_candidates,
)
from guanjia.services.chat.rules.conversation import TARGET_SECONDS
from guanjia.services.chat.rules.hours import day_start
from guanjia.services.chat.schemas.people import (
    AgentView,
    GroupFigures,
    QueueFigures,
    Supervision,
    TodayFigures,
)

QUEUE_SHOWN = 20


def supervise(reading: Reading, caller: Caller, at: datetime) -> Supervision:
    """Everything at once, read as one picture."""
    company_id = caller.company_id
    rows = [row for row in group_rows(reading, company_id) if is_within(reading, caller, row.organisation_id)]
    group_ids = [row.id for row in rows]
    lengths, longest = _queues(reading, company_id, group_ids, at)
    loads = _loads(reading, company_id, group_ids)
    figures = []
    for row in rows:
        online = [one for one in online_candidates(reading, row) if one.is_member]
        figures.append(
            GroupFigures(
                id=row.id,
                name=row.name,
                online=len(online),
                queue=lengths.get(row.id, 0),
                load=loads.get(row.id, 0),
                capacity=sum(one.capacity for one in online),
            )
        )
    page = list_box(reading, caller, "queue", limit=QUEUE_SHOWN)
    return Supervision(
        agents=_agents(reading, caller),
        queue=QueueFigures(length=sum(lengths.values()), longest_wait_seconds=longest, items=page.items[:QUEUE_SHOWN]),
        today=_today(reading, caller, group_ids, at),
        groups=figures,
    )


def _agents(reading: Reading, caller: Caller) -> list[AgentView]:
    """Agents whose place the caller reaches, or who are in one of the groups that he reaches."""
    company_id = caller.company_id
    reached: dict[str, bool] = {}

    def reaches(organisation_id: str) -> bool:
        if organisation_id not in reached:
            reached[organisation_id] = is_within(reading, caller, organisation_id)
        return reached[organisation_id]

    places = {
        row.id: row.organisation_id
        for row in reading.rows(
            sa.select(agents.c.id, agents.c.organisation_id).where(agents.c.company_id == company_id)
        )
    }
    groups = {row.id for row in group_rows(reading, company_id) if reaches(row.organisation_id)}
    return [
        one
        for one in agent_views(reading, company_id)
        if reaches(places[one.id]) or any(group.id in groups for group in one.groups)
    ]


def _queues(reading: Reading, company_id: str, group_ids: list[str], at: datetime) -> tuple[dict[str, int], int]:
    """Length by group, and the longest wait: since when the customer waits, not since the last hand-back."""
    c = conversations.c
    oldest = sa.func.min(c.queued_at, type_=c.queued_at.type)
    rows = reading.rows(
        sa.select(c.group_id, sa.func.count().label("length"), oldest.label("oldest"))
        .where(c.phase == "queue", c.company_id == company_id, c.group_id.in_(group_ids))
        .group_by(c.group_id)
    )
    waits = [(at - row.oldest).total_seconds() for row in rows if row.oldest is not None]
    return {row.group_id: int(row.length) for row in rows}, max(0, round(max(waits, default=0)))


def _loads(reading: Reading, company_id: str, group_ids: list[str]) -> dict[str, int]:
    c = conversations.c
    rows = reading.rows(
        sa.select(c.group_id, sa.func.count().label("load"))
        .where(c.company_id == company_id, c.group_id.in_(group_ids), c.phase == "open")
        .group_by(c.group_id)
    )
    return {row.group_id: int(row.load) for row in rows}


def _today(reading: Reading, caller: Caller, group_ids: list[str], at: datetime) -> TodayFigures:
    """Counted from facts, each written once, so that every figure can be traced to its conversations."""
    start = day_start(at, company_of(reading, caller.company_id).time_zone)
    within = sa.func.sum(sa.case((facts.c.value <= TARGET_SECONDS, 1), else_=0))
    rows = reading.rows(
        sa.select(
            facts.c.name,
            sa.func.count().label("number"),
            sa.func.sum(facts.c.value).label("total"),
            within.label("within"),
        )
        .where(facts.c.company_id == caller.company_id, facts.c.at >= start, facts.c.group_id.in_(group_ids))
        .group_by(facts.c.name)
    )
    by_name = {row.name: row for row in rows}

    def number(name: str) -> int:
        return int(by_name[name].number) if name in by_name else 0

    def mean(name: str) -> float | None:
        return float(by_name[name].total) / number(name) if name in by_name else None

    answers, answer_mean, rating = number("first_answer"), mean("first_answer"), mean("rated")
    in_time = int(by_name["first_answer"].within) if answers else 0
    return TodayFigures(
        first_answers=answers,
        first_answer_mean_seconds=None if answer_mean is None else round(answer_mean),
        within_target=in_time,
        target_seconds=TARGET_SECONDS,
        within_target_percent=round(100 * in_time / answers, 1) if answers else None,
        opened=number("opened"),
        closed=number("closed"),
        rated=number("rated"),
        rating_mean=None if rating is None else round(rating, 2),
        left_messages=number("left"),
    )
