from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.models import Course
from courses.notifications.models import Announcement, MailWish, NotificationKind
from courses.notifications.services import preferences_of, set_preference

FOR_TEACHERS = (NotificationKind.ASKED, NotificationKind.WEEKLY, NotificationKind.PAUSED)


class PreferencesForm(forms.Form):
    """One choice for each kind of notification that can come to this person."""

    def __init__(self, user, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        teaches = Course.objects.taught_by(user).exists()
        for kind, wish in preferences_of(user).items():
            if kind in FOR_TEACHERS and not teaches:
                continue
            self.fields[kind] = forms.ChoiceField(
                label=NotificationKind(kind).label, choices=MailWish.choices, initial=wish
            )

    def save(self) -> None:
        for kind in self.changed_data:
            set_preference(user=self.user, kind=kind, mail=self.cleaned_data[kind])


class AnnouncementForm(forms.ModelForm):
    publish_at = forms.DateTimeField(
        label=_("Publish at"),
        required=False,
        help_text=_("In your time zone. Leave it empty to publish now."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    class Meta:
        model = Announcement
        fields = ["title", "body", "publish_at"]
        widgets = {"body": forms.Textarea(attrs={"rows": 8})}
        help_texts = {"body": _("Markdown.")}

    def clean_publish_at(self):
        return self.cleaned_data["publish_at"] or timezone.now()
