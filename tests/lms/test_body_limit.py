"""A body is bounded before Django could put it on a disk: a frame's, and whatever nobody who is signed in sends."""

import asyncio
import inspect
import json
import tempfile

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings as django_settings
from django.core.files import uploadhandler
from django.test import Client
from django.urls import get_resolver, reverse
from rest_framework.parsers import MultiPartParser

from accounts.tokens import make_token
from courses.transfer.archive import LARGEST_TOTAL
from lms.asgi import application
from lms.body_limit import COURSES, FILES, LARGEST, LARGEST_FORGOTTEN, limit_bodies
from tests.factories import make_instructor, make_user

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
        """As Django does: the whole body first."""
        while self.read < self._chunks:
            if (await receive())["type"] == "http.disconnect":
                return
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
        ("/api/v1/lesson-sessions/x/end/", "POST", {"content_length": str(2 * LARGEST)}),
        ("/courses/frames/", "POST", {"content_length": str(2 * LARGEST)}),
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


SMALL = 2_621_440  # what Django keeps in memory
SIGN_IN, IMPORT, UPLOAD = "/accounts/login/", "/courses/import/", "/assignments/1/files/"


@pytest.mark.parametrize("path", ["/", SIGN_IN, "/api/v1/me/", "/no-such/", "/admin/", UPLOAD, IMPORT])
def test_a_stranger_sends_no_more_than_stays_in_memory(db, path):
    assert Request(path, content_length=str(SMALL)).reached
    for length in (SMALL + 1, 10**30):
        request = Request(path, content_length=str(length), accept="application/json")
        assert not request.reached
        assert request.answer == (413, "This is more than can be sent here.")


@pytest.mark.parametrize("path", [SIGN_IN, UPLOAD])
def test_a_body_without_an_end_or_a_length_is_given_up_once_it_is_too_much(db, path):
    assert Request(path, chunks=2).reached
    endless = Request(path, chunks=10_000, transfer_encoding="chunked", accept="application/json")
    assert not endless.reached and endless.answer[0] == 413
    assert endless.read <= 3 + LARGEST_FORGOTTEN // LARGEST + 1


def test_the_sentence_is_in_the_browsers_language(db):
    start, body = Request("/", content_length=str(9 * SMALL), accept_language="de").sent
    assert dict(start["headers"])[b"content-type"] == b"text/plain; charset=utf-8"
    assert body["body"].decode() == "Das ist mehr, als hierhin geschickt werden kann."


def cookie_of(user) -> str:
    client = Client()
    client.force_login(user)
    return f"theme=dark; {django_settings.SESSION_COOKIE_NAME}={client.session.session_key}"


@pytest.mark.django_db(transaction=True)
def test_a_file_is_taken_from_those_who_are_signed_in_where_files_are_taken():
    alice = make_user()
    known = {"cookie": cookie_of(alice)}
    file = 2 * django_settings.ATTUNE_LARGEST_UPLOAD_MB * LARGEST
    assert Request(UPLOAD, content_length=str(file), **known).reached
    assert Request(UPLOAD, chunks=5, transfer_encoding="chunked", **known).reached
    assert not Request(UPLOAD, content_length=str(file + 1), **known).reached
    assert not Request(SIGN_IN, content_length=str(SMALL + 1), **known).reached
    token = make_token(user=alice, name="script", expires_at=None)[1]
    assert Request(UPLOAD, content_length=str(file), authorization=f"Bearer {token}").reached


@pytest.mark.django_db(transaction=True)
def test_a_course_is_taken_from_those_who_teach():
    assert Request(IMPORT, content_length=str(LARGEST_TOTAL), cookie=cookie_of(make_instructor())).reached
    assert not Request(IMPORT, content_length=str(SMALL + 1), cookie=cookie_of(make_user())).reached


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("headers", [{"cookie": "sessionid=made-up"}, {"authorization": "Bearer attune_x"}])
def test_a_made_up_cookie_or_token_is_nobodys(headers):
    assert not Request(UPLOAD, content_length=str(SMALL + 1), **headers).reached


@pytest.mark.django_db(transaction=True)
def test_whoever_has_signed_out_is_a_stranger_again():
    client = Client()
    client.force_login(make_user())
    cookie = f"{django_settings.SESSION_COOKIE_NAME}={client.session.session_key}"
    client.logout()
    assert not Request(UPLOAD, content_length=str(SMALL + 1), cookie=cookie).reached


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("stated", [True, False])
def test_nothing_of_a_strangers_form_is_put_on_a_disk(monkeypatch, stated):
    """The whole application, with a form of twelve megabytes; a small one shows that it is reached at all."""
    files = []

    class Spooled(tempfile.SpooledTemporaryFile):
        def rollover(self) -> None:
            files.append("a body")
            super().rollover()

    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", Spooled)
    monkeypatch.setattr(
        uploadhandler.TemporaryFileUploadHandler, "new_file", lambda *_args, **_options: files.append("a file")
    )
    head = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'

    async def post(megabytes: int) -> int:
        length = len(head) + megabytes * LARGEST
        headers = [(b"host", b"localhost"), (b"content-type", b"multipart/form-data; boundary=x")]
        headers.append((b"content-length", str(length).encode()) if stated else (b"transfer-encoding", b"chunked"))
        scope = {"type": "http", "method": "POST", "path": SIGN_IN, "headers": headers, "query_string": b""}
        client = ApplicationCommunicator(application, scope)
        await client.send_input({"type": "http.request", "body": head, "more_body": True})
        for left in reversed(range(megabytes)):
            await client.send_input({"type": "http.request", "body": b"0" * LARGEST, "more_body": left > 0})
        return (await client.receive_output(20))["status"]

    assert asyncio.run(post(12)) == 413 and files == []
    assert asyncio.run(post(1)) in (200, 403) and files == []


def views(patterns, namespace: str = ""):
    """(name, view) of every address."""
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            below = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from views(pattern.url_patterns, below)
        else:
            yield f"{namespace}{pattern.name}", pattern.callback


def takes_files(view) -> bool:
    if actions := getattr(view, "actions", None):
        chosen = [getattr(view.cls, name) for name in set(actions.values())]
        parsers = [getattr(action, "kwargs", {}).get("parser_classes", view.cls.parser_classes) for action in chosen]
        return any(MultiPartParser in those for those in parsers)
    if hasattr(view, "cls"):
        return MultiPartParser in view.cls.parser_classes
    return "request.FILES" in inspect.getsource(inspect.unwrap(view))


def test_every_address_that_takes_files_is_known_or_takes_small_ones():
    small = {"enrollment:import", "admin:accounts_user_import"}  # tables, of a megabyte at most
    frames = {"emotion-api:frames"}
    found = {name for name, view in views(get_resolver().url_patterns) if takes_files(view)}
    assert found - frames - small == FILES | COURSES
    assert reverse("transfer:import") == IMPORT and reverse("assignments:add-file", args=[1]) == UPLOAD
