"""A lesson session's socket, with the in-memory layer: each frame gets exactly one refused, reading or dropped."""

import asyncio
import functools
import json
import struct
import threading
import uuid

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.layers import channel_layers
from channels.routing import URLRouter
from django.contrib.auth.models import AnonymousUser

from emotion import broadcast, consents, consumers, services
from emotion.inference import frame_store
from emotion.intake import Intake, Receipt
from emotion.models import FeatureGate
from emotion.routing import websocket_urlpatterns
from lms.channel_layer import LocalChannelLayer
from tests.emotion.factories import make_answer, make_jpeg, make_session, with_size
from tests.factories import enroll, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("store", "queued", "layer")]

JPEG = make_jpeg()
WAIT = 3


@pytest.fixture
def layer():
    layer = LocalChannelLayer()
    channel_layers.set("default", layer)
    yield layer
    channel_layers.backends.pop("default")
    broadcast.use_loop(None)


def message(jpeg: bytes = JPEG, head: object = None, **fields) -> bytes:
    raw = head if isinstance(head, bytes) else json.dumps(fields if head is None else head).encode()
    return struct.pack(">H", len(raw)) + raw + jpeg


class Page:
    """A browser's end of the socket. (channels.testing has such a class, but its package needs daphne.)"""

    def __init__(self, user, session_id) -> None:
        scope = {"type": "websocket", "path": f"/ws/lesson-sessions/{session_id}/", "headers": [], "user": user}
        self._socket = ApplicationCommunicator(URLRouter(websocket_urlpatterns), scope)

    async def open(self) -> "Page":
        broadcast.use_loop(asyncio.get_running_loop())
        await self._socket.send_input({"type": "websocket.connect"})
        assert (await self._socket.receive_output(WAIT))["type"] == "websocket.accept"
        return self

    async def send(self, data: bytes) -> None:
        await self._socket.send_input({"type": "websocket.receive", "bytes": data})

    async def say(self, text: str) -> None:
        await self._socket.send_input({"type": "websocket.receive", "text": text})

    async def hear(self) -> dict:
        event = await self._socket.receive_output(WAIT)
        assert event["type"] == "websocket.send", event
        return json.loads(event["text"])

    async def closing(self) -> tuple[int, str]:
        event = await self._socket.receive_output(WAIT)
        assert event["type"] == "websocket.close", event
        return event["code"], event["reason"]

    async def silent(self) -> bool:
        return await self._socket.receive_nothing(timeout=0.1, interval=0.01)

    async def leave(self) -> None:
        await self._socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await self._socket.wait(WAIT)


def socket_test(test):
    """Run an async test where the database connection of its fixtures is."""

    @functools.wraps(test)
    def run(*arguments, **named):
        async_to_sync(test)(*arguments, **named)

    return run


async def opened(session) -> Page:
    page = await Page(session.user, session.pk).open()
    assert await page.hear() == {"type": "ready"}
    return page


record = sync_to_async(services.record_readings)


@socket_test
async def test_a_page_that_opens_is_told_it_is_ready(session):
    page = await opened(session)
    assert await page.silent()
    await page.leave()


@socket_test
async def test_whoever_is_not_signed_in_is_sent_away(session):
    page = await Page(AnonymousUser(), session.pk).open()
    assert await page.closing() == (4401, "Please sign in first.")


@pytest.fixture(params=["another student", "their instructor", "an outsider"])
def somebody_else(request, ines, course):
    if request.param == "their instructor":
        return ines
    bob = make_user("bob")
    if request.param == "another student":
        enroll(bob, course)
    return bob


@socket_test
async def test_the_session_of_another_does_not_exist(session, somebody_else):
    page = await Page(somebody_else, session.pk).open()
    assert await page.closing() == (4404, "There is no such session.")


@socket_test
async def test_a_session_that_never_was(session):
    page = await Page(session.user, uuid.uuid4()).open()
    assert (await page.closing())[0] == 4404


@socket_test
async def test_a_frame_is_accepted_and_then_answered(session, store):
    page = await opened(session)
    await page.send(message(sequence=7, block=None, place_seconds=1.5))
    assert await page.hear() == {"type": "accepted", "sequence": 7}
    frame = store.take(str(session.pk))
    assert (frame.sequence, frame.jpeg, frame.place_seconds) == (7, JPEG, 1.5)
    await record(answers=[make_answer(session, 7)], model_version=None)
    reading = await page.hear()
    assert (reading["type"], reading["sequence"], reading["words"]) == ("reading", 7, "Looks happy")
    assert reading["probabilities"]["happiness"] == 0.79
    assert await page.silent()
    await page.leave()


@socket_test
async def test_an_answer_reaches_every_page_of_its_session_and_no_other(session, lesson):
    other = await sync_to_async(make_session)(session.user, lesson)
    first, second, elsewhere = await opened(session), await opened(session), await opened(other)
    await record(answers=[make_answer(session, 1)], model_version=None)
    assert (await first.hear())["sequence"] == (await second.hear())["sequence"] == 1
    assert await elsewhere.silent()
    for page in (first, second, elsewhere):
        await page.leave()


