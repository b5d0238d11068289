"""What a student's own device read, through the session's socket: each gets exactly one refused, reading or dropped."""

import json

import pytest
from asgiref.sync import sync_to_async

from emotion import consents, tasks
from emotion.models import EmotionReading
from tests.emotion.factories import make_probabilities, make_session
from tests.emotion.test_consumers import layer, message, opened, socket_test  # noqa: F401  (layer is a fixture)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("store", "queued", "layer")]


@pytest.fixture(autouse=True)
def no_worker(monkeypatch):
    monkeypatch.setattr(tasks.watch_states, "apply_async", lambda **_: None)


@pytest.fixture
def session(alice, lesson):
    return make_session(alice, lesson, mode="device")


def reading(**fields) -> str:
    whole = {"type": "reading", "sequence": 1, "outcome": "face", "latency_ms": 30}
    return json.dumps(whole | {"probabilities": make_probabilities(happiness=0.79)} | fields)


stored = sync_to_async(lambda: list(EmotionReading.objects.values_list("sequence", "happiness")))


@socket_test
async def test_a_reading_is_answered_once(session):
    page = await opened(session)
    await page.say(reading(sequence=7))
    answer = await page.hear()
    assert (answer["type"], answer["sequence"], answer["words"]) == ("reading", 7, "Looks happy")
    assert answer["latency_ms"] == 30
    assert await page.silent()
    assert await stored() == [(7, 0.79)]
    await page.leave()


@socket_test
async def test_a_reading_sent_again_is_dropped(session):
    page = await opened(session)
    for expected in ("reading", "dropped"):
        await page.say(reading())
        assert (await page.hear())["type"] == expected
    assert await stored() == [(1, 0.79)]
    await page.leave()


@socket_test
async def test_what_is_no_reading_is_refused_and_the_socket_stays_open(session):
    page = await opened(session)
    for bad in (
        reading(probabilities={"joy": 1}),
        reading(probabilities=None),
        reading(sequence=None),
        reading(sequence="x"),
        reading(outcome=None),
        '{"type": "reading"}',
    ):
        await page.say(bad)
        refusal = await page.hear()
        assert (refusal["type"], refusal["sequence"], refusal["status"]) == ("refused", None, 400)
        assert refusal["message"].endswith(".")
    await page.say(reading())
    assert (await page.hear())["type"] == "reading"
    await page.leave()


@socket_test
async def test_a_frame_is_refused_and_the_socket_stays_open(session, store):
    page = await opened(session)
    await page.send(message(sequence=3))
    refusal = await page.hear()
    assert (refusal["type"], refusal["sequence"], refusal["status"]) == ("refused", 3, 409)
    assert store.take(str(session.pk)) is None
    await page.say(reading(sequence=4))
    assert (await page.hear())["type"] == "reading"
    await page.leave()


@socket_test
async def test_a_session_of_the_server_takes_no_reading(session, lesson):
    page = await opened(await sync_to_async(make_session)(session.user, lesson))
    await page.say(reading())
    refusal = await page.hear()
    assert (refusal["type"], refusal["status"]) == ("refused", 409)
    assert await page.silent()
    await page.leave()


@socket_test
async def test_after_withdrawal_a_reading_is_refused_and_the_socket_closes(session, course):
    page = await opened(session)
    await sync_to_async(course.emotion_consents.update)(withdrawn_at=session.started_at)
    await page.say(reading(sequence=4))
    refusal = await page.hear()
    assert (refusal["type"], refusal["sequence"], refusal["status"]) == ("refused", 4, 403)
    assert await page.closing() == (4403, refusal["message"])
    assert await stored() == []


@socket_test
async def test_withdrawing_closes_a_page_that_reads_itself(session, course):
    page = await opened(session)
    await sync_to_async(consents.withdraw_consent)(user=session.user, course=course)
    assert await page.hear() == {"type": "closed", "message": "You have withdrawn; the camera stops."}
    await page.closing()
