import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from courses.transfer.fields import NotACourse
from courses.transfer.services import import_course


class Command(BaseCommand):
    help = "Make a draft course of a zip: an exported course, a Common Cartridge or SCORM package, Markdown files."

    def add_arguments(self, parser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--teacher", required=True, help="The e-mail address of who will teach it.")
        parser.add_argument("--json", action="store_true", help="Answer in JSON.")

    def handle(self, *, file: Path, teacher: str, **options) -> None:
        user = User.objects.filter(email__iexact=teacher).first()
        if user is None:
            raise CommandError(f"Nobody here has the address {teacher}.", returncode=2)
        try:
            with file.open("rb") as opened:
                imported = import_course(teacher=user, file=opened)
        except (NotACourse, OSError) as reason:
            raise CommandError(str(reason), returncode=2) from None
        course, came, left_out = imported.course, imported.came, imported.left_out
        if options["json"]:
            self.stdout.write(json.dumps({"course": course.slug, "came": came, "left_out": left_out}))
            return
        for line in (f"{course.title} is a draft at {course.get_absolute_url()}", *came):
            self.stdout.write(line)
        for line in left_out:
            self.stdout.write(f"Left out or needs a look: {line}")
