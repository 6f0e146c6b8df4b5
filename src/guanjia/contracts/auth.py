"""What others may know of ``auth``: what they announce to it, its events, its client."""

from __future__ import annotations

from datetime import datetime

import msgspec

from guanjia.kit.calls import Calls, segment
from guanjia.kit.feed import Event
from guanjia.kit.http import RouteRow


class MenuItem(msgspec.Struct, frozen=True, kw_only=True):
    """A menu entry of a service. ``code`` is unique; ``parent`` names another code; ``permission`` shows it."""

    code: str
    titles: dict[str, str]
    url: str = ""
    icon: str = ""
    parent: str = ""
    sort: int = 0
    permission: str = ""


class PermissionTitle(msgspec.Struct, frozen=True, kw_only=True):
    """The name of a permission and what people call it."""

    name: str
    titles: dict[str, str]


class AuthAnnouncement(msgspec.Struct, frozen=True, kw_only=True):
    """Permissions with their route rows, and menus."""

    permissions: list[PermissionTitle] = []
    rows: list[RouteRow] = []
    menus: list[MenuItem] = []


class RoleGrant(msgspec.Struct, frozen=True, kw_only=True):
    """A role that a member of staff holds at an organisation."""

    role: str
    organisation_id: str


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What a living access token stands for."""

    id: str
    kind: str
    person_id: str
    company_id: str
    name: str
    grants: tuple[RoleGrant, ...]
    expires_at: datetime


class ServiceRows(msgspec.Struct, frozen=True, kw_only=True):
    """All route rows of one service."""

    service: str
    rows: list[RouteRow]


class Policies(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a gateway needs to decide: rows by service, permission names by role key."""

    version: int
    services: list[ServiceRows]
    roles: dict[str, list[str]]


class OrganisationChanged(Event, frozen=True, kw_only=True):
    """An organisation was added, renamed, moved or closed. ``path`` is ``/id/id/``, company first."""

    id: str
    company_id: str
    parent_id: str | None
    path: str
    name: str
    kind: str
    is_active: bool


class StaffChanged(Event, frozen=True, kw_only=True):
    """A member of staff was added or changed. ``permissions`` are the names that his roles give him anywhere."""

    id: str
    company_id: str
    name: str
    login: str
    organisation_id: str
    grants: list[RoleGrant]
    permissions: list[str]
    is_active: bool


class CompanyChanged(Event, frozen=True, kw_only=True):
    """A company was added or changed."""

    id: str
    name: str
    time_zone: str
    is_active: bool


class SessionsRevoked(Event, frozen=True, kw_only=True):
    """Tokens no longer count: one session, or all of a person when ``session_id`` is empty."""

    person_id: str
    session_id: str = ""


class PoliciesChanged(Event, frozen=True, kw_only=True):
    """Roles or rows changed: gateways read the policies again."""

    version: int


class AuthClient:
    """Calls to ``auth``."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def announce(self, service: str, digest: str, announcement: AuthAnnouncement) -> None:
        """Tell what ``service`` offers; once per content."""
        path = f"/announcements/{segment(service)}/{segment(digest)}"
        await self._calls.request("auth", "PUT", path, body=announcement, returns=dict)

    async def verify(self, token_hash: str) -> Session:
        """The session of an access token, by the token's SHA-256 in hex; Refused 401 when it no longer counts."""
        return await self._calls.request("auth", "GET", f"/verifications/{segment(token_hash)}", returns=Session)

    async def policies(self) -> Policies:
        """All rows and roles."""
        return await self._calls.request("auth", "GET", "/policies", returns=Policies)
