"""The gradebook over REST: the figures of its pages, read in the same place."""

from typing import Any

from django.db import IntegrityError
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit
from accounts.models import User
from courses.api.base import Pages, checked, formed, taught_course
from courses.api.serializers import PersonSerializer
from courses.grade_items import GradeItem
from courses.gradebook import selectors, services, sources
from courses.gradebook.forms import OverrideForm
from courses.gradebook.querysets import graded_courses
from courses.models import Course, Enrollment, GradebookRule, GradeChange, GradeOverride


class ItemSerializer(serializers.Serializer):
    key = serializers.CharField()
    title = serializers.CharField()
    most_points = serializers.FloatField(source="points")
    url = serializers.CharField()


class CategorySerializer(serializers.Serializer):
    id = serializers.IntegerField(allow_null=True, help_text="Null: everything that is in none.")
    name = serializers.CharField()
    weight = serializers.FloatField()
    keys = serializers.ListField(child=serializers.CharField())


class CellSerializer(serializers.Serializer):
    key = serializers.CharField(source="item.key")
    points = serializers.FloatField(allow_null=True)
    percent = serializers.FloatField(allow_null=True)
    is_override = serializers.BooleanField()
    is_excused = serializers.BooleanField()
    is_dropped = serializers.BooleanField(help_text="Left out as the lowest of its category.")


class RowSerializer(serializers.Serializer):
    user = PersonSerializer()
    cells = CellSerializer(many=True)
    categories = serializers.ListField(child=serializers.FloatField(allow_null=True), help_text="Percent of each.")
    total = serializers.FloatField(allow_null=True, help_text="Percent.")


class GradesSerializer(serializers.Serializer):
    items = ItemSerializer(many=True)
    categories = CategorySerializer(many=True)
    grades = RowSerializer()


class GradebookSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    items = ItemSerializer(many=True)
    categories = CategorySerializer(many=True)
    results = RowSerializer(many=True)


class OfCohortSerializer(serializers.Serializer):
    cohort = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False, help_text="Its students only.")


class OwnGrades(APIView):
    """Your marks in a course."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=GradesSerializer)
    def get(self, request, pk: int):
        course = get_object_or_404(Course.objects.enrolled_by(request.user).visible_to(request.user), pk=pk)
        book = selectors.gradebook(course, user=request.user)
        return Response(_head(book) | {"grades": RowSerializer(book.rows[0]).data})


class ClassGrades(APIView):
    """The marks of everyone who takes a course, by name; for those who mark there."""

    permission_classes = [IsAuthenticated]

    @extend_schema(parameters=[OfCohortSerializer], responses=GradebookSerializer)
    def get(self, request, pk: int):
        course = get_object_or_404(graded_courses(request.user), pk=pk)
        asked = OfCohortSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data.get("cohort")
        cohort = get_object_or_404(course.cohorts.all(), pk=wanted) if wanted else None
        pages = Pages()
        ids = pages.paginate_queryset(selectors.student_ids(course, cohort=cohort), request)
        book = selectors.gradebook(course, users=ids)
        audit.record(action=audit.Action.GRADES_EXPORTED, actor=request.user, course=course.pk, form="json")
        listed = pages.get_paginated_response(RowSerializer(book.rows, many=True).data).data
        return Response(_head(book) | dict(listed))


class OverriddenSerializer(serializers.Serializer):
    points = serializers.FloatField(min_value=0, max_value=1_000_000, required=False, allow_null=True)
    excused = serializers.BooleanField(default=False)
    reason = serializers.CharField(max_length=400)


class GradeChangeSerializer(serializers.ModelSerializer):
    by = PersonSerializer(read_only=True, allow_null=True)

    class Meta:
        model = GradeChange
        fields = ["before", "after", "reason", "by", "at"]
        read_only_fields = fields


class OverrideSerializer(serializers.Serializer):
    marked = serializers.FloatField(allow_null=True, help_text="Without what was set by hand.")
    points = serializers.FloatField(allow_null=True, help_text="Set by hand.")
    excused = serializers.BooleanField()
    trail = GradeChangeSerializer(many=True)


class Override(APIView):
    """One student's mark for one item of the gradebook, as those who teach the course set it by hand."""

    @extend_schema(responses=OverrideSerializer, operation_id="grade_override")
    def get(self, request, pk: int, key: str, user_id: int):
        return Response(self._shown(*self._found(request, pk, key, user_id)))

    @extend_schema(request=OverriddenSerializer, responses=OverrideSerializer)
    def post(self, request, pk: int, key: str, user_id: int):
        """Set points or excuse it; with neither, it is as it was marked. The trail keeps who, when and why."""
        course, item, student = self._found(request, pk, key, user_id)
        wanted = formed(OverrideForm(checked(OverriddenSerializer, request), most=item.points))
        services.override_grade(course=course, user=student, key=key, by=request.user, **wanted)
        return Response(self._shown(course, item, student))

    def _found(self, request, pk: int, key: str, user_id: int) -> tuple[Course, GradeItem, User]:
        course = taught_course(request, pk)
        enrolled = Enrollment.objects.for_course(course).students()
        student = get_object_or_404(User.objects.filter(pk__in=enrolled.values("user")), pk=user_id)
        item = next((item for item in sources.items_of(course) if item.key == key), None)
        if item is None:
            raise NotFound(_("There is no such item in this gradebook."))
        return course, item, student

    def _shown(self, course: Course, item: GradeItem, student: User) -> dict[str, Any]:
        mine = {"course": course, "user": student, "key": item.key}
        now = GradeOverride.objects.filter(**mine).first()
        shown = {
            "marked": sources.scores_of(course, [student.pk]).get((item.key, student.pk)),
            "points": now.points if now else None,
            "excused": bool(now and now.is_excused),
            "trail": GradeChange.objects.filter(**mine).select_related("by"),
        }
        return OverrideSerializer(shown).data


