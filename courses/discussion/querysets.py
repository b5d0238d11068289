"""Who may see a thread: whoever may see its lesson, as long as it is not hidden; the teaching team sees all of it."""

from typing import Self

from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from courses.querysets import PartQuerySet

TEAM = ("instructor", "assistant")


def moderated_course_ids(user):
    from courses.models import Enrollment

    return Enrollment.objects.active().filter(user_id=user.pk, role__in=TEAM).values("course_id")


class ThreadQuerySet(PartQuerySet):
    to_course, to_lesson = "lesson__module__course", "lesson"

    def visible_to(self, user) -> Self:
        seen = super().visible_to(user)
        if user.is_superuser:
            return seen
        return seen.filter(
            Q(is_hidden=False) | Q(author_id=user.pk) | Q(lesson__module__course__in=moderated_course_ids(user))
        )

    def in_seen_lesson(self, lesson, *, user, moderates: bool) -> Self:
        """Of a lesson that this person was found to see: what `visible_to` leaves of it, without asking once more who
        may see the lesson."""
        threads = self.filter(lesson=lesson, deleted_at=None)
        return threads if moderates else threads.filter(Q(is_hidden=False) | Q(author_id=user.pk))

    def moderated_by(self, user) -> Self:
        if user.is_superuser:
            return self
        return self.visible_to(user).filter(lesson__module__course__in=moderated_course_ids(user))

    def by(self, user) -> Self:
        return self.filter(author_id=user.pk)

    def unanswered(self, course) -> Self:
        """A course's questions that wait: nothing accepted, nothing endorsed, no word of the teaching team."""
        from courses.models import Enrollment, Post

        # Of one course, so that its team is asked for once and not for each post.
        team = Enrollment.objects.active().for_course(course).filter(role__in=TEAM).values("user_id")
        answers = Post.objects.live().filter(thread=OuterRef("pk"), is_opening=False)
        answered = answers.filter(~Q(endorsed_at=None) | Q(author__in=team))
        waiting = self.for_course(course).filter(
            kind="question", accepted=None, deleted_at=None, is_hidden=False, is_locked=False
        )
        return waiting.exclude(Exists(answered))

    def with_counts(self) -> Self:
        """`replies`, without those that are gone or hidden."""
        from courses.models import Post

        # A subquery: a join would count the replies of every thread before the page's twenty are chosen.
        shown = Post.objects.live().filter(thread=OuterRef("pk"), is_opening=False).order_by().values("thread")
        return self.annotate(replies=Coalesce(Subquery(shown.annotate(number=Count("pk")).values("number")), 0))


class PostQuerySet(PartQuerySet):
    to_course, to_lesson = "thread__lesson__module__course", "thread__lesson"

    def visible_to(self, user) -> Self:
        from courses.models import Thread

        return self.filter(thread__in=Thread.objects.visible_to(user))

    def moderated_by(self, user) -> Self:
        from courses.models import Thread

        return self.filter(thread__in=Thread.objects.moderated_by(user))

    def live(self) -> Self:
        return self.filter(deleted_at=None, hidden_at=None)


class ReportQuerySet(PartQuerySet):
    to_course, to_lesson = "post__thread__lesson__module__course", "post__thread__lesson"

    def open(self) -> Self:
        return self.filter(resolved_at=None)
