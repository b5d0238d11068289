"""A course out to a zip, and in again: see docs/course-transfer.md for the format."""

import json
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from typing import IO, Any

from django.core.files.base import File
from django.db import DataError, IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from accounts import audit
from accounts.models import User
from courses import assets, blocks
from courses.models import Asset, Block, Course, Lesson, Module
from courses.services import enroll_instructor
from courses.studio.services import free_slug
from courses.transfer import markdown_folder, package
from courses.transfer.archive import Archive
from courses.transfer.fields import NotACourse, check_type, filled, plain, rows_of
from courses.transfer.parts import Refs, parts

FORMAT, VERSION = "attune-course", 1
# The importing site decides them; a course's code lets people in, so it stays here.
COURSE_WITHOUT = ("slug", "status", "created_at", "enrollment", "enrollment_code", "seats")
PLACE = ("position",)
BLOCK_WITHOUT = ("position", "version", "removed_at")
FILE_FIELDS = ("asset", "captions")

CAME = {
    "modules": ngettext_lazy("%(n)d module", "%(n)d modules", "n"),
    "lessons": ngettext_lazy("%(n)d lesson", "%(n)d lessons", "n"),
    "blocks": ngettext_lazy("%(n)d block", "%(n)d blocks", "n"),
    "files": ngettext_lazy("%(n)d file", "%(n)d files", "n"),
}


class CannotExport(ValueError):
    """A file of the course is gone from storage; the message names it."""


@dataclass(frozen=True)
class Imported:
    course: Course
    came: list[str]
    left_out: list[str]


def document_of(course: Course) -> tuple[dict[str, Any], dict[str, Asset]]:
    """The course as JSON can say it, and its media by their sha256. Nobody's work or name is in it."""
    refs, media, modules = Refs(), dict[str, Asset](), list[dict[str, Any]]()
    tree = course.modules.order_by("position").prefetch_related("lessons")
    for m, module in enumerate(tree, start=1):
        refs.add(module, m)
        lessons = []
        for n, lesson in enumerate(module.lessons.all(), start=1):
            refs.add(lesson, m, n)
            rows = list(lesson.blocks.order_by("position").select_related(*FILE_FIELDS))
            for b, block in enumerate(rows, start=1):
                refs.add(block, m, n, b)
            lessons.append({**plain(lesson, PLACE), "blocks": [_block(block, media) for block in rows]})
        modules.append({**plain(module, PLACE), "lessons": lessons})
    document = {
        "format": FORMAT,
        "version": VERSION,
        "course": plain(course, COURSE_WITHOUT),
        "modules": modules,
        "media": {sha: {"type": asset.content_type, "size": asset.size} for sha, asset in media.items()},
        "parts": {name: part.export(course, refs) for name, part in parts.items()},
    }
    return document, media


def _block(block: Block, media: dict[str, Asset]) -> dict[str, Any]:
    data = plain(block, BLOCK_WITHOUT)
    for field in FILE_FIELDS:
        asset = getattr(block, field)
        if asset:
            media.setdefault(asset.sha256, asset)
        data[field] = {"sha256": asset.sha256, "name": asset.name} if asset else None
    data["more"] = blocks.type_of(block.kind).export(block)
    return data


def export_course(*, course: Course, to: IO[bytes]) -> None:
    """Write the course's zip. The same course gives the same bytes of course.json. Raises CannotExport."""
    document, media = document_of(course)
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True)
        archive.writestr(zipfile.ZipInfo("course.json"), text, zipfile.ZIP_DEFLATED)
        for sha, asset in sorted(media.items()):
            try:
                source = asset.file.open("rb")
            except OSError:
                raise CannotExport(
                    _("The file “%(name)s” is gone from storage, so the zip would lack it.") % {"name": asset.name}
                ) from None
            with source, archive.open(zipfile.ZipInfo(f"media/{sha}"), "w", force_zip64=True) as packed:
                shutil.copyfileobj(source, packed, assets.PIECE)


