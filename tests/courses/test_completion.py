from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertNumQueries

from courses import completion, services
from courses.models import Asset, Block, BlockProgress, LearningEvent, Lesson, Progress, Quiz, Reflection
from courses.quizzes import services as quizzes
from tests.factories import enroll, make_course, make_instructor, make_quiz, make_user, right_answers

pytestmark = pytest.mark.django_db

FULL = (1 << 100) - 1


@pytest.fixture
def alice(client):
    alice = make_user("alice")
    client.force_login(alice)
    return alice


@pytest.fixture
def lesson(alice) -> Lesson:
    course = make_course(lessons=1, blocks=1, instructor=make_instructor("ines"))
    enroll(alice, course)
    lesson = Lesson.objects.get()
    opened(alice, lesson, seconds=3600)
    return lesson


@pytest.fixture
def still():
    """A second does not go by while a busy machine counts it."""
    with time_machine.travel(timezone.now(), tick=False):
        yield


def opened(user, lesson: Lesson, *, seconds: float) -> None:
    at = timezone.now() - timedelta(seconds=seconds)
    Progress.objects.update_or_create(user=user, lesson=lesson, defaults={"started_at": at, "last_seen_at": at})


def ask(lesson: Lesson, kind: str = "text", rule: str = "none", value: int = 0, **extra) -> Block:
    extra.setdefault("body", "Something.")
    if kind == "video" and "address" not in extra:
        extra["asset"] = Asset.objects.create(
            course=lesson.course, name="v.mp4", content_type="video/mp4", size=1, sha256="0" * 64, file="v"
        )
    return Block.objects.create(
        lesson=lesson,
        kind=kind,
        title=f"A {kind}",
        rule=rule,
        rule_value=value,
        position=lesson.blocks.count() + 1,
        **extra,
    )


def report(client, block: Block, **fields):
    return client.post(reverse("courses:block-progress", args=[block.pk]), fields)


def is_done(user, lesson) -> bool:
    return Progress.objects.filter(user=user, lesson=lesson).exclude(completed_at=None).exists()


def test_the_page_says_what_remains_and_the_button_does_not_skip_it(client, alice, lesson):
    block = ask(lesson, rule="seen", value=30)
    page = client.get(lesson.get_absolute_url())
    assertContains(page, "30 more seconds here")
    answer = client.post(reverse("courses:complete", args=[lesson.pk]), follow=True)
    assertContains(answer, "still open")
    assert not is_done(alice, lesson)
    report(client, block, seconds=30)
    assert is_done(alice, lesson)
    assertNotContains(client.get(lesson.get_absolute_url()), "more seconds")


def test_seconds_seen_only_grow(client, alice, lesson):
    block = ask(lesson, rule="seen", value=30)
    for seconds in (12, 12, 7, 20, 19):
        answer = report(client, block, seconds=seconds)
    assert answer.json()["remaining"] == [{"block": block.pk, "title": "A text", "words": "10 more seconds here"}]


def test_a_video_counts_by_what_ran_and_not_by_its_end(client, alice, lesson):
    block = ask(lesson, "video", "watched", 80)
    first_half, second_half = (1 << 50) - 1, FULL ^ ((1 << 50) - 1)
    answer = report(client, block, watched=f"{1 << 99:x}", second=300)
    assert answer.json()["remaining"][0]["words"] == "watched 1 of 80%"
    report(client, block, watched=f"{first_half:x}", second=150)
    assert not is_done(alice, lesson)
    report(client, block, watched=f"{second_half:x}", second=300)
    assert is_done(alice, lesson)
    # A device that had been away reports less: nothing is lost.
    report(client, block, watched="1", second=3)
    row = BlockProgress.objects.get()
    assert (row.watched_percent, row.video_second, row.completed_at is not None) == (100, 3, True)


def test_no_more_seconds_count_than_the_lesson_is_open(still, client, alice, lesson):
    block = ask(lesson, rule="seen", value=600)
    Progress.objects.all().delete()
    assert report(client, block, seconds=600).json()["remaining"][0]["words"] == "597 more seconds here"
    assert LearningEvent.objects.filter(kind="lesson_started", user=alice).count() == 1, "a report opens it"
    opened(alice, lesson, seconds=300)
    assert report(client, block, seconds=600).json()["remaining"][0]["words"] == "297 more seconds here"
    assert not is_done(alice, lesson)
    # Without a network since it was opened: one report tells of all of it, with others in the same moment.
    opened(alice, lesson, seconds=598)
    services.record_lesson_progress(user=alice, lesson=lesson, block=block)
    report(client, block, seconds=601)
    assert is_done(alice, lesson)


@pytest.mark.parametrize(
    ("open_for", "length", "percent"),
    [
        (0, 600, 2),
        (0, None, 2),  # taken for ten minutes
        (0, 1, 61),  # a length that somebody made up
        (297, 600, 100),  # at twice the speed
        (150, 600, 52),
        (10, 10, 100),
    ],
)
def test_no_more_of_a_video_counts_than_can_have_run(still, client, alice, lesson, open_for, length, percent):
    block = ask(lesson, "video", "watched", 80)
    opened(alice, lesson, seconds=open_for)
    report(client, block, watched=f"{FULL:x}", second=0, **({"length": length} if length else {}))
    row = BlockProgress.objects.get()
    assert row.watched_percent == percent
    assert is_done(alice, lesson) is (percent >= 80)
    opened(alice, lesson, seconds=3600)  # the next report tells the same, and more time went by
    report(client, block, watched=f"{FULL:x}", second=0, **({"length": length} if length else {}))
    assert is_done(alice, lesson)


