"""The camera's panel beside a lesson: only where it is of use."""

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from emotion.models import FeatureGate
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
