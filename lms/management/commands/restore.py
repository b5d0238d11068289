from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from accounts import erasures
from lms.backup.archive import BadArchive
from lms.backup.databases import DatabaseFailed
from lms.backup.restored import NotFinished
from lms.backup.services import TargetInUse, restore_backup

BAD_INPUT = 2


class Command(BaseCommand):
    help = "Bring back what `backup` saved. Stop the servers and workers first."
    requires_system_checks = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("archive", type=Path)
        parser.add_argument("--force", action="store_true", help="replace the database and files that are here")

    def handle(self, *, archive: Path, force: bool, verbosity: int, **_) -> None:
        try:
            manifest = restore_backup(path=archive, force=force)
        except (BadArchive, TargetInUse) as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from None
        except (DatabaseFailed, NotFinished) as error:
            raise CommandError(str(error)) from None
        except DatabaseError as error:
            raise CommandError(f"The database cannot be reached: {str(error).splitlines()[0]}.") from None
        except OSError as error:
            raise CommandError(f"The backup cannot be restored: {error.strerror or error}.") from None
        if verbosity:
            self.stdout.write(
                f"Restored the backup of {manifest['made_at']}, {len(manifest['files'])} files. {self._told(manifest)}"
            )

    @staticmethod
    def _told(done: dict) -> str:
        if not done["noted"]:
            return (
                f"There is no {erasures.ledger()}, so nobody was erased again: if somebody was since, bring that file "
                "and run replay_erasures (docs/operations.md)."
            )
        if done["erased_again"] == 1:
            return "1 account that was erased since had come back with it, and is erased again."
        return f"{done['erased_again']} accounts that were erased since had come back with it, and are erased again."
