from django.core.management.base import BaseCommand

from emotion.course_calibration import refit_courses
from emotion.support import pause_harmful_rules, record_outcomes


class Command(BaseCommand):
    help = (
        "Keep what came after each offer, pause rules that harm, and fit each course to what its students said. "
        "A server does this by itself every hour."
    )

    def handle(self, *, verbosity: int, **_) -> None:
        kept = record_outcomes()
        paused = pause_harmful_rules()
        fitted = refit_courses()
        if verbosity:
            self.stdout.write(f"{kept} outcomes kept, {len(paused)} rules paused, {fitted} courses fitted anew.")
