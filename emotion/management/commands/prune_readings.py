import datetime

from django.conf import settings
from django.core.management.base import BaseCommand

from emotion.services import prune_readings


class Command(BaseCommand):
    help = "Delete readings past their retention. A server does this by itself every hour."

    def handle(self, *, verbosity: int, **_) -> None:
        deleted = prune_readings(older_than=datetime.timedelta(hours=settings.ATTUNE_READING_HOURS))
        if verbosity:
            self.stdout.write(f"{deleted} readings older than {settings.ATTUNE_READING_HOURS} hours deleted.")
