"""The administrators' pages of models: what each can do, by its figures and its card; promote, and roll back."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action

from accounts.admin_base import ReadOnly
from courses.charts.files import as_file
from emotion import registry
from emotion.core.manifest import CheckpointError
from emotion.model_figures import describe_checkpoint, figure_rows, figures_chart, in_short
from emotion.models import ModelVersion

FIGURES = "emotion_modelversion_figures"


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnly, ModelAdmin):
    """The registry of models, for administrators. A dialog asks before anything is promoted and posts, with a CSRF
    token; opened without JavaScript it is a page with a form."""

    list_display = ["name", "status", "accuracy", "macro_f1", "promoted_at", "created_at"]
    fields = ["name", "status", "created_at"]
    readonly_fields = fields
    change_form_template = "admin/emotion/model_version.html"
    actions_detail = ["promote", "roll_back"]

    @admin.display(description=_("accuracy"))
    def accuracy(self, version: ModelVersion) -> str:
        return in_short(version.metrics, "accuracy")

    @admin.display(description=_("macro F1"))
    def macro_f1(self, version: ModelVersion) -> str:
        return in_short(version.metrics, "macro_f1")

    def get_urls(self):
        own = path("<int:pk>/figures.<chart:form>", self.admin_site.admin_view(self.figures), name=FIGURES)
        return [own, *super().get_urls()]

    def figures(self, request, pk: int, form: str) -> HttpResponse:
        """Its figures as a table or a picture."""
        version = self.get_object(request, str(pk))
        if not self.has_view_permission(request, version):
            raise PermissionDenied
        chart = figures_chart(f"model-{version.name}", version.name, version.metrics) if version else None
        if chart is None:
            raise Http404("There are no such figures.")
        return as_file(chart, form)

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        rows = figure_rows(obj.metrics)
        has_figures = any(row.recalls for row in rows)
        context |= {"rows": rows, "has_figures": has_figures, "checkpoint": describe_checkpoint(obj)}
        if obj.status == ModelVersion.Status.PROMOTED:
            context["former"] = registry.former_model()
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    @action(
        description=_("Promote"),
        permissions=["promote"],
        icon="rocket_launch",
        dialog={
            "title": _("Promote this model?"),
            "description": _(
                "Workers switch to it within seconds, and the present one is retired. To roll back, promote the former "
                "one, or press Roll back."
            ),
            "form_class": None,
            "form_submit_text": _("Promote"),
        },
    )
    def promote(self, request, form, object_id):
        version = self.get_object(request, object_id)
        if version is None:
            raise Http404("There is no such model.")
        return self._answer(request, version, lambda: registry.promote_checkpoint(name=version.name, by=request.user))

    @action(
        description=_("Roll back"),
        permissions=["promote"],
        icon="undo",
        dialog={
            "title": _("Roll back to the model that served before?"),
            "description": _("Workers switch to it within seconds, and this one is retired."),
            "form_class": None,
            "form_submit_text": _("Roll back"),
        },
    )
    def roll_back(self, request, form, object_id):
        version = self.get_object(request, object_id)
        if version is None:
            raise Http404("There is no such model.")
        return self._answer(request, version, lambda: registry.roll_back(by=request.user))

    def _answer(self, request, version: ModelVersion, promote) -> HttpResponse:
        """Back to the page of the model that serves now, or of the one that could not be replaced."""
        try:
            version = promote()
        except CheckpointError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.message_user(request, _("%(name)s is promoted.") % {"name": version.name}, messages.SUCCESS)
        target = reverse("admin:emotion_modelversion_change", args=[version.pk])
        if request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Redirect": target})
        return redirect(target)

    def has_promote_permission(self, request, object_id=None) -> bool:
        return request.user.is_active and request.user.is_superuser

    def get_actions_detail(self, request, object_id):
        version = self.get_object(request, object_id)
        if version is None:
            return []
        if version.status != ModelVersion.Status.PROMOTED:
            wanted = "promote"
        else:
            wanted = "roll_back" if registry.former_model() else "nothing"
        actions = super().get_actions_detail(request, object_id)
        return [each for each in actions if each.action_name.endswith(f"modelversion_{wanted}")]
