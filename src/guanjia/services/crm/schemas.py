"""Bodies and answers that only the platform's own pages see."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from guanjia.contracts.crm import IdentityDraft
from guanjia.kit.http import Body

ShortText = Annotated[str, msgspec.Meta(max_length=60)]


class Phone(msgspec.Struct, kw_only=True):
    """A phone number, masked."""

    id: str
    masked: str


class Identity(msgspec.Struct, kw_only=True):
    """How the customer is known in a channel; a phone number stands in ``phones``."""

    id: str
    kind: str
    scope: str
    scope_name: str
    value_masked: str
    is_active: bool
    since: datetime


class Customer(msgspec.Struct, kw_only=True):
    """A customer as pages show him."""

    id: str
    name: str
    remark: str
    tags: list[str]
    phones: list[Phone]
    identities: list[Identity]
    note: str
    created_at: datetime
    version: int


class CustomerPatch(Body, kw_only=True):
    """``PATCH /customers/{id}``; what is left out stays."""

    version: int
    name: ShortText | None = None
    remark: ShortText | None = None
    note: Annotated[str, msgspec.Meta(max_length=5000)] | None = None


class TagList(Body, kw_only=True):
    """``PUT /customers/{id}/tags``."""

    version: int
    tags: Annotated[list[str], msgspec.Meta(max_length=100)]


class PhoneDraft(Body, kw_only=True):
    """``POST /customers/{id}/phones``."""

    phone: Annotated[str, msgspec.Meta(max_length=40)]


class RevealDraft(Body, kw_only=True):
    """``POST /customers/{id}/phone-reveals``."""

    phone_id: str


class RevealedPhone(msgspec.Struct, kw_only=True):
    """The whole number."""

    phone: str


class TagCount(msgspec.Struct, kw_only=True):
    """A tag in use, and how many customers have it."""

    name: str
    count: int


class Resolutions(Body, kw_only=True):
    """``POST /identity-resolutions``."""

    identities: Annotated[list[IdentityDraft], msgspec.Meta(max_length=100)]
