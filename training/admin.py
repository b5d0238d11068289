from django.contrib import admin
from unfold.admin import ModelAdmin, TabularInline

from accounts.admin_base import ReadOnly
from emotion.admin_models import ModelVersionAdmin
from emotion.model_figures import figure_rows
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
    list_select_related = ["model_version"]
    readonly_fields = ["name", "status", "folder", "model_version", "started_at", "ended_at", "config"]
    exclude = ["history", "figures"]
    change_form_template = "admin/training/training_run.html"

    @admin.display(description="epochs")
    def epochs(self, run: TrainingRun) -> int:
        return len(run.history)

    @admin.display(description="best score")
    def best_score(self, run: TrainingRun) -> str:
        return f"{run.best['score']:.1%}" if run.best else "none"

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        context |= {"history": obj.history, "rows": figure_rows(obj.figures)} if obj else {"history": []}
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def has_add_permission(self, request) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False
