"""Who may need help, and what those who teach do about it."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from courses.at_risk.personal_data import erase_outreach, export_outreach
from courses.at_risk.selectors import at_risk
from courses.models import Notification, Outreach, Progress, QuizAttempt
from tests.courses.assignments.factories import make_assignment
from tests.factories import enroll, make_quiz, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def lesson(course):
    return course.modules.get().lessons.first()


def take(name: str, lesson, *, seen: int = 0):
    """A student who was last there so many days ago."""
    user = make_user(name)
    enrollment = enroll(user, lesson.course)
    at = timezone.now() - timedelta(days=seen)
    enrollment.created_at = timezone.now() - timedelta(days=60)
    enrollment.save()
    Progress.objects.create(user=user, lesson=lesson, started_at=at, last_seen_at=at)
    return enrollment


def failed(enrollment, quiz, *scores: int) -> None:
    for number, score in enumerate(scores, start=1):
        QuizAttempt.objects.create(
            user=enrollment.user, quiz=quiz, number=number, submitted_at=timezone.now(), score_percent=score
        )


def test_the_list_is_ranked_and_says_why(client, ines, course, lesson):
    quiz = make_quiz(lesson=lesson)
    alice, bob, charlie = (take(name, lesson, seen=days) for name, days in (("alice", 9), ("bob", 15), ("charlie", 0)))
    failed(alice, quiz, 10, 30)
    failed(charlie, quiz, 20, 90)  # passed in the end
    client.force_login(ines)
    page = client.get(f"/courses/{course.slug}/at-risk/")
    assert [each.enrollment for each in page.context["found"].students] == [alice, bob]
    for words in ("Inactive for 9 days", "Did not pass “Check yourself” in 2 attempts", "3 points", "2 of 3 students"):
        assertContains(page, words)
    assertNotContains(page, "Charlie")


def test_work_that_is_late_counts_from_its_date_on_for_those_who_were_there(course, lesson, ines):
    assignment = make_assignment(lesson=lesson, due_at=timezone.now() - timedelta(days=1))
    alice = take("alice", lesson)
    late = take("bob", lesson)
    late.created_at = timezone.now()
    late.save()
    [student] = at_risk(course, reader=ines).students
    assert (student.enrollment, student.signs[0].words) == (alice, f"“{assignment.block.title}” is overdue")


def test_the_list_costs_the_same_for_many(course, lesson, ines, django_assert_num_queries):
    take("alice", lesson, seen=20)
    for number in range(8):
        if number == 1:
            with django_assert_num_queries(10):
                at_risk(course, reader=ines)
        take(f"student{number}", lesson, seen=20 + number)
    # The students, their progress, their quizzes, late work, the gate, who shares, who is listed, what was done, and
    # the gate again for links to what is shared.
    with django_assert_num_queries(10):
        assert len(at_risk(course, reader=ines).students) == 9


def test_a_long_list_comes_in_pages_in_its_order(client, course, lesson, ines):
    for number in range(27):
        take(f"student{number}", lesson, seen=30 + number)
    client.force_login(ines)
    first = client.get(f"/courses/{course.slug}/at-risk/")
    assertContains(first, "27 of 27 students")
    names = [str(each.enrollment.user) for each in first.context["found"].students]
    assert (len(names), names[0], names[-1]) == (25, "Student26", "Student2")
    second = client.get(f"/courses/{course.slug}/at-risk/", {"page": "2"}).context["found"].students
    assert [str(each.enrollment.user) for each in second] == ["Student1", "Student0"]


def test_a_message_reaches_the_student_and_is_written_down(
    client, ines, course, lesson, django_capture_on_commit_callbacks
):
    alice = take("alice", lesson, seen=9)
    failed(alice, make_quiz(lesson=lesson), 10, 20)
    client.force_login(ines)
    with django_capture_on_commit_callbacks(execute=True):
        sent = client.post(f"/people/{alice.pk}/reach-out/", {"kind": "message", "words": "Shall we look at it?"})
    assert sent.status_code == 302
    done = Outreach.objects.get()
    assert (done.by, done.kind, done.because) == (
        ines,
        "message",
        ["Did not pass “Check yourself” in 2 attempts", "Inactive for 9 days"],
    )
    told = Notification.objects.get(user=alice.user)
    assert told.title == f"Ines wrote to you in {course.title}"
    client.force_login(alice.user)
    assertContains(client.get(told.url), "Shall we look at it?")
    client.force_login(ines)
    assertContains(client.get(f"/courses/{course.slug}/at-risk/"), "Message, ")


def test_a_talk_needs_a_time_to_come(client, ines, lesson):
    alice = take("alice", lesson)
    client.force_login(ines)
    address = f"/people/{alice.pk}/reach-out/"
    assertContains(client.post(address, {"kind": "talk", "words": "Talk?"}), "Say when to talk.", status_code=422)
    past = client.post(address, {"kind": "talk", "words": "Talk?", "talk_at": "2020-01-01T10:00"})
    assertContains(past, "This lies in the past.", status_code=422)
    assert client.post(address, {"kind": "talk", "words": "Talk?", "talk_at": "2100-01-01T10:00"}).status_code == 302
    assert "offers a talk: 1 January 2100, 10:00" in Notification.objects.get(user=alice.user).title


def test_a_note_is_for_those_who_teach(client, ines, lesson):
    alice = take("alice", lesson)
    client.force_login(ines)
    client.post(f"/people/{alice.pk}/reach-out/", {"kind": "note", "words": "Works nights."})
    note = Outreach.objects.get()
    assert not Notification.objects.filter(user=alice.user).exists()
    assertContains(client.get(f"/people/{alice.pk}/reach-out/"), "Works nights.")
    client.force_login(alice.user)
    assert client.get(note.get_absolute_url()).status_code == 404
    assert not mail.outbox


def test_it_is_theirs_to_take_along_and_goes_with_them(ines, lesson):
    alice = take("alice", lesson)
    Outreach.objects.create(enrollment=alice, kind="note", words="Works nights.", by=ines)
    [kept] = export_outreach(alice.user)
    assert kept["words"] == "Works nights."
    erase_outreach(ines)
    assert Outreach.objects.get().by is None
    assert erase_outreach(alice.user) == 1
