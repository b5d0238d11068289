from django.core.management.base import BaseCommand

from courses.quizzes.services import close_expired_attempts


class Command(BaseCommand):
    help = "Hand in quiz attempts whose time is up, with what was saved. A server does this by itself every minute."

    def handle(self, *, verbosity: int, **_) -> None:
        closed = close_expired_attempts()
        if verbosity:
            self.stdout.write(f"{closed} attempts handed in.")
