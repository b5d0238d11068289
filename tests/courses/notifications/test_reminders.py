from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from courses.enrollment import roster, services
from courses.models import LearningEvent, Lesson, Notification, QuizAccommodation
from courses.notifications.reminders import remind_of_deadlines
from tests.courses.assignments.factories import make_assignment, make_submission
from tests.courses.notifications.factories import tell
from tests.factories import enroll, make_quiz, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def lesson(course):
    return Lesson.objects.for_course(course).first()


def titles(user, kind: str) -> list[str]:
    return list(Notification.objects.filter(user=user, kind=kind).values_list("title", flat=True))


def test_who_has_not_handed_in_is_reminded_once_a_day_ahead(course, lesson, ines):
    alice, bob = make_user("alice"), make_user("bob")
    for student in (alice, bob):
        enroll(student, course)
    due = timezone.now() + timedelta(hours=20)
    assignment = make_assignment(lesson=lesson, due_at=due)
    make_assignment(lesson=lesson, due_at=timezone.now() + timedelta(hours=30))  # not yet
    make_submission(bob, assignment)
    call_command("remind_of_deadlines", verbosity=0)
    call_command("remind_of_deadlines", verbosity=0)
    assert titles(alice, "deadline") == ["“An essay” is due soon"]
    assert titles(bob, "deadline") == titles(ines, "deadline") == []
    assignment.due_at = due + timedelta(hours=2)
    assignment.save()
    remind_of_deadlines()
    assert len(titles(alice, "deadline")) == 2, "a deadline that moves is another occasion"


def test_who_has_more_time_is_reminded_of_their_own_end(course, lesson):
    alice, bob = make_user("alice"), make_user("bob")
    for student in (alice, bob):
        enroll(student, course)
    quiz = make_quiz(lesson=lesson, closes_at=timezone.now() + timedelta(hours=5))
    QuizAccommodation.objects.create(quiz=quiz, user=bob, closes_at=timezone.now() + timedelta(days=3))
    remind_of_deadlines()
    assert (len(titles(alice, "deadline")), titles(bob, "deadline")) == (1, [])
    quiz.closes_at = timezone.now() - timedelta(hours=1)
    quiz.save()
    QuizAccommodation.objects.update(closes_at=timezone.now() + timedelta(hours=3))
    remind_of_deadlines()
    assert len(titles(bob, "deadline")) == 1
    QuizAccommodation.objects.create(whole_course=course, user=alice, closes_at=timezone.now() + timedelta(hours=4))
    remind_of_deadlines()
    assert len(titles(alice, "deadline")) == 2


def test_nothing_is_asked_of_courses_without_an_end_in_sight(course, django_assert_num_queries):
    for number in range(5):
        enroll(make_user(f"student{number}"), course)
    with django_assert_num_queries(3):  # assignments, quizzes, accommodations
        assert remind_of_deadlines() == 0


def test_whom_another_lets_in_hears_of_it_and_who_joins_alone_knows(course, django_capture_on_commit_callbacks):
    alice, bob, eve = (make_user(name) for name in ("alice", "bob", "eve"))
    with django_capture_on_commit_callbacks(execute=True):
        services.enroll_student(user=alice, course=course)
    assert titles(alice, "enrolment") == []
    course.enrollment = "approval"
    course.save()
    for user in (bob, eve):
        asked = services.enroll_student(user=user, course=course)
        with django_capture_on_commit_callbacks(execute=True):
            services.answer_request(enrollment=asked, accept=user == bob)
    assert titles(bob, "enrolment") == [f"You are enrolled in “{course.title}”"]
    assert titles(eve, "enrolment") == [f"Your request to join “{course.title}” was declined"]


def test_a_seat_that_comes_free_is_told_to_who_gets_it(course, django_capture_on_commit_callbacks):
    course.seats = 1
    course.save()
    alice, bob = make_user("alice"), make_user("bob")
    for user in (alice, bob):
        services.enroll_student(user=user, course=course)
    with django_capture_on_commit_callbacks(execute=True):
        services.withdraw_student(user=alice, course=course)
    assert titles(bob, "enrolment") == [f"You are enrolled in “{course.title}”"]


def test_a_table_of_people_tells_each_and_the_world_outside(course, ines, django_capture_on_commit_callbacks):
    alice = make_user("alice")
    with django_capture_on_commit_callbacks(execute=True):
        text = f"email\n{alice.email}\n"
        roster.carry_out(course=course, text=text, invite=False, made_by=ines, site="http://testserver")
    assert titles(alice, "enrolment") == [f"You are enrolled in “{course.title}”"]
    assert LearningEvent.objects.filter(kind="enrolled", user_id=alice.pk).count() == 1


def test_old_notifications_go_and_what_is_unread_stays_longer(capsys):
    alice = make_user("alice")
    for number in range(4):
        tell(alice, title=f"{number}")
    now = timezone.now()
    rows = Notification.objects.filter(user=alice)
    rows.filter(title="0").update(read_at=now - timedelta(days=91))
    rows.filter(title="1").update(read_at=now - timedelta(days=89), created_at=now - timedelta(days=100))
    rows.filter(title="2").update(created_at=now - timedelta(days=366))
    rows.filter(title="3").update(created_at=now - timedelta(days=300))
    call_command("prune_notifications")
    assert sorted(rows.values_list("title", flat=True)) == ["1", "3"]
    assert "2 notifications deleted" in capsys.readouterr().out
