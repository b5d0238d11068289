import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from courses.models import (
    Block,
    Certificate,
    CertificateRule,
    Course,
    Enrollment,
    LearningEvent,
    Lesson,
    LessonRevision,
    Module,
    Progress,
)
from courses.studio import services
from tests.courses.studio.addresses import url
from tests.factories import enroll, make_admin, make_course, make_instructor, make_user

pytestmark = pytest.mark.django_db

JSON = {"accept": "application/json"}
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 50


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def course(ines) -> Course:
    return make_course("Bread", modules=2, lessons=3, blocks=3, instructor=ines, status="draft")


def save(client, block, **fields):
    sent = {"title": block.title, "body": block.body, "rule": "none", "version": block.version, **fields}
    return client.post(url("save-block", block.pk), sent, headers=JSON)


def titles(rows) -> list[str]:
    return [row.title for row in rows.order_by("position")]


def test_a_course_begins_with_two_lines(client, ines):
    answer = client.post(url("new"), {"title": "Bread at home", "summary": "Flour and time."})
    course = Course.objects.get()
    assertRedirects(answer, url("course", "bread-at-home"))
    assert (course.status, course.is_taught_by(ines), Lesson.objects.count()) == ("draft", True, 1)
    client.post(url("new"), {"title": "Bread at home", "summary": "Another."})
    assert Course.objects.filter(slug="bread-at-home-2").exists()


@pytest.mark.parametrize("title", ["New", "???", "新しい"])
def test_any_title_makes_an_address_of_its_own(client, ines, title):
    answer = client.post(url("new"), {"title": title, "summary": "x"}, follow=True)
    assertContains(answer, "Edit the course")
    assert Course.objects.get().slug not in ("new", "")


def test_a_course_without_its_two_lines_is_not_begun(client, ines):
    answer = client.post(url("new"), {"title": "", "summary": "Kept."})
    assert answer.status_code == 422
    assertContains(answer, "Kept.", status_code=422)


def test_nobody_else_gets_to_the_pages_of_authors(client, course):
    lesson, module, block = Lesson.objects.first(), Module.objects.first(), Block.objects.first()
    revision = LessonRevision.objects.create(lesson=lesson, content={})
    student = make_user("alice")
    enroll(student, course)
    course.status = "published"
    course.save()
    assistant = make_user("anna")
    enroll(assistant, course, role="assistant")
    pages = [
        ("get", url("course", course.slug)),
        ("get", url("lesson", lesson.pk)),
        ("get", url("history", lesson.pk)),
        ("get", url("details", block.pk)),
        *(("post", url(name, course.slug)) for name in ("save-course", "course-status", "add-module")),
        *(("post", url(name, module.pk)) for name in ("save-module", "remove-module", "add-lesson")),
        *(("post", url(name, lesson.pk)) for name in ("save-lesson", "lesson-status", "add-block", "remove-lesson")),
        *(("post", url(name, block.pk)) for name in ("save-block", "attach-file", "remove-block")),
        ("post", url("restore", revision.pk)),
    ]
    client.logout()
    for method, address in pages:
        assert getattr(client, method)(address).url.startswith("/accounts/login/"), address
    for outsider in (student, assistant, make_user("charlie"), make_instructor("ivo")):
        client.force_login(outsider)
        for method, address in pages:
            assert getattr(client, method)(address).status_code == 404, (address, outsider)
        assert client.post(url("move"), {"kind": "block", "pk": block.pk}).status_code == 404
    client.force_login(make_admin())
    assert client.get(url("lesson", lesson.pk)).status_code == 200


def test_only_staff_begin_courses(client):
    client.force_login(make_user("alice"))
    assert client.get(url("new")).status_code == 302
    assert client.post(url("preview"), {"text": "x"}).status_code == 302


def test_a_part_is_saved_and_told_when(client, course):
    block = Block.objects.first()
    answer = save(client, block, title="Flour", body="**Wheat**", rule="seen").json()
    block.refresh_from_db()
    assert (block.title, block.body, block.rule, block.rule_value) == ("Flour", "**Wheat**", "seen", 30)
    assert (answer["version"], answer["missing"]) == (2, "")
    assert answer["saved_at"]


