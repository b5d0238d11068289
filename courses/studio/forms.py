from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses import blocks
from courses.models import Block, Course, Lesson, Module

USUAL_VALUE = {Block.Rule.SEEN: 30, Block.Rule.WATCHED: 80}
LARGEST_VALUE = {Block.Rule.SEEN: 3600, Block.Rule.WATCHED: 100}
MOST_UNANSWERED = 1000  # a page without a network tries again every few seconds


class NewCourseForm(forms.ModelForm):
    class Meta:
        model = Course
        fields = ["title", "summary"]
        labels = {"title": gettext_lazy("Title"), "summary": gettext_lazy("Summary")}


class CourseForm(forms.ModelForm):
    class Meta:
        model = Course
        fields = ["title", "summary", "description"]


class ModuleForm(forms.ModelForm):
    class Meta:
        model = Module
        fields = ["title"]


class NewLessonForm(forms.ModelForm):
    class Meta:
        model = Lesson
        fields = ["title"]


class LessonForm(forms.ModelForm):
    class Meta:
        model = Lesson
        fields = ["title", "summary", "minutes"]


class BlockForm(forms.ModelForm):
    """A block's own fields. What its kind still needs is no error: half-written work is saved too."""

    version = forms.IntegerField(min_value=1)
    follows = forms.IntegerField(min_value=0, max_value=MOST_UNANSWERED, required=False)
    rule_value = forms.IntegerField(min_value=0, required=False)

    class Meta:
        model = Block
        fields = ["title", "body", "alt_text", "address", "rule", "rule_value"]

    def clean_rule(self) -> str:
        rule = self.cleaned_data["rule"]
        if rule not in blocks.type_of(self.instance.kind).rules:
            raise ValidationError(_("This part cannot be completed in that way."))
        return rule

    def clean(self) -> dict:
        cleaned = super().clean()
        rule, value = cleaned.get("rule"), cleaned.get("rule_value") or 0
        largest = LARGEST_VALUE.get(rule, 0)
        if value > largest > 0:
            self.add_error("rule_value", _("%(largest)s is the most.") % {"largest": largest})
        cleaned["rule_value"] = (value or USUAL_VALUE[rule]) if largest else 0
        return cleaned


class FileForm(forms.Form):
    use = forms.ChoiceField(choices=[(use, use) for use in ("image", "video", "captions", "file")])
    file = forms.FileField(max_length=500)


class MoveForm(forms.Form):
    """Where a row goes: before a sibling's id, or last; or one step, which is what the buttons say without a script."""

    kind = forms.ChoiceField(choices=[(kind, kind) for kind in ("module", "lesson", "block", "question", "criterion")])
    pk = forms.IntegerField(min_value=1)
    before = forms.IntegerField(min_value=1, required=False)
    module = forms.IntegerField(min_value=1, required=False)
    step = forms.ChoiceField(choices=[("up", "up"), ("down", "down")], required=False)
