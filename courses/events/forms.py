from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.events import addresses
from courses.models import WebhookEndpoint


class WishesForm(forms.ModelForm):
    class Meta:
        model = WebhookEndpoint
        fields = ["wants_enrollment", "wants_completion", "wants_grade"]

    def clean(self):
        cleaned = super().clean()
        if not any(cleaned.get(name) for name in WishesForm.Meta.fields):
            raise forms.ValidationError(_("Choose at least one kind of event."))
        return cleaned


class EndpointForm(WishesForm):
    url = forms.URLField(
        label=gettext_lazy("Address"),
        max_length=400,
        assume_scheme="https",
        help_text=gettext_lazy("Where we send to, beginning with https://."),
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )

    class Meta(WishesForm.Meta):
        fields = ["url", *WishesForm.Meta.fields]

    def clean_url(self) -> str:
        url = self.cleaned_data["url"]
        try:
            addresses.check_url(url)
        except addresses.Refused as error:
            raise forms.ValidationError(str(error)) from None
        if WebhookEndpoint.objects.filter(course=self.instance.course, url=url).exists():
            raise forms.ValidationError(_("This address is told already."))
        return url
