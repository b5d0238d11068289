import pytest
from django.contrib.auth.models import AnonymousUser

from courses.models import Block, Course, Enrollment, Lesson, Module
from tests.factories import enroll, make_admin, make_course, make_instructor, make_user

pytestmark = pytest.mark.django_db


def test_who_sees_which_course():
    alice, bob = make_instructor("alice"), make_user("bob")
    charlie, admin = make_user("charlie"), make_admin()
    published = make_course(instructor=alice)
    draft = make_course(status="draft", instructor=alice)
    archived = make_course(status="archived", instructor=alice)
    for course in (published, draft, archived):
        enroll(bob, course)

    assert set(Course.objects.visible_to(AnonymousUser())) == {published}
    assert set(Course.objects.visible_to(charlie)) == {published}
    assert set(Course.objects.visible_to(bob)) == {published, archived}
    assert set(Course.objects.visible_to(alice)) == {published, draft, archived}
    assert set(Course.objects.visible_to(admin)) == {published, draft, archived}


def test_lessons_open_to_those_enrolled_and_to_those_who_teach():
    alice, bob = make_instructor("alice"), make_user("bob")
    charlie, admin = make_user("charlie"), make_admin()
    course = make_course(lessons=2, instructor=alice)
    enroll(bob, course)
    shown, hidden = Lesson.objects.in_course_order()
    hidden.status = "draft"
    hidden.save()

    assert set(Lesson.objects.visible_to(AnonymousUser())) == set()
    assert set(Lesson.objects.visible_to(charlie)) == set()
    assert set(Lesson.objects.visible_to(bob)) == {shown}
    assert set(Lesson.objects.visible_to(alice)) == set(Lesson.objects.visible_to(admin)) == {shown, hidden}
    assert set(Block.objects.visible_to(bob)) == set(shown.blocks.all())
    assert set(Module.objects.visible_to(bob)) == set(course.modules.all())


@pytest.mark.parametrize("model", [Course, Module, Lesson, Block, Enrollment])
def test_taught_by_is_the_active_instructor_and_nobody_else(model):
    alice, bob, dora = (make_instructor(name) for name in ("alice", "bob", "dora"))
    admin = make_admin()
    course = make_course(instructor=alice)
    make_course(instructor=bob)
    enroll(dora, course, role="instructor", status="withdrawn")

    total = model.objects.count()
    assert 0 < model.objects.taught_by(alice).count() < total
    assert model.objects.taught_by(dora).count() == 0
    assert model.objects.taught_by(admin).count() == total


def test_withdrawn_students_are_not_active():
    alice, bob = make_user("alice"), make_user("bob")
    course = make_course()
    mine = enroll(alice, course)
    enroll(bob, course, status="withdrawn")
    assert list(Enrollment.objects.active().students().for_course(course)) == [mine]
