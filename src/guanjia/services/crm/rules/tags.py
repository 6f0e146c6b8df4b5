"""Tags: short, each once, few."""

from __future__ import annotations

from collections.abc import Sequence

LONGEST = 20
MOST = 30


def clean_tags(tags: Sequence[str]) -> list[str] | None:
    """The tags without blanks around and repeats, in their order; None when one is empty or too long, or too many."""
    clean = list(dict.fromkeys(" ".join(tag.split()) for tag in tags))
    is_good = all(1 <= len(tag) <= LONGEST and tag.isprintable() for tag in clean) and len(clean) <= MOST
    return clean if is_good else None