def test_without_a_script_the_form_goes_back_to_its_part(client, course):
    block = Block.objects.first()
    fields = {"title": "Flour", "body": "x", "rule": "none", "version": 1}
    answer = client.post(url("save-block", block.pk), fields)
    assert answer.url == f"/lessons/{block.lesson_id}/edit/#block-{block.pk}"


def test_half_written_work_is_saved_with_a_word_on_what_is_missing(client, course):
    lesson = Lesson.objects.first()
    client.post(url("add-block", lesson.pk), {"kind": "image"})
    block = Block.objects.get(kind="image")
    assert save(client, block, alt_text="A loaf").json()["missing"] == "Choose a picture."


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"title": ""}, "required"),
        ({"rule": "watched"}, "cannot be completed in that way"),
        ({"rule": "seen", "rule_value": 99999}, "3600 is the most"),
        ({"version": "x"}, "whole number"),
    ],
)
def test_what_cannot_be_saved_is_said_and_changes_nothing(client, course, fields, words):
    block = Block.objects.first()
    answer = save(client, block, **{"body": "New words", **fields})
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert Block.objects.get(pk=block.pk).body == block.body


def test_two_authors_of_one_part_notice_each_other(client, course):
    block = Block.objects.first()
    assert save(client, block, body="Ines wrote this.").status_code == 200
    late = save(client, block, body="Ivo wrote that.")  # he has read version 1
    assert late.status_code == 409
    assert late.json()["theirs"]["body"] == "Ines wrote this."
    assert Block.objects.get(pk=block.pk).body == "Ines wrote this."
    block.version = late.json()["version"]
    assert save(client, block, body="Ivo wrote that.").status_code == 200


def test_what_an_author_wrote_last_follows_their_own_saves_that_had_no_answer_yet(client, course):
    block = Block.objects.first()
    assert save(client, block, body="First.").status_code == 200
    last = save(client, block, body="First and last.", follows=1)  # sent while the page closed
    assert (last.status_code, last.json()["version"]) == (200, 3)
    assert save(client, block, body="First.", follows=1).status_code == 409, "what comes after it changes nothing"
    assert save(client, block, body="Alone.", version=3, follows=2).status_code == 200, "those before never arrived"
    assert Block.objects.get(pk=block.pk).body == "Alone."
    assert save(client, block, version=1, follows=5_000).status_code == 422


def test_somebody_elses_save_is_not_taken_for_ones_own(client, course):
    block, ivo = Block.objects.first(), make_instructor("ivo")
    enroll(ivo, course, role="instructor")
    services.save_block(block=block, author=ivo, version=1, changes={"body": "Ivo wrote that."})
    late = save(client, block, body="Ines wrote this.", follows=1)
    assert (late.status_code, late.json()["theirs"]["body"]) == (409, "Ivo wrote that.")


def test_a_picture_is_attached_and_another_file_refused(client, course):
    client.post(url("add-block", Lesson.objects.first().pk), {"kind": "image"})
    block = Block.objects.get(kind="image")
    address = url("attach-file", block.pk)
    refused = client.post(
        address, {"use": "image", "file": SimpleUploadedFile("a.png", b"<svg onload=alert(1)>")}, headers=JSON
    )
    assert (refused.status_code, "not a picture" in refused.json()["detail"]) == (422, True)
    taken = client.post(address, {"use": "image", "file": SimpleUploadedFile("a.png", PNG)}, headers=JSON).json()
    assert taken["missing"].startswith("Say what the picture shows")
    save(client, Block.objects.get(pk=block.pk), alt_text="A loaf")
    assertContains(client.get(block.lesson.get_absolute_url()), 'alt="A loaf"')
    assert client.get(taken["url"])["Content-Type"] == "image/png"


