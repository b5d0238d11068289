"""Questions that quizzes draw at random, and what single students get beyond a quiz's limits."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from courses.models import Course, QuestionPool, Quiz, QuizAccommodation, QuizDraw
from courses.studio.services import HasLearners, lock


@transaction.atomic
def draw_from(*, quiz: Quiz, pool: QuestionPool, count: int, points: int) -> QuizDraw:
    """So many questions of the pool in each attempt; of a pool that is drawn from already, the numbers change."""
    lock(quiz.course)
    draw, _new = QuizDraw.objects.update_or_create(quiz=quiz, pool=pool, defaults={"count": count, "points": points})
    return draw


def pool_named(*, course: Course, title: str) -> QuestionPool:
    """The course's pool of that name, new if there is none."""
    return QuestionPool.objects.get_or_create(course=course, title=title)[0]


@transaction.atomic
def remove_pool(*, pool: QuestionPool) -> None:
    """Raises HasLearners while a quiz draws from it."""
    lock(pool.course)
    if pool.draws.exists():
        raise HasLearners(_("A quiz still draws from this pool. Stop drawing there first."))
    pool.delete()


@transaction.atomic
def accommodate(
    *,
    place: Quiz | Course,
    user: User,
    time_factor: float = 1,
    extra_attempts: int = 0,
    closes_at: datetime | None = None,
) -> None:
    """Give one student more time, attempts or days, in a quiz or in all the quizzes of a course, those made later too.
    An attempt that is open has the new time at once (quizzes/receivers.py)."""
    QuizAccommodation.objects.update_or_create(
        **({"quiz": place} if isinstance(place, Quiz) else {"whole_course": place}),
        user=user,
        defaults={"time_factor": time_factor, "extra_attempts": extra_attempts, "closes_at": closes_at},
    )
