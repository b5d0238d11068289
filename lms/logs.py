"""Log lines that a program can read, and the id by which those of one request are found."""

from __future__ import annotations

import contextvars
import datetime
import json
import logging
import re
import uuid

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest
from django.utils.decorators import sync_and_async_middleware

HEADER = "X-Request-ID"
PLAIN = re.compile(r"[A-Za-z0-9._-]{1,64}")
FIRST_PART = re.compile(r"[a-z_.-]{1,30}")  # no number, no address, no key
_request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")


class JsonFormatter(logging.Formatter):
    """One object a line: time (UTC), level, logger, message; `request` within a request, `error` with a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.datetime.fromtimestamp(record.created, datetime.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := _request_id.get():
            line["request"] = request_id
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)


class RouteFilter(logging.Filter):
    """Says of a request's address the route alone. The address itself may name a person or hold the key of a letter:
    /courses/statistics/gradebook/quiz-1/7/ is courses/<slug:slug>/gradebook/<str:key>/<int:user_id>/."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        path = getattr(request, "path", None)
        if path and isinstance(record.args, tuple):
            record.args = tuple(_route(request) if each == path else each for each in record.args)
        return True


def _route(request: HttpRequest) -> str:
    """Where there is no such page, the first part of what was asked for."""
    if match := getattr(request, "resolver_match", None):
        return f"/{match.route}"
    first, slash, rest = request.path.removeprefix("/").partition("/")
    return f"/{first if FIRST_PART.fullmatch(first) else '…'}{slash}{'…' if rest else ''}"


@sync_and_async_middleware
def RequestIdMiddleware(get_response):
    """Gives each request an id, in its log lines and as X-Request-ID of its answer; a trusted proxy's own is kept."""
    if iscoroutinefunction(get_response):

        async def middleware(request):
            token = _request_id.set(_choose_id(request))
            try:
                response = await get_response(request)
                response.headers[HEADER] = _request_id.get()
                return response
            finally:
                _request_id.reset(token)
    else:

        def middleware(request):
            token = _request_id.set(_choose_id(request))
            try:
                response = get_response(request)
                response.headers[HEADER] = _request_id.get()
                return response
            finally:
                _request_id.reset(token)

    return middleware


def _choose_id(request: HttpRequest) -> str:
    given = request.headers.get(HEADER, "") if settings.TRUST_PROXY else ""
    return given if PLAIN.fullmatch(given) else uuid.uuid4().hex
