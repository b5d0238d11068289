"""The camera's panel beside a lesson: only where it is of use."""

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from emotion.models import CourseCalibration, FeatureGate
from tests.emotion.factories import make_consent
from tests.factories import enroll, make_course

pytestmark = pytest.mark.django_db


def test_a_student_is_asked_before_anything_starts(client, alice, lesson):
    client.force_login(alice)
    page = client.get(lesson.get_absolute_url())
    assertContains(page, "What the camera is for")
    assertContains(page, "Saying no costs nothing")
    assertNotContains(page, "data-camera-start")
    assertNotContains(page, "js/webcam.js")


def test_with_consent_there_is_a_button_and_the_camera_is_off(client, alice, lesson):
    make_consent(alice, lesson.course)
    client.force_login(alice)
    page = client.get(lesson.get_absolute_url())
    assertContains(page, 'data-state="off"')
    assertContains(page, "data-camera-start")
    assertContains(page, "js/webcam.js")


def test_consent_in_another_course_opens_no_camera_here(client, alice, lesson):
    other = make_course()
    enroll(alice, other)
    make_consent(alice, other)
    client.force_login(alice)
    assertNotContains(client.get(lesson.get_absolute_url()), "js/webcam.js")


def test_whoever_teaches_has_no_camera(client, ines, lesson):
    client.force_login(ines)
    page = client.get(lesson.get_absolute_url())
    assert page.status_code == 200
    assertNotContains(page, "data-camera")


def test_with_the_features_off_a_lesson_is_a_lesson(client, alice, lesson):
    make_consent(alice, lesson.course)
    FeatureGate.objects.all().delete()
    client.force_login(alice)
    page = client.get(lesson.get_absolute_url())
    assert page.status_code == 200
    assertNotContains(page, "camera")


def test_who_agreed_to_a_former_text_is_asked_again(client, alice, lesson):
    make_consent(alice, lesson.course, version="2026-01")
    client.force_login(alice)
    page = client.get(lesson.get_absolute_url())
    assertContains(page, "has changed since you agreed, so it stays off until you have read it")
    assertContains(page, "Saying no costs nothing")
    assertNotContains(page, "data-camera-start")
    assertNotContains(page, "js/webcam.js")


def test_how_it_goes_can_always_be_said_and_is_folded_away(client, alice, lesson):
    FeatureGate.objects.all().delete()
    client.force_login(alice)
    page = client.get(lesson.get_absolute_url())
    assertContains(page, 'aria-expanded="false" aria-controls="support-words"')
    assertContains(page, "How is this going?")
    assertContains(
        page, '<button class="support-word" type="button" data-state="confused">Puzzling</button>', html=True
    )


@pytest.mark.parametrize(
    ("locale", "title", "direction"), [("de-AT", "Wie läuft es hier?", "ltr"), ("ar", "كيف تسير الأمور؟", "rtl")]
)
def test_the_support_panel_speaks_ones_language(client, alice, lesson, locale, title, direction):
    alice.locale = locale
    alice.save()
    client.force_login(alice)
    page = client.get(lesson.get_absolute_url())
    assertContains(page, title)
    assertContains(page, f'lang="{locale[:2]}" dir="{direction}" aria-labelledby="support-title"')
    assertNotContains(page, "How is this going?")


def test_who_teaches_reads_how_far_to_trust_the_states(client, ines, alice, course):
    CourseCalibration.objects.create(course=course, answers=12, students=6, shortfall="12 of 40 answers")
    client.force_login(alice)
    assertNotContains(client.get(course.get_absolute_url()), "uncalibrated")
    client.force_login(ines)
    assertContains(client.get(course.get_absolute_url()), "uncalibrated: 12 of 40 answers")
    FeatureGate.objects.all().delete()
    assertNotContains(client.get(course.get_absolute_url()), "uncalibrated")


@pytest.mark.parametrize(
    ("place", "choice", "mode", "loads"),
    [("student", True, "server", True), ("server", False, "server", False), ("device", False, "device", True)],
)
def test_where_pictures_are_read_is_said_and_where_there_is_a_choice_asked(
    client, alice, lesson, settings, place, choice, mode, loads
):
    settings.ATTUNE_READING_PLACE = place
    make_consent(alice, lesson.course)
    client.force_login(alice)
    page = client.get(lesson.get_absolute_url()).content.decode()
    assert ("camera-mode" in page) == choice
    assert f'data-mode="{mode}"' in page
    assert ("data-reader-config" in page) == ("Loads 5.6 MB the first time." in page) == loads


def test_where_no_device_can_read_the_camera_rests(client, alice, lesson, settings, tmp_path):
    settings.ATTUNE_READING_PLACE, settings.CHECKPOINTS_DIR = "device", tmp_path
    make_consent(alice, lesson.course)
    client.force_login(alice)
    page = client.get(lesson.get_absolute_url())
    assertContains(page, "The camera rests for now")
    assertNotContains(page, "data-camera-start")
    assertNotContains(page, "js/webcam.js")
