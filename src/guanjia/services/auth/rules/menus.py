"""The menu tree that somebody sees (R-PLAT-14): never a source of rights, only of navigation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Entry:
    """What decides a menu's place and whether it is seen."""

    code: str
    parent: str
    url: str
    permission: str
    sort: int


@dataclass
class Branch:
    """A menu that is seen, with those below it."""

    code: str
    children: list[Branch] = field(default_factory=list)


def grow(entries: Sequence[Entry], permissions: Collection[str]) -> list[Branch]:
    """The menus of ``permissions`` as a tree in order: one whose permission is lacking hides all below it, and one
    without an address shows only with something below it. A parent that nobody announced puts its children at the top.
    """
    codes = {entry.code for entry in entries}
    below: dict[str, list[Entry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda one: (one.sort, one.code)):
        below[entry.parent if entry.parent in codes else ""].append(entry)
    seen: set[str] = set()

    def branches(parent: str) -> list[Branch]:
        found = []
        for entry in below[parent]:
            if entry.code in seen or (entry.permission and entry.permission not in permissions):
                continue
            seen.add(entry.code)
            branch = Branch(entry.code, branches(entry.code))
            if entry.url or branch.children:
                found.append(branch)
        return found

    return branches("")
