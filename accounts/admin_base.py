"""What admin pages of every app share."""


class ReadOnly:
    """Rows to look at: nobody adds, changes or deletes one by hand."""

    def has_add_permission(self, request, obj=None) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False
