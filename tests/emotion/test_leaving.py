"""Whoever stops taking a course as a student takes their yes along: nobody reads their face any more, by whatever way
they went, and what is kept of them stays theirs to read and to erase."""

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from accounts import audit
from accounts.models import AuditEntry
from courses.enrollment import roster
from courses.enrollment import services as enrollment
from courses.models import Course, Enrollment
from emotion import consents, selectors
from emotion.models import Consent, EmotionBucket, LessonSession
from emotion.retention import apply_retention
from emotion.shared_signs import signs_shared_with
from tests.emotion.factories import make_bucket, make_consent, make_session
from tests.factories import enroll, make_course, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store", "told")]


@pytest.fixture
def shared(alice, lesson):
    """A history that Alice shares with Ines."""
    session = make_session(alice, lesson, share=True)
    make_bucket(session)
    return session


def leave(alice, course, ines):
    enrollment.withdraw_student(user=alice, course=course)


def be_taken_out(alice, course, ines):
    enrollment.remove_person(enrollment=Enrollment.objects.get(user=alice, course=course))


def become_assistant(alice, course, ines):
    member = Enrollment.objects.get(user=alice, course=course)
    enrollment.change_membership(enrollment=member, role="assistant", cohort=None)


def become_observer_by_table(alice, course, ines):
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    text = f"email,role\n{alice.email},observer\n"
    roster.carry_out(course=course, text=text, invite=False, made_by=ines, site="http://testserver")


def become_instructor(alice, course, ines):
    enrollment.enroll_instructor(user=alice, course=course)


WAYS = [leave, be_taken_out, become_assistant, become_observer_by_table, become_instructor]


@pytest.mark.parametrize("way", WAYS)
def test_who_goes_takes_their_yes_along(way, alice, course, ines, shared, told, django_capture_on_commit_callbacks):
    bob = make_user("bob")
    enroll(bob, course)
    make_consent(bob, course, share=True)
    make_consent(alice, make_course(), share=True)
    with django_capture_on_commit_callbacks(execute=True):
        way(alice, course, ines)
    assert set(Consent.objects.in_force().values_list("user", "course")) == {
        (bob.pk, course.pk),
        (alice.pk, Course.objects.exclude(pk=course.pk).get().pk),
    }
    shared.refresh_from_db()
    assert shared.ended_at is not None
    assert told[str(shared.pk)][-1] == {
        "type": "closed",
        "message": "You no longer take this course; the camera stops.",
    }
    entry = AuditEntry.objects.filter(action=audit.Action.CONSENT_WITHDRAWN).get()
    assert (entry.detail, entry.actor) == ({"course": course.pk, "because": "left"}, "")
    assert AuditEntry.objects.of(alice).filter(pk=entry.pk).exists()
    assert EmotionBucket.objects.exists()  # the history stays, and is hers


@pytest.mark.parametrize("how", ["edited", "deleted", "deleted from the list"])
def test_in_the_administration_too(admin_client, alice, course, shared, how):
    member = Enrollment.objects.get(user=alice, course=course)
    one = reverse("admin:courses_enrollment_change", args=[member.pk])
    if how == "edited":
        answer = admin_client.post(one, {"role": "student", "status": "withdrawn", "cohort": ""})
    elif how == "deleted":
        answer = admin_client.post(reverse("admin:courses_enrollment_delete", args=[member.pk]), {"post": "yes"})
    else:
        chosen = {"action": "delete_selected", "_selected_action": [member.pk], "post": "yes"}
        answer = admin_client.post(reverse("admin:courses_enrollment_changelist"), chosen)
    assert answer.status_code == 302
    assert not Enrollment.objects.active().filter(user=alice).exists()
    assert not Consent.objects.in_force().exists()


