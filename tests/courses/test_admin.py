"""An instructor in the admin: their own rows, and no sign of anyone else's."""

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertNumQueries

from courses.models import Block, Course, Enrollment, Lesson, Module, Question, QuestionPool, Quiz
from tests.factories import enroll, make_admin, make_course, make_instructor, make_quiz, make_user

pytestmark = pytest.mark.django_db

MODELS = [Course, Module, Lesson, Block, Quiz, Question, QuestionPool, Enrollment]


def admin_url(model, page, *args):
    return reverse(f"admin:courses_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def mine(client):
    alice = make_instructor("alice")
    course = make_course("Mine alone", instructor=alice)
    make_quiz(lesson=Lesson.objects.for_course(course).first())
    QuestionPool.objects.create(course=course, title="Pool of mine")
    enroll(make_user("sam"), course)
    client.force_login(alice)
    return course


@pytest.fixture
def theirs(mine):
    course = make_course("Theirs alone", instructor=make_instructor("bob"))
    make_quiz(lesson=Lesson.objects.for_course(course).first())
    QuestionPool.objects.create(course=course, title="Pool of theirs")
    enroll(make_user("tess"), course)
    return course


def _row_of(model, course):
    if model is Course:
        return course
    path = {Module: "course", Enrollment: "course"}.get(model)
    path = path or f"{model.objects.none().to_course}"
    return model.objects.filter(**{path: course}).first()


@pytest.mark.parametrize("model", MODELS)
def test_a_list_holds_only_what_one_teaches(client, mine, theirs, model):
    page = client.get(admin_url(model, "changelist"))
    assert page.status_code == 200
    pks = {row.pk for row in page.context["cl"].result_list}
    assert _row_of(model, mine).pk in pks
    assert _row_of(model, theirs).pk not in pks
    assertNotContains(page, "Theirs alone")  # neither in rows nor in filters


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("page", ["change", "delete", "history"])
def test_the_rows_of_others_do_not_exist(client, mine, theirs, model, page):
    assert client.get(admin_url(model, page, _row_of(model, theirs).pk)).status_code == 404


@pytest.mark.parametrize("model", MODELS)
def test_ones_own_rows_open(client, mine, theirs, model):
    page = client.get(admin_url(model, "change", _row_of(model, mine).pk))
    assert page.status_code == 200
    assertNotContains(page, "Theirs alone")
    assert client.get(admin_url(model, "history", _row_of(model, mine).pk)).status_code == 200


def test_autocomplete_offers_only_ones_own_courses(client, mine, theirs):
    query = {"app_label": "courses", "model_name": "module", "field_name": "course", "term": "alone"}
    answer = client.get(reverse("admin:autocomplete"), query).json()
    assert [row["text"] for row in answer["results"]] == ["Mine alone"]


def test_a_module_cannot_be_moved_into_the_course_of_another(client, mine, theirs):
    module = mine.modules.get()
    form = {"course": theirs.pk, "title": "Smuggled", "lessons-TOTAL_FORMS": 0, "lessons-INITIAL_FORMS": 0}
    # 200: the form again, with an error
    assert client.post(admin_url(Module, "change", module.pk), form).status_code == 200
    assert client.post(admin_url(Module, "add"), form).status_code == 200
    assert not Module.objects.filter(title="Smuggled").exists()


def test_whoever_writes_a_course_teaches_it(client, mine):
    form = {
        "title": "New",
        "slug": "new",
        "summary": "Fresh.",
        "status": "draft",
        "modules-TOTAL_FORMS": 1,
        "modules-INITIAL_FORMS": 0,
        "modules-0-title": "First",
        "modules-0-position": "",
    }
    assert client.post(admin_url(Course, "add"), form).status_code == 302
    course = Course.objects.get(slug="new")
    assert course.enrollments.get().role == "instructor"
    assert course.modules.get().position == 1


def test_modules_change_places_in_one_save(client, mine):
    first = mine.modules.get()
    second = Module.objects.create(course=mine, title="Second", position=2)
    form = {
        "title": mine.title,
        "slug": mine.slug,
        "summary": mine.summary,
        "status": mine.status,
        "quiz_accommodations-TOTAL_FORMS": 0,
        "quiz_accommodations-INITIAL_FORMS": 0,
        "modules-TOTAL_FORMS": 2,
        "modules-INITIAL_FORMS": 2,
        "modules-0-id": first.pk,
        "modules-0-course": mine.pk,
        "modules-0-title": first.title,
        "modules-0-position": 2,
        "modules-1-id": second.pk,
        "modules-1-course": mine.pk,
        "modules-1-title": second.title,
        "modules-1-position": 1,
    }
    assert client.post(admin_url(Course, "change", mine.pk), form).status_code == 302
    assert list(mine.modules.values_list("title", "position")) == [("Second", 1), (first.title, 2)]


def test_a_new_lesson_goes_last(client, mine):
    module = mine.modules.get()
    form = {
        "module": module.pk,
        "title": "Added",
        "minutes": 5,
        "edition": 1,
        "status": "draft",
        "blocks-TOTAL_FORMS": 0,
        "blocks-INITIAL_FORMS": 0,
    }
    assert client.post(admin_url(Lesson, "add"), form).status_code == 302
    assert Lesson.objects.get(title="Added").position == 3


def test_an_instructor_neither_adds_nor_deletes_enrollments_nor_deletes_courses(client, mine):
    assert client.get(admin_url(Enrollment, "add")).status_code == 403
    assert client.get(admin_url(Enrollment, "delete", Enrollment.objects.first().pk)).status_code == 403
    assert client.get(admin_url(Course, "delete", mine.pk)).status_code == 403


def test_people_are_for_administrators(client, mine):
    assert client.get(reverse("admin:accounts_user_changelist")).status_code == 403
    client.force_login(make_admin())
    page = client.get(reverse("admin:accounts_user_changelist"))
    assertContains(page, "alice@example.org")


def test_an_administrator_sees_everything(client, mine, theirs):
    client.force_login(make_admin())
    assertContains(client.get(admin_url(Course, "changelist")), "Theirs alone")
    assert client.get(admin_url(Lesson, "change", _row_of(Lesson, theirs).pk)).status_code == 200


def test_students_have_no_business_here(client, mine):
    client.force_login(make_user("charlie"))
    assert client.get(admin_url(Course, "changelist")).status_code == 302


def test_the_list_of_lessons_costs_the_same_for_many(client, mine):
    make_course(modules=4, lessons=5, instructor=Course.objects.get(pk=mine.pk).enrollments.first().user)
    # session, user; choices of the course filter; count; Django's own permissions of the person and of
    # their groups; rows with module and course; twice the emotion gate, for the list of apps and the sidebar
    client.get(admin_url(Lesson, "changelist"))
    with assertNumQueries(9):
        client.get(admin_url(Lesson, "changelist"))
