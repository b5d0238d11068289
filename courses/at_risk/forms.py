from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.at_risk.models import Outreach, OutreachKind


class OutreachForm(forms.ModelForm):
    class Meta:
        model = Outreach
        fields = ["kind", "words", "talk_at"]
        labels = {"kind": _("What"), "words": _("Words"), "talk_at": _("When, for a talk")}
        help_texts = {
            "words": _("A message or an offer to talk reaches the student. A note is for those who teach this course.")
        }
        widgets = {
            "words": forms.Textarea(attrs={"rows": 3}),
            "talk_at": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        }

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        theirs = OutreachKind.ASKED  # which is the student's to write
        self.fields["kind"].choices = [(kind, label) for kind, label in OutreachKind.choices if kind != theirs]

    def clean(self) -> dict:
        cleaned = super().clean()
        kind, at = cleaned.get("kind"), cleaned.get("talk_at")
        if kind == OutreachKind.TALK and "talk_at" not in self.errors:
            if at is None:
                self.add_error("talk_at", _("Say when to talk."))
            elif at <= timezone.now():
                self.add_error("talk_at", _("This lies in the past."))
        elif kind != OutreachKind.TALK:
            cleaned["talk_at"] = None
        return cleaned
