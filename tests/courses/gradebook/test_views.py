import csv
import io

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from courses import services as learning
from courses.assignments import services as assignments
from courses.gradebook import selectors, services
from courses.models import GradeCategory, GradeChange, GradeOverride, Lesson
from tests.courses.assignments.factories import make_assignment, make_submission
from tests.factories import enroll, make_course, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def lesson(ines) -> Lesson:
    make_course(lessons=1, blocks=0, instructor=ines, slug="bread")
    return Lesson.objects.get()


@pytest.fixture
def alice(lesson):
    alice = make_user("alice")
    enroll(alice, lesson.course)
    return alice


def url(name, *args):
    return reverse(f"gradebook:{name}", args=["bread", *args])


def give(user, assignment, points, marker):
    submission = make_submission(user, assignment)
    assignments.mark_submission(submission=submission, marker=marker, points=points, levels={}, comment="")
    assignments.release_marks(assignment=assignment)


def plan(*rows, placements=None, **extra):
    """The form's fields for rows of (name, weight, drop)."""
    fields = {}
    for i in range(len(rows) + 2):
        name, weight, drop = rows[i] if i < len(rows) else ("", "", "")
        fields |= {f"category-{i}-name": name, f"category-{i}-weight": weight, f"category-{i}-drop_lowest": drop}
    return fields | {f"place-{key}": index for key, index in (placements or {}).items()} | extra


def test_one_figure_on_every_page_and_in_the_csv(client, lesson, alice, ines):
    first, second = make_assignment(lesson=lesson, points=7), make_assignment(lesson=lesson, points=3)
    give(alice, first, 5, ines)
    give(alice, second, 2, ines)
    client.force_login(ines)
    fields = plan(
        ("Essays", 70, 0), ("Small ones", 30, 0), placements={f"assignment-{first.pk}": 0, f"assignment-{second.pk}": 1}
    )
    client.post(url("setup"), fields)
    figure = "70.0"  # 0.7 * 5/7 + 0.3 * 2/3
    assertContains(client.get(url("gradebook")), f"{figure}%")
    table = list(csv.reader(io.StringIO(client.get(url("csv")).content.decode("utf-8-sig"))))
    assert table[1][:4] == ["Alice", "alice@example.org", "5", "2"]
    assert table[1][-1] == "70"
    client.force_login(alice)
    assertContains(client.get(url("own")), f"{figure}%")
    assert str(selectors.total_percent(lesson.course, alice)) == figure


def test_weights_have_to_make_a_hundred_and_nothing_typed_is_lost(client, lesson, ines):
    client.force_login(ines)
    answer = client.post(url("setup"), plan(("Essays", 70, 0), ("Quizzes", 20, 1)))
    assertContains(answer, "add up to 90", status_code=422)
    assertContains(answer, 'value="Quizzes"', status_code=422)
    assert not GradeCategory.objects.exists()
    client.post(url("setup"), plan(("Essays", 70, 0), ("Quizzes", 30, 1)))
    assert [(c.name, c.weight, c.drop_lowest) for c in GradeCategory.objects.all()] == [
        ("Essays", 70, 0),
        ("Quizzes", 30, 1),
    ]


def test_categories_change_names_and_go(client, lesson, ines):
    client.force_login(ines)
    client.post(url("setup"), plan(("A", 70, 0), ("B", 30, 0)))
    a, b = GradeCategory.objects.all()
    fields = plan(("B", 70, 0), ("A", 30, 0)) | {"category-0-id": a.pk, "category-1-id": b.pk}
    client.post(url("setup"), fields)
    assert dict(GradeCategory.objects.values_list("pk", "name")) == {a.pk: "B", b.pk: "A"}
    twins = client.post(url("setup"), plan(("A", 70, 0), ("A", 30, 0)))
    assertContains(twins, "same name", status_code=422)
    client.post(url("setup"), plan(("A", 100, 0)) | {"category-0-id": a.pk})
    assert list(GradeCategory.objects.values_list("name", flat=True)) == ["A"]


def test_what_is_in_no_category_counts_with_what_is_left(client, lesson, alice, ines):
    placed, loose = make_assignment(lesson=lesson), make_assignment(lesson=lesson)
    give(alice, placed, 10, ines)
    give(alice, loose, 0, ines)
    GradeCategory.objects.create(course=lesson.course, name="Essays", weight=60).placements.create(
        course=lesson.course, key=f"assignment-{placed.pk}"
    )
    assert str(selectors.total_percent(lesson.course, alice)) == "60.0"


