"""The audit log: it says who did what to whose data, nobody changes it unseen, and the erased are gone from it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django.asserts import assertContains, assertNotContains

from accounts import audit, audit_notes, personal_data
from accounts.models import AuditEntry, Pseudonym
from tests.factories import make_admin, make_user

Action = audit.Action


def change(sql: str, *values) -> None:
    """As somebody would who has the database and not the application."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


@pytest.fixture
def alice(db):
    return make_user("alice")


@pytest.fixture
def log(alice):
    for number in range(4):
        audit.record(action=Action.CONSENT_GIVEN, actor=alice, subject=alice, course=number)


def test_a_log_is_whole_until_somebody_touches_it(log, capsys):
    call_command("verify_audit_log")
    assert capsys.readouterr().out.startswith("The audit log is whole: --entries 4 --digest ")


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("UPDATE accounts_auditentry SET action = 'gate_stated' WHERE number = 2", "Entry 2 was changed."),
        ("UPDATE accounts_auditentry SET actor = '' WHERE number = 3", "Entry 3 was changed."),
        ("DELETE FROM accounts_auditentry WHERE number = 2", "Entry 2 is missing."),
        ("DELETE FROM accounts_auditentry WHERE number = 1", "Entry 1 is missing."),
        (
            "UPDATE accounts_auditentry SET previous = (SELECT digest FROM accounts_auditentry WHERE number = 1) "
            "WHERE number = 4",
            "Entry 4 does not follow the one before it.",
        ),
    ],
)
def test_what_was_tampered_with_is_named(log, sql, sentence):
    change(sql)
    with pytest.raises(CommandError, match=sentence):
        call_command("verify_audit_log")


def test_a_log_cut_off_at_its_end_is_found_by_what_was_noted(log):
    count, digest = audit.verify()
    call_command("verify_audit_log", entries=count, digest=digest, verbosity=0)
    change("DELETE FROM accounts_auditentry WHERE number = 4")
    call_command("verify_audit_log")  # by itself it looks whole
    with pytest.raises(CommandError, match=r"Entry 4 is missing: there were 4\."):
        call_command("verify_audit_log", entries=count, digest=digest)
    with pytest.raises(CommandError, match="not the one that was noted"):
        call_command("verify_audit_log", entries=3, digest=digest)


@pytest.fixture
def notes(settings, tmp_path):
    settings.ATTUNE_DATA_DIR = tmp_path
    return tmp_path / "audit_notes.jsonl"


def make_over() -> None:
    """As somebody would who has the database and knows how digests are made."""
    rows, previous = list(AuditEntry.objects.order_by("number")), audit.BEGINNING
    for row in rows:
        row.previous = previous
        row.digest = previous = audit.digest_of(row)
        sql = "UPDATE accounts_auditentry SET previous = %s, digest = %s WHERE id = %s"
        change(sql, row.previous, row.digest, row.pk)


def test_a_log_that_was_made_over_is_found_by_what_the_server_noted(log, alice, notes):
    call_command("note_audit_log", verbosity=0)
    audit.record(action=Action.CONSENT_WITHDRAWN, actor=alice, subject=alice, course=4)
    call_command("verify_audit_log")
    change("UPDATE accounts_auditentry SET action = 'gate_stated' WHERE number = 2")
    make_over()
    assert audit.verify()[0] == 5  # by itself it looks whole
    for command in ("verify_audit_log", "note_audit_log"):
        with pytest.raises(CommandError, match="Entry 4 is not the one that was noted"):
            call_command(command)


@pytest.mark.parametrize("left", [3, 1, 0])
def test_so_is_one_that_was_cut_off(log, notes, left):
    call_command("note_audit_log", verbosity=0)
    change("DELETE FROM accounts_auditentry WHERE number > %s", left)
    with pytest.raises(CommandError, match=rf"Entry {left + 1} is missing: there were 4\."):
        call_command("verify_audit_log")
    with pytest.raises(CommandError, match="Entry 4 is missing"):
        call_command("note_audit_log")


