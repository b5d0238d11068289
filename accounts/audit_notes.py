"""A note, each day, of where the audit log ends, beside the database: whoever can write to the database alone cannot
make the log over up to a noted entry, or cut it off before one, without being found.

Its lines name nobody: each is a time, a number and a digest.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from accounts import audit


def notes() -> Path:
    return Path(settings.ATTUNE_DATA_DIR) / "audit_notes.jsonl"


def noted() -> dict[int, str]:
    """{number of an entry: its digest}. Raises ValueError for a note that is damaged."""
    if not notes().exists():
        return {}
    found: dict[int, str] = {}
    for number, line in enumerate(notes().read_text().splitlines(), start=1):
        try:
            note = json.loads(line)
            found[int(note["entries"])] = str(note["digest"])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"Line {number} of {notes()} cannot be read.") from error
    return found


def note_end() -> int:
    """Add where the log ends now, once what came since the last note was found to follow it, and return how many
    entries there are. What comes twice is harmless. Raises audit.Tampered, ValueError and OSError."""
    before = noted()
    count, digest = audit.verify(noted=before, since=max(before, default=0))
    if count and count not in before:
        line = json.dumps({"at": timezone.now().isoformat(), "entries": count, "digest": digest}) + "\n"
        # One short write at the end of the file: of two at once, neither cuts into the other.
        with open(os.open(notes(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as file:
            file.write(line)
    return count


def begin_anew() -> None:
    """After a restore, the log goes on from an earlier entry than was noted."""
    notes().unlink(missing_ok=True)
