"""What is sent is bounded before Django sees it.

Django spools a request's body to a temporary file once it is large, before any view could ask who sent it. So nobody
without an account may send more than stays in memory; and a frame never touches a disk, not even one that will be
refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError
from django.http import HttpRequest, parse_cookie
from django.urls import Resolver404, resolve
from django.utils.translation import gettext_noop as _
from django.utils.translation.trans_real import translation

from accounts.middleware import language_of_socket
from accounts.tokens import token_of
from courses.transfer.archive import LARGEST_TOTAL

FRAMES = re.compile(r"^/api/v1/lesson-sessions/[^/]+/frames/?$")
LARGEST = 1024 * 1024
LARGEST_FORGOTTEN = 16 * LARGEST
# The addresses that take files. What is over a file's own limit, but within twice that, is told so by the view.
FILES = {"studio:attach-file", "assignments:add-file", "courses-api:assignment-files", "courses-api:block-file"}
COURSES = {"transfer:import", "courses-api:import"}

App = Callable[[dict[str, Any], Callable, Callable], Awaitable[None]]


def limit_bodies(application: App) -> App:
    """Answer 413 to a body that is over a megabyte at a frames endpoint, and elsewhere over what Django keeps in memory
    (2.5 MB) unless somebody who is signed in sends a file where files are taken. A frame states its length, or 411."""

    async def limited(scope, receive, send) -> None:
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"")
        is_frame = FRAMES.match(scope["path"])  # whatever the method: Django reads the body before it says 405
        if is_frame and not length.isdigit() and (scope["method"] == "POST" or b"transfer-encoding" in headers):
            return await _refuse(scope, send, 411, "A frame's request states its Content-Length.")
        small = LARGEST if is_frame else settings.FILE_UPLOAD_MAX_MEMORY_SIZE
        body = Body(scope, receive, small)
        if length.isdigit():  # the server holds it to that: nothing has to be counted
            if await body.is_too_large(int(length[:20])):
                await _read_and_forget(receive)
                return await _refuse_size(scope, send, is_frame)
            return await application(scope, receive, send)
        await application(scope, body.receive, send)
        if body.was_too_large:
            await _read_and_forget(receive)
            await _refuse_size(scope, send, is_frame)

    return limited


class Body:
    """A request's body as it arrives, up to `small` bytes, or as many as its sender may send here once it is more."""

    def __init__(self, scope, receive: Callable, small: int) -> None:
        self._scope, self._receive, self._small = scope, receive, small
        self._read, self._allowed = 0, None
        self.was_too_large = False

    async def is_too_large(self, size: int) -> bool:
        if size <= self._small:
            return False
        if self._allowed is None:
            self._allowed = await _largest(self._scope, self._small)
        return size > self._allowed

    async def receive(self) -> dict[str, Any]:
        """The next piece; of one that is too much, that nobody is there any more: Django forgets it without a word."""
        message = await self._receive()
        self._read += len(message.get("body", b""))
        if not await self.is_too_large(self._read):
            return message
        self.was_too_large = True
        return {"type": "http.disconnect"}


async def _largest(scope, small: int) -> int:
    """Bytes that this request may bring. Asked for large ones only: it looks the sender up."""
    try:
        view = resolve(scope["path"]).view_name
    except Resolver404:
        return small
    if view not in FILES and view not in COURSES:
        return small
    try:
        sender = await database_sync_to_async(_sender)(dict(scope["headers"]))
    except (DatabaseError, OSError):
        return small
    if view in COURSES:
        return LARGEST_TOTAL if sender.is_authenticated and sender.is_staff else small
    return 2 * settings.ATTUNE_LARGEST_UPLOAD_MB * 1024 * 1024 if sender.is_authenticated else small


def _sender(headers: dict[bytes, bytes]):
    """Who is signed in by the cookie or the token that was sent."""
    scheme, _space, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() == "bearer":
        row = token_of(token.strip())
        return row.user if row else AnonymousUser()
    cookies = parse_cookie(headers.get(b"cookie", b"").decode("latin-1"))
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(cookies.get(settings.SESSION_COOKIE_NAME))
    return get_user(request)


async def _read_and_forget(receive) -> None:
    """A client that is still sending would see a broken connection instead of the answer; there is an end to it."""
    read, more = 0, True
    while more and read <= LARGEST_FORGOTTEN:
        message = await receive()
        read += len(message.get("body", b""))
        more = message["type"] == "http.request" and message.get("more_body", False)


async def _refuse_size(scope, send, is_frame) -> None:
    if is_frame:
        return await _refuse(scope, send, 413, "A frame is at most 200 KB.")
    language = language_of_socket({**scope, "user": AnonymousUser()})  # the browser's: nobody was looked up yet
    await _refuse(scope, send, 413, translation(language).gettext(_("This is more than can be sent here.")))


async def _refuse(scope, send, status: int, sentence: str) -> None:
    accepts = dict(scope["headers"]).get(b"accept", b"")
    as_json = scope["path"].startswith("/api/") or b"application/json" in accepts
    body = (json.dumps({"detail": sentence}) if as_json else sentence).encode()
    headers = [
        (b"content-type", b"application/json" if as_json else b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
