"""Courses over REST. Reading is `visible_to`; writing calls the services that the pages call."""

from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import generics, mixins, status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from courses import services
from courses.api import filters
from courses.api import serializers as s
from courses.api.base import Conflict, CourseAPI
from courses.models import Block, Course, Enrollment, Lesson, Module, Progress
from courses.release.locks import require_open
from courses.studio import revisions
from courses.studio import services as studio

Readable = (mixins.ListModelMixin, mixins.RetrieveModelMixin)


class Writable(mixins.CreateModelMixin, mixins.UpdateModelMixin):
    """Create and PATCH."""


class Courses(Writable, *Readable, CourseAPI):
    serializer_class = s.CourseSerializer
    filterset_class = filters.CourseFilter
    rows = Course.objects.all

    def perform_create(self, serializer):
        if not self.request.user.has_perm("courses.add_course"):
            raise PermissionDenied(_("Courses are begun by instructors."))
        given = serializer.validated_data
        course = studio.create_course(user=self.request.user, title=given["title"], summary=given["summary"])
        course.description = given.get("description", "")
        course.save(update_fields=["description"])
        serializer.instance = course

    def perform_update(self, serializer):
        wanted = serializer.validated_data.pop("status", None)
        course = serializer.save()
        if wanted and wanted != course.status:
            _publish(studio.set_course_status, course=course, status=wanted)

    @extend_schema(request=None, responses={200: s.EnrollmentSerializer})
    @action(methods=["post"], detail=True, permission_classes=[IsAuthenticated])
    def enroll(self, request, pk=None):
        """Take this course. Doing it twice is doing it once."""
        return Response(_enrolled(self, self.get_object()))

    @extend_schema(request=None, responses={204: None})
    @action(methods=["post"], detail=True, permission_classes=[IsAuthenticated])
    def leave(self, request, pk=None):
        """Leave this course. What was done there is kept for a return."""
        services.withdraw_student(user=request.user, course=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)


def _enrolled(view, course: Course) -> dict:
    try:
        enrollment = services.enroll_student(user=view.request.user, course=course)
    except services.CourseNotOpen as error:
        raise Conflict(str(error)) from None
    return s.EnrollmentSerializer(enrollment, context=view.get_serializer_context()).data


def _publish(service, **what) -> None:
    try:
        service(**what)
    except studio.NotReady as error:
        raise Conflict(str(error)) from None


class Modules(Writable, *Readable, CourseAPI):
    serializer_class = s.ModuleSerializer
    filterset_class = filters.ModuleFilter
    rows = Module.objects.all

    def perform_create(self, serializer):
        given = serializer.validated_data
        serializer.instance = studio.add_module(course=given["course"], title=given["title"])

    def perform_update(self, serializer):
        _stays(serializer, "course")
        serializer.save()


def _stays(serializer, field: str) -> None:
    given = serializer.validated_data.get(field)
    if given is not None and given != getattr(serializer.instance, field):
        raise ValidationError({field: _("It stays where it is; the authors' pages move things.")})


class Lessons(Writable, *Readable, CourseAPI):
    serializer_class = s.LessonSerializer
    filterset_class = filters.LessonFilter
    rows = staticmethod(lambda: Lesson.objects.select_related("module__course").in_course_order())

    def perform_create(self, serializer):
        given = dict(serializer.validated_data)
        wanted = given.pop("status", None)
        if wanted == Lesson.Status.PUBLISHED:
            raise Conflict(_("A new lesson has nothing to show yet. Give it a part first, then publish it."))
        lesson = studio.add_lesson(module=given.pop("module"), title=given.pop("title"))
        for name, value in given.items():
            setattr(lesson, name, value)
        lesson.save(update_fields=list(given))
        serializer.instance = lesson

    def perform_update(self, serializer):
        _stays(serializer, "module")
        wanted = serializer.validated_data.pop("status", None)
        lesson = serializer.save()
        revisions.record_revision(lesson=lesson, author=self.request.user)
        if wanted and wanted != lesson.status:
            _publish(studio.set_lesson_status, lesson=lesson, status=wanted)

    @extend_schema(request=None, responses={200: s.ProgressSerializer, 409: s.StillOpenSerializer})
    @action(methods=["post"], detail=True, permission_classes=[IsAuthenticated])
    def complete(self, request, pk=None):
        """Tick this lesson for yourself. 409 tells what it still asks for."""
        lesson = self.get_object()
        if not lesson.course.is_learned_by(request.user):
            raise PermissionDenied(_("Only those who take a course as students leave progress in it."))
        try:
            progress = services.complete_lesson(user=request.user, lesson=lesson)
        except services.StillOpen as error:
            left = [{"block": i.block.pk, "title": i.block.title, "words": i.words} for i in error.remaining]
            return Response({"detail": _("This lesson is still open."), "remaining": left}, status=409)
        return Response(s.ProgressSerializer(progress, context=self.get_serializer_context()).data)


