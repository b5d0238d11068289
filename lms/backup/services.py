"""Saving everything that is not in the repository, and bringing it back.

An archive holds the database, the files of courses and their students, the models that the registry names, and the
secret key where it lies in a file. What can be made again (collected static files) and what must not be kept (frames)
is not in it.
"""

from __future__ import annotations

import datetime
import shutil
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from emotion.models import ModelVersion
from emotion.registry import checkpoint_folder
from lms.backup import databases
from lms.backup.archive import BadArchive, unpack, write_archive
from lms.backup.restored import finish_in_new_process

DATABASE, FILES, MODELS, KEY = "database", "files", "checkpoints", "secret_key"


class TargetInUse(Exception):
    """One sentence: what would be overwritten."""


@dataclass(frozen=True)
class Backup:
    path: Path
    files: int
    size: int  # bytes of the archive


def make_backup(*, folder: Path, now: datetime.datetime) -> Backup:
    """Write an archive named by the time into `folder`. Servers may go on meanwhile. Raises DatabaseFailed and OSError.

    The database comes first, so every file that it names was there when its turn came, unless it was deleted since.
    """
    path = folder / f"attune-{now:%Y%m%dT%H%M%SZ}.tar.gz"
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=folder) as staging, write_archive(path) as archive:
        dumped = Path(staging) / DATABASE
        databases.dump(dumped)
        archive.add(DATABASE, dumped)
        dumped.unlink()
        archive.add_tree(FILES, settings.MEDIA_ROOT)
        for name in ModelVersion.objects.order_by("name").values_list("name", flat=True):
            archive.add_tree(f"{MODELS}/{name}", checkpoint_folder(name))
        if _key_file().exists():
            archive.add(KEY, _key_file())
        archive.finish(
            {
                "attune": _version(),
                "made_at": now.isoformat(timespec="seconds"),
                "database": connection.vendor,
                "migrations": sorted(".".join(key) for key in MigrationLoader(connection).applied_migrations),
            }
        )
    return Backup(path, len(archive.files), path.stat().st_size)


def restore_backup(*, path: Path, force: bool = False) -> dict[str, Any]:
    """Bring an archive back; its manifest, and what came of repeating the erasures ("erased_again", "noted"). Raises
    BadArchive, TargetInUse, DatabaseFailed, NotFinished and OSError.

    Everything is unpacked and checked before the first change. The database is replaced in one transaction.
    """
    if not force and (taken := _taken()):
        raise TargetInUse(taken)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=settings.ATTUNE_DATA_DIR) as folder:
        staging = Path(folder)
        manifest = unpack(path, staging)
        _check_fits(path, manifest)
        models = _unpacked_models(staging, force)
        databases.load(staging / DATABASE)
        _replace_files(staging / FILES)
        for source, target in models:
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target)
        if (staging / KEY).exists():
            (staging / KEY).replace(_key_file())
    return manifest | finish_in_new_process()


def _taken() -> str:
    if not databases.is_empty():
        return "The database here is not empty; --force replaces it, and all files, by the backup's."
    if any(settings.MEDIA_ROOT.iterdir()):
        return f"{settings.MEDIA_ROOT} is not empty; --force replaces it by the backup's."
    return ""


def _check_fits(path: Path, manifest: dict[str, Any]) -> None:
    """Raises BadArchive where this code or this database cannot take it."""
    try:
        datetime.datetime.fromisoformat(manifest["made_at"])
        vendor, applied, version = manifest["database"], manifest["migrations"], manifest["attune"]
    except (KeyError, ValueError, TypeError):
        raise BadArchive(f"{path} is damaged: its manifest cannot be read.") from None
    if vendor != connection.vendor:
        raise BadArchive(f"{path} holds a database of {vendor}; here it is {connection.vendor} (see DATABASE_URL).")
    known = {".".join(key) for key in MigrationLoader(None).disk_migrations}
    if unknown := sorted(set(applied) - known):
        raise BadArchive(f"{path} comes from another version of Attune ({version}), which had {unknown[0]}.")


def _unpacked_models(staging: Path, force: bool) -> list[tuple[Path, Path]]:
    """Which folders go where; one that lies there already, the same, stays."""
    moves = []
    for source in sorted((staging / MODELS).glob("*")):
        target = settings.CHECKPOINTS_DIR / source.name
        if not target.exists():
            moves.append((source, target))
        elif not _same(source, target):
            if not force:
                raise TargetInUse(f"{target} is another model of that name; --force replaces it by the backup's.")
            moves.append((source, target))
    return moves


def _same(source: Path, target: Path) -> bool:
    """Whether what the backup holds of a model lies there with the same bytes."""
    return all(
        (other := target / path.relative_to(source)).is_file() and other.read_bytes() == path.read_bytes()
        for path in source.rglob("*")
        if path.is_file()
    )


def _replace_files(source: Path) -> None:
    source.mkdir(exist_ok=True)
    shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)
    source.rename(settings.MEDIA_ROOT)


def _key_file() -> Path:
    return settings.ATTUNE_DATA_DIR / "secret_key"


def _version() -> str:
    return tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
