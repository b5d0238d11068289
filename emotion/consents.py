"""What a student allows in a course: given, changed, taken back; and a guardian's say for those under age."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass

from django.conf import settings
from django.core import signing
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from accounts import audit
from accounts.models import AuditEntry, User
from courses.models import Course
from emotion.models import CONSENT_VERSION, Consent, LessonSession
from emotion.permissions import takes_as_student
from emotion.services import Refused, end_sessions, erase_history, require_features

logger = logging.getLogger(__name__)

# Somebody who said they are under age is taken at their word for a year, whatever they say next.
UNDER_AGE_FOR = datetime.timedelta(days=365)
LINK_WORKS_FOR = datetime.timedelta(days=7)
MOST_LETTERS_A_DAY = 3
SALT = "emotion.guardian"


@dataclass(frozen=True)
class Choices:
    """The four ticks. A history that isn't kept isn't shared."""

    camera: bool = False
    history: bool = False
    share_with_instructor: bool = False
    share_for_research: bool = False

    def __post_init__(self) -> None:
        if not self.history:
            object.__setattr__(self, "share_with_instructor", False)

    def widens(self, consent: Consent) -> bool:
        """Whether something is allowed here that was not in `consent`."""
        return any(chosen and not getattr(consent, name) for name, chosen in asdict(self).items())


def give_consent(
    *,
    user: User,
    course: Course,
    choices: Choices,
    under_age: bool = False,
    guardian_email: str = "",
    guardian_link: Callable[[str], str] = str,
) -> Consent | None:
    """Record what a student allows; given again, the consent in force takes the new choices. Without any choice it is
    withdrawn, and None is returned.

    Under age, a guardian is mailed a link, made by `guardian_link(token)`, whenever something new is asked for; until
    they agree, nothing starts. Raises Refused for somebody who isn't enrolled, without a guardian's address where one
    is needed, after three letters in a day, and while the features are off.
    """
    require_features()
    if not takes_as_student(user, course):
        raise Refused(_("Only people enrolled in this course can turn its camera on."), 403)
    if not any(asdict(choices).values()):
        withdraw_consent(user=user, course=course)
        return None
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # the same form, sent twice at once, is one consent
        in_force = Consent.objects.in_force().filter(user=user, course=course).first()
        consent = in_force or Consent(user=user, course=course)
        before = (consent.pk, consent.version, consent.under_age, *(getattr(consent, name) for name in asdict(choices)))
        asks_for_more = consent.pk is None or not consent.is_current or choices.widens(consent)
        stops = consent.camera and not choices.camera
        consent.under_age = under_age or _said_under_age(user)
        if consent.under_age and (asks_for_more or consent.guardian_agreed_at is None):
            _ask_guardian(consent, guardian_email, guardian_link)
        consent.once_shared |= consent.share_with_instructor or consent.research_since is not None
        for name, chosen in asdict(choices).items():
            setattr(consent, name, chosen)
        if not consent.share_for_research:
            consent.research_since = None
        elif consent.research_since is None:
            consent.research_since = timezone.now()
        if not consent.is_current:
            consent.version, consent.granted_at = CONSENT_VERSION, timezone.now()
        consent.save()
        if before != (consent.pk, consent.version, consent.under_age, *asdict(choices).values()):
            audit.record(
                action=audit.Action.CONSENT_GIVEN,
                actor=user,
                subject=user,
                course=course.pk,
                version=consent.version,
                under_age=consent.under_age,
                **asdict(choices),
            )
        if stops or consent.waits_for_guardian:
            end_sessions(_sessions(user, course), _("You have withdrawn; the camera stops."))
    return consent


def withdraw_consent(*, user: User, course: Course) -> int:
    """Take a yes back: every open session ends, its waiting frame is forgotten, every open page is told to stop.

    Returns how many sessions ended. Harmless when there is nothing to withdraw.
    """
    with transaction.atomic():
        in_force = Consent.objects.in_force().filter(user=user, course=course)
        if in_force.update(withdrawn_at=timezone.now(), guardian_email=""):
            audit.record(action=audit.Action.CONSENT_WITHDRAWN, actor=user, subject=user, course=course.pk)
        return end_sessions(_sessions(user, course), _("You have withdrawn; the camera stops."))


def withdraw_of_those_gone(*, course: Course | None = None) -> int:
    """The same for everybody who takes the course (or their course) as a student no more: what they allowed was for
    learning in it. Their history stays theirs, to read and to erase. Returns how many consents ended."""
    gone = Consent.objects.in_force().of_those_gone()
    if course is not None:
        gone = gone.filter(course=course)
    with transaction.atomic():
        ended = list(gone.select_for_update(of=("self",)).select_related("user", "course"))
        Consent.objects.filter(pk__in=[consent.pk for consent in ended]).update(
            withdrawn_at=timezone.now(), guardian_email=""
        )
        for consent in ended:
            audit.record(
                action=audit.Action.CONSENT_WITHDRAWN, subject=consent.user, course=consent.course_id, because="left"
            )
            end_sessions(
                _sessions(consent.user, consent.course), _("You no longer take this course; the camera stops.")
            )
    return len(ended)


def note_students_changed(*, course: Course, **_) -> None:
    withdraw_of_those_gone(course=course)


def _sessions(user: User, course: Course):
    return LessonSession.objects.filter(user=user, lesson__module__course=course)


def _said_under_age(user: User) -> bool:
    return Consent.objects.filter(user=user, under_age=True, granted_at__gt=timezone.now() - UNDER_AGE_FOR).exists()


# A guardian


def _ask_guardian(consent: Consent, email: str, link: Callable[[str], str]) -> None:
    email = email or consent.guardian_email
    if not email:
        raise Refused(_("Under this age a parent or guardian has to agree: please give their e-mail address."), 422)
    if email.casefold() == consent.user.email.casefold():
        raise Refused(_("This is your own address; please give your parent's or guardian's."), 422)
    now = timezone.now()
    lately = AuditEntry.objects.of(consent.user).filter(
        action=audit.Action.GUARDIAN_ASKED, at__gt=now - datetime.timedelta(days=1)
    )
    if lately.count() >= MOST_LETTERS_A_DAY:
        raise Refused(_("Your guardian has been written to often enough today. Please try again tomorrow."), 429)
    consent.guardian_email, consent.guardian_asked_at, consent.guardian_agreed_at = email, now, None
    audit.record(action=audit.Action.GUARDIAN_ASKED, actor=consent.user, subject=consent.user, course=consent.course_id)

    def write() -> None:
        words = {
            "consent": consent,
            "url": link(_token(consent)),
            "days": LINK_WORKS_FOR.days,
            "age": settings.ATTUNE_CONSENT_AGE,
        }
        letter = render_to_string("emotion/email/guardian.txt", words)
        try:
            send_mail(gettext("[Attune] Your consent is asked for"), letter, None, [email])
        except OSError as error:  # smtplib's errors are such, too; saving the choice again sends another
            logger.error("A letter to a guardian was not sent: %s", type(error).__name__)

    transaction.on_commit(write)  # a slow mail server holds no lock


def _token(consent: Consent) -> str:
    """Signed, and good for this one request: after the next letter, an older link is over."""
    return signing.dumps({"consent": consent.pk, "asked": consent.guardian_asked_at.isoformat()}, salt=SALT)


def consent_at(token: str) -> Consent | None:
    """What a guardian's link leads to: for a week, and once they have agreed for as long as the consent is in force, so
    that they can take it back. None for a link that is over, or was tampered with."""
    try:
        said = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    consent = Consent.objects.in_force().filter(pk=said["consent"]).select_related("user", "course").first()
    if consent is None or consent.guardian_asked_at is None or consent.guardian_asked_at.isoformat() != said["asked"]:
        return None
    over = timezone.now() > consent.guardian_asked_at + LINK_WORKS_FOR
    return None if over and consent.guardian_agreed_at is None else consent


@transaction.atomic
def agree_as_guardian(*, consent: Consent) -> bool:
    """Agreeing twice is agreeing once. False where the student has asked for something else meanwhile, or withdrawn."""
    asked = Consent.objects.in_force().filter(pk=consent.pk, guardian_asked_at=consent.guardian_asked_at)
    if asked.filter(guardian_agreed_at=None).update(guardian_agreed_at=timezone.now()):
        audit.record(action=audit.Action.GUARDIAN_AGREED, subject=consent.user, course=consent.course_id)
    return asked.exists()


@transaction.atomic
def refuse_as_guardian(*, consent: Consent, erase: bool = False) -> None:
    """Refuse, or take an agreement back: as a withdrawal by the student. Their history goes too where it is wished."""
    audit.record(action=audit.Action.GUARDIAN_REFUSED, subject=consent.user, course=consent.course_id)
    withdraw_consent(user=consent.user, course=consent.course)
    if erase:
        erase_history(user=consent.user, course=consent.course)
