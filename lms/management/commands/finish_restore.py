import json

from django.core.management.base import BaseCommand, CommandError

from lms.backup.restored import after_restore


class Command(BaseCommand):
    help = (
        "What `restore` ends with, by itself: migrations, repeating the erasures made since the backup, and deleting "
        "what is past its time. To run by hand where that failed."
    )
    requires_system_checks = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *, verbosity: int, **options) -> None:
        try:
            done = after_restore()
        except ValueError as error:  # the note of erasures is damaged
            raise CommandError(str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps(done))
        elif verbosity:
            self.stdout.write(f"{done['erased_again']} accounts were erased again.")
