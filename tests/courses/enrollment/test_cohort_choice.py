"""What those who teach read of a course can be that of one cohort. How lessons feel cannot: a small group, and the
difference of two, would single somebody out."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from courses.models import Enrollment, Progress
from tests.courses.assignments.factories import make_assignment, make_submission
from tests.courses.enrollment.factories import make_cohort
from tests.emotion.factories import make_class, open_gate
from tests.factories import enroll, make_course, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def lesson(course):
    return course.modules.get().lessons.first()


@pytest.fixture
def spring(course):
    return make_cohort(course, "Spring")


@pytest.fixture
def alice(course, spring):
    """In the cohort; Bob takes the course outside of it."""
    return take("alice", course, cohort=spring)


@pytest.fixture
def bob(course):
    return take("bob", course, cohort=None)


@pytest.fixture
def page_of(client, ines):
    def page_of(address: str, cohort=None, **more):
        client.force_login(ines)
        return client.get(address, {"cohort": cohort.pk if cohort else "", **more})

    return page_of


def take(name: str, course, *, cohort, days: int = 20):
    """Somebody who joined two months ago, began the first lesson and was last there so many days ago."""
    user, at = make_user(name), timezone.now() - timedelta(days=days)
    row = enroll(user, course)
    Enrollment.objects.filter(pk=row.pk).update(cohort=cohort, created_at=timezone.now() - timedelta(days=60))
    first = course.modules.get().lessons.first()
    Progress.objects.create(user=user, lesson=first, started_at=at, last_seen_at=at)
    return user


def test_the_gradebook_and_its_csv(page_of, course, lesson, spring, alice, bob):
    make_assignment(lesson=lesson)
    address = f"/courses/{course.slug}/gradebook/"
    page = page_of(address, spring)
    assert [row.user for row in page.context["book"].rows] == [alice]
    assertContains(page, f"/courses/{course.slug}/gradebook.csv?cohort={spring.pk}")
    assert len(page_of(address).context["book"].rows) == 2
    csv = page_of(f"/courses/{course.slug}/gradebook.csv", spring)
    assertContains(csv, "alice@example.org")
    assertNotContains(csv, "bob@example.org")


def test_its_pages_stay_with_the_cohort(page_of, course, lesson, spring):
    make_assignment(lesson=lesson)
    for number in range(51):
        Enrollment.objects.filter(pk=enroll(make_user(f"s{number}"), course).pk).update(cohort=spring)
    assertContains(page_of(f"/courses/{course.slug}/gradebook/", spring), f"?cohort={spring.pk}&amp;page=2")


def test_the_course_home_counts_the_cohort(page_of, course, lesson, spring, alice, bob):
    assignment = make_assignment(lesson=lesson)
    make_submission(alice, assignment)
    make_submission(bob, assignment)
    address = f"/courses/{course.slug}/teaching/"
    whole, part = (page_of(address, cohort).context["overview"] for cohort in (None, spring))
    assert [found.numbers[0].value for found in (whole, part)] == [2, 1]
    assert [found.funnel[0].began for found in (whole, part)] == [2, 1]
    assert [found.queue[0].count for found in (whole, part)] == [2, 1]
    for number in part.numbers[:4]:
        assert f"cohort={spring.pk}" in number.url
    assertContains(page_of(address, spring), f"funnel.csv?cohort={spring.pk}")
    assertContains(page_of(f"/courses/{course.slug}/teaching/funnel.csv", spring), "1,100")


def test_who_may_need_help_in_a_cohort(page_of, course, spring, alice, bob):
    address = f"/courses/{course.slug}/at-risk/"
    found = page_of(address, spring).context["found"]
    assert [each.enrollment.user for each in found.students] == [alice] and found.of == 1
    whole = page_of(address).context["found"]
    assert {each.enrollment.user for each in whole.students} == {alice, bob}
    assert found.students[0].score == next(each.score for each in whole.students if each.enrollment.user == alice)


def test_what_a_cohort_handed_in(page_of, course, lesson, spring, alice, bob):
    assignment = make_assignment(lesson=lesson)
    make_submission(bob, assignment)
    mine = make_submission(alice, assignment)
    address = f"/assignments/{assignment.pk}/submissions/"
    part, whole = (page_of(address, cohort).context["listed"] for cohort in (spring, None))
    assert [row.user for row in part.page] == [alice]
    assert (part.to_mark, part.first_to_mark, whole.to_mark) == (1, mine, 2)


def test_another_courses_cohort_is_none_of_this_one(page_of, course, alice, bob):
    elsewhere = make_cohort(make_course())
    page = page_of(f"/courses/{course.slug}/at-risk/", elsewhere)
    assert page.context["found"].of == 2 and page.context["choice"].chosen is None


def test_how_lessons_feel_is_told_of_the_whole_class_whatever_was_chosen(page_of, course, lesson, spring, alice):
    open_gate()
    make_class(lesson, 5, confused=6)
    page = page_of(f"/courses/{course.slug}/teaching/", spring)
    assert page.context["overview"].numbers[0].value == 1
    assertContains(page, "How the lessons looked is always told of the whole class.")
    assertContains(page, "5 students")


def test_the_api(client, ines, course, lesson, spring, alice, bob):
    assignment = make_assignment(lesson=lesson)
    make_submission(alice, assignment)
    make_submission(bob, assignment)
    client.force_login(ines)

    def names(path: str) -> list[str]:
        return [row["user"]["name"] for row in client.get(f"/api/v1/{path}").json()["results"]]

    assert names(f"courses/{course.pk}/gradebook/?cohort={spring.pk}") == ["Alice"]
    assert names(f"courses/{course.pk}/gradebook/") == ["Alice", "Bob"]
    other = make_course(title="Other")
    enroll(ines, other, role="instructor")
    enroll(alice, other)
    make_submission(alice, make_assignment(lesson=other.modules.get().lessons.first()))
    assert names(f"submissions/?cohort={spring.pk}") == ["Alice"]  # what she handed in elsewhere is of no cohort here
    elsewhere = make_cohort(make_course())
    assert client.get(f"/api/v1/courses/{course.pk}/gradebook/?cohort={elsewhere.pk}").status_code == 404
    assert client.get(f"/api/v1/courses/{course.pk}/gradebook/?cohort=x").status_code == 400
