"""A running class as one: what it says, and that nobody can be told from what changes."""

import time

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertNumQueries

from emotion import class_now, consents, services
from emotion.models import EmotionBucket, LessonSession, SupportEvent
from emotion.support import add_starter_rules
from tests.emotion import factories
from tests.emotion.factories import make_bucket, make_session, this_minute
from tests.factories import enroll, make_course, make_instructor, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store", "told")]


@pytest.fixture
def look(course):
    memory = class_now.new_memory()
    return lambda at=None: class_now.look(course.pk, memory, at or time.time())


def make_class(lesson, size: int, **bucket) -> list[LessonSession]:
    """Read at this moment."""
    return factories.make_class(lesson, size, minute=this_minute(), **bucket)


def leave(session) -> None:
    services.end_session(session=session)


def test_it_says_how_the_class_looks_with_each_student_counted_the_same(lesson, look):
    make_class(lesson, 3, faces=1, happiness=1, engaged=1)
    make_class(lesson, 2, faces=60, fear=60, confused=6)
    said = look()
    assert (said["status"], said["cameras"]) == ("shown", 5)
    assert said["states"] == {
        "engaged": 0.6,
        "confused": 0.4,
        "frustrated": 0.0,
        "bored": 0.0,
        "delighted": 0.0,
        "unsure": 0.0,
    }
    assert (said["expressions"]["happiness"], said["expressions"]["fear"]) == (0.6, 0.4)
    assert said["offers"] == {"shown": 0, "accepted": 0}
    assert said["trend"][0][1:] == list(said["states"].values())


def test_there_is_no_name_and_no_number_of_a_student_in_it(lesson, look):
    make_class(lesson, 6)
    assert set(look()) == {"status", "cameras", "as_of", "expressions", "states", "offers", "trend"}


def test_four_are_not_enough(lesson, look):
    make_class(lesson, 4, confused=1)
    assert look() == {"status": "few"}


def test_five_of_whom_the_camera_sees_four_are_not_enough(lesson, look):
    make_class(lesson, 4)
    make_class(lesson, 1, faces=0, no_face=10)
    assert look() == {"status": "few"}


def test_a_fifth_who_comes_and_goes_shows_once_and_leaves_no_difference(lesson, look):
    make_class(lesson, 4, confused=1)
    assert look() == {"status": "few"}
    [fifth] = make_class(lesson, 1, engaged=1)
    shown = look()
    leave(fifth)
    held = look()
    assert (held["status"], held["states"]) == ("held", shown["states"])
    EmotionBucket.objects.exclude(session=fifth).update(confused=0, bored=1)
    assert look()["states"] == shown["states"]  # the four would be seen to change


def test_whoever_joins_or_leaves_a_larger_class_is_not_seen_to(lesson, look):
    sessions = make_class(lesson, 9, engaged=1)
    shown = look()
    make_class(lesson, 1, confused=1)
    assert (look()["cameras"], look()["states"]) == (9, shown["states"])
    leave(sessions[0])
    assert (look()["cameras"], look()["states"]) == (9, shown["states"])
    for session in sessions[1:4]:
        leave(session)
    assert look()["cameras"] == 6  # five have changed: four gone, one come
    assert look()["states"]["confused"] == 0.17


def test_leaving_and_coming_back_for_an_hour_never_shows_one(lesson, look):
    """Whatever is shown at any two moments, the sums are apart by five students or not at all."""
    sessions = make_class(lesson, 12, engaged=1)
    EmotionBucket.objects.filter(session=sessions[0]).update(engaged=0, frustrated=1)
    seen = set()
    for turn in range(12):
        LessonSession.objects.filter(pk=sessions[turn % 4].pk).update(ended_at=timezone.now() if turn % 2 else None)
        said = look()
        seen.add((said["cameras"], tuple(said["states"].values())))
    assert len(seen) == 1


def test_what_was_shown_is_forgotten_with_an_erasure(lesson, look, course):
    sessions, others = make_class(lesson, 9, engaged=1), make_class(lesson, 4)
    for session in others:
        leave(session)
    assert (look()["status"], look()["cameras"]) == ("shown", 9)
    services.erase_history(user=sessions[0].user, course=course)
    assert look() == {"status": "few"}  # eight of the nine would tell of the ninth
    LessonSession.objects.filter(pk__in=[session.pk for session in others]).update(ended_at=None)
    assert (look()["status"], look()["cameras"]) == ("shown", 12)
    assert len(look()["trend"]) == 1


def test_so_it_is_with_a_consent_withdrawn(lesson, look, course):
    sessions = make_class(lesson, 9, engaged=1)
    look()
    consents.withdraw_consent(user=sessions[0].user, course=course)
    assert look() == {"status": "few"}


