from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from accounts.demo import DEMO_PASSWORD, looks_like_production, mark, seed_demo_accounts
from courses.demo import seed_demo_course
from emotion import registry
from emotion.core.manifest import CheckpointError
from emotion.policy import current_gate, state_gate


def _role(user) -> str:
    return "administrator" if user.is_superuser else "instructor" if user.is_staff else "student"


class Command(BaseCommand):
    help = "Make the demo ready: migrate, seed a course and accounts, open the emotion gate for evaluation. Repeatable."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--bare", action="store_true", help="only the course and four accounts, without a class")

    def handle(self, *, verbosity: int, bare: bool, **_) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        accounts = seed_demo_accounts()  # first, since the course wants its instructor
        course = seed_demo_course()
        if current_gate() is None:
            gate = state_gate(
                jurisdiction="demonstration",
                institution="own-machine",
                purpose="evaluation",
                stated_by="the demo's first start",
            )
            self.stdout.write(
                f"Emotion features are on for this demo: jurisdiction '{gate.jurisdiction}', "
                f"institution '{gate.institution}', purpose '{gate.purpose}'.\n"
                "A new installation has them off. In the European Union, Article 5(1)(f) of the AI Act prohibits\n"
                "inferring emotions in education institutions; consent does not lift that."
            )
        if not bare and not looks_like_production():
            call_command("seed_demo", verbosity=0)
            mark().touch()
        try:
            model = registry.promoted_model()
        except CheckpointError as error:
            raise CommandError(f"{error} Train one: ./run manage train_fer") from None
        if verbosity:
            self.stdout.write(f"Course: {course.title}. Expression model: {model.name}.")
            self.stdout.write(f"Sign in with the password {DEMO_PASSWORD} as:")
            for email, user in accounts.items():
                self.stdout.write(f"  {email:<28} {user.display_name} ({_role(user)})")
