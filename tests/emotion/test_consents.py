"""Four ticks, an age, and a guardian: what is not allowed does not happen."""

import asyncio
import datetime
import re

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.core import mail
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import AuditEntry
from emotion import consents, course_calibration, services
from emotion.consents import Choices
from emotion.intake import submit_frame
from emotion.models import Consent, EmotionBucket, EmotionReading, LessonSession
from emotion.places import Place
from emotion.services import Refused
from tests.emotion.factories import ALLOWED, YES, make_answer, make_bucket, make_jpeg, make_session
from tests.emotion.test_consumers import layer, opened  # noqa: F401  (layer is a fixture)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store", "queued")]
YOUNG = {"under_age": True, "guardian_email": "parent@example.org", "guardian_link": "https://lms.example/{}".format}


@pytest.fixture
def commits(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


def allow(user, course, choices=ALLOWED, **extra) -> Consent | None:
    return consents.give_consent(user=user, course=course, choices=choices, **extra)


def send(session) -> None:
    submit_frame(user=session.user, session_id=session.pk, sequence=None, jpeg=make_jpeg(), place=Place())


# The ticks


def test_a_history_that_is_not_kept_is_not_shared():
    assert not Choices(camera=True, share_with_instructor=True).share_with_instructor


def test_allowing_nothing_is_withdrawing(alice, course, told):
    allow(alice, course)
    assert allow(alice, course, Choices()) is None
    assert not Consent.objects.in_force().exists()


def test_without_the_tick_for_the_camera_it_does_not_start(alice, lesson):
    allow(alice, lesson.course, Choices(share_for_research=True))
    with pytest.raises(Refused, match="not allowed the camera") as refused:
        services.start_session(user=alice, lesson=lesson)
    assert refused.value.status == 403


def test_taking_back_the_tick_for_the_camera_stops_it_and_the_next_frame(alice, lesson, told, commits):
    allow(alice, lesson.course)
    session = services.start_session(user=alice, lesson=lesson)
    send(session)
    with commits():
        allow(alice, lesson.course, Choices(history=True))
    assert [message["type"] for message in told[str(session.pk)]] == ["closed"]
    LessonSession.objects.update(ended_at=None)  # as if the page went on regardless
    with pytest.raises(Refused, match="not allowed the camera"):
        send(session)


def test_an_answer_that_comes_after_it_is_not_recorded(alice, lesson, told):
    allow(alice, lesson.course)
    session = services.start_session(user=alice, lesson=lesson)
    allow(alice, lesson.course, Choices(history=True))
    assert services.record_readings(answers=[make_answer(session)], model_version=None) == []


def test_without_a_history_nothing_is_kept_past_the_session(alice, lesson, told):
    allow(alice, lesson.course, Choices(camera=True))
    session = services.start_session(user=alice, lesson=lesson)
    services.record_readings(answers=[make_answer(session)], model_version=None)
    assert EmotionReading.objects.exists()  # the page is answered, and offers of support go by it
    assert course_calibration.features_now(user=alice, lesson=lesson) is None
    services.end_session(session=session)
    assert not EmotionReading.objects.exists()
    assert not EmotionBucket.objects.exists()


def test_with_a_history_sums_stay(alice, lesson, told):
    allow(alice, lesson.course)
    session = services.start_session(user=alice, lesson=lesson)
    services.record_readings(answers=[make_answer(session)], model_version=None)
    services.end_session(session=session)
    assert EmotionReading.objects.exists() and EmotionBucket.objects.exists()


# The page


@pytest.fixture
def page(client, alice, lesson):
    client.force_login(alice)
    return reverse("emotion:consent", args=[lesson.pk])


def test_nothing_is_ticked_beforehand(client, page):
    answer = client.get(page)
    assertNotContains(answer, " checked")
    for name in ("camera", "history", "share", "research", "age"):
        assertContains(answer, f'name="{name}"')


def test_a_yes_without_an_age_is_asked_for_it(client, page):
    answer = client.post(page, {"camera": "on"})
    assertContains(answer, "Please say whether you are 16 or older.", status_code=422)
    assertContains(answer, 'id="camera" checked', status_code=422)  # what was ticked is not lost
    assert not Consent.objects.exists()


def test_somebody_younger_is_asked_for_a_guardian(client, page):
    answer = client.post(page, {**YES, "age": "younger"})
    assertContains(answer, "address of your parent or guardian", status_code=422)
    assertContains(client.post(page, {**YES, "age": "younger", "guardian": "x"}), "valid email", status_code=422)
    own = client.post(page, {**YES, "age": "younger", "guardian": "Alice@example.org"})
    assertContains(own, "This is your own address", status_code=422)
    assert not Consent.objects.exists()


def test_ticking_nothing_is_a_no(client, page):
    assertContains(client.post(page, {}, follow=True), "Nothing else changes")
    assert not Consent.objects.exists()


def test_each_tick_is_kept_by_itself(client, page):
    client.post(page, {"history": "on", "research": "on", "age": "older"})
    kept = Consent.objects.get()
    assert (kept.camera, kept.history, kept.share_with_instructor, kept.share_for_research) == (
        False,
        True,
        False,
        True,
    )
    answer = client.get(page)
    assertContains(answer, 'id="history" checked')
    assertNotContains(answer, 'id="camera" checked')


# Under age


@pytest.fixture
def asked(client, page, commits):
    """Alice is young and has asked; the guardian's link."""
    with commits():
        client.post(page, {**YES, "age": "younger", "guardian": "parent@example.org"})
    return link()


def link() -> str:
    return re.search(r"http://testserver(/guardian/\S+)", mail.outbox[-1].body).group(1)


def test_the_camera_waits_for_the_guardian(client, asked, alice, lesson):
    assert mail.outbox[-1].to == ["parent@example.org"]
    with pytest.raises(Refused, match="parent or guardian"):
        services.start_session(user=alice, lesson=lesson)
    shown = client.get(lesson.get_absolute_url())
    assertContains(shown, "until your parent or guardian agrees")
    assertNotContains(shown, "data-camera-start")
    with pytest.raises(Refused, match="parent or guardian"):
        send(make_session(alice, lesson))  # by whatever way it began


def test_a_guardian_agrees_without_an_account(client, asked, alice, lesson):
    client.logout()
    assertContains(client.get(asked), "May Alice use the camera?")
    assert Consent.objects.get().waits_for_guardian  # opening a link agrees to nothing
    assertContains(client.post(asked, {"agree": "yes"}), "They may turn the camera on now")
    assert services.start_session(user=alice, lesson=lesson)
    assert list(AuditEntry.objects.of(alice).values_list("action", flat=True)) == [
        "guardian_agreed",
        "consent_given",
        "guardian_asked",
    ]


def test_a_guardian_refuses(client, asked, alice, lesson):
    assertContains(client.post(asked, {"refuse": "yes"}), "The camera stays off")
    assert not Consent.objects.in_force().exists()
    assert client.get(asked).status_code == 410


def test_a_guardian_takes_it_back_and_has_the_history_erased(client, asked, alice, lesson, told, commits):
    client.post(asked, {"agree": "yes"})
    session = services.start_session(user=alice, lesson=lesson)
    make_bucket(session)
    with commits():
        client.post(asked, {"refuse": "yes", "erase": "on"})
    assert not EmotionBucket.objects.exists()
    assert told[str(session.pk)][-1]["type"] == "closed"
    assert Consent.objects.get().guardian_email == ""


def test_a_link_is_over_after_a_week_but_not_for_taking_back(client, asked, monkeypatch):
    later = timezone.now() + datetime.timedelta(days=8)
    with monkeypatch.context() as patched:
        patched.setattr(timezone, "now", lambda: later)
        assert consents.consent_at(asked.split("/")[2]) is None
    client.post(asked, {"agree": "yes"})
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert consents.consent_at(asked.split("/")[2]) is not None


@pytest.mark.parametrize("spoil", [lambda t: t[:-2] + "xx", lambda t: "x" + t, lambda t: t.partition(":")[0]])
def test_a_link_that_was_tampered_with_leads_nowhere(client, asked, spoil):
    token = asked.split("/")[2]
    answer = client.post(reverse("emotion:guardian", args=[spoil(token)]), {"agree": "yes"})
    assert answer.status_code == 410
    assert Consent.objects.get().waits_for_guardian


def test_something_new_is_asked_for_again_and_the_older_link_is_over(client, asked, page, alice, lesson, told, commits):
    client.post(asked, {"agree": "yes"})
    session = services.start_session(user=alice, lesson=lesson)
    with commits():
        client.post(page, {**YES, "share": "on", "age": "younger", "guardian": "parent@example.org"})
    assert told[str(session.pk)][-1]["type"] == "closed"
    assert not Consent.objects.shared().exists()
    assert client.post(asked, {"agree": "yes"}).status_code == 410
    client.post(link(), {"agree": "yes"})
    assert Consent.objects.shared().exists()


def test_allowing_less_asks_nobody(client, asked, page, commits):
    client.post(asked, {"agree": "yes"})
    letters = len(mail.outbox)
    with commits():
        client.post(page, {"camera": "on", "age": "younger", "guardian": "parent@example.org"})
    assert len(mail.outbox) == letters
    assert Consent.objects.get().allows_camera


def test_growing_up_overnight_does_not_count(client, asked, page, alice, course):
    client.post(page, YES)
    assert Consent.objects.get().waits_for_guardian
    consents.withdraw_consent(user=alice, course=course)
    client.post(page, YES)
    assert not Consent.objects.in_force().exists()  # a guardian's address is missing


def test_a_guardian_is_not_flooded_with_letters(alice, course):
    for _ in range(3):
        allow(alice, course, **YOUNG)
        consents.withdraw_consent(user=alice, course=course)
    with pytest.raises(Refused, match="often enough today"):
        allow(alice, course, **YOUNG)


def test_a_session_of_a_shared_history_waits_for_the_guardian_too(alice, ines, lesson):
    session = make_session(alice, lesson, share=True)
    assert LessonSession.objects.shared_with(ines).get() == session
    Consent.objects.update(under_age=True)
    assert not LessonSession.objects.shared_with(ines).exists()


# Withdrawing


@pytest.mark.django_db(transaction=True)
def test_withdrawing_stops_the_camera_on_every_device(alice, lesson, layer):  # noqa: F811
    allow(alice, lesson.course)
    sessions = [services.start_session(user=alice, lesson=lesson) for _ in range(3)]

    async def withdraw_on_one():
        pages = [await opened(session) for session in sessions]
        await sync_to_async(consents.withdraw_consent)(user=alice, course=lesson.course)
        heard = await asyncio.wait_for(asyncio.gather(*(page.hear() for page in pages)), 1)
        return {message["type"] for message in heard}

    assert async_to_sync(withdraw_on_one)() == {"closed"}


def test_withdrawing_forgets_the_guardians_address(alice, course, told):
    allow(alice, course, **YOUNG)
    consents.withdraw_consent(user=alice, course=course)
    assert Consent.objects.get().guardian_email == ""
