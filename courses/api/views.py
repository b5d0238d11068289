"""Courses over REST. Reading is `visible_to`; writing calls the services that the pages call."""

from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import generics, mixins, status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from courses import assets, completion, services
from courses.api import filters
from courses.api import serializers as s
from courses.api.base import Conflict, CourseAPI, checked, require_learner, stays
from courses.api.people import enrolled
from courses.models import Block, BlockProgress, Course, Enrollment, Lesson, Module, Progress, Reflection
from courses.release.locks import require_open
from courses.studio import revisions
from courses.studio import services as studio

Readable = (mixins.ListModelMixin, mixins.RetrieveModelMixin)


class Writable(mixins.CreateModelMixin, mixins.UpdateModelMixin):
    """Create and PATCH."""


Deletable = mixins.DestroyModelMixin


class Courses(Writable, *Readable, CourseAPI):
    """Courses that are published, and those that one takes or teaches."""

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

    @extend_schema(request=s.JoinSerializer, responses={200: s.EnrollmentSerializer})
    @action(methods=["post"], detail=True, permission_classes=[IsAuthenticated])
    def enroll(self, request, pk=None):
        """Take this course, with its code or an invitation where it asks for one; `status` says what came of it. Doing
        it twice is doing it once."""
        return Response(enrolled(self, self.get_object(), **checked(s.JoinSerializer, request)))

    @extend_schema(request=None, responses={204: None})
    @action(methods=["post"], detail=True, permission_classes=[IsAuthenticated])
    def leave(self, request, pk=None):
        """Leave this course. What was done there is kept for a return."""
        services.withdraw_student(user=request.user, course=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)


def _publish(service, **what) -> None:
    try:
        service(**what)
    except studio.NotReady as error:
        raise Conflict(str(error)) from None


class Modules(Deletable, Writable, *Readable, CourseAPI):
    """The parts of a course that hold its lessons. One that is empty can be deleted."""

    serializer_class = s.ModuleSerializer
    filterset_class = filters.ModuleFilter
    rows = Module.objects.all

    def perform_create(self, serializer):
        given = serializer.validated_data
        serializer.instance = studio.add_module(course=given["course"], title=given["title"])

    def perform_update(self, serializer):
        stays(serializer, "course")
        serializer.save()

    def perform_destroy(self, module: Module) -> None:
        _remove(studio.remove_module, module=module)

    @extend_schema(request=s.MoveSerializer, responses={200: s.ModuleSerializer})
    @action(methods=["post"], detail=True)
    def move(self, request, pk=None):
        """Put it before another module of its course, or last."""
        return moved(self, s.MoveSerializer)


class Lessons(Deletable, Writable, *Readable, CourseAPI):
    """The lessons of the courses one takes, and those one teaches. One that nobody has opened can be deleted."""

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
        stays(serializer, "module")
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
        require_learner(request.user, lesson.course)
        try:
            progress = services.complete_lesson(user=request.user, lesson=lesson)
        except services.StillOpen as error:
            left = s.RemainingSerializer(error.remaining, many=True).data
            return Response({"detail": _("This lesson is still open."), "remaining": left}, status=409)
        return Response(s.ProgressSerializer(progress, context=self.get_serializer_context()).data)

    @extend_schema(request=s.PlaceSerializer, responses={200: s.ProgressSerializer})
    @action(methods=["post"], detail=True, permission_classes=[IsAuthenticated])
    def progress(self, request, pk=None):
        """Say that you have this lesson open, and at which part."""
        lesson, wanted = self.get_object(), checked(s.PlaceSerializer, request).get("block")
        require_learner(request.user, lesson.course)
        block = lesson.blocks.filter(pk=wanted).first() if wanted else None
        if wanted and block is None:
            raise ValidationError({"block": _("That part does not belong to this lesson.")})
        row = services.record_lesson_progress(user=request.user, lesson=lesson, block=block)
        return Response(s.ProgressSerializer(row, context=self.get_serializer_context()).data)

    @extend_schema(request=s.LessonMoveSerializer, responses={200: s.LessonSerializer})
    @action(methods=["post"], detail=True)
    def move(self, request, pk=None):
        """Put it before another lesson, or last; into another module of its course where you name one."""
        return moved(self, s.LessonMoveSerializer)

    def perform_destroy(self, lesson: Lesson) -> None:
        _remove(studio.remove_lesson, lesson=lesson)


