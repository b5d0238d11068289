from django import forms
from django.utils.translation import gettext_lazy as _

from courses.models import Course, Lesson
from emotion.models import SUPPORTED, SupportRule

STATES = {
    "confused": _("looks confused"),
    "frustrated": _("looks frustrated"),
    "bored": _("looks bored"),
    "delighted": _("looks delighted"),
}
ACTIONS = {
    "hint": _("a hint"),
    "worked_example": _("a worked example"),
    "watch_again": _("go back to this part"),
    "break": _("a short break"),
    "encourage": _("a word of encouragement"),
    "discuss": _("ask in the discussion"),
    "offer_tutor": _("ask a tutor"),
}


class RuleForm(forms.ModelForm):
    """A rule of one course: when, what, how often and where."""

    class Meta:
        model = SupportRule
        fields = ("state", "lasting_seconds", "action", "question", "offer", "cooldown_minutes", "lesson", "active")
        labels = {
            "state": _("When a student"),
            "lasting_seconds": _("For so many seconds"),
            "action": _("Offer"),
            "question": _("The question"),
            "offer": _("The message"),
            "cooldown_minutes": _("Then rest for so many minutes"),
            "lesson": _("Where"),
            "active": _("In use"),
        }
        help_texts = {
            "lasting_seconds": _("10 to 900. Confusion that passes by itself is part of learning; frustration is not."),
            "question": _("One line that asks and does not assert. Empty: our words, in the student's language."),
            "offer": _("What somebody who accepts reads. Empty: our words, in the student's language."),
            "cooldown_minutes": _("5 to 1440. Whatever the rules say, nobody is asked more than once in ten minutes."),
            "lesson": _("A lesson with rules of its own for what it looks like uses those instead of the course's."),
        }

    def __init__(self, *args, course: Course, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["state"].choices = [(state, STATES[state]) for state in SUPPORTED]
        self.fields["action"].choices = list(ACTIONS.items())
        self.fields["lasting_seconds"] = self._number("lasting_seconds", 10, 900)
        self.fields["cooldown_minutes"] = self._number("cooldown_minutes", 5, 1440)
        self.fields["lesson"].queryset = Lesson.objects.for_course(course).in_course_order()
        self.fields["lesson"].label_from_instance = lambda lesson: lesson.title
        self.fields["lesson"].empty_label = _("The whole course")
        self.fields["offer"].widget.attrs["rows"] = 3
        for name, field in self.fields.items():
            about = [f"id_{name}_help"] if field.help_text else []
            about += [f"id_{name}_error"] if self.is_bound and name in self.errors else []
            field.widget.attrs |= {"aria-describedby": " ".join(about)} if about else {}

    def _number(self, name: str, least: int, most: int) -> forms.IntegerField:
        kept = self.fields[name]
        return forms.IntegerField(
            label=kept.label, help_text=kept.help_text, initial=kept.initial, min_value=least, max_value=most
        )
