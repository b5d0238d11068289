import datetime

from django.conf import settings
from django.core.management.base import BaseCommand

from emotion.behaviour import prune_behaviour
from emotion.services import prune_readings


class Command(BaseCommand):
    help = "Delete readings and page behaviour past their retention. A server does this by itself every hour."

    def handle(self, *, verbosity: int, **_) -> None:
        older_than = datetime.timedelta(hours=settings.ATTUNE_READING_HOURS)
        deleted = prune_readings(older_than=older_than)
        prune_behaviour(older_than=older_than)
        if verbosity:
            self.stdout.write(f"{deleted} readings older than {settings.ATTUNE_READING_HOURS} hours deleted.")
