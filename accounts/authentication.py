from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied

from accounts.second_factor import SET_UP_FIRST, needs_second_factor
from accounts.strangers import has_right_token
from accounts.tokens import token_of


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer attune_...`. Without that header, the next way of signing in is tried."""

    def authenticate(self, request):
        scheme, _space, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        row = token_of(token.strip())
        if row is None:
            raise AuthenticationFailed(_("This token is unknown, revoked or expired."))
        has_right_token(request._request)
        if needs_second_factor(row.user):  # a token from before the operator asked for it, or from before they taught
            raise PermissionDenied(_(SET_UP_FIRST))
        return row.user, row

    def authenticate_header(self, request) -> str | None:
        # Who sent a token is told that it is wrong (401); a page without a session is told no (403), as ever.
        return "Bearer" if get_authorization_header(request) else None


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema):
        return {"type": "http", "scheme": "bearer", "description": "A token made at /you/tokens/."}
