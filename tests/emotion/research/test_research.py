"""The research export: who is in it, what is in it, and that nobody is named."""

import csv
import io
import json
import os
import zipfile
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import AuditEntry
from courses.models import Enrollment, Progress, QuizAttempt, Reflection
from courses.quizzes import services as quiz_services
from emotion import consents, selectors
from emotion.consents import Choices
from emotion.models import Consent, FeatureGate, SelfReport, SupportEvent, SupportRule
from emotion.research import files, services
from emotion.research.services import TOO_FEW, export_research
from emotion.research.tables import TABLES
from emotion.self_reports import class_said
from emotion.services import Refused
from tests.courses.discussion.factories import make_thread
from tests.emotion.factories import make_bucket, make_consent, make_session
from tests.factories import enroll, make_course, make_quiz, make_user, right_answers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("told")]

DAY = timedelta(days=1)


def agree(user, course, *, since=None, **extra) -> Consent:
    since = since or timezone.now() - 10 * DAY
    return make_consent(user, course, share_for_research=True, research_since=since, **extra)


@pytest.fixture
def students(course):
    """Five who agreed, ten days after they had joined."""
    found = []
    for number in range(5):
        student = make_user(f"zebulon{number}")
        enroll(student, course)
        agree(student, course)
        found.append(student)
    Enrollment.objects.filter(course=course).update(created_at=timezone.now() - 20 * DAY)
    return found


def export(course, **extra) -> zipfile.ZipFile:
    file = io.BytesIO()
    export_research(course=course, to=file, **extra)
    return zipfile.ZipFile(file)


def table(archive: zipfile.ZipFile, name: str) -> list[dict]:
    return pq.read_table(io.BytesIO(archive.read(f"parquet/{name}.parquet"))).to_pylist()


def lines(archive: zipfile.ZipFile, name: str) -> list[dict]:
    return list(csv.DictReader(io.StringIO(archive.read(name).decode())))


def in_csv(value) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def live_through(student, lesson, *, at) -> None:
    """One of everything, in a lesson."""
    Progress.objects.create(user=student, lesson=lesson, started_at=at, last_seen_at=at, completed_at=at)
    quiz = make_quiz(lesson=lesson)
    quiz_services.submit_quiz(user=student, quiz=quiz, answers=right_answers(quiz))
    QuizAttempt.objects.filter(user=student, quiz=quiz).update(started_at=at, submitted_at=at + timedelta(minutes=4))
    block = lesson.blocks.first().pk
    SelfReport.objects.create(
        user=student, lesson=lesson, block_number=block, place_seconds=47.3, at=at, state="confused"
    )
    session = make_session(student, lesson, started_at=at)
    make_bucket(session, place=4, happiness=6, confused=1, minute=(at + timedelta(minutes=3)).replace(second=0))
    rule = SupportRule.objects.create(course=lesson.course, state="confused", action="hint")
    SupportEvent.objects.create(
        user=student,
        lesson=lesson,
        rule=rule,
        at=at,
        state="confused",
        confidence=0.812,
        randomised=True,
        held_out=True,
        stayed=True,
    )


# What is in it


def test_each_table_says_what_was_done_and_said(course, lesson, students):
    at = timezone.now() - 3 * DAY
    live_through(students[0], lesson, at=at)
    archive = export(course)
    [name] = {row["student"] for row in table(archive, "progress")}
    block, quiz = lesson.blocks.first().pk, lesson.blocks.get(kind="quiz").pk
    base = {"student": name, "lesson": lesson.pk}
    placed = {**base, "block": block, "edition": 1, "place_seconds": 40, "day": 17}
    assert table(archive, "progress") == [{**base, "began_day": 17, "completed_day": 17, "last_seen_day": 17}]
    assert table(archive, "quiz_attempts") == [
        {**base, "block": quiz, "attempt": 1, "expired": False, "day": 17}
        | {"minutes": 4, "score_percent": 100, "passed": True}
    ]
    assert table(archive, "self_reports") == [{**placed, "state": "confused"}]
    [bucket] = table(archive, "emotion_buckets")
    assert bucket == bucket | placed | {"minute": 3, "mode": "server", "faces": 10, "happiness": 0.6, "confused": 1}
    [prompt] = table(archive, "support_prompts")
    assert prompt == prompt | {"block": None, "confidence": 0.81, "state": "confused", "action": "hint"}
    assert prompt == prompt | {"randomised": True, "held_out": True, "response": None, "stayed": True}
    assert {row["from_day"] for row in table(archive, "students")} == {10}
    assert [row["position"] for row in table(archive, "material")] == [1, 2, 3, 4, 5]


