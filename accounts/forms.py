from zoneinfo import available_timezones

from django import forms

from accounts.models import User


class SignupForm(forms.Form):
    """What sign-up asks beside e-mail and password. allauth builds its own form on top of this one."""

    display_name = forms.CharField(
        label="Your name",
        max_length=80,
        help_text="What other people here will read.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ["display_name", "email", "password1"]

    def signup(self, request, user: User) -> None:
        user.display_name = self.cleaned_data["display_name"]
        user.save(update_fields=["display_name"])


LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("fr", "Français"), ("ar", "العربية")]


class ProfileForm(forms.ModelForm):
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=lambda: [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())],
        help_text="Times on your pages are shown in it.",
    )
    locale = forms.ChoiceField(
        label="Language",
        choices=LANGUAGES,
        required=False,
        help_text="Offers of help beside a lesson come in it; the rest of the site is in English.",
    )

    class Meta:
        model = User
        fields = ["display_name", "time_zone", "locale"]
        labels = {"display_name": "Your name"}

    def clean_locale(self) -> str:
        return self.cleaned_data["locale"] or self.instance.locale


class EraseForm(forms.Form):
    """Asks for the password, so that a session left open on a shared computer can't erase anything."""

    password = forms.CharField(
        label="Your password", widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, user: User, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        if not self.user.check_password(self.cleaned_data["password"]):
            raise forms.ValidationError("That is not your password.")
        return self.cleaned_data["password"]
