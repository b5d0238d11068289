from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin, TabularInline

from accounts.admin_base import ReadOnly
from courses.charts.files import as_file
from emotion.admin_models import ModelVersionAdmin
from emotion.model_figures import figure_rows, figures_chart
from training.curves import run_chart
from training.models import TrainingRun


class RunInline(ReadOnly, TabularInline):
    """On a model's page: the runs that made it."""

    model = TrainingRun
    fields = ["name", "status", "started_at", "ended_at"]
    readonly_fields = fields
    show_change_link = True
    extra = 0

    def has_view_permission(self, request, obj=None) -> bool:
        """No empty table below a model that came from elsewhere."""
        return super().has_view_permission(request, obj) and (obj is None or obj.runs.exists())


ModelVersionAdmin.inlines = [RunInline]


@admin.register(TrainingRun)
class TrainingRunAdmin(ModelAdmin):
    """Runs and their curves, for administrators. Runs are made by train_fer alone."""

    list_display = ["name", "status", "epochs", "best_score", "started_at", "model_version"]
    list_filter = ["status", "name"]
    nothing_yet = gettext_lazy("Each run of train_fer is listed here, with its curves.")
    list_select_related = ["model_version"]
    readonly_fields = ["name", "status", "folder", "model_version", "started_at", "ended_at", "config"]
    exclude = ["history", "figures"]
    change_form_template = "admin/training/training_run.html"

    @admin.display(description=gettext_lazy("epochs"))
    def epochs(self, run: TrainingRun) -> int:
        return len(run.history)

    @admin.display(description=gettext_lazy("best score"))
    def best_score(self, run: TrainingRun) -> str:
        return f"{run.best['score']:.1%}" if run.best else "none"

    def get_urls(self):
        chart = path(
            "<int:pk>/curves.<chart:form>", self.admin_site.admin_view(self.curves), name="training_run_curves"
        )
        figures = path(
            "<int:pk>/figures.<chart:form>", self.admin_site.admin_view(self.figures), name="training_run_figures"
        )
        return [chart, figures, *super().get_urls()]

    def curves(self, request, pk: int, form: str) -> HttpResponse:
        """The curves of a run as a table or a picture."""
        run = self.get_object(request, str(pk))
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        chart = run_chart(run) if run else None
        if chart is None:
            raise Http404(_("There is nothing to show yet."))
        return as_file(chart, form)

    def figures(self, request, pk: int, form: str) -> HttpResponse:
        """The evaluation at its end as a table or a picture."""
        run = self.get_object(request, str(pk))
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        chart = figures_chart(f"run-{run.pk}", run.name, run.figures) if run else None
        if chart is None:
            raise Http404(_("There is nothing to show yet."))
        return as_file(chart, form)

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        if obj:
            rows = figure_rows(obj.figures)
            context |= {"history": obj.history, "rows": rows, "has_figures": any(row.recalls for row in rows)}
        else:
            context |= {"history": []}
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def has_add_permission(self, request) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        """A registered model keeps the record of how it was made, as long as the model is there."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.model_version_id is None)

    def get_actions(self, request):
        """Not many at once: the list does not ask of each."""
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}