def exported(course: Course, *, actor: User | None) -> IO[bytes]:
    """The zip as an open temporary file, for an answer to send and close. Noted in the audit log, of nobody where a
    command on the server did it."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  (whoever sends it closes it)
    try:
        export_course(course=course, to=file)
    except BaseException:
        file.close()
        raise
    audit.record(action=audit.Action.COURSE_EXPORTED, actor=actor, course=course.pk)
    file.seek(0)
    return file


def import_course(*, teacher: User, file: IO[bytes]) -> Imported:
    """Make a draft course of a zip, taught by this person: an exported course, a Common Cartridge or SCORM package, a
    folder of Markdown files. Raises NotACourse, and then nothing of it is kept, on disk neither."""
    archive = Archive(file)
    left_out: list[str] = []
    if "course.json" in archive.entries:
        document, paths = _read(archive.text("course.json")), None
    elif package.manifest_of(archive):
        document, paths = package.read(archive, left_out)
    elif markdown_folder.is_one(archive):
        document, paths = markdown_folder.read(archive, left_out)
    else:
        raise NotACourse(_("There is no course in this zip: no course.json, no imsmanifest.xml, no Markdown files."))
    build = _Build(archive, document, paths)
    try:
        with transaction.atomic():
            course = build.course(teacher)
    except BaseException as error:
        for asset in build.kept.values():
            asset.file.storage.delete(asset.file.name)
        if isinstance(error, IntegrityError | DataError):
            raise NotACourse(_("Two values in this course contradict each other, so it was not kept.")) from None
        raise
    return Imported(course, build.came(), left_out)


def _read(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise NotACourse(_("course.json is not JSON.")) from None
    check_type(document, dict, "course.json")
    if document.get("format") != FORMAT:
        raise NotACourse(_("course.json is not a course of this kind."))
    if document.get("version") != VERSION or isinstance(document["version"], bool):
        raise NotACourse(
            _("This course has version %(version)s of the format; 1 is known here.")
            % {"version": str(document.get("version"))[:20]}
        )
    return document


class _Build:
    """One import: the rows it makes and the files it keeps."""

    def __init__(self, archive: Archive, document: dict[str, Any], paths: dict[str, str] | None) -> None:
        self.archive, self.document = archive, document
        self.paths = paths  # sha256 -> name in the zip, when they do not lie in media/
        self.kept: dict[tuple[str, str, str], Asset] = {}
        self.counts = {"modules": 0, "lessons": 0, "blocks": 0}

    def course(self, teacher: User) -> Course:
        refs = Refs()
        data = check_type(self.document.get("course"), dict, "course.json, course")
        self.made = course = filled(Course(), data, _("The course"), COURSE_WITHOUT)
        if not course.title.strip():
            raise NotACourse(_("The course has no title."))
        course.slug = free_slug(course.title)
        course.save()
        enroll_instructor(user=teacher, course=course)
        for m, module_data in enumerate(rows_of(self.document, "modules", "course.json"), start=1):
            here = _("Module %(number)s") % {"number": m}
            module = filled(Module(course=course, position=m), module_data, here, PLACE)
            module.save()
            refs.add(module, m)
            for n, lesson_data in enumerate(rows_of(module_data, "lessons", here), start=1):
                self.lesson(module, lesson_data, refs, m, n)
            self.counts["modules"] += 1
        more = check_type(self.document.get("parts", {}), dict, "course.json, parts")
        for name, part_data in more.items():
            if name not in parts:
                raise NotACourse(_("course.json has a part “%(name)s” that is not known here.") % {"name": name[:40]})
            parts[name].build(course, part_data, refs)
        return course

    def lesson(self, module: Module, data: dict[str, Any], refs: Refs, m: int, n: int) -> None:
        here = _("Lesson %(number)s") % {"number": f"{m}.{n}"}
        lesson = filled(Lesson(module=module, position=n), data, here, PLACE)
        if lesson.edition < 1:
            raise NotACourse(_("%(where)s, edition: this starts at 1.") % {"where": here})
        lesson.save()
        refs.add(lesson, m, n)
        for b, block_data in enumerate(rows_of(data, "blocks", here), start=1):
            place = _("%(where)s, block %(number)s") % {"where": here, "number": b}
            block = filled(Block(lesson=lesson, position=b), block_data, place, BLOCK_WITHOUT)
            for field in FILE_FIELDS:
                use = "captions" if field == "captions" else block.kind
                setattr(block, field, self.asset(block_data.get(field), use, place))
            block.save()
            refs.add(block, m, n, b)
            more = check_type(block_data.get("more", {}), dict, f"{place}, more")
            blocks.type_of(block.kind).build(block, more)
            self.counts["blocks"] += 1
        self.counts["lessons"] += 1

    def asset(self, data: Any, use: str, where: str) -> Asset | None:
        """The file that a block names, once for all blocks that name it alike."""
        if data is None:
            return None
        check_type(data, dict, f"{where}, file")
        sha = check_type(data.get("sha256"), str, f"{where}, sha256")
        name = check_type(data.get("name"), str, _("%(where)s, name of the file") % {"where": where})
        use = use if use in assets.KINDS else "file"
        if (sha, name, use) not in self.kept:
            path = f"media/{sha}" if self.paths is None else self.paths.get(sha, "")
            if path not in self.archive.entries:
                raise NotACourse(
                    _("%(where)s: its file “%(name)s” is not in the zip.") % {"where": where, "name": name[:80]}
                )
            with self.archive.open(path) as file:
                upload = File(file, name=name)
                upload.size = self.archive.entries[path].file_size
                try:
                    asset = assets.keep(course=self.made, upload=upload, use=use)
                except assets.RefusedFile as refused:
                    raise NotACourse(
                        _("%(where)s, “%(name)s”: %(refused)s")
                        % {"where": where, "name": name[:80], "refused": refused}
                    ) from None
            self.kept[sha, name, use] = asset
            if asset.sha256 != sha:
                raise NotACourse(
                    _("%(where)s: the file “%(name)s” is not the one that was exported.")
                    % {"where": where, "name": name[:80]}
                )
        return self.kept[sha, name, use]

    def came(self) -> list[str]:
        counts = {**self.counts, "files": len(self.kept)}
        return [CAME[word] % {"n": n} for word, n in counts.items() if n]
