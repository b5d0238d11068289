"""Two-step sign-in for staff, where the operator asks for it (ATTUNE_STAFF_MFA): pages, tokens and sockets ask here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError
from django.utils.translation import gettext_noop as _
from django.utils.translation.trans_real import translation

SET_UP_FIRST = _("Set up two-step sign-in first.")
NOT_SIGNED_IN = 4401  # the code after which a page asks no more
TRY_AGAIN = 1013

App = Callable[[dict[str, Any], Callable, Callable], Awaitable[None]]


def needs_second_factor(user) -> bool:
    """Whether nothing but their own sign-in pages is open to this person yet. A query for staff, none for others."""
    from allauth.mfa.models import Authenticator

    if not (settings.ATTUNE_STAFF_MFA and user.is_authenticated and user.is_staff):
        return False
    return not Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists()


def guard_sockets(application: App) -> App:
    """Close every socket of such a person, whatever it is for, before its consumer hears of it."""
    from accounts.middleware import language_of_socket

    async def guarded(scope, receive, send) -> None:
        if not settings.ATTUNE_STAFF_MFA:
            return await application(scope, receive, send)
        try:
            code = NOT_SIGNED_IN if await database_sync_to_async(needs_second_factor)(scope["user"]) else None
            reason = SET_UP_FIRST
        except (DatabaseError, OSError):
            code, reason = TRY_AGAIN, _("The server is not ready yet.")
        if code is None:
            return await application(scope, receive, send)
        await receive()  # websocket.connect
        await send({"type": "websocket.accept"})  # a refused handshake could not say why
        reason = translation(language_of_socket(scope)).gettext(reason)
        await send({"type": "websocket.close", "code": code, "reason": reason})

    return guarded
