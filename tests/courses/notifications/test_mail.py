"""What arrives in whose inbox, when, and once."""

import re
import smtplib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import getaddresses

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connections
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNumQueries

from courses.models import Notification, NotificationPreference
from courses.notifications import mail as notification_mail
from courses.notifications.mail import send_due
from courses.notifications.services import mail_time, mark_read, preferences_of, set_preference
from tests.courses.notifications.factories import tell
from tests.factories import make_course, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return make_user("alice")


@pytest.fixture
def bob():
    return make_user("bob")


def link_in(message, words="unsubscribe") -> str:
    return re.search(rf"https?://[^/]+(/\S*{words}/\S+?)>?$", message.extra_headers["List-Unsubscribe"])[1]


def let_time_pass(**past) -> None:
    for row in Notification.objects.all():
        row.mail_after -= timedelta(**past)
        row.save()


def test_each_gets_a_message_of_their_own(alice, bob):
    tell(alice, bob, title="The room has changed", text="Now in **12**.", course=make_course("Algebra"))
    assert send_due() == 2
    for message, user in zip(mail.outbox, (alice, bob), strict=True):
        assert getaddresses([*message.to, *message.cc, *message.bcc]) == [("", user.email)]
        whole = message.message().as_string()
        assert {"alice@example.org", "bob@example.org"} & set(re.findall(r"\w+@example\.org", whole)) == {user.email}
        assert message.subject == "Algebra: The room has changed"
        html, kind = message.alternatives[0]
        assert kind == "text/html" and "<strong>12</strong>" in html
        assert "Now in **12**." in message.body
        assert "http://127.0.0.1:8000/home/" in message.body and "http://127.0.0.1:8000/home/" in html
    assert Notification.objects.filter(mailed_at=None).count() == 0


def test_nothing_is_sent_twice(alice):
    tell(alice)
    assert (send_due(), send_due()) == (1, 0)


def test_several_of_a_kind_are_one_message(alice):
    tell(alice, kind="marks", title="Marks for essay one")
    tell(alice, kind="marks", title="Marks for essay two")
    tell(alice, kind="announcement")
    assert send_due() == 2
    marks = next(message for message in mail.outbox if "essay one" in message.body)
    assert "essay two" in marks.body and marks.subject == "Your marks are there (2)"


def test_what_was_read_in_the_app_is_not_mailed(alice):
    tell(alice)
    mark_read(user=alice)
    assert send_due() == 0


def test_whoever_chose_off_gets_no_mail_but_the_notice(alice):
    set_preference(user=alice, kind="announcement", mail="off")
    tell(alice)
    let_time_pass(days=2)
    assert send_due() == 0
    assert Notification.objects.visible_to(alice).unread().count() == 1


def test_a_choice_holds_for_what_still_waits(alice):
    tell(alice, kind="reply")
    set_preference(user=alice, kind="reply", mail="each")
    assert send_due() == 1
    tell(alice)
    set_preference(user=alice, kind="announcement", mail="off")
    assert send_due() == 0
    set_preference(user=alice, kind="announcement", mail="each")
    assert send_due() == 0, "what was once not wanted does not come later"


@pytest.mark.parametrize(
    "zone, now, digest",
    [
        ("UTC", datetime(2026, 5, 4, 6, 59), datetime(2026, 5, 4, 7, 0)),
        ("UTC", datetime(2026, 5, 4, 7, 0), datetime(2026, 5, 5, 7, 0)),
        ("Europe/Berlin", datetime(2026, 5, 4, 6, 59), datetime(2026, 5, 5, 5, 0)),
        ("Asia/Tokyo", datetime(2026, 5, 4, 21, 0), datetime(2026, 5, 4, 22, 0)),
        # The clocks go forward in the night before.
        ("Europe/Berlin", datetime(2026, 3, 28, 12, 0), datetime(2026, 3, 29, 5, 0)),
    ],
)
def test_the_digest_comes_at_seven_where_the_person_lives(alice, zone, now, digest):
    alice.time_zone = zone
    assert mail_time(alice, "daily", now.replace(tzinfo=UTC)) == digest.replace(tzinfo=UTC)


def test_the_digest_puts_all_kinds_into_one_message(alice):
    tell(alice, kind="reply", title="New reply in “Squares”")
    tell(alice, kind="accepted", title="Accepted: yours")
    assert send_due() == 0, "not before 07:00"
    let_time_pass(days=1)
    assert send_due() == 1
    assert "Squares" in mail.outbox[0].body and "Accepted: yours" in mail.outbox[0].body
    assert mail.outbox[0].subject == "Your day: 2 new things"


class BrokenServer(EmailBackend):
    down = False
    refuses = ""

    def send_messages(self, messages):
        if self.down:
            raise ConnectionRefusedError("nobody there")
        if any(self.refuses and self.refuses in to for message in messages for to in message.to):
            raise smtplib.SMTPRecipientsRefused({self.refuses: (550, b"no such user")})
        return super().send_messages(messages)


