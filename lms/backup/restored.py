"""What has to happen to a database that has just come back from a backup."""

from __future__ import annotations

import datetime

from django.core.management import call_command


def after_restore(*, made_at: datetime.datetime) -> None:
    """Bring the restored database up to this code, and to today's promises about what is kept how long.

    Whoever was erased after `made_at` has come back with the backup, and is erased again.
    """
    call_command("migrate", interactive=False, verbosity=0)
    call_command("replay_erasures", verbosity=0)
    call_command("apply_retention", verbosity=0)
    call_command("prune_readings", verbosity=0)
    call_command("prune_events", verbosity=0)
    call_command("clearsessions", verbosity=0)
