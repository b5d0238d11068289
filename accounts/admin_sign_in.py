"""How people sign in, as the administration shows it: the libraries bring pages of their own, which know neither its
look nor what is nobody's to read, such as the secret of somebody's second step."""

from allauth.account.admin import EmailAddressAdmin as LibraryEmailAddressAdmin
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.apps import apps
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from accounts.admin_base import AdministratorsOnly

for library_model in (EmailAddress, Authenticator, AccessAttempt, AccessFailureLog, AccessLog):
    admin.site.unregister(library_model)  # nothing writes the log of failures here
apps.get_app_config("account").verbose_name = _("E-mail addresses")
apps.get_app_config("axes").verbose_name = _("Signing in")
apps.get_app_config("mfa").verbose_name = _("Two-step sign-in")


class Recorded(AdministratorsOnly, ModelAdmin):
    """Rows that only the sign-in writes. To take one away is to forgive it: failed attempts, a lost phone."""

    def has_add_permission(self, request) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False


@admin.register(EmailAddress)
class EmailAddressAdmin(AdministratorsOnly, ModelAdmin, LibraryEmailAddressAdmin):
    raw_id_fields: list[str] = []
    autocomplete_fields = ["user"]


@admin.register(Authenticator)
class AuthenticatorAdmin(Recorded):
    list_display = ["user", "type", "created_at", "last_used_at"]
    list_select_related = ["user"]
    search_fields = ["user__email", "user__display_name"]
    exclude = ["data"]  # the secret
    nothing_yet = _(
        "Whoever sets up two-step sign-in is listed here. To delete one is to let somebody in who lost their phone."
    )


@admin.register(AccessAttempt)
class AccessAttemptAdmin(Recorded):
    list_display = ["username", "ip_address", "attempt_time", "failures_since_start"]
    nothing_yet = _(
        "Failed attempts to sign in are listed here. To delete one is to let that person try again at once."
    )
    search_fields = ["username", "ip_address"]
    fields = [*list_display, "user_agent", "path_info"]


@admin.register(AccessLog)
class AccessLogAdmin(Recorded):
    list_display = ["username", "ip_address", "attempt_time", "logout_time"]
    search_fields = ["username", "ip_address"]
    fields = [*list_display, "user_agent", "path_info"]
