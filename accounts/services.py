import json
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import router, transaction
from django.db.models import Q
from django.db.models.deletion import Collector, ProtectedError, RestrictedError

from accounts import audit, erasures
from accounts.models import ApiToken, AuditEntry, Invitation, User


def export_account(user: User) -> dict[str, Any]:
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
    """Delete the account, the notes of its sign-ins and what the administration noted of it.

    Where other people's rows would go with it, it stays as nobody's: without address and name, with an unusable
    password, inactive. Running it twice changes nothing more.
    """
    from allauth.account.models import EmailAddress
    from allauth.mfa.models import Authenticator
    from axes.models import AccessAttempt, AccessFailureLog, AccessLog

    if not User.objects.filter(pk=user.pk).exists():
        return 0
    erasures.note_erasure(user)
    removed = 1 + audit.forget(user)
    for log in (AccessAttempt, AccessFailureLog, AccessLog):
        removed += log.objects.filter(username__iexact=user.email).delete()[0]
    removed += Invitation.objects.filter(email__iexact=user.email).delete()[0]
    for model in (EmailAddress, Authenticator, ApiToken):
        removed += model.objects.filter(user=user).delete()[0]
    removed += _forget_notes(user)
    user.groups.clear()
    user.user_permissions.clear()
    if _stands_alone(user):
        # Through a queryset, so that the caller's object keeps its number.
        return removed + User.objects.filter(pk=user.pk).delete()[0]
    user.email = f"erased-{user.pk}@invalid.example"
    user.display_name = "Erased account"
    user.time_zone, user.locale = "UTC", ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.set_unusable_password()
    user.save()
    return removed


def _forget_notes(user: User) -> int:
    """What the administration wrote down by and about this person, and their open sessions on other devices."""
    about = Q(content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk))
    removed = LogEntry.objects.filter(about | Q(user=user)).delete()[0]
    removed += LogEntry.objects.filter(_naming(user)).update(object_repr="", change_message="")
    # Whose a session is stands inside of it, so all are looked into: an erasure is rare.
    theirs = [s.pk for s in Session.objects.iterator() if s.get_decoded().get("_auth_user_id") == str(user.pk)]
    return removed + Session.objects.filter(pk__in=theirs).delete()[0]


def _naming(user: User) -> Q:
    """Notes about rows of this person's, an enrollment or a grade, begin with their name: "Ann in Statistics"."""
    naming = Q(object_repr__icontains=user.email) | Q(change_message__icontains=user.email)
    for name in {str(user), user.display_name} - {""}:
        quoted = json.dumps(name)[:-1]
        naming |= Q(object_repr=name) | Q(change_message__icontains=quoted + '"')
        for after in (" in ", ": "):
            naming |= Q(object_repr__istartswith=name + after) | Q(change_message__icontains=quoted + after)
    return naming


def _stands_alone(user: User) -> bool:
    """Whether nothing would be deleted with this account."""
    collector = Collector(using=router.db_for_write(User))
    try:
        collector.collect([user])
    except (ProtectedError, RestrictedError):
        return False
    return set(collector.data) == {User} and not any(rows.exists() for rows in collector.fast_deletes)
