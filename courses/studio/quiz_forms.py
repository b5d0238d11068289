from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.forms import MomentField
from courses.models import Question, Quiz

MOST_CHOICES = 40


class QuizForm(forms.ModelForm):
    opens_at = MomentField(required=False, label=gettext_lazy("Opens"))
    closes_at = MomentField(required=False, label=gettext_lazy("Closes"))

    class Meta:
        model = Quiz
        fields = [
            "pass_percent",
            "attempt_limit",
            "minutes",
            "opens_at",
            "closes_at",
            "show_answers",
            "shuffle_questions",
            "shuffle_choices",
        ]
        labels = {
            "pass_percent": gettext_lazy("Percent to pass"),
            "shuffle_questions": gettext_lazy("Shuffle the questions"),
            "shuffle_choices": gettext_lazy("Shuffle the choices"),
        }


class QuestionForm(forms.ModelForm):
    """Half-written questions are saved too; what they lack is told beside them, and no student meets them till then."""

    prompt = forms.CharField(required=False, strip=False)
    number = forms.CharField(required=False)
    tolerance = forms.CharField(required=False)

    class Meta:
        model = Question
        fields = ["kind", "prompt", "explanation", "points", "accepted", "exact", "number", "tolerance"]

    def clean_number(self) -> float | None:
        return self._number("number")

    def clean_tolerance(self) -> float:
        tolerance = self._number("tolerance") or 0.0
        if tolerance < 0:
            raise ValidationError(_("0 or more, please."))
        return tolerance

    def _number(self, field: str) -> float | None:
        given = self.cleaned_data[field].strip().replace(",", ".")
        if not given:
            return None
        try:
            number = float(given)
        except ValueError:
            number = float("inf")
        if not -1e15 < number < 1e15:
            raise ValidationError(_("“%(given)s” is not a number.") % {"given": given})
        return number

    def choices(self) -> list[dict]:
        """The rows of the form that say something, in order: id, text, match, is_correct, feedback."""
        columns = [self.data.getlist(f"choice-{name}") for name in ("id", "text", "match", "right", "feedback")]
        rows = []
        for id_, text, match, right, feedback in zip(*columns, strict=False):
            if not (text.strip() or match.strip() or feedback.strip()):
                continue
            rows.append(
                {
                    "id": int(id_) if id_.isdecimal() else None,
                    "text": text.strip()[:240],
                    "match": match.strip()[:240],
                    "is_correct": right == "1",
                    "feedback": feedback.strip()[:400],
                }
            )
        return rows[:MOST_CHOICES]
