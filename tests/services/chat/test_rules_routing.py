"""Which group, which agent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanjia.services.chat.rules.routing import Candidate, GroupRule, pick_agent, pick_group

DEFAULT = GroupRule("d", "综合", is_default=True, has_members=False)
REPAIR = GroupRule("r", "售后", is_default=False, has_members=True, keywords=("异响", "刹车异响", "VIN"))
SALES = GroupRule("s", "售前", is_default=False, has_members=True, keywords=("试驾", "异响"), accounts=("a2",))
EMPTY = GroupRule("e", "空", is_default=False, has_members=False, keywords=("发票",), accounts=("a3",))
GROUPS = [DEFAULT, REPAIR, SALES, EMPTY]


@pytest.mark.parametrize(
    ("named", "text", "account", "present", "expected", "is_asked"),
    [
        ("", "你好", "a1", None, "d", False),
        ("s", "异响", "a1", None, "s", True),
        ("售前", "", "a1", None, "s", True),
        ("没有", "", "a1", None, "d", False),
        ("", "刹车异响怎么办", "a1", None, "r", True),
        ("", "只有异响", "a1", None, "r", True),
        ("", "想试驾", "a1", None, "s", True),
        ("", "my vin is", "a1", None, "r", True),
        ("", "你好", "a2", None, "s", False),
        ("", "你好", "a2", "r", "r", False),
        ("", "要发票", "a3", None, "d", False),
        ("e", "", "a1", None, "d", False),
    ],
)
def test_the_group_by_provider_keyword_present_account_or_default(
    named: str, text: str, account: str, present: str | None, expected: str, is_asked: bool
) -> None:
    choice = pick_group(GROUPS, named=named, text=text, account_id=account, present=present)
    assert (choice.group.id, choice.is_asked) == (expected, is_asked)


def agent(name: str, load: int = 0, capacity: int = 5, **more: object) -> Candidate:
    return Candidate(name, name, load, capacity, **more)  # type: ignore[arg-type]  # the rest of its fields


@pytest.mark.parametrize(
    ("candidates", "preferred", "avoided", "text", "expected"),
    [
        ([agent("a", 2), agent("b", 1)], None, None, "", "b"),
        ([agent("a", 2, 10), agent("b", 1, 2)], None, None, "", "a"),
        ([agent("a", 4), agent("b", 1)], "a", None, "", "a"),
        ([agent("a", 5), agent("b", 1)], "a", None, "", "b"),
        ([agent("a"), agent("b", 4)], None, "a", "", "b"),
        ([agent("a")], "a", "a", "", None),
        ([agent("a", 5)], None, None, "", None),
        ([], None, None, "", None),
        ([agent("a"), agent("b", 3, skills=("变速箱",))], None, None, "变速箱异响", "b"),
        ([agent("a"), agent("b", 5, skills=("变速箱",))], None, None, "变速箱异响", "a"),
        ([agent("a", last_assigned=9.0), agent("b", last_assigned=3.0)], None, None, "", "b"),
        ([agent("a", is_member=False), agent("b", 4)], None, None, "", "b"),
        ([agent("a", is_member=False), agent("b", 4)], "a", None, "", "a"),
    ],
)
def test_the_agent_of_last_time_then_skill_then_least_load(
    candidates: list[Candidate], preferred: str | None, avoided: str | None, text: str, expected: str | None
) -> None:
    chosen = pick_agent(candidates, preferred=preferred, avoided=avoided, text=text)
    assert (chosen.id if chosen else None) == expected


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(1, 6)), min_size=1, max_size=6),
    st.sampled_from(["0", "1", "x"]),
)
def test_nobody_gets_more_than_he_takes_and_nobody_waits_beside_a_free_agent(
    agents: list[tuple[int, int]], avoided: str
) -> None:
    candidates = [agent(str(index), load, capacity) for index, (load, capacity) in enumerate(agents)]
    chosen = pick_agent(candidates, preferred=None, avoided=avoided, text="")
    free = [one for one in candidates if one.load < one.capacity and one.id != avoided]
    assert (chosen is None) == (not free)
    if chosen is not None:
        assert chosen in free
        assert chosen.load / chosen.capacity == min(one.load / one.capacity for one in free)
