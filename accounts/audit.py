"""The audit log: each look at a person's emotional data, each export, promotion and change of consent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AuditEntry, Pseudonym, User

BEGINNING = "0" * 64
TRIES = 20
Action = AuditEntry.Action


class Tampered(ValueError):
    """The log is not what was written. The message names the first entry that is wrong."""


@dataclass(frozen=True)
class ShownEntry:
    """An entry as the person it concerns reads it; `who` is "" for somebody who was erased since."""

    entry: AuditEntry
    who: str
    whose: str


def record(*, action: str, actor: User | None = None, subject: User | None = None, **detail: Any) -> AuditEntry:
    """Add an entry, in the caller's transaction where there is one: what is undone was not done. Without an actor it
    was the site. `detail` holds ids and names of things, never of people. Of several at once each gets its number."""
    at, who, whose = timezone.now(), _pseudonym(actor), _pseudonym(subject)
    for _try in range(TRIES):
        last = AuditEntry.objects.order_by("-number").first()
        number, previous = (last.number + 1, last.digest) if last else (1, BEGINNING)
        entry = AuditEntry(
            number=number, at=at, actor=who, subject=whose, action=action, detail=detail, previous=previous
        )
        entry.digest = digest_of(entry)
        try:
            with transaction.atomic():
                entry.save()
        except IntegrityError:  # somebody else took the number
            continue
        return entry
    raise RuntimeError("The audit log is too busy: the entry was not written, and so nothing was done.")


def digest_of(entry: AuditEntry) -> str:
    """SHA-256 over everything an entry says and the digest before it."""
    said = [
        entry.number,
        entry.at.isoformat(timespec="microseconds"),
        entry.actor,
        entry.subject,
        entry.action,
        entry.detail,
        entry.previous,
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def verify(*, noted: Mapping[int, str] | None = None, since: int = 0) -> tuple[int, str]:
    """(how many entries, the digest of the last). Raises Tampered. `noted` is {number: digest, or "" where it was not
    noted} of entries that were there before: without it, entries cut off at the end are not missed, nor a log that was
    made over. `since` is the number of a noted entry from which on to look."""
    noted = noted or {}
    number, previous = since, noted.get(since, BEGINNING)
    if since and (found := digest_at(since)) != previous:
        raise Tampered(f"Entry {since} is not the one that was noted." if found else f"Entry {since} is missing.")
    for entry in AuditEntry.objects.filter(number__gt=since).order_by("number").iterator():
        number += 1
        if entry.number != number:
            raise Tampered(f"Entry {number} is missing.")
        if entry.previous != previous:
            raise Tampered(f"Entry {number} does not follow the one before it.")
        if digest_of(entry) != entry.digest:
            raise Tampered(f"Entry {number} was changed.")
        if noted.get(number) not in (None, "", entry.digest):
            raise Tampered(f"Entry {number} is not the one that was noted.")
        previous = entry.digest
    if number < (most := max(noted, default=0)):
        raise Tampered(f"Entry {number + 1} is missing: there were {most}.")
    return number, previous


def digest_at(number: int) -> str:
    """The digest of an entry, "" where there is none."""
    return AuditEntry.objects.filter(number=number).values_list("digest", flat=True).first() or ""


def shown(entries: Iterable[AuditEntry]) -> list[ShownEntry]:
    """With the names of those who can still be named. One query."""
    entries = list(entries)
    names = {name for entry in entries for name in (entry.actor, entry.subject) if name}
    people = {row.name: str(row.user) for row in Pseudonym.objects.filter(name__in=names).select_related("user")}
    return [ShownEntry(entry, people.get(entry.actor, ""), people.get(entry.subject, "")) for entry in entries]


def forget(user: User) -> int:
    """Destroy the way from a person to their entries; the log stays as it is."""
    return Pseudonym.objects.filter(user=user).delete()[0]


def _pseudonym(user: User | None) -> str:
    if user is None or user.pk is None:
        return ""
    return Pseudonym.objects.get_or_create(user_id=user.pk)[0].name
