"""The private address of one's calendar, over REST."""

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response
from rest_framework.views import APIView

from courses.calendar import services
from courses.calendar.models import CalendarFeed


class CalendarSerializer(serializers.Serializer):
    url = serializers.CharField(allow_null=True, help_text="Who knows it may read your calendar. Null: there is none.")


class CalendarAddress(APIView):
    """The private address of your calendar, for other programs."""

    @extend_schema(responses=CalendarSerializer)
    def get(self, request):
        return self._told(CalendarFeed.objects.filter(user=request.user).first())

    @extend_schema(request=None, responses=CalendarSerializer)
    def post(self, request):
        """Give it an address, or another one; the one before stops working."""
        return self._told(services.renew_feed(user=request.user))

    @extend_schema(responses={204: None})
    def delete(self, request):
        """Switch the address off."""
        services.switch_off_feed(user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _told(self, feed: CalendarFeed | None) -> Response:
        path: Any = feed and reverse("calendar:feed", args=[services.token_of(feed)])
        url = self.request.build_absolute_uri(path) if path else None
        return Response(CalendarSerializer({"url": url}).data, headers={"Cache-Control": "no-store"})
