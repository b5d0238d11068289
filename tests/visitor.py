"""A person at a running server without a browser: cookies, CSRF tokens and WebSockets."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

from websockets.sync.client import ClientConnection, connect

from accounts.demo import DEMO_PASSWORD
from emotion.consumers import pack_frame

YES = {"camera": "on", "history": "on", "age": "older"}


class Visitor:
    def __init__(self, url: str, email: str) -> None:
        self.url = url
        self.jar = CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self.jar))
        self.post_form("/accounts/login/", {"login": email, "password": DEMO_PASSWORD})

    def cookie(self, name: str) -> str:
        return next((cookie.value or "" for cookie in self.jar if cookie.name == name), "")

    def get(self, path: str) -> str:
        return self._opener.open(self.url + path, timeout=20).read().decode()

    def post(self, path: str, body: bytes, content_type: str) -> tuple[int, Any]:
        """(status, JSON or text). Sends the CSRF token as a script of the page would."""
        if not self.cookie("csrftoken"):
            self.get("/accounts/login/")
        request = Request(self.url + path, data=body, method="POST")
        request.add_header("Content-Type", content_type)
        request.add_header("X-CSRFToken", self.cookie("csrftoken"))
        try:
            answer = self._opener.open(request, timeout=20)
        except HTTPError as error:
            answer = error
        text = answer.read().decode(errors="replace")
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text

    def post_form(self, path: str, fields: dict[str, str]) -> int:
        return self.post(path, urlencode(fields).encode(), "application/x-www-form-urlencoded")[0]

    def start_session(self, *, share: bool = False) -> str:
        """Enroll in the demo course, consent and begin its first lesson with the camera: the session's id."""
        self.post_form("/courses/calm-statistics/enroll/", {})
        page = self.get("/courses/calm-statistics/")
        lesson = int(re.search(r"/lessons/(\d+)/", page).group(1))
        self.post_form(f"/lessons/{lesson}/camera/", {**YES, **({"share": "on"} if share else {})})
        status, session = self.post(
            "/api/v1/lesson-sessions/", json.dumps({"lesson": lesson}).encode(), "application/json"
        )
        assert status == 201, session
        self.lesson = lesson
        return session["id"]

    def upload(self, session: str, jpeg: bytes) -> tuple[int, Any]:
        return self.post(f"/api/v1/lesson-sessions/{session}/frames/", jpeg, "image/jpeg")

    @contextmanager
    def socket(self, session: str) -> Iterator[ClientConnection]:
        """The session's socket, past its "ready"."""
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.jar)
        address = f"{self.url.replace('http', 'ws')}/ws/lesson-sessions/{session}/"
        with connect(address, additional_headers={"Cookie": cookies}, origin=self.url, compression=None) as connection:
            assert json.loads(connection.recv(timeout=10)) == {"type": "ready"}
            yield connection


def ask(socket: ClientConnection, sequence: int, jpeg: bytes) -> dict:
    """Send a frame and wait for what becomes of it: "reading", "dropped" or "refused"."""
    socket.send(pack_frame({"sequence": sequence}, jpeg))
    while True:
        message = json.loads(socket.recv(timeout=10))
        if message["type"] in ("reading", "dropped", "refused"):
            return message


def ask_until_answered(socket: ClientConnection, sequence: int, jpeg: bytes) -> dict:
    """As `ask`, and again where it was dropped, or refused only for now, as the page's next frame would be: a busy
    machine may do so."""
    for again in range(10):
        answer = ask(socket, sequence + again, jpeg)
        if answer["type"] != "dropped" and answer.get("status") not in (429, 503):
            return answer
        time.sleep(1)
    raise AssertionError(f"Ten frames in a row were not answered, the last one with {answer}.")


def hear(socket: ClientConnection, kind: str, seconds: float = 5) -> dict:
    """The next message of a kind; others, such as a learning state, may come before it."""
    deadline = time.monotonic() + seconds
    while (message := json.loads(socket.recv(timeout=max(0.0, deadline - time.monotonic()))))["type"] != kind:
        pass
    return message