class CategorySetupSerializer(serializers.Serializer):
    id = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False, allow_null=True, default=None)
    name = serializers.CharField(max_length=80)
    weight = serializers.IntegerField(min_value=0, max_value=100)
    drop_lowest = serializers.IntegerField(min_value=0, max_value=20, default=0)
    keys = serializers.ListField(
        child=serializers.CharField(max_length=80), max_length=1000, default=list, help_text="The items in it."
    )


class SetupSerializer(serializers.Serializer):
    categories = CategorySetupSerializer(many=True, max_length=50, help_text="In order; their weights make 100.")
    missing_is_zero = serializers.BooleanField(default=False)


class Setup(APIView):
    """How a course that you teach is graded."""

    @extend_schema(responses=SetupSerializer)
    def get(self, request, pk: int):
        return Response(self._shown(taught_course(request, pk)))

    @extend_schema(request=SetupSerializer, responses=SetupSerializer)
    def put(self, request, pk: int):
        """The whole plan, in place of the one before."""
        course, sent = taught_course(request, pk), checked(SetupSerializer, request)
        known = {item.key for item in sources.items_of(course)}
        rows = sent["categories"]
        places = {key: n for n, row in enumerate(rows) for key in row.pop("keys") if key in known}
        try:
            services.save_categories(
                course=course, categories=rows, placements=places, missing_is_zero=sent["missing_is_zero"]
            )
        except services.WrongWeights as error:
            raise serializers.ValidationError({"categories": [str(error)]}) from None
        except IntegrityError:
            raise serializers.ValidationError({"categories": [_("Two categories have the same name.")]}) from None
        return Response(self._shown(course))

    def _shown(self, course: Course) -> dict[str, Any]:
        keys = [item.key for item in sources.items_of(course)]
        rows = [
            {"id": c.id, "name": c.name, "weight": c.weight, "drop_lowest": c.drop_lowest, "keys": list(c.keys)}
            for c in selectors.categories_of(course, keys)
            if c.id is not None
        ]
        rule = GradebookRule.objects.filter(course=course).first()
        shown = {"categories": rows, "missing_is_zero": bool(rule and rule.missing_is_zero)}
        return SetupSerializer(shown).data


def _head(book: selectors.Gradebook) -> dict[str, Any]:
    return {
        "items": ItemSerializer(book.items, many=True).data,
        "categories": CategorySerializer(book.categories, many=True).data,
    }
