"""Before and after, one cohort and another: what is said, how far it can be trusted, and nothing of fewer than five."""

import datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from courses.models import Cohort, Enrollment
from emotion import comparison, consents, services
from emotion.comparison import Side, compare
from emotion.models import Consent, EmotionBucket, LessonSession
from tests.emotion.factories import make_bucket, make_class
from tests.factories import make_instructor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("midweek", "store", "told")]

BEFORE, AFTER = Side("edition 1", "edition 1"), Side("edition 2", "edition 2")


def watched(lesson, size: int, *, confused: int, edition: int = 1, days: int = 2) -> list[LessonSession]:
    at = timezone.now() - datetime.timedelta(days=days)
    sessions = make_class(lesson, confused, edition=edition, confused=1, minute=at) if confused else []
    sessions += make_class(lesson, size - confused, edition=edition, engaged=1, minute=at)
    LessonSession.objects.filter(pk__in=[session.pk for session in sessions]).update(started_at=at)
    return sessions


def rows(lesson, first=BEFORE, second=AFTER):
    return compare(lesson=lesson, first=first, second=second, state="confused")


@pytest.fixture
def rewritten(lesson):
    watched(lesson, 22, confused=14)
    lesson.edition = 2
    lesson.save()
    watched(lesson, 19, confused=5, edition=2)
    return lesson


def test_a_rewrite_that_helped_is_told_with_its_interval(client, ines, rewritten):
    client.force_login(ines)
    answer = client.get(reverse("emotion:compare", args=[rewritten.pk]))
    assertContains(
        answer,
        "14 of 22 in edition 1, 5 of 19 in edition 2: fewer looked confused; difference -37 points, "
        "95% interval -59 to -7.",
    )
    assertContains(answer, 'class="interval"')
    assertContains(client.get(reverse("emotion:climate", args=[rewritten.pk])), "/climate/compare/")


def test_a_part_stands_by_itself(rewritten):
    first, second = rows(rewritten)
    assert (str(first.first), str(first.second)) == ("14 of 22", "5 of 19")
    assert (second.first, second.interval, second.verdict) == (None, "", "not enough students on both sides")


def test_what_can_be_chance_is_said_to_be(lesson):
    watched(lesson, 12, confused=6)
    watched(lesson, 12, confused=7, edition=2)
    row = rows(lesson)[0]
    assert row.low < 0 < row.high
    assert row.verdict == "no telling whether anything changed"


def test_fewer_than_five_are_not_counted_and_the_interval_covers_all_they_may_be(lesson):
    watched(lesson, 22, confused=20)
    watched(lesson, 19, confused=2, edition=2)
    row = rows(lesson)[0]
    assert (str(row.first), str(row.second)) == ("20 or more of 22", "fewer than 5 of 19")
    assert row.difference == "-100 to -70"
    assert row.verdict == "fewer looked confused"
    one = EmotionBucket.objects.filter(edition=1, confused=0).values("pk")[:1]
    EmotionBucket.objects.filter(pk__in=[bucket["pk"] for bucket in one]).update(confused=1)
    two = EmotionBucket.objects.filter(edition=2, confused=0).values("pk")[:2]
    EmotionBucket.objects.filter(pk__in=[bucket["pk"] for bucket in two]).update(confused=1)
    assert rows(lesson)[0] == row


def test_four_on_a_side_are_nobody(lesson):
    watched(lesson, 22, confused=14)
    watched(lesson, 4, confused=4, edition=2)
    assert rows(lesson)[0].second is None


def test_whoever_comes_later_changes_nothing_until_they_are_five(rewritten):
    before = rows(rewritten)
    watched(rewritten, 4, confused=4, edition=2, days=1)
    assert rows(rewritten) == before
    watched(rewritten, 1, confused=0, edition=2, days=1)
    assert str(rows(rewritten)[0].second) == "9 of 24"


def test_reading_on_today_or_again_changes_nobody(rewritten):
    before = rows(rewritten)
    session = LessonSession.objects.filter(buckets__edition=2, buckets__engaged=1).first()
    again = LessonSession.objects.create(user=session.user, lesson=rewritten, consent=session.consent)
    make_bucket(again, edition=2, confused=1, minute=timezone.now() - datetime.timedelta(days=1))
    LessonSession.objects.filter(pk=again.pk).update(started_at=timezone.now() - datetime.timedelta(days=1))
    assert rows(rewritten) == before


