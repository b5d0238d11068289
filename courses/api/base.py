"""What every endpoint about courses shares."""

from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import viewsets
from rest_framework.exceptions import APIException
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.permissions import BasePermission, IsAuthenticatedOrReadOnly
from rest_framework.throttling import AnonRateThrottle, UserRateThrottle


class Pages(LimitOffsetPagination):
    default_limit = 50
    max_limit = 200


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

    def get_queryset(self):
        rows = type(self).rows()
        if getattr(self, "swagger_fake_view", False):
            return rows.none()
        return rows.visible_to(self.request.user)
