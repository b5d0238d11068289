"""What is due and what a search finds, over REST."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from courses.api.base import PagedView
from courses.calendar.deadlines import deadlines
from courses.calendar.selectors import courses_of
from courses.search import selectors as searching


class DeadlineSerializer(serializers.Serializer):
    at = serializers.DateTimeField()
    title = serializers.CharField()
    url = serializers.CharField()
    block = serializers.IntegerField(source="block_id")
    course = serializers.IntegerField(source="course.pk")
    source = serializers.CharField()


class Deadlines(PagedView):
    """What you still have to do and still can, earliest first."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=DeadlineSerializer(many=True))
    def get(self, request):
        return self.answer_page(deadlines(request.user, courses_of(request.user)), DeadlineSerializer)


class AskedSerializer(serializers.Serializer):
    q = serializers.CharField(max_length=searching.LONGEST, allow_blank=True, default="")
    kind = serializers.CharField(max_length=40, allow_blank=True, default="")
    page = serializers.IntegerField(min_value=1, max_value=searching.MOST_PAGES, default=1)


class HitSerializer(serializers.Serializer):
    kind = serializers.CharField()
    title = serializers.CharField(help_text="HTML, with what was found in <mark>.")
    place = serializers.CharField()
    snippet = serializers.CharField(help_text="HTML, with what was found in <mark>.")
    url = serializers.CharField()


class FoundSerializer(serializers.Serializer):
    query = serializers.CharField()
    total = serializers.IntegerField()
    page = serializers.IntegerField(source="number")
    pages = serializers.IntegerField()
    hits = HitSerializer(many=True)


class Search(APIView):
    """Courses, lessons and discussions that you may read."""

    permission_classes = [AllowAny]

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "q", {"type": "string", "maxLength": searching.LONGEST}, description="Two letters or more."
            ),
            OpenApiParameter("kind", {"type": "string", "maxLength": 40}, description="Only what is of this kind."),
            OpenApiParameter("page", {"type": "integer", "minimum": 1, "maximum": searching.MOST_PAGES}),
        ],
        responses=FoundSerializer,
    )
    def get(self, request):
        asked = AskedSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        q, kind, page = (asked.validated_data[name] for name in ("q", "kind", "page"))
        return Response(FoundSerializer(searching.search(request.user, q, [kind] if kind else [], page=page)).data)
