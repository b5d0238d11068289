from django.db import transaction

from accounts import audit
from accounts.models import ApiToken, AuditEntry, Invitation, User


def export_account(user: User) -> dict:
    return {
        "email": user.email,
        "display_name": user.display_name,
        "time_zone": user.time_zone,
        "locale": user.locale,
        "date_joined": user.date_joined.isoformat(),
        "last_login": user.last_login.isoformat() if user.last_login else None,
        "api_tokens": [
            {
                "name": token.name,
                "created_at": token.created_at.isoformat(),
                "last_used_at": token.last_used_at and token.last_used_at.isoformat(),
                "expires_at": token.expires_at and token.expires_at.isoformat(),
            }
            for token in user.api_tokens.all()
        ],
        "audit_log": [
            {"at": row.entry.at.isoformat(), "who": row.who, "whose": row.whose, "what": row.entry.action}
            for row in audit.shown(AuditEntry.objects.of(user))
        ],
    }


@transaction.atomic
def erase_account(user: User) -> int:
    """Make the account nobody's: its address and name are gone, its password is unusable, and it is inactive.

    The row stays, because other people's rows (an audit entry, a course that was taught) point at it.
    Running it twice changes nothing more.
    """
    from allauth.account.models import EmailAddress
    from allauth.mfa.models import Authenticator
    from axes.models import AccessAttempt, AccessFailureLog, AccessLog

    audit.record(action=AuditEntry.Action.ACCOUNT_ERASED, actor=user, subject=user)
    removed = 1 + audit.forget(user)
    for log in (AccessAttempt, AccessFailureLog, AccessLog):
        removed += log.objects.filter(username__iexact=user.email).delete()[0]
    removed += Invitation.objects.filter(email__iexact=user.email).delete()[0]
    for model in (EmailAddress, Authenticator, ApiToken):
        removed += model.objects.filter(user=user).delete()[0]
    user.email = f"erased-{user.pk}@invalid.example"
    user.display_name = "Erased account"
    user.time_zone, user.locale = "UTC", ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.set_unusable_password()
    user.save()
    return removed
