"""Once a week, those who teach are told how their courses go."""

import re
from datetime import UTC, datetime, time, timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.utils import timezone
from django.utils.translation import get_language
from pytest_django.asserts import assertContains, assertNotContains

from courses.models import Enrollment, Notification, Progress
from courses.notifications.mail import send_due
from courses.overview import weekly
from courses.overview.lines import Line
from courses.overview.weekly import send_weekly_summaries, summary
from tests.courses.assignments.factories import make_assignment, make_submission
from tests.courses.discussion.factories import make_thread
from tests.emotion.factories import make_bucket, make_class, make_session, open_gate
from tests.factories import enroll, make_course, make_instructor, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(ines):
    return make_course("Bread", instructor=ines, slug="bread")


@pytest.fixture
def lesson(course):
    return course.modules.get().lessons.first()


@pytest.fixture
def alice(course, lesson):
    alice = make_user("alice")
    enroll(alice, course)
    Progress.objects.create(user=alice, lesson=lesson)
    return alice


def next_monday(hour: int, minute: int = 0) -> datetime:
    today = timezone.now().date()
    return datetime.combine(today + timedelta(days=7 - today.weekday()), time(hour, minute), tzinfo=UTC)


def told(user) -> list[Notification]:
    return list(Notification.objects.filter(user=user, kind="weekly"))


def test_the_mail_says_how_the_course_goes_and_each_line_leads_there(client, course, lesson, alice, ines):
    lesson.title = "Dough [wet] & *dry*"
    lesson.save()
    assignment = make_assignment(lesson=lesson)
    make_submission(alice, assignment)
    make_thread(alice, lesson)
    assert send_weekly_summaries(now=next_monday(7)) == 1
    assert send_due() == 1
    [message] = mail.outbox
    assert message.to == [ines.email] and message.subject == "Bread: How the course goes this week"
    [(html, _kind)] = message.alternatives
    words = re.sub(r"<[^>]+>", "", html)
    for line in (
        "Students: 1",
        "Active this week: 1",
        "Open questions: 1",
        "Where most stop: “Dough [wet] &amp; *dry*”, which 1 began and has not completed",
        f"Waits for you: {assignment.block.title}: 1 to mark",
    ):
        assert line in words
    links = re.findall(r'<li><a href="http://127.0.0.1:8000([^"]+)"', html)
    assert len(links) == len(re.findall("<li>", html)) >= 6
    client.force_login(ines)
    assert {client.get(link).status_code for link in links} == {200}


def test_once_a_week_and_again_in_the_next(course, alice, ines):
    monday = next_monday(7)
    assert send_weekly_summaries(now=monday) == 1
    Notification.objects.update(created_at=monday)
    assert send_weekly_summaries(now=monday) == send_weekly_summaries(now=monday + timedelta(days=6, hours=16)) == 0
    assert len(told(ines)) == 1
    assert send_weekly_summaries(now=monday + timedelta(days=7)) == 1
    assert len(told(ines)) == 2


def test_two_servers_at_once_tell_once(course, alice, ines, monkeypatch):
    due = weekly._due(next_monday(7))
    monkeypatch.setattr(weekly, "_due", lambda now, course: due)  # both looked before either had told
    send_weekly_summaries()
    send_weekly_summaries()
    assert len(told(ines)) == 1


def test_it_comes_on_monday_at_seven_where_they_live(course, alice, ines):
    ines.time_zone = "America/New_York"
    ines.save()
    assert send_weekly_summaries(now=next_monday(10, 59)) == 0
    assert send_weekly_summaries(now=next_monday(12, 1)) == 1


def test_a_server_that_was_off_on_monday_tells_later(course, alice, ines):
    assert send_weekly_summaries(now=next_monday(7) + timedelta(days=3)) == 1


