"""What people are told, over REST: notifications, how they come by e-mail, and announcements."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from courses.api.base import Conflict, CourseAPI, require_teacher, stays
from courses.api.filters import AnnouncementFilter, NotificationFilter
from courses.api.serializers import TaughtCourse
from courses.models import Course
from courses.notifications import services
from courses.notifications.models import Announcement, MailWish, Notification, NotificationKind


class NotificationSerializer(serializers.ModelSerializer):
    class Meta:
        model = Notification
        fields = ["id", "kind", "course", "title", "url", "created_at", "read_at"]
        read_only_fields = fields


class ReadSerializer(serializers.Serializer):
    read = serializers.IntegerField(help_text="How many were unread.")


class WishesSerializer(serializers.Serializer):
    def get_fields(self) -> dict[str, serializers.Field]:
        return {kind.value: serializers.ChoiceField(MailWish.choices, required=False) for kind in NotificationKind}


class AnnouncementSerializer(serializers.ModelSerializer):
    course = TaughtCourse(queryset=Course.objects.all())
    publish_at = serializers.DateTimeField(required=False, help_text="Empty: now.")

    class Meta:
        model = Announcement
        fields = ["id", "course", "title", "body", "publish_at", "sent_at", "sent_count"]
        read_only_fields = ["sent_at", "sent_count"]
        extra_kwargs = {"body": {"max_length": 20_000}}


class Notifications(mixins.ListModelMixin, mixins.RetrieveModelMixin, CourseAPI):
    """Your own, newest first."""

    serializer_class = NotificationSerializer
    filterset_class = NotificationFilter
    permission_classes = [IsAuthenticated]
    rows = Notification.objects.all

    @extend_schema(request=None, responses={200: NotificationSerializer})
    @action(methods=["post"], detail=True)
    def read(self, request, pk=None):
        """Mark it as read."""
        services.mark_read(user=request.user, pks=[self.get_object().pk])
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=None, responses={200: ReadSerializer})
    @action(methods=["post"], detail=False)
    def read_all(self, request):
        """Mark all as read."""
        return Response({"read": services.mark_read(user=request.user)})


class Preferences(APIView):
    """How you hear of each kind of notification by e-mail."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request):
        return Response(services.preferences_of(request.user))

    @extend_schema(request=WishesSerializer, responses=OpenApiTypes.OBJECT)
    def patch(self, request):
        """As in {"reply": "daily"}: off, each or daily."""
        sent = WishesSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        for kind, mail in sent.validated_data.items():
            services.set_preference(user=request.user, kind=kind, mail=mail)
        return Response(services.preferences_of(request.user))


class Announcements(mixins.ListModelMixin, mixins.RetrieveModelMixin, CourseAPI):
    """What was announced in the courses one is in; what is planned, for those who teach them."""

    serializer_class = AnnouncementSerializer
    filterset_class = AnnouncementFilter
    permission_classes = [IsAuthenticated]
    rows = Announcement.objects.all

    @extend_schema(responses={201: AnnouncementSerializer})
    def create(self, request):
        """Say something to everyone in a course you teach, now or at a time."""
        sent = self.get_serializer(data=request.data)
        sent.is_valid(raise_exception=True)
        at = sent.validated_data.get("publish_at", timezone.now())
        return Response(self._sent(sent.save(author=request.user, publish_at=at)), status=status.HTTP_201_CREATED)

    @extend_schema(request=AnnouncementSerializer(partial=True), responses={200: AnnouncementSerializer})
    def partial_update(self, request, pk=None):
        """Change what is planned in a course you teach. What was sent stays as people got it (409)."""
        announcement = self._taught()
        if announcement.sent_at:
            raise Conflict(_("This was sent, and stays as people got it."))
        sent = self.get_serializer(announcement, data=request.data, partial=True)
        sent.is_valid(raise_exception=True)
        stays(sent, "course")
        return Response(self._sent(sent.save()))

    @extend_schema(responses={204: None})
    def destroy(self, request, pk=None):
        """Delete it, and what of it nobody has read yet."""
        services.delete_announcement(announcement=self._taught())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _sent(self, announcement: Announcement) -> dict[str, Any]:
        services.send_announcement(announcement=announcement)
        announcement.refresh_from_db()
        return self.get_serializer(announcement).data

    def _taught(self) -> Announcement:
        announcement = self.get_object()
        require_teacher(self.request.user, announcement.course)
        return announcement
