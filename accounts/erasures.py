"""A note of each erasure beside the database, so that a restored backup does not bring anybody back.

Its lines name nobody: each is a time and a keyed digest, which only the account itself can be held against.
"""

from __future__ import annotations

import datetime
import json
import os
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import User


def ledger() -> Path:
    return Path(settings.ATTUNE_DATA_DIR) / "erasures.jsonl"


def note_erasure(user: User) -> None:
    """Write it down once the transaction is through."""
    line = json.dumps({"at": timezone.now().isoformat(), "who": _digest(user)}) + "\n"

    def write() -> None:
        # One short write at the end of the file: of two at once, neither cuts into the other.
        with open(os.open(ledger(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as file:
            file.write(line)

    transaction.on_commit(write)


def erased_since_come_back(*, since: datetime.datetime | None = None) -> list[User]:
    """The accounts that are here though they were erased (after `since`). Raises ValueError for a damaged note."""
    if not ledger().exists():
        return []
    noted = set()
    for number, line in enumerate(ledger().read_text().splitlines(), start=1):
        try:
            entry = json.loads(line)
            if since is None or datetime.datetime.fromisoformat(entry["at"]) >= since:
                noted.add(entry["who"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"Line {number} of {ledger()} cannot be read.") from error
    return [user for user in User.objects.iterator() if _digest(user) in noted] if noted else []


def _digest(user: User) -> str:
    """Of the number and the time of joining: a number may be given again after a restore."""
    return salted_hmac("accounts.erasures", f"{user.pk}:{user.date_joined.isoformat()}", algorithm="sha256").hexdigest()
