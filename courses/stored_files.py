"""A row's file goes with the row: when somebody is erased, when a course is deleted."""

from django.db import transaction
from django.db.models.signals import post_delete


def forget(models) -> None:
    for model in models:
        post_delete.connect(_remove, sender=model, dispatch_uid=f"forget-{model._meta.label}")


def _remove(sender, instance, **kwargs) -> None:
    file = instance.file
    if file:
        # Not before the row is gone for certain: a rollback would leave it without its file.
        transaction.on_commit(lambda: file.storage.delete(file.name))