def test_a_mark_set_by_hand_leaves_a_trail_and_can_be_taken_back(client, lesson, alice, ines):
    assignment = make_assignment(lesson=lesson)
    give(alice, assignment, 4, ines)
    client.force_login(ines)
    address = url("override", f"assignment-{assignment.pk}", alice.pk)
    assertContains(client.post(address, {"points": 8}), "required", status_code=422)
    client.post(address, {"points": 8, "reason": "A misread page."})
    assert str(selectors.total_percent(lesson.course, alice)) == "80.0"
    client.post(address, {"excused": "on", "reason": "She was ill."})
    assert selectors.total_percent(lesson.course, alice) is None
    client.post(address, {"reason": "As it was."})
    assert str(selectors.total_percent(lesson.course, alice)) == "40.0"
    page = client.get(address)
    for words in ("as marked → 8", "8 → excused", "excused → as marked", "She was ill."):
        assertContains(page, words)
    assert not GradeOverride.objects.exists()


@pytest.mark.parametrize("fields", [{"points": -1}, {"points": 21}, {"points": "x"}, {"points": 3, "excused": "on"}])
def test_a_mark_by_hand_that_makes_no_sense(client, lesson, alice, ines, fields):
    assignment = make_assignment(lesson=lesson, points=10)
    client.force_login(ines)
    answer = client.post(url("override", f"assignment-{assignment.pk}", alice.pk), {"reason": "r", **fields})
    assert answer.status_code == 422
    assert not GradeChange.objects.exists()


def test_missing_work_counts_as_zero_when_the_instructor_says_so(client, lesson, alice, ines):
    give(alice, make_assignment(lesson=lesson), 10, ines)
    make_assignment(lesson=lesson)
    assert str(selectors.total_percent(lesson.course, alice)) == "100.0"
    client.force_login(ines)
    client.post(url("setup"), plan() | {"missing_is_zero": "on"})
    assert str(selectors.total_percent(lesson.course, alice)) == "50.0"


def test_a_cell_is_no_formula(client, lesson, ines):
    mallory = make_user("mallory", display_name="=HYPERLINK(1)")
    enroll(mallory, lesson.course)
    make_assignment(lesson=lesson)
    client.force_login(ines)
    assert "\n'=HYPERLINK(1)," in client.get(url("csv")).content.decode().replace("\r", "")


def test_who_gets_where(client, lesson, alice, ines):
    assignment = make_assignment(lesson=lesson)
    assistant, bob = make_user("anna"), make_user("bob")
    enroll(assistant, lesson.course, role="assistant")
    enroll(bob, lesson.course)
    override = url("override", f"assignment-{assignment.pk}", alice.pk)
    everyone = {
        "gradebook": (url("gradebook"), {ines, assistant}),
        "csv": (url("csv"), {ines, assistant}),
        "setup": (url("setup"), {ines}),
        "override": (override, {ines}),
        "own": (url("own"), {alice, bob, ines, assistant}),
    }
    for address, allowed in everyone.values():
        client.logout()
        assert client.get(address).url.startswith("/accounts/login/")
        for user in (alice, bob, ines, assistant, make_user(f"c{address.count('/')}{len(address)}")):
            client.force_login(user)
            assert client.get(address).status_code == (200 if user in allowed else 404), (address, user)
    client.force_login(bob)
    assertNotContains(client.get(url("own")), "Alice")
    client.force_login(ines)
    assert client.get(url("override", "assignment-999999", alice.pk)).status_code == 404
    assert client.get(url("override", f"assignment-{assignment.pk}", ines.pk)).status_code == 404


def test_the_gradebook_costs_the_same_for_many_students_and_items(lesson, alice, ines, django_assert_max_num_queries):
    def cost() -> int:
        with django_assert_max_num_queries(20) as queries:
            selectors.gradebook(lesson.course)
        return len(queries)

    give(alice, make_assignment(lesson=lesson), 5, ines)
    few = cost()
    for _ in range(5):
        assignment = make_assignment(lesson=lesson)
        for number in range(5):
            student = make_user(f"s{assignment.pk}-{number}")
            enroll(student, lesson.course)
            give(student, assignment, number, ines)
    assert cost() == few


def test_changes_by_hand_are_exported_and_erased(lesson, alice, ines):
    services.override_grade(
        course=lesson.course, user=alice, key="assignment-1", points=3, excused=False, reason="Why", by=ines
    )
    assert learning.export_learning(alice)["grade_changes"][0]["reason"] == "Why"
    learning.erase_learning(alice)
    assert not (GradeChange.objects.exists() or GradeOverride.objects.exists())
