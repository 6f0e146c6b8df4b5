"""Which group a conversation goes to, and which of its agents takes it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class GroupRule:
    """What routing knows of a group. ``has_members`` is true of the default group in any case."""

    id: str
    name: str
    is_default: bool
    has_members: bool
    keywords: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    hand_back_seconds: int = 180


@dataclass(frozen=True)
class Choice:
    """A group, and whether somebody asked for it (a provider, a keyword) so that only its own agents may take it."""

    group: GroupRule
    is_asked: bool


def pick_group(
    groups: Sequence[GroupRule], *, named: str, text: str, account_id: str, present: str | None = None
) -> Choice:
    """The group that a provider named (by id or name), else by keyword, else the present one, else by account, else
    the default. A group without members takes nobody in; the longest keyword wins."""
    usable = [group for group in groups if group.is_default or group.has_members]
    for group in usable:
        if named and named in (group.id, group.name):
            return Choice(group, True)
    lowered = text.casefold()
    found = [
        (len(word), -index, group)
        for index, group in enumerate(usable)
        for word in group.keywords
        if word and word.casefold() in lowered
    ]
    if found:
        return Choice(max(found, key=lambda one: one[:2])[2], True)
    for group in usable:
        if group.id == present:
            return Choice(group, False)
    for group in usable:
        if account_id in group.accounts:
            return Choice(group, False)
    return Choice(next(group for group in usable if group.is_default), False)


@dataclass
class Candidate:
    """An agent as routing sees him; ``capacity`` is what he takes in this group."""

    id: str
    name: str
    load: int
    capacity: int
    skills: tuple[str, ...] = ()
    last_assigned: float = 0.0
    is_member: bool = True

    @property
    def is_free(self) -> bool:
        return self.load < self.capacity


def pick_agent(
    candidates: Iterable[Candidate], *, preferred: str | None, avoided: str | None, text: str
) -> Candidate | None:
    """Who takes it: the agent of the last time, else one whose skill the text names, else the least loaded.

    Only agents with room are asked; ``avoided`` (who just let it wait) is not. Load counts as a share of the
    capacity; among equals the one whose last assignment is longest ago.
    """
    free = [one for one in candidates if one.is_free and one.id != avoided]
    for one in free:
        if one.id == preferred:
            return one
    members = [one for one in free if one.is_member]
    lowered = text.casefold()

    def rank(one: Candidate) -> tuple[bool, float, float, str]:
        return (not has_skill(one.skills, lowered), one.load / one.capacity, one.last_assigned, one.id)

    return min(members, key=rank, default=None)


def has_skill(skills: Collection[str], lowered_text: str) -> bool:
    """Whether the text names one of the skills."""
    return any(skill and skill.casefold() in lowered_text for skill in skills)
