"""Somebody who used everything and is erased: nothing in the database or in a file names them any more."""

import csv
import datetime
import io
import json
import logging
import smtplib
import uuid
import zipfile

import pytest
from allauth.account.models import EmailAddress
from axes.models import AccessAttempt
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains

from accounts import audit, personal_data
from accounts.models import AuditEntry, Invitation, User
from accounts.tokens import make_token
from courses.at_risk.services import reach_out
from courses.enrollment import mail as invitation_mail
from courses.models import Course, Lesson, Outreach, Submission, SubmissionFile
from courses.models import Invitation as CourseInvitation
from courses.notifications import mail as notification_mail
from emotion import behaviour, consents, services, support
from emotion.consents import Choices
from emotion.core.labels import BEHAVIOURS
from emotion.gate import close_gate
from emotion.models import Consent, EmotionBucket, LessonSession, SelfReport, SupportEvent
from emotion.places import Place
from tests.courses import world as everything
from tests.courses.discussion.factories import make_reply, make_thread
from tests.courses.notifications.factories import tell
from tests.emotion.factories import make_answer, make_bucket, make_session
from tests.factories import PASSWORD, enroll, make_course, make_instructor, make_user

NUMBER, EMAIL, NAME = 987654321, "zaphod.quux@example.org", "Zaphod Quux"
GUARDIAN = "mother.of.zaphod@example.org"
IDENTIFIERS = (str(NUMBER), EMAIL, "zaphod", "quux")

pytestmark = pytest.mark.django_db


