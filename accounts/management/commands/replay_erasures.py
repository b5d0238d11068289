from django.core.management.base import BaseCommand, CommandError

from accounts import personal_data
from accounts.erasures import erased_since_come_back


class Command(BaseCommand):
    help = (
        "Erase again whoever was erased before and came back with a backup, by the note in "
        "ATTUNE_DATA_DIR/erasures.jsonl. A restore does this by itself."
    )

    def handle(self, *, verbosity: int, **_) -> None:
        try:
            found = erased_since_come_back()
        except ValueError as error:
            raise CommandError(str(error)) from None
        for user in found:
            personal_data.erase_all(user)
        if verbosity:
            self.stdout.write(f"{len(found)} accounts were erased again.")
