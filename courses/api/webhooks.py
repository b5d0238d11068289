"""Webhooks over REST: who is told of what happens in a course, and of the whole site for its administrators."""

from django.db import IntegrityError, transaction
from django.forms import model_to_dict
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from courses.api.base import CourseAPI, checked, formed
from courses.api.filters import DeliveryFilter, WebhookFilter
from courses.api.serializers import TaughtCourse
from courses.events import services
from courses.events.forms import EndpointForm, WishesForm
from courses.models import Course, WebhookDelivery, WebhookEndpoint

WISHES = WishesForm.Meta.fields
UNKEPT = {"Cache-Control": "no-store"}


class WebhookSerializer(serializers.ModelSerializer):
    class Meta:
        model = WebhookEndpoint
        fields = ["id", "course", "url", *WISHES, "is_enabled", "failing_since", "switched_off_because", "created_at"]
        read_only_fields = fields


class WithSecretSerializer(WebhookSerializer):
    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]
        read_only_fields = fields


class WebhookWishesSerializer(serializers.ModelSerializer):
    class Meta:
        model = WebhookEndpoint
        fields = WISHES


class NewWebhookSerializer(WebhookWishesSerializer):
    course = TaughtCourse(
        queryset=Course.objects.all(), required=False, allow_null=True, help_text="Empty: the whole site."
    )

    class Meta(WebhookWishesSerializer.Meta):
        fields = ["course", "url", *WISHES]
        validators = []  # they are the form's


class SwitchSerializer(serializers.Serializer):
    on = serializers.BooleanField()


class DeliverySerializer(serializers.ModelSerializer):
    kind = serializers.CharField(source="event.kind", default="test")
    state = serializers.CharField(read_only=True)

    class Meta:
        model = WebhookDelivery
        fields = [
            *("id", "uuid", "endpoint", "kind", "state", "attempts", "next_attempt_at", "status_code", "last_error"),
            *("delivered_at", "created_at"),
        ]
        read_only_fields = fields


class Webhooks(mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, CourseAPI):
    """Of the courses you teach. Their secret is in the answer that makes one, or gives it another, and nowhere else."""

    serializer_class = WebhookSerializer
    filterset_class = WebhookFilter
    permission_classes = [IsAuthenticated]
    rows = WebhookEndpoint.objects.all

    @extend_schema(request=NewWebhookSerializer, responses={201: WithSecretSerializer})
    def create(self, request):
        """Have an address told of what happens in a course you teach."""
        sent = checked(NewWebhookSerializer, request)
        course = sent.pop("course", None)
        if course is None and not request.user.is_superuser:
            raise PermissionDenied(_("Webhooks of the whole site are its administrators'."))
        endpoint = WebhookEndpoint(course=course, created_by=request.user)
        form = EndpointForm(model_to_dict(endpoint, WISHES) | sent, instance=endpoint)
        formed(form)
        try:
            with transaction.atomic():
                form.save()
        except IntegrityError:  # the same, at the same time
            raise serializers.ValidationError({"url": [_("This address is told already.")]}) from None
        return Response(WithSecretSerializer(endpoint).data, status=status.HTTP_201_CREATED, headers=UNKEPT)

    @extend_schema(request=WebhookWishesSerializer, responses={200: WebhookSerializer})
    def partial_update(self, request, pk=None):
        """What it is told of."""
        endpoint = self.get_object()
        sent = WebhookWishesSerializer(endpoint, data=request.data, partial=True)
        sent.is_valid(raise_exception=True)
        form = WishesForm(model_to_dict(endpoint, WISHES) | sent.validated_data, instance=endpoint)
        formed(form)
        return Response(self.get_serializer(form.save()).data)

    @extend_schema(request=None, responses={200: WithSecretSerializer})
    @action(methods=["post"], detail=True)
    def rotate(self, request, pk=None):
        """Give it another secret; the one before signs along for a day."""
        endpoint = services.rotate_secret(endpoint=self.get_object())
        return Response(WithSecretSerializer(endpoint).data, headers=UNKEPT)

    @extend_schema(request=None, responses={201: DeliverySerializer})
    @action(methods=["post"], detail=True)
    def test(self, request, pk=None):
        """Send it a test."""
        sent = services.send_test(endpoint=self.get_object())
        return Response(DeliverySerializer(sent).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=SwitchSerializer, responses={200: WebhookSerializer})
    @action(methods=["post"], detail=True)
    def switch(self, request, pk=None):
        """Off, it is told of nothing new; on again, what waited is sent."""
        services.switch(endpoint=self.get_object(), on=checked(SwitchSerializer, request)["on"])
        return Response(self.get_serializer(self.get_object()).data)


class WebhookDeliveries(mixins.ListModelMixin, mixins.RetrieveModelMixin, CourseAPI):
    """What was sent to the webhooks of the courses you teach, newest first."""

    serializer_class = DeliverySerializer
    filterset_class = DeliveryFilter
    permission_classes = [IsAuthenticated]
    rows = staticmethod(lambda: WebhookDelivery.objects.select_related("event"))

    @extend_schema(request=None, responses={200: DeliverySerializer})
    @action(methods=["post"], detail=True)
    def again(self, request, pk=None):
        """Send it again, under the same id."""
        services.send_again(delivery=self.get_object())
        return Response(self.get_serializer(self.get_object()).data)
