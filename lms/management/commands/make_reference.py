from django.conf import settings
from django.core.management.base import BaseCommand

from lms.reference import PAGES


class Command(BaseCommand):
    help = "Write the pages of docs/reference anew from the code that they describe."

    def handle(self, *, verbosity: int, **_) -> None:
        folder = settings.BASE_DIR / "docs" / "reference"
        folder.mkdir(exist_ok=True)
        for name, make in PAGES.items():
            (folder / name).write_text(make())
            if verbosity:
                self.stdout.write(f"docs/reference/{name}")
