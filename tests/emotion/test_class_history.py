"""A class's history is put together ahead, says what the sums say, and forgets at once what somebody erases."""

import datetime

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django.asserts import assertNumQueries

from emotion import selectors, services
from emotion.class_history import notice_new_readings, put_together_class_histories
from emotion.models import ClassHistory, EmotionBucket, EmotionReading
from tests.emotion.factories import make_answer, make_bucket, make_class, make_session, this_minute

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


def read_on(sessions, lesson, *, place: int, minutes_ago: int = 5) -> None:
    block, at = lesson.blocks.first().pk, timezone.now() - datetime.timedelta(minutes=minutes_ago)
    for sequence, session in enumerate(sessions, start=EmotionReading.objects.count() + 1):
        answer = make_answer(session, sequence, block_number=block, place_seconds=10 * place, at=at)
        services.record_readings(answers=[answer], model_version=None)


def faces(lesson) -> dict[int, int]:
    return {point["seconds"]: point["faces"] for point in selectors.class_timeline(lesson=lesson)["points"]}


def test_new_readings_make_it_due_until_nothing_can_be_added_to_them(big_class, lesson):
    put_together_class_histories()
    assert put_together_class_histories() == 0
    read_on(big_class[:5], lesson, place=5)
    assert 50 not in faces(lesson)
    assert put_together_class_histories() == 1
    assert faces(lesson)[50] == 5
    assert put_together_class_histories() == 1
    EmotionReading.objects.update(taken_at=timezone.now() - datetime.timedelta(minutes=10))
    assert put_together_class_histories() == 0


def test_what_can_still_grow_is_not_shown_yet(big_class, lesson):
    """Else the second look would have what one student added to the first."""
    read_on(big_class[:5], lesson, place=5, minutes_ago=0)
    put_together_class_histories()
    assert 50 not in faces(lesson)


def test_a_place_changes_by_five_who_come_to_it_or_not_at_all(big_class, lesson):
    """Or else the difference would show how one of them looked, wherever in the lesson the others are."""
    put_together_class_histories()
    read_on(big_class[:4], lesson, place=5)
    put_together_class_histories()
    assert 50 not in faces(lesson)
    read_on(big_class[4:5], lesson, place=5)
    put_together_class_histories()
    before = faces(lesson)
    assert before[50] == 5
    # Five who read on, each at another place: of one of them each.
    for number, session in enumerate(big_class[2:7]):
        read_on([session], lesson, place=number + 6)
    put_together_class_histories()
    assert faces(lesson) == before


def test_whoever_comes_to_a_place_again_counts_with_the_first_time(big_class, lesson):
    before = faces(lesson)
    for session in big_class:
        make_bucket(session, faces=4, minute=this_minute() - datetime.timedelta(minutes=6))
    assert faces(lesson) == before


def test_a_visit_may_go_on_in_the_next_minute(lesson):
    for session in make_class(lesson, 5):
        make_bucket(session, faces=4, minute=this_minute() - datetime.timedelta(minutes=9))
    assert faces(lesson) == {0: 70}


def test_four_who_share_their_history_hide_nobody(lesson):
    """Who teaches reads theirs, and could take them off: the rest would be the one of nine who does not share."""
    make_class(lesson, 4, share=True)
    make_class(lesson, 4, fear=10)
    assert selectors.class_timeline(lesson=lesson)["students"] is None
    make_class(lesson, 1, fear=10)
    assert selectors.class_timeline(lesson=lesson)["students"] == 9


def test_whoever_joins_a_class_of_four_makes_it_a_class(lesson):
    sessions = make_class(lesson, 4)
    put_together_class_histories()
    sessions += make_class(lesson, 1)
    read_on(sessions[-1:], lesson, place=0)
    assert put_together_class_histories() == 1
    assert selectors.class_timeline(lesson=lesson)["students"] == 5


def test_a_lesson_that_ended_is_left_alone_after_a_while(big_class):
    put_together_class_histories()
    services.record_readings(answers=[make_answer(big_class[0])], model_version=None)
    put_together_class_histories()
    EmotionReading.objects.update(taken_at=timezone.now() - datetime.timedelta(minutes=7))
    assert put_together_class_histories() == 0


def test_what_was_noticed_is_not_lost_when_the_job_ends_early(big_class):
    put_together_class_histories()
    read_on(big_class[:5], big_class[0].lesson, place=5)
    notice_new_readings()
    EmotionReading.objects.all().delete()
    assert put_together_class_histories() == 1


@pytest.fixture
def two_groups(big_class, lesson):
    """Seven, and later five more."""
    put_together_class_histories()
    later = make_class(lesson, 5, neutral=10)
    ClassHistory.objects.update(due=True)
    put_together_class_histories()
    assert selectors.class_timeline(lesson=lesson)["students"] == 12
    return big_class + later


def test_an_erasure_counts_at_once_and_takes_those_along_that_were_let_in_with_it(two_groups, lesson):
    """Eleven after twelve would tell how the one looked who wants to be forgotten."""
    services.erase_history(user=two_groups[0].user, course=lesson.course)
    now = selectors.class_timeline(lesson=lesson)
    assert now["students"] == 5
    assert [point["expressions"]["neutral"] for point in now["points"]] == [0.8]
    two_groups[1].user.delete()  # of the same group
    assert selectors.class_timeline(lesson=lesson)["students"] == 5
    two_groups[7].user.delete()
    assert selectors.class_timeline(lesson=lesson)["students"] is None
    assert selectors.class_course(course=lesson.course)[0]["students"] is None
    assert put_together_class_histories() == 1
    assert selectors.class_timeline(lesson=lesson)["students"] is None


def test_an_erasure_while_it_is_put_together_wins(two_groups, lesson, monkeypatch):
    def sum_then_erase(lessons, sum_classes=selectors.sum_classes):
        summed = sum_classes(lessons)
        services.erase_history(user=two_groups[0].user)
        return summed

    ClassHistory.objects.update(due=True)
    monkeypatch.setattr(selectors, "sum_classes", sum_then_erase)
    assert put_together_class_histories() == 0
    monkeypatch.undo()
    assert selectors.class_timeline(lesson=lesson)["students"] == 5
    assert put_together_class_histories() == 1
    assert ClassHistory.objects.get().students == 5


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
