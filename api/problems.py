"""Errors as RFC 9457 problem+json: what went wrong, where, and what to do. Never a request's content."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from agent.errors import UsherError

log = structlog.get_logger("usher.api")

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
    """Let every error of the API leave as a problem."""
    app.add_exception_handler(UsherError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _fault)


def of_error(error: UsherError) -> Response:
    """One of our errors as a problem."""
    headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "1"}}.get(error.status)
    return problem(error.status, error.title, str(error), headers=headers)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, UsherError)
    return of_error(error)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [
        {"where": ".".join(str(part) for part in item["loc"]), "what": item["msg"]}
        for item in error.errors()
    ]
    if any(item["type"] == "json_invalid" for item in error.errors()):
        return problem(400, "Malformed JSON", "the body is not JSON", errors=found)
    detail = "; ".join(f"{item['where']}: {item['what']}" for item in found)
    return problem(422, "Invalid request", detail, errors=found)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title = _TITLES.get(error.status_code, "Request refused")
    detail = {
        404: "there is no such route; /openapi.json lists those there are",
        405: "this route does not take this method",
    }.get(error.status_code, str(error.detail))
    headers = dict(error.headers) if error.headers else None
    return problem(error.status_code, title, detail, headers=headers)


async def _fault(request: Request, error: Exception) -> Response:
    route = request.scope.get("route")
    log.error("request_failed", route=getattr(route, "path", None), error=type(error).__name__)
    return problem(500, "A fault of ours", "it has been logged; try again, then report it")
