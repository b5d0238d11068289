import json
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.personal_data import erase_all, export_all
from courses import completion
from courses import services as learning
from courses.assignments import services as assignments
from courses.events import payload, services
from courses.gradebook.services import override_grade
from courses.models import LearningEvent, Lesson, WebhookDelivery, WebhookEndpoint
from courses.quizzes import services as quizzes
from tests.courses.assignments.factories import make_assignment
from tests.factories import enroll, make_course, make_quiz, make_user, right_answers

pytestmark = pytest.mark.django_db


def kinds(user=None) -> list[str]:
    rows = LearningEvent.objects.order_by("pk")
    return list((rows.filter(user=user) if user else rows).values_list("kind", flat=True))


def do_everything(user, course, marker) -> None:
    first, second = Lesson.objects.for_course(course).in_course_order()
    learning.enroll_student(user=user, course=course)
    learning.record_lesson_progress(user=user, lesson=first)
    completion.complete_block(user=user, block=first.blocks.first())
    quiz = make_quiz(lesson=first)
    quizzes.submit_quiz(user=user, quiz=quiz, answers=right_answers(quiz))
    assignment = make_assignment(lesson=second)
    assignments.save_draft(user=user, assignment=assignment, text="Rye, slowly.")
    submission = assignments.hand_in(user=user, assignment=assignment)
    assignments.mark_submission(submission=submission, marker=marker, points=5, levels={}, comment="Good crust.")
    assignments.release_marks(assignment=assignment)
    override_grade(
        course=course, user=user, key=f"assignment-{assignment.pk}", points=6, excused=False, reason="rye", by=marker
    )
    for lesson in (first, second):
        completion.tick_lesson(user=user, lesson=lesson)
    learning.withdraw_student(user=user, course=course)


def test_what_happens_in_a_course_is_written_down(course, ines):
    bob = make_user("bob")
    do_everything(bob, course, ines)
    assert set(kinds(bob)) == set(LearningEvent.Kind.values)
    quiz = LearningEvent.objects.get(kind="quiz_submitted")
    assert quiz.data == {"score": 1.0, "passed": True}
    assert LearningEvent.objects.filter(kind="graded").count() == 2


def test_the_same_thing_told_twice_is_written_once(course, alice):
    lesson = Lesson.objects.first()
    for _ in range(2):
        learning.enroll_student(user=alice, course=course)
        learning.complete_lesson(user=alice, lesson=lesson)
        completion.complete_block(user=alice, block=lesson.blocks.first())
    assert sorted(kinds()) == ["block_completed", "lesson_completed", "lesson_started"]


def test_leaving_and_coming_back_are_told_each_time(course, alice):
    for _ in range(2):
        learning.withdraw_student(user=alice, course=course)
        learning.withdraw_student(user=alice, course=course)
        learning.enroll_student(user=alice, course=course)
    assert kinds() == ["left", "enrolled", "left", "enrolled"]


def test_what_is_rolled_back_was_never_written(course, alice):
    with pytest.raises(RuntimeError), transaction.atomic():
        learning.record_lesson_progress(user=alice, lesson=Lesson.objects.first())
        raise RuntimeError
    assert kinds() == []


def test_the_course_is_done_with_its_last_published_lesson(course, alice):
    first, second = Lesson.objects.in_course_order()
    draft = Lesson.objects.create(module=first.module, title="Later", position=9, status="draft")
    learning.complete_lesson(user=alice, lesson=first)
    assert "course_completed" not in kinds()
    learning.complete_lesson(user=alice, lesson=second)
    Lesson.objects.filter(pk=draft.pk).update(status="published")
    learning.complete_lesson(user=alice, lesson=draft)
    assert kinds().count("course_completed") == 1


def test_only_endpoints_that_want_it_are_told(course, alice, ines):
    other = make_course()
    base = {"wants_enrollment": False, "wants_completion": False, "wants_grade": False}
    told = WebhookEndpoint.objects.create(course=course, url="https://a.example/", **base | {"wants_completion": True})
    site = WebhookEndpoint.objects.create(course=None, url="https://b.example/", **base | {"wants_completion": True})
    WebhookEndpoint.objects.create(course=course, url="https://c.example/", **base | {"wants_grade": True})
    WebhookEndpoint.objects.create(course=course, url="https://d.example/", is_enabled=False)
    WebhookEndpoint.objects.create(course=other, url="https://e.example/")
    learning.complete_lesson(user=alice, lesson=Lesson.objects.for_course(course).first())
    assert set(WebhookDelivery.objects.values_list("endpoint", "event__kind")) == {
        (told.pk, "lesson_completed"),
        (site.pk, "lesson_completed"),
    }


