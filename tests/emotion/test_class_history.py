"""A class's history is put together ahead, says what the sums say, and forgets at once what somebody erases."""

import datetime

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django.asserts import assertNumQueries

from emotion import selectors, services
from emotion.class_history import notice_new_readings, put_together_class_histories
from emotion.models import ClassHistory, EmotionBucket, EmotionReading
from tests.emotion.factories import make_answer, make_bucket, make_class, make_session

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store", "told")]


@pytest.fixture
def big_class(lesson):
    sessions = make_class(lesson, 7, neutral=2, fear=8)
    for session in sessions[:5]:
        make_bucket(session, place=1, faces=3, no_face=1)
    for session in sessions[:4]:
        make_bucket(session, place=2)
    return sessions


def without_time(timeline: dict) -> dict:
    return {name: value for name, value in timeline.items() if name != "as_of"}


def test_put_together_it_says_what_the_sums_say(big_class, lesson):
    summed = selectors.class_timeline(lesson=lesson)
    course = selectors.class_course(course=lesson.course)
    assert put_together_class_histories() == 1
    assert ClassHistory.objects.get().students == 7
    EmotionBucket.objects.update(faces=999)  # so that it shows where the answer comes from
    assert without_time(selectors.class_timeline(lesson=lesson)) == without_time(summed)
    assert [without_time(e) for e in selectors.class_course(course=lesson.course)] == [without_time(e) for e in course]


def test_nothing_of_fewer_than_five_is_in_it(big_class, lesson):
    put_together_class_histories()
    assert {point["seconds"] for point in ClassHistory.objects.get().points} == {0, 10}


def test_a_class_below_five_is_put_together_as_none(lesson):
    make_class(lesson, 4)
    put_together_class_histories()
    assert ClassHistory.objects.get().points == []
    assert selectors.class_timeline(lesson=lesson) == {"students": None, "points": [], "blocks": []}


def test_new_readings_make_it_due_and_nothing_else_does(big_class, lesson):
    put_together_class_histories()
    assert put_together_class_histories() == 0
    before = selectors.class_timeline(lesson=lesson)["points"][0]["faces"]
    read_on(big_class[:5], lesson)
    assert put_together_class_histories() == 1
    assert selectors.class_timeline(lesson=lesson)["points"][0]["faces"] == before + 5
    assert put_together_class_histories() == 0


def read_on(sessions, lesson) -> None:
    block = lesson.blocks.first().pk
    for sequence, session in enumerate(sessions, start=EmotionReading.objects.count() + 1):
        services.record_readings(answers=[make_answer(session, sequence, block_number=block)], model_version=None)


def test_two_looks_are_never_apart_by_fewer_than_five_students(big_class, lesson):
    """Or else the difference would show how one of them looked."""
    put_together_class_histories()
    shown = selectors.class_timeline(lesson=lesson)
    for session in big_class[:4]:
        read_on([session], lesson)
        assert put_together_class_histories() == 0
        assert selectors.class_timeline(lesson=lesson) == shown
    read_on(big_class[:4], lesson)  # the same four again are still four
    assert put_together_class_histories() == 0
    read_on([big_class[4]], lesson)
    assert put_together_class_histories() == 1
    assert selectors.class_timeline(lesson=lesson)["points"][0]["faces"] == shown["points"][0]["faces"] + 9
    # They were put together with it, and do not count again towards the next time.
    read_on([big_class[5]], lesson)
    assert put_together_class_histories() == 0


def test_whoever_joins_a_class_of_four_makes_it_a_class(lesson):
    sessions = make_class(lesson, 4)
    put_together_class_histories()
    sessions += make_class(lesson, 1)
    read_on(sessions[-1:], lesson)
    assert put_together_class_histories() == 1
    assert selectors.class_timeline(lesson=lesson)["students"] == 5


def test_a_lesson_that_ended_is_left_alone_after_a_while(big_class):
    put_together_class_histories()
    services.record_readings(answers=[make_answer(big_class[0])], model_version=None)
    put_together_class_histories()
    EmotionReading.objects.update(taken_at=timezone.now() - datetime.timedelta(minutes=3))
    assert put_together_class_histories() == 0


def test_what_was_noticed_is_not_lost_when_the_job_ends_early(big_class, monkeypatch):
    put_together_class_histories()
    read_on(big_class[:5], big_class[0].lesson)
    notice_new_readings()
    EmotionReading.objects.all().delete()
    assert put_together_class_histories() == 1


def test_an_erasure_counts_at_once(big_class, lesson):
    put_together_class_histories()
    services.erase_history(user=big_class[0].user, course=lesson.course)
    assert selectors.class_timeline(lesson=lesson)["students"] == 6
    for session in big_class[1:3]:
        session.user.delete()
    assert selectors.class_timeline(lesson=lesson)["students"] is None
    assert selectors.class_course(course=lesson.course)[0]["students"] is None
    assert put_together_class_histories() == 1
    assert selectors.class_timeline(lesson=lesson)["students"] is None


def test_an_erasure_while_it_is_put_together_wins(big_class, lesson, monkeypatch):
    def sum_then_erase(lessons, sum_classes=selectors.sum_classes):
        summed = sum_classes(lessons)
        services.erase_history(user=big_class[0].user)
        return summed

    monkeypatch.setattr(selectors, "sum_classes", sum_then_erase)
    assert put_together_class_histories() == 0
    monkeypatch.undo()
    assert selectors.class_timeline(lesson=lesson)["students"] == 6
    assert put_together_class_histories() == 1
    assert ClassHistory.objects.get().students == 6


def test_a_new_edition_of_the_text_is_not_shown_the_old_history(big_class, lesson):
    put_together_class_histories()
    lesson.edition = 2
    lesson.save()
    assert selectors.class_timeline(lesson=lesson)["points"] == []


def test_lessons_without_a_camera_have_none(alice, lesson):
    make_session(alice, lesson.module.lessons.last())
    put_together_class_histories()
    assert [history.lesson for history in ClassHistory.objects.all()] == [lesson.module.lessons.last()]


def test_the_command_says_how_many(big_class, capsys):
    call_command("put_together_histories")
    assert capsys.readouterr().out == "1 class histories put together.\n"
    call_command("put_together_histories", verbosity=0)
    assert capsys.readouterr().out == ""


def test_reading_it_costs_the_same_for_any_class(big_class, lesson):
    put_together_class_histories()
    with assertNumQueries(2):  # what was put together; blocks
        selectors.class_timeline(lesson=lesson)
    course = lesson.course
    with assertNumQueries(3):  # lessons; what was put together; who has a history in those without
        selectors.class_course(course=course)
