"""Each kind of data goes when its time is over, and not before."""

import datetime
from io import StringIO

import pytest
from axes.models import AccessAttempt
from django.core.management import call_command
from django.utils import timezone

from accounts.models import AuditEntry
from courses.models import Cohort, Enrollment
from emotion.models import Consent, EmotionBucket, LessonSession, SelfReport
from emotion.retention import apply_retention
from tests.emotion.factories import make_bucket, make_class, make_consent, make_session
from tests.factories import enroll, make_course, make_user

pytestmark = pytest.mark.django_db

NOW = timezone.now()


def days(number: int) -> datetime.datetime:
    return NOW + datetime.timedelta(days=number)


@pytest.fixture
def kept(alice, lesson):
    """Alice's history of a lesson, and an answer that kept how it looked."""
    make_bucket(make_session(alice, lesson))
    SelfReport.objects.create(user=alice, lesson=lesson, state="bored", features={"happiness": 1.0})


def test_a_history_stays_while_the_course_runs(kept):
    apply_retention(now=days(1000))
    assert EmotionBucket.objects.exists()
    assert not AuditEntry.objects.filter(action="retention").exists()


def test_thirty_days_after_the_course_is_archived_it_goes_and_the_answer_stays(kept, course):
    course.status = "archived"
    course.save()
    apply_retention(now=days(0))
    apply_retention(now=days(29))
    assert EmotionBucket.objects.exists()
    assert apply_retention(now=days(31))["histories"] == 1
    assert not LessonSession.objects.exists() and not EmotionBucket.objects.exists()
    assert SelfReport.objects.get().features is None
    assert AuditEntry.objects.filter(action="retention").get().detail["histories"] == 1


def test_a_course_that_is_opened_again_begins_anew(kept, course):
    for status, day in (("archived", 0), ("published", 20), ("archived", 40), ("archived", 60)):
        course.status = status
        course.save()
        apply_retention(now=days(day))
    assert EmotionBucket.objects.exists()
    apply_retention(now=days(71))
    assert not EmotionBucket.objects.exists()


def test_a_cohort_that_ended_loses_its_own_histories_only(kept, alice, course, lesson):
    cohort = Cohort.objects.create(course=course, name="Spring", ends_on=days(0).date())
    Enrollment.objects.filter(user=alice).update(cohort=cohort)
    make_class(lesson, 2)
    apply_retention(now=days(30))
    assert EmotionBucket.objects.count() == 3
    apply_retention(now=days(32))
    assert set(EmotionBucket.objects.values_list("session__user__email", flat=True)) == {
        "student2@example.org",
        "student3@example.org",
    }


def test_days_are_a_setting(kept, course, settings):
    settings.ATTUNE_HISTORY_DAYS = 2
    course.status = "archived"
    course.save()
    apply_retention(now=days(0))
    apply_retention(now=days(3))
    assert not EmotionBucket.objects.exists()


def test_a_withdrawn_consent_is_kept_for_three_years(alice, course):
    make_consent(alice, course, withdrawn_at=days(0))
    bob, other = make_user("bob"), make_course()
    enroll(bob, other)
    make_consent(bob, other)
    apply_retention(now=days(1090))
    assert Consent.objects.count() == 2
    apply_retention(now=days(1100))
    assert Consent.objects.get().user.email == "bob@example.org"


def test_the_commands_say_what_they_did(kept):
    out = StringIO()
    call_command("apply_retention", stdout=out)
    assert out.getvalue() == "0 histories, 0 offers, 0 rewinds, 0 consents deleted.\n"
    AccessAttempt.objects.create(username="a@example.org", failures_since_start=1)
    AccessAttempt.objects.update(attempt_time=timezone.now() - datetime.timedelta(days=91))
    call_command("prune_sign_ins", stdout=out)
    assert "1 notes of sign-ins older than 90 days deleted." in out.getvalue()
    assert not AccessAttempt.objects.exists()
