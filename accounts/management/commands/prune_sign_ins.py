import datetime

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone


class Command(BaseCommand):
    help = "Delete notes of sign-ins (e-mail, address of the network) past their retention, and sessions that are over."

    def handle(self, *, verbosity: int, **_) -> None:
        limit = timezone.now() - datetime.timedelta(days=settings.ATTUNE_SIGN_IN_DAYS)
        logs = (AccessAttempt, AccessFailureLog, AccessLog)
        deleted = sum(log.objects.filter(attempt_time__lt=limit).delete()[0] for log in logs)
        call_command("clearsessions", verbosity=0)
        if verbosity:
            self.stdout.write(f"{deleted} notes of sign-ins older than {settings.ATTUNE_SIGN_IN_DAYS} days deleted.")
