"""What an assignment took, and how it was marked, is in its lesson's history, and comes back from there."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains

from courses.models import Assignment, Lesson, LessonRevision, Mark
from courses.studio.revisions import content_of
from tests.courses.assignments.factories import make_assignment, make_submission
from tests.courses.studio.addresses import url
from tests.factories import enroll, make_course, make_instructor, make_user

pytestmark = pytest.mark.django_db

SETTINGS = {
    "points": 10,
    "pass_percent": 50,
    "takes_text": "on",
    "most_files": 3,
    "file_types": "pdf",
    "largest_mb": 20,
    "late_percent": 0,
    "resubmissions": 1,
}


@pytest.fixture
def assignment(ines) -> Assignment:
    """With a rubric that nobody wrote on these pages: it came with an import."""
    make_course("Bread", instructor=ines)
    return make_assignment(lesson=Lesson.objects.first(), rubric=True, file_types="pdf")


def rubric(assignment) -> list[tuple]:
    """(title, [(points, words)]) of each row, in order."""
    return [
        (row.title, [(level["points"], level["words"]) for level in row.levels]) for row in assignment.criteria.all()
    ]


def reword(client, criterion, title: str, lines: str) -> None:
    assert client.post(url("save-criterion", criterion.pk), {"title": title, "lines": lines}).status_code == 302


def test_a_removed_row_comes_back_with_its_levels(client, assignment):
    before, first = rubric(assignment), assignment.criteria.first()
    reword(client, first, "Written just now", "5 Best\n0 Worst")
    client.post(url("remove-criterion", first.pk))
    assert [title for title, _levels in rubric(assignment)] == ["Right"]
    page = client.get(url("history", assignment.lesson.pk))
    for words in ("### Written just now", "5 Best"):
        assertContains(page, words)
    client.post(url("restore", LessonRevision.objects.all()[1].pk))
    assert rubric(assignment) == [("Written just now", [(5, "Best"), (0, "Worst")]), before[1]]
    former = LessonRevision.objects.earliest("pk")
    assert former.author is None  # whoever wrote it, it was not in the history yet
    client.post(url("restore", former.pk))
    assert rubric(assignment) == before


def test_settings_come_back_and_dates_stay(client, assignment):
    due = timezone.now().replace(microsecond=0, second=0) + timedelta(days=3)
    changed = {**SETTINGS, "points": 7, "late_percent": 20, "takes_text": "", "due_at": f"{due:%Y-%m-%dT%H:%M}"}
    assert client.post(url("save-assignment", assignment.pk), changed).status_code == 302
    page = client.get(url("history", assignment.lesson.pk))
    for words in ("points: 7", "percent off a day late: 20", "○ text can be handed in"):
        assertContains(page, words)
    assertContains(page, "Dates and the questions in pools are not part of it.")
    client.post(url("restore", LessonRevision.objects.earliest("pk").pk))
    assignment.refresh_from_db()
    assert (assignment.points, assignment.late_percent, assignment.takes_text) == (10, 0, True)
    assert assignment.due_at == due
    # and the restore can be undone
    client.post(url("restore", LessonRevision.objects.all()[1].pk))
    assignment.refresh_from_db()
    assert (assignment.points, assignment.takes_text) == (7, False)


def test_settings_that_make_no_sense_are_in_no_history(client, assignment):
    assert client.post(url("save-assignment", assignment.pk), {**SETTINGS, "points": 0}).status_code == 302
    assert not LessonRevision.objects.exists()
    assert Assignment.objects.get().points == 10


def test_a_row_written_since_goes(client, assignment):
    before = rubric(assignment)
    client.post(url("add-criterion", assignment.pk), {"title": "Short"})
    assert len(rubric(assignment)) == 3
    client.post(url("restore", LessonRevision.objects.earliest("pk").pk))
    assert rubric(assignment) == before


def test_once_marks_were_given_only_words_come_back(client, assignment):
    first, second = assignment.criteria.all()
    reword(client, first, "Clearer", "4 Very much\n2 Partly\n0 No")
    reword(client, second, "Right", "9 Very\n0 No")
    client.post(url("add-criterion", assignment.pk), {"title": "Short"})
    alice = make_user("alice")
    enroll(alice, assignment.course)
    Mark.objects.create(submission=make_submission(alice, assignment), points=4, levels={str(first.pk): 0})
    client.post(url("restore", LessonRevision.objects.earliest("pk").pk))
    assert rubric(assignment) == [
        ("Clear", [(4, "Very"), (2, "Partly"), (0, "No")]),
        ("Right", [(9, "Very"), (0, "No")]),
        ("Short", []),
    ]
    assert assignment.criteria.first() == first


def test_a_revision_from_before_assignments_were_kept_leaves_them_alone(client, assignment):
    client.post(url("add-criterion", assignment.pk), {"title": "Short"})
    old = LessonRevision.objects.earliest("pk")
    for block in old.content["blocks"]:
        block.pop("assignment", None)
    old.save()
    before = rubric(assignment)
    client.post(url("restore", old.pk))
    assert rubric(assignment) == before


@pytest.mark.parametrize(
    ("who", "status"), [("alice", 404), ("olga", 404), ("anton", 404), ("ivo", 404), ("ines", 302)]
)
def test_who_restores_it(client, ines, assignment, who, status):
    client.post(url("add-criterion", assignment.pk), {"title": "Short"})
    people = {name: make_user(name) for name in ("alice", "olga", "anton")}
    people |= {"ines": ines, "ivo": make_instructor("ivo")}
    for name, role in (("alice", "student"), ("olga", "observer"), ("anton", "assistant")):
        enroll(people[name], assignment.course, role=role)
    client.force_login(people[who])
    assert client.post(url("restore", LessonRevision.objects.earliest("pk").pk)).status_code == status
    assert len(rubric(assignment)) == (2 if status == 302 else 3)


def test_keeping_many_rows_costs_as_many_queries_as_few(client, assignment, django_assert_num_queries):
    def cost() -> None:
        with django_assert_num_queries(3):  # blocks, criteria, assignments
            content_of(assignment.lesson)

    cost()
    for number in range(12):
        assignment.criteria.create(title=f"{number}", position=number + 10)
    make_assignment(lesson=assignment.lesson, rubric=True)
    cost()