def test_csv_and_parquet_hold_the_same_and_the_dictionary_knows_every_column(course, lesson, students, monkeypatch):
    monkeypatch.setattr(files, "ROWS_A_GROUP", 2)  # so that rows are written in several pieces
    for number, student in enumerate(students):
        live_through(student, lesson, at=timezone.now() - number * DAY)
    archive = export(course)
    for each in TABLES:
        whole = table(archive, each.name)
        assert len(whole) >= 5
        assert list(whole[0]) == [column.name for column in each.columns]
        assert [{key: in_csv(value) for key, value in row.items()} for row in whole] == lines(
            archive, f"csv/{each.name}.csv"
        )
        schema = pq.read_schema(io.BytesIO(archive.read(f"parquet/{each.name}.parquet")))
        assert all(schema.field(column.name).metadata[b"description"] for column in each.columns)
    known = {(row["table"], row["column"]) for row in lines(archive, "dictionary.csv") if row["meaning"]}
    assert known == {(each.name, column.name) for each in TABLES for column in each.columns}
    assert "5 students are in it" in archive.read("README.txt").decode()


def test_what_a_spreadsheet_would_take_for_a_formula_is_text(course, lesson, students):
    block = lesson.blocks.first()
    block.title = "=HYPERLINK(1)"
    block.save()
    archive = export(course)
    assert lines(archive, "csv/material.csv")[0]["block_title"] == "'=HYPERLINK(1)"
    assert table(archive, "material")[0]["block_title"] == "=HYPERLINK(1)"


# Who is in it


def people(archive: zipfile.ZipFile) -> int:
    return len(table(archive, "students"))


def test_below_five_there_is_one_sentence_and_no_file(course, students):
    consents.withdraw_consent(user=students[0], course=course)
    with pytest.raises(Refused, match="Fewer than five students of this course have agreed to research"):
        export(course)
    assert not AuditEntry.objects.filter(action="research_exported").exists()


def test_only_those_who_agree_to_the_present_text_and_take_the_course(course, students):
    names = ("silent", "withdrawn", "former", "earlier", "left", "assistant", "under_age", "elsewhere")
    others = {name: make_user(name) for name in names}
    for name, other in others.items():
        enroll(
            other,
            course,
            role="assistant" if name == "assistant" else "student",
            status="withdrawn" if name == "left" else "active",
        )
    make_consent(others["silent"], course)
    agree(others["withdrawn"], course, withdrawn_at=timezone.now())
    agree(others["former"], course, version="2026-11-d")
    make_consent(others["earlier"], course, share_for_research=True)  # by a tick that spoke of no files
    agree(others["left"], course)
    agree(others["assistant"], course)
    agree(others["under_age"], course, under_age=True)
    agree(others["elsewhere"], make_course())
    assert people(export(course)) == 5
    Consent.objects.filter(user=others["under_age"]).update(guardian_agreed_at=timezone.now() - DAY)
    archive = export(course)
    assert sorted(row["from_day"] for row in table(archive, "students")) == [10, 10, 10, 10, 10, 19]


def test_what_was_before_the_tick_stays_out(course, lesson, students):
    live_through(students[0], lesson, at=timezone.now() - 11 * DAY)
    archive = export(course)
    for each in ("progress", "quiz_attempts", "self_reports", "emotion_buckets", "support_prompts"):
        assert table(archive, each) == [], each
    Progress.objects.update(last_seen_at=timezone.now() - DAY)
    [row] = table(export(course), "progress")
    assert (row["began_day"], row["completed_day"], row["last_seen_day"]) == (None, None, 19)


