"""The research export of a course: one zip, for those who answer for it."""

from __future__ import annotations

import csv
import datetime
import io
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.db.models import Min
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts import audit
from accounts.models import User
from courses.models import Course, Enrollment
from emotion.models import Consent
from emotion.research.files import TableFiles, dictionary
from emotion.research.pseudonyms import Pseudonyms
from emotion.research.rows import Member
from emotion.research.tables import TABLES
from emotion.selectors import SMALLEST_GROUP
from emotion.services import Refused, require_features

README = Path(__file__).with_name("readme.txt")
TOO_FEW = _("Fewer than five students of this course have agreed to research, so there is no export.")
CHANGED = _("Somebody has taken their consent back just now, so this export was thrown away. Please start it again.")


@dataclass(frozen=True)
class Exported:
    students: int
    rows: dict[str, int]


def enough_agreed(course: Course) -> bool:
    return Consent.objects.for_research().filter(course=course).count() >= SMALLEST_GROUP


def export_research(*, course: Course, to: IO[bytes], actor: User | None = None) -> Exported:
    """Write the zip: each table as CSV and Parquet, a dictionary and a README. Noted in the audit log, once for whoever
    asked and once for each student in it. Without an actor it was the site.

    Raises Refused while the features are off, below five students who agreed, and when one of those took it back while
    this ran; then nothing of `to` may be used. Memory holds a few thousand rows at a time.
    """
    require_features()
    names = Pseudonyms()
    members = _members(course, names)
    if len(members) < SMALLEST_GROUP:
        raise Refused(TOO_FEW, 409)
    with tempfile.TemporaryDirectory(prefix="attune-research-") as folder:
        rows = _write_tables(Path(folder), course, members)
        _zip(Path(folder), to, _readme(course, len(members), rows))
    if not set(members) <= set(_members(course, names)):
        raise Refused(CHANGED, 409)
    audit.record(action=audit.Action.RESEARCH_EXPORTED, actor=actor, course=course.pk, students=len(members))
    students = User.objects.in_bulk([member.user_id for member in members])
    for member in members:  # in the order of their made-up names: that of their accounts would tell who is who
        audit.record(
            action=audit.Action.RESEARCH_EXPORTED, actor=actor, subject=students[member.user_id], course=course.pk
        )
    return Exported(len(members), rows)


def research_file(*, course: Course, actor: User) -> IO[bytes]:
    """The zip, to read from and to close; it is gone then. Raises as `export_research`."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  (whoever sends it closes it)
    try:
        export_research(course=course, to=file, actor=actor)
    except BaseException:
        file.close()
        raise
    return file


def _members(course: Course, names: Pseudonyms) -> list[Member]:
    """In the order of their names, so that not even the order of rows tells who joined first. Two queries."""
    joined = Enrollment.objects.students().for_course(course).aggregate(first=Min("created_at"))["first"]
    members = [
        Member(
            user_id=consent.user_id,
            course_id=course.pk,
            camera=consent.camera,
            history=consent.history,
            since=max(filter(None, (consent.research_since, consent.under_age and consent.guardian_agreed_at))),
            first_day=joined.astimezone(datetime.UTC).date(),
            names=names,
        )
        for consent in Consent.objects.for_research().filter(course=course)
    ]
    return sorted(members, key=lambda member: member.name)


def _write_tables(folder: Path, course: Course, members: list[Member]) -> dict[str, int]:
    """{table: how many rows}."""
    counts = {}
    for table in TABLES:
        with TableFiles(folder, table) as files:
            for whose in [course] if table.of_course else members:
                files.write(table.rows(whose))
        counts[table.name] = files.rows
    return counts


def _readme(course: Course, students: int, rows: dict[str, int]) -> str:
    return README.read_text(encoding="utf-8").format(
        course=course.title,
        date=timezone.now().astimezone(datetime.UTC).date(),
        students=students,
        smallest=SMALLEST_GROUP,
        tables="\n".join(f"  {table.name} ({rows[table.name]} rows): {table.words}" for table in TABLES),
    )


def _zip(folder: Path, to: IO[bytes], readme: str) -> None:
    words = io.StringIO()
    csv.writer(words).writerows(dictionary())
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", readme)
        archive.writestr("dictionary.csv", words.getvalue())
        for table in TABLES:
            archive.write(folder / f"{table.name}.csv", f"csv/{table.name}.csv")
            archive.write(folder / f"{table.name}.parquet", f"parquet/{table.name}.parquet", zipfile.ZIP_STORED)