BAD_HEADS = [
    b"",
    b"\0",
    struct.pack(">H", 9) + b"not json!" + JPEG,
    struct.pack(">H", 60_000) + b"{}",
    message(head=b"\xff\xfe\xfd"),
    message(head=b"[" * 60_000),
    message(head=[1, 2]),
    message(head={}),
    message(head={"sequence": "first"}),
    message(head={"sequence": -1}),
    message(head={"sequence": 1.5}),
    message(head=b'{"sequence": NaN}'),
    message(head={"sequence": 1, "block": "x"}),
    message(head={"sequence": 1, "place_seconds": "soon"}),
]


@socket_test
async def test_garbage_is_refused_and_the_socket_stays_open(session, store):
    page = await opened(session)
    for data in BAD_HEADS:
        await page.send(data)
        refusal = await page.hear()
        assert (refusal["type"], refusal["sequence"], refusal["status"]) == ("refused", None, 400)
        assert refusal["message"].endswith(".")
    await page.send(message(sequence=1))
    assert await page.hear() == {"type": "accepted", "sequence": 1}
    await page.leave()


BAD_PICTURES = [
    (b"", 400, "The frame is empty."),
    (b"hello", 415, "The frame is not a JPEG."),
    (JPEG[:-100], 400, "The JPEG is cut short."),
    (b"\xff\xd8\xff" + b"\0" * 300 * 1024, 413, "A frame is at most 200 KB; this one has 300 KB."),
    (with_size(JPEG, 20_000, 20_000), 413, "A frame is at most 1280x1280 pixels; this one is 20000x20000."),
]


@socket_test
async def test_a_picture_that_is_not_taken_is_refused_and_the_socket_stays_open(session, store):
    page = await opened(session)
    for sequence, (jpeg, status, sentence) in enumerate(BAD_PICTURES):
        await page.send(message(jpeg, sequence=sequence))
        assert await page.hear() == {
            "type": "refused",
            "sequence": sequence,
            "status": status,
            "message": sentence,
        }
        assert store.take(str(session.pk)) is None
    await page.send(message(sequence=9))
    assert (await page.hear())["type"] == "accepted"
    await page.leave()


@socket_test
async def test_a_block_of_another_lesson_is_refused_and_the_socket_stays_open(session):
    page = await opened(session)
    await page.send(message(sequence=1, block=999_999))
    refusal = await page.hear()
    assert (refusal["type"], refusal["status"]) == ("refused", 400)
    await page.say('{"type": "ping"}')
    assert await page.hear() == {"type": "pong"}
    await page.leave()


@socket_test
async def test_too_many_frames_are_refused_and_the_socket_stays_open(session, monkeypatch):
    monkeypatch.setattr(frame_store.time, "time", lambda: 1_700_000_000.0)

    page = await opened(session)
    heard = []
    for sequence in (1, 2, 3):
        await page.send(message(sequence=sequence))
        heard.append(await page.hear())
        if sequence == 2:
            heard.append(await page.hear())
    assert [(m["type"], m["sequence"]) for m in heard] == [
        ("accepted", 1),
        ("accepted", 2),
        ("dropped", 1),
        ("refused", 3),
    ]
    assert heard[-1]["status"] == 429
    await page.leave()


@socket_test
async def test_withdrawing_closes_every_page(session, course):
    page = await opened(session)
    await sync_to_async(consents.withdraw_consent)(user=session.user, course=course)
    assert await page.hear() == {"type": "closed", "message": "You have withdrawn; the camera stops."}
    assert await page.closing() == (4403, "You have withdrawn; the camera stops.")


@pytest.mark.parametrize(
    ("action", "status"),
    [("withdrawn", 403), ("left the course", 403), ("ended", 409), ("turned off", 404)],
)
@socket_test
async def test_a_frame_too_late_is_refused_and_closes_the_socket(session, course, store, action, status):
    actions = {
        "withdrawn": lambda: course.emotion_consents.update(withdrawn_at=session.started_at),
        # Unseen by the services, which take the consent along and close the page at once (test_leaving.py).
        "left the course": lambda: course.enrollments.filter(user=session.user).update(status="withdrawn"),
        "ended": lambda: services.end_session(session=session),
        "turned off": lambda: FeatureGate.objects.all().delete(),
    }
    page = await opened(session)
    await sync_to_async(actions[action])()
    await page.send(message(sequence=4))
    refusal = await page.hear()
    assert (refusal["type"], refusal["sequence"], refusal["status"]) == ("refused", 4, status)
    assert await page.closing() == (4403, refusal["message"])
    assert store.take(str(session.pk)) is None


@pytest.fixture
def stalled(monkeypatch):
    """Frames are not taken until it is set."""
    go = threading.Event()

    def submit_many(submissions):
        assert go.wait(WAIT)
        return [Receipt(submission.sequence, None) for submission in submissions]

    monkeypatch.setattr(Intake, "submit_many", staticmethod(submit_many))
    yield go
    go.set()


