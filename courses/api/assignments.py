"""Assignments over REST: drafts, handing in, and for those who mark, marks and their release."""

from typing import Any

from django.forms import model_to_dict
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from courses.api.base import Conflict, CourseAPI, TaughtAPI, checked, formed, stays
from courses.api.filters import AssignmentFilter, CriterionFilter, SubmissionFilter
from courses.api.serializers import MoveSerializer, PersonSerializer
from courses.api.views import moved
from courses.assignments import selectors, services
from courses.assignments.forms import AssignmentForm, CriterionForm
from courses.assignments.models import Assignment, Criterion, Submission, SubmissionFile
from courses.markdown import render
from courses.release.locks import require_open
from courses.studio import rubrics
from courses.studio.services import HasLearners


class CriterionSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    title = serializers.CharField()
    levels = serializers.ListField(child=serializers.DictField(), help_text="Best first: points and words.")


class AssignmentSerializer(serializers.ModelSerializer):
    course = serializers.IntegerField(source="block.lesson.module.course_id", read_only=True)
    lesson = serializers.IntegerField(source="block.lesson_id", read_only=True)
    title = serializers.CharField(source="block.title", read_only=True)
    html = serializers.SerializerMethodField(help_text="What is to be done.")
    most_points = serializers.SerializerMethodField(help_text="What the best work gets.")
    rubric = CriterionSerializer(source="criteria", many=True, read_only=True)
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Assignment
        fields = [
            *("id", "course", "lesson", "block", "title", "html", "most_points", "pass_percent", "rubric"),
            *("takes_text", "most_files", "file_types", "largest_mb"),
            *("due_at", "late_percent", "late_until", "resubmissions", "url"),
        ]
        read_only_fields = fields

    def get_html(self, assignment: Assignment) -> str:
        return str(render(assignment.block.body))

    def get_most_points(self, assignment: Assignment) -> float:
        return services.most_points(assignment)


class AssignmentSettingsSerializer(serializers.ModelSerializer):
    class Meta:
        model = Assignment
        fields = ["id", *AssignmentForm.Meta.fields]


class LevelSerializer(serializers.Serializer):
    points = serializers.FloatField(min_value=0, max_value=1000)
    words = serializers.CharField(max_length=300, allow_blank=True, default="")


class TaughtAssignment(serializers.PrimaryKeyRelatedField):
    def get_queryset(self):
        taught = Assignment.objects.taught_by(self.context["request"].user).present()
        return taught.select_related("block__lesson__module__course")


class WrittenCriterionSerializer(serializers.ModelSerializer):
    assignment = TaughtAssignment(queryset=Assignment.objects.all())
    levels = LevelSerializer(many=True, max_length=10, required=False, help_text="Best first, whatever their order.")

    class Meta:
        model = Criterion
        fields = ["id", "assignment", "title", "levels", "position"]
        read_only_fields = ["position"]
        validators = []


class SubmissionFileSerializer(serializers.ModelSerializer):
    url = serializers.SerializerMethodField()

    class Meta:
        model = SubmissionFile
        fields = ["id", "name", "size", "url"]
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.URI_REF)
    def get_url(self, kept: SubmissionFile) -> str:
        return reverse("assignments:file", args=[kept.pk, kept.name])


class MarkSerializer(serializers.Serializer):
    points = serializers.FloatField(help_text="After what lateness takes off.")
    most_points = serializers.FloatField()
    percent_off = serializers.IntegerField()
    comment = serializers.CharField()
    released = serializers.BooleanField()
    version = serializers.CharField(help_text="Changes with each save: send it as `over` to replace this mark.")


class SubmissionSerializer(serializers.ModelSerializer):
    """A mark is there for its student once it is released, and for those who give it."""

    user = PersonSerializer(read_only=True)
    files = SubmissionFileSerializer(many=True, read_only=True)
    mark = serializers.SerializerMethodField()

    class Meta:
        model = Submission
        fields = ["id", "assignment", "user", "number", "text", "files", "saved_at", "submitted_at", "mark"]
        read_only_fields = fields

    @extend_schema_field(MarkSerializer(allow_null=True))
    def get_mark(self, submission: Submission) -> dict[str, Any] | None:
        mark = getattr(submission, "mark", None)
        if mark is None or (mark.released_at is None and submission.user_id == self.context["request"].user.pk):
            return None
        shown = selectors.shown_mark(submission, list(submission.assignment.criteria.all()))
        return {
            "points": shown.points,
            "most_points": shown.most,
            "percent_off": shown.percent_off,
            "comment": mark.comment,
            "released": mark.released_at is not None,
            "version": mark.version,
        }


