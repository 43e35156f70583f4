"""Errors that people outside may see: one small tree. The message is the detail."""

from __future__ import annotations

from typing import ClassVar


class UsherError(Exception):
    """Something could not be done, for a reason the caller can act on."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "A fault of ours"


class NotFound(UsherError):
    """There is no such thing here."""

    status = 404
    title = "Not found"


class Gone(UsherError):
    """It was here, and its person has been erased."""

    status = 410
    title = "Erased"


class Conflict(UsherError):
    """Somebody else was first, or the state does not allow it."""

    status = 409
    title = "Conflict"


class Invalid(UsherError):
    """The request says something that cannot be."""

    status = 422
    title = "Invalid request"


class BadRequest(UsherError):
    """The request cannot be read."""

    status = 400
    title = "Bad request"


class Unauthorised(UsherError):
    """No key, or not one of ours."""

    status = 401
    title = "Not authorised"


class Forbidden(UsherError):
    """The key's role does not allow it."""

    status = 403
    title = "Not allowed"


class TooLarge(UsherError):
    """The body is larger than what is taken."""

    status = 413
    title = "Too large"


class NotReady(UsherError):
    """It cannot be answered right now; try again in a moment."""

    status = 503
    title = "Not ready"
