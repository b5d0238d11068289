from django.core.management.base import BaseCommand

from courses.enrollment.mail import send_invitations


class Command(BaseCommand):
    help = "Send the invitations to courses that wait to be mailed. A server does this every minute."

    def handle(self, *, verbosity: int, **_) -> None:
        sent = send_invitations()
        if verbosity:
            self.stdout.write(f"{sent} invitations sent.")
