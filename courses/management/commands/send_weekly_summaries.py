from django.core.management.base import BaseCommand

from courses.overview.weekly import send_weekly_summaries


class Command(BaseCommand):
    help = (
        "Tell those who teach how their courses go, once a week from Monday 07:00 where they live. A server does this "
        "by itself every hour."
    )

    def handle(self, *, verbosity: int, **_) -> None:
        told = send_weekly_summaries()
        if verbosity:
            self.stdout.write(f"{told} weekly summaries made.")