@socket_test
async def test_an_answer_does_not_wait_for_the_next_frame_to_be_taken(session, stalled):
    page = await opened(session)
    await page.send(message(sequence=2))
    await record(answers=[make_answer(session, 1)], model_version=None)
    reading = await page.hear()
    assert (reading["type"], reading["sequence"]) == ("reading", 1)
    stalled.set()
    assert await page.hear() == {"type": "accepted", "sequence": 2}
    await page.leave()


@socket_test
async def test_withdrawing_while_a_frame_is_on_its_way_closes_once_and_says_no_more(session, course, stalled):
    page = await opened(session)
    await page.send(message(sequence=1))
    await sync_to_async(consents.withdraw_consent)(user=session.user, course=course)
    assert (await page.hear())["type"] == "closed"
    assert (await page.closing())[0] == 4403
    stalled.set()
    assert await page.silent()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(consumers, "ANSWER_WITHIN_SECONDS", 0.15)


@socket_test
async def test_a_frame_that_nobody_answers_is_dropped_after_the_deadline(session, impatient):
    page = await opened(session)
    await page.send(message(sequence=1))
    assert await page.hear() == {"type": "accepted", "sequence": 1}
    dropped = {"type": "dropped", "sequence": 1, "message": "No answer came within three seconds."}
    assert await page.hear() == dropped
    assert await page.silent()
    await page.leave()


@pytest.mark.parametrize("late", ["an answer", "a dropped"])
@socket_test
async def test_what_comes_after_the_deadline_is_not_told_again(session, impatient, late):
    """Each frame gets exactly one of reading and dropped."""

    page = await opened(session)
    await page.send(message(sequence=1))
    assert [(await page.hear())["type"], (await page.hear())["type"]] == ["accepted", "dropped"]
    if late == "an answer":
        await record(answers=[make_answer(session, 1), make_answer(session, 2)], model_version=None)
    else:
        services.report_dropped([(str(session.pk), 1), (str(session.pk), 2)], "Too late.")
    assert (await page.hear())["sequence"] == 2  # as of a frame sent by REST: it is told
    assert await page.silent()
    await page.leave()


@socket_test
async def test_a_frame_that_was_answered_is_not_dropped_as_well(session, monkeypatch):
    monkeypatch.setattr(consumers, "ANSWER_WITHIN_SECONDS", 0.8)  # enough for an answer on a busy machine
    page = await opened(session)
    await page.send(message(sequence=1))
    assert (await page.hear())["type"] == "accepted"
    await record(answers=[make_answer(session, 1)], model_version=None)
    assert (await page.hear())["type"] == "reading"
    await asyncio.sleep(0.9)
    assert await page.silent()
    await page.leave()


@pytest.mark.parametrize("final", [False, True])
@socket_test
async def test_a_frame_that_was_dropped_is_not_refused_as_well(session, impatient, monkeypatch, final):
    """As when the database stalls for longer than the page waits."""

    class Stalled:
        async def submit(self, submission):
            await asyncio.sleep(0.3)
            raise services.Refused("Away.", 503, final=final)

    monkeypatch.setattr(consumers, "this_loops_intake", Stalled)
    page = await opened(session)
    await page.send(message(sequence=1))
    assert (await page.hear())["type"] == "dropped"
    await asyncio.sleep(0.4)
    if final:
        assert await page.closing() == (4403, "Away.")
    else:
        assert await page.silent()
    await page.leave()


@socket_test
async def test_a_number_used_again_after_a_drop_is_a_new_frame(session, impatient):
    page = await opened(session)
    for _ in range(2):
        await page.send(message(sequence=1))
        assert [(await page.hear())["type"], (await page.hear())["type"]] == ["accepted", "dropped"]
    await page.send(message(sequence=1))
    assert (await page.hear())["type"] in ("accepted", "refused")
    await page.leave()


@socket_test
async def test_what_is_dropped_by_the_worker_is_told(session):
    page = await opened(session)
    await page.send(message(sequence=1))
    await page.hear()
    services.report_dropped([(str(session.pk), 1)], "Something went wrong on our side.")
    dropped = {"type": "dropped", "sequence": 1, "message": "Something went wrong on our side."}
    assert await page.hear() == dropped
    await page.leave()


@socket_test
async def test_text_is_a_ping_or_refused(session):
    page = await opened(session)
    await page.say('{"type": "ping"}')
    assert await page.hear() == {"type": "pong"}
    for text in ("", "hello", "[]", "3", '{"type": "frame"}', "[" * 100_000):
        await page.say(text)
        assert await page.hear() == {
            "type": "refused",
            "sequence": None,
            "status": 400,
            "message": "Frames are binary.",
        }
    await page.leave()


@socket_test
async def test_a_page_that_left_is_told_nothing_and_leaves_nothing_running(session, layer):
    page = await opened(session)
    await page.send(message(sequence=1))
    await page.hear()
    await page.leave()
    assert not layer.groups
    await record(answers=[make_answer(session, 1)], model_version=None)
