"""The administrators' page on which the emotion features are turned on and off."""

from django.conf import settings
from django.contrib import admin, messages
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from accounts.admin_base import AdministratorsOnly
from emotion.gate import GateForm, close_gate
from emotion.models import FeatureGate
from emotion.policy import POLICY, current_gate, features_are_on, judge, use_in_words

STATEMENTS_SHOWN = 20


@admin.register(FeatureGate)
class FeatureGateAdmin(AdministratorsOnly, ModelAdmin):
    """One page: what is in force, the notice, the form, and what was stated before. No row is changed or deleted."""

    def changelist_view(self, request, extra_context=None):
        if not self.has_view_permission(request):
            return self.admin_site.login(request)
        form = GateForm(request.POST if "state" in request.POST else None)
        if "close" in request.POST:
            close_gate(by=request.user)
            messages.success(request, _("The emotion features are off. Every open camera has stopped."))
            return redirect("admin:emotion_featuregate_changelist")
        if form.is_bound and form.is_valid() and form.state(by=request.user):
            messages.success(request, _("The emotion features are on, for what you have stated."))
            return redirect("admin:emotion_featuregate_changelist")
        gate = current_gate()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Emotion features"),
            "content_title": _("Emotion features"),
            "form": form,
            "gate": gate,
            "on": features_are_on(),
            "verdict": gate and judge(gate.jurisdiction, gate.institution, gate.purpose),
            "override": settings.ATTUNE_POLICY_OVERRIDE,
            "stated": gate and use_in_words(gate.jurisdiction, gate.institution, gate.purpose),
            "policy": [(*use_in_words(*use), verdict) for use, verdict in POLICY.items()],
            "statements": [
                (one, use_in_words(one.jurisdiction, one.institution, one.purpose))
                for one in FeatureGate.objects.select_related("by")[:STATEMENTS_SHOWN]
            ],
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/emotion/gate.html", context, status=status)

    def has_add_permission(self, request) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False
