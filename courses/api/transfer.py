"""A course out to a zip and in again, over REST."""

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.parsers import MultiPartParser
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from courses import assets
from courses.api.base import Conflict, ZipRenderer, checked, taught_course
from courses.transfer import services
from courses.transfer.fields import NotACourse


class Export(APIView):
    """A course that you teach, with its files and without its people."""

    renderer_classes = [JSONRenderer, ZipRenderer]

    @extend_schema(request=None, responses={(200, assets.DOWNLOAD): OpenApiTypes.BINARY})
    def post(self, request, pk: int):
        """The zip, as docs/course-transfer.md describes it."""
        course = taught_course(request, pk)
        try:
            file = services.exported(course, actor=request.user)
        except services.CannotExport as error:
            raise Conflict(str(error)) from None
        name = f"{course.slug}-{timezone.localdate()}.zip"
        return assets.serve(file, name=name, size=file.seek(0, 2), content_type=assets.DOWNLOAD)


class ZipSerializer(serializers.Serializer):
    file = serializers.FileField(max_length=500, allow_empty_file=True)


class ImportedSerializer(serializers.Serializer):
    course = serializers.IntegerField(source="course.pk")
    came = serializers.ListField(child=serializers.CharField())
    left_out = serializers.ListField(child=serializers.CharField(), help_text="What the zip had and no course has.")


class Import(APIView):
    """A new course from a zip: an exported one, a Common Cartridge or SCORM package, or a folder of Markdown files."""

    parser_classes = [MultiPartParser]

    @extend_schema(request={"multipart/form-data": ZipSerializer}, responses={201: ImportedSerializer})
    def post(self, request):
        """It begins as a draft, taught by you."""
        if not request.user.has_perm("courses.add_course"):
            raise PermissionDenied(_("Courses are begun by instructors."))
        sent = checked(ZipSerializer, request)
        try:
            imported = services.import_course(teacher=request.user, file=sent["file"])
        except NotACourse as error:
            raise serializers.ValidationError({"file": [str(error)]}) from None
        return Response(ImportedSerializer(imported).data, status=status.HTTP_201_CREATED)
