"""Asking those who teach, where an offer led to it: in a student's words, by their hand, once."""

import pytest
from django.core import mail
from pytest_django.asserts import assertContains, assertNotContains

from courses.at_risk.personal_data import erase_outreach, export_outreach
from courses.models import Enrollment, Notification, Outreach
from courses.notifications.mail import send_due
from emotion.models import SupportEvent, SupportRule
from tests.factories import enroll, make_user

pytestmark = pytest.mark.django_db
WORDS = "I got stuck at “Block 1”: why *squares*?"


@pytest.fixture
def event(alice, lesson) -> SupportEvent:
    """Alice was offered to ask the tutor."""
    rule = SupportRule.objects.create(lesson=lesson, state="frustrated", action="offer_tutor")
    return SupportEvent.objects.create(rule=rule, user=alice, lesson=lesson, state="frustrated", confidence=0.8)


@pytest.fixture
def post(client, event):
    def post(what: str, **data) -> int:
        return client.post(f"/api/v1/support/{event.pk}/{what}/", data, content_type="application/json").status_code

    return post


def test_nothing_goes_to_the_tutor_before_the_student_sends_it(client, post, alice, ines, lesson):
    enroll(make_user("bob"), lesson.course)
    client.force_login(alice)
    assert post("question", words=WORDS) == 400  # not accepted yet
    assert post("response", response="accepted") == 204
    assert not Notification.objects.exists()
    assert post("question", words=" ") == 400
    assert post("question", words=WORDS) == 204
    assert post("question", words=WORDS) == 204  # a second tap, or a line that broke
    [told] = Notification.objects.all()
    assert (told.user, told.kind, told.title) == (ines, "asked", f"Alice asks for help in {lesson.course}")

    # Who teaches finds the words where the answer is written, and nothing of how it looked.
    client.force_login(ines)
    page = client.get(told.url)
    assertContains(page, WORDS)
    assertContains(page, "Asked for help")
    assertNotContains(page, "frustrated")
    assertNotContains(page, '<option value="asked">')


def test_it_comes_by_mail_in_the_language_of_those_who_teach(client, post, alice, ines):
    ines.locale = "de"
    ines.save()
    client.force_login(alice)
    post("response", response="accepted")
    post("question", words=WORDS)
    send_due()
    [letter] = mail.outbox
    assert letter.to == [ines.email] and "um Hilfe" in letter.subject
    assert "I got stuck" in letter.body


def test_only_ones_own_offer_and_only_that_one(client, post, event, alice):
    client.force_login(make_user("charlie"))
    assert post("question", words=WORDS) == 404
    client.force_login(alice)
    event.rule.action = "hint"
    event.rule.save()
    assert post("response", response="accepted") == 204
    assert post("question", words=WORDS) == 400
    assert not Outreach.objects.exists()


def test_where_nobody_teaches_it_is_not_said_to_be_sent(client, post, alice, ines):
    Enrollment.objects.filter(user=ines).delete()
    client.force_login(alice)
    post("response", response="accepted")
    assert post("question", words=WORDS) == 400
    assert not Outreach.objects.exists()


def test_it_is_theirs_to_take_along_and_goes_with_them(client, post, alice):
    client.force_login(alice)
    post("response", response="accepted")
    post("question", words=WORDS)
    [row] = export_outreach(alice)
    assert (row["kind"], row["words"]) == ("asked", WORDS)
    erase_outreach(alice)
    assert not Outreach.objects.exists() and not Notification.objects.exists()