def test_a_tick_counts_from_when_it_was_made_and_anew_when_made_again(alice, course):
    def ticked(research: bool):
        consents.give_consent(user=alice, course=course, choices=Choices(camera=True, share_for_research=research))
        return Consent.objects.get(user=alice).research_since

    assert ticked(False) is None
    first = ticked(True)
    assert first and ticked(True) == first
    assert ticked(False) is None
    assert ticked(True) > first


def test_a_tick_under_a_former_text_counts_from_the_new_yes(alice, course):
    make_consent(alice, course, share_for_research=True, version="2026-11-d")
    before = timezone.now()
    kept = consents.give_consent(user=alice, course=course, choices=Choices(share_for_research=True))
    assert kept.research_since >= before


def test_without_a_history_kept_there_are_no_buckets(course, lesson, students):
    live_through(students[0], lesson, at=timezone.now() - DAY)
    Consent.objects.filter(user=students[0]).update(history=False)
    archive = export(course)
    assert table(archive, "emotion_buckets") == [] and len(table(archive, "self_reports")) == 1


def test_who_takes_it_back_while_it_is_made_stops_it(course, students, monkeypatch):
    whole = services._write_tables

    def slowly(*args):
        counts = whole(*args)
        consents.withdraw_consent(user=students[0], course=course)
        return counts

    sixth = make_user("sixth")
    enroll(sixth, course)
    agree(sixth, course)
    monkeypatch.setattr(services, "_write_tables", slowly)
    with pytest.raises(Refused, match="taken their consent back just now"):
        export(course)
    assert not AuditEntry.objects.filter(action="research_exported").exists()


# Nobody is named


def test_no_name_address_or_written_word_is_in_it(course, lesson, students):
    student = students[0]
    live_through(student, lesson, at=timezone.now() - DAY)
    make_thread(student, lesson, title="Zanzibar", body="Zanzibar")
    Reflection.objects.create(user=student, block=lesson.blocks.first(), text="Zanzibar")
    attempt = QuizAttempt.objects.get(user=student)
    attempt.answers = {"1": "Zanzibar"}
    attempt.save()
    archive = export(course)
    words = " ".join(archive.read(name).decode() for name in archive.namelist() if not name.endswith(".parquet"))
    words += " ".join(str(table(archive, each.name)) for each in TABLES)
    raw = b" ".join(archive.read(name) for name in archive.namelist())
    session = student.lesson_sessions.get()
    for secret in ("zebulon", "@example.org", "zanzibar", str(session.pk), str(timezone.now().year) + "-"):
        in_words = words.replace(str(timezone.now().astimezone(UTC).date()), "", 1)  # the README's own date
        assert secret not in in_words.lower(), secret
        assert secret.encode() not in raw.lower().replace(str(datetime.now(UTC).date()).encode(), b""), secret
    ids = {str(each.pk) for each in students}
    assert not ids & {row["student"] for row in table(archive, "students")}


def test_two_exports_have_no_name_in_common_and_their_order_tells_nothing(course, lesson, students):
    for student in students:
        live_through(student, lesson, at=timezone.now() - DAY)
    first, second = export(course), export(course)
    for each, column in (("students", "student"), ("emotion_buckets", "session")):
        names = [[row[column] for row in table(archive, each)] for archive in (first, second)]
        assert len(set(names[0]) | set(names[1])) == 10
        if column == "student":
            assert all(some == sorted(some) for some in names)  # not in that of accounts


def test_one_students_rows_belong_together(course, lesson, students):
    for student in students[:2]:
        live_through(student, lesson, at=timezone.now() - DAY)
    archive = export(course)
    by_table = [{row["student"] for row in table(archive, each)} for each in ("progress", "self_reports")]
    assert by_table[0] == by_table[1] <= {row["student"] for row in table(archive, "students")}


# How it is asked for


