"""What has to happen to a database that has just come back from a backup.

In a process of its own: the key that came with the backup is not the one that the restoring process started with, and
only with it are the erasures found.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from accounts import audit_notes, erasures, personal_data


class NotFinished(Exception):
    """One sentence: the backup is back, and what has to follow failed."""


def after_restore() -> dict[str, Any]:
    """Bring the restored database up to this code, and to today's promises about what is kept how long.

    Whoever was erased after the backup was made has come back with it, and is erased again: {"erased_again": how many,
    "noted": whether there is a note of erasures here at all}. Harmless twice. Raises ValueError for a damaged note.
    """
    audit_notes.begin_anew()  # the log goes on from where it was
    call_command("migrate", interactive=False, verbosity=0)
    found = erasures.erased_since_come_back()
    for user in found:
        personal_data.erase_all(user)
    for command in ("apply_retention", "prune_readings", "prune_events", "clearsessions"):
        call_command(command, verbosity=0)
    return {"erased_again": len(found), "noted": erasures.ledger().exists()}


def finish_in_new_process() -> dict[str, Any]:
    """The same by the command finish_restore. Raises NotFinished."""
    connection.close()
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "finish_restore", "--json"]
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode:
        reason = (ran.stderr.strip().splitlines() or ["it gave no reason"])[-1].removeprefix("CommandError: ")
        raise NotFinished(
            "The backup is back, but erased people may be back with it, since what follows a restore failed: "
            f"{reason.removesuffix('.')}. Put that right and run finish_restore before you start the site."
        )
    return json.loads(ran.stdout.splitlines()[-1])