@pytest.fixture
def server(settings, monkeypatch):
    settings.EMAIL_BACKEND = f"{__name__}.BrokenServer"
    mail.outbox = []
    monkeypatch.setattr(notification_mail, "get_connection", lambda: BrokenServer())
    monkeypatch.setattr(BrokenServer, "down", False)
    return BrokenServer


def test_a_server_that_is_down_loses_nothing(alice, bob, server, monkeypatch):
    monkeypatch.setattr(server, "down", True)
    tell(alice, bob)
    assert send_due() == 0
    assert Notification.objects.filter(mailed_at=None).count() == 2
    monkeypatch.setattr(server, "down", False)
    let_time_pass(minutes=2)
    assert send_due() == 2
    assert sorted(message.to[0] for message in mail.outbox) == ["alice@example.org", "bob@example.org"]


def test_one_bad_address_keeps_nobody_waiting(alice, bob, server, monkeypatch):
    monkeypatch.setattr(server, "refuses", "alice")
    tell(alice, bob)
    assert send_due() == 1
    assert [message.to for message in mail.outbox] == [["bob@example.org"]]
    waiting = Notification.objects.get(mailed_at=None)
    assert (waiting.user, waiting.mail_attempts, waiting.claim) == (alice, 1, None)
    assert waiting.mail_after > timezone.now()


def test_tries_are_farther_and_farther_apart_and_end(alice, server, monkeypatch):
    monkeypatch.setattr(server, "down", True)
    tell(alice)
    waits = []
    for _ in range(12):
        Notification.objects.update(mail_after=timezone.now())
        send_due()
        waits.append(Notification.objects.get().mail_after - timezone.now())
    assert waits[0] < timedelta(minutes=2) and timedelta(hours=5) < waits[-1] <= timedelta(hours=6)
    monkeypatch.setattr(server, "down", False)
    Notification.objects.update(mail_after=timezone.now(), created_at=timezone.now() - timedelta(days=8))
    assert send_due() == 0


def test_what_one_worker_claimed_another_does_not_send(alice, monkeypatch):
    tell(alice)
    original = notification_mail._message

    def meanwhile_another_worker(rows, connection):
        monkeypatch.setattr(notification_mail, "_message", original)
        assert send_due() == 0
        return original(rows, connection)

    monkeypatch.setattr(notification_mail, "_message", meanwhile_another_worker)
    assert send_due() == 1
    assert len(mail.outbox) == 1


def test_a_worker_that_looked_before_the_other_claimed_sends_nothing(alice):
    tell(alice)
    (rows,) = notification_mail._due_groups()
    assert notification_mail._claim(rows)
    assert not notification_mail._claim(rows)


def test_a_claim_of_a_worker_that_died_ends(alice):
    tell(alice)
    (rows,) = notification_mail._due_groups()
    notification_mail._claim(rows)
    assert send_due() == 0
    let_time_pass(minutes=11)
    assert send_due() == 1


def test_one_click_unsubscribes_without_signing_in(alice):
    tell(alice)
    send_due()
    headers = mail.outbox[0].message()
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = link_in(mail.outbox[0])
    client = Client(enforce_csrf_checks=True)
    assertContains(client.get(path), "Unsubscribe")
    assert preferences_of(alice)["announcement"] == "each", "a mail scanner that follows links changes nothing"
    assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert preferences_of(alice)["announcement"] == "off"
    assert preferences_of(alice)["marks"] == "each"
    tell(alice)
    assert send_due() == 0


def test_unsubscribing_from_the_digest_ends_all_that_came_in_it(alice):
    tell(alice, kind="reply")
    let_time_pass(days=1)
    send_due()
    Client().post(link_in(mail.outbox[0]))
    wishes = preferences_of(alice)
    assert (wishes["reply"], wishes["accepted"], wishes["marks"]) == ("off", "off", "each")


def test_a_changed_link_unsubscribes_nobody(alice, bob):
    tell(alice)
    send_due()
    path = link_in(mail.outbox[0])
    assert Client().post(path[:-3] + "x/").status_code == 404
    assert not NotificationPreference.objects.exists()


def test_a_title_with_a_line_break_makes_no_header(alice):
    tell(alice, title="Hello\r\nBcc: charlie@example.org")
    assert send_due() == 1
    assert mail.outbox[0].message()["Bcc"] is None


def test_sending_costs_three_queries_a_message(alice, bob):
    tell(alice, bob)
    # who is due; then for each: claim, read, done
    with assertNumQueries(1 + 2 * 3):
        send_due()


@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_send_one_message_each(alice, bob):
    tell(alice, bob)

    def work(_number) -> int:
        try:
            return send_due()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 2
    assert sorted(message.to[0] for message in mail.outbox) == ["alice@example.org", "bob@example.org"]
