"""How a course goes: numbers with their definitions, where students stop, what waits."""

from datetime import timedelta
from decimal import Decimal

import pytest
from bs4 import BeautifulSoup
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from courses.assignments.services import mark_submission, release_marks
from courses.gradebook.selectors import gradebook, mean_total
from courses.gradebook.services import override_grade
from courses.models import GradebookRule, Lesson, Progress
from courses.overview.selectors import overview
from tests.courses.assignments.factories import make_assignment, make_submission
from tests.courses.discussion.factories import make_thread
from tests.emotion.factories import make_class, open_gate
from tests.factories import enroll, make_quiz, make_user

pytestmark = pytest.mark.django_db


def take(name: str, course, *, began: int, completed: int, days: int = 0):
    user = make_user(name)
    enroll(user, course)
    at = timezone.now() - timedelta(days=days)
    for number, lesson in enumerate(course.modules.get().lessons.all()[:began]):
        done = at if number < completed else None
        Progress.objects.create(user=user, lesson=lesson, started_at=at, last_seen_at=at, completed_at=done)
    return user


def test_the_numbers_are_of_those_who_take_the_course(course, ines):
    alice = take("alice", course, began=2, completed=2)
    take("bob", course, began=1, completed=0, days=9)
    enroll(make_user("olga"), course, role="observer")
    left = take("charlie", course, began=2, completed=2)
    course.enrollments.filter(user=left).update(status="withdrawn")
    make_thread(lesson=course.modules.get().lessons.first(), author=alice)
    found = overview(course)
    assert {each.title: each.value for each in found.numbers} == {
        "Students": 2,
        "Active this week": 1,
        "Completed": 1,
        "Grades": None,
        "Open questions": 1,
    }
    assert [(step.began, step.completed, step.began_percent) for step in found.funnel] == [(2, 1, 100), (1, 1, 50)]


def test_what_waits_is_counted_by_person_and_leads_there(client, course, ines):
    assignment = make_assignment(lesson=course.modules.get().lessons.first())
    alice = take("alice", course, began=1, completed=0)
    make_submission(assignment=assignment, user=alice)
    client.force_login(ines)
    page = client.get(f"/courses/{course.slug}/teaching/")
    assertContains(page, f"{assignment.block.title}: 1 to mark")
    assertContains(page, f"/assignments/{assignment.pk}/submissions/")
    for number in page.context["overview"].numbers:
        assertContains(page, number.definition)
    # The newest of each person is what waits: what it replaces is not marked any more.
    again = make_submission(assignment=assignment, user=alice)
    mark_submission(submission=again, marker=ines, points=1, levels={}, comment="")
    assertContains(client.get(f"/courses/{course.slug}/teaching/"), "Nothing waits to be marked")
    assert client.get(f"/assignments/{assignment.pk}/submissions/").context["listed"].to_mark == 0


def test_each_number_leads_to_as_many_rows(client, course, ines):
    """Beside somebody who waits, one who left, an observer, and one who did it all without taking the course."""
    first, second = Lesson.objects.for_course(course).in_course_order()
    alice = take("alice", course, began=2, completed=2)
    take("bob", course, began=2, completed=1, days=9)
    dora = take("dora", course, began=1, completed=0)
    enroll(make_user("emil"), course)
    for name, role, status in (
        ("olga", "observer", "active"),
        ("charlie", "student", "withdrawn"),
        ("walter", "student", "waiting"),
    ):
        other = take(name, course, began=2, completed=2)
        queued_at = timezone.now() if status == "waiting" else None
        course.enrollments.filter(user=other).update(role=role, status=status, queued_at=queued_at)
    for author in (alice, dora):
        make_thread(lesson=first, author=author)
    assignment = make_assignment(lesson=first, points=10)
    for user, points in ((alice, 10), (dora, 5)):
        mark_submission(submission=make_submission(user, assignment), marker=ines, points=points, levels={}, comment="")
    release_marks(assignment=assignment)
    make_submission(assignment=make_assignment(lesson=first), user=alice)

    client.force_login(ines)
    page = client.get(f"/courses/{course.slug}/teaching/")
    linked = {}
    for link in BeautifulSoup(page.content, "html.parser").select(".number a"):
        linked[link.select_one(".number-title").text] = (link.select_one(".number-value").text, link["href"])

    def rows(address: str) -> int:
        return client.get(address).context["page"].paginator.count

    counted = {title: int(value) for title, (value, _url) in linked.items() if title != "Grades"}
    assert counted == {"Students": 4, "Active this week": 2, "Completed": 1, "Open questions": 2}
    assert counted == {title: rows(address) for title, (_value, address) in linked.items() if title != "Grades"}
    value, address = linked["Grades"]
    totals = [row.total for row in client.get(address).context["book"].rows if row.total is not None]
    assert value == f"{sum(totals) / len(totals)}%" == "75.0%"

    funnel = BeautifulSoup(page.content, "html.parser").select(".funnel tbody tr")
    links = [[(int(link.text), link["href"]) for link in row.select("td a")] for row in funnel]
    assert [[count for count, _url in row] for row in links] == [[3, 2, 1], [2, 1, 1]]
    assert all(rows(address) == count for row in links for count, address in row)
    stopped = client.get(links[1][2][1])
    assert [str(row.user) for row in stopped.context["page"]] == ["Bob"]
    assertContains(stopped, f'<option value="{second.pk}" selected>')
    (waiting,) = page.context["overview"].queue
    assert client.get(waiting.url).context["listed"].to_mark == waiting.count == 1