class Blocks(Deletable, Writable, *Readable, CourseAPI):
    """The parts of lessons. One that is taken out stays in its lesson's history, with what students did there."""

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
        stays(serializer, "lesson")
        given = dict(serializer.validated_data)
        try:
            serializer.instance = studio.save_block(
                block=serializer.instance, author=self.request.user, version=given.pop("version"), changes=given
            )
        except studio.Overtaken as error:
            raise Conflict({"detail": str(error), "version": error.theirs.version}) from None

    def perform_destroy(self, block: Block) -> None:
        studio.remove_block(block=block, author=self.request.user)

    @extend_schema(request=s.MoveSerializer, responses={200: s.BlockSerializer})
    @action(methods=["post"], detail=True)
    def move(self, request, pk=None):
        """Put it before another part of its lesson, or last."""
        return moved(self, s.MoveSerializer)

    @extend_schema(request={"multipart/form-data": s.AttachSerializer}, responses={200: s.BlockSerializer})
    @action(methods=["post"], detail=True, parser_classes=[MultiPartParser])
    def file(self, request, pk=None):
        """Give it its picture, video or file, or a video its captions, as multipart/form-data."""
        block, sent = self.get_object(), checked(s.AttachSerializer, request)
        try:
            studio.attach_file(block=block, author=request.user, upload=sent["file"], use=sent["use"])
        except assets.RefusedFile as error:
            raise ValidationError({"file": [str(error)]}) from None
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(responses=s.BlockProgressSerializer)
    @action(methods=["get"], detail=True, permission_classes=[IsAuthenticated])
    def progress(self, request, pk=None):
        """How far you are with it, and where you left a video."""
        block = self.get_object()
        row = BlockProgress.objects.filter(user=request.user, block=block).first()
        return Response(s.BlockProgressSerializer(row or BlockProgress(user=request.user, block=block)).data)

    @extend_schema(request=s.BlockReportSerializer, responses={200: s.WhatRemainsSerializer})
    @progress.mapping.post
    def report_progress(self, request, pk=None):
        """Say how long it was in view, or what of a video ran; the answer says what its lesson still asks for."""
        block, sent = self.get_object(), checked(s.BlockReportSerializer, request)
        require_learner(request.user, block.course)
        if "seconds" in sent:
            completion.note_seen(user=request.user, block=block, seconds=sent["seconds"])
        if "second" in sent:
            ran = int(sent.get("watched", "0"), 16)
            completion.note_watched(
                user=request.user, block=block, hundredths=ran, second=sent["second"], length=sent.get("length")
            )
        left = completion.remaining(request.user, block.lesson)
        return Response(s.WhatRemainsSerializer({"saved_at": timezone.now(), "remaining": left}).data)

    @extend_schema(responses=s.ReflectionSerializer)
    @action(methods=["get"], detail=True, permission_classes=[IsAuthenticated])
    def reflection(self, request, pk=None):
        """What you wrote there for yourself. Nobody else reads it."""
        return Response(s.ReflectionSerializer(self._reflection()).data)

    @extend_schema(request=s.ReflectedSerializer, responses={200: s.ReflectionSerializer})
    @reflection.mapping.post
    def reflect(self, request, pk=None):
        """Keep what you write. 409 with the words that stand there, where another device wrote since the `version` in
        `over`."""
        block, sent = self._reflection().block, checked(s.ReflectedSerializer, request)
        require_learner(request.user, block.course)
        try:
            kept = services.save_reflection(user=request.user, block=block, text=sent["text"], over=sent["over"])
        except services.WrittenElsewhere as error:
            theirs = {"text": error.theirs.text, "version": error.theirs.version}
            raise Conflict({"detail": str(error), **theirs}) from None
        return Response(s.ReflectionSerializer(kept).data)

    def _reflection(self) -> Reflection:
        block = self.get_object()
        if block.kind != Block.Kind.REFLECTION:
            raise NotFound
        known = Reflection.objects.filter(user=self.request.user, block=block).select_related("block").first()
        return known or Reflection(user=self.request.user, block=block)


def moved(view, serializer) -> Response:
    """Put the row that was asked for where it was asked to be."""
    row, sent = view.get_object(), checked(serializer, view.request)
    try:
        studio.move(row=row, before=sent.get("before"), **({"module": sent["module"]} if "module" in sent else {}))
    except ValueError as error:
        raise ValidationError({"module": [str(error)]}) from None
    return Response(view.get_serializer(view.get_object()).data)


def _remove(service, **what) -> None:
    try:
        service(**what)
    except studio.HasLearners as error:
        raise Conflict(str(error)) from None


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
