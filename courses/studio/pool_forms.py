from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from courses.forms import MomentField
from courses.models import Course, Enrollment, QuestionPool


class PoolForm(forms.ModelForm):
    title = forms.CharField(max_length=120, label=gettext_lazy("Name of the pool"))

    class Meta:
        model = QuestionPool
        fields = ["title"]

    def clean_title(self) -> str:
        title = self.cleaned_data["title"]
        if self.instance.course.question_pools.filter(title=title).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("This course has a pool of that name."))
        return title


class DrawForm(forms.Form):
    """From one of the course's pools, or from a new one by its name."""

    pool = forms.ModelChoiceField(
        QuestionPool.objects.none(), required=False, label=gettext_lazy("Pool"), empty_label=gettext_lazy("a new one")
    )
    new_pool = forms.CharField(max_length=120, required=False, label=gettext_lazy("Name of the new pool"))
    count = forms.IntegerField(min_value=1, max_value=500, initial=1, label=gettext_lazy("How many in each attempt"))
    points = forms.IntegerField(min_value=1, max_value=1000, initial=1, label=gettext_lazy("Points each"))

    def __init__(self, *args, course: Course, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["pool"].queryset = course.question_pools.all()

    def clean(self):
        cleaned = super().clean()
        if not self.errors and not cleaned.get("pool") and not cleaned.get("new_pool"):
            self.add_error("new_pool", _("Choose a pool, or name a new one."))
        return cleaned


class AccommodationForm(forms.Form):
    """The student is named by the address they sign in with: a course may have hundreds."""

    email = forms.EmailField(
        label=gettext_lazy("Student's e-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    time_factor = forms.FloatField(
        min_value=1,
        max_value=10,
        initial=1.5,
        label=gettext_lazy("Time, times"),
        help_text=gettext_lazy("1.5 gives half as much time again."),
    )
    extra_attempts = forms.IntegerField(min_value=0, max_value=100, initial=0, label=gettext_lazy("More attempts"))
    closes_at = MomentField(required=False, label=gettext_lazy("Closes later, at"))
    everywhere = forms.BooleanField(
        required=False, label=gettext_lazy("In all quizzes of this course, those made later too")
    )

    def __init__(self, *args, course: Course, **kwargs):
        super().__init__(*args, **kwargs)
        self.course = course

    def clean_email(self) -> str:
        email = self.cleaned_data["email"]
        students = Enrollment.objects.active().students().for_course(self.course)
        self.student = User.objects.filter(email__iexact=email, pk__in=students.values("user")).first()
        if self.student is None:
            raise ValidationError(_("Nobody with this address takes the course."))
        return email