def found_in_database() -> list[str]:
    """Each "table.column: value" with an identifier in it, whatever the case; a session's as it is decoded."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            columns = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for column, value in zip(columns, row, strict=True):
                    found += [f"{table}.{column}: {value!r:.120}"] if _names(value) else []
    return found + [f"session {s.pk}" for s in Session.objects.all() if _names(s.get_decoded())]


def _names(value: object) -> bool:
    text = bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)
    return any(identifier in text.casefold() for identifier in IDENTIFIERS)


def found_in_files(*folders) -> list[str]:
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    # The test's own database is a file among them, whose pages are read by the sweep above.
    files = [path for path in files if "test.sqlite3" not in path.name]
    return [str(path) for path in files if _names(path.name) or _names(path.read_bytes())]


@pytest.fixture
def zaphod(client, settings, tmp_path, monkeypatch, told, store, django_capture_on_commit_callbacks):
    settings.MEDIA_ROOT = tmp_path / "files"

    def make(name, **extra):
        return (
            make_user(name, pk=NUMBER, email=EMAIL, display_name=NAME) if name == "alice" else make_user(name, **extra)
        )

    monkeypatch.setattr(everything, "make_user", make)
    with django_capture_on_commit_callbacks(execute=True):
        world = everything.World(tmp_path)
        zaphod, lesson, ines = world.people["alice"], world.lesson, world.people["ines"]
        client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
        client.post(f"/lessons/{lesson.pk}/complete/")
        make_token(user=zaphod, name="Zaphod's laptop", expires_at=None)
        EmailAddress.objects.create(user=zaphod, email=EMAIL, primary=True)
        Invitation.objects.create(email=EMAIL, digest=uuid.uuid4().hex, expires_at="2030-01-01T00:00Z")
        AccessAttempt.objects.create(username=EMAIL, ip_address="192.0.2.7", failures_since_start=1)
        note = LogEntry(user=ines, object_id=str(NUMBER), object_repr=NAME, action_flag=CHANGE, change_message=EMAIL)
        note.content_type = ContentType.objects.get_for_model(User)
        note.save()
        member = world.alice
        said = json.dumps([{"changed": {"name": "enrollment", "object": str(member), "fields": ["role"]}}])
        about = LogEntry(user=ines, object_id=str(member.pk), action_flag=CHANGE, change_message=said)
        about.object_repr, about.content_type = str(member), ContentType.objects.get_for_model(member)
        about.save()
        make_reply(zaphod, world.thread, "I am Zaphod Quux, and I wonder.")
        reply = make_reply(ines, world.thread, "Well asked.")
        make_reply(zaphod, world.thread, f"Thank you! Write to {EMAIL}")
        consents.give_consent(
            user=zaphod,
            course=world.course,
            choices=Choices(True, True, True, True),
            under_age=True,
            guardian_email=GUARDIAN,
        )
        services.record_readings(answers=[make_answer(world.session)], model_version=None)
        support.report_self(user=zaphod, lesson=lesson, state="confused", place=Place())
        behaviour.record_behaviour(user=zaphod, lesson=lesson, events=[(BEHAVIOURS[0], Place())])
        rule = support.add_starter_rules()[0]
        SupportEvent.objects.create(
            rule=rule, user=zaphod, lesson=lesson, session=world.session, state="confused", confidence=1
        )
        support.set_preference(user=zaphod, wanted={"off": True})
        for kind in ("message", "note"):
            words = f"Zaphod works nights, and reads {EMAIL} by day."
            reach_out(enrollment=world.alice, by=ines, kind=kind, words=words, because=["Zaphod was away"])
        submitted = Submission.objects.filter(user=zaphod).first()
        essay = SubmissionFile(submission=submitted, name="zaphod-quux.txt", size=3)
        essay.file.save("zaphod-quux.txt", ContentFile(EMAIL.encode()))
        assert reply.author == ines
    client.get("/you/export/")
    return zaphod


def test_before_the_erasure_they_are_everywhere(zaphod, settings):
    """So that the sweep is known to find what there is."""
    tables = {line.partition(".")[0] for line in found_in_database()}
    assert len(tables) > 25, sorted(tables)
    assert found_in_files(settings.MEDIA_ROOT)


def test_after_it_they_are_nowhere(zaphod, settings, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        personal_data.erase_all(zaphod)
    assert found_in_database() == [], "\n".join(found_in_database())
    assert found_in_files(settings.MEDIA_ROOT, settings.ATTUNE_DATA_DIR) == []
    call_command("verify_audit_log", verbosity=0)


@pytest.mark.parametrize("how", ["by itself", "with others"])
def test_deleted_in_the_administration_they_are_nowhere_either(
    admin_client, admin_user, zaphod, settings, tmp_path, django_capture_on_commit_callbacks, how
):
    settings.ATTUNE_DATA_DIR = tmp_path
    row = {"pk": NUMBER, "email": EMAIL, "display_name": NAME, "date_joined": zaphod.date_joined}
    with django_capture_on_commit_callbacks(execute=True):
        if how == "by itself":
            page, form = f"/admin/accounts/user/{NUMBER}/delete/", {"post": "yes"}
            assertContains(admin_client.get(page), "Everything about them is erased")
            answer = admin_client.post(page, form)
        else:
            chosen = [NUMBER, make_user("trillian").pk]
            form = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
            answer = admin_client.post("/admin/accounts/user/", form)
    assert answer.status_code == 302
    assert found_in_database() == [], "\n".join(found_in_database())
    assert found_in_files(settings.MEDIA_ROOT, settings.ATTUNE_DATA_DIR) == []
    assert not User.objects.filter(email__contains="trillian").exists() or how == "by itself"
    entries = AuditEntry.objects.filter(action=audit.Action.ACCOUNT_ERASED)
    assert {shown.who for shown in audit.shown(entries)} == {str(admin_user)}
    User.objects.create(**row)  # a restored backup has them
    call_command("replay_erasures", verbosity=0)
    assert not User.objects.filter(pk=NUMBER).exists()


def test_nobody_deletes_their_own_account_in_the_administration(admin_client, admin_user):
    """There, the password is not asked for, and the session would go from under the page."""
    page = f"/admin/accounts/user/{admin_user.pk}/delete/"
    assertContains(admin_client.post(page, {"post": "yes"}), "This is your own account")
    assert User.objects.filter(pk=admin_user.pk).exists()


def test_whom_others_need_can_be_deleted_in_the_administration(admin_client):
    ines, alice = make_instructor("ines"), make_user("alice")
    course = make_course(instructor=ines)
    enroll(alice, course)
    reply = make_reply(ines, make_thread(alice, Lesson.objects.first()))
    assert admin_client.post(f"/admin/accounts/user/{ines.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(email="ines@example.org").exists()
    assert Course.objects.get() == course
    reply.thread.refresh_from_db()


def test_a_restored_backup_does_not_bring_them_back(settings, tmp_path, django_capture_on_commit_callbacks):
    settings.ATTUNE_DATA_DIR = tmp_path
    gone, stays = make_user("gone"), make_user("stays")
    row = {"pk": gone.pk, "email": gone.email, "date_joined": gone.date_joined}
    with django_capture_on_commit_callbacks(execute=True):
        personal_data.erase_all(gone)
    call_command("replay_erasures", verbosity=0)
    assert set(User.objects.all()) == {stays}
    User.objects.create(**row)  # as the backup has them
    call_command("replay_erasures", verbosity=0)
    assert set(User.objects.all()) == {stays}


def test_another_account_that_was_given_the_same_number_stays(settings, tmp_path, django_capture_on_commit_callbacks):
    settings.ATTUNE_DATA_DIR = tmp_path
    gone = make_user("gone")
    with django_capture_on_commit_callbacks(execute=True):
        personal_data.erase_all(gone)
    other = make_user("other", pk=gone.pk)
    call_command("replay_erasures", verbosity=0)
    assert User.objects.get() == other


def test_a_damaged_note_is_told(settings, tmp_path):
    settings.ATTUNE_DATA_DIR = tmp_path
    (tmp_path / "erasures.jsonl").write_text('{"at": "2026-01-01T00:00:00+00:00", "who": "a"}\nnonsense\n')
    with pytest.raises(CommandError, match="Line 2 of"):
        call_command("replay_erasures")


def test_an_erasure_that_is_undone_is_not_noted(settings, tmp_path):
    settings.ATTUNE_DATA_DIR = tmp_path
    personal_data.erase_all(make_user("gone"))  # and its transaction, the test's, is never committed
    assert not (tmp_path / "erasures.jsonl").exists()


def test_somebody_whose_course_others_take_leaves_it_to_them(django_capture_on_commit_callbacks):
    """Nothing of other people's goes with an account."""
    ines, alice = make_instructor("ines"), make_user("alice")
    course = make_course(instructor=ines)
    enroll(alice, course)
    thread = make_thread(alice, Lesson.objects.first())
    make_reply(ines, thread)
    personal_data.erase_all(ines)
    personal_data.erase_all(ines)  # twice is once
    assert set(Course.objects.all()) == {course}
    assert thread.posts.get().author == alice
    assert not User.objects.filter(email="ines@example.org").exists()


