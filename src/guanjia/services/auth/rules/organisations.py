"""The tree of organisations: paths, kinds, and what may hang below what."""

from __future__ import annotations

from typing import Literal

DEEPEST = 12

ChildKind = Literal["region", "department", "dealer", "community", "group"]


def child_path(parent_path: str, organisation_id: str) -> str:
    """The path of an organisation below ``parent_path``; ``/`` is above a company."""
    return f"{parent_path}{organisation_id}/"


def depth(path: str) -> int:
    """How many organisations a path names; a company is 1."""
    return path.count("/") - 1


def is_within(path: str, ancestor_path: str) -> bool:
    """Whether ``path`` is the ancestor itself or below it."""
    return path.startswith(ancestor_path)


def move_fault(path: str, new_parent_path: str, deepest_below: int) -> str | None:
    """Why the organisation at ``path`` can't move below ``new_parent_path``, as a code, or None.

    ``deepest_below`` is the depth of the deepest path in its subtree.
    """
    if is_within(new_parent_path, path):
        return "organisation_cycle"
    height = deepest_below - depth(path)
    return "organisation_too_deep" if depth(new_parent_path) + 1 + height > DEEPEST else None
