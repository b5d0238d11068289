"""What is due, what a search finds, and certificates, over REST."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from courses.api.base import CourseAPI, PagedView
from courses.api.filters import CertificateFilter
from courses.calendar.deadlines import deadlines
from courses.calendar.selectors import courses_of
from courses.models import Certificate
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


class CertificateSerializer(serializers.ModelSerializer):
    url = serializers.CharField(source="get_absolute_url", read_only=True, help_text="Its public page.")

    class Meta:
        model = Certificate
        fields = ["id", "code", "course", "name", "title", "issued_at", "revoked_at", "url"]
        read_only_fields = fields


class Certificates(mixins.ListModelMixin, mixins.RetrieveModelMixin, CourseAPI):
    """Your own, and those of the courses you teach."""

    serializer_class = CertificateSerializer
    filterset_class = CertificateFilter
    permission_classes = [IsAuthenticated]
    rows = staticmethod(lambda: Certificate.objects.order_by("pk"))


class VerifiedSerializer(serializers.ModelSerializer):
    holds = serializers.SerializerMethodField()

    class Meta:
        model = Certificate
        fields = ["code", "name", "title", "issued_at", "revoked_at", "holds"]
        read_only_fields = fields

    def get_holds(self, certificate: Certificate) -> bool:
        return certificate.revoked_at is None


class Verify(APIView):
    """For anyone who was shown a certificate: whether it holds."""

    permission_classes = [AllowAny]

    @extend_schema(responses=VerifiedSerializer)
    def get(self, request, code: str):
        return Response(VerifiedSerializer(get_object_or_404(Certificate, code=code.upper())).data)