# The log


def test_the_log_names_nobody(client, zaphod, monkeypatch):
    """Neither by what went wrong with a request of theirs or about them, nor by a mail server's words."""
    written, handler = io.StringIO(), logging.getLogger("django").handlers[0]
    root = logging.getLogger().handlers[0]
    formers = [(each, each.setStream(written)) for each in {handler, root}]
    try:
        course, token = Course.objects.first(), "a-guardians-secret"
        for path in (
            f"/courses/{course.slug}/gradebook/quiz-1/{NUMBER}/",
            f"/guardian/{token}/",
            f"/invitations/{token}/",
            f"/no-such-page/{NUMBER}/{EMAIL}",
            f"/{EMAIL}",
            f"/api/v1/courses/{course.pk}/grades/{NUMBER}/",
        ):
            assert client.get(path).status_code >= 400, path
        strict = Client(enforce_csrf_checks=True)
        assert strict.post(f"/guardian/{token}/").status_code == 403
        with monkeypatch.context() as broken:
            broken.setattr(consents, "consent_at", lambda _token: 1 / 0)
            broken.setattr(client, "raise_request_exception", False)
            assert client.get(f"/guardian/{token}/").status_code == 500
        _refuse_all_mail(monkeypatch)
        tell(zaphod)
        mail_now = timezone.now() + datetime.timedelta(days=2)
        monkeypatch.setattr(timezone, "now", lambda: mail_now)
        notification_mail.send_due()
        CourseInvitation.objects.create(course=course, email=EMAIL)
        invitation_mail.send_invitations()
    finally:
        for each, former in formers:
            each.setStream(former)
    lines = written.getvalue()
    for told in (
        "Not Found: /courses/<slug:slug>/gradebook/",
        "Gone: /guardian/<str:token>/",
        "Not Found: /no-such-page/…",
        "Internal Server Error: /guardian/<str:token>/",
        "Forbidden (CSRF cookie not set.): /guardian/<str:token>/",
        "A notification mail to person",
        "The invitation",
    ):
        assert told in lines, lines
    named = [line for line in lines.splitlines() if _names(line) or token in line]
    assert named == []


