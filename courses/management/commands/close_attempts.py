from django.core.management.base import BaseCommand

from courses.quizzes.services import close_expired_attempts


class Command(BaseCommand):
    help = "Hand in quiz attempts whose time is up, with what was saved. The server does this each minute."

    def handle(self, *args, verbosity: int, **options) -> None:
        closed = close_expired_attempts()
        if verbosity:
            self.stdout.write(f"{closed} attempts were handed in.")
