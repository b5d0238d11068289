"""Lesson climates: an instructor sees their class from five students up, and whoever shares."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertNumQueries

from courses.models import Lesson
from emotion import support
from emotion.models import FeatureGate, SupportEvent
from tests.emotion.factories import make_bucket, make_class, make_model, make_session
from tests.factories import enroll, make_admin, make_course, make_instructor, make_user

pytestmark = pytest.mark.django_db

LIST = "/admin/emotion/lessonclimate/"


def url(lesson, student=None) -> str:
    address = reverse("admin:emotion_lessonclimate_change", args=[lesson.pk])
    return f"{address}?student={student}" if student else address


@pytest.fixture
def signed_in(client, ines, lesson):
    client.force_login(ines)
    return ines


def test_four_students_are_not_enough(client, signed_in, lesson):
    make_class(lesson, 4)
    page = client.get(url(lesson))
    assertContains(page, "Not enough students yet")
    assertContains(page, "from 5 students up")
    assertNotContains(page, "lesson-chart")
    assertNotContains(page, "happiness")


def test_five_students_are_a_class(client, signed_in, lesson):
    make_class(lesson, 5, neutral=2, sadness=8)
    page = client.get(url(lesson))
    assertContains(page, "5 students together")
    assertContains(page, "Mostly sadness (80%), then neutral (20%).")
    assertContains(page, "ask before you conclude")
    assertContains(page, "fill-sadness")
    assertNotContains(page, "Student1")  # nobody shares, so nobody is named


def test_a_student_who_shares_is_listed_and_shown(client, signed_in, lesson, alice):
    make_class(lesson, 5)
    make_bucket(make_session(alice, lesson, share=True), fear=10)
    assertContains(client.get(url(lesson)), f'<a href="?student={alice.pk}">Alice</a>', html=True)
    page = client.get(url(lesson, alice.pk))
    assertContains(page, "Alice shares this with you")
    assertContains(page, f'href="/lessons/{lesson.pk}/shared/{alice.pk}/chart.csv"')
    assertContains(client.get(url(lesson)), f'href="/lessons/{lesson.pk}/climate/chart.csv"')
    assertContains(page, "Mostly fear (100%)")
    assertContains(page, "a history is kept and shared with those who teach the course. Their camera may be read.")
    assertNotContains(client.get(url(lesson)), "Their camera")


def test_a_student_who_shares_an_earlier_edition_has_nothing_to_show(client, signed_in, lesson, alice):
    make_bucket(make_session(alice, lesson, share=True))
    Lesson.objects.filter(pk=lesson.pk).update(edition=2)
    assertContains(client.get(url(lesson, alice.pk)), "Nothing to show for Alice")


def test_a_student_who_does_not_share_does_not_exist(client, signed_in, lesson, alice):
    make_bucket(make_session(alice, lesson))
    make_class(lesson, 5)
    for student in (alice.pk, signed_in.pk, 999_999, "x"):
        assert client.get(url(lesson, student)).status_code == 404


def test_the_instructor_of_another_course_sees_nothing(client, signed_in, lesson, alice):
    make_bucket(make_session(alice, lesson, share=True))
    other = make_instructor("ivo")
    mine = make_course("Ivo's own", instructor=other)
    client.force_login(other)
    assert client.get(url(lesson)).status_code == 404
    assert client.get(url(lesson, alice.pk)).status_code == 404
    page = client.get(LIST)
    assertNotContains(page, lesson.course.title)
    assert {row.course for row in page.context["cl"].result_list} == {mine}


def test_everyone_else_is_sent_to_sign_in(client, lesson, alice):
    for user in (None, alice, make_user("charlie")):
        if user:
            client.force_login(user)
        for address in (LIST, url(lesson)):
            assert client.get(address).status_code == 302


def test_an_instructor_who_takes_a_course_as_a_student_reads_nothing_there(client, lesson):
    ivo = make_instructor("ivo")
    make_course(instructor=ivo)
    enroll(ivo, lesson.course)
    client.force_login(ivo)
    assert client.get(url(lesson)).status_code == 404


def test_an_administrator_sees_every_class(client, lesson):
    make_class(lesson, 5)
    client.force_login(make_admin())
    assertContains(client.get(url(lesson)), "5 students together")


def test_with_the_features_off_there_are_no_climates(client, signed_in, lesson):
    make_class(lesson, 5)
    assertContains(client.get("/admin/"), LIST)
    FeatureGate.objects.all().delete()
    assert client.get(url(lesson)).status_code == 404
    assert client.get(LIST).status_code == 403
    assertNotContains(client.get("/admin/"), LIST)


def test_a_climate_is_only_for_reading(client, signed_in, lesson):
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.get(reverse("admin:emotion_lessonclimate_delete", args=[lesson.pk])).status_code in (403, 404)
    assert client.get(reverse("admin:emotion_lessonclimate_history", args=[lesson.pk])).status_code == 404
    client.post(url(lesson), {"title": "Changed"})
    lesson.refresh_from_db()
    assert lesson.title != "Changed"


def test_a_climate_costs_the_same_for_many_students(client, signed_in, lesson):
    make_class(lesson, 12, share=True)
    client.get(url(lesson))
    # session, user; lesson, its module and course; teaches; who shares; what is kept of it; whether there is any; sums;
    # who is let in; blocks;
    # Django's own permissions of the person and of their groups; the gate, asked by the page and by the menu (4);
    # how far to trust it
    with assertNumQueries(19):
        client.get(url(lesson))


def test_the_registry_of_models_is_for_administrators_and_for_reading(client, signed_in):
    model = make_model("small")
    address = reverse("admin:emotion_modelversion_change", args=[model.pk])
    assert client.get("/admin/emotion/modelversion/").status_code == 403
    client.force_login(make_admin())
    assertContains(client.get("/admin/emotion/modelversion/"), "small")
    assert client.get(address).status_code == 200
    assert client.post(address, {"status": "promoted"}).status_code == 403
    assert client.get("/admin/emotion/modelversion/add/").status_code == 403


def test_the_list_costs_the_same_for_many_lessons(client, signed_in, course):
    make_course(modules=3, lessons=4, instructor=signed_in)
    client.get(LIST)
    # session, user; choices of the course filter; count; Django's own permissions of the person and of their groups;
    # rows with module and course; the gate, asked by the page and by the menu (4)
    with assertNumQueries(11):
        client.get(LIST)


def test_a_rules_page_says_whether_it_helps_and_by_which_bound_it_is_judged(client, lesson):
    """By course, from five students up, who are let in together: an administrator subtracts as well as anybody."""
    rule = support.add_starter_rules("confused")[0]
    address = reverse("admin:emotion_supportrule_change", args=[rule.pk])
    client.force_login(make_admin())
    few = [enroll(make_user(f"reader{number}"), lesson.course).user for number in range(4)]
    yesterday = timezone.now() - timedelta(days=1)

    def offer(users):
        SupportEvent.objects.bulk_create(
            SupportEvent(
                rule=rule, user=user, lesson=lesson, state="confused", confidence=0.8, randomised=True, at=yesterday,
                held_out=number % 2 == 0, stayed=number % 2 == 0,
            )
            for user in users for number in range(12)
        )  # fmt: skip

    before = client.get(address)
    assertContains(before, "fewer than five students")
    offer(few)
    assertContains(client.get(address), "fewer than five students")
    assertNotContains(client.get(address), "Shown 24")
    offer([enroll(make_user("reader4"), lesson.course).user])
    page = client.get(address)
    assertContains(page, f"{lesson.course}: Shown 30, accepted 0, dismissed 0")
    assertContains(page, "Went on with the lesson: -100%")
    assertContains(page, "surely below -80%")
    offer([enroll(make_user("reader5"), lesson.course).user])
    assertContains(client.get(address), "Shown 30,")  # a sixth waits for four more
    client.force_login(make_instructor("ivo"))
    assert client.get(address).status_code == 404