def test_assistants_see_how_far_the_class_came_and_not_who(client, course):
    enroll(anton := make_user("anton"), course, role="assistant")
    take("alice", course, began=2, completed=1)
    client.force_login(anton)
    page = BeautifulSoup(client.get(f"/courses/{course.slug}/teaching/").content, "html.parser")
    assert [cell.text.split()[0] for cell in page.select(".funnel td")] == ["1", "1", "0", "1", "0", "1"]
    assert not page.select(".funnel td a")
    titles = [link.select_one(".number-title").text for link in page.select(".number a")]
    assert titles == ["Students", "Active this week", "Grades", "Open questions"]
    assert len(page.select(".number")) == 5


def test_the_mean_of_the_totals_is_that_of_the_gradebook(course, ines):
    """As weighed, changed by hand and excused there; nobody's total is nothing, not nought."""
    lesson = Lesson.objects.first()
    assignment = make_assignment(lesson=lesson, points=10)
    assert mean_total(course) is None
    people = [take(name, course, began=1, completed=0) for name in ("alice", "bob", "dora", "emil")]
    for user, points in zip(people, (10, 4, 9), strict=False):
        mark_submission(submission=make_submission(user, assignment), marker=ines, points=points, levels={}, comment="")
    release_marks(assignment=assignment)
    key = f"assignment-{assignment.pk}"
    override_grade(course=course, user=people[1], key=key, points=6, excused=False, reason="Misread.", by=ines)
    override_grade(course=course, user=people[2], key=key, points=None, excused=True, reason="Ill.", by=ines)
    totals = [row.total for row in gradebook(course).rows if row.total is not None]
    assert mean_total(course) == sum(totals) / len(totals) == 80
    GradebookRule.objects.create(course=course, missing_is_zero=True)
    assert mean_total(course) == Decimal("53.3")  # Emil's is nought now


def test_it_costs_the_same_for_many(course, django_assert_num_queries):
    lesson = course.modules.get().lessons.first()
    make_quiz(lesson=lesson)
    for number in range(12):
        user = take(f"student{number}", course, began=2, completed=number % 3)
        make_submission(assignment=make_assignment(lesson=lesson), user=user)
    with CaptureQueriesContext(connection) as few:
        found = overview(course)
    # How far the class came is remembered for half a minute; who takes the course and what waits are always of now.
    make_submission(assignment=make_assignment(lesson=lesson), user=user)
    take("another", course, began=1, completed=0)
    with django_assert_num_queries(3):
        again = overview(course)
    assert (again.funnel, len(again.queue)) == (found.funnel, len(found.queue) + 1)
    assert again.numbers[0].value == found.numbers[0].value + 1
    make_quiz(lesson=lesson)
    for number in range(12, 24):
        take(f"student{number}", course, began=2, completed=number % 3)
    cache.clear()
    # Who takes it; lessons, how far, the funnel; of the gradebook: quizzes, questions, draws, assignments, criteria,
    # placements, categories, attempts, marks, overrides, the rule, students; open questions; what waits.
    with django_assert_num_queries(len(few)):
        overview(course)
    assert len(few) == 18


def test_how_lessons_looked_is_told_from_five_students_up(client, course, ines):
    open_gate()
    lesson = course.modules.get().lessons.first()
    make_class(lesson, 4, confused=6)
    client.force_login(ines)
    assertContains(client.get(f"/courses/{course.slug}/teaching/"), "Not enough students yet")
    make_class(lesson, 1, confused=6)
    page = client.get(f"/courses/{course.slug}/teaching/")
    assertContains(page, "5 students")
    assertContains(page, f"/lessons/{lesson.pk}/climate/")


def test_with_the_features_off_nothing_is_said_of_how_it_looked(client, course, ines):
    client.force_login(ines)
    assertNotContains(client.get(f"/courses/{course.slug}/teaching/"), "looked")
