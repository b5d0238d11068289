import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from courses.models import Course
from courses.transfer.services import CannotExport, exported


class Command(BaseCommand):
    help = "Write a course, without anybody's work in it, to a zip file."

    def add_arguments(self, parser) -> None:
        parser.add_argument("slug", help="The last part of the course's address.")
        parser.add_argument("--out", required=True, type=Path)
        parser.add_argument("--json", action="store_true", help="Answer in JSON.")

    def handle(self, *, slug: str, out: Path, **options) -> None:
        out = Path(out)
        course = Course.objects.filter(slug=slug).first()
        if course is None:
            raise CommandError(f"There is no course “{slug}”.", returncode=2)
        try:
            with exported(course, actor=None) as file, out.open("wb") as target:
                while piece := file.read(256 * 1024):
                    target.write(piece)
        except (CannotExport, OSError) as reason:
            raise CommandError(str(reason), returncode=2) from None
        answer = {"course": slug, "file": str(out), "size": out.stat().st_size}
        self.stdout.write(json.dumps(answer) if options["json"] else f"{slug} is in {out}, {answer['size']} bytes.")