def test_only_those_who_teach_a_published_course_with_students(course, alice, ines):
    enroll(make_user("anton"), course, role="assistant")
    enroll(make_user("olga"), course, role="observer")
    enroll(make_instructor("left"), course, role="instructor", status="withdrawn")
    new = enroll(make_instructor("new"), course, role="instructor")
    Enrollment.objects.filter(pk=new.pk).update(created_at=next_monday(1))
    make_course("Draft", instructor=ines, status="draft")
    make_course("Empty", instructor=ines)
    assert send_weekly_summaries(now=next_monday(9)) == 1
    assert [(row.user, row.course) for row in Notification.objects.all()] == [(ines, course)]


def test_each_teacher_in_their_own_language(course, alice, ines, monkeypatch):
    enroll(make_instructor("inge", locale="de"), course, role="instructor")
    monkeypatch.setattr(weekly, "summary", lambda course: [Line(get_language(), "", "/")])
    assert send_weekly_summaries(now=next_monday(9)) == 2
    texts = Notification.objects.filter(kind="weekly").values_list("user__display_name", "text")
    assert {name: text[:5] for name, text in texts} == {"Ines": "- [en", "Inge": "- [de"}


def test_a_course_that_fails_costs_the_others_nothing(course, alice, ines, monkeypatch):
    other = make_course("Rye", instructor=ines)
    enroll(alice, other)
    whole = weekly.summary
    monkeypatch.setattr(weekly, "summary", lambda course: whole(course) if course == other else 1 / 0)
    assert send_weekly_summaries(now=next_monday(9)) == 1
    assert told(ines)[0].course == other


def test_it_can_be_switched_off_and_left_with_one_click(client, course, alice, ines):
    client.force_login(alice)
    assertNotContains(client.get("/notifications/settings/"), "courses that you teach")
    client.force_login(ines)
    assertContains(client.get("/notifications/settings/"), "courses that you teach")
    send_weekly_summaries(now=next_monday(7))
    send_due()
    link = re.search(r"/notifications/unsubscribe/[^>]+", mail.outbox[0].extra_headers["List-Unsubscribe"])[0]
    client.logout()
    assertContains(client.post(link), "no longer comes by e-mail")
    send_weekly_summaries(now=next_monday(7) + timedelta(days=7))
    assert send_due() == 0 and len(told(ines)) == 2


def test_how_the_lessons_looked_is_a_sentence_from_five_students_up(course, lesson, ines):
    open_gate()
    make_class(lesson, 4, confused=1)
    assert "looked" not in str(summary(course)).lower()
    student = make_user("fifth")
    enroll(student, course)
    make_bucket(make_session(student, lesson), confused=1)
    *_rest, line = summary(course)
    assert line.title == "How the lessons looked to the class"
    assert line.words == "Looked confused 60% of the time; 40% of the time there was no telling."


def test_with_the_features_off_it_says_nothing_of_how_lessons_looked(course, lesson):
    make_class(lesson, 5, confused=1)
    assert "looked" not in str(summary(course)).lower()


def test_no_student_is_named(course, lesson, ines):
    open_gate()
    make_class(lesson, 6, share=True, frustrated=1)
    send_weekly_summaries(now=next_monday(9))
    assert "student1" not in told(ines)[0].text.lower()


def test_a_look_for_what_is_due_costs_two_queries(course, alice, ines, django_assert_num_queries):
    for number in range(3):
        enroll(make_instructor(f"ines{number}"), course, role="instructor")
    send_weekly_summaries(now=next_monday(9))
    with django_assert_num_queries(2):  # what was told lately, and who teaches
        assert send_weekly_summaries(now=next_monday(9)) == 0


def test_the_command_says_how_many(course, alice, ines, capsys):
    Enrollment.objects.update(created_at=timezone.now() - timedelta(days=9))
    call_command("send_weekly_summaries")
    at_seven = timezone.now().weekday() or timezone.now().hour >= 7
    assert capsys.readouterr().out == f"{int(bool(at_seven))} weekly summaries made.\n"
    call_command("send_weekly_summaries", verbosity=0)
    assert capsys.readouterr().out == ""
