from io import StringIO

import pytest
from django.core.management import call_command

from emotion.models import CourseCalibration
from tests.emotion.test_course_calibration import make_answers

pytestmark = pytest.mark.django_db


def test_the_hourly_job_fits_courses_and_says_what_it_did(lesson):
    make_answers(lesson)
    out = StringIO()
    call_command("tend_support", stdout=out)
    assert out.getvalue() == "0 outcomes kept, 0 rules paused, 1 courses fitted anew.\n"
    assert CourseCalibration.objects.get().fitted
    call_command("tend_support", verbosity=0, stdout=out)
    assert out.getvalue().count("\n") == 1
