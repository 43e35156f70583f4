"""Errors as RFC 9457 problem+json: what went wrong, where, what to do. Never a request's content.

What is told here is shown in consoles, kept in lists of rows set aside, and logged by callers.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from agent.errors import UsherError

MEDIA_TYPE = "application/problem+json"
_TITLES = {
    404: "Not found",
    405: "Method not allowed",
    413: "Too large",
    415: "Unsupported media type",
}


def problem(
    status: int, title: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any
) -> JSONResponse:
    """One problem document."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def register(app: FastAPI) -> None:
    """Let every error of the API leave as a problem; faults are `api.faults`' matter."""
    app.add_exception_handler(UsherError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def of_error(error: UsherError) -> Response:
    """One of our errors as a problem."""
    headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "1"}}.get(error.status)
    return problem(error.status, error.title, str(error), headers=headers)


def said(item: Any) -> dict[str, str]:
    """One finding of pydantic as `{where, what}`. A field's name that is not ours is content."""
    where = [str(part) for part in item["loc"]]
    if item["type"] == "extra_forbidden":
        return {
            "where": ".".join(where[:-1]) or "body",
            "what": "there is a field here that does not exist; /openapi.json lists those that do",
        }
    return {"where": ".".join(where), "what": str(item["msg"]).removeprefix("Value error, ")}


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, UsherError)
    return of_error(error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [said(item) for item in error.errors()]
    detail = "; ".join(f"{item['where']}: {item['what']}" for item in found)
    return problem(422, "Invalid request", detail, errors=found)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title = _TITLES.get(error.status_code, "Request refused")
    detail = {
        404: "there is no such route; /openapi.json lists those there are",
        405: "this route does not take this method; the header Allow names those it takes",
    }.get(error.status_code, str(error.detail))
    headers = dict(error.headers) if error.headers else None
    return problem(error.status_code, title, detail, headers=headers)
