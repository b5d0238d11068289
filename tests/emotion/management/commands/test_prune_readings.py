from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from emotion import services
from emotion.models import EmotionReading
from tests.emotion.factories import make_answer

pytestmark = pytest.mark.django_db


def test_readings_past_their_retention_go(session, told, settings):
    settings.ATTUNE_READING_HOURS = 2
    now = timezone.now()
    answers = [make_answer(session, hours, at=now - timedelta(hours=hours)) for hours in (1, 3, 30)]
    services.record_readings(answers=answers, model_version=None)
    out = StringIO()
    call_command("prune_readings", stdout=out)
    assert out.getvalue() == "2 readings older than 2 hours deleted.\n"
    assert EmotionReading.objects.get().sequence == 1
    call_command("prune_readings", verbosity=0, stdout=out)
    assert out.getvalue().count("\n") == 1