def test_no_message_holds_a_name_an_address_or_written_words(course, ines):
    WebhookEndpoint.objects.create(course=course, url="https://a.example/")
    bob = make_user("bob", display_name="Robert Oberländer")
    do_everything(bob, course, ines)
    bodies = [payload.body(d) for d in WebhookDelivery.objects.select_related("event")]
    assert {json.loads(body)["type"] for body in bodies} == set(payload.TYPES.values())
    for body in bodies:
        text = json.dumps(json.loads(body), ensure_ascii=False).lower()
        words = ("@", "bob", "robert", "oberländer", "rye", "crust", "ines", "emotion", "confus", "engag", "mood")
        assert not [word for word in words if word in text]
        assert json.loads(body)["data"]["account"] == services.account_id(bob.pk)


def test_an_account_id_is_stable_and_of_one_person(settings):
    assert services.account_id(1) == services.account_id(1) != services.account_id(2)
    before = services.account_id(1)
    settings.SECRET_KEY = "x" * 50
    assert services.account_id(1) != before, "it cannot be computed without the key"


def test_a_person_takes_their_events_along_and_erases_them_with_what_waits(course, alice):
    WebhookEndpoint.objects.create(course=course, url="https://a.example/")
    charlie = make_user("charlie")
    enroll(charlie, course)
    for person in (alice, charlie):
        learning.complete_lesson(user=person, lesson=Lesson.objects.first())
    events = export_all(alice)["courses"]["events"]
    assert {(e["what"], e["course"]) for e in events} == {
        ("Lesson started", "Bread at home"),
        ("Lesson completed", "Bread at home"),
    }
    erase_all(alice)
    assert not LearningEvent.objects.filter(user=alice).exists()
    assert [d.event.user_id for d in WebhookDelivery.objects.all()] == [charlie.pk]


def test_old_events_go_except_those_still_on_their_way(course, alice):
    on = WebhookEndpoint.objects.create(course=course, url="https://a.example/")
    off = WebhookEndpoint.objects.create(course=course, url="https://b.example/", is_enabled=False)
    old = timezone.now() - timedelta(days=91)
    events = [services.record(kind="lesson_started", user=alice, lesson=Lesson.objects.first()) for _ in range(5)]
    LearningEvent.objects.exclude(pk=events[4].pk).update(occurred_at=old)
    waiting = WebhookDelivery.objects.create(endpoint=on, event=events[0])
    WebhookDelivery.objects.create(endpoint=on, event=events[1], next_attempt_at=None)
    WebhookDelivery.objects.create(endpoint=off, event=events[2])
    WebhookDelivery.objects.create(endpoint=on, created_at=old)  # a test
    services.prune_events(older_than=timedelta(days=90), keep_unsent=True)
    assert LearningEvent.objects.count() == 5, "the record store has not been told"
    services.prune_events(older_than=timedelta(days=90), keep_unsent=False, batch_size=1)
    assert set(LearningEvent.objects.all()) == {events[0], events[4]}
    assert list(WebhookDelivery.objects.all()) == [waiting]


def test_who_only_asked_to_join_neither_came_nor_left(course):
    type(course).objects.update(seats=1)
    course.refresh_from_db()
    for name in ("bob", "charlie"):
        learning.enroll_student(user=make_user(name), course=course)
    bob, charlie = (e.user for e in course.enrollments.students().order_by("pk"))
    assert kinds(charlie) == [], "waiting for a seat"
    learning.withdraw_student(user=bob, course=course)
    assert kinds(bob) == ["enrolled", "left"] and kinds(charlie) == ["enrolled"]
    learning.withdraw_student(user=charlie, course=course)
    learning.enroll_student(user=bob, course=course)
    learning.enroll_student(user=charlie, course=course)
    learning.withdraw_student(user=charlie, course=course)
    assert kinds(charlie) == ["enrolled", "left"], "left the waiting list alone"
