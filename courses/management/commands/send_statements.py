from django.core.management.base import BaseCommand

from courses.events import lrs


class Command(BaseCommand):
    help = "Tell the learning record store what it does not know yet. A server does this by itself every half minute."

    def handle(self, *, verbosity: int, **_) -> None:
        sent = lrs.send_due()
        if verbosity:
            self.stdout.write(f"{sent} statements sent." if lrs.is_on() else "ATTUNE_XAPI_URL is not set.")
