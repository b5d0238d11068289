"""Turning the features off, and the form by which an administrator turns them on."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import User
from emotion.models import FeatureGate, LessonSession
from emotion.policy import INSTITUTIONS, JURISDICTIONS, PURPOSES, current_gate, state_gate
from emotion.services import end_sessions

EMPTY = ("", _("Please choose"))


@transaction.atomic
def close_gate(*, by: User | None = None) -> None:
    """Turn the features off: every open camera stops within a second. Closing twice is closing once."""
    gate = current_gate()
    if gate is None or not gate.is_open:
        return
    use = {"jurisdiction": gate.jurisdiction, "institution": gate.institution, "purpose": gate.purpose}
    FeatureGate.objects.create(**use, is_open=False, by=by)
    audit.record(action=audit.Action.GATE_CLOSED, actor=by, **use)
    end_sessions(LessonSession.objects.all(), gettext_noop("The emotion features are turned off here."))


class GateForm(forms.Form):
    """Nothing is chosen beforehand."""

    jurisdiction = forms.ChoiceField(label=_("Where is it used?"), choices=[EMPTY, *JURISDICTIONS.items()])
    institution = forms.ChoiceField(label=_("By whom?"), choices=[EMPTY, *INSTITUTIONS.items()])
    purpose = forms.ChoiceField(label=_("What for?"), choices=[EMPTY, *PURPOSES.items()])
    acknowledged = forms.BooleanField(
        label=_("I have read the notice above, and I answer for this use."),
        error_messages={"required": _("Please read the notice and tick that you have.")},
    )

    def state(self, *, by: User) -> bool:
        """Turn the features on for what was stated; False, with the reason in the form, where the policy says no."""
        use = {name: self.cleaned_data[name] for name in ("jurisdiction", "institution", "purpose")}
        try:
            state_gate(**use, by=by)
        except ValidationError as refusal:
            self.add_error(None, refusal)
            return False
        return True
