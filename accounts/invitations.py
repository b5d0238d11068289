"""Inviting people to teach. The link in the mail is the proof that the address is theirs."""

import secrets
from datetime import timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Invitation, User
from accounts.tokens import digest_of

LIFE = timedelta(days=7)


class InvitationGone(ValueError):
    """The invitation was used, has expired, or its account was closed."""


def invite_instructor(*, email: str, display_name: str, invited_by: User, address) -> Invitation:
    """Mail a link; `address(token)` makes it. An older open invitation of the same person stops to work."""
    token = secrets.token_urlsafe(32)
    now = timezone.now()
    with transaction.atomic():
        Invitation.objects.filter(email__iexact=email, accepted_at=None).delete()
        invitation = Invitation.objects.create(
            email=User.objects.normalize_email(email),
            display_name=display_name,
            digest=digest_of(token),
            invited_by=invited_by,
            expires_at=now + LIFE,
        )
    words = {"invitation": invitation, "invited_by": invited_by, "url": address(token), "days": LIFE.days}
    subject, message = _("[Attune] You are invited to teach"), render_to_string("accounts/email/invitation.txt", words)
    # After the transaction: a slow mail server holds no lock.
    transaction.on_commit(lambda: send_mail(subject, message, None, [invitation.email]))
    return invitation


def invitation_at(token: str) -> Invitation | None:
    found = Invitation.objects.filter(digest=digest_of(token)).first()
    return found if found and found.is_open else None


def account_of(invitation: Invitation) -> User | None:
    """Who has this address already."""
    return User.objects.filter(email__iexact=invitation.email).first()


def needs_password(invitation: Invitation) -> bool:
    """An account whose address was never confirmed may be anybody's: whoever holds the mail begins it anew."""
    user = account_of(invitation)
    return user is None or not EmailAddress.objects.filter(user=user, email__iexact=user.email, verified=True).exists()


@transaction.atomic
def accept_invitation(*, invitation: Invitation, display_name: str = "", password: str = "") -> User:
    """Make, or take, the account of this address and let it teach. A confirmed account keeps its password; of any other
    whatever opened it so far is gone. Raises InvitationGone; of two who press at once, one succeeds."""
    now = timezone.now()
    claimed = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, expires_at__gt=now).update(accepted_at=now)
    if not claimed:
        raise InvitationGone(_("This invitation was used already, or its week is over."))
    user = account_of(invitation)
    if user is None:
        user = User.objects.create_user(invitation.email, password, display_name=display_name, is_staff=True)
    elif not user.is_active:
        raise InvitationGone(_("The account of this address is closed."))
    else:
        if needs_password(invitation):
            _take_over(user, password)
        user.is_staff = True
        user.save()
    address, _made = EmailAddress.objects.get_or_create(user=user, email=user.email.lower())
    address.verified = True
    address.save()
    address.set_as_primary()
    return user


def _take_over(user: User, password: str) -> None:
    user.set_password(password)  # which ends the sessions that are open
    user.api_tokens.all().delete()
    Authenticator.objects.filter(user=user).delete()
    EmailAddress.objects.filter(user=user).exclude(email__iexact=user.email).delete()
