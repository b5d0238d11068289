"""The lesson view names the place where confusion was planted, and tells nothing of fewer than five students."""

import importlib
from datetime import timedelta

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertNumQueries

from accounts.models import User
from courses.models import Block, Course, Progress, QuizAttempt
from emotion import behaviour, services
from emotion.class_history import put_together_class_histories
from emotion.lesson_climate import lesson_climate
from emotion.models import BehaviourEvent, EmotionBucket, FirstRewind, LessonSession, SelfReport
from emotion.personal_data import erase_emotion, export_emotion
from emotion.places import Place
from emotion.retention import apply_retention
from tests.emotion.factories import make_class, make_session, this_minute
from tests.factories import enroll, make_course, make_instructor, make_quiz, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store", "told")]

PLACES = 36  # six minutes of video
PLANTED = range(20, 24)  # 3:20 to 4:00


def shown(response) -> bytes:
    """The page without its frame, whose forms differ each time."""
    return response.content.partition(b"<main")[2]


def url(lesson) -> str:
    return reverse("emotion:climate", args=[lesson.pk])


@pytest.fixture
def video(lesson):
    return Block.objects.create(lesson=lesson, kind="video", title="Gradients", position=9)


def watch(session, video, number: int) -> None:
    """Somebody watches all of the video; of 22, 14 look confused at the planted place and one elsewhere."""
    rows = []
    for place in range(PLACES):
        confused = number < 14 if place in PLANTED else place % 22 == number
        rows.append(
            EmotionBucket(
                session=session,
                block_number=video.pk,
                place=place,
                minute=this_minute() - timedelta(minutes=10),
                faces=10,
                neutral=4 if confused else 9,
                fear=6 if confused else 1,
                confused=confused,
                engaged=not confused,
            )
        )
    EmotionBucket.objects.bulk_create(rows)


def goes_back(user, lesson, video, seconds: float) -> None:
    behaviour.record_behaviour(user=user, lesson=lesson, events=[("rewind", Place(video.pk, seconds))])


@pytest.fixture
def planted(lesson, video):
    for number in range(22):
        student = make_user(f"watcher{number}")
        enroll(student, lesson.course)
        Progress.objects.create(user=student, lesson=lesson, last_block=video)
        watch(make_session(student, lesson), video, number)
        at = {"user": student, "lesson": lesson, "block_number": video.pk}
        if number < 9:
            goes_back(student, lesson, video, 215)
        if number < 6:
            SelfReport.objects.create(state="confused", place_seconds=222, **at)


@pytest.fixture
def page(client, ines):
    client.force_login(ines)
    return lambda lesson: client.get(url(lesson))


@pytest.mark.parametrize("put_together", [False, True])
def test_the_planted_place_is_named_first_and_alone(page, planted, lesson, video, put_together):
    if put_together:
        put_together_class_histories()
    [spot] = lesson_climate(lesson).spots
    assert (spot.block, spot.start, spot.end) == (video, 200, 240)
    answer = page(lesson)
    assertContains(answer, "Gradients, 03:20\N{EN DASH}04:00 in the video")
    assertContains(answer, "14 of 22 students looked confused, 4 or more said they were confused, 9 went back")
    assertContains(answer, f'href="/lessons/{lesson.pk}/?at=200#block-{video.pk}"')


def test_without_cameras_what_was_said_and_done_names_it(page, planted, lesson, video):
    LessonSession.objects.all().delete()
    answer = page(lesson)
    assertContains(answer, "Not enough students yet")
    assertContains(answer, "03:30\N{EN DASH}03:50 in the video")
    assertContains(answer, "4 or more said they were confused, 9 went back")


def test_who_went_back_is_known_as_long_as_a_history(page, planted, lesson, video, course):
    before = shown(page(lesson))
    assert b"9 went back" in before
    behaviour.prune_behaviour(older_than=timedelta(0))
    assert not BehaviourEvent.objects.exists()
    assert shown(page(lesson)) == before
    for student in User.objects.filter(email__startswith="watcher"):
        goes_back(student, lesson, video, 30)  # only the first time is somebody's place
    assert FirstRewind.objects.count() == 22
    assertContains(page(lesson), "9 went back")
    Course.objects.filter(pk=course.pk).update(status="archived")
    apply_retention(now=timezone.now())
    assert apply_retention(now=timezone.now() + timedelta(days=31))["rewinds"] == 22
    assert not FirstRewind.objects.exists()


def test_who_erases_where_they_went_back_takes_their_five_along(page, lesson, video, course):
    students = [make_user(f"back{number}") for number in range(9)]
    for number, student in enumerate(students):
        enroll(student, course)
        Progress.objects.create(user=student, lesson=lesson, last_block=video)
        goes_back(student, lesson, video, 210)
        told = "5 went back" if number == 4 else "went back" if number < 4 else None
        if told:
            (assertContains if number == 4 else assertNotContains)(page(lesson), told)
    assertContains(page(lesson), "5 went back")  # four more wait for a fifth
    services.erase_history(user=students[0], course=course)
    assertNotContains(page(lesson), "went back")
    goes_back(students[0], lesson, video, 210)  # comes anew, with the four who were not shown before
    assertContains(page(lesson), "5 went back")
    erase_emotion(students[5])
    assertNotContains(page(lesson), "went back")


