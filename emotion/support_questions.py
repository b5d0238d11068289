"""A student's question to those who teach, which an offer led to. Only the student sends it."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from courses.at_risk.services import ask_for_help
from courses.models import Enrollment, Outreach
from emotion.models import SupportEvent, SupportRule


class NotSent(Exception):
    """The message is one sentence for the student."""


@transaction.atomic
def send_question(*, event: SupportEvent, words: str) -> Outreach:
    """Tell those who teach the course, in the student's words and with nothing else of the offer. The first question of
    an offer counts: sent again, it is the same one. Raises NotSent."""
    if event.rule.action != SupportRule.Action.OFFER_TUTOR or event.response != "accepted":
        raise NotSent(_("Nothing was sent: this offer was not about asking the tutor."))
    User.objects.select_for_update().get(pk=event.user_id)  # of two at the same moment, the second finds the first
    enrollment = Enrollment.objects.active().get(user=event.user_id, course=event.lesson.course)
    asked = enrollment.outreach.filter(kind=Outreach.Kind.ASKED, created_at__gte=event.responded_at).first()
    if not asked and not Enrollment.objects.active().instructors().for_course(enrollment.course).exists():
        raise NotSent(_("Nothing was sent: nobody teaches this course at the moment."))
    return asked or ask_for_help(enrollment=enrollment, words=words)
