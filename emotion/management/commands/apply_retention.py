from django.core.management.base import BaseCommand

from emotion.retention import apply_retention


class Command(BaseCommand):
    help = (
        "Delete histories of courses that ended ATTUNE_HISTORY_DAYS ago, and consents withdrawn ATTUNE_CONSENT_DAYS "
        "ago. A server does this by itself every day."
    )

    def handle(self, *, verbosity: int, **_) -> None:
        removed = apply_retention()
        if verbosity:
            self.stdout.write(", ".join(f"{count} {kind}" for kind, count in removed.items()) + " deleted.")
