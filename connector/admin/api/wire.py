"""Operations as routes: who asks is known, what is asked is checked, errors are told as RFC 9457 problems.

Every answer is JSON, also when something is wrong: `title` says what, `detail` what to do, `problems` lists each key
that cannot be used. A fault of ours or of a CRM is 5xx and may be tried again; nothing of it was done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson
import structlog
from flask import Blueprint, Response, g, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from connector.admin.api.openapi import document
from connector.admin.api.operations import Absent, Call, Operation
from connector.admin.api.table import OPERATIONS
from connector.admin.desk import Desk
from connector.admin.roles import Role, visitor
from connector.errors import BridgeError, Misconfigured, RateLimited, Refused, Transient

PREFIX: Final = "/api/v1"
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_LARGEST: Final = 2**63  # what the store keeps as a number is below
_log = structlog.stdlib.get_logger(__name__)


def api(desk: Desk) -> Blueprint:
    """The API of an installation."""
    found = Blueprint("api", __name__, url_prefix=PREFIX)
    for operation in OPERATIONS:
        found.add_url_rule(operation.path, operation.name, _view(desk, operation), methods=[operation.method])
    found.add_url_rule("/openapi.json", "openapi", _described)
    found.add_url_rule("/<path:rest>", "absent", _nowhere, methods=_METHODS)
    found.register_error_handler(HTTPException, _by_status)
    found.register_error_handler(ValidationError, _unusable)
    found.register_error_handler(BridgeError, _fault)
    found.register_error_handler(Absent, _absent)
    found.register_error_handler(_Refusal, _not_let_in)
    found.register_error_handler(Exception, _failed)
    return found


def _view(desk: Desk, operation: Operation) -> Callable[..., Response]:
    def view(**place: Any) -> Response:
        _let_in(operation.role)
        told = _asked()
        _refuse_unkept((place, told))
        asked = operation.takes.model_validate(told)
        by = f"{visitor().name} (API)"
        return _json(operation.does(Call(desk, place, asked, by)).model_dump(mode="json"))

    return view


def _let_in(role: Role) -> None:
    if g.get("visitor") is None:
        raise _Refusal(HTTPStatus.UNAUTHORIZED, "send a token: Authorization: Bearer ... (smarketing token add)")
    if visitor().role < role:
        detail = f"this needs the role {role.word}; the token's is {visitor().role.word}"
        raise _Refusal(HTTPStatus.FORBIDDEN, detail)


class _Refusal(Exception):
    """A request that is not let in."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


def _described() -> Response:
    _let_in(Role.VIEWER)
    return _json(document(OPERATIONS, PREFIX))


def _nowhere(rest: str) -> Response:
    _let_in(Role.VIEWER)
    raise Absent(f"nothing answers {request.method} {PREFIX}/{rest}; GET {PREFIX}/openapi.json lists what does")


def _refuse_unkept(found: Any) -> None:
    """Refuse what no store holds, so that both databases answer alike."""
    if (isinstance(found, str) and "\0" in found) or (isinstance(found, int) and not -_LARGEST <= found < _LARGEST):
        raise _Refusal(HTTPStatus.BAD_REQUEST, "no NUL may stand in a text, and no number may have more than 63 bits")
    if isinstance(found, Mapping):
        _refuse_unkept((*found.keys(), *found.values()))
    elif isinstance(found, list | tuple):
        for part in found:
            _refuse_unkept(part)


def _asked() -> Mapping[str, Any]:
    """What a request asks for: its query, or the JSON of its body."""
    if request.method in ("GET", "HEAD"):
        return {name: found[0] if len(found) == 1 else found for name, found in request.args.lists()}
    body = request.get_data(cache=False)
    if not body:
        return {}
    if request.mimetype != "application/json":
        raise _Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send Content-Type: application/json")
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _Refusal(HTTPStatus.BAD_REQUEST, f"the body is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise _Refusal(HTTPStatus.BAD_REQUEST, "the body must be a JSON object: {...}")
    return found


def _json(row: Mapping[str, Any], status: int = HTTPStatus.OK, kind: str = "application/json") -> Response:
    """As JSON in which no tag stands, should anybody ever take it for a page."""
    return Response(orjson.dumps(row).replace(b"<", rb"\u003c"), status, content_type=kind)


def _problem(status: HTTPStatus, detail: str, **more: Any) -> Response:
    row = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail, **more}
    return _json(row, status, "application/problem+json")


def _by_status(error: HTTPException) -> Response:
    return _problem(HTTPStatus(error.code or HTTPStatus.BAD_REQUEST), error.description or error.name)


def _unusable(error: ValidationError) -> Response:
    problems = [
        {"key": ".".join(map(str, one["loc"])) or "(body)", "found": _shown(one["input"]), "problem": one["msg"]}
        for one in error.errors(include_url=False, include_context=False)
    ]
    return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, "nothing was done; mend what is listed", problems=problems)


def _shown(found: Any) -> Any:
    return found if isinstance(found, str | int | float | bool | None) else type(found).__name__


def _fault(error: BridgeError) -> Response:
    if isinstance(error, Refused):
        return _problem(HTTPStatus.CONFLICT, str(error))
    if isinstance(error, Misconfigured):
        listed = [{"key": one.key, "found": one.file, "problem": one.message} for one in error.problems]
        return _problem(HTTPStatus.SERVICE_UNAVAILABLE, "the configuration cannot be used", problems=listed)
    answer = _problem(HTTPStatus.SERVICE_UNAVAILABLE, f"a CRM could not be asked: {error}")
    if isinstance(error, Transient):
        answer.headers["Retry-After"] = "60" if isinstance(error, RateLimited) else "5"
    return answer


def _absent(error: Absent) -> Response:
    return _problem(HTTPStatus.NOT_FOUND, str(error))


def _not_let_in(refusal: _Refusal) -> Response:
    answer = _problem(refusal.status, refusal.detail)
    if refusal.status is HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _failed(error: Exception) -> Response:
    _log.error("an API request could not be answered", exc_info=error, endpoint=request.endpoint)
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "this is the bridge's fault; its log has the reason")
