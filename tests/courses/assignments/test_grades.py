"""What the gradebook is told of hand-ins is what their students see."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courses.assignments import grades
from courses.models import Mark
from tests.courses.assignments.factories import make_assignment, make_submission
from tests.factories import make_course, make_user

pytestmark = pytest.mark.django_db


def test_the_best_released_mark_counts_with_what_lateness_takes():
    now = timezone.now()
    course = make_course()
    work = make_assignment(lesson=course.modules.get().lessons.first(), points=10, due_at=now, late_percent=20)
    alice, bob = make_user("alice"), make_user("bob")
    in_time, late, unreleased = (make_submission(alice, work, at=now + timedelta(hours=h)) for h in (-1, 25, -2))
    low = Mark.objects.create(submission=in_time, points=5, released_at=now)
    high = Mark.objects.create(submission=late, points=9, released_at=now)
    Mark.objects.create(submission=unreleased, points=10)
    assert grades.scores(course) == {(f"assignment-{work.pk}", alice.pk): 5.4}
    assert (low.final_points, high.final_points) == (5, 5.4)  # two days began: 40 % of 9 is off
    Mark.objects.create(submission=make_submission(bob, work, at=now), points=8, released_at=now)
    assert grades.scores(course, [bob.pk]) == {(f"assignment-{work.pk}", bob.pk): 8}
