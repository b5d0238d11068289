"""Certificates over REST: one's own, whether one holds, and for those who teach, what they are given for."""

from django.forms import model_to_dict
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from courses.api.base import CourseAPI, PDFRenderer, checked, formed, require_teacher, taught_course
from courses.api.filters import CertificateFilter
from courses.certificates import services
from courses.certificates.forms import RuleForm
from courses.certificates.paper import as_pdf
from courses.models import Certificate, CertificateRule


class CertificateSerializer(serializers.ModelSerializer):
    url = serializers.CharField(source="get_absolute_url", read_only=True, help_text="Its public page.")

    class Meta:
        model = Certificate
        fields = ["id", "code", "course", "name", "title", "issued_at", "revoked_at", "url"]
        read_only_fields = fields


class RevokedSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=400, help_text="For those who teach; nobody else reads it.")


class Certificates(mixins.ListModelMixin, mixins.RetrieveModelMixin, CourseAPI):
    """Your own, and those of the courses you teach."""

    serializer_class = CertificateSerializer
    filterset_class = CertificateFilter
    permission_classes = [IsAuthenticated]
    rows = staticmethod(lambda: Certificate.objects.order_by("pk"))

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(methods=["get"], detail=True, renderer_classes=[JSONRenderer, PDFRenderer])
    def paper(self, request, pk=None):
        """The certificate as PDF, while it holds."""
        certificate = get_object_or_404(self.get_queryset().valid(), pk=self.get_object().pk)
        address = request.build_absolute_uri(certificate.get_absolute_url())
        return HttpResponse(as_pdf(certificate, address=address), content_type="application/pdf")

    @extend_schema(request=RevokedSerializer, responses={200: CertificateSerializer})
    @action(methods=["post"], detail=True)
    def revoke(self, request, pk=None):
        """Say that it no longer holds. For those who teach the course."""
        certificate, sent = self._taught(), checked(RevokedSerializer, request)
        services.revoke(certificate=certificate, by=request.user, reason=sent["reason"])
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=None, responses={200: CertificateSerializer})
    @action(methods=["post"], detail=True)
    def restore(self, request, pk=None):
        """Say that it holds again. For those who teach the course."""
        services.restore(certificate=self._taught())
        return Response(self.get_serializer(self.get_object()).data)

    def _taught(self) -> Certificate:
        certificate = self.get_object()
        require_teacher(self.request.user, certificate.course)
        return certificate


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


class RuleSerializer(serializers.ModelSerializer):
    given = serializers.IntegerField(read_only=True, default=0, help_text="Who had earned it by now, when it changed.")

    class Meta:
        model = CertificateRule
        fields = [*RuleForm.Meta.fields, "given"]


class Rule(APIView):
    """What a course that you teach gives certificates for."""

    @extend_schema(responses=RuleSerializer)
    def get(self, request, pk: int):
        return Response(RuleSerializer(self._rule(request, pk)).data)

    @extend_schema(request=RuleSerializer(partial=True), responses=RuleSerializer)
    def patch(self, request, pk: int):
        """Everyone who has earned one by now gets it."""
        rule = self._rule(request, pk)
        sent = RuleSerializer(rule, data=request.data, partial=True)
        sent.is_valid(raise_exception=True)
        form = RuleForm(model_to_dict(rule, RuleForm.Meta.fields) | sent.validated_data, instance=rule)
        formed(form)
        rule = form.save()
        return Response(RuleSerializer(rule).data | {"given": services.issue_to_all(course=rule.course)})

    def _rule(self, request, pk: int) -> CertificateRule:
        course = taught_course(request, pk)
        return CertificateRule.objects.filter(course=course).first() or CertificateRule(course=course)
