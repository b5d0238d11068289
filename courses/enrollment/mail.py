import logging

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.models import Invitation

logger = logging.getLogger(__name__)

AT_ONCE = 200


def send_invitations() -> int:
    """One mail to each who waits for one, to nobody else. Each is claimed before it is sent, so that of two servers one
    sends it; what could not be sent waits for the next time. Returns how many were sent."""
    waiting = Invitation.objects.usable().exclude(email="").filter(mailed_at=None).select_related("course", "made_by")
    sent = 0
    for invitation in waiting.order_by("mail_tries", "pk")[:AT_ONCE]:
        row = Invitation.objects.filter(pk=invitation.pk, mailed_at=None)
        if not row.update(mailed_at=timezone.now(), mail_tries=invitation.mail_tries + 1):
            continue
        try:
            _mail_for(invitation).send()
        except OSError as error:  # SMTP's errors are such too, and their words name the address
            logger.warning("The invitation %d could not be mailed: %s.", invitation.pk, type(error).__name__)
            Invitation.objects.filter(pk=invitation.pk).update(mailed_at=None)
        else:
            sent += 1
    return sent


def _mail_for(invitation: Invitation) -> EmailMessage:
    context = {"invitation": invitation, "link": invitation.site.rstrip("/") + invitation.get_absolute_url()}
    return EmailMessage(
        subject=_("An invitation to “%(course)s”") % {"course": " ".join(invitation.course.title.split())},
        body=render_to_string("courses/enrollment/invitation_mail.txt", context),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[invitation.email],
        connection=get_connection(),
    )
