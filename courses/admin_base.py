"""The base of every admin page about a course: an instructor meets rows of their own courses, no others."""

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Max
from django.forms import BaseInlineFormSet, ModelForm
from django.http import Http404
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.views import ChangeList

# Rows are parked this far up while they change places, past any position in use.
PARKING = 1_000_000


class TaughtRows:
    """Shared by pages and inlines. Permission is asked for the row at hand (for an inline: its parent)."""

    def _may(self, request, action: str, obj) -> bool:
        codename = get_permission_codename(action, self.opts)
        return request.user.has_perm(f"{self.opts.app_label}.{codename}", obj)

    def has_module_permission(self, request) -> bool:
        return request.user.is_active and request.user.is_staff

    def has_add_permission(self, request, obj=None) -> bool:
        return self._may(request, "add", obj)

    def has_view_permission(self, request, obj=None) -> bool:
        return self._may(request, "view", obj) or self._may(request, "change", obj)

    def has_change_permission(self, request, obj=None) -> bool:
        return self._may(request, "change", obj)

    def has_delete_permission(self, request, obj=None) -> bool:
        return self._may(request, "delete", obj)

    def get_queryset(self, request):
        queryset = super().get_queryset(request)
        return queryset.taught_by(request.user) if hasattr(queryset, "taught_by") else queryset

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        """Offer, and accept, only rows of courses this person teaches."""
        rows = db_field.remote_field.model._default_manager.all()
        if hasattr(rows, "taught_by"):
            kwargs["queryset"] = rows.taught_by(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class TaughtList(ChangeList):
    """unfold puts the heads of the columns together anew for each row, and with each head three addresses."""

    def __init__(self, *args, **kwargs):
        self._query_strings = {}
        super().__init__(*args, **kwargs)

    def get_query_string(self, new_params=None, remove=None):
        wanted = (tuple((new_params or {}).items()), tuple(remove or ()))
        if wanted not in self._query_strings:
            self._query_strings[wanted] = super().get_query_string(new_params, remove)
        return self._query_strings[wanted]


class TaughtCoursesAdmin(TaughtRows, ModelAdmin):
    list_per_page = 25
    show_full_result_count = False
    warn_unsaved_form = True
    # unfold's list asks for both twice a row, and where one is missing a template lists all the attributes there are.
    ordering_field = None
    list_sections = ()

    def get_changelist(self, request, **kwargs):
        return TaughtList

    def _get_obj_does_not_exist_redirect(self, request, opts, object_id):
        # Django answers a row outside the queryset with a redirect to the index; here it doesn't exist.
        raise Http404(f"No {opts.verbose_name} with the id {object_id}.")

    def delete_view(self, request, object_id, extra_context=None):
        # Asked first: that nobody may delete such a row would say that there is one.
        if self.get_object(request, unquote(object_id)) is None:
            self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return super().delete_view(request, object_id, extra_context)

    def history_view(self, request, object_id, extra_context=None):
        try:
            return super().history_view(request, object_id, extra_context)
        except PermissionDenied as error:
            raise Http404 from error


class TaughtFilter(admin.RelatedFieldListFilter):
    """A list filter that names only what this person teaches."""

    def field_choices(self, field, request, model_admin):
        model = field.remote_field.model
        named = {each.name for each in model._meta.fields}
        rows = model._default_manager.taught_by(request.user).order_by(*model._meta.ordering)
        if "block" in named:
            rows = rows.select_related("block")  # whose title is theirs: not one query for each
        if "title" in named:
            rows = rows.only("title")
        return [(row.pk, str(row)) for row in rows]


class PositionedAdmin(TaughtCoursesAdmin):
    """A row with a place among siblings. New and moved rows go last; its parent's page changes the order."""

    parent = ""

    def get_exclude(self, request, obj=None):
        return [*(super().get_exclude(request, obj) or []), "position"]

    def save_model(self, request, obj, form, change):
        if not change or self.parent in form.changed_data:
            siblings = self.model._default_manager.filter(**{self.parent: getattr(obj, self.parent)})
            obj.position = (siblings.exclude(pk=obj.pk).aggregate(last=Max("position"))["last"] or 0) + 1
        super().save_model(request, obj, form, change)


class PositionedForm(ModelForm):
    def _get_validation_exclusions(self):
        # Two rows that swap places each take a position that is still in use; the formset sorts that out.
        return super()._get_validation_exclusions() | {"position"}


class PositionedFormSet(BaseInlineFormSet):
    """Numbers its rows 1, 2, 3 in the order asked for; rows without a number go last."""

    def add_fields(self, form, index):
        super().add_fields(form, index)
        form.fields["position"].required = False
        if not form.instance.pk:
            form.initial["position"] = None

    def clean(self):
        super().clean()
        if any(self.errors):
            return
        kept = [f for f in self.forms if f not in self.deleted_forms and (f.instance.pk or f.has_changed())]
        self._in_order = sorted(kept, key=lambda form: form.cleaned_data.get("position") or PARKING)
        for position, form in enumerate(self._in_order, start=1):
            form.instance.position = position

    def save(self, commit=True):
        if not commit:  # the admin asks for this only where it then saves by save_formset
            return super().save(commit=False)
        with transaction.atomic():
            # Parked first, so that no row meets another's old position on its way.
            self.get_queryset().model._default_manager.filter(**{self.fk.name: self.instance}).update(
                position=F("position") + PARKING
            )
            saved = super().save()
            for position, form in enumerate(self._in_order, start=1):
                self.model._default_manager.filter(pk=form.instance.pk).update(position=position)
        return saved


class PositionedInline(TaughtRows):
    form = PositionedForm
    formset = PositionedFormSet
    extra = 0
    ordering = ["position"]
    ordering_field = "position"
    hide_ordering_field = True
    show_change_link = True


class PositionedTabularInline(PositionedInline, TabularInline):
    def formfield_for_dbfield(self, db_field, request, **kwargs):
        """A column's head does not name the boxes below it to a screen reader."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            field.widget.attrs.setdefault("aria-label", str(field.label))
        return field


class PositionedStackedInline(PositionedInline, StackedInline):
    pass
