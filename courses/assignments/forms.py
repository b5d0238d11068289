from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.assignments.models import Assignment, Criterion
from courses.assignments.services import LONGEST_TEXT
from courses.forms import MomentField

LONGEST_COMMENT = 20_000


class DraftForm(forms.Form):
    text = forms.CharField(required=False, max_length=LONGEST_TEXT, strip=False)


class UploadForm(forms.Form):
    file = forms.FileField(max_length=500)


class MarkForm(forms.Form):
    """Points, or with a rubric one level for each of its criteria as `level-<id>`."""

    points = forms.FloatField(min_value=0, required=False)
    comment = forms.CharField(required=False, max_length=LONGEST_COMMENT, widget=forms.Textarea)

    def levels(self, criteria: list[Criterion]) -> dict[int, int]:
        sent = {criterion.pk: self.data.get(f"level-{criterion.pk}", "") for criterion in criteria}
        return {pk: int(value) for pk, value in sent.items() if value.isdecimal()}


class AssignmentForm(forms.ModelForm):
    due_at = MomentField(required=False, label=gettext_lazy("Due"))
    late_until = MomentField(
        required=False,
        label=gettext_lazy("Taken until"),
        help_text=gettext_lazy("After this nothing is taken. Empty: late work is always taken."),
    )

    class Meta:
        model = Assignment
        fields = [
            "due_at",
            "late_until",
            "late_percent",
            "points",
            "pass_percent",
            "resubmissions",
            "takes_text",
            "most_files",
            "file_types",
            "largest_mb",
        ]
        labels = {
            "points": gettext_lazy("Points"),
            "pass_percent": gettext_lazy("Percent to pass"),
            "file_types": gettext_lazy("File types"),
        }


class CriterionForm(forms.ModelForm):
    """Levels are written as lines, each beginning with its points: "4 Clear and complete"."""

    lines = forms.CharField(required=False, label=gettext_lazy("Levels"), widget=forms.Textarea)

    class Meta:
        model = Criterion
        fields = ["title"]

    def clean_lines(self) -> list[dict]:
        levels = []
        for line in self.cleaned_data["lines"].splitlines():
            if not line.strip():
                continue
            first, _space, words = line.strip().partition(" ")
            try:
                points = float(first.rstrip(":").replace(",", "."))
            except ValueError:
                points = -1.0
            if not 0 <= points <= 1000:
                raise forms.ValidationError(
                    _("Begin each line with its points, such as “3 Mostly clear”: %(strip)s")
                    % {"strip": line.strip()[:60]}
                )
            levels.append({"points": points, "words": words.strip()[:300]})
        return sorted(levels, key=lambda level: -level["points"])[:10]
