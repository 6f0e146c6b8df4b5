"""Paths and route matching of the gateway (product/platform-protocols.md §3.3, kernel pitfall G1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanjia.kit.errors import BadRequest
from guanjia.kit.http import RouteRow
from guanjia.services.gateway.rules import RouteTrie, plain_path, split_service


@pytest.mark.parametrize(
    "raw",
    [
        b"//chat/x",
        b"/chat//x",
        b"/chat/../auth/staff",
        b"/chat/./x",
        b"/chat/..",
        b"/chat/%2e%2e/x",
        b"/chat/%2E/x",
        b"/chat/a%2fb",
        b"/chat/a%2Fb",
        b"/chat/a%5cb",
        b"/chat/a\\b",
        b"/chat/a;v=1/b",
        b"/chat/a%00",
        b"/chat/a%252fb",
        b"/chat/a%0ab",
        b"/chat/%ff",
        b"chat",
        b"",
    ],
)
def test_ambiguous_paths_are_refused(raw: bytes) -> None:
    with pytest.raises(BadRequest) as caught:
        plain_path(raw)
    assert caught.value.code == "path_ambiguous"


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/", "/"),
        (b"/chat/conversations", "/chat/conversations"),
        (b"/chat/%E5%AE%A2", "/chat/客"),
        (b"/a.b/c~d/e-f_g", "/a.b/c~d/e-f_g"),
        (b"/%63hat/x", "/chat/x"),
    ],
)
def test_plain_paths_are_decoded_once(raw: bytes, path: str) -> None:
    assert plain_path(raw) == path


@given(st.binary(max_size=60))
def test_no_bytes_crash_the_parser_and_what_passes_has_one_reading(raw: bytes) -> None:
    try:
        path = plain_path(raw)
    except BadRequest:
        return
    assert path.startswith("/")
    assert "//" not in path
    assert not {".", ".."} & set(path.split("/"))


def test_service_is_the_first_segment_in_lower_case() -> None:
    assert split_service("/CHAT/conversations/1") == ("chat", "/conversations/1")
    assert split_service("/chat") == ("chat", "/")


def row(method: str, pattern: str, permission: str = "p") -> RouteRow:
    return RouteRow(method=method, pattern=pattern, callers=("staff",), permission=permission)


ROWS = [
    row("GET", "/staff/current", "self"),
    row("GET", "/staff/{staff_id}", "one"),
    row("PATCH", "/staff/{staff_id}", "change"),
    row("GET", "/staff", "list"),
    row("POST", "/callbacks/**", "callback"),
    row("GET", "/reports/*.csv", "csv"),
    row("*", "/any/{x}", "any"),
]


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        ("GET", "/staff", "list"),
        ("GET", "/staff/current", "self"),
        ("GET", "/staff/0190", "one"),
        ("PATCH", "/staff/0190", "change"),
        ("POST", "/callbacks/1", "callback"),
        ("POST", "/callbacks/1/2/3", "callback"),
        ("GET", "/reports/june.csv", "csv"),
        ("DELETE", "/any/1", "any"),
    ],
)
def test_the_most_specific_row_matches(method: str, path: str, permission: str) -> None:
    found = RouteTrie(ROWS).match(method, path)
    assert isinstance(found, RouteRow)
    assert found.permission == permission


@pytest.mark.parametrize(
    ("method", "path", "known"),
    [
        ("DELETE", "/staff/0190", True),
        ("PUT", "/staff", True),
        ("GET", "/staff/0190/more", False),
        ("GET", "/", False),
        ("GET", "/reports/june.txt", False),
        ("HEAD", "/staff", True),
    ],
)
def test_what_no_row_matches_is_denied(method: str, path: str, known: bool) -> None:
    assert RouteTrie(ROWS).match(method, path) is known
