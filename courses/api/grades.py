"""The gradebook over REST: the figures of its pages, read in the same place."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from courses.api.base import Pages
from courses.api.serializers import PersonSerializer
from courses.gradebook import selectors
from courses.gradebook.querysets import graded_courses
from courses.models import Course


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

    @extend_schema(responses=GradebookSerializer)
    def get(self, request, pk: int):
        course = get_object_or_404(graded_courses(request.user), pk=pk)
        pages = Pages()
        ids = pages.paginate_queryset(selectors.student_ids(course), request)
        book = selectors.gradebook(course, users=ids)
        listed = pages.get_paginated_response(RowSerializer(book.rows, many=True).data).data
        return Response(_head(book) | dict(listed))


def _head(book: selectors.Gradebook) -> dict[str, Any]:
    return {
        "items": ItemSerializer(book.items, many=True).data,
        "categories": CategorySerializer(book.categories, many=True).data,
    }
