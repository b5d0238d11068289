import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertNumQueries, assertRedirects

from courses import panels
from courses.models import Enrollment, Lesson, Progress
from tests.factories import (
    enroll,
    make_course,
    make_instructor,
    make_quiz,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(client):
    alice = make_user("alice")
    client.force_login(alice)
    return alice


def url(name, *args):
    return reverse(f"courses:{name}", args=args)


def test_the_landing_page_leads_those_signed_in_home(client):
    assertContains(client.get("/"), "Create an account")
    client.force_login(make_user())
    assertRedirects(client.get("/"), "/home/")


def test_home_says_what_will_be_here(client, alice):
    assertContains(client.get("/home/"), "Find a course")


def test_home_continues_where_you_left_off(client, alice):
    course = make_course(lessons=3)
    enroll(alice, course)
    first, second, _ = Lesson.objects.in_course_order()
    client.post(url("complete", first.pk))
    block = second.blocks.last()
    client.post(url("progress", second.pk), {"block": block.pk})
    page = client.get("/home/")
    assertContains(page, "Continue where you left off")
    assertContains(page, f"/lessons/{second.pk}/#block-{block.pk}")
    assertContains(page, "1 of 3 lessons")


def test_home_costs_the_same_for_many_courses(client, alice):
    for _ in range(9):
        enroll(alice, make_course(modules=2))
    # session, user; enrollments with courses; how far I got in each; their lessons counted; the lessons of the nearest,
    # my progress there; what is due of quizzes (two, one more when some close) and of assignments; the bell
    with assertNumQueries(11):
        page = client.get("/home/")
    assertContains(page, "Next: Lesson 1.1", count=3)


def test_home_puts_what_was_seen_last_first_and_finished_courses_go_on_nowhere(client, alice):
    old, done, fresh = make_course("Old", lessons=2), make_course("Done", lessons=1), make_course("Fresh", lessons=2)
    for course in (old, done, fresh):
        enroll(alice, course)
    for course in (fresh, old, done):
        client.get(Lesson.objects.for_course(course).in_course_order().first().get_absolute_url())
    client.post(url("complete", Lesson.objects.for_course(done).get().pk))
    page = client.get("/home/").content.decode()
    assert page.index(">Done<") < page.index(">Old<") < page.index(">Fresh<")
    assert "Old, lesson 1 of 2" in page
    assert "Finished. Every lesson stays open to you." in page


def test_the_catalogue_shows_published_courses_only(client):
    make_course("Open waters")
    make_course("Half written", status="draft")
    # courses; their lessons; mine (asked with no one signed in too, and empty)
    page = client.get(url("catalogue"))
    assertContains(page, "Open waters")
    assertNotContains(page, "Half written")


def test_the_catalogue_costs_the_same_for_many_courses(client, alice):
    for _ in range(30):
        make_course(lessons=1)
    # session, user; how many; the courses of this page; their lessons counted; which are mine (none); the bell
    with assertNumQueries(7):
        page = client.get(url("catalogue"))
    assertContains(page, "Page 1 of 2")
    assertContains(client.get(url("catalogue"), {"page": 2}), "Page 2 of 2")


def test_the_catalogue_says_how_long_a_course_is_and_how_far_one_has_come(client, alice):
    mine, other = make_course("Mine", lessons=4), make_course("Another", lessons=2)
    Lesson.objects.for_course(other).update(minutes=20)
    enroll(alice, mine)
    Lesson.objects.for_course(mine).filter(position=4).update(status="draft")
    client.post(url("complete", Lesson.objects.for_course(mine).in_course_order().first().pk))
    page = client.get(url("catalogue"))
    assertContains(page, "1 of 3 lessons")
    assertContains(page, "2 lessons, 40 minutes")


def test_a_draft_does_not_exist_for_outsiders(client):
    course = make_course(status="draft")
    assert client.get(url("course", course.slug)).status_code == 404
    client.force_login(make_user("charlie"))
    assert client.get(url("course", course.slug)).status_code == 404
    assert client.post(url("enroll", course.slug)).status_code == 404


def test_enrolling_from_the_course_page(client, alice):
    course = make_course()
    assertContains(client.get(url("course", course.slug)), "Enroll")
    page = client.post(url("enroll", course.slug), follow=True)
    assertContains(page, "You are enrolled")
    assertContains(page, "Begin")
    client.post(url("enroll", course.slug))
    assert Enrollment.objects.filter(user=alice).count() == 1


def test_a_visitor_signs_in_before_enrolling(client):
    course = make_course()
    assert client.post(url("enroll", course.slug)).url.startswith("/accounts/login/")
    assert not Enrollment.objects.exists()


def test_leaving_a_course(client, alice):
    course = make_course()
    enroll(alice, course)
    assertRedirects(client.post(url("leave", course.slug)), "/home/")
    assert not Enrollment.objects.active().exists()


def test_a_lesson_for_everyone_who_might_ask(client):
    ines, other = make_instructor("ines"), make_instructor("ivo")
    course = make_course(instructor=ines)
    lesson = Lesson.objects.first()
    bob, charlie = make_user("bob"), make_user("charlie")
    enroll(bob, course)

    assert client.get(url("lesson", lesson.pk)).url.startswith("/accounts/login/")
    for user, status in ((bob, 200), (ines, 200), (charlie, 302), (other, 302)):
        client.force_login(user)
        assert client.get(url("lesson", lesson.pk)).status_code == status
    page = client.get(url("lesson", lesson.pk), follow=True)
    assertContains(page, "Enroll to open the lessons")

    lesson.status = "draft"
    lesson.save()
    for user, status in ((bob, 404), (ines, 200), (charlie, 404)):
        client.force_login(user)
        assert client.get(url("lesson", lesson.pk)).status_code == status


@pytest.mark.parametrize("action", ["progress", "complete"])
def test_outsiders_cannot_write_progress(client, alice, action):
    make_course()
    lesson = Lesson.objects.first()
    assert client.post(url(action, lesson.pk), {"block": lesson.blocks.first().pk}).status_code == 404
    assert not Progress.objects.exists()


def test_the_lesson_page_carries_what_panels_and_scripts_rely_on(client, alice):
    enroll(alice, make_course())
    lesson = Lesson.objects.first()
    page = client.get(url("lesson", lesson.pk))
    assertContains(page, f'data-lesson-id="{lesson.pk}" data-edition="1"')
    for block in lesson.blocks.all():
        assertContains(page, f'<section class="block" id="block-{block.pk}" data-block-id="{block.pk}"')
    assert Progress.objects.get().lesson == lesson


def test_an_instructor_looking_at_a_lesson_leaves_no_progress(client):
    ines = make_instructor()
    make_course(instructor=ines)
    client.force_login(ines)
    client.get(url("lesson", Lesson.objects.first().pk))
    assert not Progress.objects.exists()


def test_a_long_lesson_costs_the_same_as_a_short_one(client, alice, django_assert_max_num_queries):
    course = make_course(modules=3, lessons=4, blocks=10)
    enroll(alice, course)
    lesson = Lesson.objects.first()
    client.get(url("lesson", lesson.pk))
    # session, user; lesson with course; learns (twice), teaches; may be locked; progress with its savepoint (5);
    # blocks; outline (2); the discussion panel; the bell
    with django_assert_max_num_queries(20):
        client.get(url("lesson", lesson.pk))


def test_completing_leads_to_the_next_lesson_and_in_the_end_to_the_course(client, alice):
    course = make_course(lessons=2)
    enroll(alice, course)
    first, second = Lesson.objects.in_course_order()
    assertRedirects(client.post(url("complete", first.pk)), url("lesson", second.pk))
    page = client.post(url("complete", second.pk), follow=True)
    assertContains(page, "is complete")
    assertContains(page, "You finished this course")


def test_another_app_can_put_a_panel_beside_the_lesson(client, alice, monkeypatch):
    monkeypatch.setattr(panels, "_lesson", {})
    shown = panels.LessonPanel("courses/_progress_line.html", {"outline": {"total": 41}}, scripts=("js/lesson.js",))
    panels.register_lesson_panel("late", lambda request, lesson: shown)
    panels.register_lesson_panel("silent", lambda request, lesson: None)
    enroll(alice, make_course())
    page = client.get(url("lesson", Lesson.objects.first().pk))
    assertContains(page, "of 41 lessons")
    assertContains(page, '<script type="module" src="/static/js/lesson.js"></script>')


def test_no_page_holds_an_inline_script_or_style(client, alice):
    course = make_course()
    enroll(alice, course)
    make_quiz(lesson=Lesson.objects.first())
    lesson = url("lesson", Lesson.objects.first().pk)
    for path in ("/home/", "/courses/", course.get_absolute_url(), lesson, "/you/"):
        html = client.get(path).content.decode()
        assert not any(inline in html for inline in ("<script>", "<style", " style=", " onclick="))
