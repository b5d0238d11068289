from django.contrib import admin
from unfold.admin import ModelAdmin

from training.models import TrainingRun


@admin.register(TrainingRun)
class TrainingRunAdmin(ModelAdmin):
    """Runs and their curves, for administrators. Runs are made by train_fer alone."""

    list_display = ["name", "status", "epochs", "best_score", "started_at", "model_version"]
    list_filter = ["status", "name"]
    list_select_related = ["model_version"]
    readonly_fields = ["name", "status", "folder", "model_version", "started_at", "ended_at", "config", "figures"]
    exclude = ["history"]
    change_form_template = "admin/training/training_run.html"

    @admin.display(description="epochs")
    def epochs(self, run: TrainingRun) -> int:
        return len(run.history)

    @admin.display(description="best score")
    def best_score(self, run: TrainingRun) -> str:
        return f"{run.best['score']:.1%}" if run.best else "none"

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        context["history"] = obj.history if obj else []
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def has_add_permission(self, request) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False
