"""The pure decisions of ``auth``, by table and by property."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanjia.services.auth.rules.menus import Branch, Entry, grow
from guanjia.services.auth.rules.organisations import DEEPEST, child_path, depth, is_within, move_fault
from guanjia.services.auth.rules.passwords import login_fault, login_key, new_password, password_fault
from guanjia.services.auth.rules.roles import SELF, all_roles, read_roles
from guanjia.services.auth.rules.throttle import Attempts, count_attempt, delay_seconds, wait_seconds
from guanjia.services.auth.rules.tokens import Renewal, judge_refresh, new_tokens

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("1234567", "password_too_short"),
        ("12345678", None),
        ("x" * 128, None),
        ("x" * 129, "password_too_long"),
        ("ZhangWei88", "password_is_login"),
        ("zhangwei88", "password_is_login"),
        ("一二三四五六七八", None),
    ],
)
def test_a_password_is_long_and_not_the_login(password: str, fault: str | None) -> None:
    assert password_fault(password, "zhangwei88") == fault


@pytest.mark.parametrize("login", ["ab", "zhang.wei", "张伟", "a@b.cn", "+8613800002211", "x" * 64])
def test_a_login_is_letters_digits_and_few_signs(login: str) -> None:
    assert login_fault(login) is None


@pytest.mark.parametrize("login", ["", "a", "a b", "a\n", "ab\n", "x" * 65, "a/b", "<script>"])
def test_what_is_no_login(login: str) -> None:
    assert login_fault(login) == "login_malformed"


def test_logins_are_compared_without_case_and_width() -> None:
    assert login_key(" ＺｈａｎｇWei ") == login_key("zhangwei")


def test_made_passwords_are_good_and_never_the_same() -> None:
    made = {new_password() for _ in range(200)}
    assert len(made) == 200
    assert all(password_fault(one, "x") is None for one in made)


def test_tokens_have_256_bits() -> None:
    made = [new_tokens() for _ in range(100)]
    assert len({token for one in made for token in (one.access, one.refresh)}) == 200
    assert all(len(one.access) == len(one.refresh) == 43 for one in made)


@pytest.mark.parametrize(
    ("expires", "spent", "is_same_client", "has_spent_successor", "verdict"),
    [
        (60, None, False, False, Renewal.ROTATE),
        (1, None, True, False, Renewal.ROTATE),
        (0, None, True, False, Renewal.EXPIRED),
        (60, 0, True, False, Renewal.REPEAT),
        (60, -10, True, False, Renewal.REPEAT),
        (60, -10.001, True, False, Renewal.REUSED),
        (60, -1, False, False, Renewal.REUSED),
        (60, -1, True, True, Renewal.REUSED),
        (-60, -120, True, False, Renewal.REUSED),
    ],
)
def test_what_becomes_of_a_refresh_token(
    expires: float, spent: float | None, is_same_client: bool, has_spent_successor: bool, verdict: Renewal
) -> None:
    judged = judge_refresh(
        at=AT,
        expires_at=AT + seconds(expires),
        spent_at=None if spent is None else AT + seconds(spent),
        is_same_client=is_same_client,
        has_spent_successor=has_spent_successor,
    )
    assert judged is verdict


def test_delays_grow_to_a_quarter_of_an_hour() -> None:
    delays = [delay_seconds("login", failures) for failures in range(1, 18)]
    assert delays == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]
    assert delay_seconds("login", 10**9) == 900
    assert [delay_seconds("address", failures) for failures in (99, 100, 101)] == [0, 1, 2]


@pytest.mark.parametrize(("blocked", "wait"), [(-5, 0), (0, 0), (0.2, 1), (1, 1), (1.5, 2), (900, 900)])
def test_waits_are_whole_seconds(blocked: float, wait: int) -> None:
    assert wait_seconds(Attempts(9, AT, AT + seconds(blocked)), AT) == wait


def test_failures_are_forgotten_one_by_one() -> None:
    known = Attempts(4, AT, AT)
    assert count_attempt("login", known, AT + seconds(899)).failures == 5
    assert count_attempt("login", known, AT + seconds(900)).failures == 4
    assert count_attempt("login", known, AT + timedelta(days=1)).failures == 1
    assert count_attempt("login", None, AT) == Attempts(1, AT, AT)


@given(st.lists(st.floats(min_value=0, max_value=3000), min_size=1, max_size=60))
def test_nobody_guesses_faster_than_the_delays_allow(pauses: list[float]) -> None:
    at, known, looked_at = AT, None, 0
    for pause in pauses:
        at += seconds(pause)
        if wait_seconds(known, at) == 0:
            known = count_attempt("login", known, at)
            looked_at += 1
    # Ten at once in effect, then never more than one in a quarter of an hour plus those that time forgives.
    assert looked_at <= 15 + 2 * (at - AT) / timedelta(minutes=15)


NAMES = {
    "auth.staff.read", "auth.companies.read", "chat.conversations.read", "chat.conversations.write",
    "chat.canned.own", "chat.canned.write", "crm.customers.reveal", "wechat.fans.read", "wechat.accounts.write",
}  # fmt: skip


@pytest.mark.parametrize(
    ("role", "held", "missing"),
    [
        ("administrator", NAMES - {"auth.companies.read"} | {SELF}, {"auth.companies.read"}),
        ("supervisor", {SELF, "chat.canned.write", "auth.staff.read"}, {"wechat.accounts.write"}),
        ("agent", {SELF, "chat.conversations.write", "chat.canned.own", "wechat.fans.read"}, {"chat.canned.write"}),
        ("operator", {SELF, "wechat.accounts.write", "chat.canned.write"}, {"chat.conversations.read"}),
        ("quality", {SELF, "chat.conversations.read"}, {"chat.conversations.write", "crm.customers.reveal"}),
        ("platform_administrator", {SELF, "auth.companies.read"}, {"auth.staff.read"}),
        ("nobody", set(), NAMES | {SELF}),
    ],
)  # fmt: skip
def test_what_roles_give(role: str, held: set[str], missing: set[str]) -> None:
    given_names = all_roles().expand(role, NAMES)
    assert held <= given_names
    assert not missing & given_names
    assert given_names <= NAMES | {SELF}


def test_every_role_of_the_console_lets_one_in() -> None:
    assert all(SELF in all_roles().expand(key, ()) for key in all_roles().by_key)


def test_every_role_has_words_in_both_languages() -> None:
    for role in all_roles().by_key.values():
        assert set(role.titles) == set(role.descriptions) == {"zh-CN", "en"}


@pytest.mark.parametrize(
    ("held", "role", "may"),
    [
        (["administrator"], "administrator", True),
        (["administrator"], "agent", True),
        (["administrator"], "platform_administrator", False),
        (["administrator", "platform_administrator"], "platform_administrator", True),
        (["platform_administrator"], "agent", False),
        (["supervisor"], "agent", True),
        (["supervisor"], "quality", False),
        (["supervisor"], "administrator", False),
        (["supervisor", "operator"], "operator", True),
        (["agent"], "agent", True),
        (["agent"], "supervisor", False),
        ([], "agent", False),
        (["gone"], "agent", False),
        (["administrator"], "gone", False),
    ],
)
def test_who_may_give_a_role(held: list[str], role: str, may: bool) -> None:
    assert all_roles().covers(held, role) is may


def test_a_wildcard_ends_at_a_dot() -> None:
    text = 'platform = []\n[roles.r]\npermissions = ["chat.*"]\ntitle = {}\ndescription = {}\n'
    assert read_roles(text).expand("r", {"chat.a", "chat.b.c", "chatter.a", "chat"}) == {"chat.a", "chat.b.c"}


@pytest.mark.parametrize(
    ("path", "parent", "deepest_below", "fault"),
    [
        ("/c/a/", "/c/b/", 2, None),
        ("/c/a/", "/c/a/", 2, "organisation_cycle"),
        ("/c/a/", "/c/a/b/", 3, "organisation_cycle"),
        ("/c/a/", "/c/ab/", 2, None),
        ("/c/a/", "/" + "x/" * (DEEPEST - 1), 2, None),
        ("/c/a/", "/" + "x/" * (DEEPEST - 1), 3, "organisation_too_deep"),
    ],
)
def test_moves_in_the_tree(path: str, parent: str, deepest_below: int, fault: str | None) -> None:
    assert move_fault(path, parent, deepest_below) == fault


@given(st.lists(st.integers(min_value=0, max_value=30), max_size=30))
def test_a_tree_grown_by_paths_has_no_circle(parents: list[int]) -> None:
    paths = [child_path("/", "c")]
    for number, parent in enumerate(parents):
        paths.append(child_path(paths[parent % len(paths)], f"n{number}"))
    for path in paths:
        for other in paths:
            is_below = is_within(other, path)
            assert (move_fault(path, other, depth(path)) == "organisation_cycle") is is_below
            assert not (is_below and is_within(path, other)) or path == other


def entry(code: str, parent: str = "", url: str = "/x", permission: str = "", sort: int = 0) -> Entry:
    return Entry(code, parent, url, permission, sort)


def shape(branches: list[Branch]) -> list[object]:
    return [[one.code, shape(one.children)] if one.children else one.code for one in branches]


@pytest.mark.parametrize(
    ("entries", "held", "tree"),
    [
        ([entry("b", sort=2), entry("a", sort=2), entry("c", sort=1)], set(), ["c", "a", "b"]),
        ([entry("a", permission="p")], set(), []),
        ([entry("a", permission="p")], {"p"}, ["a"]),
        ([entry("top", url=""), entry("a", "top", permission="p")], set(), []),
        ([entry("top", url=""), entry("a", "top", permission="p")], {"p"}, [["top", ["a"]]]),
        ([entry("top", permission="q"), entry("a", "top", permission="p")], {"p"}, []),
        ([entry("a", "not announced")], set(), ["a"]),
        ([entry("a", "a")], set(), []),
        ([entry("a", "b"), entry("b", "a")], set(), []),
        ([entry("x"), entry("y", "x"), entry("z", "y")], set(), [["x", [["y", ["z"]]]]]),
    ],
)
def test_menus_grow_by_permission(entries: list[Entry], held: set[str], tree: list[object]) -> None:
    assert shape(grow(entries, held)) == tree
