import datetime
import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from lms.backup.databases import DatabaseFailed
from lms.backup.services import make_backup

BAD_INPUT = 2


class Command(BaseCommand):
    help = "Save the database, all files and the registered models in one archive. The site may be running."
    requires_system_checks = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("folder", type=Path, help="where to put attune-<time>.tar.gz; only its owner can read it")
        parser.add_argument("--json", action="store_true", dest="as_json", help="answer in JSON")

    def handle(self, *, folder: Path, as_json: bool, verbosity: int, **_) -> None:
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder.", returncode=BAD_INPUT)
        try:
            made = make_backup(folder=folder, now=datetime.datetime.now(datetime.UTC))
        except OSError as error:
            raise CommandError(f"The backup cannot be written: {error.strerror or error}.") from None
        except DatabaseFailed as error:
            raise CommandError(str(error)) from None
        except DatabaseError as error:
            raise CommandError(f"There is no database to save here: {str(error).splitlines()[0]}.") from None
        if as_json:
            self.stdout.write(json.dumps({"path": str(made.path), "files": made.files, "bytes": made.size}))
        elif verbosity:
            self.stdout.write(f"{made.path}: {made.files} files, {made.size / 1e6:.1f} MB.")
