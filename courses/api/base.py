"""What every endpoint about courses shares."""

from typing import Any

from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import viewsets
from rest_framework.exceptions import APIException
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.permissions import BasePermission, IsAuthenticatedOrReadOnly
from rest_framework.serializers import Serializer
from rest_framework.throttling import AnonRateThrottle, UserRateThrottle

from courses.release.locks import locked_ids


class Pages(LimitOffsetPagination):
    default_limit = 50
    max_limit = 200

    def get_offset(self, request) -> int:
        return min(super().get_offset(request), 2**31 - 1)  # further than any list goes


class Conflict(APIException):
    """409: the request is well formed, but what it asks for cannot be now. `detail` may carry more than words."""

    status_code = 409
    default_detail = "This cannot be now."
    default_code = "conflict"


class TeachesIt(BasePermission):
    """Changes are for those who teach the course; for others who may see the row, it is read only."""

    def has_object_permission(self, request, view, row) -> bool:
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return True
        action = "change" if request.method in ("PUT", "PATCH") else "delete"
        return request.user.has_perm(f"courses.{action}_{row._meta.model_name}", row)


class CourseAPI(viewsets.GenericViewSet):
    """Rows come from `visible_to`, so what somebody may not see is not there for them (404)."""

    permission_classes = [IsAuthenticatedOrReadOnly, TeachesIt]
    throttle_classes = [AnonRateThrottle, UserRateThrottle]
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


def checked(serializer: type[Serializer], request) -> dict[str, Any]:
    """What was sent, as the serializer takes it. Raises ValidationError."""
    sent = serializer(data=request.data)
    sent.is_valid(raise_exception=True)
    return sent.validated_data