def test_it_is_noted_for_whoever_asked_and_for_each_student(client, course, students, ines):
    export(course, actor=ines)
    entries = AuditEntry.objects.filter(action="research_exported", actor=ines.pseudonym.name)
    assert sorted(entry.subject for entry in entries) == sorted(["", *(s.pseudonym.name for s in students)])
    client.force_login(students[3])
    assertContains(client.get(reverse("accounts:audit-log")), "put together a file for research")


def test_the_page_hands_the_file_to_those_who_teach(client, course, students, ines):
    address = f"/courses/{course.slug}/research/"
    client.force_login(ines)
    assertContains(client.get(f"/courses/{course.slug}/teaching/"), address)
    assertContains(client.get(address), "Put the file together")
    answer = client.post(address)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert people(zipfile.ZipFile(io.BytesIO(answer.getvalue()))) == 5


def test_the_page_says_when_there_are_too_few(client, course, students, ines):
    consents.withdraw_consent(user=students[0], course=course)
    client.force_login(ines)
    assertNotContains(client.get(f"/courses/{course.slug}/research/"), "Put the file together")
    assertContains(client.post(f"/courses/{course.slug}/research/"), TOO_FEW, status_code=409)


def test_assistants_and_observers_do_not_hand_data_on(client, course, students):
    for role in ("assistant", "observer"):
        user = make_user(role)
        enroll(user, course, role=role)
        client.force_login(user)
        assert client.get(f"/courses/{course.slug}/research/").status_code == 404
        assert client.post(f"/courses/{course.slug}/research/").status_code == 404


def test_with_the_features_off_there_is_none(client, course, students, ines):
    FeatureGate.objects.all().delete()
    client.force_login(ines)
    assert client.post(f"/courses/{course.slug}/research/").status_code == 404
    with pytest.raises(Refused, match="turned off"):
        export(course)


def test_the_command(course, students, tmp_path, capsys):
    out = tmp_path / "research.zip"
    call_command("export_research", course.slug, out=out)
    assert capsys.readouterr().out.startswith("5 students, ")
    assert people(zipfile.ZipFile(out)) == 5 and os.stat(out).st_mode & 0o077 == 0
    call_command("export_research", course.slug, out=out, json=True)
    assert json.loads(capsys.readouterr().out)["students"] == 5
    consents.withdraw_consent(user=students[0], course=course)
    with pytest.raises(CommandError, match="Fewer than five students") as refused:
        call_command("export_research", course.slug, out=tmp_path / "other.zip")
    assert refused.value.returncode == 2 and os.listdir(tmp_path) == ["research.zip"]
    with pytest.raises(CommandError, match="no course"):
        call_command("export_research", "no-such-course", out=out)


def test_a_student_costs_the_same_however_much_there_is(course, lesson, students, django_assert_num_queries):
    session = make_session(students[0], lesson, started_at=timezone.now() - DAY)
    for place in range(30):
        make_bucket(session, place=place)
    members = services._members(course, services.Pseudonyms())
    with django_assert_num_queries(1 + 5 * 5):  # the material; five tables of each student
        for each in TABLES:
            for whose in [course] if each.of_course else members:
                list(each.rows(whose))


# Beside a class's figures


def test_the_file_less_a_classs_figures_tells_of_nobody_who_is_not_in_it(course, lesson, students):
    """Five are in the file and one is not: their class's sum less the file's rows would be that one's."""
    for student in students:
        make_bucket(make_session(student, lesson), confused=1)
        SelfReport.objects.create(user=student, lesson=lesson, state="confused")
    others = [make_user(f"other{number}") for number in range(5)]
    for number, other in enumerate(others):
        enroll(other, course)
        make_bucket(make_session(other, lesson), bored=1)
        SelfReport.objects.create(user=other, lesson=lesson, state="bored")
        enough = number == 4  # who are not in it
        assert selectors.class_timeline(lesson=lesson)["students"] == (10 if enough else None)
        assert class_said(lesson)[0].answers == (10 if enough else None)
