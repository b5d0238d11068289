from datetime import timedelta
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.account_import import LONGEST_FILE, UnreadableTable, decode, read_lines
from accounts.models import Invitation, User


class SignupForm(forms.Form):
    """What sign-up asks beside e-mail and password. allauth builds its own form on top of this one."""

    display_name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=80,
        help_text=gettext_lazy("What other people here will read."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ["display_name", "email", "password1"]

    def signup(self, request, user: User) -> None:
        user.display_name = self.cleaned_data["display_name"]
        user.save(update_fields=["display_name"])


class ProfileForm(forms.ModelForm):
    time_zone = forms.CharField(
        label=gettext_lazy("Time zone"),
        max_length=64,
        help_text=gettext_lazy("Type a city, such as Berlin. Times on your pages are shown in it."),
        widget=forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off", "spellcheck": "false"}),
    )
    locale = forms.ChoiceField(
        label=gettext_lazy("Language"),
        choices=[("", gettext_lazy("As my browser asks")), *settings.LANGUAGES],
        required=False,
        help_text=gettext_lazy("Courses stay in the language they were written in."),
    )

    class Meta:
        model = User
        fields = ["display_name", "time_zone", "locale"]
        labels = {"display_name": gettext_lazy("Your name")}

    def clean_time_zone(self) -> str:
        """`europe/berlin`, `Europe/Berlin` and, where only one city has that name, `Berlin`."""
        asked = self.cleaned_data["time_zone"].strip().replace(" ", "_").casefold()
        zones = {zone.casefold(): zone for zone in available_timezones()}
        cities = [zone for key, zone in zones.items() if "/" in key and key.rpartition("/")[2] == asked]
        if asked not in zones and len(cities) != 1:
            raise forms.ValidationError(
                _("We know no such time zone. Choose one from the list, such as Europe/Berlin.")
            )
        return zones[asked] if asked in zones else cities[0]

    def clean_locale(self) -> str:
        """A form that says nothing of it leaves it."""
        return self.cleaned_data["locale"] if "locale" in self.data else self.instance.locale


def time_zones() -> list[str]:
    """What the list offers: places, without the abbreviations that change their meaning twice a year."""
    places = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "System")))
    return ["UTC", *places]


class EraseForm(forms.Form):
    """Asks for the password, so that a session left open on a shared computer can't erase anything."""

    password = forms.CharField(
        label=gettext_lazy("Your password"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, user: User, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        if not self.user.check_password(self.cleaned_data["password"]):
            raise forms.ValidationError(_("That is not your password."))
        return self.cleaned_data["password"]


class TokenForm(forms.Form):
    LIVES = [
        ("30", gettext_lazy("30 days")),
        ("90", gettext_lazy("90 days")),
        ("365", gettext_lazy("A year")),
        ("", gettext_lazy("Until I revoke it")),
    ]

    name = forms.CharField(
        label=gettext_lazy("What is it for?"), max_length=80, help_text=gettext_lazy("Such as “Timetable script”.")
    )
    days = forms.ChoiceField(label=gettext_lazy("It works for"), choices=LIVES, required=False, initial="90")

    def expires_at(self):
        days = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=int(days)) if days else None


class AcceptForm(forms.Form):
    """What somebody invited to teach gives: nothing but a yes, where the account is theirs already."""

    display_name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=80,
        help_text=gettext_lazy("What other people here will read."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Choose a password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validation.password_validators_help_text_html,
    )

    def __init__(self, invitation, *args, needs_password: bool, needs_name: bool, **kwargs):
        super().__init__(*args, **kwargs)
        self.invitation = invitation
        if not needs_password:
            del self.fields["password"]
        if not needs_name:
            del self.fields["display_name"]
        else:
            self.initial.setdefault("display_name", invitation.display_name)

    def clean(self) -> dict:
        cleaned = super().clean()
        if password := cleaned.get("password"):
            somebody = User(email=self.invitation.email, display_name=cleaned.get("display_name", ""))
            try:
                password_validation.validate_password(password, somebody)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return cleaned


class InvitationForm(forms.ModelForm):
    class Meta:
        model = Invitation
        fields = ["email", "display_name"]

    def clean_email(self) -> str:
        email = self.cleaned_data["email"]
        user = User.objects.filter(email__iexact=email).first()
        if user and user.is_staff:
            raise forms.ValidationError(_("%(user)s teaches here already.") % {"user": user})
        if user and not user.is_active:
            raise forms.ValidationError(_("The account of this address is switched off."))
        return email


class AccountTableForm(forms.Form):
    file = forms.FileField(label=gettext_lazy("A CSV file"), required=False)
    table = forms.CharField(
        label=gettext_lazy("Or its lines"), required=False, widget=forms.Textarea(attrs={"rows": 8})
    )
    send_links = forms.BooleanField(label=gettext_lazy("Mail each new person a link to set a password"), required=False)

    def clean(self) -> dict:
        cleaned = super().clean()
        try:
            if upload := cleaned.get("file"):
                cleaned["table"] = decode(upload.read(LONGEST_FILE + 1))
            if not self.errors:
                cleaned["lines"] = read_lines(cleaned.get("table", ""))
        except UnreadableTable as error:
            raise forms.ValidationError(str(error)) from None
        return cleaned