def test_an_upgrade_keeps_the_hot_spots_of_its_day(page, planted, lesson, video):
    before = shown(page(lesson))
    FirstRewind.objects.all().delete()  # as in a database of the version before
    importlib.import_module("emotion.migrations.0018_first_rewinds").keep_those_of_the_last_day(apps, None)
    assert b"9 went back" in before
    assert shown(page(lesson)) == before


def test_where_somebody_went_back_is_in_their_copy(lesson, video, alice):
    goes_back(alice, lesson, video, 215)
    kept = export_emotion(alice)["first_rewinds"]
    assert kept == [{"lesson__title": lesson.title, "block_number": video.pk, "edition": 1, "place": 21}]


def test_an_evenly_puzzled_class_has_no_hot_spot(page, planted, lesson):
    EmotionBucket.objects.update(confused=1, engaged=0)
    FirstRewind.objects.all().delete()
    SelfReport.objects.all().delete()
    assertContains(page(lesson), "No place stands out.")


def test_four_students_are_not_enough(page, lesson, video):
    for session in make_class(lesson, 4, confused=1):
        at = {"user": session.user, "lesson": lesson, "block_number": video.pk, "place_seconds": 200}
        goes_back(session.user, lesson, video, 200)
        SelfReport.objects.create(state="confused", **at)
        Progress.objects.create(user=session.user, lesson=lesson, last_block=video)
    answer = page(lesson)
    assertContains(answer, "Not enough students yet")
    for told in ("looked confused", "went back", "said they", "The chart as a table", "Mostly", "100%"):
        assertNotContains(answer, told)
    assert lesson_climate(lesson).started is None


def test_a_fifth_who_comes_and_goes_leaves_the_page_as_it_was(page, lesson):
    make_class(lesson, 4, confused=1)
    before = shown(page(lesson))
    [fifth] = make_class(lesson, 1, engaged=1)
    put_together_class_histories()
    assert b"5 students together" in page(lesson).content
    services.erase_history(user=fifth.user, course=lesson.course)
    assert shown(page(lesson)) == before
    put_together_class_histories()
    assert shown(page(lesson)) == before


def test_four_confused_in_a_class_of_nine_are_not_counted(page, lesson):
    make_class(lesson, 4, confused=1)
    make_class(lesson, 5, engaged=1)
    [point] = lesson_climate(lesson).timeline["points"]
    assert (point["judged"], point["looked_confused"]) == (9, None)
    assertContains(page(lesson), "No place stands out.")


def test_drop_off_and_quiz_results_stand_under_the_same_parts(lesson):
    quiz = make_quiz(lesson=lesson)
    first, second = lesson.blocks.all()[:2]
    now = lesson.course.created_at
    for number in range(8):
        student = make_user(f"reader{number}")
        enroll(student, lesson.course)
        Progress.objects.create(user=student, lesson=lesson, last_block=first if number < 2 else quiz.block)
        if number >= 3:
            QuizAttempt.objects.create(
                user=student, quiz=quiz, started_at=now, submitted_at=now, score_percent=10 * number
            )
    parts = {part.block: part for part in lesson_climate(lesson).parts}
    assert [parts[block].reached_percent for block in (first, second, quiz.block)] == [100, 75, 75]
    assert (parts[quiz.block].quiz_percent, parts[quiz.block].quiz_students) == (50, 5)


def test_who_sees_it(planted, lesson, ines):
    other = make_instructor("ivo")
    make_course(instructor=other)
    helper, student = make_user("anton"), make_user("sam")
    enroll(helper, lesson.course, role="assistant")
    enroll(student, lesson.course)
    answers = {}
    for person in (ines, helper, student, other):
        visitor = Client()
        visitor.force_login(person)
        answers[person.display_name] = visitor.get(url(lesson)).status_code
    assert answers == {"Ines": 200, "Anton": 200, "Sam": 404, "Ivo": 404}


def test_reading_it_costs_the_same_for_any_class(planted, lesson):
    put_together_class_histories()
    lesson_climate(lesson)
    # The class history and its blocks; blocks; who began and where they stopped; quizzes; self-reports and rewinds, and
    # who is let in of each.
    with assertNumQueries(9):
        lesson_climate(lesson)


def test_the_course_page_leads_to_it_for_those_who_teach(client, ines, alice, lesson):
    client.force_login(ines)
    assertContains(client.get(lesson.course.get_absolute_url()), f'href="{url(lesson)}"')
    client.force_login(alice)
    assertNotContains(client.get(lesson.course.get_absolute_url()), url(lesson))
