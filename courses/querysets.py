"""Who may see a row. Pages, REST, admin and sockets all ask here."""

from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q


class EnrollmentQuerySet(models.QuerySet):
    def active(self) -> Self:
        return self.filter(status="active")

    def students(self) -> Self:
        return self.filter(role="student")

    def instructors(self) -> Self:
        return self.filter(role="instructor")

    def staff(self) -> Self:
        """Instructors and assistants."""
        return self.filter(role__in=["instructor", "assistant"])

    def waiting(self) -> Self:
        """The waiting list, the next one first."""
        return self.filter(status="waiting").order_by("queued_at", "pk")

    def for_course(self, course) -> Self:
        return self.filter(course=course)

    def for_cohort(self, cohort) -> Self:
        """All of them without a cohort."""
        return self if cohort is None else self.filter(cohort=cohort)

    def taught_by(self, user) -> Self:
        """The enrollments in the courses this person teaches."""
        if user.is_superuser:
            return self
        return self.filter(course__in=_taught_course_ids(user))

    def visible_to(self, user) -> Self:
        if user.is_superuser:
            return self
        return self.filter(Q(user_id=user.pk) | Q(course__in=_taught_course_ids(user)))


class CourseQuerySet(models.QuerySet):
    def published(self) -> Self:
        return self.filter(status="published")

    def taught_by(self, user) -> Self:
        if user.is_superuser:
            return self
        return self.filter(pk__in=_taught_course_ids(user))

    def staffed_by(self, user) -> Self:
        """Courses this person teaches, or helps to teach."""
        if user.is_superuser:
            return self
        return self.filter(pk__in=_enrolled_course_ids(user).filter(role__in=["instructor", "assistant"]))

    def enrolled_by(self, user) -> Self:
        """Courses this person takes, whatever their role there."""
        return self.filter(pk__in=_enrolled_course_ids(user))

    def visible_to(self, user) -> Self:
        """Published for everyone, archived for those enrolled, drafts for those who teach them."""
        if user.is_superuser:
            return self
        return self.filter(
            Q(status="published")
            | Q(pk__in=_enrolled_course_ids(user)) & ~Q(status="draft")
            | Q(pk__in=_taught_course_ids(user))
        )


class PartQuerySet(models.QuerySet):
    """A part of a course: a module, lesson, block, quiz or question, reached by `to_course`."""

    to_course = ""  # lookup path from this model to its course
    to_lesson: str | None = ""  # to its lesson ("" for the lesson itself); None for a module, which has many

    def for_course(self, course) -> Self:
        return self.filter(**{self.to_course: course})

    def taught_by(self, user) -> Self:
        if user.is_superuser:
            return self
        return self.filter(**{f"{self.to_course}__in": _taught_course_ids(user)})

    def visible_to(self, user) -> Self:
        """For those actively enrolled, what is published; for those who teach, all of it."""
        if user.is_superuser:
            return self
        open_to_enrolled = Q(**{f"{self.to_course}__in": _enrolled_course_ids(user)}) & ~Q(
            **{f"{self.to_course}__status": "draft"}
        )
        if self.to_lesson is not None:
            status = f"{self.to_lesson}__status" if self.to_lesson else "status"
            open_to_enrolled &= Q(**{status: "published"})
        return self.filter(open_to_enrolled | Q(**{f"{self.to_course}__in": _taught_course_ids(user)}))


class ModuleQuerySet(PartQuerySet):
    to_course, to_lesson = "course", None


class LessonQuerySet(PartQuerySet):
    to_course, to_lesson = "module__course", ""

    def published(self) -> Self:
        return self.filter(status="published")

    def in_course_order(self) -> Self:
        return self.order_by("module__position", "module_id", "position", "pk")


class BlockQuerySet(PartQuerySet):
    to_course, to_lesson = "lesson__module__course", "lesson"


class PresentBlocks(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(removed_at=None)


class AssetQuerySet(PartQuerySet):
    """A file is for those who may see a part that shows it; for those who teach the course, even where none does."""

    to_course, to_lesson = "course", None

    def visible_to(self, user) -> Self:
        seen = super().visible_to(user)
        if user.is_superuser:
            return seen
        return seen.filter(Exists(self._shown()) | Q(course__in=_taught_course_ids(user)))

    @staticmethod
    def _shown():
        from courses.models import Block

        parts = Block.objects.filter(lesson__status="published", lesson__module__course=OuterRef("course"))
        return parts.filter(Q(asset=OuterRef("pk")) | Q(captions=OuterRef("pk")))


class ProgressQuerySet(models.QuerySet):
    def visible_to(self, user) -> Self:
        """One's own, and in the courses one teaches everybody's."""
        if user.is_superuser:
            return self
        # A union, not an OR across a join: the database would else walk through everybody's rows.
        rows = self.model.objects.order_by()
        taught = rows.filter(lesson__module__course__in=_taught_course_ids(user)).values("pk")
        return self.filter(pk__in=rows.filter(user_id=user.pk).values("pk").union(taught))

    def in_course(self, course) -> Self:
        """Everybody's in one course. Its lessons' ids, not a join with them: the database reads a third as long."""
        from courses.models import Lesson

        return self.filter(lesson__in=Lesson.objects.for_course(course).values("pk"))


def _enrolled_course_ids(user):
    from courses.models import Enrollment

    # user_id, not user: an anonymous visitor has the id None and so matches nothing.
    return Enrollment.objects.active().filter(user_id=user.pk).values("course_id")


def _taught_course_ids(user):
    return _enrolled_course_ids(user).filter(role="instructor")
