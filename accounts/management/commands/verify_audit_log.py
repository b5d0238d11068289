from django.core.management.base import BaseCommand, CommandError

from accounts import audit, audit_notes


class Command(BaseCommand):
    help = (
        "Check that no entry of the audit log was changed, taken out or put in, and that it holds every end that was "
        "noted in ATTUNE_DATA_DIR/audit_notes.jsonl. Note the last line elsewhere."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("--entries", type=int, help="how many there were when the log was last checked")
        parser.add_argument("--digest", help="the digest of the last of them")

    def handle(self, *args, entries: int | None, digest: str | None, **options) -> None:
        try:
            noted = audit_notes.noted()
            if entries:
                audit.verify(noted={entries: digest or ""})
            count, last = audit.verify(noted=noted)
        except (audit.Tampered, ValueError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"The audit log is whole: --entries {count} --digest {last}")
