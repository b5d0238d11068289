import json
import os
import tempfile
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from courses.models import Course
from emotion.research.services import export_research
from emotion.services import Refused

BAD_INPUT = 2


class Command(BaseCommand):
    help = (
        "Write a course's data for research, of the students who agreed to it and under made-up names, to a zip file."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("course", help="The last part of the course's address.")
        parser.add_argument("--out", required=True, type=Path)
        parser.add_argument("--json", action="store_true", help="Answer in JSON.")

    def handle(self, *, course: str, out: Path, verbosity: int, **options) -> None:
        out = Path(out)
        found = Course.objects.filter(slug=course).first()
        if found is None:
            raise CommandError(f"There is no course “{course}”.", returncode=BAD_INPUT)
        try:
            # Beside its place, so that a file of this name is whole; for its owner's eyes only.
            with tempfile.NamedTemporaryFile(dir=out.parent, prefix=f".{out.name}-", delete=False) as file:
                try:
                    exported = export_research(course=found, to=file)
                    file.flush()
                    os.replace(file.name, out)
                except BaseException:
                    os.unlink(file.name)
                    raise
        except (Refused, OSError) as reason:
            raise CommandError(str(reason), returncode=BAD_INPUT) from None
        answer = {"course": course, "file": str(out), "students": exported.students, "rows": exported.rows}
        if options["json"]:
            self.stdout.write(json.dumps(answer))
        elif verbosity:
            self.stdout.write(f"{exported.students} students, {sum(exported.rows.values())} rows, in {out}.")
