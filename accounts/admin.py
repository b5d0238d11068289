from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts import account_import, admin_sign_in, invitations, personal_data  # noqa: F401  (one registers its pages)
from accounts.admin_base import AdministratorsOnly, ReadOnly
from accounts.forms import AccountTableForm, InvitationForm
from accounts.models import AuditEntry, Invitation, User

admin.site.unregister(Group)  # roles come from enrollments and two switches, not from groups


@admin.register(User)
class UserAdmin(AdministratorsOnly, DjangoUserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["email", "display_name", "is_staff", "is_superuser", "is_active", "date_joined"]
    list_filter = ["is_staff", "is_superuser", "is_active"]
    search_fields = ["email", "display_name"]
    ordering = ["email"]
    filter_horizontal: list[str] = []
    readonly_fields = ["date_joined", "last_login"]
    fieldsets = [
        (None, {"fields": ["email", "password"]}),
        (gettext_lazy("Person"), {"fields": ["display_name", "time_zone", "locale"]}),
        (gettext_lazy("Roles"), {"fields": ["is_staff", "is_superuser", "is_active"]}),
        (gettext_lazy("Dates"), {"fields": ["date_joined", "last_login"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "display_name", "password1", "password2"]})]
    actions_list = ["import_accounts_action"]

    @action(description=gettext_lazy("Accounts from a table"), url_path="from-a-table")
    def import_accounts_action(self, request):
        return redirect("admin:accounts_user_import")

    def get_deleted_objects(self, objs, request):
        """In words, instead of each row: whatever is somebody's is erased, and what others share with them stays."""
        users = list(objs)
        words = [
            _("Everything about them is erased: their work in courses, consents, histories and sign-ins."),
            _("What others need stays without a name: courses they taught, discussions others answered."),
            _("A backup that is restored later does not bring them back."),
        ]
        own = [_("This is your own account: erase it on the page “Your account”.")] if request.user in users else []
        return [*map(str, users), *words], {self.opts.verbose_name_plural: len(users)}, set(), own

    def log_deletions(self, request, queryset):
        """Nothing: a note would keep the name. That somebody was erased, and by whom, stands in the audit log."""

    def delete_model(self, request, obj):
        personal_data.erase_all(obj, by=request.user)

    def delete_queryset(self, request, queryset):
        for user in queryset:
            personal_data.erase_all(user, by=request.user)

    def get_urls(self):
        page = self.admin_site.admin_view(self.import_accounts)
        return [path("import/", page, name="accounts_user_import"), *super().get_urls()]

    def import_accounts(self, request):
        """A dry run first: the form that makes the accounts holds the table that was looked at, and it is read anew."""
        if not self._may(request):
            raise Http404
        form = AccountTableForm(request.POST or None, request.FILES or None)
        lines = form.cleaned_data.get("lines", []) if request.method == "POST" and form.is_valid() else []
        if lines and "confirm" in request.POST:
            made = account_import.make_accounts(lines=lines)
            self._tell(request, made, form.cleaned_data["send_links"])
            return redirect("admin:accounts_user_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Accounts from a table"),
            "form": form,
            "lines": lines,
            "new": sum(line.is_new for line in lines),
            "opts": self.opts,
        }
        return render(
            request, "admin/accounts/user/import.html", context, status=422 if request.POST and form.errors else 200
        )

    def _tell(self, request, made: list[User], send_links: bool) -> None:
        messages.success(
            request, ngettext("%(n)d account was made.", "%(n)d accounts were made.", len(made)) % {"n": len(made)}
        )
        if not (made and send_links):
            return
        try:
            sent = account_import.mail_password_links(users=made, absolute=request.build_absolute_uri)
        except OSError as error:  # smtplib's errors are such, too
            messages.error(
                request,
                _(
                    "The accounts are there, but the mail server refused the links (%(error)s). "
                    "People can set a password by “Forgot your password?” on the sign-in page."
                )
                % {"error": type(error).__name__},
            )
        else:
            messages.success(
                request,
                ngettext("%(n)d link to set a password was mailed.", "%(n)d links to set a password were mailed.", sent)
                % {"n": sent},
            )


@admin.register(Invitation)
class InvitationAdmin(AdministratorsOnly, ModelAdmin):
    """Adding one mails it. To send it again, add it again: the older link then stops to work."""

    form = InvitationForm
    list_display = ["email", "display_name", "invited_by", "expires_at", "accepted_at"]
    search_fields = ["email", "display_name"]
    nothing_yet = gettext_lazy("Whoever is to teach here gets a link by e-mail, with which they make their account.")

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def save_model(self, request, obj, form, change):
        invitation = invitations.invite_instructor(
            email=obj.email,
            display_name=obj.display_name,
            invited_by=request.user,
            address=lambda token: request.build_absolute_uri(reverse("accounts:invitation", args=[token])),
        )
        obj.pk = invitation.pk  # what the admin writes its log about


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly, AdministratorsOnly, ModelAdmin):
    """The audit log, to read. People stand in it under pseudonyms; `verify_audit_log` checks it."""

    list_display = ["number", "at", "action", "actor", "subject", "shown_detail"]
    list_filter = ["action"]
    search_fields = ["actor", "subject"]

    @admin.display(description=gettext_lazy("detail"))
    def shown_detail(self, entry):
        return ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in entry.detail.items() if value != "")
