"""Notifications as e-mail: one message a person and kind, or one digest a person; to one address each."""

import logging
import smtplib
import uuid
from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db.models import F
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from courses.events.services import account_id
from courses.markdown import render
from courses.notifications.models import MailWish, Notification, NotificationKind

logger = logging.getLogger(__name__)

SALT = "courses.notifications.unsubscribe"
CLAIM = timedelta(minutes=10)  # a worker that died with a claim holds it this long
FIRST_RETRY, LAST_RETRY = timedelta(minutes=1), timedelta(hours=6)
GIVE_UP_AFTER = timedelta(days=7)
LOOKED_AT = 2000  # rows a round


def send_due() -> int:
    """Send what is due now. Answers how many messages left. A server that fails costs a later try and nothing else."""
    sent = 0
    connection = get_connection()
    try:
        for rows in _due_groups():
            claimed = _claim(rows)
            if not claimed:
                continue
            try:
                _message(claimed, connection).send()
            except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, UnicodeError, ValueError) as error:
                # One address that is no good must not keep the others waiting.
                who = account_id(claimed[0].user_id)
                logger.warning("A notification mail to person %s was refused: %s.", who, type(error).__name__)
                _release(claimed)
                continue
            except (smtplib.SMTPException, OSError) as error:
                logger.warning("The mail server failed (%s); what waits is tried again.", type(error).__name__)
                _release(claimed)
                break
            except BaseException:
                _release(claimed)
                raise
            Notification.objects.filter(pk__in=[row.pk for row in claimed]).update(mailed_at=timezone.now(), claim=None)
            sent += 1
    finally:
        try:
            connection.close()
        except (smtplib.SMTPException, OSError):
            pass  # it was gone before we were
    return sent


def _due_groups() -> Iterator[list[Notification]]:
    """What makes one message: all of a kind for a person, or all of a person's digest."""
    now = timezone.now()
    due = Notification.objects.to_mail(now).filter(user__is_active=True, created_at__gt=now - GIVE_UP_AFTER)
    due = list(due.order_by("mail_after", "pk")[:LOOKED_AT])

    def key(row: Notification) -> tuple:
        return row.user_id, row.mail, "" if row.mail == MailWish.DAILY else row.kind

    for _key, rows in groupby(sorted(due, key=lambda row: (*key(row), row.pk)), key):
        yield list(rows)


def _claim(rows: list[Notification]) -> list[Notification]:
    """Those of `rows` that this worker, and no other, now sends."""
    now, claim = timezone.now(), uuid.uuid4()
    wanted = Notification.objects.to_mail(now).filter(pk__in=[row.pk for row in rows])
    if not wanted.update(claim=claim, mail_after=now + CLAIM):
        return []
    return list(Notification.objects.filter(claim=claim).select_related("user", "course").order_by("created_at", "pk"))


def _release(rows: list[Notification]) -> None:
    wait = min(FIRST_RETRY * 2 ** min(rows[0].mail_attempts, 12), LAST_RETRY)
    Notification.objects.filter(claim=rows[0].claim).update(
        claim=None, mail_after=timezone.now() + wait, mail_attempts=F("mail_attempts") + 1
    )


def _message(rows: list[Notification], connection) -> EmailMultiAlternatives:
    user = rows[0].user
    daily = rows[0].mail == MailWish.DAILY
    with translation.override(user.language), timezone.override(user.tzinfo):
        unsubscribe = absolute(unsubscribe_path(user, MailWish.DAILY if daily else rows[0].kind))
        context = {
            "user": user,
            "rows": [{"row": row, "url": absolute(row.url), "html": render(row.text)} for row in rows],
            "kind": _("the daily summary") if daily else NotificationKind(rows[0].kind).label,
            "unsubscribe": unsubscribe,
            "settings_url": absolute(reverse("notifications:settings")),
            "language": translation.get_language(),
            "direction": "rtl" if translation.get_language_bidi() else "ltr",
        }
        message = EmailMultiAlternatives(
            subject=_subject(rows, daily),
            body=render_to_string("courses/notifications/mail.txt", context),
            to=[user.email],
            headers={
                "List-Unsubscribe": f"<{unsubscribe}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "Auto-Submitted": "auto-generated",
            },
            connection=connection,
        )
        message.attach_alternative(render_to_string("courses/notifications/mail.html", context), "text/html")
    return message


def _subject(rows: list[Notification], daily: bool) -> str:
    if daily:
        words = ngettext("Your day: %(number)d new thing", "Your day: %(number)d new things", len(rows))
        subject = words % {"number": len(rows)}
    elif len(rows) == 1:
        course = f"{rows[0].course}: " if rows[0].course else ""
        subject = f"{course}{rows[0].title}"
    else:
        subject = f"{NotificationKind(rows[0].kind).label} ({len(rows)})"
    return " ".join(subject.split())  # a header has one line


def absolute(path: str) -> str:
    return settings.ATTUNE_PUBLIC_URL.rstrip("/") + path


def unsubscribe_path(user: User, kind: str) -> str:
    token = signing.dumps([user.pk, str(kind)], salt=SALT)
    return reverse("notifications:unsubscribe", args=[token])


def read_unsubscribe(token: str) -> tuple[User, str] | None:
    """Whose token this is, and of which kind. It never ends: an old mail's link must work too."""
    try:
        pk, kind = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    user = User.objects.filter(pk=pk, is_active=True).first()
    return (user, kind) if user else None