def test_rows_move_by_their_arrows(client, course):
    lesson = Lesson.objects.first()
    first, second, third = lesson.blocks.order_by("position")
    for row, step in ((third, "up"), (first, "down"), (first, "up"), (third, "up"), (second, "down")):
        client.post(url("move"), {"kind": "block", "pk": row.pk, "step": step})
    # 1 3 2, 3 1 2, 1 3 2, 3 1 2, and the last one goes nowhere
    assert titles(lesson.blocks) == ["Block 3", "Block 1", "Block 2"]


def test_a_row_is_dragged_before_another_and_into_another_module(client, course):
    first, second = course.modules.order_by("position")
    a, _, c = first.lessons.order_by("position")
    client.post(url("move"), {"kind": "lesson", "pk": c.pk, "before": a.pk}, headers=JSON)
    assert titles(first.lessons) == ["Lesson 1.3", "Lesson 1.1", "Lesson 1.2"]
    target = second.lessons.order_by("position")[1]
    client.post(url("move"), {"kind": "lesson", "pk": a.pk, "before": target.pk, "module": second.pk}, headers=JSON)
    assert titles(first.lessons) == ["Lesson 1.3", "Lesson 1.2"]
    assert titles(second.lessons) == ["Lesson 2.1", "Lesson 1.1", "Lesson 2.2", "Lesson 2.3"]
    assert [lesson.position for lesson in second.lessons.order_by("position")] == [1, 2, 3, 4]


def test_a_lesson_cannot_be_dragged_into_somebody_elses_course(client, course, ines):
    foreign = make_course(instructor=ines).modules.get()
    lesson = Lesson.objects.for_course(course).first()
    answer = client.post(url("move"), {"kind": "lesson", "pk": lesson.pk, "module": foreign.pk}, headers=JSON)
    assert answer.status_code == 404
    assert Lesson.objects.get(pk=lesson.pk).module.course == course


def test_two_people_reordering_at_once_both_get_what_they_asked_for(client, course):
    """Each saw 1 2 3. One moves 3 to the front, the other moves 1 to the end."""
    lesson = Lesson.objects.first()
    first, _, third = lesson.blocks.order_by("position")
    client.post(url("move"), {"kind": "block", "pk": third.pk, "before": first.pk}, headers=JSON)
    client.post(url("move"), {"kind": "block", "pk": first.pk}, headers=JSON)
    assert titles(lesson.blocks) == ["Block 3", "Block 2", "Block 1"]


def test_publishing_waits_for_something_to_read(client, ines):
    client.post(url("new"), {"title": "Bread", "summary": "x"})
    course, lesson = Course.objects.get(), Lesson.objects.get()
    answer = client.post(url("course-status", course.slug), {"status": "published"}, follow=True)
    assertContains(answer, "Publish a lesson first")
    answer = client.post(url("lesson-status", lesson.pk), {"status": "published"}, follow=True)
    assertContains(answer, "nothing to show yet")
    client.post(url("add-block", lesson.pk), {"kind": "text"})
    save(client, Block.objects.get(), body="Flour.")
    client.post(url("lesson-status", lesson.pk), {"status": "published"})
    client.post(url("course-status", course.slug), {"status": "published"})
    client.logout()
    assertContains(client.get("/courses/"), "Bread")
    client.force_login(ines)
    client.post(url("course-status", course.slug), {"status": "archived"})
    assertNotContains(client.get("/courses/"), "Bread")


def test_what_students_began_is_not_removed(client, course):
    lesson = Lesson.objects.first()
    Progress.objects.create(user=make_user("alice"), lesson=lesson)
    assertContains(client.post(url("remove-lesson", lesson.pk), follow=True), "Students have opened this lesson")
    assertContains(client.post(url("remove-module", lesson.module_id), follow=True), "still has lessons")
    assert Lesson.objects.filter(pk=lesson.pk).exists()
    fresh = lesson.module.lessons.exclude(pk=lesson.pk).first()
    client.post(url("remove-lesson", fresh.pk))
    assert [row.position for row in lesson.module.lessons.order_by("position")] == [1, 2]