class DraftSerializer(serializers.Serializer):
    text = serializers.CharField(allow_blank=True, max_length=services.LONGEST_TEXT, trim_whitespace=False)


class WorkSerializer(serializers.Serializer):
    text = serializers.CharField(
        allow_blank=True, max_length=services.LONGEST_TEXT, trim_whitespace=False, required=False
    )


class UploadSerializer(serializers.Serializer):
    file = serializers.FileField(allow_empty_file=True)


class GivenMarkSerializer(serializers.Serializer):
    points = serializers.FloatField(min_value=0, max_value=10_000, required=False, allow_null=True)
    levels = serializers.DictField(
        child=serializers.IntegerField(min_value=0, max_value=100),
        required=False,
        help_text="With a rubric: the id of each row and which of its levels, from 0 (the best).",
    )
    comment = serializers.CharField(allow_blank=True, max_length=20_000, required=False)
    over = serializers.CharField(
        allow_blank=True,
        max_length=40,
        required=False,
        help_text="The `version` of the mark you read; leave it out where there was none.",
    )

    def validate_points(self, points: float | None) -> float | None:
        if points is not None and points != points:  # NaN is between nothing and nothing
            raise serializers.ValidationError(_("Give a number."))
        return points

    def validate_levels(self, levels: dict[str, int]) -> dict[int, int]:
        if not all(key.isascii() and key.isdecimal() and len(key) < 19 for key in levels):
            raise serializers.ValidationError(_("Name each row by its id."))
        return {int(key): level for key, level in levels.items()}


class ReleasedSerializer(serializers.Serializer):
    released = serializers.IntegerField()


class Assignments(mixins.ListModelMixin, mixins.RetrieveModelMixin, CourseAPI):
    """Those of the lessons one may read."""

    serializer_class = AssignmentSerializer
    filterset_class = AssignmentFilter
    rows = staticmethod(
        lambda: (
            Assignment.objects.present()
            .select_related("block__lesson__module__course")
            .prefetch_related("criteria")
            .order_by("pk")
        )
    )

    lesson = "block__lesson"

    def get_object(self):
        assignment = super().get_object()
        require_open(user=self.request.user, lesson=assignment.lesson)
        return assignment

    @extend_schema(request=AssignmentSettingsSerializer(partial=True), responses={200: AssignmentSettingsSerializer})
    def partial_update(self, request, pk=None):
        """What it takes and when, for those who teach it."""
        assignment = self.get_object()
        sent = AssignmentSettingsSerializer(assignment, data=request.data, partial=True)
        sent.is_valid(raise_exception=True)
        now = model_to_dict(assignment, AssignmentForm.Meta.fields)
        formed(AssignmentForm(now | sent.validated_data, instance=assignment))
        rubrics.save_assignment(assignment=assignment, author=request.user)
        return Response(AssignmentSettingsSerializer(self.get_object()).data)

    @extend_schema(request=DraftSerializer, responses={200: SubmissionSerializer})
    @action(methods=["post"], detail=True, permission_classes=[IsAuthenticated])
    def draft(self, request, pk=None):
        """Keep this text in your draft."""
        assignment, sent = self._taken(), checked(DraftSerializer, request)
        return self._answer(services.save_draft, user=request.user, assignment=assignment, **sent)

    @extend_schema(request=UploadSerializer, responses={201: SubmissionFileSerializer})
    @action(methods=["post"], detail=True, permission_classes=[IsAuthenticated], parser_classes=[MultiPartParser])
    def files(self, request, pk=None):
        """Put a file to your draft, as multipart/form-data."""
        assignment, sent = self._taken(), checked(UploadSerializer, request)
        kept = _taken(services.add_file, user=request.user, assignment=assignment, upload=sent["file"])
        return Response(SubmissionFileSerializer(kept).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=WorkSerializer, responses={200: SubmissionSerializer})
    @action(methods=["post"], detail=True, permission_classes=[IsAuthenticated])
    def hand_in(self, request, pk=None):
        """Hand your draft in, with this text where one is given. Doing it twice is doing it once."""
        assignment, sent = self._taken(), checked(WorkSerializer, request)
        return self._answer(services.hand_in, user=request.user, assignment=assignment, text=sent.get("text"))

    @extend_schema(request=None, responses={200: ReleasedSerializer})
    @action(methods=["post"], detail=True, permission_classes=[IsAuthenticated])
    def release(self, request, pk=None):
        """Show all marks that wait, together. For those who mark it."""
        assignment = self.get_object()
        if not Assignment.objects.graded_by(request.user).filter(pk=assignment.pk).exists():
            raise PermissionDenied(_("Marks are released by those who teach or assist in the course."))
        return Response({"released": services.release_marks(assignment=assignment)})

    def _taken(self) -> Assignment:
        assignment = self.get_object()
        if not Assignment.objects.taken_by(self.request.user).filter(pk=assignment.pk).exists():
            raise PermissionDenied(_("Only those who take a course as students hand in its work."))
        return assignment

    def _answer(self, service, **what) -> Response:
        submission = _taken(service, **what)
        return Response(SubmissionSerializer(submission, context=self.get_serializer_context()).data)


