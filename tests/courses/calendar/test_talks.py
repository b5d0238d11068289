"""A talk that was offered to a student is in the calendars of the two who meet, and says nothing of why."""

from datetime import timedelta

import icalendar
import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from courses.at_risk.services import reach_out
from courses.calendar import services
from courses.models import Enrollment, Outreach
from tests.factories import enroll, make_course, make_instructor, make_user

pytestmark = pytest.mark.django_db
WHY = "Inactive for 14 days"


@pytest.fixture
def course():
    return make_course("Gardening", lessons=1, instructor=make_instructor("ines"))


@pytest.fixture
def talk(course):
    """Ines asks Alice to talk, tomorrow."""
    enrollment = enroll(make_user("alice"), course)
    return reach_out(
        enrollment=enrollment,
        by=course.enrollments.get(role="instructor").user,
        kind=Outreach.Kind.TALK,
        words="Shall we look at the garden together?",
        talk_at=timezone.now() + timedelta(hours=1),
        because=[WHY],
    )


def page(client, user, at):
    client.force_login(user)
    return client.get(f"/calendar/?month={timezone.localtime(at):%Y-%m}")


def events(client, user) -> list[icalendar.Event]:
    client.logout()
    body = client.get(f"/calendar/{services.token_of(services.renew_feed(user=user))}.ics").content
    return icalendar.Calendar.from_ical(body).walk("VEVENT")


def test_both_see_it_in_their_calendar_with_the_others_name(client, talk):
    for user, other in ((talk.enrollment.user, talk.by), (talk.by, talk.enrollment.user)):
        found = page(client, user, talk.talk_at)
        assertContains(found, f'<a href="{talk.get_absolute_url()}">Talk with {other}</a>', html=True)
        assert client.get(talk.get_absolute_url()).status_code == 200


def test_the_student_reads_no_reason(client, talk):
    answers = [page(client, talk.enrollment.user, talk.talk_at), client.get(talk.get_absolute_url())]
    for answer in answers:
        assertNotContains(answer, WHY)
        for word in ("at risk", "at-risk", "confused", "looks"):
            assertNotContains(answer, word)


def test_other_calendars_are_told_when_and_nobodys_name(client, talk):
    for user in (talk.enrollment.user, talk.by):
        [event] = events(client, user)
        assert (event["SUMMARY"], event["UID"]) == ("Talk", f"talk-{talk.pk}@meets.attune")
        assert event.decoded("DTSTART") == talk.talk_at.replace(microsecond=0)
        told = event.to_ical().decode().lower()
        assert not any(word in told for word in ("alice", "ines", "risk", "inactive", "garden together"))


def test_nobody_else_and_no_longer_who_left(client, talk, course):
    colleague, classmate = make_instructor("bob"), make_user("charlie")
    enroll(colleague, course, role="instructor")
    enroll(classmate, course)
    for user in (colleague, classmate):
        assertNotContains(page(client, user, talk.talk_at), "Talk with")
        assert events(client, user) == []
    Enrollment.objects.filter(pk=talk.enrollment.pk).update(status="withdrawn")
    for user in (talk.enrollment.user, talk.by):
        assert events(client, user) == []


def test_a_message_or_a_note_is_no_appointment(client, talk):
    Outreach.objects.all().delete()
    for kind in (Outreach.Kind.MESSAGE, Outreach.Kind.NOTE):
        reach_out(enrollment=talk.enrollment, by=talk.by, kind=kind, words="How are you?")
    assert events(client, talk.enrollment.user) == events(client, talk.by) == []
