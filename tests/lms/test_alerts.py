"""No harm path: nobody who teaches is ever alerted about one student's feelings, whatever jobs run.

What that student did (asked, wrote, handed in) may be told; what a face or a self-report gave rise to is not, and a
shared history waits until somebody who may looks at it.
"""

import ast
import datetime
import re

import pytest
from django.core import mail
from django.core.management import call_command
from django.utils import timezone

from courses.events.models import LearningEvent
from courses.notifications.models import Notification
from courses.overview.weekly import send_weekly_summaries
from emotion import services
from emotion.models import BehaviourEvent, SelfReport, SupportEvent, SupportRule
from tests.emotion.factories import make_answer, make_bucket, make_class, make_session, open_gate
from tests.factories import enroll, make_admin, make_course, make_instructor, make_user
from tests.services import ROOT

PUSHED_BY_SERVER = re.findall(r'"(\w+)"', " ".join(re.findall(r"repeat\((.*)\)\)", (ROOT / "lms/asgi.py").read_text())))
SENDING = ("courses.notifications", "courses.events", "courses.overview.weekly")


@pytest.mark.usefixtures("midweek")
@pytest.mark.django_db
@pytest.mark.parametrize("share", [False, True])
def test_nobody_hears_of_a_student_who_is_having_a_hard_time(share, settings, tmp_path):
    settings.ATTUNE_DATA_DIR = tmp_path  # where the jobs leave their notes
    open_gate()
    ines, course = make_instructor("ines"), make_course(lessons=5)
    enroll(ines, course, role="instructor")
    make_admin()
    lessons = list(course.modules.get().lessons.all())
    make_class(lessons[0], 6)
    bob = make_user("bob", display_name="Bob Unwell")
    enroll(bob, course)
    now = timezone.now()
    for number, lesson in enumerate(lessons):
        session = make_session(bob, lesson, share=share)
        answers = [make_answer(session, n, at=now - datetime.timedelta(seconds=n)) for n in range(1, 4)]
        services.record_readings(answers=answers, model_version=None)
        make_bucket(session, place=7, faces=60, sadness=60.0, frustrated=6 + 10 * number, unsure=10)
        SelfReport.objects.create(user=bob, lesson=lesson, state="frustrated")
        for kind in ("quiz_wrong", "rewind", "reread"):
            BehaviourEvent.objects.create(user=bob, lesson=lesson, kind=kind, at=now)
    rule = SupportRule.objects.create(course=course, state="frustrated", action=SupportRule.Action.values[0])
    SupportEvent.objects.create(user=bob, lesson=lessons[0], rule=rule, state="frustrated", confidence=0.9)

    assert {"tend_support", "deliver_events"} <= set(PUSHED_BY_SERVER)
    for command in PUSHED_BY_SERVER:
        call_command(command, verbosity=0)
    send_weekly_summaries(now=now + datetime.timedelta(days=7))
    call_command("tend_notifications", verbosity=0)
    told = [f"{each.title} {each.text} {each.url}" for each in Notification.objects.exclude(user=bob)]
    told += [f"{letter.subject} {letter.body}" for letter in mail.outbox if bob.email not in letter.to]
    assert told  # the weekly summary is one
    assert not [each for each in told if "Bob" in each or bob.email in each]
    assert not LearningEvent.objects.filter(user=bob).exclude(kind__in=("enrolled",)).exists()


def test_what_knows_of_feelings_can_send_nobody_anything():
    """Of `emotion`, one module writes a letter, to a guardian who is asked for their consent, and one a notice: that a
    rule was paused, whoever it was offered to."""
    writers, notifiers = set(), set()
    for path in (ROOT / "emotion").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if any(name.startswith(SENDING) for name in names):
                notifiers.add(path.relative_to(ROOT).as_posix())
            if any(name.startswith("django.core.mail") for name in names):
                writers.add(path.relative_to(ROOT).as_posix())
    assert writers == {"emotion/consents.py"}
    assert notifiers == {"emotion/paused_rules.py"}
