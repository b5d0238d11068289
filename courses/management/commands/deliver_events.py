from django.core.management.base import BaseCommand

from courses.events import delivery


class Command(BaseCommand):
    help = "Tell webhooks what they wait for. A server does this by itself every few seconds."

    def handle(self, *, verbosity: int, **_) -> None:
        delivered = delivery.send_due()
        if verbosity:
            self.stdout.write(f"{delivered} webhooks delivered.")
