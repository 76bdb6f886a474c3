"""Errors as the web tells them: RFC 9457 problem details, `application/problem+json`."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from mock_server.refusals import MissingError, RefusedError, UnsupportedError
from model.stages import IllegalTransitionError

UNSUPPORTED = "urn:antrean:problem:unsupported-by-version"
"""The `type` of a problem that an upgrade solves."""


class Problem(HTTPException):
    """An answer that says what is wrong; `detail` is for the person who reads it."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(status, detail)


DETAILS = {
    HTTPStatus.FORBIDDEN: "the operator is unknown here, or the password is wrong",
    HTTPStatus.NOT_FOUND: "no record '35.07-000123'",
    HTTPStatus.CONFLICT: "a record cannot move from RECEIVED_AT_CENTRAL to CARD_ISSUED",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "the request is larger than 1000000 bytes",
    HTTPStatus.UNPROCESSABLE_ENTITY: "record.biodata.nik: Field required",
    HTTPStatus.INTERNAL_SERVER_ERROR: "KeyError",
    HTTPStatus.SERVICE_UNAVAILABLE: "the database does not answer",
}
"""An example of each status's detail."""


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Describe the problems that a route may answer with, for its `responses`."""
    return {int(status): _described(status) for status in statuses}


def _described(status: HTTPStatus) -> dict[str, Any]:
    example = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": DETAILS[status]}
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        example["errors"] = [{"field": "record.biodata.nik", "message": "Field required"}]
    described: dict[str, Any] = {
        "description": status.phrase,
        "content": {"application/problem+json": {"schema": _SCHEMA, "example": example}},
    }
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        described["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return described


_SCHEMA = {
    "type": "object",
    "description": "RFC 9457 problem details",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
        "version": {"type": "string", "description": f"with type {UNSUPPORTED}: the version that runs"},
        "since": {"type": "string", "description": "likewise: the version that brings what was asked for"},
    },
}


def install(app: FastAPI) -> None:
    """Make the app answer every error as a problem."""
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(IllegalTransitionError, _conflict)
    app.add_exception_handler(RefusedError, _conflict)
    app.add_exception_handler(UnsupportedError, _unsupported)
    app.add_exception_handler(MissingError, _missing)
    app.add_exception_handler(Exception, _server_error)


def answer(status: int, detail: str, **more: Any) -> JSONResponse:
    """Word a problem; `more` adds members to it."""
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(content, status, media_type="application/problem+json")


def _http_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - the handler's registration says so
    response = answer(error.status_code, error.detail)
    response.headers.update(error.headers or {})
    return response


def _invalid_request(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - the handler's registration says so
    errors = [{"field": _field(found["loc"]), "message": found["msg"]} for found in error.errors()]
    detail = "; ".join(f"{found['field']}: {found['message']}" for found in errors)
    return answer(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors)


def _conflict(_: Request, error: Exception) -> JSONResponse:
    return answer(HTTPStatus.CONFLICT, str(error))


def _unsupported(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, UnsupportedError)  # noqa: S101 - the handler's registration says so
    kind = {"type": UNSUPPORTED, "title": "Unsupported by this version"}
    return answer(HTTPStatus.CONFLICT, str(error), **kind, version=error.version, since=error.since)


def _missing(_: Request, error: Exception) -> JSONResponse:
    return answer(HTTPStatus.NOT_FOUND, str(error))


def _server_error(_: Request, error: Exception) -> JSONResponse:
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, type(error).__name__)


def _field(location: Sequence[str | int]) -> str:
    """Name a field by its path: ("body", "record", "biodata", "nik") is `record.biodata.nik`."""
    return ".".join(str(part) for part in location if part not in ("body", "query", "path")) or "body"
