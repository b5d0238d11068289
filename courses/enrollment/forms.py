import secrets

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.models import Cohort, Course, Enrollment, Invitation

SHORTEST_CODE = 6
LARGEST_FILE = 1024 * 1024
# No letters or digits that look like another.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def suggest_code() -> str:
    letters = "".join(secrets.choice(LETTERS) for _i in range(8))
    return f"{letters[:4]}-{letters[4:]}"


class JoiningForm(forms.ModelForm):
    class Meta:
        model = Course
        fields = ["enrollment", "enrollment_code", "seats"]
        labels = {"enrollment": _("Who may join"), "enrollment_code": _("Course code"), "seats": _("Seats")}
        help_texts = {
            "enrollment_code": _("For joining with a code. Empty makes one up; capitals and hyphens do not matter."),
            "seats": _("How many students it takes; the next ones wait in line. Empty sets no limit."),
        }

    def clean(self) -> dict:
        cleaned = super().clean()
        code = (cleaned.get("enrollment_code") or "").strip()
        if cleaned.get("enrollment") == Course.Mode.CODE and not code:
            code = suggest_code()
        if code and len(code.replace("-", "").replace(" ", "")) < SHORTEST_CODE:
            self.add_error("enrollment_code", _("Six letters or digits are the fewest, or it can be guessed."))
        cleaned["enrollment_code"] = code
        return cleaned


class CohortForm(forms.ModelForm):
    class Meta:
        model = Cohort
        fields = ["name", "starts_on", "ends_on"]
        labels = {"name": _("Name"), "starts_on": _("Starts on"), "ends_on": _("Ends on")}
        widgets = {
            "starts_on": forms.DateInput(attrs={"type": "date"}),
            "ends_on": forms.DateInput(attrs={"type": "date"}),
        }

    def _get_validation_exclusions(self):
        # The course is no field of the form, but the name is unique in it.
        return super()._get_validation_exclusions() - {"course"}


class InvitationForm(forms.ModelForm):
    class Meta:
        model = Invitation
        fields = ["role", "cohort", "most_uses", "expires_at"]
        labels = {"role": _("As"), "cohort": _("In the cohort")}
        widgets = {"expires_at": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")}

    def __init__(self, *args, course: Course, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["cohort"].queryset = course.cohorts.all()
        self.fields["most_uses"].min_value = 1

    def clean_most_uses(self) -> int | None:
        most = self.cleaned_data["most_uses"]
        if most == 0:
            raise ValidationError(_("One is the fewest. Leave it empty for any number."))
        return most

    def clean_expires_at(self):
        when = self.cleaned_data["expires_at"]
        if when and when <= timezone.now():
            raise ValidationError(_("This is over already."))
        return when


class MembershipForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Enrollment.Role.choices)
    cohort = forms.ModelChoiceField(Cohort.objects.none(), label=_("Cohort"), required=False)

    def __init__(self, *args, course: Course, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["cohort"].queryset = course.cohorts.all()


class ImportForm(forms.Form):
    file = forms.FileField(label=_("CSV file"), required=False, help_text=_("Columns: email, name, role, cohort."))
    text = forms.CharField(required=False, widget=forms.HiddenInput, max_length=LARGEST_FILE, strip=False)
    invite = forms.BooleanField(
        label=_("Invite those without an account by e-mail"), required=False, help_text=_("One mail each.")
    )

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file and file.size > LARGEST_FILE:
            raise ValidationError(_("1 MB is the most."))
        return file

    def clean(self) -> dict:
        cleaned = super().clean()
        if not self.errors and not cleaned.get("file") and not cleaned.get("text"):
            self.add_error("file", _("Choose a file."))
        return cleaned