def test_each_note_is_one_more_line_and_looks_at_what_is_new(log, alice, notes, django_assert_num_queries):
    for _ in range(2):
        call_command("note_audit_log", verbosity=0)
    audit.record(action=Action.CONSENT_WITHDRAWN, actor=alice, subject=alice, course=4)
    with django_assert_num_queries(2):  # the digest that was noted, and the entries since then
        call_command("note_audit_log", verbosity=0)
    assert list(audit_notes.noted()) == [4, 5]
    assert notes.stat().st_mode & 0o777 == 0o600
    change("UPDATE accounts_auditentry SET actor = '' WHERE number = 5")
    with pytest.raises(CommandError, match="Entry 5 was changed"):
        call_command("verify_audit_log")


def test_an_empty_log_is_noted_as_nothing_and_a_damaged_note_is_said(db, notes):
    call_command("note_audit_log", verbosity=0)
    assert not notes.exists()
    notes.write_text("nonsense\n")
    with pytest.raises(CommandError, match=r"Line 1 of .* cannot be read"):
        call_command("verify_audit_log")


def test_an_erasure_leaves_what_was_noted_whole(log, alice, notes):
    call_command("note_audit_log", verbosity=0)
    personal_data.erase_all(alice)
    call_command("note_audit_log", verbosity=0)
    call_command("verify_audit_log")


def test_the_application_only_adds(log):
    entry = AuditEntry.objects.first()
    entry.action = Action.GATE_STATED
    for attempt in (
        entry.save,
        entry.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(action="gate_stated"),
    ):
        with pytest.raises(TypeError, match="only ever added to"):
            attempt()
    assert audit.verify()[0] == 4


def test_it_holds_no_name_address_or_number_of_a_person(log, alice):
    stored = str(list(AuditEntry.objects.values_list("actor", "subject", "detail")))
    assert alice.email not in stored
    assert str(alice) not in stored
    assert set(AuditEntry.objects.values_list("actor", flat=True)) == {alice.pseudonym.name}


def test_an_erased_person_is_gone_and_the_log_is_whole(log, alice):
    name = alice.pseudonym.name
    personal_data.erase_all(alice)
    assert not Pseudonym.objects.filter(name=name).exists()
    assert AuditEntry.objects.first().action == Action.ACCOUNT_ERASED
    assert audit.verify()[0] == 5
    assert {row.who for row in audit.shown(AuditEntry.objects.all())} == {""}


def test_one_reads_what_concerns_oneself_and_nothing_else(client, alice):
    bob, admin = make_user("bob"), make_admin()
    audit.record(action=Action.HISTORY_VIEWED, actor=bob, subject=alice, lesson=1)
    audit.record(action=Action.MODEL_PROMOTED, actor=admin, model="attune")
    client.force_login(alice)
    page = client.get("/you/log/")
    assertContains(page, "looked at a history that was shared")
    assertContains(page, str(bob))
    assertNotContains(page, "chose the model")
    exported = client.get("/you/export/").json()["account"]["audit_log"]
    assert [row["what"] for row in exported] == ["data_exported", "history_viewed"]
    client.force_login(make_user("charlie"))
    assertContains(client.get("/you/log/"), "Nothing yet")


def test_the_administration_shows_it_and_changes_nothing(client, log):
    client.force_login(make_admin())
    assertContains(client.get("/admin/accounts/auditentry/"), "agreed to the camera")
    entry = AuditEntry.objects.first()
    assert client.post(f"/admin/accounts/auditentry/{entry.pk}/change/", {}).status_code == 403
    assert client.post(f"/admin/accounts/auditentry/{entry.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_each_is_written(settings):
    users = [make_user(f"user{number}") for number in range(8)]

    def write(user) -> None:
        try:
            for _ in range(3):
                audit.record(action=Action.DATA_EXPORTED, actor=user, subject=user)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, users))
    assert audit.verify()[0] == 24
