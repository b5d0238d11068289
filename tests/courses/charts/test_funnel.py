"""Where students stop and how questions work, taken along: the figures of the pages, for whom the pages are."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertNumQueries

from accounts.models import AuditEntry
from courses.models import Lesson, Progress
from tests.courses.charts.tables import read_csv, read_table
from tests.courses.quizzes.test_analysis import WHO, answer_as
from tests.factories import enroll, make_course, make_instructor, make_quiz, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(ines):
    return make_course("Bread", instructor=ines, slug="bread")


@pytest.fixture
def signed_in(client, ines):
    client.force_login(ines)
    return client


def test_the_funnel_says_what_the_page_says(signed_in, course):
    first, second = Lesson.objects.for_course(course).in_course_order()
    Lesson.objects.filter(pk=first.pk).update(title="=cmd|' /C calc'!A0")
    for number in range(4):
        student = make_user(f"student{number}")
        enroll(student, course)
        Progress.objects.create(user=student, lesson=first)
        if number < 3:
            Progress.objects.create(user=student, lesson=second)
    page = signed_in.get(reverse("overview:overview", args=["bread"]))
    address = reverse("overview:funnel-chart", args=["bread", "csv"])
    assertContains(page, f'href="{address}"')
    answer = signed_in.get(address)
    assert 'filename="attune-funnel-bread-2' in answer["Content-Disposition"]
    header, *rows = read_csv(answer)
    assert header == ["Lesson", "Began", "Began, %", "Completed", "Completed, %"]
    told = [[f"{row[1]} {row[2]}%", f"{row[3]} {row[4]}%", str(int(row[1]) - int(row[3]))] for row in rows]
    assert told == [["4 100%", "0 0%", "4"], ["3 75%", "0 0%", "3"]] == [cells[1:] for cells in read_table(page)[1:]]
    assert rows[0][0] == "'=cmd|' /C calc'!A0"  # text to a spreadsheet, not a command
    entry = AuditEntry.objects.get(action="class_exported")
    assert entry.detail == {"chart": "funnel-bread", "form": "csv", "course": course.pk}
    assertContains(signed_in.get(reverse("overview:funnel-chart", args=["bread", "svg"])), "of 4 students")


def test_a_course_without_lessons_has_no_funnel(signed_in, course):
    Lesson.objects.update(status="draft")
    assertNotContains(signed_in.get(reverse("overview:overview", args=["bread"])), "chart-files")
    assert signed_in.get(reverse("overview:funnel-chart", args=["bread", "csv"])).status_code == 404
    assert not AuditEntry.objects.exists()


def test_the_questions_of_a_quiz_say_what_the_page_says(signed_in, course):
    quiz = make_quiz(lesson=Lesson.objects.for_course(course).first(), questions=4)
    address = reverse("quizzes:analysis-chart", args=[quiz.pk, "csv"])
    page = reverse("quizzes:analysis", args=[quiz.pk])
    for number, right in enumerate(WHO[:4]):
        answer_as(quiz, right, f"student{number}")
    assert signed_in.get(address).status_code == 404  # four are not enough, as on the page
    assertNotContains(signed_in.get(page), "chart-files")
    for number, right in enumerate(WHO[4:], 4):
        answer_as(quiz, right, f"student{number}")
    shown = signed_in.get(page)
    assertContains(shown, address)
    _header, *rows = read_csv(signed_in.get(address))
    assert len(rows) == 12
    assert [rows[n][2] for n in (0, 3, 6, 9)] == ["83", "50", "33", "50"]
    told = read_table(shown)[1:]  # the first question's choices
    assert [[row[4], row[6], row[8]] for row in rows[:3]] == [[choice, up, down] for choice, up, down in told]
    signed_in.get(address)  # what a first look keeps is kept
    # session, user; quiz, attempts, questions, choices; of the log: whose name, the last entry, and three to write one
    with assertNumQueries(11):
        signed_in.get(address)
    stranger = Client()
    stranger.force_login(make_instructor("ivo"))
    assert stranger.get(address).status_code == 404
