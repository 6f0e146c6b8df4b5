"""Bodies and answers that only the platform's own pages see."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from guanjia.contracts.auth import RoleGrant
from guanjia.kit.http import Body

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
# Longer than any password may be, so that the refusal names the reason.
Password = Annotated[str, msgspec.Meta(max_length=1000)]


class SignIn(Body, kw_only=True):
    """``POST /tokens``."""

    login: Annotated[str, msgspec.Meta(max_length=200)]
    password: Password


class PasswordChange(Body, kw_only=True):
    """``PUT /staff/current/passwords``."""

    old_password: Password
    new_password: Password


class OrganisationDraft(Body, kw_only=True):
    """``POST /organisations``."""

    parent_id: str
    name: Name
    kind: str


class OrganisationPatch(Body, kw_only=True):
    """``PATCH /organisations/{id}``; what is left out stays."""

    version: int
    name: Name | None = None
    parent_id: str | None = None
    is_active: bool | None = None


class StaffDraft(Body, kw_only=True):
    """``POST /staff``; without a password one is made and told once."""

    login: str
    name: Name
    organisation_id: str
    grants: Annotated[list[RoleGrant], msgspec.Meta(min_length=1, max_length=50)]
    password: Password | None = None
    phone: Annotated[str, msgspec.Meta(max_length=40)] | None = None


class StaffPatch(Body, kw_only=True):
    """``PATCH /staff/{id}``; what is left out stays."""

    version: int
    name: Name | None = None
    organisation_id: str | None = None
    grants: Annotated[list[RoleGrant], msgspec.Meta(min_length=1, max_length=50)] | None = None
    is_active: bool | None = None


class AdministratorDraft(Body, kw_only=True):
    """The first member of staff of a new company."""

    login: str
    name: Name
    password: Password | None = None


class CompanyDraft(Body, kw_only=True):
    """``POST /companies``."""

    name: Name
    administrator: AdministratorDraft
    time_zone: str = "Asia/Shanghai"


class CompanyPatch(Body, kw_only=True):
    """``PATCH /companies/{id}``; what is left out stays."""

    version: int
    name: Name | None = None
    time_zone: str | None = None
    is_active: bool | None = None


class AuditDraft(Body, kw_only=True):
    """One deed that another service saw."""

    company_id: str
    actor_id: str
    actor_name: str
    action: str
    object_kind: str
    object_id: str
    actor_kind: str = "staff"
    object_name: str = ""
    detail: dict[str, Any] = {}
    address: str = ""


class AuditDrafts(Body, kw_only=True):
    """``POST /audit-entries``."""

    entries: Annotated[list[AuditDraft], msgspec.Meta(max_length=500)]


class CompanyBrief(msgspec.Struct, kw_only=True):
    """The company as its own staff see it."""

    id: str
    name: str
    time_zone: str


class CompanyView(CompanyBrief, kw_only=True):
    """A company as the platform's administrators see it."""

    is_active: bool
    version: int
    created_at: datetime


class HeldRole(msgspec.Struct, kw_only=True):
    """A role that somebody holds, in words."""

    role: str
    title: str
    organisation_id: str
    organisation_name: str


class Me(msgspec.Struct, kw_only=True):
    """The signed-in member of staff."""

    id: str
    login: str
    name: str
    company: CompanyBrief
    organisation_id: str
    roles: list[HeldRole]
    permissions: list[str]
    must_change_password: bool


class Grant(msgspec.Struct, kw_only=True):
    """The answer of sign-in and of renewal; the refresh token travels in the cookie."""

    access_token: str
    expires_in_seconds: int
    staff: Me


class OrganisationView(msgspec.Struct, kw_only=True):
    """One organisation of the flat list."""

    id: str
    parent_id: str | None
    path: str
    name: str
    kind: str
    is_active: bool
    version: int


class StaffView(msgspec.Struct, kw_only=True):
    """A member of staff as administrators see him; the phone number is masked."""

    id: str
    login: str
    name: str
    phone: str
    organisation_id: str
    organisation_name: str
    grants: list[RoleGrant]
    is_active: bool
    must_change_password: bool
    last_sign_in_at: datetime | None
    created_at: datetime
    version: int


class StaffAdded(StaffView, kw_only=True):
    """A new member of staff; ``initial_password`` is told this once, null when it was given."""

    initial_password: str | None


class PasswordReset(msgspec.Struct, kw_only=True):
    """The new password, told this once."""

    initial_password: str


class CompanyAdded(msgspec.Struct, kw_only=True):
    """A new company and its administrator."""

    company: CompanyView
    administrator: StaffAdded


class RoleView(msgspec.Struct, kw_only=True):
    """A role in words, with the names that it gives."""

    key: str
    title: str
    description: str
    permissions: list[str]


class AuditEntry(msgspec.Struct, kw_only=True):
    """One deed of the trail."""

    id: str
    at: datetime
    actor_id: str
    actor_kind: str
    actor_name: str
    action: str
    service: str
    object_kind: str
    object_id: str
    object_name: str
    detail: dict[str, Any]
    address: str


class Menu(msgspec.Struct, kw_only=True):
    """The 17 fields of a menu as the handbook fixes them (R-PLAT-14), and what hangs below it."""

    id: str
    menuname: str
    parentid: str | None
    menucode: str
    menuurl: str
    menuicon: str
    urltarget: str
    isactive: bool
    navmenu: bool
    isleaf: bool
    viewtype: str
    sort: int
    remark: str
    creator: str
    modified: str
    createtime: datetime
    lastupdate: datetime
    children: list[Menu]
