"""What every endpoint about courses shares."""

from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from django.forms import BaseForm
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import viewsets
from rest_framework.exceptions import APIException, PermissionDenied, ValidationError
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.permissions import SAFE_METHODS, BasePermission, IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from courses.models import Course
from courses.permissions import teaches
from courses.release.locks import locked_ids

LONGEST_NUMBER = 20  # digits; Python refuses thousands


class Pages(LimitOffsetPagination):
    """A page's size or place that is no number is told as wrong, instead of giving some other page."""

    default_limit = 50
    max_limit = 200
    furthest = 2**31 - 1  # further than any list goes

    def get_limit(self, request) -> int:
        return min(self._number(request, self.limit_query_param, 1, self.default_limit), self.max_limit)

    def get_offset(self, request) -> int:
        return min(self._number(request, self.offset_query_param, 0, 0), self.furthest)

    @staticmethod
    def _number(request, name: str, lowest: int, default: int) -> int:
        text = request.query_params.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit()) or len(text) > LONGEST_NUMBER or int(text) < lowest:
            raise ValidationError({name: [_("This is a whole number from %(lowest)s.") % {"lowest": lowest}]})
        return int(text)

    def get_schema_operation_parameters(self, view) -> list[dict[str, Any]]:
        found = super().get_schema_operation_parameters(view)
        for parameter, lowest in zip(found, (1, 0), strict=True):
            parameter["schema"] |= {"minimum": lowest, "maximum": self.furthest}
        return found


class PDFRenderer(JSONRenderer):
    """For views that answer with a file of their own making; what they refuse, they say as JSON."""

    media_type, format = "application/pdf", "pdf"


class ZipRenderer(PDFRenderer):
    media_type, format = "application/octet-stream", "zip"


class PagedView(APIView):
    """The base of views that are no viewsets and answer a list by the page."""

    pagination_class = Pages

    def answer_page(self, rows: Any, serializer: type[Serializer]) -> Response:
        pages = self.pagination_class()
        page = pages.paginate_queryset(rows, self.request, view=self)
        return pages.get_paginated_response(serializer(page, many=True).data)


class Conflict(APIException):
    """409: the request is well formed, but what it asks for cannot be now. `detail` may carry more than words."""

    status_code = 409
    default_detail = gettext_lazy("This cannot be now.")
    default_code = "conflict"


class TeachesIt(BasePermission):
    """Changes are for those who teach the course; for others who may see the row, it is read only."""

    def has_object_permission(self, request, view, row) -> bool:
        return request.method in SAFE_METHODS or teaches(request.user, row)


class CourseAPI(viewsets.GenericViewSet):
    """Rows come from `visible_to`, so what somebody may not see is not there for them (404)."""

    permission_classes = [IsAuthenticatedOrReadOnly, TeachesIt]
    pagination_class = Pages
    filter_backends = [DjangoFilterBackend]
    http_method_names = ["get", "head", "options", "post", "patch", "delete"]
    rows = None  # () -> the queryset before visible_to, with its joins
    lesson = ""  # the way to a row's lesson: a list is without what is closed to this person; by itself, it says why

    def get_queryset(self):
        rows = type(self).rows()
        if getattr(self, "swagger_fake_view", False):
            return rows.none()
        rows = rows.visible_to(self.request.user)
        if self.lesson and self.action == "list":
            rows = rows.exclude(**{f"{self.lesson}__in": locked_ids(self.request.user)})
        return rows


class TaughtAPI(CourseAPI):
    """What only those who teach a course have to do with; for others it is not there."""

    permission_classes = [IsAuthenticated]

    def get_queryset(self):
        rows = type(self).rows()
        return rows.none() if getattr(self, "swagger_fake_view", False) else rows.taught_by(self.request.user)


def taught_course(request, pk: int) -> Course:
    return get_object_or_404(Course.objects.taught_by(request.user), pk=pk)


def require_teacher(user, course: Course) -> None:
    if not course.is_taught_by(user):
        raise PermissionDenied(_("This is for those who teach the course."))


def require_learner(user, course: Course) -> None:
    if not course.is_learned_by(user):
        raise PermissionDenied(_("Only those who take a course as students leave progress in it."))


def stays(serializer, field: str) -> None:
    given = serializer.validated_data.get(field)
    if given is not None and given != getattr(serializer.instance, field):
        raise ValidationError({field: _("It stays where it is; `move` moves things.")})


def formed(form: BaseForm) -> dict[str, Any]:
    """What the form of the page makes of what was sent, by its rules. Raises ValidationError."""
    if not form.is_valid():
        raise ValidationError(
            {"detail" if name == NON_FIELD_ERRORS else name: list(e) for name, e in form.errors.items()}
        )
    return form.cleaned_data


def checked(serializer: type[Serializer], request) -> dict[str, Any]:
    """What was sent, as the serializer takes it. Raises ValidationError."""
    sent = serializer(data=request.data, context={"request": request})
    sent.is_valid(raise_exception=True)
    return sent.validated_data
