from django import forms
from django.utils.translation import gettext_lazy as _

from courses.models import CertificateRule


class RuleForm(forms.ModelForm):
    class Meta:
        model = CertificateRule
        fields = ["is_on", "lowest_percent", "words", "signatory"]


class RevokeForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"), max_length=400, help_text=_("Kept here; the public page only says that it was revoked.")
    )
