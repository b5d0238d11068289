from django import forms

LONGEST_DAY = 24 * 3600


class BlockProgressForm(forms.Form):
    """What a lesson's page reports of a block. A report may hold either half; `length` is that of the video."""

    seconds = forms.IntegerField(min_value=0, max_value=LONGEST_DAY, required=False)
    second = forms.IntegerField(min_value=0, max_value=LONGEST_DAY, required=False)
    length = forms.IntegerField(min_value=1, max_value=LONGEST_DAY, required=False)
    watched = forms.RegexField(r"^[0-9a-f]{1,25}$", required=False)

    def clean_watched(self) -> int | None:
        given = self.cleaned_data["watched"]
        return int(given, 16) if given else None

    @property
    def first_error(self) -> str:
        return next(f"{field}: {errors[0]}" for field, errors in self.errors.items())


class MomentField(forms.DateTimeField):
    """A date and time as browsers send them, in the author's own time zone."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    input_formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
