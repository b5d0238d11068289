import pytest
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from django.utils import timezone

from courses.models import Announcement, Notification
from courses.notifications import tasks
from tests.courses.notifications.factories import tell
from tests.factories import enroll, make_course, make_instructor, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(settings, monkeypatch):
    """With Redis: how often the mail worker was asked to look."""
    settings.REDIS_URL = "redis://localhost:1/0"
    cache.delete("notifications.asked")
    asked = []
    monkeypatch.setattr(tasks.send_notifications, "apply_async", lambda **options: asked.append(options))
    return asked


def test_the_mail_worker_is_asked_once_the_words_are_committed(asked, django_capture_on_commit_callbacks):
    alice = make_user("alice")
    with django_capture_on_commit_callbacks() as callbacks:
        tell(alice)
        tell(alice)
        assert asked == []
    for callback in callbacks:
        callback()
    assert len(asked) == 1, "one look sends for everybody"


def test_what_waits_for_the_digest_asks_nobody(asked, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        tell(make_user("alice"), kind="reply")
    assert asked == []


def test_a_broker_that_is_away_breaks_nothing(asked, monkeypatch):
    def away(**_):
        raise OSError("no broker")

    monkeypatch.setattr(tasks.send_notifications, "apply_async", away)
    tasks.send_soon()


def test_the_task_run_twice_sends_once():
    tell(make_user("alice"))
    tasks.send_notifications()
    tasks.send_notifications()
    assert len(mail.outbox) == 1


def test_a_server_by_itself_announces_and_mails_what_is_due(capsys):
    ines, alice = make_instructor(), make_user("alice")
    course = make_course(instructor=ines)
    enroll(alice, course)
    Announcement.objects.create(course=course, author=ines, title="Due", body="Now", publish_at=timezone.now())
    call_command("tend_notifications")
    assert capsys.readouterr().out == "1 announcements published, 1 messages sent.\n"
    assert Notification.objects.get().mailed_at
    call_command("tend_notifications", verbosity=0)
    assert capsys.readouterr().out == ""
    assert len(mail.outbox) == 1
