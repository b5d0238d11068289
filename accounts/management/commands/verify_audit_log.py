from django.core.management.base import BaseCommand, CommandError

from accounts import audit


class Command(BaseCommand):
    help = "Check that no entry of the audit log was changed, taken out or put in. Note the last line elsewhere."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--entries", type=int, help="how many there were when the log was last checked")
        parser.add_argument("--digest", help="the digest of the last of them")

    def handle(self, *args, entries: int | None, digest: str | None, **options) -> None:
        try:
            count, last = audit.verify()
            if entries is not None and count < entries:
                raise audit.Tampered(f"Entry {count + 1} is missing: there were {entries}.")
            if entries and digest and audit.digest_at(entries) != digest:
                raise audit.Tampered(f"Entry {entries} is not the one that was noted.")
        except audit.Tampered as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"The audit log is whole: --entries {count} --digest {last}")
