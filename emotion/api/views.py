import uuid

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.exceptions import APIException
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.response import Response
from rest_framework.views import APIView

from courses.api.base import PagedView
from courses.models import Lesson
from emotion import selectors, services
from emotion.core.labels import EXPRESSIONS
from emotion.inference.jpeg import MAX_BYTES
from emotion.intake import submit_frame
from emotion.models import EmotionReading, LessonSession, Outcome
from emotion.places import LARGEST_SEQUENCE, LONGEST_PLACE_SECONDS, read_place, read_sequence
from emotion.policy import features_are_on
from emotion.services import Refused

# Multipart wraps the picture into boundaries and a few short fields.
LARGEST_BODY = MAX_BYTES + 16 * 1024
SEQUENCE = {"type": "integer", "minimum": 0, "maximum": LARGEST_SEQUENCE}
BLOCK = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
SECONDS = {"type": "number", "minimum": 0, "maximum": LONGEST_PLACE_SECONDS}


class RefusedAPI(APIException):
    def __init__(self, refusal: Refused) -> None:
        super().__init__(_(str(refusal)))
        self.status_code = refusal.status


class EmotionView(APIView):
    """The base of every endpoint about emotions: with the features off there is nothing here."""

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        if not features_are_on():
            raise RefusedAPI(Refused(_("The emotion features are turned off here."), 404))

    def handle_exception(self, exc):
        return super().handle_exception(RefusedAPI(exc) if isinstance(exc, Refused) else exc)


class StartSerializer(serializers.Serializer):
    lesson = serializers.IntegerField(min_value=1)
    mode = serializers.ChoiceField(LessonSession.Mode.choices, default=LessonSession.Mode.SERVER)


class SessionSerializer(serializers.ModelSerializer):
    class Meta:
        model = LessonSession
        fields = ["id", "lesson", "mode", "started_at", "ended_at"]


class LessonSessionList(PagedView, EmotionView):
    @extend_schema(request=StartSerializer, responses={201: SessionSerializer})
    def post(self, request):
        """Start a session with the camera on."""
        data = StartSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        lesson = get_object_or_404(Lesson.objects.visible_to(request.user), pk=data.validated_data["lesson"])
        session = services.start_session(user=request.user, lesson=lesson, mode=data.validated_data["mode"])
        return Response(SessionSerializer(session).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=SessionSerializer(many=True))
    def get(self, request):
        """One's own sessions, the newest first."""
        return self.answer_page(
            LessonSession.objects.visible_to(request.user).order_by("-started_at", "pk"), SessionSerializer
        )


class JPEGParser(BaseParser):
    media_type = "image/jpeg"

    def parse(self, stream, media_type=None, parser_context=None):
        return stream.read(LARGEST_BODY + 1)


class Frames(EmotionView):
    """One frame, as a raw JPEG or as the multipart field `frame`."""

    throttle_classes = ()  # the intake counts a student's frames, and tells those that it drops
    parser_classes = [JPEGParser, MultiPartParser]

    def initialize_request(self, request, *args, **kwargs):
        # In memory whatever its size: Django's default would put a large upload on the disk.
        request.upload_handlers = [MemoryFileUploadHandler(request)]
        return super().initialize_request(request, *args, **kwargs)

    @extend_schema(
        request={
            "image/jpeg": OpenApiTypes.BINARY,
            "multipart/form-data": {
                "type": "object",
                "properties": {
                    "frame": {"type": "string", "format": "binary"},
                    "sequence": SEQUENCE,
                },
                "required": ["frame"],
            },
        },
        parameters=[
            OpenApiParameter("sequence", SEQUENCE, description="Counts up; without it, milliseconds since the start."),
            OpenApiParameter("block", BLOCK, description="The block in view."),
            OpenApiParameter("place_seconds", SECONDS, description="Seconds into the block."),
        ],
        responses={202: inline_serializer("Accepted", {"sequence": serializers.IntegerField()})},
    )
    def post(self, request, session_id: uuid.UUID):
        """Send a frame. 202 promises an answer, or a "dropped", on the session's socket within three seconds. Without a
        socket, its Location has the answer; one that is not there after those three seconds never comes."""
        if int(request.headers.get("Content-Length") or 0) > LARGEST_BODY:
            raise Refused(f"A frame is at most {MAX_BYTES // 1024} KB.", 413)
        jpeg, fields = self._parse(request)
        try:
            sequence = read_sequence(fields.get("sequence"))
            place = read_place(fields.get("block"), fields.get("place_seconds"))
        except ValueError as error:
            raise Refused(str(error), 400) from None
        receipt = submit_frame(user=request.user, session_id=session_id, sequence=sequence, jpeg=jpeg, place=place)
        if receipt.replaced is not None:  # it was promised an answer too
            services.report_dropped([(str(session_id), receipt.replaced)], "A newer frame took its place.")
        answer = reverse("emotion-api:frame", args=[session_id, receipt.sequence])
        return Response({"sequence": receipt.sequence}, status=status.HTTP_202_ACCEPTED, headers={"Location": answer})

    @staticmethod
    def _parse(request) -> tuple[bytes, dict]:
        if isinstance(request.data, bytes):
            return request.data, request.query_params
        frame = request.data.get("frame")
        if not isinstance(frame, UploadedFile):
            raise Refused(_("Send a JPEG as the body, or as the multipart field 'frame'."), 400)
        return frame.read(), {**request.query_params.dict(), **request.data.dict()}


class FrameSerializer(serializers.ModelSerializer):
    probabilities = serializers.SerializerMethodField()

    class Meta:
        model = EmotionReading
        fields = ["sequence", "outcome", "probabilities", "block_number", "place_seconds", "taken_at", "latency_ms"]

    def get_probabilities(self, reading: EmotionReading) -> dict[str, float | None] | None:
        return {name: getattr(reading, name) for name in EXPRESSIONS} if reading.outcome == Outcome.FACE else None


class FrameReading(EmotionView):
    @extend_schema(responses=FrameSerializer)
    def get(self, request, session_id: uuid.UUID, sequence: int):
        """What a frame of one's own was read as. 404 while it waits; still 404 three seconds after it was accepted, it
        was dropped. Readings are kept for a day."""
        readings = EmotionReading.objects.visible_to(request.user).filter(session=session_id)
        reading = readings.filter(sequence=sequence).first() if sequence <= LARGEST_SEQUENCE else None
        if reading is None:
            raise Refused(_("There is no reading of such a frame: it waits, or it was dropped, or never sent."), 404)
        return Response(FrameSerializer(reading).data)


class EndSession(EmotionView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request, session_id: uuid.UUID):
        """Stop. Ending twice is ending once."""
        services.end_session(session=get_object_or_404(LessonSession.objects.visible_to(request.user), pk=session_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class LessonHistory(EmotionView):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request, lesson_id: int):
        """One's own timeline of a lesson: mean probabilities by place."""
        lesson = get_object_or_404(selectors.lessons_with_own_history(request.user), pk=lesson_id)
        return Response(selectors.own_timeline(user=request.user, lesson=lesson))