def _taken(service, **what):
    try:
        return service(**what)
    except services.NotTaken as error:
        raise Conflict(str(error)) from None


class Criteria(mixins.ListModelMixin, mixins.RetrieveModelMixin, TaughtAPI):
    """The rows of the rubrics by which the assignments that you teach are marked."""

    serializer_class = WrittenCriterionSerializer
    filterset_class = CriterionFilter
    rows = staticmethod(
        lambda: Criterion.objects.select_related("assignment__block__lesson__module__course").order_by(
            "assignment", "position", "pk"
        )
    )

    @extend_schema(request=WrittenCriterionSerializer, responses={201: WrittenCriterionSerializer})
    def create(self, request):
        """Add a row, at the end. Once marks were given by the rubric, its rows stay (409)."""
        sent = checked(WrittenCriterionSerializer, request)
        made = self._kept(
            rubrics.add_criterion, assignment=sent["assignment"], title=sent["title"], author=request.user
        )
        self._write(made, sent)
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=WrittenCriterionSerializer(partial=True), responses={200: WrittenCriterionSerializer})
    def partial_update(self, request, pk=None):
        """Write it anew. Once marks were given by the rubric, its points stay (409)."""
        criterion = self.get_object()
        sent = self.get_serializer(criterion, data=request.data, partial=True)
        sent.is_valid(raise_exception=True)
        stays(sent, "assignment")
        self._write(criterion, sent.validated_data)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=MoveSerializer, responses={200: WrittenCriterionSerializer})
    @action(methods=["post"], detail=True)
    def move(self, request, pk=None):
        """Put it before another row of its rubric, or last."""
        return moved(self, MoveSerializer)

    @extend_schema(responses={204: None})
    def destroy(self, request, pk=None):
        """The lesson's history can bring it back. Once marks were given by the rubric, its rows stay (409)."""
        self._kept(rubrics.remove_criterion, criterion=self.get_object(), author=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _write(self, criterion: Criterion, sent: dict[str, Any]) -> None:
        levels = sent.get("levels", criterion.levels)
        lines = "\n".join(f"{level['points']!r} {' '.join(level.get('words', '').split())}" for level in levels)
        form = CriterionForm({"title": sent.get("title", criterion.title), "lines": lines}, instance=criterion)
        criterion.levels = formed(form)["lines"]
        self._kept(rubrics.save_criterion, criterion=criterion, author=self.request.user)

    @staticmethod
    def _kept(service, **what):
        try:
            return service(**what)
        except HasLearners as error:
            raise Conflict(str(error)) from None


class Submissions(mixins.ListModelMixin, mixins.RetrieveModelMixin, CourseAPI):
    """Your own, drafts too; and what was handed in in the courses where you mark."""

    serializer_class = SubmissionSerializer
    filterset_class = SubmissionFilter
    permission_classes = [IsAuthenticated]
    rows = staticmethod(
        lambda: (
            Submission.objects.filter(assignment__block__removed_at=None)
            .select_related("user", "mark", "assignment")
            .prefetch_related("files", "assignment__criteria")
            .order_by("pk")
        )
    )

    @extend_schema(request=GivenMarkSerializer, responses={200: SubmissionSerializer})
    @action(methods=["post"], detail=True)
    def mark(self, request, pk=None):
        """Keep a mark; its student sees it once it is released. With a rubric, give `levels` instead of `points`.

        409 where somebody else marked it since the version in `over`; `version` is then that of their mark."""
        submission = self.get_object()
        if not Submission.objects.graded_by(request.user).filter(pk=submission.pk).exists():
            raise PermissionDenied(_("Marks are given by those who teach or assist in the course."))
        sent = checked(GivenMarkSerializer, request)
        try:
            _taken(
                services.mark_submission,
                submission=submission,
                marker=request.user,
                points=sent.get("points"),
                levels=sent.get("levels", {}),
                comment=sent.get("comment", ""),
                over=sent.get("over", ""),
            )
        except services.MarkedMeanwhile as error:
            raise Conflict({"detail": str(error), "version": error.theirs.version}) from None
        return Response(self.get_serializer(self.get_object()).data)
