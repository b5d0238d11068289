from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _


@shared_task(name="courses.send_invitations", ignore_result=True)
def send_invitations(invitation_ids: list[int], site: str) -> None:
    """One mail to each, to nobody else. Each is claimed before it is sent, so that run twice, nobody gets two."""
    from courses.models import Invitation

    with get_connection() as connection:
        for pk in invitation_ids:
            if not Invitation.objects.usable().filter(pk=pk, mailed_at=None).update(mailed_at=timezone.now()):
                continue
            invitation = Invitation.objects.select_related("course", "made_by").get(pk=pk)
            try:
                _mail_for(invitation, site, connection).send()
            except Exception:
                Invitation.objects.filter(pk=pk).update(mailed_at=None)
                raise


def _mail_for(invitation, site: str, connection) -> EmailMessage:
    context = {"invitation": invitation, "link": site.rstrip("/") + invitation.get_absolute_url()}
    return EmailMessage(
        subject=_("An invitation to “%(course)s”") % {"course": invitation.course},
        body=render_to_string("courses/enrollment/invitation_mail.txt", context),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[invitation.email],
        connection=connection,
    )