def _refuse_all_mail(monkeypatch) -> None:
    def refuse(_backend, messages):
        raise smtplib.SMTPRecipientsRefused({EMAIL: (550, f"{EMAIL} is unknown here".encode())})

    monkeypatch.setattr(EmailBackend, "send_messages", refuse)


# Some of it


def test_what_the_camera_gave_rise_to_goes_by_itself_with_the_features_off_too(client, alice, lesson, told, store):
    make_bucket(make_session(alice, lesson))
    SelfReport.objects.create(user=alice, lesson=lesson, state="bored")
    close_gate()
    client.force_login(alice)
    page = client.get("/you/erase/")
    assertContains(page, "What the camera gave rise to")
    client.post("/you/erase/emotion/")
    for model in (LessonSession, EmotionBucket, SelfReport, Consent):
        assert not model.objects.exists()
    assert User.objects.filter(pk=alice.pk).exists()
    assert lesson.course.is_taken_by(alice)
    assert client.post("/you/erase/account/").status_code == 404  # not by itself, and not without the password


# A copy


def test_the_copy_holds_all_as_json_and_its_tables_as_csv(client, alice, lesson):
    make_bucket(make_session(alice, lesson))
    lesson.title = "=1+1"
    lesson.save()
    client.force_login(alice)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(client.get("/you/export.zip").streaming_content)))
    assert {"my-data.json", "emotion-consents.csv", "emotion-sessions.csv", "emotion-history.csv"} <= set(
        archive.namelist()
    )
    data = json.loads(archive.read("my-data.json"))
    assert data["account"]["email"] == "alice@example.org"
    [bucket] = csv.DictReader(io.StringIO(archive.read("emotion-history.csv").decode()))
    assert bucket["faces"] == str(data["emotion"]["history"][0]["faces"]) == "10"
    [session] = csv.DictReader(io.StringIO(archive.read("emotion-sessions.csv").decode()))
    assert session["lesson__title"] == "'=1+1"  # not a formula to a spreadsheet


def test_what_was_done_for_somebody_is_in_their_copy_and_goes_with_them(client, alice, lesson, ines):
    """Messages, talks, and the notes that only those who teach read."""
    enrollment, talk_at = lesson.course.enrollments.get(user=alice), timezone.now()
    reach_out(enrollment=enrollment, by=ines, kind="note", words="Works nights.", because=["Inactive for 9 days"])
    reach_out(enrollment=enrollment, by=ines, kind="talk", words="Shall we talk?", talk_at=talk_at)
    client.force_login(alice)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(client.get("/you/export.zip").streaming_content)))
    talk, note = json.loads(archive.read("my-data.json"))["outreach"]
    assert (note["kind"], note["words"], note["because"]) == ("note", "Works nights.", ["Inactive for 9 days"])
    assert (talk["words"], talk["talk_at"]) == ("Shall we talk?", talk_at.isoformat())
    personal_data.erase_all(ines)
    assert set(Outreach.objects.values_list("words", "by")) == {("Works nights.", None), ("Shall we talk?", None)}
    personal_data.erase_all(alice)
    assert not Outreach.objects.exists()
