from django.core.management.base import BaseCommand, CommandError

from accounts import audit, audit_notes


class Command(BaseCommand):
    help = (
        "Check what came into the audit log since the last note, and note where it ends, in "
        "ATTUNE_DATA_DIR/audit_notes.jsonl. A server does this by itself every day."
    )

    def handle(self, *, verbosity: int, **_) -> None:
        try:
            count = audit_notes.note_end()
        except (audit.Tampered, ValueError) as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"The end of the audit log cannot be noted: {error.strerror or error}.") from None
        if verbosity:
            self.stdout.write(f"The audit log has {count} entries.")
