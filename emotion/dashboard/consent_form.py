from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from emotion.consents import Choices
from emotion.models import Consent

TICKS = {
    "camera": "camera",
    "history": "history",
    "share": "share_with_instructor",
    "research": "share_for_research",
}


class ConsentForm(forms.Form):
    """Four ticks, of which none is made beforehand; and the age, for those who tick any."""

    camera = forms.BooleanField(required=False)
    history = forms.BooleanField(required=False)
    share = forms.BooleanField(required=False)
    research = forms.BooleanField(required=False)
    age = forms.ChoiceField(required=False, choices=[("older", "older"), ("younger", "younger")])
    guardian = forms.EmailField(required=False)

    @classmethod
    def showing(cls, consent: Consent | None) -> "ConsentForm":
        """What is in force; without it, nothing."""
        if consent is None:
            return cls(initial={})
        ticks = {name: getattr(consent, kept) for name, kept in TICKS.items()}
        age = "younger" if consent.under_age else "older"
        return cls(initial={**ticks, "age": age, "guardian": consent.guardian_email})

    def clean(self) -> dict:
        cleaned = super().clean()
        ticked = any(cleaned.get(name) for name in TICKS)
        if ticked and not cleaned.get("age"):
            asked = _("Please say whether you are %(age)s or older.") % {"age": settings.ATTUNE_CONSENT_AGE}
            self.add_error("age", asked)
        if ticked and cleaned.get("age") == "younger" and not cleaned.get("guardian") and "guardian" not in self.errors:
            self.add_error("guardian", _("Please give the e-mail address of your parent or guardian."))
        return cleaned

    @property
    def choices(self) -> Choices:
        return Choices(**{kept: self.cleaned_data[name] for name, kept in TICKS.items()})