@pytest.mark.parametrize("change", [{"status": "withdrawn"}, {"role": "observer"}])
def test_even_a_yes_that_nobody_ended_is_shared_with_nobody(alice, course, ines, lesson, shared, change):
    """Set past the services, as by hand in the database; the night ends it then."""
    assert LessonSession.objects.shared_with(ines).exists()
    Enrollment.objects.filter(user=alice, course=course).update(**change)
    assert Consent.objects.in_force().exists()
    assert not Consent.objects.shared().exists()
    assert not LessonSession.objects.shared_with(ines).exists()
    assert not selectors.students_who_share(viewer=ines, lesson=lesson)
    assert not selectors.shared_timeline(viewer=ines, student_id=alice.pk, lesson=lesson)["points"]
    assert signs_shared_with(course, ines, [alice.pk]) == {}
    apply_retention()
    assert not Consent.objects.in_force().exists()


def test_a_yes_to_a_former_text_is_shared_with_nobody(ines, shared):
    Consent.objects.update(version="2025-01-a")
    assert not Consent.objects.shared().exists()
    assert not LessonSession.objects.shared_with(ines).exists()


def test_who_returns_is_asked_anew(alice, course, ines, shared):
    leave(alice, course, ines)
    enrollment.enroll_student(user=alice, course=course)
    assert not Consent.objects.in_force().exists()
    assert not LessonSession.objects.shared_with(ines).exists()


# What is kept stays one's own.


def pages(lesson):
    return [
        reverse("emotion:history", args=[lesson.pk]),
        reverse("emotion:course-history", args=[lesson.course.slug]),
        reverse("emotion-api:history", args=[lesson.pk]),
        reverse("emotion-api:own-history") + f"?lesson={lesson.pk}",
        reverse("emotion-api:own-history") + f"?course={lesson.course.pk}",
    ]


def test_ones_own_history_is_there_after_leaving(client, alice, course, ines, lesson, shared):
    leave(alice, course, ines)
    client.force_login(alice)
    for page in pages(lesson):
        assert client.get(page).status_code == 200, page
    assertContains(client.get(pages(lesson)[0]), "Mostly happiness")
    assertContains(client.get(pages(lesson)[1]), "Erase this history")
    assertContains(client.get(reverse("emotion:support")), pages(lesson)[1])
    assert client.get(pages(lesson)[4]).json()["lessons"][0]["lesson"] == lesson.pk
    assert client.get(reverse("emotion:consent", args=[lesson.pk])).status_code == 404  # nothing new is allowed


def test_it_is_nobody_elses(client, alice, course, ines, lesson, shared):
    leave(alice, course, ines)
    bob = make_user("bob")  # was in the course, and has nothing in it
    enroll(bob, course)
    enrollment.withdraw_student(user=bob, course=course)
    client.force_login(bob)
    for page in pages(lesson):
        assert client.get(page).status_code == 404, page
    assert client.post(reverse("emotion:withdraw", args=[lesson.pk]), {"erase": "on"}).status_code == 404
    assertNotContains(client.get(reverse("emotion:support")), course.title)
    assert EmotionBucket.objects.exists()


def test_who_takes_the_course_is_offered_no_such_thing(client, alice, course, lesson, shared):
    client.force_login(alice)
    assertNotContains(client.get(pages(lesson)[1]), "Erase this history")
    assertNotContains(client.get(reverse("emotion:support")), course.title)


def test_it_can_be_erased_after_leaving(client, alice, course, ines, lesson, shared):
    leave(alice, course, ines)
    client.force_login(alice)
    answer = client.post(reverse("emotion:withdraw", args=[lesson.pk]), {"erase": "on"}, follow=True)
    assertContains(answer, "your history in this course is erased")
    assert not LessonSession.objects.exists()
    assert client.get(pages(lesson)[0]).status_code == 404


def test_a_yes_in_force_can_be_taken_back_after_leaving(client, alice, course, lesson):
    make_consent(alice, course, share=True)
    Enrollment.objects.filter(user=alice).update(status="withdrawn")
    client.force_login(alice)
    assert client.post(reverse("emotion:withdraw", args=[lesson.pk])).status_code == 302
    assert not Consent.objects.in_force().exists()


def test_ending_is_told_once(alice, course, ines, shared):
    leave(alice, course, ines)
    assert consents.withdraw_of_those_gone(course=course) == 0
    assert AuditEntry.objects.filter(action=audit.Action.CONSENT_WITHDRAWN).count() == 1
