"""Tokens by which a person's programs speak for them. Only a digest is kept; the token is shown once."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import ApiToken, User

PREFIX = "attune_"  # so that a token that got into a repository is found by those who look for them
MOST_TOKENS = 50
# A note of the last use is for people, who think in minutes: not every request needs a write.
NOTE_EVERY = timedelta(minutes=1)


class TooManyTokens(ValueError):
    pass


def digest_of(token: str) -> str:
    """The token has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_token(*, user: User, name: str, expires_at: datetime | None) -> tuple[ApiToken, str]:
    """The row, and the token itself, which cannot be had again."""
    if user.api_tokens.count() >= MOST_TOKENS:
        raise TooManyTokens(
            _("You have %(most_tokens)s tokens. Revoke one that is no longer used.") % {"most_tokens": MOST_TOKENS}
        )
    token = PREFIX + secrets.token_urlsafe(32)
    return ApiToken.objects.create(user=user, name=name, digest=digest_of(token), expires_at=expires_at), token


def token_of(text: str) -> ApiToken | None:
    """The row of a token that is still good, whose person is active. One query, a second one once a minute."""
    now = timezone.now()
    row = ApiToken.objects.filter(digest=digest_of(text), user__is_active=True).select_related("user").first()
    if row is None or (row.expires_at and row.expires_at <= now):
        return None
    if row.last_used_at is None or row.last_used_at < now - NOTE_EVERY:
        ApiToken.objects.filter(pk=row.pk).update(last_used_at=now)
    return row
