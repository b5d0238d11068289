import datetime

from django.core.management.base import BaseCommand
from django.utils import timezone

from courses.notifications.services import prune_notifications

READ_DAYS, UNREAD_DAYS = 90, 365


class Command(BaseCommand):
    help = f"Delete notifications read {READ_DAYS} days ago, or never for {UNREAD_DAYS}. A server does this every hour."

    def handle(self, *, verbosity: int, **_) -> None:
        now = timezone.now()
        deleted = prune_notifications(
            read_before=now - datetime.timedelta(days=READ_DAYS), told_before=now - datetime.timedelta(days=UNREAD_DAYS)
        )
        if verbosity:
            self.stdout.write(f"{deleted} notifications deleted.")