def test_those_whose_own_history_is_shared_hide_nobody(lesson, look):
    """Who teaches reads theirs, and could take them off: nine less five are four."""
    make_class(lesson, 5, share=True)
    make_class(lesson, 4, confused=1)
    assert look() == {"status": "few"}
    make_class(lesson, 1, confused=1)
    assert look()["cameras"] == 10


def test_other_classes_are_not_in_it(lesson, look):
    make_class(lesson, 5)
    other = make_course().modules.get().lessons.first()
    make_class(other, 5)
    assert look()["cameras"] == 5


def test_what_is_older_than_a_minute_or_so_is_not_now(lesson, look):
    make_class(lesson, 6)
    assert look(time.time() + 150) == {"status": "few"}


def test_the_trend_has_a_point_each_ten_seconds_for_ten_minutes(lesson, look):
    make_class(lesson, 6, engaged=1)
    start = time.time() // 60 * 60
    for second in range(0, 60, 2):
        trend = look(start + second)["trend"]
    assert [at - start for at, *_states in trend] == [0, 10, 20, 30, 40, 50]
    EmotionBucket.objects.update(minute=timezone.now() + timezone.timedelta(minutes=11))
    assert len(look(start + 660)["trend"]) == 1


def test_offers_are_told_in_fives_and_never_below(lesson, look):
    sessions = make_class(lesson, 9)
    rule = add_starter_rules("confused")[0]
    for number, session in enumerate(sessions):
        if number == 4:
            assert look()["offers"] == {"shown": 0, "accepted": 0}
        SupportEvent.objects.create(
            rule=rule,
            user=session.user,
            lesson=lesson,
            state="confused",
            confidence=1,
            response="accepted" if number < 4 else "",
        )
    assert look(time.time() + 10)["offers"] == {"shown": 5, "accepted": 0}


def test_a_second_is_looked_at_once_whoever_asks(lesson, course, monkeypatch):
    cache.clear()
    make_class(lesson, 5)
    monkeypatch.setattr(class_now.time, "time", lambda: 1_800_000_000.0)
    assert class_now.tick(course.pk) is not None
    assert class_now.tick(course.pk) is None
    monkeypatch.setattr(class_now.time, "time", lambda: 1_800_000_001.0)
    assert class_now.tick(course.pk) is not None


def test_who_was_shown_is_remembered_from_second_to_second(lesson, course, monkeypatch):
    cache.clear()
    sessions = make_class(lesson, 6)
    now = time.time()
    monkeypatch.setattr(class_now.time, "time", lambda: now)
    assert class_now.tick(course.pk)["cameras"] == 6
    leave(sessions[0])
    monkeypatch.setattr(class_now.time, "time", lambda: now + 1)
    assert class_now.tick(course.pk)["cameras"] == 6


def test_looking_costs_the_same_for_any_class(lesson, look):
    sessions = make_class(lesson, 12)
    with assertNumQueries(3):  # who is read now; who shares theirs; offers
        look()
    with assertNumQueries(2):
        look()
    leave(sessions[0])
    with assertNumQueries(3):  # who is read now; who is away; who shares theirs
        look()


def test_the_page_is_for_those_who_teach_or_assist(client, course, lesson, ines):
    url = reverse("emotion:live", args=[course.slug])
    client.force_login(ines)
    answer = client.get(url)
    assertContains(answer, f'data-live="/ws/courses/{course.pk}/now/"')
    assertContains(client.get(course.get_absolute_url()), f'href="{url}"')
    assertContains(client.get(reverse("emotion:climate", args=[lesson.pk])), f'href="{url}"')
    student, other = make_user("sam"), make_instructor("ivo")
    enroll(student, course)
    make_course(instructor=other)
    for person in (student, other):
        client.force_login(person)
        assert client.get(url).status_code == 404
        assertNotContains(client.get(course.get_absolute_url()), url)


def test_a_session_in_another_course_says_nothing_here(lesson, look, alice):
    """Alice is read now, but elsewhere."""
    make_class(lesson, 4)
    other = make_course().modules.get().lessons.first()
    enroll(alice, other.course)
    make_bucket(make_session(alice, other), minute=this_minute())
    assert look() == {"status": "few"}


def test_whoever_asks_often_does_not_make_it_forget_who_was_shown_together(lesson, course, client):
    """Without Redis, limits and this memory are in one cache of the process: an hour of ten classes and of strangers'
    requests from everywhere fits beside it."""
    cache.clear()
    try:
        make_class(lesson, 5)
        class_now.tick(course.pk)
        shown = cache.get(f"class-now:{course.pk}")["former"]
        for number in range(40_000):
            cache.set(f"strangers:{number}:1", 1, 120)
        assert shown and cache.get(f"class-now:{course.pk}")["former"] == shown
    finally:
        cache.clear()
