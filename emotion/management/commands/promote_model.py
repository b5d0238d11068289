from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

from emotion.core.manifest import CheckpointError
from emotion.models import ModelVersion
from emotion.registry import promote_checkpoint

BAD_INPUT = 2


class Command(BaseCommand):
    help = "Make a checkpoint the model that workers serve; running ones switch by themselves."

    def add_arguments(self, parser) -> None:
        parser.add_argument("name", help="a folder under checkpoints/; it is registered if it is new")

    def handle(self, *, name: str, verbosity: int, **_) -> None:
        try:
            former = ModelVersion.objects.filter(status=ModelVersion.Status.PROMOTED).first()
            version = promote_checkpoint(name=name)
        except CheckpointError as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from None
        except DatabaseError as error:
            raise CommandError(
                f"The registry cannot be written ({error}); is the database set up (python manage.py migrate)?",
                returncode=BAD_INPUT,
            ) from None
        if not verbosity:
            return
        if former in (None, version):
            self.stdout.write(f"{version.name} is promoted.")
        else:
            self.stdout.write(
                f"{version.name} is promoted in place of {former.name}; running workers switch within seconds.\n"
                f"Roll back with: python manage.py promote_model {former.name}"
            )