def test_another_device_goes_on_where_the_video_was_left(client, alice, lesson):
    block = ask(lesson, "video")
    report(client, block, watched="f", second=184)
    assertContains(client.get(lesson.get_absolute_url()), 'data-second="184"')
    outside = ask(lesson, "video", address="https://youtu.be/dQw4w9WgXcQ")
    report(client, outside, watched="f", second=61)
    assertContains(client.get(lesson.get_absolute_url()), "enablejsapi=1&amp;rel=0&amp;start=61")


@pytest.mark.parametrize(
    "fields",
    [{"seconds": "many"}, {"seconds": -1}, {"seconds": 10**9}, {"second": 1, "watched": "xyz"}, {"watched": "f" * 26}],
)
def test_a_report_that_makes_no_sense_is_refused(client, alice, lesson, fields):
    assert report(client, ask(lesson, "video"), **fields).status_code == 400
    assert not BlockProgress.objects.exists()


def test_passing_the_quiz_completes_the_lesson(alice, lesson):
    quiz = make_quiz(lesson=lesson)
    Block.objects.filter(pk=quiz.block_id).update(rule="passed")
    answer_quiz(alice, quiz, right=False)
    assert [item.words for item in completion.remaining(alice, lesson)] == ["to be passed"]
    answer_quiz(alice, quiz, right=True)
    assert is_done(alice, lesson)


def test_handing_in_is_enough_where_that_is_the_rule(alice, lesson):
    quiz = make_quiz(lesson=lesson)
    Block.objects.filter(pk=quiz.block_id).update(rule="submitted")
    answer_quiz(alice, quiz, right=False)
    assert is_done(alice, lesson)


def answer_quiz(user, quiz, *, right: bool) -> None:
    shift = 0 if right else 1
    answers = {pk: [choices[0] + shift] for pk, choices in right_answers(quiz).items()}
    quizzes.submit_quiz(user=user, quiz=Quiz.objects.get(pk=quiz.pk), answers=answers)


def test_a_reflection_is_kept_for_its_writer_alone(client, alice, lesson):
    block = ask(lesson, "reflection", "submitted")
    url = reverse("courses:reflection", args=[block.pk])
    client.post(url, {"text": "   "})
    assert not is_done(alice, lesson)
    answer = client.post(url, {"text": "The median surprised me."}, headers={"accept": "application/json"})
    assert answer.json()["remaining"] == []
    assert is_done(alice, lesson)
    assertContains(client.get(lesson.get_absolute_url()), "The median surprised me.")
    client.force_login(lesson.course.enrollments.instructors().get().user)
    assertNotContains(client.get(lesson.get_absolute_url()), "The median surprised me.")


def test_all_rules_of_a_lesson_have_to_be_met(client, alice, lesson):
    seen, reflection = ask(lesson, rule="seen", value=5), ask(lesson, "reflection", "submitted")
    report(client, seen, seconds=5)
    assert not is_done(alice, lesson)
    services.save_reflection(user=alice, block=reflection, text="Yes.")
    assert is_done(alice, lesson)


def test_what_students_cannot_see_asks_nothing_of_them(client, alice, lesson):
    ask(lesson, "image", "seen", 10)  # it has no picture yet
    assert completion.remaining(alice, lesson) == []
    assertNotContains(client.get(lesson.get_absolute_url()), "Choose a picture")
    client.force_login(lesson.course.enrollments.instructors().get().user)
    assertContains(client.get(lesson.get_absolute_url()), "Choose a picture")


def test_a_teachers_preview_leaves_no_progress(client, lesson):
    client.force_login(lesson.course.enrollments.instructors().get().user)
    block, reflection = ask(lesson, "video", "watched", 10), ask(lesson, "reflection")
    assert report(client, block, watched="ff", second=3, seconds=30).status_code == 200
    client.post(reverse("courses:reflection", args=[reflection.pk]), {"text": "Mine"})
    client.post(reverse("courses:complete", args=[lesson.pk]))
    kept = Progress.objects.exclude(user__email="alice@example.org")
    assert not (BlockProgress.objects.exists() or Reflection.objects.exists() or kept.exists())


def test_who_may_report(client, lesson):
    block, reflection = ask(lesson), ask(lesson, "reflection")
    client.logout()
    assert report(client, block, seconds=1).status_code == 302
    for outsider in (make_user("charlie"), make_instructor("ivo")):
        client.force_login(outsider)
        assert report(client, block, seconds=1).status_code == 404
        assert client.post(reverse("courses:reflection", args=[reflection.pk]), {"text": "x"}).status_code == 404


def test_a_lesson_page_costs_the_same_for_many_blocks(client, alice, lesson):
    client.get(lesson.get_absolute_url())

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(lesson.get_absolute_url())
        return len(queries)

    ask(lesson, rule="seen", value=10)
    few = cost()
    for _ in range(10):
        ask(lesson, rule="seen", value=10)
        ask(lesson, "video", address="https://vimeo.com/76979871")
    assert cost() == few


def test_what_remains_costs_two_queries(alice, lesson):
    for _ in range(5):
        ask(lesson, rule="seen", value=10)
    # the blocks that ask for something; what this person did in them
    with assertNumQueries(2):
        assert len(completion.remaining(alice, lesson)) == 5


def test_what_was_done_is_exported_and_erased(alice, lesson):
    block, reflection = ask(lesson, rule="seen", value=9), ask(lesson, "reflection")
    completion.note_seen(user=alice, block=block, seconds=9)
    services.save_reflection(user=alice, block=reflection, text="A thought.")
    mine = services.export_learning(alice)
    assert mine["reflections"][0]["text"] == "A thought."
    assert mine["blocks"][0]["seen_seconds"] == 9
    services.erase_learning(alice)
    assert not (BlockProgress.objects.exists() or Reflection.objects.exists())
