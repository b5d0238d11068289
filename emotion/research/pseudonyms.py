"""Under which name a person stands in one export, and in no other."""

from __future__ import annotations

import hashlib
import hmac
import secrets

LETTERS = 20  # of 16 each: of a million people, two share a name once in two trillion exports


class Pseudonyms:
    """HMAC-SHA256 under a key that is drawn for one export, kept in memory and gone with this object: neither the
    export nor the database leads from a name to a person, and two exports have no name in common."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def of(self, kind: str, identity: object) -> str:
        said = f"{kind}:{identity}".encode()
        return hmac.new(self._key, said, hashlib.sha256).hexdigest()[:LETTERS]
