from django.core.management.base import BaseCommand

from emotion.class_history import put_together_class_histories


class Command(BaseCommand):
    help = "Add up anew the class histories that new readings have touched. A server does this by itself every minute."

    def handle(self, *, verbosity: int, **_) -> None:
        count = put_together_class_histories()
        if verbosity:
            self.stdout.write(f"{count} class histories put together.")
