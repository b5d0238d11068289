from django.core.management.base import BaseCommand

from courses.notifications.mail import send_due
from courses.notifications.services import send_due_announcements


class Command(BaseCommand):
    help = "Publish announcements whose time has come and send the mail that is due. A server does this every 20 s."

    def handle(self, *, verbosity: int, **_) -> None:
        announced = send_due_announcements()
        sent = send_due()
        if verbosity:
            self.stdout.write(f"{announced} announcements published, {sent} messages sent.")
