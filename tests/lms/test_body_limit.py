"""A frame's body is bounded before Django could put it on a disk."""

import asyncio
import json

import pytest

from lms.body_limit import LARGEST, LARGEST_FORGOTTEN, limit_bodies

FRAMES = "/api/v1/lesson-sessions/0b4a5a0e-0000-4000-8000-000000000000/frames/"


class Request:
    """One request to a limited application, and what came of it."""

    def __init__(self, path: str = FRAMES, method: str = "POST", chunks: int = 1, **headers: str) -> None:
        self.reached, self.read, self.sent = False, 0, []
        self._chunks = chunks
        names = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        asyncio.run(
            limit_bodies(self._application)(
                {"method": method, "path": path, "headers": names}, self._receive, self._send
            )
        )

    async def _application(self, scope, receive, send) -> None:
        self.reached = True

    async def _receive(self) -> dict:
        self.read += 1
        return {"type": "http.request", "body": b"\0" * LARGEST, "more_body": self.read < self._chunks}

    async def _send(self, event) -> None:
        self.sent.append(event)

    @property
    def answer(self) -> tuple[int, str]:
        start, body = self.sent
        headers = dict(start["headers"])
        assert headers[b"content-type"] == b"application/json"
        assert int(headers[b"content-length"]) == len(body["body"])
        return start["status"], json.loads(body["body"])["detail"]


@pytest.mark.parametrize("path", [FRAMES, FRAMES.rstrip("/"), "/api/v1/lesson-sessions/anything/frames/"])
def test_over_a_megabyte_is_too_large(path):
    request = Request(path, content_length=str(LARGEST + 1))
    assert not request.reached
    assert request.answer == (413, "A frame is at most 200 KB.")


@pytest.mark.parametrize("headers", [{}, {"content_length": ""}, {"content_length": "-1"}, {"content_length": "many"}])
def test_a_body_that_does_not_state_its_length_is_refused(headers):
    request = Request(**headers)
    assert not request.reached
    assert request.answer == (411, "A frame's request states its Content-Length.")


@pytest.mark.parametrize("length", ["0", "1", "200000", str(LARGEST)])
def test_up_to_a_megabyte_passes(length):
    request = Request(content_length=length)
    assert request.reached
    assert request.sent == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_another_method_carries_no_large_body_past_either(method):
    """Django reads the body before it says that there is no such method."""
    assert Request(method=method, content_length=str(LARGEST + 1)).answer[0] == 413
    assert Request(method=method, transfer_encoding="chunked").answer[0] == 411


@pytest.mark.parametrize(
    ("path", "method", "headers"),
    [
        (FRAMES, "GET", {}),
        (FRAMES, "OPTIONS", {}),
        ("/api/v1/lesson-sessions/", "POST", {}),
        ("/api/v1/lesson-sessions/x/end/", "POST", {"content_length": str(10 * LARGEST)}),
        ("/courses/frames/", "POST", {"content_length": str(10 * LARGEST)}),
        ("/elsewhere" + FRAMES, "POST", {}),
    ],
)
def test_everything_else_passes(path, method, headers):
    assert Request(path, method, **headers).reached


def test_what_is_refused_is_read_and_forgotten_up_to_an_end():
    assert Request(chunks=3, content_length=str(3 * LARGEST)).read == 3
    endless = Request(chunks=10_000, content_length=str(10_000 * LARGEST))
    assert endless.answer[0] == 413
    assert endless.read <= LARGEST_FORGOTTEN // LARGEST + 1
