"""The models that may serve: candidates, the promoted one, those retired."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accounts import audit
from emotion.core.manifest import CheckpointError, read_manifest
from emotion.models import ModelVersion


def register_model(*, folder: Path) -> ModelVersion:
    """Put a checkpoint into the registry, as a candidate when it is new. Raises CheckpointError."""
    manifest = read_manifest(folder)
    version, created = ModelVersion.objects.get_or_create(
        name=folder.name, defaults={"weights_sha256": manifest.weights_sha256, "metrics": manifest.metrics}
    )
    if not created and version.weights_sha256 != manifest.weights_sha256:
        version.weights_sha256, version.metrics = manifest.weights_sha256, manifest.metrics
        version.save(update_fields=["weights_sha256", "metrics"])
    return version


def promote_model(*, version: ModelVersion) -> None:
    """Make `version` the model that the workers serve and retire the former; rolling back is promoting that one."""
    try:
        _promote(version)
    except IntegrityError:  # another one was promoted between the look and the update
        _promote(version)
    version.status = ModelVersion.Status.PROMOTED


@transaction.atomic
def _promote(version: ModelVersion) -> None:
    ModelVersion.objects.filter(status=ModelVersion.Status.PROMOTED).exclude(pk=version.pk).update(
        status=ModelVersion.Status.RETIRED
    )
    # One that serves already goes on since when it did.
    ModelVersion.objects.filter(pk=version.pk).exclude(status=ModelVersion.Status.PROMOTED).update(
        status=ModelVersion.Status.PROMOTED, promoted_at=timezone.now()
    )


def promote_checkpoint(*, name: str, by=None) -> ModelVersion:
    """Promote the checkpoint called `name`, registered if it is new, once it has shown that it can serve.

    Raises CheckpointError. It loads the network, and so torch: for a command or an administrator's click.
    """
    from emotion.core.checkpoint import check_servable

    folder = checkpoint_folder(name)
    check_servable(folder)
    with transaction.atomic():
        version = register_model(folder=folder)
        promote_model(version=version)
        audit.record(action=audit.Action.MODEL_PROMOTED, actor=by, model=version.name, weights=version.weights_sha256)
    return version


def former_model() -> ModelVersion | None:
    """The one that served before the promoted one."""
    retired = ModelVersion.objects.filter(status=ModelVersion.Status.RETIRED)
    return retired.order_by(F("promoted_at").desc(nulls_last=True), "-created_at").first()


def roll_back(*, by=None) -> ModelVersion:
    """Promote the model that served before. Raises CheckpointError where none did, or it cannot serve any more."""
    former = former_model()
    if former is None:
        raise CheckpointError("No other model has served before.")
    return promote_checkpoint(name=former.name, by=by)


def promoted_model() -> ModelVersion:
    """The model that serves; a registry without one gets the shipped model. Raises CheckpointError."""
    version = ModelVersion.objects.filter(status=ModelVersion.Status.PROMOTED).first()
    if version is None:
        version = register_model(folder=checkpoint_folder(settings.ATTUNE_DEFAULT_MODEL))
        promote_model(version=version)
    return version


def checkpoint_folder(name: str) -> Path:
    """Where the checkpoint `name` lies. Raises CheckpointError for a name that is no plain folder name."""
    if not name or name != Path(name).name or name.startswith(".") or len(name) > 80:
        raise CheckpointError(f"'{name}' is not a checkpoint's name.")
    return Path(settings.CHECKPOINTS_DIR) / name


def chosen_checkpoint(name: str | None) -> Path:
    """The checkpoint that a command was told to use, else the promoted one, else (before migrate) the shipped one."""
    if name is None:
        try:
            name = promoted_model().name
        except DatabaseError:
            name = settings.ATTUNE_DEFAULT_MODEL
    return checkpoint_folder(name)
