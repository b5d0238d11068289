"""Bodies of frames stay in memory.

Django spools a request's body to a temporary file once it is large. A frame must never touch a disk, not even one that
will be refused, so a body sent to a frames endpoint is bounded before Django sees it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

FRAMES = re.compile(r"^/api/v1/lesson-sessions/[^/]+/frames/?$")
LARGEST = 1024 * 1024
LARGEST_FORGOTTEN = 16 * LARGEST

App = Callable[[dict[str, Any], Callable, Callable], Awaitable[None]]


def limit_bodies(application: App) -> App:
    """Answer 413 or 411 to a frame's body that is over a megabyte or does not state its length."""

    async def limited(scope, receive, send) -> None:
        if FRAMES.match(scope["path"]):  # whatever the method: Django reads the body before it says 405
            headers = dict(scope["headers"])
            length = headers.get(b"content-length", b"")
            if not length.isdigit() and (scope["method"] == "POST" or b"transfer-encoding" in headers):
                return await _refuse(send, 411, "A frame's request states its Content-Length.")
            if length.isdigit() and int(length) > LARGEST:
                await _read_and_forget(receive)
                return await _refuse(send, 413, "A frame is at most 200 KB.")
        return await application(scope, receive, send)

    return limited


async def _read_and_forget(receive) -> None:
    """A client that is still sending would see a broken connection instead of the answer; there is an end to it."""
    read, more = 0, True
    while more and read <= LARGEST_FORGOTTEN:
        message = await receive()
        read += len(message.get("body", b""))
        more = message["type"] == "http.request" and message.get("more_body", False)


async def _refuse(send, status: int, sentence: str) -> None:
    body = json.dumps({"detail": sentence}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
