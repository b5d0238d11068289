"""What admin pages of every app share."""

from django.http import Http404


class ReadOnly:
    """Rows to look at: nobody adds, changes or deletes one by hand."""

    def has_add_permission(self, request, obj=None) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False


class AdministratorsOnly:
    def _may(self, request) -> bool:
        return request.user.is_active and request.user.is_superuser

    def has_module_permission(self, request) -> bool:
        return self._may(request)

    def has_view_permission(self, request, obj=None) -> bool:
        return self._may(request)

    def has_add_permission(self, request) -> bool:
        return self._may(request)

    def has_change_permission(self, request, obj=None) -> bool:
        return self._may(request)

    def has_delete_permission(self, request, obj=None) -> bool:
        return self._may(request)


class UnseenByOthers(AdministratorsOnly):
    """Of rows that stand in somebody's course: for who teaches another one, there is no such row."""

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        self._require_administrator(request)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_view(self, request, object_id, extra_context=None):
        self._require_administrator(request)
        return super().delete_view(request, object_id, extra_context)

    def history_view(self, request, object_id, extra_context=None):
        self._require_administrator(request)
        return super().history_view(request, object_id, extra_context)

    def _require_administrator(self, request) -> None:
        if not self._may(request):
            raise Http404("There is no such row.")
