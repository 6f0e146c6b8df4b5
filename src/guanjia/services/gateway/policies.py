"""Who a token stands for and what he may do: sessions and permission rows from ``auth``, cached in memory.

A session is believed for at most 5 seconds without asking again; a revocation or a change of roles, heard on
``auth``'s feed, clears at once.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Sequence

from guanjia.contracts.auth import AuthClient, Policies, Session
from guanjia.kit.auth import PUBLIC, Caller
from guanjia.kit.calls import Refused
from guanjia.kit.errors import Forbidden, GuanjiaError, NotFound, NotSignedIn
from guanjia.kit.feed import FeedRow
from guanjia.kit.http import RouteRow
from guanjia.services.gateway.rules import RouteTrie

BELIEVED_SECONDS = 5.0
SESSIONS_KEPT = 50_000


class MethodNotAllowed(GuanjiaError):
    """405: the path is known, the method is not."""

    status = 405
    default_code = "method_not_allowed"


class Gatekeeper:
    """Decides for each request who calls and whether he may."""

    def __init__(self, auth: AuthClient) -> None:
        self._auth = auth
        self._sessions: OrderedDict[str, tuple[Session, float]] = OrderedDict()
        self._tries: dict[str, RouteTrie] = {}
        self._roles: dict[str, frozenset[str]] = {}
        self.is_stale = True

    async def load(self) -> None:
        """Read rows and roles anew."""
        self.is_stale = False
        try:
            self.apply(await self._auth.policies())
        except GuanjiaError:
            self.is_stale = True
            raise

    def apply(self, policies: Policies) -> None:
        """Take over rows and roles."""
        self._tries = {one.service: RouteTrie(one.rows) for one in policies.services}
        self._roles = {key: frozenset(names) for key, names in policies.roles.items()}

    def hear(self, rows: Sequence[FeedRow]) -> None:
        """React to ``auth``'s feed: what was believed may be wrong now."""
        for row in rows:
            if row.name in ("sessions_revoked", "staff_changed", "company_changed"):
                self._sessions.clear()
            elif row.name == "policies_changed":
                self.is_stale = True

    def row(self, service: str, method: str, path: str) -> RouteRow:
        """The route row of a request; NotFound or MethodNotAllowed when there is none."""
        trie = self._tries.get(service)
        found = trie.match(method, path) if trie is not None else False
        if isinstance(found, RouteRow):
            return found
        raise MethodNotAllowed() if found else NotFound()

    async def session(self, authorization: str) -> Session:
        """The living session of an Authorization header; NotSignedIn otherwise."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotSignedIn()
        digest = hashlib.sha256(token.encode()).hexdigest()
        known = self._sessions.get(digest)
        if known is not None and known[1] > time.monotonic() and known[0].expires_at.timestamp() > time.time():
            return known[0]
        try:
            session = await self._auth.verify(digest)
        except (Refused, NotFound) as error:
            self._sessions.pop(digest, None)
            raise NotSignedIn() from error
        self._sessions[digest] = (session, time.monotonic() + BELIEVED_SECONDS)
        if len(self._sessions) > SESSIONS_KEPT:
            self._sessions.popitem(last=False)
        return session

    async def admit(self, row: RouteRow, authorization: str, locale: str) -> Caller:
        """The caller of a request that ``row`` serves; NotSignedIn or Forbidden when he may not."""
        if "public" in row.callers:
            return Caller(kind="public", locale=locale) if locale != PUBLIC.locale else PUBLIC
        session = await self.session(authorization)
        return self.caller(session, row, locale)

    def caller(self, session: Session, row: RouteRow, locale: str) -> Caller:
        """The caller with the subjects that the matched permission gives; Forbidden without it."""
        if session.kind not in row.callers:
            raise Forbidden()
        subjects = {session.person_id}
        if session.kind == "staff":
            granted = {g.organisation_id for g in session.grants if row.permission in self._roles.get(g.role, ())}
            if not granted:
                raise Forbidden(permission=row.permission)
            subjects |= granted
        return Caller(
            kind=session.kind,
            id=session.person_id,
            company_id=session.company_id,
            name=session.name,
            roles=tuple(sorted({g.role for g in session.grants})),
            subjects=tuple(sorted(subjects)),
            session_id=session.id,
            locale=locale,
        )