class Blocks(Writable, *Readable, CourseAPI):
    serializer_class = s.BlockSerializer
    filterset_class = filters.BlockFilter
    rows = staticmethod(
        lambda: (
            Block.objects.select_related("lesson__module__course", "asset", "captions", "quiz", "assignment")
            .prefetch_related("quiz__questions", "quiz__draws")  # whose kind asks whether there are any
            .order_by("lesson__module__course_id", "lesson__module__position", "lesson__position", "position", "pk")
        )
    )

    lesson = "lesson"

    def get_object(self):
        block = super().get_object()
        require_open(user=self.request.user, lesson=block.lesson)
        return block

    @cached_property
    def taught(self) -> set[int]:
        """The courses whose blocks are shown with their source. One query a page."""
        mine = Enrollment.objects.active().instructors().filter(user_id=self.request.user.pk)
        return set(mine.values_list("course_id", flat=True))

    def get_serializer_context(self):
        return super().get_serializer_context() | {"taught": self.taught if self.request else set()}

    def perform_create(self, serializer):
        given = dict(serializer.validated_data)
        given.pop("version", None)
        block = studio.add_block(lesson=given.pop("lesson"), kind=given.pop("kind", "text"), author=self.request.user)
        serializer.instance = studio.save_block(
            block=block, author=self.request.user, version=block.version, changes=given
        )

    def perform_update(self, serializer):
        _stays(serializer, "lesson")
        given = dict(serializer.validated_data)
        try:
            serializer.instance = studio.save_block(
                block=serializer.instance, author=self.request.user, version=given.pop("version"), changes=given
            )
        except studio.Overtaken as error:
            raise Conflict({"detail": str(error), "version": error.theirs.version}) from None


class Enrollments(mixins.ListModelMixin, mixins.RetrieveModelMixin, CourseAPI):
    """One's own, and those of the courses one teaches."""

    serializer_class = s.EnrollmentSerializer
    filterset_class = filters.EnrollmentFilter
    permission_classes = [IsAuthenticated]
    rows = staticmethod(lambda: Enrollment.objects.select_related("user"))

    @extend_schema(request=s.EnrollSerializer, responses={201: s.EnrollmentSerializer})
    def create(self, request):
        """Take a course. Doing it twice is doing it once."""
        asked = s.EnrollSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        course = get_object_or_404(Course.objects.visible_to(request.user), pk=asked.validated_data["course"])
        return Response(_enrolled(self, course), status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request, pk=None):
        """Leave a course. Somebody else's place is given up on the pages of those who teach it, not here."""
        enrollment = self.get_object()
        if enrollment.user_id != request.user.pk:
            raise PermissionDenied(_("You may give up your own place only."))
        services.withdraw_student(user=request.user, course=enrollment.course)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ProgressRows(mixins.ListModelMixin, mixins.RetrieveModelMixin, CourseAPI):
    """One's own in every lesson, and the class's in the courses one teaches."""

    serializer_class = s.ProgressSerializer
    filterset_class = filters.ProgressFilter
    permission_classes = [IsAuthenticated]
    rows = staticmethod(lambda: Progress.objects.select_related("user", "lesson__module").order_by("pk"))


class Me(generics.RetrieveUpdateAPIView):
    """Your account."""

    serializer_class = s.MeSerializer
    permission_classes = [IsAuthenticated]
    http_method_names = ["get", "head", "options", "patch"]

    def get_object(self):
        return self.request.user
