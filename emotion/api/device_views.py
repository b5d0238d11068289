"""For a browser that reads its own frames: the program's settings, the networks, and a way in for what it read."""

import uuid

from django.http import HttpResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.response import Response

from emotion.api.views import EmotionView
from emotion.device_readings import parse_reading, submit_reading
from emotion.models import Outcome
from emotion.places import LARGEST_SEQUENCE, LONGEST_PLACE_SECONDS
from emotion.reading_place import (
    DEVICE,
    RUNTIME,
    WASM,
    DeviceModel,
    allowed_modes,
    detector_sha256,
    download_bytes,
    network_file,
    promoted_device_model,
    reader_config_of,
)
from emotion.services import Refused

ReadingSerializer = inline_serializer(
    "DeviceReading",
    {
        "sequence": serializers.IntegerField(required=False, min_value=0, max_value=LARGEST_SEQUENCE),
        "outcome": serializers.ChoiceField(Outcome.choices),
        "reason": serializers.CharField(required=False),
        "probabilities": serializers.DictField(child=serializers.FloatField(), required=False),
        "block": serializers.IntegerField(required=False, min_value=0, max_value=2**63 - 1),
        "place_seconds": serializers.FloatField(required=False, min_value=0, max_value=LONGEST_PLACE_SECONDS),
        "latency_ms": serializers.FloatField(required=False),
        "model": serializers.CharField(required=False, help_text="The sha256 of the weights, as GET on-device/ says."),
    },
)


class DeviceView(EmotionView):
    """There is nothing here where the operator, or the model that serves, leaves no choice but the server."""

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        if DEVICE not in allowed_modes():
            raise Refused(_("Reading pictures on your own device is not offered here."), 404)


class Reader(DeviceView):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request):
        """What static/js/on_device.js takes to read faces as this server would."""
        model = promoted_device_model()
        if model is None:  # another was promoted at this moment
            raise Refused(_("Reading pictures on your own device is not offered here."), 404)
        answer = Response({**reader_config_of(model), "urls": _urls(model), "bytes": download_bytes(model)})
        answer["Cache-Control"] = "private, no-cache"
        return answer


class NetworkFile(DeviceView):
    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request, sha256: str):
        """A network's ONNX file. Its address holds its sum, so a browser may keep it for good."""
        content = network_file(sha256)
        if content is None:
            raise Refused(_("There is no such file."), 404)
        answer = HttpResponse(content, content_type="application/octet-stream")
        answer["Cache-Control"] = "private, max-age=31536000, immutable"
        return answer


class Readings(EmotionView):
    throttle_classes = ()  # taken at the pace of frames, which is counted where they come in

    @extend_schema(
        request=ReadingSerializer,
        responses={201: inline_serializer("Recorded", {"sequence": serializers.IntegerField()})},
    )
    def post(self, request, session_id: uuid.UUID):
        """Send what a session's own device read of a frame. Its answer comes on the session's socket, as a frame's."""
        try:
            reading = parse_reading(request.data)
        except ValueError as error:
            raise Refused(str(error), 400) from None
        sequence = submit_reading(user=request.user, session_id=session_id, reading=reading)
        return Response({"sequence": sequence}, status=status.HTTP_201_CREATED)


def _urls(model: DeviceModel) -> dict[str, str]:
    return {
        "runtime": static(RUNTIME),
        "wasm": static(WASM),
        "detector": reverse("emotion-api:on-device-file", args=[detector_sha256()]),
        "model": reverse("emotion-api:on-device-file", args=[model.sha256]),
    }