@pytest.fixture
def cohorts(lesson):
    """Twelve in spring, eleven in autumn."""
    sessions = watched(lesson, 23, confused=9)
    spring = Cohort.objects.create(course=lesson.course, name="Spring")
    autumn = Cohort.objects.create(course=lesson.course, name="Autumn")
    users = [session.user_id for session in sessions]
    Enrollment.objects.filter(user__in=users[:12]).update(cohort=spring)
    Enrollment.objects.filter(user__in=users[12:]).update(cohort=autumn)
    return [Side(f"cohort {cohort.pk}", cohort.name) for cohort in (spring, autumn)]


def test_cohorts_stand_side_by_side(client, ines, lesson, cohorts):
    row = rows(lesson, *cohorts)[0]
    assert (str(row.first), str(row.second)) == ("9 of 12", "fewer than 5 of 11")
    client.force_login(ines)
    assertContains(client.get(reverse("emotion:compare", args=[lesson.pk])), "9 of 12 in Spring")


def test_who_is_of_a_cohort_of_three_is_in_no_cohort_and_in_no_edition(lesson, cohorts):
    """Else the three would be what the edition has more than its other cohorts."""
    Enrollment.objects.filter(cohort__name="Autumn", user__in=_some(lesson, "Autumn", 8)).update(cohort=None)
    assert [str(count) for count in (rows(lesson, *cohorts)[0].first, rows(lesson, *cohorts)[0].second)] == [
        "9 of 12",
        "None",
    ]
    lesson.edition = 2
    lesson.save()
    watched(lesson, 6, confused=6, edition=2)
    assert str(rows(lesson)[0].first) == "9 of 20"


def _cohort(name: str) -> Cohort:
    return Cohort.objects.get(name=name)


def _some(lesson, cohort: str, number: int) -> list[int]:
    found = Enrollment.objects.filter(course=lesson.course, cohort__name=cohort).order_by("pk")
    return list(found.values_list("user", flat=True)[:number])


def test_moving_one_student_between_cohorts_shows_nothing_of_them(lesson, cohorts):
    before = rows(lesson, *cohorts)
    [alice] = _some(lesson, "Spring", 1)
    Enrollment.objects.filter(user=alice).update(cohort=_cohort("Autumn"))
    assert rows(lesson, *cohorts) == before


def test_an_erasure_counts_at_once_and_takes_those_along_that_were_let_in_with_it(rewritten, lesson):
    """13 of 21 after 14 of 22 would tell how the one looked who wants to be forgotten."""
    rows(rewritten)
    session = LessonSession.objects.filter(buckets__edition=1, buckets__confused=1).first()
    services.erase_history(user=session.user, course=lesson.course)
    assert str(rows(rewritten)[0].first) == "9 of 17"


def test_so_does_a_consent_withdrawn(rewritten, lesson):
    rows(rewritten)
    session = LessonSession.objects.filter(buckets__edition=1, buckets__confused=1).first()
    consents.withdraw_consent(user=session.user, course=lesson.course)
    assert str(rows(rewritten)[0].first) == "9 of 17"


def test_what_goes_on_after_midnight_changes_nobody(rewritten):
    before = rows(rewritten)
    session = LessonSession.objects.filter(buckets__edition=2, buckets__engaged=1).first()
    make_bucket(session, place=1, edition=2, confused=1, minute=timezone.now() - datetime.timedelta(days=1))
    assert rows(rewritten) == before


def test_four_who_share_their_history_hide_nobody(lesson):
    """Who teaches reads theirs, and could take them off."""
    watched(lesson, 22, confused=14)
    watched(lesson, 9, confused=9, edition=2)
    four = LessonSession.objects.filter(buckets__edition=2).values_list("consent", flat=True)[:5]
    Consent.objects.filter(pk__in=list(four)).update(share_with_instructor=True)
    assert rows(lesson)[0].second is None


def test_without_two_of_a_kind_there_is_nothing_to_compare(client, ines, lesson):
    make_class(lesson, 6)
    client.force_login(ines)
    answer = client.get(reverse("emotion:compare", args=[lesson.pk]))
    assertContains(answer, "Nothing to compare yet")
    assertNotContains(answer, "95% interval")


def test_what_is_asked_for_wrongly_is_not_compared(client, ines, rewritten):
    client.force_login(ines)
    address = reverse("emotion:compare", args=[rewritten.pk])
    answer = client.get(address, {"first": "edition 1", "second": "edition 1", "state": "happy"})
    assertContains(answer, "Choose two different editions")
    assert client.get(address, {"first": "cohort 9999", "second": "nonsense"}).status_code == 200


def test_the_instructor_of_another_course_finds_nothing(rewritten):
    visitor = Client()
    visitor.force_login(make_instructor("ivo"))
    assert visitor.get(reverse("emotion:compare", args=[rewritten.pk])).status_code == 404


def test_what_can_be_compared_are_the_editions_that_were_read(rewritten):
    assert comparison.sides_of(rewritten) == ([BEFORE, AFTER], [])