@pytest.mark.parametrize("how", ["removed", "made a draft"])
def test_a_lesson_less_completes_the_course_for_those_who_had_but_that_one_left(
    client, course, how, django_capture_on_commit_callbacks
):
    *done, last = Lesson.objects.for_course(course).in_course_order()
    CertificateRule.objects.create(course=course, is_on=True)
    alice, bob = (enroll(make_user(name), course).user for name in ("alice", "bob"))
    now = timezone.now()
    for lesson in done:
        Progress.objects.create(user=alice, lesson=lesson, started_at=now, completed_at=now)
    Progress.objects.create(user=bob, lesson=done[0], started_at=now, completed_at=now)
    with django_capture_on_commit_callbacks(execute=True):
        if how == "removed":
            client.post(url("remove-lesson", last.pk))
        else:
            client.post(url("lesson-status", last.pk), {"status": "draft"})
    assert [event.user for event in LearningEvent.objects.filter(kind="course_completed")] == [alice]
    assert [certificate.user for certificate in Certificate.objects.all()] == [alice]


def test_the_history_brings_a_lesson_back(client, course, ines):
    lesson = Lesson.objects.first()
    first, second, _ = lesson.blocks.order_by("position")
    save(client, first, body="The first wording.")
    LessonRevision.objects.update(created_at="2026-01-01T00:00Z")  # another sitting
    save(client, Block.objects.get(pk=first.pk), body="A worse wording.")
    client.post(url("remove-block", second.pk))
    client.post(url("add-block", lesson.pk), {"kind": "reflection"})
    page = client.get(url("history", lesson.pk))
    assertContains(page, "A worse wording.")
    old = LessonRevision.objects.filter(author=ines).earliest("pk")
    assertContains(client.get(url("history", lesson.pk), {"revision": old.pk}), "Make it read like this again")
    client.post(url("restore", old.pk))
    assert titles(lesson.blocks) == ["Block 1", "Block 2", "Block 3"]
    assert lesson.blocks.get(pk=first.pk).body == "The first wording."
    assert lesson.blocks.filter(pk=second.pk).exists(), "the same block, with what students did there"
    # and the restore can be undone
    client.post(url("restore", LessonRevision.objects.all()[1].pk))
    assert "Reflection" in titles(lesson.blocks)
    assert lesson.blocks.get(pk=first.pk).body == "A worse wording."


def test_saves_of_one_sitting_are_one_revision_and_another_author_begins_a_new_one(client, course):
    block = Block.objects.first()
    for words in ("One", "One two", "One two three"):
        block.version = save(client, block, body=words).json()["version"]
    assert LessonRevision.objects.count() == 2  # how it read before, and the sitting
    ivo = make_instructor("ivo")
    Enrollment.objects.create(user=ivo, course=course, role="instructor")
    client.force_login(ivo)
    save(client, block, body="Four")
    assert list(LessonRevision.objects.values_list("author__display_name", flat=True)) == ["Ivo", "Ines", None]


def test_a_removed_part_is_gone_for_students(client, course):
    lesson = Lesson.objects.first()
    block = lesson.blocks.first()
    client.post(url("remove-block", block.pk))
    assertNotContains(client.get(lesson.get_absolute_url()), f'id="block-{block.pk}"')
    assert [b.position for b in lesson.blocks.order_by("position")] == [1, 2]


def test_the_preview_shows_what_students_would_see_and_nothing_dangerous(client, ines):
    html = client.post(url("preview"), {"text": "**bold** <script>alert(1)</script>"}).json()["html"]
    assert "<strong>bold</strong>" in html
    assert "<script" not in html


def test_the_editor_costs_the_same_for_many_parts(client, course, django_assert_num_queries):
    lesson = Lesson.objects.first()
    # session, user, unread; the lesson with its course, if it is taught; its blocks with quiz and files
    with django_assert_num_queries(5):
        client.get(url("lesson", lesson.pk))
    for position in range(10, 30):
        Block.objects.create(lesson=lesson, title="More", body="x", position=position)
    with django_assert_num_queries(5):
        client.get(url("lesson", lesson.pk))
