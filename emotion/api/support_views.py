"""Support over REST. It works with the emotion features off: none of it needs a camera."""

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView

from courses.models import Lesson
from courses.release.locks import require_open
from emotion import behaviour, offers, support, support_questions
from emotion.core.labels import BEHAVIOURS
from emotion.models import SELF_REPORTED, SUPPORTED, SupportEvent, SupportPreference
from emotion.permissions import takes_as_student
from emotion.places import LONGEST_PLACE_SECONDS, Place

MOST_EVENTS = 50


class PlaceSerializer(serializers.Serializer):
    block = serializers.IntegerField(min_value=0, max_value=2**63 - 1, default=0)
    place_seconds = serializers.FloatField(min_value=0, max_value=LONGEST_PLACE_SECONDS, default=0)


class SelfReportSerializer(PlaceSerializer):
    state = serializers.ChoiceField(SELF_REPORTED)


class BehaviourSerializer(PlaceSerializer):
    kind = serializers.ChoiceField(BEHAVIOURS)


class BehaviourBatchSerializer(serializers.Serializer):
    events = BehaviourSerializer(many=True, allow_empty=False, max_length=MOST_EVENTS)


class ResponseSerializer(serializers.Serializer):
    response = serializers.ChoiceField(SupportEvent.RESPONSES)


class QuestionSerializer(serializers.Serializer):
    words = serializers.CharField(max_length=2000)


class PreferenceSerializer(serializers.ModelSerializer):
    muted_states = serializers.ListField(child=serializers.ChoiceField(SUPPORTED), max_length=len(SUPPORTED))
    muted_rules = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=100)

    class Meta:
        model = SupportPreference
        fields = ["off", "snoozed_until", "muted_states", "muted_rules"]


def _lesson_of(request, lesson_id: int) -> Lesson:
    lessons = Lesson.objects.visible_to(request.user).select_related("module__course")
    lesson = get_object_or_404(lessons, pk=lesson_id)
    if not takes_as_student(request.user, lesson.course):
        raise PermissionDenied(_("This is for people enrolled in this course."))
    require_open(user=request.user, lesson=lesson)
    return lesson


def _checked(serializer: serializers.Serializer) -> dict:
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def _places(lesson: Lesson, rows: list[dict]) -> list[Place]:
    named = {row["block"] for row in rows} - {0}
    if named and named != set(lesson.blocks.filter(pk__in=named).values_list("pk", flat=True)):
        raise ValidationError({"detail": _("That block is not part of this lesson.")})
    return [Place(row["block"], row["place_seconds"]) for row in rows]


class SelfReports(APIView):
    @extend_schema(request=SelfReportSerializer, responses={201: OpenApiTypes.OBJECT})
    def post(self, request, lesson_id: int):
        """Say how a lesson goes. Answers with the offer that follows, if any."""
        lesson = _lesson_of(request, lesson_id)
        data = _checked(SelfReportSerializer(data=request.data))
        [place] = _places(lesson, [data])
        try:
            report, event = support.report_self(user=request.user, lesson=lesson, state=data["state"], place=place)
        except support.TooOften as error:
            return Response({"detail": str(error)}, status=status.HTTP_429_TOO_MANY_REQUESTS)
        answer = {"id": report.pk, "support": offers.support_message(event) if event else None}
        return Response(answer, status=status.HTTP_201_CREATED)


class BehaviourEvents(APIView):
    @extend_schema(request=BehaviourBatchSerializer, responses={201: OpenApiTypes.OBJECT})
    def post(self, request, lesson_id: int):
        """Report up to fifty things done in a lesson's page, all or none."""
        lesson = _lesson_of(request, lesson_id)
        rows = _checked(BehaviourBatchSerializer(data=request.data))["events"]
        kinds = [row["kind"] for row in rows]
        events = zip(kinds, _places(lesson, rows), strict=True)
        kept = behaviour.record_behaviour(user=request.user, lesson=lesson, events=events)
        return Response({"recorded": kept}, status=status.HTTP_201_CREATED)


def _event_of(request, event_id: int) -> SupportEvent:
    # An occasion held out was never shown, so it isn't there.
    return get_object_or_404(SupportEvent.objects.visible_to(request.user).filter(held_out=False), pk=event_id)


class SupportResponse(APIView):
    @extend_schema(request=ResponseSerializer, responses={204: None})
    def post(self, request, event_id: int):
        """Answer an offer. The first answer counts."""
        event = _event_of(request, event_id)
        support.respond(event=event, response=_checked(ResponseSerializer(data=request.data))["response"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class SupportQuestion(APIView):
    @extend_schema(request=QuestionSerializer, responses={204: None})
    def post(self, request, event_id: int):
        """Send one's own words to those who teach, once for each offer to do so that one has accepted."""
        event = _event_of(request, event_id)
        if not takes_as_student(request.user, event.lesson.course):
            raise PermissionDenied(_("This is for people enrolled in this course."))
        words = _checked(QuestionSerializer(data=request.data))["words"]
        try:
            support_questions.send_question(event=event, words=words)
        except support_questions.NotSent as error:
            raise ValidationError({"detail": str(error)}) from None
        return Response(status=status.HTTP_204_NO_CONTENT)


class SupportReason(APIView):
    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request, event_id: int):
        """Why an offer was made, in words."""
        event = _event_of(request, event_id)
        return Response({"reason": support.describe_reason(event)})


class SupportPreferences(APIView):
    @extend_schema(request=PreferenceSerializer(partial=True), responses=PreferenceSerializer)
    def patch(self, request):
        """Turn support off or on, snooze it, mute a state or a rule."""
        wanted = _checked(PreferenceSerializer(data=request.data, partial=True))
        return Response(PreferenceSerializer(support.set_preference(user=request.user, wanted=wanted)).data)
