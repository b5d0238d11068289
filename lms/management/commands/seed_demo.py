from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts import demo
from courses.demo import seed_demo_course
from courses.demo.life import learners, seed_life
from emotion.demo import seed_feelings


class Command(BaseCommand):
    help = (
        "Fill the demo course with a class of thirty and two weeks of their life. Everybody has the published "
        "password, so it refuses where others than this machine are served. Run again, it changes nothing."
    )

    @transaction.atomic
    def handle(self, *, verbosity: int, **_) -> None:
        if demo.looks_like_production():
            raise CommandError("The demo's accounts have a published password; they are not made on a site like this.")
        accounts = demo.seed_demo_accounts()
        course, now = seed_demo_course(), timezone.now()
        people = learners(demo.seed_demo_class())
        made = seed_life(course, people, accounts["instructor@attune.example"], now=now)
        if made:
            seed_feelings(course, people, now=now)
        if verbosity:
            self.stdout.write(
                f"{course.title} has a class of {len(people)}." if made else "The class is there already."
            )
