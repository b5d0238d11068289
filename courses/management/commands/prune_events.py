import datetime

from django.conf import settings
from django.core.management.base import BaseCommand

from courses.events import lrs, services


class Command(BaseCommand):
    help = "Delete learning events past their retention. A server does this by itself every hour."

    def handle(self, *, verbosity: int, **_) -> None:
        older_than = datetime.timedelta(days=settings.ATTUNE_EVENT_DAYS)
        deleted = services.prune_events(older_than=older_than, keep_unsent=lrs.is_on())
        if verbosity:
            self.stdout.write(f"{deleted} events older than {settings.ATTUNE_EVENT_DAYS} days deleted.")
