from django.core.management.base import BaseCommand

from courses.notifications.reminders import remind_of_deadlines


class Command(BaseCommand):
    help = "Tell students once of what is due within a day. A server does this by itself every hour."

    def handle(self, *, verbosity: int, **_) -> None:
        told = remind_of_deadlines()
        if verbosity:
            self.stdout.write(f"{told} deadlines are known to those they concern.")
