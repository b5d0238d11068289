from django.core.management.base import BaseCommand

from emotion.support import pause_harmful_rules, record_outcomes


class Command(BaseCommand):
    help = "Keep what came after each offer, and pause rules that harm. A server does this by itself every hour."

    def handle(self, *, verbosity: int, **_) -> None:
        kept = record_outcomes()
        paused = pause_harmful_rules()
        if verbosity:
            self.stdout.write(f"{kept} outcomes kept, {len(paused)} rules paused.")
