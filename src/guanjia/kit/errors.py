"""The error tree. Every refusal that a client may see is one of these.

GuanjiaError
├── BadRequest 400        malformed: path, JSON, encoding, nesting
├── NotSignedIn 401       no token, or one that no longer counts
├── Forbidden 403         signed in, but not permitted
├── NotFound 404          not there, or not visible to the caller
├── Conflict 409          stale version, wrong state, duplicate
├── TooLarge 413          body over its limit
├── UnsupportedMedia 415  a body of a type that the route does not read
├── Invalid 422           a field is wrong, named in ``fields``
├── TooMany 429           throttled; carries ``retry_after`` seconds
└── Unavailable 503       a needed part is away; carries ``retry_after`` seconds
"""

from __future__ import annotations

from typing import Any


class GuanjiaError(Exception):
    """A refusal with a stable ``code`` (also the key of its words in the catalogue) and data for the reply."""

    status = 500
    default_code = "internal_error"

    def __init__(
        self,
        code: str | None = None,
        *,
        fields: dict[str, str] | None = None,
        path: str = "",
        retry_after: int | None = None,
        **data: Any,
    ) -> None:
        self.code = code or self.default_code
        self.fields = fields or {}
        self.path = path
        self.retry_after = retry_after
        self.data = data
        super().__init__(self.code)


class BadRequest(GuanjiaError):
    """400: the request can't be read."""

    status = 400
    default_code = "malformed"


class NotSignedIn(GuanjiaError):
    """401: no token, or one that no longer counts."""

    status = 401
    default_code = "not_signed_in"


class Forbidden(GuanjiaError):
    """403: signed in, but not permitted."""

    status = 403
    default_code = "forbidden"


class NotFound(GuanjiaError):
    """404: not there, or not visible to this caller; the two are never told apart."""

    status = 404
    default_code = "not_found"


class Conflict(GuanjiaError):
    """409: the state of things forbids it now."""

    status = 409
    default_code = "conflict"


class TooLarge(GuanjiaError):
    """413: the body is over its limit."""

    status = 413
    default_code = "too_large"


class UnsupportedMedia(GuanjiaError):
    """415: a body of a type that the route does not read."""

    status = 415
    default_code = "unsupported_media"


class Invalid(GuanjiaError):
    """422: a field is wrong; ``fields`` maps its name to a reason code or sentence."""

    status = 422
    default_code = "invalid"


class TooMany(GuanjiaError):
    """429: throttled."""

    status = 429
    default_code = "too_many"


class Unavailable(GuanjiaError):
    """503: a needed part is away; try again after ``retry_after`` seconds."""

    status = 503
    default_code = "unavailable"


class StartRefused(ValueError):
    """The platform can't start with what it was given; the message is one sentence for the person at the terminal."""


BY_STATUS: dict[int, type[GuanjiaError]] = {
    kind.status: kind
    for kind in (
        BadRequest,
        NotSignedIn,
        Forbidden,
        NotFound,
        Conflict,
        TooLarge,
        UnsupportedMedia,
        Invalid,
        TooMany,
        Unavailable,
    )
}
