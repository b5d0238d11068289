"""Hot spots: the place where a class was confused is named, and nothing else is."""

import random

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from emotion import selectors
from emotion.class_history import put_together_class_histories
from emotion.core.hotspots import find_stretches, wilson_lower
from emotion.core.labels import COUNTED_STATES
from emotion.models import EmotionBucket, SelfReport
from tests.emotion.factories import make_bucket, make_session
from tests.factories import enroll, make_instructor, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store", "told")]

VIDEO_SECONDS = 400
PLANTED = range(200, 235, 10)  # 3:20 to 3:55


@pytest.fixture
def video(lesson):
    block = lesson.blocks.first()
    block.kind, block.title = "video", "The oven"
    block.save()
    return block


def plant(lesson, video, *, students: int = 22, confused: int = 14, said: int = 7):
    """A class that watches a video; some of it is confused at PLANTED, and now and then anywhere."""
    chance = random.Random(1)
    for number in range(students):
        student = make_user(f"watcher{number}")
        enroll(student, lesson.course)
        session = make_session(student, lesson)
        for second in range(0, VIDEO_SECONDS, 10):
            here = second in PLANTED and number < confused
            state = "confused" if here or chance.random() < 0.05 else chance.choice(["engaged", "unsure"])
            expression = {"fear": 6, "neutral": 4} if here else {"neutral": 9, "happiness": 1}
            make_bucket(session, block=video, place=second // 10, **expression, **{state: 1})
        if number < said:
            SelfReport.objects.create(
                user=student, lesson=lesson, state="confused", block_number=video.pk, place_seconds=210
            )


def page_of(client, lesson):
    client.force_login(lesson.course.enrollments.get(role="instructor").user)
    return client.get(reverse("admin:emotion_lessonclimate_change", args=[lesson.pk]))


def test_the_page_names_the_place_where_confusion_was_planted(client, lesson, video):
    plant(lesson, video)
    put_together_class_histories()
    [spot] = selectors.class_timeline(lesson=lesson)["hotspots"]
    assert (spot["state"], spot["block"], spot["seconds"], spot["until"]) == ("confused", video.pk, 200, 240)
    assert (14 <= spot["students"] <= 17, spot["of"], spot["said"]) == (True, 22, 7)
    page = page_of(client, lesson)
    assertContains(page, "Looked confused from 3:20 to 4:00 in “The oven”")
    assertContains(page, "7 said so themselves.")
    assertContains(page, f"{lesson.get_absolute_url()}?at=200#block-{video.pk}")


def test_an_even_lesson_has_none(client, lesson, video):
    plant(lesson, video, confused=0, said=0)
    put_together_class_histories()
    assert selectors.class_timeline(lesson=lesson)["hotspots"] == []
    assertNotContains(page_of(client, lesson), "Where to look")


def test_nothing_is_told_of_fewer_than_five(client, lesson, video):
    plant(lesson, video, students=8, confused=4, said=4)
    # Four of eight stand out as a share, and are too few to be told.
    EmotionBucket.objects.exclude(place__in=[s // 10 for s in PLANTED]).update(confused=0, engaged=1)
    put_together_class_histories()
    timeline = selectors.class_timeline(lesson=lesson)
    assert find_stretches(timeline["points"])
    assert timeline["hotspots"] == []


def test_four_students_have_no_hot_spots_however_they_looked(client, lesson, video):
    plant(lesson, video, students=4, confused=4, said=4)
    put_together_class_histories()
    assert selectors.class_timeline(lesson=lesson)["hotspots"] == []
    page = page_of(client, lesson)
    assertContains(page, "Not enough students yet")
    assertNotContains(page, "confused from")


def test_few_who_said_so_are_not_counted_out(lesson, video):
    plant(lesson, video, said=4)
    put_together_class_histories()
    [spot] = selectors.class_timeline(lesson=lesson)["hotspots"]
    assert spot["said"] is None


def test_an_erasure_takes_its_hot_spots_along(lesson, video):
    plant(lesson, video, students=5, confused=5)
    put_together_class_histories()
    assert selectors.class_timeline(lesson=lesson)["hotspots"]
    lesson.course.enrollments.filter(role="student").first().user.lesson_sessions.all().delete()
    assert selectors.class_timeline(lesson=lesson)["hotspots"] == []


def test_the_instructor_of_another_course_is_told_nothing(client, lesson, video):
    plant(lesson, video)
    client.force_login(make_instructor("ivo"))
    assert client.get(reverse("admin:emotion_lessonclimate_change", args=[lesson.pk])).status_code == 404


def points(shares: list[float], windows: int = 20) -> list[dict]:
    rest = dict.fromkeys(COUNTED_STATES, 0.0)
    return [
        {"block": 1, "seconds": 10 * i, "windows": windows, "states": {**rest, "bored": share, "engaged": 1 - share}}
        for i, share in enumerate(shares)
    ]


def test_places_that_touch_are_one_stretch_and_noise_is_none():
    [stretch] = find_stretches(points([0.05, 0.1, 0.8, 0.7, 0.1, 0.7, 0.05, 0.0, 0.1, 0.05, 0.1]))
    assert (stretch.state, stretch.start, stretch.end, stretch.share) == ("bored", 20, 60, 0.8)
    assert find_stretches(points([0.1, 0.15, 0.2, 0.1, 0.15, 0.2])) == []
    assert find_stretches(points([0.9, 0.0, 0.0, 0.0], windows=4)) == []  # too few to say
    assert find_stretches(points([0.9])) == []


def test_the_interval_is_wilsons():
    # Agresti and Coull (1998) and others: 10 of 20 at 95 % is 0.299 to 0.701.
    assert wilson_lower(10, 20) == pytest.approx(0.2993, abs=1e-4)
    assert wilson_lower(0, 20) == pytest.approx(0.0, abs=1e-9)
